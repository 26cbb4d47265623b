//! Parquet tables: flat columns of numbers, texts and times; plain and dictionary pages of both versions; uncompressed,
//! Snappy, gzip, zstd. What else there is (nested columns, delta encodings) is named in the error.
//!
//! The usual crate would change features of crates the renderer shares; a table of readings needs little of it.

mod thrift;
mod unpack;

use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};
use thrift::Value;

use crate::map::Document;

/// Rows of a file at most.
const MOST_ROWS: i64 = 50_000_000;
/// Largest page, bytes.
const MOST_PAGE: i64 = 256 << 20;

/// A column.
#[derive(Clone, Debug)]
struct Column {
    name: String,
    /// Physical type.
    kind: i64,
    /// Bytes of a fixed length.
    len: usize,
    optional: bool,
    meaning: Meaning,
}

/// What the numbers mean.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Meaning {
    Plain,
    Text,
    Date,
    /// Divided by this it is ms.
    Time(f64),
    /// Digits behind the point.
    Decimal(i32),
}

/// Reads a file: every row an object of its columns; times are RFC 3339.
///
/// # Errors
/// What is damaged or not read here.
pub fn read(bytes: &[u8]) -> Result<Document, String> {
    let damaged = || "not a Parquet file, or a damaged one".to_owned();
    let tail = bytes.len().checked_sub(8).ok_or_else(damaged)?;
    if &bytes[..4] != b"PAR1" || &bytes[tail + 4..] != b"PAR1" {
        return Err(damaged());
    }
    let len = u32::from_le_bytes(bytes[tail..tail + 4].try_into().map_err(|_| damaged())?) as usize;
    let begin = tail.checked_sub(len).ok_or_else(damaged)?;
    let (meta, _) = thrift::read(&bytes[begin..tail]).ok_or_else(damaged)?;
    let columns = schema(&meta)?;
    let rows = meta.int(3).filter(|n| (0..=MOST_ROWS).contains(n)).ok_or_else(damaged)?;
    let mut objects: Vec<Map<String, Json>> = Vec::new();
    for group in meta.list(4) {
        let n = group.int(3).filter(|n| (0..=rows).contains(n)).ok_or_else(damaged)? as usize;
        let first = objects.len();
        for (i, chunk) in group.list(1).iter().enumerate() {
            let column = columns.get(i).ok_or_else(damaged)?;
            let values = chunk_values(bytes, chunk.field(3).ok_or_else(damaged)?, column, n)
                .map_err(|e| format!("column {}: {e}", column.name))?;
            if objects.len() == first {
                objects.resize_with(first + values.len(), Map::new);
            }
            for (object, value) in objects[first..].iter_mut().zip(values) {
                object.insert(column.name.clone(), value);
            }
        }
    }
    Ok(Document::Json(Json::Array(objects.into_iter().map(Json::Object).collect())))
}

fn schema(meta: &Value) -> Result<Vec<Column>, String> {
    let mut columns = Vec::new();
    for element in meta.list(2).iter().skip(1) {
        let name = element.text(4).unwrap_or_default();
        if element.int(5).is_some_and(|n| n > 0) || element.int(3) == Some(2) {
            return Err(format!("column {name}: nested columns are not read"));
        }
        let logical = element.field(10);
        let unit = logical.and_then(|l| l.field(8)).and_then(|t| t.field(2));
        let has = |field: i16| unit.is_some_and(|u| u.field(field).is_some());
        let converted = element.int(6);
        let meaning = if has(1) || converted == Some(9) {
            Meaning::Time(1.0)
        } else if has(2) || converted == Some(10) {
            Meaning::Time(1e3)
        } else if has(3) {
            Meaning::Time(1e6)
        } else if converted == Some(6) {
            Meaning::Date
        } else if converted == Some(5) {
            Meaning::Decimal(element.int(7).and_then(|s| i32::try_from(s).ok()).unwrap_or(0))
        } else if converted == Some(0) || logical.is_some_and(|l| l.field(1).is_some()) {
            Meaning::Text
        } else {
            Meaning::Plain
        };
        let kind = element.int(1).ok_or_else(|| format!("column {name}: no type"))?;
        let len = element.int(2).and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
        columns.push(Column { name, kind, len, optional: element.int(3) == Some(1), meaning });
    }
    if columns.is_empty() { Err("no columns".into()) } else { Ok(columns) }
}

/// Values of one column in one row group.
fn chunk_values(bytes: &[u8], meta: &Value, column: &Column, rows: usize) -> Result<Vec<Json>, String> {
    let damaged = || "damaged".to_owned();
    let offset = |id: i16| meta.int(id).and_then(|n| usize::try_from(n).ok()).filter(|n| *n > 0);
    let data = offset(9).ok_or_else(damaged)?;
    let mut at = offset(11).map_or(data, |dictionary| dictionary.min(data));
    let codec = meta.int(4).unwrap_or(0);
    let count = meta.int(5).and_then(|n| usize::try_from(n).ok()).filter(|n| *n == rows).ok_or_else(damaged)?;
    let mut dictionary: Vec<Json> = Vec::new();
    let mut values: Vec<Json> = Vec::new();
    while values.len() < count {
        let (header, taken) = thrift::read(bytes.get(at..).ok_or_else(damaged)?).ok_or_else(damaged)?;
        at += taken;
        let size =
            |id: i16| header.int(id).filter(|n| (0..=MOST_PAGE).contains(n)).map(|n| n as usize).ok_or_else(damaged);
        let (plain_size, packed_size) = (size(2)?, size(3)?);
        let packed = bytes.get(at..at + packed_size).ok_or_else(damaged)?;
        at += packed_size;
        match header.int(1) {
            Some(2) => {
                let page = header.field(7).ok_or_else(damaged)?;
                let n = page.int(1).and_then(|n| usize::try_from(n).ok()).ok_or_else(damaged)?;
                dictionary = plain(&unpack::page(codec, packed, plain_size)?, column, n)?;
            }
            Some(0) => {
                let page = header.field(5).ok_or_else(damaged)?;
                let n = page.int(1).and_then(|n| usize::try_from(n).ok()).ok_or_else(damaged)?;
                let body = unpack::page(codec, packed, plain_size)?;
                let mut rest = body.as_slice();
                let mut present = None;
                if column.optional {
                    if page.int(3) != Some(3) {
                        return Err("levels are not run-length encoded".into());
                    }
                    let len = u32::from_le_bytes(rest.get(..4).ok_or_else(damaged)?.try_into().map_err(|_| damaged())?);
                    let levels = rest.get(4..4 + len as usize).ok_or_else(damaged)?;
                    present = Some(unpack::hybrid(levels, 1, n).ok_or_else(damaged)?.0);
                    rest = &rest[4 + len as usize..];
                }
                page_values(rest, page.int(2), column, n, present, &dictionary, &mut values)?;
            }
            Some(3) => {
                let page = header.field(8).ok_or_else(damaged)?;
                let part = |id: i16| page.int(id).and_then(|n| usize::try_from(n).ok()).ok_or_else(damaged);
                let (n, definitions, repetitions) = (part(1)?, part(5)?, part(6)?);
                let levels_len = definitions
                    .checked_add(repetitions)
                    .filter(|l| *l <= packed_size.min(plain_size))
                    .ok_or_else(damaged)?;
                let present = match column.optional {
                    true => Some(unpack::hybrid(&packed[repetitions..levels_len], 1, n).ok_or_else(damaged)?.0),
                    false => None,
                };
                let compressed = !matches!(page.field(7), Some(Value::Bool(false)));
                let left = plain_size - levels_len;
                let body = match compressed && left > 0 {
                    true => unpack::page(codec, &packed[levels_len..], left)?,
                    false => packed[levels_len..].to_vec(),
                };
                page_values(&body, page.int(4), column, n, present, &dictionary, &mut values)?;
            }
            Some(1) => {}
            _ => return Err(damaged()),
        }
    }
    values.truncate(count);
    Ok(values)
}

#[allow(clippy::too_many_arguments, reason = "a page has so many parts")]
fn page_values(
    body: &[u8],
    encoding: Option<i64>,
    column: &Column,
    n: usize,
    present: Option<Vec<u32>>,
    dictionary: &[Json],
    values: &mut Vec<Json>,
) -> Result<(), String> {
    let there = present.as_ref().map_or(n, |p| p.iter().filter(|d| **d == 1).count());
    let found: Vec<Json> = match encoding {
        Some(0) => plain(body, column, there)?,
        Some(2 | 8) if there == 0 => Vec::new(),
        Some(2 | 8) => {
            let (width, rest) = body.split_first().ok_or("an empty dictionary page")?;
            let (indices, _) = unpack::hybrid(rest, *width, there).ok_or("damaged indices")?;
            let entry = |i: u32| dictionary.get(i as usize).cloned().ok_or("an index beyond the dictionary");
            indices.into_iter().map(entry).collect::<Result<_, _>>()?
        }
        Some(3) if column.kind == 0 => {
            let rest = body.get(4..).ok_or("damaged")?;
            let (bits, _) = unpack::hybrid(rest, 1, there).ok_or("damaged")?;
            bits.into_iter().map(|b| Json::Bool(b == 1)).collect()
        }
        other => return Err(format!("encoding {} is not read: expected plain or dictionary", other.unwrap_or(-1))),
    };
    let mut found = found.into_iter();
    match present {
        None => values.extend(found),
        Some(present) => values.extend(present.into_iter().map(|d| match d {
            1 => found.next().unwrap_or(Json::Null),
            _ => Json::Null,
        })),
    }
    Ok(())
}

/// `n` values of the plain encoding.
fn plain(body: &[u8], column: &Column, n: usize) -> Result<Vec<Json>, String> {
    let short = || format!("a page ends before its {n} values");
    if n > body.len().saturating_mul(8) {
        return Err(short());
    }
    let fixed = |size: usize| body.get(..size.checked_mul(n)?).map(|b| b.chunks_exact(size));
    let each = |size: usize, read: &dyn Fn(&[u8]) -> Json| -> Result<Vec<Json>, String> {
        Ok(fixed(size).ok_or_else(short)?.map(read).collect())
    };
    let le = |b: &[u8]| b.iter().rev().fold(0u64, |v, b| v << 8 | u64::from(*b));
    match column.kind {
        0 => (0..n).map(|i| Ok(Json::Bool(body.get(i / 8).ok_or_else(short)? >> (i % 8) & 1 == 1))).collect(),
        1 => each(4, &|b| integer(i64::from(le(b) as u32 as i32), column.meaning)),
        2 => each(8, &|b| integer(le(b) as i64, column.meaning)),
        3 => each(12, &|b| {
            // Nanoseconds of the day and Julian day, as Spark and Impala write times.
            let ms = (le(&b[8..]) as i64 - 2_440_588) * 86_400_000 + le(&b[..8]) as i64 / 1_000_000;
            time(ms)
        }),
        4 => each(4, &|b| json!(f32::from_bits(le(b) as u32))),
        5 => each(8, &|b| json!(f64::from_bits(le(b)))),
        6 => {
            let (mut out, mut at) = (Vec::with_capacity(n), 0usize);
            for _ in 0..n {
                let len = le(body.get(at..at + 4).ok_or_else(short)?) as usize;
                let raw = body.get(at + 4..(at + 4).checked_add(len).ok_or_else(short)?).ok_or_else(short)?;
                out.push(text(raw, column.meaning));
                at += 4 + len;
            }
            Ok(out)
        }
        7 if column.len > 0 => each(column.len, &|b| text(b, column.meaning)),
        other => Err(format!("type {other} is not read")),
    }
}

fn time(ms: i64) -> Json {
    Timestamp::from_millisecond(ms)
        .map_or(Json::Null, |t| Json::String(t.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()))
}

fn integer(n: i64, meaning: Meaning) -> Json {
    match meaning {
        Meaning::Time(per_ms) => time((n as f64 / per_ms).floor() as i64),
        Meaning::Date => n.checked_mul(86_400_000).map_or(Json::Null, time),
        Meaning::Decimal(scale) => json!(n as f64 / 10f64.powi(scale)),
        Meaning::Plain | Meaning::Text => json!(n),
    }
}

fn text(raw: &[u8], meaning: Meaning) -> Json {
    match meaning {
        Meaning::Decimal(scale) if !raw.is_empty() && raw.len() <= 8 => {
            let negative = raw[0] & 0x80 != 0;
            let start = if negative { -1i64 } else { 0 };
            let n = raw.iter().fold(start, |v, b| v << 8 | i64::from(*b));
            json!(n as f64 / 10f64.powi(scale))
        }
        _ => Json::String(String::from_utf8_lossy(raw).into_owned()),
    }
}

#[cfg(test)]
mod tests;
