//! Codes of 单元网格 (grid cells) and 部件 (components).

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// What is wrong with a code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// Wrong number of characters.
    #[error("code '{code}' has {found} characters, expected {expected}")]
    Length {
        /// The text.
        code: String,
        /// Its length.
        found: usize,
        /// Lengths that are allowed.
        expected: &'static str,
    },
    /// A character that the edition does not allow.
    #[error("code '{code}' has '{found}' at position {position}, expected {expected}")]
    Character {
        /// The text.
        code: String,
        /// The character.
        found: char,
        /// Position, first is 1.
        position: usize,
        /// What is allowed.
        expected: &'static str,
    },
    /// The sequence number 000.
    #[error("code '{code}' has sequence number 000, expected 001 to 999")]
    Sequence {
        /// The text.
        code: String,
    },
}

/// Which edition's rule a grid code meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum GridEdition {
    /// GB/T 30428.1-2013: 15 digits, sequence 001–999.
    Digits2013,
    /// As published data of 2026 validates: 15 digits or capital letters.
    Alphanumeric2026,
}

/// A grid code: 县区 6 + 街道 3 + 社区 3 + sequence 3.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GridCode {
    text: String,
    edition: GridEdition,
}

impl GridCode {
    /// The edition whose rule it meets; the stricter one when both.
    #[must_use]
    pub const fn edition(&self) -> GridEdition {
        self.edition
    }
    /// The 15 characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
    /// 县区 (GB/T 2260), 6 characters.
    #[must_use]
    pub fn district(&self) -> &str {
        &self.text[..6]
    }
    /// 街道 with its district, 9 characters.
    #[must_use]
    pub fn street(&self) -> &str {
        &self.text[..9]
    }
    /// 社区 with its parents, 12 characters.
    #[must_use]
    pub fn community(&self) -> &str {
        &self.text[..12]
    }
    /// Sequence within the community, 3 characters.
    #[must_use]
    pub fn sequence(&self) -> &str {
        &self.text[12..]
    }
}

impl FromStr for GridCode {
    type Err = CodeError;
    fn from_str(text: &str) -> Result<Self, CodeError> {
        check_length(text, &[15], "15")?;
        if text.bytes().all(|b| b.is_ascii_digit()) {
            if text.ends_with("000") {
                return Err(CodeError::Sequence { code: text.into() });
            }
            return Ok(Self { text: text.into(), edition: GridEdition::Digits2013 });
        }
        check_characters(text, |c| c.is_ascii_digit() || c.is_ascii_uppercase(), "0-9 or A-Z")?;
        Ok(Self { text: text.into(), edition: GridEdition::Alphanumeric2026 })
    }
}

impl TryFrom<String> for GridCode {
    type Error = CodeError;
    fn try_from(text: String) -> Result<Self, CodeError> {
        text.parse()
    }
}

impl From<GridCode> for String {
    fn from(code: GridCode) -> Self {
        code.text
    }
}

impl fmt::Display for GridCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Which edition a component code is of; its length tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ComponentEdition {
    /// 16 digits: district 6 + class 2 + sub-class 2 + sequence 6.
    Digits2013,
    /// 17 digits: district 6 + class 2 + sub-class 3 + sequence 6.
    Digits2026,
}

/// A component code, for example `11010101003000001` (雨水井盖, 2026).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ComponentCode {
    text: String,
}

impl ComponentCode {
    /// The edition.
    #[must_use]
    pub fn edition(&self) -> ComponentEdition {
        if self.text.len() == 16 { ComponentEdition::Digits2013 } else { ComponentEdition::Digits2026 }
    }
    /// All digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
    /// 县区, 6 digits.
    #[must_use]
    pub fn district(&self) -> &str {
        &self.text[..6]
    }
    /// 大类, 2 digits.
    #[must_use]
    pub fn class(&self) -> &str {
        &self.text[6..8]
    }
    /// 小类, 2 (2013) or 3 (2026) digits.
    #[must_use]
    pub fn sub_class(&self) -> &str {
        &self.text[8..self.text.len() - 6]
    }
    /// Sequence, 6 digits.
    #[must_use]
    pub fn sequence(&self) -> &str {
        &self.text[self.text.len() - 6..]
    }
}

impl FromStr for ComponentCode {
    type Err = CodeError;
    fn from_str(text: &str) -> Result<Self, CodeError> {
        check_length(text, &[16, 17], "16 (2013) or 17 (2026)")?;
        check_characters(text, |c| c.is_ascii_digit(), "0-9")?;
        Ok(Self { text: text.into() })
    }
}

impl TryFrom<String> for ComponentCode {
    type Error = CodeError;
    fn try_from(text: String) -> Result<Self, CodeError> {
        text.parse()
    }
}

impl From<ComponentCode> for String {
    fn from(code: ComponentCode) -> Self {
        code.text
    }
}

impl fmt::Display for ComponentCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn check_length(text: &str, allowed: &[usize], expected: &'static str) -> Result<(), CodeError> {
    let found = text.chars().count();
    if allowed.contains(&found) { Ok(()) } else { Err(CodeError::Length { code: text.into(), found, expected }) }
}

fn check_characters(text: &str, allowed: impl Fn(char) -> bool, expected: &'static str) -> Result<(), CodeError> {
    match text.chars().enumerate().find(|(_, c)| !allowed(*c)) {
        None => Ok(()),
        Some((i, found)) => Err(CodeError::Character { code: text.into(), found, position: i + 1, expected }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grid_codes() {
        let code: GridCode = "110101001001001".parse().expect("valid");
        assert_eq!((code.district(), code.street(), code.community()), ("110101", "110101001", "110101001001"));
        assert_eq!((code.sequence(), code.edition()), ("001", GridEdition::Digits2013));
        let code: GridCode = "310115A0100B00F".parse().expect("valid");
        assert_eq!(code.edition(), GridEdition::Alphanumeric2026);
        assert!(matches!("110101001001000".parse::<GridCode>(), Err(CodeError::Sequence { .. })));
        assert!(matches!("11010100100100".parse::<GridCode>(), Err(CodeError::Length { found: 14, .. })));
        assert!(matches!(
            "11010100100100a".parse::<GridCode>(),
            Err(CodeError::Character { found: 'a', position: 15, .. })
        ));
        assert!(matches!("网格网格网格网格网格网格网格网".parse::<GridCode>(), Err(CodeError::Character { .. })));
        assert!(serde_json::from_str::<GridCode>("\"x\"").is_err());
    }

    #[test]
    fn component_codes() {
        let old: ComponentCode = "3205080101000001".parse().expect("valid");
        assert_eq!((old.edition(), old.class(), old.sub_class()), (ComponentEdition::Digits2013, "01", "01"));
        let new: ComponentCode = "11010101003000001".parse().expect("valid");
        assert_eq!((new.edition(), new.class(), new.sub_class()), (ComponentEdition::Digits2026, "01", "003"));
        assert_eq!((new.district(), new.sequence()), ("110101", "000001"));
        assert!(matches!("1101010100300000X".parse::<ComponentCode>(), Err(CodeError::Character { position: 17, .. })));
        assert!(matches!("123".parse::<ComponentCode>(), Err(CodeError::Length { found: 3, .. })));
    }
}
