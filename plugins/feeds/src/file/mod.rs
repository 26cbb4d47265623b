//! The feeds file: which sources a room listens to (`--feeds FILE`, TOML). Errors name file, line and field.
//!
//! Each `[[feed]]` is read by its kind, so that a word another kind knows is still a mistake here.

mod check;
mod chinese;
pub mod kinds;
pub mod map_spec;
mod schema;
pub mod secret;
mod spans;
mod words;

use std::{
    ops::Range,
    path::{Path, PathBuf},
};

use guanlan_core::Bilingual;
use schemars::JsonSchema;
use serde::{Deserialize, de::DeserializeOwned};
use toml::{
    Spanned,
    de::{DeTable, DeValue, ValueDeserializer},
};

use map_spec::MapSpec;
pub use schema::schema;
use spans::{Place, Spots};

/// What a feeds file says it is.
pub const FORMAT: &str = "guanlan-feeds/1";

/// A feeds file that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {field}: {} / {reason}", chinese::of(reason))]
pub struct FileError {
    /// The file.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// The feed and its field, for example `feed "河道".map[0].unit`.
    pub field: String,
    /// What is wrong and what was expected, in English; shown behind its Chinese.
    pub reason: String,
}

/// A name in two languages: one text, or `{ zh = "…", en = "…" }`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Name {
    /// Nothing.
    #[default]
    None,
    /// The same in both.
    One(String),
    /// Both.
    Both {
        /// Chinese.
        zh: String,
        /// English.
        en: String,
    },
}

impl Name {
    /// As the room has it.
    #[must_use]
    pub fn text(&self) -> Bilingual {
        match self {
            Self::None => Bilingual::default(),
            Self::One(text) => Bilingual::same(text.as_str()),
            Self::Both { zh, en } => Bilingual::new(zh.as_str(), en.as_str()),
        }
    }
}

/// How an owner shares data (政务数据共享).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Share {
    /// 无条件共享.
    Open,
    /// 有条件共享.
    Conditional,
    /// 不予共享.
    Closed,
}

impl Share {
    /// The words of the catalogue.
    #[must_use]
    pub fn text(self) -> Bilingual {
        match self {
            Self::Open => Bilingual::new("无条件共享", "open"),
            Self::Conditional => Bilingual::new("有条件共享", "conditional"),
            Self::Closed => Bilingual::new("不予共享", "closed"),
        }
    }
}

/// What every feed has.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Common {
    /// Its name: on the screen, in the catalogue, in `/api/v1/feeds`. Once only.
    pub name: String,
    /// False: known but not started.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// True: real data, the room is 实况. Replays are not real unless they say so.
    pub real: Option<bool>,
    /// Department that owns the data (权属单位).
    #[serde(default)]
    pub owner: Name,
    /// open, conditional or closed.
    pub share: Option<Share>,
    /// Promised seconds between messages; the catalogue compares.
    #[serde(default)]
    pub promised_s: u32,
    /// CRS of its places: WGS84 (also CGCS2000), GCJ-02, BD-09 or EPSG:n.
    #[serde(default = "wgs84")]
    pub crs: String,
}

impl Common {
    fn named(name: &str, real: bool) -> Self {
        Self {
            name: name.to_owned(),
            enabled: true,
            real: Some(real),
            owner: Name::None,
            share: None,
            promised_s: 0,
            crs: wgs84(),
        }
    }
}

fn wgs84() -> String {
    "WGS84".into()
}

const fn yes() -> bool {
    true
}

macro_rules! feed_kinds {
    ($($(#[$doc:meta])* $key:literal => $variant:ident($spec:ty), $mapped:literal;)+) => {
        /// What a feed is.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Kind {
            $($(#[$doc])* $variant($spec),)+
        }

        /// Every kind's key.
        pub const KINDS: &[&str] = &[$($key),+];

        impl Kind {
            /// `kind = "…"`.
            #[must_use]
            pub const fn key(&self) -> &'static str {
                match self { $(Self::$variant(_) => $key,)+ }
            }

            fn read(key: &str, rest: Spanned<DeValue<'_>>) -> Option<Result<Self, toml::de::Error>> {
                match key { $($key => Some(read::<$spec>(rest).map(Self::$variant)),)+ _ => None }
            }
        }

        /// May a feed of this kind have `[[feed.map]]`?
        fn takes_map(key: &str) -> bool {
            match key { $($key => $mapped,)+ _ => false }
        }

        fn schemas(generator: &mut schemars::SchemaGenerator) -> Vec<(&'static str, bool, schemars::Schema)> {
            vec![$(($key, $mapped, <$spec as JsonSchema>::json_schema(generator))),+]
        }
    };
}

feed_kinds! {
    /// A foreign broker.
    "mqtt" => Mqtt(kinds::Mqtt), true;
    /// An OGC SensorThings 1.1 service.
    "sensorthings" => SensorThings(kinds::SensorThings), false;
    /// A document fetched again and again.
    "http" => Http(kinds::Http), true;
    /// A WebSocket.
    "websocket" => WebSocket(kinds::WebSocket), true;
    /// Server-sent events.
    "sse" => Sse(kinds::Sse), true;
    /// A growing file.
    "tail" => Tail(kinds::Tail), true;
    /// A recorded file.
    "replay" => Replay(kinds::Replay), true;
    /// Cases of an Open311 service.
    "open311" => Open311(kinds::Open311), false;
    /// Warnings.
    "cap" => Cap(kinds::Cap), false;
    /// A GNSS receiver.
    "nmea" => Nmea(kinds::Nmea), false;
    /// Vehicle terminals.
    "jt808" => Jt808(kinds::Jt808), false;
    /// Cursor-on-Target.
    "cot" => Cot(kinds::Cot), false;
    /// OwnTracks over HTTP.
    "owntracks" => OwnTracks(kinds::Tracker), false;
    /// Traccar or OsmAnd clients.
    "traccar" => Traccar(kinds::Tracker), false;
    /// Gridded rain.
    "rain" => Rain(kinds::Rain), false;
    /// A camera's picture.
    "camera" => Camera(kinds::Camera), false;
    /// Documents posted here.
    "webhook" => Webhook(kinds::Webhook), true;
}

/// A source.
#[derive(Clone, Debug, PartialEq)]
pub struct Feed {
    /// What all have.
    pub common: Common,
    /// What this kind has.
    pub kind: Kind,
    /// Mappings, each looked at for every payload.
    pub maps: Vec<MapSpec>,
}

impl Feed {
    /// The broker of the command line.
    pub(crate) fn own_broker(url: &crate::mqtt_client::BrokerUrl, real: bool) -> Self {
        let scheme = if url.tls { "mqtts" } else { "mqtt" };
        let spec = kinds::Mqtt {
            url: format!("{scheme}://{}:{}", url.host, url.port),
            version: kinds::MqttVersion::V311,
            topics: Vec::new(),
            client_id: None,
            user: None,
            password: None,
            ca_file: None,
            client_cert: None,
            client_key: None,
            retained: kinds::Retained::Take,
            session_s: 0,
            keep_alive_s: 20,
        };
        Self { common: Common::named("mqtt", real), kind: Kind::Mqtt(spec), maps: Vec::new() }
    }

    /// A SensorThings service of the command line.
    #[must_use]
    pub fn sensorthings(url: &str, real: bool) -> Self {
        let spec = kinds::SensorThings {
            url: url.to_owned(),
            every_s: 30,
            filter: None,
            late_s: 300,
            page: 500,
            prefix: String::new(),
            login: kinds::Login::default(),
            mqtt: None,
            mqtt_user: None,
            mqtt_password: None,
        };
        let common = Common::named(&format!("sensorthings {url}"), real);
        Self { common, kind: Kind::SensorThings(spec), maps: Vec::new() }
    }

    /// Does it carry real data?
    #[must_use]
    pub fn is_real(&self) -> bool {
        self.common.real.unwrap_or(!matches!(self.kind, Kind::Replay(_)))
    }
}

/// A feeds file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FeedsFile {
    /// Sources in order.
    pub feeds: Vec<Feed>,
    /// Folder of the file: relative paths begin here.
    pub dir: PathBuf,
}

impl FeedsFile {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// The first mistake, with file, line and field.
    pub fn load(path: &Path) -> Result<Self, FileError> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|e| FileError {
            file: name.clone(),
            line: 1,
            field: "file".into(),
            reason: format!("cannot be read: {e}"),
        })?;
        let mut read = Self::parse(&name, &text)?;
        read.dir = path.parent().map(Path::to_path_buf).unwrap_or_default();
        Ok(read)
    }

    /// Reads and checks a text.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn parse(file: &str, text: &str) -> Result<Self, FileError> {
        let place = Place { file, text };
        let doc = DeTable::parse(text).map_err(|e| place.toml("file", &e))?;
        let mut table = doc.into_inner();
        match take(&mut table, "format") {
            Some(v) if v.as_ref().as_str() == Some(FORMAT) => {}
            Some(v) => return Err(place.at(&v.span(), "format", format!("expected \"{FORMAT}\""))),
            None => return Err(place.at(&(0..0), "format", format!("is missing: expected format = \"{FORMAT}\""))),
        }
        let list = take(&mut table, "feed");
        if let Some((key, _)) = table.iter().next() {
            let word: &str = key.as_ref();
            let meant = match word {
                "feeds" | "source" | "sources" | "Feed" | "来源" => "; each source is a table of its own: [[feed]]",
                _ => "",
            };
            let reason = format!("unknown key: expected format and [[feed]]{meant}");
            return Err(place.at(&key.span(), word, reason));
        }
        let mut feeds: Vec<Feed> = Vec::new();
        let Some(list) = list else { return Ok(Self::default()) };
        let span = list.span();
        let DeValue::Array(list) = list.into_inner() else {
            return Err(place.at(&span, "feed", "expected [[feed]] tables".into()));
        };
        for (i, item) in list.into_iter().enumerate() {
            let (span, spots) = (item.span(), Spots::of(&item));
            let DeValue::Table(item) = item.into_inner() else {
                return Err(place.at(&span, &format!("feed[{i}]"), "expected a [[feed]] table".into()));
            };
            let feed = one(&place, i, item, &span)?;
            let who = format!("feed \"{}\"", feed.common.name);
            if feeds.iter().any(|f| f.common.name == feed.common.name) {
                let reason = format!("the name '{}' is there already", feed.common.name);
                return Err(place.at(&spots.find("name").unwrap_or(span), &format!("{who}.name"), reason));
            }
            if let Err((field, reason)) = check::feed(&feed) {
                let span = spots.find(&field).unwrap_or(span);
                return Err(place.at(&span, &format!("{who}.{field}"), reason));
            }
            feeds.push(feed);
        }
        Ok(Self { feeds, dir: PathBuf::new() })
    }
}

fn read<T: DeserializeOwned>(value: Spanned<DeValue<'_>>) -> Result<T, toml::de::Error> {
    T::deserialize(ValueDeserializer::from(value))
}

fn take<'i>(table: &mut DeTable<'i>, key: &str) -> Option<Spanned<DeValue<'i>>> {
    let found = table.iter().find(|(k, _)| k.as_ref() == key).map(|(k, _)| k.clone())?;
    table.remove(&found)
}

const COMMON: [&str; 7] = ["name", "enabled", "real", "owner", "share", "promised_s", "crs"];

fn one(place: &Place<'_>, i: usize, mut table: DeTable<'_>, span: &Range<usize>) -> Result<Feed, FileError> {
    let nameless = format!("feed[{i}]");
    let who = table
        .iter()
        .find(|(k, _)| k.as_ref() == "name")
        .and_then(|(_, v)| v.as_ref().as_str())
        .map_or(nameless, |name| format!("feed \"{name}\""));
    let kind = take(&mut table, "kind").ok_or_else(|| {
        place.at(span, &format!("{who}.kind"), format!("is missing: expected one of {}", KINDS.join(", ")))
    })?;
    let kind_span = kind.span();
    let key = kind.as_ref().as_str().unwrap_or_default().to_owned();
    let maps = take(&mut table, "map");
    let mut common = DeTable::new();
    for key in COMMON {
        let found = table.iter().find(|(k, _)| k.as_ref() == key).map(|(k, _)| k.clone());
        if let Some((k, v)) = found.and_then(|k| table.remove_entry(&k)) {
            common.insert(k, v);
        }
    }
    let fault = |e: &toml::de::Error| place.toml(&who, e);
    let common: Common = read(Spanned::new(span.clone(), DeValue::Table(common))).map_err(|e| fault(&e))?;
    let kind = match Kind::read(&key, Spanned::new(span.clone(), DeValue::Table(table))) {
        Some(kind) => kind.map_err(|e| fault(&e))?,
        None => {
            let meant = words::kind_meant(&key, KINDS);
            let reason = format!("unknown kind '{key}'{meant} — expected one of {}", KINDS.join(", "));
            return Err(place.at(&kind_span, &format!("{who}.kind"), reason));
        }
    };
    let maps = match maps {
        None => Vec::new(),
        Some(v) if !takes_map(&key) => {
            let reason = format!("a feed of kind {key} has no mapping");
            return Err(place.at(&v.span(), &format!("{who}.map"), reason));
        }
        Some(v) if v.as_ref().is_table() => vec![read(v).map_err(|e| place.toml(&format!("{who}.map"), &e))?],
        Some(v) => read(v).map_err(|e| place.toml(&format!("{who}.map"), &e))?,
    };
    Ok(Feed { common, kind, maps })
}

#[cfg(test)]
mod tests;
