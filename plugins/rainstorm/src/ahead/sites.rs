//! The places a forecast is made for.

use std::sync::Arc;

use guanlan_city::{City, model::PlaceKind};
use guanlan_core::{Bilingual, ObservedProperty, water::SiteKind};

use crate::{
    impact::{ImpactWatch, Limits, cells_near},
    surface::Domain,
};

/// Two names for one place nearer than this are one site, m.
const TWIN_M: f64 = 60.0;

/// A place a forecast is made for.
#[derive(Clone, Debug, PartialEq)]
pub struct Site {
    /// Sensor id, or name of the place.
    pub id: String,
    /// What it is.
    pub kind: SiteKind,
    /// Name on the screen.
    pub name: Bilingual,
    /// Local m.
    pub place_m: [f64; 2],
    /// Cells it stands for; the deepest counts.
    pub cells: Vec<(usize, usize)>,
}

/// What forecasts over one city need; made once, shared by all runs.
#[derive(Clone)]
pub struct AheadCity {
    /// The city.
    pub city: Arc<City>,
    /// Gauges, underpasses, vulnerable places.
    pub sites: Arc<Vec<Site>>,
    /// Roads and places to watch, nothing seen yet.
    pub watch: Arc<ImpactWatch>,
    /// Depths that matter.
    pub limits: Limits,
}

impl AheadCity {
    /// Finds the cells of everything that is watched on a model's raster.
    #[must_use]
    pub fn new(city: Arc<City>, domain: &Domain, limits: Limits) -> Self {
        let mut sites: Vec<Site> = Vec::new();
        let mut put = |id: String, kind, name: Bilingual, place_m: [f64; 2]| {
            let cells = cells_near(domain, place_m);
            let twin = |s: &Site| {
                s.kind == kind
                    && (s.id == id || s.name == name)
                    && (s.place_m[0] - place_m[0]).hypot(s.place_m[1] - place_m[1]) < TWIN_M
            };
            if !cells.is_empty() && !sites.iter().any(twin) {
                sites.push(Site { id, kind, name, place_m, cells });
            }
        };
        for s in city.sensors.iter().filter(|s| s.property == ObservedProperty::RoadWaterDepth) {
            if let Some(place) = s.place_m {
                put(s.id.to_string(), SiteKind::Gauge, s.name.clone(), place);
            }
        }
        for p in &city.places {
            let kind = match p.kind {
                PlaceKind::Underpass => SiteKind::Underpass,
                PlaceKind::School | PlaceKind::Hospital | PlaceKind::MetroEntrance | PlaceKind::CareHome => {
                    SiteKind::Place
                }
                _ => continue,
            };
            put(p.name.zh.clone(), kind, p.name.clone(), p.place_m);
        }
        let watch = Arc::new(ImpactWatch::new(&city, domain, limits.clone()));
        Self { city, sites: Arc::new(sites), watch, limits }
    }
}
