//! Bearings as people write them: degrees, compass points, words, arcs.

use serde_json::Value;

/// The 16 points of the compass, clockwise from north.
const POINTS: [&str; 16] =
    ["n", "nne", "ne", "ene", "e", "ese", "se", "sse", "s", "ssw", "sw", "wsw", "w", "wnw", "nw", "nnw"];
/// Words for the eight main points, clockwise from north; the last are Chinese.
const WORDS: [[&str; 3]; 8] = [
    ["north", "northbound", "北"],
    ["northeast", "north-east", "东北"],
    ["east", "eastbound", "东"],
    ["southeast", "south-east", "东南"],
    ["south", "southbound", "南"],
    ["southwest", "south-west", "西南"],
    ["west", "westbound", "西"],
    ["northwest", "north-west", "西北"],
];

/// Degrees clockwise from north, 0 to 360: `135`, `-45`, `45°`, `SSW`, `north-east`, `朝东`, `北偏东30度`; the middle of an
/// arc (`45-135`, `N-E`); the first of a list.
pub(crate) fn bearing_deg(text: &str) -> Option<f64> {
    let text = text.split([';', '；']).next()?.trim().to_lowercase();
    single(&text).or_else(|| {
        // The first sign may be a minus.
        let cut = text.char_indices().skip(1).find(|(_, c)| matches!(c, '-' | '–' | '~'))?;
        let (from, to) = (single(&text[..cut.0])?, single(&text[cut.0 + cut.1.len_utf8()..])?);
        let arc = (to - from).rem_euclid(360.0);
        // 0-360 is all around.
        (arc > 0.0).then(|| (from + arc / 2.0).rem_euclid(360.0))
    })
}

/// The same of a JSON value.
pub(crate) fn bearing_of(value: &Value) -> Option<f64> {
    match value {
        Value::Number(n) => n.as_f64().filter(|v| v.is_finite()).map(|v| v.rem_euclid(360.0)),
        Value::String(text) => bearing_deg(text),
        Value::Object(map) => bearing_of(map.get("value")?),
        _ => None,
    }
}

fn single(text: &str) -> Option<f64> {
    let text = text.trim().trim_end_matches(['°', 'º', '度']).trim();
    if let Ok(degrees) = text.replace(',', ".").parse::<f64>() {
        return Some(degrees.rem_euclid(360.0)).filter(|v| v.is_finite());
    }
    if let Some(n) = POINTS.iter().position(|p| *p == text) {
        return Some(n as f64 * 22.5);
    }
    let said = text.replace(' ', "-");
    let said = said.trim_start_matches(['朝', '向', '正', '面']).trim_end_matches(['方', '向', '侧', '面']);
    if let Some(n) = WORDS.iter().position(|words| words.contains(&said)) {
        return Some(n as f64 * 45.0);
    }
    // 北偏东30: from the first towards the second.
    let plain: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let (from, rest) = plain.split_once('偏')?;
    let towards = rest.chars().next()?;
    let degrees: f64 = rest[towards.len_utf8()..].parse().ok().filter(|d| (0.0..=90.0).contains(d))?;
    let main = |word: &str| WORDS.iter().position(|words| words[2] == word).filter(|n| n % 2 == 0);
    let (from, to) = (main(from)? as f64 * 45.0, main(&towards.to_string())? as f64 * 45.0);
    match (to - from).rem_euclid(360.0) {
        90.0 => Some((from + degrees).rem_euclid(360.0)),
        270.0 => Some((from - degrees).rem_euclid(360.0)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bearings_in_many_spellings() {
        for (text, want) in [
            ("135", Some(135.0)),
            ("-45", Some(315.0)),
            ("30°", Some(30.0)),
            ("ssw", Some(202.5)),
            ("North-East", Some(45.0)),
            ("south west", Some(225.0)),
            ("45-135", Some(90.0)),
            ("315-45", Some(0.0)),
            ("N-E", Some(45.0)),
            ("0-360", None),
            ("90;270", Some(90.0)),
            ("朝东", Some(90.0)),
            ("西北方向", Some(315.0)),
            ("北偏东30度", Some(30.0)),
            ("南偏东 20", Some(160.0)),
            ("北偏南30", None),
            ("forward", None),
            ("up", None),
            ("", None),
            ("-", None),
            ("偏", None),
            ("NaN", None),
        ] {
            assert_eq!(bearing_deg(text), want, "{text}");
        }
        assert_eq!(bearing_of(&serde_json::json!({"value": "N"})), Some(0.0));
        assert_eq!(bearing_of(&serde_json::json!(-90)), Some(270.0));
        assert_eq!(bearing_of(&serde_json::json!([1])), None);
    }
}
