//! The text a script was read from: errors name the line.

use crate::DrillError;

/// Where entries of a script stand in its text.
#[derive(Clone, Debug)]
pub(crate) struct Source<'a> {
    pub file: &'a str,
    pub text: &'a str,
}

impl Source<'_> {
    /// An error about `field` of the `index`-th `[[table]]` (or of the top level when `table` is empty).
    pub fn wrong(&self, table: &str, index: usize, field: &str, message: impl Into<String>) -> DrillError {
        let name = match (table, field) {
            ("", field) => field.to_owned(),
            (table, "") => format!("{table}[{}]", index + 1),
            (table, field) => format!("{table}[{}].{field}", index + 1),
        };
        DrillError {
            file: self.file.to_owned(),
            line: self.line(table, index, field),
            field: name,
            message: message.into(),
        }
    }

    fn line(&self, table: &str, index: usize, field: &str) -> usize {
        let header = format!("[[{table}]]");
        let mut seen = 0;
        let mut found = None;
        for (number, line) in self.text.lines().enumerate() {
            let line = line.trim_start();
            if line.starts_with('[') && !line.starts_with("[[storm") {
                if found.is_some() && !line.starts_with(&format!("[{table}.")) {
                    break;
                }
                if line.starts_with(&header) {
                    if seen == index {
                        found = Some(number + 1);
                    }
                    seen += 1;
                }
            }
            let inside = table.is_empty() || found.is_some();
            let key = field.split('.').next().unwrap_or(field);
            let is_key = line.strip_prefix(key).is_some_and(|rest| {
                let rest = rest.trim_start();
                rest.starts_with('=') || rest.starts_with('.')
            });
            let is_table = !key.is_empty() && line.starts_with(&format!("[{key}"));
            if inside && !key.is_empty() && (is_key || is_table) {
                return number + 1;
            }
        }
        found.unwrap_or(1)
    }
}

/// Reads a word of an enum by its serde name.
pub(crate) fn word<T: serde::de::DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_value(serde_json::Value::String(text.to_owned())).ok()
}
