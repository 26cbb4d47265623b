//! What importers say, in Chinese: a catalogue of messages with gaps.
//!
//! Messages are written in English where they arise; `messages.txt` holds their Chinese. A message that is not in it
//! stays English.

use std::sync::LazyLock;

struct Entry {
    /// Fixed text between the gaps.
    fixed: Vec<&'static str>,
    chinese: &'static str,
}

static CATALOGUE: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    let lines = include_str!("messages.txt").lines().filter(|l| !l.starts_with('#'));
    let pairs = lines.filter_map(|l| l.split_once(" ⇒ "));
    pairs.map(|(english, chinese)| Entry { fixed: english.split("{}").collect(), chinese }).collect()
});

/// The Chinese of a message; the message itself when there is none.
#[must_use]
pub fn chinese(message: &str) -> String {
    // The validator's code at the end stays as it is.
    let code = message.strip_suffix(')').and_then(|m| m.rsplit_once(" ("));
    let sign = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
    let code =
        code.filter(|(_, c)| c.len() > 3 && c.starts_with(|f: char| f.is_ascii_uppercase()) && c.bytes().all(sign));
    match code.and_then(|(plain, code)| Some(format!("{}（{code}）", translated(plain, 0)?))) {
        Some(text) => text,
        None => translated(message, 0).unwrap_or_else(|| message.to_owned()),
    }
}

/// What is done about something stands behind it: `; the tile is left out`.
fn done(message: &str, depth: usize) -> Option<String> {
    let mut ends = CATALOGUE.iter().filter(|e| e.fixed.len() == 1 && e.fixed[0].starts_with("; "));
    let (head, end) = ends.find_map(|e| Some((message.strip_suffix(e.fixed[0])?, e.chinese)))?;
    Some(format!("{}{end}", translated(head, depth)?))
}

fn translated(message: &str, depth: usize) -> Option<String> {
    if let Some(text) = done(message, depth) {
        return Some(text);
    }
    // Whole sentences first, then those with the fewest gaps: the catalogue's order decides among equals.
    let fits = CATALOGUE.iter().filter_map(|entry| Some((entry, gaps(message, &entry.fixed)?)));
    let (entry, found) =
        fits.min_by_key(|(entry, found)| (found.iter().map(|g| g.len()).sum::<usize>(), entry.fixed.len()))?;
    let mut text = String::with_capacity(entry.chinese.len());
    let mut rest = entry.chinese;
    let mut next = 0;
    while let Some(open) = rest.find('{') {
        let Some(close) = rest[open..].find('}').map(|c| open + c) else { break };
        let inside = &rest[open + 1..close];
        let at = if inside.is_empty() { Some(next) } else { inside.parse().ok() };
        let Some(gap) = at.and_then(|at: usize| found.get(at)) else { break };
        next += usize::from(inside.is_empty());
        text.push_str(&rest[..open]);
        match (depth < 3).then(|| translated(gap, depth + 1)).flatten() {
            Some(inner) => text.push_str(&inner),
            None => text.push_str(gap),
        }
        rest = &rest[close + 1..];
    }
    text.push_str(rest);
    Some(text)
}

/// What stands in the gaps of a pattern, when the message fits it.
fn gaps<'a>(message: &'a str, fixed: &[&str]) -> Option<Vec<&'a str>> {
    let (first, last) = (fixed.first()?, fixed.last()?);
    if fixed.len() == 1 {
        return (message == *first).then(Vec::new);
    }
    let mut rest = message.strip_prefix(first)?;
    let mut found = Vec::with_capacity(fixed.len() - 1);
    for text in &fixed[1..fixed.len() - 1] {
        let at = rest.find(text)?;
        found.push(&rest[..at]);
        rest = &rest[at + text.len()..];
    }
    let tail = rest.strip_suffix(last)?;
    // A pattern of nothing but a gap says nothing; an empty gap after a space is no value. What is done about
    // something may be missing at the end.
    if tail.is_empty() && last.is_empty() && fixed[fixed.len() - 2].chars().next_back().is_none_or(char::is_whitespace)
    {
        return None;
    }
    found.push(tail);
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_found_by_their_fixed_text() {
        for (message, want) in [
            ("no CRS; coordinates taken as EPSG:4549", "没有坐标系，坐标按 EPSG:4549 读取"),
            ("12 rows of [RDII] are not modelled", "[RDII] 的 12 行不参与模拟"),
            (
                "nothing can be used: property 'code' is missing, expected a text",
                "没有可用的内容：属性“code”缺少，应为 文本",
            ),
            ("curve 'x' is not defined; its plan area is unknown", "曲线“x”未定义；其水面面积未知"),
            ("no boundingVolume; the tile is left out", "没有 boundingVolume；略去该瓦片"),
            ("no boundingVolume", "没有 boundingVolume"),
            ("expected a number, found text; ignored (TYPE_MISMATCH)", "应为数，实为 text；已忽略（TYPE_MISMATCH）"),
            ("said by nobody", "said by nobody"),
            ("", ""),
        ] {
            assert_eq!(chinese(message), want);
        }
    }

    #[test]
    fn every_line_has_both_languages_and_as_many_gaps() {
        let lines = include_str!("messages.txt").lines().filter(|l| !l.starts_with('#'));
        for line in lines {
            let (english, chinese) = line.split_once(" ⇒ ").unwrap_or_else(|| panic!("{line}"));
            let n = english.matches("{}").count();
            let numbered = (0..n).filter(|i| chinese.contains(&format!("{{{i}}}"))).count();
            assert_eq!(n, chinese.matches("{}").count() + numbered, "{line}");
            assert!(chinese.chars().any(|c| ('\u{4e00}'..'\u{9fff}').contains(&c)), "{line}");
        }
    }
}
