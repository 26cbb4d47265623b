//! Sections as SWMM computes them: rounded pipes by the manual's tables, others by formulas, transects, streets and
//! custom shapes by tables of their own; with normal and critical depth.

use std::f64::consts::PI;

use super::{
    forms::{self, Form},
    lookup,
    tables::{self, Rounded},
    units::{FOOT_M, GRAVITY},
};

/// Intervals in which a critical depth is looked for.
const CRITICAL_STEPS: f64 = 25.0;

/// A section of one barrel.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::drains) struct Tube {
    /// Full depth, m, and area, m².
    pub full_m: f64,
    pub area_m2: f64,
    /// Hydraulic radius when full, m.
    pub radius_m: f64,
    /// Greatest width, m, and the depth of it.
    pub width_m: f64,
    pub widest_m: f64,
    /// Has no top.
    pub open: bool,
    /// Section factor when full, m^(8/3), the greatest one, and the area with it.
    factor: f64,
    factor_most: f64,
    area_most_m2: f64,
    figure: Figure,
}

#[derive(Clone, Debug, PartialEq)]
enum Figure {
    Round(&'static Rounded),
    Given(Form),
    /// Area, hydraulic radius and width over their full and greatest values, by depth.
    Own([Vec<f64>; 3]),
}

/// Full area and hydraulic radius over powers of the depth, width and its height over the depth, greatest over full
/// section factor, and share of the full area with it (SWMM 5 reference manual, volume II).
struct Known(&'static Rounded, [f64; 6]);

fn known(shape: &str) -> Option<Known> {
    let circle = 0.25 * PI;
    Some(match shape {
        "CIRCULAR" | "FORCE_MAIN" => Known(&tables::CIRCLE, [circle, 0.25, 1.0, 0.5, 1.08, 0.9756]),
        "EGG" => Known(&tables::EGG, [0.5105, 0.1931, 2.0 / 3.0, 0.64, 1.065, 0.96]),
        "HORSESHOE" => Known(&tables::HORSESHOE, [0.8293, 0.2538, 1.0, 0.5, 1.077, 0.96]),
        "GOTHIC" => Known(&tables::GOTHIC, [0.6554, 0.2269, 0.84, 0.45, 1.065, 0.96]),
        "CATENARY" => Known(&tables::CATENARY, [0.70277, 0.23172, 0.9, 0.25, 1.05, 0.98]),
        "SEMIELLIPTICAL" => Known(&tables::SEMI_ELLIPSE, [0.785, 0.242, 1.0, 0.15, 1.045, 0.98]),
        "BASKETHANDLE" => Known(&tables::BASKET_HANDLE, [0.7862, 0.2464, 0.944, 0.2, 1.06078, 0.96]),
        "SEMICIRCULAR" => Known(&tables::SEMICIRCLE, [1.2697, 0.2946, 1.64, 0.15, 1.06637, 0.96]),
        _ => return None,
    })
}

fn factor(area: f64, radius: f64) -> f64 {
    area * radius.powf(2.0 / 3.0)
}

impl Tube {
    /// A rounded section by its name and height.
    pub fn named(shape: &str, full_m: f64) -> Option<Self> {
        let Known(table, [area, radius, width, widest, most, at]) = known(shape)?;
        let mut tube = Self::round(table, full_m, [area * full_m * full_m, radius * full_m, width * full_m], at);
        if shape == "FORCE_MAIN" {
            // Hazen-Williams' power of the radius in ft.
            tube.factor = tube.area_m2 * (tube.radius_m / FOOT_M).powf(0.63) * FOOT_M.powf(2.0 / 3.0);
            tube.factor_most = 1.06949 * tube.factor;
        } else {
            tube.factor_most = most * tube.factor;
        }
        tube.widest_m = widest * full_m;
        Some(tube)
    }

    fn round(table: &'static Rounded, full_m: f64, [area_m2, radius_m, width_m]: [f64; 3], at: f64) -> Self {
        let factor = factor(area_m2, radius_m);
        Self {
            full_m,
            area_m2,
            radius_m,
            width_m,
            widest_m: 0.5 * full_m,
            open: false,
            factor,
            factor_most: factor,
            area_most_m2: at * area_m2,
            figure: Figure::Round(table),
        }
    }

    /// An elliptical or arch pipe: height, width, full area and hydraulic radius.
    pub fn pipe(shape: &str, full_m: f64, width_m: f64, area_m2: f64, radius_m: f64) -> Self {
        let (table, at, widest) = match shape {
            "HORIZ_ELLIPSE" => (&tables::HORIZONTAL_ELLIPSE, 0.96, 0.48),
            "VERT_ELLIPSE" => (&tables::VERTICAL_ELLIPSE, 0.96, 0.48),
            _ => (&tables::ARCH, 0.92, 0.28),
        };
        Self { widest_m: widest * full_m, ..Self::round(table, full_m, [area_m2, radius_m, width_m], at) }
    }

    /// A section with formulas.
    pub(super) fn given(form: Form, full_m: f64) -> Option<Self> {
        let open =
            matches!(form, Form::Channel { .. } | Form::Trapezoid { .. } | Form::Parabola { .. } | Form::Power { .. });
        let area_m2 = form.area(full_m, full_m);
        let radius_m = form.radius(full_m, full_m, area_m2);
        // Where the section factor is greatest, over the full area.
        let at = match form {
            Form::Box { .. } => forms::ROOF_FROM,
            Form::Wedge { .. } | Form::RoundFloor { .. } => forms::ROOF_FROM_BOTTOM,
            Form::RoundRoof { .. } => 0.96,
            Form::Filled { .. } => 0.9756,
            _ => 1.0,
        };
        let (width_m, widest_m) = match form {
            Form::RoundRoof { width, rise, .. } => (width, full_m - rise),
            Form::Filled { diameter, .. } => (diameter, 0.5 * full_m),
            _ => (form.width(full_m, full_m), full_m),
        };
        let whole = factor(area_m2, radius_m);
        let mut tube = Self {
            full_m,
            area_m2,
            radius_m,
            width_m,
            widest_m,
            open,
            factor: whole,
            factor_most: whole,
            area_most_m2: at * area_m2,
            figure: Figure::Given(form),
        };
        if !(area_m2 > 0.0 && radius_m > 0.0 && full_m > 0.0 && area_m2.is_finite() && radius_m.is_finite()) {
            return None;
        }
        tube.factor_most = match tube.figure {
            Figure::Given(Form::Filled { .. }) => 1.08 * whole,
            _ if open => whole,
            _ => factor(tube.area_most_m2, tube.radius_of_area(tube.area_most_m2)),
        };
        Some(tube)
    }

    /// A section of its own: area, hydraulic radius and width at equal steps of depth.
    pub fn own(full_m: f64, open: bool, points: &[[f64; 3]]) -> Option<Self> {
        let [area_m2, radius_m, last] = *points.last()?;
        let width_m = if open { last } else { points.iter().map(|p| p[2]).fold(0.0, f64::max) };
        if points.len() < 4 || !(area_m2 > 0.0 && radius_m > 0.0 && width_m > 0.0) {
            return None;
        }
        let column = |k: usize, full: f64| points.iter().map(|p| p[k] / full).collect::<Vec<f64>>();
        let best =
            points.iter().map(|p| (factor(p[0], p[1]), p[0])).fold((0.0, 0.0), |a, b| if b.0 > a.0 { b } else { a });
        let mut width = column(2, width_m);
        if open {
            width[0] = width[1];
        }
        let rises = width.windows(2).take_while(|w| w[1] >= w[0]).count();
        Some(Self {
            full_m,
            area_m2,
            radius_m,
            width_m,
            widest_m: full_m * rises as f64 / (width.len() - 1) as f64,
            open,
            factor: factor(area_m2, radius_m),
            factor_most: best.0,
            area_most_m2: best.1,
            figure: Figure::Own([column(0, area_m2), column(1, radius_m), width]),
        })
    }

    /// Area at a depth (up to the full one), m².
    pub fn area(&self, y: f64) -> f64 {
        if y <= 0.0 {
            return 0.0;
        }
        let share = y / self.full_m;
        match &self.figure {
            Figure::Round(t) if t.area.is_empty() => self.area_m2 * lookup::argument(t.depth_of_area, share),
            Figure::Round(t) => self.area_m2 * lookup::value(t.area, share),
            Figure::Given(form) => form.area(y, self.full_m),
            Figure::Own([area, ..]) => self.area_m2 * lookup::value(area, share),
        }
    }

    /// Width of the surface at a depth, m.
    pub fn width(&self, y: f64) -> f64 {
        let share = y / self.full_m;
        match &self.figure {
            Figure::Round(t) => self.width_m * lookup::value(t.width, share),
            Figure::Given(form) => form.width(y, self.full_m),
            Figure::Own([_, _, width]) => self.width_m * lookup::value(width, share),
        }
    }

    /// Hydraulic radius at a depth, m.
    pub fn radius(&self, y: f64) -> f64 {
        let share = y / self.full_m;
        match &self.figure {
            Figure::Round(t) if t.radius.is_empty() => self.radius_of_area(self.area(y)),
            Figure::Round(t) => self.radius_m * lookup::value(t.radius, share),
            Figure::Given(form) => form.radius_of_depth(y, self.full_m, self.area_m2),
            Figure::Own([_, radius, _]) => self.radius_m * lookup::value(radius, share),
        }
    }

    /// Depth at which it has an area, m.
    pub fn depth_of_area(&self, area: f64) -> f64 {
        let share = area / self.area_m2;
        match &self.figure {
            Figure::Round(t) if std::ptr::eq(*t, &tables::CIRCLE) => self.full_m * forms::circle_depth(share),
            Figure::Round(t) if t.depth_of_area.is_empty() => self.full_m * lookup::argument(t.area, share),
            Figure::Round(t) => self.full_m * lookup::value(t.depth_of_area, share),
            Figure::Given(form) => form.depth(area, self.full_m),
            Figure::Own([table, ..]) => self.full_m * lookup::argument(table, share),
        }
    }

    /// Hydraulic radius at which it has an area, m.
    fn radius_of_area(&self, area: f64) -> f64 {
        if area <= 0.0 {
            return 0.0;
        }
        match &self.figure {
            Figure::Round(t) if !t.factor_of_area.is_empty() => (self.factor_of_area(area) / area).max(0.0).powf(1.5),
            Figure::Given(form) => form.radius(self.depth_of_area(area), self.full_m, self.area_m2),
            _ => self.radius(self.depth_of_area(area)),
        }
    }

    /// Section factor `A R^(2/3)` by area, m^(8/3).
    pub fn factor_of_area(&self, area: f64) -> f64 {
        let share = area / self.area_m2;
        match &self.figure {
            Figure::Round(t) if std::ptr::eq(*t, &tables::CIRCLE) => self.factor * forms::circle_factor(share),
            Figure::Round(t) if !t.factor_of_area.is_empty() => self.factor * lookup::value(t.factor_of_area, share),
            // Between the greatest and the full one a line.
            Figure::Given(Form::Box { .. } | Form::Wedge { .. } | Form::RoundFloor { .. })
                if area > self.area_most_m2 =>
            {
                let along = (area - self.area_most_m2) / (self.area_m2 - self.area_most_m2);
                self.factor_most + (self.factor - self.factor_most) * along
            }
            _ => factor(area, self.radius_of_area(area)),
        }
    }

    /// Area with a section factor, m².
    pub(super) fn area_of_factor(&self, wanted: f64) -> f64 {
        if wanted <= 0.0 {
            return 0.0;
        }
        let wanted = wanted.min(self.factor_most);
        match &self.figure {
            Figure::Round(t) if std::ptr::eq(*t, &tables::CIRCLE) => {
                self.area_m2 * forms::circle_area_of_factor(wanted / self.factor)
            }
            Figure::Round(t) if !t.factor_of_area.is_empty() => {
                self.area_m2 * lookup::argument(t.factor_of_area, wanted / self.factor)
            }
            _ => {
                // Rising up to the greatest; falling from there to the full one, where the wanted is above the full one.
                let falls = wanted >= self.factor && self.factor_most > self.factor;
                let (mut low, mut high) =
                    if falls { (self.area_m2, self.area_most_m2) } else { (0.0, self.area_most_m2) };
                for _ in 0..60 {
                    let middle = 0.5 * (low + high);
                    if self.factor_of_area(middle) < wanted {
                        low = middle
                    } else {
                        high = middle
                    }
                    if (high - low).abs() < 1.0e-9 * self.area_m2 {
                        break;
                    }
                }
                0.5 * (low + high)
            }
        }
    }

    /// Normal depth of a flow over its conveyance `√slope / n`, m.
    pub fn normal_depth(&self, over: f64) -> f64 {
        if over <= 0.0 { 0.0 } else { self.depth_of_area(self.area_of_factor(over)) }
    }

    /// Full flow over `√slope / n`.
    pub fn full_factor(&self) -> f64 {
        self.factor
    }

    /// Area with the greatest normal flow, m².
    pub fn most_area(&self) -> f64 {
        self.area_most_m2
    }

    /// Greatest normal flow over `√slope / n`.
    pub fn most_factor(&self) -> f64 {
        self.factor_most
    }

    fn critical_flow(&self, y: f64) -> f64 {
        let (area, width) = (self.area(y), self.width(y));
        if width > 0.0 { area * (GRAVITY * area / width).sqrt() } else { 0.0 }
    }

    /// Critical depth of a flow, m; the full depth where there is none.
    pub fn critical_depth(&self, flow: f64) -> f64 {
        let energy = flow * flow / GRAVITY;
        if energy <= 0.0 {
            return 0.0;
        }
        let depth = match self.figure {
            Figure::Given(Form::Box { width } | Form::Channel { width, .. }) => (energy / (width * width)).cbrt(),
            Figure::Given(Form::Trapezoid { bottom, slope, .. }) if bottom == 0.0 => {
                (2.0 * energy / (slope * slope)).powf(0.2)
            }
            Figure::Given(Form::Parabola { scale }) => (27.0 / 32.0 * energy / (scale * scale)).powf(0.25),
            Figure::Given(Form::Power { power, scale, .. }) => {
                (energy * (power + 1.0) / (scale * scale)).powf(1.0 / (2.0 * power + 3.0))
            }
            _ => {
                let ratio = self.area_m2 / (0.25 * PI * self.full_m * self.full_m);
                if (0.5..=2.0).contains(&ratio) { self.critical_by_steps(flow) } else { self.critical_by_halves(flow) }
            }
        };
        depth.min(self.full_m)
    }

    /// In one of 25 intervals by a line, from that of the equivalent circle on.
    fn critical_by_steps(&self, flow: f64) -> f64 {
        let dy = self.full_m / CRITICAL_STEPS;
        let estimate = 1.01 * (flow * flow / GRAVITY / self.full_m).powf(0.25);
        let estimate = if estimate >= self.full_m { 0.97 * self.full_m } else { estimate };
        let first = (estimate / dy) as i32;
        let at = |i: i32| self.critical_flow(f64::from(i) * dy);
        let mut near = at(first);
        if near < flow {
            for i in first + 1..=CRITICAL_STEPS as i32 {
                let next = at(i);
                if next >= flow {
                    return ((flow - near) / (next - near) + f64::from(i) - 1.0) * dy;
                }
                near = next;
            }
            return self.full_m;
        }
        for i in (0..first).rev() {
            let next = at(i);
            if next < flow {
                return ((flow - next) / (near - next) + f64::from(i)) * dy;
            }
            near = next;
        }
        0.0
    }

    fn critical_by_halves(&self, flow: f64) -> f64 {
        let (mut low, mut high) = (0.0, 0.99 * self.full_m);
        if self.critical_flow(high) < flow {
            return self.full_m;
        }
        for _ in 0..40 {
            let middle = 0.5 * (low + high);
            if self.critical_flow(middle) < flow { low = middle } else { high = middle }
        }
        0.5 * (low + high)
    }
}
