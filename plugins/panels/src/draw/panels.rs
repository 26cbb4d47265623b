//! Headline, time bar and the panels around the map.

use guanlan_stage::AreaStyle;

use crate::{
    action::UiAction,
    layout::{Layout, Preset, Side, Slot},
    look::{Look, Sizes},
    state::Desk,
    ui,
    ui::kit,
    values::Values,
};

/// Text of a desk, or of a wall before leaders.
pub(super) fn sizes(place: &Layout, screen: egui::Vec2) -> Sizes {
    match place.preset {
        Preset::Briefing => Sizes::DESK.times((1.25 * screen.min_elem() / 1080.0).clamp(0.8, 2.5)),
        _ => Sizes::DESK,
    }
}

/// Draws them; what was asked for goes into `actions`.
pub(super) fn panels(
    ctx: &egui::Context,
    picture: &guanlan_room::Picture,
    values: &Values,
    desk: &mut Desk,
    (place, style): (&Layout, AreaStyle),
    look: &Look,
    actions: &mut Vec<UiAction>,
) {
    // The strip has a fixed height: its text keeps the desk's size.
    let strip = Look { sizes: Sizes::DESK, ..*look };
    actions.extend(kit::panel(ctx, "strip", place.strip, look, |ui| {
        ui::headline::headline_ui(ui, &values.headline, &strip)
    }));
    actions.extend(kit::panel(ctx, "bar", place.bar, look, |ui| ui::timebar::timebar_ui(ui, &values.bar, &strip)));
    let searched = (desk.search.clone(), desk.tree.search.clone());
    for (slot, rect) in &place.panels {
        let id = format!("{slot:?}");
        actions.extend(kit::panel(ctx, &id, *rect, look, |ui| match slot {
            Slot::Alerts => {
                let mut asked = ui::warnings::warnings_ui(ui, &values.warnings, look);
                asked.extend(ui::alerts::alerts_ui(ui, &values.alerts, desk.all_alerts, desk.alert, look));
                asked
            }
            Slot::Figures => {
                ui::figures::figures_ui(ui, &values.figures, look);
                Vec::new()
            }
            Slot::Cases => ui::cases::cases_ui(ui, &values.cases, desk.case.as_ref(), look),
            Slot::Crews => ui::crews::crews_ui(ui, &values.crews, desk.unit.as_ref(), look),
            Slot::Detail => match &values.detail {
                Some(vm) => ui::detail::detail_ui(ui, vm, &mut desk.form, &mut desk.search, picture.now, look),
                None => vec![UiAction::SelectCase(None)],
            },
            Slot::Summary => {
                ui::briefing::summary_ui(ui, &values.briefing, look);
                Vec::new()
            }
            Slot::Worst => {
                let stop = desk.tour.on.then_some(desk.tour.stop);
                ui::briefing::worst_ui(ui, &values.briefing, stop, look)
            }
            Slot::Areas => ui::areas::areas_ui(ui, &values.areas, desk.side == Side::Areas, style, look),
            Slot::Water => {
                let mut hands = ui::water::WaterDesk {
                    reason: &mut desk.reason,
                    held: desk.held.as_ref(),
                    timelines: &values.headline.timelines,
                    compared: desk.compare.as_ref(),
                };
                ui::water::water_ui(ui, &values.water, &mut hands, look)
            }
            Slot::Catalogue => ui::catalogue::catalogue_ui(ui, &values.catalogue, look),
            Slot::Why => match &values.why {
                Some(vm) => ui::why::why_ui(ui, vm, look),
                None => vec![UiAction::Explain(None)],
            },
            Slot::Trend => match &values.trend {
                Some(vm) => ui::trend::trend_ui(ui, vm, look),
                None => vec![UiAction::Trend(None)],
            },
            Slot::Risk => ui::risk::risk_ui(ui, &values.risk, desk.risk, look),
            Slot::Records => ui::records::records_ui(ui, &values.records, look),
            Slot::System => ui::health::health_ui(ui, &values.health, look),
            Slot::Layers => ui::layers::layers_ui(ui, &values.layers, &mut desk.tree, look),
        }));
    }
    if searched.0 != desk.search || searched.1 != desk.tree.search {
        desk.revision += 1;
    }
}
