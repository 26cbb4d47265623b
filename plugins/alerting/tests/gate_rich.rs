//! The gate with every kind of rule, commands, silences, model words and a new rule file in the middle.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;

use common::{Room, at, reading, spec};
use guanlan_alerting::{RuleSet, sha256};
use guanlan_city::model::SensorSpec;
use guanlan_core::{
    AlertId, AlertLevel, Command, CommandEnvelope, Input, ObservedProperty as P, Role, input::RoomFile,
};
use guanlan_sensing::{ModelSays, ModelWord, TrendPoint};
use guanlan_tick::{Clock, StateRegistry};

const CITY: &str = include_str!("../../../assets/rules/city.toml");

fn sensors() -> Vec<SensorSpec> {
    let kinds = [P::RoadWaterDepth, P::RainIntensity, P::PumpsRunning, P::Pm25, P::RoadWaterDepth];
    (0..25)
        .map(|i| {
            let mut s = spec(&format!("s{i}"), kinds[i % 5], 30);
            s.place_m = Some([(i % 6) as f64 * 400.0, (i / 6) as f64 * 300.0]);
            s
        })
        .collect()
}

fn command(id: String, role: Role, command: Command) -> Input {
    Input::Command(CommandEnvelope { id: id.as_str().into(), actor: "li".into(), role, at: at(0), command })
}

fn inputs(tick: i64) -> Vec<Input> {
    let t = tick * 30;
    let mut out: Vec<Input> = (0..25_i64)
        .filter(|i| !(i % 7 == 3 && (40..120).contains(&tick)))
        .map(|i| {
            let swing = ((tick * (i + 3) / 5 + i * i) % 40) as f64;
            let value = match i % 5 {
                1 => swing * 2.0,
                2 => swing - 20.0,
                3 => swing * 6.0,
                _ => swing,
            };
            reading(&format!("s{i}"), t, value)
        })
        .collect();
    let alert = AlertId((tick / 2).unsigned_abs());
    let reason = || "演习".to_owned();
    let (role, what) = match tick % 9 {
        0 => (Role::Supervisor, Command::AcknowledgeAlert { alert, note: reason() }),
        2 => (Role::Supervisor, Command::ShelveAlert { alert, minutes: 3, reason: reason() }),
        4 => (Role::Handler, Command::EscalateAlert { alert, reason: reason() }),
        5 => (Role::Supervisor, Command::AcknowledgeGroup { group: (tick / 9).unsigned_abs(), note: String::new() }),
        7 => (
            Role::Supervisor,
            Command::SilenceAlerts {
                rule: "road*".into(),
                property: String::new(),
                sensor: String::new(),
                area: String::new(),
                up_to: AlertLevel::Yellow,
                minutes: 2,
                reason: reason(),
            },
        ),
        _ => (Role::Supervisor, Command::UnshelveAlert { alert, reason: String::new() }),
    };
    out.push(command(format!("c{tick}"), role, what));
    if tick == 90 {
        let text = CITY.replace("version = 1", "version = 2").replace("yellow = 15", "yellow = 12");
        out.push(Input::File(RoomFile { kind: "rules".into(), name: "new.toml".into(), hash: sha256(&text), text }));
    }
    out
}

fn model(room: &mut Room, k: i64) {
    if k % 20 == 5 {
        let ahead = (0..6).map(|m| TrendPoint { at: at(k * 30 + m * 600), value: 6.0 * m as f64 }).collect();
        let word = ModelWord { at: at(k * 30), value: Some(3.0), tolerance: 5.0, ahead: Arc::new(ahead) };
        room.app.insert_resource(ModelSays { model: "test".into(), streams: Arc::new([(0, word)].into()) });
    }
}

#[test]
fn straight_run_equals_restore_equals_fork_with_every_kind_of_rule() {
    let rules = RuleSet::parse("city.toml", CITY).unwrap();
    for cut in [47, 91, 130] {
        let end = 190;
        let mut straight = Room::new(sensors(), &rules);
        let mut restored = Room::new(sensors(), &rules);
        let mut forked = Room::new(sensors(), &rules);
        let (mut told, mut kinds) = (0, std::collections::BTreeSet::new());
        for k in 0..end {
            model(&mut straight, k);
            let events = straight.tick(k * 30, inputs(k));
            told += events.len();
            for e in &events {
                let op = serde_json::to_value(e).unwrap()["op"].as_str().unwrap().to_owned();
                kinds.insert(op);
            }
            if k == cut {
                restored.load(&straight.save());
                let (from, to) = (straight.app.world(), forked.app.world_mut());
                from.resource::<StateRegistry>().copy(from, to);
                let clock = *from.resource::<Clock>();
                to.insert_resource(clock);
                restored.app.insert_resource(clock);
            } else if k > cut {
                model(&mut restored, k);
                model(&mut forked, k);
                assert_eq!(restored.tick(k * 30, inputs(k)), events, "restored at {cut}, tick {k}");
                assert_eq!(forked.tick(k * 30, inputs(k)), events, "forked at {cut}, tick {k}");
                let shown = |r: &Room| format!("{:?}", r.book().board().groups);
                assert_eq!(shown(&restored), shown(&straight), "cards at tick {k}");
            }
        }
        assert_eq!(restored.hash(), straight.hash());
        assert_eq!(forked.hash(), straight.hash());
        for wanted in [
            "alert_changed",
            "alert_shelved",
            "silence_begun",
            "silence_ended",
            "alert_escalated",
            "sound_due",
            "rules_changed",
            "alert_acknowledged",
        ] {
            assert!(kinds.contains(wanted), "{wanted} never happened: {kinds:?}");
        }
        let rules: std::collections::BTreeSet<String> = straight
            .book()
            .active()
            .iter()
            .chain(straight.book().ended().iter())
            .map(|a| a.rule.rsplit_once('@').unwrap().0.to_owned())
            .collect();
        for wanted in ["road-water", "street-flooded", "underpass-trap", "gauge-silent"] {
            assert!(rules.contains(wanted), "{wanted} never raised: {rules:?} of {told}");
        }
    }
}
