//! Category tables (部件/事项分类) as data, keyed by (edition, kind, class, sub) (DOMAIN §1.6).

use std::collections::BTreeMap;

use guanlan_core::Bilingual;

use crate::{CaseworkError, table};

const COLUMNS: [&str; 7] = ["edition", "kind", "class", "sub", "name_zh", "name_en", "source"];
const MAPPING: [&str; 6] = ["edition", "kind", "code_2013", "code_2026", "basis", "source"];
/// Source of codes a city adds itself (numbered downwards from 999).
pub const LOCAL_SOURCE: &str = "Local extension";
/// The edition that new cases carry.
pub const CURRENT_EDITION: &str = "2026";

/// What names a category for ever. The kind is part of it: 01-003 is a component and a matter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CategoryKey {
    /// `2026`, `2013`.
    pub edition: String,
    /// `component` 部件 or `matter` 事项.
    pub kind: String,
    /// Two digits.
    pub class: String,
    /// Three digits (2026) or two (2013).
    pub sub: String,
}

impl CategoryKey {
    /// A matter of the current edition from its code `06-010`. `None` if it is not spelled so.
    #[must_use]
    pub fn current_matter(code: &str) -> Option<Self> {
        let (class, sub) = code.split_once('-')?;
        let digits = |text: &str, n: usize| text.len() == n && text.bytes().all(|b| b.is_ascii_digit());
        (digits(class, 2) && digits(sub, 3)).then(|| Self {
            edition: CURRENT_EDITION.into(),
            kind: "matter".into(),
            class: class.into(),
            sub: sub.into(),
        })
    }

    /// The code as people write it: `06-010` (2026), `0110` (2013).
    #[must_use]
    pub fn code(&self) -> String {
        if self.edition == "2013" {
            format!("{}{}", self.class, self.sub)
        } else {
            format!("{}-{}", self.class, self.sub)
        }
    }
}

/// One category.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Category {
    /// Its key.
    pub key: CategoryKey,
    /// Its name.
    pub name: Bilingual,
    /// Where the row comes from.
    pub source: String,
}

/// A 2013 code and what it is called since 2026.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// `component` or `matter`.
    pub kind: String,
    /// Four digits.
    pub code_2013: String,
    /// `06-010`.
    pub code_2026: String,
    /// `name`, `same_number`, `nearest`.
    pub basis: String,
}

/// All category tables.
#[derive(Clone, Debug, Default)]
pub struct Categories {
    rows: BTreeMap<CategoryKey, Category>,
    mappings: Vec<Mapping>,
}

impl Categories {
    /// Adds a table; a key that comes twice is refused.
    ///
    /// # Errors
    /// Names file, line and column.
    pub fn add(&mut self, file: &str, text: &str) -> Result<(), CaseworkError> {
        for row in table::rows(file, &COLUMNS, text)? {
            let width = if row.get("edition") == "2013" { 2 } else { 3 };
            for (field, len) in [("class", 2), ("sub", width)] {
                let cell = row.get(field);
                if cell.len() != len || !cell.bytes().all(|b| b.is_ascii_digit()) {
                    return Err(row.wrong(field, format!("expected {len} digits, found '{cell}'")));
                }
            }
            if !matches!(row.get("kind"), "component" | "matter") {
                let found = row.get("kind");
                return Err(row.wrong("kind", format!("expected component or matter, found '{found}'")));
            }
            if row.get("name_zh").is_empty() {
                return Err(row.wrong("name_zh", "expected a name"));
            }
            let key = CategoryKey {
                edition: row.get("edition").into(),
                kind: row.get("kind").into(),
                class: row.get("class").into(),
                sub: row.get("sub").into(),
            };
            let category = Category {
                key: key.clone(),
                name: Bilingual::new(row.get("name_zh"), row.get("name_en")),
                source: row.get("source").into(),
            };
            if self.rows.insert(key, category).is_some() {
                return Err(row.wrong("sub", "this edition, kind, class and sub-class came before"));
            }
        }
        Ok(())
    }

    /// Adds the 2013→2026 mapping. Every 2026 code must exist.
    ///
    /// # Errors
    /// Names file, line and column.
    pub fn add_mapping(&mut self, file: &str, text: &str) -> Result<(), CaseworkError> {
        for row in table::rows(file, &MAPPING, text)? {
            let code_2026 = row.get("code_2026");
            let key = CategoryKey::current_matter(code_2026)
                .map(|key| CategoryKey { kind: row.get("kind").into(), ..key })
                .filter(|key| self.rows.contains_key(key));
            if key.is_none() {
                return Err(row.wrong("code_2026", format!("'{code_2026}' is not in the 2026 table")));
            }
            self.mappings.push(Mapping {
                kind: row.get("kind").into(),
                code_2013: row.get("code_2013").into(),
                code_2026: code_2026.into(),
                basis: row.get("basis").into(),
            });
        }
        Ok(())
    }

    /// The tables that ship with the program.
    ///
    /// # Errors
    /// Never for the shipped tables; a test proves it.
    pub fn shipped() -> Result<Self, CaseworkError> {
        let mut tables = Self::default();
        tables.add("categories_2026.csv", include_str!("../../../assets/casework/categories_2026.csv"))?;
        tables.add("categories_local.csv", include_str!("../../../assets/casework/categories_local.csv"))?;
        tables.add("categories_2013.csv", include_str!("../../../assets/casework/categories_2013.csv"))?;
        tables.add_mapping("mapping_2013.csv", include_str!("../../../assets/casework/mapping_2013.csv"))?;
        Ok(tables)
    }

    /// The category of a key.
    #[must_use]
    pub fn get(&self, key: &CategoryKey) -> Option<&Category> {
        self.rows.get(key)
    }

    /// The matter of the current edition with this code (`06-010`).
    #[must_use]
    pub fn matter(&self, code: &str) -> Option<&Category> {
        self.rows.get(&CategoryKey::current_matter(code)?)
    }

    /// Every category in the order of its key.
    pub fn iter(&self) -> impl Iterator<Item = &Category> {
        self.rows.values()
    }

    /// The 2026 code of a 2013 code, for example `0506` → `10-999`.
    #[must_use]
    pub fn from_2013(&self, kind: &str, code: &str) -> Option<&str> {
        self.mappings.iter().find(|m| m.kind == kind && m.code_2013 == code).map(|m| m.code_2026.as_str())
    }

    /// The 2013 code of a 2026 code, by same name or number.
    #[must_use]
    pub fn to_2013(&self, kind: &str, code: &str) -> Option<&str> {
        let exact = |m: &&Mapping| m.kind == kind && m.code_2026 == code && m.basis != "nearest";
        self.mappings.iter().find(exact).map(|m| m.code_2013.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The self-check of DOMAIN §1.6.
    #[test]
    fn counts_of_the_2026_edition() {
        let tables = Categories::shipped().unwrap();
        let count = |kind: &str, class: &str| {
            tables
                .iter()
                .filter(|c| c.key.edition == "2026" && c.key.kind == kind && c.source != LOCAL_SOURCE)
                .filter(|c| class.is_empty() || c.key.class == class)
                .count()
        };
        assert_eq!(["01", "02", "03", "04", "05"].map(|c| count("component", c)), [76, 44, 16, 14, 3]);
        assert_eq!(count("component", ""), 153);
        assert_eq!(["06", "07", "08", "09", "10"].map(|c| count("matter", c)), [51, 7, 16, 21, 2]);
        assert_eq!(["01", "02", "03", "04", "05"].map(|c| count("matter", c)), [76, 44, 16, 14, 3]);
        assert_eq!(count("matter", ""), 250);
    }

    #[test]
    fn the_kind_is_part_of_the_key() {
        let tables = Categories::shipped().unwrap();
        let matter = CategoryKey::current_matter("01-003").unwrap();
        let component = CategoryKey { kind: "component".into(), ..matter.clone() };
        assert_eq!(tables.get(&component).unwrap().name.zh, "雨水井盖");
        assert_eq!(tables.get(&matter).unwrap().name.zh, "雨水井盖异常");
        assert_eq!(tables.matter("06-010").unwrap().name.zh, "暴露垃圾");
        for bad in ["0610", "06-10", "6-010", "06-01a", "06-999", ""] {
            assert!(tables.matter(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn old_codes_map() {
        let tables = Categories::shipped().unwrap();
        for (kind, old, new) in [
            ("matter", "0506", "10-999"),
            ("matter", "0502", "10-998"),
            ("matter", "0507", "10-001"),
            ("matter", "0406", "09-006"),
            ("matter", "0496", "09-012"),
            ("component", "0103", "01-003"),
            ("component", "0507", "01-070"),
        ] {
            assert_eq!(tables.from_2013(kind, old), Some(new));
            assert_eq!(tables.to_2013(kind, new), Some(old));
        }
        assert_eq!(tables.to_2013("matter", "06-012"), Some("0112"), "not the nearest one, 0604");
        assert!(tables.iter().all(|c| !c.name.en.is_empty() && !c.source.is_empty()));
    }

    #[test]
    fn wrong_tables_are_refused() {
        let head = COLUMNS.join(",");
        for (line, expected) in [
            ("2026,matter,6,010,x,x,s", "t.csv:2: class: 应为 2 位数字"),
            ("2026,matter,06,10,x,x,s", "t.csv:2: sub: 应为 3 位数字"),
            ("2026,thing,06,010,x,x,s", "t.csv:2: kind"),
            ("2026,matter,06,010,,x,s", "t.csv:2: name_zh"),
            ("2026,matter,06,010,x,x,s\n2026,matter,06,010,y,y,s", "t.csv:3: sub: 同一版本"),
        ] {
            let error = Categories::default().add("t.csv", &format!("{head}\n{line}\n")).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
