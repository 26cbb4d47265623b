//! Well-known binary geometry (OGC 06-103r4, ISO's and PostGIS's codes for Z and M) as GeoJSON values.

use serde_json::{Value, json};

use crate::import::geojson_layers::Geometry;

/// Deeper nesting is no geometry but an attack.
const MAX_DEPTH: usize = 8;

/// Reads one geometry; `None` for an empty one. Never reads past the end and never reserves more than is there.
pub fn read(bytes: &[u8]) -> Result<Option<Geometry>, String> {
    Cursor { bytes, little: true }.geometry(0)
}

struct Cursor<'a> {
    bytes: &'a [u8],
    little: bool,
}

impl Cursor<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let (head, rest) = self.bytes.split_first_chunk::<N>().ok_or("the geometry is cut off")?;
        self.bytes = rest;
        Ok(*head)
    }

    fn u32(&mut self) -> Result<u32, String> {
        let bytes = self.take()?;
        Ok(if self.little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    }

    fn f64(&mut self) -> Result<f64, String> {
        let bytes = self.take()?;
        Ok(if self.little { f64::from_le_bytes(bytes) } else { f64::from_be_bytes(bytes) })
    }

    /// A count of things of at least `size` bytes each.
    fn count(&mut self, size: usize) -> Result<usize, String> {
        let n = self.u32()? as usize;
        if n > self.bytes.len() / size {
            return Err(format!("the geometry promises {n} items in {} bytes", self.bytes.len()));
        }
        Ok(n)
    }

    fn position(&mut self, dims: usize) -> Result<Value, String> {
        let mut p = [0.0; 4];
        for v in p.iter_mut().take(dims) {
            *v = self.f64()?;
        }
        Ok(if dims > 2 && p[2].is_finite() { json!([p[0], p[1], p[2]]) } else { json!([p[0], p[1]]) })
    }

    fn line(&mut self, dims: usize) -> Result<Value, String> {
        let n = self.count(8 * dims)?;
        (0..n).map(|_| self.position(dims)).collect::<Result<Vec<_>, _>>().map(Value::Array)
    }

    fn rings(&mut self, dims: usize) -> Result<Value, String> {
        let n = self.count(4)?;
        (0..n).map(|_| self.line(dims)).collect::<Result<Vec<_>, _>>().map(Value::Array)
    }

    /// The geometries that one is made of.
    fn parts(&mut self, depth: usize) -> Result<Vec<Geometry>, String> {
        let n = self.count(5)?;
        let parts: Result<Vec<_>, _> = (0..n).map(|_| self.geometry(depth + 1)).collect();
        Ok(parts?.into_iter().flatten().collect())
    }

    fn geometry(&mut self, depth: usize) -> Result<Option<Geometry>, String> {
        if depth > MAX_DEPTH {
            return Err(format!("geometries nested more than {MAX_DEPTH} deep"));
        }
        self.little = match self.take::<1>()?[0] {
            0 => false,
            1 => true,
            other => return Err(format!("a byte order of {other}, expected 0 or 1")),
        };
        let code = self.u32()?;
        // PostGIS: flags in the high bits; ISO: thousands.
        let (flags, iso) = (code >> 28, (code & 0x0fff_ffff) / 1000);
        let z = flags & 0b1000 != 0 || iso == 1 || iso == 3;
        let m = flags & 0b0100 != 0 || iso == 2 || iso == 3;
        if flags & 0b0010 != 0 {
            self.u32()?;
        }
        let dims = 2 + usize::from(z) + usize::from(m);
        let kind = (code & 0x0fff_ffff) % 1000;
        let plain = |name: &str, coordinates: Value| {
            let empty = coordinates.as_array().is_none_or(Vec::is_empty);
            Ok((!empty).then(|| Geometry { kind: name.into(), coordinates, geometries: Vec::new() }))
        };
        match kind {
            1 => {
                let mut p = [f64::NAN; 4];
                for v in p.iter_mut().take(dims) {
                    *v = self.f64()?;
                }
                let here = p[0].is_finite() && p[1].is_finite();
                plain("Point", if here { json!([p[0], p[1]]) } else { Value::Null })
            }
            2 => plain("LineString", self.line(dims)?),
            3 => plain("Polygon", self.rings(dims)?),
            4..=7 => {
                let parts = self.parts(depth)?;
                if kind == 7 {
                    let coordinates = Value::Null;
                    return Ok((!parts.is_empty()).then(|| Geometry {
                        kind: "GeometryCollection".into(),
                        coordinates,
                        geometries: parts,
                    }));
                }
                let name = ["MultiPoint", "MultiLineString", "MultiPolygon"][kind as usize - 4];
                plain(name, parts.into_iter().map(|g| g.coordinates).collect())
            }
            8 => plain("LineString", bent(&self.line(dims)?)),
            9 => {
                // Pieces that go on where the one before ends.
                let mut line: Vec<Value> = Vec::new();
                for piece in self.parts(depth)? {
                    let more = piece.coordinates.as_array().cloned().unwrap_or_default();
                    line.extend(more.into_iter().skip(usize::from(!line.is_empty())));
                }
                plain("LineString", Value::Array(line))
            }
            10 => plain("Polygon", self.parts(depth)?.into_iter().map(|g| g.coordinates).collect()),
            11 => plain("MultiLineString", self.parts(depth)?.into_iter().map(|g| g.coordinates).collect()),
            // Surfaces of polygons, of triangles.
            12 | 15 | 16 => plain("MultiPolygon", self.parts(depth)?.into_iter().map(|g| g.coordinates).collect()),
            17 => plain("Polygon", self.rings(dims)?),
            other => Err(format!("a geometry of the unknown type {other}")),
        }
    }
}

/// Arcs through every three positions as lines of a few degrees each.
fn bent(line: &Value) -> Value {
    /// Radians between two positions of an arc.
    const STEP: f64 = 0.1;
    let at = |v: &Value| Some([v.get(0)?.as_f64()?, v.get(1)?.as_f64()?]);
    let points: Vec<[f64; 2]> = line.as_array().into_iter().flatten().filter_map(at).collect();
    let mut out: Vec<[f64; 2]> = points.first().copied().into_iter().collect();
    for arc in points.windows(3).step_by(2) {
        let [a, b, c] = [arc[0], arc[1], arc[2]];
        // A full circle: the middle position is opposite.
        let middle = if a == c { Some([(a[0] + b[0]) / 2.0, (a[1] + b[1]) / 2.0]) } else { centre(a, b, c) };
        if let Some(m) = middle {
            let angle = |p: [f64; 2]| (p[1] - m[1]).atan2(p[0] - m[0]);
            let turn = |from: f64, to: f64| (to - from).rem_euclid(std::f64::consts::TAU);
            let (start, mid, end) = (angle(a), angle(b), angle(c));
            let full = if a == c { std::f64::consts::TAU } else { turn(start, end) };
            let sweep = if a == c || turn(start, mid) <= full { full } else { full - std::f64::consts::TAU };
            let radius = (a[0] - m[0]).hypot(a[1] - m[1]);
            let n = (sweep.abs() / STEP).ceil() as usize;
            for i in 1..n {
                let (sin, cos) = (start + sweep * i as f64 / n as f64).sin_cos();
                out.push([m[0] + radius * cos, m[1] + radius * sin]);
            }
        } else {
            out.push(b);
        }
        out.push(c);
    }
    json!(out)
}

/// Middle of the circle through three positions; `None` when they lie on a line.
fn centre(a: [f64; 2], b: [f64; 2], c: [f64; 2]) -> Option<[f64; 2]> {
    let (b, c) = ([b[0] - a[0], b[1] - a[1]], [c[0] - a[0], c[1] - a[1]]);
    let d = 2.0 * (b[0] * c[1] - b[1] * c[0]);
    let (bb, cc) = (b[0] * b[0] + b[1] * b[1], c[0] * c[0] + c[1] * c[1]);
    let m = [(c[1] * bb - b[1] * cc) / d, (b[0] * cc - c[0] * bb) / d];
    (m[0].is_finite() && m[1].is_finite() && d.abs() > 1e-12 * bb.max(cc)).then(|| [a[0] + m[0], a[1] + m[1]])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len() / 2).map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap()).collect()
    }

    /// From PostGIS: `SELECT ST_AsEWKB('SRID=4326;POINT Z(1 2 3)')` and the like.
    #[test]
    fn both_orders_and_both_ways_to_say_z() {
        let point = |text: &str| read(&hex(text)).unwrap().unwrap().coordinates;
        assert_eq!(point("0101000000000000000000F03F0000000000000040"), json!([1.0, 2.0]));
        assert_eq!(point("00000000013FF00000000000004000000000000000"), json!([1.0, 2.0]));
        assert_eq!(
            point("01010000A0E6100000000000000000F03F00000000000000400000000000000840"),
            json!([1.0, 2.0]),
            "SRID and Z flags"
        );
        assert_eq!(
            point("01EA03000001000000000000000000F03F00000000000000400000000000000840"),
            json!([[1.0, 2.0, 3.0]]),
            "ISO LINESTRING Z"
        );
        assert!(read(&hex("0101000000000000000000F87F000000000000F87F")).unwrap().is_none(), "POINT EMPTY");
        assert!(read(&hex("0102000000FFFFFFFF")).unwrap_err().contains("promises"));
        assert!(read(&hex("0163000000")).unwrap_err().contains("type 99"));
        // A half circle from (0, 0) over (1, 1) to (2, 0), and the same as the ring of a polygon.
        let mut arc = hex("010800000003000000");
        [0.0, 0.0, 1.0, 1.0, 2.0, 0.0].iter().for_each(|v: &f64| arc.extend(v.to_le_bytes()));
        let line = read(&arc).unwrap().unwrap();
        let points: Vec<[f64; 2]> = serde_json::from_value(line.coordinates).unwrap();
        assert!(
            points.len() > 20 && points.iter().all(|p| ((p[0] - 1.0).hypot(p[1]) - 1.0).abs() < 1e-9 && p[1] > -1e-9)
        );
        let mut polygon = hex("010A00000001000000");
        polygon.extend(&arc);
        let polygon = read(&polygon).unwrap().unwrap();
        assert_eq!(
            (polygon.kind.as_str(), polygon.coordinates[0].as_array().unwrap().len()),
            ("Polygon", points.len())
        );
        assert!(read(&[]).unwrap_err().contains("cut off"));
    }

    proptest! {
        #[test]
        fn bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), kind in 0_u32..18) {
            let _ = read(&bytes);
            let mut likely = vec![1];
            likely.extend(kind.to_le_bytes());
            likely.extend(&bytes);
            let _ = read(&likely);
        }
    }
}
