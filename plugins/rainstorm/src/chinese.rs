//! What is wrong with a scenario, a storm, a matrix or a measure, in Chinese: by pattern from the English words of the checks.

use guanlan_core::file_words::{Phrases, line_at, refused};

/// English pattern and Chinese words.
pub(crate) const PHRASES: &Phrases = &[
    // Numbers and places.
    (
        "*: expected at most * mm/h; check unit = \"mm_h\" or \"mm\"",
        "{1}：应不超过 {2} mm/h；请核对 unit 是 \"mm_h\" 还是 \"mm\"",
    ),
    ("reaches * mm/h: expected at most * mm/h", "达到 {1} mm/h：应不超过 {2} mm/h"),
    ("*: expected at most 60 m/s", "{1}：应不超过 60 m/s"),
    ("*: expected more than 0 and at most 1440 minutes (24 h)", "{1}：应大于 0，不超过 1440 分钟（24 小时）"),
    ("*: expected more than 0 and at most 14400 minutes", "{1}：应大于 0，不超过 14400 分钟"),
    ("*: expected more than 0 and at most the duration", "{1}：应大于 0，不超过历时"),
    ("*: expected more than 0 and at most *", "{1}：应大于 0，不超过 {2}"),
    ("*: expected more than 0", "{1}：应大于 0"),
    ("*: expected 0 or more mm/h", "{1}：应不小于 0 mm/h"),
    ("*: expected 0 or more", "{1}：应不小于 0"),
    ("*: expected 0 to below 1 (0.35–0.45 is usual)", "{1}：应为 0 到 1（不含 1；常用 0.35–0.45）"),
    (
        "*: expected 0 to 1000 mm/h (mode = \"set\" with 0 erases)",
        "{1}：应为 0 到 1000 mm/h（mode = \"set\" 且为 0 即擦除）",
    ),
    ("*: expected later than from_min *", "{1}：应晚于 from_min {2}"),
    ("* is *: expected a number", "{1} 是“{2}”：应为数字"),
    ("* is *: rain cannot be negative", "{1} 是 {2}：雨量不能为负"),
    ("*: rain cannot be negative (is a no-data value missing?)", "{1}：雨量不能为负（是否漏写无数据值？）"),
    ("* is *: expected * to *", "{1} 是 {2}：应为 {3} 到 {4}"),
    (
        "axis: * runs: expected 1 to * from at least one [[axis]]",
        "axis：共 {1} 个方案：应为 1 到 {2} 个，至少有一个 [[axis]]",
    ),
    ("entry *: expected [s ≥ 0, 0 to 1000 mm/h]", "第 {1} 项：应为 [秒 ≥ 0, 0 到 1000 mm/h]"),
    ("*: expected a list to add to a list", "{1}：列表只能接列表"),
    (
        "expected a code of 0 or more and urban, road, paved, green or water",
        "应为不小于 0 的代码，取值 urban、road、paved、green 或 water",
    ),
    ("no cell has a Manning's n: expected values of 0 to 1", "没有一格有糙率值：应为 0 到 1"),
    ("*: expected 1 to * m", "{1}：应为 1 到 {2} m"),
    ("*: expected * to *", "{1}：应为 {2} 到 {3}"),
    ("* years: expected a positive number", "{1} 年：应为正数"),
    ("* years is outside the published range * to * years", "{1} 年超出公布的适用范围 {2} 到 {3} 年"),
    ("* years is not in the table: expected one of *", "表中没有 {1} 年；可选：{2}"),
    ("expected numbers of 0 or more", "应为不小于 0 的数"),
    ("expected rising depths over 0 m", "水深应大于 0 且递增"),
    ("expected rising depths in m", "水深（m）应递增"),
    ("expected more than 0 m", "应大于 0 m"),
    ("expected 0 or more", "应不小于 0"),
    ("*: expected at least * finite places", "{1}：应至少有 {2} 个有效的点"),
    ("expected a ring of at least 3 places", "应为至少 3 个点的环"),
    ("at_m, at_lonlat: give one of them", "at_m、at_lonlat：应给其中之一"),
    ("height_m, crest_m: give one of them", "height_m、crest_m：应给其中之一"),
    ("give one of them, with two finite numbers", "应给其中之一，为两个有限数"),
    ("give one of them, with finite places", "应给其中之一，为有效的点"),
    ("give one of them, not both", "应给其中之一，不能都给"),
    ("give one of them", "应给其中之一"),
    ("expected an id and one of at_m, at_lonlat", "应有 id，以及 at_m、at_lonlat 之一"),
    ("expected at_m or at_lonlat", "应有 at_m 或 at_lonlat"),
    ("'*' at * has no open ground of the model around it", "“{1}”（{2}）周围没有模型的地面"),
    // Storms.
    ("give either [storm] or storm_file, not both", "[storm] 和 storm_file 只能给一个"),
    ("missing: expected a [storm] table or storm_file = \"…\"", "缺少降雨：应有 [storm] 表或 storm_file = \"…\""),
    ("kind = \"none\" needs grids, cells or painted rain", "kind = \"none\" 时应有格网降雨、雨团或手绘降雨"),
    ("a recorded storm needs a CSV file", "实测降雨应给 CSV 文件"),
    ("its cumulative curve falls: check a, b and n", "累计曲线下降：请核对 a、b、n"),
    ("its cumulative curve is not in order", "累计曲线次序不对"),
    ("its cumulative curve falls", "累计曲线下降"),
    ("its curve falls", "曲线下降"),
    ("the id is used twice", "id 重复"),
    ("a coefficient is not finite", "系数应为有限数"),
    ("no such formula: expected one of *", "没有这个公式；可选：{1}"),
    ("t_min is not later than on the line above", "t_min 应晚于上一行"),
    ("expected at least two lines of t_min,mm_h", "应至少有两行 t_min,mm_h"),
    ("no column '*' in '*': expected *", "“{2}”中没有列“{1}”：应为 {3}"),
    ("t1_min must be later than t0_min", "t1_min 应晚于 t0_min"),
    ("the interval begins before the one above ends", "该时段在上一时段结束前就开始了"),
    ("no rain intervals", "没有降雨时段"),
    ("intervals are not in order", "时段次序不对"),
    ("'*': expected t_min,value", "“{1}”：应为 t_min,value"),
    ("expected at least two entries with rising times", "应至少有两项，时间递增"),
    // Gridded rain.
    ("two rasters overlap in time", "两张栅格的时段重叠"),
    ("no .tif files", "没有 .tif 文件"),
    ("two files carry the same time in their names", "两个文件名中的时间相同"),
    ("expected the columns file,t0_min,t1_min or file,time", "应有列 file,t0_min,t1_min 或 file,time"),
    ("'*': expected minutes", "“{1}”：应为分钟数"),
    ("begins before the raster above ends", "在上一张栅格结束前就开始了"),
    ("'*': expected a time such as *", "“{1}”：应为 {2} 这样的时间"),
    ("not later than the line above", "应晚于上一行"),
    ("no rasters", "没有栅格"),
    (
        "the file names no CRS: give it with crs = \"EPSG:…\" under [storm.grids]",
        "文件没有坐标系：请在 [storm.grids] 下用 crs = \"EPSG:…\" 给出",
    ),
    ("covers nothing of the city", "不覆盖本城"),
    ("* of * cells have no data", "{2} 格中有 {1} 格没有数据"),
    // Scenarios and matrices.
    ("'*': expected \"demo\" or a list of files", "“{1}”：应为 \"demo\" 或文件列表"),
    ("no open cell of the model lies on its line", "其线上没有模型的开放网格"),
    ("axis *: expected at least one [[axis.value]]", "axis {1}：应至少有一个 [[axis.value]]"),
    (
        "axis *: value *: id: '*': expected letters, digits, - _ .",
        "axis {1}：value {2}：id“{3}”：应为字母、数字、- _ .",
    ),
    ("axis *: id '*' is used twice", "axis {1}：id“{2}”重复"),
    ("base: '*': expected one of *", "base“{1}”：应为 {2} 之一"),
    // Measures.
    ("* is outside the model", "{1} 在模型之外"),
    ("its line is shorter than a cell of * m or outside the model", "其线短于一格（{1} m），或在模型之外"),
    ("no open cell of these classes lies in its ring", "其环内没有这些下垫面的开放网格"),
    ("* is not a matter of the ground", "{1} 不属于地面措施"),
    ("* is not a matter of the network", "{1} 不属于管网措施"),
    ("'*': the drainage network has no such *", "管网中没有 {2} “{1}”"),
    ("there is nothing to undo", "没有可撤销的措施"),
    ("measure * cannot be undone", "第 {1} 项措施不能撤销"),
    ("nothing was done", "还没有措施"),
    ("no such stroke has been painted", "没有画过这一笔"),
    ("(*, *) is no open ground of the model", "({1}, {2}) 不是模型的开放地面"),
    ("*: the city has * roads", "{1}：本城有 {2} 条路段"),
    ("the model has no drainage network", "模型没有管网"),
    ("the water thread has ended", "水流计算线程已结束"),
];

/// What the TOML reader refused, with its line.
pub(crate) fn of_toml(text: &str, error: &toml::de::Error) -> String {
    let line = error.span().map_or(1, |s| line_at(text, s.start));
    format!("line {line}: {}", refused(text, line, error.message()))
}

#[cfg(test)]
mod tests {
    use guanlan_core::file_words::both;

    #[test]
    fn the_table_has_no_hidden_pattern() {
        guanlan_core::phrases::check(super::PHRASES);
    }

    #[test]
    fn checks_of_numbers_are_told_in_chinese() {
        let told = |message| both(super::PHRASES, message);
        assert_eq!(told("12: expected 0 to 1"), "12：应为 0 到 1 / 12: expected 0 to 1");
        assert_eq!(told("share is 3: expected 0 to 1"), "share 是 3：应为 0 到 1 / share is 3: expected 0 to 1");
    }
}
