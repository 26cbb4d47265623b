//! What is wrong with a TOML file that a person wrote, in words they can act on, Chinese first.
//!
//! A check says what it has to say once, in English; [`both`] puts the Chinese in front of it by a table of patterns
//! (see [`crate::phrases`]). What every such file has in common stands here: what the reader refuses, and the disk.

use crate::phrases::{nearest, outside_quotes, translate};
use crate::text::Lang;

/// English patterns and their Chinese.
pub type Phrases = [(&'static str, &'static str)];

/// What is said of any file.
pub const PHRASES: &Phrases = &[
    ("line *: *", "第 {1} 行：{2}"),
    ("missing field '*'", "缺少字段“{1}”"),
    ("unknown field '*'* — expected one of *", "没有名为“{1}”的字段{2}；可用字段：{3}"),
    ("unknown variant '*'* — expected one of *", "没有“{1}”这个取值{2}；可选：{3}"),
    ("unknown field '*'; expected no fields at all", "没有名为“{1}”的字段；这里不应有字段"),
    ("; did you mean '*'?", "，是否应为“{1}”？"),
    (
        "found *; expected a number without quotes or unit, for example 0.5",
        "写的是 {1}；应为数字，不加引号和单位，例如 0.5",
    ),
    ("found *; expected a whole number from 0 up, without quotes or unit", "写的是 {1}；应为非负整数，不加引号和单位"),
    ("found *; expected a whole number without quotes or unit", "写的是 {1}；应为整数，不加引号和单位"),
    ("found *; expected text in quotes", "写的是 {1}；应为带引号的文字"),
    ("found *; expected true or false, without quotes", "写的是 {1}；应为 true 或 false，不加引号"),
    (
        "found *; expected words in both languages: { zh = \"…\", en = \"…\" }",
        "写的是 {1}；应为中英文两种说法：{ zh = \"…\", en = \"…\" }",
    ),
    ("found *; expected double brackets: [[…]]", "写的是 {1}；可重复的表要用双方括号：[[…]]"),
    ("found *; expected a list in brackets: […]", "写的是 {1}；应为方括号列表：[…]"),
    ("found *; expected a table: { … }", "写的是 {1}；应为表：{ … }"),
    ("found *; expected *", "写的是 {1}；应为 {2}"),
    ("string *", "文字 {1}"),
    ("integer `*`", "整数 {1}"),
    ("floating point `*`", "小数 {1}"),
    ("boolean `*`", "布尔值 {1}"),
    ("sequence", "列表"),
    ("map", "表"),
    ("full-width '*'; expected the half-width signs = \" , [ ] { }", "用了全角符号“{1}”；应为半角符号 = \" , [ ] { }"),
    (
        "'*' is no field; field names are English, see guanlan schema",
        "没有“{1}”这个字段；字段名用英文，见 guanlan schema",
    ),
    ("the field is written twice", "同一字段写了两次"),
    ("this file is TOML: name = value, not name: value", "这个文件用 TOML：写 名称 = 值，不是 名称: 值"),
    ("none of the forms that are expected here fits", "与此处允许的各种写法都不符"),
    ("not TOML: *", "不是有效的 TOML：{1}"),
    ("No such file or directory (os error 2)", "没有这个文件"),
    ("Permission denied (os error 13)", "没有读取权限"),
    ("Is a directory (os error 21)", "这是文件夹，应为文件"),
    ("Not a directory (os error 20)", "路径中有一段不是文件夹"),
    ("stream did not contain valid UTF-8", "不是 UTF-8 文本"),
];

/// `中文 / English` of what a check says: by the words of this kind of file first, then by those of any file. A message
/// that nobody put into Chinese, and one that speaks both languages already, stays as it is.
#[must_use]
pub fn both(own: &Phrases, message: &str) -> String {
    if Lang::Zh.part_of(message) != message {
        return message.to_owned();
    }
    match translate(own, message).or_else(|| translate(PHRASES, message)) {
        Some(chinese) => format!("{chinese} / {message}"),
        None => message.to_owned(),
    }
}

/// Line of a byte offset, from 1.
#[must_use]
pub fn line_at(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|b| *b == b'\n').count()
}

/// What the TOML reader means by what it said about a line (from 1) of a text, in English.
#[must_use]
pub fn refused(text: &str, line: usize, said: &str) -> String {
    let written = text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
    let quoted = |what: &str| said.strip_prefix(what).and_then(|s| s.split('`').nth(1));
    if let Some(field) = quoted("missing field ") {
        return format!("missing field '{field}'");
    }
    for what in ["unknown field ", "unknown variant "] {
        let Some(word) = quoted(what) else { continue };
        let known: Vec<&str> = said.split('`').skip(3).step_by(2).collect();
        if known.is_empty() {
            return format!("{what}'{word}'; expected no fields at all");
        }
        let meant = nearest(word, known.iter().copied()).map(|k| format!("; did you mean '{k}'?")).unwrap_or_default();
        return format!("{what}'{word}'{meant} — expected one of {}", known.join(", "));
    }
    if let Some((found, wanted)) = said.strip_prefix("invalid type: ").and_then(|s| s.split_once(", expected ")) {
        let expected = match wanted {
            "f32" | "f64" => "a number without quotes or unit, for example 0.5",
            "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number from 0 up, without quotes or unit",
            "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number without quotes or unit",
            "a string" => "text in quotes",
            "a boolean" => "true or false, without quotes",
            "struct Bilingual" | "struct Words" | "struct Name" => {
                "words in both languages: { zh = \"…\", en = \"…\" }"
            }
            "a sequence" if found == "map" => "double brackets: [[…]]",
            "a sequence" => "a list in brackets: […]",
            other if other.starts_with("struct ") || other == "a map" => "a table: { … }",
            other => other,
        };
        return format!("found {found}; expected {expected}");
    }
    if let Some((found, wanted)) = said.strip_prefix("invalid value: ").and_then(|s| s.split_once(", expected ")) {
        let whole = matches!(wanted, "u8" | "u16" | "u32" | "u64" | "usize");
        return format!(
            "found {found}; expected {}",
            if whole { "a whole number from 0 up, without quotes or unit" } else { wanted }
        );
    }
    if said.starts_with("data did not match any variant") {
        return "none of the forms that are expected here fits".into();
    }
    if let Some(wide) = outside_quotes(written).find(|c| "＝“”‘’，：；［］｛｝（）".contains(*c)) {
        return format!("full-width '{wide}'; expected the half-width signs = \" , [ ] {{ }}");
    }
    if let Some((key, _)) = written.split_once('=').filter(|(key, _)| !key.is_ascii()) {
        return format!("'{}' is no field; field names are English, see guanlan schema", key.trim().trim_matches('"'));
    }
    if said.contains("duplicate key") {
        return "the field is written twice".into();
    }
    if written.contains(": ") && !written.contains('=') {
        return "this file is TOML: name = value, not name: value".into();
    }
    format!("not TOML: {}", said.replace('\n', " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_no_hidden_pattern() {
        crate::phrases::check(PHRASES);
    }

    #[test]
    fn what_the_reader_says_is_told_in_both_languages() {
        for (written, said, english, chinese) in [
            (
                "opaqueness = 1",
                "unknown field `opaqueness`, expected one of `opacity`, `id`",
                "unknown field 'opaqueness' — expected one of opacity, id",
                "没有名为“opaqueness”的字段；可用字段：opacity, id",
            ),
            (
                "opacty = 1",
                "unknown field `opacty`, expected `opacity` or `id`",
                "unknown field 'opacty'; did you mean 'opacity'? — expected one of opacity, id",
                "没有名为“opacty”的字段，是否应为“opacity”？；可用字段：opacity, id",
            ),
            (
                "cell_m = \"10\"",
                "invalid type: string \"10\", expected f64",
                "found string \"10\"; expected a number without quotes or unit, for example 0.5",
                "写的是 文字 \"10\"；应为数字，不加引号和单位，例如 0.5",
            ),
            (
                "cell_m ＝ 10",
                "invalid key",
                "full-width '＝'; expected the half-width signs = \" , [ ] { }",
                "用了全角符号“＝”；应为半角符号 = \" , [ ] { }",
            ),
            ("", "missing field `storm`", "missing field 'storm'", "缺少字段“storm”"),
            (
                "a: 3",
                "expected `=`",
                "this file is TOML: name = value, not name: value",
                "这个文件用 TOML：写 名称 = 值，不是 名称: 值",
            ),
        ] {
            let told = refused(written, 1, said);
            assert_eq!(told, english);
            assert_eq!(both(&[], &told), format!("{chinese} / {english}"));
        }
        assert_eq!(both(&[], "没有 / nothing"), "没有 / nothing", "both languages already");
        assert_eq!(both(&[("is * m", "为 {1} m")], "is 3 m"), "为 3 m / is 3 m", "the file's own words come first");
        assert_eq!(both(&[], "a crate's own words"), "a crate's own words");
        assert_eq!(line_at("a\nb\n", 2), 2);
    }
}
