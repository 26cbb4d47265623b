//! Depths that matter, from an editable file.

use guanlan_core::Bilingual;
use serde::{Deserialize, Serialize};

use crate::{chinese::of_toml, storm::StormError};

/// The file that comes with the program: `assets/measures/limits.toml`.
const BUILTIN: &str = include_str!("../../../../assets/measures/limits.toml");

/// A depth at which a road closes to somebody.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoadLimit {
    /// Name in results.
    pub id: String,
    /// m.
    pub depth_m: f32,
    /// Name on the screen.
    pub name: Bilingual,
}

/// All limits.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Depth at which a vulnerable place counts as reached, m.
    pub place_m: f32,
    /// Lower bounds of the depth classes of buildings, over the sill, m.
    pub building_m: Vec<f32>,
    /// Roads, shallowest first.
    pub road: Vec<RoadLimit>,
}

impl Limits {
    /// Reads a file's text; `origin` names it in errors.
    ///
    /// # Errors
    /// When the text is not TOML of this shape or the depths do not rise.
    pub fn parse(text: &str, origin: &str) -> Result<Self, StormError> {
        let limits: Self = toml::from_str(text).map_err(|e| StormError::new(origin, "TOML", of_toml(text, &e)))?;
        let rising = |v: &[f32]| v.iter().all(|d| (0.0..=20.0).contains(d)) && v.windows(2).all(|w| w[1] > w[0]);
        let roads: Vec<f32> = limits.road.iter().map(|r| r.depth_m).collect();
        if !rising(&roads) || roads.is_empty() || roads[0] <= 0.0 {
            return Err(StormError::new(origin, "road", "expected rising depths over 0 m"));
        }
        if !rising(&limits.building_m) || limits.building_m.is_empty() {
            return Err(StormError::new(origin, "building_m", "expected rising depths in m"));
        }
        if !(limits.place_m > 0.0 && limits.place_m <= 20.0) {
            return Err(StormError::new(origin, "place_m", "expected more than 0 m"));
        }
        Ok(limits)
    }

    /// The file that comes with the program.
    ///
    /// # Errors
    /// Never in a built program: a test reads the file.
    pub fn builtin() -> Result<Self, StormError> {
        Self::parse(BUILTIN, "assets/measures/limits.toml")
    }

    /// The limit that closes a road to cars: the second, or the only one.
    #[must_use]
    pub fn cars(&self) -> usize {
        self.road.iter().position(|r| r.id == "closed_cars").unwrap_or((self.road.len() - 1).min(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_limits_are_the_known_ones() {
        let limits = Limits::builtin().unwrap();
        assert_eq!(limits.road.iter().map(|r| r.depth_m).collect::<Vec<_>>(), [0.15, 0.27, 0.40, 0.50]);
        assert_eq!(limits.cars(), 1);
        for bad in ["", "place_m = 0.05\nbuilding_m = [0.0]\nroad = []\n", "place_m = 0.05\nbuilding_m = [0.2, 0.1]\n"]
        {
            assert!(Limits::parse(bad, "x.toml").unwrap_err().to_string().contains("x.toml"));
        }
    }
}
