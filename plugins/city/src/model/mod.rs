//! The static twin: what stands in the city, as plain data.
//!
//! Frame: positions are metres in the city's local projected frame (`x` east, `y` north), projected
//! coordinates minus [`City::origin`]; heights are metres above the city's vertical datum.

pub mod admin;
pub mod barrier;
pub mod building;
pub mod drainage;
pub mod place;
pub mod provenance;
pub mod railway;
pub mod road;
pub mod skin;
pub mod surface;
pub mod terrain;
pub mod tileset;

use guanlan_core::Bilingual;
use serde::{Deserialize, Serialize};

pub use admin::{AdminArea, AdminLevel, Organisation, Person};
pub use barrier::{Barrier, BarrierKind};
pub use building::{Building, BuildingPart, Detail, RoofShape};
pub use drainage::{Conduit, DrainNode, DrainNodeKind, DrainageNetwork, Pump};
pub use place::{Component, Landmark, Place, PlaceKind, SensorSpec, UnitKind, UnitSpec};
pub use provenance::{Layer, Origin, Run, SourceFile};
pub use railway::{Railway, RailwayKind};
pub use road::{Road, RoadClass};
pub use skin::{Picture, Skin};
pub use surface::{SurfaceArea, SurfaceKind};
pub use terrain::Terrain;
pub use tileset::TilesetLayer;

/// A city as one value. Missing layers are empty, never invented.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct City {
    /// Name on the screen.
    pub name: Bilingual,
    /// EPSG code of the projected CRS of the local frame, for example 4549.
    pub epsg: u32,
    /// Projected easting and northing of the local origin, m.
    pub origin: [f64; 2],
    /// West, south, east, north of everything, local m.
    pub extent: [f32; 4],
    /// Ground.
    pub terrain: Option<Terrain>,
    /// Buildings.
    pub buildings: Vec<Building>,
    /// Roads between junctions.
    pub roads: Vec<Road>,
    /// Water, green, squares …
    pub surfaces: Vec<SurfaceArea>,
    /// Storm drains.
    pub drainage: Option<DrainageNetwork>,
    /// 市-区-街道-社区-网格, parents before children.
    pub areas: Vec<AdminArea>,
    /// Responsible organisations.
    pub organisations: Vec<Organisation>,
    /// Responsible persons (街巷长, 网格员).
    pub persons: Vec<Person>,
    /// 部件.
    pub components: Vec<Component>,
    /// Schools, hospitals, metro entrances, underpasses …
    pub places: Vec<Place>,
    /// Sensors known from files (a feed may declare more).
    pub sensors: Vec<SensorSpec>,
    /// Crews.
    pub units: Vec<UnitSpec>,
    /// glTF models.
    pub landmarks: Vec<Landmark>,
    /// 3D Tiles, streamed while somebody looks.
    #[serde(default)]
    pub tilesets: Vec<TilesetLayer>,
    /// Fences, walls, hedges, gates.
    pub barriers: Vec<Barrier>,
    /// Tracks.
    #[serde(default)]
    pub railways: Vec<Railway>,
    /// Coloured and textured surfaces of buildings and models, drawn over them.
    #[serde(default)]
    pub skins: Vec<Skin>,
    /// Pictures that skins are cut from.
    #[serde(default)]
    pub pictures: Vec<Picture>,
    /// The files it was made of, and which objects are whose.
    pub sources: Vec<SourceFile>,
}
