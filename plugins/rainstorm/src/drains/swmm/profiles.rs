//! Natural channels and streets as tables over their depth, as SWMM makes them: slices between stations, grouped where
//! they carry together; banks and channel carry by themselves, and the hydraulic radius is the one with which the whole
//! area and the channel's own n carry the sum.

use guanlan_city::model::drainage::{Street, Transect};

use super::tube::Tube;

/// Steps of the tables.
const STEPS: usize = 50;
/// SWMM's Manning constant over the one by which it turns what is carried back into a radius.
const TURNED: f64 = 1.486 / 1.49;

/// A line of stations and heights, m, with walls up to its highest point at both ends.
struct Profile {
    points: Vec<[f64; 2]>,
    /// Stations between which the channel lies.
    banks: [f64; 2],
    /// Manning's n of the left bank, the right one, the channel.
    roughness: [f64; 3],
}

/// The section of a natural channel.
pub(super) fn channel(transect: &Transect) -> Option<Tube> {
    let first = transect.points_m.first()?;
    let last = transect.points_m.last()?;
    let high = transect.points_m.iter().map(|p| p[1]).fold(f64::NEG_INFINITY, f64::max);
    let mut points = vec![[first[0], high]];
    points.extend_from_slice(&transect.points_m);
    points.push([last[0], high]);
    let [left, right, own] = transect.n_left_right_channel;
    let meander = if transect.meander > 0.0 { transect.meander } else { 1.0 };
    let or_own = |n: f64| if n > 0.0 { n } else { own };
    let roughness = [or_own(left), or_own(right), own * meander.sqrt()];
    Profile { points, banks: transect.banks_m, roughness }.tube()
}

/// The section of a street, from its backing to its crown, or across both sides.
pub(super) fn street(s: &Street) -> Option<Tube> {
    let [w1, w2, w4] = [s.back_width_m, s.gutter_width_m, s.crown_m - s.gutter_width_m];
    let y3 = s.gutter_depression_m + s.cross_slope * w2;
    let y1 = s.curb_m + s.gutter_depression_m;
    let y4 = y3 + s.cross_slope * w4;
    let high = (s.back_slope * w1 + y1).max(y4);
    let mut points = vec![[0.0, high], [w1, y1], [w1, 0.0], [w1 + w2, y3], [w1 + s.crown_m, y4]];
    if s.sides < 2 {
        points.push([w1 + s.crown_m, high]);
    } else {
        let x5 = w1 + s.crown_m + w4;
        points.extend([[x5, y3], [x5 + w2, 0.0], [x5 + w2, y1], [x5 + w2 + w1, high]]);
    }
    let last = points.len() - 1;
    let end = points[last][0];
    let (banks, back) = if w1 == 0.0 {
        ([0.0, end], s.roughness)
    } else {
        ([w1, if s.sides < 2 { end } else { points[last - 1][0] }], s.back_roughness)
    };
    Profile { points, banks, roughness: [back, back, s.roughness] }.tube()
}

impl Profile {
    fn tube(&self) -> Option<Tube> {
        let heights = || self.points.iter().map(|p| p[1]);
        let (low, high) = (heights().fold(f64::INFINITY, f64::min), heights().fold(f64::NEG_INFINITY, f64::max));
        let full = high - low;
        if !(full > 0.0 && full.is_finite() && self.roughness[2] > 0.0) {
            return None;
        }
        let mut rows = vec![[0.0; 3]];
        for k in 1..=STEPS {
            let [area, radius, width] = self.wetted(low + full * k as f64 / STEPS as f64);
            rows.push([area, if area > 0.0 { radius } else { rows[k - 1][1] }, width]);
        }
        Tube::own(full, true, &rows)
    }

    /// Area, hydraulic radius and width under a level.
    fn wetted(&self, level: f64) -> [f64; 3] {
        let points = &self.points;
        let last = points.len() - 1;
        let [left, right, own] = self.roughness;
        let (mut area, mut width, mut carries) = (0.0, 0.0, 0.0);
        // What has not been counted as carrying yet.
        let (mut slice, mut along) = (0.0, 0.0);
        for k in 1..=last {
            let ([x0, z0], [x1, z1]) = (points[k - 1], points[k]);
            let (low, high) = (z0.min(z1), z0.max(z1));
            if low >= level {
                continue;
            }
            let across = (x1 - x0).abs();
            let share = if level > high || high <= low { 1.0 } else { (level - low) / (high - low) };
            let a = if level > high {
                0.5 * across * (2.0 * level - high - low)
            } else {
                0.5 * across * (high - low) * share * share
            };
            area += a;
            slice += a;
            width += across * share;
            along += across.hypot(high - low) * share;
            let bank = (x1 == self.banks[0] && left != own && x1 != x0)
                || (x1 == self.banks[1] && right != own && points.get(k + 1).is_some_and(|p| p[0] != x1));
            if z1 >= level || k + 1 == last || bank {
                let n = if x1 > self.banks[1] {
                    right
                } else if x0 < self.banks[0] {
                    left
                } else {
                    own
                };
                let q = if along > 0.0 { slice * (slice / along).powf(2.0 / 3.0) / n } else { 0.0 };
                if q > 0.0 {
                    carries += q;
                    (slice, along) = (0.0, 0.0);
                }
            }
        }
        let radius = if area > 0.0 { (carries * own * TURNED / area).powf(1.5) } else { 0.0 };
        [area, radius, width]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_with_banks_carries_in_parts() {
        // 10 m wide and 1 m deep, banks of 50 m, three times as rough.
        let stations = [0.0, 0.0, 50.0, 50.0, 60.0, 60.0, 110.0, 110.0];
        let heights = [5.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 5.0];
        let transect = Transect {
            points_m: stations.into_iter().zip(heights).map(|(x, z)| [x, z]).collect(),
            banks_m: [50.0, 60.0],
            n_left_right_channel: [0.09, 0.09, 0.03],
            meander: 1.0,
            ..Transect::default()
        };
        let tube = channel(&transect).unwrap();
        assert!((tube.full_m - 5.0).abs() < 1e-12 && tube.open);
        assert!((tube.area(1.5) - 65.0).abs() < 0.01 && (tube.width(1.5) - 110.0).abs() < 0.01);
        let carries = |a: f64, p: f64, n: f64| a * (a / p).powf(2.0 / 3.0) / n;
        let want = carries(15.0, 12.0, 0.03) + 2.0 * carries(25.0, 50.5, 0.09);
        let got = 65.0 * tube.radius(1.5).powf(2.0 / 3.0) / 0.03;
        assert!((got / want - 1.0).abs() < 0.02, "{got} {want}");
        // Below the banks a plain channel: 5 m² over 11 m.
        assert!((tube.radius(0.5) / (5.0 / 11.0) - 1.0).abs() < 0.02, "{}", tube.radius(0.5));
    }

    #[test]
    fn a_street_is_filled_from_its_gutters() {
        let s = Street {
            crown_m: 4.0,
            curb_m: 0.15,
            cross_slope: 0.02,
            roughness: 0.016,
            gutter_width_m: 0.6,
            gutter_depression_m: 0.05,
            sides: 2,
            ..Street::default()
        };
        let tube = street(&s).unwrap();
        // To the crown: .05 + .08 m at 4 m from each curb.
        assert!((tube.full_m - 0.2).abs() < 1e-9 && (tube.width(0.19) - 8.0).abs() < 1e-6);
        // Up to the top of the gutter (.062 m over .6 m) on both sides: two triangles.
        assert!((tube.area(0.062) - 0.6 * 0.062).abs() < 2e-3, "{}", tube.area(0.062));
    }
}
