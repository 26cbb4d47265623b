//! Who stands near: placed streams by property in cells of 500 m. Derived, never saved.

use std::collections::BTreeMap;

use guanlan_core::ObservedProperty;

/// Side of a cell, m.
const CELL_M: f64 = 500.0;
/// Cells looked at on each side at most: ten kilometres.
const REACH: i32 = 20;

/// Streams by property and cell, ascending.
#[derive(Clone, Debug, Default)]
pub(crate) struct Nearby {
    cells: BTreeMap<(ObservedProperty, i32, i32), Vec<u32>>,
}

fn cell(place_m: [f64; 2]) -> (i32, i32) {
    ((place_m[0] / CELL_M).floor() as i32, (place_m[1] / CELL_M).floor() as i32)
}

impl Nearby {
    pub fn add(&mut self, property: ObservedProperty, place_m: Option<[f64; 2]>, index: u32) {
        let Some((x, y)) = place_m.map(cell) else { return };
        let list = self.cells.entry((property, x, y)).or_default();
        if let Err(at) = list.binary_search(&index) {
            list.insert(at, index);
        }
    }

    pub fn remove(&mut self, property: ObservedProperty, place_m: Option<[f64; 2]>, index: u32) {
        let Some((x, y)) = place_m.map(cell) else { return };
        if let Some(list) = self.cells.get_mut(&(property, x, y))
            && let Ok(at) = list.binary_search(&index)
        {
            list.remove(at);
        }
    }

    /// Streams of the cells a radius touches, until `each` says stop.
    pub fn within(
        &self,
        property: ObservedProperty,
        place_m: [f64; 2],
        radius_m: f64,
        mut each: impl FnMut(u32) -> bool,
    ) {
        let (x, y) = cell(place_m);
        let reach = ((radius_m / CELL_M).ceil() as i32).clamp(0, REACH);
        for cx in x.saturating_sub(reach)..=x.saturating_add(reach) {
            let row = (property, cx, y.saturating_sub(reach))..=(property, cx, y.saturating_add(reach));
            for index in self.cells.range(row).flat_map(|(_, list)| list) {
                if !each(*index) {
                    return;
                }
            }
        }
    }
}
