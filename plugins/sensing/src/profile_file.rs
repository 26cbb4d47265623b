//! A profile file of one's own, taken while a room runs: an input like any other, whole or not at all.

use std::sync::Arc;

use bevy_ecs::prelude::*;
use guanlan_core::{Event, Input, Stamp, input::RoomFile};
use guanlan_tick::{Clock, Inbox, Outbox, RoomState};
use serde::{Deserialize, Serialize};

use crate::profile::{Profiles, ProfilesInForce};

/// Kind of the input file that this is about.
pub const PROFILES: &str = "profiles";

/// The profile file that was taken last; empty while the shipped profiles are in force.
#[derive(Resource, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileFile {
    /// Its name, hash and text; `None` before the first.
    pub file: Option<Arc<RoomFile>>,
    /// When it was taken.
    pub at: Stamp,
    /// The file that was refused since: when and why, with file, line and field.
    pub refused: Option<(Stamp, String)>,
}

impl RoomState for ProfileFile {
    const NAME: &'static str = "sensing.profiles";
}

/// Takes profile files, and makes the one that is truth ready again after a restore or in a fork.
pub(crate) fn follow(
    clock: Res<Clock>,
    inbox: Res<Inbox>,
    mut taken: ResMut<ProfileFile>,
    mut in_force: ResMut<ProfilesInForce>,
    mut outbox: ResMut<Outbox>,
) {
    let wanted = taken.file.as_ref().map_or("", |f| f.hash.as_str());
    if in_force.hash != wanted {
        *in_force = ready(taken.file.as_deref());
    }
    for input in &inbox.inputs {
        let Input::File(file) = input else { continue };
        if file.kind != PROFILES {
            continue;
        }
        let refused = match Profiles::parse(&file.name, &file.text) {
            Ok(profiles) => {
                *in_force = ProfilesInForce { profiles: Arc::new(profiles), hash: file.hash.clone() };
                *taken = ProfileFile { file: Some(Arc::new(file.clone())), at: clock.now, refused: None };
                String::new()
            }
            Err(error) => {
                taken.refused = Some((clock.now, error.to_string()));
                error.to_string()
            }
        };
        let rules = u32::try_from(in_force.profiles.all().len()).unwrap_or(u32::MAX);
        outbox.tell(Event::RulesChanged { name: file.name.clone(), hash: file.hash.clone(), rules, refused });
    }
}

fn ready(file: Option<&RoomFile>) -> ProfilesInForce {
    let Some(file) = file else { return ProfilesInForce::default() };
    // It was taken, so it can be read.
    let profiles = Profiles::parse(&file.name, &file.text).map_or_else(|_| Profiles::shipped(), Arc::new);
    ProfilesInForce { profiles, hash: file.hash.clone() }
}
