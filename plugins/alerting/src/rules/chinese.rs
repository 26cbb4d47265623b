//! What is wrong with a rule file, in Chinese: by pattern from the English words, so that a check says what it has to say
//! in one place. `*` stands for what was found; `{1}`, `{2}` … put it where Chinese wants it.

use guanlan_core::phrases::translate;

/// English pattern and Chinese words.
const PHRASES: &[(&str, &str)] = &[
    // The TOML reader and what was probably meant.
    ("missing field 'format'; expected format = 1 as the first line", "缺少字段“format”；第一行应写作 format = 1"),
    ("missing field '*'; expected *", "缺少字段“{1}”；应写作 {2}"),
    ("missing field '*'", "缺少字段“{1}”"),
    ("unknown field '*'* — expected one of *", "没有名为“{1}”的字段{2}；可用字段：{3}"),
    ("unknown variant '*'* — expected one of *", "没有“{1}”这个取值{2}；可选：{3}"),
    ("; did you mean '*'?", "，是否应为“{1}”？"),
    (" did you mean '*'?", "是否应为“{1}”？"),
    (
        "found *; expected a number in seconds without quotes or unit, for example 300 for five minutes (*)",
        "写的是 {1}；应为秒数，不加引号和单位，例如五分钟写 300",
    ),
    (
        "found *; expected a number in minutes without quotes or unit, for example 60 for an hour (*)",
        "写的是 {1}；应为分钟数，不加引号和单位，例如一小时写 60",
    ),
    (
        "found *; expected a number in metres without quotes or unit, for example 500 (*)",
        "写的是 {1}；应为米数，不加引号和单位，例如 500",
    ),
    ("full-width '*'; expected the half-width signs *", "用了全角符号“{1}”；应为半角符号 {2}"),
    (
        "'*' is no field; field names are English, as in guanlan schema rules",
        "没有“{1}”这个字段；字段名用英文，见 guanlan schema rules",
    ),
    ("'*' is no field; field names are English: *", "没有“{1}”这个字段；字段名用英文：{2}"),
    (
        "found *; expected a number in * without quotes or unit, for example 15 (*)",
        "写的是 {1}；应为以 {2} 为单位的数字，不加引号和单位，例如 15",
    ),
    (
        "found *; expected a number without quotes or unit, for example 15 (*)",
        "写的是 {1}；应为数字，不加引号和单位，例如 15",
    ),
    ("found *; expected a whole number without quotes, for example 1 (*)", "写的是 {1}；应为整数，不加引号，例如 1"),
    (
        "found *; expected text in quotes, for example \"road-water\" (*)",
        "写的是 {1}；应为带引号的文字，例如 \"road-water\"",
    ),
    ("found *; expected true or false, without quotes (*)", "写的是 {1}；应为 true 或 false，不加引号"),
    ("found *; expected a number per level: * (*)", "写的是 {1}；应为各级别的数值：{2}"),
    ("found *; expected a table in braces: * (*)", "写的是 {1}；应为花括号里的字段：{2}"),
    ("found *; expected words in both languages: * (*)", "写的是 {1}；应为中英文两种说法：{2}"),
    (
        "found *; expected a table that may come more than once, in double brackets: * (*)",
        "写的是 {1}；可重复的表要用双方括号：{2}",
    ),
    ("found *; expected a list in brackets, for example * (*)", "写的是 {1}；应为方括号列表，例如 {2}"),
    ("found *; expected * (*)", "写的是 {1}；应为 {2}"),
    ("*; a rule file is TOML: name = value, not name: value", "规则文件用 TOML：写 名称 = 值，不是 名称: 值（{1}）"),
    ("; each rule is a table of its own: [[rule]]", "，每条规则单独成表：[[rule]]"),
    ("; a dwell is on_delay_s, in seconds", "，持续时间写 on_delay_s，单位秒"),
    ("; it is off_delay_s, in seconds", "，应写 off_delay_s，单位秒"),
    ("; thresholds are blue, yellow, orange and red", "，阈值字段是 blue、yellow、orange、red"),
    (
        "; a plain rule has property and thresholds; a composite has [[rule.when]] and levels",
        "，普通规则写 property 和阈值；组合规则写 [[rule.when]] 和 levels",
    ),
    ("; levels are blue, yellow, orange and red", "，级别是 blue、yellow、orange、red"),
    ("; thresholds are in the property's own unit; there is no unit field", "，阈值用该属性自己的单位，没有单位字段"),
    ("; it belongs to the [[rule]], above its conditions", "，应写在 [[rule]] 中、各条件之前"),
    ("; in a condition it is hold_s", "，条件中写 hold_s"),
    (
        "; in a condition use over with community, grid, neighbours …",
        "，条件中用 over（community、grid、neighbours 等）",
    ),
    ("; it is hysteresis", "，应写 hysteresis（回差）"),
    ("; words on the screen are title = *", "，屏幕文字写 title = {1}"),
    ("; it is mean", "，应写 mean"),
    ("; it is rate", "，应写 rate"),
    ("; it is above", "，应写 above"),
    ("; it is below", "，应写 below"),
    ("; it is *", "，应写 {1}"),
    ("duplicate key", "同一个名称写了两次"),
    // A rule.
    ("* is unknown; expected 1", "格式 {1} 未知；应为 1"),
    ("* rules; expected at most *", "{1} 条规则；最多 {2} 条"),
    ("'*' is used twice", "“{1}”用了两次"),
    ("'*' is listed twice", "“{1}”列了两次"),
    ("'*'; expected 1 to 40 of a-z, 0-9 and -", "“{1}”不行；应为 1 至 40 个小写字母、数字或连字符"),
    ("0; expected 1 or more", "写的是 0；应为 1 或更大"),
    ("expected words in zh and in en", "zh（中文）和 en（英文）都要写"),
    ("missing; a threshold rule needs one", "缺少；阈值规则必须写明属性"),
    (
        "takes the thresholds of another rule; leave out those of this one",
        "like 沿用另一条规则的阈值；本规则不要再写阈值",
    ),
    ("only rules of kind \"quality\" have it", "只有 kind = \"quality\" 的规则才有"),
    ("a composite has no thresholds; write expressions in rule.levels", "组合规则没有阈值；请在 levels 里写表达式"),
    ("expected a stream and at least one threshold", "应写明数据流和至少一个阈值"),
    ("*; expected 0 or more", "{1} 不行；应为 0 或更大"),
    ("an empty stream id", "数据流编号为空"),
    ("expected 1 to 40 characters", "应为 1 至 40 个字符"),
    ("expected three times, each later than the one before", "应为三个时间，后一个比前一个晚"),
    ("expected three times in seconds, each later than the one before", "应为三个秒数，后一个比前一个晚"),
    ("expected 0 to 604800 seconds", "应为 0 至 604800 秒"),
    ("expected 1 to 200", "应为 1 至 200"),
    ("'*' is unknown;* expected one of *", "没有“{1}”这个属性；{2}可用：{3}"),
    (
        "'*'; expected blue, yellow, orange or red",
        "没有“{1}”这个级别；应为 blue（蓝）、yellow（黄）、orange（橙）或 red（红）",
    ),
    ("* is not a number; expected a finite threshold", "{1} 不是数字；应为有限的阈值"),
    ("* is not above the * threshold *", "{1} 没有高于 {2} 阈值 {3}；级别越高阈值应越大"),
    ("* is not below the * threshold *", "{1} 没有低于 {2} 阈值 {3}；direction = \"below\" 时级别越高阈值应越小"),
    ("* s; expected 0 to 86400", "{1} 秒不行；应为 0 至 86400 秒"),
    ("* s; expected 1 to 86400", "{1} 秒不行；应为 1 至 86400 秒"),
    ("* min; expected 1 to 1440", "{1} 分钟不行；应为 1 至 1440 分钟"),
    ("measure \"value\" has no window; expected *", "measure = \"value\" 没有时间窗；应为 {1}"),
    ("only threshold rules and conditions have it", "只有阈值规则和条件才有"),
    ("only threshold rules have it", "只有阈值规则才有"),
    ("only rules of kind \"composite\" have when and levels", "只有 kind = \"composite\" 的规则才有 when 和 levels"),
    ("only measure \"forecast\" has it", "只有 measure = \"forecast\" 才有"),
    ("missing; over = \"area\" needs the area's name", "缺少；over = \"area\" 要写区域名称"),
    ("only over = \"area\" has it", "只有 over = \"area\" 才有"),
    ("only over = \"neighbours\" has it", "只有 over = \"neighbours\" 才有"),
    ("*; expected above 0, at most 10000", "{1} 不行；应大于 0，最多 10000"),
    ("only rules with over have combine and at_least_streams", "只有写了 over 的规则才有 combine 和 at_least_streams"),
    (
        "missing; combine = \"count\" counts streams at or beyond it",
        "缺少；combine = \"count\" 要写 each，数达到它的数据流",
    ),
    ("only combine = \"count\" has it", "只有 combine = \"count\" 才有"),
    ("expected a finite number", "应为有限的数字"),
    ("only threshold rules on the readings of single streams have it", "只有针对单个数据流读数的阈值规则才有"),
    ("expected seconds of silence for at least one level", "至少一个级别要写无数据的秒数"),
    ("expected seconds of silence, 1 to a year", "应为无数据的秒数，1 秒至一年"),
    ("missing; a rule about silence needs one", "缺少；无数据规则必须写明属性"),
    ("a missing rule has no direction, absolute, night or scale", "无数据规则没有 direction、absolute、night、scale"),
    ("\"aqi\" is for property pm25 and direction above", "scale = \"aqi\" 只用于属性 pm25 且 direction 为 above"),
    ("*; expected a whole AQI of 1 to 500", "{1} 不行；应为 1 至 500 的整数 AQI"),
    ("a quality rule has one level, written as 1", "设备质量规则只有一个级别，写作 1"),
    (
        "a quality rule has no direction, absolute, night or station",
        "设备质量规则没有 direction、absolute、night、station",
    ),
    ("'*'; expected offline, suspect or contradicted", "没有“{1}”这种质量；应为 offline、suspect 或 contradicted"),
    ("expected offline, suspect or both", "应为 offline、suspect 或两者"),
    ("'*' is no area of this file; *", "“{1}”不是本文件的区域；{2}"),
    ("there is no [[area]]", "文件里没有 [[area]]"),
    ("there are: *", "有：{1}"),
    ("'*' is a composite itself; *", "“{1}”本身是组合规则；条件只能引用普通规则，不能循环引用"),
    ("'*' is no rule of this file", "本文件没有名为“{1}”的规则"),
    ("'*' is no threshold rule of this file with thresholds of its own", "“{1}”不是本文件里自带阈值的规则"),
    ("'*' is about another property", "“{1}”针对的是另一个属性"),
    ("there is no rule with this name", "没有这个名称的规则"),
    // A composite.
    ("a composite has none; its conditions do", "组合规则本身没有属性；写在各条件里"),
    ("* conditions; expected 1 to 16", "{1} 个条件；应为 1 至 16 个"),
    ("missing; expected an expression for at least one level", "缺少；至少一个级别要写表达式"),
    (
        "'*'; expected a-z, 0-9 and _, beginning with a letter, not and, or, not, atleast",
        "“{1}”不能作条件名；应为小写字母、数字和下划线，以字母开头，不能是 and、or、not、atleast",
    ),
    (
        "*: expected exactly one of at_least, at_most, rule, quality",
        "条件“{1}”应恰好写 at_least、at_most、rule、quality 中的一个",
    ),
    ("*: missing", "条件“{1}”缺少属性"),
    (
        "*: only at_least and at_most have measure and hysteresis",
        "条件“{1}”：只有 at_least 和 at_most 才有 measure 和 hysteresis",
    ),
    ("*: only conditions on a rule have a level", "条件“{1}”：只有引用规则的条件才有 level"),
    ("*: a condition on a rule has none", "条件“{1}”：引用规则的条件没有属性"),
    ("*: expected finite numbers, hysteresis of 0 or more", "条件“{1}”：应为有限的数字，hysteresis 为 0 或更大"),
    (
        "*: the first condition is the anchor, one alert per stream of it",
        "条件“{1}”：第一个条件是锚点，每个数据流一条告警，不能写 over 和 at_least_streams",
    ),
    ("\"area\" is for threshold rules", "over = \"area\" 只用于阈值规则"),
    ("column *: '*' is no condition; there are *", "第 {1} 列：没有名为“{2}”的条件；有：{3}"),
    ("column *: atleast * of * conditions", "第 {1} 列：只有 {3} 个条件，不能要求至少 {2} 个"),
    ("column *: '*'; expected and, or, or the end", "第 {1} 列：“{2}”；应为 and（且）、or（或）或结尾"),
    (
        "column *: '*'; expected a condition, and, or, not, ( or )",
        "第 {1} 列：“{2}”；应为条件名、and（且）、or（或）、not（非）或括号",
    ),
    ("column *: *; expected how many", "第 {1} 列：{2}；应为数量"),
    ("column *: *; expected *", "第 {1} 列：{2}；应为 {3}"),
    ("an empty expression; expected a condition", "表达式为空；应写条件名"),
    ("more than * nots and parentheses within each other", "not 和括号嵌套超过 {1} 层"),
    // Areas, inhibition.
    ("empty or used twice", "为空或用了两次"),
    ("expected either ring_m, or centre_m with a radius_m above 0", "写 ring_m，或写 centre_m 和大于 0 的 radius_m"),
    ("expected at least three corners [east, north] in local metres", "至少三个角点 [东, 北]，本地米"),
    (
        "'*'; expected sensor, property, grid, community, street, district or city",
        "没有“{1}”这个标签；应为 sensor、property、grid、community、street、district 或 city",
    ),
    ("empty; expected at least one label", "为空；至少写一个标签"),
    ("'*' fits no rule of this file", "“{1}”不对应本文件的任何规则"),
    ("is above up_to", "from 高于 up_to"),
    // A rule's own tests.
    ("'*'; expected seconds:value, for example *", "“{1}”不对；应为 秒:值，例如 {2}"),
    ("'*'; expected seconds and a level, for example * or *", "“{1}”不对；应为“秒 级别”，例如 {2} 或 {3}"),
    ("'*'; expected 2026-07-01T08:00:00+08:00", "“{1}”不对；应写作 2026-07-01T08:00:00+08:00"),
    ("property '*' is unknown", "没有“{1}”这个属性"),
    ("no readings; expected a series or streams", "没有读数；应写 series 或 [[rule.test.stream]]"),
    (
        "the rule is only for its sensors (* …) and the test has readings of none of them; expected *",
        "规则只针对指定的数据流（{1} …），测试里没有它们的读数；应写 {2}",
    ),
    // What is odd (notes).
    (
        "no level has a threshold: *",
        "没有任何级别写了阈值：这条规则不会告警（除非城市数据给各站阈值）；请写 blue、yellow、orange 或 red = 数字",
    ),
    ("* is beyond what a reading can be (*): check the unit", "{1} 超出读数可能的范围（{2}）：请检查单位"),
    (
        "* is wider than the step of * between two levels: *",
        "回差 {1} 比两级之间的 {2} 还宽：离开一级时下一级也同时离开",
    ),
    (
        "*: the lowest level is never left, no reading gets so far; expected less",
        "回差 {1} 过大：最低一级永远不会解除；应更小",
    ),
    (
        "*; values of * are in * and usual rules go to *: check the unit",
        "{1}；{2} 的单位是 {3}，通常的规则到 {4}：请检查单位",
    ),
];

/// The Chinese of a message; `None` where only the TOML reader's own words are known.
pub(super) fn of(message: &str) -> Option<String> {
    translate(PHRASES, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_stands_where_chinese_wants_it() {
        assert_eq!(of("3 is not above the blue threshold 5").unwrap(), "3 没有高于 blue 阈值 5；级别越高阈值应越大");
        let meant = of("unknown field 'for'; a dwell is on_delay_s, in seconds — expected one of name, version");
        assert_eq!(meant.unwrap(), "没有名为“for”的字段，持续时间写 on_delay_s，单位秒；可用字段：name, version");
        let near = of("'road_watr' is unknown; did you mean 'road_water_depth'? expected one of a, b").unwrap();
        assert_eq!(near, "没有“road_watr”这个属性；是否应为“road_water_depth”？可用：a, b");
        assert_eq!(of("something nobody says"), None);
    }

    #[test]
    fn every_pattern_is_reached_and_has_no_more_holes_than_words() {
        guanlan_core::phrases::check(PHRASES);
    }
}
