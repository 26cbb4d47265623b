//! Advice in words.

use guanlan_core::{Bilingual, Lang, water::Harm};

/// The difference between two runs in one sentence.
pub(super) fn difference(nothing: &Harm, then: &Harm) -> Bilingual {
    let mut zh = Vec::new();
    let mut en = Vec::new();
    let mut say = |was: f64, is: f64, z: &str, e: &str, least: f64| {
        if was - is >= least {
            zh.push(format!("{z} {was:.0}→{is:.0}"));
            en.push(format!("{e} {was:.0}→{is:.0}"));
        }
    };
    say(nothing.underpass_min, then.underpass_min, "下穿中断（分钟）", "underpasses cut, min:", 1.0);
    say(nothing.road_min, then.road_min, "道路中断（分钟）", "roads cut, min:", 1.0);
    say(f64::from(nothing.roads), f64::from(then.roads), "中断路段", "roads cut:", 1.0);
    say(f64::from(nothing.buildings), f64::from(then.buildings), "进水房屋", "buildings:", 1.0);
    say(f64::from(nothing.residents), f64::from(then.residents), "受影响居民", "residents:", 1.0);
    say(f64::from(nothing.places), f64::from(then.places), "受淹重点场所", "vulnerable places:", 1.0);
    say(f64::from(nothing.peak_mm) / 10.0, f64::from(then.peak_mm) / 10.0, "最深（cm）", "deepest, cm:", 1.0);
    if zh.is_empty() {
        return Bilingual::new("与不处置相比无明显差别", "no difference to speak of against doing nothing");
    }
    Bilingual::new(format!("与不处置相比：{}", zh.join("，")), format!("against doing nothing: {}", en.join("; ")))
}

/// Names of things left out that are written down.
const NAMED: usize = 3;

/// What was found with how far the search came: `grouped` things were weighed `size` at a time, some not by themselves.
pub(super) fn how_far(found: Bilingual, grouped: usize, size: usize, unweighed: &[&Bilingual]) -> Bilingual {
    let (mut zh, mut en) = (found.zh.clone(), found.get(Lang::En).to_owned());
    if size > 1 && grouped > 0 {
        zh += &format!("；时间所限，{grouped} 项手段按 {size} 项一组比选");
        en += &format!("; short of time, {grouped} things to do were weighed {size} at a time");
    }
    if !unweighed.is_empty() {
        let names = |lang| unweighed.iter().take(NAMED).map(|n| n.get(lang)).collect::<Vec<_>>();
        let more = unweighed.len().saturating_sub(NAMED);
        let (more_zh, more_en) = if more > 0 {
            (format!(" 等 {} 项", unweighed.len()), format!(" and {more} more"))
        } else {
            Default::default()
        };
        zh += &format!("；未单独比选：{}{more_zh}", names(Lang::Zh).join("、"));
        en += &format!("; not weighed by themselves: {}{more_en}", names(Lang::En).join(", "));
    }
    Bilingual::new(zh, en)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_time_did_not_allow_is_said() {
        let found = || Bilingual::new("好", "good");
        assert_eq!(how_far(found(), 9, 1, &[]), found());
        let name = Bilingual::new("清掏", "clear");
        let said = how_far(found(), 9, 3, &[&name, &name, &name, &name]);
        assert!(said.zh.contains("9 项手段按 3 项一组") && said.zh.contains("清掏、清掏、清掏 等 4 项"), "{}", said.zh);
        assert!(
            said.get(Lang::En).contains("3 at a time")
                && said.get(Lang::En).ends_with("clear, clear, clear and 1 more")
        );
    }
}
