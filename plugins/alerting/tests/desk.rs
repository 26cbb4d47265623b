//! States, cards, inhibition, silences, shelves, the ladder and sound (DOMAIN §2.6), and rule files as inputs.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Room, at, reading, spec};
use guanlan_alerting::{AlertState, RuleSet, Rules, sha256};
use guanlan_city::model::SensorSpec;
use guanlan_core::{
    AlertId,
    AlertLevel::{self, Blue, Orange, Red, Yellow},
    Command, CommandEnvelope, Event, Input, ObservedProperty as P, RefusalKind, Role, Rung,
    input::RoomFile,
};

fn set(more: &str) -> RuleSet {
    RuleSet::parse(
        "desk.toml",
        &format!(
            "format = 1\n[[rule]]\nname = \"q\"\nversion = 1\nproperty = \"other\"\ntitle = {{ zh = \"试\", en = \"t\" }}\n\
             blue = 10\nyellow = 15\nred = 20\nhysteresis = 1\n{more}\n"
        ),
    )
    .unwrap()
}

fn order(id: &str, role: Role, command: Command) -> Input {
    Input::Command(CommandEnvelope { id: id.into(), actor: "chen".into(), role, at: at(0), command })
}

fn refused(room: &Room) -> RefusalKind {
    room.replies[0].result.as_ref().unwrap_err().kind
}

fn state(room: &Room, id: u64) -> AlertState {
    room.book().find(AlertId(id)).unwrap().state()
}

fn sounds(events: &[Event]) -> Vec<AlertLevel> {
    events.iter().filter_map(|e| if let Event::SoundDue { level, .. } = e { Some(*level) } else { None }).collect()
}

#[test]
fn a_shelf_has_an_owner_a_reason_an_end_and_hides_nothing_worse() {
    let mut room = Room::new(vec![spec("g", P::Other, 600)], &set(""));
    room.tick(0, vec![reading("g", 0, 16.0)]);
    let shelve = |minutes, reason: &str| Command::ShelveAlert { alert: AlertId(1), minutes, reason: reason.into() };
    for (role, command, kind) in [
        (Role::Leader, shelve(10, "x"), RefusalKind::Forbidden),
        (Role::Acceptor, shelve(10, "  "), RefusalKind::Invalid),
        (Role::Acceptor, shelve(481, "x"), RefusalKind::Invalid),
        (Role::Acceptor, Command::UnshelveAlert { alert: AlertId(1), reason: String::new() }, RefusalKind::Conflict),
    ] {
        room.tick(1, vec![order("x", role, command)]);
        assert_eq!(refused(&room), kind);
    }
    let events = room.tick(2, vec![order("a", Role::Acceptor, shelve(10, "探头检修"))]);
    assert!(events.iter().any(|e| matches!(e, Event::AlertShelved { until, .. } if *until == at(602))), "{events:?}");
    assert_eq!(state(&room, 1), AlertState::Shelved);
    assert_eq!(room.book().board().shelved()[0].shelved.as_ref().unwrap().reason, "探头检修");
    assert_eq!(room.book().board().groups[0].calling, 0);
    for t in [100, 400, 601] {
        assert!(room.tick(t, vec![reading("g", t, 16.0)]).is_empty(), "a shelved alert calls nobody");
    }
    let events = room.tick(602, vec![]);
    assert!(matches!(&events[0], Event::AlertUnshelved { actor, .. } if actor == "room"), "{events:?}");
    assert_eq!(state(&room, 1), AlertState::Firing);
    room.tick(603, vec![order("b", Role::Dispatcher, shelve(60, "again"))]);
    let events = room.tick(660, vec![reading("g", 660, 25.0)]);
    assert!(events.iter().any(|e| matches!(e, Event::AlertUnshelved { .. })), "red takes it up again: {events:?}");
    room.tick(661, vec![order("c", Role::Acceptor, shelve(5, "red"))]);
    assert_eq!(refused(&room), RefusalKind::Forbidden, "a red is the supervisor's to shelve");
    room.tick(662, vec![order("d", Role::Supervisor, shelve(5, "red"))]);
    let undo = Command::UnshelveAlert { alert: AlertId(1), reason: "mistake".into() };
    let events = room.tick(663, vec![order("e", Role::Supervisor, undo)]);
    assert!(events.iter().any(|e| matches!(e, Event::AlertUnshelved { actor, .. } if actor == "chen")));
}

#[test]
fn a_silence_matches_ends_and_lets_red_speak() {
    let mut room = Room::new(vec![spec("a", P::Other, 600), spec("b", P::Other, 600)], &set(""));
    let silence = |rule: &str, minutes, reason: &str| Command::SilenceAlerts {
        rule: rule.into(),
        property: String::new(),
        sensor: "a".into(),
        area: String::new(),
        up_to: Orange,
        minutes,
        reason: reason.into(),
    };
    for (role, command, kind) in [
        (Role::Dispatcher, silence("q", 5, "x"), RefusalKind::Forbidden),
        (Role::Supervisor, silence("q", 0, "x"), RefusalKind::Invalid),
        (Role::Supervisor, silence("q", 5, ""), RefusalKind::Invalid),
        (Role::Supervisor, Command::EndSilence { silence: 9, reason: String::new() }, RefusalKind::NotFound),
    ] {
        room.tick(0, vec![order("x", role, command)]);
        assert_eq!(refused(&room), kind);
    }
    let begun = room.tick(1, vec![order("a", Role::Supervisor, silence("q*", 5, "施工"))]);
    assert!(matches!(&begun[0], Event::SilenceBegun { silence: 1, matches, .. } if matches.contains("sensor a")));
    let events = room.tick(2, vec![reading("a", 2, 16.0), reading("b", 2, 16.0)]);
    assert_eq!((state(&room, 1), state(&room, 2)), (AlertState::Suppressed, AlertState::Firing));
    assert_eq!(sounds(&events), [Yellow]);
    assert_eq!(room.book().board().silences[0].reason, "施工");
    room.tick(3, vec![reading("a", 3, 25.0)]);
    assert_eq!(state(&room, 1), AlertState::Firing, "red speaks unless the silence says so");
    room.tick(4, vec![reading("a", 4, 16.0)]);
    assert_eq!(state(&room, 1), AlertState::Suppressed);
    let events = room.tick(301, vec![]);
    assert!(events.iter().any(|e| matches!(e, Event::SilenceEnded { silence: 1, actor, .. } if actor == "room")));
    assert_eq!(state(&room, 1), AlertState::Firing);
    room.tick(302, vec![order("b", Role::Supervisor, silence("", 5, "再次"))]);
    assert_eq!(state(&room, 1), AlertState::Suppressed);
    room.tick(303, vec![order("c", Role::Supervisor, Command::EndSilence { silence: 2, reason: "done".into() })]);
    assert_eq!(state(&room, 1), AlertState::Firing);
}

#[test]
fn a_red_speaks_for_lesser_alerts_of_its_thing() {
    let more = "[[rule]]\nname = \"slow\"\nversion = 1\nproperty = \"other\"\ntitle = { zh = \"慢\", en = \"s\" }\nyellow = 5\nhysteresis = 0\n";
    let mut room = Room::new(vec![spec("a", P::Other, 600), spec("b", P::Other, 600)], &set(more));
    room.tick(0, vec![reading("a", 0, 25.0), reading("b", 0, 6.0)]);
    let of = |room: &Room, sensor: &str, rule: &str| {
        room.book().active().iter().find(|a| a.sensor.as_str() == sensor && a.rule == rule).unwrap().clone()
    };
    let red = of(&room, "a", "q@1");
    let slow = of(&room, "a", "slow@1");
    assert_eq!(
        (slow.state(), slow.suppressed),
        (AlertState::Suppressed, Some(guanlan_alerting::Suppression::Inhibited(red.id)))
    );
    assert_eq!(of(&room, "b", "slow@1").state(), AlertState::Firing, "another thing");
    room.tick(60, vec![reading("a", 60, 16.0)]);
    assert_eq!(of(&room, "a", "slow@1").state(), AlertState::Firing, "no longer red");
}

#[test]
fn the_ladder_is_climbed_until_somebody_answers() {
    let mut room = Room::new(vec![spec("g", P::Other, 600)], &set(""));
    let rungs = |events: &[Event]| -> Vec<(Rung, String)> {
        let one = |e: &Event| match e {
            Event::AlertEscalated { to, actor, .. } => Some((*to, actor.clone())),
            _ => None,
        };
        events.iter().filter_map(one).collect()
    };
    let mut climbed = Vec::new();
    room.tick(0, vec![reading("g", 0, 25.0)]);
    for t in 1..=310 {
        climbed.extend(rungs(&room.tick(t, vec![])).into_iter().map(|r| (t, r.0)));
    }
    assert_eq!(climbed, [(60, Rung::Street), (180, Rung::District), (300, Rung::City)]);
    let card = room.book().board().groups[0].clone();
    assert_eq!((card.rung, card.next_rung_at, card.level), (Rung::City, None, Red));
    room.tick(311, vec![common::ack("a", Role::Supervisor, 1)]);
    assert_eq!(room.book().board().groups[0].rung, Rung::Community, "answered");
    for t in 312..700 {
        assert!(rungs(&room.tick(t, vec![])).is_empty());
    }
    // By hand, and back.
    room.tick(700, vec![reading("g", 700, 0.0)]);
    room.tick(701, vec![reading("g", 701, 16.0)]);
    let up = |reason: &str| Command::EscalateAlert { alert: AlertId(2), reason: reason.into() };
    room.tick(702, vec![order("x", Role::Handler, up(""))]);
    assert_eq!(refused(&room), RefusalKind::Invalid);
    let events = room.tick(703, vec![order("b", Role::Handler, up("水已没膝"))]);
    assert_eq!(rungs(&events), [(Rung::Street, "chen".to_owned())]);
    let down = Command::DeescalateAlert { alert: AlertId(2), reason: "误报".into() };
    room.tick(704, vec![order("c", Role::Handler, down.clone())]);
    assert_eq!(refused(&room), RefusalKind::Forbidden);
    assert_eq!(
        rungs(&room.tick(705, vec![order("d", Role::Supervisor, down)])),
        [(Rung::Community, "chen".to_owned())]
    );
}

#[test]
fn sound_is_for_what_is_new_or_worse_and_has_pauses() {
    let sensors: Vec<SensorSpec> = (0..40).map(|i| spec(&format!("s{i}"), P::Other, 600)).collect();
    let mut room = Room::new(sensors, &set(""));
    let mut heard = Vec::new();
    for t in 0..40 {
        // A new red every second.
        let events = room.tick(t, vec![reading(&format!("s{t}"), t, 25.0)]);
        heard.extend(sounds(&events).into_iter().map(|l| (t, l)));
    }
    assert_eq!(heard[0], (0, Red));
    assert!(heard.len() <= 4, "at most one in ten seconds: {heard:?}");
    assert_eq!(room.book().board().sound.seq, heard.len() as u64);
    let mut quiet = Room::new(vec![spec("b", P::Other, 600)], &set(""));
    assert!(sounds(&quiet.tick(0, vec![reading("b", 0, 11.0)])).is_empty(), "blue is silent");
}

#[test]
fn ten_thousand_breaches_are_at_most_twenty_cards() {
    let n = 10_000;
    let sensors: Vec<SensorSpec> = (0..n)
        .map(|i| {
            let p = [P::Other, P::Noise, P::BinFill, P::RoadWaterDepth, P::GasLel][i % 5];
            let mut s = spec(&format!("s{i}"), p, 600);
            s.place_m = Some([(i % 100) as f64 * 90.0, (i / 100) as f64 * 90.0]);
            s
        })
        .collect();
    let rules: String = ["noise", "bin_fill", "road_water_depth", "gas_lel"]
        .iter()
        .map(|p| {
            format!(
                "[[rule]]\nname = \"{}\"\nversion = 1\nproperty = \"{p}\"\ntitle = {{ zh = \"{p}\", en = \"{p}\" }}\nblue = 10\nred = 20\nhysteresis = 1\n",
                p.replace('_', "-")
            )
        })
        .collect();
    let mut room = Room::new(sensors, &set(&rules));
    // One lonely fire first: it keeps its own card as long as there is room.
    room.tick(0, vec![reading("s4", 0, 25.0)]);
    assert_eq!(room.book().board().groups.len(), 1);
    let events =
        room.tick(10, (0..n).map(|i| reading(&format!("s{i}"), 10, if i % 3 == 0 { 25.0 } else { 12.0 })).collect());
    let board = room.book().board().clone();
    assert_eq!(board.active.len(), n);
    assert!(!board.groups.is_empty() && board.groups.len() <= 20, "{} cards", board.groups.len());
    assert_eq!(board.groups.iter().map(|g| g.count()).sum::<u32>(), n as u32, "every alert is on one card");
    assert!(board.groups.iter().all(|g| g.head.len() <= 50 && g.level == Red));
    for a in board.active.iter().step_by(997) {
        assert_eq!(board.groups.iter().filter(|g| g.holds(a)).count(), 1);
    }
    assert!(sounds(&events).len() <= 1, "one sound, not ten thousand");
    let mut escalated = 0;
    for t in 11..80 {
        escalated += room.tick(t, vec![]).iter().filter(|e| matches!(e, Event::AlertEscalated { .. })).count();
    }
    assert!(escalated <= 20, "cards are escalated, not alerts: {escalated}");
    // As many as there are end; the cards become fine again.
    room.tick(100, (0..n - 30).map(|i| reading(&format!("s{i}"), 100, 0.0)).collect());
    let board = room.book().board();
    assert_eq!(board.active.len(), 30);
    assert!(board.groups.len() >= 5 && board.groups.len() <= 20, "{}", board.groups.len());
    let card = board.groups[0].clone();
    let ack = Command::AcknowledgeGroup { group: card.id, note: "看到".into() };
    let events = room.tick(101, vec![order("g", Role::Supervisor, ack.clone())]);
    let seen = events.iter().filter(|e| matches!(e, Event::AlertAcknowledged { .. })).count();
    assert_eq!(seen as u32, card.count());
    room.tick(102, vec![order("h", Role::Supervisor, ack)]);
    assert_eq!(refused(&room), RefusalKind::Conflict);
    let forgotten = Command::AcknowledgeGroup { group: 999_999, note: String::new() };
    room.tick(103, vec![order("i", Role::Supervisor, forgotten)]);
    assert_eq!(refused(&room), RefusalKind::NotFound);
}

#[test]
fn alerts_hours_apart_are_separate_cards_and_places_apart_too() {
    let mut sensors: Vec<SensorSpec> = (0..3).map(|i| spec(&format!("s{i}"), P::Other, 600)).collect();
    sensors[2].place_m = Some([5000.0, 5000.0]);
    let mut room = Room::new(sensors, &set(""));
    room.tick(0, vec![reading("s0", 0, 16.0), reading("s2", 0, 16.0)]);
    assert_eq!(room.book().board().groups.len(), 2, "five kilometres apart");
    room.tick(3600, vec![reading("s0", 3600, 16.0), reading("s1", 3600, 16.0)]);
    assert_eq!(room.book().board().groups.len(), 3, "an hour later is another run");
}

#[test]
fn pending_shows_what_is_due() {
    let slow = RuleSet::defaults();
    let mut room = Room::new(vec![spec("g", P::RoadWaterDepth, 30)], &slow);
    room.tick(0, vec![reading("g", 0, 16.0)]);
    let p = room.book().board().pending[0].clone();
    assert_eq!((p.level, p.since, p.due, p.sensor.as_str()), (Yellow, at(0), at(60), "g"));
    assert_eq!(room.book().board().state_counts()[AlertState::Pending as usize], 1);
    room.tick(30, vec![reading("g", 30, 2.0)]);
    assert!(room.book().board().pending.is_empty());
}

#[test]
fn rule_files_are_taken_whole_or_not_at_all() {
    let mut room = Room::new(vec![spec("g", P::Other, 600)], &set(""));
    let file = |text: &str| {
        Input::File(RoomFile { kind: "rules".into(), name: "my.toml".into(), hash: sha256(text), text: text.into() })
    };
    room.tick(0, vec![reading("g", 0, 16.0)]);
    assert_eq!(room.book().active()[0].level, Yellow);
    let good = "format = 1\n[[rule]]\nname = \"q\"\nversion = 2\nproperty = \"other\"\ntitle = { zh = \"试\", en = \"t\" }\nblue = 10\nred = 50\n";
    let events = room.tick(1, vec![file(good), reading("g", 1, 16.0)]);
    assert!(matches!(&events[0], Event::RulesChanged { rules: 1, refused, .. } if refused.is_empty()), "{events:?}");
    let alert = room.book().active()[0].clone();
    assert_eq!((alert.rule.as_str(), alert.level, &*alert.rule_hash), ("q@2", Blue, sha256(good).as_str()));
    let bad = good.replace("red = 50", "red = 5");
    let events = room.tick(2, vec![file(&bad), reading("g", 2, 16.0)]);
    let Event::RulesChanged { refused, rules: 1, .. } = &events[0] else { panic!("{events:?}") };
    assert!(refused.contains("my.toml:8: q.red"), "{refused}");
    let board = room.book().board().clone();
    assert_eq!(board.rules.hash, sha256(good), "the old one stays");
    assert!(board.rules.refused.as_ref().is_some_and(|r| r.2.contains("q.red")));
    let lie =
        Input::File(RoomFile { kind: "rules".into(), name: "my.toml".into(), hash: "0".into(), text: good.into() });
    assert!(matches!(&room.tick(3, vec![lie])[0], Event::RulesChanged { refused, .. } if !refused.is_empty()));
    // A restored room has the file again.
    let saved = room.save();
    let mut back = Room::new(vec![spec("g", P::Other, 600)], &set(""));
    back.load(&saved);
    let clock = *room.app.world().resource::<guanlan_tick::Clock>();
    back.app.insert_resource(clock);
    room.tick(60, vec![reading("g", 60, 60.0)]);
    back.tick(60, vec![reading("g", 60, 60.0)]);
    assert_eq!(back.book().active()[0].level, Red);
    assert_eq!(back.app.world().resource::<Rules>().0.hash(), sha256(good));
    assert_eq!(back.hash(), room.hash());
}
