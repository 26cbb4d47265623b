//! The water's desk: estimate, hours ahead, roads to confirm, pump advice, measures and the tools for them.

use egui::{Sense, Ui, vec2};
use guanlan_core::{AlertLevel, Command, theme::Token};

use super::{kit, layers::swatch};
use crate::{
    action::UiAction,
    layout::Side,
    look::Look,
    tools::{Held, Needs},
    vm::headline::TimelineChoice,
    vm::water::{AdviceVm, ClosureRow, ForecastVm, MeasureRow, SearchVm, WaterVm},
    words::tr,
};

/// Words a person gives with a rejection, and the tool in the hand.
pub struct WaterDesk<'a> {
    /// Reason for saying no.
    pub reason: &'a mut String,
    /// The tool in the hand.
    pub held: Option<&'a Held>,
    /// Timelines of the program.
    pub timelines: &'a [TimelineChoice],
    /// The one whose water is compared with the one shown.
    pub compared: Option<&'a guanlan_core::TimelineId>,
}

/// The panel.
pub fn water_ui(ui: &mut Ui, vm: &WaterVm, desk: &mut WaterDesk<'_>, look: &Look) -> Vec<UiAction> {
    let mut actions = Vec::new();
    let (s, lang) = (look.sizes, look.lang);
    kit::heading(ui, look, tr(lang, "k-water"), |ui| {
        if kit::button(ui, look, tr(lang, "k-close-panel"), false).clicked() {
            actions.push(UiAction::Toggle(Side::Water));
        }
        if !vm.name.is_empty() {
            kit::badge(ui, look, &vm.name, look.color(Token::Flood1), s.small);
        }
    });
    egui::ScrollArea::vertical().id_salt("water").auto_shrink([false, false]).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 3.0;
        if vm.name.is_empty() && vm.forecast.is_none() {
            kit::wrapped(ui, tr(lang, "k-water-none"), look.regular(s.body), look.second());
        }
        // What waits for a person comes first.
        for row in &vm.closures {
            closure(ui, vm, row, desk, look, &mut actions);
        }
        if let Some(search) = &vm.search {
            search_ui(ui, vm, search, look, &mut actions);
        }
        if let Some(advice) = &vm.advice {
            advice_ui(ui, vm, advice, desk, look, &mut actions);
        }
        if let Some(forecast) = &vm.forecast {
            forecast_ui(ui, forecast, look, &mut actions);
        }
        seen(ui, vm, look, &mut actions);
        estimate(ui, vm, look, &mut actions);
        comparison(ui, desk, look, &mut actions);
        measures(ui, vm, look, &mut actions);
        tools(ui, vm, desk.held, look, &mut actions);
    });
    actions
}

fn section(ui: &mut Ui, words: &str, look: &Look) {
    kit::rule(ui, look);
    kit::text(ui, words, look.medium(look.sizes.body), look.text());
}

/// What of the water the map shows: one thing at a time, with what its colours mean.
fn seen(ui: &mut Ui, vm: &WaterVm, look: &Look, actions: &mut Vec<UiAction>) {
    if vm.choices.is_empty() {
        return;
    }
    section(ui, tr(look.lang, "k-water-shown"), look);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(4.0, 4.0);
        for choice in &vm.choices {
            if kit::button(ui, look, &choice.name, choice.on).clicked() {
                actions.push(UiAction::SetLayer(choice.id.clone(), !choice.on));
            }
        }
    });
    let s = look.sizes;
    for choice in vm.choices.iter().filter(|c| c.on) {
        for row in &choice.legend {
            let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), s.small * 1.5), Sense::hover());
            swatch(ui.painter(), rect.left_center() + vec2(10.0, 0.0), row, look);
            let at = rect.left_center() + vec2(28.0, 0.0);
            let align = egui::Align2::LEFT_CENTER;
            kit::words_at(ui.painter(), at, align, &row.words, look.regular(s.small), look.text());
        }
        kit::wrapped(ui, &choice.words, look.regular(s.small), look.second());
    }
}

/// Beside which other timeline's water this one is shown.
fn comparison(ui: &mut Ui, desk: &WaterDesk<'_>, look: &Look, actions: &mut Vec<UiAction>) {
    let others: Vec<&TimelineChoice> = desk.timelines.iter().filter(|t| !t.current).collect();
    if others.is_empty() {
        return;
    }
    section(ui, tr(look.lang, "k-compare"), look);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(4.0, 4.0);
        for other in others {
            let on = desk.compared == Some(&other.id);
            let button = kit::button(ui, look, other.mode.name().get(look.lang), on).on_hover_text(other.id.as_str());
            if button.clicked() {
                actions.push(UiAction::Compare((!on).then(|| other.id.clone())));
            }
        }
    });
}

/// A line that flies to its place when it has one.
fn fly_line(ui: &mut Ui, words: &str, place_m: Option<[f64; 2]>, look: &Look, actions: &mut Vec<UiAction>) {
    let text = egui::RichText::new(words).font(look.regular(look.sizes.small)).color(look.text());
    let sense = if place_m.is_some() { Sense::click() } else { Sense::hover() };
    if ui.add(egui::Label::new(text).wrap().sense(sense)).clicked() {
        actions.extend(place_m.map(UiAction::Fly));
    }
}

fn closure(
    ui: &mut Ui,
    vm: &WaterVm,
    row: &ClosureRow,
    desk: &mut WaterDesk<'_>,
    look: &Look,
    actions: &mut Vec<UiAction>,
) {
    let (s, lang) = (look.sizes, look.lang);
    kit::rule(ui, look);
    ui.horizontal(|ui| {
        kit::level_dot(ui, look, if row.waits { AlertLevel::Orange } else { AlertLevel::Normal }, 6.0);
        let words = if row.waits { tr(lang, "k-water-close-ask") } else { tr(lang, "k-water-close-told") };
        kit::text(ui, words, look.medium(s.small), look.second());
    });
    fly_line(ui, &row.title, Some(row.place_m), look, actions);
    kit::text(ui, &row.state, look.regular(s.small), look.second());
    if !vm.may_act {
        return;
    }
    ui.horizontal(|ui| {
        if row.waits {
            if kit::button(ui, look, tr(lang, "k-water-close-yes"), true).clicked() {
                actions.push(UiAction::Send(Command::ConfirmClosure { closure: row.no, note: String::new() }));
            }
            if kit::button(ui, look, tr(lang, "k-water-close-no"), false).clicked() {
                let reason = said(desk.reason, tr(lang, "k-water-close-reason"));
                actions.push(UiAction::Send(Command::DismissClosure { closure: row.no, reason }));
            }
        } else if row.can_undo && kit::button(ui, look, tr(lang, "k-undo"), false).clicked() {
            actions.push(UiAction::Send(Command::UndoClosure { closure: row.no }));
        }
    });
}

/// What a person wrote, or words that say as much.
fn said(written: &mut String, otherwise: &str) -> String {
    let words = std::mem::take(written);
    if words.trim().is_empty() { otherwise.to_owned() } else { words.trim().to_owned() }
}

fn advice_ui(
    ui: &mut Ui,
    vm: &WaterVm,
    advice: &AdviceVm,
    desk: &mut WaterDesk<'_>,
    look: &Look,
    actions: &mut Vec<UiAction>,
) {
    let (s, lang) = (look.sizes, look.lang);
    section(ui, tr(lang, "k-water-advice"), look);
    kit::wrapped(ui, &advice.words, look.regular(s.small), look.text());
    let nothing = format!("{} {}", tr(lang, "k-water-nothing"), advice.nothing);
    kit::wrapped(ui, &nothing, look.regular(s.small), look.second());
    for (i, option) in advice.options.iter().enumerate() {
        ui.add_space(2.0);
        ui.allocate_ui_with_layout(
            vec2(ui.available_width(), 26.0),
            egui::Layout::right_to_left(egui::Align::Center),
            |ui| {
                let can = advice.waits && vm.may_act;
                if can && kit::button(ui, look, tr(lang, "k-water-approve"), i == 0).clicked() {
                    actions.push(UiAction::Send(Command::ApproveAdvice {
                        advice: advice.no,
                        option: option.no,
                        note: String::new(),
                    }));
                }
                ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                    kit::text(ui, &format!("{} {}", option.no, option.name), look.medium(s.body), look.text());
                });
            },
        );
        kit::wrapped(ui, &option.difference, look.regular(s.small), look.accent());
        kit::text(ui, &option.effort, look.regular(s.small), look.second());
        for (when, what, place) in &option.actions {
            fly_line(ui, &format!("{when}  {what}"), *place, look, actions);
        }
    }
    if advice.waits && vm.may_act {
        let hint = egui::RichText::new(tr(lang, "k-reason-hint")).color(look.second());
        ui.add(egui::TextEdit::singleline(desk.reason).hint_text(hint).desired_width(f32::INFINITY));
        if kit::button(ui, look, tr(lang, "k-water-reject"), false).clicked() {
            let reason = said(desk.reason, tr(lang, "k-water-reject-reason"));
            actions.push(UiAction::Send(Command::RejectAdvice { advice: advice.no, reason }));
        }
    } else if !advice.answer.is_empty() {
        kit::wrapped(ui, &advice.answer, look.medium(s.small), look.text());
    }
}

/// How far the search for advice is, and the button that ends it.
fn search_ui(ui: &mut Ui, vm: &WaterVm, search: &SearchVm, look: &Look, actions: &mut Vec<UiAction>) {
    let (s, lang) = (look.sizes, look.lang);
    section(ui, tr(lang, "k-water-searching"), look);
    kit::wrapped(ui, &search.words, look.regular(s.small), look.text());
    let width = ui.available_width();
    kit::bar(ui, look, search.share, look.accent(), vec2(width, 4.0));
    if vm.may_act && kit::button(ui, look, tr(lang, "k-water-search-stop"), false).clicked() {
        let reason = tr(lang, "k-water-search-stop").to_owned();
        actions.push(UiAction::Send(Command::StopAdviceSearch { reason }));
    }
}

fn forecast_ui(ui: &mut Ui, forecast: &ForecastVm, look: &Look, actions: &mut Vec<UiAction>) {
    let s = look.sizes;
    section(ui, &forecast.title, look);
    kit::wrapped(ui, &forecast.headline, look.medium(s.body), look.text());
    kit::wrapped(ui, &forecast.rain, look.regular(s.small), look.second());
    for site in &forecast.sites {
        let row = ui.allocate_ui_with_layout(
            vec2(ui.available_width(), 22.0),
            egui::Layout::right_to_left(egui::Align::Center),
            |ui| {
                curve(ui, look, &site.series, look.level(site.level));
                ui.label(egui::RichText::new(&site.words).font(look.medium(s.small)).color(look.text()));
                ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                    kit::level_dot(ui, look, site.level, 5.0);
                    kit::text(ui, &site.name, look.regular(s.small), look.text());
                });
            },
        );
        if row.response.interact(Sense::click()).clicked() {
            actions.push(UiAction::Fly(site.place_m));
        }
    }
    for (road, when) in &forecast.roads {
        ui.allocate_ui_with_layout(
            vec2(ui.available_width(), 18.0),
            egui::Layout::right_to_left(egui::Align::Center),
            |ui| {
                ui.label(egui::RichText::new(when).font(look.regular(s.small)).color(look.second()));
                ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                    kit::text(ui, road, look.regular(s.small), look.text());
                });
            },
        );
    }
    if forecast.roads_beyond > 0 {
        let words = crate::words::tr_with(look.lang, "k-more", &[("n", &forecast.roads_beyond.to_string())]);
        kit::text(ui, &words, look.regular(s.small), look.second());
    }
    kit::wrapped(ui, &forecast.harm, look.regular(s.small), look.second());
}

/// Depth against minutes; the instant now is a line, the red line of 27 cm another.
fn curve(ui: &mut Ui, look: &Look, series: &[[f64; 2]], color: egui::Color32) {
    let (rect, _) = ui.allocate_exact_size(vec2(72.0, 18.0), Sense::hover());
    let (Some(first), Some(last)) = (series.first(), series.last()) else { return };
    let width = (last[0] - first[0]).max(1e-9);
    let high = series.iter().map(|p| p[1]).fold(30.0, f64::max);
    let at = |p: [f64; 2]| {
        let x = rect.left() + rect.width() * ((p[0] - first[0]) / width) as f32;
        egui::pos2(x, rect.bottom() - rect.height() * (p[1] / high) as f32)
    };
    let painter = ui.painter();
    let faint = egui::Stroke::new(1.0, look.faint(Token::TextSecond, 0.35));
    painter.hline(rect.x_range(), at([first[0], 27.0]).y, faint);
    if first[0] < 0.0 && last[0] > 0.0 {
        painter.vline(at([0.0, 0.0]).x, rect.y_range(), faint);
    }
    painter.add(egui::Shape::line(series.iter().map(|p| at(*p)).collect(), egui::Stroke::new(1.5, color)));
}

fn estimate(ui: &mut Ui, vm: &WaterVm, look: &Look, actions: &mut Vec<UiAction>) {
    let (s, lang) = (look.sizes, look.lang);
    if vm.about.is_empty() {
        return;
    }
    section(ui, tr(lang, "k-water-model"), look);
    for line in &vm.about {
        kit::wrapped(ui, line, look.regular(s.small), look.second());
    }
    if !vm.skill.is_empty() {
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            for (label, value) in &vm.skill {
                ui.label(egui::RichText::new(tr(lang, label)).font(look.regular(s.small)).color(look.second()));
                ui.label(egui::RichText::new(value).font(look.medium(s.small)).color(look.text()));
                ui.add_space(6.0);
            }
        });
    }
    kit::wrapped(ui, &vm.books, look.regular(s.small), look.second());
    for gauge in &vm.doubted {
        ui.horizontal(|ui| {
            kit::level_dot(ui, look, AlertLevel::Yellow, 5.0);
            kit::text(ui, &gauge.name, look.medium(s.small), look.text());
            kit::text(ui, &gauge.figures, look.regular(s.small), look.second());
        });
        fly_line(ui, &gauge.why, Some(gauge.place_m), look, actions);
    }
}

fn measures(ui: &mut Ui, vm: &WaterVm, look: &Look, actions: &mut Vec<UiAction>) {
    let (s, lang) = (look.sizes, look.lang);
    if vm.measures.is_empty() {
        return;
    }
    section(ui, tr(lang, "k-water-measures"), look);
    if !vm.effort.is_empty() {
        kit::text(ui, &vm.effort, look.regular(s.small), look.second());
    }
    for row in &vm.measures {
        measure(ui, vm, row, look, actions);
    }
}

fn measure(ui: &mut Ui, vm: &WaterVm, row: &MeasureRow, look: &Look, actions: &mut Vec<UiAction>) {
    let (s, lang) = (look.sizes, look.lang);
    ui.allocate_ui_with_layout(
        vec2(ui.available_width(), 24.0),
        egui::Layout::right_to_left(egui::Align::Center),
        |ui| {
            if row.can_undo && vm.may_act && kit::button(ui, look, tr(lang, "k-undo"), false).clicked() {
                actions.push(UiAction::Send(Command::UndoMeasure { no: Some(row.no) }));
            }
            ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                fly_line(ui, &row.name, row.place_m, look, actions);
            });
        },
    );
    let words = format!("{} · {}", row.state, row.effort);
    kit::text(ui, &words, look.regular(s.small), look.second());
}

fn tools(ui: &mut Ui, vm: &WaterVm, held: Option<&Held>, look: &Look, actions: &mut Vec<UiAction>) {
    let (s, lang) = (look.sizes, look.lang);
    if !vm.may_act || vm.name.is_empty() {
        return;
    }
    section(ui, tr(lang, "k-water-tools"), look);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(6.0, 6.0);
        for tool in &vm.tools {
            let mine = held.is_some_and(|h| h.tool == *tool);
            if kit::button(ui, look, tr(lang, tool.key()), mine).clicked() {
                actions.push(UiAction::TakeTool((!mine).then_some(*tool)));
            }
        }
    });
    if let Some(held) = held {
        let key = match held.tool.needs() {
            Needs::Nothing => return,
            Needs::Place => "k-tool-click",
            Needs::Line(least) if held.places_m.len() < least => "k-tool-line",
            Needs::Line(_) => "k-tool-finish",
        };
        kit::wrapped(ui, tr(lang, key), look.medium(s.small), look.accent());
    }
}
