//! Where the camera goes to show a place, an area, or what a person saw.

use guanlan_core::PhotoView;
use guanlan_stage::camera::Lens;
use guanlan_stage::frame::{scene_to_heading, to_scene};
use guanlan_stage::{CameraPose, Ground, MapLens};

/// The pose that shows a place well from where the camera is.
#[must_use]
pub fn pose_at(place_m: [f64; 2], from: &CameraPose, ground: &Ground) -> CameraPose {
    let [e, n] = place_m.map(|v| v as f32);
    CameraPose {
        focus: [e, n, ground.height_m(e, n)],
        distance_m: from.distance_m.clamp(320.0, 760.0),
        yaw_deg: from.yaw_deg,
        pitch_deg: from.pitch_deg.clamp(32.0, 48.0),
    }
}

/// The pose that shows a rectangle (west, south, east, north, local m) in the free part of the map.
#[must_use]
pub fn pose_over([w, s, e, n]: [f32; 4], from: &CameraPose, ground: &Ground, lens: &MapLens) -> CameraPose {
    let middle = [(w + e) * 0.5, (s + n) * 0.5];
    let z = ground.height_m(middle[0], middle[1]);
    let mut pose = CameraPose {
        focus: [middle[0], middle[1], z],
        distance_m: ((e - w).max(n - s) * 1.3).max(200.0),
        yaw_deg: from.yaw_deg,
        pitch_deg: 52.0,
    };
    let of: &Lens = &lens.lens;
    for _ in 0..10 {
        let corners = [(w, s), (e, s), (e, n), (w, n)].map(|(e, n)| of.project(&pose, to_scene(e, n, z)));
        let seen: Vec<_> = corners.into_iter().flatten().collect();
        if seen.len() < 4 {
            pose.distance_m *= 1.5;
            continue;
        }
        let low = seen.iter().fold(seen[0], |a, p| a.min(*p));
        let high = seen.iter().fold(seen[0], |a, p| a.max(*p));
        let fill = ((high - low) / (lens.free_px * 0.86)).max_element();
        if !fill.is_finite() || fill <= 0.0 {
            break;
        }
        pose.distance_m = (pose.distance_m * fill).clamp(120.0, 30_000.0);
        let (Some(is), Some(should)) = (of.on_plane(&pose, of.centre_px, z), of.on_plane(&pose, (low + high) * 0.5, z))
        else {
            break;
        };
        pose.focus[0] += (should.x - is.x) * 0.8;
        pose.focus[1] -= (should.z - is.z) * 0.8;
    }
    pose
}

/// The part of a rectangle that lies in another (west, south, east, north); `None` where they do not meet.
#[must_use]
pub fn within(a: [f32; 4], b: [f32; 4]) -> Option<[f32; 4]> {
    let both = [a[0].max(b[0]), a[1].max(b[1]), a[2].min(b[2]), a[3].min(b[3])];
    (both[0] < both[2] && both[1] < both[3]).then_some(both)
}

/// The pose of a person who took a photo at a place: looking where the photo looks; as far as it does not say so, along the
/// road there, or at the place from the road beside it.
#[must_use]
pub fn pose_of_person(
    place_m: [f64; 2],
    view: PhotoView,
    from: &CameraPose,
    ground: &Ground,
    road: Option<([f32; 2], [f32; 2])>,
) -> CameraPose {
    let [e, n] = place_m.map(|v| v as f32);
    let height = |e, n| ground.height_m(e, n);
    let down_deg = view.pitch_deg.map_or(3.0, |up| -up as f32);
    if let Some(heading_deg) = view.heading_deg {
        // The phone was at the place: there the eye stands.
        let standing = CameraPose::standing([e, n, height(e, n)], heading_deg as f32);
        return standing.turned(0.0, down_deg).above_ground(height);
    }
    let yaw_deg = road.map_or(from.yaw_deg, |(nearest, along)| {
        let (de, dn) = (e - nearest[0], n - nearest[1]);
        let (de, dn) = if de.hypot(dn) > 4.0 { (de, dn) } else { (along[0], along[1]) };
        scene_to_heading(to_scene(de, dn, 0.0))
    });
    // As near as a person stands, looking slightly down at what the photo shows.
    let distance_m = guanlan_stage::camera::rig::EYE_M * 0.9;
    CameraPose { focus: [e, n, height(e, n) + 1.2], distance_m, yaw_deg, pitch_deg: down_deg }.above_ground(height)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn an_area_fills_the_free_part_of_the_map() {
        let ground = Ground::new(&Arc::default());
        let (size, centre) = (bevy::math::Vec2::new(1920.0, 1080.0), bevy::math::Vec2::new(960.0, 540.0));
        let free = bevy::math::Vec2::new(1088.0, 920.0);
        let lens = MapLens { lens: Lens { size_px: size, centre_px: centre }, scale: 1.0, free_px: free };
        for bounds in [[0.0, 0.0, 900.0, 700.0], [-2000.0, 300.0, -1900.0, 1400.0], [10.0, 10.0, 4000.0, 600.0]] {
            let [w, s, e, n] = bounds;
            let pose = pose_over(bounds, &CameraPose { yaw_deg: 40.0, ..CameraPose::default() }, &ground, &lens);
            let mut fill = 0.0_f32;
            for (e, n) in [(w, s), (e, s), (e, n), (w, n)] {
                let off = (lens.lens.project(&pose, to_scene(e, n, 0.0)).unwrap() - centre).abs() / (free * 0.5);
                assert!(off.max_element() < 1.0, "{bounds:?}: a corner lies outside, {off}");
                fill = fill.max(off.max_element());
            }
            assert!(fill > 0.7, "{bounds:?} is shown small: {fill}");
        }
    }

    #[test]
    fn a_person_looks_at_the_place_from_the_road() {
        let ground = Ground::new(&Arc::default());
        let pose = pose_of_person(
            [10.0, 30.0],
            PhotoView::default(),
            &CameraPose::default(),
            &ground,
            Some(([10.0, 0.0], [1.0, 0.0])),
        );
        assert!(pose.yaw_deg.abs() < 0.1 && pose.pitch_deg < 5.0, "{pose:?}");
        let eye = pose.eye();
        let height = eye.y - ground.height_m(eye.x, -eye.z);
        assert!((1.5..1.8).contains(&height) && -eye.z < 30.0, "a person's eye, on the road's side: {eye}");
        let along = pose_of_person(
            [10.0, 1.0],
            PhotoView::default(),
            &CameraPose::default(),
            &ground,
            Some(([10.0, 0.0], [1.0, 0.0])),
        );
        assert!((along.yaw_deg - 90.0).abs() < 0.1, "{along:?}");
        let west = PhotoView::new(Some(270.0), Some(5.0), None);
        let pose = pose_of_person([10.0, 30.0], west, &CameraPose::default(), &ground, Some(([10.0, 0.0], [1.0, 0.0])));
        assert_eq!((pose.yaw_deg, pose.pitch_deg), (270.0, -5.0), "the photo knows better than the road");
        let eye = pose.eye();
        assert!((eye.x - 10.0).abs() < 0.3 && (-eye.z - 30.0).abs() < 0.3, "the eye is where the phone was: {eye}");
    }
}
