//! Hands on the water: a tool is chosen, places are clicked on the map, a measure comes of it.
//!
//! Pure: from a tool and the places to a [`Measure`]; the room checks it, says what it costs, and can take it back.

use guanlan_city::City;
use guanlan_city::model::DrainNodeKind;
use guanlan_core::Mode;
use guanlan_rainstorm::Measure;
use guanlan_rainstorm::measures::{Barrier, BarrierKind, Discharge, MobilePump, PumpRun, Sponge};
use guanlan_rainstorm::storm::BrushStroke;

use crate::subject::RoadIndex;

/// What a hand holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tool {
    /// A line of sandbags.
    Sandbags,
    /// A raised kerb.
    Kerb,
    /// A flood gate across a line.
    Gate,
    /// A pump truck at a place.
    PumpTruck,
    /// A pump of the network: on.
    PumpOn,
    /// A pump of the network: off.
    PumpOff,
    /// Clears the inlets of a manhole.
    ClearInlet,
    /// Blocks them.
    BlockInlet,
    /// Takes a manhole cover off.
    OpenCover,
    /// Puts it back.
    CloseCover,
    /// Closes a road.
    CloseRoad,
    /// Rain gardens and permeable ground in an area.
    Sponge,
    /// Rivers half a metre higher.
    RiverUp,
    /// Rain painted with a brush.
    Rain,
}

/// How many places a tool needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Nothing: it acts at once.
    Nothing,
    /// One place.
    Place,
    /// At least so many, ended by Enter or a double click.
    Line(usize),
}

/// Height of a wall of sandbags, m (FEMA's three layers).
const SANDBAG_M: f64 = 0.5;
/// Height a kerb is raised by, m.
const KERB_M: f64 = 0.15;
/// Height of a flood gate, m.
const GATE_M: f64 = 1.0;
/// A truck's flow, m³/h: the 1 500 m³/h class (龙吸水).
const TRUCK_M3_H: f64 = 1500.0;
/// A click means a manhole, a pump or a road this near, m.
const REACH_M: f64 = 40.0;
/// Radius, intensity and length of a stroke of the rain brush.
const BRUSH: (f64, f64, f64) = (400.0, 60.0, 30.0);
/// Rivers rise by this, m.
const RISE_M: f64 = 0.5;

impl Tool {
    /// All, in the order of the buttons.
    pub const ALL: [Self; 14] = [
        Self::Sandbags,
        Self::PumpTruck,
        Self::Gate,
        Self::Kerb,
        Self::PumpOn,
        Self::PumpOff,
        Self::ClearInlet,
        Self::BlockInlet,
        Self::OpenCover,
        Self::CloseCover,
        Self::CloseRoad,
        Self::Sponge,
        Self::RiverUp,
        Self::Rain,
    ];

    /// Key of its name.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Sandbags => "k-tool-sandbags",
            Self::Kerb => "k-tool-kerb",
            Self::Gate => "k-tool-gate",
            Self::PumpTruck => "k-tool-truck",
            Self::PumpOn => "k-tool-pump-on",
            Self::PumpOff => "k-tool-pump-off",
            Self::ClearInlet => "k-tool-clear",
            Self::BlockInlet => "k-tool-block",
            Self::OpenCover => "k-tool-cover-off",
            Self::CloseCover => "k-tool-cover-on",
            Self::CloseRoad => "k-tool-road",
            Self::Sponge => "k-tool-sponge",
            Self::RiverUp => "k-tool-river",
            Self::Rain => "k-tool-rain",
        }
    }

    /// Places it needs.
    #[must_use]
    pub const fn needs(self) -> Needs {
        match self {
            Self::RiverUp => Needs::Nothing,
            Self::Sandbags | Self::Kerb | Self::Gate => Needs::Line(2),
            Self::Sponge => Needs::Line(3),
            Self::Rain => Needs::Line(1),
            _ => Needs::Place,
        }
    }

    /// In the real city rain and built works come from the city itself: these belong to exercises and forecasts.
    #[must_use]
    pub fn allowed(self, mode: Mode) -> bool {
        matches!(mode, Mode::Exercise | Mode::Forecast) || !matches!(self, Self::Rain | Self::Sponge)
    }
}

/// A tool in the hand with the places clicked so far, local m.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    /// The tool.
    pub tool: Tool,
    /// Places.
    pub places_m: Vec<[f64; 2]>,
}

/// Why no measure came of a click: key of the words.
pub type Missed = &'static str;

/// The measure of a tool and its places; `name` names what is new.
///
/// # Errors
/// The key of words that say what is missing there.
pub fn measure(held: &Held, city: &City, roads: &RoadIndex, name: &str, minute: f64) -> Result<Measure, Missed> {
    let line = || held.places_m.clone();
    let at = || held.places_m.first().copied().ok_or("k-tool-missed-place");
    let barrier = |kind, height_m| Measure::Barrier {
        id: name.to_owned(),
        set: Some(Barrier {
            kind,
            line_m: line(),
            line_lonlat: Vec::new(),
            height_m: Some(height_m),
            crest_m: None,
            closed: true,
        }),
    };
    Ok(match held.tool {
        Tool::Sandbags => barrier(BarrierKind::Sandbags, SANDBAG_M),
        Tool::Kerb => barrier(BarrierKind::Kerb, KERB_M),
        Tool::Gate => barrier(BarrierKind::Gate, GATE_M),
        Tool::PumpTruck => Measure::MobilePump {
            id: name.to_owned(),
            set: Some(MobilePump {
                at_m: Some(at()?),
                at_lonlat: None,
                flow_m3_h: TRUCK_M3_H,
                suction_m: 0.05,
                to: Discharge::Away,
                runs: true,
            }),
        },
        Tool::PumpOn => Measure::PumpSwitch { pump: pump_near(city, at()?)?, run: PumpRun::On },
        Tool::PumpOff => Measure::PumpSwitch { pump: pump_near(city, at()?)?, run: PumpRun::Off },
        Tool::ClearInlet => Measure::InletOpen { node: node_near(city, at()?)?, open_share: 1.0 },
        Tool::BlockInlet => Measure::InletOpen { node: node_near(city, at()?)?, open_share: 0.0 },
        Tool::OpenCover => Measure::CoverOpen { node: node_near(city, at()?)?, open: true },
        Tool::CloseCover => Measure::CoverOpen { node: node_near(city, at()?)?, open: false },
        Tool::CloseRoad => {
            let [e, n] = at()?.map(|v| v as f32);
            let (road, ..) = roads.nearest(city, [e, n], REACH_M as f32).ok_or("k-tool-missed-road")?;
            Measure::RoadClosed { road: road as usize, closed: true }
        }
        Tool::Sponge => Measure::Sponge {
            id: name.to_owned(),
            set: Some(Sponge {
                ring_m: line(),
                ring_lonlat: Vec::new(),
                classes: Vec::new(),
                share: 0.3,
                storage_mm: 60.0,
                infiltration_mm_h: 20.0,
            }),
        },
        Tool::RiverUp => Measure::RiverStage { rise_m: RISE_M },
        Tool::Rain => Measure::Paint(BrushStroke {
            path_m: line(),
            radius_m: BRUSH.0,
            mm_h: BRUSH.1,
            from_min: minute,
            to_min: minute + BRUSH.2,
            ..BrushStroke::default()
        }),
    })
}

fn distance(a: [f64; 2], b: [f64; 2]) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

/// The manhole nearest to a place.
fn node_near(city: &City, at: [f64; 2]) -> Result<String, Missed> {
    let nodes = city.drainage.iter().flat_map(|net| net.nodes.iter());
    let near = nodes.filter(|n| n.kind == DrainNodeKind::Junction).filter_map(|n| {
        let far = distance(n.place_m?, at);
        (far <= REACH_M).then_some((far, n))
    });
    near.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, n)| n.id.clone()).ok_or("k-tool-missed-node")
}

/// The pump of the network nearest to a place: a pumping station is larger than a manhole.
fn pump_near(city: &City, at: [f64; 2]) -> Result<String, Missed> {
    let pumps = city
        .drainage
        .iter()
        .flat_map(|net| net.pumps.iter().filter_map(|p| Some((distance(net.nodes.get(p.from)?.place_m?, at), p))));
    let near = pumps.filter(|(far, _)| *far <= 3.0 * REACH_M);
    near.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, p)| p.id.clone()).ok_or("k-tool-missed-pump")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(tool: Tool, places_m: &[[f64; 2]]) -> Held {
        Held { tool, places_m: places_m.to_vec() }
    }

    #[test]
    fn every_tool_gives_a_measure_that_the_model_accepts_or_says_what_is_missing() {
        let (city, roads) = (City::default(), RoadIndex::default());
        let places = [[0.0, 0.0], [20.0, 0.0], [20.0, 30.0]];
        for tool in Tool::ALL {
            match measure(&held(tool, &places), &city, &roads, "a", 10.0) {
                Ok(m) => assert_eq!(m.problem(), None, "{tool:?}"),
                Err(words) => {
                    assert!(words.starts_with("k-tool-missed"), "{tool:?}");
                    assert_ne!(crate::words::tr(guanlan_core::Lang::Zh, words), words);
                }
            }
            assert_ne!(crate::words::tr(guanlan_core::Lang::En, tool.key()), tool.key());
        }
        assert!(measure(&held(Tool::PumpTruck, &[]), &city, &roads, "a", 0.0).is_err());
    }

    #[test]
    fn a_click_beside_a_manhole_means_that_manhole() {
        use guanlan_city::model::{DrainNode, DrainageNetwork};
        let node = |id: &str, east: f64| DrainNode {
            id: id.into(),
            kind: DrainNodeKind::Junction,
            place_m: Some([east, 0.0]),
            ..DrainNode::default()
        };
        let net = DrainageNetwork { nodes: vec![node("J1", 0.0), node("J2", 50.0)], ..DrainageNetwork::default() };
        let city = City { drainage: Some(net), ..City::default() };
        assert_eq!(node_near(&city, [40.0, 6.0]).as_deref(), Ok("J2"));
        assert!(node_near(&city, [400.0, 6.0]).is_err());
    }

    #[test]
    fn rain_is_painted_in_exercises_only() {
        assert!(Tool::Rain.allowed(Mode::Exercise) && !Tool::Rain.allowed(Mode::Live));
        assert!(Tool::Sandbags.allowed(Mode::Live) && !Tool::Sponge.allowed(Mode::Demo));
    }
}
