//! The gate of every room plugin: straight run ≡ restore at tick k ≡ fork at tick k; and how the
//! inputs of one instant are cut into ticks makes no difference to what is sensed.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;

use common::{Room, T0, city, reading, spec};
use guanlan_city::City;
use guanlan_core::{
    Bilingual, Input, Mode, ObservedProperty as P, Stamp,
    input::{DepthField, SensorDeclared},
};
use guanlan_sensing::Sensed;
use proptest::prelude::*;

fn small_city() -> Arc<City> {
    let kinds = [P::RoadWaterDepth, P::RiverStage, P::Noise, P::CoverTilt];
    let sensors = (0..40)
        .map(|i| spec(&format!("s{i}"), kinds[i % 4], Some([i as f64 * 20.0, 3.0]), if i % 3 == 0 { 5 } else { 30 }))
        .collect();
    city(sensors)
}

/// A mixed stream: readings good, late, double, absurd and unknown; water; a new declaration.
fn inputs(tick: i64) -> Vec<Input> {
    let mut out = Vec::new();
    let t = tick * 10;
    for i in 0..40_i64 {
        if (i * 7 + tick * 3) % 5 < 2 && !(20..60).contains(&tick) {
            let value = ((i * 13 + tick * tick) % 60) as f64 / 2.0;
            out.push(reading(&format!("s{i}"), t - (i + tick) % 4 * 5, if i == 3 { 400.0 } else { value }));
        }
    }
    out.push(reading("stranger", t, tick as f64));
    out.push(reading("s5", t - 20, 3.0));
    out.push(reading("stranger", t, tick as f64 + 1.0));
    if tick % 6 == 0 {
        out.push(Input::Water(Arc::new(DepthField {
            at: Stamp::from_secs(T0 + t),
            west_m: 0.0,
            south_m: 0.0,
            cell_m: 50.0,
            cols: 16,
            rows: 1,
            depth_mm: (0..16).map(|c| (c * 30 + tick) as u16).collect(),
            estimate: false,
            finer: Vec::new(),
        })));
    }
    if tick == 15 {
        out.push(Input::SensorDeclared(SensorDeclared {
            sensor: "stranger".into(),
            name: Bilingual::new("来客", "Stranger"),
            property: P::RoadWaterDepth,
            place_m: Some([100.0, 1.0]),
            period_s: 10,
        }));
    }
    out
}

#[test]
fn straight_run_equals_restore_equals_fork() {
    let city = small_city();
    for mode in [Mode::Demo, Mode::Exercise] {
        let (end, cut) = (90, 37);
        let mut straight = Room::new(&city, mode);
        let mut forked = None;
        let mut saved = None;
        for k in 0..end {
            straight.tick(k * 10, inputs(k));
            if k == cut {
                saved = Some((straight.save(), straight.fork(&city)));
            }
        }
        if let Some((bytes, mut fork)) = saved {
            let mut restored = Room::new(&city, mode);
            restored.load(&bytes);
            let clock = *fork.app.world().resource::<guanlan_tick::Clock>();
            restored.app.insert_resource(clock);
            for k in cut + 1..end {
                assert_eq!(restored.tick(k * 10, inputs(k)), fork.tick(k * 10, inputs(k)));
            }
            assert_eq!(restored.hash(), straight.hash());
            forked = Some(fork.hash());
        }
        assert_eq!(forked, Some(straight.hash()));
        let counters = straight.table().counters();
        assert!(counters.late > 0 && counters.duplicate > 0 && counters.accepted > 100, "{counters:?}");
    }
}

#[test]
fn a_fork_does_not_disturb_its_parent() {
    let city = small_city();
    let mut a = Room::new(&city, Mode::Demo);
    a.tick(0, inputs(1));
    let before = a.hash();
    let mut b = a.fork(&city);
    b.tick(10, inputs(2));
    assert_eq!(a.hash(), before);
    assert_ne!(b.hash(), before);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn cutting_one_instant_into_ticks_makes_no_difference(
        readings in prop::collection::vec((0_usize..12, 0_i64..100, 0_u32..400), 1..120),
        cuts in prop::collection::vec(1_usize..20, 1..20),
    ) {
        let city = small_city();
        let all: Vec<Input> =
            readings.iter().map(|&(s, at, v)| reading(&format!("s{s}"), at, f64::from(v) / 4.0)).collect();
        let facts = |r: &Room| r.facts().facts.iter().copied().collect::<Vec<Sensed>>();
        let mut whole = Room::new(&city, Mode::Demo);
        let mut events = whole.tick(100, all.clone());
        let whole_facts = facts(&whole);
        let mut parts = Room::new(&city, Mode::Demo);
        let (mut part_facts, mut rest, mut i) = (Vec::new(), &all[..], 0);
        let mut part_events = Vec::new();
        while !rest.is_empty() {
            let n = cuts[i % cuts.len()].min(rest.len());
            part_events.extend(parts.tick(100, rest[..n].to_vec()));
            part_facts.extend(facts(&parts));
            rest = &rest[n..];
            i += 1;
        }
        prop_assert_eq!(whole_facts, part_facts);
        prop_assert_eq!(whole.table().counters(), parts.table().counters());
        for s in 0..12 {
            let id = format!("s{s}");
            prop_assert_eq!(whole.row(&id).latest, parts.row(&id).latest);
            prop_assert_eq!(whole.row(&id).quality, parts.row(&id).quality);
        }
        // One tick tells where a device ended up; many ticks also what lay between.
        events.retain(|e| !part_events.contains(e));
        prop_assert!(events.is_empty(), "{:?}", events);
    }
}
