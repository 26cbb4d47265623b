//! Flow through orifices, weirs and outlets between two levels, after SWMM (reference manual, volume II, section 3.6):
//! orifices are weirs while they are not full, weirs orifices when they are, both are held back by water behind their
//! sills (Villemonte 1947) and by their flap gates.

use guanlan_city::model::drainage::WeirKind;

use super::{
    pumps::interpolated,
    regulators::{Kind, Rating, Regulator},
};
use crate::surface::GRAVITY;

const FOOT_M: f64 = 0.3048;
/// Of a sharp-crested weir over `√2g`.
const SHARP_WEIR: f64 = 0.414;

/// What goes through.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Through {
    pub q_m3_s: f64,
    /// Growth with the difference of heads, before what stands behind the sill counts, m²/s.
    pub slope: f64,
    /// Head that drives it, m.
    pub head_m: f64,
    /// Share of the opening's height (of a bottom orifice: of the head at which it is full) that has water.
    pub filled: f64,
    /// Its sill, as it is set, m above datum.
    pub sill_m: f64,
}

/// Share of a free flow that is left when the water behind stands above the sill.
fn drowned(upper_m: f64, lower_m: f64, exponent: f64) -> f64 {
    if lower_m <= 0.0 || upper_m <= 0.0 {
        return 1.0;
    }
    (1.0 - (lower_m / upper_m).min(1.0).powf(exponent)).max(0.0).powf(0.385)
}

/// Head lost at a flap gate at a speed (Armco; its exponent goes with ft^0.5/s).
fn gate_loss_m(speed: f64, head_m: f64) -> f64 {
    4.0 / GRAVITY * speed * speed * (-1.15 * speed / (FOOT_M * head_m).sqrt()).exp()
}

impl Regulator {
    /// Flow from the higher level to the lower one, both m above datum; `back`: against the direction of the file.
    pub(super) fn through(&self, [up, down]: [f64; 2], setting: f64, back: bool) -> Through {
        let (h1, h2) = (up - self.crest_m, down - self.crest_m);
        match &self.kind {
            Kind::Orifice { .. } => self.orifice(h1, h2, setting),
            Kind::Weir { .. } => self.weir(h1, h2, setting, back),
            Kind::Outlet { rating, by_head } => {
                let head_m = if *by_head { h1 - h2.max(0.0) } else { h1 };
                let q = match rating {
                    Rating::Power(a, b) => a * head_m.max(0.0).powf(*b),
                    Rating::Points(points) => interpolated(points, head_m).0,
                };
                Through { q_m3_s: setting * q, slope: 0.0, head_m, filled: 1.0, sill_m: self.crest_m }
            }
            // By the street's flow, not by heads: the step asks the inlet itself.
            Kind::Street(_) => Through::default(),
        }
    }

    fn orifice(&self, h1: f64, h2: f64, setting: f64) -> Through {
        let Kind::Orifice { bottom, coefficient, round, height_m, width_m } = &self.kind else {
            return Through::default();
        };
        let height = height_m * setting.min(1.0);
        let area = if *round {
            let d = *height_m;
            let t = (2.0 * height / d - 1.0).clamp(-1.0, 1.0);
            0.25 * d * d * ((-t).acos() + t * (1.0 - t * t).max(0.0).sqrt())
        } else {
            height * width_m
        };
        // The head at which a weir over the sill or rim carries what the orifice does, and what then drives the orifice.
        let (full_head, drives, filled, head_m) = if *bottom {
            let perimeter = if *round { 0.25 * height } else { height * width_m / (2.0 * (height + width_m)) };
            let full_head = coefficient / SHARP_WEIR * perimeter;
            let head = if h1 < 0.0 {
                0.0
            } else if h2 > 0.0 {
                h1 - h2
            } else {
                h1
            };
            (full_head, full_head, (head / full_head).min(1.0), head)
        } else if h1 < height {
            (height, 0.5 * height, h1 / height, h1)
        } else {
            (height, 0.5 * height, 1.0, if h2 < 0.5 * height { h1 - 0.5 * height } else { h1 - h2 })
        };
        let mut out = Through { head_m, filled, sill_m: self.crest_m, ..Through::default() };
        if head_m <= 0.0 || filled <= 0.0 || full_head <= 0.0 {
            return out;
        }
        let full = coefficient * area * (2.0 * GRAVITY).sqrt();
        let free = |filled: f64, head: f64| {
            if filled <= 0.0 || head <= 0.0 {
                (0.0, 0.0)
            } else if filled < 1.0 {
                let q = full * drives.sqrt() * filled * filled.sqrt();
                (q, 1.5 * q / (filled * full_head))
            } else {
                let q = full * head.sqrt();
                (q, q / (2.0 * head))
            }
        };
        (out.q_m3_s, out.slope) = free(filled, head_m);
        if self.flap && area > 0.0 {
            let loss = gate_loss_m(out.q_m3_s / area, head_m);
            let (less, head) = if filled < 1.0 { (filled - loss / full_head, head_m) } else { (filled, head_m - loss) };
            (out.q_m3_s, out.slope) = free(less, head);
        }
        if filled < 1.0 {
            out.q_m3_s *= drowned(h1, h2, 1.5);
        }
        out
    }

    fn weir(&self, h1: f64, h2: f64, setting: f64, back: bool) -> Through {
        let Kind::Weir { form, coefficient, height_m, length_m, surcharges, road, .. } = &self.kind else {
            return Through::default();
        };
        if *form == WeirKind::Roadway {
            let c = road.filter(|r| r.width_m > 0.0).map_or(*coefficient, |r| r.coefficient(h1, h2));
            let q = c * length_m * h1.max(0.0).powf(1.5);
            let slope = if h1 > 0.0 { 1.5 * q / h1 } else { 0.0 };
            return Through { q_m3_s: q, slope, head_m: h1, filled: 1.0, sill_m: self.crest_m };
        }
        let open = height_m * setting.min(1.0);
        // The sill of a weir moves up as it closes.
        let rise = height_m - open;
        let (h1, h2) = (h1 - rise, h2 - rise);
        let mut out =
            Through { head_m: h1, filled: h1 / open.max(1.0e-9), sill_m: self.crest_m + rise, ..Through::default() };
        if h1 <= 0.0 || open <= 0.0 {
            return out;
        }
        if h1 >= open && *surcharges {
            // Full: an orifice that carries what the weir does at its crown.
            let at_crown: f64 = self.over(open, rise, false).iter().sum();
            let coefficient = at_crown / (0.5 * open).sqrt();
            let head = if h2 < 0.5 * open { h1 - 0.5 * open } else { h1 - h2 };
            let mut q = coefficient * head.max(0.0).sqrt();
            let mut driving = head;
            if self.flap {
                let area = self.weir_area(rise, open);
                if area > 0.0 {
                    driving = (head - gate_loss_m(q / area, open)).max(0.0);
                    q = coefficient * driving.sqrt();
                }
            }
            out.q_m3_s = q;
            out.slope = if driving > 0.0 { q / (2.0 * driving) } else { 0.0 };
            out.head_m = head;
            return out;
        }
        let mut head = h1.min(open);
        let [mut sill, mut sides] = self.over(head, rise, back);
        if self.flap {
            let area = self.weir_area(rise, head);
            if area > 0.0 {
                head = (head - gate_loss_m((sill + sides) / area, head)).max(0.0);
                [sill, sides] = self.over(head, rise, back);
            }
        }
        let (power, exponent) = match form {
            WeirKind::VNotch => (if sides > 0.0 { 1.5 } else { 2.5 }, 2.5),
            WeirKind::SideFlow => (if back { 1.5 } else { 1.67 }, 5.0 / 3.0),
            _ => (1.5, 1.5),
        };
        out.slope = if head > 0.0 { (power * sill + 2.5 * sides) / head } else { 0.0 };
        out.q_m3_s = sill * drowned(h1, h2, exponent) + sides * drowned(h1, h2, 2.5);
        out
    }

    /// Free flow over the sill, and over the slopes beside it, at a head; the sill lies `rise` above the weir's own.
    fn over(&self, head: f64, rise: f64, back: bool) -> [f64; 2] {
        let Kind::Weir { form, coefficient, ends, length_m, slope, contractions, rated, .. } = &self.kind else {
            return [0.0; 2];
        };
        let c = if rated.is_empty() { *coefficient } else { interpolated(rated, head).0 };
        let length = (length_m - 0.1 * contractions * head).max(0.0);
        let plain = |length: f64| c * length * head * head.sqrt();
        let beside = ends * slope * head * head * head.sqrt();
        match form {
            WeirKind::SideFlow if !back => [c * length.powf(0.83) * head.powf(1.67), 0.0],
            WeirKind::Transverse | WeirKind::Roadway | WeirKind::SideFlow => [plain(length), 0.0],
            WeirKind::VNotch if rise <= 0.0 => [c * slope * head * head * head.sqrt(), 0.0],
            // Half closed, a notch is a trapezoid.
            WeirKind::VNotch => [plain(2.0 * slope * rise), beside],
            WeirKind::Trapezoidal => [plain(length_m + 2.0 * slope * rise), beside],
        }
    }

    /// Area of a weir's opening between its sill and a height over it, m².
    fn weir_area(&self, rise: f64, height: f64) -> f64 {
        let Kind::Weir { form, length_m, slope, .. } = &self.kind else { return 0.0 };
        let below = |y: f64| match form {
            WeirKind::VNotch => slope * y * y,
            WeirKind::Trapezoidal => (length_m + slope * y) * y,
            _ => length_m * y,
        };
        below(rise + height) - below(rise)
    }
}
