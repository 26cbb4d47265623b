//! Where things come from: the source file of every object, and its name or number in that file.

use serde::{Deserialize, Serialize};

/// A layer of a [`City`](super::City).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    /// `buildings`.
    Buildings,
    /// `roads`.
    Roads,
    /// `surfaces`.
    Surfaces,
    /// Nodes of `drainage`.
    DrainNodes,
    /// Conduits of `drainage`.
    Conduits,
    /// `areas`.
    Areas,
    /// `components`.
    Components,
    /// `places`.
    Places,
    /// `sensors`.
    Sensors,
    /// `units`.
    Units,
    /// `landmarks`.
    Landmarks,
    /// `barriers`.
    Barriers,
    /// `railways`.
    Railways,
}

impl Layer {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Buildings,
        Self::Roads,
        Self::Surfaces,
        Self::DrainNodes,
        Self::Conduits,
        Self::Areas,
        Self::Components,
        Self::Places,
        Self::Sensors,
        Self::Units,
        Self::Landmarks,
        Self::Barriers,
        Self::Railways,
    ];
}

/// A run of objects of one layer that one file gave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Layer.
    pub layer: Layer,
    /// Index of the first object in the layer.
    pub start: usize,
    /// How many.
    pub count: usize,
    /// Id, feature or record of each in the file, where the object itself keeps none; else empty.
    pub keys: Vec<String>,
}

/// A file that a city was made of.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SourceFile {
    /// File name.
    pub file: String,
    /// `CityJSON`, `OSM` …
    pub format: String,
    /// CRS of its coordinates; empty when nobody says.
    pub crs: String,
    /// How its coordinates came into the city's frame when they were in another system, for example
    /// `GCJ-02 → EPSG:4549`; else empty.
    pub converted: String,
    /// What it gave.
    pub runs: Vec<Run>,
}

/// Where one object comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin<'a> {
    /// The file.
    pub source: &'a SourceFile,
    /// Id, feature or record in it; empty when the object's own id says it.
    pub key: &'a str,
}

// `SourceFile` holds no floats.
impl Eq for SourceFile {}
impl Eq for Run {}

impl SourceFile {
    /// Adds a run; nothing for no objects.
    pub fn add(&mut self, layer: Layer, count: usize, keys: Vec<String>) {
        if count > 0 {
            self.runs.push(Run { layer, start: 0, count, keys });
        }
    }
}

impl super::City {
    /// How many objects a layer has.
    #[must_use]
    pub fn count_of(&self, layer: Layer) -> usize {
        match layer {
            Layer::Buildings => self.buildings.len(),
            Layer::Roads => self.roads.len(),
            Layer::Surfaces => self.surfaces.len(),
            Layer::DrainNodes => self.drainage.as_ref().map_or(0, |d| d.nodes.len()),
            Layer::Conduits => self.drainage.as_ref().map_or(0, |d| d.conduits.len()),
            Layer::Areas => self.areas.len(),
            Layer::Components => self.components.len(),
            Layer::Places => self.places.len(),
            Layer::Sensors => self.sensors.len(),
            Layer::Units => self.units.len(),
            Layer::Landmarks => self.landmarks.len(),
            Layer::Barriers => self.barriers.len(),
            Layer::Railways => self.railways.len(),
        }
    }

    /// Where an object comes from. Areas are found by their code, because they are put in order.
    #[must_use]
    pub fn origin_of(&self, layer: Layer, index: usize) -> Option<Origin<'_>> {
        let code = if layer == Layer::Areas { self.areas.get(index)?.code.as_str() } else { "" };
        for source in &self.sources {
            for run in source.runs.iter().filter(|r| r.layer == layer) {
                if layer == Layer::Areas {
                    if let Some(key) = run.keys.iter().find(|k| *k == code) {
                        return Some(Origin { source, key });
                    }
                } else if (run.start..run.start + run.count).contains(&index) {
                    let key = run.keys.get(index - run.start).map_or("", String::as_str);
                    return Some(Origin { source, key });
                }
            }
        }
        None
    }

    /// Adds sources whose runs begin behind this city's objects.
    pub(crate) fn absorb_sources(&mut self, sources: Vec<SourceFile>) {
        for mut source in sources {
            for run in &mut source.runs {
                run.start += self.count_of(run.layer);
            }
            self.sources.push(source);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AdminArea, Building, City, SurfaceArea};

    fn part(file: &str, buildings: usize, codes: &[&str]) -> City {
        let mut source = SourceFile { file: file.into(), ..SourceFile::default() };
        source.add(Layer::Buildings, buildings, Vec::new());
        source.add(Layer::Surfaces, 1, vec![format!("{file} lake")]);
        source.add(Layer::Areas, codes.len(), codes.iter().map(|c| (*c).into()).collect());
        City {
            buildings: vec![Building::default(); buildings],
            surfaces: vec![SurfaceArea::default()],
            areas: codes.iter().map(|c| AdminArea { code: (*c).into(), ..AdminArea::default() }).collect(),
            sources: vec![source],
            ..City::default()
        }
    }

    #[test]
    fn every_object_knows_its_file() {
        let mut city = City::default();
        city.absorb(part("a", 2, &["330199001"]));
        city.absorb(part("b", 3, &["3301"]));
        city.sort_areas();
        let file = |layer, i| city.origin_of(layer, i).map(|o| (o.source.file.as_str(), o.key));
        assert_eq!(file(Layer::Buildings, 1), Some(("a", "")));
        assert_eq!(file(Layer::Buildings, 2), Some(("b", "")));
        assert_eq!(file(Layer::Buildings, 5), None);
        assert_eq!(file(Layer::Surfaces, 1), Some(("b", "b lake")));
        assert_eq!(file(Layer::Areas, 0), Some(("b", "3301")));
        assert_eq!(file(Layer::Areas, 1), Some(("a", "330199001")));
    }
}
