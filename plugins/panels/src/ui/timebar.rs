//! The bar at the bottom: the one control every mode shares.

use egui::{Align2, CornerRadius, Rect, Sense, Stroke, Ui, pos2, vec2};
use guanlan_core::theme::Token;

use super::kit;
use crate::{
    action::UiAction,
    look::Look,
    vm::{
        clock,
        timebar::{MarkKind, TimeBarVm},
    },
    words::tr,
};

/// Speeds offered.
pub const SPEEDS: [f64; 4] = [1.0, 4.0, 20.0, 60.0];

/// Buttons at the left, the bar at the right.
pub fn timebar_ui(ui: &mut Ui, vm: &TimeBarVm, look: &Look) -> Vec<UiAction> {
    let mut actions = Vec::new();
    let (s, lang) = (look.sizes, look.lang);
    let whole = ui.max_rect();
    let mut left = ui.new_child(
        egui::UiBuilder::new()
            .max_rect(Rect::from_min_size(whole.min, vec2(264.0_f32.min(whole.width() * 0.3), whole.height())))
            .layout(egui::Layout::left_to_right(egui::Align::Center)),
    );
    left.spacing_mut().item_spacing.x = 6.0;
    if vm.movable {
        let words = if vm.paused { tr(lang, "k-play") } else { tr(lang, "k-pause") };
        if kit::button(&mut left, look, words, false).clicked() {
            actions.push(UiAction::TogglePause);
        }
        let next = SPEEDS.iter().copied().find(|s| *s > vm.speed + 0.01).unwrap_or(SPEEDS[0]);
        if kit::button(&mut left, look, &format!("×{:.0}", vm.speed), false).clicked() {
            actions.push(UiAction::Speed(next));
        }
        let (words, back) = back(vm);
        if kit::button(&mut left, look, tr(lang, words), true).clicked() {
            actions.push(back);
        }
    } else {
        let words = format!("{} {}", vm.mode.name().get(lang), vm.at.format_local("%H:%M:%S"));
        left.label(egui::RichText::new(words).font(look.medium(s.body)).color(look.text()));
        let hint = tr(lang, "k-drag-back");
        left.add(
            egui::Label::new(egui::RichText::new(hint).font(look.regular(s.small)).color(look.second())).truncate(),
        );
    }
    let line = Rect::from_min_max(pos2(whole.left() + 272.0_f32.min(whole.width() * 0.31), whole.top()), whole.max);
    track(ui, vm, line, look, &mut actions);
    actions
}

/// Out of the past of an exercise one comes back to the exercise, else to the living room.
fn back(vm: &TimeBarVm) -> (&'static str, UiAction) {
    if vm.exercise && vm.replay {
        ("k-back-to-exercise", UiAction::BackToExercise)
    } else {
        ("k-back-to-live", UiAction::BackToLive)
    }
}

fn track(ui: &mut Ui, vm: &TimeBarVm, area: Rect, look: &Look, actions: &mut Vec<UiAction>) {
    let response = ui.interact(area, ui.id().with("track"), Sense::click_and_drag());
    let painter = ui.painter();
    let y = area.center().y - 5.0;
    let x_of = |at| area.left() + area.width() * vm.share(at);
    let now_x = x_of(vm.now);
    let rail = |from: f32, to: f32| Rect::from_min_max(pos2(from, y - 3.0), pos2(to, y + 3.0));
    painter.rect_filled(rail(area.left(), now_x), CornerRadius::same(3), look.faint(Token::Text, 0.16));
    // What has not happened yet: dashed.
    let mut x = now_x + 6.0;
    while x < area.right() {
        let end = (x + 6.0).min(area.right());
        painter.hline(x..=end, y, Stroke::new(2.0, look.faint(Token::Flood1, 0.45)));
        x += 12.0;
    }
    let font = look.regular(look.sizes.small);
    let quarter = 900_000;
    let mut tick = guanlan_core::Stamp(vm.from.0.div_euclid(quarter) * quarter + quarter);
    while tick < vm.to {
        let x = x_of(tick);
        let half = tick.0.rem_euclid(2 * quarter) == 0;
        painter.vline(x, (y + 7.0)..=(y + if half { 12.0 } else { 9.0 }), look.hairline());
        if half && (x - now_x).abs() > 44.0 && x > area.left() + 24.0 && x < area.right() - 20.0 {
            let at = pos2(x, area.bottom() + 4.0);
            kit::words_at(painter, at, Align2::CENTER_BOTTOM, &clock(tick), font.clone(), look.second());
        }
        tick = tick + quarter;
    }
    for mark in &vm.marks {
        let x = x_of(mark.at);
        match mark.kind {
            MarkKind::Alert => kit::level_mark(painter, look, mark.level, pos2(x, y - 10.0), 4.5),
            MarkKind::Case => {
                painter.vline(x, (y - 3.0)..=(y + 3.0), Stroke::new(1.5, look.level(mark.level)));
            }
        }
    }
    let at = pos2(now_x, area.bottom() + 4.0);
    let word = tr(look.lang, "k-now");
    kit::words_at(painter, at, Align2::CENTER_BOTTOM, word, look.medium(look.sizes.small), look.text());
    painter.vline(now_x, (y - 8.0)..=(y + 10.0), Stroke::new(1.5, look.text()));
    let dragged = response.dragged() || response.drag_stopped() || response.clicked();
    let pointer = response.interact_pointer_pos().filter(|_| dragged);
    let shown = pointer.map(|p| vm.instant((p.x - area.left()) / area.width().max(1.0)));
    let head = shown.unwrap_or(vm.at);
    if vm.replay || shown.is_some() {
        let x = x_of(head);
        let color = look.color(Token::LevelYellow);
        painter.vline(x, (y - 12.0)..=(y + 12.0), Stroke::new(2.0, color));
        let words = head.format_local("%H:%M:%S");
        // Beside the line, over the marks there.
        let (anchor, aside) =
            if x > area.right() - 70.0 { (Align2::RIGHT_BOTTOM, -9.0) } else { (Align2::LEFT_BOTTOM, 9.0) };
        let font = look.medium(look.sizes.small);
        kit::plated(painter, pos2(x + aside, y - 5.0), anchor, &words, font, [color, look.faint(Token::Panel, 0.96)]);
    }
    if let Some(at) = shown.filter(|_| response.drag_stopped() || response.clicked()) {
        if vm.now - at >= 5_000 {
            actions.push(UiAction::Seek(at));
        } else if vm.replay || !vm.exercise {
            actions.push(back(vm).1);
        }
    } else if let (Some(at), true, true) = (shown, vm.replay, response.dragged()) {
        // A replay that is open follows the hand.
        if (at - vm.at).abs() > 10_000 {
            actions.push(UiAction::Seek(at));
        }
    }
}
