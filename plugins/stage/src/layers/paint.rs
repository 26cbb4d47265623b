//! Colours of layer files: tokens of the theme by name, or `#RRGGBB`.

use guanlan_core::theme::{Srgb8, Theme, Token};
use serde::Deserialize;
use serde::de::value::{Error, StrDeserializer};

/// A colour of a layer file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// A token: follows the theme.
    Token(Token),
    /// Always the same.
    Fixed(Srgb8),
}

impl Paint {
    /// Reads `level_red` or `#FF4D4F`.
    ///
    /// # Errors
    /// What was expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some(hex) = text.strip_prefix('#') {
            return match u32::from_str_radix(hex, 16) {
                Ok(rgb) if hex.len() == 6 => Ok(Self::Fixed(Srgb8::hex(rgb))),
                _ => Err(format!("'{text}' is no colour; expected #RRGGBB")),
            };
        }
        Token::deserialize(StrDeserializer::<Error>::new(text)).map(Self::Token).map_err(|_| {
            format!("'{text}' is no colour; expected #RRGGBB or a token such as level_red, accent, road_local")
        })
    }

    /// The colour in a theme.
    #[must_use]
    pub fn color(self, theme: Theme) -> Srgb8 {
        match self {
            Self::Token(token) => theme.color(token),
            Self::Fixed(color) => color,
        }
    }
}

/// The colour of a checked file; the accent where it is none.
#[must_use]
pub fn color_of(text: &str, theme: Theme) -> Srgb8 {
    Paint::parse(text).unwrap_or(Paint::Token(Token::Accent)).color(theme)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_and_hex_are_colours_and_nothing_else() {
        assert_eq!(Paint::parse("level_red"), Ok(Paint::Token(Token::LevelRed)));
        assert_eq!(Paint::parse("#0A0B0C"), Ok(Paint::Fixed(Srgb8::hex(0x0A_0B0C))));
        for wrong in ["red", "#12", "#GG0000", "", "#1234567"] {
            assert!(Paint::parse(wrong).unwrap_err().contains("expected"), "{wrong}");
        }
    }
}
