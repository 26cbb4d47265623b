//! Places, components, sensors and crews known from files.

use guanlan_core::{Bilingual, ObservedProperty, OrgId, SensorId, UnitId};
use serde::{Deserialize, Serialize};

/// What a place is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlaceKind {
    /// 学校.
    School,
    /// 医院.
    Hospital,
    /// 地铁口.
    MetroEntrance,
    /// 养老院.
    CareHome,
    /// 下穿通道.
    Underpass,
    /// 泵站.
    PumpStation,
    /// 指挥中心 and its sub-centres.
    Centre,
    /// 避难场所.
    Shelter,
    /// A part of town with a name.
    Quarter,
    /// 消防站.
    FireStation,
    /// 派出所.
    Police,
    /// 政府机构.
    Government,
    /// 诊所.
    Clinic,
    /// 加油站.
    Fuel,
    /// 变电站.
    Substation,
    /// 市场, 超市.
    Market,
    /// 车站.
    Station,
    /// Any other place with a name: museums, hotels, banks, places of worship …
    Poi,
}

impl PlaceKind {
    /// What it is called, in Chinese and English.
    #[must_use]
    pub const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::School => ("学校", "school"),
            Self::Hospital => ("医院", "hospital"),
            Self::MetroEntrance => ("地铁口", "metro entrance"),
            Self::CareHome => ("养老院", "care home"),
            Self::Underpass => ("下穿通道", "underpass"),
            Self::PumpStation => ("泵站", "pump station"),
            Self::Centre => ("指挥中心", "centre"),
            Self::Shelter => ("避难场所", "shelter"),
            Self::Quarter => ("片区", "quarter"),
            Self::FireStation => ("消防站", "fire station"),
            Self::Police => ("派出所", "police station"),
            Self::Government => ("政府机构", "government office"),
            Self::Clinic => ("诊所", "clinic"),
            Self::Fuel => ("加油站", "filling station"),
            Self::Substation => ("变电站", "substation"),
            Self::Market => ("商超市场", "market"),
            Self::Station => ("车站", "station"),
            Self::Poi => ("地点", "place"),
        }
    }
}

/// A place with a name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// What it is.
    pub kind: PlaceKind,
    /// Name.
    pub name: Bilingual,
    /// Local m.
    pub place_m: [f64; 2],
    /// People usually there; 0 unknown.
    pub people: u32,
}

/// 部件: a component of public facilities.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Component {
    /// 17-digit code (2026 edition); where a source has none, its id there, for example `node/123`.
    pub code: String,
    /// Class and sub-class of the 2026 edition, for example `01-003`.
    pub class: String,
    /// Class of the 2013 edition, for example `0103`; empty where it has none.
    pub class_2013: String,
    /// Local m.
    pub place_m: [f32; 2],
    /// Where it faces, degrees clockwise from north, 0 to 360: a camera's look, a lamp's arm; `None` when nobody said.
    pub heading_deg: Option<f32>,
    /// 完好 破损 丢失 废弃 移除; empty when unknown.
    pub state: String,
    /// Who maintains it.
    pub org: String,
}

/// A sensor known from a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SensorSpec {
    /// Datastream id, as in MQTT topics.
    pub id: SensorId,
    /// Name.
    pub name: Bilingual,
    /// What it observes.
    pub property: ObservedProperty,
    /// Local m; `None` is unplaced.
    pub place_m: Option<[f64; 2]>,
    /// Height above ground, m.
    pub height_m: f32,
    /// Promised time between readings, s.
    pub period_s: u32,
}

/// What a crew is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnitKind {
    /// 巡查.
    Patrol,
    /// 维修.
    Repair,
    /// 排水抢险 (pump truck).
    Pump,
    /// 环卫.
    Sanitation,
    /// 园林.
    Greening,
}

/// A crew known from a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnitSpec {
    /// Id, for example `DRAIN-07`.
    pub id: UnitId,
    /// Call sign on the screen.
    pub name: Bilingual,
    /// What it is for.
    pub kind: UnitKind,
    /// Skills (`drainage`, `cover`, `gas`, `road`, `sanitation`, `greening`, `check` …).
    pub skills: Vec<String>,
    /// Kit (`pump_truck`, `barrier`, `gas_detector`, `generator` …).
    pub kit: Vec<String>,
    /// People.
    pub people: u8,
    /// Its organisation.
    pub org: OrgId,
    /// Where it waits, local m.
    pub base_m: [f64; 2],
    /// Start and end of its shift, minutes of the local day; start > end runs over midnight.
    pub shift_min: [u16; 2],
    /// Vehicle class for road limits: `foot`, `ebike`, `car`, `van`, `truck`, `high_clearance`.
    pub vehicle: String,
}

/// A glTF model that stands in the city.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Landmark {
    /// Name.
    pub name: Bilingual,
    /// Local m.
    pub place_m: [f64; 2],
    /// Height of its foot, m above datum; `None` stands on the terrain.
    pub base_m: Option<f32>,
    /// Heading, degrees clockwise from north.
    pub heading_deg: f32,
    /// Triangles (metres, x east, y north, z up, around the foot), three corners each.
    #[serde(with = "crate::flat")]
    pub mesh: Vec<[f32; 3]>,
    /// Linear RGB for each triangle.
    #[serde(with = "crate::flat")]
    pub colors: Vec<[f32; 3]>,
}
