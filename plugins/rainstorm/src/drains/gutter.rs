//! Flow along gutters and channels and what grates and curb openings take of it: HEC-22, in feet.

use guanlan_city::model::drainage::{Conduit, InletUsage, Street};

use super::plan::PlanLink;

const FOOT_M: f64 = 0.3048;
/// Powers of HEC-22's gutter equations.
const SPREAD_POWER: f64 = 2.67;
const CROSS_POWER: f64 = 1.67;

/// Slope of a conduit, of its length along the ground.
fn slope_of(link: &PlanLink) -> f64 {
    let fall = (link.bottom_m[0] - link.bottom_m[1]).max(3.048e-4);
    let length = link.true_length_m;
    if fall < length { fall / (length * length - fall * fall).sqrt() } else { fall / length }
}

/// Share of the flow in a depressed width, by its slope over the cross slope and by the spread beyond it.
fn frontal(steeper: f64, beyond: f64, width: f64) -> f64 {
    let x = (1.0 + steeper / (beyond / width)).powf(SPREAD_POWER) - 1.0;
    1.0 / (1.0 + steeper / x)
}

/// Share that a grate takes of what comes over its front and past its side, at a speed.
fn taken(front: f64, speed: f64, cross: f64, [length, _, splash]: [f64; 3]) -> f64 {
    let over = if speed > splash { 1.0 - 0.09 * (speed - splash) } else { 1.0 };
    let side = if front < 1.0 { 1.0 / (1.0 + 0.15 * speed.powf(1.8) / cross / length.powf(2.3)) } else { 0.0 };
    (over * front + side * (1.0 - front)).max(0.0)
}

/// Section of a street's side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Gutter {
    cross: f64,
    roughness: f64,
    /// Width of the depressed part, and how far it is below the cross slope at the curb.
    width: f64,
    depression: f64,
    crown: f64,
    slope: f64,
    /// Flow is this times the spread to the power 2.67.
    factor: f64,
}

impl Gutter {
    /// The gutter of a street before an inlet.
    pub fn of(street: &Street, usage: &InletUsage, link: &PlanLink) -> Self {
        let (cross, roughness) = (street.cross_slope.max(1.0e-6), street.roughness.max(1.0e-4));
        let slope = slope_of(link);
        let own = usage.depression_m * usage.depression_width_m > 0.0;
        Self {
            cross,
            roughness,
            width: if own { usage.depression_width_m } else { street.gutter_width_m } / FOOT_M,
            depression: (street.gutter_depression_m + if own { usage.depression_m } else { 0.0 }) / FOOT_M,
            crown: street.crown_m / FOOT_M,
            slope,
            factor: 0.56 / roughness * slope.sqrt() * cross.powf(CROSS_POWER),
        }
    }

    /// Where no street is.
    pub fn plain() -> Self {
        Self { cross: 0.01, roughness: 0.016, width: 0.0, depression: 0.0, crown: 1.0e6, slope: 0.01, factor: 1.0 }
    }

    /// Depression and width of a depressed gutter.
    pub fn depressed(&self) -> Option<[f64; 2]> {
        (self.depression > 0.0 && self.width > 0.0).then_some([self.depression, self.width])
    }

    /// Slope across the gutter.
    pub fn steep(&self) -> f64 {
        self.depressed().map_or(self.cross, |[depression, width]| self.cross + depression / width)
    }

    /// Spread of a flow, to the crown at most.
    pub fn spread(&self, flow: f64) -> f64 {
        let plain = |flow: f64, factor: f64| (flow / factor).max(0.0).powf(0.375);
        let spread = match self.depressed() {
            None => plain(flow, self.factor),
            Some([depression, width]) => {
                let inside = plain(flow, self.factor * (depression / width / self.cross).powf(CROSS_POWER));
                if inside <= width {
                    inside
                } else {
                    let steeper = self.steep() / self.cross;
                    let mut beyond = plain(flow, self.factor) - width;
                    if beyond <= 0.0 {
                        beyond = inside - width;
                    }
                    for _ in 0..10 {
                        let next = plain((1.0 - frontal(steeper, beyond, width)) * flow, self.factor);
                        let near = (next - beyond).abs() < 0.01;
                        beyond = next;
                        if near {
                            break;
                        }
                    }
                    beyond + width
                }
            }
        };
        spread.min(self.crown)
    }

    fn front(&self, spread: f64, width: f64) -> f64 {
        if spread <= width {
            1.0
        } else if self.depressed().is_some() {
            frontal(self.steep() / self.cross, spread - width, width)
        } else {
            1.0 - (1.0 - width / spread).powf(SPREAD_POWER)
        }
    }

    /// What a curb opening takes of a flow that spreads so far.
    pub fn curb(&self, flow: f64, spread: f64, length: f64) -> f64 {
        let cross = match self.depressed() {
            Some([depression, width]) => {
                let share =
                    if spread > width { frontal(self.steep() / self.cross, spread - width, width) } else { 1.0 };
                self.cross + depression / width * share
            }
            None => self.cross,
        };
        let whole = 0.6 * flow.powf(0.42) * self.slope.powf(0.3) * (1.0 / (self.roughness * cross)).powf(0.6);
        if length >= whole { flow } else { flow * (1.0 - (1.0 - length / whole).powf(1.8)).clamp(0.0, 1.0) }
    }

    /// What a grate (length, width, splash-over speed) takes of a flow that spreads so far.
    pub fn grate(&self, flow: f64, spread: f64, grate: [f64; 3]) -> f64 {
        let width = grate[1];
        let full = |share: f64| self.factor * self.crown.powf(SPREAD_POWER) / share;
        let (mut along, area, front);
        along = flow;
        if let Some([depression, gutter]) = self.depressed() {
            area = if spread <= gutter {
                0.5 * spread * spread * self.steep()
            } else {
                0.5 * (spread * spread * self.cross + depression * gutter)
            };
            let share = self.front(spread, gutter);
            front = if share < 1.0 {
                if spread >= self.crown {
                    along = full(1.0 - share);
                }
                share * self.over_grate(spread, width, area)
            } else {
                share
            };
        } else {
            area = 0.5 * spread * spread * self.cross;
            front = self.front(spread, width);
            if spread >= self.crown {
                along = full(1.0);
            }
        }
        flow * taken(front, along / area, self.cross, grate)
    }

    /// Share of the gutter's area over a grate that is narrower.
    fn over_grate(&self, spread: f64, width: f64, area: f64) -> f64 {
        if width >= self.width || spread <= width {
            return 1.0;
        }
        if spread <= self.width {
            return width / spread;
        }
        let beyond = 0.5 * (spread - self.width).powi(2) * self.cross;
        width * (spread * self.cross + self.depression - 0.5 * width * self.steep()) / (area - beyond)
    }

    #[cfg(test)]
    pub fn tests() -> Self {
        // n .016, 2 % across, 1 % along, a gutter of 2 ft that is 2 in deeper.
        let (cross, roughness, slope) = (0.02_f64, 0.016, 0.01_f64);
        let factor = 0.56 / roughness * slope.sqrt() * cross.powf(CROSS_POWER);
        Self { cross, roughness, width: 2.0, depression: 2.0 / 12.0, crown: 30.0, slope, factor }
    }
}

/// A rectangular or trapezoidal channel with a grate in its bottom.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Channel {
    bottom: f64,
    /// Mean run over rise of the sides, and the length of both over their height.
    side: f64,
    along: f64,
    trapezoid: bool,
    beta: f64,
}

impl Channel {
    pub fn of(conduit: &Conduit, link: &PlanLink) -> Self {
        let [_, width, left, right] = conduit.geom_m.map(f64::from);
        let trapezoid = conduit.shape.eq_ignore_ascii_case("TRAPEZOIDAL");
        let (left, right) = if trapezoid { (left.max(0.0), right.max(0.0)) } else { (0.0, 0.0) };
        Self {
            bottom: width.max(0.0) / FOOT_M,
            side: 0.5 * (left + right),
            along: (1.0 + left * left).sqrt() + (1.0 + right * right).sqrt(),
            trapezoid,
            beta: 1.486 * slope_of(link).sqrt() / link.roughness,
        }
    }

    /// What a grate takes of a flow.
    pub fn grate(&self, flow: f64, grate: [f64; 3]) -> f64 {
        let area = |y: f64| (self.bottom + self.side * y) * y;
        let carries = |y: f64| self.beta * area(y).powf(5.0 / 3.0) / (self.bottom + self.along * y).powf(2.0 / 3.0);
        let (mut low, mut high) = (0.0, 100.0);
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            if carries(middle) < flow { low = middle } else { high = middle }
        }
        let y = 0.5 * (low + high);
        let width = grate[1];
        let front = self.beta * (y * width).powf(CROSS_POWER) / (width + 2.0 * y).powf(0.67) / flow;
        let sloped = width > 0.99 * self.bottom && self.trapezoid && self.side > 0.0;
        let cross = if sloped { 1.0 / self.side } else { 0.01 };
        flow * taken(front, flow / area(y).max(1.0e-12), cross, grate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gutters_and_openings_follow_hec_22() {
        let g = Gutter::tests();
        let plain = Gutter { width: 0.0, depression: 0.0, ..g };
        // HEC-22 (4-2): T = 8 ft carries .56 / .016 · .1 · .02^1.67 · 8^2.67.
        let flow = 0.56 / 0.016 * 0.1 * 0.02_f64.powf(1.67) * 8.0_f64.powf(2.67);
        assert!((plain.spread(flow) / 8.0 - 1.0).abs() < 1e-2);
        // A depressed gutter spreads less, and more of its flow is over its front.
        assert!(g.spread(flow) < plain.spread(flow) && g.front(8.0, 2.0) > plain.front(8.0, 2.0));
        assert!((g.curb(2.0, g.spread(2.0), 200.0) - 2.0).abs() < 1e-12);
        let (short, long) = (g.curb(2.0, g.spread(2.0), 3.0), g.curb(2.0, g.spread(2.0), 9.0));
        assert!(short < long && long < 2.0);
        let grate = g.grate(2.0, g.spread(2.0), [3.0, 2.0, 8.0]);
        assert!(grate > 0.8 && grate < 2.0, "{grate}");
        assert!(g.grate(2.0, g.spread(2.0), [3.0, 1.0, 8.0]) < grate);
        // Nothing splashes over a channel's grate as wide as the channel.
        let channel = Channel { bottom: 2.0, side: 0.0, along: 2.0, trapezoid: false, beta: 10.0 };
        assert!(channel.grate(3.0, [3.0, 2.0, 50.0]) > 2.5);
    }
}
