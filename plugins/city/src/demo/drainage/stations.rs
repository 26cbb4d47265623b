//! Pumping stations: of the old town, and of the underpasses, which lie below everything.

use super::{Drains, NodeKind, Pump, Station, toward_river};
use crate::demo::{geom, ground::Ground, plan::Plan};

/// Land that drains to one inlet of an underpass, ha.
const INLET_HA: f64 = 0.25;

/// When the pumps of a station start and stop: depths in the well, m.
struct Levels {
    /// Of each pump, m³/s.
    flow_m3s: f64,
    first_m: f64,
    /// How much higher the water stands when the next pump joins in.
    step_m: f64,
    stop_m: f64,
}

fn three_pumps(drains: &mut Drains, station: &str, from: usize, to: usize, levels: Levels) {
    for k in 0..3 {
        drains.pumps.push(Pump {
            id: format!("{station}-{}", k + 1),
            from,
            to,
            flow_m3s: levels.flow_m3s,
            start_m: levels.first_m + levels.step_m * f64::from(k),
            stop_m: levels.stop_m,
        });
    }
}

/// The station of the old town: a well below its lowest manhole, pumps over the embankment, a mouth in the river.
pub fn old_town(plan: &Plan, ground: &Ground, drains: &mut Drains, sump: usize, size: f64, area_ha: f64) {
    let from = drains.nodes[sump].at;
    let at = toward_river(plan, from, 30.0).0;
    let dir = geom::unit(geom::sub(at, from));
    let at = geom::add(from, geom::mul(dir, 14.0));
    let invert_m = drains.nodes[sump].invert_m - 1.8;
    let well = drains.node("BZ04".into(), NodeKind::Well, at, ground.at(at), invert_m);
    drains.pipe(sump, well, 14.0, size.max(2.2));
    let (edge, _) = toward_river(plan, from, 22.0);
    let (mouth, _) = toward_river(plan, from, -6.0);
    let ze = ground.at(edge);
    let level = plan.file.river.level_m;
    let gate = drains.node("BZ04-CS".into(), NodeKind::Manhole, edge, ze, (level + 0.9).min(ze - 2.0));
    let out = drains.node("PK99".into(), NodeKind::Outfall, mouth, ground.at(mouth), level + 0.3);
    drains.pipe(gate, out, geom::dist(edge, mouth).max(5.0), 2.6);
    let flow_m3s = (area_ha * 0.045).clamp(1.0, 3.0);
    three_pumps(drains, "BZ04", well, gate, Levels { flow_m3s, first_m: 1.4, step_m: 0.4, stop_m: 0.6 });
    drains.stations.push(Station {
        name: ("古城排涝泵站".into(), "Old Town Pump Station".into()),
        well,
        well_m2: 420.0,
    });
}

/// Each pair of underpasses along the railway shares a station; deep pipes follow the railway.
pub fn underpasses(plan: &Plan, ground: &Ground, drains: &mut Drains) {
    let gravity = drains.nodes.len();
    for (k, pair) in plan.underpasses.chunks(2).enumerate() {
        let Some(host) = pair.first() else { continue };
        let mut ends = Vec::new();
        // Beside the track, where the trunk runs.
        let beside = |s: f64| {
            let (q, d) = geom::along(&plan.rail, s);
            geom::add(q, geom::mul(geom::perp(d), 24.0))
        };
        for u in pair {
            let low = geom::add(u.at, geom::mul(u.along, if u.along[1] > 0.0 { 10.0 } else { -10.0 }));
            let zc = ground.at(low);
            let centre = drains.node(format!("XC{}-0", u.index + 1), NodeKind::Manhole, low, zc, zc - 1.9);
            drains.nodes[centre].area_ha = INLET_HA;
            for (n, s) in [(1, 44.0), (2, -44.0)] {
                let at = geom::add(u.at, geom::mul(u.along, s));
                let z = ground.at(at);
                let d = geom::dist(at, low);
                let v = (z - 1.5).max(zc - 1.9 + 0.004 * d);
                let inlet = drains.node(format!("XC{}-{n}", u.index + 1), NodeKind::Manhole, at, z, v);
                drains.nodes[inlet].area_ha = INLET_HA;
                drains.pipe(inlet, centre, d, 0.6);
            }
            ends.push((centre, geom::to_line(low, &plan.rail).1));
        }
        // The well stands beside the host underpass, clear of its trench.
        let well_s = ends[0].1 + host.half_width_m + 16.0;
        let well_at = beside(well_s);
        let mut arrivals: Vec<(usize, f64)> = vec![(ends[0].0, geom::dist(drains.nodes[ends[0].0].at, well_at))];
        if let Some(&(far, s)) = ends.get(1) {
            let total = s - well_s;
            let parts = (total / 110.0).round().max(1.0) as usize;
            let mut last = far;
            for n in 1..parts {
                let p = beside(s - total * n as f64 / parts as f64);
                let d = geom::dist(p, drains.nodes[last].at);
                let v = drains.nodes[last].invert_m - 0.0015 * d;
                let m = drains.node(format!("SG{}-{n:02}", k + 1), NodeKind::Manhole, p, ground.at(p), v);
                drains.pipe(last, m, d, 1.0);
                last = m;
            }
            arrivals.push((last, geom::dist(drains.nodes[last].at, well_at)));
        }
        let floor = arrivals.iter().map(|&(n, d)| drains.nodes[n].invert_m - 0.0015 * d).fold(f64::MAX, f64::min) - 1.6;
        let id = format!("BZ{:02}", k + 1);
        let well = drains.node(id.clone(), NodeKind::Well, well_at, ground.at(well_at), floor);
        for (n, d) in arrivals {
            drains.pipe(n, well, d.max(2.0), 1.0);
        }
        let to = (0..gravity)
            .filter(|&n| drains.nodes[n].kind == NodeKind::Manhole && !plan.in_old_town(drains.nodes[n].at))
            .min_by(|&a, &b| {
                geom::dist(drains.nodes[a].at, well_at).total_cmp(&geom::dist(drains.nodes[b].at, well_at))
            });
        let Some(to) = to else { continue };
        three_pumps(drains, &id, well, to, Levels { flow_m3s: 0.28, first_m: 0.9, step_m: 0.35, stop_m: 0.4 });
        let n = &plan.file.underpass.names[host.index];
        let name = (n.0.replace("下穿", "泵站"), n.1.replace("Underpass", "Pump Station"));
        drains.stations.push(Station { name, well, well_m2: 90.0 });
    }
}
