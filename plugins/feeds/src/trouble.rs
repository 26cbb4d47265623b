//! Why a source does not deliver, Chinese first: what connectors, the system's sockets and other programs say in English.

use guanlan_core::{
    Lang,
    file_words::{Phrases, both},
};

/// English patterns and their Chinese.
const PHRASES: &Phrases = &[
    ("*\nURL: *", "{1}\n地址：{2}"),
    ("no usable answer: *", "没有可用的应答：{1}"),
    ("no usable answer", "没有可用的应答"),
    ("no answer in time", "超时无应答"),
    ("the server has closed", "对方已断开连接"),
    ("the server is silent", "对方没有任何响应"),
    ("the broker refused a subscription", "对方拒绝订阅"),
    ("the broker closes: *", "对方断开连接：{1}"),
    ("an empty picture", "图像为空"),
    ("'*' is no picture", "应答类型“{1}”不是图像"),
    ("an event of more than * bytes", "单个事件超过 {1} 字节"),
    ("no certificate of an authority: *", "没有可用的 CA 证书：{1}"),
    ("the system has no certificates of authorities: name one with ca_file", "系统没有 CA 证书：请用 ca_file 指定"),
    ("status 400*", "状态码 400（请求有误）"),
    ("status 401*", "状态码 401（未登录或口令有误）"),
    ("status 403*", "状态码 403（无权访问）"),
    ("status 404*", "状态码 404（没有这个地址）"),
    ("status 429*", "状态码 429（请求过多）"),
    ("status 500*", "状态码 500（对方内部错误）"),
    ("status 502*", "状态码 502（网关错误）"),
    ("status 503*", "状态码 503（对方暂不可用）"),
    ("status 504*", "状态码 504（网关超时）"),
    ("status *", "状态码 {1}"),
    ("Connection refused (os error 111)", "连接被拒绝（对方未开启服务）"),
    ("Connection reset by peer (os error 104)", "连接被对方重置"),
    ("Broken pipe (os error 32)", "连接已中断"),
    ("Network is unreachable (os error 101)", "网络不可达"),
    ("No route to host (os error 113)", "没有到对方的路由"),
    ("Connection timed out (os error 110)", "连接超时"),
    ("Address already in use (os error 98)", "地址已被其他程序占用"),
    ("Cannot assign requested address (os error 99)", "本机没有这个地址"),
    ("Resource temporarily unavailable (os error 11)", "资源暂不可用"),
    ("Too many open files (os error 24)", "打开的文件过多"),
    ("deadline has elapsed", "超时"),
    ("operation timed out", "超时"),
    ("Timeout", "超时"),
    ("Network timeout", "网络超时"),
    ("Flush timeout", "发送超时"),
    ("Mqtt state: *", "MQTT 会话中断：{1}"),
    ("unexpected end of file", "数据提前结束"),
    ("connection closed before message completed", "应答未完即断开"),
    ("connection closed by peer", "对方已断开连接"),
    ("end of file before message length reached", "应答未完即断开"),
    ("error reading a body from connection", "读取应答时连接中断"),
    ("failed to lookup address information: *", "无法解析主机名：{1}"),
    ("Name or service not known", "没有这个主机名"),
    ("Temporary failure in name resolution", "域名解析暂不可用"),
    ("invalid peer certificate: *", "对方证书无效：{1}"),
    ("UnknownIssuer", "颁发者不受信任"),
    ("NotValidForName", "与主机名不符"),
    ("Expired", "已过期"),
    ("Connection refused, return code: `BadUserNamePassword`", "登录被拒绝：用户名或口令有误"),
    ("Connection refused, return code: `NotAuthorized`", "登录被拒绝：未获授权"),
    ("Connection refused, return code: *", "登录被拒绝：{1}"),
    ("Connection closed by peer", "对方已断开连接"),
    ("I/O: *", "读写：{1}"),
    ("IO error: *", "读写：{1}"),
    ("TLS: *", "TLS：{1}"),
    ("TLS error: *", "TLS：{1}"),
    ("HTTP error: *", "HTTP 错误：{1}"),
    ("'*' is no header", "“{1}”不是合法的 HTTP 头"),
    ("a secret has characters no header can carry", "密钥中有 HTTP 头不能携带的字符"),
    ("not a rain series: *", "不是雨量序列：{1}"),
    ("the raster lies outside the city", "栅格不在城市范围内"),
    ("not JSON: *", "不是 JSON：{1}"),
    ("No such file or directory (os error 2)", "没有这个文件"),
    ("*: no row with a time", "{1}：没有带时间的行"),
    ("*: *", "{1}：{2}"),
];

/// `中文 / English` of a trouble; what nobody put into Chinese stays as it is.
#[must_use]
pub fn told(reason: &str) -> String {
    let words = both(PHRASES, reason);
    // The Chinese of a place alone ("a: b") says nothing.
    if Lang::Zh.part_of(&words) == words { reason.to_owned() } else { words }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn troubles_are_told_in_both_languages() {
        for (reason, chinese) in [
            ("I/O: Connection refused (os error 111)", "读写：连接被拒绝（对方未开启服务）"),
            (
                "no usable answer: Connection refused (os error 111)\nURL: http://h/a",
                "没有可用的应答：连接被拒绝（对方未开启服务）\n地址：http://h/a",
            ),
            ("status 503 Service Unavailable", "状态码 503（对方暂不可用）"),
            ("127.0.0.1:6808: Address already in use (os error 98)", "127.0.0.1:6808：地址已被其他程序占用"),
        ] {
            let told = told(reason);
            assert_eq!((Lang::Zh.part_of(&told), Lang::En.part_of(&told)), (chinese, reason));
        }
        assert_eq!(told("some thing: nobody knows"), "some thing: nobody knows");
        assert_eq!(told("内部错误 / internal error"), "内部错误 / internal error");
    }

    #[test]
    fn the_table_has_no_hidden_pattern() {
        guanlan_core::phrases::check(PHRASES);
    }
}
