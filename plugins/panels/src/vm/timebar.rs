//! The time bar: two hours back, now, and room for the forecast.

use guanlan_core::{AlertLevel, Mode, Stamp};
use guanlan_room::Picture;

/// How far back the bar reaches, ms.
pub const PAST_MS: i64 = 2 * 3_600_000;
/// How far ahead the bar reaches, ms.
pub const AHEAD_MS: i64 = 1_800_000;

/// What a mark is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkKind {
    /// An alert was raised.
    Alert,
    /// A case was opened.
    Case,
}

/// Something that happened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mark {
    /// When.
    pub at: Stamp,
    /// What.
    pub kind: MarkKind,
    /// How bad.
    pub level: AlertLevel,
}

/// The bar.
#[derive(Clone, Debug, PartialEq)]
pub struct TimeBarVm {
    /// Left end.
    pub from: Stamp,
    /// Right end.
    pub to: Stamp,
    /// Now of the room whose time this is: the live one, or an exercise.
    pub now: Stamp,
    /// Instant shown.
    pub at: Stamp,
    /// What is shown.
    pub mode: Mode,
    /// The past is shown.
    pub replay: bool,
    /// The bar is that of an exercise.
    pub exercise: bool,
    /// The timeline's clock can be moved.
    pub movable: bool,
    /// Stands still.
    pub paused: bool,
    /// × real time.
    pub speed: f64,
    /// What happened.
    pub marks: Vec<Mark>,
}

impl TimeBarVm {
    /// Where an instant lies on the bar, 0–1.
    #[must_use]
    pub fn share(&self, at: Stamp) -> f32 {
        ((at - self.from) as f64 / (self.to - self.from).max(1) as f64).clamp(0.0, 1.0) as f32
    }

    /// The instant at a share of the bar, not after now.
    #[must_use]
    pub fn instant(&self, share: f32) -> Stamp {
        let at = self.from + (f64::from(share.clamp(0.0, 1.0)) * (self.to - self.from) as f64) as i64;
        at.min(self.now)
    }
}

/// The bar over a room, the live one or an exercise, with the picture that is shown; `other` when that is not the living
/// room's.
#[must_use]
pub fn timebar(base: &Picture, shown: &Picture, other: bool) -> TimeBarVm {
    let now = base.now;
    let (from, to) = (now + -PAST_MS, now + AHEAD_MS);
    let mut marks: Vec<Mark> = base
        .alerts
        .active()
        .iter()
        .chain(base.alerts.ended().iter())
        .map(|a| Mark { at: a.raised_at, kind: MarkKind::Alert, level: a.peak })
        .chain(base.cases.cases().values().map(|c| Mark { at: c.opened, kind: MarkKind::Case, level: c.level }))
        .filter(|m| m.at >= from && m.at <= now)
        .collect();
    marks.sort_by_key(|m| (m.level, m.at));
    TimeBarVm {
        from,
        to,
        now,
        at: shown.now,
        mode: shown.mode,
        replay: shown.playback.replay,
        exercise: base.mode == Mode::Exercise,
        movable: other,
        paused: other && shown.playback.paused,
        speed: if shown.playback.speed > 0.0 { shown.playback.speed } else { 1.0 },
        marks,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_instants_agree_and_the_future_cannot_be_played() {
        let now = Stamp::from_secs(1_000_000);
        let vm = TimeBarVm {
            from: now + -PAST_MS,
            to: now + AHEAD_MS,
            now,
            at: now,
            mode: Mode::Live,
            replay: false,
            exercise: false,
            movable: false,
            paused: false,
            speed: 1.0,
            marks: Vec::new(),
        };
        assert!((vm.share(now) - 0.8).abs() < 1e-6);
        let at = vm.instant(0.4);
        assert!((vm.share(at) - 0.4).abs() < 1e-5);
        assert_eq!(vm.instant(0.95), now);
    }
}
