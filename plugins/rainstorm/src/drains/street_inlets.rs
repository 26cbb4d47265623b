//! Street inlets of the file (`[INLET_USAGE]`) after HEC-22: grates, curb openings, both, slots, drop inlets and
//! rated ones, on a slope or in a sag, clogged or not. What an inlet captures leaves the street conduit's lower node
//! for the sewer node.

use guanlan_city::model::drainage::{Curve, CurveKind, DrainageNetwork, InletKind, InletUsage, Placement, Street};

use super::plan::{PlanLink, PlanNode};
use crate::surface::GRAVITY;

const FOOT_M: f64 = 0.3048;
/// Coefficient of HEC-22's gutter equation, SI.
const GUTTER: f64 = 0.376;
const ORIFICE: f64 = 0.67;
/// Weir coefficients of grates and of curb openings with and without a depressed gutter, SI.
const GRATE_WEIR: f64 = 1.66;
const CURB_WEIR: f64 = 1.25;
const PLAIN_CURB_WEIR: f64 = 1.60;

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
    street: Gutter,
    count: f64,
    clear: f64,
    most_m3_s: f64,
    sag: bool,
    /// Channels have no gutter: only drop inlets and rated ones stand in them.
    channel: bool,
}

/// Section of the gutter.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Gutter {
    cross: f64,
    roughness: f64,
    /// Depressed part: width and depth below the cross slope, m.
    width_m: f64,
    depression_m: f64,
    /// The inlet's own depression, m.
    local_m: f64,
    sides: f64,
    slope: f64,
}

#[derive(Clone, Debug, PartialEq)]
enum Opening {
    Grate {
        length_m: f64,
        width_m: f64,
        open: f64,
        splash_m_s: f64,
    },
    Curb {
        length_m: f64,
        height_m: f64,
    },
    Slot {
        length_m: f64,
        width_m: f64,
    },
    /// By approach flow (diversion) or by depth (rating).
    Curve {
        curve: Curve,
        by_depth: bool,
    },
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
        let leaves = links.iter().any(|l| l.from == link.to) || nodes[link.to].outfall;
        let sag = match usage.placement {
            Placement::OnGrade => false,
            Placement::OnSag => true,
            // Where every street ends, water stands.
            Placement::Automatic => !leaves,
        };
        let gutter = Gutter::of(street, usage, link);
        let inlet = Self {
            conduit,
            openings,
            street: gutter,
            count: usage.count.max(0.0),
            clear: (1.0 - usage.clogged).clamp(0.0, 1.0),
            most_m3_s: usage.max_flow_m3_s,
            sag,
            channel: street.is_none(),
        };
        Ok((inlet, link.to, usage.node))
    }

    /// Flow captured from an approach flow (all sides) with a depth at the kerb, m³/s.
    pub fn capture_m3_s(&self, approach_m3_s: f64, depth_m: f64) -> f64 {
        let sides = self.street.sides.max(1.0);
        let mut left = (approach_m3_s / sides).max(0.0);
        let all = left;
        if self.sag || self.channel {
            let each: f64 = self.openings.iter().map(|o| o.in_sag(depth_m, left, self.street)).sum();
            // What stands in a sag can be taken whatever arrives.
            let most = if self.sag { f64::INFINITY } else { left };
            return sides * self.limited(each * self.count).min(most);
        }
        let whole = self.count.floor() as usize;
        for _ in 0..whole.min(100) {
            let taken = self.limited(self.on_grade(left, depth_m)).min(left);
            left -= taken;
            if taken <= 1.0e-9 {
                break;
            }
        }
        sides * (all - left)
    }

    fn limited(&self, q: f64) -> f64 {
        let q = q * self.clear;
        if self.most_m3_s > 0.0 { q.min(self.most_m3_s) } else { q }
    }

    /// Capture of one inlet on a slope.
    fn on_grade(&self, flow: f64, depth_m: f64) -> f64 {
        let grate = self.openings.iter().find(|o| matches!(o, Opening::Grate { .. }));
        let curb = self.openings.iter().find(|o| matches!(o, Opening::Curb { .. } | Opening::Slot { .. }));
        let rated: f64 = self
            .openings
            .iter()
            .map(|o| match o {
                Opening::Curve { curve, by_depth } => {
                    curve.at(if *by_depth { depth_m } else { flow }).unwrap_or(0.0).max(0.0)
                }
                _ => 0.0,
            })
            .sum();
        let mut taken = rated.min(flow);
        // A curb opening longer than the grate beside it sweeps first.
        let beside = grate.map_or(0.0, Opening::length_m);
        if let Some(curb) = curb {
            taken += self.street.curb_m3_s(flow - taken, curb.length_m() - beside);
        }
        if let Some(Opening::Grate { length_m, width_m, splash_m_s, .. }) = grate {
            taken += self.street.grate_m3_s(flow - taken, *length_m, *width_m, *splash_m_s);
        }
        taken
    }
}

impl Opening {
    fn of(kind: &InletKind, network: &DrainageNetwork) -> Option<Self> {
        Some(match kind {
            InletKind::Grate { length_m, width_m, grate, open_fraction, splash_m_s, .. } => {
                let known = GRATES.iter().find(|g| g.0 == grate.as_str() && g.0 != "GENERIC");
                let feet = length_m / FOOT_M;
                let (open, splash) = match known {
                    Some((_, open, [a, b, c, d])) => (*open, (a + feet * (b + feet * (c + feet * d))) * FOOT_M),
                    None => (if *open_fraction > 0.0 { *open_fraction } else { 1.0 }, *splash_m_s),
                };
                Self::Grate { length_m: *length_m, width_m: *width_m, open, splash_m_s: splash }
            }
            InletKind::Curb { length_m, height_m, .. } => Self::Curb { length_m: *length_m, height_m: *height_m },
            InletKind::Slotted { length_m, width_m } => Self::Slot { length_m: *length_m, width_m: *width_m },
            InletKind::Custom { curve } => {
                let curve = network.curves.get(*curve)?.clone();
                Self::Curve { by_depth: curve.kind == CurveKind::Rating, curve }
            }
        })
    }

    fn length_m(&self) -> f64 {
        match self {
            Self::Grate { length_m, .. } | Self::Curb { length_m, .. } | Self::Slot { length_m, .. } => *length_m,
            Self::Curve { .. } => 0.0,
        }
    }

    /// Capture of standing water: a weir over the rim, an orifice when it is deep.
    fn in_sag(&self, depth_m: f64, approach: f64, gutter: Gutter) -> f64 {
        let d = depth_m.max(0.0);
        let root = |head: f64| (2.0 * GRAVITY * head.max(0.0)).sqrt();
        match self {
            Self::Grate { length_m, width_m, open, .. } => {
                let weir = GRATE_WEIR * (length_m + 2.0 * width_m) * d * d.sqrt();
                weir.min(ORIFICE * length_m * width_m * open * root(d))
            }
            Self::Curb { length_m, height_m } => {
                let depressed = gutter.width_m > 0.0 && gutter.depression_m + gutter.local_m > 0.0;
                let weir = if depressed {
                    CURB_WEIR * (length_m + 1.8 * gutter.width_m) * d * d.sqrt()
                } else {
                    PLAIN_CURB_WEIR * length_m * d * d.sqrt()
                };
                let head = d + gutter.local_m - 0.5 * height_m;
                if d <= *height_m { weir } else { weir.min(ORIFICE * height_m * length_m * root(head)) }
            }
            Self::Slot { length_m, width_m } => (1.4 * length_m * d * d.sqrt()).min(0.8 * length_m * width_m * root(d)),
            Self::Curve { curve, by_depth } => curve.at(if *by_depth { d } else { approach }).unwrap_or(0.0).max(0.0),
        }
    }
}

impl Gutter {
    fn of(street: Option<&Street>, usage: &InletUsage, link: &PlanLink) -> Self {
        let fall = (link.bottom_m[0] - link.bottom_m[1]) / link.length_m;
        let Some(s) = street else { return Self { sides: 1.0, slope: fall.max(1.0e-5), ..Self::default() } };
        Self {
            cross: s.cross_slope.max(1.0e-4),
            roughness: s.roughness.max(1.0e-3),
            width_m: s.gutter_width_m,
            depression_m: s.gutter_depression_m,
            local_m: usage.depression_m,
            sides: f64::from(s.sides.max(1)),
            slope: fall.max(1.0e-5),
        }
    }

    /// Slope of the depressed gutter over the cross slope.
    fn steeper(&self) -> f64 {
        if self.width_m > 0.0 { 1.0 + self.depression_m / self.width_m / self.cross } else { 1.0 }
    }

    /// Share of the flow in the gutter's width `w` when the spread is `t`.
    fn frontal(&self, t: f64, w: f64) -> f64 {
        if w <= 0.0 || t <= 0.0 {
            return 0.0;
        }
        if t <= w {
            return 1.0;
        }
        let s = self.steeper();
        if s <= 1.0 {
            return 1.0 - (1.0 - w / t).powf(8.0 / 3.0);
        }
        1.0 / (1.0 + s / ((1.0 + s / (t / w - 1.0)).powf(8.0 / 3.0) - 1.0))
    }

    /// Flow of a spread, m³/s.
    fn flow(&self, t: f64) -> f64 {
        let side = |width: f64| {
            GUTTER / self.roughness * self.cross.powf(5.0 / 3.0) * self.slope.sqrt() * width.powf(8.0 / 3.0)
        };
        let s = self.steeper();
        if s <= 1.0 || self.width_m <= 0.0 {
            return side(t);
        }
        if t <= self.width_m {
            let cross = self.cross * s;
            return GUTTER / self.roughness * cross.powf(5.0 / 3.0) * self.slope.sqrt() * t.powf(8.0 / 3.0);
        }
        side(t - self.width_m) / (1.0 - self.frontal(t, self.width_m)).max(1.0e-6)
    }

    /// Spread of a flow, m.
    fn spread(&self, flow: f64) -> f64 {
        let (mut low, mut high) = (0.0_f64, 1.0);
        while self.flow(high) < flow && high < 1.0e3 {
            high *= 2.0;
        }
        for _ in 0..50 {
            let middle = 0.5 * (low + high);
            if self.flow(middle) < flow { low = middle } else { high = middle }
        }
        0.5 * (low + high)
    }

    fn area(&self, t: f64) -> f64 {
        0.5 * self.cross * t * t + 0.5 * self.depression_m * self.width_m.min(t)
    }

    fn curb_m3_s(&self, flow: f64, length_m: f64) -> f64 {
        if flow <= 0.0 || length_m <= 0.0 {
            return 0.0;
        }
        let frontal = self.frontal(self.spread(flow), self.width_m);
        let fall = if self.width_m > 0.0 { (self.depression_m + self.local_m) / self.width_m } else { 0.0 };
        let cross = self.cross + fall * frontal;
        let whole = 0.817 * flow.powf(0.42) * self.slope.powf(0.3) * (1.0 / (self.roughness * cross)).powf(0.6);
        if length_m >= whole { flow } else { flow * (1.0 - (1.0 - length_m / whole).powf(1.8)) }
    }

    fn grate_m3_s(&self, flow: f64, length_m: f64, width_m: f64, splash_m_s: f64) -> f64 {
        if flow <= 0.0 {
            return 0.0;
        }
        let t = self.spread(flow);
        let v = flow / self.area(t).max(1.0e-9);
        // A grate narrower than the gutter sees its share of the gutter's flow.
        let gutter = self.frontal(t, self.width_m);
        let frontal = if self.width_m > 0.0 && width_m < self.width_m && t > self.width_m {
            gutter * (1.0 - (1.0 - width_m / self.width_m).powf(8.0 / 3.0))
        } else {
            self.frontal(t, width_m)
        };
        let over = if v > splash_m_s { (1.0 - 0.295 * (v - splash_m_s)).max(0.0) } else { 1.0 };
        let side = 1.0 / (1.0 + 0.0828 * v.powf(1.8) / (self.cross * length_m.powf(2.3)).max(1.0e-12));
        flow * (over * frontal + side * (1.0 - frontal)).clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gutter() -> Gutter {
        Gutter {
            cross: 0.02,
            roughness: 0.016,
            width_m: 0.6,
            depression_m: 0.05,
            local_m: 0.0,
            sides: 1.0,
            slope: 0.01,
        }
    }

    #[test]
    fn gutters_and_openings_follow_hec_22() {
        // HEC-22 example 4-2: n .016, Sx .02, SL .01, T 2.5 m, no gutter: Q = .05 m³/s.
        let plain = Gutter { width_m: 0.0, depression_m: 0.0, ..gutter() };
        assert!((plain.flow(2.5) - 0.0400).abs() < 0.004, "{}", plain.flow(2.5));
        assert!((plain.spread(plain.flow(2.5)) - 2.5).abs() < 1e-6);
        let g = gutter();
        assert!((g.spread(g.flow(1.7)) - 1.7).abs() < 1e-6);
        // Frontal flow: more in a depressed gutter.
        assert!(g.frontal(2.5, 0.6) > plain.frontal(2.5, 0.6));
        // A long enough opening takes all, a short one a part.
        assert!((g.curb_m3_s(0.05, 50.0) - 0.05).abs() < 1e-12);
        let (short, long) = (g.curb_m3_s(0.05, 1.0), g.curb_m3_s(0.05, 3.0));
        assert!(short < long && long < 0.05);
        let grate = g.grate_m3_s(0.05, 0.9, 0.6, 2.5);
        assert!(grate > 0.02 && grate < 0.05, "{grate}");
    }

    #[test]
    fn clogged_inlets_take_less_and_sags_more_when_deep() {
        let inlet = |clear: f64, sag: bool| StreetInlet {
            conduit: 0,
            openings: vec![Opening::Grate { length_m: 0.9, width_m: 0.6, open: 0.9, splash_m_s: 2.5 }],
            street: gutter(),
            count: 1.0,
            clear,
            most_m3_s: 0.0,
            sag,
            channel: false,
        };
        let (clear, clogged) = (inlet(1.0, false).capture_m3_s(0.05, 0.1), inlet(0.5, false).capture_m3_s(0.05, 0.1));
        assert!((clogged / clear - 0.5).abs() < 1e-9);
        let sag = inlet(1.0, true);
        assert!(sag.capture_m3_s(0.0, 0.2) > sag.capture_m3_s(0.0, 0.05));
        assert!((sag.capture_m3_s(0.0, 0.05) - 1.66 * 2.1 * 0.05_f64.powf(1.5)).abs() < 1e-9);
        assert_eq!(sag.capture_m3_s(0.0, 0.0), 0.0);
    }
}
