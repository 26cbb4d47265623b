//! 系统 on the screen.

use egui::{Ui, vec2};
use guanlan_core::{Command, theme::Token};

use super::kit;
use crate::{action::UiAction, layout::Side, look::Look, vm::health::HealthVm, words::tr};

/// The panel.
pub fn health_ui(ui: &mut Ui, vm: &HealthVm, look: &Look) -> Vec<UiAction> {
    let mut actions = Vec::new();
    let (s, lang) = (look.sizes, look.lang);
    kit::heading(ui, look, tr(lang, "k-system"), |ui| {
        if kit::button(ui, look, tr(lang, "k-close-panel"), false).clicked() {
            actions.push(UiAction::Toggle(Side::System));
        }
    });
    egui::ScrollArea::vertical().id_salt("system").auto_shrink([false, false]).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 3.0;
        if vm.troubles.is_empty() && vm.feeds.is_empty() && vm.refused.is_empty() {
            kit::text(ui, tr(lang, "k-health-well"), look.medium(s.body), look.text());
        }
        for t in &vm.troubles {
            let color = look.color(if t.grave { Token::LevelRed } else { Token::LevelYellow });
            kit::wrapped(ui, &t.words, look.medium(s.body), color);
            kit::wrapped(ui, &t.detail, look.regular(s.small), look.text());
            kit::text(ui, &t.since, look.regular(s.small), look.second());
            kit::rule(ui, look);
        }
        if !vm.refused.is_empty() {
            kit::wrapped(ui, &vm.refused, look.regular(s.small), look.color(Token::LevelYellow));
        }
        for (name, says) in &vm.feeds {
            kit::wrapped(ui, &format!("{name}: {says}"), look.regular(s.small), look.color(Token::LevelYellow));
        }
        kit::rule(ui, look);
        for (label, value, lamp) in &vm.figures {
            ui.allocate_ui_with_layout(
                vec2(ui.available_width(), 20.0),
                egui::Layout::right_to_left(egui::Align::Center),
                |ui| {
                    kit::lamp(ui, look, *lamp);
                    ui.label(egui::RichText::new(value).font(look.medium(s.small)).color(look.text()));
                    ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                        kit::text(ui, tr(lang, label), look.regular(s.small), look.second());
                    });
                },
            );
        }
        kit::text(ui, &format!("{} {}", tr(lang, "k-sys-rules"), vm.rules), look.regular(s.small), look.second());
        kit::rule(ui, look);
        kit::text(ui, tr(lang, "k-sys-silences"), look.medium(s.body), look.text());
        if vm.silences.is_empty() {
            kit::text(ui, tr(lang, "k-sys-no-silences"), look.regular(s.small), look.second());
        }
        for silence in &vm.silences {
            ui.allocate_ui_with_layout(
                vec2(ui.available_width(), 24.0),
                egui::Layout::right_to_left(egui::Align::Center),
                |ui| {
                    if vm.may_act && kit::button(ui, look, tr(lang, "k-sys-end"), false).clicked() {
                        let reason = tr(lang, "k-care-reason").to_owned();
                        actions.push(UiAction::Send(Command::EndSilence { silence: silence.id, reason }));
                    }
                    let fits = egui::RichText::new(silence.fits.to_string()).font(look.medium(s.small));
                    ui.label(fits.color(look.text())).on_hover_text(tr(lang, "k-sys-fits"));
                    ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                        kit::text(ui, &silence.what, look.regular(s.small), look.text());
                    });
                },
            );
            kit::text(ui, &format!("{} · {}", silence.until, silence.why), look.regular(s.small), look.second());
        }
    });
    actions
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        fixture::click_around,
        vm::health::{SilenceRow, TroubleRow},
    };

    #[test]
    fn a_silence_can_be_ended_where_it_is_listed() {
        let silence = SilenceRow { id: 7, what: "road-*".into(), why: "li".into(), until: "10:00".into(), fits: 3 };
        let trouble =
            TroubleRow {
                words: "磁盘已满".into(), detail: "os error 28".into(), since: "10:00".into(), grave: true
            };
        let vm = HealthVm { troubles: vec![trouble], silences: vec![silence], may_act: true, ..HealthVm::default() };
        let look = Look::default();
        let asked = |vm: &HealthVm| {
            click_around(vec2(384.0, 460.0), &look, |ctx, screen| {
                kit::panel(ctx, "system", screen, &look, |ui| health_ui(ui, vm, &look))
            })
        };
        let ends = |a: &UiAction| matches!(a, UiAction::Send(Command::EndSilence { silence: 7, .. }));
        assert!(asked(&vm).iter().any(ends));
        assert!(!asked(&HealthVm { may_act: false, ..vm }).iter().any(ends));
    }
}
