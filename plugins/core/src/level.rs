//! Warning levels 蓝/黄/橙/红: order, word, shape and colour token in one place.

use serde::{Deserialize, Serialize};

use crate::{text::Bilingual, theme::Token};

/// A warning level. `Ord` follows severity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertLevel {
    /// No warning.
    #[default]
    Normal,
    /// 蓝, IV.
    Blue,
    /// 黄, III.
    Yellow,
    /// 橙, II.
    Orange,
    /// 红, I.
    Red,
}

/// A level is always shape and word besides colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Small quiet dot.
    Dot,
    /// Blue.
    Circle,
    /// Yellow.
    Triangle,
    /// Orange.
    Diamond,
    /// Red.
    Octagon,
}

impl AlertLevel {
    /// All levels, lowest first.
    pub const ALL: [Self; 5] = [Self::Normal, Self::Blue, Self::Yellow, Self::Orange, Self::Red];

    /// 0 normal … 4 red, the order of [`Self::ALL`].
    #[must_use]
    pub const fn rank(self) -> u8 {
        self as u8
    }

    /// The word on the screen.
    #[must_use]
    pub fn name(self) -> Bilingual {
        match self {
            Self::Normal => Bilingual::new("正常", "Normal"),
            Self::Blue => Bilingual::new("蓝", "Blue"),
            Self::Yellow => Bilingual::new("黄", "Yellow"),
            Self::Orange => Bilingual::new("橙", "Orange"),
            Self::Red => Bilingual::new("红", "Red"),
        }
    }

    /// The shape that says the level without colour.
    #[must_use]
    pub const fn shape(self) -> Shape {
        match self {
            Self::Normal => Shape::Dot,
            Self::Blue => Shape::Circle,
            Self::Yellow => Shape::Triangle,
            Self::Orange => Shape::Diamond,
            Self::Red => Shape::Octagon,
        }
    }

    /// The colour token.
    #[must_use]
    pub const fn token(self) -> Token {
        match self {
            Self::Normal => Token::LevelNormal,
            Self::Blue => Token::LevelBlue,
            Self::Yellow => Token::LevelYellow,
            Self::Orange => Token::LevelOrange,
            Self::Red => Token::LevelRed,
        }
    }
}
