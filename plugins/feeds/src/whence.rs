//! Where a stream, unit or report is at its source: which Datastream, which row of a document, which terminal.

use std::collections::BTreeMap;

use crate::{
    file::{Feed, Kind},
    map::Pick,
};

/// One way of naming.
#[derive(Debug)]
enum How {
    /// An entity of a SensorThings service; the prefix is the room's own.
    Datastream { prefix: String },
    /// A row whose field says so.
    Row { prefix: String, field: String },
    /// A device by another name than its unit.
    Device { of_unit: BTreeMap<String, String> },
}

/// How a feed names what it brings.
#[derive(Debug, Default)]
pub struct Whence(Vec<How>);

fn turned(units: &BTreeMap<String, String>) -> How {
    How::Device { of_unit: units.iter().map(|(device, unit)| (unit.clone(), device.clone())).collect() }
}

impl Whence {
    /// Of a feed.
    #[must_use]
    pub fn of(feed: &Feed) -> Self {
        let rows = feed.maps.iter().filter_map(|m| {
            // A level of the topic is in the topic, a constant is no row.
            let is_field = matches!(Pick::read(&m.id), Ok(Pick::Path(_) | Pick::Field(_)));
            is_field.then(|| How::Row { prefix: m.prefix.clone(), field: m.id.clone() })
        });
        let own = match &feed.kind {
            Kind::SensorThings(s) => Some(How::Datastream { prefix: s.prefix.clone() }),
            Kind::Jt808(j) => Some(turned(&j.units)),
            Kind::OwnTracks(t) | Kind::Traccar(t) => Some(turned(&t.units)),
            // What the connector calls them is what the source calls them.
            Kind::Cot(_) => Some(turned(&BTreeMap::new())),
            Kind::Open311(_) => Some(How::Row { prefix: "open311-".into(), field: "service_request_id".into() }),
            _ => None,
        };
        Self(own.into_iter().chain(rows).collect())
    }

    /// The source's own name of `id`, with the place it was found at in front.
    #[must_use]
    pub fn at(&self, place: &str, id: &str) -> String {
        let row = self.0.iter().find_map(|how| match how {
            How::Datastream { prefix } => {
                let plain = id.strip_prefix(prefix.as_str())?;
                let quote = if plain.bytes().all(|b| b.is_ascii_digit()) { "" } else { "'" };
                Some(format!("Datastreams({quote}{plain}{quote})"))
            }
            How::Row { prefix, field } => Some(format!("{field} = {}", id.strip_prefix(prefix.as_str())?)),
            How::Device { of_unit } => Some(of_unit.get(id).map_or(id, String::as_str).to_owned()),
        });
        match row {
            Some(row) if place.is_empty() => row,
            // An MQTT topic may name it already.
            Some(row) if !place.contains(&row) => format!("{place} · {row}"),
            _ => place.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::FeedsFile;

    #[test]
    fn every_kind_names_its_rows() {
        let text = "format = \"guanlan-feeds/1\"\n\
            [[feed]]\nname = \"a\"\nkind = \"sensorthings\"\nurl = \"http://h/v1.1\"\nprefix = \"st-\"\n\
            [[feed]]\nname = \"b\"\nkind = \"jt808\"\nlisten = \"0.0.0.0:1\"\nunits = { \"0138\" = \"CLEAN-01\" }\n\
            [[feed]]\nname = \"c\"\nkind = \"http\"\nurl = \"http://h\"\nmap = { id = \"$.st\", prefix = \"w-\", value = \"$.v\" }\n\
            [[feed]]\nname = \"d\"\nkind = \"mqtt\"\nurl = \"mqtt://h\"\ntopics = [\"a/+\"]\nmap = { id = \"topic:2\", value = \"$.v\" }\n";
        let file = FeedsFile::parse("f", text).unwrap();
        let at = |i: usize, place: &str, id: &str| Whence::of(&file.feeds[i]).at(place, id);
        assert_eq!(at(0, "http://h/v1.1", "st-7"), "http://h/v1.1 · Datastreams(7)");
        assert_eq!(at(0, "http://h/v1.1", "st-a7"), "http://h/v1.1 · Datastreams('a7')");
        assert_eq!(at(0, "v1.1/Datastreams(7)/Observations", "st-7"), "v1.1/Datastreams(7)/Observations");
        assert_eq!(at(1, "0.0.0.0:1", "CLEAN-01"), "0.0.0.0:1 · 0138");
        assert_eq!(at(1, "0.0.0.0:1", "0999"), "0.0.0.0:1 · 0999");
        assert_eq!(at(2, "http://h", "w-R1"), "http://h · $.st = R1");
        assert_eq!(at(3, "a/R1", "R1"), "a/R1");
        assert_eq!(Whence::default().at("x", "R1"), "x");
    }
}
