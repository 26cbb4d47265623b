//! Messages that go by themselves, with a way back where there is one.

use egui::{Align2, CornerRadius, Margin, vec2};
use guanlan_core::theme::Token;

use super::kit;
use crate::{
    action::UiAction,
    look::Look,
    state::{Toast, Tone},
    words::tr,
};

/// Messages above the time bar, in the middle of the map.
pub fn toasts_ui(ctx: &egui::Context, toasts: &[Toast], map: egui::Rect, look: &Look) -> Vec<UiAction> {
    let mut actions = Vec::new();
    // The words about the water and the buttons of a comparison keep the lowest line.
    let mut bottom = map.bottom() - 56.0;
    for toast in toasts.iter().rev() {
        let response = egui::Area::new(egui::Id::new(("toast", toast.id)))
            .order(egui::Order::Foreground)
            .pivot(Align2::CENTER_BOTTOM)
            .fixed_pos(egui::pos2(map.center().x, bottom))
            .show(ctx, |ui| {
                egui::Frame::new()
                    .fill(look.color(Token::Panel))
                    .stroke(look.hairline())
                    .corner_radius(CornerRadius::same(6))
                    .inner_margin(Margin::symmetric(12, 8))
                    .show(ui, |ui| {
                        ui.set_max_width(map.width().min(640.0) - 24.0);
                        ui.horizontal(|ui| {
                            let (rect, _) = ui.allocate_exact_size(vec2(4.0, 20.0), egui::Sense::hover());
                            let color = match toast.tone {
                                Tone::Done => look.accent(),
                                Tone::Refused => look.color(Token::LevelOrange),
                            };
                            ui.painter().rect_filled(rect, CornerRadius::same(2), color);
                            kit::wrapped(ui, &toast.text, look.regular(look.sizes.body), look.text());
                            if let Some(undo) = &toast.undo
                                && kit::button(ui, look, tr(look.lang, "k-undo"), false).clicked()
                            {
                                actions.push(UiAction::Send(undo.clone()));
                                actions.push(UiAction::Dismiss(toast.id));
                            }
                            if kit::button(ui, look, tr(look.lang, "k-dismiss"), false).clicked() {
                                actions.push(UiAction::Dismiss(toast.id));
                            }
                        });
                    });
            })
            .response;
        bottom -= response.rect.height() + 8.0;
    }
    actions
}
