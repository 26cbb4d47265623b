//! Streets and blocks: the plan's arterials cut the land into faces; faces are split by streets until
//! blocks have the size of their zone. Blocks, roads and grids share one planar graph.

use std::collections::BTreeMap;

use super::{
    dice::{Dice, mix},
    geom::{self, P},
    plan::{BANK_ROAD_M, MOAT_ROAD_M, Plan, RAIL_ROAD_M, Zone},
};

/// What a line of the graph is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Not a road: parcel line, shore, end of a dead-end street.
    Stub,
    /// Edge of the map.
    Edge,
    Rail,
    Ring,
    Primary,
    Secondary,
    Tertiary,
    Residential,
    Service,
}

impl Kind {
    /// Whether streets may join it at grade.
    pub fn is_street(self) -> bool {
        self >= Self::Primary
    }
    /// Half the carriageway's width, m.
    pub fn half_width_m(self) -> f64 {
        match self {
            Self::Stub | Self::Edge => 0.0,
            Self::Rail => 6.0,
            Self::Ring => 17.0,
            Self::Primary => 14.0,
            Self::Secondary => 10.0,
            Self::Tertiary => 7.0,
            Self::Residential => 4.5,
            Self::Service => 2.5,
        }
    }
    /// Half the carriageway plus its sidewalk and verge, m.
    pub fn reserve_m(self) -> f64 {
        match self {
            Self::Stub | Self::Edge => 1.0,
            Self::Rail => 22.0,
            Self::Ring => 38.0,
            Self::Primary => 23.0,
            Self::Secondary => 16.5,
            Self::Tertiary => 11.0,
            Self::Residential => 7.0,
            Self::Service => 3.4,
        }
    }
}

/// A street: one name along many edges.
#[derive(Clone, Debug)]
pub struct Street {
    pub kind: Kind,
    pub name: (String, String),
    pub speed: u32,
    pub lanes: u32,
    /// Index of the arterial in the plan, if it is one.
    pub arterial: Option<usize>,
}

/// A piece of line before the graph is made.
#[derive(Clone, Copy)]
struct Piece {
    a: P,
    b: P,
    street: usize,
}

/// An edge of the graph.
#[derive(Clone, Copy, Debug)]
pub struct Edge {
    pub a: usize,
    pub b: usize,
    pub street: usize,
}

/// The planar graph.
pub struct Graph {
    pub nodes: Vec<P>,
    pub edges: Vec<Edge>,
}

/// A face of the graph: a parcel of land or water between lines.
pub struct Face {
    pub ring: Vec<P>,
    /// Edge from corner i to corner i + 1.
    pub edges: Vec<usize>,
    /// Face on the other side of that edge.
    pub neighbours: Vec<Option<usize>>,
    pub zone: Zone,
    pub zone_index: Option<usize>,
    pub centre: P,
    pub area: f64,
    pub cover: Cover,
}

/// What a face lies on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cover {
    Land,
    /// Between the roads along the river.
    River,
    /// Between the lanes along the moat.
    Moat,
    /// Between the roads along the railway.
    RailStrip,
}

/// Streets, graph and faces.
pub struct Town {
    pub streets: Vec<Street>,
    pub graph: Graph,
    pub faces: Vec<Face>,
}

const SNAP_M: f64 = 0.35;

fn arrange(pieces: &[Piece]) -> Graph {
    // Candidate pairs by a coarse raster.
    const CELL: f64 = 90.0;
    let key = |p: P| ((p[0] / CELL).floor() as i64, (p[1] / CELL).floor() as i64);
    let mut raster: BTreeMap<(i64, i64), Vec<usize>> = BTreeMap::new();
    for (i, s) in pieces.iter().enumerate() {
        let (lo, hi) = geom::bounds(&[s.a, s.b]);
        let (l, h) = (key([lo[0] - 1.0, lo[1] - 1.0]), key([hi[0] + 1.0, hi[1] + 1.0]));
        for x in l.0..=h.0 {
            for y in l.1..=h.1 {
                raster.entry((x, y)).or_default().push(i);
            }
        }
    }
    let mut cuts: Vec<Vec<f64>> = vec![vec![0.0, 1.0]; pieces.len()];
    for list in raster.values() {
        for (n, &i) in list.iter().enumerate() {
            for &j in &list[n + 1..] {
                let (s, t) = (pieces[i], pieces[j]);
                if let Some((u, v)) = geom::crossing(s.a, s.b, t.a, t.b) {
                    cuts[i].push(u.clamp(0.0, 1.0));
                    cuts[j].push(v.clamp(0.0, 1.0));
                }
                for (host, k, p) in [(s, i, t.a), (s, i, t.b), (t, j, s.a), (t, j, s.b)] {
                    let (d, u) = geom::to_segment(p, host.a, host.b);
                    if d < SNAP_M {
                        cuts[k].push(u);
                    }
                }
            }
        }
    }
    let mut nodes: Vec<P> = Vec::new();
    let mut found: BTreeMap<(i64, i64), Vec<usize>> = BTreeMap::new();
    let mut node = |p: P| -> usize {
        let (x, y) = (p[0].floor() as i64, p[1].floor() as i64);
        for dx in -1..=1 {
            for dy in -1..=1 {
                for &n in found.get(&(x + dx, y + dy)).map_or(&[][..], Vec::as_slice) {
                    if geom::dist(nodes[n], p) < SNAP_M {
                        return n;
                    }
                }
            }
        }
        nodes.push(p);
        found.entry((x, y)).or_default().push(nodes.len() - 1);
        nodes.len() - 1
    };
    let mut known: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    let mut edges: Vec<Edge> = Vec::new();
    for (s, cut) in pieces.iter().zip(&mut cuts) {
        cut.sort_by(f64::total_cmp);
        let mut last = node(geom::lerp(s.a, s.b, cut[0]));
        for &t in &cut[1..] {
            let n = node(geom::lerp(s.a, s.b, t));
            if n != last {
                // First come, first served: pieces are given in order of importance.
                known.entry((last.min(n), last.max(n))).or_insert_with(|| {
                    edges.push(Edge { a: last, b: n, street: s.street });
                    edges.len() - 1
                });
                last = n;
            }
        }
    }
    Graph { nodes, edges }
}

/// Removes lines that end in nothing.
fn prune(graph: &mut Graph) {
    loop {
        let mut degree = vec![0; graph.nodes.len()];
        for e in &graph.edges {
            degree[e.a] += 1;
            degree[e.b] += 1;
        }
        let before = graph.edges.len();
        graph.edges.retain(|e| degree[e.a] > 1 && degree[e.b] > 1);
        if graph.edges.len() == before {
            return;
        }
    }
}

/// Faces as rings of half edges: (corner nodes, edges, half-edge ids).
fn faces_of(graph: &Graph) -> (Vec<(Vec<usize>, Vec<usize>)>, Vec<Option<usize>>) {
    // Half edge 2e runs a→b, 2e+1 runs b→a.
    let from = |h: usize| if h % 2 == 0 { graph.edges[h / 2].a } else { graph.edges[h / 2].b };
    let to = |h: usize| from(h ^ 1);
    let mut out: Vec<Vec<(f64, usize)>> = vec![Vec::new(); graph.nodes.len()];
    for h in 0..graph.edges.len() * 2 {
        let d = geom::sub(graph.nodes[to(h)], graph.nodes[from(h)]);
        out[from(h)].push((d[1].atan2(d[0]), h));
    }
    for list in &mut out {
        list.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    }
    let mut next = vec![0; graph.edges.len() * 2];
    for h in 0..next.len() {
        let list = &out[to(h)];
        let at = list.iter().position(|&(_, g)| g == h ^ 1).unwrap_or(0);
        next[h] = list[(at + list.len() - 1) % list.len()].1;
    }
    let mut face_of: Vec<Option<usize>> = vec![None; next.len()];
    let mut seen = vec![false; next.len()];
    let mut faces = Vec::new();
    for start in 0..next.len() {
        if seen[start] {
            continue;
        }
        let mut ring = Vec::new();
        let mut h = start;
        while !seen[h] {
            seen[h] = true;
            ring.push(h);
            h = next[h];
        }
        let corners: Vec<usize> = ring.iter().map(|&h| from(h)).collect();
        let points: Vec<P> = corners.iter().map(|&n| graph.nodes[n]).collect();
        if geom::area(&points) > 1.0 {
            for &h in &ring {
                face_of[h] = Some(faces.len());
            }
            faces.push((corners, ring));
        }
    }
    (faces, face_of)
}

/// A block still to be split: corners and the kind of the line from each corner to the next.
struct Parcel {
    ring: Vec<P>,
    kinds: Vec<Kind>,
}

/// Wanted area of a block, m².
fn wanted_area(zone: Zone) -> f64 {
    match zone {
        Zone::Hills => 90_000.0,
        Zone::LakePark => 420_000.0,
        Zone::BendPark | Zone::Park => 80_000.0,
        Zone::OldTown => 7_200.0,
        Zone::Cbd => 19_000.0,
        Zone::Civic => 26_000.0,
        Zone::Campus => 36_000.0,
        Zone::Industrial => 48_000.0,
        Zone::Village => 11_500.0,
        Zone::Villa => 24_000.0,
        Zone::Tower => 34_000.0,
        Zone::Mixed => 21_500.0,
    }
}

fn cover_of(plan: &Plan, p: P) -> Cover {
    if plan.river_d.at(p) < BANK_ROAD_M - 1.0 {
        Cover::River
    } else if plan.moat_d.at(p) < MOAT_ROAD_M - 1.0 {
        Cover::Moat
    } else if plan.rail_d.at(p) < RAIL_ROAD_M - 1.0 {
        Cover::RailStrip
    } else {
        Cover::Land
    }
}

fn class_for(zone: Zone, area: f64) -> Kind {
    match zone {
        Zone::Hills | Zone::LakePark | Zone::BendPark | Zone::Park => Kind::Stub,
        Zone::OldTown if area < 16_000.0 => Kind::Service,
        Zone::OldTown if area < 90_000.0 => Kind::Residential,
        Zone::Village if area < 26_000.0 => Kind::Service,
        Zone::Campus if area < 150_000.0 => Kind::Service,
        Zone::Industrial | Zone::Cbd | Zone::Civic => {
            if area > 60_000.0 {
                Kind::Tertiary
            } else {
                Kind::Residential
            }
        }
        _ if area > 130_000.0 => Kind::Tertiary,
        _ => Kind::Residential,
    }
}

/// Splits a parcel by a chord across its long axis; gives both halves and the chord.
fn split(
    parcel: &Parcel,
    kind: Kind,
    dice: &mut Dice,
    ends: &[P],
    lake: &[P],
) -> Option<(Parcel, Parcel, (P, P, [Kind; 2]))> {
    let ring = &parcel.ring;
    let n = ring.len();
    let (axis, half, centre) = geom::oriented_box(ring);
    for attempt in 0..14 {
        let wobble = if attempt == 0 { 0.14 } else { 0.5 };
        let slide = dice.range(-wobble, wobble) * half[0];
        let (dir, turn) = (geom::perp(axis), dice.range(-0.03, 0.03));
        let dir = geom::unit(geom::add(dir, geom::mul(axis, turn)));
        let through = geom::add(centre, geom::mul(axis, slide));
        let (a, b) = (geom::sub(through, geom::mul(dir, 9000.0)), geom::add(through, geom::mul(dir, 9000.0)));
        let mut hits: Vec<(f64, usize, P)> = (0..n)
            .filter_map(|i| {
                let (c, d) = (ring[i], ring[(i + 1) % n]);
                geom::crossing(a, b, c, d).map(|(t, u)| (t, i, geom::lerp(c, d, u.clamp(0.0, 1.0))))
            })
            .collect();
        hits.sort_by(|x, y| x.0.total_cmp(&y.0));
        // The stretch inside the parcel that is longest.
        let best = hits
            .windows(2)
            .filter(|w| w[0].1 != w[1].1 && geom::inside(geom::lerp(w[0].2, w[1].2, 0.5), ring))
            .max_by(|x, y| geom::dist(x[0].2, x[1].2).total_cmp(&geom::dist(y[0].2, y[1].2)));
        let Some(best) = best else { continue };
        let (mut p, mut q) = ((best[0].1, best[0].2), (best[1].1, best[1].2));
        // Meet a street that already ends on the other side of the road, instead of missing it by a little.
        let snapped = |(i, at): (usize, P)| -> (usize, P) {
            let (c, d) = (ring[i], ring[(i + 1) % n]);
            ends.iter()
                .filter(|e| geom::dist(**e, at) < 27.0 && geom::to_segment(**e, c, d).0 < 0.2)
                .min_by(|x, y| geom::dist(**x, at).total_cmp(&geom::dist(**y, at)))
                .map_or((i, at), |&e| (i, e))
        };
        let (p2, q2) = (snapped(p), snapped(q));
        let clear = (0..n).filter(|&i| i != p2.0 && i != q2.0).all(|i| {
            geom::crossing(p2.1, q2.1, ring[i], ring[(i + 1) % n]).is_none_or(|(t, _)| {
                geom::dist(geom::lerp(p2.1, q2.1, t), p2.1).min(geom::dist(geom::lerp(p2.1, q2.1, t), q2.1)) < 0.2
            })
        });
        if clear {
            (p, q) = (p2, q2);
        }
        let ((i, a), (j, b)) = (p, q);
        // No line is drawn through the lake: its park stays whole.
        if lake.iter().any(|&l| geom::to_segment(l, a, b).0 < 30.0) {
            continue;
        }
        let cut = |from: usize, start: P, to: usize, end: P| -> Parcel {
            // start on edge `from`, then corners from+1 ..= to, then end on edge `to`, then the chord.
            let (mut ring2, mut kinds) = (vec![start], vec![parcel.kinds[from]]);
            let mut k = (from + 1) % n;
            loop {
                ring2.push(ring[k]);
                kinds.push(parcel.kinds[k]);
                if k == to {
                    break;
                }
                k = (k + 1) % n;
            }
            ring2.push(end);
            kinds.push(kind);
            tidy(ring2, kinds)
        };
        let (left, right) = (cut(i, a, j, b), cut(j, b, i, a));
        let (la, ra) = (geom::area(&left.ring), geom::area(&right.ring));
        let whole = geom::area(ring);
        if la.min(ra) < 0.22 * whole || la.min(ra) < 1200.0 || left.ring.len() < 3 || right.ring.len() < 3 {
            continue;
        }
        return Some((left, right, (a, b, [parcel.kinds[i], parcel.kinds[j]])));
    }
    None
}

/// Drops corners that coincide.
fn tidy(ring: Vec<P>, kinds: Vec<Kind>) -> Parcel {
    let (mut r, mut k): (Vec<P>, Vec<Kind>) = (Vec::new(), Vec::new());
    for (p, kind) in ring.into_iter().zip(kinds) {
        match r.last() {
            Some(&last) if geom::dist(last, p) < 0.3 => {
                if let Some(slot) = k.last_mut() {
                    *slot = kind;
                }
            }
            _ => {
                r.push(p);
                k.push(kind);
            }
        }
    }
    while r.len() > 1 && geom::dist(r[0], r[r.len() - 1]) < 0.3 {
        r.pop();
        k.pop();
    }
    Parcel { ring: r, kinds: k }
}

fn name_street(plan: &Plan, at: P, kind: Kind, east_west: bool, used: &mut BTreeMap<String, u32>) -> (String, String) {
    let words = &plan.file.words.street_head;
    let h = mix(plan.seed ^ mix((at[0] as i64 as u64) << 20 ^ at[1] as i64 as u64));
    let (zh_tail, en_tail) = match (kind, plan.in_old_town(at)) {
        (Kind::Service, true) => ("弄", "Lane"),
        (_, true) => ("巷", "Alley"),
        (Kind::Tertiary, _) => ("路", "Road"),
        _ if east_west => ("街", "Street"),
        _ => ("路", "Road"),
    };
    for k in 0..words.len() as u64 * 2 {
        let w = &words[((h + k * 7) % words.len() as u64) as usize];
        let (mid_zh, mid_en) = match k / words.len() as u64 {
            0 => ("", ""),
            _ if east_west => ("横", " Heng"),
            _ => ("直", " Zhi"),
        };
        let zh = format!("{}{mid_zh}{zh_tail}", w.0);
        if !used.contains_key(&zh) {
            used.insert(zh.clone(), 1);
            return (zh, format!("{}{mid_en} {en_tail}", w.1));
        }
    }
    // All names are taken: number the lanes of one name.
    let w = &words[(h % words.len() as u64) as usize];
    let zh = format!("{}{zh_tail}", w.0);
    let n = used.entry(zh).or_insert(1);
    *n += 1;
    (format!("{}{}{zh_tail}", w.0, numeral(*n)), format!("{} {en_tail} {n}", w.1))
}

/// Chinese numerals below 100.
pub fn numeral(n: u32) -> String {
    const D: [&str; 10] = ["", "一", "二", "三", "四", "五", "六", "七", "八", "九"];
    match n {
        0 => "零".to_owned(),
        1..=9 => D[n as usize].to_owned(),
        10..=19 => format!("十{}", D[n as usize - 10]),
        20..=99 => format!("{}十{}", D[n as usize / 10], D[n as usize % 10]),
        _ => n.to_string(),
    }
}

/// Draws the streets of the plan.
pub fn build(plan: &Plan) -> Town {
    let (lo, hi) = ([0.0, 0.0], [plan.size, plan.size]);
    let mut streets: Vec<Street> = Vec::new();
    let mut pieces: Vec<Piece> = Vec::new();
    let mut line = |streets: &mut Vec<Street>, s: Street, points: &[P]| {
        streets.push(s);
        for w in points.windows(2) {
            if let Some((a, b)) = geom::clip(w[0], w[1], lo, hi) {
                pieces.push(Piece { a, b, street: streets.len() - 1 });
            }
        }
    };
    let street = |kind: Kind, zh: &str, en: &str, speed: u32, lanes: u32, arterial: Option<usize>| Street {
        kind,
        name: (zh.to_owned(), en.to_owned()),
        speed,
        lanes,
        arterial,
    };
    for (i, (a, points)) in plan.file.arterial.iter().zip(&plan.arterials).enumerate() {
        let (kind, speed, lanes) = if a.class == "primary" { (Kind::Primary, 60, 6) } else { (Kind::Secondary, 50, 4) };
        line(&mut streets, street(kind, &a.name.0, &a.name.1, speed, lanes, Some(i)), points);
    }
    for (sign, zh, en) in [(1.0, "滨江北路", "North Binjiang Road"), (-1.0, "滨江南路", "South Binjiang Road")]
    {
        let road = geom::offset(&plan.river, |i| sign * (plan.river_half[i] + BANK_ROAD_M));
        line(&mut streets, street(Kind::Secondary, zh, en, 50, 4, None), &geom::simplify(&road, 0.4));
    }
    for (sign, zh, en) in [(1.0, "护城河北路", "North Moat Road"), (-1.0, "护城河南路", "South Moat Road")] {
        let by = sign * (plan.file.moat.half_width_m + MOAT_ROAD_M);
        line(&mut streets, street(Kind::Tertiary, zh, en, 30, 2, None), &geom::offset(&plan.moat, |_| by));
    }
    for (sign, zh, en) in [(1.0, "铁路北路", "North Railway Road"), (-1.0, "铁路南路", "South Railway Road")] {
        line(
            &mut streets,
            street(Kind::Tertiary, zh, en, 40, 2, None),
            &geom::offset(&plan.rail, |_| sign * RAIL_ROAD_M),
        );
    }
    line(
        &mut streets,
        street(Kind::Rail, &plan.file.railway.name.0, &plan.file.railway.name.1, 0, 0, None),
        &plan.rail,
    );
    line(
        &mut streets,
        street(Kind::Ring, &plan.file.ring.name.0, &plan.file.ring.name.1, plan.file.ring.speed, 6, None),
        &plan.ring,
    );
    let mut frame = Vec::new();
    for k in 0..4 {
        let c = [lo, [hi[0], lo[1]], hi, [lo[0], hi[1]]];
        frame.extend([c[k], c[(k + 1) % 4]]);
    }
    streets.push(street(Kind::Edge, "", "", 0, 0, None));
    pieces.extend(frame.chunks(2).map(|c| Piece { a: c[0], b: c[1], street: streets.len() - 1 }));

    let mut first = arrange(&pieces);
    prune(&mut first);
    // From here on the graph's own pieces are the lines.
    pieces = first.edges.iter().map(|e| Piece { a: first.nodes[e.a], b: first.nodes[e.b], street: e.street }).collect();
    let (rings, _) = faces_of(&first);
    let mut todo: Vec<Parcel> = rings
        .iter()
        .map(|(corners, half_edges)| Parcel {
            ring: corners.iter().map(|&n| first.nodes[n]).collect(),
            kinds: half_edges.iter().map(|&h| streets[first.edges[h / 2].street].kind).collect(),
        })
        .collect();
    let mut dice = Dice::new(plan.seed, "streets");
    let mut used = BTreeMap::new();
    let mut ends: BTreeMap<(i64, i64), Vec<P>> = BTreeMap::new();
    let cell = |p: P| ((p[0] / 300.0).floor() as i64, (p[1] / 300.0).floor() as i64);
    streets.push(street(Kind::Stub, "", "", 0, 0, None));
    let stub = streets.len() - 1;
    let mut chords: Vec<(usize, P, P)> = Vec::new();
    while let Some(parcel) = todo.pop() {
        let area = geom::area(&parcel.ring);
        let middle = geom::pole(&parcel.ring);
        let (zone, _) = plan.zone(middle);
        let cover = cover_of(plan, middle);
        let wanted = if cover == Cover::Land { wanted_area(zone) } else { 42_000.0 };
        if area < wanted {
            continue;
        }
        let mut kind = if cover == Cover::Land { class_for(zone, area) } else { Kind::Stub };
        if plan.ground(middle) > 24.0 {
            kind = Kind::Stub;
        }
        let (blo, bhi) = geom::bounds(&parcel.ring);
        let (cl, ch) = (cell([blo[0] - 30.0, blo[1] - 30.0]), cell([bhi[0] + 30.0, bhi[1] + 30.0]));
        let near: Vec<P> = (cl.0..=ch.0)
            .flat_map(|x| (cl.1..=ch.1).map(move |y| (x, y)))
            .filter_map(|k| ends.get(&k))
            .flatten()
            .copied()
            .collect();
        let Some((left, right, (a, b, at))) = split(&parcel, kind, &mut dice, &near, &plan.lake) else { continue };
        let long = geom::dist(a, b);
        if kind == Kind::Stub {
            pieces.push(Piece { a, b, street: stub });
        } else {
            // Streets stop before railway, expressway and the map's edge.
            let back = |k: Kind| -> f64 {
                match k {
                    Kind::Rail | Kind::Ring => 44.0,
                    Kind::Stub => 20.0,
                    _ => 0.0,
                }
            };
            let (ta, tb) = (back(at[0]).min(long * 0.45) / long, 1.0 - back(at[1]).min(long * 0.45) / long);
            let (ra, rb) = (geom::lerp(a, b, ta), geom::lerp(a, b, tb));
            let d = geom::sub(b, a);
            // A street that meets another head-on keeps its name.
            let same = chords.iter().find(|(s, c, e)| {
                streets[*s].kind == kind
                    && (geom::dist(*c, ra).min(geom::dist(*e, ra)) < 0.5
                        || geom::dist(*c, rb).min(geom::dist(*e, rb)) < 0.5)
                    && geom::dot(geom::unit(geom::sub(*e, *c)), geom::unit(d)).abs() > 0.93
            });
            let id = if let Some(&(s, ..)) = same {
                s
            } else {
                let name = if kind == Kind::Service && !plan.in_old_town(ra) {
                    (String::new(), String::new())
                } else {
                    name_street(plan, geom::lerp(a, b, 0.5), kind, d[0].abs() > d[1].abs(), &mut used)
                };
                let (speed, lanes) = match kind {
                    Kind::Tertiary => (40, 2),
                    Kind::Residential => (30, 2),
                    _ => (20, 1),
                };
                streets.push(Street { kind, name, speed, lanes, arterial: None });
                streets.len() - 1
            };
            if ta > 0.0 {
                pieces.push(Piece { a, b: ra, street: stub });
            }
            pieces.push(Piece { a: ra, b: rb, street: id });
            if tb < 1.0 {
                pieces.push(Piece { a: rb, b, street: stub });
            }
            chords.push((id, ra, rb));
        }
        for p in [a, b] {
            ends.entry(cell(p)).or_default().push(p);
        }
        todo.push(left);
        todo.push(right);
    }

    let graph = arrange(&pieces);
    let (rings, face_of) = faces_of(&graph);
    let faces = rings
        .into_iter()
        .map(|(corners, half_edges)| {
            let ring: Vec<P> = corners.iter().map(|&n| graph.nodes[n]).collect();
            let centre = geom::pole(&ring);
            let (zone, zone_index) = plan.zone(centre);
            Face {
                area: geom::area(&ring),
                neighbours: half_edges.iter().map(|&h| face_of[h ^ 1]).collect(),
                edges: half_edges.iter().map(|&h| h / 2).collect(),
                cover: cover_of(plan, centre),
                ring,
                zone,
                zone_index,
                centre,
            }
        })
        .collect();
    Town { streets, graph, faces }
}
