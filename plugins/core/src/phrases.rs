//! Words about mistakes in files: the Chinese of an English message by pattern, and what was probably meant.
//!
//! A check says what it has to say in one place, in English; a table beside it has the Chinese. In a pattern `*` stands
//! for what was found; `{1}`, `{2}` … put it where Chinese wants it.

/// The Chinese of a message by the first pattern that fits; `None` where none does. What was found is translated, too,
/// where the table knows it.
#[must_use]
pub fn translate(phrases: &[(&str, &str)], message: &str) -> Option<String> {
    phrases.iter().find_map(|(pattern, chinese)| {
        let found = captures(pattern, message)?;
        let mut words = (*chinese).to_owned();
        for (i, text) in found.iter().enumerate() {
            let known = if text.is_empty() || *text == message { None } else { translate(phrases, text) };
            words = words.replace(&format!("{{{}}}", i + 1), known.as_deref().unwrap_or(text));
        }
        Some(words)
    })
}

/// What stands for each `*`, the shortest each; the last reaches to the end.
fn captures<'a>(pattern: &str, text: &'a str) -> Option<Vec<&'a str>> {
    let mut pieces = pattern.split('*');
    let mut rest = text.strip_prefix(pieces.next()?)?;
    let mut pieces: Vec<&str> = pieces.collect();
    let Some(last) = pieces.pop() else { return rest.is_empty().then(Vec::new) };
    let mut found = Vec::new();
    for piece in pieces {
        let at = rest.find(piece).filter(|_| !piece.is_empty())?;
        found.push(&rest[..at]);
        rest = &rest[at + piece.len()..];
    }
    found.push(rest.strip_suffix(last)?);
    Some(found)
}

/// For a table's own test: every pattern is reached, and no Chinese has more holes than its pattern has words.
///
/// # Panics
/// When one is hidden by an earlier one or asks for what was not found.
pub fn check(phrases: &[(&str, &str)]) {
    for (pattern, chinese) in phrases {
        let filled = pattern.replace('*', "7");
        let first = phrases.iter().find(|(p, _)| captures(p, &filled).is_some());
        assert_eq!(first.map(|f| f.0), Some(*pattern), "hidden by an earlier one");
        let holes = pattern.matches('*').count();
        assert!((1..=9).filter(|k| chinese.contains(&format!("{{{k}}}"))).all(|k| k <= holes), "{pattern}");
    }
}

/// The known word nearest to a mistyped one, if one is near.
#[must_use]
pub fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |t: &str| t.to_lowercase().replace(['-', ' '], "_");
    let word = plain(word);
    let near = known.map(|k| (distance(&word, &plain(k)), k)).min_by_key(|(d, _)| *d)?;
    (near.0 <= (word.chars().count() / 3).clamp(1, 3)).then_some(near.1)
}

/// Characters of a line of TOML that are not in quotes; what follows `#` is left out.
pub fn outside_quotes(line: &str) -> impl Iterator<Item = char> {
    let mut quoted = false;
    line.chars().take_while(|c| *c != '#').filter(move |c| {
        quoted ^= *c == '"';
        !quoted
    })
}

/// Letters to change, add or leave out, two swapped neighbours counting once (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![(0..=b.len()).collect::<Vec<usize>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let change = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = change.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn found_words_stand_where_they_are_wanted_and_the_nearest_is_near() {
        let table = [("'*' is not *", "{2}才对，不是“{1}”"), ("a number", "数字")];
        assert_eq!(translate(&table, "'x' is not a number").as_deref(), Some("数字才对，不是“x”"));
        assert_eq!(translate(&table, "something else"), None);
        check(&table);
        assert_eq!(nearest("evry_s", ["every_s", "url"].into_iter()), Some("every_s"));
        assert_eq!(nearest("quite-different", ["every_s", "url"].into_iter()), None);
    }

    #[test]
    fn what_is_quoted_or_a_comment_is_not_looked_at() {
        let plain: String = outside_quotes("name＝\"a＝b\" c # d＝e").collect();
        assert_eq!(plain, "name＝\" c ");
    }
}
