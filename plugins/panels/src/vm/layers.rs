//! The layer tree: groups, switches, legends, and how fresh each layer's source is.

use guanlan_core::{Lang, ObservedProperty, Stamp, WaterAspect, theme::Srgb8, theme::Theme};
use guanlan_room::Picture;
use guanlan_stage::layers::{
    Cameras, LayerState,
    catalogue::{Layer, Source, Swatch, Time},
};

use super::span;
use crate::{
    counting::{Counted, SensorCount},
    words::{tr, tr_with},
};

/// How a source keeps its promise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fresh {
    /// It promises nothing.
    #[default]
    Still,
    /// Younger than promised.
    Well,
    /// Older than promised, or many streams are.
    Late,
    /// Three times older than promised, unreadable, or nothing came.
    Gone,
}

/// The lamp of a layer and its reasons.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Freshness {
    /// The lamp.
    pub lamp: Fresh,
    /// Age of the newest datum in words; empty when it has none.
    pub age: String,
    /// Further reasons: streams offline or stale, problems of a file.
    pub notes: Vec<String>,
}

/// A legend's line.
#[derive(Clone, Debug, PartialEq)]
pub struct LegendRow {
    /// Shape.
    pub swatch: Swatch,
    /// Colour in the theme.
    pub color: Srgb8,
    /// What it means.
    pub words: String,
}

/// A layer's line.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerRow {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Switched on.
    pub on: bool,
    /// Opacity chosen.
    pub opacity: f32,
    /// It can be half transparent.
    pub fades: bool,
    /// Shown alone.
    pub solo: bool,
    /// Drawn at all, with another one alone and all.
    pub drawn: bool,
    /// Freshness.
    pub fresh: Freshness,
    /// Legend.
    pub legend: Vec<LegendRow>,
    /// Label and value: owner, provenance, promised period, kind of time.
    pub facts: Vec<(&'static str, String)>,
}

/// A group's lines.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupRows {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Folded until somebody opens it.
    pub folded: bool,
    /// Layers that match the search.
    pub layers: Vec<LayerRow>,
}

/// The tree.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LayersVm {
    /// Groups with layers, in the order of the catalogue.
    pub groups: Vec<GroupRows>,
    /// Why the newest layer file is not in force.
    pub trouble: String,
    /// Layers in all.
    pub total: usize,
}

/// Age of a source against its promise.
fn against(promise_s: u32, newest: Option<Stamp>, now: Stamp, lang: Lang) -> Freshness {
    let Some(at) = newest else {
        let lamp = if promise_s > 0 { Fresh::Gone } else { Fresh::Still };
        return Freshness { lamp, age: tr(lang, "k-layer-never").to_owned(), notes: Vec::new() };
    };
    let age_ms = (now - at).max(0);
    let promise_ms = i64::from(promise_s) * 1000;
    let lamp = match promise_ms {
        0 => Fresh::Still,
        p if age_ms <= p + p / 2 => Fresh::Well,
        p if age_ms <= 3 * p => Fresh::Late,
        _ => Fresh::Gone,
    };
    Freshness { lamp, age: tr_with(lang, "k-ago", &[("span", &span(lang, age_ms))]), notes: Vec::new() }
}

fn of_sensors(layer: &Layer, count: &SensorCount, now: Stamp, lang: Lang) -> Freshness {
    if count.total == 0 {
        return Freshness { notes: vec![tr(lang, "k-layer-empty").to_owned()], ..Freshness::default() };
    }
    let mut fresh = against(layer.update_s, count.newest, now, lang);
    let silent = count.stale + count.offline;
    // One stream that speaks must not hide that the others are gone.
    if silent * 2 > count.total {
        fresh.lamp = fresh.lamp.max(Fresh::Gone);
    } else if silent * 10 > count.total {
        fresh.lamp = fresh.lamp.max(Fresh::Late);
    }
    let (total, stale, offline) = (count.total.to_string(), count.stale.to_string(), count.offline.to_string());
    fresh.notes.push(tr_with(lang, "k-layer-streams", &[("total", &total), ("offline", &offline), ("stale", &stale)]));
    fresh
}

/// How fresh a layer is.
#[must_use]
pub fn freshness(
    layer: &Layer,
    state: &LayerState,
    picture: &Picture,
    counted: &Counted,
    cameras: &Cameras,
    lang: Lang,
) -> Freshness {
    let now = picture.now;
    let fixes = || picture.units.units.iter().filter_map(|u| u.fixed).max();
    let number = |n: usize| tr_with(lang, "k-layer-things", &[("n", &n.to_string())]);
    let city = &picture.city;
    let things = |n: usize| Freshness { notes: vec![number(n)], ..Freshness::default() };
    match &layer.source {
        Source::Sensors { property } => {
            let k = ObservedProperty::from_key(property).map_or(0, |p| p as usize);
            of_sensors(layer, &counted.sensors[k], now, lang)
        }
        Source::Crews {} | Source::Trails {} => against(layer.update_s, fixes(), now, lang),
        Source::Flood { shows: WaterAspect::Depth } => match &picture.water.field {
            Some(field) => against(layer.update_s, Some(field.at), now, lang),
            None => Freshness { age: tr(lang, "k-layer-dry").to_owned(), ..Freshness::default() },
        },
        Source::Flood { shows } => match &picture.peaks.latest {
            Some(peaks) => {
                // Since when is what a maximum means; what it was made from is said beside it.
                let mut fresh = against(layer.update_s, Some(peaks.at), now, lang);
                fresh.notes.push(super::water::shown_words(picture, *shows, lang));
                fresh
            }
            None => Freshness { age: tr(lang, "k-layer-dry").to_owned(), ..Freshness::default() },
        },
        Source::Rain {} => {
            let k = ObservedProperty::RainIntensity as usize;
            of_sensors(layer, &counted.sensors[k], now, lang)
        }
        Source::Cases {} | Source::Heat {} => {
            let newest = picture.cases.open().map(|c| c.opened).max();
            let mut fresh = newest.map_or_else(Freshness::default, |at| against(0, Some(at), now, lang));
            fresh.notes.push(number(counted.whole.cases as usize));
            fresh
        }
        Source::ClosedRoads {} => {
            let mut fresh =
                picture.roads.water_at.map_or_else(Freshness::default, |at| against(0, Some(at), now, lang));
            fresh.notes.push(number(picture.roads.closed().count()));
            fresh
        }
        Source::File { .. } | Source::Tileset { .. } => of_file(layer, state, now, lang),
        Source::Cameras { file, .. } => {
            let mut fresh = if file.is_some() { of_file(layer, state, now, lang) } else { Freshness::default() };
            let open = cameras.rows.iter().filter(|c| !c.picture.is_empty()).count();
            let (n, open) = (cameras.rows.len().to_string(), open.to_string());
            fresh.notes.push(tr_with(lang, "k-layer-cameras", &[("n", &n), ("open", &open)]));
            fresh
        }
        Source::Buildings {} => things(city.buildings.len()),
        Source::Roads {} => things(city.roads.len()),
        Source::Surfaces {} => things(city.surfaces.len()),
        Source::Landmarks {} => things(city.landmarks.len()),
        Source::Tilesets {} => things(city.tilesets.len()),
        Source::Components { class } => things(city.components.iter().filter(|c| c.class.starts_with(class)).count()),
        Source::Areas {} | Source::Grid {} => things(city.areas.len()),
        Source::Drainage {} => things(city.drainage.as_ref().map_or(0, |d| d.conduits.len())),
        Source::Terrain {} | Source::Names {} | Source::Routes {} => Freshness::default(),
    }
}

fn of_file(layer: &Layer, state: &LayerState, now: Stamp, lang: Lang) -> Freshness {
    let Some(user) = state.user.0.get(&layer.id) else { return Freshness::default() };
    let mut fresh = against(layer.update_s, user.written, now, lang);
    if user.features.is_empty() && user.field.is_none() && user.tileset.is_none() {
        fresh.lamp = Fresh::Gone;
    } else if !user.problems.is_empty() {
        fresh.lamp = fresh.lamp.max(Fresh::Late);
    }
    fresh.notes.push(tr_with(
        lang,
        "k-layer-things",
        &[("n", &(user.features.len() + usize::from(user.tileset.is_some())).to_string())],
    ));
    fresh.notes.extend(user.problems.iter().take(4).cloned());
    fresh
}

fn facts(layer: &Layer, lang: Lang) -> Vec<(&'static str, String)> {
    let words =
        |w: &guanlan_stage::layers::catalogue::Words| guanlan_core::Bilingual::from(w.clone()).get(lang).to_owned();
    let mut facts = vec![("k-layer-owner", words(&layer.owner)), ("k-layer-from", words(&layer.provenance))];
    if layer.update_s > 0 {
        facts.push(("k-layer-promise", span(lang, i64::from(layer.update_s) * 1000)));
    }
    let time = match layer.time {
        Time::Static => "k-layer-static",
        Time::Live => "k-layer-live",
        Time::Model => "k-layer-model",
    };
    facts.push(("k-layer-time", tr(lang, time).to_owned()));
    facts
}

/// The tree, narrowed by a search in names, owners and provenance of both languages.
#[must_use]
pub fn layers(
    state: &LayerState,
    picture: &Picture,
    counted: &Counted,
    cameras: &Cameras,
    search: &str,
    theme: Theme,
    lang: Lang,
) -> LayersVm {
    let catalogue = state.catalogue();
    let needle = search.trim().to_lowercase();
    let matches = |l: &Layer, group: &str| {
        needle.is_empty()
            || [&l.name, &l.owner, &l.provenance]
                .into_iter()
                .flat_map(|w| [w.zh.as_str(), w.en.as_str()])
                .chain([l.id.as_str(), group])
                .any(|text| text.to_lowercase().contains(&needle))
    };
    let row = |l: &Layer| {
        let (on, opacity) = state.choice(&l.id);
        LayerRow {
            id: l.id.clone(),
            name: guanlan_core::Bilingual::from(l.name.clone()).get(lang).to_owned(),
            on,
            opacity,
            fades: l.source.fades(),
            solo: state.solo() == Some(l.id.as_str()),
            drawn: state.visible(&l.id),
            fresh: freshness(l, state, picture, counted, cameras, lang),
            legend: l
                .legend
                .iter()
                .map(|line| LegendRow {
                    swatch: line.swatch,
                    color: state.swatch(line, theme),
                    words: guanlan_core::Bilingual::from(line.words.clone()).get(lang).to_owned(),
                })
                .collect(),
            facts: facts(l, lang),
        }
    };
    let groups = catalogue
        .groups
        .iter()
        .map(|g| {
            let name = guanlan_core::Bilingual::from(g.name.clone()).get(lang).to_owned();
            let layers = catalogue.layers.iter().filter(|l| l.group == g.id && matches(l, &name)).map(row).collect();
            GroupRows { id: g.id.clone(), name, folded: g.folded && needle.is_empty(), layers }
        })
        .filter(|g| !g.layers.is_empty())
        .collect();
    LayersVm { groups, trouble: state.trouble.clone(), total: catalogue.layers.len() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{machine, picture};
    use guanlan_city::City;
    use std::sync::Arc;

    #[test]
    fn the_lamp_is_the_age_against_the_promise() {
        let now = Stamp::from_secs(10_000);
        let lamp = |promise, age_s: i64| against(promise, Some(now + -age_s * 1000), now, Lang::Zh).lamp;
        assert_eq!((lamp(60, 30), lamp(60, 100), lamp(60, 1000)), (Fresh::Well, Fresh::Late, Fresh::Gone));
        assert_eq!(lamp(0, 999_999), Fresh::Still);
        assert_eq!(against(60, None, now, Lang::En).lamp, Fresh::Gone);
        assert_eq!(against(60, Some(now + -60_000), now, Lang::En).age, "1 min ago");
    }

    #[test]
    fn many_silent_streams_are_told_even_where_one_speaks() {
        let catalogue = guanlan_stage::layers::Catalogue::shipped();
        let layer = catalogue.layers.iter().find(|l| l.id == "sensors-gas").unwrap();
        let now = Stamp::from_secs(10_000);
        let count = |stale, offline| SensorCount { total: 10, stale, offline, newest: Some(now) };
        let fresh = of_sensors(layer, &count(0, 0), now, Lang::Zh);
        assert_eq!(fresh.lamp, Fresh::Well);
        assert_eq!(of_sensors(layer, &count(2, 0), now, Lang::Zh).lamp, Fresh::Late);
        let fresh = of_sensors(layer, &count(0, 7), now, Lang::Zh);
        assert_eq!(fresh.lamp, Fresh::Gone);
        assert_eq!(fresh.notes, ["10 路，离线 7，过时 0"]);
    }

    #[test]
    fn search_finds_names_owners_and_both_languages() {
        let machine = machine(&Arc::new(City::default()));
        let p = picture(&machine);
        let state = LayerState::default();
        let ids = |search: &str| -> Vec<String> {
            let vm = layers(&state, &p, &Counted::default(), &Cameras::default(), search, Theme::CommandDark, Lang::Zh);
            vm.groups.iter().flat_map(|g| g.layers.iter().map(|l| l.id.clone())).collect()
        };
        assert_eq!(ids("").len(), state.catalogue().layers.len());
        assert_eq!(ids("力量"), ["crews"]);
        assert!(ids("water bureau").contains(&"sensors-river-stage".to_owned()));
        assert!(ids("nothing at all").is_empty());
    }
}
