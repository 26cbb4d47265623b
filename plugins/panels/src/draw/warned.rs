//! Outlines of warnings of other authorities, dashed on the ground: seen as somebody else's, not as the room's own.

use egui::{Painter, Pos2, Shape, Stroke};
use guanlan_stage::Ground;

use crate::{labels::wants::Eye, look::Look, vm::warnings::WarningsVm};

/// A long side is draped in pieces of this length, m; a side has so many at most.
const PIECE_M: f64 = 80.0;
const PIECES: f64 = 24.0;
/// Corners of a ring drawn at most: outlines of provinces have tens of thousands.
const CORNERS: usize = 400;

/// Draws the outlines of all warnings listed. What lies behind the eye is left out, the rest is not.
pub(super) fn warned(painter: &Painter, vm: &WarningsVm, ground: &Ground, eye: Eye, look: &Look) {
    let mut run: Vec<Pos2> = Vec::new();
    for card in vm.cards.iter().rev() {
        let stroke = Stroke::new(2.0, look.level(card.level).gamma_multiply(0.8));
        let flush = |run: &mut Vec<Pos2>| {
            if run.len() > 1 {
                painter.extend(Shape::dashed_line(run, stroke, 10.0, 7.0));
            }
            run.clear();
        };
        for ring in &card.warning.rings_m {
            let step = ring.len().div_ceil(CORNERS).max(1);
            let corners = ring.iter().step_by(step).chain(ring.last());
            let mut before: Option<[f64; 2]> = None;
            for &b in corners {
                let a = before.replace(b).unwrap_or(b);
                let pieces = ((b[0] - a[0]).hypot(b[1] - a[1]) / PIECE_M).ceil().clamp(1.0, PIECES);
                for k in 0..pieces as usize {
                    let t = (k + 1) as f64 / pieces;
                    let [e, n] = [a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])].map(|v| v as f32);
                    match eye.seen([e, n, ground.height_m(e, n) + 1.5]) {
                        Some(p) if p.x.abs() < 1e5 && p.y.abs() < 1e5 => run.push(p),
                        _ => flush(&mut run),
                    }
                }
            }
            flush(&mut run);
        }
    }
}
