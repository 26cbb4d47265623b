//! Contradiction by neighbours and model, lineage, and the data catalogue.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;

use common::{Room, T0, city, reading, spec};
use guanlan_core::{Bilingual, Input, Mode, ObservedProperty as P, Stamp, input::StreamOrigin};
use guanlan_sensing::{Catalogue, Lineage, ModelSays, ModelWord, Quality, QualityReason, Sensed};

fn origin(sensor: &str, feed: &str, source: &str) -> Input {
    Input::Origin(Box::new(StreamOrigin {
        sensor: sensor.into(),
        feed: feed.into(),
        connector: "mqtt".into(),
        source: source.into(),
        steps: vec![Bilingual::new("英尺→米", "ft → m")],
        owner: Bilingual::new("水务局", "Water Bureau"),
    }))
}

#[test]
fn neighbours_contradict_after_three_readings_and_agree_after_three() {
    let at = |x: f64| Some([x, 0.0]);
    let sensors = ["odd", "a", "b", "c", "d"]
        .iter()
        .zip([0.0, 100.0, 200.0, 300.0, 400.0])
        .map(|(id, x)| spec(id, P::Pm25, at(x), 60));
    let mut room = Room::new(&city(sensors.collect()), Mode::Demo);
    let mut seen = Vec::new();
    for m in 0..12 {
        let t = m * 60;
        // The odd one stands at 220 while all others read about 40, then joins them.
        let odd = if m < 6 { 220.0 + m as f64 } else { 41.0 + m as f64 };
        let mut inputs: Vec<Input> = ["a", "b", "c", "d"].iter().map(|id| reading(id, t, 40.0 + m as f64)).collect();
        inputs.push(reading("odd", t, odd));
        room.tick(t, inputs);
        seen.push((room.row("odd").quality, room.row("odd").reason));
        assert!(
            room.facts().facts.iter().all(|f| !matches!(f, Sensed::Reading { trusted: false, .. })),
            "rules still act"
        );
        assert_eq!(room.row("a").quality, Quality::Good);
    }
    let quality: Vec<Quality> = seen.iter().map(|s| s.0).collect();
    assert_eq!(quality[..3], [Quality::Good, Quality::Good, Quality::Contradicted]);
    assert_eq!(seen[5], (Quality::Contradicted, QualityReason::ByNeighbours));
    assert_eq!(quality[6..9], [Quality::Contradicted, Quality::Contradicted, Quality::Good]);
}

#[test]
fn a_model_contradicts_only_about_now_and_beyond_its_tolerance() {
    let mut room = Room::new(&city(vec![spec("g", P::RoadWaterDepth, Some([0.0, 0.0]), 60)]), Mode::Demo);
    let says = |t: i64| ModelSays {
        model: "m".into(),
        streams: Arc::new(
            [(
                0,
                ModelWord { at: Stamp::from_secs(T0 + t), value: Some(30.0), tolerance: 5.0, ..ModelWord::default() },
            )]
            .into(),
        ),
    };
    for m in 0..5 {
        room.app.insert_resource(says(m * 60));
        room.tick(m * 60, vec![reading("g", m * 60, 2.0 + m as f64)]);
    }
    assert_eq!((room.row("g").quality, room.row("g").reason), (Quality::Contradicted, QualityReason::ByModel));
    for m in 5..9 {
        // The model fell silent 20 minutes ago.
        room.app.insert_resource(says(m * 60 - 1200));
        room.tick(m * 60, vec![reading("g", m * 60, 2.0 + m as f64)]);
    }
    assert_eq!(room.row("g").quality, Quality::Good);
}

#[test]
fn a_stream_leads_back_to_its_source_even_when_that_was_said_first() {
    let mut room = Room::new(&city(vec![spec("s", P::RoadWaterDepth, None, 60)]), Mode::Demo);
    room.tick(0, vec![origin("s", "iot", "topic/s"), origin("later", "iot", "topic/later")]);
    let lineage = |r: &Room| r.app.world().resource::<Lineage>().clone();
    let from = lineage(&room);
    let of = from.of(0).unwrap();
    assert_eq!((of.feed, of.connector, of.source, of.owner.zh.as_str()), ("iot", "mqtt", "topic/s", "水务局"));
    assert_eq!(of.steps[0].en, "ft → m");
    assert!(from.of(1).is_none());
    room.tick(10, vec![reading("later", 10, 1.0)]);
    assert_eq!(lineage(&room).of(1).unwrap().source, "topic/later");
    let version = lineage(&room).version();
    room.tick(20, vec![origin("s", "iot", "topic/s")]);
    assert_eq!(lineage(&room).version(), version, "saying the same again changes nothing");
    room.tick(30, vec![origin("s", "other", "row 7")]);
    assert_eq!(lineage(&room).of(0).unwrap().feed, "other");
    let saved = room.save();
    let mut back = Room::new(&city(vec![spec("s", P::RoadWaterDepth, None, 60)]), Mode::Demo);
    back.load(&saved);
    assert_eq!(lineage(&back), lineage(&room));
}

#[test]
fn the_catalogue_says_what_was_promised_and_kept() {
    let mut room = Room::new(
        &city(
            (0..4)
                .map(|i| spec(&format!("s{i}"), P::RoadWaterDepth, None, 60))
                .chain([spec("x", P::Noise, None, 30)])
                .collect(),
        ),
        Mode::Demo,
    );
    room.tick(0, (0..4).map(|i| origin(&format!("s{i}"), "iot", "t")).collect());
    for m in 0..10 {
        // Three of four speak each minute; s2 only every other; s3 is silent.
        let mut inputs = vec![reading("s0", m * 60, m as f64), reading("s1", m * 60, m as f64)];
        if m % 2 == 0 {
            inputs.push(reading("s2", m * 60, m as f64));
        }
        room.tick(m * 60, inputs);
        room.tick(m * 60 + 30, vec![]);
    }
    let catalogue = room.app.world().resource::<Catalogue>().clone();
    let row = catalogue.rows.iter().find(|r| r.feed == "iot").unwrap();
    assert_eq!((row.streams, row.promised_per_min, row.owner.en.as_str()), (4, 4.0, "Water Bureau"));
    assert!((row.kept_per_min - 2.5).abs() < 0.3, "{}", row.kept_per_min);
    assert!((row.shared - 0.75).abs() < 1e-12 && (row.good - 1.0).abs() < 1e-12, "{row:?}");
    assert!(row.score > 60.0 && row.score < 95.0, "{}", row.score);
    let none = catalogue.rows.iter().find(|r| r.feed.is_empty()).unwrap();
    assert_eq!((none.streams, none.shared, none.kept), (1, 0.0, 0.0));
}
