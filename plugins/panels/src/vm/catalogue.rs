//! 数据目录: every source with its owner, what it promises and keeps, how good its readings are.

use guanlan_core::{Bilingual, Lang, ObservedProperty};
use guanlan_room::Picture;

use super::{headline::Lamp, number, span};
use crate::words::{tr, tr_with};

/// One source.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SourceRow {
    /// Name in the feeds file.
    pub name: String,
    /// How it is doing.
    pub lamp: Lamp,
    /// Connector and what it brings.
    pub kind: String,
    /// Owner department and how it shares.
    pub owner: String,
    /// Promised and kept rate.
    pub rate: String,
    /// Share of the promise kept, 0–1; `None` when nothing is promised.
    pub kept: Option<f32>,
    /// Streams that deliver, of how many.
    pub streams: String,
    /// Share of good readings.
    pub good: String,
    /// Lag and refusals.
    pub health: String,
    /// Quality score, 0–100.
    pub score: Option<u32>,
    /// The last error.
    pub trouble: String,
}

/// All sources.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CatalogueVm {
    /// The ones in trouble first.
    pub rows: Vec<SourceRow>,
    /// Counted at, in words.
    pub at: String,
}

/// Below this share of its promise a source is weak.
const KEPT_WELL: f64 = 0.9;
/// Below this share of good readings a source is weak.
const GOOD_WELL: f64 = 0.95;

fn properties(list: &[ObservedProperty], lang: Lang) -> String {
    let mut words: Vec<&str> = Vec::new();
    let names: Vec<Bilingual> = list.iter().map(|p| p.name()).collect();
    words.extend(names.iter().take(4).map(|n| n.get(lang)));
    let more = list.len().saturating_sub(4);
    let text = words.join(if lang == Lang::Zh { "、" } else { ", " });
    if more > 0 { format!("{text} +{more}") } else { text }
}

/// The catalogue of a picture.
#[must_use]
pub fn catalogue(picture: &Picture, lang: Lang) -> CatalogueVm {
    let counted = &picture.catalogue;
    let mut rows: Vec<SourceRow> = counted
        .rows
        .iter()
        .map(|c| {
            let feed = picture.feeds.get(&c.feed);
            let figures = feed.map(|f| &f.figures);
            let share = figures.map_or("", |f| f.share.get(lang));
            let owner = [c.owner.get(lang), share].into_iter().filter(|w| !w.is_empty());
            let owner = owner.collect::<Vec<_>>().join(" · ");
            let down = feed.is_some_and(|f| !f.up);
            let kept = (c.promised_per_min > 0.0).then_some(c.kept);
            let weak = kept.is_some_and(|k| k < KEPT_WELL) || c.good < GOOD_WELL;
            let refused = figures.map_or(0, |f| f.refused);
            let failures = figures.map_or(0, |f| f.failures);
            SourceRow {
                name: if c.feed.is_empty() { tr(lang, "k-cat-unknown").to_owned() } else { c.feed.clone() },
                lamp: match (down, weak) {
                    (true, _) => Lamp::Ill,
                    (_, true) => Lamp::Strained,
                    _ => Lamp::Well,
                },
                kind: [c.connector.as_str(), properties(&c.properties, lang).as_str()]
                    .into_iter()
                    .filter(|w| !w.is_empty())
                    .collect::<Vec<_>>()
                    .join(" · "),
                owner: if owner.is_empty() { tr(lang, "k-cat-no-owner").to_owned() } else { owner },
                rate: tr_with(
                    lang,
                    "k-cat-rate",
                    &[("kept", &number(c.kept_per_min)), ("promised", &number(c.promised_per_min))],
                ),
                kept: kept.map(|k| k as f32),
                streams: tr_with(
                    lang,
                    "k-cat-streams",
                    &[("n", &c.streams.to_string()), ("share", &format!("{:.0}", c.shared * 100.0))],
                ),
                good: format!("{:.1} %", c.good * 100.0),
                health: tr_with(
                    lang,
                    "k-cat-health",
                    &[
                        ("lag", &span(lang, (c.lag_s * 1000.0) as i64)),
                        ("refused", &refused.to_string()),
                        ("failures", &failures.to_string()),
                    ],
                ),
                score: Some(c.score.round().clamp(0.0, 100.0) as u32),
                trouble: feed.map_or_else(String::new, |f| f.message.clone()),
            }
        })
        .collect();
    // A source that has brought no stream yet is listed all the same: cases, positions, warnings, rain.
    for (name, feed) in picture.feeds.iter().filter(|(name, _)| !counted.rows.iter().any(|c| c.feed == **name)) {
        let f = &feed.figures;
        rows.push(SourceRow {
            name: name.clone(),
            lamp: if feed.up { Lamp::Well } else { Lamp::Ill },
            kind: f.connector.clone(),
            owner: match f.owner.get(lang) {
                "" => tr(lang, "k-cat-no-owner").to_owned(),
                owner => owner.to_owned(),
            },
            rate: tr_with(lang, "k-cat-messages", &[("rate", &number(f.per_min)), ("n", &f.messages.to_string())]),
            health: tr_with(
                lang,
                "k-cat-health",
                &[
                    ("lag", &span(lang, f.lag_ms)),
                    ("refused", &f.refused.to_string()),
                    ("failures", &f.failures.to_string()),
                ],
            ),
            trouble: feed.message.clone(),
            ..SourceRow::default()
        });
    }
    rows.sort_by(|a, b| (std::cmp::Reverse(a.lamp), &a.name).cmp(&(std::cmp::Reverse(b.lamp), &b.name)));
    let at = if counted.at == guanlan_core::Stamp(0) { String::new() } else { super::clock(counted.at) };
    CatalogueVm { rows, at }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_properties_are_cut_short() {
        use ObservedProperty::{BinFill, GasLel, Noise, Pm25, RainIntensity, RiverStage};
        let words = properties(&[Noise, GasLel, Pm25, BinFill, RiverStage, RainIntensity], Lang::Zh);
        assert!(words.ends_with("+2") && words.matches('、').count() == 3, "{words}");
    }
}
