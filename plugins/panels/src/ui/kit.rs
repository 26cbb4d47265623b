//! Small parts every panel is made of.

use egui::{
    Align, Align2, Color32, CornerRadius, FontId, Layout, Painter, Pos2, Rect, Response, Sense, Shape, Stroke, Ui,
    UiBuilder, Vec2, pos2, vec2,
};
use guanlan_core::{AlertLevel, level::Shape as LevelShape, theme::Token};

use crate::{look::Look, vm::headline::Lamp};

/// Margin inside a panel.
pub const MARGIN: f32 = 12.0;

/// A panel in a fixed place: 86 % fill, radius 6, a hairline. It takes the pointer.
pub fn panel<R>(ctx: &egui::Context, id: &str, rect: Rect, look: &Look, add: impl FnOnce(&mut Ui) -> R) -> R {
    let response = egui::Area::new(egui::Id::new(id))
        .fixed_pos(rect.min)
        .order(egui::Order::Middle)
        .constrain(false)
        .fade_in(false)
        .interactable(true)
        .sense(Sense::click())
        .show(ctx, |ui| {
            ui.set_clip_rect(rect.expand(1.0));
            ui.allocate_rect(rect, Sense::hover());
            ui.painter().rect(rect, CornerRadius::same(6), look.panel(), look.hairline(), egui::StrokeKind::Inside);
            let inner = rect.shrink(MARGIN);
            let mut child = ui.new_child(UiBuilder::new().max_rect(inner).layout(Layout::top_down(Align::Min)));
            child.set_clip_rect(rect.shrink2(vec2(2.0, 4.0)));
            add(&mut child)
        });
    response.inner
}

/// A line of text that is cut at the width there is.
pub fn text(ui: &mut Ui, words: &str, font: FontId, color: Color32) -> Response {
    ui.add(egui::Label::new(egui::RichText::new(words).font(font).color(color)).truncate())
}

/// A line of text in a place of its own, from its left edge, cut at its right one.
pub fn text_in(ui: &mut Ui, rect: Rect, words: &str, font: FontId, color: Color32) {
    let layout = Layout::left_to_right(Align::Center);
    let mut child = ui.new_child(UiBuilder::new().max_rect(rect).layout(layout));
    child.add(
        egui::Label::new(egui::RichText::new(words).font(font).color(color))
            .truncate()
            .selectable(false)
            .sense(Sense::hover()),
    );
}

/// Text over several lines.
pub fn wrapped(ui: &mut Ui, words: &str, font: FontId, color: Color32) -> Response {
    ui.add(egui::Label::new(egui::RichText::new(words).font(font).color(color)).wrap())
}

/// Title of a panel with something at the right end.
pub fn heading<R>(ui: &mut Ui, look: &Look, words: &str, right: impl FnOnce(&mut Ui) -> R) -> R {
    let width = ui.available_width();
    ui.allocate_ui_with_layout(vec2(width, 24.0), Layout::right_to_left(Align::Center), |ui| {
        let r = right(ui);
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            text(ui, words, look.medium(look.sizes.title), look.text());
        });
        r
    })
    .inner
}

/// A small button. The forward one is in the accent colour.
pub fn button(ui: &mut Ui, look: &Look, words: &str, forward: bool) -> Response {
    let ink = if forward { look.color(Token::Space) } else { look.text() };
    let mut button = egui::Button::new(egui::RichText::new(words).font(look.medium(look.sizes.small)).color(ink))
        .min_size(vec2(0.0, 24.0));
    if forward {
        button = button.fill(look.accent());
    }
    ui.add(button)
}

/// Height of as many whole rows as there is room for: no row is cut at the edge of a panel.
#[must_use]
pub fn whole_rows(ui: &Ui, row_h: f32) -> f32 {
    let step = row_h + ui.spacing().item_spacing.y;
    ((ui.available_height() + ui.spacing().item_spacing.y) / step).floor().max(1.0) * step - ui.spacing().item_spacing.y
}

/// A tick: done.
pub fn tick(painter: &Painter, centre: Pos2, radius: f32, color: Color32) {
    let at = |x: f32, y: f32| centre + vec2(x, y) * radius;
    painter.line(vec![at(-1.0, 0.05), at(-0.3, 0.75), at(1.0, -0.7)], egui::Stroke::new(1.5, color));
}

/// A thin line over the width.
pub fn rule(ui: &mut Ui, look: &Look) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 9.0), Sense::hover());
    ui.painter().hline(rect.x_range(), rect.center().y, look.hairline());
}

/// Corners of a level's shape around a centre.
fn corners(shape: LevelShape, c: Pos2, r: f32) -> Vec<Pos2> {
    let ring = |n: usize, turn: f32, r: f32| -> Vec<Pos2> {
        (0..n)
            .map(|i| {
                let a = turn + std::f32::consts::TAU * i as f32 / n as f32;
                pos2(c.x + r * a.sin(), c.y - r * a.cos())
            })
            .collect()
    };
    match shape {
        LevelShape::Triangle => ring(3, 0.0, r * 1.12).into_iter().map(|p| p + vec2(0.0, r * 0.16)).collect(),
        LevelShape::Diamond => ring(4, 0.0, r * 1.08),
        LevelShape::Octagon => ring(8, std::f32::consts::TAU / 16.0, r),
        LevelShape::Dot | LevelShape::Circle => Vec::new(),
    }
}

/// A level as shape and colour.
pub fn level_mark(painter: &Painter, look: &Look, level: AlertLevel, centre: Pos2, radius: f32) {
    let color = look.level(level);
    match level.shape() {
        LevelShape::Dot => {
            painter.circle_filled(centre, radius * 0.5, color);
        }
        LevelShape::Circle => {
            painter.circle_filled(centre, radius * 0.9, color);
        }
        shape => {
            painter.add(Shape::convex_polygon(corners(shape, centre, radius), color, Stroke::NONE));
        }
    }
}

/// Health in colour and shape: a dot, a ring, a square.
pub fn lamp(ui: &mut Ui, look: &Look, lamp: Lamp) {
    let (rect, _) = ui.allocate_exact_size(vec2(12.0, 12.0), Sense::hover());
    let painter = ui.painter();
    match lamp {
        Lamp::Well => painter.circle_filled(rect.center(), 4.0, look.faint(Token::Accent, 0.8)),
        Lamp::Strained => painter.circle_stroke(rect.center(), 4.5, Stroke::new(2.5, look.color(Token::LevelYellow))),
        Lamp::Ill => painter.rect_filled(rect.shrink(1.5), CornerRadius::ZERO, look.color(Token::LevelRed)),
    };
}

/// A level with room around it, in a line of text.
pub fn level_dot(ui: &mut Ui, look: &Look, level: AlertLevel, radius: f32) {
    let (rect, _) = ui.allocate_exact_size(Vec2::splat(radius * 2.4), Sense::hover());
    level_mark(ui.painter(), look, level, rect.center(), radius);
}

/// A ring: elapsed share of the allowed time, with the level in its middle; overdue has a halo.
pub fn ring(painter: &Painter, look: &Look, centre: Pos2, radius: f32, elapsed: Option<f32>, level: AlertLevel) {
    let share = elapsed.unwrap_or(0.0);
    let late = share > 1.0;
    let color = if late { look.color(Token::LevelRed) } else { look.text() };
    painter.circle_stroke(centre, radius, Stroke::new(2.0, look.faint(Token::Text, 0.18)));
    let n = 48;
    let upto = (share.clamp(0.0, 1.0) * n as f32).round() as usize;
    if upto > 0 {
        let points = (0..=upto)
            .map(|i| {
                let a = std::f32::consts::TAU * i as f32 / n as f32;
                pos2(centre.x + radius * a.sin(), centre.y - radius * a.cos())
            })
            .collect();
        painter.add(Shape::line(points, Stroke::new(2.5, color)));
    }
    if late {
        painter.circle_stroke(centre, radius + 3.5, Stroke::new(1.5, look.faint(Token::LevelRed, 0.55)));
    }
    level_mark(painter, look, level, centre, radius * 0.52);
}

/// A curve without axes, with the threshold as a faint line.
pub fn sparkline(ui: &mut Ui, look: &Look, points: &[[f64; 2]], threshold: Option<f64>, color: Color32, size: Vec2) {
    let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
    if points.len() < 2 {
        return;
    }
    let (mut low, mut high) = (0f64, 0f64);
    for v in points.iter().map(|p| p[1]).chain(threshold) {
        low = low.min(v);
        high = high.max(v);
    }
    let high = if high - low < 1e-9 { low + 1.0 } else { high };
    let first = points[0][0];
    let place = |p: [f64; 2]| {
        let x = if first < -1e-9 { 1.0 - p[0] / first } else { 1.0 };
        let y = (p[1] - low) / (high - low);
        pos2(rect.left() + rect.width() * x.clamp(0.0, 1.0) as f32, rect.bottom() - rect.height() * y as f32)
    };
    let painter = ui.painter();
    if let Some(t) = threshold {
        painter.hline(rect.x_range(), place([0.0, t]).y, Stroke::new(1.0, look.faint(Token::TextSecond, 0.4)));
    }
    painter.add(Shape::line(points.iter().map(|p| place(*p)).collect(), Stroke::new(1.5, color)));
    if let Some(last) = points.last() {
        painter.circle_filled(place(*last), 2.0, color);
    }
}

/// Number first, label under it, unit small behind it. Left-aligned: figures of a column line up.
pub fn figure(ui: &mut Ui, look: &Look, value: &str, unit: &str, label: &str, size: f32, color: Color32) {
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 3.0;
            ui.label(egui::RichText::new(value).font(look.medium(size)).color(color));
            if !unit.is_empty() {
                ui.label(egui::RichText::new(unit).font(look.regular(look.sizes.small)).color(look.second()));
            }
        });
        text(ui, label, look.regular(look.sizes.small), look.second());
    });
}

/// A share as a thin bar.
pub fn bar(ui: &mut Ui, look: &Look, share: f32, color: Color32, size: Vec2) {
    let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
    ui.painter().rect_filled(rect, CornerRadius::same(2), look.faint(Token::Text, 0.1));
    let mut full = rect;
    full.set_width(rect.width() * share.clamp(0.0, 1.0));
    ui.painter().rect_filled(full, CornerRadius::same(2), color);
}

/// A word on a coloured field.
pub fn badge(ui: &mut Ui, look: &Look, words: &str, color: Color32, size: f32) -> Response {
    let galley = ui.painter().layout_no_wrap(words.to_owned(), look.bold(size), look.color(Token::Space));
    let (rect, response) = ui.allocate_exact_size(galley.size() + vec2(16.0, 6.0), Sense::click());
    ui.painter().rect_filled(rect, CornerRadius::same(4), color);
    ui.painter().galley(rect.center() - galley.size() * 0.5, galley, look.color(Token::Space));
    response
}

/// Words at a point of a painter.
pub fn words_at(painter: &Painter, at: Pos2, anchor: Align2, words: &str, font: FontId, color: Color32) -> Rect {
    painter.text(at, anchor, words, font, color)
}

/// Words at a point of a painter on a field of the panels' colour: they are read over lit windows and marks, too.
pub fn plated(painter: &Painter, at: Pos2, anchor: Align2, words: &str, font: FontId, colors: [Color32; 2]) {
    let [ink, field] = colors;
    let galley = painter.layout_no_wrap(words.to_owned(), font, ink);
    let rect = anchor.anchor_size(at, galley.size());
    painter.rect_filled(rect.expand2(vec2(6.0, 3.0)), CornerRadius::same(4), field);
    painter.galley(rect.min, galley, ink);
}
