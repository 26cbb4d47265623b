//! What a rule file has besides rules: areas, inhibition, clocks of calling.

use guanlan_core::{AlertLevel, Bilingual, ObservedProperty};

use super::{
    check::{Fault, level, property},
    set::Rule,
    spec::{Matcher, RuleFile},
};

/// An area of the file: a ring of corners, local metres.
#[derive(Clone, Debug, PartialEq)]
pub struct Area {
    /// What rules call it.
    pub name: String,
    /// Words on the screen.
    pub title: Bilingual,
    /// Corners, not closed.
    pub ring_m: Vec<[f64; 2]>,
}

/// What must be equal between source and target of an inhibition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Label {
    /// The stream.
    Sensor,
    /// The observed property.
    Property,
    /// Digits of the area's code: 15, 12, 9, 6, 4.
    Code(u8),
}

/// Which alerts are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// Rule name, or its beginning and `*`; empty matches all.
    pub rule: String,
    /// The observed property.
    pub property: Option<ObservedProperty>,
    /// From this level …
    pub from: AlertLevel,
    /// … up to this one.
    pub up_to: AlertLevel,
}

impl Match {
    /// True for alerts of this rule (with or without its version), property and level.
    #[must_use]
    pub fn fits(&self, rule: &str, property: ObservedProperty, level: AlertLevel) -> bool {
        fits_name(&self.rule, rule)
            && self.property.is_none_or(|p| p == property)
            && (self.from..=self.up_to).contains(&level)
    }
}

/// True when `pattern` (a name, its beginning and `*`, or nothing) fits a rule's name or tag.
#[must_use]
pub fn fits_name(pattern: &str, tag: &str) -> bool {
    let name = tag.rsplit_once('@').map_or(tag, |(name, _)| name);
    match pattern.strip_suffix('*') {
        Some(begin) => name.starts_with(begin),
        None => pattern.is_empty() || pattern == name,
    }
}

/// While a source is active, targets with the same labels call nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inhibit {
    /// What makes others unnecessary.
    pub source: Match,
    /// What becomes unnecessary.
    pub target: Match,
    /// What must be equal.
    pub equal: Vec<Label>,
}

/// Clocks of calling, ms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notify {
    /// Times to 街道, 区, 市 by level: blue (never), yellow, orange, red.
    pub escalate_ms: [Option<[i64; 3]>; 4],
    /// Time between calls of a group that still fires.
    pub repeat_ms: i64,
    /// Pause between sounds: orange and yellow, red.
    pub sound_ms: [i64; 2],
    /// Gap after which a hazard's alerts in one area are a new group.
    pub episode_ms: i64,
    /// Groups shown at most.
    pub cards: usize,
}

impl Default for Notify {
    fn default() -> Self {
        Self {
            escalate_ms: [
                None,
                Some([300_000, 900_000, 1_800_000]),
                Some([120_000, 360_000, 600_000]),
                Some([60_000, 180_000, 300_000]),
            ],
            repeat_ms: 14_400_000,
            sound_ms: [30_000, 10_000],
            episode_ms: 1_800_000,
            cards: 20,
        }
    }
}

pub(super) struct Extras {
    pub areas: Vec<Area>,
    pub inhibits: Vec<Inhibit>,
    pub notify: Notify,
}

/// Offset of the table, field, message.
type Where = (usize, String, String);

pub(super) fn read(file: &RuleFile, rules: &[Rule]) -> Result<Extras, Where> {
    let mut areas: Vec<Area> = Vec::new();
    for spanned in &file.area {
        let (a, at) = (spanned.get_ref(), spanned.span().start);
        let wrong = |field: &str, message: &str| Err((at, format!("area.{}.{field}", a.name), message.to_owned()));
        if a.name.is_empty() || areas.iter().any(|other| other.name == a.name) {
            return wrong("name", "empty or used twice");
        }
        if a.title.zh.is_empty() || a.title.en.is_empty() {
            return wrong("title", "expected words in zh and in en");
        }
        let ring_m = match (a.centre_m, a.radius_m) {
            (None, None) => a.ring_m.clone(),
            (Some([x, y]), Some(r)) if a.ring_m.is_empty() && r > 0.0 && r.is_finite() => (0..48)
                .map(|k| {
                    let angle = std::f64::consts::TAU * f64::from(k) / 48.0;
                    [x + r * angle.cos(), y + r * angle.sin()]
                })
                .collect(),
            _ => return wrong("centre_m", "expected either ring_m, or centre_m with a radius_m above 0"),
        };
        if ring_m.len() < 3 || ring_m.iter().flatten().any(|v| !v.is_finite()) {
            return wrong("ring_m", "expected at least three corners [east, north] in local metres");
        }
        areas.push(Area {
            name: a.name.clone(),
            title: Bilingual::new(a.title.zh.clone(), a.title.en.clone()),
            ring_m,
        });
    }
    let mut inhibits = Vec::new();
    for spanned in &file.inhibit {
        let (spec, at) = (spanned.get_ref(), spanned.span().start);
        let place = |(field, message): Fault| (at, format!("inhibit.{field}"), message);
        let mut equal = Vec::new();
        for word in &spec.equal {
            equal.push(match word.as_str() {
                "sensor" => Label::Sensor,
                "property" => Label::Property,
                "grid" => Label::Code(15),
                "community" => Label::Code(12),
                "street" => Label::Code(9),
                "district" => Label::Code(6),
                "city" => Label::Code(4),
                other => {
                    let words = "sensor, property, grid, community, street, district or city";
                    return Err(place(("equal".into(), format!("'{other}'; expected {words}"))));
                }
            });
        }
        if equal.is_empty() {
            return Err(place(("equal".into(), "empty; expected at least one label".into())));
        }
        inhibits.push(Inhibit {
            source: matcher(&spec.source, "source", rules).map_err(place)?,
            target: matcher(&spec.target, "target", rules).map_err(place)?,
            equal,
        });
    }
    if file.inhibit.is_empty() {
        // DOMAIN §2.6: a red makes yellow and blue of the same thing and property unnecessary.
        let any = |from, up_to| Match { rule: String::new(), property: None, from, up_to };
        inhibits.push(Inhibit {
            source: any(AlertLevel::Red, AlertLevel::Red),
            target: any(AlertLevel::Blue, AlertLevel::Yellow),
            equal: vec![Label::Sensor, Label::Property],
        });
    }
    let n = &file.notify;
    let wrong = |field: &str, message: &str| (0, format!("notify.{field}"), message.to_owned());
    let ladder = |field: &str, s: [f64; 3]| {
        let fine = s[0] >= 0.0 && s[0] < s[1] && s[1] < s[2] && s[2] <= 604_800.0;
        fine.then(|| s.map(|s| (s * 1000.0).round() as i64))
            .ok_or_else(|| wrong(field, "expected three times in seconds, each later than the one before"))
    };
    let ms = |field: &str, s: f64| {
        let fine = (0.0..=604_800.0).contains(&s);
        fine.then(|| (s * 1000.0).round() as i64).ok_or_else(|| wrong(field, "expected 0 to 604800 seconds"))
    };
    if !(1..=200).contains(&n.cards) {
        return Err(wrong("cards", "expected 1 to 200"));
    }
    let notify = Notify {
        escalate_ms: [
            None,
            Some(ladder("yellow_s", n.yellow_s)?),
            Some(ladder("orange_s", n.orange_s)?),
            Some(ladder("red_s", n.red_s)?),
        ],
        repeat_ms: ms("repeat_s", n.repeat_s)?,
        sound_ms: [ms("sound_other_s", n.sound_other_s)?, ms("sound_red_s", n.sound_red_s)?],
        episode_ms: ms("episode_s", n.episode_s)?,
        cards: n.cards as usize,
    };
    Ok(Extras { areas, inhibits, notify })
}

fn matcher(spec: &Matcher, side: &str, rules: &[Rule]) -> Result<Match, Fault> {
    let field = |name: &str| format!("{side}.{name}");
    if !spec.rule.is_empty() && !rules.iter().any(|r| fits_name(&spec.rule, &r.name)) {
        return Err((field("rule"), format!("'{}' fits no rule of this file", spec.rule)));
    }
    let bound = |word: &str, name: &str, otherwise| {
        if word.is_empty() { Ok(otherwise) } else { level(&field(name), word) }
    };
    let (from, up_to) = (bound(&spec.from, "from", AlertLevel::Blue)?, bound(&spec.up_to, "up_to", AlertLevel::Red)?);
    if from > up_to {
        return Err((field("from"), "is above up_to".into()));
    }
    let property = if spec.property.is_empty() { None } else { Some(property(&field("property"), &spec.property)?) };
    Ok(Match { rule: spec.rule.clone(), property, from, up_to })
}
