//! 数据目录: every source with its owner, what it promises and keeps, how good its readings are.

use guanlan_core::{Bilingual, Lang, ObservedProperty};
use guanlan_room::{
    Picture,
    sources::{Source, sources},
};

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
    pub score: u32,
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

fn row(s: Source, lang: Lang) -> SourceRow {
    let r = &s.row;
    let owner = [r.owner.get(lang), s.share.get(lang)].into_iter().filter(|w| !w.is_empty());
    let owner = owner.collect::<Vec<_>>().join(" · ");
    let kept = (r.promised_per_min > 0.0).then_some(r.kept);
    let weak = kept.is_some_and(|k| k < KEPT_WELL) || r.good < GOOD_WELL;
    let kind = [r.connector.as_str(), properties(&r.properties, lang).as_str()]
        .into_iter()
        .filter(|w| !w.is_empty())
        .collect::<Vec<_>>()
        .join(" · ");
    let share = format!("{:.0}", r.shared * 100.0);
    let rate = match kept {
        Some(_) => tr_with(
            lang,
            "k-cat-rate",
            &[("kept", &rounded(r.kept_per_min)), ("promised", &rounded(r.promised_per_min))],
        ),
        None => tr_with(lang, "k-cat-messages", &[("rate", &rounded(r.kept_per_min)), ("n", &s.messages.to_string())]),
    };
    SourceRow {
        lamp: match (s.up == Some(false), weak) {
            (true, _) => Lamp::Ill,
            (_, true) => Lamp::Strained,
            _ => Lamp::Well,
        },
        kind,
        owner: if owner.is_empty() { tr(lang, "k-cat-no-owner").to_owned() } else { owner },
        rate,
        kept: kept.map(|k| k as f32),
        // Cases, warnings, rain and pictures are no streams: they come or they do not.
        streams: match r.streams {
            0 => tr_with(lang, "k-cat-shared", &[("share", &share)]),
            n => tr_with(lang, "k-cat-streams", &[("n", &n.to_string()), ("share", &share)]),
        },
        good: format!("{:.1} %", r.good * 100.0),
        health: tr_with(
            lang,
            "k-cat-health",
            &[
                ("lag", &span(lang, (r.lag_s * 1000.0) as i64)),
                ("refused", &s.refused.to_string()),
                ("failures", &s.failures.to_string()),
            ],
        ),
        score: r.score.round().clamp(0.0, 100.0) as u32,
        trouble: lang.part_of(&s.trouble).to_owned(),
        name: if r.feed.is_empty() { tr(lang, "k-cat-unknown").to_owned() } else { r.feed.clone() },
    }
}

/// A rate: rare messages are not rounded to none.
fn rounded(per_min: f64) -> String {
    if per_min > 0.0 && per_min < 0.1 { format!("{per_min:.3}") } else { number((per_min * 10.0).round() / 10.0) }
}

/// The catalogue of a picture.
#[must_use]
pub fn catalogue(picture: &Picture, lang: Lang) -> CatalogueVm {
    let mut rows: Vec<SourceRow> = sources(picture).into_iter().map(|s| row(s, lang)).collect();
    rows.sort_by(|a, b| (std::cmp::Reverse(a.lamp), &a.name).cmp(&(std::cmp::Reverse(b.lamp), &b.name)));
    let counted = picture.catalogue.at;
    let at = if counted == guanlan_core::Stamp(0) { String::new() } else { super::clock(counted) };
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
