//! The town that the benches of readings share: gauges on a square, three rules each.

use std::sync::Arc;

use guanlan_city::{City, model::SensorSpec};
use guanlan_core::{Bilingual, Mode, ObservedProperty, SensorId};
use guanlan_room::{LIVE_TICK_MS, RoomConfig};

use crate::exit::{Failure, failed};

/// A city of gauges, nothing else: every one has three rules.
fn gauges(n: usize) -> Arc<City> {
    let side = (n as f64).sqrt().ceil() as usize;
    let sensors = (0..n)
        .map(|i| SensorSpec {
            id: SensorId::from(format!("g{i}")),
            name: Bilingual::new(format!("测点{i}"), format!("Gauge {i}")),
            property: ObservedProperty::RoadWaterDepth,
            place_m: Some([(i % side) as f64 * 30.0, (i / side) as f64 * 30.0]),
            height_m: 0.0,
            period_s: 300,
        })
        .collect();
    Arc::new(City {
        name: Bilingual::new("基准城", "Bench town"),
        epsg: 4549,
        origin: [500_000.0, 3_350_000.0],
        extent: [0.0, 0.0, (side * 30) as f32, (side * 30) as f32],
        sensors,
        ..City::default()
    })
}

const THREE_RULES: &str = r#"
format = 1
[[rule]]
name = "depth"
version = 1
property = "road_water_depth"
title = { zh = "积水", en = "Water" }
blue = 60
yellow = 80
red = 95
hysteresis = 2
on_delay_s = 60
off_delay_s = 180
[[rule]]
name = "depth-long"
version = 1
property = "road_water_depth"
title = { zh = "持续积水", en = "Standing water" }
blue = 70
hysteresis = 5
on_delay_s = 600
off_delay_s = 600
[[rule]]
name = "depth-sudden"
version = 1
property = "road_water_depth"
title = { zh = "急涨", en = "Sudden water" }
red = 98
hysteresis = 1
on_delay_s = 0
off_delay_s = 60
"#;

/// The constants of its room.
pub fn config(n: usize) -> Result<Arc<RoomConfig>, Failure> {
    let rules = guanlan_alerting::RuleSet::parse("bench.toml", THREE_RULES).map_err(failed)?;
    Ok(Arc::new(RoomConfig {
        city: gauges(n),
        timeline: "live".into(),
        mode: Mode::Live,
        seed: 1,
        tick_ms: LIVE_TICK_MS,
        alert_rules: rules,
        case_rules: guanlan_casework::CaseRules::shipped().map_err(failed)?,
        simulate_crews: false,
        drill: None,
    }))
}
