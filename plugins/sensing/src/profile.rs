//! What each property can do, read from a data file: unit, range, jumps, standing still, period, zero, view.
//!
//! Fast truth must never be lost to a filter: gas, cover tilt, rain and noise have no jump limit in
//! the shipped file, because for them the jump is the news.

use std::sync::{Arc, LazyLock};

use bevy_ecs::prelude::Resource;
use guanlan_core::file_words::{Phrases, both, line_at, refused};
use guanlan_core::{Bilingual, ObservedProperty};
use serde::Deserialize;

/// The shipped file, also in `assets/sensing/profiles.toml`.
const SHIPPED: &str = include_str!("../../../assets/sensing/profiles.toml");

/// A believable jump is at most `step + per_min × minutes since the last reading`.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JumpLimit {
    /// Allowed at once, in the property's unit.
    pub step: f64,
    /// Allowed besides for every minute, in the property's unit.
    pub per_min: f64,
}

/// When an unchanging value is odd.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StuckLimit {
    /// A neighbour that changed by this much between two readings has moved.
    pub moved_by: f64,
    /// At or below this value standing still is natural (a dry gauge).
    #[serde(default = "lowest")]
    pub rest_at: f64,
}

const fn lowest() -> f64 {
    f64::MIN
}

/// How far a value may lie from its neighbours' median.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NeighbourLimit {
    /// Who is a neighbour, m.
    pub radius_m: f64,
    /// Always allowed, in the property's unit.
    pub by: f64,
    /// Allowed besides, as a share of the median.
    pub share: f64,
    /// Fresh neighbours needed to contradict.
    pub at_least: usize,
}

/// What a camera or a drone sees unless it says more of itself.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ViewProfile {
    /// Angle of view across, degrees.
    pub across_deg: f64,
    /// Angle of view up and down, degrees.
    pub up_deg: f64,
    /// How far it is of use, m.
    pub range_m: f64,
    /// Height above ground, m.
    pub height_m: f64,
    /// Middle of the view against the horizon, degrees; -90 looks straight down.
    pub tilt_deg: f64,
}

/// Everything known of one kind of device.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// What it observes.
    pub property: ObservedProperty,
    /// What the device is called.
    pub device: Bilingual,
    /// Department that owns such devices (权属单位) where their source does not say; may be empty.
    pub owner: Bilingual,
    /// Unit of its values: always the property's own.
    pub unit: &'static str,
    /// Values outside are no measurements.
    pub range: (f64, f64),
    /// Believable jumps; `None` takes every jump.
    pub jump: Option<JumpLimit>,
    /// When standing still is odd; `None` may stand still for ever.
    pub stuck: Option<StuckLimit>,
    /// When neighbours contradict; `None` never.
    pub neighbours: Option<NeighbourLimit>,
    /// Time between readings when a stream promises none, s.
    pub period_s: u32,
    /// What zero means; empty where it goes without saying.
    pub datum: Bilingual,
    /// True keeps its last two hours for charts. Covers, bins and parking are states, not curves;
    /// their crowd (300 000 covers) would cost 600 MB of trend that nobody opens.
    pub trend: bool,
    /// What it sees, of cameras and drones.
    pub view: Option<ViewProfile>,
}

/// A profile file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {field}: {}", both(PHRASES, message))]
pub struct ProfileError {
    /// The file as the caller named it.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Which profile and field.
    pub field: String,
    /// What was found and what was expected, in English; shown with the Chinese in front.
    pub message: String,
}

/// English patterns of what is wrong with a profile file, and their Chinese.
const PHRASES: &Phrases = &[
    ("* is unknown; expected 1", "格式 {1} 未知；应为 1"),
    ("'*' is unknown; expected one of *", "没有监测项“{1}”；可选：{2}"),
    ("is listed twice", "重复出现"),
    ("'*'; values of * are in '*'", "写的是“{1}”；{2} 的单位是“{3}”"),
    ("[*, *]; expected two finite numbers, the lower first", "写的是 [{1}, {2}]；应为两个数，小的在前"),
    ("0; expected 1 or more", "写的是 0；应为 1 以上"),
    ("expected step and per_min of 0 or more", "step 和 per_min 应不小于 0"),
    ("expected moved_by of 0 or more", "moved_by 应不小于 0"),
    (
        "expected radius_m of 0 to 20000, by and share of 0 or more, at_least of 2 or more",
        "radius_m 应为 0 到 20000，by 和 share 应不小于 0，at_least 应不小于 2",
    ),
    (
        "expected angles of 0 to 180°, lengths of 0 or more, tilt_deg of -90 to 90",
        "角度应为 0 到 180°，长度应不小于 0，tilt_deg 应为 -90 到 90",
    ),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: u32,
    #[serde(default)]
    profile: Vec<toml::Spanned<Written>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    property: String,
    device: Bilingual,
    #[serde(default)]
    owner: Bilingual,
    unit: String,
    range: Option<[f64; 2]>,
    jump: Option<JumpLimit>,
    stuck: Option<StuckLimit>,
    neighbours: Option<NeighbourLimit>,
    period_s: u32,
    #[serde(default)]
    datum: Bilingual,
    #[serde(default)]
    trend: bool,
    view: Option<ViewProfile>,
}

/// One profile for every property.
#[derive(Clone, Debug, PartialEq)]
pub struct Profiles {
    /// By [`ObservedProperty::ALL`].
    of: Vec<Profile>,
}

impl Profiles {
    /// The shipped profiles.
    #[must_use]
    pub fn shipped() -> Arc<Self> {
        #[expect(clippy::expect_used, reason = "the text is part of the program and a test reads it")]
        static READ: LazyLock<Arc<Profiles>> = LazyLock::new(|| {
            Arc::new(Profiles::parse("assets/sensing/profiles.toml", SHIPPED).expect("the built-in profiles are valid"))
        });
        READ.clone()
    }

    /// Reads a profile file; properties it leaves out keep only their own range and unit.
    ///
    /// # Errors
    /// The first thing that is wrong, with its line and field. Nothing is used then.
    pub fn parse(file: &str, text: &str) -> Result<Self, ProfileError> {
        let fail = |line, field: String, message: String| ProfileError { file: file.to_owned(), line, field, message };
        let read: File = toml::from_str(text).map_err(|e| {
            let line = e.span().map_or(1, |s| line_at(text, s.start));
            fail(line, "toml".into(), refused(text, line, e.message()))
        })?;
        if read.format != 1 {
            return Err(fail(1, "format".into(), format!("{} is unknown; expected 1", read.format)));
        }
        let mut of: Vec<Profile> = ObservedProperty::ALL.iter().map(|&p| Profile::bare(p)).collect();
        let mut seen = std::collections::BTreeSet::new();
        for spanned in &read.profile {
            let (line, w) = (line_at(text, spanned.span().start), spanned.get_ref());
            let at = |(field, message): (&str, String)| fail(line, format!("{}.{field}", w.property), message);
            let profile = check(w).map_err(at)?;
            if !seen.insert(profile.property) {
                return Err(at(("property", "is listed twice".into())));
            }
            let k = profile.property as usize;
            of[k] = profile;
        }
        Ok(Self { of })
    }

    /// The profile of a property.
    #[must_use]
    pub fn of(&self, property: ObservedProperty) -> &Profile {
        &self.of[property as usize]
    }

    /// All of them, in the order of [`ObservedProperty::ALL`].
    #[must_use]
    pub fn all(&self) -> &[Profile] {
        &self.of
    }
}

impl Profile {
    fn bare(property: ObservedProperty) -> Self {
        Self {
            property,
            device: property.name(),
            owner: Bilingual::default(),
            unit: property.unit(),
            range: property.plausible(),
            jump: None,
            stuck: None,
            neighbours: None,
            period_s: crate::quality::DEFAULT_PERIOD_S,
            datum: Bilingual::default(),
            trend: false,
            view: None,
        }
    }
}

fn check(w: &Written) -> Result<Profile, (&'static str, String)> {
    let Some(property) = ObservedProperty::from_key(&w.property) else {
        let known: Vec<&str> = ObservedProperty::ALL.iter().map(|p| p.key()).collect();
        return Err(("property", format!("'{}' is unknown; expected one of {}", w.property, known.join(", "))));
    };
    if w.unit != property.unit() {
        return Err(("unit", format!("'{}'; values of {} are in '{}'", w.unit, property.key(), property.unit())));
    }
    let range = w.range.map_or(property.plausible(), |[low, high]| (low, high));
    if !(range.0.is_finite() && range.1.is_finite() && range.0 < range.1) {
        return Err(("range", format!("[{}, {}]; expected two finite numbers, the lower first", range.0, range.1)));
    }
    if w.period_s == 0 {
        return Err(("period_s", "0; expected 1 or more".into()));
    }
    let positive = |v: f64| v.is_finite() && v >= 0.0;
    if w.jump.is_some_and(|j| !positive(j.step) || !positive(j.per_min)) {
        return Err(("jump", "expected step and per_min of 0 or more".into()));
    }
    if w.stuck.is_some_and(|s| !positive(s.moved_by) || s.rest_at.is_nan()) {
        return Err(("stuck", "expected moved_by of 0 or more".into()));
    }
    if w.neighbours.is_some_and(|n| {
        !(n.radius_m > 0.0 && n.radius_m <= 20_000.0) || !positive(n.by) || !positive(n.share) || n.at_least < 2
    }) {
        return Err((
            "neighbours",
            "expected radius_m of 0 to 20000, by and share of 0 or more, at_least of 2 or more".into(),
        ));
    }
    if w.view.is_some_and(|v| {
        !(v.across_deg > 0.0 && v.across_deg < 180.0 && v.up_deg > 0.0 && v.up_deg < 180.0)
            || !positive(v.range_m)
            || !positive(v.height_m)
            || !(-90.0..=90.0).contains(&v.tilt_deg)
    }) {
        return Err(("view", "expected angles of 0 to 180°, lengths of 0 or more, tilt_deg of -90 to 90".into()));
    }
    Ok(Profile {
        property,
        device: w.device.clone(),
        owner: w.owner.clone(),
        unit: property.unit(),
        range,
        jump: w.jump,
        stuck: w.stuck,
        neighbours: w.neighbours,
        period_s: w.period_s,
        datum: w.datum.clone(),
        trend: w.trend,
        view: w.view,
    })
}

/// The profiles a room works with. Which file they are is truth ([`crate::ProfileFile`]); this is that file made ready.
#[derive(Resource, Clone, Debug)]
pub struct ProfilesInForce {
    /// By property.
    pub profiles: Arc<Profiles>,
    /// SHA-256 of the file's text, hex; empty for the shipped file.
    pub hash: String,
}

impl Default for ProfilesInForce {
    fn default() -> Self {
        Self { profiles: Profiles::shipped(), hash: String::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use guanlan_core::Lang;

    #[test]
    fn the_shipped_file_covers_every_property_in_its_own_unit() {
        let all = Profiles::shipped();
        for p in ObservedProperty::ALL {
            let profile = all.of(p);
            assert_eq!((profile.property, profile.unit), (p, p.unit()));
            assert!(SHIPPED.contains(&format!("property = \"{}\"", p.key())), "{p:?} has no profile");
            assert!(!profile.device.zh.is_empty() && !profile.device.en.is_empty());
            assert!(!profile.owner.zh.is_empty() && !profile.owner.en.is_empty(), "{p:?} has no owner");
        }
        assert!(all.of(ObservedProperty::GasLel).jump.is_none(), "for gas the jump is the news");
        assert_eq!(all.of(ObservedProperty::CameraOnline).view.map(|v| v.across_deg), Some(62.0));
    }

    #[test]
    fn the_table_has_no_hidden_pattern() {
        guanlan_core::phrases::check(PHRASES);
    }

    #[test]
    fn mistakes_are_named_with_line_and_field() {
        let head = "format = 1\n[[profile]]\nproperty = \"noise\"\ndevice = { zh = \"声\", en = \"n\" }\nunit = \"dB(A)\"\nperiod_s = 60\n";
        assert!(Profiles::parse("p", head).is_ok());
        for (from, to, field) in [
            ("\"noise\"", "\"noize\"", "noize.property"),
            ("dB(A)", "dB", "noise.unit"),
            ("period_s = 60", "period_s = 0", "noise.period_s"),
            ("period_s = 60", "period_s = 60\nrange = [3, 2]", "noise.range"),
            ("period_s = 60", "period_s = 60\njump = { step = -1, per_min = 0 }", "noise.jump"),
            ("period_s = 60", "period_s = 60\ncolour = 3", "toml"),
            ("format = 1", "format = 2", "format"),
        ] {
            let error = Profiles::parse("p", &head.replacen(from, to, 1)).unwrap_err();
            assert_eq!(error.field, field, "{error}");
            assert!(error.to_string().starts_with(&format!("p:{}: ", error.line)) && error.line >= 1);
            let told = error.to_string();
            assert_ne!(Lang::Zh.part_of(&told), told, "no Chinese for it");
        }
        let twice = format!("{head}{}", &head["format = 1\n".len()..]);
        assert_eq!(Profiles::parse("p", &twice).unwrap_err().line, 7);
    }
}
