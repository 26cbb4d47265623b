//! A whole simulated day of the demo city, through the very messages and the very room of the program.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::{Arc, OnceLock},
    time::Instant,
};

use guanlan_alerting::{AlertBook, RuleSet};
use guanlan_casework::{CaseFile, CaseRules, CaseState};
use guanlan_city::{
    City,
    demo::{self, DemoParams},
    import::LoadOptions,
    pack,
};
use guanlan_core::{AlertLevel, Event, Input, Mode, ObservedProperty, Role, Stamp, input::UnitStatus};
use guanlan_dispatch::UnitRoster;
use guanlan_drill::Responder;
use guanlan_feeds::{
    devices::{DayKind, Devices, RIVER_LEVELS_M, TaskMessage, Weather},
    parse,
};
use guanlan_geography::LocalFrame;
use guanlan_room::{
    Machine, RoomConfig,
    standin::{self, Seats},
};

const DAY_S: i64 = 86_400;
/// China Standard Time, s.
const LOCAL_S: i64 = 8 * 3600;

fn city() -> Arc<City> {
    static CITY: OnceLock<Arc<City>> = OnceLock::new();
    CITY.get_or_init(|| {
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("demo-city");
        let made = demo::ensure(&dir, &DemoParams { seed: 1, sensors: 2000 }).unwrap();
        let frame = LocalFrame::new(made.epsg, made.origin);
        let options = LoadOptions { name: Some(made.name), frame: Some(frame), ..LoadOptions::default() };
        Arc::new(pack::load_cached(&dir.join("packs"), &made.files, &options, &|_| {}).unwrap().0)
    })
    .clone()
}

fn config(city: Arc<City>) -> Arc<RoomConfig> {
    let mut alert_rules = RuleSet::defaults();
    let [blue, yellow, red] = RIVER_LEVELS_M;
    for sensor in city.sensors.iter().filter(|s| s.property == ObservedProperty::RiverStage) {
        alert_rules.set_station("river-stage", &sensor.id, [Some(blue), Some(yellow), None, Some(red)]).unwrap();
    }
    let mut case_rules = CaseRules::shipped().unwrap();
    case_rules.auto_seats = [Role::Collector, Role::Acceptor, Role::Department, Role::Handler].into();
    Arc::new(RoomConfig {
        city,
        timeline: "live".into(),
        mode: Mode::Demo,
        seed: 1,
        tick_ms: 1000,
        alert_rules,
        case_rules,
        simulate_crews: false,
        drill: None,
    })
}

/// What a day left behind.
#[derive(Default)]
struct Day {
    opened: BTreeMap<String, usize>,
    from_alerts: usize,
    /// Highest level of each alert: property, rule, level.
    alerts: BTreeMap<u64, (ObservedProperty, String, AlertLevel)>,
    /// Active alerts at each whole quarter of an hour: blue, yellow, orange, red.
    board: Vec<[usize; 4]>,
    reports_by_hour: [usize; 24],
    statuses: Vec<(UnitStatus, UnitStatus)>,
    refused_commands: Vec<String>,
    values: BTreeMap<ObservedProperty, (f64, f64)>,
    wall_s: f64,
}

impl Day {
    fn cases(&self) -> usize {
        self.opened.values().sum()
    }

    fn reds(&self) -> usize {
        self.alerts.values().filter(|a| a.2 == AlertLevel::Red).count()
    }

    fn broken(&self) -> BTreeSet<ObservedProperty> {
        self.alerts.values().filter(|a| a.1.starts_with("device-")).map(|a| a.0).collect()
    }

    fn print(&self) {
        let mut rules: BTreeMap<(&str, AlertLevel), usize> = BTreeMap::new();
        for (_, rule, level) in self.alerts.values() {
            *rules.entry((rule, *level)).or_default() += 1;
        }
        println!("cases {} ({} from alerts) {:?}", self.cases(), self.from_alerts, self.opened);
        println!("alerts {rules:?}");
        println!("board {:?}", self.board.iter().step_by(4).collect::<Vec<_>>());
        println!("reports {:?}", self.reports_by_hour);
        println!("values {:?}", self.values);
        println!("broken {:?}; {:.1} s", self.broken(), self.wall_s);
    }
}

/// The first day of a kind after 2026-06-29 (a Monday to Thursday, so that work is done) with a dry day before it.
fn find(kind: DayKind) -> i64 {
    let weather = Weather::new(1);
    (20_633_i64..)
        .find(|&d| {
            let weekday = (d + 3).rem_euclid(7);
            weather.kind(d) == kind && weather.kind(d - 1) == DayKind::Dry && (0..4).contains(&weekday)
        })
        .unwrap()
}

fn live(kind: DayKind) -> (Day, Machine) {
    let (begun, city) = (Instant::now(), city());
    let frame = LocalFrame::new(city.epsg, city.origin);
    let midnight = Stamp((find(kind) * DAY_S - LOCAL_S) * 1000);
    let mut machine = Machine::new(config(city.clone()));
    let mut devices = Devices::new(city.clone(), 1, midnight);
    let mut day = Day::default();
    let property: BTreeMap<&str, ObservedProperty> = city.sensors.iter().map(|s| (s.id.as_str(), s.property)).collect();
    for s in 1..=DAY_S {
        let now = midnight + s * 1000;
        let mut inputs: Vec<Input> = Vec::new();
        for message in devices.step(now) {
            inputs.extend(parse::message(&message.topic, message.payload.as_bytes(), now, &frame).unwrap());
        }
        for input in &inputs {
            match input {
                Input::Observation(o) => {
                    let (low, high) = day.values.entry(property[o.sensor.as_str()]).or_insert((f64::MAX, f64::MIN));
                    (*low, *high) = (low.min(o.result), high.max(o.result));
                }
                Input::Citizen(_) => day.reports_by_hour[(s - 1) as usize / 3600] += 1,
                _ => {}
            }
        }
        inputs.extend(
            standin::of_machine(&machine, &Responder::unhurried(), Seats::Together).into_iter().map(Input::Command),
        );
        let outcome = machine.tick(now, inputs);
        for event in &outcome.events {
            follow(&mut day, event);
            task(event, &machine, &frame, &mut devices);
        }
        if s % 900 == 0 {
            let counts = machine.world().resource::<AlertBook>().counts();
            day.board.push([counts[1], counts[2], counts[3], counts[4]]);
        }
    }
    day.wall_s = begun.elapsed().as_secs_f64();
    day.print();
    (day, machine)
}

fn follow(day: &mut Day, event: &Event) {
    match event {
        Event::CaseOpened { code, alert, .. } => {
            *day.opened.entry(code.clone()).or_default() += 1;
            day.from_alerts += usize::from(alert.is_some());
        }
        Event::AlertChanged { alert, property, rule, to, .. } => {
            let known = day.alerts.entry(alert.0).or_insert((*property, rule.clone(), *to));
            known.2 = known.2.max(*to);
        }
        Event::UnitStatusChanged { from, to, .. } => day.statuses.push((*from, *to)),
        Event::CommandRefused { command, reason, .. } => day.refused_commands.push(format!("{command}: {reason}")),
        _ => {}
    }
}

/// What the room publishes on the crews' topics.
fn task(event: &Event, machine: &Machine, frame: &LocalFrame, devices: &mut Devices) {
    let Event::UnitDispatched { dispatch, case, unit, place_m, .. } = event else { return };
    let [lon, lat] = frame.to_lonlat(*place_m).unwrap();
    let code = machine.world().resource::<CaseFile>().get(case).unwrap().code.clone();
    let message = TaskMessage {
        dispatch: dispatch.0,
        case: case.to_string(),
        code,
        text: String::new(),
        lon,
        lat,
        recalled: false,
    };
    devices.take_task(unit, &message);
}

#[test]
fn a_dry_day_is_calm_and_alive() {
    let (day, machine) = live(DayKind::Dry);
    let file = machine.world().resource::<CaseFile>();
    let mut states: BTreeMap<CaseState, usize> = BTreeMap::new();
    for case in file.cases().values() {
        *states.entry(case.state).or_default() += 1;
    }
    let done = states.iter().filter(|(state, _)| state.ended()).map(|(_, n)| n).sum::<usize>();
    println!("states {states:?}, open {}", file.open().count());
    assert!((100..=200).contains(&day.cases()), "{} cases", day.cases());
    assert!(day.from_alerts >= 2, "sensors open cases too");
    assert!(day.reds() <= 5, "{} reds", day.reds());
    let kinds: BTreeSet<ObservedProperty> = city().sensors.iter().map(|s| s.property).collect();
    assert_eq!(day.broken(), kinds, "every kind of device breaks down somewhere");
    assert!(done * 4 >= day.cases() * 3, "{done} of {} cases ended with the day", day.cases());
    // A calm board: what stands at one time fits on a screen.
    let busiest = day.board.iter().map(|b| b.iter().sum::<usize>()).max().unwrap();
    assert!(busiest <= 20, "{busiest} alerts at once");
    assert!(day.board.iter().any(|b| b.iter().sum::<usize>() > 0));
    // Citizens sleep at night and write by day.
    let hours = |range: std::ops::Range<usize>| day.reports_by_hour[range].iter().sum::<usize>();
    assert!(hours(1..5) * 5 < hours(8..12), "{:?}", day.reports_by_hour);
    let roster = machine.world().resource::<UnitRoster>();
    assert_eq!(roster.refused_reports, 0, "crews only report what may follow");
    for &(from, to) in &day.statuses {
        let ordered = (from, to) == (UnitStatus::Available, UnitStatus::Dispatched);
        assert!(ordered || guanlan_dispatch::roster::may_follow(from, to), "{from:?} to {to:?}");
    }
    assert!(day.statuses.iter().any(|(_, to)| *to == UnitStatus::OnScene));
    assert!(day.refused_commands.is_empty(), "{:?}", day.refused_commands);
    let within = |property, low: f64, high: f64| {
        let (least, most) = day.values[&property];
        assert!(low <= least && most <= high, "{property:?} {least} … {most}");
    };
    within(ObservedProperty::RoadWaterDepth, 0.0, 1.0);
    within(ObservedProperty::RiverStage, 2.8, 3.6);
    within(ObservedProperty::RainIntensity, 0.0, 0.0);
    within(ObservedProperty::Pm25, 2.0, 75.0);
    within(ObservedProperty::Noise, 33.0, 70.0);
    within(ObservedProperty::GasLel, 0.0, 60.0);
    within(ObservedProperty::ParkingOccupancy, 20.0, 100.0);
    within(ObservedProperty::BinFill, 0.0, 100.0);
    within(ObservedProperty::PumpsRunning, -1.0, 3.0);
}

#[test]
fn a_storm_puts_water_on_the_roads() {
    let (day, machine) = live(DayKind::Storm);
    let at_least =
        |rule: &str, level: AlertLevel| day.alerts.values().filter(|a| a.1.starts_with(rule) && a.2 >= level).count();
    assert!(at_least("road-water", AlertLevel::Yellow) >= 4);
    assert!(at_least("road-water", AlertLevel::Red) >= 3);
    assert!(at_least("rain-intensity", AlertLevel::Yellow) >= 1);
    assert!(day.opened.get("10-999").is_some_and(|n| *n >= 1), "red water is a case: {:?}", day.opened);
    assert_eq!(machine.world().resource::<UnitRoster>().refused_reports, 0);
    let closed = machine.world().resource::<CaseFile>();
    let water = closed.cases().values().filter(|c| c.code == "10-999" && c.milestones.on_scene.is_some()).count();
    assert!(water >= 1, "crews go to the water");
}
