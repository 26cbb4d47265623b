//! Colour tokens as sRGB bytes: the one place where a colour is written down.
//!
//! A test recomputes the contrast (WCAG 2) of every token that carries meaning.

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
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Token { $($(#[$doc])* $name),* }

        impl Token {
            /// Every token.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];
        }

        impl Theme {
            /// The colour of a token in this theme.
            #[must_use]
            pub const fn color(self, token: Token) -> Srgb8 {
                match (self, token) {
                    $((Self::CommandDark, Token::$name) => Srgb8::hex($dark),
                      (Self::Daylight, Token::$name) => Srgb8::hex($day)),*
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

    /// Machado, Oliveira & Fernandes 2009, severity 1, on linear RGB.
    const CVD: [(&str, [[f32; 3]; 3]); 3] = [
        (
            "protan",
            [
                [0.152_286, 1.052_583, -0.204_868],
                [0.114_503, 0.786_281, 0.099_216],
                [-0.003_882, -0.048_116, 1.051_998],
            ],
        ),
        (
            "deutan",
            [[0.367_322, 0.860_646, -0.227_968], [0.280_085, 0.672_501, 0.047_413], [-0.011_820, 0.042_940, 0.968_881]],
        ),
        (
            "tritan",
            [
                [1.255_528, -0.076_749, -0.178_779],
                [-0.078_411, 0.930_809, 0.147_602],
                [0.004_733, 0.691_367, 0.303_900],
            ],
        ),
    ];

    fn lab(rgb: [f32; 3]) -> [f32; 3] {
        let [r, g, b] = rgb;
        let xyz = [
            (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.950_47,
            0.2126 * r + 0.7152 * g + 0.0722 * b,
            (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.088_83,
        ]
        .map(|v| if v > 0.008_856 { v.cbrt() } else { 7.787 * v + 16.0 / 116.0 });
        [116.0 * xyz[1] - 16.0, 500.0 * (xyz[0] - xyz[1]), 200.0 * (xyz[1] - xyz[2])]
    }

    #[test]
    fn red_yellow_blue_differ_for_colour_blind_eyes() {
        let t = Theme::CommandDark;
        let levels = [Token::LevelBlue, Token::LevelYellow, Token::LevelRed];
        for (kind, m) in CVD {
            let seen: Vec<[f32; 3]> = levels
                .iter()
                .map(|&token| {
                    let [r, g, b, _] = t.color(token).linear();
                    lab(m.map(|row| (row[0] * r + row[1] * g + row[2] * b).clamp(0.0, 1.0)))
                })
                .collect();
            for i in 0..3 {
                for j in 0..i {
                    let d: f32 = (0..3).map(|k| (seen[i][k] - seen[j][k]).powi(2)).sum::<f32>().sqrt();
                    assert!(d > 30.0, "{kind}: {:?} and {:?} differ by only {d}", levels[i], levels[j]);
                }
            }
        }
    }
}
