//! Grids of the risk panel and hot spots, drawn on the ground while the panel is open.

use egui::{Painter, Pos2, Shape, Stroke};
use guanlan_core::{AlertLevel, theme::Token};
use guanlan_stage::Ground;

use crate::{
    labels::wants::Eye,
    look::Look,
    vm::risk::{RiskRow, RiskVm},
};

/// A long side is draped in pieces of this length, m.
const PIECE_M: f64 = 60.0;

/// A closed ring on the ground as it is seen; empty when a corner lies behind the eye.
fn seen(ring: &[[f64; 2]], ground: &Ground, eye: Eye) -> Vec<Pos2> {
    let mut points = Vec::new();
    for (i, a) in ring.iter().enumerate() {
        let b = ring[(i + 1) % ring.len()];
        let pieces = ((b[0] - a[0]).hypot(b[1] - a[1]) / PIECE_M).ceil().clamp(1.0, 12.0) as usize;
        for k in 0..pieces {
            let t = k as f64 / pieces as f64;
            let [e, n] = [a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])].map(|v| v as f32);
            match eye.seen([e, n, ground.height_m(e, n) + 1.5]) {
                Some(p) => points.push(p),
                None => return Vec::new(),
            }
        }
    }
    points
}

fn outline(painter: &Painter, row: &RiskRow, open: bool, ground: &Ground, eye: Eye, look: &Look) {
    let points = seen(&row.ring_m, ground, eye);
    if points.len() < 3 {
        return;
    }
    let color = look.level(row.level);
    // A mesh fan: rings of grids are nearly convex, and a tint does not mind the rest.
    let mut mesh = egui::Mesh::default();
    let fill = color.gamma_multiply(if open { 0.34 } else { 0.16 });
    points.iter().for_each(|p| mesh.colored_vertex(*p, fill));
    (1..points.len() as u32 - 1).for_each(|i| mesh.add_triangle(0, i, i + 1));
    painter.add(Shape::mesh(mesh));
    let width = if open { 2.5 } else { 1.2 };
    painter.add(Shape::closed_line(points, Stroke::new(width, color.gamma_multiply(if open { 1.0 } else { 0.7 }))));
}

/// Draws what the panel lists; nothing while it is closed.
pub(super) fn risks(painter: &Painter, vm: &RiskVm, open: Option<u32>, ground: &Ground, eye: Eye, look: &Look) {
    // The worst lies on top.
    // The quiet ones are a list, not a pattern on the map.
    for row in vm.rows.iter().rev().filter(|r| r.level > AlertLevel::Normal || open == Some(r.grid)) {
        outline(painter, row, open == Some(row.grid), ground, eye, look);
    }
    for spot in &vm.spots {
        let [w, s, e, n] = spot.bounds_m;
        let points = seen(&[[w, s], [e, s], [e, n], [w, n]], ground, eye);
        if points.len() < 3 {
            continue;
        }
        let color = look.color(Token::LevelOrange);
        let mut line = points;
        line.extend(line.first().copied());
        painter.extend(Shape::dashed_line(&line, Stroke::new(2.5, color), 9.0, 6.0));
    }
}
