//! Pictures to judge by eye: `GUANLAN_LOOK=1` writes PNGs of the demo city with two invented hours to the temporary
//! folder.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use bevy::prelude::*;
use guanlan_city::{City, demo, import::assemble::LoadOptions};
use guanlan_core::{
    Input, Lang, Mode, ObservedProperty, PhotoView, Stamp,
    input::{CitizenReport, FeedState, Observation, UnitStatus},
};
use guanlan_journal::{Meta, SqliteStore};
use guanlan_markers::MarkersPlugin;
use guanlan_room::{Machine, RoomConfig, Timelines, run_live};
use guanlan_stage::{CameraPose, CameraRig, Ground, StagePlugin, still::StillApp};

use crate::{Desk, PanelsPlugin, Preset, layout::Side};

fn city() -> Arc<City> {
    let cache = std::env::temp_dir().join("guanlan-look");
    let made = demo::ensure(&cache.join("demo"), &demo::DemoParams::default()).unwrap();
    let options = LoadOptions { name: Some(made.name), ..LoadOptions::default() };
    let loaded = guanlan_city::pack::load_cached(&cache.join("packs"), &made.files, &options, &|_| {});
    Arc::new(loaded.unwrap().0)
}

/// What comes in `m` minutes after the beginning: a cloudburst that floods two underpasses, a day of reports.
fn inputs(city: &City, m: i64, now: Stamp) -> Vec<Input> {
    let mut out = vec![Input::Feed(FeedState {
        feed: "mqtt".into(),
        up: true,
        real: false,
        message: String::new(),
        figures: None,
    })];
    let rain = (60.0 - (m as f64 - 75.0).abs() * 1.4).max(0.0);
    let mut wet = 0;
    for (i, s) in city.sensors.iter().enumerate() {
        let result = match s.property {
            ObservedProperty::RainIntensity => rain * (0.8 + 0.1 * (i % 5) as f64),
            ObservedProperty::RoadWaterDepth => {
                wet += 1;
                let deep = [38.0, 29.0, 19.0, 12.0].get(wet - 1).copied().unwrap_or(2.0);
                (deep * ((m as f64 - 40.0) / 60.0).clamp(0.0, 1.0) * 10.0).round() / 10.0
            }
            ObservedProperty::Other => continue,
            p if m % 10 == i as i64 % 10 => match p {
                ObservedProperty::RiverStage => 3.2 + m as f64 * 0.004,
                ObservedProperty::Pm25 => 38.0 + (i % 17) as f64,
                ObservedProperty::Noise => 52.0,
                ObservedProperty::CoverTilt => {
                    if i % 401 == 0 && m > 90 {
                        34.0
                    } else {
                        0.4
                    }
                }
                _ => 20.0,
            },
            _ => continue,
        };
        out.push(Input::Observation(Observation { sensor: s.id.clone(), phenomenon: now, received: now, result }));
    }
    if m == 119 {
        out.extend(water_words(city, now));
    }
    if m % 7 == 3 {
        let at = city.places[(m as usize * 5) % city.places.len()].place_m;
        out.push(Input::Citizen(CitizenReport {
            report: format!("snap-{m}"),
            at: now,
            east_m: at[0] + 20.0,
            north_m: at[1] - 15.0,
            code: ["06-010", "01-001", "03-004", "05-002"][m as usize % 4].into(),
            text: "路面有垃圾堆放，请尽快处理".into(),
            photo: Some(format!("snap-{m}.jpg")),
            view: PhotoView::new(Some((m * 37 % 360) as f64), None, None),
        }));
    }
    out
}

/// What a model of the water would say, so that its desk can be looked at.
fn water_words(city: &City, now: Stamp) -> Vec<Input> {
    use guanlan_core::Bilingual;
    use guanlan_core::water::{
        AdviceAction, AdviceOption, AdviceReport, ForecastReport, GaugeVerdict, Harm, Passing, RainSource,
        RoadForecast, SiteForecast, WaterBooks, WaterReport, WaterSkill,
    };
    let gauges: Vec<_> = city.sensors.iter().filter(|s| s.property == ObservedProperty::RoadWaterDepth).collect();
    let harm = |roads, under| Harm {
        roads,
        road_min: 12.0 * f64::from(roads),
        underpasses: under,
        residents: 1240,
        buildings: 37,
        places: 2,
        ..Harm::default()
    };
    let report = WaterReport {
        at: now,
        estimate: true,
        cell_m: 10.0,
        cadence_s: 60,
        speed: 26.0,
        rain: RainSource::Gauges,
        rain_coverage: 96,
        rain_mm_h: 48.2,
        skill: WaterSkill {
            window_min: 60,
            gauges: 41,
            readings: 820,
            rmse_m: 0.043,
            bias_m: -0.011,
            nse: Some(0.81),
            hit_rate: Some(0.92),
            false_alarm: Some(0.06),
        },
        books: WaterBooks {
            rain_m3: 1.9e6,
            drained_m3: 7.0e5,
            stored_m3: 4.1e5,
            nudged_m3: -8.2e3,
            error_relative: 4e-9,
            ..WaterBooks::default()
        },
        gauges: vec![GaugeVerdict {
            sensor: gauges[4].id.clone(),
            place_m: gauges[4].place_m.unwrap_or_default(),
            measured_m: 0.9,
            model_m: 0.08,
            at: now,
            contradicted: true,
            since: Some(now),
            reason: Bilingual::new(
                "五分钟涨 90 cm，当地来水不足，邻近测点不支持",
                "Rose 90 cm in five minutes: more than the rain can bring, and its neighbours do not agree",
            ),
        }],
        ..WaterReport::default()
    };
    let site = |i: usize, peak: u16| SiteForecast {
        id: gauges[i].id.to_string(),
        name: gauges[i].name.clone(),
        place_m: gauges[i].place_m.unwrap_or_default(),
        depth_mm: (0..24).map(|k| (f64::from(peak) * (f64::from(k) / 12.0).min(1.0)) as u16).collect(),
        peak_mm: peak,
        peak_at: now + 60 * 60_000,
        passes: vec![Passing { limit_mm: 270, from: now + 38 * 60_000, until: None }],
        ..SiteForecast::default()
    };
    let forecast = ForecastReport {
        no: 3,
        from: now,
        to: now + 2 * 3_600_000,
        rain: RainSource::Persistence,
        rain_words: RainSource::Persistence.name(),
        rain_mm: 61.0,
        step_s: 300,
        sites: (0..5).map(|i| site(i, 460 - 70 * i as u16)).collect(),
        roads: vec![RoadForecast {
            edge: 1,
            name: Bilingual::new("观山路", "Guanshan Road"),
            underpass: true,
            from: now + 20 * 60_000,
            until: None,
            peak_mm: 460,
        }],
        harm: harm(11, 3),
        headline: Bilingual::new(
            "观山路下穿 38 分后 27 cm，将中断交通",
            "Guanshan underpass 27 cm in 38 min: it will be cut",
        ),
        ..ForecastReport::default()
    };
    let action = |name: (&str, &str), k: usize| AdviceAction {
        kind: "pump_truck".into(),
        measure: String::new(),
        name: Bilingual::new(name.0, name.1),
        why: Bilingual::new("峰值降 21 cm", "peak 21 cm lower"),
        place_m: gauges[k].place_m,
        start: now + 5 * 60_000,
        effect: now + 25 * 60_000,
        people: 4.0,
        trucks: 1.0,
        minutes: 20.0,
    };
    let advice = AdviceReport {
        no: 1,
        forecast: 3,
        from: now,
        to: now + 2 * 3_600_000,
        nothing: harm(11, 3),
        options: vec![AdviceOption {
            no: 1,
            name: Bilingual::new("两处泵车加开泵", "Two trucks and a pump"),
            actions: vec![
                action(("泵车至观山路下穿", "Truck to Guanshan underpass"), 0),
                action(("泵车至中山路下穿", "Truck to Zhongshan underpass"), 1),
            ],
            people: 8.0,
            trucks: 2.0,
            minutes: 40.0,
            harm: harm(4, 1),
            words: Bilingual::new("少断 7 段路、2 处下穿", "7 roads and 2 underpasses fewer are cut"),
        }],
        runs: 14,
        words: Bilingual::new("比较 14 种组合，推荐第 1 种", "14 combinations compared; the first is recommended"),
        ..AdviceReport::default()
    };
    vec![Input::WaterReport(Arc::new(report)), Input::Forecast(Arc::new(forecast)), Input::Advice(Arc::new(advice))]
}

fn wall() -> Stamp {
    Stamp(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64)
}

fn timelines(city: Arc<City>) -> Arc<Timelines> {
    let config = Arc::new(RoomConfig {
        city: city.clone(),
        timeline: "live".into(),
        mode: Mode::Demo,
        seed: 1,
        tick_ms: 1000,
        alert_rules: guanlan_alerting::RuleSet::defaults(),
        case_rules: guanlan_casework::CaseRules::shipped().unwrap(),
        simulate_crews: true,
        drill: None,
    });
    let mut machine = Machine::new(config.clone());
    let end = wall();
    for m in 0..=120 {
        let at = end + (m - 120) * 60_000;
        for half in 0..2 {
            machine.tick(
                at + (half * 30_000 - 30_000),
                if half == 0 { inputs(&city, m, at + -30_000) } else { Vec::new() },
            );
        }
    }
    let meta =
        Meta { timeline: "live".into(), mode: Mode::Demo, seed: 1, tick_ms: 1000, city: "look".into(), parent: None };
    let live = run_live(machine, Box::new(SqliteStore::in_memory(&meta).unwrap())).unwrap();
    Arc::new(Timelines::new(live, config, None))
}

fn shot(timelines: &Arc<Timelines>, name: &str, size: [u32; 2], set: impl FnOnce(&mut World)) {
    let (rooms, city) = (timelines.clone(), timelines.config().city.clone());
    let mut still = StillApp::new(UVec2::from(size), move |app| {
        app.add_plugins((
            StagePlugin::new(city),
            MarkersPlugin,
            PanelsPlugin { timelines: rooms, lang: Lang::Zh, scale: 1.0, demo: true, preset: Preset::Desk },
        ));
    })
    .unwrap();
    still.update(2);
    set(still.app.world_mut());
    let picture = still.capture(6).unwrap();
    let path = std::env::temp_dir().join(format!("guanlan-look-{name}.png"));
    picture.image.save(&path).unwrap();
    println!("{} {:.0} ms a frame", path.display(), picture.frame_ms);
    // Panels are there: the strip is not the colour of the sky.
    let strip = picture.image.get_pixel(size[0] / 2, 12);
    let sky = guanlan_core::theme::Theme::CommandDark.color(guanlan_core::theme::Token::Space);
    assert_ne!([strip[0], strip[1], strip[2]], [sky.r, sky.g, sky.b], "no strip on {name}");
}

#[test]
fn pictures_to_look_at() {
    if std::env::var_os("GUANLAN_LOOK").is_none() {
        println!("set GUANLAN_LOOK=1 to draw pictures");
        return;
    }
    let rooms = timelines(city());
    let picture = rooms.live().picture();
    println!("alerts {:?} cases {}", picture.alerts.counts(), picture.cases.open().count());
    shot(&rooms, "desk", [1920, 1080], |_| {});
    shot(&rooms, "detail", [1920, 1080], |world| {
        let picture = world.resource::<crate::Showing>().0.clone().unwrap().picture;
        let waits = picture.advice.cases.keys().next().cloned();
        let case = waits.or_else(|| picture.cases.open().next().map(|c| c.id.clone()));
        if let Some(at) = case.as_ref().and_then(|c| picture.cases.get(c)).map(|c| c.place_m) {
            let [e, n] = at.map(|v| v as f32);
            let h = world.resource::<Ground>().height_m(e, n);
            world.resource_mut::<CameraRig>().pose =
                CameraPose { focus: [e, n, h], distance_m: 700.0, yaw_deg: 330.0, pitch_deg: 38.0 };
        }
        let mut desk = world.resource_mut::<Desk>();
        desk.case = case;
        desk.revision += 1;
    });
    shot(&rooms, "briefing", [1920, 1080], |world| {
        world.resource_mut::<Desk>().preset = Preset::Briefing;
    });
    shot(&rooms, "small-en", [1280, 720], |world| {
        let mut desk = world.resource_mut::<Desk>();
        desk.look.lang = Lang::En;
        desk.revision += 1;
    });
    shot(&rooms, "wide", [3840, 1080], |_| {});
    let into = |world: &mut World, area: Option<u32>| {
        let tree = world.resource::<guanlan_stage::layers::AreaTree>();
        let bounds = area.and_then(|a| tree.bounds(a)).unwrap_or([-1500.0, -1500.0, 1500.0, 1500.0]);
        let (lens, from) = (world.resource::<guanlan_stage::MapLens>(), world.resource::<CameraRig>().pose);
        let pose = crate::poses::pose_over(bounds, &from, world.resource::<Ground>(), lens);
        world.resource_mut::<CameraRig>().pose = pose;
        let mut desk = world.resource_mut::<Desk>();
        (desk.area, desk.side) = (area, Side::Areas);
        desk.revision += 1;
    };
    let child = |world: &World, of: Option<u32>| {
        world.resource::<guanlan_stage::layers::AreaTree>().children(of).first().copied()
    };
    shot(&rooms, "layers", [1920, 1080], |world| {
        let mut desk = world.resource_mut::<Desk>();
        desk.side = Side::Layers;
        desk.tree.open = Some("sensors-road-water".into());
        desk.revision += 1;
    });
    shot(&rooms, "water", [1920, 1080], |world| {
        let picture = world.resource::<crate::Showing>().0.clone().unwrap().picture;
        let alert = picture.alerts.active().iter().find(|a| a.place_m.is_some()).map(|a| a.id);
        let mut desk = world.resource_mut::<Desk>();
        (desk.side, desk.alert, desk.why) = (Side::Water, alert, true);
        desk.revision += 1;
    });
    shot(&rooms, "risk-trend", [1920, 1080], |world| {
        let picture = world.resource::<crate::Showing>().0.clone().unwrap().picture;
        let deep = picture.alerts.active().iter().find(|a| a.property == ObservedProperty::RoadWaterDepth);
        let (sensor, worst) = (deep.map(|a| a.sensor.clone()), picture.risk.grids.first().map(|r| r.grid));
        let mut desk = world.resource_mut::<Desk>();
        (desk.side, desk.trend, desk.risk) = (Side::Risk, sensor, worst);
        desk.revision += 1;
    });
    shot(&rooms, "system-en", [1280, 720], |world| {
        let picture = world.resource::<crate::Showing>().0.clone().unwrap().picture;
        let river = picture.city.sensors.iter().find(|s| s.property == ObservedProperty::RiverStage);
        let sensor = river.map(|s| s.id.clone());
        let mut desk = world.resource_mut::<Desk>();
        (desk.side, desk.trend, desk.look.lang) = (Side::System, sensor, Lang::En);
        desk.revision += 1;
    });
    shot(&rooms, "catalogue-en", [1920, 1080], |world| {
        let mut desk = world.resource_mut::<Desk>();
        (desk.side, desk.look.lang) = (Side::Catalogue, Lang::En);
        desk.revision += 1;
    });
    shot(&rooms, "areas", [1600, 900], |world| into(world, child(world, None)));
    shot(&rooms, "areas-en", [1600, 900], |world| {
        let street = child(world, None);
        into(world, child(world, street));
        world.resource_mut::<Desk>().look.lang = Lang::En;
    });
    shot(&rooms, "layers-wide-en", [3840, 1080], |world| {
        let mut desk = world.resource_mut::<Desk>();
        (desk.side, desk.look.lang) = (Side::Layers, Lang::En);
        desk.tree.open = Some("flood".into());
        desk.revision += 1;
    });
    shot(&rooms, "wall", [7680, 2160], |world| world.resource_mut::<Desk>().side = Side::Areas);
    shot(&rooms, "pins", [1920, 1080], |world| {
        use crate::subject::Subject;
        let picture = world.resource::<crate::Showing>().0.clone().unwrap().picture;
        let alert = picture.alerts.active().iter().find(|a| a.place_m.is_some()).cloned();
        let place = alert.as_ref().and_then(|a| a.place_m).unwrap_or_default().map(|v| v as f32);
        let z = world.resource::<Ground>().height_m(place[0], place[1]);
        let index = world.resource::<guanlan_stage::pick::BuildingIndex>();
        let near = (0..40).find_map(|k| index.at(place[0] + 5.0 * k as f32, place[1] + 20.0));
        let road = world.resource::<crate::subject::RoadIndex>().nearest(&picture.city, place, 200.0).map(|r| r.0);
        world.resource_mut::<CameraRig>().pose =
            CameraPose { focus: [place[0], place[1], z], distance_m: 620.0, yaw_deg: 330.0, pitch_deg: 38.0 };
        let all = world.resource::<guanlan_stage::layers::Cameras>().rows.clone();
        let camera = all.iter().min_by_key(|c| (c.place_m[0] - place[0]).hypot(c.place_m[1] - place[1]) as i32);
        let unit = picture.units.units.iter().find(|u| u.place_m.is_some()).map(|u| u.id.clone());
        let mut desk = world.resource_mut::<Desk>();
        desk.pins.extend(alert.map(|a| Subject::Sensor(a.sensor.clone())));
        desk.pins.extend(near.map(Subject::Building));
        desk.pins.extend(road.map(Subject::Road));
        desk.pins.extend(unit.map(Subject::Unit));
        desk.pins.extend(camera.map(|c| Subject::Camera(c.id.clone())));
        desk.revision += 1;
        if let Some(camera) = camera {
            world.resource_mut::<crate::camera::Pictures>().open(camera);
        }
    });
    let busy = rooms.live().picture();
    assert!(busy.alerts.counts()[4] > 0, "the cloudburst must turn something red");
    assert!(busy.units.units.iter().any(|u| u.status != UnitStatus::Available) || busy.cases.open().count() > 0);
    rooms.stop();
}
