//! What covers a cell, for those who ask from outside.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::{Domain, SoilClass};

impl Domain {
    /// Class of an open cell; `None` when blocked.
    #[must_use]
    pub fn soil_class(&self, col: usize, row: usize) -> Option<SoilClass> {
        if row >= self.grid.rows {
            return self.finer_cell(row).and_then(|(patch, row)| patch.domain.soil_class(col, row));
        }
        let class = usize::from(self.class[self.grid.padded(col, row)]);
        SoilClass::ALL.get(class).copied().filter(|_| !self.is_blocked(col, row))
    }
}

impl JsonSchema for SoilClass {
    fn schema_name() -> Cow<'static, str> {
        "SoilClass".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "enum": ["urban", "road", "paved", "green", "water", "roof"] })
    }
}
