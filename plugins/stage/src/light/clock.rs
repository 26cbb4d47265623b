//! The instant and the place that the light is for.

use bevy::prelude::*;
use guanlan_city::City;
use guanlan_geography::LocalFrame;

use super::tone::Tone;
use crate::look::Look;
use crate::{StageSettings, redraw::Redraw};

/// Where on earth the city lies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScenePlace {
    /// Degrees east.
    pub lon_deg: f64,
    /// Degrees north.
    pub lat_deg: f64,
}

/// What the sky is drawn for. Set `unix_s` to the room's instant; without one it is dusk.
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq)]
pub struct SceneClock {
    /// Seconds since 1970.
    pub unix_s: Option<f64>,
    /// Where the city lies, if its reference system tells.
    pub place: Option<ScenePlace>,
}

impl SceneClock {
    /// A clock without an instant over the middle of a city.
    #[must_use]
    pub fn over(city: &City) -> Self {
        let [w, s, e, n] = city.extent.map(f64::from);
        let frame = LocalFrame::new(city.epsg, city.origin);
        let place = frame.to_lonlat([(w + e) * 0.5, (s + n) * 0.5]).ok();
        let place = place.map(|[lon_deg, lat_deg]| ScenePlace { lon_deg, lat_deg });
        Self { unix_s: None, place: place.filter(|p| p.lat_deg.abs() <= 90.0 && p.lon_deg.abs() <= 180.0) }
    }

    /// Shows this instant. The light moves on once a minute, so that a still room need not be drawn again.
    pub fn set(&mut self, unix_s: f64) {
        self.unix_s = Some((unix_s / 60.0).floor() * 60.0);
    }
}

/// Sets the clock of a running stage, and marks it changed only when its light is another.
pub trait ShowInstant {
    /// Shows an instant, s since 1970.
    fn show(&mut self, unix_s: f64);
}

impl ShowInstant for ResMut<'_, SceneClock> {
    fn show(&mut self, unix_s: f64) {
        let mut next = **self;
        next.set(unix_s);
        self.set_if_neq(next);
    }
}

/// Hands the light of the hour to the look.
pub(crate) fn follow_clock(
    clock: Res<SceneClock>,
    settings: Res<StageSettings>,
    mut look: ResMut<Look>,
    mut redraw: ResMut<Redraw>,
) {
    if !clock.is_changed() && !settings.is_changed() {
        return;
    }
    let tone = Tone::new(settings.theme, &clock);
    let mut next = *look;
    next.set_colors(settings.theme);
    next.set_tone(&tone);
    *look = next;
    redraw.scene();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_city_knows_where_it_lies() {
        // CGCS2000 / 3-degree Gauss-Kruger, 120° E: 500 000 m east of the meridian's false origin is the meridian.
        let city = City { epsg: 4549, origin: [500_000.0, 3_320_113.4], ..Default::default() };
        let place = SceneClock::over(&city).place.unwrap();
        assert!((place.lon_deg - 120.0).abs() < 1e-6 && (place.lat_deg - 30.0).abs() < 0.01, "{place:?}");
        assert_eq!(SceneClock::over(&City::default()).place, None);
    }

    #[test]
    fn the_light_moves_once_a_minute() {
        let mut clock = SceneClock::default();
        clock.set(1000.0);
        let before = clock;
        clock.set(1010.0);
        assert_eq!(clock, before);
        clock.set(1030.0);
        assert_ne!(clock, before);
    }
}
