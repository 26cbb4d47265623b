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
                let n = self.count(5)?;
                let mut parts = Vec::new();
                for _ in 0..n {
                    parts.extend(self.geometry(depth + 1)?);
                }
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
            other => Err(format!("a geometry of type {other}; curves, surfaces and TINs are not read")),
        }
    }
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
        assert!(read(&hex("0108000000")).unwrap_err().contains("type 8"));
        assert!(read(&[]).unwrap_err().contains("cut off"));
    }

    proptest! {
        #[test]
        fn bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), kind in 0_u32..8) {
            let _ = read(&bytes);
            let mut likely = vec![1];
            likely.extend(kind.to_le_bytes());
            likely.extend(&bytes);
            let _ = read(&likely);
        }
    }
}
