//! Places in a feeds file: from spans of the parser to lines and fields.

use std::ops::Range;

use guanlan_core::file_words::line_at;
use toml::{Spanned, de::DeValue};

use super::{FileError, words};

/// Turns spans into lines.
pub(super) struct Place<'a> {
    pub file: &'a str,
    pub text: &'a str,
}

impl Place<'_> {
    pub fn at(&self, span: &Range<usize>, field: &str, reason: String) -> FileError {
        let line = line_at(self.text, span.start);
        FileError { file: self.file.to_owned(), line, field: field.to_owned(), reason }
    }

    pub fn toml(&self, who: &str, error: &toml::de::Error) -> FileError {
        let span = error.span().unwrap_or(0..0);
        // The word at the place is the field: a key, or a value behind its key.
        let line_start = self.text.get(..span.start).and_then(|t| t.rfind('\n')).map_or(0, |i| i + 1);
        let line = self.text.get(line_start..).unwrap_or_default().lines().next().unwrap_or_default();
        let key = line.split('=').next().unwrap_or_default().trim();
        let plain =
            line.contains('=') && !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || "_-.\"".contains(c));
        let named = |what: &str| error.message().strip_prefix(what).and_then(|m| m.split('`').next());
        let field = match named("missing field `").or_else(|| named("unknown field `")) {
            Some(named) => format!("{who}.{named}"),
            None if plain => format!("{who}.{key}"),
            None => who.to_owned(),
        };
        self.at(&span, &field, words::message(line, error.message()))
    }
}

/// Where the fields of a feed are in the text.
pub(super) struct Spots(Vec<(String, Range<usize>)>);

impl Spots {
    pub fn of(value: &Spanned<DeValue<'_>>) -> Self {
        let mut spots = Vec::new();
        walk("", value, &mut spots);
        Self(spots)
    }

    pub fn find(&self, field: &str) -> Option<Range<usize>> {
        // A field that is absent points at what holds it.
        let mut field = field;
        loop {
            let also = field.replacen("map[0]", "map", 1);
            if let Some((_, span)) = self.0.iter().find(|(f, _)| *f == field || *f == also) {
                return Some(span.clone());
            }
            field = &field[..field.rfind('.')?];
        }
    }
}

fn walk(path: &str, value: &Spanned<DeValue<'_>>, spots: &mut Vec<(String, Range<usize>)>) {
    if !path.is_empty() {
        spots.push((path.to_owned(), value.span()));
    }
    match value.as_ref() {
        DeValue::Table(table) => {
            for (key, inner) in table {
                let key = key.as_ref();
                walk(&if path.is_empty() { key.to_string() } else { format!("{path}.{key}") }, inner, spots);
            }
        }
        DeValue::Array(list) => {
            for (i, inner) in list.iter().enumerate() {
                walk(&format!("{path}[{i}]"), inner, spots);
            }
        }
        _ => {}
    }
}
