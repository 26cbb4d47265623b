//! Sections with formulas: area, width and hydraulic radius by depth, depth by area. Circles with little water in them
//! have formulas, too, where their tables are too coarse.

use std::f64::consts::PI;

use super::{lookup, tables::CIRCLE};

/// Share of the full area from which on the roof of a rectangular pipe is wetted in part.
pub(super) const ROOF_FROM: f64 = 0.97;
/// The same of rectangles with a triangular or a round bottom.
pub(super) const ROOF_FROM_BOTTOM: f64 = 0.98;
/// Share of the full area of a circle below which formulas stand in for its tables, and of its section factor.
const SMALL_AREA: f64 = 0.04;
const SMALL_FACTOR: f64 = 0.015;

/// A section given by lengths.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Form {
    /// A pipe of `width` with a roof.
    Box { width: f64 },
    /// A channel of `width` with so many walls.
    Channel { width: f64, walls: f64 },
    /// Bottom width, mean run over rise of the sides, length of both sides over their height.
    Trapezoid { bottom: f64, slope: f64, sides: f64 },
    /// Half the width is `scale √depth`.
    Parabola { scale: f64 },
    /// Area is `scale · depth^(power + 1)`; `step` is how finely its sides are measured, m.
    Power { power: f64, scale: f64, step: f64 },
    /// A pipe of `width` on a triangle of height `rise`.
    Wedge { width: f64, rise: f64 },
    /// A pipe of `width` on an arc of `radius` that rises by `rise`.
    RoundFloor { width: f64, radius: f64, rise: f64 },
    /// A box of `width` below an arc of `radius` that rises by `rise`.
    RoundRoof { width: f64, radius: f64, rise: f64 },
    /// A circle of `diameter` filled up to `filled`: area, width and wetted length of the filling.
    Filled { diameter: f64, filled: f64, area: f64, width: f64, arc: f64 },
}

/// Area of a segment of a circle of radius `r` up to a height `y`.
fn segment(r: f64, y: f64) -> f64 {
    let angle = 2.0 * (1.0 - y / r).clamp(-1.0, 1.0).acos();
    0.5 * r * r * (angle - angle.sin())
}

fn chord(r: f64, y: f64) -> f64 {
    2.0 * (y * (2.0 * r - y)).max(0.0).sqrt()
}

fn arc(r: f64, y: f64) -> f64 {
    2.0 * r * (1.0 - y / r).clamp(-1.0, 1.0).acos()
}

/// Depth of a circle over its diameter by area over full area.
pub(super) fn circle_depth(share: f64) -> f64 {
    if share >= SMALL_AREA {
        return lookup::value(CIRCLE.depth_of_area, share);
    }
    if share <= 0.0 {
        return 0.0;
    }
    0.5 * (1.0 - (0.5 * angle_of_area(share)).cos())
}

/// Section factor of a circle by area, both over their full values.
pub(super) fn circle_factor(share: f64) -> f64 {
    if share >= SMALL_AREA {
        return lookup::value(CIRCLE.factor_of_area, share);
    }
    if share <= 0.0 {
        return 0.0;
    }
    let angle = angle_of_area(share);
    (angle - angle.sin()).max(0.0).powf(5.0 / 3.0) / (2.0 * PI) / angle.powf(2.0 / 3.0)
}

/// Area of a circle by section factor, both over their full values.
pub(super) fn circle_area_of_factor(share: f64) -> f64 {
    if share <= 0.0 {
        return 0.0;
    }
    if share >= 1.0 {
        return 1.0;
    }
    if share > SMALL_FACTOR {
        return lookup::argument(CIRCLE.factor_of_area, share);
    }
    // Rises with the area: halve between none and what the tables begin with.
    let (mut low, mut high) = (0.0, SMALL_AREA);
    for _ in 0..50 {
        let middle = 0.5 * (low + high);
        if circle_factor(middle) < share { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// Angle of the wetted arc of a circle, by area over full area: `angle − sin angle = 2π share`.
fn angle_of_area(share: f64) -> f64 {
    let want = 2.0 * PI * share;
    // Little water: angle³ / 6 is what the left side begins with.
    let mut angle = (6.0 * want).cbrt();
    for _ in 0..40 {
        let step = (angle - angle.sin() - want) / (1.0 - angle.cos()).max(1.0e-300);
        angle -= step;
        if step.abs() <= 1.0e-10 * angle {
            break;
        }
    }
    angle
}

impl Form {
    /// Area at a depth of at most `full`, m².
    pub fn area(&self, y: f64, full: f64) -> f64 {
        match *self {
            Self::Box { width } | Self::Channel { width, .. } => y * width,
            Self::Trapezoid { bottom, slope, .. } => (bottom + slope * y) * y,
            Self::Parabola { scale } => 4.0 / 3.0 * scale * y * y.sqrt(),
            Self::Power { power, scale, .. } => scale * y.powf(power + 1.0),
            Self::Wedge { width, rise } if y <= rise => 0.5 * width / rise * y * y,
            Self::Wedge { width, rise } => width * (y - 0.5 * rise),
            Self::RoundFloor { radius, rise, .. } if y <= rise => segment(radius, y),
            Self::RoundFloor { width, radius, rise } => segment(radius, rise) + width * (y - rise),
            Self::RoundRoof { width, radius, rise } => {
                let walls = full - rise;
                if y <= walls { width * y } else { width * walls + segment(radius, rise) - segment(radius, full - y) }
            }
            Self::Filled { diameter, filled, area, .. } => {
                let whole = 0.25 * PI * diameter * diameter;
                whole * lookup::value(CIRCLE.area, (y + filled) / diameter) - area
            }
        }
    }

    /// Width of the surface, m.
    pub fn width(&self, y: f64, full: f64) -> f64 {
        match *self {
            Self::Box { width } | Self::Channel { width, .. } => width,
            Self::Trapezoid { bottom, slope, .. } => bottom + 2.0 * slope * y,
            Self::Parabola { scale } => 2.0 * scale * y.sqrt(),
            Self::Power { power, scale, .. } => (power + 1.0) * scale * y.powf(power),
            Self::Wedge { width, rise } => width * (y / rise).min(1.0),
            Self::RoundFloor { width, radius, rise } => {
                if y > rise {
                    width
                } else {
                    chord(radius, y)
                }
            }
            Self::RoundRoof { width, radius, rise } => {
                if y <= full - rise {
                    width
                } else {
                    chord(radius, full - y)
                }
            }
            Self::Filled { diameter, filled, .. } => diameter * lookup::value(CIRCLE.width, (y + filled) / diameter),
        }
    }

    /// Hydraulic radius by depth as SWMM has it, m: in a round floor it takes `(1 − sin θ) / θ` for `1 − sin θ / θ`.
    pub fn radius_of_depth(&self, y: f64, full: f64, whole: f64) -> f64 {
        match *self {
            Self::RoundFloor { radius, rise, .. } if y > 0.0 && y <= rise => {
                let angle = arc(radius, y) / radius;
                0.5 * radius * (1.0 - angle.sin()) / angle
            }
            _ => self.radius(y, full, whole),
        }
    }

    /// Hydraulic radius at a depth, m; `whole`: the full area, up to which a roof is wetted bit by bit.
    pub fn radius(&self, y: f64, full: f64, whole: f64) -> f64 {
        if y <= 0.0 {
            return 0.0;
        }
        let area = self.area(y, full);
        let roof = |from: f64, width: f64| ((area / whole - from) / (1.0 - from)).max(0.0) * width;
        let wetted = match *self {
            Self::Box { width } => width + 2.0 * y + roof(ROOF_FROM, width),
            Self::Channel { width, walls } => width + walls * y,
            Self::Trapezoid { bottom, sides, .. } => bottom + sides * y,
            Self::Parabola { scale } => {
                let x = 2.0 * y.sqrt() / scale;
                let t = (1.0 + x * x).sqrt();
                0.5 * scale * scale * (x * t + (x + t).ln())
            }
            Self::Power { power, scale, step } => {
                let half = |y: f64| 0.5 * (power + 1.0) * scale * y.powf(power);
                let (mut low, mut along) = (0.0, 0.0);
                while low < y {
                    let high = (low + step).min(y);
                    along += (half(high) - if low > 0.0 { half(low) } else { 0.0 }).hypot(high - low);
                    low = high;
                }
                2.0 * along
            }
            Self::Wedge { width, rise } => {
                let side = (1.0 + (0.5 * width / rise).powi(2)).sqrt();
                if y <= rise {
                    2.0 * y * side
                } else {
                    2.0 * rise * side + 2.0 * (y - rise) + roof(ROOF_FROM_BOTTOM, width)
                }
            }
            Self::RoundFloor { radius, rise, .. } if y <= rise => arc(radius, y),
            Self::RoundFloor { width, radius, rise } => {
                arc(radius, rise) + 2.0 * (y - rise) + roof(ROOF_FROM_BOTTOM, width)
            }
            Self::RoundRoof { width, radius, rise } => {
                let walls = full - rise;
                if y <= walls {
                    width + 2.0 * y
                } else {
                    arc(radius, rise) - arc(radius, full - y) + 2.0 * walls + width
                }
            }
            Self::Filled { diameter, filled, area: below, width, arc } => {
                let share = (y + filled) / diameter;
                let round = (area + below) / (0.25 * diameter * lookup::value(CIRCLE.radius, share));
                round - arc + width
            }
        };
        if wetted > 0.0 { area / wetted } else { 0.0 }
    }

    /// Depth at which the section has an area, m.
    pub fn depth(&self, area: f64, full: f64) -> f64 {
        match *self {
            Self::Box { width } | Self::Channel { width, .. } => area / width,
            Self::Trapezoid { bottom, slope, .. } if slope == 0.0 => area / bottom,
            Self::Trapezoid { bottom, slope, .. } => {
                ((bottom * bottom + 4.0 * slope * area).sqrt() - bottom) / (2.0 * slope)
            }
            Self::Parabola { scale } => (0.75 * area / scale).powf(2.0 / 3.0),
            Self::Power { power, scale, .. } => (area / scale).powf(1.0 / (power + 1.0)),
            Self::Wedge { width, rise } => {
                let below = 0.5 * width * rise;
                if area <= below { (2.0 * rise / width * area).sqrt() } else { rise + (area - below) / width }
            }
            Self::RoundFloor { width, radius, rise } => {
                let below = segment(radius, rise);
                if area > below {
                    rise + (area - below) / width
                } else {
                    2.0 * radius * circle_depth(area / (PI * radius * radius))
                }
            }
            Self::RoundRoof { width, radius, rise } => {
                let (walls, roof) = (full - rise, segment(radius, rise));
                let empty = width * walls + roof - area;
                if area <= width * walls {
                    area / width
                } else {
                    full - 2.0 * radius * circle_depth(empty / (PI * radius * radius))
                }
            }
            Self::Filled { diameter, filled, area: below, .. } => {
                diameter * circle_depth((area + below) / (0.25 * PI * diameter * diameter)) - filled
            }
        }
    }
}
