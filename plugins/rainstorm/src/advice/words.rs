//! Advice in words.

use guanlan_core::{Bilingual, water::Harm};

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
