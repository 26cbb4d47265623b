//! Places whose depth is followed: the city's gauges and those of the scenario.

use guanlan_city::{City, model::PlaceKind};
use guanlan_core::ObservedProperty;
use guanlan_geography::LocalFrame;

use crate::{
    impact::cells_near,
    outputs::Tracker,
    scenario::{Outputs, ScenarioError},
    surface::{Domain, SurfaceSolver},
};

/// A place whose depth is followed.
#[derive(Clone, Debug, PartialEq)]
pub struct Gauge {
    /// Sensor id, name of an underpass, or id of the scenario.
    pub id: String,
    /// Cells it stands for; the deepest counts.
    pub cells: Vec<(usize, usize)>,
}

impl Gauge {
    /// Depth in m and speed in m/s of the deepest of its cells.
    #[must_use]
    pub fn water(&self, solver: &dyn SurfaceSolver) -> [f32; 2] {
        let depths = self.cells.iter().map(|(c, r)| (solver.depth_at_m(*c, *r), (*c, *r)));
        let deepest = depths.reduce(|a, b| if b.0 > a.0 { b } else { a });
        deepest.map_or([0.0; 2], |(depth, (c, r))| {
            let [u, v] = solver.velocity_at_m_s(c, r);
            [depth.max(0.0), u.hypot(v)]
        })
    }
}

/// What the water was like at a gauge, over the whole run.
#[derive(Clone, Debug, PartialEq)]
pub struct GaugeExtremes {
    /// Name of the gauge.
    pub id: String,
    /// Greatest depth, m.
    pub depth_m: f32,
    /// Greatest speed, m/s.
    pub speed_m_s: f32,
    /// Greatest depth × speed, m²/s.
    pub product_m2_s: f32,
    /// ARR class, 1 (H1) to 6 (H6); 0 dry.
    pub arr: u8,
    /// EA hazard rating.
    pub ea: f32,
    /// Arrival of 5 and 15 cm, s after the start; infinite when they never came.
    pub arrival_s: [f32; 2],
    /// Time over 15 cm, s.
    pub over_15cm_s: f32,
}

impl GaugeExtremes {
    /// Of the cell of a gauge that was deepest.
    #[must_use]
    pub fn of(gauge: &Gauge, extremes: &Tracker, domain: &Domain) -> Self {
        let cells = gauge.cells.iter().map(|cell| extremes.part(domain, *cell));
        let deepest = cells.reduce(|a, b| if b.0.depth_m[b.1] > a.0.depth_m[a.1] { b } else { a });
        let at = |values: fn(&Tracker) -> &Vec<f32>| deepest.map_or(0.0, |(part, k)| values(part)[k]);
        Self {
            id: gauge.id.clone(),
            depth_m: at(|x| &x.depth_m),
            speed_m_s: at(|x| &x.speed_mps),
            product_m2_s: at(|x| &x.product_m2_s),
            arr: deepest.map_or(0, |(part, k)| part.arr[k]),
            ea: at(|x| &x.ea),
            arrival_s: [at(|x| &x.arrival_5cm_s), at(|x| &x.arrival_15cm_s)],
            over_15cm_s: at(|x| &x.over_15cm_s),
        }
    }
}

/// Gauges of the scenario, then road water gauges, then underpasses. Places without open ground are left out
/// when they are the city's.
///
/// # Errors
/// When a gauge of the scenario lies outside the model.
pub fn gauges_of(city: &City, outputs: &Outputs, domain: &Domain) -> Result<Vec<Gauge>, ScenarioError> {
    let frame = LocalFrame::new(city.epsg, city.origin);
    let mut gauges = Vec::new();
    for (k, spec) in outputs.gauge.iter().enumerate() {
        let bad = |reason: String| ScenarioError::Field { field: format!("outputs.gauge {}", k + 1), reason };
        let at = match (spec.at_m, spec.at_lonlat) {
            (Some(at), _) => at,
            (None, Some([lon, lat])) => frame.from_lonlat(lon, lat).map_err(|e| bad(e.to_string()))?,
            (None, None) => return Err(bad("expected at_m or at_lonlat".into())),
        };
        // Where water can stand at the place itself, nothing else is asked.
        let own = domain.finest_at(at[0], at[1]).filter(|(c, r)| !domain.is_blocked(*c, *r));
        let cells = own.map_or_else(|| cells_near(domain, at), |cell| vec![cell]);
        if cells.is_empty() {
            return Err(bad(format!("'{}' at {at:?} has no open ground of the model around it", spec.id)));
        }
        gauges.push(Gauge { id: spec.id.clone(), cells });
    }
    if outputs.city_gauges {
        let sensors = city
            .sensors
            .iter()
            .filter(|s| s.property == ObservedProperty::RoadWaterDepth)
            .filter_map(|s| s.place_m.map(|at| (s.id.to_string(), at)));
        let underpasses =
            city.places.iter().filter(|p| p.kind == PlaceKind::Underpass).map(|p| (p.name.zh.clone(), p.place_m));
        let known = sensors.chain(underpasses).map(|(id, at)| Gauge { id, cells: cells_near(domain, at) });
        let mut names: std::collections::BTreeSet<String> = gauges.iter().map(|g| g.id.clone()).collect();
        // A place may be in two files of a city.
        gauges.extend(known.filter(|g| !g.cells.is_empty()).filter(|g| names.insert(g.id.clone())));
    }
    Ok(gauges)
}
