//! What is wrong with a layer file, in Chinese: by pattern from the English words of its checks.

use guanlan_core::file_words::Phrases;

/// English pattern and Chinese words.
pub(super) const PHRASES: &Phrases = &[
    ("property '*' is unknown; expected one of *", "没有监测项“{1}”；可选：{2}"),
    ("* is unknown; expected *", "“{1}”未知；应为 {2}"),
    ("no layer; expected at least one [[layer]]", "没有图层；应至少有一个 [[layer]]"),
    ("is there twice", "重复出现"),
    ("expected letters, digits, - and _", "应为字母、数字、- 和 _"),
    ("expected a Chinese name in zh", "zh 应为中文名称"),
    ("'*' is no group; expected one of *", "没有分组“{1}”；可选：{2}"),
    ("path is empty; expected a file", "path 为空；应为文件"),
    ("* is not within * to *", "{1} 不在 {2} 到 {3} 之间"),
    ("crs '*' is unknown (*); expected EPSG:n, GCJ-02 or BD-09", "坐标系“{1}”未知；应为 EPSG:n、GCJ-02 或 BD-09"),
    ("classes without `by`; expected the attribute that decides", "有 classes 而没有 by；应给出决定颜色的属性"),
    ("every layer has a legend; expected at least one line", "每个图层都要有图例；应至少有一行"),
    ("'*' is no colour; expected #RRGGBB or a token such as *", "“{1}”不是颜色；应为 #RRGGBB，或 {2} 之类的色名"),
    ("'*' is no colour; expected #RRGGBB", "“{1}”不是颜色；应为 #RRGGBB"),
];

#[cfg(test)]
mod tests {
    #[test]
    fn the_table_has_no_hidden_pattern() {
        guanlan_core::phrases::check(super::PHRASES);
    }
}
