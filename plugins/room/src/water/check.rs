//! Is a measure a measure of this city, and may it be done here? Decided from the static city alone, so that every
//! room answers the same with or without a model beside it.

use std::collections::BTreeSet;

use bevy_ecs::prelude::Resource;
use guanlan_city::City;
use guanlan_core::{Bilingual, Mode, Refusal, RefusalKind};
use guanlan_dispatch::roads::road_name;
use guanlan_geography::LocalFrame;
use guanlan_rainstorm::{
    Measure,
    measures::{BarrierKind, Cost, CostBook, PumpRun},
};
use serde_json::Value;

use super::{is_played, no};

/// A measure that can be done here.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Checked {
    /// As JSON, places in local metres.
    pub json: String,
    /// In words.
    pub name: Bilingual,
    /// Where, local m.
    pub place_m: Option<[f64; 2]>,
    /// People, trucks, time.
    pub cost: Cost,
    /// False where nothing takes it back.
    pub undoable: bool,
    /// Road edge it closes or opens.
    pub road: Option<(u32, bool)>,
}

/// Names and extents of a city, to check measures against. A constant of the room.
#[derive(Resource)]
pub(crate) struct Checker {
    frame: LocalFrame,
    extent: [f64; 4],
    pumps: BTreeSet<String>,
    nodes: std::collections::BTreeMap<String, Option<[f64; 2]>>,
    pump_places: std::collections::BTreeMap<String, Option<[f64; 2]>>,
    outfalls: BTreeSet<String>,
    conduits: BTreeSet<String>,
    roads: Vec<(Bilingual, [f64; 2])>,
    costs: CostBook,
}

impl Checker {
    pub fn new(city: &City) -> Self {
        let mut checker = Self {
            frame: LocalFrame::new(city.epsg, city.origin),
            extent: extent(city),
            pumps: BTreeSet::new(),
            nodes: Default::default(),
            pump_places: Default::default(),
            outfalls: BTreeSet::new(),
            conduits: BTreeSet::new(),
            roads: city
                .roads
                .iter()
                .map(|r| (road_name(r), r.line.get(r.line.len() / 2).map_or([0.0; 2], |p| p.map(f64::from))))
                .collect(),
            costs: CostBook::builtin().unwrap_or_default(),
        };
        for net in city.drainage.iter() {
            for node in &net.nodes {
                checker.nodes.insert(node.id.clone(), node.place_m);
                if node.kind == guanlan_city::model::DrainNodeKind::Outfall {
                    checker.outfalls.insert(node.id.clone());
                }
            }
            for pump in &net.pumps {
                checker.pumps.insert(pump.id.clone());
                let place = net.nodes.get(pump.from).and_then(|n| n.place_m);
                checker.pump_places.insert(pump.id.clone(), place);
            }
            checker.conduits.extend(net.conduits.iter().map(|c| c.id.clone()));
        }
        checker
    }

    /// Reads and checks a measure as a command carries it.
    pub fn check(&self, measure: &Value, mode: Mode) -> Result<Checked, Refusal> {
        let measure: Measure = serde_json::from_value(measure.clone()).map_err(|e| {
            no(
                RefusalKind::Invalid,
                format_args!("措施无法识别：{e}；格式见 guanlan schema measure"),
                format_args!("measure: {e}; see guanlan schema measure"),
            )
        })?;
        self.check_measure(measure, mode)
    }

    /// As [`Self::check`], from text.
    pub fn check_text(&self, json: &str, mode: Mode) -> Result<Checked, Refusal> {
        let value: Value = serde_json::from_str(json)
            .map_err(|e| no(RefusalKind::Invalid, format_args!("措施无法识别：{e}"), format_args!("measure: {e}")))?;
        self.check(&value, mode)
    }

    fn check_measure(&self, measure: Measure, mode: Mode) -> Result<Checked, Refusal> {
        if !is_played(mode) && invents(&measure) {
            return Err(no(
                RefusalKind::Conflict,
                "实况中的雨和海绵设施只能来自现场，请在演练或预报中试验",
                "in the live room rain and built works come from the city itself; try this in an exercise or a forecast",
            ));
        }
        if let Some(why) = measure.problem() {
            return Err(no(RefusalKind::Invalid, format_args!("措施参数有误：{why}"), format_args!("measure: {why}")));
        }
        let measure = measure
            .localised(&self.frame)
            .map_err(|e| no(RefusalKind::Invalid, format_args!("位置有误：{e}"), format_args!("place: {e}")))?;
        self.exists(&measure)?;
        let places = places(&measure);
        if let Some(at) = places.iter().find(|p| !self.inside(**p)) {
            return Err(no(
                RefusalKind::Invalid,
                format_args!("({:.1}, {:.1}) 不在城市范围内", at[0], at[1]),
                format_args!("({:.1}, {:.1}) is outside the city", at[0], at[1]),
            ));
        }
        let json = serde_json::to_string(&measure)
            .map_err(|e| no(RefusalKind::Invalid, format_args!("措施：{e}"), format_args!("measure: {e}")))?;
        Ok(Checked {
            name: self.words(&measure),
            place_m: self.place(&measure, &places),
            cost: self.costs.of(&measure),
            undoable: !matches!(measure, Measure::Pour { .. }),
            road: match &measure {
                Measure::RoadClosed { road, closed } => u32::try_from(*road).ok().map(|r| (r, *closed)),
                _ => None,
            },
            json,
        })
    }

    fn inside(&self, [x, y]: [f64; 2]) -> bool {
        let [w, s, e, n] = self.extent;
        x >= w && x <= e && y >= s && y <= n
    }

    fn exists(&self, measure: &Measure) -> Result<(), Refusal> {
        let missing = |zh: &str, en: &str, id: &str, known: usize| {
            Err(no(
                RefusalKind::NotFound,
                format_args!("没有{zh} {id}（共 {known} 个）"),
                format_args!("there is no {en} '{id}' (of {known})"),
            ))
        };
        match measure {
            Measure::PumpFailed { pump, .. } | Measure::PumpSwitch { pump, .. } if !self.pumps.contains(pump) => {
                missing("水泵", "pump", pump, self.pumps.len())
            }
            Measure::InletOpen { node, .. } | Measure::CoverOpen { node, .. } if !self.nodes.contains_key(node) => {
                missing("检查井", "node", node, self.nodes.len())
            }
            Measure::OutfallLevel { node, .. } if !self.outfalls.contains(node) => {
                missing("排口", "outfall", node, self.outfalls.len())
            }
            Measure::ConduitBlocked { conduit, .. } if !self.conduits.contains(conduit) => {
                missing("管段", "conduit", conduit, self.conduits.len())
            }
            Measure::RoadClosed { road, .. } if *road >= self.roads.len() => {
                missing("路段", "road edge", &road.to_string(), self.roads.len())
            }
            _ => Ok(()),
        }
    }

    fn place(&self, measure: &Measure, places: &[[f64; 2]]) -> Option<[f64; 2]> {
        match measure {
            Measure::PumpFailed { pump, .. } | Measure::PumpSwitch { pump, .. } => *self.pump_places.get(pump)?,
            Measure::InletOpen { node, .. } | Measure::CoverOpen { node, .. } | Measure::OutfallLevel { node, .. } => {
                *self.nodes.get(node)?
            }
            Measure::RoadClosed { road, .. } => self.roads.get(*road).map(|r| r.1),
            _ => places.get(places.len() / 2).copied(),
        }
    }

    fn words(&self, measure: &Measure) -> Bilingual {
        let (zh, en) = match measure {
            Measure::Rain(_) | Measure::RainIntensity(_) => ("改变降雨".to_owned(), "rain changed".to_owned()),
            Measure::Paint(s) => (format!("绘制降雨 {:.0} mm/h", s.mm_h), format!("rain painted, {:.0} mm/h", s.mm_h)),
            Measure::Unpaint(_) => ("擦除绘制的降雨".into(), "painted rain removed".into()),
            Measure::Pour { volume_m3, .. } => {
                (format!("涌水 {volume_m3:.0} m³"), format!("{volume_m3:.0} m³ came up"))
            }
            Measure::PumpFailed { pump, failed: true } => (format!("水泵 {pump} 故障"), format!("pump {pump} failed")),
            Measure::PumpFailed { pump, .. } => (format!("水泵 {pump} 修复"), format!("pump {pump} repaired")),
            Measure::PumpSwitch { pump, run: PumpRun::On } => {
                (format!("开启水泵 {pump}"), format!("pump {pump} started"))
            }
            Measure::PumpSwitch { pump, run: PumpRun::Off } => {
                (format!("停止水泵 {pump}"), format!("pump {pump} stopped"))
            }
            Measure::PumpSwitch { pump, run: PumpRun::Auto } => {
                (format!("水泵 {pump} 转自动"), format!("pump {pump} back to its rules"))
            }
            Measure::InletOpen { node, open_share } if *open_share >= 0.5 => {
                (format!("清掏雨水口 {node}"), format!("inlets of {node} cleared"))
            }
            Measure::InletOpen { node, .. } => (format!("雨水口 {node} 堵塞"), format!("inlets of {node} blocked")),
            Measure::CoverOpen { node, open: true } => (format!("开启井盖 {node}"), format!("cover of {node} opened")),
            Measure::CoverOpen { node, .. } => (format!("盖回井盖 {node}"), format!("cover of {node} put back")),
            Measure::OutfallLevel { node, level_m: Some(m) } => {
                (format!("排口 {node} 外水位 {m:.2} m"), format!("water outside {node} at {m:.2} m"))
            }
            Measure::OutfallLevel { node, .. } => {
                (format!("排口 {node} 外水位复原"), format!("water outside {node} as before"))
            }
            Measure::ConduitBlocked { conduit, share } => (
                format!("管段 {conduit} 堵塞 {:.0} %", share * 100.0),
                format!("conduit {conduit} blocked by {:.0} %", share * 100.0),
            ),
            Measure::MobilePump { id, set: Some(p) } => (
                format!("泵车 {id} 就位，{:.0} m³/h", p.flow_m3_h),
                format!("pump truck {id} in place, {:.0} m³/h", p.flow_m3_h),
            ),
            Measure::MobilePump { id, .. } => (format!("泵车 {id} 撤离"), format!("pump truck {id} gone")),
            Measure::Barrier { id, set: Some(b) } => {
                let (zh, en) = match b.kind {
                    BarrierKind::Sandbags => ("沙袋", "sandbags"),
                    BarrierKind::Gate => ("防洪闸", "flood gate"),
                    BarrierKind::Kerb => ("路缘加高", "raised kerb"),
                };
                let (state_zh, state_en) = if b.closed { ("", "") } else { ("（开启）", " (open)") };
                (format!("{zh} {id}{state_zh}"), format!("{en} {id}{state_en}"))
            }
            Measure::Barrier { id, .. } => (format!("拆除挡水 {id}"), format!("barrier {id} removed")),
            Measure::Sponge { id, set: Some(_) } => (format!("海绵设施 {id}"), format!("sponge measure {id}")),
            Measure::Sponge { id, .. } => (format!("取消海绵设施 {id}"), format!("sponge measure {id} removed")),
            Measure::RiverStage { rise_m } => {
                (format!("河道水位 {rise_m:+.2} m"), format!("river stage {rise_m:+.2} m"))
            }
            Measure::RoadClosed { road, closed } => {
                let name = self.roads.get(*road).map(|r| r.0.clone()).unwrap_or_default();
                let (zh, en) = if *closed { ("封闭", "closed") } else { ("开放", "opened") };
                (format!("{zh}{}", name.zh), format!("{} {en}", name.get(guanlan_core::Lang::En)))
            }
        };
        Bilingual { zh, en }
    }
}

/// Rain and built works are not done in a real city by a command.
fn invents(measure: &Measure) -> bool {
    matches!(
        measure,
        Measure::Rain(_) | Measure::RainIntensity(_) | Measure::Paint(_) | Measure::Unpaint(_) | Measure::Sponge { .. }
    )
}

/// Places a measure names, local m. Rain may be painted beyond the city.
fn places(measure: &Measure) -> Vec<[f64; 2]> {
    match measure {
        Measure::Pour { east_m, north_m, .. } => vec![[*east_m, *north_m]],
        Measure::MobilePump { set: Some(p), .. } => p.at_m.into_iter().collect(),
        Measure::Barrier { set: Some(b), .. } => b.line_m.clone(),
        _ => Vec::new(),
    }
}

/// The part of the plane that belongs to the city: its terrain, or what its data say.
fn extent(city: &City) -> [f64; 4] {
    match &city.terrain {
        Some(t) => {
            let (w, h) = (t.cols as f64 * t.cell_m, t.rows as f64 * t.cell_m);
            [t.west_m, t.south_m, t.west_m + w, t.south_m + h]
        }
        None => city.extent.map(f64::from),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use guanlan_city::model::{DrainNode, DrainageNetwork, Pump, Road};
    use serde_json::json;

    fn town() -> City {
        City {
            epsg: 4549,
            origin: [500_000.0, 3_350_000.0],
            extent: [0.0, 0.0, 1000.0, 1000.0],
            roads: vec![Road { line: vec![[0.0, 0.0], [10.0, 0.0]], ..Road::default() }],
            drainage: Some(DrainageNetwork {
                nodes: vec![DrainNode { id: "J1".into(), place_m: Some([5.0, 5.0]), ..DrainNode::default() }],
                pumps: vec![Pump { id: "P1".into(), ..Pump::default() }],
                ..DrainageNetwork::default()
            }),
            ..City::default()
        }
    }

    #[test]
    fn only_what_exists_may_be_done_and_only_where_it_may() {
        let checker = Checker::new(&town());
        let live = |v: Value| checker.check(&v, Mode::Live);
        let ok = live(json!({"pump_switch": {"pump": "P1", "run": "on"}})).unwrap();
        assert_eq!((ok.place_m, ok.undoable, ok.cost.people), (Some([5.0, 5.0]), true, 1.0));
        assert_eq!(live(json!({"pump_switch": {"pump": "P9", "run": "on"}})).unwrap_err().kind, RefusalKind::NotFound);
        assert_eq!(live(json!({"rain_intensity": 50.0})).unwrap_err().kind, RefusalKind::Conflict);
        assert!(checker.check(&json!({"rain_intensity": 50.0}), Mode::Exercise).is_ok());
        assert_eq!(live(json!({"rain_intensity": -1})).unwrap_err().kind, RefusalKind::Conflict);
        assert_eq!(live(json!({"fly": {}})).unwrap_err().kind, RefusalKind::Invalid);
        let pour = |east: f64| json!({"pour": {"east_m": east, "north_m": 1.0, "volume_m3": 5.0}});
        assert!(!live(pour(1.0)).unwrap().undoable);
        assert_eq!(live(pour(5000.0)).unwrap_err().kind, RefusalKind::Invalid);
        assert_eq!(live(json!({"road_closed": {"road": 0, "closed": true}})).unwrap().road, Some((0, true)));
        assert!(live(json!({"road_closed": {"road": 7, "closed": true}})).is_err());
        let text = live(json!({"inlet_open": {"node": "J1", "open_share": 1.0}})).unwrap().json;
        assert!(checker.check_text(&text, Mode::Live).is_ok());
    }
}
