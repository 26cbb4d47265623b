//! Foreign payloads to inputs by a mapping: picks, units, times, places.

mod pick;
mod rows;
mod times;
pub mod units;

use guanlan_core::{
    Bilingual, DispatchId, Input, ObservedProperty, PhotoView, Stamp,
    input::{CitizenReport, Observation, SensorDeclared, UnitFix, UnitReport, UnitStatus},
};
use guanlan_geography::LocalFrame;
use serde_json::Value;

pub use pick::Pick;
pub use rows::{Document, Row, csv_line, documents};
pub use times::{TimeFormat, offset_s};

use crate::{
    file::map_spec::{MapSpec, What},
    parse::{Refused, refuse},
    place::Placer,
};

/// A mapping ready for work.
pub struct Mapper {
    spec: MapSpec,
    rows: Option<Pick>,
    id: Pick,
    time: Option<Pick>,
    time_format: TimeFormat,
    zone_s: i32,
    value: Option<Pick>,
    unit: units::Conversion,
    property: Option<ObservedProperty>,
    name: Option<Pick>,
    lon: Option<Pick>,
    lat: Option<Pick>,
    speed: Option<Pick>,
    speed_unit: units::Conversion,
    course: Option<Pick>,
    battery: Option<Pick>,
    code: Option<Pick>,
    text: Option<Pick>,
    photo: Option<Pick>,
    heading: Option<Pick>,
    pitch: Option<Pick>,
    fov: Option<Pick>,
    status: Option<Pick>,
    dispatch: Option<Pick>,
}

/// Where a payload came from.
#[derive(Clone, Copy, Debug)]
pub struct Came<'a> {
    /// Topic or address.
    pub topic: &'a str,
    /// When.
    pub at: Stamp,
    /// True when it must say its own time (a retained message: its arrival means nothing).
    pub own_time: bool,
}

/// What became of the rows of a payload.
#[derive(Debug, Default)]
pub struct Mapped {
    /// For the room.
    pub inputs: Vec<Input>,
    /// Rows that were refused, with the reason and the row.
    pub refused: Vec<(Refused, String)>,
    /// Newest instant of a row.
    pub newest: Option<Stamp>,
}

impl Mapper {
    /// A mapping that has been checked by the feeds file.
    ///
    /// # Errors
    /// What is wrong with it, as text.
    pub fn new(spec: &MapSpec) -> Result<Self, String> {
        let pick = |text: &Option<String>| text.as_deref().map(Pick::read).transpose();
        let property = spec.property.as_deref().and_then(ObservedProperty::from_key);
        let unit = match (&spec.unit, property) {
            (Some(unit), Some(property)) => units::between(unit, property.unit())?,
            _ => units::Conversion::NONE,
        };
        let speed_unit = match &spec.speed_unit {
            Some(unit) => units::between(unit, "m/s")?,
            None => units::Conversion::NONE,
        };
        Ok(Self {
            rows: pick(&spec.rows)?,
            id: Pick::read(&spec.id)?,
            time: pick(&spec.time)?,
            time_format: TimeFormat::read(&spec.time_format)?,
            zone_s: offset_s(&spec.zone).ok_or("zone")?,
            value: pick(&spec.value)?,
            unit,
            property,
            name: pick(&spec.name)?,
            lon: pick(&spec.lon)?,
            lat: pick(&spec.lat)?,
            speed: pick(&spec.speed)?,
            speed_unit,
            course: pick(&spec.course)?,
            battery: pick(&spec.battery)?,
            code: pick(&spec.code)?,
            text: pick(&spec.text)?,
            photo: pick(&spec.photo)?,
            heading: pick(&spec.heading)?,
            pitch: pick(&spec.pitch)?,
            fov: pick(&spec.fov)?,
            status: pick(&spec.status)?,
            dispatch: pick(&spec.dispatch)?,
            spec: spec.clone(),
        })
    }

    /// What is done to values on the way, in order.
    #[must_use]
    pub fn steps(&self) -> Vec<Bilingual> {
        let mut steps = Vec::new();
        if let Some(value) = &self.spec.value {
            steps.push(Bilingual::new(format!("取字段 {value}"), format!("field {value}")));
        }
        if self.spec.scale != 1.0 || self.spec.offset != 0.0 {
            steps.push(Bilingual::same(format!("× {} + {}", self.spec.scale, self.spec.offset)));
        }
        if let (Some(unit), Some(property)) = (&self.spec.unit, self.property) {
            if !self.unit.is_none() {
                steps.push(Bilingual::same(format!("{unit} → {}", property.unit())));
            }
        }
        if let (Some(unit), false) = (&self.spec.speed_unit, self.speed_unit.is_none()) {
            steps.push(Bilingual::same(format!("{unit} → m/s")));
        }
        steps
    }

    /// Every row of a document. A bad row is refused alone.
    pub fn apply(&self, document: &Document, came: Came<'_>, placer: &Placer, out: &mut Mapped) {
        for row in document.rows(self.rows.as_ref()) {
            match self.row(&row, came, placer, &mut out.inputs) {
                Ok(Some(at)) => out.newest = out.newest.max(Some(at)),
                Ok(None) => {}
                Err(refused) => out.refused.push((refused, row.show())),
            }
        }
    }

    fn text(&self, pick: Option<&Pick>, row: &Row<'_>, came: Came<'_>) -> Option<String> {
        match pick?.get(row, came.topic)? {
            Value::String(s) if !s.trim().is_empty() => Some(s.trim().to_owned()),
            Value::Number(n) => Some(n.to_string()),
            Value::Bool(b) => Some(b.to_string()),
            _ => None,
        }
    }

    /// A number, `None` when it is missing.
    fn number(&self, field: &str, pick: Option<&Pick>, row: &Row<'_>, came: Came<'_>) -> Result<Option<f64>, Refused> {
        let Some(value) = pick.and_then(|p| p.get(row, came.topic)) else { return Ok(None) };
        let number = match &value {
            Value::Null => return Ok(None),
            Value::Number(n) => n.as_f64(),
            Value::Bool(b) => Some(f64::from(u8::from(*b))),
            Value::String(s) => {
                let s = s.trim();
                if s.is_empty() || self.spec.missing.iter().any(|m| m == s) {
                    return Ok(None);
                }
                s.parse().ok()
            }
            _ => None,
        };
        if value.is_number() && self.spec.missing.iter().any(|m| m.parse::<f64>().ok() == number) {
            return Ok(None);
        }
        match number.filter(|n| n.is_finite()) {
            Some(n) => Ok(Some(n)),
            None => Err(refuse(field, format!("a finite number was expected, not {value}"))),
        }
    }

    /// Where a report's photo looks; a phone that wrote nonsense is no reason to lose the report.
    fn view(&self, row: &Row<'_>, came: Came<'_>) -> PhotoView {
        PhotoView::of_fields(|name| {
            let pick = match name {
                "heading" => &self.heading,
                "pitch" => &self.pitch,
                "fov" => &self.fov,
                _ => return None,
            };
            self.text(pick.as_ref(), row, came)
        })
    }

    fn instant(&self, row: &Row<'_>, came: Came<'_>) -> Result<Stamp, Refused> {
        let Some(pick) = &self.time else {
            return if came.own_time {
                Err(refuse("time", "a retained message must say its own time"))
            } else {
                Ok(came.at)
            };
        };
        let value = pick.get(row, came.topic).ok_or_else(|| refuse("time", "is missing"))?;
        self.time_format
            .instant(&value, self.zone_s)
            .ok_or_else(|| refuse("time", format!("'{}' was expected, not {value}", self.spec.time_format)))
    }

    fn place(&self, row: &Row<'_>, came: Came<'_>, placer: &Placer) -> Result<Option<[f64; 2]>, Refused> {
        let lon = self.number("lon", self.lon.as_ref(), row, came)?;
        let lat = self.number("lat", self.lat.as_ref(), row, came)?;
        match (lon, lat) {
            (Some(lon), Some(lat)) => placer.local(lon, lat).map(Some).map_err(|e| refuse("lon/lat", e)),
            _ => Ok(None),
        }
    }

    fn row(
        &self,
        row: &Row<'_>,
        came: Came<'_>,
        placer: &Placer,
        out: &mut Vec<Input>,
    ) -> Result<Option<Stamp>, Refused> {
        let missing = |field: &str| refuse(field, "is missing");
        let id = self.text(Some(&self.id), row, came).ok_or_else(|| missing("id"))?;
        let id = format!("{}{id}", self.spec.prefix);
        let at = || self.instant(row, came);
        let place = || {
            let place_m = self.place(row, came, placer)?.ok_or_else(|| missing("lon/lat"))?;
            LocalFrame::near(place_m).map_err(|e| refuse("lon/lat", e.to_string()))
        };
        match self.spec.what {
            What::Observation => {
                let Some(value) = self.number("value", self.value.as_ref(), row, came)? else { return Ok(None) };
                let at = at()?;
                if let Some(property) = self.property {
                    let name = self.text(self.name.as_ref(), row, came).unwrap_or_else(|| id.clone());
                    out.push(Input::SensorDeclared(SensorDeclared {
                        sensor: id.as_str().into(),
                        name: Bilingual::same(name),
                        property,
                        // Where it cannot be, it has no place; what it measures counts all the same.
                        place_m: self.place(row, came, placer)?.filter(|p| LocalFrame::near(*p).is_ok()),
                        period_s: self.spec.period_s,
                    }));
                }
                let result = self.unit.apply(value * self.spec.scale + self.spec.offset);
                out.push(Input::Observation(Observation {
                    sensor: id.into(),
                    phenomenon: at,
                    received: came.at,
                    result,
                }));
                Ok(Some(at))
            }
            What::Position => {
                let ([east_m, north_m], at) = (place()?, at()?);
                let speed = self.number("speed", self.speed.as_ref(), row, came)?.unwrap_or(0.0);
                let course = self.number("course", self.course.as_ref(), row, came)?.unwrap_or(0.0);
                let battery = self.number("battery", self.battery.as_ref(), row, came)?;
                out.push(Input::Fix(UnitFix {
                    unit: id.into(),
                    at,
                    east_m,
                    north_m,
                    speed_mps: self.speed_unit.apply(speed) as f32,
                    course_deg: course as f32,
                    battery: battery.map(|b| b.clamp(0.0, 100.0) as u8),
                }));
                Ok(Some(at))
            }
            What::Report => {
                let ([east_m, north_m], at) = (place()?, at()?);
                out.push(Input::Citizen(CitizenReport {
                    report: id,
                    at,
                    east_m,
                    north_m,
                    code: self.text(self.code.as_ref(), row, came).unwrap_or_default(),
                    text: self.text(self.text.as_ref(), row, came).ok_or_else(|| missing("text"))?,
                    photo: self.text(self.photo.as_ref(), row, came),
                    view: self.view(row, came),
                }));
                Ok(Some(at))
            }
            What::Crew => {
                let status = self.text(self.status.as_ref(), row, came).ok_or_else(|| missing("status"))?;
                let read: Result<UnitStatus, _> = serde_json::from_value(Value::String(status.clone()));
                let status = read.map_err(|_| refuse("status", format!("'{status}' is no status of a crew")))?;
                let at = at()?;
                let dispatch = self.number("dispatch", self.dispatch.as_ref(), row, came)?;
                out.push(Input::UnitReport(UnitReport {
                    unit: id.into(),
                    at,
                    status,
                    dispatch: dispatch.filter(|d| *d >= 0.0).map(|d| DispatchId(d as u64)),
                    note: self.text(self.text.as_ref(), row, came).unwrap_or_default(),
                    photo: self.text(self.photo.as_ref(), row, came),
                }));
                Ok(Some(at))
            }
        }
    }
}

#[cfg(test)]
mod tests;
