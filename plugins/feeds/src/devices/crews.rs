//! The demo's crews: patrols that wander, and crews that take tasks from their topic, drive, work
//! and report, as real ones would with a phone.

use std::{collections::BTreeMap, sync::Arc};

use guanlan_city::{City, model::UnitSpec};
use guanlan_core::{DispatchId, Stamp, UnitId};
use guanlan_dispatch::{
    CrewDriver, CrewOutput, CrewTask, EdgeCosts, PatrolDriver, RoadGraph, RoadState, VehicleClass,
    crew::{Phase, mix},
    skills::NeedTable,
};
use serde::{Deserialize, Serialize};

/// A task as it stands on `guanlan/units/{unit}/tasks`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskMessage {
    /// The assignment.
    pub dispatch: u64,
    /// The case.
    pub case: String,
    /// Category code of the case.
    pub code: String,
    /// What is the matter.
    pub text: String,
    /// Where, WGS 84.
    pub lon: f64,
    /// Where, WGS 84.
    pub lat: f64,
    /// True when the task is called off.
    #[serde(default)]
    pub recalled: bool,
}

struct Crew {
    id: UnitId,
    spec: usize,
    vehicle: VehicleClass,
    task: Option<CrewDriver>,
    patrol: Option<PatrolDriver>,
    place_m: [f64; 2],
}

/// All demo crews.
pub struct Crews {
    city: Arc<City>,
    graph: RoadGraph,
    needs: NeedTable,
    crews: BTreeMap<UnitId, Crew>,
    seed: u64,
}

/// True inside a shift given in minutes of the local day; a shift may run over midnight.
fn on_shift(spec: &UnitSpec, now: Stamp) -> bool {
    let minute = (super::weather::hour_of(now) * 60.0) as u16;
    let [from, to] = spec.shift_min;
    if from == to {
        true
    } else if from < to {
        (from..to).contains(&minute)
    } else {
        minute >= from || minute < to
    }
}

impl Crews {
    /// The crews of a city at their bases.
    #[must_use]
    pub fn new(city: Arc<City>, seed: u64) -> Self {
        let graph = RoadGraph::new(city.clone());
        let crews = city
            .units
            .iter()
            .enumerate()
            .map(|(spec, unit)| {
                let vehicle = VehicleClass::from_key(&unit.vehicle);
                let crew = Crew { id: unit.id.clone(), spec, vehicle, task: None, patrol: None, place_m: unit.base_m };
                (unit.id.clone(), crew)
            })
            .collect();
        Self { city, graph, needs: NeedTable::default(), crews, seed }
    }

    /// A task arrived for a unit; `place_m` is where.
    pub fn take(&mut self, unit: &UnitId, task: &TaskMessage, place_m: [f64; 2], now: Stamp) {
        let roads = RoadState::default();
        let Some(crew) = self.crews.get_mut(unit) else { return };
        if task.recalled {
            crew.task = None;
            return;
        }
        if crew.task.as_ref().is_some_and(|t| t.dispatch() == Some(DispatchId(task.dispatch))) {
            return;
        }
        let costs = EdgeCosts::new(&self.graph, &roads, crew.vehicle, now);
        let way = |from: [f64; 2], to: [f64; 2]| {
            let (from, to) = (self.graph.snap(from, crew.vehicle)?, self.graph.snap(to, crew.vehicle)?);
            self.graph.route(&costs, &self.graph.search_to(&costs, to), &from).map(Arc::new)
        };
        let Some(route) = way(crew.place_m, place_m) else {
            tracing::warn!("demo crew {unit}: no way to the case");
            return;
        };
        let home = way(place_m, self.city.units[crew.spec].base_m);
        let need = self.needs.of(&task.code);
        let seed = self.seed ^ mix(task.dispatch, 11);
        let span = u64::from(need.work_min[1] - need.work_min[0]) * 60;
        let order = CrewTask {
            unit: unit.clone(),
            dispatch: Some(DispatchId(task.dispatch)),
            route,
            handle_s: need.work_min[0] * 60 + (mix(seed, 5) % (span + 1)) as u32,
            note: need.done.zh.clone(),
            seed,
        };
        crew.patrol = None;
        crew.task = Some(CrewDriver::new(order, now).with_home(home));
    }

    /// Lives until `now`.
    pub fn step(&mut self, now: Stamp) -> Vec<CrewOutput> {
        let mut out = Vec::new();
        for crew in self.crews.values_mut() {
            let sent = if let Some(task) = &mut crew.task {
                let sent = task.step(now);
                let [x, y] = task.place_m();
                crew.place_m = [f64::from(x), f64::from(y)];
                if task.phase() == Phase::Finished {
                    crew.task = None;
                }
                sent
            } else if on_shift(&self.city.units[crew.spec], now) {
                if crew.patrol.is_none() {
                    let seed = self.seed ^ super::dice::key(crew.id.as_str());
                    crew.patrol =
                        PatrolDriver::new(crew.id.clone(), crew.vehicle, crew.place_m, &self.graph, seed, now);
                }
                crew.patrol.as_mut().map(|p| p.step(now, &self.graph, &|_| false)).unwrap_or_default()
            } else {
                crew.patrol = None;
                Vec::new()
            };
            for output in &sent {
                if let CrewOutput::Fix(fix) = output {
                    crew.place_m = [fix.east_m, fix.north_m];
                }
            }
            out.extend(sent);
        }
        out
    }
}
