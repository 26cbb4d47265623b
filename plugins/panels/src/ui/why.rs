//! Why an alert has its colour.

use egui::{Ui, vec2};
use guanlan_alerting::AlertState;
use guanlan_core::{AlertLevel, Command};

use super::kit;
use crate::{action::UiAction, look::Look, vm::why::WhyVm, words::tr};

/// Readings listed.
const PROOF: usize = 8;

/// The panel.
pub fn why_ui(ui: &mut Ui, vm: &WhyVm, look: &Look) -> Vec<UiAction> {
    let mut actions = Vec::new();
    let (s, lang) = (look.sizes, look.lang);
    kit::heading(ui, look, tr(lang, "k-why"), |ui| {
        if kit::button(ui, look, tr(lang, "k-close-panel"), false).clicked() {
            actions.push(UiAction::Explain(None));
        }
    });
    ui.horizontal(|ui| {
        kit::level_dot(ui, look, vm.level, 8.0);
        let word = egui::RichText::new(vm.level.name().get(lang)).font(look.bold(s.title)).color(look.level(vm.level));
        ui.label(word);
        kit::text(ui, &vm.title, look.medium(s.title), look.text());
    });
    kit::text(ui, &vm.place, look.regular(s.body), look.text());
    kit::wrapped(ui, &vm.sentence, look.medium(s.body), look.text());
    ui.horizontal(|ui| {
        if let Some(place) = vm.place_m
            && kit::button(ui, look, tr(lang, "k-fly"), false).clicked()
        {
            actions.push(UiAction::Fly(place));
        }
        if kit::button(ui, look, tr(lang, "k-trend"), false).clicked() {
            actions.push(UiAction::Trend(Some(vm.sensor.clone())));
        }
        if let Some(case) = &vm.case
            && kit::button(ui, look, tr(lang, "k-see-case"), false).clicked()
        {
            actions.push(UiAction::SelectCase(Some(case.clone())));
        }
        if vm.unseen && vm.may_act && kit::button(ui, look, tr(lang, "k-acknowledge"), true).clicked() {
            actions.push(UiAction::Send(Command::AcknowledgeAlert { alert: vm.id, note: String::new() }));
        }
    });
    care(ui, vm, look, &mut actions);
    egui::ScrollArea::vertical().id_salt("why").auto_shrink([false, false]).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 3.0;
        if vm.trend.len() > 1 {
            let size = vec2(ui.available_width(), 56.0);
            kit::sparkline(ui, look, &vm.trend, Some(vm.threshold), look.level(vm.level), size);
        }
        kit::rule(ui, look);
        lines(ui, &vm.facts, look);
        for line in &vm.lines {
            kit::wrapped(ui, line, look.regular(s.small), look.text());
        }
        for (name, value, holds) in &vm.inputs {
            ui.horizontal(|ui| {
                let level = if *holds { vm.level } else { AlertLevel::Normal };
                kit::level_dot(ui, look, level, 4.0);
                kit::text(ui, name, look.regular(s.small), look.text());
                kit::text(ui, value, look.medium(s.small), look.text());
            });
        }
        if !vm.proof.is_empty() {
            kit::rule(ui, look);
            kit::text(ui, tr(lang, "k-why-proof"), look.medium(s.body), look.text());
            for (at, value, over) in vm.proof.iter().take(PROOF) {
                ui.horizontal(|ui| {
                    kit::text(ui, at, look.regular(s.small), look.second());
                    let color = if *over { look.level(vm.level) } else { look.text() };
                    kit::text(ui, value, look.medium(s.small), color);
                });
            }
        }
        kit::rule(ui, look);
        kit::text(ui, tr(lang, "k-why-lineage"), look.medium(s.body), look.text());
        lines(ui, &vm.lineage, look);
    });
    actions
}

/// What a person may do about the calls of an alert; its colour stays what it is.
fn care(ui: &mut Ui, vm: &WhyVm, look: &Look, actions: &mut Vec<UiAction>) {
    if !vm.may_act || vm.state == AlertState::Resolved {
        return;
    }
    let lang = look.lang;
    let reason = || tr(lang, "k-care-reason").to_owned();
    ui.horizontal_wrapped(|ui| {
        let mut ask = |ui: &mut Ui, key: &'static str, command: Command| {
            if kit::button(ui, look, tr(lang, key), false).clicked() {
                actions.push(UiAction::Send(command));
            }
        };
        if vm.state == AlertState::Shelved {
            ask(ui, "k-unshelve", Command::UnshelveAlert { alert: vm.id, reason: reason() });
        } else {
            ask(ui, "k-shelve", Command::ShelveAlert { alert: vm.id, minutes: 60, reason: reason() });
        }
        if vm.state == AlertState::Flapping {
            ask(ui, "k-release", Command::ReleaseAlert { alert: vm.id, reason: reason() });
        }
        ask(ui, "k-escalate", Command::EscalateAlert { alert: vm.id, reason: reason() });
        let silence = Command::SilenceAlerts {
            rule: vm.rule.clone(),
            property: String::new(),
            sensor: String::new(),
            area: String::new(),
            up_to: AlertLevel::Orange,
            minutes: 120,
            reason: reason(),
        };
        ask(ui, "k-silence", silence);
    });
}

/// Labels and values in two columns.
fn lines(ui: &mut Ui, rows: &[(&'static str, String)], look: &Look) {
    let s = look.sizes;
    for (label, value) in rows {
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = 8.0;
            let width = 5.4 * s.small;
            ui.allocate_ui(vec2(width, s.small * 1.4), |ui| {
                ui.set_min_width(width);
                kit::text(ui, tr(look.lang, label), look.regular(s.small), look.second());
            });
            kit::wrapped(ui, value, look.regular(s.small), look.text());
        });
    }
}
