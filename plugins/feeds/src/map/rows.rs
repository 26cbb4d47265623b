//! A payload as rows: JSON documents and CSV tables.

use serde_json::Value;

use super::Pick;
use crate::{
    file::kinds::Format,
    parse::{Refused, refuse},
};

/// A payload that has been read.
#[derive(Clone, Debug, PartialEq)]
pub enum Document {
    /// JSON.
    Json(Value),
    /// A table.
    Csv {
        /// First line.
        columns: Vec<String>,
        /// The others.
        records: Vec<Vec<String>>,
    },
}

/// One row.
#[derive(Clone, Copy, Debug)]
pub enum Row<'a> {
    /// A JSON value.
    Json(&'a Value),
    /// A line of a table.
    Csv {
        /// Names.
        columns: &'a [String],
        /// Cells.
        record: &'a [String],
    },
}

impl Row<'_> {
    /// As text, for the quarantine.
    #[must_use]
    pub fn show(&self) -> String {
        match self {
            Self::Json(value) => value.to_string(),
            Self::Csv { record, .. } => record.join(","),
        }
    }
}

impl Document {
    /// The rows a mapping looks at.
    pub fn rows<'a>(&'a self, path: Option<&'a Pick>) -> Vec<Row<'a>> {
        match self {
            Self::Json(value) => match (path, value) {
                (Some(Pick::Path(path)), value) => match path.query(value).all().as_slice() {
                    // One list where rows were asked for: its elements are meant.
                    [Value::Array(list)] => list.iter().map(Row::Json).collect(),
                    all => all.iter().map(|v| Row::Json(v)).collect(),
                },
                (_, Value::Array(list)) => list.iter().map(Row::Json).collect(),
                (_, one) => vec![Row::Json(one)],
            },
            Self::Csv { columns, records } => records.iter().map(|record| Row::Csv { columns, record }).collect(),
        }
    }
}

/// Reads a payload: one JSON document, or a whole CSV table.
///
/// # Errors
/// When nothing of it can be read.
pub fn documents(format: Format, bytes: &[u8]) -> Result<Document, Refused> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let first = bytes.iter().find(|b| !b.is_ascii_whitespace());
    let json = match format {
        Format::Json => true,
        Format::Csv => false,
        Format::Auto => matches!(first, Some(b'{' | b'[')),
    };
    if json {
        let value = serde_json::from_slice(bytes).map_err(|e| refuse("payload", format!("not JSON: {e}")))?;
        return Ok(Document::Json(value));
    }
    let text = text_of(bytes);
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
    let columns: Vec<String> = match reader.headers() {
        Ok(names) => names.iter().map(str::to_owned).collect(),
        Err(e) => return Err(refuse("payload", format!("not CSV: {e}"))),
    };
    let mut records = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|e| refuse("payload", format!("not CSV: {e}")))?;
        records.push(record.iter().map(str::to_owned).collect());
    }
    Ok(Document::Csv { columns, records })
}

/// UTF-8, or GBK as Chinese spreadsheets write it.
fn text_of(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => encoding_rs::GB18030.decode(bytes).0.into_owned(),
    }
}

/// One line of a table with known columns.
#[must_use]
pub fn csv_line(columns: &[String], line: &str) -> Option<Document> {
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).trim(csv::Trim::All).from_reader(line.as_bytes());
    let record = reader.records().next()?.ok()?;
    let record = record.iter().map(str::to_owned).collect();
    Some(Document::Csv { columns: columns.to_vec(), records: vec![record] })
}
