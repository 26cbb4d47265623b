//! A small room for tests.

use std::sync::Arc;

use guanlan_city::City;
use guanlan_core::{AlertLevel, Bilingual, Mode, Stamp, Warning, WarningKind, WarningStatus};
use guanlan_room::{Health, Machine, Picture, Playback, RoomConfig};

/// A room over a city that has not begun yet.
pub fn machine(city: &Arc<City>) -> Machine {
    Machine::new(Arc::new(RoomConfig {
        city: city.clone(),
        timeline: "live".into(),
        mode: Mode::Demo,
        seed: 1,
        tick_ms: 1000,
        alert_rules: guanlan_alerting::RuleSet::defaults(),
        case_rules: guanlan_casework::CaseRules::shipped().unwrap(),
        simulate_crews: false,
        drill: None,
    }))
}

/// Its picture.
pub fn picture(machine: &Machine) -> Picture {
    Picture::of(machine, Health::default(), Playback::live())
}

/// An orange rain warning of another authority, in force from an instant on.
pub fn warning(identifier: &str, from: Stamp) -> Warning {
    Warning {
        identifier: identifier.into(),
        sender: "met@example.invalid".into(),
        sender_name: Bilingual::default(),
        sent: from,
        status: WarningStatus::Actual,
        kind: WarningKind::Alert,
        references: Vec::new(),
        event: Bilingual::new("暴雨", "Rainstorm"),
        level: AlertLevel::Orange,
        severity: "Severe".into(),
        urgency: "Expected".into(),
        certainty: "Likely".into(),
        headline: Bilingual::new("暴雨橙色预警", "Orange rain"),
        description: Bilingual::same("三小时五十毫米"),
        instruction: Bilingual::default(),
        effective: from,
        expires: None,
        area: Bilingual::same("全市"),
        rings_m: vec![vec![[0.0, 0.0], [10.0, 0.0], [10.0, 20.0], [0.0, 0.0]]],
    }
}

/// Clicks everywhere on a grid over a panel and collects what was asked for.
pub fn click_around(
    size: egui::Vec2,
    look: &crate::look::Look,
    mut show: impl FnMut(&egui::Context, egui::Rect) -> Vec<crate::UiAction>,
) -> Vec<crate::UiAction> {
    let ctx = egui::Context::default();
    ctx.set_fonts(crate::look::fonts());
    let screen = egui::Rect::from_min_size(egui::Pos2::ZERO, size);
    let mut pass = |events: Vec<egui::Event>| {
        ctx.begin_pass(egui::RawInput { screen_rect: Some(screen), events, ..Default::default() });
        let actions = show(&ctx, screen);
        let _ = ctx.end_pass();
        actions
    };
    pass(Vec::new());
    crate::look::dress(&ctx, look);
    let mut all = Vec::new();
    let mut y = 6.0;
    while y < size.y {
        let mut x = 6.0;
        while x < size.x {
            let pos = egui::pos2(x, y);
            let button = |pressed| egui::Event::PointerButton {
                pos,
                button: egui::PointerButton::Primary,
                pressed,
                modifiers: egui::Modifiers::NONE,
            };
            pass(vec![egui::Event::PointerMoved(pos)]);
            all.extend(pass(vec![button(true)]));
            all.extend(pass(vec![button(false)]));
            x += 9.0;
        }
        y += 9.0;
    }
    all
}
