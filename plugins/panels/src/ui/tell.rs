//! The tooltip at a desk and the callouts pinned on a wall.

use egui::{Color32, CornerRadius, Painter, Pos2, Rect, Ui, Vec2, pos2, vec2};
use guanlan_core::{AlertLevel, SensorId};

use super::kit;
use crate::{action::UiAction, look::Look, subject::Subject, vm::tell::Told, words::tr};

/// Width of the labels' column, points.
const LABEL_W: f32 = 62.0;
/// Width of the values' column, points.
const VALUE_W: f32 = 196.0;
const PAD: f32 = 10.0;

fn k(look: &Look) -> f32 {
    look.sizes.small / 13.0
}

/// Height of the line that leads on, points.
const LINK_H: f32 = 22.0;

/// The stream whose past a callout leads to.
fn trend_of(told: &Told) -> Option<&SensorId> {
    match &told.subject {
        Subject::Sensor(id) => Some(id),
        _ => None,
    }
}

/// Size of the words of a mark, measured; a pinned one has a line that leads on.
#[must_use]
pub fn size(painter: &Painter, told: &Told, pinned: bool, look: &Look) -> Vec2 {
    let width = (LABEL_W + VALUE_W) * k(look) + 2.0 * PAD;
    let title = look.medium(look.sizes.body);
    let mut height = painter.layout(told.title.clone(), title, Color32::WHITE, width - 60.0).size().y + 4.0;
    for (_, value) in &told.lines {
        height += value_galley(painter, value, look).size().y + 2.0;
    }
    vec2(width, height + 2.0 * PAD + if pinned && trend_of(told).is_some() { LINK_H * k(look) } else { 0.0 })
}

fn value_galley(painter: &Painter, value: &str, look: &Look) -> std::sync::Arc<egui::Galley> {
    painter.layout(value.to_owned(), look.regular(look.sizes.small), look.text(), VALUE_W * k(look))
}

/// Paints the words of a mark into a box.
fn paint(painter: &Painter, rect: Rect, told: &Told, look: &Look) {
    let s = look.sizes;
    let mut at = rect.min + vec2(PAD, PAD);
    let mut x = at.x;
    if told.level > AlertLevel::Normal {
        kit::level_mark(painter, look, told.level, at + vec2(7.0, s.body * 0.65), s.body * 0.45);
        x += 20.0;
    }
    let title = painter.layout(told.title.clone(), look.medium(s.body), look.text(), rect.width() - 60.0);
    let height = title.size().y;
    painter.galley(pos2(x, at.y), title, look.text());
    at.y += height + 4.0;
    for (label, value) in &told.lines {
        if !label.is_empty() {
            let font = look.regular(s.small);
            kit::words_at(painter, at, egui::Align2::LEFT_TOP, tr(look.lang, label), font, look.second());
        }
        let galley = value_galley(painter, value, look);
        let h = galley.size().y;
        painter.galley(at + vec2(LABEL_W * k(look), 0.0), galley, look.text());
        at.y += h + 2.0;
    }
}

/// The tooltip beside the pointer, within the map.
pub fn tooltip_ui(ctx: &egui::Context, told: &Told, pointer: Pos2, map: Rect, look: &Look) {
    let layer = egui::LayerId::new(egui::Order::Tooltip, egui::Id::new("told"));
    let painter = ctx.layer_painter(layer);
    let size = size(&painter, told, false, look);
    let x = if pointer.x + 18.0 + size.x < map.right() { pointer.x + 18.0 } else { pointer.x - 18.0 - size.x };
    let y = (pointer.y + 14.0).min(map.bottom() - size.y).max(map.top());
    let rect = Rect::from_min_size(pos2(x, y), size);
    painter.rect(rect, CornerRadius::same(6), look.panel(), look.hairline(), egui::StrokeKind::Inside);
    paint(&painter, rect, told, look);
}

/// A pinned callout in its place.
pub fn pin_ui(ctx: &egui::Context, told: &Told, number: usize, rect: Rect, look: &Look) -> Vec<UiAction> {
    let mut actions = Vec::new();
    let id = egui::Id::new(("pin", &told.subject));
    let area = egui::Area::new(id).fixed_pos(rect.min).order(egui::Order::Middle).constrain(false).fade_in(false);
    area.sense(egui::Sense::click()).show(ctx, |ui: &mut Ui| {
        ui.set_clip_rect(rect.expand(1.0));
        ui.allocate_rect(rect, egui::Sense::hover());
        let frame = egui::Stroke::new(1.0, look.faint(guanlan_core::theme::Token::Accent, 0.7));
        ui.painter().rect(rect, CornerRadius::same(6), look.panel(), frame, egui::StrokeKind::Inside);
        paint(ui.painter(), rect, told, look);
        let close = Rect::from_center_size(rect.right_top() + vec2(-16.0, 18.0), vec2(22.0, 22.0));
        let response = ui.interact(close, id.with("close"), egui::Sense::click());
        let ink = if response.hovered() { look.text() } else { look.second() };
        let (a, b) = (close.center(), 4.5);
        ui.painter().line_segment([a - vec2(b, b), a + vec2(b, b)], egui::Stroke::new(1.5, ink));
        ui.painter().line_segment([a - vec2(b, -b), a + vec2(b, -b)], egui::Stroke::new(1.5, ink));
        if response.clicked() {
            actions.push(UiAction::Unpin(number));
        }
        if let Some(sensor) = trend_of(told) {
            let at = pos2(rect.left() + PAD, rect.bottom() - PAD - LINK_H * k(look) + 2.0);
            let link = Rect::from_min_size(at, vec2(120.0 * k(look), LINK_H * k(look)));
            let response = ui.interact(link, id.with("trend"), egui::Sense::click());
            let ink = if response.hovered() { look.text() } else { look.accent() };
            let words = format!("{} ›", tr(look.lang, "k-trend"));
            let font = look.medium(look.sizes.small);
            kit::words_at(ui.painter(), link.left_center(), egui::Align2::LEFT_CENTER, &words, font, ink);
            if response.clicked() {
                actions.push(UiAction::Trend(Some(sensor.clone())));
            }
        }
    });
    actions
}
