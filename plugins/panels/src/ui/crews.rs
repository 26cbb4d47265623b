//! The list of crews with a bar of their statuses.

use egui::{Align, Color32, CornerRadius, Layout, Sense, Ui, vec2};
use guanlan_core::{UnitId, input::UnitStatus, theme::Token};

use super::kit;
use crate::{
    action::UiAction,
    look::Look,
    vm::crews::{CrewLine, CrewRow, CrewsVm, STATUSES, TeamRow},
    words::tr,
};

const ROW_H: f32 = 28.0;

/// Colour of a status: only who is on the way or at work is bright.
#[must_use]
pub fn status_color(look: &Look, status: UnitStatus) -> Color32 {
    match status {
        UnitStatus::Available => look.faint(Token::TextSecond, 0.55),
        UnitStatus::Dispatched => look.faint(Token::Accent, 0.55),
        UnitStatus::EnRoute => look.accent(),
        UnitStatus::OnScene => look.text(),
        UnitStatus::Clearing => look.second(),
        UnitStatus::OutOfService => look.faint(Token::Stale, 0.3),
    }
}

/// Crews by status as one bar with its legend.
pub fn status_bar(ui: &mut Ui, counts: &[usize; 6], look: &Look) {
    let total = counts.iter().sum::<usize>().max(1) as f32;
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 8.0), Sense::hover());
    let mut x = rect.left();
    for (status, n) in STATUSES.iter().zip(counts) {
        let w = rect.width() * *n as f32 / total;
        if w > 0.5 {
            let part = egui::Rect::from_min_size(egui::pos2(x, rect.top()), vec2((w - 1.0).max(1.0), 8.0));
            ui.painter().rect_filled(part, CornerRadius::same(1), status_color(look, *status));
        }
        x += w;
    }
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        for (status, n) in STATUSES.iter().zip(counts).filter(|(_, n)| **n > 0) {
            let (dot, _) = ui.allocate_exact_size(vec2(8.0, 8.0), Sense::hover());
            ui.painter().rect_filled(dot, CornerRadius::same(1), status_color(look, *status));
            let words = format!("{} {n}", status.name().get(look.lang));
            ui.label(egui::RichText::new(words).font(look.regular(look.sizes.small)).color(look.second()));
            ui.add_space(4.0);
        }
    });
}

/// The list.
pub fn crews_ui(ui: &mut Ui, vm: &CrewsVm, chosen: Option<&UnitId>, look: &Look) -> Vec<UiAction> {
    let mut actions = Vec::new();
    kit::heading(ui, look, tr(look.lang, "k-crews"), |ui| {
        let busy = vm.counts[1] + vm.counts[2] + vm.counts[3] + vm.counts[4];
        let words = format!("{busy} / {}", vm.counts.iter().sum::<usize>());
        ui.label(egui::RichText::new(words).font(look.medium(look.sizes.title)).color(look.second()));
    });
    status_bar(ui, &vm.counts, look);
    ui.add_space(2.0);
    let height = kit::whole_rows(ui, ROW_H);
    egui::ScrollArea::vertical()
        .id_salt("crews")
        .max_height(height)
        .auto_shrink([false, false])
        .scroll_bar_visibility(egui::scroll_area::ScrollBarVisibility::AlwaysHidden)
        .show_rows(ui, ROW_H, vm.lines.len(), |ui, range| {
            for line in vm.lines.get(range).unwrap_or_default() {
                match line {
                    CrewLine::Crew(row, inner) => {
                        row_ui(ui, row, (chosen == Some(&row.id), *inner), look, &mut actions);
                    }
                    CrewLine::Team(team) => team_ui(ui, team, look, &mut actions),
                }
            }
        });
    actions
}

/// Crews that wait, counted; a click lists them.
fn team_ui(ui: &mut Ui, team: &TeamRow, look: &Look, actions: &mut Vec<UiAction>) {
    let s = look.sizes;
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW_H), Sense::click());
    if response.hovered() {
        ui.painter().rect_filled(rect, CornerRadius::same(4), look.faint(Token::Text, 0.07));
    }
    let dot = egui::Rect::from_center_size(rect.left_center() + vec2(8.0, 0.0), vec2(8.0, 8.0));
    ui.painter().rect_filled(dot, CornerRadius::same(1), status_color(look, team.team.0));
    let inner = egui::Rect::from_min_max(rect.min + vec2(20.0, 0.0), rect.max - vec2(4.0, 0.0));
    let mut ui = ui.new_child(egui::UiBuilder::new().max_rect(inner).layout(Layout::right_to_left(Align::Center)));
    let ui = &mut ui;
    ui.label(egui::RichText::new(team.count.to_string()).font(look.medium(s.body)).color(look.text()));
    ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
        let words = format!("{} · {}", team.name, team.team.0.name().get(look.lang));
        kit::text(ui, &words, look.regular(s.small), if team.open { look.text() } else { look.second() });
    });
    if response.clicked() {
        actions.push(UiAction::ToggleTeam(team.team));
    }
}

/// One crew in one line; `marks`: it is chosen, it belongs to the team above it.
pub fn row_ui(ui: &mut Ui, row: &CrewRow, marks: (bool, bool), look: &Look, actions: &mut Vec<UiAction>) {
    let (chosen, inner) = marks;
    let in_by = if inner { 12.0 } else { 0.0 };
    let s = look.sizes;
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW_H), Sense::click());
    if chosen || response.hovered() {
        ui.painter().rect_filled(rect, CornerRadius::same(4), look.faint(Token::Text, 0.07));
    }
    let dot = egui::Rect::from_center_size(rect.left_center() + vec2(8.0 + in_by, 0.0), vec2(8.0, 8.0));
    ui.painter().rect_filled(dot, CornerRadius::same(1), status_color(look, row.status));
    let inner = egui::Rect::from_min_max(rect.min + vec2(20.0 + in_by, 0.0), rect.max - vec2(4.0, 0.0));
    let mut ui = ui.new_child(egui::UiBuilder::new().max_rect(inner).layout(Layout::right_to_left(Align::Center)));
    let ui = &mut ui;
    let right = if row.eta.is_empty() { row.status.name().get(look.lang).to_owned() } else { row.eta.clone() };
    let bright = if row.eta.is_empty() { look.second() } else { look.text() };
    ui.label(egui::RichText::new(right).font(look.medium(s.small)).color(bright));
    ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
        ui.label(egui::RichText::new(&row.name).font(look.medium(s.small)).color(look.text()));
        kit::text(ui, &row.task, look.regular(s.small), look.second());
    });
    if response.clicked() {
        actions.push(UiAction::SelectUnit(Some(row.id.clone())));
        actions.extend(row.place_m.map(UiAction::Fly));
    }
}
