//! Small comma-separated tables: `#` comments, one header line, no quotes.

use crate::CaseworkError;

/// One data line of a table.
#[derive(Debug)]
pub struct Row<'a> {
    file: &'a str,
    /// Line number in the file, from 1.
    pub line: usize,
    columns: &'a [&'a str],
    cells: Vec<&'a str>,
}

impl<'a> Row<'a> {
    /// The cell under `column`; empty for a column the table does not have.
    #[must_use]
    pub fn get(&self, column: &str) -> &'a str {
        self.columns.iter().position(|c| *c == column).and_then(|i| self.cells.get(i).copied()).unwrap_or("")
    }

    /// An error that names this line and `field`.
    #[must_use]
    pub fn wrong(&self, field: &str, message: impl Into<String>) -> CaseworkError {
        CaseworkError::Table {
            file: self.file.to_owned(),
            line: self.line,
            field: field.to_owned(),
            message: message.into(),
        }
    }
}

/// Reads `text` as a table with exactly `columns`.
///
/// # Errors
/// When the header or the number of cells of a line does not fit.
pub fn rows<'a>(file: &'a str, columns: &'a [&'a str], text: &'a str) -> Result<Vec<Row<'a>>, CaseworkError> {
    let mut out = Vec::new();
    let mut header_seen = false;
    for (index, raw) in text.lines().enumerate() {
        let line = index + 1;
        let content = raw.trim_start_matches('\u{feff}').trim_end();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let cells: Vec<&str> = content.split(',').map(str::trim).collect();
        let row = Row { file, line, columns, cells };
        if !header_seen {
            if row.cells != columns {
                return Err(row.wrong("header", format!("expected '{}', found '{content}'", columns.join(","))));
            }
            header_seen = true;
            continue;
        }
        if content.contains('"') {
            return Err(row.wrong("line", "quotes are not used in this table; replace commas in text by 、"));
        }
        if row.cells.len() != columns.len() {
            return Err(row.wrong("line", format!("expected {} cells, found {}", columns.len(), row.cells.len())));
        }
        out.push(row);
    }
    if !header_seen {
        return Err(CaseworkError::Table {
            file: file.to_owned(),
            line: 1,
            field: "header".into(),
            message: format!("expected '{}', found an empty file", columns.join(",")),
        });
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_line() {
        let columns = ["a", "b"];
        assert_eq!(rows("t.csv", &columns, "# c\na,b\n1,2\n").unwrap()[0].get("b"), "2");
        let error = rows("t.csv", &columns, "a,b\n1,2\n1,2,3\n").unwrap_err().to_string();
        assert_eq!(error, "t.csv:3: line: 应有 2 格，实有 3 格 / expected 2 cells, found 3");
        assert!(rows("t.csv", &columns, "a,c\n").unwrap_err().to_string().starts_with("t.csv:1: header"));
        assert!(rows("t.csv", &columns, "").is_err());
    }
}
