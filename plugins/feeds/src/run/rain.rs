//! Gridded rain, radar and forecast: GeoTIFF frames of a folder, or a JSON series, into the room's frame.

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use guanlan_city::import::{raster::SourceRaster, terrain_tiff};
use guanlan_core::{Input, RainFrame, RainGrids, Stamp};
use guanlan_geography::LocalFrame;
use serde::Deserialize;
use serde_json::Value;

use super::{
    courier::Courier,
    web::{self, Freshness},
};
use crate::{
    file::kinds::{Rain, RainQuantity},
    intake::wall_now,
    map::{TimeFormat, offset_s},
};

/// Cells of a frame in the room.
const MOST_CELLS: usize = 250_000;
/// Frames of one delivery: a day of ten minutes.
const MOST_FRAMES: usize = 144;
/// Rain this far outside the city is left out, m.
const MARGIN_M: f64 = 20_000.0;
/// Frames older than this are history, ms.
const OLDEST_MS: i64 = 2 * 3_600_000;

/// Follows a feed until the room closes.
pub async fn follow(spec: Rain, courier: Arc<Courier>) {
    let mut last = courier.cursor();
    let mut fresh = Freshness::default();
    loop {
        match poll(&spec, &courier, &mut fresh, &mut last).await {
            Ok(()) => {
                courier.up();
                tokio::time::sleep(Duration::from_secs(u64::from(spec.every_s))).await;
            }
            Err(Some(reason)) => {
                fresh = Freshness::default();
                courier.fail(&reason).await;
            }
            Err(None) => return,
        }
    }
}

async fn poll(
    spec: &Rain,
    courier: &Arc<Courier>,
    fresh: &mut Freshness,
    last: &mut String,
) -> Result<(), Option<String>> {
    let (cursor, read): (String, Box<dyn FnOnce(&Work) -> Result<RainGrids, String> + Send>) = if spec
        .url
        .starts_with("http://")
        || spec.url.starts_with("https://")
    {
        let client = web::client(&spec.login, Some(Duration::from_secs(60))).map_err(Some)?;
        let Some(answer) = web::get(&client, &spec.url, fresh).await.map_err(|f| Some(f.reason))? else {
            return Ok(());
        };
        let cursor = format!("{:016x}", digest(&answer.body));
        (cursor, Box::new(move |work: &Work| series(&answer.body, work)))
    } else {
        let path = courier.path(Path::new(&spec.url));
        let files = frames_of(&path, spec).map_err(|e| Some(format!("{}: {e}", path.display())))?;
        let cursor = format!("{:016x}", digest(format!("{files:?}").as_bytes()));
        (cursor, Box::new(move |work: &Work| if path.is_dir() { tiffs(&files, work) } else { one_file(&path, work) }))
    };
    if cursor == *last {
        return Ok(());
    }
    let work = Work::of(spec, courier);
    let made = tokio::task::spawn_blocking(move || read(&work)).await.map_err(|e| Some(e.to_string()))?;
    let grids = made.map_err(|reason| {
        courier.refuse_once(web::without_query(&spec.url), &reason, b"");
        Some(reason)
    })?;
    let source = web::without_query(&spec.url);
    courier.deliver(1, vec![Input::Rain(Arc::new(grids))], source, Some(&cursor)).await.map_err(|_| None)?;
    *last = cursor;
    Ok(())
}

fn digest(bytes: &[u8]) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}

/// What the work beside the reactor needs.
pub(crate) struct Work {
    feed: String,
    frame: LocalFrame,
    crs: Option<String>,
    quantity: RainQuantity,
    frame_s: u32,
    name_time: String,
    zone_s: i32,
    cell_m: Option<f64>,
    /// West, south, east, north of the city, with a margin; `None` keeps everything.
    around: Option<[f64; 4]>,
    now: Stamp,
}

impl Work {
    fn of(spec: &Rain, courier: &Courier) -> Self {
        Self {
            feed: courier.name().to_owned(),
            frame: *courier.placer().frame(),
            crs: courier.crs().map(str::to_owned),
            quantity: spec.quantity,
            frame_s: spec.frame_s,
            name_time: spec.name_time.clone(),
            zone_s: offset_s(&spec.zone).unwrap_or(0),
            cell_m: spec.cell_m,
            around: courier.city_box().map(|[w, s, e, n]| [w - MARGIN_M, s - MARGIN_M, e + MARGIN_M, n + MARGIN_M]),
            now: wall_now(),
        }
    }
}

/// Frames of a folder with their instants and ages, or the one file.
fn frames_of(path: &Path, spec: &Rain) -> Result<BTreeMap<Stamp, std::path::PathBuf>, String> {
    let zone_s = offset_s(&spec.zone).unwrap_or(0);
    if !path.is_dir() {
        let meta = std::fs::metadata(path).map_err(|e| e.to_string())?;
        let modified = meta.modified().ok().and_then(|t| t.duration_since(std::time::UNIX_EPOCH).ok());
        let at = Stamp(modified.map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(0)));
        return Ok([(at, path.to_path_buf())].into());
    }
    let mut frames = BTreeMap::new();
    for entry in std::fs::read_dir(path).map_err(|e| e.to_string())?.flatten() {
        let file = entry.path();
        let tiff = file.extension().is_some_and(|e| e.eq_ignore_ascii_case("tif") || e.eq_ignore_ascii_case("tiff"));
        if let (true, Some(at)) = (tiff, time_in(&file, &spec.name_time, zone_s)) {
            frames.insert(at, file);
        }
    }
    let oldest = wall_now() + -OLDEST_MS;
    frames.retain(|at, _| *at >= oldest);
    while frames.len() > MOST_FRAMES {
        frames.pop_first();
    }
    Ok(frames)
}

/// The instant in a name like `radar_202607010800.tif`, wherever the pattern fits.
fn time_in(path: &Path, pattern: &str, zone_s: i32) -> Option<Stamp> {
    let name = path.file_stem()?.to_str()?;
    let format = TimeFormat::read(pattern).ok()?;
    let starts = name.char_indices().map(|(i, _)| i);
    starts.filter(|i| *i == 0 || !name.as_bytes()[i - 1].is_ascii_digit()).find_map(|i| {
        // The longest piece that is read: what follows the time is no part of it.
        let ends = name[i..].char_indices().map(|(j, c)| i + j + c.len_utf8()).collect::<Vec<_>>();
        ends.into_iter().rev().find_map(|end| format.instant(&Value::String(name[i..end].to_owned()), zone_s))
    })
}

fn one_file(path: &Path, work: &Work) -> Result<RainGrids, String> {
    let tiff = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("tif") || e.eq_ignore_ascii_case("tiff"));
    if tiff {
        let at = time_in(path, &work.name_time, work.zone_s).unwrap_or(work.now);
        return tiffs(&[(at, path.to_path_buf())].into(), work);
    }
    let bytes = std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?;
    series(&bytes, work).map_err(|e| format!("{}: {e}", path.display()))
}

fn tiffs(files: &BTreeMap<Stamp, std::path::PathBuf>, work: &Work) -> Result<RainGrids, String> {
    let mut made = Maker::default();
    let starts: Vec<Stamp> = files.keys().copied().collect();
    for (i, (from, path)) in files.iter().enumerate() {
        let (raster, _) = terrain_tiff::read_tiff(path).map_err(|e| e.to_string())?;
        let end = *from + i64::from(work.frame_s) * 1000;
        let to = starts.get(i + 1).map_or(end, |next| end.min(*next));
        made.add(&raster, *from, to, work).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    made.done(work, work.now)
}

/// A JSON series: `{"issued", "crs", "west", "south", "cell" or "dx" and "dy", "cols", "rows", "from_north",
/// "unit": mm/h | mm | dBZ, "nodata", "frames": [{"from", "to", "values": [row by row]}]}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Series {
    issued: String,
    crs: Option<String>,
    west: f64,
    south: f64,
    cell: Option<f64>,
    dx: Option<f64>,
    dy: Option<f64>,
    cols: usize,
    rows: usize,
    #[serde(default)]
    from_north: bool,
    unit: Option<String>,
    nodata: Option<f64>,
    frames: Vec<SeriesFrame>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SeriesFrame {
    from: String,
    to: String,
    values: Vec<Option<f64>>,
}

fn series(bytes: &[u8], work: &Work) -> Result<RainGrids, String> {
    let s: Series = serde_json::from_slice(bytes).map_err(|e| format!("not a rain series: {e}"))?;
    let time = |field: &str, text: &str| {
        let read = TimeFormat::Auto.instant(&Value::String(text.to_owned()), work.zone_s);
        read.ok_or_else(|| format!("{field}: '{text}' is no instant"))
    };
    let issued = time("issued", &s.issued)?;
    let (dx, dy) = match (s.cell, s.dx, s.dy) {
        (Some(cell), None, None) => (cell, cell),
        (None, Some(dx), Some(dy)) => (dx, dy),
        _ => return Err("cell: expected cell, or dx and dy".into()),
    };
    let sound = dx > 0.0 && dy > 0.0 && [dx, dy, s.west, s.south].iter().all(|v| v.is_finite());
    let cells = s.cols.checked_mul(s.rows).filter(|n| (1..=4_000_000).contains(n));
    let (true, Some(cells)) = (sound, cells) else {
        return Err("west, south, cell, cols, rows: expected a raster of 1 to 4 000 000 cells".into());
    };
    if s.frames.len() > MOST_FRAMES {
        return Err(format!("frames: more than {MOST_FRAMES}"));
    }
    let quantity = match s.unit.as_deref() {
        None => work.quantity,
        Some("mm/h") => RainQuantity::MmH,
        Some("mm") => RainQuantity::Mm,
        Some("dBZ") => RainQuantity::Dbz,
        Some(other) => return Err(format!("unit: '{other}': expected mm/h, mm or dBZ")),
    };
    let mut made = Maker { quantity: Some(quantity), ..Maker::default() };
    for (i, frame) in s.frames.iter().enumerate() {
        if frame.values.len() != cells {
            return Err(format!("frames[{i}].values: {} values, expected {cells}", frame.values.len()));
        }
        let value = |v: &Option<f64>| match v {
            Some(v) if v.is_finite() && s.nodata != Some(*v) => *v as f32,
            _ => f32::NAN,
        };
        let rows = frame.values.chunks(s.cols);
        let z: Vec<f32> = match s.from_north {
            true => rows.flatten().map(value).collect(),
            false => rows.rev().flatten().map(value).collect(),
        };
        let raster = SourceRaster {
            cols: s.cols,
            rows: s.rows,
            affine: [s.west, dx, 0.0, s.south + dy * s.rows as f64, 0.0, -dy],
            crs: s.crs.as_deref().map(|c| if c.eq_ignore_ascii_case("WGS84") { "EPSG:4326".into() } else { c.into() }),
            dtype: "float32",
            z,
            ..SourceRaster::default()
        };
        let from = time(&format!("frames[{i}].from"), &frame.from)?;
        let to = time(&format!("frames[{i}].to"), &frame.to)?;
        made.add(&raster, from, to, work).map_err(|e| format!("frames[{i}]: {e}"))?;
    }
    made.done(work, issued)
}

/// Frames on one raster of the room.
#[derive(Default)]
struct Maker {
    quantity: Option<RainQuantity>,
    /// West, south, cell, columns, rows.
    grid: Option<(f64, f64, f64, usize, usize)>,
    frames: Vec<RainFrame>,
}

impl Maker {
    fn add(&mut self, raster: &SourceRaster, from: Stamp, to: Stamp, work: &Work) -> Result<(), String> {
        if to <= from {
            return Err("to: not after from".into());
        }
        if self.frames.last().is_some_and(|f| from < f.to) {
            return Err("from: frames overlap or are not in order".into());
        }
        let terrain = raster.to_terrain(&work.frame, work.crs.as_deref(), work.cell_m).map_err(|e| e.to_string())?;
        let (mut west, mut south, mut cell) = (terrain.west_m, terrain.south_m, terrain.cell_m);
        let (mut c0, mut r0, mut c1, mut r1) = (0, 0, terrain.cols, terrain.rows);
        if let Some([w, s, e, n]) = work.around {
            let clip = |v: f64, most: usize| v.clamp(0.0, most as f64) as usize;
            c0 = clip(((w - west) / cell).floor(), terrain.cols);
            r0 = clip(((s - south) / cell).floor(), terrain.rows);
            c1 = clip(((e - west) / cell).ceil(), terrain.cols);
            r1 = clip(((n - south) / cell).ceil(), terrain.rows);
        }
        if c1 <= c0 || r1 <= r0 {
            return Err("the raster lies outside the city".into());
        }
        west += c0 as f64 * cell;
        south += r0 as f64 * cell;
        // Coarser until it is small enough to be journaled every few minutes: means of cells that have data.
        let mut by = 1;
        while (c1 - c0).div_ceil(by) * (r1 - r0).div_ceil(by) > MOST_CELLS {
            by *= 2;
        }
        let (cols, rows) = ((c1 - c0).div_ceil(by), (r1 - r0).div_ceil(by));
        let hours = (to - from) as f64 / 3_600_000.0;
        let quantity = self.quantity.unwrap_or(work.quantity);
        let mut tenth_mm_h = Vec::with_capacity(cols * rows);
        for r in 0..rows {
            for c in 0..cols {
                let (mut sum, mut n) = (0.0, 0);
                for y in (r0 + r * by)..(r0 + (r + 1) * by).min(r1) {
                    for x in (c0 + c * by)..(c0 + (c + 1) * by).min(c1) {
                        let z = terrain.z_m[y * terrain.cols + x];
                        if z.is_finite() {
                            sum += mm_h(f64::from(z), quantity, hours);
                            n += 1;
                        }
                    }
                }
                tenth_mm_h.push(match n {
                    0 => RainFrame::NO_DATA,
                    n => (sum / f64::from(n) * 10.0).round().clamp(0.0, f64::from(RainFrame::NO_DATA - 1)) as u16,
                });
            }
        }
        cell *= by as f64;
        let grid = (west, south, cell, cols, rows);
        if self.grid.is_some_and(|g| g != grid) {
            return Err("another raster than the first frame's".into());
        }
        self.grid = Some(grid);
        self.frames.push(RainFrame { from, to, tenth_mm_h });
        Ok(())
    }

    fn done(self, work: &Work, issued: Stamp) -> Result<RainGrids, String> {
        let (west_m, south_m, cell_m, cols, rows) = self.grid.ok_or("no frame of now or later")?;
        Ok(RainGrids {
            feed: work.feed.clone(),
            issued,
            west_m,
            south_m,
            cell_m,
            cols: cols as u32,
            rows: rows as u32,
            frames: self.frames,
        })
    }
}

fn mm_h(value: f64, quantity: RainQuantity, hours: f64) -> f64 {
    let value = match quantity {
        RainQuantity::MmH => value,
        RainQuantity::Mm => value / hours,
        // Below 7 dBZ it is not rain (0.1 mm/h).
        RainQuantity::Dbz if value < 7.0 => 0.0,
        RainQuantity::Dbz => (10f64.powf(value / 10.0) / 200.0).powf(1.0 / 1.6),
    };
    value.max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work() -> Work {
        Work {
            feed: "雷达".into(),
            frame: LocalFrame::new(4548, [448_000.0, 4_419_000.0]),
            crs: None,
            quantity: RainQuantity::MmH,
            frame_s: 600,
            name_time: "%Y%m%d%H%M".into(),
            zone_s: 8 * 3600,
            cell_m: None,
            around: None,
            now: Stamp::parse("2026-07-01T08:05:00+08:00").unwrap(),
        }
    }

    #[test]
    fn a_json_series_lies_where_it_says() {
        let text = r#"{"issued":"2026-07-01T08:00:00+08:00","crs":"EPSG:4548","west":448000,"south":4419000,"cell":1000,"cols":2,"rows":2,
            "frames":[{"from":"2026-07-01T08:00:00+08:00","to":"2026-07-01T08:10:00+08:00","values":[1,2,3,null]},
                      {"from":"2026-07-01T08:10:00+08:00","to":"2026-07-01T08:20:00+08:00","values":[10,20.04,30,40]}]}"#;
        let grids = series(text.as_bytes(), &work()).unwrap();
        let at = Stamp::parse("2026-07-01T08:01:00+08:00").unwrap();
        assert_eq!(grids.mm_h(at, 500.0, 500.0), Some(1.0), "south-west first");
        assert_eq!(grids.mm_h(at, 1500.0, 500.0), Some(2.0));
        assert_eq!(grids.mm_h(at, 500.0, 1500.0), Some(3.0));
        assert_eq!(grids.mm_h(at, 1500.0, 1500.0), None, "no data");
        assert_eq!(grids.mm_h(at + 600_000, 1500.0, 500.0), Some(20.0));
        let north = text.replace("\"cols\"", "\"from_north\":true,\"cols\"");
        assert_eq!(series(north.as_bytes(), &work()).unwrap().mm_h(at, 500.0, 1500.0), Some(1.0));
        for (from, to, word) in [
            ("[1,2,3,null]", "[1,2,3]", "frames[0].values"),
            ("08:10:00+08:00\",\"values\":[1,", "07:10:00+08:00\",\"values\":[1,", "to: not after from"),
            ("\"cell\":1000", "\"cell\":-1", "cell"),
            ("2026-07-01T08:00:00+08:00\",\"crs", "soon\",\"crs", "issued"),
        ] {
            let said = series(text.replacen(from, to, 1).as_bytes(), &work()).unwrap_err();
            assert!(said.contains(word), "{word}: {said}");
        }
    }

    #[test]
    fn quantities_and_names() {
        assert!((mm_h(2.0, RainQuantity::Mm, 1.0 / 6.0) - 12.0).abs() < 1e-9);
        // Marshall-Palmer: 40 dBZ is 11.5 mm/h.
        assert!((mm_h(40.0, RainQuantity::Dbz, 1.0) - 11.53).abs() < 0.01);
        assert_eq!(mm_h(-5.0, RainQuantity::Dbz, 1.0), 0.0);
        let at = |name: &str| time_in(Path::new(name), "%Y%m%d%H%M", 8 * 3600);
        let want = Stamp::parse("2026-07-01T08:00:00+08:00");
        for name in ["202607010800.tif", "radar_202607010800.tif", "rain-202607010800-v2.tif"] {
            assert_eq!(at(name), want, "{name}");
        }
        assert_eq!(at("radar.tif"), None);
    }

    #[test]
    fn a_geotiff_of_degrees_is_resampled_into_the_frame() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("radar_202607010800.tif");
        let place = guanlan_city::export_tiff::RasterPlace {
            cols: 40,
            rows: 40,
            west: 440_000.0,
            north: 4_430_000.0,
            cell: 500.0,
            epsg: 4548,
            nodata: -1.0,
        };
        let values: Vec<f32> = (0..1600).map(|i| if i % 40 < 20 { 12.0 } else { 0.0 }).collect();
        guanlan_city::export_tiff::write_geotiff(&path, &place, &values).unwrap();
        let grids = one_file(&path, &work()).unwrap();
        assert_eq!(grids.frames[0].from, Stamp::parse("2026-07-01T08:00:00+08:00").unwrap());
        let at = grids.frames[0].from;
        assert_eq!(grids.mm_h(at, 445_250.0 - 448_000.0, 4_425_250.0 - 4_419_000.0), Some(12.0));
        assert_eq!(grids.mm_h(at, 455_250.0 - 448_000.0, 4_425_250.0 - 4_419_000.0), Some(0.0));
        assert_eq!(grids.span().unwrap().1 - at, 600_000);
    }
}
