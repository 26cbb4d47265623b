//! Formulas written out: `0.001 * (Hgw - 5) * STEP(Hgw - 5) + 2 ^ x`.

use crate::model::drainage::{Formula, Function, Term};

const FUNCTIONS: [(&str, Function); 19] = [
    ("COS", Function::Cos),
    ("SIN", Function::Sin),
    ("TAN", Function::Tan),
    ("COT", Function::Cot),
    ("ABS", Function::Abs),
    ("SGN", Function::Sgn),
    ("SQRT", Function::Sqrt),
    ("LOG", Function::Log),
    ("EXP", Function::Exp),
    ("ASIN", Function::Asin),
    ("ACOS", Function::Acos),
    ("ATAN", Function::Atan),
    ("ACOT", Function::Acot),
    ("SINH", Function::Sinh),
    ("COSH", Function::Cosh),
    ("TANH", Function::Tanh),
    ("COTH", Function::Coth),
    ("LOG10", Function::Log10),
    ("STEP", Function::Step),
];
/// Deeper parentheses are refused.
const DEEPEST: usize = 64;

/// A formula from its text; `variable` gives the index of a name.
pub fn formula(text: &str, variable: &dyn Fn(&str) -> Option<usize>) -> Result<Formula, String> {
    let mut reader = Reader { rest: text.trim(), terms: Vec::new(), variable, depth: 0 };
    reader.sum()?;
    if reader.rest.is_empty() { Ok(Formula(reader.terms)) } else { Err(format!("'{}' is not expected", reader.rest)) }
}

struct Reader<'a> {
    rest: &'a str,
    terms: Vec<Term>,
    variable: &'a dyn Fn(&str) -> Option<usize>,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn next(&mut self, any: &str) -> Option<char> {
        self.rest = self.rest.trim_start();
        let c = self.rest.chars().next().filter(|c| any.contains(*c))?;
        self.rest = self.rest[c.len_utf8()..].trim_start();
        Some(c)
    }

    /// Products, added.
    fn sum(&mut self) -> Result<(), String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(format!("parentheses more than {DEEPEST} deep"));
        }
        let minus = self.next("+-") == Some('-');
        self.product()?;
        if minus {
            self.terms.push(Term::Negate);
        }
        while let Some(sign) = self.next("+-") {
            self.product()?;
            self.terms.push(if sign == '+' { Term::Add } else { Term::Subtract });
        }
        self.depth -= 1;
        Ok(())
    }

    /// Powers, multiplied.
    fn product(&mut self) -> Result<(), String> {
        self.power()?;
        while let Some(sign) = self.next("*/") {
            self.power()?;
            self.terms.push(if sign == '*' { Term::Multiply } else { Term::Divide });
        }
        Ok(())
    }

    fn power(&mut self) -> Result<(), String> {
        self.one()?;
        if self.next("^").is_some() {
            // As SWMM has it: a ^ b ^ c is a ^ (b ^ c).
            self.depth += 1;
            if self.depth > DEEPEST {
                return Err(format!("powers more than {DEEPEST} deep"));
            }
            self.power()?;
            self.depth -= 1;
            self.terms.push(Term::Power);
        }
        Ok(())
    }

    fn one(&mut self) -> Result<(), String> {
        if self.next("(").is_some() {
            self.sum()?;
            return self.next(")").map(|_| ()).ok_or_else(|| "a parenthesis that is not closed".into());
        }
        // A number's own sign.
        let signed = self.rest.strip_prefix('-').is_some_and(|r| r.starts_with(|c: char| c.is_ascii_digit()));
        if signed || self.rest.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
            return self.number(usize::from(signed));
        }
        let end = self.rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(self.rest.len());
        let word: &'a str = &self.rest[..end];
        if word.is_empty() {
            return Err(match self.rest {
                "" => "the formula ends too early".into(),
                rest => format!("'{rest}' is not expected"),
            });
        }
        self.rest = &self.rest[end..];
        if let Some((_, function)) = FUNCTIONS.iter().find(|f| f.0.eq_ignore_ascii_case(word)) {
            if self.next("(").is_none() {
                return Err(format!("no '(' behind {word}"));
            }
            self.sum()?;
            self.next(")").ok_or_else(|| "a parenthesis that is not closed".to_owned())?;
            self.terms.push(Term::Call(*function));
            return Ok(());
        }
        let k = (self.variable)(word).ok_or_else(|| format!("'{word}' is not known"))?;
        self.terms.push(Term::Variable(k));
        Ok(())
    }

    fn number(&mut self, sign: usize) -> Result<(), String> {
        let bytes = self.rest.as_bytes();
        let digits = |mut at: usize| {
            while bytes.get(at).is_some_and(u8::is_ascii_digit) {
                at += 1;
            }
            at
        };
        let mut end = digits(sign);
        if bytes.get(end) == Some(&b'.') {
            end = digits(end + 1);
        }
        if matches!(bytes.get(end), Some(b'e' | b'E')) {
            let from = end + 1 + usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
            if digits(from) > from {
                end = digits(from);
            }
        }
        let value = self.rest[..end].parse::<f64>().ok().filter(|v| v.is_finite());
        self.terms.push(Term::Number(value.ok_or_else(|| format!("'{}' is no number", &self.rest[..end]))?));
        self.rest = &self.rest[end..];
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_computed_in_their_order() {
        let names = ["hgw", "a_1"];
        let index = |n: &str| names.iter().position(|k| k.eq_ignore_ascii_case(n));
        let value = |text: &str| formula(text, &index).map(|f| f.value(&|k| [3.0, 10.0][k]));
        assert_eq!(value("1 + 2*HGW - 4/2"), Ok(5.0));
        assert_eq!(value("-(Hgw + 1) * -2"), Ok(8.0));
        assert_eq!(value("2^3^2 / 2"), Ok(256.0));
        assert_eq!(value("step(hgw-2) * max0"), Err("'max0' is not known".into()));
        assert_eq!(value("STEP(hgw-5) + Sgn(-3) + 1.5e1*log10(A_1)"), Ok(14.0));
        assert_eq!(value("1/(hgw-3)"), Ok(0.0));
        for bad in ["", "1 +", "(1", "1 2", "sqrt 4", "1e999", "*2", &"(".repeat(5000)] {
            assert!(value(bad).is_err(), "{bad}");
        }
    }
}
