//! Eased flights between poses, over the town and never through the ground.

use bevy::prelude::*;

use super::rig::{CameraPose, CameraRig};
use crate::ground::heights::Ground;
use crate::redraw::Redraw;

/// Asks the camera to fly somewhere.
#[derive(Message, Clone, Copy, Debug, PartialEq)]
pub struct FlyTo {
    /// Where to.
    pub pose: CameraPose,
    /// Jump without a flight.
    pub instant: bool,
}

impl FlyTo {
    /// A flight to a pose.
    #[must_use]
    pub fn pose(pose: CameraPose) -> Self {
        Self { pose, instant: false }
    }

    /// A flight to where a person stands (local m), looking along a heading: a citizen's photo, an incident.
    #[must_use]
    pub fn eye(place_m: [f64; 2], heading_deg: f32, ground: &Ground) -> Self {
        let [east, north] = place_m.map(|v| v as f32);
        Self::pose(CameraPose::standing([east, north, ground.height_m(east, north)], heading_deg))
    }
}

/// A flight under way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Flight {
    /// Start.
    pub from: CameraPose,
    /// End.
    pub to: CameraPose,
    /// Seconds it takes.
    pub duration_s: f32,
    /// Seconds flown.
    pub flown_s: f32,
}

impl Flight {
    /// A flight of 0.8–1.6 s, longer for longer ways.
    #[must_use]
    pub fn new(from: CameraPose, to: CameraPose) -> Self {
        let (dx, dy) = (to.focus[0] - from.focus[0], to.focus[1] - from.focus[1]);
        let way = dx.hypot(dy) / from.distance_m.max(to.distance_m).max(1.0);
        let zoom = (to.distance_m / from.distance_m).ln().abs();
        let duration_s = (0.8 + 0.35 * way + 0.15 * zoom).clamp(0.8, 1.6);
        Self { from, to, duration_s, flown_s: 0.0 }
    }

    /// The pose at this moment of the flight.
    #[must_use]
    pub fn pose(&self) -> CameraPose {
        let t = (self.flown_s / self.duration_s).clamp(0.0, 1.0);
        // Quintic ease: still at both ends.
        let k = t * t * t * (t * (t * 6.0 - 15.0) + 10.0);
        let (a, b) = (self.from, self.to);
        let mix = |x: f32, y: f32| x + (y - x) * k;
        let turn = (b.yaw_deg - a.yaw_deg + 540.0).rem_euclid(360.0) - 180.0;
        let (dx, dy) = (b.focus[0] - a.focus[0], b.focus[1] - a.focus[1]);
        // A long way is flown higher, so that it does not race past the eye.
        let hump = dx.hypot(dy) * 0.45 * (4.0 * k * (1.0 - k));
        let log = mix(a.distance_m.max(1.0).ln(), b.distance_m.max(1.0).ln()).exp();
        CameraPose {
            focus: [mix(a.focus[0], b.focus[0]), mix(a.focus[1], b.focus[1]), mix(a.focus[2], b.focus[2])],
            distance_m: log.max((log * log + hump * hump).sqrt()),
            yaw_deg: (a.yaw_deg + turn * k).rem_euclid(360.0),
            pitch_deg: mix(a.pitch_deg, b.pitch_deg),
        }
    }
}

/// The flight under way, if any.
#[derive(Resource, Default)]
pub struct InFlight(pub Option<Flight>);

/// Starts flights and moves the rig along.
pub(crate) fn fly(
    mut asked: MessageReader<FlyTo>,
    mut flight: ResMut<InFlight>,
    mut rig: ResMut<CameraRig>,
    ground: Res<Ground>,
    time: Res<Time<Real>>,
    mut redraw: ResMut<Redraw>,
) {
    let height = |e: f32, n: f32| ground.height_m(e, n);
    for ask in asked.read() {
        let to = ask.pose.above_ground(height);
        if ask.instant {
            flight.0 = None;
            rig.pose = to;
            redraw.scene();
        } else {
            flight.0 = Some(Flight::new(rig.pose, to));
        }
    }
    if let Some(under_way) = &mut flight.0 {
        // A slow renderer shows fewer steps, not a longer flight.
        under_way.flown_s += time.delta_secs().min(0.25);
        rig.pose = under_way.pose().above_ground(height);
        redraw.moving();
        if under_way.flown_s >= under_way.duration_s {
            rig.pose = under_way.to;
            flight.0 = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flights_begin_and_end_where_they_should_and_in_time() {
        let a = CameraPose { yaw_deg: 350.0, ..Default::default() };
        let b = CameraPose { focus: [3000.0, -500.0, 12.0], distance_m: 400.0, yaw_deg: 20.0, pitch_deg: 30.0 };
        let mut f = Flight::new(a, b);
        assert!((0.8..=1.6).contains(&f.duration_s));
        assert_eq!(f.pose().focus, a.focus);
        f.flown_s = f.duration_s * 0.5;
        let yaw = f.pose().yaw_deg;
        assert!(!(20.1..349.9).contains(&yaw), "the short way round, not {yaw}");
        f.flown_s = f.duration_s;
        let end = f.pose();
        assert!((end.distance_m - 400.0).abs() < 0.1 && (end.focus[0] - 3000.0).abs() < 0.1);
    }
}
