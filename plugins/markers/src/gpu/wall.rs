//! What all layers share in a frame: palette, strengths, clocks.

use bevy::math::Vec4;
use bevy::render::render_resource::ShaderType;
use guanlan_core::theme::{Theme, Token};
use guanlan_stage::look::linear;

use crate::heat::Heat;
use crate::scene::{MarkerScene, SEEN_STEP_S};

/// The wall's uniform. Field order is that of `struct Wall` in `common.wgsl`.
#[derive(Clone, Copy, Debug, Default, PartialEq, ShaderType)]
pub struct Wall {
    levels: [Vec4; 5],
    stale: Vec4,
    disc: Vec4,
    rim: Vec4,
    accent: Vec4,
    busy: Vec4,
    strength: Vec4,
    style: Vec4,
    pulse: Vec4,
    now_ms: u32,
    seen_now: u32,
    seen_step_s: u32,
    heat_cols: u32,
    heat_frame: Vec4,
}

/// How far the heat map lies above the ground, m.
const HEAT_LIFT_M: f32 = 4.0;

impl Wall {
    /// The uniform of a scene in a theme.
    #[must_use]
    pub fn new(theme: Theme, scene: &MarkerScene, heat: &Heat) -> Self {
        let c = |token| linear(theme, token);
        let (show, style) = (scene.show, scene.style);
        let discs = [style.discs_px.unwrap_or(0.0), style.unit_discs_px.unwrap_or(0.0)];
        Self {
            levels: [
                c(Token::LevelNormal),
                c(Token::LevelBlue),
                c(Token::LevelYellow),
                c(Token::LevelOrange),
                c(Token::LevelRed),
            ],
            stale: c(Token::Stale),
            disc: c(Token::Space),
            rim: Vec4::ONE,
            accent: c(Token::Accent),
            busy: c(Token::Text),
            strength: Vec4::new(show.sensors, show.cases, show.units, show.heat),
            style: Vec4::new(discs[0], discs[1], style.fade_s[0], style.fade_s[1]),
            pulse: Vec4::new((scene.now_ms % 60_000) as f32 / 1000.0, heat.top_per_km2, 1.0, 0.0),
            now_ms: scene.now_ms,
            seen_now: if scene.sensors.seen.is_empty() { 0 } else { scene.age_now_s / SEEN_STEP_S + 1 },
            seen_step_s: SEEN_STEP_S,
            heat_cols: heat.cols as u32,
            heat_frame: Vec4::new(heat.west_m, heat.south_m, heat.step_m, HEAT_LIFT_M),
        }
    }
}
