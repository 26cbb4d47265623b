//! The look of the scene as one block of numbers that every shader reads.
//!
//! Colours come from the theme's tokens and nowhere else.

use bevy::math::{Vec3, Vec4};
use bevy::prelude::Resource;
use bevy::render::render_resource::ShaderType;
use guanlan_core::theme::{Theme, Token};

/// Number that no building has: nothing is selected.
pub const NOTHING: u32 = u32::MAX;

/// Everything the shaders share. Field order is that of `struct Look` in `look.wgsl`.
#[derive(Resource, Clone, Copy, Debug, ShaderType)]
pub struct Look {
    /// Direction towards the light (renderer frame) and ambient share.
    pub sun: Vec4,
    /// West, south, east, north of the city, local m.
    pub extent: Vec4,
    /// x: fog density factor, y: share of lit windows, z: 1 in the dark theme, w: fine ground.
    pub tune: Vec4,
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

/// Linear colour of a token.
#[must_use]
pub fn linear(theme: Theme, token: Token) -> Vec4 {
    Vec4::from_array(theme.color(token).linear())
}

impl Look {
    /// The look of a theme over a city with this extent (west, south, east, north; local m).
    #[must_use]
    pub fn new(theme: Theme, extent: [f32; 4]) -> Self {
        let c = |token| linear(theme, token);
        let dark = theme == Theme::CommandDark;
        let sun = sun_direction();
        Self {
            sun: sun.extend(if dark { 0.60 } else { 0.72 }),
            extent: Vec4::from_array(extent),
            tune: Vec4::new(1.0, if dark { 0.085 } else { 0.0 }, f32::from(u8::from(dark)), 1.0),
            space: c(Token::Space),
            land: c(Token::Land),
            arterial: c(Token::RoadArterial),
            local: c(Token::RoadLocal),
            bridge: c(Token::RoadBridge),
            green: c(Token::Green),
            river: c(Token::River),
            river_deep: c(Token::RiverDeep),
            wall: c(Token::Wall),
            roof: c(Token::Roof),
            edge: c(Token::Edge),
            window: c(Token::Window),
            accent: c(Token::Accent),
            flood_film: c(Token::Flood0),
            flood_shallow: c(Token::Flood1),
            flood_deep: c(Token::Flood2),
            flood_deepest: c(Token::Flood3),
            selected: NOTHING,
            hovered: NOTHING,
        }
    }
}

/// Where the light comes from: dusk, west-north-west, 38° high. Renderer frame.
#[must_use]
pub fn sun_direction() -> Vec3 {
    let level = crate::frame::heading_to_scene(292.0);
    let (sin, cos) = 38f32.to_radians().sin_cos();
    (level * cos + Vec3::Y * sin).normalize()
}

/// Shade of a surface with this normal: 1 for level ground.
#[must_use]
pub fn hill_shade(normal: Vec3) -> f32 {
    let sun = sun_direction();
    (1.0 + 1.1 * (normal.dot(sun) - sun.y)).clamp(0.88, 1.12)
}
