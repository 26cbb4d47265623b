//! Warnings of other authorities, above the room's own alerts. A click opens a card: words, area, source.

use egui::{CornerRadius, Id, Sense, Ui, vec2};
use guanlan_core::theme::Token;

use super::kit;
use crate::{
    action::UiAction,
    look::Look,
    vm::warnings::{WarningCard, WarningsVm},
    words::{tr, tr_with},
};

/// Closed cards shown at once.
const SHOWN: usize = 3;
/// Height of a closed card.
const CARD_H: f32 = 42.0;

/// The cards; nothing where nobody warns. Which one is open is the panel's own memory.
pub fn warnings_ui(ui: &mut Ui, vm: &WarningsVm, look: &Look) -> Vec<UiAction> {
    let mut actions = Vec::new();
    if vm.cards.is_empty() {
        return actions;
    }
    let (lang, s) = (look.lang, look.sizes);
    let memory = Id::new("warning-open");
    let open: Option<String> = ui.data(|d| d.get_temp(memory));
    let total = vm.cards.len() + vm.beyond;
    kit::heading(ui, look, tr(lang, "k-warnings"), |ui| {
        ui.label(egui::RichText::new(total.to_string()).font(look.medium(s.title)).color(look.second()));
    });
    for card in vm.cards.iter().take(SHOWN) {
        let opened = open.as_ref() == Some(&card.identifier);
        if card_ui(ui, card, opened, look, &mut actions) {
            let next = (!opened).then(|| card.identifier.clone());
            ui.data_mut(|d| match next {
                Some(id) => drop(d.insert_temp(memory, id)),
                None => d.remove::<String>(memory),
            });
        }
    }
    if total > SHOWN {
        let words = tr_with(lang, "k-more", &[("n", &(total - SHOWN).to_string())]);
        kit::text(ui, &words, look.regular(s.small), look.second());
    }
    ui.add_space(6.0);
    actions
}

/// True when the card was clicked.
fn card_ui(ui: &mut Ui, card: &WarningCard, open: bool, look: &Look, actions: &mut Vec<UiAction>) -> bool {
    let (lang, s) = (look.lang, look.sizes);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), CARD_H), Sense::click());
    let fill = if open || response.hovered() { 0.09 } else { 0.045 };
    ui.painter().rect_filled(rect, CornerRadius::same(4), look.faint(Token::Text, fill));
    let edge = egui::Rect::from_min_size(rect.min, vec2(3.0, rect.height()));
    ui.painter().rect_filled(edge, CornerRadius::same(2), look.level(card.level));
    kit::level_mark(ui.painter(), look, card.level, rect.left_top() + vec2(16.0, 13.0), 6.5);
    let line = |top: f32, left: f32| {
        egui::Rect::from_min_max(rect.left_top() + vec2(left, top), rect.right_top() + vec2(-8.0, top + 19.0))
    };
    // An exercise or a test is seen to be one before its colour is.
    let stamp = if card.stamp.is_empty() { String::new() } else { format!("{} · ", card.stamp) };
    let word = format!("{stamp}{} {}", card.level.name().get(lang), card.headline);
    kit::text_in(ui, line(3.0, 28.0), &word, look.medium(s.body), look.text());
    kit::text_in(ui, line(21.0, 10.0), &card.who, look.regular(s.small), look.second());
    if open {
        for (key, words) in &card.lines {
            kit::wrapped(ui, &format!("{} {words}", tr(lang, key)), look.regular(s.small), look.second());
        }
    }
    if response.clicked() {
        actions.extend(card.bounds_m.filter(|_| !open).map(UiAction::FlyOver));
        return true;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        fixture::{click_around, machine, picture, warning},
        vm::warnings::warnings,
    };
    use guanlan_core::{
        Bilingual, Input, Lang, Stamp, Warning, WarningStatus,
        input::{Mark, MarkOrigin},
    };
    use std::sync::Arc;

    /// A message of another authority is a card that says who, until when, and which connector brought it.
    #[test]
    fn a_warning_is_seen_and_tells_its_source() {
        let mut machine = machine(&Arc::default());
        let now = Stamp::from_secs(1_782_864_000);
        let warning = Warning { status: WarningStatus::Exercise, ..warning("A-1", now) };
        let origin = MarkOrigin {
            mark: Mark::Warning("A-1".into()),
            feed: "气象".into(),
            connector: "cap".into(),
            source: "https://met.example/A-1.cap".into(),
            steps: Vec::new(),
            owner: Bilingual::default(),
        };
        machine.tick(now, vec![Input::Warning(Box::new(warning)), Input::Brought(Box::new(origin))]);
        let vm = warnings(&picture(&machine), Lang::Zh);
        let card = &vm.cards[0];
        assert_eq!((card.headline.as_str(), card.stamp.as_str()), ("暴雨橙色预警", "演练"));
        assert!(card.who.contains("met@example.invalid") && card.who.contains("07-02 08:00"), "{card:?}");
        let text = format!("{:?}", card.lines);
        assert!(text.contains("https://met.example/A-1.cap") && text.contains("cap · 气象") && text.contains("全市"));
        let look = Look::default();
        let actions = click_around(vec2(400.0, 200.0), &look, |ctx, rect| {
            kit::panel(ctx, "warnings", rect, &look, |ui| warnings_ui(ui, &vm, &look))
        });
        assert!(actions.contains(&UiAction::FlyOver([0.0, 0.0, 10.0, 20.0])));
        assert_eq!(warnings(&picture(&machine), Lang::En).cards[0].headline, "Orange rain");
    }
}
