//! `rain and depth and not pump`: the expressions of composite rules.
//!
//! Words: `and` `&&` 且, `or` `||` 或, `not` `!` 非, parentheses, and `atleast(n, a, b, …)`. `not` binds
//! strongest, then `and`, then `or`.

/// An expression over conditions, by their number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expression {
    /// A condition.
    Condition(usize),
    /// Not.
    Not(Box<Expression>),
    /// All of them.
    All(Vec<Expression>),
    /// Any of them.
    Any(Vec<Expression>),
    /// At least so many of them.
    AtLeast(usize, Vec<Expression>),
}

impl Expression {
    /// Reads an expression over named conditions.
    ///
    /// # Errors
    /// What was found and what was expected, with the column.
    pub fn parse(text: &str, names: &[String]) -> Result<Self, String> {
        let mut reader = Reader { words: words(text)?, next: 0, names, depth: 0 };
        let whole = reader.any()?;
        match reader.words.get(reader.next) {
            None => Ok(whole),
            Some((column, word)) => Err(format!("column {column}: '{word}'; expected and, or, or the end")),
        }
    }

    /// Its truth, given that of the conditions.
    #[must_use]
    pub fn holds(&self, truth: &[bool]) -> bool {
        match self {
            Self::Condition(i) => truth.get(*i).copied().unwrap_or(false),
            Self::Not(inner) => !inner.holds(truth),
            Self::All(list) => list.iter().all(|e| e.holds(truth)),
            Self::Any(list) => list.iter().any(|e| e.holds(truth)),
            Self::AtLeast(n, list) => list.iter().filter(|e| e.holds(truth)).count() >= *n,
        }
    }
}

type Word = (usize, String);

fn words(text: &str) -> Result<Vec<Word>, String> {
    let mut out: Vec<Word> = Vec::new();
    let chars: Vec<char> = text.chars().collect();
    let mut i = 0;
    while i < chars.len() {
        let (c, column) = (chars[i], i + 1);
        let name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if c.is_whitespace() {
            i += 1;
        } else if name(c) {
            let end = (i..chars.len()).find(|&k| !name(chars[k])).unwrap_or(chars.len());
            out.push((column, chars[i..end].iter().collect()));
            i = end;
        } else {
            let word = match c {
                '(' | '（' => "(",
                ')' | '）' => ")",
                ',' | '，' => ",",
                '!' | '非' => "not",
                '且' => "and",
                '或' => "or",
                '&' if chars.get(i + 1) == Some(&'&') => "and",
                '|' if chars.get(i + 1) == Some(&'|') => "or",
                other => return Err(format!("column {column}: '{other}'; expected a condition, and, or, not, ( or )")),
            };
            i += if matches!(c, '&' | '|') { 2 } else { 1 };
            out.push((column, word.to_owned()));
        }
    }
    Ok(out)
}

/// Parentheses within parentheses at most.
const DEEPEST: usize = 32;

struct Reader<'a> {
    words: Vec<Word>,
    next: usize,
    names: &'a [String],
    depth: usize,
}

impl Reader<'_> {
    fn is(&mut self, word: &str) -> bool {
        let found = self.words.get(self.next).is_some_and(|w| w.1.eq_ignore_ascii_case(word));
        self.next += usize::from(found);
        found
    }

    fn expect(&mut self, word: &str) -> Result<(), String> {
        if self.is(word) {
            return Ok(());
        }
        let (column, found) = self.words.get(self.next).map_or((0, "the end"), |w| (w.0, w.1.as_str()));
        Err(format!("column {column}: {found}; expected {word}"))
    }

    fn any(&mut self) -> Result<Expression, String> {
        let mut list = vec![self.all()?];
        while self.is("or") {
            list.push(self.all()?);
        }
        Ok(if list.len() == 1 { list.remove(0) } else { Expression::Any(list) })
    }

    fn all(&mut self) -> Result<Expression, String> {
        let mut list = vec![self.one()?];
        while self.is("and") {
            list.push(self.one()?);
        }
        Ok(if list.len() == 1 { list.remove(0) } else { Expression::All(list) })
    }

    fn one(&mut self) -> Result<Expression, String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(format!("more than {DEEPEST} nots and parentheses within each other"));
        }
        let found = self.one_inner();
        self.depth -= 1;
        found
    }

    fn one_inner(&mut self) -> Result<Expression, String> {
        if self.is("not") {
            return Ok(Expression::Not(Box::new(self.one()?)));
        }
        if self.is("(") {
            let inner = self.any()?;
            self.expect(")")?;
            return Ok(inner);
        }
        if self.is("atleast") {
            self.expect("(")?;
            let (column, word) = self.words.get(self.next).cloned().unwrap_or((0, "the end".into()));
            let n: usize = word.parse().map_err(|_| format!("column {column}: {word}; expected how many"))?;
            self.next += 1;
            let mut list = Vec::new();
            while self.is(",") {
                list.push(self.any()?);
            }
            self.expect(")")?;
            if n == 0 || n > list.len() {
                return Err(format!("column {column}: atleast {n} of {} conditions", list.len()));
            }
            return Ok(Expression::AtLeast(n, list));
        }
        let Some((column, word)) = self.words.get(self.next) else {
            return Err("an empty expression; expected a condition".into());
        };
        let Some(i) = self.names.iter().position(|n| n == word) else {
            return Err(format!("column {column}: '{word}' is no condition; there are {}", self.names.join(", ")));
        };
        self.next += 1;
        Ok(Expression::Condition(i))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(text: &str, truth: [bool; 3]) -> bool {
        let names = ["rain", "depth", "pump"].map(str::to_owned);
        Expression::parse(text, &names).unwrap().holds(&truth)
    }

    #[test]
    fn binding_words_and_chinese() {
        let (t, f) = (true, false);
        assert!(holds("rain and depth", [t, t, f]));
        assert!(!holds("rain and not depth", [t, t, f]));
        assert!(holds("pump or rain and depth", [t, t, f]), "and binds stronger");
        assert!(!holds("(pump or rain) and depth", [t, f, t]));
        assert!(holds("rain 且 （depth 或 pump） 且 非 pump", [t, t, f]));
        assert!(holds("rain && !(depth || pump)", [t, f, f]));
        assert!(holds("atleast(2, rain, depth, pump)", [t, f, t]));
        assert!(!holds("atleast(2, rain, depth, pump)", [t, f, f]));
    }

    #[test]
    fn faults_name_the_column() {
        let names = ["a".to_owned(), "b".to_owned()];
        for (text, says) in [
            ("a and c", "column 7: 'c' is no condition"),
            ("a b", "column 3"),
            ("(a", "expected )"),
            ("", "empty"),
            ("a + b", "column 3: '+'"),
            ("atleast(3, a, b)", "atleast 3 of 2"),
            ("a and", "empty"),
        ] {
            let error = Expression::parse(text, &names).unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
        assert!(Expression::parse(&"(".repeat(5000), &names).is_err());
    }
}
