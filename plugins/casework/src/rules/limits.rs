//! Handling limits by category code, filing condition and class of area: a table.

use std::collections::BTreeMap;

use guanlan_core::Bilingual;

use crate::{CaseworkError, category::Categories, limit::Limit, table};

const COLUMNS: [&str; 8] =
    ["edition", "code", "condition", "condition_zh", "condition_en", "area_class", "limit", "source"];

/// One line of the limits table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitRow {
    /// Machine name of the filing condition, for example `missing`.
    pub condition: String,
    /// The condition in words.
    pub words: Bilingual,
    /// `*`, `A`, `B` or `C`.
    pub area_class: String,
    /// How long handling may take.
    pub limit: Limit,
    /// Where the row comes from.
    pub source: String,
}

/// Reads the table.
pub(super) fn read(
    file: &str,
    text: &str,
    categories: &Categories,
) -> Result<BTreeMap<String, Vec<LimitRow>>, CaseworkError> {
    let mut out: BTreeMap<String, Vec<LimitRow>> = BTreeMap::new();
    for row in table::rows(file, &COLUMNS, text)? {
        let code = row.get("code");
        if categories.matter(code).is_none() {
            return Err(row.wrong("code", format!("'{code}' is not a matter of the 2026 table")));
        }
        let Some(limit) = Limit::parse(row.get("limit")) else {
            let found = row.get("limit");
            return Err(row.wrong("limit", format!("expected an amount and u, q, h, d or n, found '{found}'")));
        };
        if !matches!(row.get("area_class"), "*" | "A" | "B" | "C") {
            let found = row.get("area_class");
            return Err(row.wrong("area_class", format!("expected *, A, B or C, found '{found}'")));
        }
        out.entry(code.to_owned()).or_default().push(LimitRow {
            condition: row.get("condition").into(),
            words: Bilingual::new(row.get("condition_zh"), row.get("condition_en")),
            area_class: row.get("area_class").into(),
            limit,
            source: row.get("source").into(),
        });
    }
    Ok(out)
}
