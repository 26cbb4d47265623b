//! Sensors: exactly as many as are asked for, of which 30 are water gauges.

mod gauges;
mod nearest;
mod scattered;

use guanlan_core::ObservedProperty;

use super::{components::Part, dice::Dice, drainage::Drains, geom::P, ground::Ground, network::Network, plan::Plan};

/// A sensor as it is written.
pub struct Sensor {
    pub id: u64,
    pub name: (String, String),
    pub property: ObservedProperty,
    pub at: P,
    pub height_m: f64,
    pub period_s: u32,
}

/// Sensors as they are numbered.
struct Rack(Vec<Sensor>);

impl Rack {
    fn next_id(&self) -> u64 {
        1001 + self.0.len() as u64
    }

    fn add(&mut self, name: (String, String), property: ObservedProperty, at: P, height_m: f64, period_s: u32) {
        let id = self.next_id();
        self.0.push(Sensor { id, name, property, at, height_m, period_s });
    }
}

/// Places `count` sensors.
pub fn place(
    plan: &Plan,
    net: &Network,
    drains: &Drains,
    ground: &Ground,
    parts: &[Part],
    count: usize,
) -> Vec<Sensor> {
    let mut dice = Dice::new(plan.seed, "sensors");
    let mut rack = Rack(Vec::with_capacity(count));
    gauges::water(plan, net, ground, &mut rack);
    gauges::pumps(drains, &mut rack);
    gauges::rain(plan, net, count, &mut dice, &mut rack);
    scattered::place(net, parts, count - rack.0.len(), &mut dice, &mut rack);
    // Streets run to the very edge of the map; what stands on them stays inside.
    let mut out = rack.0;
    for s in &mut out {
        s.at = s.at.map(|v| v.clamp(3.0, plan.size - 3.0));
    }
    out
}
