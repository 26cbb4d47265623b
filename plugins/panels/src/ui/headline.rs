//! The strip at the top.

use egui::{Align, Layout, Ui};
use guanlan_core::{AlertLevel, Mode, Role};

use super::kit;
use crate::{
    action::UiAction,
    layout::Side,
    look::Look,
    vm::{headline::HeadlineVm, number},
    words::{tr, tr_with},
};

/// Place, time, rain and levels at the left; mode, health, seat and switches at the right.
pub fn headline_ui(ui: &mut Ui, vm: &HeadlineVm, look: &Look) -> Vec<UiAction> {
    let mut actions = Vec::new();
    let lang = look.lang;
    let rect = ui.max_rect();
    // English words are longer.
    let narrow = rect.width() < if lang == guanlan_core::Lang::En { 1800.0 } else { 1500.0 };
    ui.allocate_ui_with_layout(rect.size(), Layout::right_to_left(Align::Center), |ui| {
        ui.spacing_mut().item_spacing.x = if narrow { 8.0 } else { 16.0 };
        if kit::button(ui, look, tr(lang, "k-language"), false).clicked() {
            actions.push(UiAction::SwitchLanguage);
        }
        let words = if vm.briefing { tr(lang, "k-to-desk") } else { tr(lang, "k-to-briefing") };
        if kit::button(ui, look, words, false).clicked() {
            actions.push(UiAction::ToggleBriefing);
        }
        if vm.mode == Mode::Exercise {
            if kit::button(ui, look, tr(lang, "k-end-exercise"), false).clicked() {
                actions.push(UiAction::EndExercise);
            }
        } else if vm.can_exercise && !vm.briefing {
            let button = kit::button(ui, look, tr(lang, "k-start-exercise"), false);
            if button.on_hover_text(tr(lang, "k-start-exercise-why")).clicked() {
                actions.push(UiAction::StartExercise);
            }
        }
        seat(ui, vm, look, &mut actions);
        lamp(ui, vm, look, &mut actions);
        mode(ui, vm, look, &mut actions);
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = if narrow { 8.0 } else { 16.0 };
            said(ui, vm, look);
        });
    });
    actions
}

/// Place, clock and levels always; of date, weather and rain what there is room for: the date gives way first.
fn said(ui: &mut Ui, vm: &HeadlineVm, look: &Look) {
    let s = look.sizes;
    let rain = tr_with(look.lang, "k-rain-now", &[("v", &number((vm.rain_mm_h * 10.0).round() / 10.0))]);
    let gap = ui.spacing().item_spacing.x;
    let wide = |words: &str, font: egui::FontId| {
        ui.painter().layout_no_wrap(words.to_owned(), font, look.text()).size().x + gap
    };
    let (date, weather, rain_wide) = (
        wide(&vm.date, look.regular(s.body)),
        wide(&vm.weather, look.medium(s.body)),
        wide(&rain, look.regular(s.body)),
    );
    let dots = told_levels(vm).map(|(level, n)| wide(&level_words(level, n, look), look.medium(s.body)) + 30.0);
    let levels = dots.sum::<f32>().max(wide(tr(look.lang, "k-no-alerts"), look.regular(s.body)));
    // Two lines between the groups.
    let always = wide(&vm.city, look.bold(s.big)) + wide(&vm.clock, look.medium(s.big)) + levels + 2.0 * (gap + 6.0);
    let mut room = ui.available_width() - always;
    let mut fits = |width: f32| {
        room -= width;
        room >= 0.0
    };
    let (with_rain, with_weather, with_date) = (fits(rain_wide), fits(weather), fits(date));
    ui.label(egui::RichText::new(&vm.city).font(look.bold(s.big)).color(look.text()));
    ui.label(egui::RichText::new(&vm.clock).font(look.medium(s.big)).color(look.text()));
    if with_date {
        ui.label(egui::RichText::new(&vm.date).font(look.regular(s.body)).color(look.second()));
    }
    ui.separator();
    if with_weather {
        ui.label(egui::RichText::new(&vm.weather).font(look.medium(s.body)).color(look.text()));
    }
    if with_rain {
        ui.label(egui::RichText::new(rain).font(look.regular(s.body)).color(look.second()));
        ui.separator();
    }
    levels_ui(ui, vm, look);
}

/// Levels with an alert, the worst first.
fn told_levels(vm: &HeadlineVm) -> impl Iterator<Item = (AlertLevel, usize)> {
    let levels = AlertLevel::ALL.into_iter().rev().filter(|l| *l > AlertLevel::Normal);
    levels.map(|l| (l, vm.levels[usize::from(l.rank())])).filter(|(_, n)| *n > 0)
}

fn level_words(level: AlertLevel, n: usize, look: &Look) -> String {
    format!("{} {n}", level.name().get(look.lang))
}

fn levels_ui(ui: &mut Ui, vm: &HeadlineVm, look: &Look) {
    ui.spacing_mut().item_spacing.x = 4.0;
    for (level, n) in told_levels(vm) {
        kit::level_dot(ui, look, level, 7.0);
        let words = level_words(level, n, look);
        ui.label(egui::RichText::new(words).font(look.medium(look.sizes.body)).color(look.text()));
        ui.add_space(8.0);
    }
    if vm.levels[1..].iter().all(|n| *n == 0) {
        let words = tr(look.lang, "k-no-alerts");
        ui.label(egui::RichText::new(words).font(look.regular(look.sizes.body)).color(look.second()));
    }
}

fn mode(ui: &mut Ui, vm: &HeadlineVm, look: &Look, actions: &mut Vec<UiAction>) {
    for choice in vm.timelines.iter().rev().filter(|c| !c.current) {
        let words = format!("{} {}", tr(look.lang, "k-watch"), choice.mode.name().get(look.lang));
        if kit::button(ui, look, &words, false).on_hover_text(choice.id.as_str()).clicked() {
            actions.push(UiAction::Watch(choice.id.clone()));
        }
    }
    let color = look.mode(if vm.exercise { Mode::Exercise } else { vm.mode });
    if !vm.drill.is_empty() {
        ui.label(egui::RichText::new(&vm.drill).font(look.medium(look.sizes.small)).color(color));
    }
    kit::badge(ui, look, &vm.mode_words, color, look.sizes.body);
}

fn lamp(ui: &mut Ui, vm: &HeadlineVm, look: &Look, actions: &mut Vec<UiAction>) {
    let response = ui.scope(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        let words = egui::RichText::new(&vm.health).font(look.regular(look.sizes.small)).color(look.second());
        ui.label(words);
        kit::lamp(ui, look, vm.lamp);
    });
    let lamp = response.response.interact(egui::Sense::click()).on_hover_text(vm.health_lines.join("\n"));
    if lamp.clicked() {
        actions.push(UiAction::Toggle(Side::System));
    }
}

fn seat(ui: &mut Ui, vm: &HeadlineVm, look: &Look, actions: &mut Vec<UiAction>) {
    let name =
        |role: Role| egui::RichText::new(role.name().get(look.lang).to_owned()).font(look.medium(look.sizes.small));
    egui::ComboBox::from_id_salt("seat").width(84.0).selected_text(name(vm.role)).show_ui(ui, |ui| {
        for role in Role::SEATS {
            if ui.selectable_label(role == vm.role, name(role)).clicked() {
                actions.push(UiAction::TakeSeat(role));
            }
        }
    });
}
