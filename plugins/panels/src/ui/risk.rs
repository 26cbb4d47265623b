//! 风险 on the screen.

use egui::{CornerRadius, Sense, Ui, vec2};
use guanlan_core::theme::Token;

use super::kit;
use crate::{
    action::UiAction,
    layout::Side,
    look::Look,
    subject::Subject,
    vm::risk::{RiskRow, RiskVm, SpotRow},
    words::{tr, tr_with},
};

/// The panel; `open` is the grid whose terms are shown.
pub fn risk_ui(ui: &mut Ui, vm: &RiskVm, open: Option<u32>, look: &Look) -> Vec<UiAction> {
    let mut actions = Vec::new();
    let (s, lang) = (look.sizes, look.lang);
    kit::heading(ui, look, tr(lang, "k-risk"), |ui| {
        if kit::button(ui, look, tr(lang, "k-close-panel"), false).clicked() {
            actions.push(UiAction::Toggle(Side::Risk));
        }
        if !vm.at.is_empty() {
            let words = tr_with(lang, "k-as-of", &[("at", &vm.at)]);
            ui.label(egui::RichText::new(words).font(look.regular(s.small)).color(look.second()));
        }
    });
    kit::wrapped(ui, tr(lang, "k-risk-what"), look.regular(s.small), look.second());
    egui::ScrollArea::vertical().id_salt("risk").auto_shrink([false, false]).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 3.0;
        for spot in &vm.spots {
            spot_ui(ui, spot, look, &mut actions);
        }
        if vm.rows.is_empty() {
            let key = if vm.at.is_empty() { "k-risk-not-yet" } else { "k-risk-none" };
            kit::wrapped(ui, tr(lang, key), look.regular(s.body), look.second());
        }
        for row in &vm.rows {
            row_ui(ui, row, open == Some(row.grid), look, &mut actions);
        }
        let more = vm.grids.saturating_sub(vm.rows.len());
        if more > 0 && !vm.rows.is_empty() {
            let words = tr_with(lang, "k-more", &[("n", &more.to_string())]);
            kit::text(ui, &words, look.regular(s.small), look.second());
        }
    });
    actions
}

fn row_ui(ui: &mut Ui, row: &RiskRow, open: bool, look: &Look, actions: &mut Vec<UiAction>) {
    let (s, lang) = (look.sizes, look.lang);
    let (rect, line) = ui.allocate_exact_size(vec2(ui.available_width(), 28.0), Sense::click());
    if line.hovered() || open {
        ui.painter().rect_filled(rect, CornerRadius::same(4), look.faint(Token::Text, 0.06));
    }
    let painter = ui.painter();
    let mid = rect.center().y;
    kit::level_mark(painter, look, row.level, egui::pos2(rect.left() + 9.0, mid), 6.0);
    let bar = egui::Rect::from_min_size(egui::pos2(rect.right() - 104.0, mid - 3.0), vec2(68.0, 6.0));
    painter.rect_filled(bar, CornerRadius::same(2), look.faint(Token::Text, 0.1));
    let mut full = bar;
    full.set_width(bar.width() * row.score as f32 / 100.0);
    painter.rect_filled(full, CornerRadius::same(2), look.level(row.level));
    let at = egui::pos2(rect.right() - 4.0, mid);
    let font = look.medium(s.body);
    kit::words_at(painter, at, egui::Align2::RIGHT_CENTER, &row.score.to_string(), font, look.text());
    let name = egui::Rect::from_min_max(rect.min + vec2(22.0, 0.0), egui::pos2(bar.left() - 8.0, rect.max.y));
    kit::text_in(ui, name, &row.name, look.regular(s.body), look.text());
    if line.clicked() {
        actions.push(UiAction::OpenRisk((!open).then_some(row.grid)));
        if !open {
            actions.push(UiAction::Fly(row.place_m));
        }
    }
    if !open {
        return;
    }
    kit::text(ui, &row.code, look.regular(s.small), look.second());
    for term in &row.terms {
        ui.allocate_ui_with_layout(
            vec2(ui.available_width(), 18.0),
            egui::Layout::right_to_left(egui::Align::Center),
            |ui| {
                ui.label(egui::RichText::new(&term.weight).font(look.regular(s.small)).color(look.second()))
                    .on_hover_text(tr(lang, "k-risk-weight"));
                ui.label(egui::RichText::new(&term.value).font(look.medium(s.small)).color(look.text()));
                ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                    kit::text(ui, &term.name, look.regular(s.small), look.second());
                });
            },
        );
        kit::bar(ui, look, term.share, look.level(row.level), vec2(ui.available_width(), 3.0));
        sources(ui, &term.from, look, actions);
    }
    ui.add_space(6.0);
}

/// What something was made of; a click pins it.
fn sources(ui: &mut Ui, from: &[(String, Option<Subject>)], look: &Look, actions: &mut Vec<UiAction>) {
    for (words, subject) in from {
        let color = if subject.is_some() { look.text() } else { look.second() };
        let line = kit::wrapped(ui, words, look.regular(look.sizes.small), color);
        if let Some(subject) = subject
            && line.interact(Sense::click()).clicked()
        {
            actions.push(UiAction::Pin(subject.clone()));
        }
    }
}

fn spot_ui(ui: &mut Ui, spot: &SpotRow, look: &Look, actions: &mut Vec<UiAction>) {
    let (s, lang) = (look.sizes, look.lang);
    ui.allocate_ui_with_layout(
        vec2(ui.available_width(), 24.0),
        egui::Layout::right_to_left(egui::Align::Center),
        |ui| {
            if kit::button(ui, look, tr(lang, "k-fly"), false).clicked() {
                actions.push(UiAction::Fly(spot.place_m));
            }
            ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                kit::badge(ui, look, tr(lang, "k-hotspot"), look.color(Token::LevelOrange), s.small);
                kit::text(ui, &spot.words, look.medium(s.body), look.text());
            });
        },
    );
    kit::text(ui, &format!("{} · {}", spot.when, spot.proof), look.regular(s.small), look.second());
    sources(ui, &spot.from, look, actions);
    if spot.more > 0 {
        let words = tr_with(lang, "k-more", &[("n", &spot.more.to_string())]);
        kit::text(ui, &words, look.regular(s.small), look.second());
    }
    kit::rule(ui, look);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fixture::click_around, vm::risk::Term};
    use guanlan_core::AlertLevel;

    #[test]
    fn a_row_opens_its_terms_and_flies_there() {
        let row = |grid: u32, score| RiskRow {
            grid,
            name: format!("网格 {grid}"),
            code: "420102001001001".into(),
            score,
            level: AlertLevel::Orange,
            place_m: [f64::from(grid), 0.0],
            ring_m: Vec::new(),
            terms: vec![Term {
                name: "雨强".into(),
                value: "80 mm/h".into(),
                share: 0.8,
                weight: "×1".into(),
                from: vec![("雨量站 R1 · 80 mm/h".into(), Some(Subject::Sensor("R1".into())))],
            }],
        };
        let spot = SpotRow {
            words: "12".into(),
            proof: "z".into(),
            when: "10:00".into(),
            place_m: [9.0, 9.0],
            bounds_m: [0.0; 4],
            from: vec![("GL1".into(), Some(Subject::Case("GL1".into())))],
            more: 3,
        };
        let vm = RiskVm { at: "10:00".into(), rows: vec![row(1, 55), row(2, 20)], grids: 9, spots: vec![spot] };
        let look = Look::default();
        let asked = click_around(vec2(384.0, 560.0), &look, |ctx, screen| {
            kit::panel(ctx, "risk", screen, &look, |ui| risk_ui(ui, &vm, Some(2), &look))
        });
        for wanted in [
            UiAction::OpenRisk(Some(1)),
            UiAction::Fly([1.0, 0.0]),
            UiAction::OpenRisk(None),
            UiAction::Pin(Subject::Sensor("R1".into())),
            UiAction::Fly([9.0, 9.0]),
            UiAction::Pin(Subject::Case("GL1".into())),
            UiAction::Toggle(Side::Risk),
        ] {
            assert!(asked.contains(&wanted), "{wanted:?} cannot be reached");
        }
    }
}
