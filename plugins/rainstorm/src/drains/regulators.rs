//! Orifices, weirs and outlets: flow by the heads on both sides.

use guanlan_city::model::drainage::{DrainageNetwork, OrificeKind, OutletRating, WeirKind};

use super::{plan::PlanNode, pumps::interpolated, street_inlets::StreetInlet};

/// Larger openings make no sense, m.
const LARGEST_M: f64 = 1000.0;

/// A regulator.
#[derive(Clone, Debug, PartialEq)]
pub struct Regulator {
    /// Name in the file.
    pub id: String,
    /// Upstream node.
    pub from: usize,
    /// Downstream node.
    pub to: usize,
    pub(super) kind: Kind,
    /// Its sill, m above datum.
    pub(super) crest_m: f64,
    /// The same above the invert of its upper node as the file has it, m.
    pub(super) offset_m: f64,
    pub(super) flap: bool,
    /// Time from closed to open, s.
    pub(super) travel_s: f64,
}

/// What it is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    Orifice {
        bottom: bool,
        coefficient: f64,
        round: bool,
        height_m: f64,
        width_m: f64,
    },
    Weir {
        form: WeirKind,
        coefficient: f64,
        ends: f64,
        height_m: f64,
        length_m: f64,
        slope: f64,
        contractions: f64,
        surcharges: bool,
        /// Coefficient by head, m and SI, in place of `coefficient`.
        rated: Vec<[f64; 2]>,
        road: Option<Road>,
    },
    Outlet {
        rating: Rating,
        by_head: bool,
    },
    /// Takes what flows along a street conduit.
    Street(Box<StreetInlet>),
}

/// Flow by depth or head.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Rating {
    Power(f64, f64),
    Points(Vec<[f64; 2]>),
}

/// A road that is flooded over, of known width: its coefficient goes with the head (FHWA HDS-5, figure 10 of
/// FHWA/RD-86/108).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Road {
    pub(super) width_m: f64,
    gravel: bool,
}

/// Coefficients by head in ft while the head is at most 0.15 of the width, by head over width above, and what is left of
/// them by the depth behind over the head: paved, then gravel.
const ROAD_LOW: [&[[f64; 2]]; 2] = [
    &[[0.0, 2.85], [0.2, 2.95], [0.7, 3.03], [4.0, 3.05]],
    &[[0.0, 2.5], [0.5, 2.7], [1.0, 2.8], [1.5, 2.9], [2.0, 2.98], [2.5, 3.02], [3.0, 3.03], [4.0, 3.05]],
];
const ROAD_HIGH: [&[[f64; 2]]; 2] = [&[[0.15, 3.05], [0.25, 3.10]], &[[0.15, 2.95], [0.30, 3.10]]];
const ROAD_DROWNED: [&[[f64; 2]]; 2] = [
    &[
        [0.8, 1.0],
        [0.85, 0.98],
        [0.9, 0.92],
        [0.93, 0.85],
        [0.95, 0.8],
        [0.97, 0.7],
        [0.98, 0.6],
        [0.99, 0.5],
        [1.0, 0.4],
    ],
    &[
        [0.75, 1.0],
        [0.8, 0.985],
        [0.83, 0.97],
        [0.86, 0.93],
        [0.89, 0.9],
        [0.9, 0.87],
        [0.92, 0.8],
        [0.94, 0.7],
        [0.96, 0.6],
        [0.98, 0.5],
        [0.99, 0.4],
        [1.0, 0.24],
    ],
];
const FOOT_M: f64 = 0.3048;

impl Road {
    /// Coefficient at the heads over the road on both sides, SI.
    pub(super) fn coefficient(&self, head_m: f64, behind_m: f64) -> f64 {
        let k = usize::from(self.gravel);
        let share = head_m / self.width_m;
        let free = if share <= 0.15 {
            interpolated(ROAD_LOW[k], head_m / FOOT_M).0
        } else {
            interpolated(ROAD_HIGH[k], share).0
        };
        let left = if behind_m > 0.0 { interpolated(ROAD_DROWNED[k], behind_m / head_m).0 } else { 1.0 };
        free * left * FOOT_M.sqrt()
    }
}

pub(super) fn regulators_of(network: &DrainageNetwork, nodes: &[PlanNode], notes: &mut Vec<String>) -> Vec<Regulator> {
    let mut out = Vec::new();
    let mut add =
        |what: &str, id: &str, from: usize, to: usize, offset_m: f64, flap, travel_s: f64, kind: Option<Kind>| {
            let ends = from < nodes.len() && to < nodes.len() && from != to;
            match kind.filter(|_| ends && offset_m.abs() <= LARGEST_M) {
                Some(kind) => {
                    let own_m = nodes[from].invert_m + offset_m.max(0.0);
                    if own_m < nodes[to].invert_m {
                        notes.push(format!(
                            "{what} {id}: its sill is raised to the invert of its lower node, as in SWMM"
                        ));
                    }
                    out.push(Regulator {
                        id: id.to_owned(),
                        from,
                        to,
                        kind,
                        crest_m: own_m.max(nodes[to].invert_m),
                        offset_m: offset_m.max(0.0),
                        flap,
                        travel_s: if travel_s.is_finite() { travel_s.max(0.0) } else { 0.0 },
                    });
                }
                None => notes.push(format!("{what} {id}: ends or sizes make no sense; left out")),
            }
        };
    for o in &network.orifices {
        let [height_m, width_m] = o.geom_m;
        let round = !o.shape.to_ascii_uppercase().starts_with("RECT");
        let size = |v: f64| v > 0.0 && v <= LARGEST_M;
        let good = size(height_m) && (round || size(width_m)) && (0.0..=10.0).contains(&o.discharge_coefficient);
        let bottom = o.kind == OrificeKind::Bottom;
        let kind =
            good.then_some(Kind::Orifice { bottom, coefficient: o.discharge_coefficient, round, height_m, width_m });
        add("orifice", &o.id, o.from, o.to, o.offset_m, o.flap_gate, o.open_close_time_s, kind);
    }
    for w in &network.weirs {
        let [height_m, length_m, one, other] = w.geom;
        // Run over rise of the sides: of a notch from its width, of a trapezoid the mean of both.
        let slope = match w.kind {
            WeirKind::VNotch if height_m > 0.0 => 0.5 * length_m / height_m,
            WeirKind::Trapezoidal => 0.5 * (one + other),
            _ => one,
        };
        let rated =
            w.coefficient_curve.and_then(|k| network.curves.get(k)).map(|c| c.points.clone()).unwrap_or_default();
        let coefficient = rated.first().map_or(w.coefficient_si, |p| p[1]);
        let is_road = w.kind == WeirKind::Roadway;
        let road = is_road.then_some(Road { width_m: w.road_width_m, gravel: w.gravel });
        let size = |v: f64| (0.0..=LARGEST_M).contains(&v);
        let good = size(height_m) && size(length_m) && size(slope) && (0.0..=100.0).contains(&coefficient);
        let good = good && height_m > 0.0 && (length_m > 0.0 || slope > 0.0);
        let kind = good.then_some(Kind::Weir {
            form: w.kind,
            coefficient,
            ends: w.end_coefficient_si,
            height_m,
            length_m,
            slope,
            contractions: w.end_contractions,
            surcharges: w.can_surcharge,
            rated,
            road,
        });
        add("weir", &w.id, w.from, w.to, w.crest_offset_m, w.flap_gate, 0.0, kind);
    }
    for o in &network.outlets {
        let rating = match &o.rating {
            OutletRating::Functional { coefficient_si, exponent } => Some(Rating::Power(*coefficient_si, *exponent)),
            OutletRating::Tabular(k) => network.curves.get(*k).map(|c| Rating::Points(c.points.clone())),
        };
        let kind = rating.map(|rating| Kind::Outlet { rating, by_head: o.by_head });
        add("outlet", &o.id, o.from, o.to, o.offset_m, o.flap_gate, 0.0, kind);
    }
    out
}

impl Regulator {
    /// Inlets along a street conduit.
    pub(super) fn street(conduit: &str, inlet: StreetInlet, from: usize, to: usize) -> Self {
        Self {
            id: format!("inlet of {conduit}"),
            from,
            to,
            kind: Kind::Street(Box::new(inlet)),
            crest_m: 0.0,
            offset_m: 0.0,
            flap: true,
            travel_s: 0.0,
        }
    }

    /// Height of its opening, m, and whether water goes sideways through it; outlets and inlets have none.
    pub(super) fn opening(&self) -> Option<(f64, bool)> {
        match &self.kind {
            Kind::Orifice { bottom, height_m, .. } => Some((*height_m, !bottom)),
            Kind::Weir { height_m, .. } => Some((*height_m, true)),
            Kind::Outlet { .. } | Kind::Street(_) => None,
        }
    }

    /// True for inlets of streets.
    #[must_use]
    pub fn is_street_inlet(&self) -> bool {
        matches!(self.kind, Kind::Street(_))
    }

    /// Flow from `from` to `to` at two heads and a setting (0 closed, 1 open), m³/s, and its slopes with both
    /// heads, m²/s.
    pub fn flow(&self, head_m: [f64; 2], setting: f64) -> (f64, f64, f64) {
        let (up, down, sign) =
            if head_m[0] >= head_m[1] { (head_m[0], head_m[1], 1.0) } else { (head_m[1], head_m[0], -1.0) };
        if setting <= 0.0 || up <= self.crest_m || (self.flap && sign < 0.0) {
            return (0.0, 0.0, 0.0);
        }
        // Slopes from one millimetre: exact enough for the implicit step, whatever the formula.
        let back = sign < 0.0;
        let raw = |up: f64, down: f64| self.through([up, down], setting, back).q_m3_s;
        let q = raw(up, down);
        let d = 1.0e-3;
        let with_up = ((raw(up + d, down) - q) / d).max(0.0);
        let with_down = ((raw(up, (down + d).min(up)) - q) / d).min(0.0);
        if sign > 0.0 { (q, with_up, with_down) } else { (-q, -with_down, -with_up) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn regulator(kind: Kind) -> Regulator {
        Regulator { id: "R".into(), from: 0, to: 1, kind, crest_m: 1.0, offset_m: 1.0, flap: false, travel_s: 0.0 }
    }

    #[test]
    fn a_notch_has_the_slope_of_its_width_and_a_weir_that_cannot_surcharge_its_crown() {
        let weir = |kind, geom, can_surcharge| guanlan_city::model::drainage::Weir {
            id: "W".into(),
            to: 1,
            kind,
            geom,
            can_surcharge,
            coefficient_si: 1.4,
            ..Default::default()
        };
        let network = DrainageNetwork {
            nodes: vec![Default::default(); 2],
            weirs: vec![
                weir(WeirKind::VNotch, [1.0, 1.5, 0.0, 0.0], true),
                weir(WeirKind::Transverse, [0.8, 0.5, 0.0, 0.0], false),
            ],
            ..DrainageNetwork::default()
        };
        let plan = super::super::DrainPlan::alone(&network, super::super::Scheme::Implicit);
        let flow = |k: usize, h: f64| plan.regulators[k].flow([h, -1.0], 1.0).0;
        assert!((flow(0, 0.5) - 1.4 * 0.75 * 0.5_f64.powf(2.5)).abs() < 1e-9, "{}", flow(0, 0.5));
        assert!((flow(1, 2.0) - 1.4 * 0.5 * 0.8_f64.powf(1.5)).abs() < 1e-9, "{}", flow(1, 2.0));
    }

    #[test]
    fn a_flooded_road_and_a_rated_weir_follow_their_tables() {
        let road = |width_m, gravel| {
            regulator(Kind::Weir {
                form: WeirKind::Roadway,
                coefficient: 1.7,
                ends: 0.0,
                height_m: 15.0,
                length_m: 60.0,
                slope: 0.0,
                contractions: 0.0,
                surcharges: true,
                rated: Vec::new(),
                road: Some(Road { width_m, gravel }),
            })
        };
        // One foot of water over 40 ft of gravel: 2.8 in feet.
        let head = 0.3048_f64;
        let want = 2.8 * 0.3048_f64.sqrt() * 60.0 * head.powf(1.5);
        assert!((road(12.2, true).flow([1.0 + head, 0.0], 1.0).0 / want - 1.0).abs() < 1e-9);
        // 95 % drowned and paved: 0.8 of it is left.
        let free = road(12.2, false).flow([1.0 + head, 0.0], 1.0).0;
        assert!((road(12.2, false).flow([1.0 + head, 1.0 + 0.95 * head], 1.0).0 / free - 0.8).abs() < 1e-9);
        // Without a width its own coefficient holds.
        assert!((road(0.0, true).flow([1.0 + head, 0.0], 1.0).0 / (1.7 * 60.0 * head.powf(1.5)) - 1.0).abs() < 1e-9);
        let rated = regulator(Kind::Weir {
            form: WeirKind::Transverse,
            coefficient: 1.0,
            ends: 0.0,
            height_m: 1.0,
            length_m: 2.0,
            slope: 0.0,
            contractions: 0.0,
            surcharges: true,
            rated: vec![[0.0, 1.6], [1.0, 2.0]],
            road: None,
        });
        assert!((rated.flow([1.5, 0.0], 1.0).0 - 1.8 * 2.0 * 0.5_f64.powf(1.5)).abs() < 1e-9);
    }

    #[test]
    fn orifices_and_weirs_follow_their_formulas() {
        let side =
            regulator(Kind::Orifice { bottom: false, coefficient: 0.65, round: false, height_m: 0.5, width_m: 1.0 });
        let (q, up, down) = side.flow([3.0, 0.0], 1.0);
        assert!((q - 0.65 * 0.5 * (2.0 * 9.81 * 1.75_f64).sqrt()).abs() < 1e-9);
        assert!(up > 0.0 && down == 0.0);
        // Submerged, backwards, closed.
        let (q, ..) = side.flow([3.0, 2.5], 1.0);
        assert!((q - 0.65 * 0.5 * (2.0 * 9.81 * 0.5_f64).sqrt()).abs() < 1e-9);
        assert!((side.flow([2.5, 3.0], 1.0).0 + q).abs() < 1e-12);
        assert_eq!(side.flow([3.0, 0.0], 0.0).0, 0.0);
        let weir = regulator(Kind::Weir {
            form: WeirKind::Transverse,
            coefficient: 1.84,
            ends: 0.0,
            height_m: 1.0,
            length_m: 2.0,
            slope: 0.0,
            contractions: 0.0,
            surcharges: true,
            rated: Vec::new(),
            road: None,
        });
        assert!((weir.flow([1.5, 0.0], 1.0).0 - 1.84 * 2.0 * 0.5_f64.powf(1.5)).abs() < 1e-9);
        assert!(weir.flow([1.5, 1.4], 1.0).0 < weir.flow([1.5, 1.1], 1.0).0);
        // Continuous where the weir runs full.
        let at = |h: f64| weir.flow([h, 0.0], 1.0).0;
        assert!((at(2.0 + 1e-9) - at(2.0 - 1e-9)).abs() < 1e-6);
    }
}
