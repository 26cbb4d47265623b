//! A crew dragged onto a case: press, drag, let go, say yes.

use egui::{Painter, Pos2, Stroke, vec2};
use guanlan_core::{CaseId, Command, UnitId, input::UnitStatus};

use super::{Sheet, Stage};
use crate::{
    action::{FormKind, UiAction},
    labels::wants::Eye,
    look::Look,
    state::{Desk, Drag},
    ui::kit,
    values::Values,
    words::{tr, tr_with},
};

/// Press on a crew, drag to a case, let go: asks for a yes and sends it.
#[expect(clippy::too_many_arguments, reason = "a gesture over the whole map")]
pub(super) fn drag_crew(
    ctx: &egui::Context,
    painter: &Painter,
    on: &Sheet<'_>,
    desk: &mut Desk,
    stage: &Stage,
    heads: &[(CaseId, Pos2)],
    eye: Eye,
    actions: &mut Vec<UiAction>,
) {
    let (picture, values, place, look) = (on.picture, on.values, on.place, on.look);
    let pointer = ctx.input(|i| (i.pointer.latest_pos(), i.pointer.primary_pressed(), i.pointer.primary_down()));
    let (Some(at), pressed, down) = pointer else { return drop_question(ctx, picture, desk, heads, look, actions) };
    let near = |at: Pos2| {
        heads.iter().filter(|h| h.1.distance(at) < 22.0).min_by(|a, b| a.1.distance(at).total_cmp(&b.1.distance(at)))
    };
    let on_map = place.map.contains(at) && !ctx.is_pointer_over_egui();
    let crew = (on_map && near(at).is_none()).then(|| stage.crew_at(eye, at)).flatten();
    if !down {
        // Known before the press, so that the map does not take the press for its own.
        desk.over_crew = crew.is_some();
    }
    if pressed && let Some(unit) = crew {
        desk.drag = Some(Drag { unit, from: at, moved: false });
    }
    if let Some(mut drag) = desk.drag.take() {
        drag.moved |= drag.from.distance(at) > 6.0;
        let target = near(at).cloned();
        if down {
            if drag.moved {
                let free = picture.units.get(&drag.unit).is_some_and(|u| u.status == UnitStatus::Available);
                let color = if free { look.accent() } else { look.second() };
                painter.line_segment([drag.from, at], Stroke::new(2.0, color));
                painter.circle_filled(at, 4.0, color);
                if let Some((_, head)) = &target {
                    painter.circle_stroke(*head, 18.0, Stroke::new(2.0, color));
                }
            }
            desk.drag = Some(drag);
        } else if !drag.moved {
            actions.push(UiAction::SelectUnit(Some(drag.unit)));
        } else if let Some((case, _)) = target {
            dropped(desk, values, drag.unit, case, actions);
        }
    }
    drop_question(ctx, picture, desk, heads, look, actions);
}

/// A recommended crew needs a yes, any other one a reason.
fn dropped(desk: &mut Desk, values: &Values, unit: UnitId, case: CaseId, actions: &mut Vec<UiAction>) {
    let known = values.detail.as_ref().filter(|d| d.id == case);
    let among = known.is_some_and(|d| d.picks.iter().any(|p| p.unit == unit));
    actions.push(UiAction::SelectCase(Some(case.clone())));
    if known.is_some() && !among {
        actions.push(UiAction::OpenForm(FormKind::Send(unit), case));
    } else {
        desk.drop = Some((unit, case));
    }
}

fn drop_question(
    ctx: &egui::Context,
    picture: &guanlan_room::Picture,
    desk: &mut Desk,
    heads: &[(CaseId, Pos2)],
    look: &Look,
    actions: &mut Vec<UiAction>,
) {
    let Some((unit, case)) = desk.drop.clone() else { return };
    let Some((_, at)) = heads.iter().find(|h| h.0 == case) else {
        desk.drop = None;
        return;
    };
    let lang = look.lang;
    let name =
        picture.units.get(&unit).map_or_else(|| unit.to_string(), |u| u.name(&picture.city.units).get(lang).to_owned());
    let among = picture.advice.cases.get(&case).is_some_and(|a| a.picks.iter().take(3).any(|p| p.unit == unit));
    let rect = egui::Rect::from_min_size(*at + vec2(-130.0, 26.0), vec2(260.0, 84.0));
    kit::panel(ctx, "drop", rect, look, |ui| {
        let words = tr_with(lang, "k-drop-confirm", &[("unit", &name)]);
        kit::wrapped(ui, &words, look.medium(look.sizes.body), look.text());
        ui.horizontal(|ui| {
            if kit::button(ui, look, tr(lang, "k-confirm"), true).clicked() {
                actions.push(if among {
                    UiAction::Send(Command::DispatchUnit {
                        case: case.clone(),
                        unit: unit.clone(),
                        reason: String::new(),
                    })
                } else {
                    UiAction::OpenForm(FormKind::Send(unit.clone()), case.clone())
                });
                desk.drop = None;
            }
            if kit::button(ui, look, tr(lang, "k-cancel"), false).clicked() {
                desk.drop = None;
            }
        });
    });
}
