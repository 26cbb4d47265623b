//! Carries out what was asked for: the one place where a click becomes a deed.

use guanlan_core::{Command, Lang};
use guanlan_room::{Control, Picture};
use guanlan_stage::layers::{AreaTree, Cameras, LayerState};
use guanlan_stage::{AreaStyle, CameraRig, Compare, CompareView, FlyTo, Ground, MapLens};

use crate::{
    action::UiAction,
    camera::Pictures,
    layout::{Preset, Side},
    poses::{pose_at, pose_of_person, pose_over, within},
    rooms::{Answered, NotSent, Rooms},
    state::{Desk, Form, Tone},
    subject::RoadIndex,
    tools::{Held, Needs, measure},
    words::{tr, tr_with},
};

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
            UiAction::ToggleTeam(team) => {
                self.desk.team = if self.desk.team == Some(team) { None } else { Some(team) };
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
