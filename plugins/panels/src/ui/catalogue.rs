//! 数据目录 on the screen.

use egui::{Ui, vec2};
use guanlan_core::theme::Token;

use super::kit;
use crate::{
    action::UiAction,
    layout::Side,
    look::Look,
    vm::{
        catalogue::{CatalogueVm, SourceRow},
        headline::Lamp,
    },
    words::{tr, tr_with},
};

/// The panel.
pub fn catalogue_ui(ui: &mut Ui, vm: &CatalogueVm, look: &Look) -> Vec<UiAction> {
    let mut actions = Vec::new();
    let (s, lang) = (look.sizes, look.lang);
    kit::heading(ui, look, tr(lang, "k-catalogue"), |ui| {
        if kit::button(ui, look, tr(lang, "k-close-panel"), false).clicked() {
            actions.push(UiAction::Toggle(Side::Catalogue));
        }
        if !vm.at.is_empty() {
            let words = tr_with(lang, "k-as-of", &[("at", &vm.at)]);
            ui.label(egui::RichText::new(words).font(look.regular(s.small)).color(look.second()));
        }
    });
    if vm.rows.is_empty() {
        kit::wrapped(ui, tr(lang, "k-cat-none"), look.regular(s.body), look.second());
        return actions;
    }
    egui::ScrollArea::vertical().id_salt("catalogue").auto_shrink([false, false]).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        for row in &vm.rows {
            row_ui(ui, row, look);
        }
    });
    actions
}

fn row_ui(ui: &mut Ui, row: &SourceRow, look: &Look) {
    let (s, lang) = (look.sizes, look.lang);
    kit::rule(ui, look);
    ui.allocate_ui_with_layout(
        vec2(ui.available_width(), 22.0),
        egui::Layout::right_to_left(egui::Align::Center),
        |ui| {
            let words = egui::RichText::new(row.score.to_string()).font(look.medium(s.title)).color(look.text());
            ui.label(words).on_hover_text(tr(lang, "k-cat-score"));
            ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                kit::lamp(ui, look, row.lamp);
                kit::text(ui, &row.name, look.medium(s.body), look.text());
            });
        },
    );
    if let Some(kept) = row.kept {
        let color = if row.lamp == Lamp::Well { look.accent() } else { look.color(Token::LevelYellow) };
        kit::bar(ui, look, kept, color, vec2(ui.available_width(), 3.0));
    }
    kit::text(ui, &row.owner, look.regular(s.small), look.text());
    if !row.kind.is_empty() {
        kit::text(ui, &row.kind, look.regular(s.small), look.second());
    }
    kit::text(ui, &format!("{} · {}", row.streams, row.rate), look.regular(s.small), look.second());
    let good = tr_with(lang, "k-cat-good", &[("share", &row.good)]);
    kit::text(ui, &format!("{good} · {}", row.health), look.regular(s.small), look.second());
    if !row.trouble.is_empty() {
        kit::wrapped(ui, &row.trouble, look.regular(s.small), look.color(Token::LevelYellow));
    }
}
