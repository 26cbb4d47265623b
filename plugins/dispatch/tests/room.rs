//! Dispatch in a room: the spine from case to free crew, guards, closures, replanning, and the fork gate.

mod support;

use std::sync::Arc;

use guanlan_core::{
    AlertLevel, Bilingual, Command, Event, Input, Mode, ObservedProperty, RefusalKind, Role, UnitId,
    input::{UnitReport, UnitStatus as S},
};
use guanlan_dispatch::{OpenCases, Outcome, Recommendations, RoadState, SimulatedCrews, UnitRoster};
use guanlan_tick::StateRegistry;
use support::*;

const CASE: &str = "YL-GL202607010001";
/// North of the railway, in the street of the underpass.
const PLACE: [f64; 2] = [200.0, 1000.0];
const UNDERPASS: [f64; 4] = [150.0, 450.0, 250.0, 550.0];

fn send(unit: &str, reason: &str) -> Command {
    Command::DispatchUnit { case: CASE.into(), unit: unit.into(), reason: reason.into() }
}

fn refused(reply: guanlan_core::Reply) -> (RefusalKind, String) {
    let refusal = reply.result.unwrap_err();
    assert!(refusal.message.contains(" / "), "both languages: {}", refusal.message);
    (refusal.kind, refusal.message)
}

fn room(mode: Mode, simulate: bool) -> Room {
    Room::new(&Arc::new(river_town()), mode, simulate)
}

#[test]
fn from_case_to_free_crew() {
    let mut room = room(Mode::Demo, true);
    room.quiet(2);
    room.tick(vec![], vec![opened(CASE, "10-999", PLACE)]);
    let advice = Arc::clone(&room.state::<Recommendations>().cases[CASE]);
    let ids: Vec<&str> = advice.picks.iter().map(|p| p.unit.as_str()).collect();
    assert_eq!(ids.len(), 3);
    assert!(ids[0] == "DRAIN-01" || ids[0] == "DRAIN-03", "the near crews first: {ids:?}");
    for pick in &advice.picks {
        let sum: f64 = pick.terms.iter().map(|t| t.contribution).sum();
        assert!((sum - pick.score).abs() < 1e-9 && pick.terms.len() == 5);
        assert!(pick.eta_s > 80.0 && pick.route_m > 0.0 && !pick.why.zh.is_empty() && !pick.why.en.is_empty());
    }
    assert!(advice.picks.windows(2).all(|w| w[0].score <= w[1].score));
    assert!(advice.excluded.iter().any(|(u, why)| u.as_str() == "SAN-01" && why.zh.contains("无此技能")));

    let reply = room.order(Role::Dispatcher, "D-1", send("DRAIN-01", "")).result.unwrap();
    assert_eq!(reply["dispatch"], 1);
    let eta_s = reply["eta_s"].as_f64().unwrap();
    let unit = room.state::<UnitRoster>().get(&"DRAIN-01".into()).unwrap();
    assert_eq!(unit.status, S::Dispatched);
    assert!(unit.task.as_ref().unwrap().route.as_ref().unwrap().length_m > 900.0);
    assert!(!room.state::<Recommendations>().cases.contains_key(CASE), "a served case needs no advice");

    let sent = room.now();
    room.quiet(2);
    let mut arrived = None;
    for _ in 0..3600 {
        let (events, _) = room.tick(vec![], vec![]);
        if statuses(&events, "DRAIN-01").contains(&S::OnScene) {
            arrived = Some(room.now() - sent);
        }
        if statuses(&events, "DRAIN-01").contains(&S::Clearing) {
            break;
        }
    }
    let took_s = arrived.expect("it arrives") as f64 / 1000.0;
    assert!((took_s - eta_s).abs() < 0.25 * eta_s, "promised {eta_s} s, took {took_s} s");
    room.quiet(200);
    assert_eq!(statuses(&room.events, "DRAIN-01"), [S::Dispatched, S::EnRoute, S::OnScene, S::Clearing, S::Available]);
    let clearing = room.events.iter().find_map(|e| match e {
        Event::UnitStatusChanged { to: S::Clearing, note, photo, case, .. } => Some((note, photo, case)),
        _ => None,
    });
    let (note, photo, case) = clearing.unwrap();
    assert!(!note.is_empty() && photo.as_deref().is_some_and(|p| p.contains("DRAIN-01")));
    assert_eq!(case.as_ref().map(|c| c.as_str()), Some(CASE));
    let roster = room.state::<UnitRoster>();
    let done = &roster.assignments[0];
    assert!(done.en_route < done.on_scene && done.on_scene < done.cleared);
    assert_eq!(done.ended.map(|e| e.1), Some(Outcome::Done));
    assert_eq!(roster.refused_reports, 0);
    // It drives home with a trail behind it, and patrols wander.
    room.quiet(400);
    let figures = room.state::<guanlan_dispatch::DispatchFigures>();
    assert_eq!((figures.free, figures.busy, figures.off, figures.tasks), (7, 0, 0, 1));
    assert!(figures.coverage > 0.5 && (figures.fairness - 1.0 / 7.0).abs() < 1e-9, "{figures:?}");
    assert!((figures.response_s - took_s).abs() < 1.5);
    let roster = room.state::<UnitRoster>();
    let home = roster.get(&"DRAIN-01".into()).unwrap();
    let [x, y] = home.place_m.unwrap();
    assert!((x - 200.0).abs() < 5.0 && y.abs() < 5.0, "home again: {x} {y}");
    assert!(home.trail.len() > 10 && home.trail.len() <= 60);
    assert_ne!(roster.get(&"PAT-01".into()).unwrap().place_m, Some([600.0, 600.0]));
}

#[test]
fn who_may_send_whom() {
    let mut room = room(Mode::Demo, false);
    room.tick(vec![], vec![opened(CASE, "10-999", PLACE)]);
    room.quiet(1);
    assert_eq!(refused(room.order(Role::Collector, "C", send("DRAIN-01", ""))).0, RefusalKind::Forbidden);
    assert_eq!(refused(room.order(Role::Dispatcher, "D", send("NOBODY", ""))).0, RefusalKind::NotFound);
    let other = Command::DispatchUnit { case: "X".into(), unit: "DRAIN-01".into(), reason: String::new() };
    assert_eq!(refused(room.order(Role::Dispatcher, "D", other)).0, RefusalKind::NotFound);
    let (kind, words) = refused(room.order(Role::Dispatcher, "D", send("SAN-01", "")));
    assert!(kind == RefusalKind::Conflict && words.contains("无此技能"), "{words}");
    // Three of four drainage crews are recommended: the fourth needs a reason.
    let picks = &room.state::<Recommendations>().cases[CASE].picks;
    let fourth = ["DRAIN-01", "DRAIN-02", "DRAIN-03", "DRAIN-04"]
        .into_iter()
        .find(|u| picks.iter().all(|p| p.unit.as_str() != *u))
        .unwrap();
    let (kind, words) = refused(room.order(Role::Dispatcher, "D", send(fourth, " ")));
    assert!(kind == RefusalKind::Invalid && words.contains("理由"), "{words}");
    assert!(room.order(Role::Dispatcher, "D", send(fourth, "熟悉现场")).result.is_ok());
    assert_eq!(room.state::<UnitRoster>().assignments[0].reason, "熟悉现场");
    // A second crew only by the supervisor; with a reason even without the skill.
    let (kind, words) = refused(room.order(Role::Dispatcher, "D", send("DRAIN-01", "")));
    assert!(kind == RefusalKind::Conflict && words.contains(fourth), "{words}");
    assert_eq!(refused(room.order(Role::Dispatcher, "D", send(fourth, ""))).0, RefusalKind::Conflict);
    assert!(room.order(Role::Supervisor, "S", send("SAN-01", "封路")).result.is_ok());
    // Refusals are facts too.
    assert_eq!(room.events.iter().filter(|e| matches!(e, Event::CommandRefused { .. })).count(), 7);
    // A case that is being checked needs nobody.
    room.tick(vec![], vec![moved(CASE, "pending_check")]);
    assert_eq!(refused(room.order(Role::Supervisor, "S", send("DRAIN-01", "x"))).0, RefusalKind::Conflict);
}

#[test]
fn reports_follow_the_order_of_things() {
    let mut room = room(Mode::Demo, false);
    room.tick(vec![], vec![opened(CASE, "10-999", PLACE)]);
    let say = |status, note: &str, photo: Option<&str>| Command::ReportUnit {
        unit: "DRAIN-01".into(),
        status,
        note: note.into(),
        photo: photo.map(Into::into),
    };
    assert_eq!(refused(room.order(Role::Handler, "H", say(S::EnRoute, "", None))).0, RefusalKind::Conflict);
    room.order(Role::Dispatcher, "D", send("DRAIN-01", "近")).result.unwrap();
    assert_eq!(refused(room.order(Role::Leader, "L", say(S::EnRoute, "", None))).0, RefusalKind::Forbidden);
    assert_eq!(refused(room.order(Role::Handler, "H", say(S::OnScene, "", None))).0, RefusalKind::Conflict);
    room.order(Role::Leader, "DRAIN-01", say(S::EnRoute, "", None)).result.unwrap();
    room.order(Role::Handler, "H", say(S::OnScene, "", None)).result.unwrap();
    let recall = Command::RecallUnit { unit: "DRAIN-01".into(), reason: "误派".into() };
    assert_eq!(refused(room.order(Role::Dispatcher, "D", recall)).0, RefusalKind::Conflict);
    assert_eq!(refused(room.order(Role::Handler, "H", say(S::Clearing, "抽完", None))).0, RefusalKind::Invalid);
    room.order(Role::Handler, "H", say(S::Clearing, "抽完", Some("a.jpg"))).result.unwrap();
    room.order(Role::Handler, "H", say(S::Available, "", None)).result.unwrap();

    // By device: a lost message is filled in, a stranger's report is dropped.
    room.order(Role::Dispatcher, "D", send("DRAIN-02", "近")).result.unwrap();
    let dispatch = room.state::<UnitRoster>().get(&"DRAIN-02".into()).unwrap().task.as_ref().unwrap().dispatch;
    let report = |dispatch, status| {
        Input::UnitReport(UnitReport {
            unit: "DRAIN-02".into(),
            at: start(),
            status,
            dispatch,
            note: String::new(),
            photo: None,
        })
    };
    room.tick(vec![report(Some(guanlan_core::DispatchId(99)), S::EnRoute)], vec![]);
    assert_eq!(room.state::<UnitRoster>().refused_reports, 1);
    let (events, _) = room.tick(vec![report(Some(dispatch), S::OnScene)], vec![]);
    assert_eq!(statuses(&events, "DRAIN-02"), [S::EnRoute, S::OnScene]);
}

#[test]
fn recall_and_the_end_of_a_case_free_the_crew() {
    let mut room = room(Mode::Demo, false);
    room.tick(vec![], vec![opened(CASE, "10-999", PLACE)]);
    room.order(Role::Dispatcher, "D", send("DRAIN-01", "近")).result.unwrap();
    let recall = |reason: &str| Command::RecallUnit { unit: "DRAIN-01".into(), reason: reason.into() };
    assert_eq!(refused(room.order(Role::Dispatcher, "D", recall(""))).0, RefusalKind::Invalid);
    room.order(Role::Dispatcher, "D", recall("误派")).result.unwrap();
    assert_eq!(room.state::<UnitRoster>().assignments[0].ended.map(|e| e.1), Some(Outcome::Recalled));
    room.order(Role::Dispatcher, "D", send("DRAIN-01", "近")).result.unwrap();
    let (events, _) = room.tick(vec![], vec![moved(CASE, "cancelled")]);
    assert_eq!(statuses(&events, "DRAIN-01"), [S::Available]);
    assert!(room.state::<OpenCases>().cases.is_empty());
    assert_eq!(room.state::<UnitRoster>().assignments[1].ended.map(|e| e.1), Some(Outcome::Cancelled));
}

#[test]
fn strangers_old_fixes_and_stale_positions() {
    let mut room = room(Mode::Demo, false);
    let now = room.now();
    room.tick(vec![fix("phone-7", now, [300.0, 0.0]), fix("DRAIN-01", now, [210.0, 0.0])], vec![]);
    let stranger = room.state::<UnitRoster>().get(&"phone-7".into()).unwrap();
    assert!(stranger.spec.is_none() && stranger.place_m == Some([300.0, 0.0]));
    room.tick(vec![fix("DRAIN-01", now + -5000, [0.0, 0.0])], vec![]);
    room.tick(vec![fix("DRAIN-02", now + 3_600_000, [0.0, 0.0])], vec![]);
    let roster = room.state::<UnitRoster>();
    assert_eq!(roster.get(&"DRAIN-01".into()).unwrap().place_m, Some([210.0, 0.0]));
    assert_eq!(roster.refused_reports, 1);
    assert_eq!(roster.get(&"DRAIN-02".into()).unwrap().fixed, Some(room.now()), "a clock ahead counts as now");
    room.quiet(130);
    room.tick(vec![], vec![opened(CASE, "10-999", PLACE)]);
    let advice = &room.state::<Recommendations>().cases[CASE];
    assert!(advice.picks.iter().all(|p| p.unit.as_str() != "DRAIN-01"));
    assert!(advice.excluded.iter().any(|(u, why)| u.as_str() == "DRAIN-01" && why.zh.contains("定位")));
}

#[test]
fn a_red_gauge_closes_its_underpass_until_it_is_red_no_more() {
    let mut room = room(Mode::Demo, false);
    let alert = |from, to, value, place| Event::AlertChanged {
        alert: guanlan_core::AlertId(1),
        sensor: "W-1".into(),
        property: ObservedProperty::RoadWaterDepth,
        from,
        to,
        value,
        threshold: 27.0,
        rule: "road-water@1".into(),
        place_m: Some(place),
        place: Bilingual::default(),
    };
    let under = edge(&river_town(), (1, 2), (1, 3));
    let (events, _) = room.tick(vec![], vec![alert(AlertLevel::Normal, AlertLevel::Yellow, 16.0, [210.0, 500.0])]);
    assert_eq!(events.len(), 1);
    let (events, _) = room.tick(vec![], vec![alert(AlertLevel::Yellow, AlertLevel::Red, 29.0, [210.0, 500.0])]);
    assert!(
        matches!(&events[1..], [Event::RoadClosed { edge, depth_m, cause, .. }]
            if *edge == under && (*depth_m - 0.29).abs() < 1e-6 && cause == "water"),
        "{events:?}"
    );
    // An estimate that says "dry" does not open what a gauge has closed; nor does an officer.
    let (events, _) = room.tick(vec![water(start(), UNDERPASS, 0, true)], vec![]);
    assert!(events.is_empty());
    let open = Command::OpenRoad { edge: under, reason: "看过".into() };
    assert_eq!(refused(room.order(Role::Supervisor, "S", open)).0, RefusalKind::Conflict);
    let (events, _) = room.tick(vec![], vec![alert(AlertLevel::Red, AlertLevel::Blue, 20.0, [210.0, 500.0])]);
    assert!(matches!(&events[1..], [Event::RoadReopened { .. }]));
    // A gauge far from every underpass closes nothing.
    let (events, _) = room.tick(vec![], vec![alert(AlertLevel::Blue, AlertLevel::Red, 29.0, [800.0, 200.0])]);
    assert_eq!(events.len(), 1);
}

#[test]
fn a_crew_on_its_way_turns_round_at_a_closed_road() {
    let mut room = room(Mode::Exercise, true);
    let city = river_town();
    let (under, bridge) = (edge(&city, (1, 2), (1, 3)), edge(&city, (6, 2), (6, 3)));
    room.tick(vec![], vec![opened(CASE, "10-999", PLACE)]);
    room.order(Role::Dispatcher, "D", send("DRAIN-03", "近")).result.unwrap();
    room.quiet(100);
    let task = |room: &Room| room.state::<UnitRoster>().get(&"DRAIN-03".into()).unwrap().task.clone().unwrap();
    let edges = |room: &Room| -> Vec<u32> { task(room).route.as_ref().unwrap().legs.iter().map(|l| l.edge).collect() };
    assert!(edges(&room).contains(&under));
    let now = room.now();
    let before = task(&room).arrival;
    let (events, _) = room.tick(vec![water(now, UNDERPASS, 400, false)], vec![]);
    assert!(events.iter().any(|e| matches!(e, Event::RoadClosed { edge, .. } if *edge == under)));
    assert!(edges(&room).contains(&bridge) && !edges(&room).contains(&under));
    assert!(task(&room).reroutes == 1 && task(&room).arrival > before);
    // The bridge goes too: no way, the crew waits; the road opens, it goes on and arrives.
    room.order(Role::Supervisor, "S", Command::CloseRoad { edge: bridge, reason: "事故".into() }).result.unwrap();
    assert!(task(&room).route.is_none());
    room.quiet(5);
    let stuck = room.state::<UnitRoster>().get(&"DRAIN-03".into()).unwrap().place_m;
    room.quiet(20);
    assert_eq!(room.state::<UnitRoster>().get(&"DRAIN-03".into()).unwrap().place_m, stuck);
    let reply = room.order(Role::Dispatcher, "D", Command::OpenRoad { edge: bridge, reason: "清障".into() });
    assert_eq!(reply.result.unwrap()["closed"], false);
    room.quiet(900);
    assert!(statuses(&room.events, "DRAIN-03").contains(&S::OnScene));
    assert!(room.state::<RoadState>().is_closed(under));
}

#[test]
fn a_drill_forked_from_a_room_with_real_crews_goes_on_with_model_crews() {
    let city = Arc::new(river_town());
    let mut live = Room::new(&city, Mode::Demo, false);
    live.tick(vec![], vec![opened(CASE, "10-999", PLACE), opened("YL-2", "06-010", [900.0, 800.0])]);
    live.order(Role::Dispatcher, "D", send("DRAIN-01", "近")).result.unwrap();
    let sanitation = Command::DispatchUnit { case: "YL-2".into(), unit: "SAN-01".into(), reason: "近".into() };
    live.order(Role::Dispatcher, "D2", sanitation).result.unwrap();
    let say = |unit: &str, status| {
        let (note, photo, dispatch) = (String::new(), None, None);
        Input::UnitReport(UnitReport { unit: unit.into(), at: start(), status, dispatch, note, photo })
    };
    let now = live.now();
    live.tick(
        vec![say("DRAIN-01", S::EnRoute), fix("DRAIN-01", now, [200.0, 310.0]), say("SAN-01", S::OnScene)],
        vec![],
    );
    let mut drill = Room::new(&city, Mode::Exercise, true);
    let clock = *live.state::<guanlan_tick::Clock>();
    let world = live.app.world();
    world.resource::<StateRegistry>().copy(world, drill.app.world_mut());
    drill.app.insert_resource(guanlan_tick::Clock { mode: Mode::Exercise, ..clock });
    drill.quiet(30);
    let place = drill.state::<UnitRoster>().get(&"DRAIN-01".into()).unwrap().place_m.unwrap();
    assert!(place[1] > 350.0 && place[1] < 800.0, "drives on from where it was: {place:?}");
    drill.quiet(4200);
    for unit in ["DRAIN-01", "SAN-01"] {
        assert_eq!(statuses(&drill.events, unit).last(), Some(&S::Available), "{unit}");
    }
    assert_eq!(statuses(&live.events, "DRAIN-01"), [S::Dispatched, S::EnRoute], "the live room knows nothing of it");
}

/// A stormy hour: cases, commands, water, fixes.
fn script(room: &mut Room, tick: usize) {
    let now = room.now();
    let mut inputs = Vec::new();
    let mut facts = Vec::new();
    let command = |room: &Room, n: usize, role, command| {
        Input::Command(guanlan_core::CommandEnvelope {
            id: format!("c-{n}").into(),
            actor: "D".into(),
            role,
            at: room.now(),
            command,
        })
    };
    match tick {
        5 => facts.push(opened(CASE, "10-999", PLACE)),
        8 => inputs.push(command(room, tick, Role::Dispatcher, send("DRAIN-01", "近"))),
        20 => facts.push(opened("YL-2", "06-010", [900.0, 800.0])),
        25 => {
            let to = Command::DispatchUnit { case: "YL-2".into(), unit: "SAN-01".into(), reason: "近".into() };
            inputs.push(command(room, tick, Role::Supervisor, to));
        }
        60 | 90 | 120 | 400 => {
            let depth = [(60, 120), (90, 310), (120, 460), (400, 40)].into_iter().find(|d| d.0 == tick).unwrap().1;
            inputs.push(water(now, UNDERPASS, depth, false));
        }
        150 => {
            inputs.push(command(room, tick, Role::Supervisor, Command::CloseRoad { edge: 3, reason: "演练".into() }))
        }
        700 => facts.push(moved(CASE, "closed")),
        _ => {}
    }
    if tick % 7 == 0 {
        inputs.push(fix("phone-7", now, [(tick % 900) as f64, 200.0]));
    }
    room.tick(inputs, facts);
}

#[test]
fn straight_run_equals_snapshot_and_fork() {
    let city = Arc::new(river_town());
    const END: usize = 900;
    for k in [10, 95, 140, 333, 705] {
        let mut straight = Room::new(&city, Mode::Exercise, true);
        let mut restored = Room::new(&city, Mode::Exercise, true);
        let mut forked = Room::new(&city, Mode::Exercise, true);
        for tick in 0..END {
            if tick == k {
                let clock = *straight.state::<guanlan_tick::Clock>();
                let world = straight.app.world();
                let registry = world.resource::<StateRegistry>();
                let saved = registry.save(world).unwrap();
                registry.copy(world, forked.app.world_mut());
                forked.app.insert_resource(clock);
                restored.app.insert_resource(clock);
                restored.app.world_mut().resource_scope(|world, registry: bevy_ecs::prelude::Mut<StateRegistry>| {
                    registry.load(world, &saved).unwrap();
                });
                assert_eq!(straight.hash(), restored.hash());
                assert_eq!(straight.hash(), forked.hash());
            }
            script(&mut straight, tick);
            if tick >= k {
                script(&mut restored, tick);
                script(&mut forked, tick);
            }
        }
        assert_eq!(straight.hash(), restored.hash(), "restored at {k}");
        assert_eq!(straight.hash(), forked.hash(), "forked at {k}");
        assert!(!straight.state::<SimulatedCrews>().patrols.is_empty());
        let done = straight.state::<UnitRoster>().get(&UnitId::from("SAN-01")).unwrap().tasks_today;
        assert_eq!(done, 1);
    }
}

#[test]
fn fixes_count_as_soon_as_a_clock_is_set_back() {
    let mut room = room(Mode::Demo, false);
    let unit = |room: &Room| room.state::<UnitRoster>().get(&"DRAIN-01".into()).unwrap().place_m;
    let told = room.now() + 1000;
    room.tick(vec![fix("DRAIN-01", told, [1.0, 1.0])], vec![]);
    assert_eq!(unit(&room), Some([1.0, 1.0]));
    // The clock had jumped ahead by an hour before; now it is right, and the room waits for it.
    let true_time = told + -3_600_000 + 1000;
    room.tick(vec![fix("DRAIN-01", true_time, [2.0, 2.0])], vec![]);
    assert_eq!(unit(&room), Some([1.0, 1.0]), "nothing is known of the clock: an old fix");
    room.tick(vec![clock_ahead(3_600_000), fix("DRAIN-01", true_time + 1000, [3.0, 3.0])], vec![]);
    assert_eq!(unit(&room), Some([3.0, 3.0]));
    room.tick(vec![fix("DRAIN-01", true_time + -5000, [4.0, 4.0])], vec![]);
    assert_eq!(unit(&room), Some([3.0, 3.0]), "late is still late");
}
