//! What cameras and drones see, drawn for the one that somebody points at, has pinned or has open; for all that are
//! near when the layer stands alone or the eye is close.

use bevy::prelude::*;
use guanlan_core::{ObservedProperty, UnitId};
use guanlan_room::Picture;
use guanlan_sensing::profile::{Profiles, ViewProfile};
use guanlan_sensing::view::{footprint, view_cone};
use guanlan_stage::layers::{Camera, Cameras, LayerState};
use guanlan_stage::pick::Highlight;
use guanlan_stage::{CameraRig, HoveredTile, SeenField, SeenFields};

use crate::{Showing, camera::Pictures, state::Desk, subject::Subject};

/// What the pointer rests on.
#[derive(Resource, Clone, Debug, Default, PartialEq, Eq)]
pub struct Pointed(pub Option<Subject>);

/// Nearer than this all fields are shown, m.
const NEAR_M: f32 = 420.0;
/// Fields of all devices are shown up to this distance from what is looked at, m.
const ROUND_M: f32 = 600.0;
/// Fields shown at once.
const MOST: usize = 80;

/// What is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Round {
    /// The place, local m.
    pub focus_m: [f32; 2],
    /// All devices around it are shown, not only the chosen.
    pub all: bool,
}

/// The field of a device that looks in a direction; `None` when it sees no ground.
fn cone(place_m: [f64; 2], bearing_deg: f64, view: &ViewProfile, chosen: bool) -> Option<SeenField> {
    let ring = view_cone(place_m, bearing_deg, view);
    if ring.len() < 3 {
        return None;
    }
    let narrow = |p: &[f64; 2]| p.map(|v| v as f32);
    // The far edge, then the near one backwards, or the foot of the device alone.
    let across = ring.len() / 2;
    let (far, near) = if ring.len() % 2 == 0 && ring.len() > 14 {
        (ring[..across].to_vec(), ring[across..].iter().rev().copied().collect())
    } else {
        (ring[..ring.len() - 1].to_vec(), vec![ring[ring.len() - 1]; ring.len() - 1])
    };
    Some(SeenField {
        lens_m: [place_m[0] as f32, place_m[1] as f32, view.height_m as f32],
        near_m: near.iter().map(narrow).collect(),
        far_m: far.iter().map(narrow).collect(),
        chosen,
    })
}

/// The field of a camera of the survey or of a file; `None` when nobody said where it looks.
#[must_use]
pub fn of_camera(camera: &Camera, profiles: &Profiles, chosen: bool) -> Option<SeenField> {
    let bearing_deg = f64::from(camera.heading_deg?);
    let usual = profiles.of(ObservedProperty::CameraOnline).view?;
    let view = ViewProfile {
        across_deg: f64::from(camera.fov_deg),
        range_m: f64::from(camera.range_m),
        height_m: f64::from(camera.height_m).max(1.0),
        ..usual
    };
    cone(camera.place_m.map(f64::from), bearing_deg, &view, chosen)
}

/// The field of a device that tells its bearing or its height; `None` for all others and before the first reading.
#[must_use]
pub fn of_stream(picture: &Picture, index: u32, profiles: &Profiles, chosen: bool) -> Option<SeenField> {
    let row = picture.sensors.row(index)?;
    let view = profiles.of(row.meta.property).view?;
    let (value, _) = row.latest?;
    match row.meta.property {
        ObservedProperty::CameraBearing => cone(row.meta.place_m?, value, &view, chosen),
        ObservedProperty::DroneHeight => {
            // A drone whose fixes come under the same name is where it flies, and looks along its course.
            let unit = picture.units.get(&UnitId::from(row.meta.id.as_str()));
            let place_m = unit.and_then(|u| u.place_m).or(row.meta.place_m)?;
            let course_deg = unit.map_or(0.0, |u| f64::from(u.course_deg));
            if value < 1.0 {
                return None;
            }
            let corners = footprint(place_m, value, course_deg, &view).map(|p| p.map(|v| v as f32));
            let [front_left, front_right, rear_right, rear_left] = corners;
            Some(SeenField {
                lens_m: [place_m[0] as f32, place_m[1] as f32, value as f32],
                near_m: vec![rear_left, rear_right],
                far_m: vec![front_left, front_right],
                chosen,
            })
        }
        _ => None,
    }
}

/// All fields to show: the chosen first.
#[must_use]
pub fn fields(
    picture: &Picture,
    cameras: &Cameras,
    devices: &[u32],
    chosen: impl Fn(&Subject) -> bool,
    round: Round,
    profiles: &Profiles,
) -> Vec<SeenField> {
    let near = |p: [f32; 2]| (p[0] - round.focus_m[0]).hypot(p[1] - round.focus_m[1]) < ROUND_M;
    let mut all = Vec::new();
    for camera in cameras.rows.iter().filter(|c| c.heading_deg.is_some()) {
        let mine = chosen(&Subject::Camera(camera.id.clone()));
        if mine || (round.all && near(camera.place_m)) {
            all.extend(of_camera(camera, profiles, mine));
        }
    }
    for &index in devices {
        let Some(meta) = picture.sensors.meta(index) else { continue };
        let mine = chosen(&Subject::Sensor(meta.id.clone()));
        if let Some(field) = of_stream(picture, index, profiles, mine)
            && (mine || (round.all && near([field.lens_m[0], field.lens_m[1]])))
        {
            all.push(field);
        }
    }
    all.sort_by_key(|f| !f.chosen);
    all.truncate(MOST);
    all
}

/// The streams that say where a device looks, found again when the number of streams changes.
#[derive(Default)]
pub(crate) struct Devices {
    of: Option<(guanlan_core::TimelineId, usize)>,
    rows: Vec<u32>,
}

/// What the fields were last made of.
type Made = (u64, u64, u64, bool, [i32; 2]);

/// Sets the fields to show.
#[expect(clippy::too_many_arguments, reason = "a system's arguments are its dependencies")]
pub(crate) fn follow(
    showing: Res<Showing>,
    desk: Res<Desk>,
    pointed: Res<Pointed>,
    pictures: Res<Pictures>,
    cameras: Res<Cameras>,
    layers: Res<LayerState>,
    rig: Res<CameraRig>,
    mut fields_shown: ResMut<SeenFields>,
    mut devices: Local<Devices>,
    mut made: Local<Option<Made>>,
) {
    let Some(shown) = &showing.0 else { return };
    let picture = &shown.picture;
    let visible = layers.visible("cameras");
    let all = visible && (layers.solo() == Some("cameras") || rig.pose.distance_m < NEAR_M);
    let [e, n, _] = rig.pose.focus;
    // Streams speak once a tick at most; a walk of half the circle asks again who is near.
    let step = ROUND_M * 0.25;
    let cell = if all { [(e / step) as i32, (n / step) as i32] } else { [0; 2] };
    let of = (shown.timeline.clone(), picture.sensors.len());
    if devices.of.as_ref() != Some(&of) {
        let looks = |p| matches!(p, ObservedProperty::CameraBearing | ObservedProperty::DroneHeight);
        devices.rows =
            (0..of.1 as u32).filter(|i| picture.sensors.meta(*i).is_some_and(|m| looks(m.property))).collect();
        devices.of = Some(of);
    }
    let tick = if devices.rows.is_empty() { 0 } else { picture.tick };
    let key = (desk.revision, cameras.version, tick, all, cell);
    if *made == Some(key) && !pointed.is_changed() && !pictures.is_changed() && !layers.is_changed() {
        return;
    }
    *made = Some(key);
    let open = pictures.open_ids();
    let chosen = |subject: &Subject| {
        let seen = matches!(subject, Subject::Camera(id) if open.contains(&id.as_str()));
        seen || pointed.0.as_ref() == Some(subject) || desk.pins.contains(subject)
    };
    let round = Round { focus_m: [e, n], all };
    let rows = if visible {
        fields(picture, &cameras, &devices.rows, chosen, round, &Profiles::shipped())
    } else {
        Vec::new()
    };
    fields_shown.put(rows);
}

/// The building or feature under the pointer is marked on the stage, and the one pinned last.
pub(crate) fn mark(
    pointed: Res<Pointed>,
    desk: Res<Desk>,
    mut highlight: ResMut<Highlight>,
    mut tile: ResMut<HoveredTile>,
) {
    if !pointed.is_changed() && !desk.is_changed() {
        return;
    }
    let building = |s: &Subject| if let Subject::Building(b) = s { Some(*b) } else { None };
    let wanted = Highlight {
        selected: desk.pins.iter().rev().find_map(building),
        hovered: pointed.0.as_ref().and_then(building),
    };
    highlight.set_if_neq(wanted);
    let feature = |s: &Subject| if let Subject::Thing(t) = s { Some(t.mark) } else { None };
    tile.set_if_neq(HoveredTile(pointed.0.as_ref().and_then(feature)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{machine, picture};
    use guanlan_city::City;
    use guanlan_city::model::SensorSpec;
    use guanlan_core::{Bilingual, Input, SensorId, Stamp, input::Observation};
    use std::sync::Arc;

    fn camera(heading_deg: Option<f32>) -> Camera {
        Camera {
            id: "c7".into(),
            name: Bilingual::default(),
            place_m: [100.0, 50.0],
            height_m: 6.0,
            heading_deg,
            fov_deg: 60.0,
            range_m: 80.0,
            picture: String::new(),
            state: String::new(),
            owner: String::new(),
        }
    }

    #[test]
    fn a_camera_without_a_heading_has_no_field() {
        let profiles = Profiles::shipped();
        assert_eq!(of_camera(&camera(None), &profiles, true), None);
        let field = of_camera(&camera(Some(90.0)), &profiles, true).unwrap();
        assert_eq!(field.near_m.len(), field.far_m.len());
        assert!(field.far_m.iter().chain(&field.near_m).all(|p| p[0] > 100.0), "it looks east: {field:?}");
        let reach = field.far_m.iter().map(|p| (p[0] - 100.0).hypot(p[1] - 50.0)).fold(0.0, f32::max);
        assert!((reach - 80.0).abs() < 0.1, "{reach}");
    }

    #[test]
    fn devices_that_tell_their_bearing_or_height_have_fields_and_only_the_chosen_far_away() {
        let spec = |id: &str, property, place| SensorSpec {
            id: id.into(),
            name: Bilingual::default(),
            property,
            place_m: Some(place),
            height_m: 0.0,
            period_s: 60,
        };
        let sensors = vec![
            spec("turning", ObservedProperty::CameraBearing, [0.0, 0.0]),
            spec("drone", ObservedProperty::DroneHeight, [2000.0, 0.0]),
            spec("gauge", ObservedProperty::RoadWaterDepth, [0.0, 0.0]),
        ];
        let city = Arc::new(City { sensors, extent: [0.0, 0.0, 3000.0, 100.0], ..City::default() });
        let mut machine = machine(&city);
        let now = Stamp::from_secs(1_000_000);
        let say = |id: &str, result| {
            Input::Observation(Observation { sensor: SensorId::from(id), phenomenon: now, received: now, result })
        };
        machine.tick(now, vec![say("turning", 180.0), say("drone", 60.0), say("gauge", 20.0)]);
        let p = picture(&machine);
        let profiles = Profiles::shipped();
        let show = |chosen: &str, all| {
            let chosen = chosen.to_owned();
            let of = move |s: &Subject| *s == Subject::Sensor(SensorId::from(chosen.as_str()));
            fields(&p, &Cameras::default(), &[0, 1, 2], of, Round { focus_m: [0.0; 2], all }, &profiles)
        };
        assert!(show("", false).is_empty(), "nothing is shown that nobody asked for");
        let near = show("", true);
        assert!(near.len() == 1 && near[0].far_m.iter().all(|p| p[1] < 0.0), "it looks south: {near:?}");
        let drone = show("drone", false);
        assert_eq!(drone.len(), 1);
        let width = drone[0].far_m[1][0] - drone[0].far_m[0][0];
        assert!((width - 2.0 * 60.0 * 36.5_f32.to_radians().tan()).abs() < 0.1, "{width} m of ground below 60 m");
        assert!(show("gauge", false).is_empty());
    }
}
