//! What is wrong with a feeds file, in Chinese, by pattern from the English words.

use guanlan_core::phrases::translate;

/// English pattern and Chinese words.
const PHRASES: &[(&str, &str)] = &[
    // The file as such.
    ("unknown key: expected format and [[feed]]*", "文件里只能有 format 和 [[feed]]{1}"),
    ("; each source is a table of its own: [[feed]]", "；每个来源单独写一个 [[feed]]"),
    ("is missing: expected format = *", "缺少版本行；第一行应写 format = {1}"),
    ("expected \"guanlan-feeds/1\"", "应为 \"guanlan-feeds/1\""),
    ("expected [[feed]] tables", "每个来源应写成 [[feed]]（双方括号）"),
    ("expected a [[feed]] table", "应为 [[feed]] 表"),
    ("the name '*' is there already", "名称“{1}”已被前面的来源使用"),
    ("unknown kind '*'* — expected one of *", "没有“{1}”这种来源{2}；可用：{3}"),
    ("a feed of kind * has no mapping", "{1} 类来源不用写 map：报文本身有固定格式"),
    ("is missing: expected [[feed.map]]", "缺少 [[feed.map]]：要写明报文各字段对应什么"),
    ("is missing: expected one of *", "缺少；可选：{1}"),
    ("is missing: a mapping needs topics", "缺少 topics：有映射时要写明订阅哪些主题"),
    ("is missing: a GPX track needs its crew", "缺少：GPX 轨迹要写明是哪支队伍（unit）"),
    ("is missing", "缺少"),
    // The TOML reader and what was probably meant.
    (
        "missing field 'name'; expected name = \"水务物联网\", a name of its own for each feed",
        "缺少字段“name”；每个来源要有自己的名称，例如 name = \"水务物联网\"",
    ),
    (
        "missing field 'url'; expected url = \"https://…\", the address of the source",
        "缺少字段“url”；应写来源地址，例如 url = \"https://…\"",
    ),
    (
        "missing field 'id'; expected id = \"$.device\", where the stream's name is picked from",
        "缺少字段“id”；应写从哪里取数据流编号，例如 id = \"$.device\"",
    ),
    ("missing field '*'", "缺少字段“{1}”"),
    ("words in both languages: *", "应写两种语言：{1}"),
    ("expected one text, or words in both languages: *", "应为一段文字，或两种语言：{1}"),
    ("unknown field '*'* — expected one of *", "没有名为“{1}”的字段{2}；可用字段：{3}"),
    ("unknown variant '*'* — expected one of *", "没有“{1}”这个取值{2}；可选：{3}"),
    ("; did you mean '*'?", "，是否应为“{1}”？"),
    ("; it is every_s, in seconds", "，间隔写 every_s，单位秒"),
    ("; it is topics = *, a list", "，应写 topics = {1}（列表）"),
    ("; it is missing = *, a list", "，应写 missing = {1}（列表）"),
    ("; it is url, with scheme and port, for example *", "，应写 url，含协议和端口，例如 {1}"),
    ("; it is url; a path relative to this file will do", "，应写 url；可写相对本文件的路径"),
    ("; write the secure scheme in url: *", "，加密连接写在 url 的协议里：{1}"),
    ("; there is no qos field: subscriptions are of QoS 1", "，不用写 qos：一律以 QoS 1 订阅"),
    ("; it belongs into login = *", "，应写在 login = {1} 里"),
    ("; a mapping is [[feed.map]]", "，映射写作 [[feed.map]]"),
    ("; it is zone, for example *", "，时区写 zone，例如 {1}"),
    ("; what a row becomes is as = *, *, * or *", "，一行数据变成什么写 as = {1}、{2}、{3} 或 {4}"),
    ("; it is *", "，应写 {1}"),
    (
        "found *; expected a number without quotes or unit, for example 0.5",
        "写的是 {1}；应为数字，不加引号和单位，例如 0.5",
    ),
    (
        "found *; expected a whole number without quotes or unit, for example 60",
        "写的是 {1}；应为整数，不加引号和单位，例如 60",
    ),
    ("found *; expected a whole number from 0 up", "写的是 {1}；应为不小于 0 的整数"),
    ("found *; expected text in quotes, for example *", "写的是 {1}；应为引号内的文字，例如 {2}"),
    ("found *; expected true or false, without quotes", "写的是 {1}；应为 true 或 false，不加引号"),
    ("found *; expected double brackets: *", "写的是 {1}；应用双方括号：{2}"),
    ("found *; expected a list in brackets, for example *", "写的是 {1}；应为方括号列表，例如 {2}"),
    ("found *; expected *", "写的是 {1}；应为 {2}"),
    ("full-width '*'; expected the half-width signs *", "用了全角符号“{1}”；应为半角符号 {2}"),
    (
        "'*' is no field; field names are English, as in guanlan schema feeds",
        "没有“{1}”这个字段；字段名用英文，见 guanlan schema feeds",
    ),
    ("'*' is no field; field names are English: *", "没有“{1}”这个字段；字段名用英文：{2}"),
    ("duplicate key: the field is written twice", "同一字段写了两次"),
    ("cannot be read: *", "无法读取：{1}"),
    ("a feeds file is TOML: name = value, not name: value", "来源文件是 TOML 格式：写作 名称 = 值，不是 名称: 值"),
    ("text without quotes; expected quotes around it, for example *", "文字没有加引号；应加引号，例如 {1}"),
    ("not TOML: *", "不符合 TOML 格式（{1}）"),
    // Names, addresses, secrets.
    ("expected 1 to 64 characters without / ? #", "应为 1 至 64 个字符，不含 / ? #"),
    ("'mqtt' is the room's own broker: choose another name", "“mqtt”是本系统内置消息服务的名称，请换一个"),
    ("'api' is the room's own interface: choose another name", "“api”是本系统接口的名称，请换一个"),
    (
        "a secret is named, not written down: expected env:NAME, for example *",
        "密码、口令不写在文件里，只写环境变量名：应为 env:名称，例如 {1}",
    ),
    (
        "user and password belong into `user` and `password` (env:NAME), not into the address",
        "用户和口令不写在地址里，应写在 user 和 password（env:名称）",
    ),
    (
        "'*': expected WGS84, CGCS2000, GCJ-02, BD-09 or EPSG:n",
        "没有“{1}”这个坐标系；应为 WGS84、CGCS2000、GCJ-02、BD-09 或 EPSG:n",
    ),
    ("'*' is no known system: *", "没有“{1}”这个坐标系（{2}）"),
    ("'*': expected ADDRESS:PORT, for example *", "“{1}”不对；应为 地址:端口，例如 {2}"),
    ("'*': expected an offset like *", "“{1}”不对；时区应写作 {2}"),
    (
        "'*' is no MQTT filter: + for one level, # only at the end",
        "“{1}”不是 MQTT 主题过滤器：+ 代表一级，# 只能在末尾",
    ),
    ("'*' overlaps '*': a broker would deliver what fits both twice", "“{1}”与“{2}”重叠：同时符合两者的消息会收到两次"),
    ("client_cert and client_key belong together", "client_cert 与 client_key 要一起写"),
    // Mappings.
    ("'*': expected auto, *", "“{1}”不对；应为 auto、{2}"),
    ("'*' is no JSONPath: *", "“{1}”不是 JSONPath（{2}）"),
    ("'*': expected topic:N, the first level being 1", "“{1}”不对；应为 topic:N，第一级为 1"),
    ("expected a JSONPath, a column, topic:N or =constant", "为空；应为 JSONPath、列名、topic:N 或 =常量"),
    ("expected a JSONPath, for example *", "应为 JSONPath，例如 {1}"),
    ("lon and lat belong together", "lon 与 lat 要一起写"),
    ("'*' is unknown*; expected one of *", "没有“{1}”这个属性{2}；可用：{3}"),
    (
        "a unit is converted to that of `property`, which is missing",
        "写了 unit 就要写 property：单位换算到该属性的单位",
    ),
    ("unknown unit '*': expected one of *", "不认识单位“{1}”；可用：{2}"),
    ("'*' cannot be converted to '*'", "“{1}”不能换算成“{2}”"),
    // Figures.
    ("expected at least 1", "应不小于 1"),
    ("expected a number above 0", "应为大于 0 的数"),
    ("expected a length above 0", "应为大于 0 的长度"),
    ("expected a number other than 0", "应为不等于 0 的数"),
    ("expected the crew's name", "应写队伍名称"),
    ("expected the camera's id", "应写摄像机编号"),
    ("'*': expected *", "“{1}”不对；应为 {2}"),
];

/// The Chinese of a message; in general words where only the TOML reader's own are known.
pub(super) fn of(message: &str) -> String {
    translate(PHRASES, message).unwrap_or_else(|| "写法不符合 TOML 或来源文件的格式".to_owned())
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_pattern_is_reached() {
        guanlan_core::phrases::check(super::PHRASES);
    }
}
