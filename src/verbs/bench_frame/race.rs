//! The race files: little-endian, no header, metres; x east, y north, z up.

use std::{path::Path, sync::Arc};

use guanlan_city::{
    City,
    model::{Building, BuildingPart},
};

use super::drive::{Load, Patrol, SensorLoad};
use crate::{
    args::FrameArgs,
    exit::{Failure, bad_input},
};

/// Half the side of the race's city, m.
const HALF_M: f32 = 5_000.0;

/// Reads a folder of race files.
pub fn load(folder: &Path, args: &FrameArgs) -> Result<Load, Failure> {
    let name = if args.buildings > 50_000 { "city_200k.f32" } else { "city_50k.f32" };
    let boxes = floats(&folder.join(name), 6)?;
    let mut city = City { extent: [-HALF_M, -HALF_M, HALF_M, HALF_M], ..City::default() };
    city.buildings = boxes.chunks_exact(6).take(args.buildings).map(building).collect();
    let sensors = sensors(&folder.join("sensors.bin"))?;
    let patrols = floats(&folder.join("patrol.f32"), 17)?;
    let bed = floats(&folder.join("flood_bed.f32"), 1)?;
    let side = bed.len().isqrt();
    if side * side != bed.len() {
        let path = folder.join("flood_bed.f32");
        return Err(bad_input(format!("{}: {} values are no square raster", path.display(), bed.len())));
    }
    let mut load = Load {
        city: Arc::new(city),
        sensors,
        patrols: patrols.chunks_exact(17).map(Patrol::read).collect(),
        cases: Vec::new(),
        bed: Some((side as u32, bed)),
    };
    super::town::add(&mut load, args, |_, _| 0.0);
    Ok(load)
}

fn bytes(path: &Path, record: usize) -> Result<Vec<u8>, Failure> {
    let bytes = std::fs::read(path).map_err(|e| bad_input(format!("{}: {e}", path.display())))?;
    if bytes.is_empty() || bytes.len() % record != 0 {
        let found = bytes.len();
        return Err(bad_input(format!("{}: {found} bytes are no whole number of records of {record}", path.display())));
    }
    Ok(bytes)
}

fn floats(path: &Path, per_record: usize) -> Result<Vec<f32>, Failure> {
    let bytes = bytes(path, 4 * per_record)?;
    let values: Vec<f32> = bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
    match values.iter().position(|v| !v.is_finite()) {
        Some(i) => Err(bad_input(format!("{}: value {i} is not a finite number", path.display()))),
        None => Ok(values),
    }
}

fn sensors(path: &Path) -> Result<Vec<SensorLoad>, Failure> {
    let bytes = bytes(path, 16)?;
    let one = |(i, b): (usize, &[u8])| {
        let at = |k: usize| f32::from_le_bytes([b[k], b[k + 1], b[k + 2], b[k + 3]]);
        let place = [at(0), at(4), at(8)];
        if b[12] > 2 || place.iter().any(|v| !v.is_finite()) {
            let found = b[12];
            return Err(bad_input(format!(
                "{}: record {i}: state {found}, expected 0, 1 or 2 at a finite place",
                path.display()
            )));
        }
        Ok(SensorLoad { place, state: b[12] })
    };
    bytes.chunks_exact(16).enumerate().map(one).collect()
}

/// cx, cy, width, depth, rotation (rad, counter-clockwise), height.
fn building(b: &[f32]) -> Building {
    let (sin, cos) = b[4].sin_cos();
    let corner = |x: f32, y: f32| {
        let (x, y) = (x * b[2] * 0.5, y * b[3] * 0.5);
        [b[0] + x * cos - y * sin, b[1] + x * sin + y * cos]
    };
    let part = BuildingPart {
        footprint: vec![corner(-1.0, -1.0), corner(1.0, -1.0), corner(1.0, 1.0), corner(-1.0, 1.0)],
        eaves_m: b[5],
        top_m: b[5],
        ..BuildingPart::default()
    };
    Building { parts: vec![part], ..Building::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rotated_box_keeps_its_sides() {
        let building = building(&[100.0, 50.0, 20.0, 10.0, 0.7, 30.0]);
        let ring = &building.parts[0].footprint;
        let side = |a: usize, b: usize| (ring[a][0] - ring[b][0]).hypot(ring[a][1] - ring[b][1]);
        assert!((side(0, 1) - 20.0).abs() < 1e-3 && (side(1, 2) - 10.0).abs() < 1e-3);
        assert_eq!(building.centre().map(|c| [c[0].round(), c[1].round()]), Some([100.0, 50.0]));
    }

    #[test]
    fn broken_files_are_refused_with_their_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sensors.bin");
        std::fs::write(&path, [0u8; 17]).unwrap();
        assert!(sensors(&path).unwrap_err().message.contains("sensors.bin"));
        let mut record = [0u8; 32];
        record[28] = 7;
        std::fs::write(&path, record).unwrap();
        assert!(sensors(&path).unwrap_err().message.contains("record 1"));
        std::fs::write(&path, f32::NAN.to_le_bytes()).unwrap();
        assert!(floats(&path, 1).unwrap_err().message.contains("value 0"));
        assert!(floats(&folder.path().join("none"), 1).is_err());
    }
}
