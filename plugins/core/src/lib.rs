//! The words every other crate speaks: ids, quantities with units, levels and colour tokens, time,
//! text in two languages, and the vocabulary of inputs, commands and events.
//!
//! **Invariant:** no IO, no clock, no thread, no ECS. Time is an argument.
//! **Invariant:** colour, shape and word of a level are decided here and nowhere else.
//!
//! Terminology: a *room* is the authoritative state of the city on one timeline; an *input* is
//! anything a room drains in a tick; an *event* is a fact the room records.

pub mod command;
pub mod event;
pub mod file_words;
pub mod id;
pub mod input;
pub mod level;
pub mod mode;
pub mod peaks;
pub mod photo;
pub mod phrases;
pub mod quantity;
pub mod rain;
pub mod role;
pub mod rung;
pub mod stamp;
pub mod text;
pub mod theme;
pub mod warning;
pub mod water;

pub use command::{Command, CommandEnvelope, Refusal, RefusalKind, Reply};
pub use event::Event;
pub use id::{AlertId, CaseId, CommandId, DispatchId, OrgId, SensorId, TimelineId, UnitId};
pub use input::Input;
pub use level::AlertLevel;
pub use mode::Mode;
pub use peaks::{WaterAspect, WaterPeaks};
pub use photo::PhotoView;
pub use quantity::ObservedProperty;
pub use rain::{RainFrame, RainGrids};
pub use role::Role;
pub use rung::Rung;
pub use stamp::Stamp;
pub use text::{Bilingual, Lang};
pub use warning::{Warning, WarningKind, WarningStatus};
