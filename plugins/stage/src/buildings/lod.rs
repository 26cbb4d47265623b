//! Which parts of town are drawn with every face: a decision on plain boxes.

use std::collections::BTreeMap;

use bevy::math::Vec3;
use guanlan_city::City;

use crate::frame::to_scene;

/// Side of a tile, m: small enough to be built while the eye moves.
pub const TILE_M: f32 = 500.0;
/// Tiles on the side of a block: large enough that a whole city is a few dozen.
const TILES: i32 = 4;
/// A tile that is near stays so until it is this much farther than it had to be.
const SLACK: f32 = 1.12;

/// A tile of town.
#[derive(Clone, Debug, Default)]
pub struct Part {
    /// Its buildings.
    pub numbers: Vec<u32>,
    /// Its middle, in the renderer's frame.
    pub centre: Vec3,
}

/// A block of town: what is drawn as one from afar.
#[derive(Clone, Debug, Default)]
pub struct Block {
    /// Its tiles.
    pub tiles: Vec<Part>,
}

impl Block {
    /// All its buildings.
    #[must_use]
    pub fn numbers(&self) -> Vec<u32> {
        self.tiles.iter().flat_map(|t| t.numbers.iter().copied()).collect()
    }
}

/// The city's buildings in blocks of tiles, from south-west to north-east. Each building is in one tile.
#[must_use]
pub fn blocks(city: &City) -> Vec<Block> {
    let mut blocks: BTreeMap<(i32, i32), BTreeMap<(i32, i32), (Vec<u32>, f64)>> = BTreeMap::new();
    for (number, building) in city.buildings.iter().enumerate() {
        let Some(centre) = building.centre() else { continue };
        let key = ((centre[0] / TILE_M).floor() as i32, (centre[1] / TILE_M).floor() as i32);
        let block = (key.0.div_euclid(TILES), key.1.div_euclid(TILES));
        let tile = blocks.entry(block).or_default().entry(key).or_default();
        tile.0.push(number as u32);
        tile.1 += building.parts.first().map_or(0.0, |p| f64::from(p.base_m.max(-500.0)));
    }
    let tile = |(key, (numbers, height)): ((i32, i32), (Vec<u32>, f64))| {
        let middle = |k: i32| (k as f32 + 0.5) * TILE_M;
        let height_m = (height / numbers.len().max(1) as f64) as f32;
        Part { centre: to_scene(middle(key.0), middle(key.1), height_m), numbers }
    };
    blocks.into_values().map(|tiles| Block { tiles: tiles.into_iter().map(tile).collect() }).collect()
}

/// True when a tile is drawn with every face.
#[must_use]
pub fn is_near(eye: Vec3, centre: Vec3, reach_m: f32, was_near: bool) -> bool {
    let reach = if was_near { reach_m * SLACK } else { reach_m };
    eye.distance_squared(centre) < reach * reach
}

#[cfg(test)]
mod tests {
    use super::*;
    use guanlan_city::model::{Building, BuildingPart};

    #[test]
    fn every_building_is_in_one_tile_of_few_blocks() {
        let mut city = City::default();
        for i in 0..2000 {
            let (e, n) = ((i % 50) as f32 * 100.0 - 2500.0, (i / 50) as f32 * 100.0 - 2000.0);
            let footprint = vec![[e, n], [e + 20.0, n], [e + 20.0, n + 20.0], [e, n + 20.0]];
            city.buildings
                .push(Building { parts: vec![BuildingPart { footprint, ..Default::default() }], ..Default::default() });
        }
        let blocks = blocks(&city);
        assert!(blocks.len() <= 12, "{} blocks", blocks.len());
        let mut all: Vec<u32> = blocks.iter().flat_map(Block::numbers).collect();
        all.sort_unstable();
        assert_eq!(all, (0..2000).collect::<Vec<_>>());
        for tile in blocks.iter().flat_map(|b| &b.tiles) {
            for &number in &tile.numbers {
                let c = city.buildings[number as usize].centre().unwrap();
                let away = (tile.centre - to_scene(c[0], c[1], 0.0)).abs();
                assert!(away.x <= TILE_M * 0.5 + 0.1 && away.z <= TILE_M * 0.5 + 0.1);
            }
        }
    }

    #[test]
    fn the_edge_of_nearness_does_not_flicker() {
        let at = |d: f32, was| is_near(Vec3::new(d, 0.0, 0.0), Vec3::ZERO, 2200.0, was);
        assert!(at(2100.0, false) && !at(2300.0, false));
        assert!(at(2300.0, true) && !at(2500.0, true));
    }
}
