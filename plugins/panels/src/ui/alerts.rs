//! The column of alert cards.

use egui::{Align, CornerRadius, Layout, Sense, Ui, UiBuilder, vec2};
use guanlan_core::{AlertId, AlertLevel, Command, theme::Token};

use super::kit;
use crate::{
    action::UiAction,
    look::Look,
    vm::alerts::{AlertCard, AlertsVm, GroupCard, Row},
    words::{tr, tr_with},
};

/// Cards of a column before "+n".
pub const SIX: usize = 6;
/// Height of a card.
pub const CARD_H: f32 = 74.0;

/// The column; `all` shows more than six, `chosen` is marked.
pub fn alerts_ui(ui: &mut Ui, vm: &AlertsVm, all: bool, chosen: Option<AlertId>, look: &Look) -> Vec<UiAction> {
    let mut actions = Vec::new();
    let lang = look.lang;
    kit::heading(ui, look, tr(lang, "k-alerts"), |ui| {
        let total: usize = vm.counts.iter().sum();
        ui.label(egui::RichText::new(total.to_string()).font(look.medium(look.sizes.title)).color(look.second()));
    });
    if vm.rows.is_empty() {
        kit::text(ui, tr(lang, "k-no-alerts"), look.regular(look.sizes.body), look.second());
        return actions;
    }
    ui.add_space(4.0);
    let room = ((ui.available_height() - 24.0 + 6.0) / (CARD_H + 6.0)).floor().max(1.0) as usize;
    let shown = if all { vm.rows.len() } else { vm.rows.len().min(SIX).min(room) };
    let more = vm.rows.len() + vm.beyond - shown;
    let height = ui.available_height() - if more > 0 || all { 28.0 } else { 0.0 };
    egui::ScrollArea::vertical()
        .id_salt("alerts")
        .max_height(height)
        .auto_shrink([false, true])
        .scroll_bar_visibility(egui::scroll_area::ScrollBarVisibility::AlwaysHidden)
        .show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 6.0;
            for row in vm.rows.iter().take(shown) {
                match row {
                    Row::Group(group) => group_ui(ui, group, look, &mut actions),
                    Row::Alert(card, inner) => {
                        card_ui(ui, card, *inner, chosen == Some(card.id), look, &mut actions);
                    }
                }
            }
        });
    if more > 0 || all {
        let words =
            if all { tr(lang, "k-fewer").to_owned() } else { tr_with(lang, "k-more", &[("n", &more.to_string())]) };
        let label = egui::RichText::new(words).font(look.medium(look.sizes.small)).color(look.accent());
        if ui.add(egui::Label::new(label).sense(Sense::click())).clicked() {
            actions.push(UiAction::ToggleAlerts);
        }
    }
    actions
}

/// Many alerts as one card: edges behind it say that it is a pile.
fn group_ui(ui: &mut Ui, card: &GroupCard, look: &Look, actions: &mut Vec<UiAction>) {
    let (s, lang) = (look.sizes, look.lang);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), CARD_H), Sense::click());
    if !ui.is_rect_visible(rect) {
        return;
    }
    let fill = if card.open || response.hovered() { 0.09 } else { 0.045 };
    for k in [2.0_f32, 1.0] {
        let behind = rect.shrink2(vec2(4.0 * k, 0.0)).translate(vec2(0.0, 3.0 * k));
        ui.painter().rect_filled(behind, CornerRadius::same(4), look.faint(Token::Text, 0.03));
    }
    ui.painter().rect_filled(rect, CornerRadius::same(4), look.faint(Token::Text, fill));
    let edge = egui::Rect::from_min_size(rect.min, vec2(3.0, rect.height()));
    ui.painter().rect_filled(edge, CornerRadius::same(2), look.level(card.level));
    let inner = rect.shrink2(vec2(10.0, 6.0)).translate(vec2(1.0, 0.0));
    let mut ui = ui.new_child(UiBuilder::new().max_rect(inner).layout(Layout::top_down(Align::Min)));
    let ui = &mut ui;
    ui.spacing_mut().item_spacing.y = 1.0;
    line(
        ui,
        20.0,
        &mut |ui| {
            let words = format!("×{}", card.count);
            ui.label(egui::RichText::new(words).font(look.medium(s.title)).color(look.text()));
        },
        &mut |ui| {
            kit::level_dot(ui, look, card.level, 6.5);
            let word = card.level.name();
            let word = egui::RichText::new(word.get(lang)).font(look.bold(s.body)).color(look.level(card.level));
            ui.label(word);
            kit::text(ui, &card.title, look.medium(s.body), look.text());
        },
    );
    line(
        ui,
        18.0,
        &mut |ui| {
            ui.label(egui::RichText::new(&card.since).font(look.regular(s.small)).color(look.second()));
        },
        &mut |ui| {
            kit::text(ui, &card.area, look.regular(s.small), look.text());
            for level in AlertLevel::ALL.into_iter().rev().filter(|l| *l > AlertLevel::Normal) {
                let n = card.levels[usize::from(level.rank())];
                if n > 0 {
                    kit::level_dot(ui, look, level, 4.0);
                    ui.label(egui::RichText::new(n.to_string()).font(look.regular(s.small)).color(look.second()));
                }
            }
        },
    );
    line(
        ui,
        24.0,
        &mut |ui| {
            if let Some(place) = card.place_m
                && quiet(ui, look, tr(lang, "k-fly"))
            {
                actions.push(UiAction::Fly(place));
            }
            let words = if card.open { tr(lang, "k-group-close") } else { tr(lang, "k-group-open") };
            if quiet(ui, look, words) {
                actions.push(UiAction::ToggleGroup(card.id));
            }
            if card.can_acknowledge && kit::button(ui, look, tr(lang, "k-acknowledge-all"), true).clicked() {
                actions.push(UiAction::Send(Command::AcknowledgeGroup { group: card.id, note: String::new() }));
            }
        },
        &mut |ui| {
            kit::text(ui, &card.called, look.regular(s.small), look.second());
        },
    );
    if response.clicked() {
        actions.push(UiAction::ToggleGroup(card.id));
    }
}

/// A line of a card: what stands at the right end first, then the rest.
fn line(ui: &mut Ui, h: f32, right: &mut dyn FnMut(&mut Ui), left: &mut dyn FnMut(&mut Ui)) {
    let width = ui.available_width();
    ui.allocate_ui_with_layout(vec2(width, h), Layout::right_to_left(Align::Center), |ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        right(ui);
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            left(ui);
        });
    });
}

fn card_ui(ui: &mut Ui, card: &AlertCard, member: bool, chosen: bool, look: &Look, actions: &mut Vec<UiAction>) {
    let s = look.sizes;
    let (whole, response) = ui.allocate_exact_size(vec2(ui.available_width(), CARD_H), Sense::click());
    if !ui.is_rect_visible(whole) {
        return;
    }
    let mut rect = whole;
    rect.min.x += if member { 12.0 } else { 0.0 };
    let fill = if chosen || response.hovered() { 0.09 } else { 0.045 };
    ui.painter().rect_filled(rect, CornerRadius::same(4), look.faint(Token::Text, fill));
    let edge = egui::Rect::from_min_size(rect.min, vec2(3.0, rect.height()));
    ui.painter().rect_filled(edge, CornerRadius::same(2), look.level(card.level));
    if chosen {
        let stroke = egui::Stroke::new(1.0, look.accent());
        ui.painter().rect_stroke(rect, CornerRadius::same(4), stroke, egui::StrokeKind::Inside);
    }
    let inner = rect.shrink2(vec2(10.0, 6.0)).translate(vec2(1.0, 0.0));
    let mut ui = ui.new_child(UiBuilder::new().max_rect(inner).layout(Layout::top_down(Align::Min)));
    let ui = &mut ui;
    ui.spacing_mut().item_spacing.y = 1.0;
    line(
        ui,
        20.0,
        &mut |ui| {
            if !card.unit.is_empty() {
                ui.label(egui::RichText::new(card.unit).font(look.regular(s.small)).color(look.second()));
            }
            ui.label(egui::RichText::new(&card.value).font(look.medium(s.title)).color(look.text()));
        },
        &mut |ui| {
            kit::level_dot(ui, look, card.level, 6.5);
            let word = card.level.name();
            let word = egui::RichText::new(word.get(look.lang)).font(look.bold(s.body)).color(look.level(card.level));
            ui.label(word);
            kit::text(ui, &card.title, look.medium(s.body), look.text());
        },
    );
    line(
        ui,
        18.0,
        &mut |ui| {
            let since = if card.remark.is_empty() { &card.since } else { &card.remark };
            ui.label(egui::RichText::new(since).font(look.regular(s.small)).color(look.second()));
        },
        &mut |ui| {
            kit::text(ui, &card.place, look.regular(s.small), look.text());
        },
    );
    line(
        ui,
        24.0,
        &mut |ui| {
            if card.place_m.is_some() && quiet(ui, look, tr(look.lang, "k-fly")) {
                actions.extend(card.place_m.map(UiAction::Fly));
                actions.push(UiAction::SelectAlert(Some(card.id)));
            }
            if let Some(case) = &card.case {
                if quiet(ui, look, tr(look.lang, "k-see-case")) {
                    actions.push(UiAction::SelectCase(Some(case.clone())));
                }
            } else if let (true, Some([east_m, north_m])) = (card.can_open, card.place_m) {
                if quiet(ui, look, tr(look.lang, "k-open-case")) {
                    let text = format!("{} {} {} {}", card.title, card.place, card.value, card.unit);
                    let text = text.trim().to_owned();
                    actions.push(UiAction::Send(Command::ReportCase { code: String::new(), text, east_m, north_m }));
                }
            }
            if card.can_acknowledge && kit::button(ui, look, tr(look.lang, "k-acknowledge"), true).clicked() {
                actions.push(UiAction::Send(Command::AcknowledgeAlert { alert: card.id, note: String::new() }));
            }
        },
        &mut |ui| {
            let width = ui.available_width().min(150.0);
            if width > 40.0 {
                let (points, threshold) = (&card.trend, Some(card.threshold));
                kit::sparkline(ui, look, points, threshold, look.level(card.level), vec2(width, 20.0));
            }
        },
    );
    if response.clicked() {
        actions.push(UiAction::Explain(Some(card.id)));
        actions.extend(card.place_m.map(UiAction::Fly));
    }
}

fn quiet(ui: &mut Ui, look: &Look, words: &str) -> bool {
    kit::button(ui, look, words, false).clicked()
}

#[cfg(test)]
mod tests {
    use super::*;
    use guanlan_core::Lang;

    fn card(id: u64) -> AlertCard {
        AlertCard {
            id: AlertId(id),
            level: AlertLevel::Red,
            title: "道路积水".into(),
            place: "西城路下穿".into(),
            since: "已 5 分".into(),
            value: "31".into(),
            unit: "cm",
            trend: vec![[-60.0, 0.0], [-1.0, 31.0]],
            threshold: 27.0,
            unseen: true,
            remark: String::new(),
            case: None,
            place_m: Some([10.0, 20.0]),
            can_acknowledge: true,
            can_open: true,
        }
    }

    fn pass(ctx: &egui::Context, vm: &AlertsVm, look: &Look, events: Vec<egui::Event>) -> Vec<UiAction> {
        let screen = egui::Rect::from_min_size(egui::Pos2::ZERO, vec2(400.0, 600.0));
        let input = egui::RawInput { screen_rect: Some(screen), events, ..Default::default() };
        let mut actions = Vec::new();
        ctx.begin_pass(input);
        actions.extend(kit::panel(ctx, "alerts", screen, look, |ui| alerts_ui(ui, vm, false, None, look)));
        let _ = ctx.end_pass();
        actions
    }

    /// Clicks everywhere on a grid and collects what was asked for.
    fn click_around(vm: &AlertsVm, lang: Lang) -> Vec<UiAction> {
        let ctx = egui::Context::default();
        ctx.set_fonts(crate::look::fonts());
        let look = Look { lang, ..Look::default() };
        pass(&ctx, vm, &look, Vec::new());
        crate::look::dress(&ctx, &look);
        let mut all = Vec::new();
        for y in (60..140).step_by(8) {
            for x in (14..390).step_by(16) {
                let pos = egui::pos2(x as f32, y as f32);
                let button = |pressed| egui::Event::PointerButton {
                    pos,
                    button: egui::PointerButton::Primary,
                    pressed,
                    modifiers: egui::Modifiers::NONE,
                };
                pass(&ctx, vm, &look, vec![egui::Event::PointerMoved(pos)]);
                all.extend(pass(&ctx, vm, &look, vec![button(true)]));
                all.extend(pass(&ctx, vm, &look, vec![button(false)]));
            }
        }
        all
    }

    #[test]
    fn a_card_can_be_seen_opened_and_flown_to_by_hand() {
        let vm = AlertsVm { counts: [0, 0, 0, 0, 1], rows: vec![Row::Alert(card(7), false)], beyond: 0 };
        for lang in [Lang::Zh, Lang::En] {
            let actions = click_around(&vm, lang);
            let has = |f: &dyn Fn(&UiAction) -> bool| actions.iter().any(f);
            assert!(has(&|a| matches!(a, UiAction::Send(Command::AcknowledgeAlert { alert: AlertId(7), .. }))));
            assert!(has(&|a| matches!(a, UiAction::Send(Command::ReportCase { east_m, .. }) if *east_m == 10.0)));
            assert!(has(&|a| *a == UiAction::Fly([10.0, 20.0])));
        }
        let seen = AlertCard { can_acknowledge: false, ..card(7) };
        let actions = click_around(&AlertsVm { rows: vec![Row::Alert(seen, false)], ..vm }, Lang::Zh);
        assert!(!actions.iter().any(|a| matches!(a, UiAction::Send(Command::AcknowledgeAlert { .. }))));
    }

    #[test]
    fn a_pile_is_opened_and_acknowledged_as_one() {
        let group = GroupCard {
            id: 3,
            level: AlertLevel::Red,
            title: "道路积水".into(),
            area: "南湖街道".into(),
            count: 1200,
            levels: [0, 300, 400, 0, 500],
            since: "已 5 分".into(),
            called: "街道".into(),
            open: false,
            place_m: Some([10.0, 20.0]),
            can_acknowledge: true,
        };
        let vm = AlertsVm { counts: [0, 300, 400, 0, 500], rows: vec![Row::Group(group)], beyond: 0 };
        for lang in [Lang::Zh, Lang::En] {
            let actions = click_around(&vm, lang);
            assert!(actions.contains(&UiAction::ToggleGroup(3)));
            assert!(actions.iter().any(|a| matches!(a, UiAction::Send(Command::AcknowledgeGroup { group: 3, .. }))));
        }
    }
}
