//! 总览 for leaders: one sentence, big figures, three places.

use egui::{Align, Layout, Sense, Ui, vec2};
use guanlan_core::theme::Token;

use super::{figures, kit};
use crate::{
    action::UiAction,
    look::Look,
    vm::briefing::{BriefingVm, WorstPlace},
    words::tr,
};

/// Columns of the figures.
const COLUMNS: usize = 4;

/// The sentence takes at most this share of the panel's height.
const SENTENCE: f32 = 0.42;

/// The sentence and the figures.
pub fn summary_ui(ui: &mut Ui, vm: &BriefingVm, look: &Look) {
    let s = look.sizes;
    // A long sentence is set smaller: the figures keep their place.
    let (wide, most) = (ui.available_width(), ui.available_height() * SENTENCE);
    let fits =
        |size: &f32| ui.painter().layout(vm.sentence.clone(), look.medium(*size), look.text(), wide).size().y <= most;
    let size = [s.big, s.title, s.body].into_iter().find(fits).unwrap_or(s.small);
    kit::wrapped(ui, &vm.sentence, look.medium(size), look.text());
    ui.add_space(s.small);
    kit::rule(ui, look);
    ui.add_space(s.small * 0.5);
    // The figures take what the sentence leaves, and no more than leaders need: no label is cut off below.
    let rows = vm.figures.len().div_ceil(COLUMNS) as f32;
    let crews_h = s.title * 1.5 + 10.0;
    let row_h = (ui.available_height() - crews_h) / rows - ui.spacing().item_spacing.y;
    let size = ((row_h - s.small * 1.4) / 1.3).clamp(s.title, s.head * 1.3);
    figures::grid(ui, &vm.figures, COLUMNS, size, look);
    ui.add_space(2.0);
    crews_ui(ui, vm.crews, look);
}

/// How many crews are out, with their share as a bar.
fn crews_ui(ui: &mut Ui, [out, all]: [usize; 2], look: &Look) {
    let s = look.sizes;
    ui.allocate_ui_with_layout(vec2(ui.available_width(), s.title * 1.5), Layout::right_to_left(Align::Center), |ui| {
        let words = egui::RichText::new(format!("{out} / {all}")).font(look.medium(s.title)).color(look.text());
        ui.label(words);
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            kit::text(ui, tr(look.lang, "k-crews-out"), look.regular(s.small), look.second());
        });
    });
    let share = out as f32 / all.max(1) as f32;
    kit::bar(ui, look, share, look.text(), vec2(ui.available_width(), 4.0));
}

/// The worst places and the tour.
pub fn worst_ui(ui: &mut Ui, vm: &BriefingVm, stop: Option<usize>, look: &Look) -> Vec<UiAction> {
    let mut actions = Vec::new();
    let (s, lang) = (look.sizes, look.lang);
    kit::heading(ui, look, tr(lang, "k-worst"), |ui| {
        let words = if stop.is_some() { tr(lang, "k-tour-stop") } else { tr(lang, "k-tour-start") };
        if kit::button(ui, look, words, false).clicked() {
            actions.push(UiAction::ToggleTour);
        }
        if stop.is_some() && kit::button(ui, look, tr(lang, "k-tour-next"), false).clicked() {
            actions.push(UiAction::NextStop);
        }
    });
    ui.add_space(4.0);
    if vm.worst.is_empty() {
        kit::wrapped(ui, tr(lang, "k-no-worst"), look.regular(s.title), look.second());
        for (i, at) in vm.stops.iter().enumerate() {
            let color = if stop == Some(i) { look.accent() } else { look.text() };
            let label = egui::RichText::new(format!("{}  {}", i + 1, at.name)).font(look.medium(s.title)).color(color);
            if ui.add(egui::Label::new(label).sense(Sense::click())).clicked() {
                actions.push(UiAction::Fly(at.place_m));
            }
        }
    }
    for (i, place) in vm.worst.iter().enumerate() {
        place_ui(ui, place, stop == Some(i), look, &mut actions);
    }
    actions
}

fn place_ui(ui: &mut Ui, place: &WorstPlace, here: bool, look: &Look, actions: &mut Vec<UiAction>) {
    let s = look.sizes;
    let height = s.big * 1.3 + s.small * 1.7 + 12.0;
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::click());
    if here {
        ui.painter().rect_filled(rect, egui::CornerRadius::same(4), look.faint(Token::Accent, 0.10));
    }
    ui.painter().hline(rect.x_range(), rect.bottom() + 2.0, look.hairline());
    let radius = s.big * 0.5;
    kit::level_mark(ui.painter(), look, place.level, rect.left_center() + vec2(radius + 6.0, 0.0), radius);
    let inner = egui::Rect::from_min_max(rect.min + vec2(radius * 2.0 + 20.0, 4.0), rect.max - vec2(6.0, 4.0));
    let mut ui = ui.new_child(egui::UiBuilder::new().max_rect(inner).layout(Layout::top_down(Align::Min)));
    let ui = &mut ui;
    ui.spacing_mut().item_spacing.y = 2.0;
    let row = |ui: &mut Ui, h: f32, right: &mut dyn FnMut(&mut Ui), left: &mut dyn FnMut(&mut Ui)| {
        ui.allocate_ui_with_layout(vec2(inner.width(), h), Layout::right_to_left(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            right(ui);
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| left(ui));
        });
    };
    row(
        ui,
        s.big * 1.3,
        &mut |ui| {
            ui.label(egui::RichText::new(place.unit).font(look.regular(s.small)).color(look.second()));
            ui.label(egui::RichText::new(&place.value).font(look.medium(s.big)).color(look.text()));
        },
        &mut |ui| {
            kit::text(ui, &place.place, look.medium(s.big), look.text());
        },
    );
    row(
        ui,
        s.small * 1.5,
        &mut |ui| {
            ui.label(egui::RichText::new(&place.answer).font(look.medium(s.small)).color(look.text()));
        },
        &mut |ui| {
            let word = place.level.name();
            let words = format!("{} · {} · {}", word.get(look.lang), place.title, place.since);
            kit::text(ui, &words, look.regular(s.small), look.second());
        },
    );
    if response.clicked() {
        actions.push(UiAction::Fly(place.place_m));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fixture::click_around, vm::figures::Figure};

    /// However long the sentence and small the panel, figures and crews end above its lower edge.
    #[test]
    fn nothing_is_cut_off_below() {
        let figure = Figure { label: "k-kpi-open", value: "128".into(), alarming: false, change: None, unit: "" };
        for (size, words) in [((468.0, 300.0), 3), ((468.0, 300.0), 5), ((700.0, 520.0), 3)] {
            let vm = BriefingVm {
                sentence: "观澜区现有黄色及以上告警一处，首要关注铁路北路；".repeat(words),
                figures: vec![figure.clone(); 8],
                crews: [2, 120],
                ..BriefingVm::default()
            };
            let look = Look { sizes: crate::look::Sizes::DESK.times(0.83), ..Look::default() };
            let size = vec2(size.0, size.1);
            click_around(size, &look, |ctx, rect| {
                kit::panel(ctx, "summary", rect, &look, |ui| {
                    summary_ui(ui, &vm, &look);
                    let end = ui.min_rect().bottom();
                    assert!(end <= rect.bottom() + 1.0, "{words} sentences in {size:?}: {end} below {}", rect.bottom());
                });
                Vec::new()
            });
        }
    }
}
