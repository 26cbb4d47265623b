//! The look of the scene as one block of numbers that every shader reads.
//!
//! Colours come from the theme's tokens and nowhere else; light and sky from the [`Tone`] of the hour.

use bevy::math::{Vec3, Vec4};
use bevy::prelude::Resource;
use bevy::render::render_resource::ShaderType;
use guanlan_core::theme::{Theme, Token};

use crate::light::Tone;

/// Number that no building has: nothing is selected.
pub const NOTHING: u32 = u32::MAX;

/// Everything the shaders share. Field order is that of `struct Look` in `look.wgsl`.
#[derive(Resource, Clone, Copy, Debug, PartialEq, ShaderType)]
pub struct Look {
    /// Direction towards the light that shades surfaces (renderer frame); w: mean brightness of a level surface.
    pub sun: Vec4,
    /// Colour and strength of that light; w: how many times farther than over a town one sees, as [`sight`] says.
    pub light: Vec4,
    /// Light from everywhere.
    pub ambient: Vec4,
    /// Sky above; w: strength of the stars.
    pub zenith: Vec4,
    /// Sky at the horizon; w: strength of the sun's disc.
    pub horizon: Vec4,
    /// Glow around the sun's place.
    pub glow: Vec4,
    /// Towards the sun itself.
    pub sun_at: Vec4,
    /// Towards the moon; w: its brightness.
    pub moon_at: Vec4,
    /// Share of lit windows of homes, offices and shops, works; w: 1 in the deep of the night.
    pub windows: Vec4,
    /// x: rain over the city, mm/h; y: wetness of roads 0–1; z: 1 when `rain_frame` holds a field; w: spare.
    pub weather: Vec4,
    /// West, south, width, height of the rain field, local m.
    pub rain_frame: Vec4,
    /// Underground view: x: opacity of terrain and buildings, y: 1 when on, z: ground level near the eye, m.
    pub under: Vec4,
    /// West, south, east, north of the city, local m.
    pub extent: Vec4,
    /// x: fog density factor, y: mean share of lit windows, z: 1 in a dark theme, w: fine ground.
    pub tune: Vec4,
    /// Opacity of layers: x: buildings, y: flood, z: rain, w: landmarks.
    pub fade: Vec4,
    /// Opacity of layers: x: terrain, y: street furniture, z: drainage, w: view cones of cameras.
    pub fade_more: Vec4,
    /// Backdrop.
    pub space: Vec4,
    /// Land.
    pub land: Vec4,
    /// Main roads.
    pub arterial: Vec4,
    /// Small roads.
    pub local: Vec4,
    /// Bridges.
    pub bridge: Vec4,
    /// Parks.
    pub green: Vec4,
    /// River.
    pub river: Vec4,
    /// Deep river.
    pub river_deep: Vec4,
    /// Walls.
    pub wall: Vec4,
    /// Roofs.
    pub roof: Vec4,
    /// Edges.
    pub edge: Vec4,
    /// Lit windows.
    pub window: Vec4,
    /// Selection.
    pub accent: Vec4,
    /// Flood depth ramp, 0.05 m.
    pub flood_film: Vec4,
    /// 0.3 m.
    pub flood_shallow: Vec4,
    /// 1 m.
    pub flood_deep: Vec4,
    /// 2 m and more.
    pub flood_deepest: Vec4,
    /// Index of the selected building, or [`NOTHING`].
    pub selected: u32,
    /// Index of the building under the pointer, or [`NOTHING`].
    pub hovered: u32,
}

/// Longest side of what is a town, m.
const TOWN_M: f32 = 12_000.0;

/// How many times farther than over a town one sees before the haze, over a land with this extent (west, south, east,
/// north; local m). A land of 100 km would drown in the haze of a town: it begins farther away in the measure that the
/// land is larger. 1 for every town.
#[must_use]
pub fn sight([west, south, east, north]: [f32; 4]) -> f32 {
    // An empty scene has no extent; what is not a number is none either.
    ((east - west).max(north - south) / TOWN_M).max(1.0)
}

/// Linear colour of a token.
#[must_use]
pub fn linear(theme: Theme, token: Token) -> Vec4 {
    Vec4::from_array(theme.color(token).linear())
}

impl Look {
    /// The look of a theme at dusk over a city with this extent (west, south, east, north; local m).
    #[must_use]
    pub fn new(theme: Theme, extent: [f32; 4]) -> Self {
        let none = Vec4::ZERO;
        let mut look = Self {
            sun: none,
            light: Vec4::new(0.0, 0.0, 0.0, sight(extent)),
            ambient: none,
            zenith: none,
            horizon: none,
            glow: none,
            sun_at: none,
            moon_at: none,
            windows: none,
            weather: none,
            rain_frame: Vec4::new(0.0, 0.0, 1.0, 1.0),
            under: Vec4::new(1.0, 0.0, 0.0, 0.0),
            extent: Vec4::from_array(extent),
            tune: Vec4::new(1.0, 0.0, 1.0, 1.0),
            fade: Vec4::ONE,
            fade_more: Vec4::ONE,
            space: none,
            land: none,
            arterial: none,
            local: none,
            bridge: none,
            green: none,
            river: none,
            river_deep: none,
            wall: none,
            roof: none,
            edge: none,
            window: none,
            accent: none,
            flood_film: none,
            flood_shallow: none,
            flood_deep: none,
            flood_deepest: none,
            selected: NOTHING,
            hovered: NOTHING,
        };
        look.set_colors(theme);
        look.set_tone(&Tone::dusk(theme));
        look
    }

    /// Takes the colours of a theme.
    pub fn set_colors(&mut self, theme: Theme) {
        let c = |token| linear(theme, token);
        self.tune.z = f32::from(u8::from(theme.is_dark()));
        self.space = c(Token::Space);
        self.land = c(Token::Land);
        self.arterial = c(Token::RoadArterial);
        self.local = c(Token::RoadLocal);
        self.bridge = c(Token::RoadBridge);
        self.green = c(Token::Green);
        self.river = c(Token::River);
        self.river_deep = c(Token::RiverDeep);
        self.wall = c(Token::Wall);
        self.roof = c(Token::Roof);
        self.edge = c(Token::Edge);
        self.window = c(Token::Window);
        self.accent = c(Token::Accent);
        self.flood_film = c(Token::Flood0);
        self.flood_shallow = c(Token::Flood1);
        self.flood_deep = c(Token::Flood2);
        self.flood_deepest = c(Token::Flood3);
    }

    /// Takes the light and the sky of a moment.
    pub fn set_tone(&mut self, tone: &Tone) {
        let level = (tone.ambient + tone.light * tone.key.y).element_sum() / 3.0;
        self.sun = tone.key.extend(level);
        self.light = tone.light.extend(self.light.w);
        self.ambient = tone.ambient.extend(0.0);
        self.zenith = tone.zenith.extend(tone.stars);
        self.horizon = tone.horizon.extend(tone.disc);
        self.glow = tone.glow.extend(0.0);
        self.sun_at = tone.sun.extend(0.0);
        self.moon_at = tone.moon.extend(tone.moon_light);
        self.windows = tone.windows_vec();
        self.tune.y = (tone.windows[0] + tone.windows[1]) * 0.5;
    }

    /// The light on a surface with this normal, as the shaders compute it.
    #[must_use]
    pub fn lit(&self, normal: Vec3) -> Vec3 {
        let sky = 0.86 + 0.14 * normal.y;
        self.ambient.truncate() * sky + self.light.truncate() * normal.dot(self.sun.truncate()).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_town_keeps_its_haze_and_a_land_is_seen_across() {
        for town in [[0.0; 4], [-3000.0, -3000.0, 3000.0, 3000.0], [0.0, 0.0, 400.0, 12_000.0]] {
            assert_eq!(sight(town), 1.0, "{town:?}");
        }
        let land = [-50_000.0, -40_000.0, 50_000.0, 40_000.0];
        // Where `look.wgsl` has the haze full for an eye near the ground: not before a third of the way across.
        assert!(5200.0 * sight(land) > 100_000.0 / 3.0, "{}", sight(land));
        assert_eq!(sight([f32::NAN; 4]), 1.0);
        let mut look = Look::new(Theme::CommandDark, land);
        look.set_tone(&Tone::dusk(Theme::Daylight));
        assert_eq!(look.light.w, sight(land), "another hour, the same land");
    }

    #[test]
    fn a_level_surface_keeps_about_its_token_at_dusk() {
        for theme in [Theme::CommandDark, Theme::Daylight] {
            let look = Look::new(theme, [0.0; 4]);
            let level = look.lit(Vec3::Y);
            assert!((0.7..1.15).contains(&level.y), "{theme:?}: {level}");
            assert!(look.lit(Vec3::NEG_Y).y < level.y);
        }
    }
}
