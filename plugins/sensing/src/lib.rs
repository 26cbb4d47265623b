//! What the city's devices say: a sensor table in columns with latest values, quality and staleness.
//!
//! [`SensorTable`] is the truth; [`SensedTick`] tells the plugins that run later in the same tick
//! what was accepted and whose quality changed, in the order it became true. [`WaterState`] keeps
//! the latest depth field; in rooms that are an exercise or a forecast it drives the road gauges.
//!
//! What a kind of device can say is data ([`Profiles`]), a file that is followed while the room runs ([`ProfileFile`]). A reading that neighbours or a model
//! ([`ModelSays`]) contradict is marked, not silenced. [`Lineage`] says where each stream's readings
//! come from, [`Catalogue`] how well each source keeps its promise.
//!
//! Rules for readings (DOMAIN §2.6, §3.5): one stamp is taken once; a reading older than the last
//! one heard completes the trend but never becomes the latest; more than 60 s in the future goes to
//! quarantine; values outside the plausible range and unconfirmed jumps are refused and make the
//! device suspect; a value that stands still while its neighbours move is kept but not trusted. What a clock told
//! that was set back since holds nothing back (`wall`).
//!
//! **Invariant:** a reading costs O(1); a tick without inputs costs one comparison per 1024 sensors.

mod accept;
mod announce;
mod catalogue;
mod chunk;
mod counters;
mod lineage;
mod model;
mod nearby;
mod neighbours;
mod past;
pub mod profile;
mod profile_file;
mod quality;
mod systems;
mod table;
mod trend;
pub mod view;
mod wall;
mod water;

pub use catalogue::{Catalogue, CatalogueRow};
pub use chunk::{CHUNK, LiveChunk, MetaChunk, NEVER, SensorMeta};
pub use counters::{Counters, Quarantined};
pub use lineage::{Lineage, OriginView};
pub use model::{ModelSays, ModelWord};
pub use past::Heard;
pub use profile::{Profile, Profiles, ProfilesInForce};
pub use profile_file::{PROFILES, ProfileFile};
pub use quality::{Quality, QualityReason, offline_after_ms, stale_after_ms};
pub use systems::{Sensed, SensedTick};
pub use table::{SensorRow, SensorTable};
pub use trend::{Trend, TrendChunk, TrendPoint};
pub use water::WaterState;

use std::sync::Arc;

use bevy_app::{App, Plugin};
use bevy_ecs::prelude::*;
use guanlan_city::City;
use guanlan_tick::{RoomAppExt, RoomSystems, RoomTick, WallClockPlugin};

/// Adds the sensor table of a city to a room.
pub struct SensingPlugin {
    /// The static twin: its sensors are known before they speak.
    pub city: Arc<City>,
}

impl Plugin for SensingPlugin {
    fn build(&self, app: &mut App) {
        WallClockPlugin::ensure(app);
        app.register_room_state::<SensorTable>();
        app.register_room_state::<WaterState>();
        app.register_room_state::<ModelSays>();
        app.register_room_state::<Lineage>();
        app.register_room_state::<Catalogue>();
        app.register_room_state::<ProfileFile>();
        app.init_resource::<ProfilesInForce>();
        app.insert_resource(SensorTable::from_city(&self.city));
        app.init_resource::<SensedTick>();
        app.add_systems(
            RoomTick,
            (profile_file::follow, systems::sense, catalogue::count).chain().in_set(RoomSystems::Sense),
        );
    }
}
