//! From the hour to colours: how strong which light is, what the sky shows, how many windows are lit.
//!
//! Everything is mixed from the theme's tokens, so that a theme file changes the whole day.

use bevy::math::{Vec3, Vec4};
use guanlan_core::theme::{Theme, Token};

use super::clock::SceneClock;
use super::moon::moon;
use super::sun::{SkyPlace, sun};
use crate::frame::heading_to_scene;
use crate::look::linear;

/// Light and sky of one moment, linear colours, directions in the renderer's frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tone {
    /// Towards the light that shades surfaces.
    pub key: Vec3,
    /// Colour and strength of that light.
    pub light: Vec3,
    /// Light from everywhere.
    pub ambient: Vec3,
    /// Sky above.
    pub zenith: Vec3,
    /// Sky at the horizon; distance fades to it.
    pub horizon: Vec3,
    /// Glow around the place where the sun is or went.
    pub glow: Vec3,
    /// Towards the sun, also below the horizon.
    pub sun: Vec3,
    /// Towards the moon.
    pub moon: Vec3,
    /// Brightness of the moon's disc, 0 when it is not up.
    pub moon_light: f32,
    /// Strength of the stars, 0–1.
    pub stars: f32,
    /// Strength of the sun's disc, 0–1.
    pub disc: f32,
    /// Share of lit windows: homes, offices and shops, works.
    pub windows: [f32; 3],
    /// 1 in the deep of the night, 0 by day.
    pub night: f32,
}

fn direction(place: SkyPlace) -> Vec3 {
    let (sin, cos) = (place.altitude_deg as f32).to_radians().sin_cos();
    heading_to_scene(place.azimuth_deg as f32) * cos + Vec3::Y * sin
}

fn smooth(low: f32, high: f32, x: f32) -> f32 {
    let t = ((x - low) / (high - low)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// The light that a map is read by when nothing else is up: from the north-west, as cartographers draw it.
#[must_use]
pub fn reading_light() -> Vec3 {
    direction(SkyPlace { azimuth_deg: 300.0, altitude_deg: 42.0 })
}

/// A light never comes so flat that a city drowns in its own shade.
fn lifted(d: Vec3) -> Vec3 {
    let level = Vec3::new(d.x, 0.0, d.z).normalize_or(Vec3::X);
    let up = d.y.clamp(0.45, 0.90);
    level * (1.0 - up * up).sqrt() + Vec3::Y * up
}

/// Share of lit windows by local solar hour (0–24): homes, offices and shops, works.
#[must_use]
pub fn lit_windows(hour: f32) -> [f32; 3] {
    // People come home from five, most are up until ten, few after midnight.
    let evening = smooth(16.8, 19.5, hour) * (1.0 - 0.8 * smooth(21.8, 24.0, hour));
    let early = 0.10 * (1.0 - smooth(0.0, 1.5, hour)) + 0.30 * smooth(5.2, 6.5, hour) * (1.0 - smooth(7.0, 8.5, hour));
    let homes = (0.02 + 0.22 * evening + early).min(0.30);
    let offices = 0.03 + 0.26 * smooth(16.0, 17.5, hour) * (1.0 - 0.9 * smooth(19.5, 22.5, hour));
    let works = 0.05 + 0.05 * smooth(17.0, 19.0, hour) * (1.0 - 0.5 * smooth(22.0, 23.5, hour));
    [homes, offices, works]
}

impl Tone {
    /// The tone of a moment; dusk when no time is known.
    #[must_use]
    pub fn new(theme: Theme, clock: &SceneClock) -> Self {
        match (clock.unix_s, clock.place) {
            (Some(unix_s), Some(place)) => {
                let m = moon(unix_s, place.lon_deg, place.lat_deg);
                let hour = ((unix_s / 3600.0 + place.lon_deg / 15.0).rem_euclid(24.0)) as f32;
                Self::mix(theme, sun(unix_s, place.lon_deg, place.lat_deg), m.place, m.lit as f32, hour)
            }
            _ => Self::dusk(theme),
        }
    }

    /// The tone of a room without a clock: the sun has just gone.
    #[must_use]
    pub fn dusk(theme: Theme) -> Self {
        let sun = SkyPlace { azimuth_deg: 292.0, altitude_deg: -3.5 };
        let moon = SkyPlace { azimuth_deg: 140.0, altitude_deg: 24.0 };
        Self::mix(theme, sun, moon, 0.6, 19.8)
    }

    fn mix(theme: Theme, sun: SkyPlace, moon: SkyPlace, moon_lit: f32, hour: f32) -> Self {
        let c = |token| linear(theme, token).truncate();
        let altitude = sun.altitude_deg as f32;
        let day = smooth(-7.0, 14.0, altitude);
        let night = 1.0 - smooth(-11.0, -1.0, altitude);
        let dusk = (-((altitude + 2.0) / 7.0).powi(2)).exp();
        let moon_up = smooth(-2.0, 10.0, moon.altitude_deg as f32) * moon_lit * night;
        let (sun_at, moon_at, reading) = (direction(sun), direction(moon), reading_light());
        // The sun takes over slowly: it may rise opposite to where a map is lit from.
        let up = smooth(-8.0, 26.0, altitude);
        let key =
            (lifted(sun_at) * up * 1.4 + lifted(moon_at) * moon_up * 0.7 + reading * (1.0 - up)).normalize_or(reading);
        let warm = c(Token::Window);
        let cool = Vec3::ONE.lerp(c(Token::Edge) * 1.6, 0.35);
        let dark = theme.is_dark();
        let (light, ambient, zenith, horizon, glow);
        if dark {
            let sunlight = Vec3::ONE.lerp(warm, 0.25 + 0.55 * dusk);
            light = (cool * (0.34 - 0.18 * night + 0.12 * moon_up)).lerp(sunlight * 0.78, day) + warm * 0.10 * dusk;
            ambient = (cool * (0.54 - 0.25 * night)).lerp(Vec3::splat(0.74), day);
            let (space, land, wall, roof) = (c(Token::Space), c(Token::Land), c(Token::Wall), c(Token::Roof));
            zenith = (space * 0.9).lerp(wall * 0.85, day).lerp(wall * 0.42, dusk * 0.8);
            horizon = (space.lerp(land, 0.75)).lerp(roof * 1.05, day).lerp(wall * 0.62, dusk * 0.7);
            glow = warm * Vec3::new(1.0, 0.62, 0.42) * (0.50 * dusk + 0.10 * day);
        } else {
            let sunlight = Vec3::ONE.lerp(warm, 0.2 + 0.6 * dusk);
            light = sunlight * (0.20 + 0.20 * day);
            ambient = (cool.lerp(Vec3::ONE, 0.6) * 0.72).lerp(Vec3::splat(0.78), day);
            let (space, river, land) = (c(Token::Space), c(Token::River), c(Token::Land));
            zenith = space.lerp(river, 0.55) * (0.86 + 0.14 * day);
            horizon = space.lerp(land, 0.7) * (0.92 + 0.08 * day);
            glow = warm * Vec3::new(0.16, 0.07, 0.0) * dusk;
        }
        let off = if dark { 1.0 } else { 0.0 };
        Self {
            key,
            light,
            ambient,
            zenith,
            horizon,
            glow,
            sun: sun_at,
            moon: moon_at,
            moon_light: smooth(-1.0, 4.0, moon.altitude_deg as f32) * (0.25 + 0.75 * moon_lit) * night * off,
            stars: smooth(-4.0, -12.0, altitude).max(0.0) * off,
            disc: smooth(-1.0, 1.5, altitude),
            windows: lit_windows(hour).map(|share| share * (1.0 - smooth(-3.0, 5.0, altitude)) * off),
            night,
        }
    }

    /// The shares of lit windows as the shader reads them.
    #[must_use]
    pub fn windows_vec(&self) -> Vec4 {
        let [homes, offices, works] = self.windows;
        Vec4::new(homes, offices, works, self.night)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::light::ScenePlace;

    fn at(hour: f64) -> Tone {
        // 2026-07-31 in a city at 114° E, 30° N; hours of Beijing time.
        let clock = SceneClock {
            unix_s: Some(1_785_427_200.0 + hour * 3600.0),
            place: Some(ScenePlace { lon_deg: 114.0, lat_deg: 30.0 }),
        };
        Tone::new(Theme::CommandDark, &clock)
    }

    #[test]
    fn the_night_has_stars_and_windows_and_the_day_has_neither() {
        let (noon, evening, deep) = (at(12.5), at(21.0), at(27.0));
        assert_eq!((noon.stars, noon.windows, noon.night), (0.0, [0.0; 3], 0.0));
        assert!(evening.stars > 0.5 && evening.windows[0] > 0.15, "{evening:?}");
        assert!(deep.windows[0] < evening.windows[0] * 0.5, "at three few are up");
        assert!(noon.light.length() > deep.light.length());
    }

    #[test]
    fn the_light_follows_the_sun_and_is_never_flat() {
        let (morning, evening) = (at(8.0), at(17.5));
        assert!(morning.key.x > 0.3 && evening.key.x < -0.3, "east in the morning, west in the evening");
        for hour in 0..24 {
            let tone = at(f64::from(hour));
            assert!((tone.key.length() - 1.0).abs() < 1e-3 && tone.key.y > 0.4, "{hour}: {:?}", tone.key);
        }
    }

    #[test]
    fn nothing_jumps_within_ten_minutes() {
        for step in 0..(24 * 6) {
            let (a, b) = (at(f64::from(step) / 6.0), at(f64::from(step + 1) / 6.0));
            assert!(a.key.distance(b.key) < 0.35, "light turns by {} at {step}", a.key.distance(b.key));
            assert!(a.horizon.distance(b.horizon) < 0.06, "sky jumps at {step}");
        }
    }

    #[test]
    fn without_a_clock_it_is_dusk() {
        let tone = Tone::new(Theme::CommandDark, &SceneClock::default());
        assert_eq!(tone, Tone::dusk(Theme::CommandDark));
        assert!(tone.windows[0] > 0.1 && tone.sun.y < 0.0);
    }
}
