//! A profile file is taken while the room runs: whole or not at all, and part of the truth.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Room, city, reading, spec};
use guanlan_core::{Event, Input, Mode, ObservedProperty as P, input::RoomFile};
use guanlan_sensing::ProfileFile;

const FILE: &str = r#"format = 1
[[profile]]
property = "noise"
device = { zh = "噪声计", en = "Noise meter" }
unit = "dB(A)"
range = [0, 90]
period_s = 60
"#;

fn file(hash: &str, text: &str) -> Input {
    Input::File(RoomFile { kind: "profiles".into(), name: "my.toml".into(), hash: hash.into(), text: text.into() })
}

fn value(room: &Room) -> Option<f64> {
    room.row("n1").latest.map(|(value, _)| value)
}

#[test]
fn a_profile_file_is_taken_and_a_wrong_one_is_refused_whole() {
    let city = city(vec![spec("n1", P::Noise, None, 60)]);
    let mut room = Room::new(&city, Mode::Live);
    room.tick(0, vec![reading("n1", 0, 100.0)]);
    assert_eq!(value(&room), Some(100.0), "the shipped range goes to 160");
    let told = room.tick(60, vec![file("a", FILE), reading("n1", 60, 110.0)]);
    assert!(told.iter().any(|e| matches!(e, Event::RulesChanged { refused, .. } if refused.is_empty())), "{told:?}");
    assert_eq!(value(&room), Some(100.0), "110 is out of the new range in the same tick");
    let wrong = FILE.replace("dB(A)", "dB");
    let told = room.tick(120, vec![file("b", &wrong)]);
    let why = told.iter().find_map(|e| match e {
        Event::RulesChanged { refused, .. } => Some(refused.clone()),
        _ => None,
    });
    assert!(why.is_some_and(|w| w.starts_with("my.toml:2: noise.unit")), "{told:?}");
    let taken = room.app.world().resource::<ProfileFile>();
    assert_eq!(taken.file.as_ref().map(|f| f.hash.as_str()), Some("a"));
    assert!(taken.refused.is_some());
    // After a restore and in a fork the file is in force again.
    let saved = room.save();
    let mut restored = Room::new(&city, Mode::Live);
    restored.load(&saved);
    let mut fork = room.fork(&city);
    for other in [&mut room, &mut restored, &mut fork] {
        other.tick(180, vec![reading("n1", 180, 95.0)]);
        assert_eq!(value(other), Some(100.0));
        other.tick(240, vec![reading("n1", 240, 85.0)]);
        assert_eq!(value(other), Some(85.0));
    }
    assert!(room.hash() == restored.hash() && room.hash() == fork.hash());
}
