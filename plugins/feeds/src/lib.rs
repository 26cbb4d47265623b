//! Connectors in, and the demo's devices.
//!
//! Everything a room hears from outside comes through here: parsed, checked, counted, refused with
//! a reason or handed over with an acknowledgement that is given only after commit.
//!
//! A feeds file ([`file`]) names the sources; [`Supervisor`] runs a connector for each and follows changes of the file.
//! [`codec`] are the foreign encodings as plain functions, [`map`] turns any JSON or CSV into readings.
//!
//! **Invariant:** only this crate knows the field names of foreign payloads on their way in.
//! **Invariant:** every channel is bounded, and a full room is felt by the source.
//! **Invariant:** how far a source has been read is committed in one tick with what was read.

pub mod broker;
pub mod codec;
pub mod devices;
pub mod file;
mod health;
mod intake;
mod lineage;
pub mod map;
pub mod mqtt_client;
pub mod parse;
mod place;
mod refusals;
mod run;
mod seen;
mod steps;
pub mod tasks;
mod trouble;
mod whence;

pub use health::Health;
pub use intake::{Counters, Intake, Quarantined, SIMULATOR_PREFIX, Taken, wall_now};
pub use place::Placer;
pub use run::{FeedInfo, FileInfo, Supervisor, hook};
