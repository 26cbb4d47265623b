//! One timeline of the city: plugins composed, clocks, journal, fork, replay, picture out.
//!
//! [`Machine`] is the room without threads, files or clocks: the same inputs give the same truth.
//! [`run_live`] moves one on the wall clock and acknowledges only what is on disk; [`run_replay`]
//! shows the journaled past; [`run_drill`] runs an exercise forked from any of them; [`Timelines`]
//! keeps them all. A view holds a [`RoomHandle`] and reads [`Picture`]s.
//!
//! **Invariant:** straight run ≡ snapshot and restore ≡ fork, by [`Machine::state_hash`].
//! **Invariant:** nothing is acknowledged before it is committed, in order.
//! **Invariant:** an exercise, a replay or a forecast never delays the live room.

mod config;
mod drill_room;
mod files;
mod forecast_room;
mod handle;
mod handover;
mod health;
mod historian;
mod host;
mod keeping;
mod lateness;
mod ledger;
mod machine;
pub mod made;
mod meta;
mod origins;
mod pace;
mod picture;
mod playing;
mod queue;
pub mod ranking;
mod recover;
mod replay;
mod replayer;
pub mod risk_desk;
pub mod risk_sources;
mod scenes;
pub mod sources;
pub mod standin;
mod tap;
mod timeline_error;
mod timelines;
mod trial;
mod wall;
pub mod warnings;
mod water;
mod writer;

pub use guanlan_journal as journal;

pub use config::{LIVE_TICK_MS, RoomConfig};
pub use drill_room::{DrillError, DrillSetup, drill_config, run_drill};
pub use handle::{Control, ForkPoint, RoomHandle};
pub use health::Trouble;
pub use host::{hold, run_live, run_live_keeping};
pub use keeping::Keeping;
pub use machine::{Machine, TickOutcome};
pub use meta::{FeedView, RoomMeta};
pub use origins::Origins;
pub use picture::{Health, Picture, Playback};
pub use queue::{Ack, Answer, QueueError, RoomSender};
pub use ranking::{CaseQueue, Ranked};
pub use recover::{ReplayError, recover, recover_what_is_whole};
pub use replay::{run_replay, run_replay_of};
pub use replayer::{Replayed, Replayer};
pub use risk_desk::{RiskGrid, RiskGrids, RiskMap};
pub use scenes::{Past, SceneKeeper};
pub use timeline_error::TimelineError;
pub use timelines::{Exercises, TimelineInfo, Timelines};
pub use warnings::Warnings;
pub(crate) use water::measures::measures_of;
pub use water::{
    advice::{AdviceAnswer, GivenAdvice, PumpAdvice},
    closures::{Closure, ClosureAnswer, Closures},
    layer::{Forecasts, LiveWater, RainLayer},
    measures::{MeasureEntry, MeasureStage, Measures},
    peaks::Peaks,
    search::Searching,
    source::{WaterBeside, WaterOptions, run_water},
    tasks::{Task, TaskStage, Tasks},
};
