//! Paints what has a place: names with a dark rim, callouts on a plate, the lines to their marks.

use egui::{Align2, Color32, FontId, Painter, Pos2, Rect, Shape, Stroke, Vec2, epaint::TextShape, vec2};
use guanlan_city::model::AdminLevel;
use guanlan_core::theme::Token;

use super::names::NameKind;
use super::place::Obb;
use super::show::{Callout, Page};
use crate::{look::Look, ui::kit};

/// Font and colour of a name.
pub(super) fn style(kind: NameKind, look: &Look) -> (FontId, Color32) {
    let small = look.sizes.small;
    match kind {
        NameKind::Area(AdminLevel::City | AdminLevel::District, _) => {
            (look.medium(small + 5.0), look.faint(Token::Text, 0.9))
        }
        NameKind::Area(AdminLevel::Street, _) => (look.medium(small + 3.0), look.faint(Token::Text, 0.85)),
        NameKind::Area(..) => (look.regular(small), look.faint(Token::TextSecond, 0.85)),
        NameKind::Quarter => (look.medium(small + 2.0), look.faint(Token::Text, 0.8)),
        NameKind::Place => (look.regular(small), look.faint(Token::Text, 0.8)),
    }
}

/// A name of an area or place, with its figures where it has some.
pub(super) fn paint_name(painter: &Painter, page: &Page<'_>, i: usize, at: Obb, look: &Look) {
    let name = &page.names.places[i];
    let (font, color) = style(name.kind, look);
    let color = color.gamma_multiply(page.names_opacity);
    let line = match name.kind {
        NameKind::Area(_, area) => page.areas.get(&area).filter(|l| !l.0.is_empty()),
        _ => None,
    };
    let words = name.name.get(look.lang);
    // Where one has drilled in, the areas below are what is looked at.
    let color = if page.drilled && line.is_some() { look.text().gamma_multiply(page.names_opacity) } else { color };
    let Some((line, level)) = line else {
        rimmed(painter, words, font, color, at.centre, 0.0, look);
        return;
    };
    let s = look.sizes.small;
    let below = s * 0.7;
    rimmed(painter, words, font, color, at.centre - vec2(0.0, below), 0.0, look);
    let sub = at.centre + vec2(s * 0.5, at.half.y - below - 1.0);
    let width = painter.layout_no_wrap(line.clone(), look.regular(s), color).size().x;
    kit::level_mark(painter, look, *level, sub - vec2(width * 0.5 + s * 0.6, 0.0), s * 0.4);
    rimmed(painter, line, look.regular(s), look.second().gamma_multiply(page.names_opacity), sub, 0.0, look);
}

/// Words with a dark rim instead of a box: what lies below stays visible.
pub(super) fn rimmed(
    painter: &Painter,
    words: &str,
    font: FontId,
    color: Color32,
    centre: Pos2,
    angle: f32,
    look: &Look,
) {
    let galley = painter.layout_no_wrap(words.to_owned(), font, color);
    let min = centre - galley.size() * 0.5;
    let rim = look.faint(Token::Space, 0.75 * f32::from(color.a()) / 255.0);
    for (dx, dy) in [(-1.0, 0.0), (1.0, 0.0), (0.0, -1.0), (0.0, 1.0)] {
        let shape = TextShape::new(min + vec2(dx, dy), galley.clone(), rim)
            .with_override_text_color(rim)
            .with_angle_and_anchor(angle, Align2::CENTER_CENTER);
        painter.add(Shape::Text(shape));
    }
    painter.add(Shape::Text(TextShape::new(min, galley, color).with_angle_and_anchor(angle, Align2::CENTER_CENTER)));
}

/// What a callout takes, from the sizes of its lines.
pub(super) fn callout_size(title: Vec2, line: Vec2, look: &Look) -> Vec2 {
    let mark = look.sizes.small;
    let line_h = if line.x > 0.5 { line.y } else { 0.0 };
    vec2((title.x + mark + 6.0).max(line.x) + 16.0, title.y + line_h + 8.0)
}

/// A callout with the line to its mark.
pub(super) fn paint_callout(painter: &Painter, c: &Callout, rect: Rect, look: &Look) {
    let s = look.sizes;
    let title = painter.layout_no_wrap(c.title.clone(), look.medium(s.small), look.text());
    let stroke = if c.chosen { Stroke::new(1.0, look.accent()) } else { look.hairline() };
    leader(painter, c.at, rect, look.faint(Token::Text, 0.7), look);
    painter.rect(rect, 4.0, look.color(Token::Panel).gamma_multiply(0.95), stroke, egui::StrokeKind::Inside);
    let at = rect.min + vec2(8.0, 4.0);
    kit::level_mark(painter, look, c.level, at + vec2(s.small * 0.4, title.size().y * 0.5), s.small * 0.45);
    let below = title.size().y;
    painter.galley(at + vec2(s.small + 2.0, 0.0), title, look.text());
    if !c.line.is_empty() {
        let line = painter.layout_no_wrap(c.line.clone(), look.regular(s.small), look.second());
        painter.galley(at + vec2(0.0, below), line, look.second());
    }
}

/// A thin line from a mark to its words, with a dark rim over a bright city.
pub(super) fn leader(painter: &Painter, from: Pos2, rect: Rect, color: Color32, look: &Look) {
    let to = rect.clamp(from);
    let d = to - from;
    // The head of a pin covers the first points.
    if d.length() > 18.0 {
        let ends = [from + d.normalized() * 16.0, to];
        painter.line_segment(ends, Stroke::new(3.0, look.faint(Token::Space, 0.55)));
        painter.line_segment(ends, Stroke::new(1.2, color));
    }
}
