//! Text in two languages: Chinese first, English second.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The language a user reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lang {
    /// 简体中文.
    #[default]
    Zh,
    /// English.
    En,
}

impl Lang {
    /// The part in this language of a message `中文 / English`; one that is not of this form stays whole. A slash inside
    /// one language is no border between two.
    #[must_use]
    pub fn part_of(self, message: &str) -> &str {
        let han = |text: &str| text.chars().any(|c| ('\u{3400}'..='\u{9fff}').contains(&c));
        let words = |text: &str| text.as_bytes().windows(2).any(|w| w.iter().all(u8::is_ascii_lowercase));
        match message.split_once(" / ") {
            Some((zh, en)) if han(zh) && words(en) => match self {
                Self::Zh => zh,
                Self::En => en,
            },
            _ => message,
        }
    }
}

impl std::str::FromStr for Lang {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "zh" | "zh-CN" => Ok(Self::Zh),
            "en" => Ok(Self::En),
            other => Err(format!("unknown language '{other}': expected zh or en")),
        }
    }
}

/// A short text in both languages; data that users see carries its own translation.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Bilingual {
    /// Chinese.
    pub zh: String,
    /// English; empty means "show the Chinese".
    #[serde(default)]
    pub en: String,
}

impl Bilingual {
    /// Both texts.
    #[must_use]
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { zh: zh.into(), en: en.into() }
    }

    /// One text for both languages: a name that has no translation.
    #[must_use]
    pub fn same(text: impl Into<String>) -> Self {
        Self { zh: text.into(), en: String::new() }
    }

    /// The text in `lang`, falling back to the other language when empty.
    #[must_use]
    pub fn get(&self, lang: Lang) -> &str {
        match lang {
            Lang::En if !self.en.is_empty() => &self.en,
            Lang::Zh if self.zh.is_empty() => &self.en,
            _ => &self.zh,
        }
    }
}

impl fmt::Display for Bilingual {
    /// Writes the Chinese text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.get(Lang::Zh))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_in_both_languages_is_told_in_one() {
        assert_eq!(Lang::Zh.part_of("没有 / none"), "没有");
        assert_eq!(Lang::En.part_of("没有 / none"), "none");
        assert_eq!(Lang::En.part_of("只有中文"), "只有中文");
        assert_eq!(Lang::En.part_of("东侧 / 西侧积水"), "东侧 / 西侧积水");
        assert_eq!(Lang::Zh.part_of("5 mm / 10 min"), "5 mm / 10 min");
        assert_eq!(Lang::En.part_of("U-1 处置 / handled: 已清理"), "handled: 已清理");
    }
}
