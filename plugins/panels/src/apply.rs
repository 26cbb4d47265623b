//! Carries out what was asked for: the one place where a click becomes a deed.

use guanlan_core::{Command, Lang, PhotoView};
use guanlan_room::{Control, Picture};
use guanlan_stage::camera::Lens;
use guanlan_stage::frame::{scene_to_heading, to_scene};
use guanlan_stage::layers::{AreaTree, Cameras, LayerState};
use guanlan_stage::{AreaStyle, CameraPose, CameraRig, Compare, CompareView, FlyTo, Ground, MapLens};

use crate::{
    action::UiAction,
    camera::Pictures,
    layout::{Preset, Side},
    rooms::{Answered, NotSent, Rooms},
    state::{Desk, Form, Tone},
    subject::RoadIndex,
    tools::{Held, Needs, measure},
    words::{tr, tr_with},
};

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

/// An area one can be in: none of those that stand for the whole city.
#[must_use]
pub fn below_whole(tree: &AreaTree, area: Option<u32>) -> Option<u32> {
    area.filter(|a| tree.whole().is_none_or(|w| !tree.path(w).contains(a)))
}

/// What actions act on.
pub struct Hands<'a> {
    /// Choices of the person.
    pub desk: &'a mut Desk,
    /// The rooms.
    pub rooms: &'a mut Rooms,
    /// Where the camera is.
    pub rig: &'a CameraRig,
    /// The ground.
    pub ground: &'a Ground,
    /// The lens.
    pub lens: &'a MapLens,
    /// Layers.
    pub layers: &'a mut LayerState,
    /// Areas.
    pub areas: &'a AreaTree,
    /// How areas are drawn.
    pub area_style: &'a mut AreaStyle,
    /// Two waters beside each other.
    pub compare: &'a mut Compare,
    /// Cameras.
    pub cameras: &'a Cameras,
    /// Their pictures.
    pub pictures: &'a mut Pictures,
    /// Roads by place.
    pub roads: &'a RoadIndex,
    /// The picture shown.
    pub picture: &'a Picture,
    /// Clock of the program, s.
    pub now_s: f64,
    /// Flights asked for.
    pub flights: Vec<FlyTo>,
}

impl Hands<'_> {
    /// Carries out one action.
    pub fn apply(&mut self, action: UiAction) {
        let lang = self.desk.lang();
        self.desk.revision += 1;
        match action {
            UiAction::Send(command) => self.send(command),
            UiAction::SelectCase(case) => {
                self.desk.search.clear();
                self.desk.form = None;
                // The drop of a crew selects its case: the question belongs to it and stays.
                self.desk.drop = self.desk.drop.take().filter(|(_, dropped_on)| Some(dropped_on) == case.as_ref());
                self.desk.case = case;
            }
            UiAction::SelectAlert(alert) => self.desk.alert = alert,
            UiAction::SelectUnit(unit) => self.desk.unit = unit,
            UiAction::Fly(place_m) => {
                self.flights.push(FlyTo::pose(pose_at(place_m, &self.rig.pose, self.ground)));
                self.desk.tour.on = false;
            }
            UiAction::FlyOver(bounds_m) => {
                let pose = match within(bounds_m, self.picture.city.extent) {
                    Some(seen) => pose_over(seen, &self.rig.pose, self.ground, self.lens),
                    None => self.rig.home,
                };
                self.flights.push(FlyTo::pose(pose));
                self.desk.tour.on = false;
            }
            UiAction::TakeSeat(role) => self.desk.role = role,
            UiAction::SwitchLanguage => {
                self.desk.look.lang = if lang == Lang::Zh { Lang::En } else { Lang::Zh };
            }
            UiAction::ToggleBriefing => {
                let briefing = self.desk.preset != Preset::Briefing;
                self.desk.preset = if briefing { Preset::Briefing } else { self.desk.home };
                self.desk.tour.on = false;
                self.desk.case = None;
            }
            UiAction::ToggleGroup(id) => {
                self.desk.group = if self.desk.group == Some(id) { None } else { Some(id) };
            }
            UiAction::ToggleAlerts => self.desk.all_alerts = !self.desk.all_alerts,
            UiAction::ToggleTour => {
                let tour = &mut self.desk.tour;
                tour.on = !tour.on;
                (tour.stop, tour.since_s) = (0, 0.0);
            }
            UiAction::NextStop => self.desk.tour.skip = true,
            UiAction::OpenForm(kind, case) => {
                self.desk.case = Some(case.clone());
                self.desk.form = Some(Form::new(kind, case));
            }
            UiAction::CloseForm => self.desk.form = None,
            UiAction::Seek(at) => match self.rooms.seek(self.desk.watching.clone().as_ref(), at) {
                Some(replay) => self.desk.watching = Some(replay),
                None => self.desk.say(tr(lang, "k-opening-replay"), Tone::Done, self.now_s, None),
            },
            UiAction::BackToLive => {
                self.rooms.control(self.desk.watching.as_ref(), Control::Pause);
                self.desk.watching = None;
            }
            UiAction::BackToExercise => {
                self.rooms.control(self.desk.watching.as_ref(), Control::Pause);
                self.desk.watching = Some(self.rooms.origin(self.desk.watching.as_ref()));
            }
            UiAction::Watch(id) => self.desk.watching = Some(id),
            UiAction::StartExercise => {
                if self.rooms.start_exercise() {
                    self.desk.say(tr(lang, "k-starting-exercise"), Tone::Done, self.now_s, None);
                }
            }
            UiAction::EndExercise => {
                if let Some(id) = self.desk.watching.take() {
                    self.rooms.close(&self.rooms.origin(Some(&id)));
                }
            }
            UiAction::TogglePause => {
                let paused = self.picture.playback.paused;
                let control = if paused { Control::Resume } else { Control::Pause };
                self.rooms.control(self.desk.watching.as_ref(), control);
            }
            UiAction::Speed(speed) => {
                self.rooms.control(self.desk.watching.as_ref(), Control::Speed(speed));
            }
            UiAction::Dismiss(id) => self.desk.toasts.retain(|t| t.id != id),
            UiAction::Drill(area) => self.drill(area),
            UiAction::DrillOut => self.drill_out(),
            UiAction::Toggle(side) => self.desk.toggle(side),
            UiAction::TakeTool(tool) => {
                self.desk.held = tool.map(|tool| Held { tool, places_m: Vec::new() });
                if tool.is_some_and(|t| t.needs() == Needs::Nothing) {
                    self.use_tool();
                }
            }
            UiAction::UseTool => self.use_tool(),
            UiAction::Explain(alert) => {
                self.desk.why = alert.is_some();
                if alert.is_some() {
                    self.desk.alert = alert;
                    self.desk.case = None;
                }
            }
            UiAction::Trend(sensor) => {
                if sensor.is_some() {
                    (self.desk.why, self.desk.case) = (false, None);
                }
                self.desk.trend = sensor;
            }
            UiAction::TrendSpan(span) => self.desk.trend_span = span,
            UiAction::RecordsOf(span, by) => self.desk.records = (span, by),
            UiAction::OpenRisk(grid) => self.desk.risk = grid,
            UiAction::Compare(with) => self.desk.compare = with,
            UiAction::CompareSideBySide(beside) => {
                self.compare.view = if beside { CompareView::SideBySide } else { CompareView::Swipe };
            }
            UiAction::SetAreaStyle(style) => *self.area_style = style,
            UiAction::SetLayer(id, on) => self.layers.set_on(&id, on),
            UiAction::SetOpacity(id, opacity) => self.layers.set_opacity(&id, opacity),
            UiAction::SetSolo(id) => self.layers.set_solo(id.as_deref()),
            UiAction::SetGroup(group, on) => self.layers.set_group(&group, on),
            UiAction::Pin(subject) => self.desk.pin(subject),
            UiAction::Unpin(i) => {
                if i < self.desk.pins.len() {
                    self.desk.pins.remove(i);
                }
            }
            UiAction::OpenCamera(id) => {
                if let Some(camera) = self.cameras.rows.iter().find(|c| c.id == id) {
                    self.pictures.open(camera);
                }
            }
            UiAction::CloseCamera(id) => self.pictures.close(&id),
            UiAction::EyeLevel(place_m, view) => {
                let [e, n] = place_m.map(|v| v as f32);
                let road = self.roads.nearest(&self.picture.city, [e, n], 60.0).map(|(_, p, d)| (p, d));
                let pose = pose_of_person(place_m, view, &self.rig.pose, self.ground, road);
                self.flights.push(FlyTo::pose(pose));
                self.desk.tour.on = false;
            }
        }
    }

    /// Goes into an area and shows it; the whole city is the way home.
    pub fn drill(&mut self, area: Option<u32>) {
        self.desk.tour.on = false;
        self.desk.area = below_whole(self.areas, area);
        if self.desk.area.is_some() {
            self.desk.side = Side::Areas;
        }
        let pose = match self.desk.area.and_then(|a| self.areas.bounds(a)) {
            Some(bounds) => pose_over(bounds, &self.rig.pose, self.ground, self.lens),
            None => self.rig.home,
        };
        self.flights.push(FlyTo::pose(pose));
    }

    /// Goes one level up.
    pub fn drill_out(&mut self) {
        if let Some(area) = self.desk.area {
            let above = self.areas.parent(area);
            self.drill(above);
        }
    }

    /// What was clicked becomes a measure; the tool stays in the hand for the next one.
    fn use_tool(&mut self) {
        let Some(held) = self.desk.held.clone() else { return };
        let lang = self.desk.lang();
        let next = self.picture.measures.list.last().map_or(1, |m| m.no + 1);
        let name = format!("{}-{next}", tr(guanlan_core::Lang::Zh, held.tool.key()));
        let begun = self.picture.drill.as_ref().and_then(|d| d.start).unwrap_or(self.picture.now);
        let minute = (self.picture.now - begun) as f64 / 60_000.0;
        if let Some(held) = &mut self.desk.held {
            held.places_m.clear();
        }
        if held.tool.needs() == Needs::Nothing {
            self.desk.held = None;
        }
        let made = measure(&held, &self.picture.city, self.roads, &name, minute);
        match made.map(serde_json::to_value) {
            Ok(Ok(measure)) => self.send(Command::ApplyMeasure { measure, note: String::new() }),
            Ok(Err(error)) => self.desk.say(error.to_string(), Tone::Refused, self.now_s, None),
            Err(missed) => self.desk.say(tr(lang, missed), Tone::Refused, self.now_s, None),
        }
    }

    fn send(&mut self, command: Command) {
        let lang = self.desk.lang();
        let words = match self.rooms.send(self.desk.watching.as_ref(), self.desk.role, command) {
            Ok(()) => return,
            Err(NotSent::Past) => tr(lang, "k-not-live").to_owned(),
            Err(NotSent::Door(error)) => format!("{} ({})", tr(lang, "k-queue"), lang.part_of(&error.to_string())),
        };
        self.desk.say(words, Tone::Refused, self.now_s, None);
    }
}

/// Says what came of a command; a crew just sent can be called back from there.
pub fn tell(desk: &mut Desk, picture: &Picture, answered: Answered, now_s: f64) {
    let lang = desk.lang();
    match answered.reply.result {
        Err(refusal) => desk.say(lang.part_of(&refusal.message).to_owned(), Tone::Refused, now_s, None),
        Ok(value) => match answered.command {
            Command::DispatchUnit { unit, .. } => {
                let name = picture.units.get(&unit).map(|u| u.name(&picture.city.units).get(lang).to_owned());
                let name = name.unwrap_or_else(|| unit.to_string());
                let undo = Command::RecallUnit { unit, reason: tr(lang, "k-undo-reason").to_owned() };
                desk.say(tr_with(lang, "k-done-dispatch", &[("unit", &name)]), Tone::Done, now_s, Some(undo));
            }
            Command::ShelveAlert { alert, .. } => {
                let undo = Command::UnshelveAlert { alert, reason: tr(lang, "k-care-undo").to_owned() };
                desk.say(tr(lang, "k-done"), Tone::Done, now_s, Some(undo));
            }
            Command::EscalateAlert { alert, .. } => {
                let undo = Command::DeescalateAlert { alert, reason: tr(lang, "k-care-undo").to_owned() };
                desk.say(tr(lang, "k-done"), Tone::Done, now_s, Some(undo));
            }
            Command::SilenceAlerts { .. } => {
                let silence = value.get("silence").and_then(serde_json::Value::as_u64);
                let reason = tr(lang, "k-care-undo").to_owned();
                let undo = silence.map(|silence| Command::EndSilence { silence, reason });
                desk.say(tr(lang, "k-done"), Tone::Done, now_s, undo);
            }
            Command::ApplyMeasure { .. } => {
                let name = value.get("name").and_then(|n| n.get(if lang == Lang::En { "en" } else { "zh" }));
                let name = name.and_then(|n| n.as_str()).unwrap_or_default();
                let undo = value.get("undoable").and_then(serde_json::Value::as_bool).unwrap_or(false);
                let no = value.get("measure").and_then(serde_json::Value::as_u64);
                let undo = undo.then_some(Command::UndoMeasure { no });
                desk.say(tr_with(lang, "k-done-measure", &[("name", name)]), Tone::Done, now_s, undo);
            }
            Command::ConfirmClosure { closure, .. } | Command::DismissClosure { closure, .. } => {
                desk.say(tr(lang, "k-done"), Tone::Done, now_s, Some(Command::UndoClosure { closure }));
            }
            _ => desk.say(tr(lang, "k-done"), Tone::Done, now_s, None),
        },
    }
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
