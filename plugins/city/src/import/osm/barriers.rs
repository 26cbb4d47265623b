//! Fences, walls, hedges along a line; gates and bollards at a point.

use super::{data::Tags, quantity::length_m, shapes::Shapes};
use crate::{
    import::{Report, Severity, rings::P2},
    model::{Barrier, BarrierKind},
};

fn kind(tags: &Tags) -> Option<BarrierKind> {
    Some(match tags.get("barrier")? {
        "fence" | "railing" | "chain" | "rope" | "wire_fence" | "yes" => BarrierKind::Fence,
        "wall" | "city_wall" => BarrierKind::Wall,
        "retaining_wall" => BarrierKind::RetainingWall,
        "hedge" | "hedge_bank" => BarrierKind::Hedge,
        "guard_rail" | "jersey_barrier" | "handrail" | "cable_barrier" => BarrierKind::GuardRail,
        "kerb" => BarrierKind::Kerb,
        "gate"
        | "lift_gate"
        | "swing_gate"
        | "sliding_gate"
        | "toll_booth"
        | "entrance"
        | "hampshire_gate"
        | "wicket_gate"
        | "bump_gate"
        | "sally_port"
        | "turnstile"
        | "full-height_turnstile"
        | "border_control"
        | "barrier_board" => BarrierKind::Gate,
        "bollard" | "block" | "cycle_barrier" | "kissing_gate" | "stile" | "planter" | "log" | "debris" | "chicane"
        | "motorcycle_barrier" | "bus_trap" | "sump_buster" | "spikes" | "horse_stile" | "cattle_grid"
        | "height_restrictor" | "tank_trap" => BarrierKind::Bollard,
        _ => return None,
    })
}

/// Height where no tag says otherwise, m.
const fn default_height_m(kind: BarrierKind) -> f64 {
    match kind {
        BarrierKind::Fence => 1.5,
        BarrierKind::Wall | BarrierKind::RetainingWall => 2.0,
        BarrierKind::Hedge => 1.2,
        BarrierKind::GuardRail | BarrierKind::Bollard => 0.9,
        BarrierKind::Kerb => 0.15,
        BarrierKind::Gate => 1.3,
    }
}

fn height_m(kind: BarrierKind, tags: &Tags) -> f32 {
    let tagged = tags.get("height").and_then(length_m).filter(|h| (0.02..=60.0).contains(h));
    tagged.unwrap_or_else(|| default_height_m(kind)) as f32
}

/// Reads all barriers.
pub(super) fn read(shapes: &Shapes<'_>, report: &mut Report) -> Vec<Barrier> {
    let unknown = |tags: &Tags| tags.get("barrier").filter(|b| *b != "no" && kind(tags).is_none()).map(str::to_owned);
    let ways = shapes.data.ways.iter().filter_map(|w| Some((format!("way {}", w.id), unknown(&w.tags)?)));
    let nodes = shapes.data.tagged.iter().filter_map(|(id, tags)| Some((format!("node {id}"), unknown(tags)?)));
    for (place, word) in ways.chain(nodes) {
        report.note(Severity::Skipped, place, format!("a barrier of the kind '{word}' is not drawn"));
    }
    let small = |p: P2| [p[0] as f32, p[1] as f32];
    let points = shapes.data.tagged.iter().filter_map(|(id, tags)| {
        let (kind, at) = (kind(tags)?, shapes.place(*id)?);
        Some(Barrier { id: format!("node/{id}"), kind, line: vec![small(at)], height_m: height_m(kind, tags) })
    });
    let lines = shapes.data.ways.iter().filter_map(|way| {
        let kind = kind(&way.tags)?;
        let mut line: Vec<P2> = way.refs.iter().filter_map(|&n| shapes.place(n)).collect();
        line.dedup();
        (line.len() >= 2).then(|| Barrier {
            id: format!("way/{}", way.id),
            kind,
            line: line.into_iter().map(small).collect(),
            height_m: height_m(kind, &way.tags),
        })
    });
    points.chain(lines).collect()
}
