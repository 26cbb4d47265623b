//! Registered state: what a room snapshots, restores, forks and hashes.

use bevy_app::App;
use bevy_ecs::prelude::*;
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

/// Plain data that belongs to a room's truth. `Clone` should be cheap (`Arc` inside big columns).
pub trait RoomState: Resource + Clone + Default + Serialize + DeserializeOwned {
    /// Name in snapshots; stable for ever.
    const NAME: &'static str;
}

/// A snapshot could not be written or read.
#[derive(Debug)]
pub struct StateError {
    /// The state it concerns.
    pub name: String,
    /// What went wrong.
    pub message: String,
}

impl std::fmt::Display for StateError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "state '{}': {}", self.name, self.message)
    }
}
impl std::error::Error for StateError {}

type SaveFn = fn(&World) -> Result<Vec<u8>, postcard::Error>;
type LoadFn = fn(&mut World, &[u8]) -> Result<(), postcard::Error>;
type CopyFn = fn(&World, &mut World);

#[derive(Clone)]
struct Entry {
    name: &'static str,
    save: SaveFn,
    load: LoadFn,
    copy: CopyFn,
}

/// The registered states of a room, sorted by name.
#[derive(Resource, Clone, Default)]
pub struct StateRegistry {
    entries: Vec<Entry>,
}

fn save<T: RoomState>(world: &World) -> Result<Vec<u8>, postcard::Error> {
    match world.get_resource::<T>() {
        Some(state) => postcard::to_stdvec(state),
        None => postcard::to_stdvec(&T::default()),
    }
}
fn load<T: RoomState>(world: &mut World, bytes: &[u8]) -> Result<(), postcard::Error> {
    let state: T = postcard::from_bytes(bytes)?;
    world.insert_resource(state);
    Ok(())
}
fn copy<T: RoomState>(from: &World, to: &mut World) {
    if let Some(state) = from.get_resource::<T>() {
        to.insert_resource(state.clone());
    }
}

impl StateRegistry {
    /// Every state as named bytes, sorted by name.
    ///
    /// # Errors
    /// When a state cannot be serialised.
    pub fn save(&self, world: &World) -> Result<Vec<(String, Vec<u8>)>, StateError> {
        self.entries
            .iter()
            .map(|e| match (e.save)(world) {
                Ok(bytes) => Ok((e.name.to_owned(), bytes)),
                Err(error) => Err(StateError { name: e.name.to_owned(), message: error.to_string() }),
            })
            .collect()
    }

    /// Puts saved states back. Unknown names are refused: a snapshot is restored whole or not at all.
    ///
    /// # Errors
    /// When a name is unknown or bytes do not fit; states restored before the error stay.
    pub fn load(&self, world: &mut World, saved: &[(String, Vec<u8>)]) -> Result<(), StateError> {
        for (name, bytes) in saved {
            let Some(entry) = self.entries.iter().find(|e| e.name == name) else {
                return Err(StateError { name: name.clone(), message: "unknown to this build".into() });
            };
            (entry.load)(world, bytes)
                .map_err(|error| StateError { name: name.clone(), message: error.to_string() })?;
        }
        Ok(())
    }

    /// Copies every state into another world (fork).
    pub fn copy(&self, from: &World, to: &mut World) {
        for entry in &self.entries {
            (entry.copy)(from, to);
        }
    }

    /// SHA-256 over all states: equal hashes mean equal truth.
    ///
    /// # Errors
    /// When a state cannot be serialised.
    pub fn hash(&self, world: &World) -> Result<[u8; 32], StateError> {
        Ok(Self::hash_saved(&self.save(world)?))
    }

    /// The hash of states that were [saved](Self::save).
    #[must_use]
    pub fn hash_saved(saved: &[(String, Vec<u8>)]) -> [u8; 32] {
        let mut hasher = Sha256::new();
        for (name, bytes) in saved {
            hasher.update((name.len() as u64).to_le_bytes());
            hasher.update(name.as_bytes());
            hasher.update((bytes.len() as u64).to_le_bytes());
            hasher.update(bytes);
        }
        hasher.finalize().into()
    }
}

/// Registration of room state on an [`App`].
pub trait RoomAppExt {
    /// Makes `T` part of the room's truth and inserts its default.
    fn register_room_state<T: RoomState>(&mut self) -> &mut Self;
}

impl RoomAppExt for App {
    fn register_room_state<T: RoomState>(&mut self) -> &mut Self {
        let world = self.world_mut();
        world.init_resource::<T>();
        let mut registry = world.get_resource_or_init::<StateRegistry>();
        if !registry.entries.iter().any(|e| e.name == T::NAME) {
            registry.entries.push(Entry { name: T::NAME, save: save::<T>, load: load::<T>, copy: copy::<T> });
            registry.entries.sort_by_key(|e| e.name);
        }
        self
    }
}
