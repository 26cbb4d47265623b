//! One pass over the screen: panels, names, callouts, the crew in the hand.

use bevy::ecs::system::SystemParam;
use bevy::prelude::*;
use bevy_egui::EguiContexts;
use egui::{Align2, LayerId, Painter, Pos2, Stroke, pos2, vec2};
use guanlan_core::{AlertLevel, CaseId, Command, Mode, UnitId, input::UnitStatus, theme::Token};
use guanlan_markers::MarkerScene;
use guanlan_stage::layers::{AreaTree, Cameras, LayerState};
use guanlan_stage::pick::BuildingIndex;
use guanlan_stage::{AreaStyle, CameraRig, FlyTo, Ground, KeyboardCaptured, MapLens, MapViewport, PointerCaptured};

use crate::{
    Showing,
    action::{FormKind, UiAction},
    apply::Hands,
    camera::{Pictures, tiles::tiles_ui},
    counting::Counting,
    glue::MarkerIds,
    labels::{
        Callout, Names,
        show::{LabelBook, Page, Pin, key_for, write},
        wants::Eye,
    },
    layout::{Layout, Open, Slot, layout},
    look::{self, Look, Sizes},
    rooms::Rooms,
    state::{Desk, Drag},
    subject::{CAMERA_DEPTH_M, CAMERA_FAR_M, RoadIndex, Sight, Subject},
    ui,
    ui::kit,
    values::{Around, Made, Values},
    vm::{crews, number, tell::Told},
    words::{tr, tr_with},
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
    pictures: ResMut<'w, Pictures>,
    book: ResMut<'w, LabelBook>,
    viewport: ResMut<'w, MapViewport>,
    pointer: ResMut<'w, PointerCaptured>,
    keyboard: ResMut<'w, KeyboardCaptured>,
    fly: MessageWriter<'w, FlyTo>,
}

impl Stage<'_> {
    fn eye(&self, ppp: f32) -> Eye {
        Eye::new(&self.rig, &self.lens, ppp)
    }

    fn around(&self) -> Around<'_> {
        Around {
            tree: &self.tree,
            counting: &self.counting,
            layers: &self.layers,
            cameras: &self.cameras,
            ground: &self.ground,
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
    let open = Open { detail: desk.case.is_some(), areas: desk.areas_open, layers: desk.layers_open };
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
    made.follow(&shown, &desk, &slots, stage.around(), now_s);
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
        let (rect, asked) = ui::areas::crumbs_ui(&ctx, &values.areas, desk, at, place.map.width() * 0.46, &look);
        actions.extend(asked);
        covered.push(rect);
        covered.extend(tiles_ui(&ctx, &mut stage.pictures, place.map, now_s, &look, &mut actions));
    }
    let on = Sheet { picture: &shown.picture, values: &values, place: &place, look: &look, ppp };
    heads.follow(&stage, stage.eye(ppp), place.map);
    over_the_map(&ctx, &on, desk, &mut stage, &heads.rows, covered, &mut actions);
    if !place.bare() {
        panels(&ctx, &shown.picture, &values, desk, (&place, *stage.area_style), &look, &mut actions);
        told_at_the_pointer(&ctx, &on, desk, &stage, &mut hover, now_s);
    }
    desk.toasts.retain(|t| t.until_s > now_s);
    actions.extend(ui::toasts::toasts_ui(&ctx, &desk.toasts, place.map, &look));
    frame_of_mode(&ctx, &values, desk, screen, &place, &look);

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

/// What is drawn over the map in one pass.
struct Sheet<'a> {
    picture: &'a guanlan_room::Picture,
    values: &'a Values,
    place: &'a Layout,
    look: &'a Look,
    ppp: f32,
}

/// Tells what the pointer rests on. It looks again only when the pointer moved or the picture changed.
fn told_at_the_pointer(ctx: &egui::Context, on: &Sheet<'_>, desk: &Desk, stage: &Stage, hover: &mut Hover, now_s: f64) {
    let pointer = ctx.input(|i| i.pointer.latest_pos().filter(|_| !i.pointer.any_down()));
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
        hover.told = subject.and_then(|s| stage.around().sources(on.picture, on.look.lang).tell(&s));
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
            Slot::Alerts => ui::alerts::alerts_ui(ui, &values.alerts, desk.all_alerts, desk.alert, look),
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
    covered: Vec<egui::Rect>,
    actions: &mut Vec<UiAction>,
) {
    let (place, look, values) = (on.place, on.look, on.values);
    let eye = stage.eye(on.ppp);
    let painter = ctx.layer_painter(LayerId::background()).with_clip_rect(place.map);
    let mut blocked = covered;
    let boxes = heads.iter().take(HEADS_MOST).map(|h| egui::Rect::from_center_size(h.1, vec2(44.0, 44.0)));
    blocked.extend(boxes);
    // No name lies over an alert's own mark.
    let alerts = stage.ids.alerts.keys().take(ALERTS_MOST).filter_map(|row| stage.markers.sensors.at(*row as usize));
    let seen = alerts.filter_map(|p| eye.seen(p)).filter(|p| place.map.contains(*p));
    let soft: Vec<egui::Rect> = seen.map(|p| egui::Rect::from_center_size(p, vec2(22.0, 22.0))).collect();
    blocked.extend(marks_of_mode(values, desk, place, look));
    // While a dropped crew waits for its yes, that question has the place beside the pin.
    if desk.drop.is_none()
        && let Some(rect) = case_callout(ctx, values, desk, heads, place, look, actions)
    {
        blocked.push(rect);
    }
    cameras(&painter, stage, eye, place.map, look);
    let callouts = callouts(on, desk, stage, heads, eye);
    let pin = |(_, told): &(usize, Told)| {
        let at = eye.seen(told.place).filter(|p| place.map.contains(*p))?;
        Some(Pin { key: key_for(&told.subject), at, size: ui::tell::size(&painter, told, look) })
    };
    let pinned: Vec<(usize, &Told, Pin)> = values.pins.iter().filter_map(|p| Some((p.0, &p.1, pin(p)?))).collect();
    let pins: Vec<Pin> = pinned.iter().map(|p| p.2).collect();
    let names_opacity = stage.layers.opacity("names");
    let page = Page {
        eye,
        map: place.map,
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
    drag_crew(ctx, &painter, on, desk, stage, heads, eye, actions);
}

/// Cameras as small lenses, nearest first; those with a picture are filled.
fn cameras(painter: &Painter, stage: &Stage, eye: Eye, map: egui::Rect, look: &Look) {
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

/// What the words of the mode cover.
fn marks_of_mode(values: &Values, desk: &Desk, place: &Layout, look: &Look) -> Vec<egui::Rect> {
    let mut marks = Vec::new();
    let mode = values.headline.mode;
    if desk.demo || mode == Mode::Demo {
        let size = vec2(12.0 * look.sizes.title, look.sizes.title * 1.6);
        marks.push(egui::Rect::from_min_max(place.map.max - size, place.map.max));
    }
    if mode == Mode::Exercise {
        let top = place.map.center_top();
        marks.push(egui::Rect::from_center_size(top + vec2(0.0, 44.0), vec2(260.0, 88.0)));
    }
    marks
}

/// Cases and alerts that need words on the map: the chosen, reds, overdue ones; six at most.
fn callouts(on: &Sheet<'_>, desk: &Desk, stage: &Stage, heads: &[(CaseId, Pos2)], eye: Eye) -> Vec<Callout> {
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
        let value = format!("{} {}", number(alert.value), alert.property.unit());
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
fn case_callout(
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

/// Press on a crew, drag to a case, let go: asks for a yes and sends it.
#[expect(clippy::too_many_arguments, reason = "a gesture over the whole map")]
fn drag_crew(
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

/// Exercise: frame and mark over everything. Demo: a quiet word. Every picture says how old it is.
fn frame_of_mode(ctx: &egui::Context, values: &Values, desk: &Desk, screen: egui::Vec2, place: &Layout, look: &Look) {
    let painter = ctx.layer_painter(LayerId::new(egui::Order::Foreground, egui::Id::new("mode")));
    let mode = values.headline.mode;
    let whole = egui::Rect::from_min_size(pos2(0.0, 0.0), screen);
    let word = mode.name();
    let size = (screen.y * 0.07).max(40.0);
    match mode {
        Mode::Exercise => {
            let color = look.color(Token::Exercise);
            painter.rect_stroke(whole, 0.0, Stroke::new(4.0, color), egui::StrokeKind::Inside);
            let at = place.map.center_top() + vec2(0.0, 8.0);
            kit::words_at(
                &painter,
                at,
                Align2::CENTER_TOP,
                word.get(look.lang),
                look.bold(size),
                color.gamma_multiply(0.55),
            );
        }
        Mode::Replay | Mode::Forecast => {
            let color = look.mode(mode);
            painter.rect_stroke(whole, 0.0, Stroke::new(2.0, color), egui::StrokeKind::Inside);
        }
        Mode::Live | Mode::Demo => {}
    }
    if desk.demo || mode == Mode::Demo {
        let at = place.map.right_bottom() - vec2(10.0, 6.0);
        let words = if mode == Mode::Demo {
            tr(look.lang, "k-demo-data").to_owned()
        } else {
            format!("{} · {}", word.get(look.lang), tr(look.lang, "k-demo-data"))
        };
        let font = look.medium(look.sizes.title);
        kit::words_at(&painter, at, Align2::RIGHT_BOTTOM, &words, font, look.faint(Token::TextSecond, 0.65));
    }
    if place.bare() {
        let words = tr_with(look.lang, "k-as-of", &[("at", &values.headline.clock)]);
        let words = format!("{} · {} · {words}", values.headline.city, word.get(look.lang));
        let font = look.regular(look.sizes.small);
        kit::words_at(&painter, pos2(12.0, screen.y - 8.0), Align2::LEFT_BOTTOM, &words, font, look.second());
    }
}
