//! The text of a SWMM input file: sections, rows and tokens with their line numbers.

use std::borrow::Cow;

/// A row of a section.
#[derive(Clone, Debug, PartialEq)]
pub struct Row<'a> {
    /// Line in the file, first is 1.
    pub line: usize,
    /// Tokens; quotes removed.
    pub words: Vec<&'a str>,
}

/// A section: its keyword in capitals without brackets, and its rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Section<'a> {
    /// `JUNCTIONS`, `CONDUITS` …
    pub name: String,
    /// Line of the keyword.
    pub line: usize,
    /// Rows that are not empty and not comments.
    pub rows: Vec<Row<'a>>,
}

/// Splits a file. Rows before the first section are lost: SWMM ignores them as well.
#[must_use]
pub fn sections<'a>(text: &'a Cow<'a, str>) -> Vec<Section<'a>> {
    let mut all: Vec<Section<'a>> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let trimmed = line.trim();
        if let Some(rest) = trimmed.strip_prefix('[') {
            let name = rest.split(']').next().unwrap_or(rest).trim().to_ascii_uppercase();
            all.push(Section { name, line: index + 1, rows: Vec::new() });
            continue;
        }
        let words = words(line);
        if words.is_empty() {
            continue;
        }
        if let Some(section) = all.last_mut() {
            section.rows.push(Row { line: index + 1, words });
        }
    }
    all
}

/// Tokens of a line: separated by white space, quoted tokens may hold white space, `;` starts a
/// comment.
fn words(line: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = line;
    loop {
        rest = rest.trim_start();
        if rest.is_empty() || rest.starts_with(';') {
            return words;
        }
        if let Some(quoted) = rest.strip_prefix('"') {
            let (word, after) = quoted.split_once('"').unwrap_or((quoted, ""));
            words.push(word);
            rest = after;
        } else {
            let end = rest.find(|c: char| c.is_whitespace() || c == ';' || c == '"').unwrap_or(rest.len());
            words.push(&rest[..end]);
            rest = &rest[end..];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_comments_and_sections() {
        let text = Cow::Borrowed(
            "lost\n[Title]\na b ; c\n;;comment\n\n [JUNCTIONS]\n\"two words\" 1.5;x\n\"\" \"open end\n[BROKEN\n1\n",
        );
        let got = sections(&text);
        assert_eq!(got.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(), ["TITLE", "JUNCTIONS", "BROKEN"]);
        assert_eq!(got[0].rows, [Row { line: 3, words: vec!["a", "b"] }]);
        assert_eq!(got[1].rows[0], Row { line: 7, words: vec!["two words", "1.5"] });
        assert_eq!(got[1].rows[1].words, ["", "open end"]);
    }
}
