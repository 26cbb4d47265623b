//! A CAP message as the room's warning: languages joined, circles made polygons, colour found.

use guanlan_core::{AlertLevel, Bilingual, Lang, Warning};

use super::{Alert, Area, Info};
use crate::place::Placer;

/// Corners of a circle's polygon.
const CORNERS: usize = 48;

/// The room's warning. Coordinates of CAP are WGS 84 whatever else a feed brings, unless its `crs` says GCJ-02 or BD-09.
///
/// # Errors
/// When the message has no info block.
pub fn warning(alert: &Alert, placer: &Placer) -> Result<Warning, String> {
    let chinese = |i: &&Info| i.language.as_deref().is_some_and(|l| l.to_ascii_lowercase().starts_with("zh"));
    let english = |i: &&Info| i.language.as_deref().is_none_or(|l| l.to_ascii_lowercase().starts_with("en"));
    let zh = alert.infos.iter().find(chinese);
    let en = alert.infos.iter().find(english);
    // A cancel may come without info.
    let empty = Info::default();
    let main = zh.or(en).or(alert.infos.first()).unwrap_or(&empty);
    if alert.infos.is_empty() && alert.kind == guanlan_core::WarningKind::Alert {
        return Err("info: an alert says nothing without it".into());
    }
    let both = |field: fn(&Info) -> &str| match (zh, en) {
        (Some(zh), Some(en)) => Bilingual::new(field(zh), field(en)),
        _ => Bilingual::same(field(main)),
    };
    let mut rings_m = Vec::new();
    let mut words: Vec<Bilingual> = Vec::new();
    // The languages say the same of one place; some senders give it only once.
    let placed = if main.areas.is_empty() { alert.infos.iter().find(|i| !i.areas.is_empty()) } else { Some(main) };
    for area in placed.iter().flat_map(|i| &i.areas) {
        let mut mended = area.mended.clone();
        if !rings(area, placer, &mut rings_m) {
            mended.push(Bilingual::new(
                "边界在本城市坐标系之外，未绘出",
                "an outline outside this city's coordinates is left out",
            ));
        }
        let said = |lang: Lang, open: &str, close: &str| {
            let notes: Vec<&str> = mended.iter().map(|m| m.get(lang)).collect();
            let notes = if notes.is_empty() { String::new() } else { format!("{open}{}{close}", notes.join("；")) };
            format!("{}{notes}", area.description)
        };
        words.push(Bilingual::new(said(Lang::Zh, "（", "）"), said(Lang::En, " (", ")")));
    }
    let joined = |lang: Lang, by: &str| words.iter().map(|w| w.get(lang)).collect::<Vec<_>>().join(by);
    let expires = alert.infos.iter().filter_map(|i| i.expires).map(|w| w.at).max();
    Ok(Warning {
        identifier: alert.identifier.clone(),
        sender: alert.sender.clone(),
        sender_name: both(|i| &i.sender_name),
        sent: alert.sent.at,
        status: alert.status,
        kind: alert.kind,
        references: alert.references.iter().map(|(_, identifier, _)| identifier.clone()).collect(),
        event: both(|i| &i.event),
        level: std::iter::once(main).chain(&alert.infos).find_map(colour).unwrap_or_else(|| by_severity(main)),
        severity: main.severity.clone(),
        urgency: main.urgency.clone(),
        certainty: main.certainty.clone(),
        headline: both(|i| if i.headline.is_empty() { &i.event } else { &i.headline }),
        description: both(|i| &i.description),
        instruction: both(|i| &i.instruction),
        effective: main.effective.unwrap_or(alert.sent).at,
        expires,
        area: Bilingual::new(joined(Lang::Zh, "；"), joined(Lang::En, "; ")),
        rings_m,
    })
}

/// English names of events in which a colour is no level.
const NO_COLOURS: [&str; 6] = ["red flag", "red tide", "red cross", "blue alert", "yellow fever", "blue-green algae"];

/// The colour a message names: parameter, headline or event.
fn colour(info: &Info) -> Option<AlertLevel> {
    let named = |text: &str| {
        let mut lower = text.to_ascii_lowercase();
        NO_COLOURS.iter().for_each(|words| lower = lower.replace(words, ""));
        let has =
            |zh: &str, en: &str| text.contains(zh) || lower.split(|c: char| !c.is_ascii_alphabetic()).any(|w| w == en);
        [
            ("红色", "red", AlertLevel::Red),
            ("橙色", "orange", AlertLevel::Orange),
            ("黄色", "yellow", AlertLevel::Yellow),
            ("蓝色", "blue", AlertLevel::Blue),
            ("绿色", "green", AlertLevel::Normal),
        ]
        .into_iter()
        .find(|(zh, en, _)| has(zh, en))
        .map(|(_, _, level)| level)
    };
    let colour = info.parameters.iter().filter(|(name, _)| {
        let name = name.to_ascii_lowercase();
        name.contains("color") || name.contains("colour") || name.contains("level") || name.contains("颜色")
    });
    let single = |text: &str| match text {
        "红" => Some(AlertLevel::Red),
        "橙" => Some(AlertLevel::Orange),
        "黄" => Some(AlertLevel::Yellow),
        "蓝" => Some(AlertLevel::Blue),
        other => named(other),
    };
    let by_name = colour.filter_map(|(_, value)| single(value.trim())).next();
    by_name.or_else(|| named(&info.headline)).or_else(|| named(&info.event))
}

/// 红 Extreme … 蓝 Minor.
fn by_severity(info: &Info) -> AlertLevel {
    match info.severity.as_str() {
        "Extreme" => AlertLevel::Red,
        "Severe" => AlertLevel::Orange,
        "Moderate" => AlertLevel::Yellow,
        "Minor" => AlertLevel::Blue,
        _ => AlertLevel::Normal,
    }
}

/// The outlines of an area; false when one lies where the city's coordinates do not reach.
fn rings(area: &Area, placer: &Placer, out: &mut Vec<Vec<[f64; 2]>>) -> bool {
    let mut all = true;
    for ring in &area.polygons {
        let local: Result<Vec<[f64; 2]>, String> = ring.iter().map(|[lat, lon]| placer.local(*lon, *lat)).collect();
        match local {
            Ok(local) => out.push(local),
            Err(_) => all = false,
        }
    }
    for [lat, lon, radius_km] in area.circles.iter().filter(|c| c[2] > 0.0) {
        let Ok([east, north]) = placer.local(*lon, *lat) else {
            all = false;
            continue;
        };
        let corner = |i: usize| {
            let turn = std::f64::consts::TAU * (i % CORNERS) as f64 / CORNERS as f64;
            [east + radius_km * 1000.0 * turn.cos(), north + radius_km * 1000.0 * turn.sin()]
        };
        out.push((0..=CORNERS).map(corner).collect());
    }
    all
}
