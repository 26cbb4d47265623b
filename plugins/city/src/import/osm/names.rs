//! Names in two languages.

use guanlan_core::Bilingual;

use super::data::Tags;

pub(super) fn cjk(text: &str) -> bool {
    text.chars().any(|c| ('\u{3400}'..='\u{9fff}').contains(&c) || ('\u{f900}'..='\u{faff}').contains(&c))
}

/// `name:zh` or `name` as Chinese, `name:en` (or a `name` in Latin letters) as English.
pub(super) fn name(tags: &Tags) -> Bilingual {
    let get = |keys: &[&str]| keys.iter().find_map(|k| tags.get(k)).filter(|v| !v.is_empty());
    let plain = get(&["name", "official_name"]);
    let chinese = get(&["name:zh", "name:zh-Hans"]);
    let english = get(&["name:en"]).or(plain.filter(|n| chinese.is_some() && !cjk(n)));
    Bilingual::new(chinese.or(plain).or(english).unwrap_or_default(), english.unwrap_or_default())
}

/// The name of the tunnel a road runs through, else of the road.
pub(super) fn tunnel_name(tags: &Tags) -> Bilingual {
    match (tags.get("tunnel:name:zh").or(tags.get("tunnel:name")), tags.get("tunnel:name:en")) {
        (None, None) => name(tags),
        (chinese, english) => Bilingual::new(chinese.or(english).unwrap_or_default(), english.unwrap_or_default()),
    }
}
