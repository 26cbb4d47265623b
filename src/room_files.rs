//! Files of one's own that decide what a room does: alert rules, device profiles, the working calendar. Read when the
//! room opens, followed while it runs.
//!
//! A file's words reach the room as an input, so that they are journaled and a replay needs no disk. A file that is
//! wrong is refused whole by the room; what was in force stays.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use guanlan_alerting::sha256;
use guanlan_casework::{CALENDAR, Calendar};
use guanlan_core::{Input, input::RoomFile};
use guanlan_room::{Picture, RoomHandle};
use guanlan_sensing::{PROFILES, Profiles};

use crate::{
    exit::{Failure, bad_input},
    verbs::alerts::read_rules,
};

/// Time between looks at the file.
const LOOK: Duration = Duration::from_secs(1);

/// What a file is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Alert rules.
    Rules,
    /// Device profiles.
    Profiles,
    /// Days off.
    Calendar,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Rules => "rules",
            Self::Profiles => PROFILES,
            Self::Calendar => CALENDAR,
        }
    }

    /// Hash of what is in force in the room.
    fn in_force(self, picture: &Picture) -> String {
        let of = |file: &Option<std::sync::Arc<RoomFile>>| file.as_ref().map(|f| f.hash.clone()).unwrap_or_default();
        match self {
            Self::Rules => picture.rules.hash().to_owned(),
            Self::Profiles => of(&picture.profiles.file),
            Self::Calendar => of(&picture.calendar.file),
        }
    }
}

/// Refuses to open a room with a file that cannot be used.
pub fn check(kind: Kind, path: &Path) -> Result<(), Failure> {
    if kind == Kind::Rules {
        return read_rules(path).map(|_| ());
    }
    let RoomFile { name, text, .. } = read(kind, path)?;
    match kind {
        Kind::Profiles => Profiles::parse(&name, &text).map(|_| ()).map_err(bad_input),
        _ => Calendar::parse(&name, &text).map(|_| ()).map_err(bad_input),
    }
}

fn read(kind: Kind, path: &Path) -> Result<RoomFile, Failure> {
    let text = std::fs::read_to_string(path).map_err(|e| bad_input(format!("{}: {e}", path.display())))?;
    Ok(RoomFile { kind: kind.name().into(), name: path.display().to_string(), hash: sha256(&text), text })
}

/// Hands the file to the room, and again whenever its words change.
pub async fn follow(kind: Kind, path: PathBuf, live: RoomHandle) {
    let mut beat = tokio::time::interval(LOOK);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    let mut said = kind.in_force(&live.picture());
    let mut looked = None;
    loop {
        beat.tick().await;
        // Editors replace files: one that is gone for a moment is not news.
        let Ok(changed) = std::fs::metadata(&path).and_then(|m| m.modified()) else { continue };
        if looked == Some(changed) {
            continue;
        }
        let Ok(file) = read(kind, &path) else { continue };
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
