//! Files: tails over rotations, replays.

use std::{fs::OpenOptions, io::Write, time::Duration};

use guanlan_core::Stamp;
use guanlan_feeds::wall_now;

use crate::support::{House, wait};

fn line(n: i64) -> String {
    let begin = Stamp::parse("2026-07-01T08:00:00+08:00").unwrap();
    format!("{{\"id\":\"L\",\"t\":\"{}\",\"v\":{n}}}\n", (begin + n * 1000).to_rfc3339())
}

#[test]
fn a_tail_loses_and_doubles_nothing_over_rotation_truncation_and_restart() {
    let mut house = House::lasting();
    let path = house.dir.path().join("readings.jsonl");
    let append = |text: &str| {
        OpenOptions::new().create(true).append(true).open(&path).unwrap().write_all(text.as_bytes()).unwrap()
    };
    let feed = "[[feed]]\nname = \"log\"\nkind = \"tail\"\npath = \"readings.jsonl\"\nmap = { id = \"id\", time = \"t\", value = \"v\" }\n";
    (1..=100).for_each(|n| append(&line(n)));
    append("{ broken\n");
    append(&line(101)[..20]);
    house.feeds(feed);
    wait("a hundred", || house.readings() == (100, 0));
    append(&line(101)[20..]);
    wait("the half line, whole", || house.readings() == (101, 0));
    assert_eq!(house.info("log").figures.refused, 1);
    // Rotation: renamed, more is written to the old one, a new one begins.
    std::fs::rename(&path, house.dir.path().join("readings.jsonl.1")).unwrap();
    let mut old = OpenOptions::new().append(true).open(house.dir.path().join("readings.jsonl.1")).unwrap();
    // The last line of the old file is never finished.
    old.write_all(line(102).trim_end().as_bytes()).unwrap();
    append(&line(103));
    wait("both sides of the rotation", || house.readings() == (103, 0));
    // The room is away while the file is rotated again.
    let house = house.reopen();
    let append = |text: &str| {
        OpenOptions::new().create(true).append(true).open(&path).unwrap().write_all(text.as_bytes()).unwrap()
    };
    append(&line(104));
    std::fs::rename(&path, house.dir.path().join("readings.jsonl.2")).unwrap();
    append(&line(105));
    let mut house = house;
    let before = house.readings();
    house.feeds(feed);
    wait("both after the restart", || house.readings().0 == before.0 + 2);
    append(&line(106));
    append(&line(107));
    wait("both lines", || house.readings().0 == before.0 + 4);
    // Copied and truncated.
    std::fs::write(&path, line(108)).unwrap();
    wait("after the truncation", || house.value("L") == Some(108.0));
    std::thread::sleep(Duration::from_millis(1200));
    assert_eq!((house.readings().0 - before.0, house.readings().1), (5, before.1));
}

#[test]
fn a_replay_keeps_its_pace_and_goes_on_after_a_restart() {
    let mut house = House::lasting();
    let begin = Stamp::parse("2026-07-01T08:00:00+08:00").unwrap();
    let mut text = String::from("sensor,time,value\n");
    for i in 0..20 {
        text.push_str(&format!("R,{},{i}\n", (begin + i * 60_000).to_rfc3339()));
    }
    std::fs::write(house.dir.path().join("rec.csv"), text).unwrap();
    // A minute is a fifth of a second: the whole takes four.
    let feed = "[[feed]]\nname = \"rec\"\nkind = \"replay\"\npath = \"rec.csv\"\nspeed = 300.0\nmap = { id = \"sensor\", time = \"time\", value = \"value\" }\n";
    let started = wall_now();
    house.feeds(feed);
    wait("half of it", || house.value("R").is_some_and(|v| v >= 9.0));
    let took = (wall_now() - started) as f64 / 1000.0;
    assert!((1.5..15.0).contains(&took), "{took}");
    let at = house.room.picture().sensors.find(&"R".into()).unwrap().latest.unwrap().1;
    assert!((wall_now() - at).abs() < 10_000, "rows are shifted to now: {at}");
    let mut house = house.reopen();
    let done: usize = house.room.picture().feeds["rec"].figures.cursor.parse().unwrap();
    let before = house.readings().0;
    assert_eq!(done as u64, before, "the cursor is committed with the rows");
    house.feeds(feed);
    wait("the rest", || house.value("R") == Some(19.0));
    assert_eq!(house.readings(), (20, 0));
    assert!(!house.info("rec").real, "a replay is not real");
}
