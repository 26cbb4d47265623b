//! What the samples of a GeoTIFF mean: which are no data, how they become metres.

use tiff::{decoder::DecodingResult, tags::Tag};

use super::Tiff;
use crate::import::{Report, Severity, geokeys::GeoKeys};

/// Nothing on Earth lies lower, m: smaller numbers are somebody's way to say no data.
const LOWEST_M: f32 = -12_000.0;
/// Samples that mean no data wherever heights are stored.
const VOIDS: [f32; 3] = [-9999.0, -32_768.0, -32_767.0];

/// From a sample to metres.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scale {
    factor: f64,
    offset: f64,
}

/// The declared no-data value.
pub(super) fn nodata(tiff: &mut Tiff, report: &mut Report) -> Option<f64> {
    let text = tiff.get_tag_ascii_string(Tag::GdalNodata).ok()?;
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    match text.to_ascii_lowercase().as_str() {
        "" => None,
        "nan" | "-nan" | "1.#qnan" => Some(f64::NAN),
        other => {
            let parsed = other.parse().ok();
            if parsed.is_none() {
                report.note(Severity::Skipped, "GDAL_NODATA", format!("'{text}' is not a number"));
            }
            parsed
        }
    }
}

/// Scale, offset and unit: of GDAL's metadata and of the keys.
pub(super) fn scale(tiff: &mut Tiff, keys: &GeoKeys, report: &mut Report) -> Scale {
    let xml = tiff.get_tag_ascii_string(Tag::Unknown(42112)).unwrap_or_default();
    let number = |role: &str| item(&xml, role)?.trim().parse::<f64>().ok().filter(|v| v.is_finite());
    let (factor, offset) = (number("scale").filter(|s| *s != 0.0).unwrap_or(1.0), number("offset").unwrap_or(0.0));
    if (factor, offset) != (1.0, 0.0) {
        let text = format!("samples are stored as heights minus {offset} in steps of {factor}; made heights");
        report.note(Severity::Repaired, "GDAL_METADATA", text);
    }
    let metres = match keys.metres_per_height_unit() {
        1.0 => item(&xml, "unittype").map_or(1.0, unit_m),
        metres => metres,
    };
    if metres != 1.0 {
        let text = format!("heights in units of {metres} m made metres");
        report.note(Severity::Repaired, "VerticalUnits", text);
    }
    Scale { factor: factor * metres, offset: offset * metres }
}

impl Scale {
    /// Makes samples metres; numbers that are no height are told.
    pub fn apply(self, z: &mut [f32], report: &mut Report) {
        let (mut odd, mut first) = (0_usize, 0.0);
        for z in z.iter_mut().filter(|z| z.is_finite()) {
            let metres = (f64::from(*z) * self.factor + self.offset) as f32;
            if metres < LOWEST_M || VOIDS.contains(z) {
                first = if odd == 0 { *z } else { first };
                odd += 1;
                *z = f32::NAN;
            } else {
                *z = metres;
            }
        }
        if odd > 0 {
            let text = format!("{odd} cells of {first} or the like taken as no data, which the file does not say");
            report.note(Severity::Guessed, "GDAL_NODATA", text);
        }
        if z.iter().all(|z| z.is_nan()) {
            report.note(Severity::Skipped, "image data", "no cell has data");
        }
    }
}

/// Value of an item of GDAL's metadata for the first band.
fn item<'a>(xml: &'a str, role: &str) -> Option<&'a str> {
    let role = format!("role=\"{role}\"");
    xml.split("<Item ").skip(1).find_map(|item| {
        let (attributes, rest) = item.split_once('>')?;
        let of_first = !attributes.contains("sample=") || attributes.contains("sample=\"0\"");
        (of_first && attributes.contains(&role)).then(|| rest.split("</Item>").next().unwrap_or_default())
    })
}

/// Metres in a unit by its name.
fn unit_m(name: &str) -> f64 {
    match name.trim().to_ascii_lowercase().as_str() {
        "ft" | "foot" | "feet" | "international foot" => 0.3048,
        "us survey foot" | "us-ft" | "sft" | "foot_us" | "us survey feet" | "survey foot" => 1200.0 / 3937.0,
        "cm" | "centimetre" | "centimeter" | "centimeters" | "centimetres" => 0.01,
        "dm" | "decimetre" | "decimeter" => 0.1,
        "mm" | "millimetre" | "millimeter" => 0.001,
        "km" | "kilometre" | "kilometer" => 1000.0,
        _ => 1.0,
    }
}

/// Undoes the decoder's inversion of white-is-zero samples.
pub(super) fn restored(data: DecodingResult) -> DecodingResult {
    match data {
        DecodingResult::U8(v) => DecodingResult::U8(v.into_iter().map(|v| !v).collect()),
        DecodingResult::U16(v) => DecodingResult::U16(v.into_iter().map(|v| !v).collect()),
        DecodingResult::U32(v) => DecodingResult::U32(v.into_iter().map(|v| !v).collect()),
        DecodingResult::U64(v) => DecodingResult::U64(v.into_iter().map(|v| !v).collect()),
        DecodingResult::F32(v) => DecodingResult::F32(v.into_iter().map(|v| 1.0 - v).collect()),
        DecodingResult::F64(v) => DecodingResult::F64(v.into_iter().map(|v| 1.0 - v).collect()),
        // The decoder refuses to invert any other type.
        other => other,
    }
}

/// Samples as numbers; no data, NaN and values beyond 1e30 become NaN. Floats are compared with the
/// no-data value in their own precision, because writers round it.
pub(super) fn heights(data: DecodingResult, nodata: Option<f64>) -> (&'static str, Vec<f32>) {
    fn keep(value: f64, is_nodata: bool) -> f32 {
        if is_nodata || !value.is_finite() || value.abs() > 1e30 { f32::NAN } else { value as f32 }
    }
    macro_rules! integers {
        ($name:literal, $values:expr) => {
            ($name, $values.into_iter().map(|v| keep(v as f64, nodata == Some(v as f64))).collect())
        };
    }
    match data {
        DecodingResult::U8(v) => integers!("uint8", v),
        DecodingResult::U16(v) => integers!("uint16", v),
        DecodingResult::U32(v) => integers!("uint32", v),
        DecodingResult::U64(v) => integers!("uint64", v),
        DecodingResult::I8(v) => integers!("int8", v),
        DecodingResult::I16(v) => integers!("int16", v),
        DecodingResult::I32(v) => integers!("int32", v),
        DecodingResult::I64(v) => integers!("int64", v),
        DecodingResult::F16(v) => {
            let nodata = nodata.map(|n| n as f32);
            let one = |v: f32| keep(f64::from(v), nodata == Some(v));
            ("float16", v.into_iter().map(|v| one(f32::from(v))).collect())
        }
        DecodingResult::F32(v) => {
            let nodata = nodata.map(|n| n as f32);
            ("float32", v.into_iter().map(|v| keep(f64::from(v), nodata == Some(v))).collect())
        }
        DecodingResult::F64(v) => ("float64", v.into_iter().map(|v| keep(v, nodata == Some(v))).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_of_the_first_band() {
        let xml = "<GDALMetadata>\n<Item name=\"OFFSET\" sample=\"1\" role=\"offset\">9</Item>\
            <Item name=\"OFFSET\" sample=\"0\" role=\"offset\">-100</Item><Item name=\"x\">1</Item>\
            <Item name=\"UNITTYPE\" sample=\"0\" role=\"unittype\">ft</Item></GDALMetadata>";
        assert_eq!((item(xml, "offset"), item(xml, "scale")), (Some("-100"), None));
        assert_eq!(unit_m(item(xml, "unittype").unwrap()), 0.3048);
        let mut report = Report::default();
        let mut z = [10.0, -32_768.0, f32::NAN];
        Scale { factor: 0.5, offset: 1.0 }.apply(&mut z, &mut report);
        assert!(z[0] == 6.0 && z[1].is_nan() && report.problems.len() == 1, "{z:?} {report:?}");
    }
}
