//! Street inlets of the file (`[INLET_USAGE]`) after HEC-22 as SWMM applies it: grates, curb openings, both, slots, drop
//! inlets in channels and rated ones, on a slope or in a sag, clogged or not. What an inlet captures leaves the street
//! conduit's lower node for the sewer node. HEC-22's constants are in feet, and so is all in here but what is asked and
//! answered.

use guanlan_city::model::drainage::{CurbThroat, Curve, CurveKind, DrainageNetwork, InletKind, InletUsage, Placement};

use super::{
    gutter::{Channel, Gutter},
    plan::{PlanLink, PlanNode},
};

const FOOT_M: f64 = 0.3048;
const FOOT3_M3: f64 = FOOT_M * FOOT_M * FOOT_M;
/// Gravity as HEC-22 has it, ft/s².
const GRAVITY_FT: f64 = 32.16;
/// Approach flows below this are none, ft³/s.
const LEAST_FT3_S: f64 = 1.0e-3;

/// Open share of the surface and coefficients of the splash-over velocity by length in ft (ft/s): Chart 5 of HEC-22.
const GRATES: [(&str, f64, [f64; 4]); 8] = [
    ("P_BAR-50", 0.90, [2.22, 4.03, -0.65, 0.06]),
    ("P_BAR-50X100", 0.80, [0.74, 2.44, -0.27, 0.02]),
    ("P_BAR-30", 0.60, [1.76, 3.12, -0.45, 0.03]),
    ("CURVED_VANE", 0.35, [0.30, 4.85, -1.31, 0.15]),
    ("TILT_BAR-45", 0.17, [0.99, 2.64, -0.36, 0.03]),
    ("TILT_BAR-30", 0.34, [0.51, 2.34, -0.20, 0.01]),
    ("RETICULINE", 0.80, [0.28, 2.28, -0.18, 0.01]),
    ("GENERIC", 1.0, [0.0, 1.0e3, 0.0, 0.0]),
];

/// All inlets of one usage.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct StreetInlet {
    /// The conduit along whose lower end they stand, among the plan's links.
    pub conduit: usize,
    openings: Vec<Opening>,
    place: Place,
    count: f64,
    clear: f64,
    /// Most that one captures, ft³/s; 0 is no limit.
    most: f64,
    sag: bool,
}

/// Where an inlet stands.
#[derive(Clone, Debug, PartialEq)]
enum Place {
    Street(Gutter, f64),
    Channel(Channel),
}

#[derive(Clone, Debug, PartialEq)]
enum Opening {
    Grate {
        length: f64,
        width: f64,
        open: f64,
        splash: f64,
        drop: bool,
    },
    Curb {
        length: f64,
        height: f64,
        throat: CurbThroat,
        drop: bool,
    },
    Slot {
        length: f64,
        width: f64,
    },
    /// By approach flow (diversion) or by depth (rating), SI.
    Curve {
        curve: Curve,
        by_depth: bool,
    },
}

/// Value of a curve, which goes on beyond its ends: to none below, in its last direction above.
fn on_and_on(curve: &Curve, x: f64) -> f64 {
    let (Some(first), Some(last)) = (curve.points.first(), curve.points.last()) else { return 0.0 };
    if x < first[0] && first[0] > 0.0 {
        return x / first[0] * first[1];
    }
    if x > last[0] && curve.points.len() > 1 {
        let before = curve.points[curve.points.len() - 2];
        let slope = if last[0] > before[0] { (last[1] - before[1]) / (last[0] - before[0]) } else { 0.0 };
        return last[1] + slope.max(0.0) * (x - last[0]);
    }
    curve.at(x).unwrap_or(0.0)
}

impl StreetInlet {
    /// An inlet with the nodes it takes from and gives to; why it cannot be, otherwise.
    pub fn of(
        usage: &InletUsage,
        network: &DrainageNetwork,
        nodes: &[PlanNode],
        links: &[PlanLink],
    ) -> Result<(Self, usize, usize), String> {
        let file = network.conduits.get(usage.conduit).ok_or("names no conduit")?;
        let conduit = links.iter().position(|l| l.id == file.id).ok_or("its conduit carries no water")?;
        let inlet = network.inlets.get(usage.inlet).ok_or("names no inlet design")?;
        let link = &links[conduit];
        if usage.node >= nodes.len() || usage.node == link.to {
            return Err("its node is not apart from the street's".into());
        }
        let street = network.streets.iter().find(|s| s.id.eq_ignore_ascii_case(&file.section));
        let openings: Vec<Opening> = inlet.openings.iter().filter_map(|o| Opening::of(o, network)).collect();
        if openings.is_empty() {
            return Err("its design has no opening".into());
        }
        let drops = inlet.openings.iter().all(|o| {
            matches!(
                o,
                InletKind::Grate { drop: true, .. } | InletKind::Curb { drop: true, .. } | InletKind::Custom { .. }
            )
        });
        if street.is_none() && !drops {
            return Err("stands in no street: only drop inlets and rated ones can".into());
        }
        let leaves = links.iter().any(|l| l.from == link.to);
        let sag = match usage.placement {
            Placement::OnGrade => false,
            Placement::OnSag => true,
            // Where no street goes on, water stands.
            Placement::Automatic => !leaves,
        };
        let place = match street {
            Some(s) => Place::Street(Gutter::of(s, usage, link), f64::from(s.sides.max(1))),
            None => Place::Channel(Channel::of(file, link)),
        };
        let inlet = Self {
            conduit,
            openings,
            place,
            count: usage.count.max(0.0),
            clear: (1.0 - usage.clogged).clamp(0.0, 1.0),
            most: usage.max_flow_m3_s / FOOT3_M3,
            sag,
        };
        Ok((inlet, link.to, usage.node))
    }

    /// Flow captured from an approach flow (all sides) with a depth at the kerb, m³/s.
    pub fn capture_m3_s(&self, approach_m3_s: f64, depth_m: f64) -> f64 {
        let sides = if let Place::Street(_, sides) = &self.place { *sides } else { 1.0 };
        let (approach, depth) = (approach_m3_s.abs() / FOOT3_M3 / sides, depth_m.max(0.0) / FOOT_M);
        let limited = |q: f64| if self.most > 0.0 { q.min(self.most) } else { q };
        let rated = self
            .openings
            .iter()
            .find_map(|o| if let Opening::Curve { by_depth, .. } = o { Some(*by_depth) } else { None });
        let each = match rated {
            Some(true) => self.count * self.clear * self.one(approach, depth),
            None if self.sag => self.count * limited(self.clear * self.in_sag(depth)),
            _ => {
                let mut left = approach;
                for _ in 0..(self.count as usize).min(1000) {
                    if left < LEAST_FT3_S {
                        break;
                    }
                    left -= limited(self.clear * self.one(left, depth)).min(left);
                }
                approach - left
            }
        };
        each.max(0.0) * sides * FOOT3_M3
    }

    /// Capture of one inlet that water passes.
    fn one(&self, flow: f64, depth: f64) -> f64 {
        let (mut grate, mut curb) = (None, 0.0);
        for opening in &self.openings {
            match opening {
                Opening::Curve { curve, by_depth: true } => return on_and_on(curve, depth * FOOT_M) / FOOT3_M3,
                Opening::Curve { curve, .. } => return on_and_on(curve, flow * FOOT3_M3) / FOOT3_M3,
                // Takes from what stands at it, also on a slope.
                Opening::Curb { drop: true, .. } => return self.in_sag(depth).min(flow),
                Opening::Slot { length, .. } => {
                    let Place::Street(gutter, _) = &self.place else { return 0.0 };
                    return gutter.curb(flow, gutter.spread(flow), *length).min(flow);
                }
                Opening::Curb { length, .. } => curb = *length,
                Opening::Grate { length, width, splash, .. } => grate = Some([*length, *width, *splash]),
            }
        }
        match &self.place {
            Place::Channel(channel) => grate.map_or(0.0, |g| channel.grate(flow, g).min(flow)),
            Place::Street(gutter, _) => {
                let spread = gutter.spread(flow);
                // A curb opening longer than the grate beside it sweeps first.
                let longer = curb - grate.map_or(0.0, |g| g[0]);
                let swept = if longer > 0.0 { gutter.curb(flow, spread, longer) } else { 0.0 };
                let rest = flow - swept;
                match grate.filter(|_| rest > 0.0) {
                    Some(g) => {
                        let spread = if swept > 0.0 { gutter.spread(rest) } else { spread };
                        swept + gutter.grate(rest, spread, g)
                    }
                    None => swept,
                }
            }
        }
    }

    /// Capture of one inlet in standing water.
    fn in_sag(&self, depth: f64) -> f64 {
        let plain = Gutter::plain();
        let gutter = if let Place::Street(gutter, _) = &self.place { gutter } else { &plain };
        let mut sum = 0.0;
        let (mut beside, mut drowned) = (0.0, false);
        for opening in &self.openings {
            match opening {
                Opening::Slot { length, width } => {
                    return if depth <= 2.587 * width {
                        2.48 * length * depth.powf(1.5)
                    } else {
                        0.8 * length * width * (2.0 * GRAVITY_FT * depth).sqrt()
                    };
                }
                Opening::Grate { length, width, open, drop, .. } => {
                    let steep = gutter.steep();
                    let width_in = if !drop && depth <= width * steep { depth / steep } else { *width };
                    let over = if *drop { depth } else { depth - 0.5 * width_in * steep };
                    let rim = if *drop { 2.0 * (length + width) } else { length + 2.0 * width_in };
                    let hole = length * width_in * open;
                    drowned = depth > 1.79 * hole / rim;
                    sum += if drowned {
                        0.67 * hole * (2.0 * GRAVITY_FT * over).sqrt()
                    } else {
                        3.0 * rim * over.powf(1.5)
                    };
                    beside = *length;
                }
                Opening::Curb { .. } | Opening::Curve { .. } => {}
            }
        }
        for opening in &self.openings {
            if let Opening::Curb { length, height, throat, drop } = opening {
                let round = if *drop { 4.0 } else { 1.0 };
                sum += curb_in_sag(gutter, depth, (length - beside) * round, *height, *throat);
                if drowned {
                    sum += curb_in_sag(gutter, depth, beside * round, *height, *throat);
                }
            }
        }
        sum
    }
}

/// A curb opening in standing water: a weir while it is shallow, an orifice when it is deep, a line between them.
fn curb_in_sag(gutter: &Gutter, depth: f64, length: f64, height: f64, throat: CurbThroat) -> f64 {
    if length <= 0.0 {
        return 0.0;
    }
    let orifice = |depth: f64| {
        let above = match throat {
            CurbThroat::Horizontal => 0.5 * height,
            CurbThroat::Inclined => 0.5 * height * 0.7071,
            CurbThroat::Vertical => 0.0,
        };
        0.67 * height * length * (2.0 * GRAVITY_FT * (depth - above).max(0.0)).sqrt()
    };
    let deep = 1.4 * height;
    if depth > deep {
        return orifice(depth);
    }
    let (coefficient, crest, upto) = match gutter.depressed() {
        Some([depression, width]) if length <= 12.0 => (2.3, length + 1.8 * width, height + depression),
        _ => (3.0, length, height),
    };
    let weir = |depth: f64| coefficient * crest * depth.powf(1.5);
    if depth < upto {
        return weir(depth);
    }
    let share = (depth - upto) / (deep - upto);
    (1.0 - share) * weir(upto) + share * orifice(deep)
}

impl Opening {
    fn of(kind: &InletKind, network: &DrainageNetwork) -> Option<Self> {
        let ft = |m: &f64| m / FOOT_M;
        Some(match kind {
            InletKind::Grate { length_m, width_m, grate, open_fraction, splash_m_s, drop } => {
                let known = GRATES.iter().find(|g| g.0 == grate.as_str() && g.0 != "GENERIC");
                let length = ft(length_m);
                let (open, splash) = match known {
                    Some((_, open, [a, b, c, d])) => (*open, a + length * (b + length * (c + length * d))),
                    None => (if *open_fraction > 0.0 { *open_fraction } else { 1.0 }, ft(splash_m_s)),
                };
                Self::Grate { length, width: ft(width_m), open, splash, drop: *drop }
            }
            InletKind::Curb { length_m, height_m, throat, drop } => {
                Self::Curb { length: ft(length_m), height: ft(height_m), throat: *throat, drop: *drop }
            }
            InletKind::Slotted { length_m, width_m } => Self::Slot { length: ft(length_m), width: ft(width_m) },
            InletKind::Custom { curve } => {
                let curve = network.curves.get(*curve)?.clone();
                Self::Curve { by_depth: curve.kind == CurveKind::Rating, curve }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inlet(clear: f64, sag: bool) -> StreetInlet {
        StreetInlet {
            conduit: 0,
            openings: vec![Opening::Grate { length: 3.0, width: 2.0, open: 0.9, splash: 8.0, drop: false }],
            place: Place::Street(Gutter::tests(), 1.0),
            count: 1.0,
            clear,
            most: 0.0,
            sag,
        }
    }

    #[test]
    fn clogged_inlets_take_less_and_sags_more_when_deep() {
        let (clear, clogged) = (inlet(1.0, false).capture_m3_s(0.05, 0.1), inlet(0.5, false).capture_m3_s(0.05, 0.1));
        assert!((clogged / clear - 0.5).abs() < 1e-9 && clear < 0.05);
        let sag = inlet(1.0, true);
        assert!(sag.capture_m3_s(0.0, 0.2) > sag.capture_m3_s(0.0, 0.05));
        assert_eq!(sag.capture_m3_s(0.0, 0.0), 0.0);
        let limited = StreetInlet { most: 0.1, ..inlet(1.0, false) };
        assert!((limited.capture_m3_s(0.05, 0.1) - 0.1 * FOOT3_M3).abs() < 1e-12);
        let two = StreetInlet { count: 2.0, ..inlet(1.0, false) };
        assert!(two.capture_m3_s(0.05, 0.1) > clear && two.capture_m3_s(0.05, 0.1) <= 0.05);
    }

    #[test]
    fn curb_openings_in_a_sag_pass_from_weir_to_orifice_without_a_jump() {
        let gutter = Gutter::tests();
        let q = |d: f64| curb_in_sag(&gutter, d, 5.0, 0.5, CurbThroat::Horizontal);
        // HEC-22: 2.3 (L + 1.8 W) d^1.5 with a gutter of 2 ft, 2 in deeper.
        assert!((q(0.3) - 2.3 * (5.0 + 3.6) * 0.3_f64.powf(1.5)).abs() < 1e-9);
        assert!((q(1.0) - 0.67 * 2.5 * (2.0 * 32.16 * 0.75_f64).sqrt()).abs() < 1e-9);
        for d in [0.5 + 2.0 / 12.0, 0.7] {
            assert!((q(d + 1e-9) - q(d - 1e-9)).abs() < 1e-6, "{d}");
        }
    }

    #[test]
    fn rated_inlets_follow_their_curve() {
        let curve = Curve { points: vec![[0.0, 0.0], [0.1, 0.06], [0.2, 0.1]], ..Curve::default() };
        let rated = StreetInlet { openings: vec![Opening::Curve { curve, by_depth: false }], ..inlet(1.0, false) };
        assert!((rated.capture_m3_s(0.05, 0.0) - 0.03).abs() < 1e-9);
        assert!((rated.capture_m3_s(0.25, 0.0) - 0.12).abs() < 1e-9);
    }
}
