//! Writing all files of the demo city, and keeping them in a cache.

use std::{
    fs,
    path::{Path, PathBuf},
};

use guanlan_geography::LocalFrame;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{
    DemoError, DemoParams, admin, buildings, drainage, geom, ground, landmarks, lonlat::LonLat, mask, network,
    params::PlanFile, people, plan::Plan, streets, things, write_cityjson, write_geojson as gj, write_osm, write_swmm,
};
use crate::export_tiff::write_geotiff_f32;

/// Raised whenever the same parameters give other bytes.
const GENERATOR: u32 = 2;
/// Written last: a folder with a manifest is complete.
const MANIFEST: &str = "manifest.json";

/// The files of a demo city.
#[derive(Clone, Debug, PartialEq)]
pub struct DemoFiles {
    /// Folder they are in.
    pub dir: PathBuf,
    /// In the order in which they should be loaded: ground, buildings, roads, drains, then the layers.
    /// glTF models are not listed: `landmarks.geojson` points to them.
    pub files: Vec<PathBuf>,
    /// EPSG code of the projected CRS of the city's frame.
    pub epsg: u32,
    /// Projected easting and northing of the frame's origin, m.
    pub origin: [f64; 2],
    /// Name of the city.
    pub name: guanlan_core::Bilingual,
}

#[derive(Serialize, Deserialize, PartialEq)]
struct Manifest {
    generator: u32,
    plan_sha256: String,
    seed: u64,
    sensors: usize,
    /// Name, size and SHA-256 of each file, in load order; models last.
    files: Vec<(String, u64, String)>,
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> DemoError + '_ {
    move |source| DemoError::Io { path: path.to_owned(), source }
}

/// Writes the city of these parameters into `dir`, which must exist. The same parameters give the same bytes.
pub fn generate(dir: &Path, params: &DemoParams) -> Result<DemoFiles, DemoError> {
    if !(MIN_SENSORS..=MAX_SENSORS).contains(&params.sensors) {
        return Err(DemoError::Sensors { given: params.sensors, least: MIN_SENSORS, most: MAX_SENSORS });
    }
    let plan = Plan::new(PlanFile::embedded()?, params.seed);
    let city = &plan.file.city;
    let lonlat = LonLat::new(LocalFrame::new(city.epsg, city.origin))?;
    let ground = ground::Ground::new(&plan);
    let town = streets::build(&plan);
    let net = network::build(&plan, &town);
    let mut mask = mask::Mask::new(&plan, &net);
    let built = buildings::build(&plan, &town, &ground, &mut mask);
    let drains = drainage::build(&plan, &net, &ground);
    let admin = admin::build(&plan, &town);
    let staff = people::build(&plan, &town, &net, &admin);
    let parts = things::components(&plan, &net, &drains, &mask, &staff.orgs);
    let sensors = things::sensors(&plan, &net, &drains, &ground, &parts, params.sensors);
    let places = things::places(&plan, &town, &built, &drains, &staff.orgs);

    let mut out = Out { dir, manifest: Vec::new() };
    // Rows of a GeoTIFF run from north to south.
    let rows: Vec<f32> = ground.z.chunks(ground.n).rev().flatten().copied().collect();
    let tif = dir.join("terrain.tif");
    let north = city.origin[1] + plan.size;
    write_geotiff_f32(&tif, ground.n, ground.n, city.origin[0], north, ground::CELL_M, city.epsg, -9999.0, &rows)
        .map_err(io(&tif))?;
    out.known("terrain.tif", &fs::read(&tif).map_err(io(&tif))?);
    out.write("buildings.city.json", write_cityjson::text(city, &built.houses).as_bytes())?;
    out.write("roads.osm", write_osm::text(&plan, &town, &net, &built, &lonlat)?.as_bytes())?;
    out.write("drainage.inp", write_swmm::text(city, &drains).as_bytes())?;
    let text = gj::polygons(
        "admin",
        &lonlat,
        &admin.areas,
        |a| &a.ring,
        |a| gj::named(&a.name, json!({"code": a.code, "level": a.level})),
    )?;
    out.write("admin.geojson", text.as_bytes())?;
    let text = gj::points(
        "organisations",
        &lonlat,
        &staff.orgs,
        |o| o.at,
        |o| gj::named(&o.name, json!({"id": o.id, "kind": o.kind, "duties": o.duties, "area": o.area})),
    )?;
    out.write("organisations.geojson", text.as_bytes())?;
    let text = gj::points(
        "people",
        &lonlat,
        &staff.people,
        |p| p.at,
        |p| {
            gj::named(
                &p.name,
                json!({"duty": p.duty, "area": p.area, "phone": p.phone, "street": p.street.0, "street_en": p.street.1}),
            )
        },
    )?;
    out.write("people.geojson", text.as_bytes())?;
    let text = gj::points(
        "places",
        &lonlat,
        &places,
        |p| p.at,
        |p| gj::named(&p.name, json!({"kind": p.kind, "people": p.people})),
    )?;
    out.write("places.geojson", text.as_bytes())?;
    let text = gj::points(
        "components",
        &lonlat,
        &parts,
        |p| p.at,
        |p| {
            let mut row = json!({"code": p.code, "class": p.class, "class_2013": p.class_2013, "name": p.name.0, "name_en": p.name.1, "state": p.state, "org": p.org});
            if let Some(heading) = p.heading_deg {
                row["heading_deg"] = heading.into();
            }
            row
        },
    )?;
    out.write("components.geojson", text.as_bytes())?;
    let text = gj::points(
        "sensors",
        &lonlat,
        &sensors,
        |s| s.at,
        |s| {
            gj::named(
                &s.name,
                json!({"id": s.id.to_string(), "property": s.property.key(), "height_m": s.height_m, "period_s": s.period_s}),
            )
        },
    )?;
    out.write("sensors.geojson", text.as_bytes())?;
    let text = gj::points(
        "units",
        &lonlat,
        &staff.crews,
        |c| c.at,
        |c| {
            gj::named(
                &c.name,
                json!({"id": c.id, "kind": c.kind, "skills": c.skills, "kit": c.kit, "people": c.people, "org": c.org, "shift_min": c.shift, "vehicle": c.vehicle}),
            )
        },
    )?;
    out.write("units.geojson", text.as_bytes())?;
    let marks = landmarks_of(&plan);
    let text = gj::points(
        "landmarks",
        &lonlat,
        &marks,
        |m| m.at,
        |m| gj::named(&m.name, json!({"file": m.file, "heading_deg": m.heading_deg, "base_m": m.base_m})),
    )?;
    out.write("landmarks.geojson", text.as_bytes())?;
    let listed = out.manifest.len();
    let mut written = std::collections::BTreeSet::new();
    for m in &marks {
        if written.insert(m.file.clone()) {
            out.write(&m.file, &landmarks::glb(&m.name.1, &landmarks::model(&m.shape)?)?)?;
        }
    }
    let manifest = Manifest {
        generator: GENERATOR,
        plan_sha256: hex(super::params::TEXT.as_bytes()),
        seed: params.seed,
        sensors: params.sensors,
        files: out.manifest,
    };
    let path = dir.join(MANIFEST);
    let text = serde_json::to_string_pretty(&manifest).map_err(|e| DemoError::Plan(e.to_string()))?;
    fs::write(&path, text).map_err(io(&path))?;
    Ok(listing(dir, &manifest.files[..listed], city))
}

/// Fewest sensors: the fixed gauges and one of each other kind.
pub const MIN_SENSORS: usize = 100;
/// Most sensors.
pub const MAX_SENSORS: usize = 300_000;

struct Out<'a> {
    dir: &'a Path,
    manifest: Vec<(String, u64, String)>,
}

impl Out<'_> {
    fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), DemoError> {
        let path = self.dir.join(name);
        fs::write(&path, bytes).map_err(io(&path))?;
        self.known(name, bytes);
        Ok(())
    }
    fn known(&mut self, name: &str, bytes: &[u8]) {
        self.manifest.push((name.to_owned(), bytes.len() as u64, hex(bytes)));
    }
}

fn listing(dir: &Path, files: &[(String, u64, String)], city: &super::params::CityPlan) -> DemoFiles {
    DemoFiles {
        dir: dir.to_owned(),
        files: files.iter().filter(|f| !f.0.ends_with(".glb")).map(|f| dir.join(&f.0)).collect(),
        epsg: city.epsg,
        origin: city.origin,
        name: city.name.both(),
    }
}

/// A model that stands in the city.
struct Mark {
    name: (String, String),
    file: String,
    shape: String,
    at: geom::P,
    heading_deg: f64,
    base_m: Option<f64>,
}

fn landmarks_of(plan: &Plan) -> Vec<Mark> {
    let mut marks: Vec<Mark> = plan
        .file
        .landmark
        .iter()
        .map(|l| Mark {
            name: (l.name.0.clone(), l.name.1.clone()),
            file: l.file.clone(),
            shape: l.shape.clone(),
            at: l.at,
            heading_deg: l.heading_deg,
            base_m: None,
        })
        .collect();
    // A pylon in the middle of two bridges.
    for (road, zh, en) in [("江东大道", "江东大桥", "Jiangdong Bridge"), ("中山路", "中山桥", "Zhongshan Bridge")]
    {
        let Some(a) = plan.file.arterial.iter().position(|x| x.name.0 == road) else { continue };
        let mid = plan.arterials[a]
            .windows(2)
            .flat_map(|w| {
                plan.river.windows(2).filter_map(move |v| {
                    geom::crossing(w[0], w[1], v[0], v[1])
                        .map(|(t, _)| (geom::lerp(w[0], w[1], t), geom::sub(w[1], w[0])))
                })
            })
            .next();
        if let Some((at, d)) = mid {
            marks.push(Mark {
                name: (zh.into(), en.into()),
                file: "bridge_pylon.glb".into(),
                shape: "bridge_pylon".into(),
                at,
                heading_deg: (d[0].atan2(d[1]).to_degrees() * 10.0).round() / 10.0,
                base_m: Some(plan.file.river.level_m),
            });
        }
    }
    marks
}

/// The city of these parameters from the cache folder; made there first when it is not complete.
///
/// A half-written city is never seen: it is made in a folder beside and renamed.
pub fn ensure(cache_dir: &Path, params: &DemoParams) -> Result<DemoFiles, DemoError> {
    let file = PlanFile::embedded()?;
    let plan_sha256 = hex(super::params::TEXT.as_bytes());
    let name = format!("guanlan-{}-{}-g{GENERATOR}-{}", params.seed, params.sensors, &plan_sha256[..8]);
    let home = cache_dir.join(name);
    if let Some(manifest) = complete(&home, params, &plan_sha256) {
        return Ok(listing(&home, &manifest.files, &file.city));
    }
    fs::create_dir_all(cache_dir).map_err(io(cache_dir))?;
    let temp = tempfile::Builder::new().prefix(".making-").tempdir_in(cache_dir).map_err(io(cache_dir))?;
    generate(temp.path(), params)?;
    if home.exists() {
        // Damaged or older: out of the way first.
        fs::remove_dir_all(&home).map_err(io(&home))?;
    }
    let made = temp.keep();
    if let Err(source) = fs::rename(&made, &home) {
        let _ = fs::remove_dir_all(&made);
        // Another process may have been faster.
        if complete(&home, params, &plan_sha256).is_none() {
            return Err(DemoError::Io { path: home, source });
        }
    }
    let manifest = complete(&home, params, &plan_sha256).ok_or_else(|| DemoError::Incomplete(home.clone()))?;
    Ok(listing(&home, &manifest.files, &file.city))
}

/// The manifest when every file is there with its size and digest.
fn complete(home: &Path, params: &DemoParams, plan_sha256: &str) -> Option<Manifest> {
    let listed = home.join(MANIFEST);
    let manifest: Manifest = serde_json::from_slice(&fs::read(&listed).ok()?).ok()?;
    let same = manifest.generator == GENERATOR
        && manifest.plan_sha256 == plan_sha256
        && manifest.seed == params.seed
        && manifest.sensors == params.sensors;
    // The manifest was written last: only a file that changed after it must be hashed.
    let made = fs::metadata(&listed).and_then(|m| m.modified()).ok()?;
    let whole = manifest.files.iter().all(|(name, size, sha)| {
        let Ok(meta) = fs::metadata(home.join(name)) else { return false };
        let untouched = meta.modified().is_ok_and(|changed| changed <= made);
        meta.len() == *size && (untouched || fs::read(home.join(name)).is_ok_and(|bytes| hex(&bytes) == *sha))
    });
    (same && whole).then_some(manifest)
}
