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
