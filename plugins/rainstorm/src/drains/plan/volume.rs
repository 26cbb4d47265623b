//! Volumes of nodes with their halves of the conduits, by head.

use super::{CROWN_CUTOFF, DrainPlan};

/// Plan area over which lost floods spread, m²: the head stays at the rim.
pub(in crate::drains) const FLOODED_M2: f64 = 1.0e6;
/// Plan area of a shaft above its pipes where SWMM counts none, m²: heads under pressure are what flows make them.
const PRESSED_M2: f64 = 0.05;
/// How fast the surface of a node's conduits fades out above its crown, over the crown's depth (SWMM: e^(−15 f)).
const SOFT: f64 = 15.0;

impl DrainPlan {
    /// Volume of a wet well alone at a head, m³; a manhole has none but what a pump's type 1 curve gives it, as in SWMM.
    pub(in crate::drains) fn well_m3(&self, node: usize, head_m: f64) -> f64 {
        let n = &self.nodes[node];
        let depth = (head_m - n.invert_m).clamp(0.0, n.depth_m + n.surcharge_m);
        match &n.shape {
            Some(shape) => shape.volume_m3(depth),
            None if n.depth_m > 0.0 => n.pump_well_m3 * (depth / n.depth_m).min(1.0),
            None => 0.0,
        }
    }

    /// Volume of a node with its halves of the conduits at a head, m³, and how it grows, m².
    pub(in crate::drains) fn volume(&self, node: usize, head_m: f64) -> (f64, f64) {
        let n = &self.nodes[node];
        let depth = head_m - n.invert_m;
        if depth <= 0.0 {
            let area = n.shape.as_ref().map_or(n.shaft_m2, |s| s.area_m2(0.0).max(1.0e-3));
            return (0.0, area);
        }
        let top = n.depth_m + n.surcharge_m;
        let inside = depth.min(top.max(1.0e-3));
        let (mut volume, mut area) = match &n.shape {
            Some(s) => (s.volume_m3(inside), s.area_m2(inside).max(1.0e-3)),
            None => {
                let crown = n.crown_m - n.invert_m;
                if self.crown_storage && crown > 0.0 && inside > crown {
                    let narrow = PRESSED_M2.min(n.shaft_m2);
                    // SWMM's surface fades out above the crown: a line that fills does not stop within a step.
                    let fade = (-SOFT * (inside - crown) / crown).exp();
                    let soft = (n.soft_m2 - narrow).max(0.0);
                    (
                        n.shaft_m2 * crown + narrow * (inside - crown) + soft * crown / SOFT * (1.0 - fade),
                        narrow + soft * fade,
                    )
                } else {
                    (n.shaft_m2 * inside, n.shaft_m2)
                }
            }
        };
        if depth > inside {
            // Above the rim: the pond, or (so wide that it does not rise) what is lost.
            area = if n.pond_m2 > 0.0 { n.pond_m2 } else { FLOODED_M2 };
            volume += area * (depth - inside);
        }
        for half in &self.halves[n.halves.clone()] {
            let y = head_m - half.bottom_m;
            if y > 0.0 {
                let section = &self.sections[half.section];
                let cut = CROWN_CUTOFF * section.full_m;
                let lower = n.crown_m > half.bottom_m + 1.01 * section.full_m;
                if self.crown_storage && lower && section.closed && y > cut {
                    let wet = section.at(cut);
                    let top = (n.crown_m - half.bottom_m).max(section.full_m);
                    volume += half.length_m * (wet.area_m2 + wet.width_m * (y.min(top) - cut));
                    area += if y < top { half.length_m * wet.width_m } else { 0.0 };
                    continue;
                }
                let wet = section.at(y);
                volume += half.length_m * wet.area_m2;
                if y < section.full_m {
                    area += half.length_m * wet.width_m;
                } else if self.slot && section.closed {
                    let (width, above) = section.slot(y);
                    volume += half.length_m * above;
                    area += half.length_m * width;
                }
            }
        }
        (volume, area)
    }

    /// The head at which a node holds a volume, m above datum; `near_m` is a guess.
    pub(in crate::drains) fn head(&self, node: usize, volume_m3: f64, near_m: f64) -> f64 {
        let n = &self.nodes[node];
        if volume_m3 <= 0.0 {
            return n.invert_m;
        }
        let (mut low, mut high) = (n.invert_m, f64::INFINITY);
        let mut head = near_m.max(n.invert_m);
        for _ in 0..60 {
            let (volume, area) = self.volume(node, head);
            let miss = volume - volume_m3;
            if miss.abs() <= 1.0e-12 * volume_m3.max(1.0) {
                break;
            }
            if miss > 0.0 {
                high = head;
            } else {
                low = head;
            }
            let mut next = head - miss / area;
            if next <= low || next >= high {
                next = if high.is_finite() { 0.5 * (low + high) } else { low + 1.0 };
            }
            if (next - head).abs() <= 1.0e-13 * head.abs().max(1.0) {
                break;
            }
            head = next;
        }
        head
    }
}
