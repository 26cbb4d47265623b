//! Clicks on the map that no panel took.

use bevy::prelude::*;
use bevy_egui::EguiContext;
use guanlan_markers::{MarkerHit, MarkerScene, pick_marker};
use guanlan_stage::layers::{AreaTree, Cameras, LayerState};
use guanlan_stage::pick::PickTarget;
use guanlan_stage::{CameraRig, FlyTo, Ground, MapLens, Picked};

use crate::{
    Desk, Preset, Showing, UiAction,
    camera::Pictures,
    glue::MarkerIds,
    labels::{Names, show::LabelBook, wants::Eye},
    subject::{RoadIndex, Sight, Subject},
    tools,
    walk::Walk,
};

/// What a click can meet.
#[derive(bevy::ecs::system::SystemParam)]
pub(crate) struct Meets<'w> {
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
pub(crate) fn picked(
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
