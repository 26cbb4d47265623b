//! Named views that every city has: the whole, its quarters, its river, its underpasses.

use bevy::prelude::Resource;
use guanlan_city::City;
use guanlan_city::model::{PlaceKind, SurfaceKind};
use guanlan_core::Bilingual;

use super::rig::CameraPose;
use crate::ground::heights::Ground;

/// A view with a key for command lines and a name for people.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedView {
    /// Key: `overview`, `oldtown`, `river` …
    pub key: String,
    /// Name on the screen.
    pub name: Bilingual,
    /// Where to look from.
    pub pose: CameraPose,
}

/// The views of a city; the first is the whole.
#[derive(Resource, Clone, Debug, Default)]
pub struct Views(pub Vec<NamedView>);

impl Views {
    /// The view with this key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&NamedView> {
        self.0.iter().find(|v| v.key == key)
    }
}

/// The views of a city.
#[must_use]
pub fn from_city(city: &City, ground: &Ground) -> Views {
    let at = |e: f32, n: f32| [e, n, ground.height_m(e, n)];
    let [w, s, e, n] = city.extent;
    let span = (e - w).max((n - s) * 1.1).max(200.0);
    let mut views = vec![
        NamedView {
            key: "overview".into(),
            name: Bilingual::new("全域", "Overview"),
            pose: CameraPose {
                focus: at((w + e) * 0.5, (s + n) * 0.5 - (n - s) * 0.045),
                distance_m: span * 1.30,
                yaw_deg: 350.0,
                pitch_deg: 47.0,
            },
        },
        NamedView {
            key: "top".into(),
            name: Bilingual::new("俯视", "From above"),
            pose: CameraPose {
                focus: at((w + e) * 0.5, (s + n) * 0.5),
                distance_m: (n - s).max((e - w) * 0.58) * 1.52,
                yaw_deg: 0.0,
                pitch_deg: 89.0,
            },
        },
    ];
    let mut quarters = 0;
    for place in city.places.iter().filter(|p| p.kind == PlaceKind::Quarter) {
        quarters += 1;
        let old = place.name.zh.contains('老') || place.name.zh.contains('古') || place.name.en.contains("Old");
        let key = if old && !views.iter().any(|v| v.key == "oldtown") {
            "oldtown".into()
        } else {
            format!("quarter-{quarters}")
        };
        views.push(NamedView {
            key,
            name: place.name.clone(),
            pose: CameraPose {
                focus: at(place.place_m[0] as f32, place.place_m[1] as f32),
                distance_m: 620.0,
                yaw_deg: 330.0,
                pitch_deg: 32.0,
            },
        });
    }
    let river = city
        .surfaces
        .iter()
        .filter(|s| s.kind == SurfaceKind::Water && s.ring.len() >= 3)
        .max_by(|a, b| area(&a.ring).total_cmp(&area(&b.ring)));
    if let Some(river) = river {
        let sum = river.ring.iter().fold([0.0, 0.0], |a, p| [a[0] + p[0], a[1] + p[1]]);
        let count = river.ring.len() as f32;
        views.push(NamedView {
            key: "river".into(),
            name: Bilingual::new("河道", "River"),
            pose: CameraPose {
                focus: at(sum[0] / count, sum[1] / count),
                distance_m: 1300.0,
                yaw_deg: 25.0,
                pitch_deg: 28.0,
            },
        });
    }
    for (i, place) in city.places.iter().filter(|p| p.kind == PlaceKind::Underpass).enumerate() {
        views.push(NamedView {
            key: format!("underpass-{}", i + 1),
            name: place.name.clone(),
            pose: CameraPose {
                focus: at(place.place_m[0] as f32, place.place_m[1] as f32),
                distance_m: 260.0,
                yaw_deg: 40.0,
                pitch_deg: 42.0,
            },
        });
    }
    Views(views)
}

fn area(ring: &[[f32; 2]]) -> f32 {
    let mut sum = 0.0;
    for i in 0..ring.len() {
        let (a, b) = (ring[i], ring[(i + 1) % ring.len()]);
        sum += a[0] * b[1] - b[0] * a[1];
    }
    (sum * 0.5).abs()
}
