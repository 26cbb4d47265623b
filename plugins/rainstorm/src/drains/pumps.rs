//! Pumps and their curves.

use guanlan_city::model::drainage::Pump;

/// Pumps that move more make no sense, m³/s.
const MOST_M3_S: f64 = 1.0e4;

/// A pump.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanPump {
    /// Name in the file.
    pub id: String,
    /// Wet well.
    pub from: usize,
    /// Discharge node.
    pub to: usize,
    /// SWMM curve type 1–5; 0 is ideal.
    pub curve_type: u8,
    /// Curve points.
    pub curve: Vec<[f64; 2]>,
    /// Starts above, m of depth in the wet well; 0: only rules start it.
    pub start_m: f64,
    /// Stops below, m.
    pub stop_m: f64,
    /// Stands at the start.
    pub init_off: bool,
    /// A conduit of shape DUMMY: it passes on what comes.
    pub dummy: bool,
}

impl PlanPump {
    pub(super) fn of(pump: &Pump) -> Self {
        let mut curve: Vec<[f64; 2]> = pump.curve.iter().map(|p| p.map(f64::from)).collect();
        curve.retain(|p| p[0].is_finite() && p[1].abs() <= MOST_M3_S);
        curve.sort_by(|a, b| a[0].total_cmp(&b[0]));
        curve.dedup_by(|a, b| a[0] == b[0]);
        let depth = |v: f32| if v.is_finite() { f64::from(v).max(0.0) } else { 0.0 };
        Self {
            id: pump.id.clone(),
            from: pump.from,
            to: pump.to,
            curve_type: pump.curve_type,
            curve,
            start_m: depth(pump.start_m),
            stop_m: depth(pump.stop_m),
            init_off: pump.init_off,
            dummy: false,
        }
    }

    /// A conduit of shape DUMMY.
    pub(super) fn dummy(id: &str, from: usize, to: usize) -> Self {
        Self { dummy: true, ..Self::of(&Pump { id: id.to_owned(), from, to, ..Pump::default() }) }
    }

    /// True when the pump moves what comes, whatever that is.
    #[must_use]
    pub fn is_ideal(&self) -> bool {
        self.curve.is_empty() || !(1..=5).contains(&self.curve_type)
    }

    /// Flow of the pump at a speed (1 as rated), m³/s, and how it grows with the head of its wet well, m²/s.
    /// `volume_m3`, `depth_m`: of the wet well; `lift_m`: from its water to the discharge node's.
    #[must_use]
    pub fn flow_m3_s(&self, volume_m3: f64, depth_m: f64, lift_m: f64, speed: f64) -> (f64, f64) {
        // Affinity: heads go with the square of the speed, flows with the speed; other types know the flow only.
        let square = if self.curve_type == 5 { (speed * speed).max(1.0e-6) } else { 1.0 };
        let (flow, slope) = match self.curve_type {
            // In steps of volume or depth: the flow of the first point not yet reached.
            1 => (stepped(&self.curve, volume_m3), 0.0),
            2 => (stepped(&self.curve, depth_m), 0.0),
            3 | 5 => {
                let (q, slope) = interpolated(&self.curve, lift_m.max(0.0) / square);
                (q, (-slope / square).max(0.0))
            }
            4 => {
                let (q, slope) = interpolated(&self.curve, depth_m);
                (q, slope.max(0.0))
            }
            _ => (0.0, 0.0),
        };
        (flow * speed, slope * speed)
    }
}

fn stepped(curve: &[[f64; 2]], x: f64) -> f64 {
    curve.iter().find(|p| x < p[0]).or(curve.last()).map_or(0.0, |p| p[1].max(0.0))
}

pub(super) fn interpolated(curve: &[[f64; 2]], x: f64) -> (f64, f64) {
    let after = curve.partition_point(|p| p[0] <= x);
    match (after.checked_sub(1).and_then(|k| curve.get(k)), curve.get(after)) {
        (Some(a), Some(b)) => {
            let slope = (b[1] - a[1]) / (b[0] - a[0]);
            ((a[1] + slope * (x - a[0])).max(0.0), slope)
        }
        (Some(a), None) => (a[1].max(0.0), 0.0),
        (None, Some(b)) => (b[1].max(0.0), 0.0),
        (None, None) => (0.0, 0.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_are_read_as_in_swmm() {
        let pump = |curve_type| {
            PlanPump::of(&Pump { curve_type, curve: vec![[1.0, 0.05], [2.0, 0.1], [5.0, 0.15]], ..Pump::default() })
        };
        assert!((pump(2).flow_m3_s(0.0, 0.5, 0.0, 1.0).0 - 0.05).abs() < 1e-7);
        assert!((pump(2).flow_m3_s(0.0, 1.0, 0.0, 1.0).0 - 0.1).abs() < 1e-7);
        assert!((pump(2).flow_m3_s(0.0, 9.0, 0.0, 1.0).0 - 0.15).abs() < 1e-7);
        assert!((pump(4).flow_m3_s(0.0, 1.5, 0.0, 1.0).0 - 0.075).abs() < 1e-7);
        assert!((pump(3).flow_m3_s(0.0, 0.0, 3.5, 1.0).0 - 0.125).abs() < 1e-7);
        // Twice as fast: four times the head, twice the flow.
        assert!((pump(5).flow_m3_s(0.0, 0.0, 14.0, 2.0).0 - 0.25).abs() < 1e-7);
        assert!(PlanPump::of(&Pump::default()).is_ideal());
    }
}
