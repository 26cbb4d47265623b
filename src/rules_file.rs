//! A rule file of one's own: read when the room opens, followed while it runs.
//!
//! The file's words reach the room as an input, so that they are journaled and a replay needs no disk. A
//! file that is wrong is refused whole by the room; the rules that were in force stay.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use guanlan_alerting::sha256;
use guanlan_core::{Input, input::RoomFile};
use guanlan_room::RoomHandle;

use crate::{
    exit::{Failure, bad_input},
    verbs::alerts::read_rules,
};

/// Time between looks at the file.
const LOOK: Duration = Duration::from_secs(1);

/// Refuses to open a room with a rule file that cannot be used.
pub fn check(path: &Path) -> Result<(), Failure> {
    read_rules(path).map(|_| ())
}

fn read(path: &Path) -> Result<RoomFile, Failure> {
    let text = std::fs::read_to_string(path).map_err(|e| bad_input(format!("{}: {e}", path.display())))?;
    Ok(RoomFile { kind: "rules".into(), name: path.display().to_string(), hash: sha256(&text), text })
}

/// Hands the file to the room, and again whenever its words change.
pub async fn follow(path: PathBuf, live: RoomHandle) {
    let mut beat = tokio::time::interval(LOOK);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    let mut said = live.picture().rules.hash().to_owned();
    let mut looked = None;
    loop {
        beat.tick().await;
        // Editors replace files: one that is gone for a moment is not news.
        let Ok(changed) = std::fs::metadata(&path).and_then(|m| m.modified()) else { continue };
        if looked == Some(changed) {
            continue;
        }
        let Ok(file) = read(&path) else { continue };
        if file.hash == said {
            looked = Some(changed);
            continue;
        }
        let hash = file.hash.clone();
        if live.sender().submit(vec![Input::File(file)], None).is_ok() {
            (looked, said) = (Some(changed), hash);
        }
    }
}
