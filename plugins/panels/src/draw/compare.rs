//! The divider of a comparison: names on both sides, a handle to drag, buttons to change or end it.

use egui::{Align2, CornerRadius, Order, Rect, Sense, Shape, Stroke, Vec2, pos2, vec2};
use guanlan_core::theme::Token;

use super::Stage;
use crate::{action::UiAction, look::Look, state::Desk, ui::kit, words::tr};

/// Radius of the handle, points.
const HANDLE: f32 = 15.0;
/// Room above the names, points: the line of areas and panels is there.
const TOP: f32 = 56.0;

/// The same while the word of an exercise stands there.
const BELOW_THE_WORD: f32 = 140.0;

/// Place of the divider, points from the left; `None` while nothing is compared.
fn divider_x(stage: &Stage, screen: Vec2) -> Option<f32> {
    (stage.divider.swipes || stage.divider.splits).then(|| stage.divider.share * screen.x)
}

/// The part of the map that is seen by the eye that labels are placed for: left of a divider between two views.
pub(super) fn seen_part(stage: &Stage, map: Rect, screen: Vec2) -> Rect {
    match divider_x(stage, screen).filter(|_| stage.divider.splits) {
        Some(x) => Rect::from_min_max(map.min, pos2(x.clamp(map.left() + 1.0, map.right()), map.bottom())),
        None => map,
    }
}

/// Draws names and handle. Returns what they cover.
pub(super) fn divider_ui(
    ctx: &egui::Context,
    stage: &mut Stage,
    (desk, exercise): (&Desk, bool),
    (map, screen): (Rect, Vec2),
    look: &Look,
    actions: &mut Vec<UiAction>,
) -> Vec<Rect> {
    let Some(x) = divider_x(stage, screen) else { return Vec::new() };
    let top = map.top() + if exercise { BELOW_THE_WORD } else { TOP };
    // No word lies over the divider itself.
    let mut covered = vec![Rect::from_min_max(pos2(x - 8.0, map.top()), pos2(x + 8.0, map.bottom()))];
    let painter = ctx.layer_painter(egui::LayerId::new(Order::Middle, egui::Id::new("compare-names")));
    let font = look.bold(look.sizes.title);
    for (side, name) in stage.compare.names.iter().enumerate() {
        let words = name.get(look.lang);
        if words.is_empty() {
            continue;
        }
        let galley = painter.layout_no_wrap(words.to_owned(), font.clone(), look.text());
        let size = galley.size() + vec2(20.0, 8.0);
        let left = if side == 0 { x - 12.0 - size.x } else { x + 12.0 };
        let rect = Rect::from_min_size(pos2(left, top), size);
        painter.rect(rect, CornerRadius::same(6), look.panel(), look.hairline(), egui::StrokeKind::Inside);
        painter.galley(rect.min + vec2(10.0, 4.0), galley, look.text());
        covered.push(rect);
    }
    if stage.divider.swipes {
        covered.push(handle(ctx, stage, x, map, look));
    }
    if desk.compare.is_some() {
        covered.push(buttons(ctx, stage, x, map, look, actions));
    }
    covered
}

/// The grip in the middle of the divider.
fn handle(ctx: &egui::Context, stage: &mut Stage, x: f32, map: Rect, look: &Look) -> Rect {
    let centre = pos2(x, map.center().y);
    let rect = Rect::from_center_size(centre, Vec2::splat(2.0 * HANDLE));
    let id = egui::Id::new("compare-handle");
    let area = egui::Area::new(id).fixed_pos(rect.min).order(Order::Middle).constrain(false).fade_in(false);
    let response = area.show(ctx, |ui| ui.allocate_rect(rect, Sense::drag())).inner;
    let painter = ctx.layer_painter(egui::LayerId::new(Order::Middle, id));
    let held = response.dragged() || response.hovered();
    let ink = if held { look.color(Token::Space) } else { look.accent() };
    let fill = if held { look.accent() } else { look.panel() };
    painter.circle(centre, HANDLE - 1.0, fill, Stroke::new(1.5, look.accent()));
    for side in [-1.0, 1.0] {
        let tip = centre + vec2(side * 9.0, 0.0);
        let back = centre.x + side * 4.0;
        let points = vec![tip, pos2(back, centre.y - 4.5), pos2(back, centre.y + 4.5)];
        painter.add(Shape::convex_polygon(points, ink, Stroke::NONE));
    }
    if response.dragged()
        && let Some(at) = response.interact_pointer_pos()
    {
        // Names stay readable on both sides.
        stage.compare.divider = ((at.x - map.left()) / map.width().max(1.0)).clamp(0.04, 0.96);
    }
    if response.hovered() || response.dragged() {
        ctx.set_cursor_icon(egui::CursorIcon::ResizeHorizontal);
    }
    rect
}

/// One view or two, and the end.
fn buttons(ctx: &egui::Context, stage: &Stage, x: f32, map: Rect, look: &Look, actions: &mut Vec<UiAction>) -> Rect {
    let area = egui::Area::new(egui::Id::new("compare-buttons")).order(Order::Middle).fade_in(false);
    let at = pos2(x, map.bottom() - 12.0);
    let shown = area.pivot(Align2::CENTER_BOTTOM).fixed_pos(at).constrain_to(map).show(ctx, |ui| {
        let frame = egui::Frame::new().fill(look.panel()).stroke(look.hairline()).corner_radius(CornerRadius::same(6));
        frame.inner_margin(egui::Margin::symmetric(8, 4)).show(ui, |ui| {
            ui.horizontal(|ui| {
                ui.spacing_mut().item_spacing.x = 4.0;
                let beside = stage.compare.is_side_by_side();
                for (on, key) in [(false, "k-compare-swipe"), (true, "k-compare-beside")] {
                    if kit::button(ui, look, tr(look.lang, key), beside == on).clicked() && beside != on {
                        actions.push(UiAction::CompareSideBySide(on));
                    }
                }
                if kit::button(ui, look, tr(look.lang, "k-compare-end"), false).clicked() {
                    actions.push(UiAction::Compare(None));
                }
            });
        });
    });
    shown.response.rect
}
