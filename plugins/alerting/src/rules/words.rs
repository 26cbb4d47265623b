//! What the TOML reader says, in words a person who writes rules can act on: which rule and field, what was expected,
//! and what was probably meant.

use guanlan_core::{
    ObservedProperty,
    file_words::line_at,
    phrases::{nearest, outside_quotes},
};

/// Line, field and message of what the TOML reader refused.
pub(super) fn of_toml(text: &str, error: &toml::de::Error) -> (usize, String, String) {
    let offset = error.span().map_or(0, |s| s.start);
    let line = line_at(text, offset);
    let said = error.message();
    let missing = quoted_after(said, "missing field ");
    let unknown = quoted_after(said, "unknown field ");
    let key = missing.clone().or(unknown).or_else(|| key_on(text, line));
    let own = ["format", "rules"].iter().any(|k| key.as_deref() == Some(k));
    let field = match (rule_of(text, line).filter(|_| !own), key) {
        (Some(rule), Some(key)) => format!("{rule}.{key}"),
        (None, Some(key)) => key,
        (Some(rule), None) => rule,
        (None, None) => "toml".into(),
    };
    (line, field, message(text, line, said, missing.as_deref()))
}

fn message(text: &str, line: usize, said: &str, missing: Option<&str>) -> String {
    if let Some(field) = missing {
        let example = match field {
            "format" => "format = 1 as the first line",
            "title" => "title = { zh = \"道路积水\", en = \"Road water\" }",
            "zh" | "en" => "words in both languages: { zh = \"道路积水\", en = \"Road water\" }",
            "name" => "name = \"road-water\"",
            "version" => "version = 1",
            "expect" => "expect = \"90 blue, 300 normal\"",
            "sensor" => "sensor = \"gauge-1\"",
            "series" => "series = \"0:4 30:6.5\"",
            "within_min" => "within_min = 60",
            _ => return format!("missing field '{field}'"),
        };
        return format!("missing field '{field}'; expected {example}");
    }
    for what in ["unknown field ", "unknown variant "] {
        let Some(word) = quoted_after(said, what) else { continue };
        let known: Vec<&str> = said.split('`').skip(3).step_by(2).collect();
        let meant = hint(&word)
            .map(|h| format!("; {h}"))
            .or_else(|| english(&word).map(|name| format!("; did you mean '{name}'?")))
            .or_else(|| nearest(&word, known.iter().copied()).map(|best| format!("; did you mean '{best}'?")))
            .unwrap_or_default();
        return format!("{what}'{word}'{meant} — expected one of {}", known.join(", "));
    }
    if let Some(wrong) = said.strip_prefix("invalid type: ") {
        let (found, wanted) = wrong.split_once(", expected ").unwrap_or((wrong, ""));
        let expected = match wanted {
            "f64" => {
                let unit = unit_near(text, line).map(|u| format!(" in {u}")).unwrap_or_default();
                if let Some((unit, example)) = unit_of_name(text, line) {
                    return format!(
                        "found {found}; expected a number in {unit} without quotes or unit, for example {example} ({said})"
                    );
                }
                format!("a number{unit} without quotes or unit, for example 15")
            }
            "u32" | "u64" | "usize" => "a whole number without quotes, for example 1".into(),
            "a string" => "text in quotes, for example \"road-water\"".into(),
            "a boolean" => "true or false, without quotes".into(),
            "struct Title" => "words in both languages: { zh = \"道路积水\", en = \"Road water\" }".into(),
            "struct PerLevel" => "a number per level: { yellow = 55, red = 65 }".into(),
            "struct OutlookSpec" => "a table in braces: { within_min = 60, window_s = 1800 }".into(),
            table if table.starts_with("struct ") => "a table in braces: { name = value }".into(),
            "a sequence" if found == "map" => {
                "a table that may come more than once, in double brackets: [[rule]], [[rule.test]], [[rule.when]]"
                    .into()
            }
            "a sequence" => "a list in brackets, for example [\"gauge-1\"]".into(),
            other => other.to_owned(),
        };
        return format!("found {found}; expected {expected} ({said})");
    }
    let written = line_of(text, line);
    if let Some(wide) = outside_quotes(written).find(|c| "＝“”‘’，：；［］｛｝（）".contains(*c)) {
        return format!("full-width '{wide}'; expected the half-width signs = \" , [ ] {{ }}");
    }
    if let Some((key, _)) = written.split_once('=').filter(|(key, _)| !key.is_ascii()) {
        let key = key.trim().trim_matches('"');
        return match english(key) {
            Some(name) => format!("'{key}' is no field; field names are English: {name}"),
            None => format!("'{key}' is no field; field names are English, as in guanlan schema rules"),
        };
    }
    if line_of(text, line).contains(": ") && !line_of(text, line).contains('=') {
        return format!("{said}; a rule file is TOML: name = value, not name: value");
    }
    said.to_owned()
}

/// Words people bring from other systems.
fn hint(word: &str) -> Option<&'static str> {
    Some(match word {
        "rules" => "each rule is a table of its own: [[rule]]",
        "for" | "on_delay" | "delay" | "dwell" | "duration" => "a dwell is on_delay_s, in seconds",
        "keep_firing_for" | "off_delay" => "it is off_delay_s, in seconds",
        "threshold" | "thresholds" | "limit" => "thresholds are blue, yellow, orange and red",
        "expr" | "condition" | "query" => {
            "a plain rule has property and thresholds; a composite has [[rule.when]] and levels"
        }
        "severity" | "color" | "colour" | "green" | "purple" => "levels are blue, yellow, orange and red",
        "unit" | "units" => "thresholds are in the property's own unit; there is no unit field",
        "deadband" => "it is hysteresis",
        // Known in a rule, so it stands where it does not belong: in a condition.
        "missing" => "it belongs to the [[rule]], above its conditions",
        "on_delay_s" => "in a condition it is hold_s",
        "area" => "in a condition use over with community, grid, neighbours …",
        "description" | "label" | "message" => "words on the screen are title = { zh = \"…\", en = \"…\" }",
        "average" | "avg" => "it is mean",
        "increase" | "slope" | "derivative" => "it is rate",
        "up" | "gt" | ">" | ">=" | "greater" => "it is above",
        "down" | "lt" | "<" | "<=" | "less" => "it is below",
        _ => return None,
    })
}

/// The field or value a Chinese word stands for.
fn english(word: &str) -> Option<&'static str> {
    Some(match word {
        "名称" | "名字" | "规则名" | "编号" => "name",
        "版本" | "版本号" => "version",
        "属性" | "监测项" | "指标" | "传感器类型" => "property",
        "标题" | "名目" | "说明" | "描述" => "title",
        "蓝" | "蓝色" | "四级" => "blue",
        "黄" | "黄色" | "三级" => "yellow",
        "橙" | "橙色" | "二级" => "orange",
        "红" | "红色" | "一级" => "red",
        "持续" | "持续时间" | "延时" => "on_delay_s",
        "回差" | "滞回" => "hysteresis",
        "时间窗" | "窗口" => "window_s",
        "方向" => "direction",
        "类型" | "种类" => "kind",
        "锁存" => "latch",
        "规则" => "rule",
        "格式" => "format",
        "高于" | "大于" => "above",
        "低于" | "小于" => "below",
        "组合" => "composite",
        "阈值" => "threshold",
        "平均" => "mean",
        _ => return None,
    })
}

/// "…; did you mean road_water_depth?" for a property that is not one; also finds Chinese and English names.
pub(super) fn property_meant(key: &str) -> String {
    let lower = key.to_lowercase();
    let by_name = ObservedProperty::ALL.into_iter().find(|p| {
        let name = p.name();
        name.zh == key || name.en.to_lowercase() == lower || (!key.is_ascii() && name.zh.contains(key))
    });
    let keys = || ObservedProperty::ALL.iter().map(|p| p.key());
    // A part of a name, or more than one.
    let in_part = || keys().find(|k| lower.len() > 4 && (k.contains(&lower) || lower.contains(*k) && *k != "co"));
    let best = by_name.map(ObservedProperty::key).or_else(|| nearest(&lower, keys())).or_else(in_part);
    best.map(|b| format!(" did you mean '{b}'?")).unwrap_or_default()
}

fn quoted_after(said: &str, what: &str) -> Option<String> {
    said.strip_prefix(what)?.split('`').nth(1).map(str::to_owned)
}

fn line_of(text: &str, line: usize) -> &str {
    text.lines().nth(line.saturating_sub(1)).unwrap_or_default().trim()
}

fn key_on(text: &str, line: usize) -> Option<String> {
    let (key, _) = line_of(text, line).split_once('=')?;
    let key = key.trim().trim_matches('"');
    (!key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c))).then(|| key.to_owned())
}

/// Lines of the rule around a line, the line of `[[rule]]` first.
fn block(text: &str, line: usize) -> Option<Vec<&str>> {
    let lines: Vec<&str> = text.lines().collect();
    let at = line.clamp(1, lines.len().max(1));
    let first = lines.get(..at)?.iter().rposition(|l| l.trim_start().starts_with("[[rule]]"))?;
    // Another table of the file may lie between the rule and the line.
    let other = |l: &str| l.starts_with('[') && !l.starts_with("[[rule") && !l.starts_with("[rule");
    if lines[first + 1..at].iter().any(|l| other(l.trim_start())) {
        return None;
    }
    let rest = lines[first + 1..].iter().take_while(|l| !l.trim_start().starts_with("[[rule]]"));
    Some(std::iter::once(lines[first]).chain(rest.copied()).collect())
}

fn value_of(block: &[&str], key: &str) -> Option<String> {
    let own = block.iter().skip(1).take_while(|l| !l.trim_start().starts_with('['));
    own.filter_map(|l| l.split_once('=')).find(|(k, _)| k.trim() == key).map(|(_, v)| {
        let v = v.trim().trim_start_matches('"');
        v.split('"').next().unwrap_or(v).to_owned()
    })
}

fn rule_of(text: &str, line: usize) -> Option<String> {
    value_of(&block(text, line)?, "name")
}

/// The unit a field carries in its name.
fn unit_of_name(text: &str, line: usize) -> Option<(&'static str, &'static str)> {
    let key = key_on(text, line)?;
    let ends = |suffix: &str| key.ends_with(suffix);
    match () {
        () if ends("_s") => Some(("seconds", "300 for five minutes")),
        () if ends("_min") => Some(("minutes", "60 for an hour")),
        () if ends("_m") => Some(("metres", "500")),
        () => None,
    }
}

fn unit_near(text: &str, line: usize) -> Option<&'static str> {
    let key = value_of(&block(text, line)?, "property")?;
    ObservedProperty::from_key(&key).map(ObservedProperty::unit).filter(|u| !u.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_found_and_far_ones_are_not() {
        let known = ["hysteresis", "on_delay_s", "blue", "yellow"];
        let near = |w: &str| nearest(w, known.iter().copied());
        assert_eq!(near("histeresis"), Some("hysteresis"));
        assert_eq!(near("on-delay-s"), Some("on_delay_s"));
        assert_eq!(near("bleu"), Some("blue"));
        assert_eq!(near("colour"), None);
        assert_eq!(property_meant("road_water_dpeth"), " did you mean 'road_water_depth'?");
        assert_eq!(property_meant("water_depth"), " did you mean 'road_water_depth'?");
        assert_eq!(property_meant("noise_level"), " did you mean 'noise'?");
        assert_eq!((property_meant("xyz"), property_meant("color")), (String::new(), String::new()));
    }
}
