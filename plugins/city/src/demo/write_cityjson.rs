//! Buildings as CityJSON 2.0: LOD1 blocks for all, LOD2 roofs where the roof has a shape.

use std::fmt::Write as _;

use super::{
    buildings::{Body, House},
    geom::{self, P},
    params::CityPlan,
};
use crate::model::RoofShape;

/// Vertices of one file, in whole millimetres.
struct Vertices {
    text: String,
    count: usize,
}

impl Vertices {
    fn add(&mut self, p: P, z: f64) -> usize {
        if self.count > 0 {
            self.text.push(',');
        }
        let mm = |v: f64| (v * 1000.0).round() as i64;
        let _ = write!(self.text, "[{},{},{}]", mm(p[0]), mm(p[1]), mm(z));
        self.count += 1;
        self.count - 1
    }
    fn ring(&mut self, ring: &[P], z: f64) -> Vec<usize> {
        ring.iter().map(|&p| self.add(p, z)).collect()
    }
}

/// A face of a shell: rings of vertex numbers, and what it is (0 ground, 1 wall, 2 roof).
type Facet = (Vec<Vec<usize>>, u8);

fn block(v: &mut Vertices, body: &Body, base: f64, top: f64) -> Vec<Facet> {
    let (b, t) = (v.ring(&body.ring, base), v.ring(&body.ring, top));
    let n = b.len();
    let mut out = vec![(vec![b.iter().rev().copied().collect()], 0)];
    out.extend((0..n).map(|i| (vec![vec![b[i], b[(i + 1) % n], t[(i + 1) % n], t[i]]], 1)));
    out.push((vec![t], 2));
    out
}

/// The shell with its roof; `None` when the plain block is already the whole truth.
fn roofed(v: &mut Vertices, body: &Body, base: f64) -> Option<Vec<Facet>> {
    let eaves = base + body.eaves_m;
    let top = eaves + body.rise_m;
    match body.roof {
        RoofShape::Gabled | RoofShape::Hipped if body.ring.len() == 4 => {
            // Corner 0 to 1 is a long side.
            let r = &body.ring;
            let ring: Vec<P> =
                if geom::dist(r[0], r[1]) >= geom::dist(r[1], r[2]) { r.clone() } else { vec![r[1], r[2], r[3], r[0]] };
            let (m30, m12) = (geom::lerp(ring[3], ring[0], 0.5), geom::lerp(ring[1], ring[2], 0.5));
            let (long, short) = (geom::dist(ring[0], ring[1]), geom::dist(ring[1], ring[2]));
            let hip = if body.roof == RoofShape::Hipped { (short / 2.0).min(long / 2.0 - 0.2) / long } else { 0.0 };
            let (b, e) = (v.ring(&ring, base), v.ring(&ring, eaves));
            let (p, q) = (v.add(geom::lerp(m30, m12, hip), top), v.add(geom::lerp(m12, m30, hip), top));
            let mut out = vec![(vec![vec![b[3], b[2], b[1], b[0]]], 0)];
            let wall = |i: usize, j: usize| vec![b[i], b[j], e[j], e[i]];
            out.push((vec![wall(0, 1)], 1));
            out.push((vec![wall(2, 3)], 1));
            if hip > 0.0 {
                out.push((vec![wall(1, 2)], 1));
                out.push((vec![wall(3, 0)], 1));
                out.push((vec![vec![e[1], e[2], q]], 2));
                out.push((vec![vec![e[3], e[0], p]], 2));
            } else {
                out.push((vec![vec![b[1], b[2], e[2], q, e[1]]], 1));
                out.push((vec![vec![b[3], b[0], e[0], p, e[3]]], 1));
            }
            out.push((vec![vec![e[0], e[1], q, p]], 2));
            out.push((vec![vec![e[2], e[3], p, q]], 2));
            Some(out)
        }
        RoofShape::Flat if body.rise_m > 0.5 => {
            let inner = geom::inset(&body.ring, |_| 0.4);
            let (b, t) = (v.ring(&body.ring, base), v.ring(&body.ring, top));
            let (it, ib) = (v.ring(&inner, top), v.ring(&inner, eaves));
            let n = b.len();
            let mut out = vec![(vec![b.iter().rev().copied().collect()], 0)];
            for i in 0..n {
                let j = (i + 1) % n;
                out.push((vec![vec![b[i], b[j], t[j], t[i]]], 1));
                out.push((vec![vec![ib[j], ib[i], it[i], it[j]]], 1));
            }
            out.push((vec![t, it.iter().rev().copied().collect()], 2));
            out.push((vec![ib], 2));
            Some(out)
        }
        _ => None,
    }
}

fn solid(out: &mut String, lod: &str, facets: &[Facet], semantics: bool) {
    let _ = write!(out, "{{\"type\":\"Solid\",\"lod\":\"{lod}\",\"boundaries\":[[");
    for (i, (rings, _)) in facets.iter().enumerate() {
        let _ = write!(out, "{}{rings:?}", if i > 0 { "," } else { "" });
    }
    out.push_str("]]");
    if semantics {
        out.push_str(",\"semantics\":{\"surfaces\":[{\"type\":\"GroundSurface\"},{\"type\":\"WallSurface\"},{\"type\":\"RoofSurface\"}],\"values\":[[");
        for (i, (_, what)) in facets.iter().enumerate() {
            let _ = write!(out, "{}{what}", if i > 0 { "," } else { "" });
        }
        out.push_str("]]}");
    }
    out.push('}');
}

fn geometry(out: &mut String, v: &mut Vertices, body: &Body, base: f64) {
    let foot = base + body.lift_m;
    let pitched = matches!(body.roof, RoofShape::Gabled | RoofShape::Hipped);
    let top = foot + body.eaves_m + if pitched { body.rise_m / 2.0 } else { 0.0 };
    let plain = block(v, body, foot, top);
    out.push_str("\"geometry\":[");
    solid(out, "1.2", &plain, false);
    if let Some(facets) = roofed(v, body, foot) {
        out.push(',');
        solid(out, "2.2", &facets, true);
    }
    out.push(']');
}

/// The file's text.
pub fn text(city: &CityPlan, houses: &[House]) -> String {
    let mut v = Vertices { text: String::with_capacity(houses.len() * 400), count: 0 };
    let mut objects = String::with_capacity(houses.len() * 1200);
    let (mut lo, mut hi) = ([f64::MAX; 3], [f64::MIN; 3]);
    for (i, h) in houses.iter().enumerate() {
        for b in &h.bodies {
            for p in &b.ring {
                let (z0, z1) = (h.base_m, h.base_m + b.lift_m + b.eaves_m + b.rise_m);
                lo = [lo[0].min(p[0]), lo[1].min(p[1]), lo[2].min(z0)];
                hi = [hi[0].max(p[0]), hi[1].max(p[1]), hi[2].max(z1)];
            }
        }
        let id = format!("GL-B{:05}", i + 1);
        let height = h.bodies.iter().map(|b| b.lift_m + b.eaves_m + b.rise_m).fold(0.0, f64::max);
        let roof = match h.bodies[0].roof {
            RoofShape::Gabled => "gabled",
            RoofShape::Hipped => "hipped",
            _ => "flat",
        };
        let attributes = serde_json::json!({
            "name": h.name.0, "name:en": h.name.1, "function": h.usage,
            "storeysAboveGround": h.storeys, "storeysBelowGround": h.basements, "basements": h.basements,
            "residents": h.residents, "sill_m": h.sill_m, "yearOfConstruction": h.year, "roofType": roof,
            "measuredHeight": (height * 100.0).round() / 100.0,
        });
        let _ = write!(
            objects,
            "{}\n\"{id}\":{{\"type\":\"Building\",\"attributes\":{attributes},",
            if i > 0 { "," } else { "" }
        );
        if let [only] = h.bodies.as_slice() {
            geometry(&mut objects, &mut v, only, h.base_m);
            objects.push('}');
        } else {
            let children: Vec<String> = (1..=h.bodies.len()).map(|k| format!("{id}-{k}")).collect();
            let _ = write!(objects, "\"children\":{}}}", serde_json::json!(children));
            for (b, child) in h.bodies.iter().zip(&children) {
                let _ = write!(objects, ",\n\"{child}\":{{\"type\":\"BuildingPart\",\"parents\":[\"{id}\"],");
                geometry(&mut objects, &mut v, b, h.base_m);
                objects.push('}');
            }
        }
    }
    let o = city.origin;
    let mm = |x: f64| (x * 1000.0).round() / 1000.0;
    let extent = [mm(lo[0] + o[0]), mm(lo[1] + o[1]), mm(lo[2]), mm(hi[0] + o[0]), mm(hi[1] + o[1]), mm(hi[2])];
    let metadata = serde_json::json!({
        "title": format!("{} {} (fictional)", city.name.0, city.name.1),
        "referenceSystem": format!("https://www.opengis.net/def/crs/EPSG/0/{}", city.epsg),
        "geographicalExtent": extent,
    });
    let transform = serde_json::json!({ "scale": [0.001, 0.001, 0.001], "translate": [o[0], o[1], 0.0] });
    format!(
        "{{\"type\":\"CityJSON\",\"version\":\"2.0\",\"transform\":{transform},\"metadata\":{metadata},\"CityObjects\":{{{objects}\n}},\"vertices\":[{}]}}\n",
        v.text
    )
}
