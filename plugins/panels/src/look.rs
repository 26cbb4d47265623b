//! Colours, sizes and fonts of the panels: tokens of `guanlan_core::theme` as egui values.

use std::sync::Arc;

use egui::{Color32, CornerRadius, FontData, FontDefinitions, FontFamily, FontId, Stroke, TextStyle};
use guanlan_core::{
    AlertLevel, Lang, Mode,
    theme::{Theme, Token},
};

/// Sizes of text in points. A panel uses three of them at most.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sizes {
    /// Labels, units.
    pub small: f32,
    /// Lines.
    pub body: f32,
    /// Titles and values in lists.
    pub title: f32,
    /// Figures.
    pub big: f32,
    /// Figures and sentences for leaders.
    pub head: f32,
}

impl Sizes {
    /// The desk's scale.
    pub const DESK: Self = Self { small: 13.0, body: 15.0, title: 18.0, big: 24.0, head: 36.0 };

    /// All sizes times a factor.
    #[must_use]
    pub fn times(self, k: f32) -> Self {
        Self {
            small: self.small * k,
            body: self.body * k,
            title: self.title * k,
            big: self.big * k,
            head: self.head * k,
        }
    }
}

/// How panels look and in which language they speak.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Look {
    /// Colours.
    pub theme: Theme,
    /// Language.
    pub lang: Lang,
    /// Sizes of text.
    pub sizes: Sizes,
}

impl Default for Look {
    fn default() -> Self {
        Self { theme: Theme::CommandDark, lang: Lang::Zh, sizes: Sizes::DESK }
    }
}

impl Look {
    /// A token as an opaque colour.
    #[must_use]
    pub fn color(&self, token: Token) -> Color32 {
        let c = self.theme.color(token);
        Color32::from_rgb(c.r, c.g, c.b)
    }

    /// A token at an opacity of 0–1.
    #[must_use]
    pub fn faint(&self, token: Token, alpha: f32) -> Color32 {
        self.color(token).gamma_multiply(alpha)
    }

    /// Text.
    #[must_use]
    pub fn text(&self) -> Color32 {
        self.color(Token::Text)
    }

    /// Second text.
    #[must_use]
    pub fn second(&self) -> Color32 {
        self.color(Token::TextSecond)
    }

    /// Selection and focus.
    #[must_use]
    pub fn accent(&self) -> Color32 {
        self.color(Token::Accent)
    }

    /// A level's colour.
    #[must_use]
    pub fn level(&self, level: AlertLevel) -> Color32 {
        self.color(level.token())
    }

    /// A mode's colour: only what is not the living city is coloured.
    #[must_use]
    pub fn mode(&self, mode: Mode) -> Color32 {
        match mode {
            Mode::Live => self.accent(),
            Mode::Demo => self.second(),
            Mode::Exercise => self.color(Token::Exercise),
            Mode::Replay => self.color(Token::LevelYellow),
            Mode::Forecast => self.color(Token::Flood1),
        }
    }

    /// Fill of panels: 86 % as the eye sees it. The renderer blends in linear light, where a dark colour needs 94 % to
    /// cover as much of a bright road.
    #[must_use]
    pub fn panel(&self) -> Color32 {
        let c = self.theme.color(Token::Panel);
        Color32::from_rgba_unmultiplied(c.r, c.g, c.b, 240)
    }

    /// The only line panels have.
    #[must_use]
    pub fn hairline(&self) -> Stroke {
        let c = self.theme.color(Token::Hairline);
        Stroke::new(1.0, Color32::from_rgba_unmultiplied(c.r, c.g, c.b, 20))
    }

    /// Regular weight.
    #[must_use]
    pub fn regular(&self, size: f32) -> FontId {
        FontId::new(size, FontFamily::Proportional)
    }

    /// Medium weight.
    #[must_use]
    pub fn medium(&self, size: f32) -> FontId {
        FontId::new(size, FontFamily::Name("medium".into()))
    }

    /// Bold weight.
    #[must_use]
    pub fn bold(&self, size: f32) -> FontId {
        FontId::new(size, FontFamily::Name("bold".into()))
    }
}

/// IBM Plex Sans for digits and Latin, Noto Sans SC for the rest, in three weights.
#[must_use]
pub fn fonts() -> FontDefinitions {
    let mut fonts = FontDefinitions::empty();
    let files: [(&str, &'static [u8]); 6] = [
        ("plex", include_bytes!("../../../assets/fonts/IBMPlexSans-Regular.ttf")),
        ("plex-medium", include_bytes!("../../../assets/fonts/IBMPlexSans-Medium.ttf")),
        ("plex-bold", include_bytes!("../../../assets/fonts/IBMPlexSans-SemiBold.ttf")),
        ("noto", include_bytes!("../../../assets/fonts/NotoSansSC-Regular.otf")),
        ("noto-medium", include_bytes!("../../../assets/fonts/NotoSansSC-Medium.otf")),
        ("noto-bold", include_bytes!("../../../assets/fonts/NotoSansSC-Bold.otf")),
    ];
    for (name, bytes) in files {
        fonts.font_data.insert(name.into(), Arc::new(FontData::from_static(bytes)));
    }
    // Medium and bold of the Chinese font hold the common characters: the regular one has the rest.
    for (family, order) in [
        (FontFamily::Proportional, ["plex", "noto", "noto"]),
        (FontFamily::Monospace, ["plex", "noto", "noto"]),
        (FontFamily::Name("medium".into()), ["plex-medium", "noto-medium", "noto"]),
        (FontFamily::Name("bold".into()), ["plex-bold", "noto-bold", "noto"]),
    ] {
        let mut list: Vec<String> = order.iter().map(ToString::to_string).collect();
        list.dedup();
        fonts.families.insert(family, list);
    }
    fonts
}

/// Puts fonts and style into a context.
pub fn dress(ctx: &egui::Context, look: &Look) {
    let look = *look;
    let visuals_of = move || {
        let mut v = if look.theme.is_dark() { egui::Visuals::dark() } else { egui::Visuals::light() };
        let panel = look.color(Token::Panel);
        let ink = |alpha: f32| look.text().gamma_multiply(alpha);
        v.override_text_color = None;
        v.panel_fill = panel;
        v.window_fill = panel;
        v.window_stroke = look.hairline();
        v.window_corner_radius = CornerRadius::same(6);
        v.menu_corner_radius = CornerRadius::same(6);
        v.popup_shadow = egui::Shadow::NONE;
        v.window_shadow = egui::Shadow::NONE;
        v.extreme_bg_color = look.color(Token::Space);
        v.selection.bg_fill = look.faint(Token::Accent, 0.28);
        v.selection.stroke = Stroke::new(1.0, look.accent());
        v.hyperlink_color = look.accent();
        for (w, fill, text) in [
            (&mut v.widgets.noninteractive, 0.0, look.text()),
            (&mut v.widgets.inactive, 0.08, look.text()),
            (&mut v.widgets.hovered, 0.16, look.text()),
            (&mut v.widgets.active, 0.24, look.text()),
            (&mut v.widgets.open, 0.12, look.text()),
        ] {
            w.bg_fill = ink(fill);
            w.weak_bg_fill = ink(fill);
            w.bg_stroke = Stroke::NONE;
            w.fg_stroke = Stroke::new(1.0, text);
            w.corner_radius = CornerRadius::same(4);
            w.expansion = 0.0;
        }
        v.widgets.noninteractive.bg_stroke = look.hairline();
        v
    };
    ctx.all_styles_mut(move |style| {
        style.visuals = visuals_of();
        let s = look.sizes;
        style.text_styles = [
            (TextStyle::Small, look.regular(s.small)),
            (TextStyle::Body, look.regular(s.body)),
            (TextStyle::Button, look.regular(s.body)),
            (TextStyle::Heading, look.medium(s.title)),
            (TextStyle::Monospace, look.regular(s.body)),
        ]
        .into();
        style.spacing.item_spacing = egui::vec2(8.0, 4.0);
        style.spacing.button_padding = egui::vec2(8.0, 3.0);
        style.spacing.interact_size = egui::vec2(24.0, 24.0);
        style.interaction.selectable_labels = false;
        style.animation_time = 0.2;
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_family_has_latin_first_and_the_full_chinese_font_last() {
        let fonts = fonts();
        for list in fonts.families.values() {
            assert!(list.first().is_some_and(|f| f.starts_with("plex")));
            assert_eq!(list.last().map(String::as_str), Some("noto"));
            assert!(list.iter().all(|f| fonts.font_data.contains_key(f)));
        }
        assert_eq!(fonts.families.len(), 4);
    }
}
