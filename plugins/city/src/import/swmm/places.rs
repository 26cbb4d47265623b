//! `[COORDINATES]`, `[VERTICES]`, `[POLYGONS]`, `[SYMBOLS]`.

use std::collections::BTreeMap;

use super::{Names, Reader, key, number, text::Row};
use crate::import::Severity;

impl Reader<'_> {
    pub(super) fn places(&mut self) {
        for row in self.rows("COORDINATES") {
            match (point(row), self.nodes.get(&key(row.words[0]))) {
                (Ok(place), Some(&node)) => self.network.nodes[node].place_m = Some(place),
                (Err(reason), _) => self.skip(row, "COORDINATES", reason),
                (Ok(_), None) => self.skip(row, "COORDINATES", "coordinates of a node that is not defined"),
            }
        }
        self.vertices();
        for row in self.rows("POLYGONS") {
            match (point(row), self.catchments.get(&key(row.words[0]))) {
                (Ok(place), Some(&at)) => self.network.catchments[at].polygon.push(place),
                (Err(reason), _) => self.skip(row, "POLYGONS", reason),
                // Storage nodes may have an outline as well.
                (Ok(_), None) => {}
            }
        }
        let gages: Names = self.network.gages.iter().enumerate().map(|(i, g)| (key(&g.id), i)).collect();
        for row in self.rows("SYMBOLS") {
            match (point(row), gages.get(&key(row.words[0]))) {
                (Ok(place), Some(&at)) => self.network.gages[at].place_m = Some(place),
                (Err(reason), _) => self.skip(row, "SYMBOLS", reason),
                (Ok(_), None) => {}
            }
        }
        let unplaced = self.network.nodes.iter().filter(|n| n.place_m.is_none()).count();
        if unplaced > 0 {
            self.report.note(Severity::Skipped, "[COORDINATES]", format!("{unplaced} nodes have no coordinates"));
        }
    }

    fn vertices(&mut self) {
        let mut bends: BTreeMap<String, Vec<[f64; 2]>> = BTreeMap::new();
        for row in self.rows("VERTICES") {
            match point(row) {
                Ok(place) => bends.entry(key(row.words[0])).or_default().push(place),
                Err(reason) => self.skip(row, "VERTICES", reason),
            }
        }
        let network = &mut self.network;
        let all = network.conduits.iter_mut().map(|l| (&l.id, &mut l.vertices));
        let all = all.chain(network.pumps.iter_mut().map(|l| (&l.id, &mut l.vertices)));
        let all = all.chain(network.orifices.iter_mut().map(|l| (&l.id, &mut l.vertices)));
        let all = all.chain(network.weirs.iter_mut().map(|l| (&l.id, &mut l.vertices)));
        for (id, vertices) in all.chain(network.outlets.iter_mut().map(|l| (&l.id, &mut l.vertices))) {
            *vertices = bends.remove(&key(id)).unwrap_or_default();
        }
    }
}

fn point(row: &Row<'_>) -> Result<[f64; 2], String> {
    if row.words.len() < 3 {
        return Err("two coordinates are needed".into());
    }
    Ok([number(row, 1, "x")?, number(row, 2, "y")?])
}
