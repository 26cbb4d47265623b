//! The values panels show, made again only when the picture or a choice changed.

use std::sync::Arc;

use bevy::prelude::Resource;
use guanlan_core::{TimelineId, WaterAspect};
use guanlan_room::RoomConfig;
use guanlan_stage::Ground;
use guanlan_stage::layers::{AreaTree, Cameras, LayerState};

use crate::{
    counting::Counting,
    layout::{Preset, Side, Slot},
    past::Past,
    rooms::Shown,
    state::Desk,
    vm::{
        alerts::{self, AlertsVm},
        areas::{self, AreasVm},
        briefing::{self, BriefingVm},
        cases::{self, CasesVm},
        catalogue::{self, CatalogueVm},
        crews::{self, CrewsVm},
        detail::{self, DetailVm},
        figures::{self, FiguresVm, Gauges},
        headline::{self, HeadlineVm},
        health::{self, HealthVm},
        layers::{self, LayersVm},
        records::{self, RecordsVm},
        risk::{self, RiskVm},
        tell::{Sources, Told},
        timebar::{self, TimeBarVm},
        trend::{self, TrendVm},
        warnings::{self, WarningsVm},
        water::{self, WaterVm},
        why::{self, WhyVm},
        works::{self, Work},
    },
};

#[derive(Clone, Debug, PartialEq)]
struct Key {
    timeline: TimelineId,
    tick: u64,
    at: i64,
    live: i64,
    paused: bool,
    speed: u64,
    revision: u64,
    preset: Preset,
    counted: u64,
    layers: u64,
    open: (Side, bool),
    past: u64,
}

/// What values are made of besides the picture.
#[derive(Clone, Copy)]
pub struct Around<'a> {
    /// Areas.
    pub tree: &'a AreaTree,
    /// Figures of areas and layers.
    pub counting: &'a Counting,
    /// Layers.
    pub layers: &'a LayerState,
    /// Cameras.
    pub cameras: &'a Cameras,
    /// The ground.
    pub ground: &'a Ground,
    /// Answers about the past.
    pub past: &'a Past,
    /// The timeline shown keeps its past.
    pub kept: bool,
    /// What the rooms are made of.
    pub config: &'a RoomConfig,
    /// Where the city lies, degrees east, if known.
    pub lon_deg: Option<f64>,
}

impl<'a> Around<'a> {
    /// Where words about a mark come from.
    #[must_use]
    pub fn sources(&self, picture: &'a guanlan_room::Picture, lang: guanlan_core::Lang) -> Sources<'a> {
        Sources {
            picture,
            ground: self.ground,
            layers: self.layers,
            cameras: self.cameras,
            areas: self.tree,
            counted: &self.counting.counted,
            lang,
        }
    }
}

/// All values of one picture.
#[derive(Clone, Debug)]
pub struct Values {
    /// The strip.
    pub headline: HeadlineVm,
    /// Alerts.
    pub alerts: AlertsVm,
    /// Warnings of other authorities.
    pub warnings: WarningsVm,
    /// Measures seen on the map.
    pub works: Vec<Work>,
    /// Figures.
    pub figures: FiguresVm,
    /// Cases.
    pub cases: CasesVm,
    /// Crews.
    pub crews: CrewsVm,
    /// The chosen case.
    pub detail: Option<DetailVm>,
    /// The time bar.
    pub bar: TimeBarVm,
    /// The briefing.
    pub briefing: BriefingVm,
    /// Breadcrumb and table of areas.
    pub areas: AreasVm,
    /// The layer tree, while it is open.
    pub layers: LayersVm,
    /// The water's desk, while it is open.
    pub water: WaterVm,
    /// What is said of the water on every picture.
    pub water_note: String,
    /// What the colours of the water mean, where they are not its depth.
    pub water_legend: Option<water::Choice>,
    /// 数据目录, while it is open.
    pub catalogue: CatalogueVm,
    /// Why the chosen alert has its colour.
    pub why: Option<WhyVm>,
    /// The past of a stream, while it is asked for.
    pub trend: Option<TrendVm>,
    /// Risks, while they are open.
    pub risk: RiskVm,
    /// Figures of cases, while they are open.
    pub records: RecordsVm,
    /// How the room is, while that is open.
    pub health: HealthVm,
    /// Pinned callouts with their number at the desk.
    pub pins: Vec<(usize, Told)>,
}

/// Keeps the values of the picture shown.
#[derive(Resource, Default)]
pub struct Made {
    key: Option<Key>,
    gauges: Gauges,
    /// The values; `None` before the first picture.
    pub values: Option<Arc<Values>>,
    /// When they were made, s of the program's clock.
    pub at_s: f64,
}

/// Values are made at most this often while nobody touches anything, s.
pub const EVERY_S: f64 = 0.1;

impl Made {
    /// Makes the values again where needed. True when they are new.
    pub fn follow(&mut self, shown: &Shown, desk: &Desk, slots: &[Slot], around: Around<'_>, now_s: f64) -> bool {
        let p = &shown.picture;
        let key = Key {
            timeline: shown.timeline.clone(),
            tick: p.tick,
            at: p.now.0,
            live: shown.live.now.0,
            paused: p.playback.paused,
            speed: p.playback.speed.to_bits(),
            revision: desk.revision,
            preset: desk.preset,
            counted: around.counting.version,
            layers: around.layers.revision,
            open: (desk.side, desk.why),
            past: around.past.version,
        };
        if self.key.as_ref() == Some(&key) {
            return false;
        }
        let touched = self.key.as_ref().is_none_or(|k| {
            (k.revision, k.preset, k.layers, k.open, k.past)
                != (key.revision, key.preset, key.layers, key.open, key.past)
        });
        if !touched && now_s - self.at_s < EVERY_S {
            return false;
        }
        let (lang, role) = (desk.lang(), desk.role);
        let has = |slot| slots.contains(&slot);
        self.gauges.follow(p);
        let leaders = desk.preset == Preset::Briefing;
        self.values = Some(Arc::new(Values {
            headline: headline::headline(p, &shown.timeline, &shown.timelines, role, leaders, shown.can_exercise, lang)
                .at(around.lon_deg, lang),
            alerts: if has(Slot::Alerts) { alerts::alerts(p, desk.group, role, lang) } else { AlertsVm::default() },
            warnings: warnings::warnings(p, lang),
            works: works::works(p, lang),
            figures: if has(Slot::Figures) { figures::figures(p, &self.gauges, lang) } else { FiguresVm::default() },
            cases: cases::cases(p, lang),
            crews: if has(Slot::Crews) { crews::crews(p, desk.team, lang) } else { CrewsVm::default() },
            detail: desk.case.as_ref().and_then(|id| detail::detail(p, id, role, &desk.search, lang)),
            bar: timebar::timebar(&shown.base, p, desk.watching.is_some()),
            briefing: if leaders || desk.tour.on {
                briefing::briefing(p, &self.gauges, lang)
            } else {
                BriefingVm::default()
            },
            areas: areas::areas(&p.city, around.tree, &around.counting.counted, desk.area, lang),
            layers: if has(Slot::Layers) {
                let search = desk.tree.search.as_str();
                let theme = desk.look.theme;
                layers::layers(around.layers, p, &around.counting.counted, around.cameras, search, theme, lang)
            } else {
                LayersVm::default()
            },
            water: if has(Slot::Water) {
                water::water(p, water::choices(around.layers, p, desk.look.theme, lang), role, lang)
            } else {
                WaterVm::default()
            },
            water_note: around.layers.water().map_or_else(String::new, |(shows, _)| water::note(p, shows, lang)),
            water_legend: water::choices(around.layers, p, desk.look.theme, lang)
                .into_iter()
                .find(|c| c.on && c.shows != WaterAspect::Depth),
            catalogue: if has(Slot::Catalogue) { catalogue::catalogue(p, lang) } else { CatalogueVm::default() },
            why: desk.alert.filter(|_| has(Slot::Why)).and_then(|id| why::why(p, id, role, lang)),
            trend: desk.trend.as_ref().filter(|_| has(Slot::Trend)).and_then(|sensor| {
                let question = trend::question(p, &shown.timeline, sensor, desk.trend_span);
                trend::trend(p, around.past, &question, around.kept, lang)
            }),
            risk: if has(Slot::Risk) { risk::risk(p, desk.risk, lang) } else { RiskVm::default() },
            records: if has(Slot::Records) {
                let question = records::question(p, &shown.timeline, desk.records.0, desk.records.1);
                records::records(p, &around.config.case_rules, around.past, &question, around.kept, lang)
            } else {
                RecordsVm::default()
            },
            health: if has(Slot::System) { health::health(p, role, lang) } else { HealthVm::default() },
            pins: desk
                .pins
                .iter()
                .enumerate()
                .filter_map(|(i, pin)| Some((i, around.sources(p, lang).tell(pin)?)))
                .collect(),
        }));
        self.key = Some(key);
        self.at_s = now_s;
        true
    }
}
