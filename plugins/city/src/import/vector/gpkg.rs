//! GeoPackage 1.0 to 1.4 (OGC 12-128): feature tables of an SQLite file, opened read-only.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use rusqlite::{Connection, OpenFlags, types::ValueRef};
use serde_json::{Map, Value};

use super::wkb;
use crate::import::{
    ImportError, Report, Severity,
    geojson_layers::{Document, Feature, Take},
};

/// Most rows that are read of one table.
const MAX_ROWS: usize = 20_000_000;

/// Goes through all feature tables, batch after batch.
pub fn each(path: &Path, report: &mut Report, take: Take<'_>) -> Result<(), ImportError> {
    let fail = |place: &str, error: rusqlite::Error| {
        ImportError::new(path, place, format!("not a GeoPackage that can be read: {error}"))
    };
    // Opening would create nothing, but says nothing useful about a missing file.
    std::fs::metadata(path).map_err(|e| ImportError::new(path, "", format!("cannot be read: {e}")))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags).map_err(|e| fail("", e))?;
    // A file without shapes need not have the table of their columns.
    let table = |name: &str| {
        db.query_row("SELECT count(*) FROM sqlite_master WHERE name = ?1", [name], |r| r.get::<_, i64>(0))
            .map(|n| n > 0)
    };
    if !table("gpkg_contents").map_err(|e| fail("", e))? {
        return Err(ImportError::new(path, "gpkg_contents", "an SQLite file without this table is no GeoPackage"));
    }
    let shapes = table("gpkg_geometry_columns").map_err(|e| fail("gpkg_geometry_columns", e))?;
    let tables = if shapes { tables(&db).map_err(|e| fail("gpkg_contents", e))? } else { Vec::new() };
    if tables.is_empty() {
        return Err(ImportError::new(path, "gpkg_contents", "no feature table (tiles and attributes hold no shapes)"));
    }
    for (number, table) in tables.into_iter().enumerate() {
        let crs = crs(&db, table.srs).map_err(|e| fail("gpkg_spatial_ref_sys", e))?;
        let mut document = Document { number, name: table.name.clone(), crs, ..Document::default() };
        match rows(&db, &table, &mut document, report, take) {
            Ok(()) => {}
            Err(Stop::Table(error)) => {
                report.note(Severity::Skipped, format!("table {}", table.name), format!("the table stops: {error}"));
            }
            Err(Stop::Import(error)) => return Err(error),
        }
        document.flush(take)?;
    }
    Ok(())
}

/// Why a table is read no further.
enum Stop {
    Table(rusqlite::Error),
    Import(ImportError),
}

impl From<rusqlite::Error> for Stop {
    fn from(error: rusqlite::Error) -> Self {
        Self::Table(error)
    }
}

struct Table {
    name: String,
    column: String,
    srs: i64,
}

fn tables(db: &Connection) -> rusqlite::Result<Vec<Table>> {
    let mut query = db.prepare(
        "SELECT g.table_name, g.column_name, g.srs_id FROM gpkg_geometry_columns g JOIN gpkg_contents c ON \
         c.table_name = g.table_name WHERE c.data_type = 'features' ORDER BY g.table_name LIMIT 1000",
    )?;
    let rows = query.query_map([], |r| Ok(Table { name: r.get(0)?, column: r.get(1)?, srs: r.get(2)? }))?;
    rows.collect()
}

/// The CRS as PROJ understands it; `None` for the undefined systems −1 and 0.
fn crs(db: &Connection, srs: i64) -> rusqlite::Result<Option<String>> {
    if srs <= 0 {
        return Ok(None);
    }
    let mut query = db.prepare(
        "SELECT organization, organization_coordsys_id, definition FROM gpkg_spatial_ref_sys WHERE srs_id = ?1",
    )?;
    let mut rows = query.query([srs])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let (who, code, text): (String, i64, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
    let usable = |crs: &str| guanlan_geography::Transformer::new(crs, "EPSG:4326").is_ok();
    let named = format!("EPSG:{code}");
    Ok(if who.eq_ignore_ascii_case("EPSG") && usable(&named) {
        Some(named)
    } else {
        Some(text).filter(|t| t.len() < 100_000 && t != "undefined" && usable(t))
    })
}

fn rows(
    db: &Connection,
    table: &Table,
    document: &mut Document,
    report: &mut Report,
    take: Take<'_>,
) -> Result<(), Stop> {
    let quoted = table.name.replace('"', "\"\"");
    let mut query = db.prepare(&format!("SELECT * FROM \"{quoted}\""))?;
    // The library panics at a name that is no UTF-8.
    let names: std::thread::Result<Vec<String>> =
        catch_unwind(AssertUnwindSafe(|| query.column_names().into_iter().map(str::to_owned).collect()));
    let names = names.map_err(|_| rusqlite::Error::InvalidColumnName("no UTF-8".into()))?;
    let shape = names.iter().position(|n| n.eq_ignore_ascii_case(&table.column));
    let mut rows = query.query([])?;
    let mut n = 0;
    while let Some(row) = rows.next()? {
        n += 1;
        if n > MAX_ROWS {
            report.note(Severity::Skipped, format!("table {}", table.name), format!("rows after the first {MAX_ROWS}"));
            break;
        }
        let mut feature = Feature { at: format!("table {} row {n}", table.name), ..Feature::default() };
        let mut properties = Map::new();
        for (i, name) in names.iter().enumerate() {
            let value = row.get_ref(i)?;
            if Some(i) == shape {
                match value {
                    ValueRef::Blob(blob) => match geometry(blob) {
                        Ok(found) => feature.geometry = found,
                        Err(reason) => report.note(Severity::Skipped, feature.at.clone(), reason),
                    },
                    ValueRef::Null => {}
                    _ => report.note(Severity::Skipped, feature.at.clone(), "a geometry that is no blob"),
                }
                continue;
            }
            let value = match value {
                ValueRef::Integer(v) => Value::from(v),
                ValueRef::Real(v) => Value::from(v),
                ValueRef::Text(v) => Value::from(String::from_utf8_lossy(v).into_owned()),
                ValueRef::Null | ValueRef::Blob(_) => continue,
            };
            properties.insert(name.clone(), value);
        }
        feature.properties = Some(properties);
        document.push(feature, take).map_err(Stop::Import)?;
    }
    Ok(())
}

/// The geometry of a GeoPackage blob: a header, then WKB.
fn geometry(blob: &[u8]) -> Result<Option<crate::import::geojson_layers::Geometry>, String> {
    let [b'G', b'P', _, flags, ..] = blob else { return Err("a geometry blob without the GeoPackage header".into()) };
    if flags & 0b10_0000 != 0 {
        return Err("an extended geometry is not read".into());
    }
    if flags & 0b1_0000 != 0 {
        return Ok(None);
    }
    let envelope = match (flags >> 1) & 0b111 {
        0 => 0,
        1 => 32,
        2 | 3 => 48,
        4 => 64,
        other => return Err(format!("a geometry header of the unknown envelope {other}")),
    };
    wkb::read(blob.get(8 + envelope..).ok_or("the geometry is cut off")?)
}
