//! The workflow in a room: what alerts, citizens, people and crews do to cases.

mod common;

use common::*;
use guanlan_casework::{Case, CaseKpis, can_dispatch};
use guanlan_core::{
    AlertLevel::{Blue, Normal, Red, Yellow},
    Command, Mode, ObservedProperty as P, RefusalKind, Role, Stamp,
    input::UnitStatus,
};

/// The whole way by hand: report, register, assign, handle, verify by another, close.
#[test]
fn a_case_goes_the_whole_way_through_commands() {
    let mut room = Room::people();
    let report =
        Command::ReportCase { code: "06-010".into(), text: "路口垃圾".into(), east_m: 50.0, north_m: 50.0 };
    let answer = room.order("xun", Role::Collector, report).unwrap();
    let id = room.only();
    assert_eq!(answer["case"], "GL202607010001");
    assert_eq!(answer["state"], "pending_register");
    assert_eq!(room.case(&id).grid, GRID);
    assert_eq!(room.case(&id).place.zh, "河东社区");

    let refused = room.order("lin", Role::Leader, Command::RegisterCase { case: id.clone() }).unwrap_err();
    assert_eq!(refused.kind, RefusalKind::Forbidden);
    room.order("shou", Role::Acceptor, Command::RegisterCase { case: id.clone() }).unwrap();
    assert_eq!(room.state(&id), "pending_dispatch");

    let unknown = Command::AssignCase { case: id.clone(), org: "ORG-NO".into() };
    assert_eq!(room.order("pai", Role::Dispatcher, unknown).unwrap_err().kind, RefusalKind::NotFound);
    let assign = Command::AssignCase { case: id.clone(), org: "ORG-SAN".into() };
    let answer = room.order("pai", Role::Dispatcher, assign.clone()).unwrap();
    assert_eq!(answer["state"], "pending_handle");
    assert_eq!(answer["org"], "ORG-SAN");
    // 4 working hours from 09:00:04: over the noon break to 14:00 plus one hour and four seconds.
    assert_eq!(answer["deadline"], Stamp::parse("2026-07-01T15:00:05+08:00").unwrap().to_rfc3339());

    // The department sends it back; the dispatcher may then not pass it on to the acceptor.
    let back = Command::ReturnCase { case: id.clone(), reason: "不属我部门".into() };
    room.order("huan", Role::Department, back.clone()).unwrap();
    assert_eq!(room.state(&id), "pending_dispatch");
    let refused = room.order("pai", Role::Dispatcher, back).unwrap_err();
    assert!(refused.message.contains("改派其他部门"), "{}", refused.message);
    room.order("pai", Role::Dispatcher, assign).unwrap();

    let bare = Command::FinishCase { case: id.clone(), note: "已清运".into(), photo: String::new() };
    assert_eq!(room.order("huan", Role::Department, bare).unwrap_err().kind, RefusalKind::Invalid);
    assert_eq!(room.state(&id), "pending_handle", "a refused command leaves nothing behind");
    let finish = Command::FinishCase { case: id.clone(), note: "已清运".into(), photo: "after.jpg".into() };
    room.order("huan", Role::Department, finish.clone()).unwrap();
    assert_eq!(room.state(&id), "pending_check");

    let verify = |pass| Command::VerifyCase { case: id.clone(), pass, note: "看过".into() };
    let own = room.order("huan", Role::Collector, verify(true)).unwrap_err();
    assert!(own.message.contains("handler may not check"), "{}", own.message);
    room.order("xun", Role::Collector, verify(false)).unwrap();
    assert_eq!((room.state(&id), room.case(&id).rework), ("handling", 1));
    room.order("huan", Role::Department, finish).unwrap();
    room.order("xun", Role::Collector, verify(true)).unwrap();
    assert_eq!(room.state(&id), "pending_close");
    room.order("shou", Role::Acceptor, Command::CloseCase { case: id.clone() }).unwrap();
    assert_eq!(room.state(&id), "closed");
    let late = room.order("shou", Role::Acceptor, Command::CloseCase { case: id.clone() }).unwrap_err();
    assert_eq!(late.kind, RefusalKind::Conflict);

    let case = room.case(&id);
    assert!(case.history.windows(2).all(|w| w[0].to == w[1].from && w[0].at <= w[1].at), "an unbroken chain");
    assert_eq!(room.file().open().count(), 0);
    room.tick(60, vec![]);
    let kpis = &room.app.world().resource::<CaseKpis>().total;
    assert_eq!([kpis.reported, kpis.registered, kpis.handled, kpis.closed, kpis.closed_in_time], [1, 1, 1, 1, 1]);
    assert_eq!((kpis.reworked, kpis.returned, kpis.open), (1, 1, 0));
}

#[test]
fn a_red_files_registers_and_its_crew_carries_it_to_the_check() {
    let mut room = Room::people();
    let events = room.alert(red_water(1, [50.0, 50.0]));
    assert_eq!(moves(&events), ["reported>pending_register", "pending_register>accepted", "accepted>pending_dispatch"]);
    let id = room.only();
    let case = room.case(&id);
    assert_eq!((case.code.as_str(), case.level, case.place.zh.as_str()), ("10-999", Red, "河东下穿"));
    assert!(can_dispatch(case, Role::Dispatcher).is_ok());
    assert_eq!(can_dispatch(case, Role::Handler).unwrap_err().kind, RefusalKind::Forbidden);
    assert_eq!(can_dispatch(case, Role::Department).unwrap_err().kind, RefusalKind::Forbidden);

    let events = room.crew(sent(&id, "DRAIN-07"));
    assert_eq!(moves(&events), ["pending_dispatch>dispatched", "dispatched>pending_handle", "pending_handle>handling"]);
    assert_eq!(room.case(&id).org.as_ref().unwrap().as_str(), "ORG-DRAIN");
    // 2 urgent hours from the dispatch.
    assert_eq!(room.case(&id).deadline(), Some(room.now() + 2 * 3_600_000));
    room.crew(status(&id, "DRAIN-07", UnitStatus::Dispatched, UnitStatus::EnRoute, None));
    room.crew(status(&id, "DRAIN-07", UnitStatus::EnRoute, UnitStatus::OnScene, None));
    assert!(room.case(&id).milestones.on_scene.is_some());
    let suspend = Command::SuspendCase { case: id.clone(), until: room.now() + 1000, reason: "x".into() };
    assert!(room.order("zhi", Role::Supervisor, suspend).unwrap_err().message.contains("recall the crew"));
    let events = room.crew(status(&id, "DRAIN-07", UnitStatus::OnScene, UnitStatus::Clearing, Some("p.jpg")));
    assert_eq!(moves(&events), ["handling>handle_finish", "handle_finish>pending_check"]);
    room.crew(status(&id, "DRAIN-07", UnitStatus::Clearing, UnitStatus::Available, None));
    assert!(can_dispatch(room.case(&id), Role::Dispatcher).is_err());

    let verify = Command::VerifyCase { case: id.clone(), pass: true, note: String::new() };
    assert!(room.order("DRAIN-07", Role::Acceptor, verify.clone()).is_err());
    room.order("shou", Role::Acceptor, verify).unwrap();
    assert_eq!(room.state(&id), "closed", "a pass by the acceptor closes");
}

#[test]
fn a_recalled_crew_gives_the_case_back() {
    let mut room = Room::people();
    room.alert(red_water(1, [50.0, 50.0]));
    let id = room.only();
    room.crew(sent(&id, "DRAIN-07"));
    let events = room.crew(status(&id, "DRAIN-07", UnitStatus::EnRoute, UnitStatus::Available, None));
    assert_eq!(moves(&events), ["handling>pending_handle"]);
    assert!(room.case(&id).units.is_empty() && room.case(&id).handler.is_none());
    room.crew(sent(&id, "DRAIN-07"));
    room.crew(status(&id, "DRAIN-07", UnitStatus::EnRoute, UnitStatus::OnScene, None));
    room.crew(status(&id, "DRAIN-07", UnitStatus::OnScene, UnitStatus::Available, None));
    assert_eq!(room.state(&id), "pending_handle", "without a photo nothing is finished");
}

#[test]
fn alerts_file_by_rule_join_and_rise() {
    let mut room = Room::people();
    room.alert(alert(1, P::RoadWaterDepth, Normal, Yellow, [50.0, 50.0]));
    room.alert(alert(2, P::RainIntensity, Normal, Red, [50.0, 50.0]));
    assert_eq!(room.file().cases().len(), 0, "yellow water and red rain file nothing");

    room.alert(alert(3, P::CoverTilt, Normal, Yellow, [71.0, 70.0]));
    let id = room.only();
    assert_eq!(room.case(&id).code, "01-002", "the class of the cover that stands there");
    assert_eq!(room.state(&id), "pending_register");
    room.alert(alert(3, P::CoverTilt, Yellow, Red, [71.0, 70.0]));
    assert_eq!((room.case(&id).level, room.state(&id)), (Red, "pending_dispatch"));
    room.alert(alert(3, P::CoverTilt, Red, Blue, [71.0, 70.0]));
    assert_eq!(room.case(&id).level, Red, "a case's level never falls");

    room.alert(red_water(4, [50.0, 50.0]));
    room.alert(red_water(5, [50.0, 90.0]));
    assert_eq!(room.file().cases().len(), 2, "40 m apart is the same water");
    assert_eq!(room.file().of_alert(guanlan_core::AlertId(5)).unwrap().reports.len(), 1);
    room.alert(red_water(6, [50.0, 101.0]));
    assert_eq!(room.file().cases().len(), 3, "51 m apart is not");
    let cover = Command::CancelCase { case: id, reason: "误报".into() };
    room.order("zhi", Role::Supervisor, cover).unwrap();
    room.alert(alert(3, P::CoverTilt, Red, Yellow, [71.0, 70.0]));
    assert_eq!(room.file().cases().len(), 3, "a falling alert opens nothing");
    room.tick(24 * 3600 + 1, vec![]);
    room.alert(red_water(7, [50.0, 50.0]));
    assert_eq!(room.file().cases().len(), 4, "more than a day later is not");
}

#[test]
fn citizens_reports_are_taken_once() {
    let mut room = Room::people();
    room.tick(1, vec![citizen("r1", "", "井盖不见了", [10.0, 10.0]), citizen("r1", "", "井盖不见了", [10.0, 10.0])]);
    let id = room.only();
    assert_eq!(room.case(&id).code, "01-003");
    assert_eq!(room.state(&id), "pending_register");
    assert!(room.case(&id).reports.is_empty());
    room.tick(1, vec![citizen("r1", "", "井盖不见了", [10.0, 10.0]), citizen("r2", "01-003", "还没修", [12.0, 10.0])]);
    assert_eq!(room.case(&room.only()).reports.len(), 1);
    room.tick(1, vec![citizen("r3", "77-777", "……", [500.0, 500.0])]);
    assert_eq!(room.file().of_report("r3").map(|id| room.case(id).code.as_str()), Some("10-990"));
}

#[test]
fn suspension_stops_the_clock_and_extension_lengthens_it() {
    let mut room = Room::people();
    room.alert(red_water(1, [50.0, 50.0]));
    let id = room.only();
    room.order("pai", Role::Dispatcher, Command::AssignCase { case: id.clone(), org: "ORG-DRAIN".into() }).unwrap();
    let first = room.case(&id).deadline().unwrap();
    let extend = Command::ExtendCase { case: id.clone(), reason: "雨未停".into() };
    assert_eq!(room.order("huan", Role::Department, extend.clone()).unwrap_err().kind, RefusalKind::Forbidden);
    room.order("pai", Role::Dispatcher, extend.clone()).unwrap();
    room.order("zhi", Role::Supervisor, extend.clone()).unwrap();
    assert_eq!(room.case(&id).deadline(), Some(first + 2 * 2 * 3_600_000));
    assert_eq!(room.order("zhi", Role::Supervisor, extend).unwrap_err().kind, RefusalKind::Conflict);

    room.crew(sent(&id, "DRAIN-07"));
    room.crew(status(&id, "DRAIN-07", UnitStatus::EnRoute, UnitStatus::OnScene, None));
    room.crew(status(&id, "DRAIN-07", UnitStatus::OnScene, UnitStatus::Clearing, Some("p.jpg")));
    let verify = Command::VerifyCase { case: id.clone(), pass: false, note: "仍有积水".into() };
    room.order("xun", Role::Collector, verify).unwrap();
    assert_eq!(room.state(&id), "handling");
    let left = room.case(&id).deadline().unwrap() - room.now();
    let suspend = |until: Stamp| Command::SuspendCase { case: id.clone(), until, reason: "等配件".into() };
    let (now, day) = (room.now(), 86_400_000);
    assert_eq!(room.order("zhi", Role::Supervisor, suspend(now + 367 * day)).unwrap_err().kind, RefusalKind::Invalid);
    room.order("zhi", Role::Supervisor, suspend(now + day)).unwrap();
    assert_eq!((room.state(&id), room.case(&id).deadline()), ("suspended", None));
    assert!(can_dispatch(room.case(&id), Role::Dispatcher).is_err());
    room.tick(23 * 3600, vec![]);
    assert_eq!(room.state(&id), "suspended");
    room.tick(3600, vec![]);
    assert_eq!(room.state(&id), "handling");
    // Two commands of one second each went by before the clock stood.
    assert_eq!(room.case(&id).deadline().unwrap() - room.now(), left - 2000);
    room.order("zhi", Role::Supervisor, Command::CancelCase { case: id.clone(), reason: "重复".into() }).unwrap();
    assert_eq!(room.state(&id), "cancelled");
}

#[test]
fn an_exercise_numbers_apart_and_never_joins_the_real() {
    let mut live = Room::people();
    live.alert(red_water(1, [50.0, 50.0]));
    let mut drill = Room::new(rules(), Mode::Exercise).restored(&live.save());
    drill.app.world_mut().resource_mut::<guanlan_tick::Clock>().mode = Mode::Exercise;
    drill.alert(red_water(2, [50.0, 50.0]));
    let ids: Vec<&str> = drill.file().cases().keys().map(|id| id.as_str()).collect();
    assert_eq!(ids, ["GL202607010001", "YL-GL202607010002"]);
}

fn simulated() -> guanlan_casework::CaseRules {
    let mut rules = rules();
    rules.auto_seats =
        [Role::Collector, Role::Acceptor, Role::Dispatcher, Role::Department, Role::Handler].into_iter().collect();
    rules
}

#[test]
fn empty_seats_are_filled_after_a_while_and_given_up_to_people() {
    let mut room = Room::new(simulated(), Mode::Demo);
    room.tick(1, vec![citizen("r1", "06-010", "垃圾", [50.0, 50.0])]);
    let id = room.only();
    room.tick(50, vec![]);
    assert_eq!(room.state(&id), "pending_register", "not before a minute");
    for _ in 0..14 {
        room.tick(10, vec![]);
    }
    assert_ne!(room.state(&id), "pending_register", "not later than three minutes");
    for _ in 0..8 * 360 {
        room.tick(10, vec![]);
    }
    let case = room.case(&id);
    assert_eq!(case.state.key(), "closed");
    assert_eq!(case.org.as_ref().unwrap().as_str(), "ORG-EAST-SAN", "the smallest responsible area");
    let actors: Vec<&str> = case.history.iter().map(|h| h.actor.as_str()).collect();
    for seat in ["sim:acceptor", "sim:dispatcher", "sim:department", "sim:handler", "sim:collector"] {
        assert!(actors.contains(&seat), "{seat} in {actors:?}");
    }

    // A person in the seat: the simulation leaves it alone for ten minutes.
    let mut room = Room::new(simulated(), Mode::Demo);
    room.tick(1, vec![citizen("r1", "06-010", "垃圾", [50.0, 50.0]), citizen("r2", "06-010", "垃圾", [500.0, 50.0])]);
    let ids: Vec<_> = room.file().cases().keys().cloned().collect();
    room.order("shou", Role::Acceptor, Command::RegisterCase { case: ids[0].clone() }).unwrap();
    for _ in 0..59 {
        room.tick(10, vec![]);
        assert_eq!(room.state(&ids[1]), "pending_register");
    }
    room.tick(20, vec![]);
    assert_ne!(room.state(&ids[1]), "pending_register");
}

/// HOUSE §1: straight run ≡ snapshot at tick k and restore ≡ fork at tick k.
#[test]
fn fork_gate() {
    let script = |room: &mut Room, from: usize, to: usize| {
        for n in from..to {
            let place = [50.0 + 60.0 * (n % 7) as f64, 50.0];
            let find = |room: &Room, wanted: fn(&Case) -> bool| {
                room.file().open().find(|case| wanted(case)).map(|case| case.id.clone())
            };
            let first = find(room, |_| true);
            let under_way = find(room, |case| !case.units.is_empty());
            let there = find(room, |case| !case.arrived.is_empty());
            match (n % 10, first, under_way, there) {
                (0, ..) => room.alert(red_water(n as u64, place)),
                (1, ..) => room.tick(20, vec![citizen(&format!("r{n}"), "", "垃圾满溢", place)]),
                (2, Some(id), ..) => room.crew(sent(&id, "DRAIN-07")),
                (5, _, Some(id), _) => {
                    room.crew(status(&id, "DRAIN-07", UnitStatus::EnRoute, UnitStatus::OnScene, None))
                }
                (7, .., Some(id)) => {
                    room.crew(status(&id, "DRAIN-07", UnitStatus::OnScene, UnitStatus::Clearing, Some("p")))
                }
                _ => room.tick(45, vec![]),
            };
        }
    };
    let mut straight = Room::new(simulated(), Mode::Demo);
    script(&mut straight, 0, 130);
    let mut restored = straight.restored(&straight.save());
    let mut forked = straight.forked();
    let at_fork = straight.hash();
    assert_eq!(at_fork, restored.hash());
    assert_eq!(at_fork, forked.hash());
    script(&mut straight, 130, 300);
    script(&mut restored, 130, 300);
    script(&mut forked, 130, 300);
    assert_ne!(at_fork, straight.hash(), "the run goes on");
    assert_eq!(straight.hash(), restored.hash());
    assert_eq!(straight.hash(), forked.hash());
    assert!(straight.file().cases().values().any(|case| case.state.key() == "closed"));
}
