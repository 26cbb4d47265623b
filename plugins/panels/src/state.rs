//! What the panels remember between frames: choices of the person, not truth of the room.

use bevy::prelude::Resource;
use guanlan_core::{AlertId, CaseId, Command, Lang, OrgId, Role, SensorId, TimelineId, UnitId};

use crate::{
    action::FormKind,
    layout::{Preset, Side},
    look::Look,
    past::{Grouping, Span},
    subject::Subject,
    tools::Held,
    ui::layers::TreeState,
    vm::crews::CrewTeam,
};

/// Words asked for before a step is sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Form {
    /// What for.
    pub kind: FormKind,
    /// The case.
    pub case: CaseId,
    /// Reason or note.
    pub text: String,
    /// Name or URL of a photo (finish).
    pub photo: String,
    /// Organisation (assign).
    pub org: Option<OrgId>,
    /// Hours (suspend).
    pub hours: i64,
}

impl Form {
    /// An empty form.
    #[must_use]
    pub fn new(kind: FormKind, case: CaseId) -> Self {
        Self { kind, case, text: String::new(), photo: String::new(), org: None, hours: 24 }
    }
}

/// How a message is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Done.
    Done,
    /// Not done, and why.
    Refused,
}

/// A message that goes by itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Toast {
    /// Its number.
    pub id: u64,
    /// Words.
    pub text: String,
    /// How it is meant.
    pub tone: Tone,
    /// When it goes, s of the program's clock.
    pub until_s: f64,
    /// Takes the step back.
    pub undo: Option<Command>,
}

/// The tour of the briefing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tour {
    /// Under way.
    pub on: bool,
    /// Stop shown.
    pub stop: usize,
    /// Go on at once.
    pub skip: bool,
    /// When it came there, s of the program's clock.
    pub since_s: f64,
    /// Reds nobody has seen, as known when the tour went on: another one stops it.
    pub reds: Vec<AlertId>,
}

/// Callouts pinned at once.
pub const PINS_MOST: usize = 6;

/// A crew being dragged to a case.
#[derive(Clone, Debug, PartialEq)]
pub struct Drag {
    /// The crew.
    pub unit: UnitId,
    /// Where it began, points.
    pub from: egui::Pos2,
    /// Far enough to be no click.
    pub moved: bool,
}

/// Choices of the person at this screen.
#[derive(Resource, Clone, Debug)]
pub struct Desk {
    /// Look and language.
    pub look: Look,
    /// Arrangement asked for.
    pub preset: Preset,
    /// Arrangement to return to from the briefing.
    pub home: Preset,
    /// Size factor of all panels.
    pub scale: f32,
    /// The seat taken.
    pub role: Role,
    /// Timeline shown; `None` is the live room.
    pub watching: Option<TimelineId>,
    /// Case in detail.
    pub case: Option<CaseId>,
    /// Alert marked.
    pub alert: Option<AlertId>,
    /// Crew marked.
    pub unit: Option<UnitId>,
    /// The group of alerts whose members are shown.
    pub group: Option<u64>,
    /// The team of waiting crews that are listed.
    pub team: Option<CrewTeam>,
    /// All alert cards are shown, not six.
    pub all_alerts: bool,
    /// Search for other crews.
    pub search: String,
    /// Words being written.
    pub form: Option<Form>,
    /// Messages.
    pub toasts: Vec<Toast>,
    /// The tour.
    pub tour: Tour,
    /// The pointer is over a crew: a press takes it instead of the map.
    pub over_crew: bool,
    /// A crew being dragged.
    pub drag: Option<Drag>,
    /// A crew dropped on a case, waiting for a yes.
    pub drop: Option<(UnitId, CaseId)>,
    /// Simulated city: 演示 is written over the picture.
    pub demo: bool,
    /// The area drilled into; `None` is the whole city.
    pub area: Option<u32>,
    /// What stands beside the alerts.
    pub side: Side,
    /// The chosen alert's colour is being explained.
    pub why: bool,
    /// The stream whose past is shown, and how far back.
    pub trend: Option<SensorId>,
    /// How far back charts of streams look.
    pub trend_span: Span,
    /// How figures of cases are asked.
    pub records: (Span, Grouping),
    /// The grid whose risk is opened into its terms.
    pub risk: Option<u32>,
    /// The timeline whose water is compared with the one shown.
    pub compare: Option<TimelineId>,
    /// The tool in the hand.
    pub held: Option<Held>,
    /// No tones are played at this screen.
    pub muted: bool,
    /// Words for a refusal at the water's desk.
    pub reason: String,
    /// What was opened and written in the layer tree.
    pub tree: TreeState,
    /// Pinned callouts, the oldest first; at most [`PINS_MOST`].
    pub pins: Vec<Subject>,
    /// Changes with every choice, so that values are made again.
    pub revision: u64,
    next: u64,
}

impl Desk {
    /// A desk with nothing chosen.
    #[must_use]
    pub fn new(lang: Lang, scale: f32, demo: bool, preset: Preset) -> Self {
        Self {
            look: Look { lang, ..Look::default() },
            preset,
            home: if preset == Preset::Briefing { Preset::Desk } else { preset },
            scale: if scale.is_finite() { scale.clamp(0.5, 8.0) } else { 1.0 },
            role: if preset == Preset::Briefing { Role::Leader } else { Role::Supervisor },
            watching: None,
            case: None,
            alert: None,
            unit: None,
            group: None,
            team: None,
            all_alerts: false,
            search: String::new(),
            form: None,
            toasts: Vec::new(),
            tour: Tour { on: preset == Preset::Briefing, ..Tour::default() },
            over_crew: false,
            drag: None,
            drop: None,
            demo,
            area: None,
            side: Side::default(),
            why: false,
            trend: None,
            trend_span: Span::default(),
            records: (Span::Week, Grouping::default()),
            risk: None,
            compare: None,
            held: None,
            muted: false,
            reason: String::new(),
            tree: TreeState::default(),
            pins: Vec::new(),
            revision: 0,
            next: 0,
        }
    }

    /// Language.
    #[must_use]
    pub fn lang(&self) -> Lang {
        self.look.lang
    }

    /// A number nobody has had.
    pub fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// Says something for some seconds.
    pub fn say(&mut self, text: impl Into<String>, tone: Tone, now_s: f64, undo: Option<Command>) {
        let id = self.number();
        let stays = if undo.is_some() || tone == Tone::Refused { 12.0 } else { 5.0 };
        self.toasts.push(Toast { id, text: text.into(), tone, until_s: now_s + stays, undo });
        if self.toasts.len() > 4 {
            self.toasts.remove(0);
        }
        self.revision += 1;
    }

    /// Pins a callout, or takes it away where it is pinned; a seventh one takes the oldest's place.
    pub fn pin(&mut self, subject: Subject) {
        self.revision += 1;
        if let Some(i) = self.pins.iter().position(|p| *p == subject) {
            self.pins.remove(i);
            return;
        }
        if self.pins.len() >= PINS_MOST {
            self.pins.remove(0);
        }
        self.pins.push(subject);
    }

    /// Opens a panel beside the alerts, or closes it where it is open.
    pub fn toggle(&mut self, side: Side) {
        self.side = if self.side == side { Side::Figures } else { side };
        self.revision += 1;
    }

    /// One step back: form, drop, case, explanation, chart, comparison, pins, marks, tour. False when there is nothing to go back from.
    pub fn back(&mut self) -> bool {
        self.revision += 1;
        if self.held.take().is_some() {
            return true;
        }
        if self.drop.take().is_some() || self.form.take().is_some() || self.drag.take().is_some() {
            return true;
        }
        if self.case.take().is_some() {
            self.search.clear();
            return true;
        }
        if std::mem::take(&mut self.why) || self.trend.take().is_some() || self.compare.take().is_some() {
            return true;
        }
        if self.pins.pop().is_some() {
            return true;
        }
        if self.unit.take().is_some() | self.alert.take().is_some() {
            return true;
        }
        std::mem::take(&mut self.tour.on)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_goes_back_one_step_at_a_time() {
        let mut desk = Desk::new(Lang::Zh, 1.0, false, Preset::Desk);
        desk.case = Some("c".into());
        desk.form = Some(Form::new(FormKind::Recall("u".into()), "c".into()));
        desk.tour.on = true;
        desk.pin(Subject::Building(3));
        assert!(desk.back() && desk.form.is_none() && desk.case.is_some());
        assert!(desk.back() && desk.case.is_none() && desk.tour.on);
        assert!(desk.back() && desk.pins.is_empty() && desk.tour.on);
        assert!(desk.back() && !desk.tour.on);
        assert!(!desk.back());
    }

    #[test]
    fn six_callouts_are_pinned_at_most_and_a_second_click_unpins() {
        let mut desk = Desk::new(Lang::Zh, 1.0, false, Preset::Desk);
        for i in 0..8 {
            desk.pin(Subject::Building(i));
        }
        assert_eq!(desk.pins.len(), PINS_MOST);
        assert_eq!(desk.pins[0], Subject::Building(2), "the oldest went");
        desk.pin(Subject::Building(4));
        assert!(desk.pins.len() == PINS_MOST - 1 && !desk.pins.contains(&Subject::Building(4)));
    }
}
