//! Silences: alerts that match call nobody until a time, with an owner and a reason.

use std::sync::Arc;

use guanlan_core::{AlertLevel, Event, ObservedProperty, Role, SensorId, Stamp};
use serde::{Deserialize, Serialize};

use crate::{alert::Alert, rules::extras::fits_name};

/// Alerts that match call nobody until a time. What is empty matches all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Silence {
    /// Its number in its timeline.
    pub id: u64,
    /// Rule name, or its beginning and `*`.
    pub rule: String,
    /// Observed property.
    pub property: Option<ObservedProperty>,
    /// Stream.
    pub sensor: Option<SensorId>,
    /// First digits of the code of an area.
    pub area: String,
    /// Only alerts up to this level.
    pub up_to: AlertLevel,
    /// Who owns it.
    pub actor: String,
    /// In which seat.
    pub role: Role,
    /// Since when.
    pub at: Stamp,
    /// Until when.
    pub until: Stamp,
    /// Why.
    pub reason: String,
}

impl Silence {
    /// True for an alert it silences.
    #[must_use]
    pub fn fits(&self, alert: &Alert) -> bool {
        fits_name(&self.rule, &alert.rule)
            && self.property.is_none_or(|p| p == alert.property)
            && self.sensor.as_ref().is_none_or(|s| *s == alert.sensor)
            && alert.area.starts_with(&self.area)
            && alert.level <= self.up_to
    }

    /// What it matches, in words for the record.
    #[must_use]
    pub fn words(&self) -> String {
        let mut parts = Vec::new();
        if !self.rule.is_empty() {
            parts.push(format!("rule {}", self.rule));
        }
        parts.extend(self.property.map(|p| format!("property {}", p.key())));
        parts.extend(self.sensor.as_ref().map(|s| format!("sensor {s}")));
        if !self.area.is_empty() {
            parts.push(format!("area {}", self.area));
        }
        parts.push(format!("up to {}", self.up_to.name().en.to_lowercase()));
        parts.join(", ")
    }
}

/// All silences in force, first to end first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Silences {
    pub list: Arc<Vec<Silence>>,
    pub last_id: u64,
    /// One began since the alerts were last looked over.
    pub changed: bool,
}

impl Silences {
    pub fn begin(&mut self, mut silence: Silence) -> u64 {
        self.last_id += 1;
        silence.id = self.last_id;
        let list = Arc::make_mut(&mut self.list);
        list.push(silence);
        list.sort_by_key(|s| (s.until, s.id));
        self.changed = true;
        self.last_id
    }

    pub fn end(&mut self, id: u64) -> Option<Silence> {
        let k = self.list.iter().position(|s| s.id == id)?;
        self.changed = true;
        Some(Arc::make_mut(&mut self.list).remove(k))
    }

    /// Ends those whose time is over; true when there were any.
    pub fn end_due(&mut self, now: Stamp, events: &mut Vec<Event>) -> bool {
        let mut any = false;
        while let Some(first) = self.list.first().filter(|s| s.until <= now) {
            let id = first.id;
            self.end(id);
            any = true;
            events.push(Event::SilenceEnded {
                silence: id,
                actor: "room".into(),
                reason: "到期 / its time is over".into(),
            });
        }
        any
    }

    /// The silence an alert is under.
    pub fn over(&self, alert: &Alert) -> Option<u64> {
        self.list.iter().find(|s| s.fits(alert)).map(|s| s.id)
    }
}
