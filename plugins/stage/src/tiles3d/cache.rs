//! Contents that are here: by use, within a budget of memory.

use std::collections::BTreeMap;
use std::time::Instant;

use bevy::prelude::Entity;
use guanlan_city::import::tiles3d::TileContent;

use super::select::{State, Store};

/// Memory for tiles, bytes, here and on the graphics card together.
pub const BUDGET: usize = 768 << 20;

/// A content that can be drawn.
pub struct Held {
    /// Triangles and points in the renderer.
    pub entities: Vec<Entity>,
    /// The content, for picking.
    pub content: TileContent,
    /// Number of its first feature.
    pub first: u32,
    /// Memory, bytes.
    pub bytes: usize,
    /// It is drawn now.
    pub shown: bool,
    used: u64,
}

enum Slot {
    Held(Box<Held>),
    /// Not to be had; `Some` is when it may be asked for again.
    Failed(Option<Instant>),
}

/// Contents of one tileset, by tile and number.
#[derive(Default)]
pub struct Cache {
    slots: BTreeMap<(u32, u16), Slot>,
    clock: u64,
    /// Memory in use, bytes.
    pub bytes: usize,
}

impl Store for Cache {
    fn state(&self, node: u32, content: u16) -> State {
        match self.slots.get(&(node, content)) {
            None => State::Absent,
            Some(Slot::Held(_)) => State::Ready,
            Some(Slot::Failed(Some(again))) if *again <= Instant::now() => State::Absent,
            Some(Slot::Failed(_)) => State::Failed,
        }
    }
}

impl Cache {
    /// Takes a content in.
    pub fn put(&mut self, key: (u32, u16), entities: Vec<Entity>, content: TileContent, first: u32, bytes: usize) {
        self.bytes += bytes;
        let held = Held { entities, content, first, bytes, shown: false, used: self.clock };
        self.slots.insert(key, Slot::Held(Box::new(held)));
    }

    /// Remembers that a content will not come: never, or not before a moment.
    pub fn fail(&mut self, key: (u32, u16), again: Option<Instant>) {
        self.slots.insert(key, Slot::Failed(again));
    }

    /// True when something that did not come may be asked for again.
    pub fn may_retry(&self) -> bool {
        let now = Instant::now();
        self.slots.values().any(|slot| matches!(slot, Slot::Failed(Some(again)) if *again <= now))
    }

    /// Contents that are here.
    pub fn held(&self) -> impl Iterator<Item = (&(u32, u16), &Held)> {
        self.slots.iter().filter_map(|(key, slot)| match slot {
            Slot::Held(held) => Some((key, held.as_ref())),
            Slot::Failed(_) => None,
        })
    }

    /// Shows exactly these contents; `change` is told of each that appears or goes. True when any did.
    pub fn show(&mut self, draw: &[(u32, u16)], mut change: impl FnMut(&Held, bool)) -> bool {
        self.clock += 1;
        for key in draw {
            if let Some(Slot::Held(held)) = self.slots.get_mut(key) {
                held.used = self.clock;
            }
        }
        let mut changed = false;
        for slot in self.slots.values_mut() {
            if let Slot::Held(held) = slot {
                let shown = held.used == self.clock;
                if shown != held.shown {
                    held.shown = shown;
                    changed = true;
                    change(held, shown);
                }
            }
        }
        changed
    }

    /// Lets go of what was not drawn for longest until `bytes` fit into `budget`. `gone` is told of each.
    pub fn evict(&mut self, budget: usize, mut gone: impl FnMut(&Held)) {
        if self.bytes <= budget {
            return;
        }
        let mut idle: Vec<(u64, (u32, u16))> =
            self.held().filter(|(_, held)| !held.shown).map(|(key, held)| (held.used, *key)).collect();
        idle.sort_unstable();
        for (_, key) in idle {
            if self.bytes <= budget {
                break;
            }
            if let Some(Slot::Held(held)) = self.slots.remove(&key) {
                self.bytes -= held.bytes;
                gone(&held);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use guanlan_city::import::tiles3d::{ContentKind, TileMesh, TilePoints};

    fn content() -> TileContent {
        TileContent {
            kind: ContentKind::Gltf,
            mesh: TileMesh::default(),
            points: TilePoints::default(),
            tables: Vec::new(),
            looks: Vec::new(),
            features: 0,
            instances: 0,
            bounds: None,
        }
    }

    #[test]
    fn the_least_recently_drawn_goes_first_and_what_is_shown_stays() {
        let mut cache = Cache::default();
        for n in 0..4 {
            cache.put((n, 0), Vec::new(), content(), n * 10, 100);
        }
        cache.show(&[(0, 0), (1, 0)], |_, _| ());
        cache.show(&[(1, 0), (2, 0)], |_, _| ());
        let mut changes = Vec::new();
        assert!(cache.show(&[(2, 0)], |held, shown| changes.push((held.first, shown))));
        assert_eq!(changes, [(10, false)]);
        assert!(!cache.show(&[(2, 0)], |_, _| ()), "nothing changed");
        let mut gone = Vec::new();
        cache.evict(250, |held| gone.push(held.first));
        assert_eq!(gone, [30, 0], "never drawn, then drawn longest ago");
        cache.evict(0, |_| ());
        assert_eq!((cache.state(2, 0), cache.bytes), (State::Ready, 100), "what is shown stays");
        assert_eq!(cache.state(1, 0), State::Absent);
        cache.fail((9, 0), None);
        assert_eq!((cache.state(9, 0), cache.may_retry()), (State::Failed, false));
        let soon = Instant::now() + std::time::Duration::from_secs(60);
        cache.fail((9, 1), Some(soon));
        assert_eq!((cache.state(9, 1), cache.may_retry()), (State::Failed, false));
        cache.fail((9, 1), Some(Instant::now()));
        assert_eq!((cache.state(9, 1), cache.may_retry()), (State::Absent, true));
    }
}
