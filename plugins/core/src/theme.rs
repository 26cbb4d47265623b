//! Colour tokens as sRGB bytes: the one place where a colour is written down.
//!
//! A theme file may give the tokens other values: [`Palette`] is such a set, [`rules`] says whether people can
//! still read it (WCAG 2 contrast, colour-blind distances), [`Palette::install`] makes it [`Theme::Custom`].

pub mod rules;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

use serde::{Deserialize, Serialize};

/// sRGB with straight alpha, 0–255.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Srgb8 {
    /// Red.
    pub r: u8,
    /// Green.
    pub g: u8,
    /// Blue.
    pub b: u8,
    /// Opacity.
    pub a: u8,
}

impl Srgb8 {
    /// Opaque colour from `0xRRGGBB`.
    #[must_use]
    pub const fn hex(rgb: u32) -> Self {
        Self { r: (rgb >> 16) as u8, g: (rgb >> 8) as u8, b: rgb as u8, a: 255 }
    }

    /// Opaque colour from `#RRGGBB`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#')?;
        let all_hex = digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit());
        all_hex.then(|| u32::from_str_radix(digits, 16).ok().map(Self::hex)).flatten()
    }

    /// `0xRRGGBB` without the opacity.
    #[must_use]
    pub const fn rgb(self) -> u32 {
        (self.r as u32) << 16 | (self.g as u32) << 8 | self.b as u32
    }

    /// The same colour at another opacity (0–1).
    #[must_use]
    pub fn alpha(self, a: f32) -> Self {
        Self { a: (a.clamp(0.0, 1.0) * 255.0).round() as u8, ..self }
    }

    /// Linear RGBA, 0–1 (IEC 61966-2-1).
    #[must_use]
    pub fn linear(self) -> [f32; 4] {
        [to_linear(self.r), to_linear(self.g), to_linear(self.b), f32::from(self.a) / 255.0]
    }

    /// WCAG relative luminance of the opaque colour.
    #[must_use]
    pub fn luminance(self) -> f32 {
        let [r, g, b, _] = self.linear();
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }

    /// WCAG contrast ratio against `other`, 1–21.
    #[must_use]
    pub fn contrast(self, other: Self) -> f32 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }
}

fn to_linear(byte: u8) -> f32 {
    let c = f32::from(byte) / 255.0;
    if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
}

macro_rules! tokens {
    ($($(#[$doc:meta])* $name:ident = $dark:literal / $day:literal),* $(,)?) => {
        /// What a colour means. Its value depends on the [`Theme`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Token { $($(#[$doc])* $name),* }

        impl Token {
            /// Every token.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];
        }

        /// Colours of [`Theme::Custom`], in the order of [`Token::ALL`].
        static CUSTOM: [AtomicU32; Token::ALL.len()] = [$(AtomicU32::new($dark)),*];

        impl Theme {
            /// The colour of a token in this theme.
            #[must_use]
            pub fn color(self, token: Token) -> Srgb8 {
                match (self, token) {
                    $((Self::CommandDark, Token::$name) => Srgb8::hex($dark),
                      (Self::Daylight, Token::$name) => Srgb8::hex($day),)*
                    (Self::Custom, token) => Srgb8::hex(CUSTOM[token as usize].load(Ordering::Relaxed)),
                }
            }
        }
    };
}

/// The look of the whole room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// A quiet night city.
    #[default]
    CommandDark,
    /// The same city with the lamp on.
    Daylight,
    /// The palette installed last, see [`Palette::install`].
    Custom,
}

impl Theme {
    /// True when light text stands on dark ground.
    #[must_use]
    pub fn is_dark(self) -> bool {
        self.color(Token::Land).luminance() < 0.18
    }
}

/// A value for every token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Palette(BTreeMap<Token, Srgb8>);

impl Palette {
    /// The colours of a theme.
    #[must_use]
    pub fn of(theme: Theme) -> Self {
        Self(Token::ALL.iter().map(|&t| (t, theme.color(t))).collect())
    }

    /// The same palette with other values for some tokens.
    #[must_use]
    pub fn with(mut self, values: impl IntoIterator<Item = (Token, Srgb8)>) -> Self {
        self.0.extend(values);
        self
    }

    /// The colour of a token.
    #[must_use]
    pub fn color(&self, token: Token) -> Srgb8 {
        // Every constructor fills every token.
        self.0.get(&token).copied().unwrap_or(Srgb8::hex(0))
    }

    /// Makes these the colours of [`Theme::Custom`] in this process.
    pub fn install(&self) {
        for &token in Token::ALL {
            CUSTOM[token as usize].store(self.color(token).rgb(), Ordering::Relaxed);
        }
    }
}

tokens! {
    /// Backdrop.
    Space = 0x070B14 / 0xD5DEE8,
    /// Panel fill (drawn at 86 %).
    Panel = 0x0B1322 / 0xF7FAFC,
    /// Terrain base.
    Land = 0x0E1828 / 0xE9EEF4,
    /// Arterial roads.
    RoadArterial = 0x5D7CA6 / 0x6B7F99,
    /// Local roads.
    RoadLocal = 0x3D5474 / 0xA9B8C9,
    /// Bridges.
    RoadBridge = 0x7F9CC4 / 0x55708F,
    /// Parks and plants.
    Green = 0x1F5A48 / 0xB4D8C2,
    /// River surface.
    River = 0x1B6F8C / 0x7FB8CF,
    /// Deep river.
    RiverDeep = 0x124E66 / 0x5B9BB6,
    /// Building walls.
    Wall = 0x33486A / 0xC3CEDB,
    /// Building roofs.
    Roof = 0x4A648C / 0xD9E1EA,
    /// Near building edges (drawn at 40 %).
    Edge = 0x8FC7EA / 0x51708F,
    /// Lit windows.
    Window = 0xFFD9A0 / 0xFFF3DA,
    /// Text on panels.
    Text = 0xE9F2FA / 0x0E1A2B,
    /// Second text on panels.
    TextSecond = 0x9DB2C8 / 0x40546B,
    /// Hairlines (drawn at 8 %).
    Hairline = 0xFFFFFF / 0x0E1A2B,
    /// Selection, focus, links; never a status.
    Accent = 0x7CF0E0 / 0x007A70,
    /// No warning.
    LevelNormal = 0x8FA3B8 / 0x5C7086,
    /// 蓝.
    LevelBlue = 0x4DABF7 / 0x1D5FBF,
    /// 黄.
    LevelYellow = 0xFFD43B / 0x8A6A00,
    /// 橙.
    LevelOrange = 0xFFA940 / 0xB45309,
    /// 红.
    LevelRed = 0xFF4D4F / 0xC81E1E,
    /// Stale or offline.
    Stale = 0x8FA3B8 / 0x5C7086,
    /// Exercise frame and watermark.
    Exercise = 0xC77DFF / 0x7B2CBF,
    /// Flood depth 0.05 m.
    Flood0 = 0xB8F2E6 / 0xB8F2E6,
    /// Flood depth around 0.3 m.
    Flood1 = 0x46C2B3 / 0x46C2B3,
    /// Flood depth around 1 m.
    Flood2 = 0x1C8A94 / 0x1C8A94,
    /// Flood depth 2 m and more.
    Flood3 = 0x2C4C9B / 0x2C4C9B,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contrasts_stated_by_the_art_direction_hold() {
        let t = Theme::CommandDark;
        let land = t.color(Token::Land);
        for (token, stated) in [
            (Token::RoadArterial, 4.2),
            (Token::RoadLocal, 2.3),
            (Token::RoadBridge, 6.3),
            (Token::River, 3.1),
            (Token::Roof, 3.0),
            (Token::Text, 16.0),
            (Token::TextSecond, 8.0),
        ] {
            let got = t.color(token).contrast(land);
            assert!((got - stated).abs() < stated * 0.08, "{token:?}: {got} is not {stated}");
        }
    }

    #[test]
    fn levels_stand_out_in_both_themes() {
        for (theme, least) in [(Theme::CommandDark, 5.0), (Theme::Daylight, 4.3)] {
            let land = theme.color(Token::Land);
            for token in [Token::LevelBlue, Token::LevelYellow, Token::LevelOrange, Token::LevelRed] {
                let got = theme.color(token).contrast(land);
                assert!(got >= least, "{theme:?} {token:?} has contrast {got}");
            }
        }
    }

    #[test]
    fn colours_come_from_text_and_go_back() {
        assert_eq!(Srgb8::parse("#0E1828"), Some(Srgb8::hex(0x0E_1828)));
        assert_eq!(Srgb8::parse("#0e1828").map(Srgb8::rgb), Some(0x0E_1828));
        for wrong in ["0E1828", "#0E182", "#0E18288", "#GG1828", ""] {
            assert_eq!(Srgb8::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_installed_palette_is_the_custom_theme() {
        let palette = Palette::of(Theme::Daylight).with([(Token::Accent, Srgb8::hex(0x12_3456))]);
        palette.install();
        assert_eq!(Theme::Custom.color(Token::Accent), Srgb8::hex(0x12_3456));
        assert_eq!(Theme::Custom.color(Token::Land), Theme::Daylight.color(Token::Land));
        assert!(!Theme::Custom.is_dark() && Theme::CommandDark.is_dark() && !Theme::Daylight.is_dark());
    }
}
