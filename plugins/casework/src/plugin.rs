//! Casework in a room: alerts, reports and commands in (Respond), crews' work and figures (Publish).

use std::sync::Arc;

use bevy_app::prelude::*;
use bevy_ecs::prelude::*;
use guanlan_city::City;
use guanlan_core::{AlertLevel, Event, Input, Mode, Role, Stamp};
use guanlan_tick::{Clock, Inbox, Outbox, RoomAppExt, RoomSystems, RoomTick};
use jiff::civil::Time;

use crate::{
    auto::SIMULATED,
    calendar_file::{self, CalendarFile, FirstCalendar},
    commands,
    file::CaseFile,
    intake::{AlertNews, Desk},
    kpi::{self, CaseKpis},
    rules::{CaseRules, Rules},
    site::Site,
    units::CrewNews,
};

/// Figures are counted at most this often while cases change, and at least every minute.
const KPI_CHANGED_MS: i64 = 5_000;
const KPI_ALWAYS_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 3_600_000;

/// Adds casework to a room.
pub struct CaseworkPlugin {
    /// The static city: grids, names, organisations, crews.
    pub city: Arc<City>,
    /// The city's rules.
    pub rules: CaseRules,
}

impl Plugin for CaseworkPlugin {
    fn build(&self, app: &mut App) {
        app.insert_resource(Site::new(self.city.clone()))
            .insert_resource(Rules(Arc::new(self.rules.clone())))
            .insert_resource(FirstCalendar { calendar: self.rules.calendar.clone(), ready: String::new() })
            .register_room_state::<CalendarFile>()
            .register_room_state::<CaseFile>()
            .register_room_state::<CaseKpis>()
            .add_systems(RoomTick, (calendar_file::follow, respond).chain().in_set(RoomSystems::Respond))
            .add_systems(RoomTick, (follow_crews, publish_kpis).chain().in_set(RoomSystems::Publish));
    }
}

fn respond(
    clock: Res<Clock>,
    inbox: Res<Inbox>,
    rules: Res<Rules>,
    site: Res<Site>,
    mut outbox: ResMut<Outbox>,
    mut file: ResMut<CaseFile>,
) {
    let mut desk = Desk {
        file: &mut file,
        rules: &rules.0,
        site: &site,
        now: clock.now,
        exercise: clock.mode == Mode::Exercise,
        events: Vec::new(),
    };
    desk.resume();
    for event in &outbox.events {
        if let Some(news) = alert_news(event) {
            desk.alert(&news);
        }
    }
    outbox.events.append(&mut desk.events);
    for input in &inbox.inputs {
        match input {
            Input::Citizen(report) => desk.citizen(report),
            Input::Command(envelope) => {
                if envelope.role != Role::System && !envelope.actor.starts_with(SIMULATED) {
                    desk.file.taken.insert(envelope.role, clock.now);
                }
                if commands::ours(&envelope.command) {
                    let result = desk.command(envelope);
                    outbox.events.append(&mut desk.events);
                    outbox.answer(envelope, result);
                }
            }
            _ => {}
        }
    }
    desk.fill_seats(&clock);
    outbox.events.append(&mut desk.events);
}

fn alert_news(event: &Event) -> Option<AlertNews<'_>> {
    let Event::AlertChanged { alert, property, from, to, value, threshold, rule, place_m, place, .. } = event else {
        return None;
    };
    if from == to && *to != AlertLevel::Normal {
        return None;
    }
    Some(AlertNews {
        alert: *alert,
        property: *property,
        from: *from,
        to: *to,
        value: *value,
        threshold: *threshold,
        rule,
        place_m: *place_m,
        place,
    })
}

fn follow_crews(
    clock: Res<Clock>,
    rules: Res<Rules>,
    site: Res<Site>,
    mut outbox: ResMut<Outbox>,
    mut file: ResMut<CaseFile>,
) {
    let news: Vec<CrewNews> = outbox.events.iter().filter_map(CrewNews::of).collect();
    if news.is_empty() {
        return;
    }
    let mut desk = Desk {
        file: &mut file,
        rules: &rules.0,
        site: &site,
        now: clock.now,
        exercise: clock.mode == Mode::Exercise,
        events: Vec::new(),
    };
    for one in &news {
        desk.crew(one);
    }
    outbox.events.append(&mut desk.events);
}

fn publish_kpis(clock: Res<Clock>, file: Res<CaseFile>, mut kpis: ResMut<CaseKpis>) {
    let age = clock.now - kpis.at;
    let changed = kpis.version != file.version() && age >= KPI_CHANGED_MS;
    if !changed && age.abs() < KPI_ALWAYS_MS {
        return;
    }
    let midnight = Stamp::from_local(clock.now.local().date().to_datetime(Time::midnight()));
    let mut fresh = kpi::count(file.cases().values().map(AsRef::as_ref), midnight, midnight + DAY_MS, clock.now);
    fresh.version = file.version();
    *kpis = fresh;
}
