//! What a building is used for, from the words and codes of several sources.

/// Words (of OSM, CityGML code lists, Chinese files) by the use they mean.
const WORDS: [(&str, &[&str]); 11] = [
    ("school", &["school", "kindergarten", "university", "college", "education", "学校", "小学", "中学", "教育"]),
    ("hospital", &["hospital", "clinic", "医院", "医疗"]),
    ("hotel", &["hotel", "hostel", "motel", "宾馆", "酒店"]),
    (
        "residential",
        &[
            "resid",
            "apartment",
            "house",
            "dwelling",
            "detached",
            "terrace",
            "dormitory",
            "bungalow",
            "housing",
            "habitation",
            "woon",
            "wohn",
            "住宅",
            "居住",
            "公寓",
        ],
    ),
    ("office", &["office", "government", "administrat", "public", "civic", "townhall", "办公", "行政"]),
    ("commercial", &["commerc", "retail", "shop", "supermarket", "kiosk", "mall", "business", "winkel", "商业", "商"]),
    ("industrial", &["industr", "factory", "manufactur", "plant", "工业", "厂房"]),
    ("warehouse", &["warehouse", "storage", "仓"]),
    ("transport", &["transport", "station", "garage", "parking", "hangar", "交通", "车库", "车站"]),
    ("religious", &["church", "temple", "mosque", "chapel", "cathedral", "religio", "synagogue", "寺", "教堂"]),
    ("culture", &["museum", "theatre", "library", "sport", "stadium", "leisure", "cultur", "文化", "体育"]),
];

/// Building uses of PLATEAU (Building_usage.xml).
const PLATEAU: [(&str, &str); 14] = [
    ("401", "office"),
    ("402", "commercial"),
    ("403", "hotel"),
    ("404", "commercial"),
    ("411", "residential"),
    ("412", "residential"),
    ("413", "residential"),
    ("414", "residential"),
    ("415", "residential"),
    ("421", "office"),
    ("422", "school"),
    ("431", "warehouse"),
    ("441", "industrial"),
    ("451", "farm"),
];

/// The use a word or code means: one of the names in `WORDS`, the word itself when it is a plain word,
/// empty for unknown codes and for words that say nothing (`yes`, `building`).
pub(crate) fn from_word(word: &str) -> String {
    let lower = word.to_lowercase();
    if let Some((_, usage)) = PLATEAU.iter().find(|(code, _)| *code == lower) {
        return (*usage).to_owned();
    }
    // "warehouse" and "greenhouse" contain "house".
    if lower.contains("warehouse") {
        return "warehouse".into();
    }
    if lower.contains("greenhouse") {
        return "farm".into();
    }
    if let Some((usage, _)) = WORDS.iter().find(|(_, words)| words.iter().any(|w| lower.contains(w))) {
        return (*usage).to_owned();
    }
    let says_something = !["yes", "building", "no", "other", "unknown", "part", "roof"].contains(&lower.as_str())
        && lower.chars().count() <= 40
        && lower.chars().all(|c| c.is_alphabetic() || c == '_' || c == ' ' || c == '-');
    if says_something { lower } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::from_word;

    #[test]
    fn words_codes_and_nothing() {
        for (word, usage) in [
            ("apartments", "residential"),
            ("Office Building", "office"),
            ("住宅", "residential"),
            ("warehouse", "warehouse"),
            ("411", "residential"),
            ("3003", ""),
            ("yes", ""),
            ("barn", "barn"),
        ] {
            assert_eq!(from_word(word), usage, "{word}");
        }
    }
}
