//! The one place where the city's frame meets the renderer's.
//!
//! City: x east, y north, z up, metres, heights above the vertical datum.
//! Renderer: x east, y up, z south, metres.

use bevy::math::Vec3;

/// Renderer position of a city place: east, north and height above the datum in metres.
#[must_use]
pub fn to_scene(east_m: f32, north_m: f32, height_m: f32) -> Vec3 {
    Vec3::new(east_m, height_m, -north_m)
}

/// City place `[east, north, height]` in metres of a renderer position.
#[must_use]
pub fn to_city(p: Vec3) -> [f32; 3] {
    [p.x, -p.z, p.y]
}

/// Unit vector in the renderer for a compass heading, degrees clockwise from north, level.
#[must_use]
pub fn heading_to_scene(heading_deg: f32) -> Vec3 {
    let (sin, cos) = heading_deg.to_radians().sin_cos();
    Vec3::new(sin, 0.0, -cos)
}

/// Compass heading of a renderer direction, degrees clockwise from north in 0..360.
#[must_use]
pub fn scene_to_heading(direction: Vec3) -> f32 {
    direction.x.atan2(-direction.z).to_degrees().rem_euclid(360.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers spread over a range without a pattern (Weyl sequence).
    fn spread(i: u32, span: f32) -> f32 {
        ((f64::from(i) * 0.754_877_666_246_69).fract() as f32 - 0.5) * 2.0 * span
    }

    #[test]
    fn city_to_scene_and_back_is_the_identity() {
        for i in 0..2000 {
            let p = [spread(i, 60_000.0), spread(i * 7 + 1, 60_000.0), spread(i * 13 + 2, 900.0)];
            assert_eq!(to_city(to_scene(p[0], p[1], p[2])), p);
            let v = Vec3::new(p[0], p[2], p[1]);
            let c = to_city(v);
            assert_eq!(to_scene(c[0], c[1], c[2]), v);
        }
    }

    #[test]
    fn the_frame_keeps_its_hands() {
        let (east, north, up) = (to_scene(1.0, 0.0, 0.0), to_scene(0.0, 1.0, 0.0), to_scene(0.0, 0.0, 1.0));
        assert!((east.cross(north) - up).length() < 1e-6, "east × north must be up");
    }

    #[test]
    fn headings_turn_clockwise_from_north_and_back() {
        assert!((heading_to_scene(0.0) - to_scene(0.0, 1.0, 0.0)).length() < 1e-6);
        assert!((heading_to_scene(90.0) - to_scene(1.0, 0.0, 0.0)).length() < 1e-6);
        for i in 0..720 {
            let h = i as f32 * 0.5;
            let back = scene_to_heading(heading_to_scene(h));
            let gap = (back - h).abs();
            assert!(gap.min(360.0 - gap) < 1e-2, "{h} came back as {back}");
        }
    }
}
