//! Citizens who see something and report it (随手拍), after the rhythm of a day.

use guanlan_city::City;
use guanlan_core::Stamp;

use super::{
    dice::{mix, unit},
    weather::{day_of, hour_of},
};

/// A kind of report: category of the 2026 edition, share, words.
struct Kind {
    code: &'static str,
    share: f64,
    words: &'static [&'static str],
    photo: &'static str,
}

const KINDS: &[Kind] = &[
    Kind {
        code: "06-010",
        share: 14.0,
        words: &["路边堆了好几袋垃圾没人收", "垃圾桶旁边都是散落的垃圾"],
        photo: "garbage",
    },
    Kind {
        code: "09-010", share: 13.0, words: &["非机动车把人行道占满了", "电动车乱停，盲道走不了"], photo: "bikes"
    },
    Kind {
        code: "09-006",
        share: 9.0,
        words: &["有人占道经营，行人要走机动车道", "水果摊摆到马路上了"],
        photo: "stall",
    },
    Kind {
        code: "06-013", share: 8.0, words: &["路面有个大坑，差点摔倒", "路面开裂塌下去一块"], photo: "pothole"
    },
    Kind {
        code: "01-037", share: 7.0, words: &["路灯不亮，晚上一片黑", "整条巷子路灯都坏了"], photo: "lamp"
    },
    Kind { code: "06-028", share: 7.0, words: &["商铺音响太吵，没法休息"], photo: "noise" },
    Kind { code: "09-011", share: 7.0, words: &["共享单车堆在地铁口"], photo: "sharebikes" },
    Kind {
        code: "01-003", share: 6.0, words: &["雨水井盖松动，车一过就响", "井盖边上塌了一圈"], photo: "cover"
    },
    Kind { code: "01-004", share: 5.0, words: &["雨水箅子被树叶堵住了"], photo: "grate" },
    Kind { code: "07-001", share: 5.0, words: &["电线杆上又贴满小广告"], photo: "posters" },
    Kind { code: "08-004", share: 4.0, words: &["工地扬尘很大，没有洒水"], photo: "dust" },
    Kind { code: "06-042", share: 4.0, words: &["垃圾箱已经满出来了"], photo: "fullbin" },
    Kind { code: "06-014", share: 4.0, words: &["渣土车撒了一路土"], photo: "spill" },
    Kind { code: "04-002", share: 3.0, words: &["行道树断枝挂在半空"], photo: "branch" },
    Kind { code: "09-012", share: 3.0, words: &["消防通道被私家车堵死"], photo: "firelane" },
    Kind { code: "", share: 1.0, words: &["这里有点问题，麻烦来看看"], photo: "misc" },
];

/// Reports on an ordinary day.
const PER_DAY: f64 = 128.0;
/// Reports are decided minute by minute.
const STEP_MS: i64 = 60_000;

/// A report before it becomes a message.
#[derive(Clone, Debug, PartialEq)]
pub struct Sighting {
    /// Names it for ever.
    pub report: String,
    /// When.
    pub at: Stamp,
    /// Local place, m.
    pub place_m: [f64; 2],
    /// Category code, or empty.
    pub code: &'static str,
    /// Words.
    pub text: &'static str,
    /// Photo name.
    pub photo: String,
    /// Where it looks, degrees clockwise from north; phones with the compass off do not say it.
    pub heading_deg: Option<f64>,
}

/// Relative traffic of reports over the day; its mean is 1.
fn rhythm(hour: f64) -> f64 {
    let bump = |c: f64, w: f64| (-((hour - c) / w).powi(2)).exp();
    (0.12 + 1.45 * bump(9.0, 2.6) + 1.0 * bump(14.5, 3.0) + 1.35 * bump(18.8, 2.4)) / 0.716
}

/// The reports between two instants, `from` excluded, `to` included.
#[must_use]
pub fn between(seed: u64, city: &City, from: Stamp, to: Stamp) -> Vec<Sighting> {
    let mut out = Vec::new();
    let mut minute = from.0.div_euclid(STEP_MS) + 1;
    while minute * STEP_MS <= to.0 {
        let at = Stamp(minute * STEP_MS);
        let chance = PER_DAY / 1440.0 * rhythm(hour_of(at));
        if unit(seed, 0xC171, minute as u64) < chance {
            out.extend(sighting(seed, city, at, minute));
        }
        minute += 1;
    }
    out
}

fn sighting(seed: u64, city: &City, at: Stamp, minute: i64) -> Option<Sighting> {
    let m = minute as u64;
    let total: f64 = KINDS.iter().map(|k| k.share).sum();
    let mut dice = unit(seed, 0xC172, m) * total;
    let kind = KINDS.iter().find(|k| {
        dice -= k.share;
        dice < 0.0
    })?;
    let text = kind.words[mix(seed, 0xC173, m) as usize % kind.words.len()];
    if city.roads.is_empty() {
        return None;
    }
    let road = &city.roads[mix(seed, 0xC174, m) as usize % city.roads.len()];
    let line = &road.line;
    let i = mix(seed, 0xC175, m) as usize % line.len().saturating_sub(1).max(1);
    let (a, b) = (line.get(i)?, line.get(i + 1)?);
    let t = unit(seed, 0xC176, m) as f32;
    let place_m = [f64::from(a[0] + (b[0] - a[0]) * t), f64::from(a[1] + (b[1] - a[1]) * t)];
    Some(Sighting {
        report: format!("SSP-{}-{:05}", day_of(at), minute.rem_euclid(1440)),
        at,
        place_m,
        code: kind.code,
        text,
        photo: format!("demo/{}.jpg", kind.photo),
        heading_deg: (unit(seed, 0xC177, m) < 0.8).then(|| {
            // Mostly along the street, up or down.
            let along = f64::from(b[0] - a[0]).atan2(f64::from(b[1] - a[1])).to_degrees();
            let turn = 180.0 * f64::from(u8::from(unit(seed, 0xC178, m) < 0.5));
            (along + turn + 50.0 * (unit(seed, 0xC179, m) - 0.5)).rem_euclid(360.0).round()
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use guanlan_city::model::Road;

    #[test]
    fn a_day_brings_between_ninety_and_a_hundred_and_seventy() {
        let city =
            City { roads: vec![Road { line: vec![[0.0, 0.0], [100.0, 0.0]], ..Road::default() }], ..City::default() };
        for day in 20_400..20_410 {
            let from = Stamp(day * 86_400_000);
            let n = between(1, &city, from, from + 86_400_000).len();
            assert!((90..=170).contains(&n), "{n} reports");
            // Asking in pieces gives the same reports.
            let half = between(1, &city, from, from + 40_000_123).len()
                + between(1, &city, from + 40_000_123, from + 86_400_000).len();
            assert_eq!(n, half);
        }
    }
}
