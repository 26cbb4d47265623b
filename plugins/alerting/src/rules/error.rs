//! What is wrong with a rule file, and where.

use std::ops::Range;

use guanlan_core::file_words::line_at;

/// A rule file was refused. Nothing of it is used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {field}: {} / {message}", self.chinese())]
pub struct RuleError {
    /// The file as the caller named it.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// The rule and field, for example `road-water.yellow`.
    pub field: String,
    /// What was found and what was expected, in English; see [`Self::chinese`].
    pub message: String,
}

impl RuleError {
    /// The message in Chinese.
    #[must_use]
    pub fn chinese(&self) -> String {
        super::chinese::of(&self.message).unwrap_or_else(|| "写法不符合 TOML 或规则文件的格式".to_owned())
    }
}

/// Line of a field of the rule that lies at `span`; the rule's own line when it has no such line.
pub(super) fn field_line(text: &str, span: &Range<usize>, field: &str) -> usize {
    let first = line_at(text, span.start);
    if let Some((number, key)) = field.strip_prefix("when[").and_then(|f| f.split_once(']')) {
        return condition_line(text, first, number.parse().unwrap_or(1), key.trim_start_matches('.'));
    }
    let key = field.rsplit('.').next().unwrap_or(field);
    let tables: Vec<&str> = field.split('.').collect();
    let mut in_table = tables.len() < 2;
    for (i, line) in text.lines().enumerate().skip(first - 1) {
        let line = line.trim_start();
        if i + 1 > first && line.starts_with("[[rule]]") {
            break;
        }
        if line.starts_with('[') && tables.len() > 1 {
            in_table = line.contains(tables[0]);
        }
        let is_key = line.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with('='));
        if in_table && is_key {
            return i + 1;
        }
    }
    // A table in one line: `levels = { red = "…" }`; a table of its own: `[[rule.when]]`.
    if tables.len() > 1 {
        let begins = |line: &str| {
            let inline = line.strip_prefix(tables[0]).is_some_and(|rest| rest.trim_start().starts_with('='));
            inline || (line.starts_with("[") && line.contains(&format!(".{}]", tables[0])))
        };
        let own = text.lines().enumerate().skip(first);
        let mut own = own.take_while(|(_, line)| !line.trim_start().starts_with("[[rule]]"));
        if let Some((i, _)) = own.find(|(_, line)| begins(line.trim_start())) {
            return i + 1;
        }
    }
    first
}

/// Line of a field of a rule's condition, the first being 1; the condition's own line when it has no such line.
fn condition_line(text: &str, first: usize, number: usize, key: &str) -> usize {
    let own = text.lines().enumerate().skip(first);
    let lines: Vec<(usize, &str)> = own.take_while(|(_, line)| !line.trim_start().starts_with("[[rule]]")).collect();
    let mut heads = lines.iter().enumerate().filter(|(_, (_, line))| line.trim_start().starts_with("[[rule.when]]"));
    let Some((at, (line, _))) = heads.nth(number.saturating_sub(1)) else { return first };
    let mut inside = lines[at + 1..].iter().take_while(|(_, line)| !line.trim_start().starts_with("[["));
    let is_key =
        |line: &str| line.trim_start().strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with('='));
    inside.find(|(_, line)| !key.is_empty() && is_key(line)).map_or(line + 1, |(i, _)| i + 1)
}

/// Line of a field of a rule's own test, counted from 0; the test's own line when it has no such line.
pub(super) fn test_line(text: &str, span: &Range<usize>, test: usize, field: &str) -> usize {
    let first = line_at(text, span.start);
    let own = text.lines().enumerate().skip(first);
    let lines: Vec<(usize, &str)> = own.take_while(|(_, line)| !line.trim_start().starts_with("[[rule]]")).collect();
    let mut heads = lines.iter().enumerate().filter(|(_, (_, line))| line.trim_start().starts_with("[[rule.test]]"));
    let Some((at, (line, _))) = heads.nth(test) else { return first };
    let key = field.rsplit('.').next().unwrap_or(field);
    let inside = lines[at + 1..].iter().take_while(|(_, line)| !line.trim_start().starts_with("[[rule.test]]"));
    let is_key =
        |line: &str| line.trim_start().strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with('='));
    inside.clone().find(|(_, line)| is_key(line)).map_or(line + 1, |(i, _)| i + 1)
}
