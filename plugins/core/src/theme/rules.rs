//! What a palette must keep so that people can still read it, with everyone's eyes.

use super::{Palette, Srgb8, Token};

/// A rule that a palette breaks.
#[derive(Clone, Debug, PartialEq)]
pub struct Broken {
    /// Token at fault.
    pub token: Token,
    /// The token it is measured against.
    pub against: Token,
    /// What was found: contrast ratio, or distance in CIE L*a*b*.
    pub found: f32,
    /// The least that is allowed.
    pub least: f32,
    /// Eyes for which it fails: empty for everyone, else `protan`, `deutan`, `tritan`.
    pub eyes: &'static str,
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = |t: &Token| serde_json::to_string(t).unwrap_or_default();
        let (a, b) = (name(&self.token), name(&self.against));
        if self.eyes.is_empty() {
            write!(f, "{a} on {b}: contrast {:.2}, expected at least {}", self.found, self.least)
        } else {
            let (eyes, found, least) = (self.eyes, self.found, self.least);
            write!(f, "{a} and {b} for {eyes} eyes: distance {found:.0}, expected at least {least}")
        }
    }
}

/// Least contrast of a token against another (WCAG 2 ratio).
const CONTRASTS: [(Token, Token, f32); 12] = [
    (Token::LevelBlue, Token::Land, 4.3),
    (Token::LevelYellow, Token::Land, 4.3),
    (Token::LevelOrange, Token::Land, 4.3),
    (Token::LevelRed, Token::Land, 4.3),
    (Token::Accent, Token::Land, 4.3),
    (Token::Exercise, Token::Land, 4.3),
    (Token::Text, Token::Panel, 7.0),
    (Token::TextSecond, Token::Panel, 4.5),
    (Token::RoadArterial, Token::Land, 3.0),
    (Token::RoadLocal, Token::Land, 1.5),
    (Token::River, Token::Land, 1.8),
    (Token::Stale, Token::Land, 3.0),
];

/// Blue, yellow and red stay this far apart in CIE L*a*b* for colour-blind eyes.
const LEAST_DISTANCE: f32 = 30.0;

/// Machado, Oliveira & Fernandes 2009, severity 1, on linear RGB.
const CVD: [(&str, [[f32; 3]; 3]); 3] = [
    (
        "protan",
        [[0.152_286, 1.052_583, -0.204_868], [0.114_503, 0.786_281, 0.099_216], [-0.003_882, -0.048_116, 1.051_998]],
    ),
    (
        "deutan",
        [[0.367_322, 0.860_646, -0.227_968], [0.280_085, 0.672_501, 0.047_413], [-0.011_820, 0.042_940, 0.968_881]],
    ),
    (
        "tritan",
        [[1.255_528, -0.076_749, -0.178_779], [-0.078_411, 0.930_809, 0.147_602], [0.004_733, 0.691_367, 0.303_900]],
    ),
];

/// CIE L*a*b* (D65) of linear sRGB.
#[must_use]
pub fn lab(rgb: [f32; 3]) -> [f32; 3] {
    let [r, g, b] = rgb;
    let xyz = [
        (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.950_47,
        0.2126 * r + 0.7152 * g + 0.0722 * b,
        (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.088_83,
    ]
    .map(|v| if v > 0.008_856 { v.cbrt() } else { 7.787 * v + 16.0 / 116.0 });
    [116.0 * xyz[1] - 16.0, 500.0 * (xyz[0] - xyz[1]), 200.0 * (xyz[1] - xyz[2])]
}

/// Distance of two colours as eyes of a kind see them, CIE 1976.
fn distance(m: &[[f32; 3]; 3], a: Srgb8, b: Srgb8) -> f32 {
    let seen = |c: Srgb8| {
        let [r, g, b, _] = c.linear();
        lab(m.map(|row| (row[0] * r + row[1] * g + row[2] * b).clamp(0.0, 1.0)))
    };
    let (a, b) = (seen(a), seen(b));
    (0..3).map(|k| (a[k] - b[k]).powi(2)).sum::<f32>().sqrt()
}

/// Every rule a palette breaks; empty when people can read it.
#[must_use]
pub fn check(palette: &Palette) -> Vec<Broken> {
    let mut broken = Vec::new();
    for (token, against, least) in CONTRASTS {
        let found = palette.color(token).contrast(palette.color(against));
        if found < least {
            broken.push(Broken { token, against, found, least, eyes: "" });
        }
    }
    let levels = [Token::LevelBlue, Token::LevelYellow, Token::LevelRed];
    for (eyes, m) in &CVD {
        for (i, &token) in levels.iter().enumerate() {
            for &against in &levels[..i] {
                let found = distance(m, palette.color(token), palette.color(against));
                if found < LEAST_DISTANCE {
                    broken.push(Broken { token, against, found, least: LEAST_DISTANCE, eyes });
                }
            }
        }
    }
    broken
}

#[cfg(test)]
mod tests {
    use super::super::Theme;
    use super::*;

    #[test]
    fn the_dark_theme_is_readable_for_everyone() {
        assert_eq!(check(&Palette::of(Theme::CommandDark)), []);
    }

    #[test]
    fn the_daylight_theme_is_readable() {
        let broken = check(&Palette::of(Theme::Daylight));
        assert!(broken.iter().all(|b| !b.eyes.is_empty()), "{broken:?}");
    }

    #[test]
    fn a_red_that_drowns_is_named() {
        let palette = Palette::of(Theme::CommandDark).with([(Token::LevelRed, Srgb8::hex(0x40_1014))]);
        let broken = check(&palette);
        assert!(broken.iter().any(|b| b.token == Token::LevelRed && b.against == Token::Land && b.eyes.is_empty()));
        assert!(broken[0].to_string().contains("level_red"), "{}", broken[0]);
    }

    #[test]
    fn white_is_as_light_as_can_be() {
        let [l, a, b] = lab([1.0; 3]);
        assert!((l - 100.0).abs() < 0.1 && a.abs() < 0.5 && b.abs() < 0.5);
    }
}
