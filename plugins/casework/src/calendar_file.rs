//! A calendar file of one's own, taken while a room runs: an input like any other, whole or not at all. Deadlines that
//! were set before keep their instant.

use std::{collections::BTreeSet, sync::Arc};

use bevy_ecs::prelude::*;
use guanlan_core::{Event, Input, Stamp, input::RoomFile};
use guanlan_tick::{Clock, Inbox, Outbox, RoomState};
use jiff::civil::{Date, Time};
use serde::{Deserialize, Serialize};

use crate::{calendar::Calendar, rules::Rules};

/// Kind of the input file that this is about.
pub const CALENDAR: &str = "calendar";
/// So long before a year begins that its days off are not known, it is said: the notice comes in November.
const AHEAD_MS: i64 = 45 * 24 * 3_600_000;

/// The calendar in force: the file that was taken last, or the one the room began with.
#[derive(Resource, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalendarFile {
    /// Its name, hash and text; `None` while the one the room began with is in force.
    pub file: Option<Arc<RoomFile>>,
    /// When it was taken.
    pub at: Stamp,
    /// The file that was refused since: when and why.
    pub refused: Option<(Stamp, String)>,
    /// Years whose official days off are known.
    pub years: BTreeSet<i16>,
}

impl RoomState for CalendarFile {
    const NAME: &'static str = "casework.calendar";
}

impl CalendarFile {
    /// The year whose days off are needed now or soon and are not known.
    #[must_use]
    pub fn uncovered(&self, now: Stamp) -> Option<i16> {
        let year = |at: Stamp| at.local().year();
        [year(now), year(now + AHEAD_MS)].into_iter().find(|y| !self.years.contains(y))
    }

    /// Since when a year that is not known is needed.
    #[must_use]
    pub fn needed_since(&self, year: i16) -> Stamp {
        let first = Date::new(year, 1, 1).map_or(Stamp(0), |d| Stamp::from_local(d.to_datetime(Time::midnight())));
        (first + -AHEAD_MS).max(self.at)
    }
}

/// The calendar a room began with, and the hash of the file that is made ready in its rules; empty for the first.
#[derive(Resource, Clone)]
pub(crate) struct FirstCalendar {
    pub calendar: Calendar,
    pub ready: String,
}

pub(crate) fn follow(
    clock: Res<Clock>,
    inbox: Res<Inbox>,
    mut first: ResMut<FirstCalendar>,
    mut rules: ResMut<Rules>,
    mut taken: ResMut<CalendarFile>,
    mut outbox: ResMut<Outbox>,
) {
    let wanted = taken.file.as_ref().map_or("", |f| f.hash.as_str());
    if first.ready != wanted {
        // It was taken, so it can be read.
        let read = taken.file.as_ref().and_then(|f| Calendar::parse(&f.name, &f.text).ok());
        first.ready = wanted.to_owned();
        let calendar = read.unwrap_or_else(|| first.calendar.clone());
        put(&mut rules, calendar);
    }
    if taken.years != rules.0.calendar.years {
        taken.years = rules.0.calendar.years.clone();
    }
    for input in &inbox.inputs {
        let Input::File(file) = input else { continue };
        if file.kind != CALENDAR {
            continue;
        }
        let refused = match Calendar::parse(&file.name, &file.text) {
            Ok(calendar) => {
                let years = calendar.years.clone();
                put(&mut rules, calendar);
                first.ready.clone_from(&file.hash);
                *taken = CalendarFile { file: Some(Arc::new(file.clone())), at: clock.now, refused: None, years };
                String::new()
            }
            Err(error) => {
                taken.refused = Some((clock.now, error.to_string()));
                error.to_string()
            }
        };
        let days = rules.0.calendar.holidays.len() + rules.0.calendar.workdays.len();
        let rules = u32::try_from(days).unwrap_or(u32::MAX);
        outbox.tell(Event::RulesChanged { name: file.name.clone(), hash: file.hash.clone(), rules, refused });
    }
}

fn put(rules: &mut Rules, calendar: Calendar) {
    Arc::make_mut(&mut rules.0).calendar = calendar;
}
