//! What a model of the water tells besides depths, spread over the layers that show it: the fill of drains, the flow,
//! the rain. Set [`WaterTold`] from the picture of a room; nothing is shown that nobody told.

use std::collections::BTreeMap;
use std::sync::Arc;

use bevy::prelude::*;
use guanlan_core::WaterPeaks;
use guanlan_core::water::{ForecastReport, WaterScene};

use crate::buildings::BuildingPaint;
use crate::flood::{FloodFlow, FloodPeaks, FlowField, Place};
use crate::layers::LayerState;
use crate::look::Look;
use crate::underground::{DrainFill, PumpState};
use crate::weather::{Rain, RainField};
use crate::{StageSettings, StageSystems};

/// The latest scene of the model beside the room shown.
#[derive(Resource, Clone, Default)]
pub struct WaterTold(pub Option<Arc<WaterScene>>);

/// The forecast shown: what will have water over its sill is painted.
#[derive(Resource, Clone, Default)]
pub struct Ahead(pub Option<Arc<ForecastReport>>);

fn same<T>(a: Option<&Arc<T>>, b: Option<&Arc<T>>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => Arc::ptr_eq(a, b),
        (None, None) => true,
        _ => false,
    }
}

/// What is read off the picture of a room.
#[derive(Clone, Default)]
pub struct Reading {
    /// The scene of the model.
    pub scene: Option<Arc<WaterScene>>,
    /// What the water has been: maxima, arrival, duration.
    pub peaks: Option<Arc<WaterPeaks>>,
    /// The hours ahead: buildings that will have water over their sill are painted.
    pub ahead: Option<Arc<ForecastReport>>,
}

type Read = Arc<dyn Fn(&World) -> Reading + Send + Sync>;

/// Follows the picture of a room through a closure: the stage knows no room.
pub struct FollowRoom(Read);

impl FollowRoom {
    /// `read` takes what is shown off the world.
    #[must_use]
    pub fn new(read: impl Fn(&World) -> Reading + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }
}

impl Plugin for FollowRoom {
    fn build(&self, app: &mut App) {
        let read = self.0.clone();
        let follow = move |world: &mut World| {
            let Reading { scene, peaks, ahead } = read(world);
            if !same(world.resource::<FloodPeaks>().0.as_ref(), peaks.as_ref()) {
                world.resource_mut::<FloodPeaks>().0 = peaks;
            }
            if !same(world.resource::<WaterTold>().0.as_ref(), scene.as_ref()) {
                world.resource_mut::<WaterTold>().0 = scene;
            }
            if !same(world.resource::<Ahead>().0.as_ref(), ahead.as_ref()) {
                world.resource_mut::<Ahead>().0 = ahead;
            }
        };
        app.add_systems(Update, follow.after(StageSystems::Input).before(StageSystems::Camera));
    }
}

/// How full the drains are.
#[must_use]
pub fn drains(scene: &WaterScene) -> DrainFill {
    let share = |percent: &u8| if *percent == WaterScene::UNKNOWN { f32::NAN } else { f32::from(*percent) / 100.0 };
    let pump = |state: &u8| match state {
        0 => PumpState::Idle,
        1 => PumpState::Running,
        2 => PumpState::Failed,
        _ => PumpState::Unknown,
    };
    DrainFill {
        conduits: Arc::new(scene.conduit_fill.iter().map(share).collect()),
        nodes: Arc::new(scene.node_fill.iter().map(share).collect()),
        pumps: Arc::new(scene.pumps.iter().map(pump).collect()),
    }
}

/// How the water moves; `None` when nobody says, or the raster is broken.
#[must_use]
pub fn flow(scene: &WaterScene) -> Option<FlowField> {
    let grid = &scene.flow;
    let (cols, rows) = (grid.cols as usize, grid.rows as usize);
    let whole = cols * rows > 0 && grid.east_cm_s.len() == cols * rows && grid.north_cm_s.len() == cols * rows;
    whole.then(|| FlowField {
        place: Place { west_m: grid.west_m, south_m: grid.south_m, cell_m: grid.cell_m, cols, rows },
        velocity_m_s: grid
            .east_cm_s
            .iter()
            .zip(&grid.north_cm_s)
            .map(|(e, n)| [f32::from(*e) / 100.0, f32::from(*n) / 100.0])
            .collect(),
    })
}

/// Where it rains; `None` when it is dry or nobody says.
#[must_use]
pub fn rain(scene: &WaterScene) -> Option<RainField> {
    let map = &scene.rain;
    let whole = map.cols > 0 && map.tenth_mm_h.len() == (map.cols * map.rows) as usize;
    let rains = map.tenth_mm_h.iter().any(|t| *t > 0);
    (whole && rains).then(|| RainField {
        west_m: map.west_m as f32,
        south_m: map.south_m as f32,
        cell_m: map.cell_m as f32,
        cols: map.cols,
        rows: map.rows,
        mm_h: map.tenth_mm_h.iter().map(|t| f32::from(*t) / 10.0).collect(),
    })
}

/// Hands a new scene to the layers; parts that are the same stay as they are.
pub(crate) fn spread(
    told: Res<WaterTold>,
    mut fill: ResMut<DrainFill>,
    mut flows: ResMut<FloodFlow>,
    mut falls: ResMut<Rain>,
) {
    // Before anybody told anything, what others set stands.
    if !told.is_changed() || (told.is_added() && told.0.is_none()) {
        return;
    }
    let scene = told.0.as_deref();
    let drains = scene.map(drains).unwrap_or_default();
    if !same_fill(&fill, &drains) {
        *fill = drains;
    }
    let flow = scene.and_then(flow);
    if flows.0.as_deref() != flow.as_ref() {
        flows.0 = flow.map(Arc::new);
    }
    let field = scene.and_then(rain);
    if falls.field.as_deref() != field.as_ref() {
        falls.field = field.map(Arc::new);
    }
}

/// Strength of the paint of what has not happened yet.
const FORECAST: f32 = 0.6;

/// Colour of a building with so much water over its sill, mm: the depth ramp of the flood.
#[must_use]
pub fn impact(look: &Look, over_sill_mm: u16) -> Vec4 {
    let d = f32::from(over_sill_mm) / 1000.0;
    let part = |from: f32, to: f32| ((d - from) / (to - from)).clamp(0.0, 1.0);
    look.flood_shallow
        .lerp(look.flood_deep, part(0.05, 0.5))
        .lerp(look.flood_deepest, part(0.5, 1.5))
        .truncate()
        .extend(FORECAST)
}

/// Paints what a forecast says of buildings, and nothing else.
pub(crate) fn paint_impact(
    ahead: Res<Ahead>,
    layers: Option<Res<LayerState>>,
    settings: Res<StageSettings>,
    look: Res<Look>,
    mut paint: ResMut<BuildingPaint>,
    mut numbers: Local<Option<BTreeMap<String, usize>>>,
    mut drawn: Local<Option<bool>>,
) {
    let visible = layers.is_none_or(|l| l.water().is_some());
    if !ahead.is_changed() && !settings.is_changed() && *drawn == Some(visible) {
        return;
    }
    *drawn = Some(visible);
    let hit = ahead.0.as_ref().filter(|a| visible && !a.buildings.is_empty());
    let Some(report) = hit else {
        if !paint.is_empty() {
            paint.clear();
        }
        return;
    };
    let city = &settings.city;
    let numbers =
        numbers.get_or_insert_with(|| city.buildings.iter().enumerate().map(|(i, b)| (b.id.clone(), i)).collect());
    paint.clear();
    paint.resize(city.buildings.len());
    for building in &report.buildings {
        if let Some(&number) = numbers.get(&building.id) {
            paint.set(number, impact(&look, building.peak_mm));
        }
    }
}

/// Shares that are not known are NaN, which equals nothing.
fn same_fill(a: &DrainFill, b: &DrainFill) -> bool {
    let same = |a: &[f32], b: &[f32]| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits());
    same(&a.conduits, &b.conduits) && same(&a.nodes, &b.nodes) && a.pumps == b.pumps
}

#[cfg(test)]
mod tests {
    use super::*;
    use guanlan_core::water::{FlowGrid, RainMap};

    fn scene() -> WaterScene {
        WaterScene {
            conduit_fill: vec![40, 130, WaterScene::UNKNOWN],
            node_fill: vec![0],
            pumps: vec![1, 2, WaterScene::UNKNOWN],
            flow: FlowGrid {
                cell_m: 50.0,
                cols: 2,
                rows: 1,
                east_cm_s: vec![0, 120],
                north_cm_s: vec![-30, 0],
                ..Default::default()
            },
            rain: RainMap { cell_m: 500.0, cols: 2, rows: 1, tenth_mm_h: vec![0, 455], ..Default::default() },
            ..Default::default()
        }
    }

    #[test]
    fn units_of_the_wire_become_units_of_the_layers() {
        let scene = scene();
        let fill = drains(&scene);
        assert_eq!(fill.conduits[..2], [0.4, 1.3]);
        assert!(fill.conduits[2].is_nan(), "not modelled is not empty");
        assert_eq!(*fill.pumps, [PumpState::Running, PumpState::Failed, PumpState::Unknown]);
        assert_eq!(flow(&scene).unwrap().velocity_m_s, [[0.0, -0.3], [1.2, 0.0]]);
        assert_eq!(rain(&scene).unwrap().mm_h, [0.0, 45.5]);
        assert_eq!(flow(&WaterScene::default()), None);
        let dry = RainMap { tenth_mm_h: vec![0, 0], ..scene.rain };
        assert_eq!(rain(&WaterScene { rain: dry, ..Default::default() }), None);
    }

    #[test]
    fn what_did_not_change_is_not_drawn_again() {
        let mut app = App::new();
        app.init_resource::<WaterTold>().init_resource::<DrainFill>().init_resource::<FloodFlow>();
        app.init_resource::<Rain>().add_systems(Update, spread);
        app.update();
        app.world_mut().resource_mut::<WaterTold>().0 = Some(Arc::new(scene()));
        app.update();
        assert!(app.world().resource::<FloodFlow>().0.is_some());
        let flow = app.world().resource::<FloodFlow>().0.clone().unwrap();
        let mut fuller = scene();
        fuller.conduit_fill[0] = 60;
        app.world_mut().resource_mut::<WaterTold>().0 = Some(Arc::new(fuller));
        app.update();
        assert_eq!(app.world().resource::<DrainFill>().conduits[0], 0.6);
        assert!(Arc::ptr_eq(&flow, app.world().resource::<FloodFlow>().0.as_ref().unwrap()));
        app.world_mut().resource_mut::<WaterTold>().0 = None;
        app.update();
        assert!(
            app.world().resource::<DrainFill>().conduits.is_empty() && app.world().resource::<Rain>().field.is_none()
        );
    }
}
