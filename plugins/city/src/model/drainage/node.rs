//! Nodes: manholes, outfalls, wet wells, dividers.

use serde::{Deserialize, Serialize};

/// What a node is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum DrainNodeKind {
    /// Manhole.
    #[default]
    Junction,
    /// Outfall to a river.
    Outfall,
    /// Storage, wet well.
    Storage,
    /// Flow divider.
    Divider,
}

/// A node of the network.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DrainNode {
    /// Name in the file.
    pub id: String,
    /// What it is.
    pub kind: DrainNodeKind,
    /// Local m; `None` when the file has no coordinates.
    pub place_m: Option<[f64; 2]>,
    /// Invert, m above datum.
    pub invert_m: f32,
    /// Depth from invert to ground, m.
    pub max_depth_m: f32,
    /// Plan area of a storage node at half its depth, m²; 0 when unknown.
    pub area_m2: f32,
    /// Depth at the start, m (`Y0`).
    pub init_depth_m: f32,
    /// Depth above the ground that the node can be pressed to before it floods, m (`Ysur`).
    pub surcharge_depth_m: f32,
    /// Plan area of the pond above a flooded node, m² (`Apond`).
    pub ponded_area_m2: f32,
    /// Boundary of an outfall.
    pub outfall: Option<Outfall>,
    /// Form of a storage node.
    pub storage: Option<Storage>,
    /// Rule of a divider.
    pub divider: Option<Divider>,
}

/// Boundary of an outfall.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Outfall {
    /// Water level.
    pub stage: OutfallStage,
    /// A flap gate keeps the river out.
    pub flap_gate: bool,
    /// Subcatchment that receives the outflow (index into `catchments`).
    pub route_to: Option<usize>,
}

/// Water level at an outfall.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum OutfallStage {
    /// The smaller of critical and normal depth.
    #[default]
    Free,
    /// Normal depth.
    Normal,
    /// A fixed level, m above datum.
    FixedM(f64),
    /// Level by the hour of the day: index into `curves` (x: hour, y: m above datum).
    Tidal(usize),
    /// Level by a time series: index into `series`; its values are levels in the file's unit of length,
    /// `scale_m` turns them into m.
    Series {
        /// Index into `series`.
        series: usize,
        /// m in the unit of the values.
        scale_m: f64,
    },
}

/// Form of a storage node.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Storage {
    /// Plan area by depth.
    pub shape: StorageShape,
    /// Share of potential evaporation that happens (`Fevap`).
    pub evaporation_factor: f64,
    /// Seepage: suction head, m.
    pub suction_m: f64,
    /// Seepage: saturated conductivity, m/s; 0 for none.
    pub conductivity_m_s: f64,
    /// Seepage: initial moisture deficit, fraction.
    pub moisture_deficit: f64,
}

/// Plan area of a storage node by depth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum StorageShape {
    /// Depth in m → area in m²; beyond the ends the end's area.
    Tabular(Vec<[f64; 2]>),
    /// `coefficient · depth^exponent + constant`, depth in m, area in m².
    Functional {
        /// In m² at 1 m of depth.
        coefficient: f64,
        /// Exponent of the depth.
        exponent: f64,
        /// m².
        constant_m2: f64,
    },
    /// `a0 + a1·depth + a2·depth²`, in m², m and 1 (cylinder, cone, paraboloid, pyramid).
    Polynomial([f64; 3]),
}

impl Default for StorageShape {
    fn default() -> Self {
        Self::Polynomial([0.0; 3])
    }
}

impl StorageShape {
    /// Plan area at a depth, m².
    #[must_use]
    pub fn area_m2(&self, depth_m: f64) -> f64 {
        let d = depth_m.max(0.0);
        match self {
            Self::Tabular(points) => super::series::on_points(points, d).unwrap_or(0.0),
            Self::Functional { coefficient, exponent, constant_m2 } => {
                constant_m2 + if *coefficient == 0.0 { 0.0 } else { coefficient * d.powf(*exponent) }
            }
            Self::Polynomial([a0, a1, a2]) => a0 + d * (a1 + d * a2),
        }
    }

    /// Volume below a depth, m³.
    #[must_use]
    pub fn volume_m3(&self, depth_m: f64) -> f64 {
        let d = depth_m.max(0.0);
        match self {
            Self::Tabular(points) => tabular_volume(points, d),
            Self::Functional { coefficient, exponent, constant_m2 } => {
                let n = exponent + 1.0;
                constant_m2 * d + if *coefficient == 0.0 || n <= 0.0 { 0.0 } else { coefficient / n * d.powf(n) }
            }
            Self::Polynomial([a0, a1, a2]) => d * (a0 + d * (a1 / 2.0 + d * a2 / 3.0)),
        }
    }
}

/// Trapezoids between the points; constant area beyond the ends.
fn tabular_volume(points: &[[f64; 2]], d: f64) -> f64 {
    let Some(first) = points.first() else { return 0.0 };
    let (mut x0, mut y0) = (0.0_f64, if first[0] > 0.0 { first[1] } else { 0.0 });
    let mut volume = 0.0;
    for &[x, y] in points {
        if x <= x0 {
            (x0, y0) = (x0.max(x), y);
            continue;
        }
        if d <= x {
            let at = y0 + (y - y0) * (d - x0) / (x - x0);
            return volume + (d - x0).max(0.0) * (y0 + at) / 2.0;
        }
        volume += (x - x0) * (y0 + y) / 2.0;
        (x0, y0) = (x, y);
    }
    volume + (d - x0).max(0.0) * y0
}

/// Rule of a flow divider.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Divider {
    /// Name of the link that receives the diverted flow.
    pub link: String,
    /// Rule.
    pub kind: DividerKind,
}

/// How a divider divides.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum DividerKind {
    /// What the other link cannot carry.
    #[default]
    Overflow,
    /// Everything above a flow, m³/s.
    CutoffM3S(f64),
    /// Index into `curves` (inflow → diverted flow, m³/s).
    Tabular(usize),
    /// Weir.
    Weir {
        /// Flow at which diversion begins, m³/s.
        min_flow_m3_s: f64,
        /// Height of the weir, m.
        height_m: f64,
        /// Coefficient · length, SI (m³/s at 1 m of head).
        coefficient_si: f64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volume_is_the_integral_of_the_area() {
        let shapes = [
            StorageShape::Tabular(vec![[0.0, 20.0], [1.0, 20.0], [3.0, 60.0]]),
            StorageShape::Tabular(vec![[0.5, 10.0], [2.0, 40.0]]),
            StorageShape::Functional { coefficient: 12.0, exponent: 0.7, constant_m2: 3.0 },
            StorageShape::Polynomial([50.0, 8.0, 1.5]),
        ];
        for shape in shapes {
            for depth in [0.0, 0.3, 1.0, 2.2, 5.0] {
                let n = 20_000;
                let step = depth / f64::from(n);
                let sum: f64 = (0..n).map(|i| shape.area_m2((f64::from(i) + 0.5) * step) * step).sum();
                assert!((sum - shape.volume_m3(depth)).abs() < 1e-3 * sum.max(1e-3), "{shape:?} {depth}: {sum}");
            }
        }
    }
}
