//! Places whose depth is followed: the city's gauges and those of the scenario.

use guanlan_city::{City, model::PlaceKind};
use guanlan_core::ObservedProperty;
use guanlan_geography::LocalFrame;

use crate::{
    impact::cells_near,
    scenario::{Outputs, ScenarioError},
    surface::Domain,
};

/// A place whose depth is followed.
#[derive(Clone, Debug, PartialEq)]
pub struct Gauge {
    /// Sensor id, name of an underpass, or id of the scenario.
    pub id: String,
    /// Cells it stands for; the deepest counts.
    pub cells: Vec<(usize, usize)>,
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
        let cells = cells_near(domain, at);
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
