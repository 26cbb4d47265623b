//! 指标 on the screen.

use egui::{Align2, CornerRadius, Sense, Ui, pos2, vec2};
use guanlan_core::theme::Token;

use super::kit;
use crate::{
    action::UiAction,
    layout::Side,
    look::Look,
    past::Grouping,
    vm::records::{GroupRow, RecordsVm, SPANS, Step, rate_of},
    words::tr,
};

/// The panel.
pub fn records_ui(ui: &mut Ui, vm: &RecordsVm, look: &Look) -> Vec<UiAction> {
    let mut actions = Vec::new();
    let (s, lang) = (look.sizes, look.lang);
    kit::heading(ui, look, tr(lang, "k-records"), |ui| {
        if kit::button(ui, look, tr(lang, "k-close-panel"), false).clicked() {
            actions.push(UiAction::Toggle(Side::Records));
        }
    });
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(4.0, 4.0);
        for span in SPANS {
            if kit::button(ui, look, tr(lang, span.key()), span == vm.span).clicked() && span != vm.span {
                actions.push(UiAction::RecordsOf(span, vm.by));
            }
        }
        ui.add_space(8.0);
        for (by, key) in [(Grouping::Street, "k-records-by-street"), (Grouping::Category, "k-records-by-category")] {
            if kit::button(ui, look, tr(lang, key), by == vm.by).clicked() && by != vm.by {
                actions.push(UiAction::RecordsOf(vm.span, by));
            }
        }
    });
    if vm.sum.is_empty() {
        kit::wrapped(ui, &vm.note, look.regular(s.body), look.second());
        return actions;
    }
    ui.add_space(2.0);
    let width = ui.available_width() / vm.sum.len() as f32;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        for (label, value) in &vm.sum {
            ui.allocate_ui(vec2(width, 46.0), |ui| {
                ui.set_width(width);
                kit::figure(ui, look, value, "", tr(lang, label), s.title, look.text());
            });
        }
    });
    steps_ui(ui, &vm.steps, look, if ui.available_height() > 420.0 { 120.0 } else { 76.0 });
    kit::rule(ui, look);
    let height = ui.available_height() - s.small * 1.5;
    egui::ScrollArea::vertical().id_salt("records").max_height(height).auto_shrink([false, false]).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        head_ui(ui, look);
        for row in &vm.rows {
            row_ui(ui, row, look);
        }
        if vm.rows.is_empty() {
            kit::text(ui, tr(lang, "k-records-none"), look.regular(s.body), look.second());
        }
    });
    kit::text(ui, &vm.note, look.regular(s.small), look.second());
    actions
}

/// Right edges of the columns, as shares of the width: opened, closed, in time, mean time.
const COLUMNS: [f32; 4] = [0.52, 0.64, 0.79, 1.0];

fn cells(ui: &mut Ui, name: &str, values: [&str; 4], head: bool, look: &Look) -> egui::Rect {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 24.0), Sense::hover());
    let s = look.sizes;
    let color = if head { look.second() } else { look.text() };
    let font = look.regular(if head { s.small } else { s.body });
    let name_rect = egui::Rect::from_min_max(rect.min, pos2(rect.left() + rect.width() * 0.42, rect.max.y));
    kit::text_in(ui, name_rect, name, font.clone(), color);
    for (value, share) in values.into_iter().zip(COLUMNS) {
        let at = pos2(rect.left() + rect.width() * share, rect.center().y);
        let font = if head { font.clone() } else { look.medium(s.small) };
        kit::words_at(ui.painter(), at, Align2::RIGHT_CENTER, value, font, color);
    }
    rect
}

fn head_ui(ui: &mut Ui, look: &Look) {
    let word = |key| tr(look.lang, key);
    let values = [
        word("k-records-col-opened"),
        word("k-records-col-closed"),
        word("k-records-col-rate"),
        word("k-records-col-took"),
    ];
    cells(ui, "", values, true, look);
}

fn row_ui(ui: &mut Ui, row: &GroupRow, look: &Look) {
    let t = &row.tally;
    let (opened, closed, rate) = (t.opened.to_string(), t.closed().to_string(), rate_of(t));
    let rect = cells(ui, &row.name, [&opened, &closed, &rate, &row.took], false, look);
    let bar = egui::Rect::from_min_size(pos2(rect.left(), rect.bottom() - 2.0), vec2(rect.width() * row.share, 2.0));
    ui.painter().rect_filled(bar, CornerRadius::same(1), look.faint(Token::Accent, 0.55));
}

/// Opened as bars, closed as a line of marks: what is left over is seen.
fn steps_ui(ui: &mut Ui, steps: &[Step], look: &Look, height: f32) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    let painter = ui.painter();
    let floor = rect.bottom() - 16.0;
    painter.hline(rect.x_range(), floor, look.hairline());
    let most = steps.iter().map(|s| s.opened.max(s.closed)).max().unwrap_or(0).max(4) as f32;
    let width = rect.width() / steps.len().max(1) as f32;
    let room = floor - rect.top() - 6.0;
    let font = look.regular(look.sizes.small - 1.0);
    // As many labels as there is room for.
    let every = (44.0 / width.max(0.1)).ceil().max(1.0) as usize;
    for (i, step) in steps.iter().enumerate() {
        let x = rect.left() + width * (i as f32 + 0.5);
        let half = (width * 0.32).clamp(0.8, 14.0);
        let top = floor - room * step.opened as f32 / most;
        let bar = egui::Rect::from_min_max(pos2(x - half, top), pos2(x + half, floor));
        painter.rect_filled(bar, CornerRadius::same(1), look.faint(Token::TextSecond, 0.6));
        if step.closed > 0 {
            let y = floor - room * step.closed as f32 / most;
            painter.hline((x - half)..=(x + half), y, egui::Stroke::new(2.0, look.accent()));
        }
        if i % every == every / 2 {
            let at = pos2(x, rect.bottom() + 2.0);
            kit::words_at(painter, at, Align2::CENTER_BOTTOM, &step.label, font.clone(), look.second());
        }
    }
    if let Some(at) = response.hover_pos()
        && let Some(step) = steps.get(((at.x - rect.left()) / width.max(0.1)) as usize)
    {
        let word = |key| tr(look.lang, key);
        let words = format!(
            "{}\n{} {}\n{} {}",
            step.label,
            word("k-records-opened"),
            step.opened,
            word("k-records-closed"),
            step.closed
        );
        response.on_hover_text_at_pointer(words);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fixture::click_around, past::Span};

    #[test]
    fn every_span_and_both_groupings_are_one_click_away() {
        let vm = RecordsVm {
            span: Span::Day,
            by: Grouping::Street,
            sum: vec![("k-records-opened", "12".into())],
            steps: vec![Step { label: "1".into(), opened: 3, closed: 1 }; 24],
            rows: vec![GroupRow {
                name: "凤山街道".into(),
                tally: crate::past::Tally::default(),
                took: "–".into(),
                share: 1.0,
            }],
            note: "n".into(),
        };
        let look = Look::default();
        let asked = click_around(vec2(384.0, 460.0), &look, |ctx, screen| {
            kit::panel(ctx, "records", screen, &look, |ui| records_ui(ui, &vm, &look))
        });
        for span in [Span::Week, Span::Month, Span::Year] {
            assert!(asked.contains(&UiAction::RecordsOf(span, Grouping::Street)), "{span:?}");
        }
        assert!(asked.contains(&UiAction::RecordsOf(Span::Day, Grouping::Category)));
        assert!(asked.contains(&UiAction::Toggle(Side::Records)));
    }
}
