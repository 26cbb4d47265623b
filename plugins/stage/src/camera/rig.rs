//! Where the eye is, as pure numbers: pose, projection, rays.

use bevy::math::{Mat4, Quat, Vec2, Vec3, Vec4};
use bevy::prelude::{Resource, Transform};

use crate::frame::{heading_to_scene, to_scene};

/// Vertical field of view, degrees.
pub const FOV_DEG: f32 = 38.0;
/// Near plane, m.
pub const NEAR_M: f32 = 1.0;
/// Steepest and flattest look, degrees below the horizon.
pub const PITCH_DEG: (f32, f32) = (8.0, 89.0);
/// Nearest and farthest distance to the focus, m.
pub const DISTANCE_M: (f32, f32) = (25.0, 250_000.0);

/// Closer than this a pose is that of a person who stands there, m.
pub const EYE_M: f32 = 10.0;
/// Height of a person's eyes above the ground, m.
pub const EYE_HEIGHT_M: f32 = 1.65;
/// Steepest look upward of a person, degrees below the horizon.
const UPWARD_DEG: f32 = -25.0;

/// Flattest look at a distance: a person may look up, a bird may not.
fn flattest_deg(distance_m: f32) -> f32 {
    let t = ((distance_m - EYE_M) / (DISTANCE_M.0 - EYE_M)).clamp(0.0, 1.0);
    UPWARD_DEG + (PITCH_DEG.0 - UPWARD_DEG) * t
}

/// A place to look from. Metres in the local frame, degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CameraPose {
    /// What is in the middle of the map: east, north, height above datum, m.
    pub focus: [f32; 3],
    /// From the eye to the focus, m.
    pub distance_m: f32,
    /// Compass heading of the look, degrees clockwise from north.
    pub yaw_deg: f32,
    /// Degrees below the horizon.
    pub pitch_deg: f32,
}

impl Default for CameraPose {
    fn default() -> Self {
        Self { focus: [0.0; 3], distance_m: 4000.0, yaw_deg: 0.0, pitch_deg: 50.0 }
    }
}

/// The pose shown now and the one to go home to.
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq)]
pub struct CameraRig {
    /// The pose shown now.
    pub pose: CameraPose,
    /// Where Home leads.
    pub home: CameraPose,
}

impl CameraPose {
    /// Unit vector of the look in the renderer.
    #[must_use]
    pub fn forward(&self) -> Vec3 {
        let (sin, cos) = self.pitch_deg.to_radians().sin_cos();
        heading_to_scene(self.yaw_deg) * cos - Vec3::Y * sin
    }

    /// The focus in the renderer.
    #[must_use]
    pub fn focus_scene(&self) -> Vec3 {
        to_scene(self.focus[0], self.focus[1], self.focus[2])
    }

    /// The eye in the renderer.
    #[must_use]
    pub fn eye(&self) -> Vec3 {
        self.focus_scene() - self.forward() * self.distance_m
    }

    /// The camera's place and turn in the renderer.
    #[must_use]
    pub fn transform(&self) -> Transform {
        let yaw = Quat::from_rotation_y(-self.yaw_deg.to_radians());
        let pitch = Quat::from_rotation_x(-self.pitch_deg.to_radians());
        Transform { translation: self.eye(), rotation: yaw * pitch, scale: Vec3::ONE }
    }

    /// What a person sees who stands at a place (local m, height of the ground above datum) and looks along a
    /// heading.
    #[must_use]
    pub fn standing(place: [f32; 3], heading_deg: f32) -> Self {
        let ahead = 0.8 * EYE_M;
        let (sin, cos) = heading_deg.to_radians().sin_cos();
        Self {
            focus: [place[0] + sin * ahead, place[1] + cos * ahead, place[2] + EYE_HEIGHT_M],
            distance_m: ahead,
            yaw_deg: heading_deg,
            pitch_deg: 0.0,
        }
    }

    /// True when a person stands there and looks around.
    #[must_use]
    pub fn is_standing(&self) -> bool {
        self.distance_m <= EYE_M
    }

    /// The same pose turned about the eye.
    #[must_use]
    pub fn turned(mut self, yaw_deg: f32, pitch_deg: f32) -> Self {
        let eye = self.eye();
        self.yaw_deg += yaw_deg;
        self.pitch_deg = (self.pitch_deg + pitch_deg).clamp(UPWARD_DEG, 60.0);
        self.focus = crate::frame::to_city(eye + self.forward() * self.distance_m);
        self
    }

    /// The same pose within its limits and with the eye at least 4 m above `ground_m` there, or at a person's
    /// height when one stands on it.
    #[must_use]
    pub fn above_ground(mut self, ground_m: impl Fn(f32, f32) -> f32) -> Self {
        self.distance_m = self.distance_m.clamp(EYE_M * 0.5, DISTANCE_M.1);
        self.pitch_deg = self.pitch_deg.clamp(flattest_deg(self.distance_m), PITCH_DEG.1);
        self.yaw_deg = self.yaw_deg.rem_euclid(360.0);
        if self.is_standing() {
            let eye = self.eye();
            self.focus[2] += ground_m(eye.x, -eye.z) + EYE_HEIGHT_M - eye.y;
            return self;
        }
        let least = if self.distance_m < DISTANCE_M.0 { EYE_HEIGHT_M } else { 4.0 };
        for _ in 0..40 {
            let eye = self.eye();
            let clearance = eye.y - ground_m(eye.x, -eye.z);
            if clearance >= least || self.pitch_deg >= PITCH_DEG.1 {
                break;
            }
            self.pitch_deg = (self.pitch_deg + 2.0).min(PITCH_DEG.1);
        }
        self
    }
}

/// The window the map is seen through, in physical pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lens {
    /// Size of the whole picture.
    pub size_px: Vec2,
    /// Middle of the part of it that nothing covers.
    pub centre_px: Vec2,
}

impl Lens {
    /// A lens without panels.
    #[must_use]
    pub fn plain(size_px: Vec2) -> Self {
        Self { size_px, centre_px: size_px * 0.5 }
    }

    /// How far the picture is shifted so that the focus falls on the free part's middle, px.
    #[must_use]
    pub fn shift_px(&self) -> Vec2 {
        self.centre_px - self.size_px * 0.5
    }

    /// Reverse-z infinite projection with the shift, as the renderer computes it.
    #[must_use]
    pub fn clip_from_view(&self) -> Mat4 {
        let f = 1.0 / (FOV_DEG.to_radians() * 0.5).tan();
        let aspect = self.size_px.x / self.size_px.y.max(1.0);
        let shift = self.shift_px() * 2.0 / self.size_px.max(Vec2::ONE);
        Mat4::from_cols(
            Vec4::new(f / aspect, 0.0, 0.0, 0.0),
            Vec4::new(0.0, f, 0.0, 0.0),
            Vec4::new(-shift.x, shift.y, 0.0, -1.0),
            Vec4::new(0.0, 0.0, NEAR_M, 0.0),
        )
    }

    /// Pixel at which a renderer position is seen; `None` behind the eye.
    #[must_use]
    pub fn project(&self, pose: &CameraPose, p: Vec3) -> Option<Vec2> {
        let view = pose.transform().to_matrix().inverse();
        let clip = self.clip_from_view() * view * p.extend(1.0);
        (clip.w > NEAR_M).then(|| {
            let ndc = clip.truncate().truncate() / clip.w;
            Vec2::new((ndc.x * 0.5 + 0.5) * self.size_px.x, (0.5 - ndc.y * 0.5) * self.size_px.y)
        })
    }

    /// Ray through a pixel: origin and unit direction in the renderer.
    #[must_use]
    pub fn ray(&self, pose: &CameraPose, px: Vec2) -> (Vec3, Vec3) {
        let f = 1.0 / (FOV_DEG.to_radians() * 0.5).tan();
        let aspect = self.size_px.x / self.size_px.y.max(1.0);
        let p = px - self.shift_px();
        let ndc = Vec2::new(p.x / self.size_px.x * 2.0 - 1.0, 1.0 - p.y / self.size_px.y * 2.0);
        let transform = pose.transform();
        let direction = transform.rotation * Vec3::new(ndc.x * aspect / f, ndc.y / f, -1.0);
        (transform.translation, direction.normalize())
    }

    /// Where the ray through a pixel meets the level plane at this height; `None` above the horizon.
    #[must_use]
    pub fn on_plane(&self, pose: &CameraPose, px: Vec2, height_m: f32) -> Option<Vec3> {
        let (origin, direction) = self.ray(pose, px);
        let t = (height_m - origin.y) / direction.y;
        (t > 0.0 && t < 60_000.0).then(|| origin + direction * t)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pose(i: u32) -> CameraPose {
        let u = |k: u32| (f64::from(i * 31 + k) * 0.754_877_666).fract() as f32;
        CameraPose {
            focus: [u(1) * 4000.0 - 2000.0, u(2) * 4000.0 - 2000.0, u(3) * 50.0],
            distance_m: 50.0 + u(4) * 8000.0,
            yaw_deg: u(5) * 360.0,
            pitch_deg: 10.0 + u(6) * 79.0,
        }
    }

    #[test]
    fn the_focus_is_seen_in_the_middle_of_the_free_map() {
        for i in 0..300 {
            let lens = Lens { size_px: Vec2::new(1920.0, 1080.0), centre_px: Vec2::new(760.0, 600.0) };
            let p = pose(i);
            let seen = lens.project(&p, p.focus_scene()).unwrap();
            assert!(seen.distance(lens.centre_px) < 0.5, "{seen} for {p:?}");
        }
    }

    #[test]
    fn rays_go_back_to_their_pixel() {
        let lens = Lens { size_px: Vec2::new(1600.0, 900.0), centre_px: Vec2::new(900.0, 430.0) };
        for i in 0..300 {
            let p = pose(i);
            let px = Vec2::new((i * 37 % 1600) as f32, (i * 53 % 900) as f32);
            let (origin, direction) = lens.ray(&p, px);
            let seen = lens.project(&p, origin + direction * 500.0).unwrap();
            assert!(seen.distance(px) < 0.5, "{px} came back as {seen}");
        }
    }

    #[test]
    fn north_is_up_and_east_is_right() {
        let lens = Lens::plain(Vec2::new(1000.0, 1000.0));
        let p = CameraPose { pitch_deg: 89.0, ..Default::default() };
        let north = lens.project(&p, to_scene(0.0, 100.0, 0.0)).unwrap();
        let east = lens.project(&p, to_scene(100.0, 0.0, 0.0)).unwrap();
        assert!(north.y < 499.0 && (north.x - 500.0).abs() < 1.0);
        assert!(east.x > 501.0 && (east.y - 500.0).abs() < 1.0);
    }

    #[test]
    fn a_person_stands_on_the_ground_and_turns_on_the_spot() {
        let slope = |east: f32, _: f32| 10.0 + east * 0.01;
        let pose = CameraPose::standing([100.0, 50.0, 0.0], 90.0).above_ground(slope);
        assert!(pose.is_standing());
        let eye = pose.eye();
        assert!((eye.x - 100.0).abs() < 1e-3 && (-eye.z - 50.0).abs() < 1e-3);
        assert!((eye.y - 11.0 - EYE_HEIGHT_M).abs() < 1e-3, "{eye}");
        let turned = pose.turned(-60.0, -10.0).above_ground(slope);
        assert!(turned.eye().distance(eye) < 0.05 && (turned.yaw_deg - 30.0).abs() < 1e-3);
        assert!(turned.forward().y > 0.1, "looks up");
    }

    #[test]
    fn the_eye_stays_above_the_ground() {
        let hill = |east: f32, _: f32| if east < -50.0 { 120.0 } else { 0.0 };
        let p = CameraPose { yaw_deg: 90.0, pitch_deg: 9.0, distance_m: 100.0, ..Default::default() };
        let safe = p.above_ground(hill);
        let eye = safe.eye();
        assert!(eye.y >= hill(eye.x, -eye.z) + 3.9 || safe.pitch_deg >= 89.0, "{safe:?}");
    }
}
