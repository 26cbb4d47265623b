//! Measures on the ground: barriers as lines, trucks, pumps, blocked inlets and open covers as signs, made ground as rings.

use egui::{Align2, CornerRadius, Painter, Pos2, Rect, Shape, Stroke, vec2};
use guanlan_core::theme::Token;
use guanlan_stage::Ground;

use crate::{
    labels::wants::Eye,
    look::Look,
    ui::kit,
    vm::works::{Work, WorkKind},
    words::tr,
};

/// A long line is draped in pieces of this length, m.
const PIECE_M: f64 = 20.0;
/// From farther away marks have no words, m.
const WORDS_FROM_M: f32 = 1600.0;
/// Side of a sign, points.
const SIGN: f32 = 20.0;

/// A line on the ground as far as it is seen.
fn seen(line_m: &[[f64; 2]], ground: &Ground, eye: Eye) -> Vec<Pos2> {
    let at = |[e, n]: [f64; 2]| eye.seen([e as f32, n as f32, ground.height_m(e as f32, n as f32) + 1.0]);
    let mut points: Vec<Pos2> = line_m.first().and_then(|p| at(*p)).into_iter().collect();
    for pair in line_m.windows(2) {
        let [a, b] = [pair[0], pair[1]];
        let pieces = ((b[0] - a[0]).hypot(b[1] - a[1]) / PIECE_M).ceil().clamp(1.0, 40.0);
        let step = |k: usize| {
            let t = k as f64 / pieces;
            at([a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])])
        };
        points.extend((1..=pieces as usize).filter_map(step));
    }
    points
}

/// Draws them; the places that labels must leave free.
pub(super) fn works(
    painter: &Painter,
    works: &[Work],
    ground: &Ground,
    (eye, map): (Eye, Rect),
    look: &Look,
) -> Vec<Rect> {
    let (ink, field) = (look.accent(), look.faint(Token::Space, 0.85));
    let near = eye.distance_m < WORDS_FROM_M;
    let sign_side = if near { SIGN } else { SIGN * 0.5 };
    let mut taken = Vec::new();
    let mut named: Vec<(&Work, Pos2, f32)> = Vec::new();
    for work in works {
        let mut points = seen(&work.line_m, ground, eye);
        if work.kind == WorkKind::Area {
            points.extend(points.first().copied());
        }
        let Some(middle) = points.get(points.len() / 2).copied().filter(|p| map.shrink(12.0).contains(*p)) else {
            continue;
        };
        let mut off = 8.0;
        match work.kind {
            WorkKind::Place(sign) => {
                let rect = Rect::from_center_size(middle, vec2(sign_side, sign_side));
                painter.rect_filled(rect, CornerRadius::same(4), field);
                let edge = Stroke::new(1.5, if work.planned { ink.gamma_multiply(0.5) } else { ink });
                painter.rect_stroke(rect, CornerRadius::same(4), edge, egui::StrokeKind::Inside);
                // From afar a sign is a small field: letters would lie over each other.
                if near {
                    let font = look.bold(look.sizes.small);
                    kit::words_at(painter, middle, Align2::CENTER_CENTER, tr(look.lang, sign), font, ink);
                }
                taken.push(rect.expand(2.0));
                off = sign_side * 0.5 + 9.0;
            }
            WorkKind::Barrier if !work.planned => {
                painter.add(Shape::line(points.clone(), Stroke::new(7.0, field)));
                painter.add(Shape::line(points, Stroke::new(3.5, ink)));
            }
            WorkKind::Barrier | WorkKind::OpenGate | WorkKind::Area => {
                painter.add(Shape::line(points.clone(), Stroke::new(6.0, field)));
                painter.extend(Shape::dashed_line(&points, Stroke::new(2.5, ink), 7.0, 6.0));
            }
        }
        named.push((work, middle, off));
    }
    if !near {
        return taken;
    }
    // Below its mark, or above it where something else is said; nowhere rather than over other words.
    for (work, middle, off) in named {
        let font = look.regular(look.sizes.small);
        let size = painter.layout_no_wrap(work.words.clone(), font.clone(), ink).size();
        let sides = [(Align2::CENTER_TOP, off), (Align2::CENTER_BOTTOM, -off)];
        let places = sides.map(|(anchor, dy)| {
            let at = middle + vec2(0.0, dy);
            (anchor, at, anchor.anchor_size(at, size).expand2(vec2(8.0, 5.0)))
        });
        let free = |rect: &Rect| map.contains_rect(*rect) && !taken.iter().any(|t| t.intersects(*rect));
        if let Some((anchor, at, rect)) = places.into_iter().find(|p| free(&p.2)) {
            kit::plated(painter, at, anchor, &work.words, font, [look.text(), field]);
            taken.push(rect);
        }
    }
    taken
}
