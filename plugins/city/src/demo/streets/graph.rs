//! The planar graph: lines cut where they meet, dead ends removed, faces walked around.

use std::collections::BTreeMap;

use crate::demo::geom::{self, P};

/// A piece of line before the graph is made.
#[derive(Clone, Copy)]
pub struct Piece {
    pub a: P,
    pub b: P,
    pub street: usize,
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

/// Points nearer than this are one node, m.
const SNAP_M: f64 = 0.35;

/// Cuts pieces where they cross or touch, and joins them into a graph.
pub fn arrange(pieces: &[Piece]) -> Graph {
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
pub fn prune(graph: &mut Graph) {
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

/// The graph's faces, and what lies beside each half edge. Half edge `2e` runs from `a` to `b` of edge `e`, `2e + 1` back.
pub struct Faces {
    /// Corner nodes and half edges of each face, counter-clockwise.
    pub rings: Vec<(Vec<usize>, Vec<usize>)>,
    /// Face to the left of each half edge; none outside of the map.
    pub left_of: Vec<Option<usize>>,
}

/// Walks around every face.
pub fn faces_of(graph: &Graph) -> Faces {
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
    let mut left_of: Vec<Option<usize>> = vec![None; next.len()];
    let mut seen = vec![false; next.len()];
    let mut rings = Vec::new();
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
                left_of[h] = Some(rings.len());
            }
            rings.push((corners, ring));
        }
    }
    Faces { rings, left_of }
}
