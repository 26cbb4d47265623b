//! What is wrong with a table or a file of casework, in Chinese: by pattern from the English words of its checks.

use guanlan_core::file_words::Phrases;

/// English pattern and Chinese words.
pub(crate) const PHRASES: &Phrases = &[
    ("schema: expected 1, found *", "schema：应为 1，写的是 {1}"),
    ("hours: expected ascending stretches, found *", "hours：时段应先后相接、由早到晚，写的是 {1}"),
    ("hours: expected at least one stretch such as *", "hours：应至少有一个时段，例如 {1}"),
    ("hours: expected HH:MM up to 24:00, found '*'", "hours：应为 HH:MM，至多 24:00，写的是“{1}”"),
    ("*: expected YYYY-MM-DD or first..last, found '*'", "{1}：应为 YYYY-MM-DD 或 首日..末日，写的是“{2}”"),
    ("*: '*' does not run forward within a year", "{1}：“{2}”应由前到后，不超过一年"),
    (
        "years: * has dates (*) but is not listed; add it to years",
        "years：有 {1} 年的日期（{2}）而未列该年，请补进 years",
    ),
    ("workday: * is a holiday, too; expected it in one list only", "workday：{1} 又是节假日，只应列在一处"),
    ("*: '*' is not a matter of the category table", "{1}：分类表中没有“{2}”"),
    ("'*' is not a matter of the 2026 table", "2026 年分类表中没有“{1}”"),
    ("'*' is not in the 2026 table", "2026 年表中没有“{1}”"),
    ("seats.*: expected [shortest, longest], found [*, *]", "seats.{1}：应为 [最短, 最长]，写的是 [{2}, {3}]"),
    ("merge_radius_m: expected 0 to 10000, found *", "merge_radius_m：应为 0 到 10000，写的是 {1}"),
    ("prefix: expected capital letters, found '*'", "prefix：应为大写字母，写的是“{1}”"),
    (
        "fallback_limit: expected a limit such as 2u, 4h or 1d, found '*'",
        "fallback_limit：应为 2u、4h、1d 之类的时限，写的是“{1}”",
    ),
    ("expected an amount and u, q, h, d or n, found '*'", "应为数量加 u、q、h、d 或 n，写的是“{1}”"),
    ("expected *, A, B or C, found '*'", "应为 {1}、A、B 或 C，写的是“{2}”"),
    ("expected * digits, found '*'", "应为 {1} 位数字，写的是“{2}”"),
    ("expected component or matter, found '*'", "应为 component（部件）或 matter（事件），写的是“{1}”"),
    ("expected a name", "应有名称"),
    ("this edition, kind, class and sub-class came before", "同一版本、类别、大类、小类前面已有"),
    ("expected '*', found an empty file", "应为“{1}”，文件是空的"),
    ("expected '*', found '*'", "应为“{1}”，写的是“{2}”"),
    ("quotes are not used in this table; replace commas in text by 、", "本表不用引号；文字中的逗号请改为、"),
    ("expected * cells, found *", "应有 {1} 格，实有 {2} 格"),
];

#[cfg(test)]
mod tests {
    #[test]
    fn the_table_has_no_hidden_pattern() {
        guanlan_core::phrases::check(super::PHRASES);
    }
}
