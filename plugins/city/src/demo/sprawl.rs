//! A plain town of any number of buildings, as files: what imports are measured with.
//!
//! Nothing is kept in memory: every building follows from its number. One in four has a gabled roof
//! with semantic surfaces (level of detail 2), one in ten has an annexe as a building part, the others
//! are blocks and L shapes of level of detail 1. EPSG:4549, around 120° E, 30.27° N.

use std::{
    fs::File,
    io::{BufWriter, Result, Write},
    path::Path,
};

/// Distance between buildings, m.
const PITCH_M: f64 = 40.0;
/// Projected place of the town's south-west corner, m.
const CORNER: [f64; 2] = [496_000.0, 3_346_000.0];
const REFERENCE: &str = "https://www.opengis.net/def/crs/EPSG/0/4549";

/// One body: corners in m from the town's corner, and faces with what they are.
struct Body {
    corners: Vec<[f64; 3]>,
    faces: Vec<(Vec<usize>, Face)>,
}

#[derive(Clone, Copy)]
enum Face {
    Ground,
    Roof,
    Wall,
}

/// A number below `n` that follows from `seed`.
fn below(seed: u64, n: u64) -> u64 {
    // SplitMix64.
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (z ^ (z >> 31)) % n
}

fn side(n: usize) -> usize {
    (n as f64).sqrt().ceil().max(1.0) as usize
}

struct Plot {
    west: f64,
    south: f64,
    width: f64,
    depth: f64,
    storeys: u64,
}

impl Plot {
    fn of(i: usize, side: usize) -> Self {
        let chance = |k: u64, n: u64| below(i as u64 * 8 + k, n) as f64;
        Self {
            west: (i % side) as f64 * PITCH_M + chance(0, 5000) / 1000.0,
            south: (i / side) as f64 * PITCH_M + chance(1, 5000) / 1000.0,
            width: 10.0 + chance(2, 15_000) / 1000.0,
            depth: 8.0 + chance(3, 12_000) / 1000.0,
            storeys: 1 + below(i as u64 * 8 + 4, 18),
        }
    }
}

fn prism(plan: &[[f64; 2]], low: f64, high: f64) -> Body {
    let n = plan.len();
    let at = |z: f64| plan.iter().map(move |p| [p[0], p[1], z]);
    let mut faces = vec![((0..n).rev().collect(), Face::Ground), ((n..2 * n).collect(), Face::Roof)];
    faces.extend((0..n).map(|k| (vec![k, (k + 1) % n, n + (k + 1) % n, n + k], Face::Wall)));
    Body { corners: at(low).chain(at(high)).collect(), faces }
}

fn gabled(p: &Plot, low: f64, eaves: f64, ridge: f64) -> Body {
    let (x0, x1, y0, y1) = (p.west, p.west + p.width, p.south, p.south + p.depth);
    let middle = (y0 + y1) / 2.0;
    let mut corners = prism(&[[x0, y0], [x1, y0], [x1, y1], [x0, y1]], low, eaves).corners;
    corners.extend([[x0, middle, ridge], [x1, middle, ridge]]);
    let faces = vec![
        (vec![3, 2, 1, 0], Face::Ground),
        (vec![4, 5, 9, 8], Face::Roof),
        (vec![6, 7, 8, 9], Face::Roof),
        (vec![0, 1, 5, 4], Face::Wall),
        (vec![1, 2, 6, 9, 5], Face::Wall),
        (vec![2, 3, 7, 6], Face::Wall),
        (vec![3, 0, 4, 8, 7], Face::Wall),
    ];
    Body { corners, faces }
}

/// Bodies of a building: the main one, and an annexe for one in ten.
fn bodies(i: usize, side: usize) -> (Plot, Vec<Body>) {
    let p = Plot::of(i, side);
    let high = 3.0 * p.storeys as f64;
    let (x0, x1, y0, y1) = (p.west, p.west + p.width, p.south, p.south + p.depth);
    let main = match i % 4 {
        0 => gabled(&p, 0.0, high, high + 2.5),
        1 => {
            let (xm, ym) = ((x0 + x1) / 2.0, (y0 + y1) / 2.0);
            prism(&[[x0, y0], [x1, y0], [x1, ym], [xm, ym], [xm, y1], [x0, y1]], 0.0, high)
        }
        _ => prism(&[[x0, y0], [x1, y0], [x1, y1], [x0, y1]], 0.0, high),
    };
    let mut all = vec![main];
    if i % 10 == 0 {
        all.push(prism(&[[x1, y0], [x1 + 4.0, y0], [x1 + 4.0, y1], [x1, y1]], 0.0, 3.0));
    }
    (p, all)
}

fn geometry(to: &mut impl Write, body: &Body, lod: &str, first: usize) -> Result<()> {
    write!(to, r#"{{"type":"Solid","lod":"{lod}","boundaries":[["#)?;
    for (k, (ring, _)) in body.faces.iter().enumerate() {
        let ring: Vec<String> = ring.iter().map(|c| (first + c).to_string()).collect();
        write!(to, "{}[[{}]]", if k > 0 { "," } else { "" }, ring.join(","))?;
    }
    let values: Vec<String> = body.faces.iter().map(|(_, f)| (*f as usize).to_string()).collect();
    write!(
        to,
        r#"]],"semantics":{{"surfaces":[{{"type":"GroundSurface"}},{{"type":"RoofSurface"}},{{"type":"WallSurface"}}],"values":[[{}]]}}}}"#,
        values.join(",")
    )
}

/// The objects of a building whose vertices begin at `first`; returns the number of its vertices.
fn objects(to: &mut impl Write, i: usize, side: usize, first: usize) -> Result<usize> {
    let (plot, bodies) = bodies(i, side);
    let usage = ["residential", "office", "commercial", "school", "industrial"][i % 5];
    let storeys = plot.storeys;
    let children = if bodies.len() > 1 { format!(r#""children":["b{i}-a"],"#) } else { String::new() };
    write!(
        to,
        r#""b{i}":{{"type":"Building",{children}"attributes":{{"function":"{usage}","storeysAboveGround":{storeys},"residents":{}}},"geometry":["#,
        storeys * 6
    )?;
    geometry(to, &bodies[0], if i % 4 == 0 { "2.2" } else { "1.2" }, first)?;
    write!(to, "]}}")?;
    let mut n = bodies[0].corners.len();
    for body in &bodies[1..] {
        write!(to, r#","b{i}-a":{{"type":"BuildingPart","parents":["b{i}"],"geometry":["#)?;
        geometry(to, body, "1.2", first + n)?;
        write!(to, "]}}")?;
        n += body.corners.len();
    }
    Ok(n)
}

fn vertices(to: &mut impl Write, i: usize, side: usize, first: bool) -> Result<()> {
    let (_, bodies) = bodies(i, side);
    for (k, c) in bodies.iter().flat_map(|b| &b.corners).enumerate() {
        let [x, y, z] = c.map(|v| (v * 1000.0).round() as i64);
        write!(to, "{}[{x},{y},{z}]", if first && k == 0 { "" } else { "," })?;
    }
    Ok(())
}

fn head(to: &mut impl Write) -> Result<()> {
    let [x, y] = CORNER;
    write!(
        to,
        r#"{{"type":"CityJSON","version":"2.0","metadata":{{"referenceSystem":"{REFERENCE}"}},"transform":{{"scale":[0.001,0.001,0.001],"translate":[{x:.1},{y:.1},0.0]}},"CityObjects":{{"#
    )
}

fn file(path: &Path) -> Result<BufWriter<File>> {
    Ok(BufWriter::with_capacity(1 << 18, File::create(path)?))
}

/// Writes a CityJSONSeq of `n` buildings.
///
/// # Errors
/// The file cannot be written.
pub fn write_cityjson_seq(path: &Path, n: usize) -> Result<()> {
    let (mut to, side) = (file(path)?, side(n));
    head(&mut to)?;
    writeln!(to, r#"}},"vertices":[]}}"#)?;
    for i in 0..n {
        write!(to, r#"{{"type":"CityJSONFeature","id":"b{i}","CityObjects":{{"#)?;
        objects(&mut to, i, side, 0)?;
        write!(to, r#"}},"vertices":["#)?;
        vertices(&mut to, i, side, true)?;
        writeln!(to, "]}}")?;
    }
    to.flush()
}

/// Writes a CityJSON file of `n` buildings; its vertices come last, as in most files.
///
/// # Errors
/// The file cannot be written.
pub fn write_cityjson(path: &Path, n: usize) -> Result<()> {
    let (mut to, side) = (file(path)?, side(n));
    head(&mut to)?;
    let mut first = 0;
    for i in 0..n {
        write!(to, "{}", if i > 0 { ",\n" } else { "\n" })?;
        first += objects(&mut to, i, side, first)?;
    }
    write!(to, "}},\n\"vertices\":[")?;
    for i in 0..n {
        vertices(&mut to, i, side, i == 0)?;
    }
    writeln!(to, "]}}")?;
    to.flush()
}

/// Writes the buildings' plans as OSM XML, with a street along each row.
///
/// # Errors
/// The file cannot be written.
pub fn write_osm(path: &Path, n: usize) -> Result<()> {
    let (mut to, side) = (file(path)?, side(n));
    let place = |x: f64, y: f64| (120.0 + (x - 4000.0) / 96_140.0, 30.27 + (y - 4000.0) / 110_850.0);
    writeln!(to, r#"<?xml version="1.0" encoding="UTF-8"?><osm version="0.6">"#)?;
    let node = |to: &mut BufWriter<File>, id: usize, x: f64, y: f64| {
        let (lon, lat) = place(x, y);
        writeln!(to, r#"<node id="{id}" lat="{lat:.7}" lon="{lon:.7}" version="1"/>"#)
    };
    let plan = |i: usize| -> Vec<[f64; 2]> {
        let body = bodies(i, side).1.swap_remove(0);
        let ground = body.faces[0].0.iter().rev();
        ground.map(|&c| [body.corners[c][0], body.corners[c][1]]).collect()
    };
    for i in 0..n {
        for (k, p) in plan(i).iter().enumerate() {
            node(&mut to, i * 8 + k + 1, p[0], p[1])?;
        }
    }
    let streets = n.div_ceil(side) + 1;
    for row in 0..streets {
        for (k, x) in [-10.0, side as f64 * PITCH_M].into_iter().enumerate() {
            node(&mut to, n * 8 + row * 2 + k + 1, x, row as f64 * PITCH_M - 6.0)?;
        }
    }
    for i in 0..n {
        writeln!(to, r#"<way id="{}" version="1">"#, i + 1)?;
        let first = i * 8 + 1;
        for k in (0..plan(i).len()).chain([0]) {
            writeln!(to, r#"<nd ref="{}"/>"#, first + k)?;
        }
        let storeys = Plot::of(i, side).storeys;
        let roof = if i % 4 == 0 { r#"<tag k="roof:shape" v="gabled"/>"# } else { "" };
        writeln!(to, r#"<tag k="building" v="yes"/><tag k="building:levels" v="{storeys}"/>{roof}</way>"#)?;
    }
    for row in 0..streets {
        let first = n * 8 + row * 2 + 1;
        writeln!(
            to,
            r#"<way id="{}"><nd ref="{first}"/><nd ref="{}"/><tag k="highway" v="residential"/></way>"#,
            n + row + 1,
            first + 1
        )?;
    }
    writeln!(to, "</osm>")?;
    to.flush()
}
