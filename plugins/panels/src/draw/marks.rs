//! What panels write over the map: cameras, callouts, the chosen case at its pin.

use egui::{Painter, Pos2, Stroke, pos2, vec2};
use guanlan_core::{AlertLevel, CaseId, Command, theme::Token};

use super::{Sheet, Stage};
use crate::{
    action::UiAction,
    labels::{Callout, show::key_for, wants::Eye},
    layout::Layout,
    look::Look,
    state::Desk,
    subject::{CAMERA_DEPTH_M, CAMERA_FAR_M},
    ui::kit,
    values::Values,
    vm::{crews, number},
    words::tr,
};

/// What was clicked with the tool in the hand.
pub(super) fn held(painter: &Painter, stage: &Stage, desk: &Desk, eye: Eye, look: &Look) {
    let Some(held) = &desk.held else { return };
    let seen = |p: &[f64; 2]| {
        let [e, n] = p.map(|v| v as f32);
        eye.seen([e, n, stage.ground.height_m(e, n) + 1.0])
    };
    let points: Vec<Pos2> = held.places_m.iter().filter_map(seen).collect();
    for p in &points {
        painter.circle(*p, 5.0, look.accent(), Stroke::new(1.5, look.color(Token::Space)));
    }
    painter.add(egui::Shape::line(points, Stroke::new(3.0, look.accent())));
}

/// Cameras as small lenses, nearest first; those with a picture are filled.
pub(super) fn cameras(painter: &Painter, stage: &Stage, eye: Eye, map: egui::Rect, look: &Look) {
    const MOST: usize = 160;
    let opacity = stage.layers.opacity("cameras");
    if eye.distance_m > CAMERA_FAR_M || opacity < 0.01 {
        return;
    }
    let mut drawn = 0;
    for camera in stage.cameras.rows.iter() {
        let [e, n] = camera.place_m;
        let z = stage.ground.height_m(e, n);
        let lens = eye.seen_within([e, n, z + camera.height_m], CAMERA_DEPTH_M);
        let Some(at) = lens.filter(|p| map.shrink(10.0).contains(*p)) else {
            continue;
        };
        if let Some(foot) = eye.seen([e, n, z]) {
            painter.line_segment([foot, at], Stroke::new(1.0, look.faint(Token::Text, 0.35 * opacity)));
        }
        let ink = if camera.picture.is_empty() { look.second() } else { look.accent() }.gamma_multiply(opacity);
        painter.circle(at, 8.0, look.faint(Token::Space, 0.85 * opacity), Stroke::new(1.0, ink));
        let body = egui::Rect::from_center_size(at - vec2(1.5, 0.0), vec2(7.0, 5.5));
        if camera.picture.is_empty() {
            painter.rect_stroke(body, 1.0, Stroke::new(1.2, ink), egui::StrokeKind::Inside);
        } else {
            painter.rect_filled(body, 1.0, ink);
        }
        let lens = vec![at + vec2(2.5, -0.5), at + vec2(5.5, -3.0), at + vec2(5.5, 3.0), at + vec2(2.5, 0.5)];
        painter.add(egui::Shape::convex_polygon(lens, ink, Stroke::NONE));
        drawn += 1;
        if drawn >= MOST {
            break;
        }
    }
}

/// Cases and alerts that need words on the map: the chosen, reds, overdue ones; six at most.
pub(super) fn callouts(on: &Sheet<'_>, desk: &Desk, stage: &Stage, heads: &[(CaseId, Pos2)], eye: Eye) -> Vec<Callout> {
    let (picture, values, lang) = (on.picture, on.values, on.look.lang);
    let mut all = Vec::new();
    if let Some(unit) = desk.unit.as_ref().and_then(|id| picture.units.get(id))
        && let Some(i) = stage.ids.units.iter().position(|id| *id == unit.id)
        && let Some(at) = stage.markers.units.at(i, stage.markers.now_ms).and_then(|p| eye.seen(p))
    {
        let row = crews::row(picture, unit, lang);
        let status = row.status.name();
        let line = [status.get(lang), &row.task, &row.eta];
        let line: Vec<&str> = line.into_iter().filter(|s| !s.is_empty()).collect();
        let (key, line) = (key_for(&unit.id), line.join(" · "));
        all.push(Callout { key, at, title: row.name, line, level: AlertLevel::Normal, chosen: true });
    }
    let alert_of = |(row, id): (&u32, &guanlan_core::AlertId)| {
        let alert = picture.alerts.find(*id)?;
        let chosen = desk.alert == Some(alert.id);
        let has_case = picture.cases.of_alert(alert.id).is_some();
        if !chosen && (alert.level < AlertLevel::Red || has_case) {
            return None;
        }
        let value = format!("{} {}", number(alert.value), alert.property.unit_in(lang));
        let line = format!("{} {value}", alert.title.get(lang));
        let at = eye.seen(stage.markers.sensors.at(*row as usize)?)?;
        let (key, title) = (key_for(&alert.id), alert.place.get(lang).to_owned());
        Some(Callout { key, at, title, line, level: alert.level, chosen })
    };
    let mut alerts: Vec<Callout> = stage.ids.alerts.iter().filter_map(alert_of).collect();
    alerts.sort_by_key(|c| (!c.chosen, std::cmp::Reverse(c.level)));
    for row in values.cases.rows.iter().filter(|r| r.level == AlertLevel::Red || r.overdue).take(6) {
        if desk.case.as_ref() == Some(&row.id) {
            continue;
        }
        let Some((_, at)) = heads.iter().find(|h| h.0 == row.id) else { continue };
        let line = if row.left.is_empty() { row.state.clone() } else { format!("{} · {}", row.state, row.left) };
        let title = format!("{} {}", row.title, row.place);
        let title = if title.chars().count() > 22 { row.title.clone() } else { title };
        all.push(Callout { key: key_for(&row.id), at: *at, title, line, level: row.level, chosen: false });
    }
    // What somebody works on comes before what only warns.
    all.extend(alerts.into_iter().take(4));
    all
}

/// The chosen case at its pin: best three crews, one click away.
pub(super) fn case_callout(
    ctx: &egui::Context,
    values: &Values,
    desk: &Desk,
    heads: &[(CaseId, Pos2)],
    place: &Layout,
    look: &Look,
    actions: &mut Vec<UiAction>,
) -> Option<egui::Rect> {
    let vm = values.detail.as_ref()?;
    let at = heads.iter().find(|h| Some(&h.0) == desk.case.as_ref()).map(|h| h.1)?;
    if !place.map.contains(at) {
        return None;
    }
    let (s, lang) = (look.sizes, look.lang);
    let size = vec2(280.0, 64.0 + if vm.may_dispatch { 30.0 * vm.picks.len() as f32 } else { 0.0 });
    let x = if at.x + 34.0 + size.x < place.map.right() { at.x + 34.0 } else { at.x - 34.0 - size.x };
    let y = (at.y - 32.0).clamp(place.map.top(), (place.map.bottom() - size.y).max(place.map.top()));
    let rect = egui::Rect::from_min_size(pos2(x, y), size);
    kit::panel(ctx, "case-callout", rect, look, |ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        kit::text(ui, &vm.title, look.medium(s.body), look.text());
        let line = [vm.state.as_str(), vm.left.as_str()].into_iter().filter(|s| !s.is_empty()).collect::<Vec<_>>();
        kit::text(ui, &line.join(" · "), look.regular(s.small), look.second());
        if !vm.may_dispatch {
            return;
        }
        ui.add_space(2.0);
        for (i, pick) in vm.picks.iter().enumerate() {
            let row = egui::Layout::right_to_left(egui::Align::Center);
            ui.allocate_ui_with_layout(vec2(ui.available_width(), 27.0), row, |ui| {
                if kit::button(ui, look, tr(lang, "k-send"), i == 0).clicked() {
                    actions.push(UiAction::Send(Command::DispatchUnit {
                        case: vm.id.clone(),
                        unit: pick.unit.clone(),
                        reason: String::new(),
                    }));
                }
                ui.label(egui::RichText::new(&pick.eta).font(look.medium(s.small)).color(look.text()));
                ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                    kit::text(ui, &pick.name, look.regular(s.small), look.text());
                });
            });
        }
    });
    Some(rect.expand(4.0))
}
