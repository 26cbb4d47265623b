//! The operator's desk: what is wrong, where, how bad, who goes, by when — and the hands to act.
//!
//! ```no_run
//! # use std::sync::Arc;
//! # fn run(timelines: Arc<guanlan_room::Timelines>) {
//! use guanlan_core::Lang;
//! use guanlan_markers::MarkersPlugin;
//! use guanlan_panels::{PanelsPlugin, Preset};
//! use guanlan_stage::{StagePlugin, window};
//! let city = timelines.config().city.clone();
//! window::run(&window::WindowSpec::default(), |app| {
//!     app.add_plugins((
//!         StagePlugin::new(city),
//!         MarkersPlugin,
//!         PanelsPlugin { timelines, lang: Lang::Zh, scale: 1.0, demo: true, preset: Preset::Desk },
//!     ));
//! });
//! # }
//! ```
//!
//! The same plugin draws on a still (`guanlan_stage::still`).
//!
//! **Invariant:** a panel is a function from a value to egui and a list of [`UiAction`]s; values are pure functions of a
//! picture. **Invariant:** every command goes through the room's door with the seat taken; what is shown comes back
//! from the room. **Invariant:** what a screen says is in both languages of `assets/i18n`.
//!
//! Terminology: a *view model* (vm) is the value a panel shows; a *seat* is the role a person plays; the *desk* is what
//! this screen remembers.

pub mod action;
pub mod apply;
pub mod camera;
mod comparing;
pub mod counting;
mod draw;
#[cfg(test)]
mod fixture;
pub mod glue;
pub mod labels;
pub mod layout;
pub mod look;
#[cfg(test)]
mod looking;
pub mod past;
pub mod rooms;
pub mod seen;
mod sound;
pub mod state;
pub mod subject;
pub mod tools;
pub mod ui;
pub mod values;
pub mod vm;
mod wake;
pub mod words;

use std::sync::Arc;

use bevy::prelude::*;
use bevy::window::{MonitorSelection, PrimaryWindow, WindowMode};
use bevy_egui::{
    EguiContext, EguiGlobalSettings, EguiPlugin, EguiPostUpdateSet, EguiPreUpdateSet, EguiPrimaryContextPass,
    PrimaryEguiContext,
};
use guanlan_core::Lang;
use guanlan_markers::{MarkerHit, MarkerScene, pick_marker};
use guanlan_room::Timelines;
use guanlan_stage::layers::{AreaFigures, AreaTree, Cameras, LayerState, LayersPlugin};
use guanlan_stage::pick::PickTarget;
use guanlan_stage::quality::ResolvedQuality;
use guanlan_stage::{
    CameraRig, FloodWater, FlyTo, Ground, KeyboardCaptured, MapLens, Picked, PointerCaptured, Rain, SceneClock,
    ScreenCamera, ShowInstant, StageSettings, StageSystems,
};

pub use action::UiAction;
pub use layout::Preset;
pub use state::Desk;

use crate::{
    apply::{pose_at, pose_over, tell},
    camera::Pictures,
    counting::Counting,
    glue::{Chosen, MarkerIds},
    labels::{Names, show::LabelBook, wants::Eye},
    rooms::{Rooms, Shown},
    subject::{RoadIndex, Sight, Subject},
    values::Made,
    words::tr,
};

/// The panels over a stage with markers.
pub struct PanelsPlugin {
    /// The rooms of the program.
    pub timelines: Arc<Timelines>,
    /// Language to begin with.
    pub lang: Lang,
    /// Size factor of panels and text on top of the window's own.
    pub scale: f32,
    /// The city is a demonstration: every picture says so.
    pub demo: bool,
    /// Arrangement to begin with.
    pub preset: Preset,
}

/// The pictures of this frame.
#[derive(Resource, Default)]
pub struct Showing(pub Option<Shown>);

/// A stop of the tour is shown this long, s.
pub const STOP_S: f64 = 12.0;
/// The live layers are filled at most this often, s.
const FILL_S: f64 = 0.2;
/// Where a CPU draws, crews that only move are filled this often, s: an idle room must leave the machine free.
const CALM_FILL_S: f64 = 3.0;

impl Plugin for PanelsPlugin {
    fn build(&self, app: &mut App) {
        if !app.is_plugin_added::<EguiPlugin>() {
            app.add_plugins(EguiPlugin::default());
        }
        app.world_mut().resource_mut::<EguiGlobalSettings>().auto_create_primary_context = false;
        let city = &self.timelines.config().city;
        let ground = Ground::new(city);
        if !app.is_plugin_added::<LayersPlugin>() {
            app.add_plugins(LayersPlugin::default());
        }
        app.insert_resource(labels::names(city, &ground))
            .insert_resource(Counting::new(city))
            .insert_resource(RoadIndex::new(city))
            .init_resource::<LabelBook>()
            .init_resource::<Pictures>()
            .insert_resource(Rooms::new(self.timelines.clone()))
            .insert_resource(Desk::new(self.lang, self.scale, self.demo, self.preset))
            .init_resource::<MarkerIds>()
            .init_resource::<Made>()
            .init_resource::<Asked>()
            .init_resource::<past::Past>()
            .init_resource::<Showing>()
            .init_resource::<seen::Pointed>()
            .init_resource::<MarkerScene>()
            // Glyphs that are new in a frame reach the texture in that frame, not one later.
            .configure_sets(PostUpdate, EguiPostUpdateSet::PostProcessOutput.before(bevy::asset::AssetEventSystems))
            .add_systems(Startup, wake::listen)
            .add_systems(PreUpdate, attach.before(EguiPreUpdateSet::InitContexts))
            .add_systems(
                Update,
                (look_at_rooms, comparing::follow, counting::count, areas_shown, layers_told, keys, picked, tour, fill)
                    .chain()
                    .after(StageSystems::Input)
                    .before(StageSystems::Layers),
            )
            .add_systems(Update, (seen::follow, seen::mark).after(picked).before(StageSystems::Layers))
            .add_systems(Update, (follow_theme, sound::hear.after(look_at_rooms)))
            .add_systems(EguiPrimaryContextPass, draw::draw);
    }
}

/// Panels are drawn on the camera that is seen. Fonts go in before the first pass.
fn attach(mut commands: Commands, cameras: Query<Entity, (With<ScreenCamera>, Without<EguiContext>)>) {
    for camera in &cameras {
        let mut context = EguiContext::default();
        context.get_mut().set_fonts(look::fonts());
        commands.entity(camera).insert((context, PrimaryEguiContext));
    }
}

/// Takes the newest pictures, the answers that have come and a replay that has opened.
fn look_at_rooms(
    mut rooms: ResMut<Rooms>,
    mut desk: ResMut<Desk>,
    mut showing: ResMut<Showing>,
    time: Res<Time<Real>>,
) {
    let now_s = time.elapsed_secs_f64();
    match rooms.opened().or_else(|| rooms.started()) {
        Some(Ok(id)) => {
            desk.watching = Some(id);
            desk.revision += 1;
        }
        Some(Err(error)) => {
            let words = vm::detail::in_language(&error.to_string(), desk.lang());
            desk.say(words, state::Tone::Refused, now_s, None);
        }
        None => {}
    }
    let shown = rooms.shown(desk.watching.as_ref());
    // A timeline that ended: back to the living city.
    if desk.watching.as_ref().is_some_and(|id| *id != shown.timeline) {
        desk.watching = None;
    }
    for answered in rooms.answered() {
        tell(&mut desk, &shown.picture, answered, now_s);
    }
    showing.0 = Some(shown);
}

/// The stage draws the areas that the table lists while it is open: a map that nobody asked about areas is not tinted.
fn areas_shown(desk: Res<Desk>, tree: Res<AreaTree>, mut figures: ResMut<AreaFigures>) {
    let asked = desk.side == layout::Side::Areas || desk.area.is_some();
    let children = if asked { tree.children(desk.area) } else { &[] };
    if figures.current == desk.area && *figures.children == children {
        return;
    }
    figures.current = desk.area;
    figures.children = Arc::new(children.to_vec());
    figures.version += 1;
}

/// Says what became of a changed layer file.
fn layers_told(
    layers: Res<LayerState>,
    mut desk: ResMut<Desk>,
    time: Res<Time<Real>>,
    mut seen: Local<(usize, String)>,
) {
    let catalogue = Arc::as_ptr(layers.catalogue()) as usize;
    if seen.0 == catalogue && seen.1 == layers.trouble {
        return;
    }
    let (first, was_wrong) = (seen.0 == 0, !seen.1.is_empty());
    let now_s = time.elapsed_secs_f64();
    let lang = desk.lang();
    if !layers.trouble.is_empty() {
        let words = words::tr_with(lang, "k-layers-wrong", &[("why", &layers.trouble)]);
        desk.say(words, state::Tone::Refused, now_s, None);
    } else if !first && (seen.0 != catalogue || was_wrong) {
        desk.say(tr(lang, "k-layers-changed"), state::Tone::Done, now_s, None);
    }
    *seen = (catalogue, layers.trouble.clone());
}

/// Areas as systems walk through them.
#[derive(bevy::ecs::system::SystemParam)]
struct Walk<'w> {
    tree: Res<'w, AreaTree>,
    ground: Res<'w, Ground>,
    lens: Res<'w, MapLens>,
    rig: Res<'w, CameraRig>,
}

impl Walk<'_> {
    /// Goes into an area, or home, and flies there.
    fn go(&self, area: Option<u32>, desk: &mut Desk, fly: &mut MessageWriter<FlyTo>) {
        desk.area = apply::below_whole(&self.tree, area);
        if desk.area.is_some() {
            desk.side = layout::Side::Areas;
        }
        desk.revision += 1;
        let bounds = desk.area.and_then(|a| self.tree.bounds(a));
        let pose = bounds.map_or(self.rig.home, |b| pose_over(b, &self.rig.pose, &self.ground, &self.lens));
        fly.write(FlyTo::pose(pose));
    }

    /// The area that a double click on a place goes into: not where one is already closer than it would lead.
    fn deeper(&self, desk: &Desk, place_m: [f64; 2]) -> Option<u32> {
        let child = self.tree.child_at(desk.area, place_m[0] as f32, place_m[1] as f32)?;
        let pose = pose_over(self.tree.bounds(child)?, &self.rig.pose, &self.ground, &self.lens);
        (self.rig.pose.distance_m > pose.distance_m * 0.9).then_some(child)
    }
}

/// Keys that open a panel, and the panel.
const PANEL_KEYS: [(KeyCode, layout::Side); 6] = [
    (KeyCode::KeyL, layout::Side::Layers),
    (KeyCode::KeyY, layout::Side::Water),
    (KeyCode::KeyR, layout::Side::Risk),
    (KeyCode::KeyG, layout::Side::Records),
    (KeyCode::KeyK, layout::Side::Catalogue),
    (KeyCode::KeyH, layout::Side::System),
];

/// Space stands still or goes on, letters open panels ([`PANEL_KEYS`]), M mutes, Backspace goes out of an area, Esc goes
/// back one step and at last to the whole city, F11 fills the screen.
fn keys(
    keys: Option<Res<ButtonInput<KeyCode>>>,
    typing: Res<KeyboardCaptured>,
    mut desk: ResMut<Desk>,
    rooms: Res<Rooms>,
    showing: Res<Showing>,
    walk: Walk,
    mut pictures: ResMut<Pictures>,
    mut fly: MessageWriter<FlyTo>,
    mut asked: ResMut<Asked>,
    time: Res<Time<Real>>,
    mut windows: Query<&mut Window, With<PrimaryWindow>>,
) {
    let Some(keys) = keys else { return };
    if keys.just_pressed(KeyCode::F11)
        && let Ok(mut window) = windows.single_mut()
    {
        window.mode = match window.mode {
            WindowMode::Windowed => WindowMode::BorderlessFullscreen(MonitorSelection::Current),
            _ => WindowMode::Windowed,
        };
    }
    let out = |desk: &mut Desk, fly: &mut MessageWriter<FlyTo>| {
        let up = desk.area.and_then(|a| walk.tree.parent(a));
        walk.go(up, desk, fly);
    };
    if keys.just_pressed(KeyCode::Escape) && !desk.back() && !pictures.close_last() {
        if desk.side != layout::Side::Figures && desk.area.is_none() {
            let side = desk.side;
            desk.toggle(side);
        } else {
            out(&mut desk, &mut fly);
        }
    }
    if typing.0 {
        return;
    }
    if keys.just_pressed(KeyCode::Backspace) && desk.area.is_some() {
        out(&mut desk, &mut fly);
    }
    for (key, side) in PANEL_KEYS {
        if keys.just_pressed(key) {
            desk.toggle(side);
        }
    }
    if keys.just_pressed(KeyCode::KeyM) {
        desk.muted = !desk.muted;
        let words = if desk.muted { "k-sound-off" } else { "k-sound-on" };
        let (words, now_s) = (tr(desk.lang(), words).to_owned(), time.elapsed_secs_f64());
        desk.say(words, state::Tone::Done, now_s, None);
    }
    if keys.any_just_pressed([KeyCode::Enter, KeyCode::NumpadEnter])
        && let Some(held) = &desk.held
        && matches!(held.tool.needs(), tools::Needs::Line(least) if held.places_m.len() >= least)
    {
        asked.0.push(UiAction::UseTool);
    }
    if keys.just_pressed(KeyCode::Space)
        && let Some(shown) = &showing.0
    {
        let paused = shown.picture.playback.paused;
        let control = if paused { guanlan_room::Control::Resume } else { guanlan_room::Control::Pause };
        rooms.control(desk.watching.as_ref(), control);
    }
}

/// What a click can meet.
#[derive(bevy::ecs::system::SystemParam)]
struct Meets<'w> {
    scene: Res<'w, MarkerScene>,
    ids: Res<'w, MarkerIds>,
    rig: Res<'w, CameraRig>,
    lens: Res<'w, MapLens>,
    ground: Res<'w, Ground>,
    buildings: Res<'w, guanlan_stage::pick::BuildingIndex>,
    roads: Res<'w, RoadIndex>,
    layers: Res<'w, LayerState>,
    cameras: Res<'w, Cameras>,
    tree: Res<'w, AreaTree>,
    names: Res<'w, Names>,
    book: Res<'w, LabelBook>,
    tiles: Option<Res<'w, guanlan_stage::TileLayers>>,
}

impl Meets<'_> {
    fn sight<'a>(&'a self, picture: &'a guanlan_room::Picture, ppp: f32) -> Sight<'a> {
        Sight {
            picture,
            scene: &self.scene,
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
            eye: Eye::new(&self.rig, &self.lens, ppp),
            ppp,
        }
    }
}

/// What was asked for outside a panel: carried out with the panels' own actions.
#[derive(Resource, Default)]
pub(crate) struct Asked(pub Vec<UiAction>);

/// A click with a tool in the hand.
fn tool_at(click: &Picked, desk: &mut Desk, asked: &mut Asked) {
    let Some(held) = &mut desk.held else { return };
    if click.what == PickTarget::Nothing {
        return;
    }
    // The second click of a double click ends a line; it is no place of its own.
    if !click.double {
        held.places_m.push(click.ground_m);
    }
    let done = match held.tool.needs() {
        tools::Needs::Nothing | tools::Needs::Place => !click.double,
        tools::Needs::Line(least) => click.double && held.places_m.len() >= least,
    };
    if done {
        asked.0.push(UiAction::UseTool);
    }
}

/// Farther than this a click on a building or a road is a click on the map, m.
const PIN_FAR_M: f32 = 1500.0;

/// A click on the map that no panel took: names of areas lead in, marks are chosen, cameras open, what has no panel of
/// its own is pinned. With Shift, or before leaders, everything is pinned.
fn picked(
    mut clicks: MessageReader<Picked>,
    meets: Meets,
    walk: Walk,
    showing: Res<Showing>,
    held: Option<Res<ButtonInput<KeyCode>>>,
    mut contexts: Query<&mut EguiContext>,
    mut desk: ResMut<Desk>,
    mut pictures: ResMut<Pictures>,
    mut fly: MessageWriter<FlyTo>,
    mut asked: ResMut<Asked>,
) {
    for click in clicks.read() {
        desk.tour.on = false;
        desk.revision += 1;
        if desk.held.is_some() {
            tool_at(click, &mut desk, &mut asked);
            continue;
        }
        let Some(shown) = &showing.0 else { continue };
        let ppp = contexts.iter_mut().next().map_or(1.0, |mut c| c.get_mut().pixels_per_point());
        let at = egui::pos2(click.cursor_px.x / ppp, click.cursor_px.y / ppp);
        let pins = held.as_ref().is_some_and(|k| k.any_pressed([KeyCode::ShiftLeft, KeyCode::ShiftRight]))
            || desk.preset == Preset::Briefing;
        let mark = pick_marker(&meets.scene, &meets.rig, &meets.lens, click.cursor_px);
        match mark {
            Some(MarkerHit::Case(i)) if !pins => {
                desk.form = None;
                desk.search.clear();
                desk.case = meets.ids.cases.get(i).cloned();
                continue;
            }
            Some(MarkerHit::Unit(i)) if !pins => {
                desk.unit = meets.ids.units.get(i).cloned();
                continue;
            }
            Some(MarkerHit::Sensor(i)) => {
                desk.alert = meets.ids.alert_of(i);
                // A colour explains itself.
                if desk.alert.is_some() && !pins {
                    desk.why = true;
                    desk.case = None;
                    continue;
                }
            }
            // A ring opens by itself.
            Some(MarkerHit::Ring(..)) => continue,
            Some(_) => {}
            None => {
                if let Some(area) = meets.book.area_at(&meets.names, at) {
                    walk.go(Some(area), &mut desk, &mut fly);
                    continue;
                }
                if click.double && click.what != PickTarget::Nothing {
                    if let Some(area) = walk.deeper(&desk, click.ground_m) {
                        walk.go(Some(area), &mut desk, &mut fly);
                    }
                    continue;
                }
                desk.unit = None;
                desk.alert = None;
            }
        }
        let near = meets.rig.pose.distance_m < PIN_FAR_M;
        match meets.sight(&shown.picture, ppp).at(at) {
            Some(Subject::Camera(id)) if !pins => {
                if let Some(camera) = meets.cameras.rows.iter().find(|c| c.id == id) {
                    pictures.open(camera);
                }
            }
            Some(Subject::Building(_) | Subject::Road(_)) if !near && !pins => {}
            Some(Subject::Place(_) | Subject::Area(_)) if !pins => {}
            Some(subject) => desk.pin(subject),
            None => {}
        }
    }
}

/// Flies from stop to stop; a hand on the camera or a new red stops it.
fn tour(
    mut desk: ResMut<Desk>,
    made: Res<Made>,
    rig: Res<CameraRig>,
    ground: Res<Ground>,
    buttons: Option<Res<ButtonInput<MouseButton>>>,
    wheel: Option<Res<bevy::input::mouse::AccumulatedMouseScroll>>,
    pointer: Res<PointerCaptured>,
    mut fly: MessageWriter<FlyTo>,
    time: Res<Time<Real>>,
    windows: Query<(), With<PrimaryWindow>>,
) {
    // A still shows what its view says.
    if !desk.tour.on || windows.is_empty() {
        return;
    }
    let now_s = time.elapsed_secs_f64();
    let Some(values) = &made.values else { return };
    let briefing = &values.briefing;
    let turned = wheel.is_some_and(|w| w.delta != bevy::math::Vec2::ZERO);
    let pressed = buttons.is_some_and(|b| b.any_just_pressed([MouseButton::Left, MouseButton::Right]));
    let red = !desk.tour.reds.is_empty() && briefing.unseen_reds.iter().any(|r| !desk.tour.reds.contains(r));
    if turned || (pressed && !pointer.0) || red {
        desk.tour.on = false;
        desk.tour.reds.clear();
        desk.revision += 1;
        return;
    }
    if briefing.stops.is_empty() || (now_s - desk.tour.since_s < STOP_S && desk.tour.since_s > 0.0 && !desk.tour.skip) {
        return;
    }
    let first = desk.tour.since_s <= 0.0 && !desk.tour.skip;
    desk.tour.skip = false;
    let stop = if first { 0 } else { (desk.tour.stop + 1) % briefing.stops.len() };
    desk.tour.stop = stop;
    desk.tour.since_s = now_s;
    desk.tour.reds.clone_from(&briefing.unseen_reds);
    fly.write(FlyTo::pose(pose_at(briefing.stops[stop].place_m, &rig.pose, &ground)));
}

/// What the live layers were last filled from.
#[derive(Clone, PartialEq)]
struct Filled {
    timeline: guanlan_core::TimelineId,
    tick: u64,
    at: guanlan_core::Stamp,
    /// Selections, alerts and cases: what must be seen at once.
    urgent: (u64, u64, u64),
    /// Layers switched.
    layers: u64,
}

/// Fills the live layers from the picture shown: at once what people act on, at a calm pace what only moves.
#[allow(clippy::too_many_arguments, reason = "a system")]
fn fill(
    showing: Res<Showing>,
    desk: Res<Desk>,
    ground: Res<Ground>,
    layers: Res<LayerState>,
    quality: Option<Res<ResolvedQuality>>,
    mut scene: ResMut<MarkerScene>,
    mut ids: ResMut<MarkerIds>,
    mut water: ResMut<FloodWater>,
    mut sky: (ResMut<SceneClock>, ResMut<Rain>),
    time: Res<Time<Real>>,
    mut last: Local<Option<(Filled, f64)>>,
) {
    let Some(shown) = &showing.0 else { return };
    let picture = &shown.picture;
    let now_s = time.elapsed_secs_f64();
    let filled = Filled {
        timeline: shown.timeline.clone(),
        tick: picture.tick,
        at: picture.now,
        urgent: (desk.revision, picture.alerts.version(), picture.cases.version()),
        layers: layers.revision,
    };
    if let Some((before, at_s)) = &*last {
        let at_once = before.urgent != filled.urgent || before.timeline != filled.timeline;
        let pace_s = if at_once || !quality.is_some_and(|q| q.software) { FILL_S } else { CALM_FILL_S };
        let selected = before.urgent.0 != filled.urgent.0 || before.layers != filled.layers;
        if *before == filled || (!selected && now_s - at_s < pace_s) {
            return;
        }
    }
    *last = Some((filled, now_s));
    let chosen =
        Chosen { case: desk.case.as_ref(), alert: desk.alert, unit: desk.unit.as_ref(), layers: Some(&layers) };
    glue::fill(picture, &ground, chosen, &mut scene, &mut ids);
    glue::flood(picture, &mut water);
    sky.0.show(picture.now.as_secs_f64());
    Rain::set_mean(&mut sky.1, picture.rain_mm_h() as f32);
}

/// Panels wear the stage's colours.
fn follow_theme(settings: Res<StageSettings>, mut desk: ResMut<Desk>) {
    if settings.is_changed() && desk.look.theme != settings.theme {
        desk.look.theme = settings.theme;
    }
}

/// The words of a key in a language, for the program around the panels.
#[must_use]
pub fn words(lang: Lang, key: &'static str) -> &'static str {
    tr(lang, key)
}
