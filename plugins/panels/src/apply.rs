//! Carries out what was asked for: the one place where a click becomes a deed.

use guanlan_core::Command;
use guanlan_room::{Control, Picture};
use guanlan_stage::{CameraPose, CameraRig, FlyTo, Ground};

use crate::{
    action::UiAction,
    layout::Preset,
    rooms::{Answered, NotSent, Rooms},
    state::{Desk, Form, Tone},
    vm::detail::in_language,
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
            UiAction::TakeSeat(role) => self.desk.role = role,
            UiAction::SwitchLanguage => {
                use guanlan_core::Lang;
                self.desk.look.lang = if lang == Lang::Zh { Lang::En } else { Lang::Zh };
            }
            UiAction::ToggleBriefing => {
                let briefing = self.desk.preset != Preset::Briefing;
                self.desk.preset = if briefing { Preset::Briefing } else { self.desk.home };
                self.desk.tour.on = false;
                self.desk.case = None;
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
            UiAction::Seek(at) => match self.rooms.seek(at) {
                Some(replay) => self.desk.watching = Some(replay),
                None => self.desk.say(tr(lang, "k-opening-replay"), Tone::Done, self.now_s, None),
            },
            UiAction::BackToLive => {
                self.rooms.control(self.desk.watching.as_ref(), Control::Pause);
                self.desk.watching = None;
            }
            UiAction::Watch(id) => self.desk.watching = Some(id),
            UiAction::StartExercise => {
                if self.rooms.start_exercise() {
                    self.desk.say(tr(lang, "k-starting-exercise"), Tone::Done, self.now_s, None);
                }
            }
            UiAction::EndExercise => {
                if let Some(id) = self.desk.watching.take() {
                    self.rooms.close(&id);
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
        }
    }

    fn send(&mut self, command: Command) {
        let lang = self.desk.lang();
        let words = match self.rooms.send(self.desk.watching.as_ref(), self.desk.role, command) {
            Ok(()) => return,
            Err(NotSent::Past) => tr(lang, "k-not-live").to_owned(),
            Err(NotSent::Door(error)) => format!("{} ({})", tr(lang, "k-queue"), in_language(&error.to_string(), lang)),
        };
        self.desk.say(words, Tone::Refused, self.now_s, None);
    }
}

/// Says what came of a command; a crew just sent can be called back from there.
pub fn tell(desk: &mut Desk, picture: &Picture, answered: Answered, now_s: f64) {
    let lang = desk.lang();
    match answered.reply.result {
        Err(refusal) => desk.say(in_language(&refusal.message, lang), Tone::Refused, now_s, None),
        Ok(_) => match answered.command {
            Command::DispatchUnit { unit, .. } => {
                let name = picture.units.get(&unit).map(|u| u.name(&picture.city.units).get(lang).to_owned());
                let name = name.unwrap_or_else(|| unit.to_string());
                let undo = Command::RecallUnit { unit, reason: tr(lang, "k-undo-reason").to_owned() };
                desk.say(tr_with(lang, "k-done-dispatch", &[("unit", &name)]), Tone::Done, now_s, Some(undo));
            }
            _ => desk.say(tr(lang, "k-done"), Tone::Done, now_s, None),
        },
    }
}
