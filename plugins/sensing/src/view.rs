//! What cameras and drones see of the ground: view cones and footprints as polygons.
//!
//! Frame: local metres, x east, y north; bearings in degrees clockwise from north, tilt against the
//! horizon, negative downwards. The ground is taken as flat at the foot of the device.

use crate::profile::ViewProfile;

/// Points along each curved side of a cone.
const ARC: usize = 12;

/// The ground a fixed camera at `place_m` with bearing `bearing_deg` sees: a ring, counter-clockwise
/// or clockwise as it turns, not closed. The near edge is where its lower ray meets the ground, the
/// far edge where the upper one does, or `range_m`. Empty when it looks at the sky only.
#[must_use]
pub fn view_cone(place_m: [f64; 2], bearing_deg: f64, view: &ViewProfile) -> Vec<[f64; 2]> {
    let half_up = view.up_deg / 2.0;
    let (low, high) = (view.tilt_deg - half_up, view.tilt_deg + half_up);
    if low >= 0.0 || view.height_m <= 0.0 {
        return Vec::new();
    }
    let reach = |angle_deg: f64| {
        if angle_deg >= 0.0 {
            view.range_m
        } else if angle_deg <= -90.0 {
            0.0
        } else {
            (view.height_m / (-angle_deg).to_radians().tan()).min(view.range_m)
        }
    };
    let (near, far) = (reach(low), reach(high));
    if far <= near {
        return Vec::new();
    }
    let at = |k: usize, distance: f64| {
        let share = k as f64 / ARC as f64 - 0.5;
        let a = (bearing_deg + share * view.across_deg).to_radians();
        [place_m[0] + distance * a.sin(), place_m[1] + distance * a.cos()]
    };
    let mut ring: Vec<[f64; 2]> = (0..=ARC).map(|k| at(k, far)).collect();
    if near > 0.0 {
        ring.extend((0..=ARC).rev().map(|k| at(k, near)));
    } else {
        ring.push(place_m);
    }
    ring
}

/// The ground below a drone `height_m` above it that looks straight down: four corners, starting
/// front left of its course `bearing_deg`.
#[must_use]
pub fn footprint(place_m: [f64; 2], height_m: f64, bearing_deg: f64, view: &ViewProfile) -> [[f64; 2]; 4] {
    let height = height_m.max(0.0);
    let across = height * (view.across_deg / 2.0).to_radians().tan();
    let along = height * (view.up_deg / 2.0).to_radians().tan();
    let (sin, cos) = bearing_deg.to_radians().sin_cos();
    [[-across, along], [across, along], [across, -along], [-across, -along]]
        .map(|[x, y]| [place_m[0] + x * cos + y * sin, place_m[1] - x * sin + y * cos])
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAMERA: ViewProfile =
        ViewProfile { across_deg: 60.0, up_deg: 30.0, range_m: 100.0, height_m: 10.0, tilt_deg: -30.0 };

    #[test]
    fn a_cone_begins_where_the_lower_ray_meets_the_ground() {
        let ring = view_cone([0.0, 0.0], 90.0, &CAMERA);
        let reach = |p: &[f64; 2]| p[0].hypot(p[1]);
        let far = ring.iter().map(reach).fold(0.0, f64::max);
        let near = ring.iter().map(reach).fold(f64::MAX, f64::min);
        assert!((near - 10.0).abs() < 1e-9, "10 m / tan 45°: {near}");
        assert!((far - 10.0 / 15.0_f64.to_radians().tan()).abs() < 1e-9, "{far}");
        assert!(ring.iter().all(|p| p[0] > 0.0), "it looks east");
        assert!(view_cone([0.0, 0.0], 0.0, &ViewProfile { tilt_deg: 60.0, ..CAMERA }).is_empty());
        let down = view_cone([5.0, 5.0], 0.0, &ViewProfile { tilt_deg: -80.0, ..CAMERA });
        assert_eq!(down.last(), Some(&[5.0, 5.0]), "it sees its own foot");
    }

    #[test]
    fn a_footprint_grows_with_height_and_turns_with_the_course() {
        let v = ViewProfile { across_deg: 90.0, up_deg: 53.130_102_354_155_98, ..CAMERA };
        let near = |a: [f64; 2], b: [f64; 2]| (a[0] - b[0]).abs() < 1e-9 && (a[1] - b[1]).abs() < 1e-9;
        let north = footprint([0.0, 0.0], 100.0, 0.0, &v);
        assert!(near(north[0], [-100.0, 50.0]) && near(north[2], [100.0, -50.0]), "{north:?}");
        let east = footprint([0.0, 0.0], 100.0, 90.0, &v);
        assert!(near(east[0], [50.0, 100.0]), "front left of a drone that flies east is north-east: {east:?}");
        assert!(footprint([1.0, 2.0], -3.0, 0.0, &v).iter().all(|&p| near(p, [1.0, 2.0])));
    }
}
