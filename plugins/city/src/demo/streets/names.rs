//! Names of streets that the plan does not name, and Chinese numerals.

use std::collections::BTreeMap;

use super::kind::Kind;
use crate::demo::{dice::mix, geom::P, plan::Plan};

/// Names a street by where it lies; `used` holds the names given and how many streets bear each.
pub fn name_street(
    plan: &Plan,
    at: P,
    kind: Kind,
    east_west: bool,
    used: &mut BTreeMap<String, u32>,
) -> (String, String) {
    let words = &plan.file.words.street_head;
    let h = mix(plan.seed ^ mix((at[0] as i64 as u64) << 20 ^ at[1] as i64 as u64));
    let (zh_tail, en_tail) = match (kind, plan.in_old_town(at)) {
        (Kind::Service, true) => ("弄", "Lane"),
        (_, true) => ("巷", "Alley"),
        (Kind::Tertiary, _) => ("路", "Road"),
        _ if east_west => ("街", "Street"),
        _ => ("路", "Road"),
    };
    for k in 0..words.len() as u64 * 2 {
        let w = &words[((h + k * 7) % words.len() as u64) as usize];
        let (mid_zh, mid_en) = match k / words.len() as u64 {
            0 => ("", ""),
            _ if east_west => ("横", " Heng"),
            _ => ("直", " Zhi"),
        };
        let zh = format!("{}{mid_zh}{zh_tail}", w.0);
        if !used.contains_key(&zh) {
            used.insert(zh.clone(), 1);
            return (zh, format!("{}{mid_en} {en_tail}", w.1));
        }
    }
    // All names are taken: number the lanes of one name.
    let w = &words[(h % words.len() as u64) as usize];
    let zh = format!("{}{zh_tail}", w.0);
    let n = used.entry(zh).or_insert(1);
    *n += 1;
    (format!("{}{}{zh_tail}", w.0, numeral(*n)), format!("{} {en_tail} {n}", w.1))
}

/// Chinese numerals below 100.
pub fn numeral(n: u32) -> String {
    const D: [&str; 10] = ["", "一", "二", "三", "四", "五", "六", "七", "八", "九"];
    match n {
        0 => "零".to_owned(),
        1..=9 => D[n as usize].to_owned(),
        10..=19 => format!("十{}", D[n as usize - 10]),
        20..=99 => format!("{}十{}", D[n as usize / 10], D[n as usize % 10]),
        _ => n.to_string(),
    }
}
