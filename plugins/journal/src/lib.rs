//! What happened, so that it can be proved, replayed and survived.
//!
//! - a *record* is a fact in a SHA-256 chain (canonical JSON, DOMAIN §5);
//! - a *block* is everything one tick drained, compressed; its digest is a record;
//! - a *snapshot* is the whole truth at a tick;
//! - the *history* ([`history`]) is every reading by stream, with roll-ups, derived from the ticks;
//! - the *scenes* ([`SceneStore`]) are what views saw, second by second, to go to any second at once;
//! - the *figures* ([`figures`]) are counts of records, derived from the chain.
//!
//! State at any time = last snapshot before it + the blocks after that snapshot.
//!
//! **Invariant:** one transaction per tick; what [`Store::commit`] returned for is on disk.
//! **Invariant:** only this crate knows SQL.

mod block;
mod broker_book;
mod codec;
mod error;
mod fault;
pub mod figures;
pub mod history;
mod record;
mod reopen;
mod scenes;
mod sqlite;
mod store;
mod verify;

pub use broker_book::{BrokerBook, BrokerChange, BrokerPast};
pub use error::JournalError;
pub use fault::Fault;
pub use record::{GENESIS, Record, canonical_json, chain_hash};
pub use reopen::ReopeningStore;
pub use scenes::{Parts, Scene, SceneReader, SceneStore};
pub use sqlite::SqliteStore;
pub use store::{Head, Meta, PackedSnapshot, Parent, Snapshot, Store, StoredTick, TickCommit};
pub use verify::{Verification, export, verify};
