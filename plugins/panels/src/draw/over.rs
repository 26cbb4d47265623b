//! What lies over the map: outlines, risks, cameras, names, callouts, pinned words, the crew in the hand.

use egui::{LayerId, Pos2, vec2};
use guanlan_core::CaseId;

use super::{Sheet, Stage, drag, marks, mode, risks, warned, works};
use crate::{
    action::UiAction,
    labels::{
        show::{Page, Pin, key_for, write},
        wants::Eye,
    },
    state::Desk,
    ui,
    vm::tell::Told,
};

/// Heads of the case pins that are seen, found again only when the camera or the cases changed.
#[derive(Default)]
pub(crate) struct Heads {
    key: Option<(Eye, u64, egui::Rect)>,
    pub(super) rows: Vec<(CaseId, Pos2)>,
}

/// Labels keep off so many marks of alerts at most.
const ALERTS_MOST: usize = 200;
/// Labels keep off so many pins at most.
const HEADS_MOST: usize = 400;

impl Heads {
    pub(super) fn follow(&mut self, stage: &Stage, eye: Eye, map: egui::Rect) {
        let key = (eye, stage.markers.cases.version, map);
        if self.key == Some(key) {
            return;
        }
        self.key = Some(key);
        let seen = |i: usize| eye.seen(stage.markers.cases.head(i)?);
        let all = stage.ids.cases.iter().enumerate();
        let heads = all.filter_map(|(i, id)| Some((id, seen(i).filter(|p| map.contains(*p))?)));
        self.rows = heads.map(|(id, at)| (id.clone(), at)).collect();
    }
}

/// Draws it; nothing of it lies under a panel or over a mark.
pub(super) fn over_the_map(
    ctx: &egui::Context,
    on: &Sheet<'_>,
    desk: &mut Desk,
    stage: &mut Stage,
    heads: &[(CaseId, Pos2)],
    (covered, map): (Vec<egui::Rect>, egui::Rect),
    actions: &mut Vec<UiAction>,
) {
    let (place, look, values) = (on.place, on.look, on.values);
    let eye = stage.eye(on.ppp);
    let painter = ctx.layer_painter(LayerId::background()).with_clip_rect(map);
    let mut blocked = covered;
    let boxes = heads.iter().take(HEADS_MOST).map(|h| egui::Rect::from_center_size(h.1, vec2(44.0, 44.0)));
    blocked.extend(boxes);
    // No name lies over an alert's own mark.
    let alerts = stage.ids.alerts.keys().take(ALERTS_MOST).filter_map(|row| stage.markers.sensors.at(*row as usize));
    let seen = alerts.filter_map(|p| eye.seen(p)).filter(|p| map.contains(*p));
    let soft: Vec<egui::Rect> = seen.map(|p| egui::Rect::from_center_size(p, vec2(22.0, 22.0))).collect();
    blocked.extend(mode::marks_of_mode(values, desk, place, look));
    // While a dropped crew waits for its yes, that question has the place beside the pin.
    if desk.drop.is_none()
        && let Some(rect) = marks::case_callout(ctx, values, desk, heads, place, look, actions)
    {
        blocked.push(rect);
    }
    warned::warned(&painter, &values.warnings, &stage.ground, eye, look);
    risks::risks(&painter, &values.risk, desk.risk, &stage.ground, eye, look);
    blocked.extend(works::works(&painter, &values.works, &stage.ground, (eye, map), look));
    marks::held(&painter, stage, desk, eye, look);
    marks::cameras(&painter, stage, eye, map, look);
    let callouts = marks::callouts(on, desk, stage, heads, eye);
    let pin = |(_, told): &(usize, Told)| {
        let at = eye.seen(told.place).filter(|p| map.contains(*p))?;
        Some(Pin { key: key_for(&told.subject), at, size: ui::tell::size(&painter, told, true, look) })
    };
    let pinned: Vec<(usize, &Told, Pin)> = values.pins.iter().filter_map(|p| Some((p.0, &p.1, pin(p)?))).collect();
    let pins: Vec<Pin> = pinned.iter().map(|p| p.2).collect();
    let names_opacity = stage.layers.opacity("names");
    let page = Page {
        eye,
        map,
        blocked: &blocked,
        soft: &soft,
        names: &stage.names,
        callouts: &callouts,
        pins: &pins,
        areas: &values.areas.lines,
        drilled: values.areas.drilled,
        names_opacity,
    };
    for (i, rect) in write(&mut stage.book, &painter, &page, look) {
        actions.extend(ui::tell::pin_ui(ctx, pinned[i].1, pinned[i].0, rect, look));
    }
    drag::drag_crew(ctx, &painter, on, desk, stage, heads, eye, actions);
}
