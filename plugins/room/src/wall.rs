//! The clock on the wall: only threads around a room read it, never the room.

use std::time::{SystemTime, UNIX_EPOCH};

use guanlan_core::Stamp;

/// Now.
pub(crate) fn wall_now() -> Stamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Stamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
