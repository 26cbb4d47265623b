//! Why a message was not taken, Chinese first: what the readers of payloads say in English.

use guanlan_core::{
    Lang,
    file_words::{Phrases, both},
};

/// English patterns and their Chinese. Names of fields stay as the sender writes them.
const PHRASES: &Phrases = &[
    ("neither service_request_id nor token", "既没有 service_request_id 也没有 token"),
    ("not JSON: *", "不是有效的 JSON：{1}"),
    ("not CSV: *", "不是有效的 CSV：{1}"),
    ("not CSV", "不是有效的 CSV"),
    ("is missing", "缺失"),
    ("lat, long: not on Earth", "lat、long：不是地球上的位置"),
    ("expected lat,lon", "应为“纬度,经度”"),
    ("an object or a list of objects was expected", "应为对象或对象列表"),
    ("a list of requests was expected", "应为工单列表"),
    ("a list of numbers was expected", "应为数字列表"),
    ("a number was expected", "应为数字"),
    ("a finite number was expected, not *", "应为有限数，收到 {1}"),
    ("an instant like * was expected, not *", "应为时刻（如 {1}），收到 {2}"),
    ("an instant was expected", "应为时刻"),
    ("an RFC 3339 instant was expected", "应为 RFC 3339 时刻"),
    ("an id that names this report for ever was expected", "应为长期有效的上报编号"),
    ("a retained message must say its own time", "保留消息须自带时间"),
    ("the user is missing", "缺少用户"),
    ("the stream's id was expected", "应为数据流编号"),
    ("'*' was expected, not *", "应为“{1}”格式，收到 {2}"),
    ("'*' is no instant with a zone", "“{1}”不是带时区的时刻"),
    ("'*' is no instant with Z", "“{1}”不是以 Z 结尾的时刻"),
    ("'*' is no instant", "“{1}”不是时刻"),
    ("'*' is no number", "“{1}”不是数字"),
    ("'*' is no status of a crew", "“{1}”不是队伍状态"),
    ("'*' is no checksum", "“{1}”不是校验和"),
    ("'*' is no time YYMMDDhhmmss", "“{1}”不是 YYMMDDhhmmss 时间"),
    ("'*' is not a topic of this room", "“{1}”不是本系统的主题"),
    ("'*' is neither open nor closed", "“{1}”既不是 open 也不是 closed"),
    ("'*' is not YYYY-MM-DDThh:mm:ss±hh:mm (Z is not allowed)", "“{1}”应写作 YYYY-MM-DDThh:mm:ss±hh:mm，不可用 Z"),
    ("'*' is not one of *", "“{1}”不在可选值之中：{2}"),
    ("'*' is not Actual, Exercise, System, Test or Draft", "“{1}”应为 Actual、Exercise、System、Test 或 Draft"),
    ("'*' is not Alert, Update, Cancel, Ack or Error", "“{1}”应为 Alert、Update、Cancel、Ack 或 Error"),
    ("'*' is not Public, Restricted or Private", "“{1}”应为 Public、Restricted 或 Private"),
    ("'*' has a space, comma, & or <, or is empty", "“{1}”为空，或含有空格、逗号、& 或 <"),
    ("'*' has a space, comma, & or <", "“{1}”含有空格、逗号、& 或 <"),
    ("an alert says nothing without it", "缺了它，预警没有内容"),
    ("an update, cancel, ack or error needs them", "更新、解除、确认或更正须指明所指的预警"),
    ("namespace '*' is neither CAP 1.2 nor 1.1", "命名空间“{1}”不是 CAP 1.2 或 1.1"),
    ("not a simple closed ring", "不是简单的闭合环"),
    ("<alert> or a feed was expected, not <*>", "应为 <alert> 或预警列表，收到 <{1}>"),
    ("<*> was expected, not <*>", "应为 <{1}>，收到 <{2}>"),
    ("<*> is missing", "缺少 <{1}>"),
    ("no XML element", "没有 XML 元素"),
    ("the document ends inside <*>", "文档在 <{1}> 中间结束"),
    ("a line of more than 8 MB", "单行超过 8 MB"),
    ("a sentence begins with $", "语句应以 $ 开头"),
    ("no checksum (*hh)", "缺少校验和（*hh）"),
    ("checksum *, computed *", "校验和为 {1}，应为 {2}"),
    ("a frame of more than * bytes", "帧超过 {1} 字节"),
    ("* bytes outside a frame", "帧外有 {1} 字节"),
    ("* bytes without </event>", "{1} 字节之内没有 </event>"),
    ("a body of * bytes, the header says *", "消息体 {1} 字节，消息头写明 {2}"),
    ("a batch ends in the middle", "批量数据不完整"),
    ("an empty frame", "空帧"),
    ("7D is followed by neither 01 nor 02", "转义符 7D 之后应为 01 或 02"),
    ("the time is not BCD YYMMDDhhmmss", "时间不是 BCD 码 YYMMDDhhmmss"),
    ("* is in the future", "{1} 晚于当前时间"),
    ("* is not on Earth", "{1} 不是地球上的位置"),
    ("* is no place", "{1} 不是位置"),
    ("* values; * were expected", "{1} 个值，应为 {2} 个"),
    ("* '*' is no number", "{1}“{2}”不是数字"),
    ("polygon of '*': *", "“{1}”的多边形：{2}"),
    ("*: *", "{1}：{2}"),
];

/// `中文 / English` of a reason; what nobody put into Chinese stays as it is.
#[must_use]
pub fn told(reason: &str) -> String {
    // The words may come with both languages behind a field's name, from a part that knows both.
    let (field, rest) = reason.split_once(": ").unwrap_or(("", reason));
    if !field.is_empty() && Lang::Zh.part_of(rest) != rest {
        return format!("{field}：{} / {field}: {}", Lang::Zh.part_of(rest), Lang::En.part_of(rest));
    }
    let words = both(PHRASES, reason);
    // The Chinese of a field's name alone says nothing.
    let chinese = Lang::Zh.part_of(&words);
    if chinese.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)) { words } else { reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_the_field_in_both_languages() {
        for (reason, chinese) in [
            ("lon/lat: is missing", "lon/lat：缺失"),
            ("result: a finite number was expected, not \"wet\"", "result：应为有限数，收到 \"wet\""),
            ("SR-7: requested_datetime: is missing", "SR-7：requested_datetime：缺失"),
            ("checksum 32, computed 16", "校验和为 32，应为 16"),
        ] {
            let told = told(reason);
            assert!(told.starts_with(chinese), "{told}");
        }
        assert_eq!(told("lon/lat: 远 / far"), "lon/lat：远 / lon/lat: far");
        assert_eq!(told("payload: nobody knows"), "payload: nobody knows");
    }

    #[test]
    fn the_table_has_no_hidden_pattern() {
        guanlan_core::phrases::check(PHRASES);
    }
}
