//! The risk map, hot spots and the order of cases in a whole room, and their gate.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use guanlan_alerting::RuleSet;
use guanlan_casework::CaseRules;
use guanlan_city::{
    City,
    model::{AdminArea, AdminLevel, SensorSpec, UnitKind, UnitSpec},
};
use guanlan_core::{
    AlertLevel, Bilingual, Input, Mode, ObservedProperty, PhotoView, Stamp,
    input::{CitizenReport, Observation, UnitFix},
};
use guanlan_room::{Health, Machine, Picture, Playback, RoomConfig};

const START: i64 = 1_782_864_000_000;

fn town() -> Arc<City> {
    let sensor = |id: &str, property, x: f64| SensorSpec {
        id: id.into(),
        name: Bilingual::same(id),
        property,
        place_m: Some([x, 50.0]),
        height_m: 0.0,
        period_s: 60,
    };
    let areas = (0..30_u16)
        .map(|k| {
            let (x, y) = (f32::from(k % 30) * 100.0, 0.0);
            AdminArea {
                code: format!("320100001001{:03}", k + 1),
                level: AdminLevel::Grid,
                name: Bilingual::new(format!("{}号网格", k + 1), format!("grid {}", k + 1)),
                ring: vec![[x, y], [x + 100.0, y], [x + 100.0, y + 100.0], [x, y + 100.0]],
            }
        })
        .collect();
    Arc::new(City {
        epsg: 4549,
        origin: [500_000.0, 3_350_000.0],
        extent: [0.0, -3000.0, 6000.0, 3000.0],
        areas,
        sensors: vec![
            sensor("rain", ObservedProperty::RainIntensity, 150.0),
            sensor("wet", ObservedProperty::RoadWaterDepth, 250.0),
            sensor("dry", ObservedProperty::RoadWaterDepth, 2850.0),
        ],
        units: vec![UnitSpec {
            id: "U1".into(),
            name: Bilingual::same("U1"),
            kind: UnitKind::Pump,
            skills: vec!["drainage".into()],
            kit: Vec::new(),
            people: 4,
            org: "org-1".into(),
            base_m: [2800.0, 50.0],
            shift_min: [0, 0],
            vehicle: "truck".into(),
        }],
        ..City::default()
    })
}

fn config() -> Arc<RoomConfig> {
    Arc::new(RoomConfig {
        city: town(),
        timeline: "live".into(),
        mode: Mode::Demo,
        seed: 1,
        tick_ms: 200,
        alert_rules: RuleSet::defaults(),
        case_rules: CaseRules::shipped().unwrap(),
        simulate_crews: false,
        drill: None,
    })
}

fn inputs(k: i64) -> Vec<Input> {
    let at = Stamp(START + k * 30_000);
    let say = |id: &str, result: f64| {
        Input::Observation(Observation { sensor: id.into(), phenomenon: at, received: at, result })
    };
    let mut out = vec![say("rain", 60.0), say("wet", (k as f64 * 1.5).min(30.0)), say("dry", 0.0)];
    if k == 0 {
        out.push(Input::Fix(UnitFix {
            unit: "U1".into(),
            at,
            east_m: 2800.0,
            north_m: 50.0,
            speed_mps: 0.0,
            course_deg: 0.0,
            battery: None,
        }));
    }
    if k % 2 == 0 && k < 20 {
        out.push(Input::Citizen(CitizenReport {
            report: format!("r{k}"),
            at,
            east_m: 260.0 + k as f64 * 60.0,
            north_m: 40.0,
            code: "06-010".into(),
            text: "垃圾".into(),
            photo: None,
            view: PhotoView::default(),
        }));
    }
    out
}

fn picture(machine: &Machine) -> Picture {
    Picture::of(machine, Health::default(), Playback::live())
}

#[test]
fn risk_and_rank_follow_water_rain_cases_and_crews() {
    let mut machine = Machine::new(config());
    for k in 0..30 {
        machine.tick(Stamp(START + k * 30_000), inputs(k));
    }
    let p = picture(&machine);
    let worst = p.risk.grids[0];
    let grid = &p.risk_grids.0.grids[worst.grid as usize];
    assert_eq!(grid.code, "320100001001003", "the wet gauge's grid: {:?}", p.risk.grids);
    let terms = worst.terms();
    assert!((terms[0].value - 60.0).abs() < 1e-6 && terms[1].value >= 27.0, "{terms:?}");
    assert!(terms[3].value > 2000.0 && terms[3].share > 0.4, "the only crew is far: {terms:?}");
    assert!(p.risk.grids.iter().all(|r| r.score > 0.0));
    assert!(p.risk.score_of("320100001001003") > p.risk.score_of("320100001001029"));
    assert_eq!(p.queue.list.len(), p.cases.open().count());
    let first = &p.queue.list[0];
    assert_eq!(first.level, AlertLevel::Red, "the red water's case leads: {:?}", p.queue.list);
    assert!(p.queue.list.windows(2).all(|w| w[0].score >= w[1].score));
    assert_eq!(p.queue.place_of(&first.case), Some(0));
}

#[test]
fn straight_run_equals_restore_equals_fork() {
    let mut straight = Machine::new(config());
    let mut others: Option<(Machine, Machine)> = None;
    for k in 0..40 {
        let now = Stamp(START + k * 30_000);
        straight.tick(now, inputs(k));
        if let Some((restored, forked)) = &mut others {
            restored.tick(now, inputs(k));
            forked.tick(now, inputs(k));
        }
        if k == 17 {
            let snapshot = straight.snapshot().unwrap();
            others = Some((Machine::restore(config(), &snapshot).unwrap(), straight.fork(config())));
        }
    }
    let (restored, forked) = others.unwrap();
    assert_eq!(restored.state_hash().unwrap(), straight.state_hash().unwrap());
    assert_eq!(forked.state_hash().unwrap(), straight.state_hash().unwrap());
    assert_eq!(picture(&restored).queue.list, picture(&straight).queue.list);
    assert!(!picture(&straight).risk.grids.is_empty());
}
