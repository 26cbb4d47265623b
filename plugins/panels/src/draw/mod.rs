//! One pass over the screen: panels, names, callouts, the crew in the hand.

mod compare;
mod drag;
mod marks;
mod mode;
mod risks;
mod warned;

use bevy::ecs::system::SystemParam;
use bevy::prelude::*;
use bevy_egui::EguiContexts;
use egui::{LayerId, Pos2, vec2};
use guanlan_core::{CaseId, UnitId};
use guanlan_markers::MarkerScene;
use guanlan_stage::layers::{AreaTree, Cameras, LayerState};
use guanlan_stage::pick::BuildingIndex;
use guanlan_stage::{
    AreaStyle, CameraRig, Compare, Divider, FlyTo, Ground, KeyboardCaptured, MapLens, MapViewport, PointerCaptured,
    TileLayers,
};

use crate::{
    Showing,
    action::UiAction,
    apply::Hands,
    camera::{Pictures, tiles::tiles_ui},
    counting::Counting,
    glue::MarkerIds,
    labels::{
        Names,
        show::{LabelBook, Page, Pin, key_for, write},
        wants::Eye,
    },
    layout::{Layout, Open, Slot, layout},
    look::{self, Look, Sizes},
    past::Past,
    rooms::Rooms,
    seen::Pointed,
    state::Desk,
    subject::{RoadIndex, Sight, Subject},
    ui,
    ui::kit,
    values::{Around, Made, Values},
    vm::{self, tell::Told},
};

/// The stage as panels see and steer it.
#[derive(SystemParam)]
pub struct Stage<'w> {
    rig: Res<'w, CameraRig>,
    lens: Res<'w, MapLens>,
    ground: Res<'w, Ground>,
    buildings: Res<'w, BuildingIndex>,
    markers: Res<'w, MarkerScene>,
    ids: Res<'w, MarkerIds>,
    names: Res<'w, Names>,
    roads: Res<'w, RoadIndex>,
    tree: Res<'w, AreaTree>,
    cameras: Res<'w, Cameras>,
    counting: Res<'w, Counting>,
    layers: ResMut<'w, LayerState>,
    area_style: ResMut<'w, AreaStyle>,
    past: ResMut<'w, Past>,
    compare: ResMut<'w, Compare>,
    divider: Res<'w, Divider>,
    pictures: ResMut<'w, Pictures>,
    book: ResMut<'w, LabelBook>,
    tiles: Option<Res<'w, TileLayers>>,
    pointed: ResMut<'w, Pointed>,
    viewport: ResMut<'w, MapViewport>,
    pointer: ResMut<'w, PointerCaptured>,
    keyboard: ResMut<'w, KeyboardCaptured>,
    fly: MessageWriter<'w, FlyTo>,
}

impl Stage<'_> {
    fn eye(&self, ppp: f32) -> Eye {
        Eye::new(&self.rig, &self.lens, ppp)
    }

    fn around<'a>(&'a self, rooms: &'a Rooms, kept: bool) -> Around<'a> {
        Around {
            tree: &self.tree,
            counting: &self.counting,
            layers: &self.layers,
            cameras: &self.cameras,
            ground: &self.ground,
            past: &self.past,
            kept,
            config: rooms.config(),
        }
    }

    fn sight<'a>(&'a self, picture: &'a guanlan_room::Picture, eye: Eye, ppp: f32) -> Sight<'a> {
        Sight {
            picture,
            scene: &self.markers,
            ids: &self.ids,
            rig: &self.rig,
            lens: &self.lens,
            ground: &self.ground,
            buildings: &self.buildings,
            roads: &self.roads,
            layers: &self.layers,
            cameras: &self.cameras,
            areas: &self.tree,
            tiles: self.tiles.as_deref(),
            eye,
            ppp,
        }
    }

    /// The crew under the pointer.
    fn crew_at(&self, eye: Eye, at: Pos2) -> Option<UnitId> {
        let units = &self.markers.units;
        let near = |i: usize| {
            let distance = eye.seen(units.at(i, self.markers.now_ms)?)?.distance(at);
            (distance < 12.0).then_some((distance, i))
        };
        let hit = (0..units.len()).filter_map(near).min_by(|a, b| a.0.total_cmp(&b.0));
        hit.and_then(|(_, i)| self.ids.units.get(i).cloned())
    }
}

/// Heads of the case pins that are seen, found again only when the camera or the cases changed.
#[derive(Default)]
pub(crate) struct Heads {
    key: Option<(Eye, u64, egui::Rect)>,
    rows: Vec<(CaseId, Pos2)>,
}

/// Labels keep off so many marks of alerts at most.
const ALERTS_MOST: usize = 200;
/// Labels keep off so many pins at most.
const HEADS_MOST: usize = 400;

impl Heads {
    fn follow(&mut self, stage: &Stage, eye: Eye, map: egui::Rect) {
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

/// What the pointer rests on.
#[derive(Default)]
pub(crate) struct Hover {
    at: Option<Pos2>,
    since_s: f64,
    /// Instant of the picture it was told from.
    of: Option<(u64, u64)>,
    told: Option<Told>,
}

/// The pointer rests this long before the map tells what is there, s.
const REST_S: f64 = 0.12;

/// Draws everything and carries out what was asked for.
pub(crate) fn draw(
    mut contexts: EguiContexts,
    mut desk: ResMut<Desk>,
    mut rooms: ResMut<Rooms>,
    mut made: ResMut<Made>,
    showing: Res<Showing>,
    mut stage: Stage,
    time: Res<Time<Real>>,
    quality: Option<Res<guanlan_stage::quality::ResolvedQuality>>,
    mut asked: ResMut<crate::clicks::Asked>,
    mut dressed: Local<Option<Look>>,
    mut hover: Local<Hover>,
    mut heads: Local<Heads>,
) -> Result {
    let Some(shown) = showing.0.clone() else { return Ok(()) };
    let ctx = contexts.ctx_mut()?.clone();
    let now_s = time.elapsed_secs_f64();
    if (ctx.zoom_factor() - desk.scale).abs() > 1e-3 {
        ctx.set_zoom_factor(desk.scale);
    }
    let screen = ctx.viewport_rect().size();
    let why = (desk.why && desk.alert.is_some()).then_some(Slot::Why);
    let trend = desk.trend.as_ref().map(|_| Slot::Trend);
    let open = Open { detail: desk.case.as_ref().map(|_| Slot::Detail).or(why).or(trend), side: desk.side };
    let place = layout(screen, desk.preset, open);
    let look = Look { sizes: sizes(&place, screen), ..desk.look };
    if *dressed != Some(look) {
        look::dress(&ctx, &look);
        *dressed = Some(look);
        if quality.is_some_and(|q| q.software) {
            // Where a CPU draws, panels do not wake the program for their own fades: the idle pace is enough,
            // and whatever the user does wakes it anyway.
            ctx.set_request_repaint_callback(|_| {});
        }
    }
    let slots: Vec<Slot> = place.panels.iter().map(|p| p.0).collect();
    let door = rooms.past(desk.watching.as_ref());
    ask_the_past(&mut stage.past, &shown, &desk, &slots, door.as_ref(), now_s);
    made.follow(&shown, &desk, &slots, stage.around(&rooms, door.is_some()), now_s);
    let Some(values) = made.values.clone() else { return Ok(()) };
    let desk = &mut *desk;
    let ppp = ctx.pixels_per_point();

    let map = Rect::new(place.map.min.x * ppp, place.map.min.y * ppp, place.map.max.x * ppp, place.map.max.y * ppp);
    let viewport = MapViewport((!place.bare()).then_some(map));
    if *stage.viewport != viewport {
        *stage.viewport = viewport;
    }

    let mut actions = Vec::new();
    let mut covered = Vec::new();
    if !place.bare() {
        let at = place.map.min + vec2(8.0, 8.0);
        let (rect, asked) = ui::areas::crumbs_ui(&ctx, &values.areas, desk, at, place.map.width() - 16.0, &look);
        actions.extend(asked);
        covered.push(rect);
        covered.extend(tiles_ui(&ctx, &mut stage.pictures, place.map, now_s, &look, &mut actions));
    }
    let on = Sheet { picture: &shown.picture, values: &values, place: &place, look: &look, ppp };
    let exercise = values.headline.exercise;
    let map_seen = compare::seen_part(&stage, place.map, screen);
    heads.follow(&stage, stage.eye(ppp), map_seen);
    covered.extend(compare::divider_ui(&ctx, &mut stage, (desk, exercise), (place.map, screen), &look, &mut actions));
    over_the_map(&ctx, &on, desk, &mut stage, &heads.rows, (covered, map_seen), &mut actions);
    if !place.bare() {
        panels(&ctx, &shown.picture, &values, desk, (&place, *stage.area_style), &look, &mut actions);
        told_at_the_pointer(&ctx, &on, desk, &stage, &rooms, (&mut hover, now_s));
    }
    let pointed = Pointed(hover.told.as_ref().map(|t| t.subject.clone()));
    stage.pointed.set_if_neq(pointed);
    actions.append(&mut asked.0);
    desk.toasts.retain(|t| t.until_s > now_s);
    actions.extend(ui::toasts::toasts_ui(&ctx, &desk.toasts, place.map, &look));
    mode::frame_of_mode(&ctx, &values, desk, screen, &place, &look);

    let captured = PointerCaptured(
        ctx.egui_wants_pointer_input() || ctx.is_pointer_over_egui() || desk.drag.is_some() || desk.over_crew,
    );
    if *stage.pointer != captured {
        *stage.pointer = captured;
    }
    let typing = KeyboardCaptured(ctx.egui_wants_keyboard_input());
    if *stage.keyboard != typing {
        *stage.keyboard = typing;
    }
    if actions.is_empty() {
        return Ok(());
    }
    let mut hands = Hands {
        desk,
        rooms: &mut rooms,
        rig: &stage.rig,
        ground: &stage.ground,
        lens: &stage.lens,
        layers: &mut stage.layers,
        areas: &stage.tree,
        area_style: &mut stage.area_style,
        compare: &mut stage.compare,
        cameras: &stage.cameras,
        pictures: &mut stage.pictures,
        roads: &stage.roads,
        picture: &shown.picture,
        now_s,
        flights: Vec::new(),
    };
    for action in actions {
        hands.apply(action);
    }
    for flight in hands.flights {
        stage.fly.write(flight);
    }
    Ok(())
}

/// Asks what open panels want to know of the past.
fn ask_the_past(
    past: &mut Past,
    shown: &crate::rooms::Shown,
    desk: &Desk,
    slots: &[Slot],
    door: Option<&guanlan_room::journal::history::HistoryDoor>,
    now_s: f64,
) {
    let (p, id) = (&shown.picture, &shown.timeline);
    let series = desk.trend.as_ref().filter(|_| slots.contains(&Slot::Trend));
    let series = series.map(|sensor| vm::trend::question(p, id, sensor, desk.trend_span));
    let (span, by) = desk.records;
    let records = slots.contains(&Slot::Records).then(|| vm::records::question(p, id, span, by));
    past.follow(series.as_ref(), records.as_ref(), door, p.now, now_s);
}

/// What is drawn over the map in one pass.
struct Sheet<'a> {
    picture: &'a guanlan_room::Picture,
    values: &'a Values,
    place: &'a Layout,
    look: &'a Look,
    ppp: f32,
}

/// Tells what the pointer rests on. It looks again only when the pointer moved or the picture changed.
fn told_at_the_pointer(
    ctx: &egui::Context,
    on: &Sheet<'_>,
    desk: &Desk,
    stage: &Stage,
    rooms: &Rooms,
    (hover, now_s): (&mut Hover, f64),
) {
    let pointer = ctx.input(|i| i.pointer.hover_pos().filter(|_| !i.pointer.any_down()));
    let free = !ctx.is_pointer_over_egui() && desk.drag.is_none() && desk.drop.is_none();
    let Some(at) = pointer.filter(|p| on.place.map.contains(*p) && free) else {
        *hover = Hover::default();
        return;
    };
    if hover.at != Some(at) {
        *hover = Hover { at: Some(at), since_s: now_s, ..Hover::default() };
        ctx.request_repaint_after(std::time::Duration::from_secs_f64(REST_S));
        return;
    }
    if now_s - hover.since_s < REST_S {
        ctx.request_repaint_after(std::time::Duration::from_secs_f64(REST_S));
        return;
    }
    let of = (on.picture.tick, desk.revision);
    if hover.of != Some(of) {
        hover.of = Some(of);
        let named = stage.book.area_at(&stage.names, at).map(Subject::Area);
        let sight = stage.sight(on.picture, stage.eye(on.ppp), on.ppp);
        let subject = named.or_else(|| sight.at(at)).filter(|s| !desk.pins.contains(s));
        hover.told = subject.and_then(|s| stage.around(rooms, false).sources(on.picture, on.look.lang).tell(&s));
    }
    if let Some(told) = &hover.told {
        ui::tell::tooltip_ui(ctx, told, at, on.place.map, on.look);
    }
}

/// Text of a desk, or of a wall before leaders.
fn sizes(place: &Layout, screen: egui::Vec2) -> Sizes {
    match place.preset {
        crate::layout::Preset::Briefing => Sizes::DESK.times((1.25 * screen.y / 1080.0).clamp(0.8, 2.5)),
        _ => Sizes::DESK,
    }
}

fn panels(
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
            Slot::Areas => ui::areas::areas_ui(ui, &values.areas, style, look),
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

fn over_the_map(
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
