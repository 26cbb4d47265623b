//! The list of open cases.

use egui::{Align, CornerRadius, Layout, Sense, Ui, UiBuilder, vec2};
use guanlan_core::{CaseId, theme::Token};

use super::kit;
use crate::{
    action::UiAction,
    look::Look,
    vm::cases::{CaseRow, CasesVm, DoneRow},
    words::tr,
};

/// Height of a line.
pub const ROW_H: f32 = 52.0;

/// The list, most urgent first.
pub fn cases_ui(ui: &mut Ui, vm: &CasesVm, chosen: Option<&CaseId>, look: &Look) -> Vec<UiAction> {
    let mut actions = Vec::new();
    let rows = &vm.rows;
    kit::heading(ui, look, tr(look.lang, "k-cases"), |ui| {
        let late = vm.late;
        ui.label(egui::RichText::new(vm.total.to_string()).font(look.medium(look.sizes.title)).color(look.second()));
        if late > 0 {
            let words = format!("{} {late}", tr(look.lang, "k-kpi-overdue"));
            ui.label(egui::RichText::new(words).font(look.medium(look.sizes.small)).color(look.color(Token::LevelRed)));
        }
    });
    let below = done_that_fit(ui, rows.len(), vm.done.len());
    if rows.is_empty() {
        kit::text(ui, tr(look.lang, "k-no-cases"), look.regular(look.sizes.body), look.second());
        done_ui(ui, &vm.done[..below], chosen, look, &mut actions);
        return actions;
    }
    let step = ROW_H + ui.spacing().item_spacing.y;
    let height = if below > 0 { rows.len() as f32 * step } else { kit::whole_rows(ui, ROW_H) };
    egui::ScrollArea::vertical()
        .id_salt("cases")
        .max_height(height)
        .auto_shrink([false, false])
        .scroll_bar_visibility(egui::scroll_area::ScrollBarVisibility::AlwaysHidden)
        .show_rows(ui, ROW_H, rows.len(), |ui, range| {
            for row in rows.get(range).unwrap_or_default() {
                row_ui(ui, row, chosen == Some(&row.id), look, &mut actions);
            }
        });
    done_ui(ui, &vm.done[..below], chosen, look, &mut actions);
    actions
}

/// Height above and of the heading of closed cases.
const DONE_HEAD: f32 = 56.0;
/// A line this wide says how long a case took; a narrower one keeps the name of its place whole, points.
const TOOK_W: f32 = 280.0;
/// Fewer closed cases than this are not worth a heading.
const DONE_LEAST: usize = 3;

/// How many closed cases fit below so many open ones: a high wall on a quiet day shows what was done.
fn done_that_fit(ui: &Ui, open: usize, done: usize) -> usize {
    let step = ROW_H + ui.spacing().item_spacing.y;
    // "No open cases" is a line, too.
    let free = ui.available_height() - open.max(1) as f32 * step - DONE_HEAD;
    let fit = ((free / step).floor().max(0.0) as usize).min(done);
    if fit < DONE_LEAST { 0 } else { fit }
}

/// Cases that were closed lately, quieter than the open ones.
fn done_ui(ui: &mut Ui, rows: &[DoneRow], chosen: Option<&CaseId>, look: &Look, actions: &mut Vec<UiAction>) {
    if rows.is_empty() {
        return;
    }
    ui.add_space(DONE_HEAD - 40.0);
    kit::text(ui, tr(look.lang, "k-done-lately"), look.medium(look.sizes.body), look.second());
    ui.add_space(4.0);
    let small = look.sizes.small;
    for row in rows {
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW_H), Sense::click());
        if chosen == Some(&row.id) || response.hovered() {
            ui.painter().rect_filled(rect, CornerRadius::same(4), look.faint(Token::Text, 0.07));
        }
        ui.painter().hline(rect.x_range(), rect.bottom() + 1.5, look.hairline());
        kit::tick(ui.painter(), rect.left_center() + vec2(20.0, 0.0), 5.0, look.second());
        let inner = egui::Rect::from_min_max(rect.min + vec2(44.0, 5.0), rect.max - vec2(4.0, 4.0));
        let mut ui = ui.new_child(UiBuilder::new().max_rect(inner).layout(Layout::top_down(Align::Min)));
        ui.spacing_mut().item_spacing.y = 1.0;
        let took = if inner.width() >= TOOK_W { row.took.as_str() } else { "" };
        for (h, right, left, font) in [
            (20.0, row.at.as_str(), &row.title, look.regular(look.sizes.body)),
            (18.0, took, &row.place, look.regular(small)),
        ] {
            ui.allocate_ui_with_layout(vec2(inner.width(), h), Layout::right_to_left(Align::Center), |ui| {
                ui.label(egui::RichText::new(right).font(look.regular(small)).color(look.second()));
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| kit::text(ui, left, font, look.second()));
            });
        }
        if response.clicked() {
            actions.push(UiAction::SelectCase(Some(row.id.clone())));
        }
        if response.double_clicked() {
            actions.push(UiAction::Fly(row.place_m));
        }
    }
}

fn row_ui(ui: &mut Ui, row: &CaseRow, chosen: bool, look: &Look, actions: &mut Vec<UiAction>) {
    let s = look.sizes;
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW_H), Sense::click());
    if chosen || response.hovered() {
        ui.painter().rect_filled(rect, CornerRadius::same(4), look.faint(Token::Text, 0.07));
    }
    ui.painter().hline(rect.x_range(), rect.bottom() + 1.5, look.hairline());
    kit::ring(ui.painter(), look, rect.left_center() + vec2(20.0, 0.0), 13.0, row.elapsed, row.level);
    let inner = egui::Rect::from_min_max(rect.min + vec2(44.0, 5.0), rect.max - vec2(4.0, 4.0));
    let mut ui = ui.new_child(UiBuilder::new().max_rect(inner).layout(Layout::top_down(Align::Min)));
    let ui = &mut ui;
    ui.spacing_mut().item_spacing.y = 1.0;
    let line = |ui: &mut Ui, h: f32, right: (&str, egui::Color32), left: (&str, egui::FontId, egui::Color32)| {
        ui.allocate_ui_with_layout(vec2(inner.width(), h), Layout::right_to_left(Align::Center), |ui| {
            ui.label(egui::RichText::new(right.0).font(look.medium(s.small)).color(right.1));
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                kit::text(ui, left.0, left.1, left.2);
            });
        });
    };
    let state = if row.waits { look.accent() } else { look.second() };
    let left = if row.overdue { look.color(Token::LevelRed) } else { look.second() };
    line(ui, 20.0, (&row.left, left), (&row.title, look.medium(s.body), look.text()));
    line(ui, 18.0, (&row.state, state), (&row.place, look.regular(s.small), look.second()));
    if response.clicked() {
        actions.push(UiAction::SelectCase(Some(row.id.clone())));
    }
    if response.double_clicked() {
        actions.push(UiAction::Fly(row.place_m));
    }
}
