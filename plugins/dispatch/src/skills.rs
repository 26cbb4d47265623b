//! What a case asks of a crew, by category code. The table is `skills.toml`.

use guanlan_core::Bilingual;
use serde::Deserialize;

/// What the cases of a category ask for.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Need {
    /// Codes it holds for: the longest prefix of a case's code wins; empty is the rest.
    pub codes: Vec<String>,
    /// Skills or kit; without the first nobody is sent, the others are wished for.
    pub required: Vec<String>,
    /// Shortest and longest work on site, minutes.
    pub work_min: [u32; 2],
    /// What a crew says when it has done.
    pub done: Bilingual,
}

/// The table.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NeedTable {
    need: Vec<Need>,
}

impl Default for NeedTable {
    fn default() -> Self {
        // The file is part of the program; a test reads it.
        #[expect(clippy::expect_used)]
        toml::from_str(include_str!("skills.toml")).expect("skills.toml is read by a test")
    }
}

impl NeedTable {
    /// What a case with this code asks for.
    #[must_use]
    pub fn of(&self, code: &str) -> &Need {
        let fit = |need: &Need| need.codes.iter().filter(|c| code.starts_with(c.as_str())).map(String::len).max();
        let mut best = (&self.need[0], None);
        for need in &self.need {
            let length = fit(need);
            if length > best.1 {
                best = (need, length);
            }
        }
        best.0
    }
}

/// The name of a skill or kit on the screen.
#[must_use]
pub fn skill_name(key: &str) -> Bilingual {
    match key {
        "drainage" => Bilingual::new("排水抢险", "drainage"),
        "cover" => Bilingual::new("井盖处置", "covers"),
        "gas" => Bilingual::new("燃气处置", "gas"),
        "road" => Bilingual::new("道路维修", "road repair"),
        "sanitation" => Bilingual::new("环卫", "sanitation"),
        "greening" => Bilingual::new("园林", "greening"),
        "check" => Bilingual::new("巡查核查", "patrol and check"),
        "lamp" => Bilingual::new("照明维修", "lighting"),
        "pump_truck" => Bilingual::new("泵车", "pump truck"),
        "barrier" => Bilingual::new("围挡", "barriers"),
        "gas_detector" => Bilingual::new("测气仪", "gas detector"),
        "generator" => Bilingual::new("发电机", "generator"),
        "camera" => Bilingual::new("相机", "camera"),
        "cones" => Bilingual::new("锥桶", "cones"),
        "tools" => Bilingual::new("维修工具", "tools"),
        "sweeper" => Bilingual::new("清扫车", "sweeper"),
        "saw" => Bilingual::new("油锯", "chain saw"),
        other => Bilingual::same(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn longest_prefix_wins() {
        let table = NeedTable::default();
        assert_eq!(table.of("01-003").required[0], "cover");
        assert_eq!(table.of("06-010").required[0], "sanitation");
        assert_eq!(table.of("0506").required[0], "drainage");
        assert_eq!(table.of("09-009").required[0], "check");
        assert_eq!(table.of("04-002").required[0], "greening");
        assert_eq!(table.of("?").required[0], "check");
        for need in &table.need {
            assert!(!need.required.is_empty() && need.work_min[0] <= need.work_min[1]);
        }
    }
}
