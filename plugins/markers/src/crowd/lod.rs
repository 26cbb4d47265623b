//! The one decision: marks one by one, or rings.

/// What is drawn of a layer.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Lod {
    /// Every mark.
    #[default]
    Marks,
    /// Rings over square cells of this side, m.
    Rings {
        /// Side of a cell, m.
        cell_m: f32,
    },
}

/// The eye of the wall, reduced to what the decision needs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Eye {
    /// Metres that a pixel at 1080 lines covers at the middle of the picture, across the look.
    pub m_per_px: f32,
    /// Sine of the angle below the horizon: how much the ground is foreshortened.
    pub sin_pitch: f32,
    /// Where it is (east, north, height) and how far the focus is, m; far rings are joined when it is known.
    pub place: Option<([f32; 3], f32)>,
}

impl Eye {
    /// The eye of a pose: distance to the focus, m, angle below the horizon, degrees, vertical field of view, degrees.
    #[must_use]
    pub fn new(distance_m: f32, pitch_deg: f32, fov_deg: f32) -> Self {
        let m_per_px = 2.0 * distance_m * (fov_deg.to_radians() * 0.5).tan() / 1080.0;
        Self { m_per_px, sin_pitch: pitch_deg.to_radians().sin().max(0.2), place: None }
    }
}

/// Share of the picture that marks may cover before they become rings.
pub const CROWDED: f32 = 0.28;
/// Share below which rings become marks again.
pub const LOOSE: f32 = 0.19;
/// Fewer marks than this never become rings.
pub const FEW: u32 = 300;
/// Side of a ring's cell on the screen, px at 1080 lines: at least this, less than twice of it.
pub const CELL_PX: f32 = 80.0;
/// Smallest cell, m.
const CELL_M: f32 = 25.0;

/// Share of the picture that `levels` marks of `px` diameter would cover, spread over `area_m2`.
#[must_use]
pub fn cover(eye: &Eye, levels: &[u32; 5], px: [f32; 5], area_m2: f32) -> f32 {
    let ink: f32 = levels.iter().zip(px).map(|(&n, px)| n as f32 * px * px * 0.785).sum();
    ink * eye.m_per_px * eye.m_per_px / (area_m2.max(1.0) * eye.sin_pitch)
}

/// Marks or rings, given what is shown now.
#[must_use]
pub fn decide(now: Lod, eye: &Eye, levels: &[u32; 5], px: [f32; 5], area_m2: f32) -> Lod {
    if levels.iter().sum::<u32>() < FEW {
        return Lod::Marks;
    }
    let limit = if now == Lod::Marks { CROWDED } else { LOOSE };
    if cover(eye, levels, px, area_m2) < limit {
        return Lod::Marks;
    }
    let wanted = eye.m_per_px * CELL_PX;
    if let Lod::Rings { cell_m } = now
        && cell_m >= wanted * 0.85
        && cell_m <= wanted * 2.3
    {
        return now;
    }
    let steps = (wanted / CELL_M).log2().ceil().max(0.0);
    Lod::Rings { cell_m: CELL_M * steps.exp2() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PX: [f32; 5] = [3.5, 15.0, 17.0, 19.0, 23.0];

    fn at(distance_m: f32, now: Lod, levels: [u32; 5]) -> Lod {
        decide(now, &Eye::new(distance_m, 50.0, 38.0), &levels, PX, 1e8)
    }

    #[test]
    fn a_crowd_from_afar_is_rings_and_marks_when_near() {
        let crowd = [270_000, 10_000, 10_000, 5_000, 5_000];
        let Lod::Rings { cell_m: far } = at(12_000.0, Lod::Marks, crowd) else { panic!("crowded") };
        let Lod::Rings { cell_m: near } = at(6_000.0, Lod::Marks, crowd) else { panic!("crowded") };
        assert!(far > near, "cells grow with the distance");
        assert_eq!(at(800.0, Lod::Marks, crowd), Lod::Marks);
    }

    #[test]
    fn the_demo_city_is_no_crowd() {
        assert_eq!(decide(Lod::Marks, &Eye::new(7_000.0, 50.0, 38.0), &[2_000, 20, 10, 5, 5], PX, 2.5e7), Lod::Marks);
        assert_eq!(at(30_000.0, Lod::Marks, [0, 0, 0, 0, 299]), Lod::Marks, "few are never hidden");
    }

    #[test]
    fn a_slow_zoom_does_not_flicker() {
        let crowd = [270_000, 10_000, 10_000, 5_000, 5_000];
        let (mut now, mut switches) = (Lod::Marks, 0);
        for step in 0..4000 {
            let wobble = if step % 2 == 0 { 1.0 } else { 1.02 };
            let next = at((500.0 + step as f32 * 3.0) * wobble, now, crowd);
            switches += u32::from(next != now);
            now = next;
        }
        assert!(switches <= 6, "{switches} switches in one zoom out");
    }
}
