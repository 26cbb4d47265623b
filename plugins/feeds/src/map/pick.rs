//! Where in a row a field is.

use serde_json::Value;
use serde_json_path::JsonPath;

use super::rows::Row;

/// A place in a row, a topic, or a constant.
#[derive(Clone, Debug)]
pub enum Pick {
    /// JSONPath (RFC 9535) relative to the row.
    Path(JsonPath),
    /// CSV column or top-level JSON field.
    Field(String),
    /// Level of the topic, from 0.
    Topic(usize),
    /// Always this.
    Constant(String),
}

impl Pick {
    /// Reads `$.a.b`, `column`, `topic:3` or `=constant`.
    ///
    /// # Errors
    /// What is wrong with a path.
    pub fn read(text: &str) -> Result<Self, String> {
        if text.starts_with('$') {
            let path = JsonPath::parse(text).map_err(|e| format!("'{text}' is no JSONPath: {e}"))?;
            return Ok(Self::Path(path));
        }
        if let Some(constant) = text.strip_prefix('=') {
            return Ok(Self::Constant(constant.to_owned()));
        }
        if let Some(level) = text.strip_prefix("topic:") {
            let wrong = || format!("'{text}': expected topic:N, the first level being 1");
            let level: usize = level.parse().map_err(|_| wrong())?;
            return level.checked_sub(1).map(Self::Topic).ok_or_else(wrong);
        }
        if text.is_empty() {
            return Err("expected a JSONPath, a column, topic:N or =constant".into());
        }
        Ok(Self::Field(text.to_owned()))
    }

    /// The value; `None` when it is not there.
    pub fn get(&self, row: &Row<'_>, topic: &str) -> Option<Value> {
        match self {
            Self::Constant(text) => Some(Value::String(text.clone())),
            Self::Topic(level) => topic.split('/').nth(*level).map(|s| Value::String(s.to_owned())),
            Self::Field(name) => match row {
                Row::Json(value) => value.get(name).cloned(),
                Row::Csv { columns, record } => {
                    let at = columns.iter().position(|c| c == name)?;
                    record.get(at).map(|s| Value::String(s.clone()))
                }
            },
            Self::Path(path) => match row {
                Row::Json(value) => path.query(value).first().cloned(),
                Row::Csv { .. } => None,
            },
        }
    }
}
