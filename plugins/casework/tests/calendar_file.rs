//! A calendar file is taken while the room runs: whole or not at all, and part of the truth.

mod common;

use common::*;
use guanlan_casework::CalendarFile;
use guanlan_core::{Command, Event, Input, Role, Stamp, input::RoomFile};

const FILE: &str = r#"schema = 1
years = [2026, 2027]
hours = [["08:00", "12:00"], ["14:00", "18:00"]]
holiday = ["2026-07-01..2026-07-03", "2027-01-01"]
"#;

fn file(hash: &str, text: &str) -> Input {
    Input::File(RoomFile { kind: "calendar".into(), name: "my.toml".into(), hash: hash.into(), text: text.into() })
}

fn taken(room: &Room) -> &CalendarFile {
    room.app.world().resource::<CalendarFile>()
}

/// Deadline of a case of four working hours that is assigned now.
fn deadline(room: &mut Room) -> String {
    let report = Command::ReportCase { code: "06-010".into(), text: "垃圾".into(), east_m: 50.0, north_m: 50.0 };
    let case: guanlan_core::CaseId =
        room.order("xun", Role::Collector, report).unwrap()["case"].as_str().unwrap().into();
    room.order("shou", Role::Acceptor, Command::RegisterCase { case: case.clone() }).unwrap();
    let order = Command::AssignCase { case, org: "ORG-SAN".into() };
    room.order("pai", Role::Dispatcher, order).unwrap()["deadline"].as_str().unwrap()[..10].to_owned()
}

#[test]
fn a_calendar_file_is_taken_and_a_year_without_one_is_known() {
    let mut room = Room::people();
    room.tick(1, vec![]);
    let at = |text: &str| Stamp::parse(text).unwrap();
    assert_eq!(taken(&room).uncovered(at("2026-11-01T00:00:00+08:00")), None);
    assert_eq!(taken(&room).uncovered(at("2026-11-22T00:00:00+08:00")), Some(2027), "said before the year begins");
    assert_eq!(taken(&room).uncovered(at("2027-06-01T00:00:00+08:00")), Some(2027));
    assert_eq!(taken(&room).uncovered(at("2025-06-01T00:00:00+08:00")), Some(2025));
    let told = room.tick(1, vec![file("a", FILE)]);
    assert!(told.iter().any(|e| matches!(e, Event::RulesChanged { refused, .. } if refused.is_empty())), "{told:?}");
    assert_eq!(taken(&room).uncovered(at("2026-12-31T00:00:00+08:00")), None);
    let told = room.tick(1, vec![file("b", &FILE.replace("2027-01-01", "New Year"))]);
    let why = told.iter().find_map(|e| match e {
        Event::RulesChanged { refused, .. } => Some(refused.clone()),
        _ => None,
    });
    assert!(why.is_some_and(|w| w.starts_with("my.toml: holiday：应为 YYYY-MM-DD")), "{told:?}");
    assert_eq!(taken(&room).file.as_ref().map(|f| f.hash.as_str()), Some("a"));
    // Wednesday 1 July is a day off now: Monday is the next working day. The same after a restore and in a fork.
    let mut restored = room.restored(&room.save());
    let mut fork = room.forked();
    for other in [&mut room, &mut restored, &mut fork] {
        assert_eq!(deadline(other), "2026-07-06");
    }
    assert!(room.hash() == restored.hash() && room.hash() == fork.hash());
}
