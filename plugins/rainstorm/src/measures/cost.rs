//! What measures cost, from an editable table.

use guanlan_core::Bilingual;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Measure;
use crate::{chinese::of_toml, storm::StormError};

/// The table that comes with the program: `assets/measures/costs.toml`.
const BUILTIN: &str = include_str!("../../../../assets/measures/costs.toml");

/// People, trucks and time of one measure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Cost {
    /// People.
    pub people: f64,
    /// Trucks.
    pub trucks: f64,
    /// From the order to the effect, minutes.
    pub minutes: f64,
}

/// What a row counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CostUnit {
    /// One measure.
    #[default]
    One,
    /// Metres of line.
    M,
    /// Hectares of area.
    Ha,
}

/// A row of the table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CostRow {
    /// Key of [`Measure::cost_key`].
    pub measure: String,
    /// Name on the screen.
    pub name: Bilingual,
    /// People.
    pub people: f64,
    /// Trucks.
    pub trucks: f64,
    /// Minutes.
    pub minutes: f64,
    /// What is counted.
    #[serde(default)]
    pub per: CostUnit,
    /// Minutes for each unit.
    #[serde(default)]
    pub minutes_per_unit: f64,
    /// People for each unit.
    #[serde(default)]
    pub people_per_unit: f64,
    /// Where the figures come from.
    pub source: String,
}

/// The table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CostBook {
    /// Rows.
    #[serde(rename = "cost")]
    pub costs: Vec<CostRow>,
}

impl CostBook {
    /// Reads a table; `origin` names it in errors.
    ///
    /// # Errors
    /// When the text is not TOML of this shape or a number makes no sense.
    pub fn parse(text: &str, origin: &str) -> Result<Self, StormError> {
        let book: Self = toml::from_str(text).map_err(|e| StormError::new(origin, "TOML", of_toml(text, &e)))?;
        for row in &book.costs {
            let numbers = [row.people, row.trucks, row.minutes, row.minutes_per_unit, row.people_per_unit];
            if !numbers.iter().all(|v| v.is_finite() && *v >= 0.0) {
                return Err(StormError::new(
                    origin,
                    format!("cost '{}'", row.measure),
                    "expected numbers of 0 or more",
                ));
            }
        }
        Ok(book)
    }

    /// The table that comes with the program.
    ///
    /// # Errors
    /// Never in a built program: a test reads the file.
    pub fn builtin() -> Result<Self, StormError> {
        Self::parse(BUILTIN, "assets/measures/costs.toml")
    }

    /// The row of a measure.
    #[must_use]
    pub fn row(&self, measure: &Measure) -> Option<&CostRow> {
        let key = measure.cost_key()?;
        self.costs.iter().find(|r| r.measure == key)
    }

    /// What a measure costs; nothing when the table does not know it or no team does it.
    #[must_use]
    pub fn of(&self, measure: &Measure) -> Cost {
        let Some(row) = self.row(measure) else { return Cost::default() };
        let units = match (row.per, measure) {
            (CostUnit::M, Measure::Barrier { set: Some(b), .. }) => {
                b.line_m.windows(2).map(|w| (w[1][0] - w[0][0]).hypot(w[1][1] - w[0][1])).sum()
            }
            (CostUnit::Ha, Measure::Sponge { set: Some(s), .. }) => ring_area_m2(&s.ring_m) / 10_000.0,
            (CostUnit::One, _) => 1.0,
            _ => 0.0,
        };
        Cost {
            people: row.people + units * row.people_per_unit,
            trucks: row.trucks,
            minutes: row.minutes + units * row.minutes_per_unit,
        }
    }
}

/// Area of a ring, m².
fn ring_area_m2(ring: &[[f64; 2]]) -> f64 {
    let next = |k: usize| ring[(k + 1) % ring.len()];
    let twice: f64 = (0..ring.len()).map(|k| ring[k][0] * next(k)[1] - next(k)[0] * ring[k][1]).sum();
    0.5 * twice.abs()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measures::{Barrier, BarrierKind};

    #[test]
    fn every_kind_has_a_row_with_a_source() {
        let book = CostBook::builtin().unwrap();
        for key in [
            "sandbags",
            "gate",
            "kerb",
            "mobile_pump",
            "pump_switch",
            "inlet",
            "cover",
            "road_closure",
            "sponge",
            "river_stage",
        ] {
            let row = book.costs.iter().find(|r| r.measure == key).unwrap();
            assert!(!row.source.is_empty() && !row.name.zh.is_empty() && !row.name.en.is_empty(), "{key}");
        }
        let line = Measure::Barrier {
            id: "a".into(),
            set: Some(Barrier {
                kind: BarrierKind::Sandbags,
                line_m: vec![[0.0, 0.0], [30.0, 40.0]],
                line_lonlat: vec![],
                height_m: Some(0.5),
                crest_m: None,
                closed: true,
            }),
        };
        assert_eq!(book.of(&line), Cost { people: 8.0, trucks: 1.0, minutes: 35.0 });
        assert_eq!(book.of(&Measure::RainIntensity(1.0)), Cost::default());
        let bad = CostBook::parse("[[cost]]\nmeasure = \"x\"\npeople = -1\n", "mine.toml").unwrap_err().to_string();
        assert!(bad.contains("mine.toml"), "{bad}");
    }
}
