//! Connectors in, and the demo's devices.
//!
//! Everything a room hears from outside comes through here: parsed, checked, counted, refused with
//! a reason or handed over with an acknowledgement that is given only after commit.
//!
//! **Invariant:** only this crate knows the field names of foreign payloads on their way in.
//! **Invariant:** every channel is bounded, and a full room is felt by the source.

pub mod broker;
pub mod devices;
mod intake;
pub mod mqtt_client;
pub mod parse;
pub mod sensorthings;
pub mod tasks;

pub use intake::{Counters, Intake, Quarantined, SIMULATOR_PREFIX, Taken, wall_now};
