//! Writing all files of the demo city.

use std::{
    fs,
    path::{Path, PathBuf},
};

use guanlan_geography::LocalFrame;
use serde_json::json;

use super::{
    DemoError, DemoParams, admin, buildings, components, drainage, ground, landmarks,
    lonlat::LonLat,
    manifest::{Manifest, hex, io},
    mask, network,
    params::{CityPlan, PlanFile},
    people, places,
    plan::Plan,
    sensors, streets, write_cityjson, write_geojson as gj, write_osm, write_swmm,
};
use crate::export_tiff::write_geotiff_f32;

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

impl DemoFiles {
    /// Files of a manifest in their folder.
    pub(super) fn of(dir: &Path, files: &[(String, u64, String)], city: &CityPlan) -> Self {
        Self {
            dir: dir.to_owned(),
            files: files.iter().filter(|f| !f.0.ends_with(".glb")).map(|f| dir.join(&f.0)).collect(),
            epsg: city.epsg,
            origin: city.origin,
            name: city.name.both(),
        }
    }
}

/// Fewest sensors: the fixed gauges and one of each other kind.
pub const MIN_SENSORS: usize = 100;
/// Most sensors.
pub const MAX_SENSORS: usize = 300_000;

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
    let parts = components::place(&plan, &net, &drains, &mask, &staff.orgs);
    let sensors = sensors::place(&plan, &net, &drains, &ground, &parts, params.sensors);
    let places = places::list(&plan, &town, &built, &drains, &staff.orgs);

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
    let marks = landmarks::of_plan(&plan);
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
    let manifest = Manifest::new(params, out.manifest);
    manifest.write(dir)?;
    Ok(DemoFiles::of(dir, &manifest.files[..listed], city))
}

/// A folder, and what was written into it.
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
    /// Lists a file that is there.
    fn known(&mut self, name: &str, bytes: &[u8]) {
        self.manifest.push((name.to_owned(), bytes.len() as u64, hex(bytes)));
    }
}
