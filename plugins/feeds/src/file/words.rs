//! What the TOML reader says, in words a person who writes a feeds file can act on, and what was probably meant.

use guanlan_core::{
    ObservedProperty,
    phrases::{nearest, outside_quotes},
};

/// The message about line `line` (the text of it), from what the reader said.
pub(super) fn message(line: &str, said: &str) -> String {
    let quoted = |what: &str| said.strip_prefix(what).and_then(|s| s.split('`').nth(1));
    if let Some(field) = quoted("missing field ") {
        return match field {
            "name" => "missing field 'name'; expected name = \"水务物联网\", a name of its own for each feed".into(),
            "url" => "missing field 'url'; expected url = \"https://…\", the address of the source".into(),
            "id" => "missing field 'id'; expected id = \"$.device\", where the stream's name is picked from".into(),
            "zh" | "en" => "words in both languages: { zh = \"水务局\", en = \"Water bureau\" }".into(),
            other => format!("missing field '{other}'"),
        };
    }
    for what in ["unknown field ", "unknown variant "] {
        let Some(word) = quoted(what) else { continue };
        let known: Vec<&str> = said.split('`').skip(3).step_by(2).collect();
        return format!("{what}'{word}'{} — expected one of {}", meant(word, &known), known.join(", "));
    }
    if let Some((found, wanted)) = said.strip_prefix("invalid type: ").and_then(|s| s.split_once(", expected ")) {
        let expected = match wanted {
            "f64" => "a number without quotes or unit, for example 0.5",
            "u16" | "u32" | "u64" | "usize" => "a whole number without quotes or unit, for example 60",
            "a string" => "text in quotes, for example \"https://data.example.org\"",
            "a boolean" => "true or false, without quotes",
            "a sequence" if found == "map" => "double brackets: [[feed]], [[feed.map]]",
            "a sequence" => "a list in brackets, for example [\"v1.1/Observations\"]",
            other => other,
        };
        return format!("found {found}; expected {expected}");
    }
    if let Some((found, _)) = said.strip_prefix("invalid value: ").and_then(|s| s.split_once(", expected ")) {
        return format!("found {found}; expected a whole number from 0 up");
    }
    if said.starts_with("data did not match any variant of untagged enum") {
        return "expected one text, or words in both languages: { zh = \"水务局\", en = \"Water bureau\" }".into();
    }
    if let Some(wide) = outside_quotes(line).find(|c| "＝“”‘’，：；［］｛｝（）".contains(*c)) {
        return format!("full-width '{wide}'; expected the half-width signs = \" , [ ] {{ }}");
    }
    if let Some((key, _)) = line.split_once('=').filter(|(key, _)| !key.is_ascii()) {
        let key = key.trim().trim_matches('"');
        return match english(key) {
            Some(name) => format!("'{key}' is no field; field names are English: {name}"),
            None => format!("'{key}' is no field; field names are English, as in guanlan schema feeds"),
        };
    }
    if said.contains("duplicate key") {
        return "duplicate key: the field is written twice".into();
    }
    if line.contains(": ") && !line.contains('=') {
        return "a feeds file is TOML: name = value, not name: value".into();
    }
    if line.contains("= env:") || line.contains("=env:") {
        return "text without quotes; expected quotes around it, for example password = \"env:WATER_PASSWORD\"".into();
    }
    format!("not TOML: {said}")
}

/// "; did you mean 'x'?", or what another system's word is called here; nothing when nothing is near.
fn meant(word: &str, known: &[&str]) -> String {
    let near = || nearest(word, known.iter().copied()).map(|best| format!("; did you mean '{best}'?"));
    let named = english(word).filter(|name| known.contains(name)).map(|name| format!("; did you mean '{name}'?"));
    hint(word, known).map(|h| format!("; {h}")).or(named).or_else(near).unwrap_or_default()
}

/// What a kind that is none was probably meant to be.
pub(super) fn kind_meant(word: &str, kinds: &[&str]) -> String {
    let plain = word.to_ascii_lowercase();
    let other = match plain.as_str() {
        "ws" | "wss" => Some("websocket"),
        "sta" | "frost" | "ogc" => Some("sensorthings"),
        "rest" | "json" | "api" | "poll" | "https" => Some("http"),
        "csv" | "parquet" | "gpx" => Some("replay"),
        "file" | "log" => Some("tail"),
        "push" | "hook" | "inbound" => Some("webhook"),
        "jtt808" | "jt/t 808" | "jt/t808" | "部标808" | "808" => Some("jt808"),
        "radar" | "geotiff" | "雷达" | "雨量" => Some("rain"),
        "tak" | "atak" | "cursor-on-target" => Some("cot"),
        "gps" | "gnss" | "北斗" => Some("nmea"),
        "预警" | "warning" | "alert" => Some("cap"),
        "video" | "mjpeg" | "摄像机" | "视频" => Some("camera"),
        "georeport" | "12345" => Some("open311"),
        _ => None,
    };
    let best = other.or_else(|| nearest(&plain, kinds.iter().copied()));
    best.map(|k| format!("; did you mean '{k}'?")).unwrap_or_default()
}

/// What a property that is none was probably meant to be.
pub(super) fn property_meant(word: &str) -> String {
    let plain = word.to_lowercase();
    let by_name = ObservedProperty::ALL.into_iter().find(|p| {
        let (zh, en) = (p.name().zh, p.name().en.to_lowercase());
        !plain.is_empty() && (zh.contains(&plain) || en == plain)
    });
    let best =
        by_name.map(ObservedProperty::key).or_else(|| nearest(&plain, ObservedProperty::ALL.iter().map(|p| p.key())));
    best.map(|k| format!("; did you mean '{k}'?")).unwrap_or_default()
}

/// Words people bring from other systems, where the right one is known here.
fn hint(word: &str, known: &[&str]) -> Option<&'static str> {
    let here = |name: &str| known.contains(&name);
    Some(match word {
        "interval" | "interval_s" | "period" | "poll_s" | "every" | "poll_interval" | "refresh" if here("every_s") => {
            "it is every_s, in seconds"
        }
        "topic" | "subscribe" | "subscriptions" if here("topics") => "it is topics = [\"…\"], a list",
        "host" | "server" | "broker" | "address" | "endpoint" | "uri" | "port" if here("url") => {
            "it is url, with scheme and port, for example mqtt://host:1883"
        }
        "tls" | "ssl" | "secure" if here("url") => "write the secure scheme in url: mqtts://, https://, wss://",
        "qos" => "there is no qos field: subscriptions are of QoS 1",
        "username" | "login_user" if here("user") => "it is user",
        "pass" | "passwd" | "pwd" if here("password") => "it is password",
        "user" | "username" | "password" | "token" | "bearer" | "api_key" | "headers" if here("login") => {
            "it belongs into login = { bearer = \"env:NAME\" }"
        }
        "clientid" | "clientId" if here("client_id") => "it is client_id",
        "file" | "filename" if here("path") => "it is path",
        "path" | "file" | "folder" | "dir" if here("url") => "it is url; a path relative to this file will do",
        "mapping" | "mappings" | "fields" | "maps" => "a mapping is [[feed.map]]",
        "timestamp" | "ts" | "datetime" | "date" if here("time") => "it is time",
        "longitude" | "lng" | "x" | "easting" if here("lon") => "it is lon",
        "latitude" | "y" | "northing" if here("lat") => "it is lat",
        "device" | "device_id" | "sensor" | "stream" | "station" | "key" if here("id") => "it is id",
        "factor" | "multiplier" if here("scale") => "it is scale",
        "timezone" | "tz" | "utc_offset" if here("zone") => "it is zone, for example \"+08:00\"",
        "type" if here("as") => "what a row becomes is as = \"observation\", \"position\", \"report\" or \"crew\"",
        "quantity" | "parameter" | "metric" if here("property") => "it is property",
        "units" if here("unit") => "it is unit",
        "null" | "nodata" | "na" if here("missing") => "it is missing = [\"…\"], a list",
        "result" | "reading" | "measurement" if here("value") => "it is value",
        _ => return None,
    })
}

/// The field a Chinese word stands for.
fn english(word: &str) -> Option<&'static str> {
    Some(match word {
        "名称" | "名字" => "name",
        "类型" | "种类" => "kind",
        "地址" | "网址" | "链接" => "url",
        "主题" => "topics",
        "用户" | "用户名" => "user",
        "密码" | "口令" => "password",
        "周期" | "间隔" | "轮询间隔" => "every_s",
        "坐标系" | "坐标" => "crs",
        "权属单位" | "责任部门" | "部门" | "单位名称" => "owner",
        "共享" | "共享方式" => "share",
        "映射" => "map",
        "启用" => "enabled",
        "文件" | "路径" => "path",
        "编号" | "标识" => "id",
        "时间" => "time",
        "数值" | "值" => "value",
        "单位" => "unit",
        "属性" | "监测项" | "指标" => "property",
        "经度" => "lon",
        "纬度" => "lat",
        "格式" => "format",
        _ => return None,
    })
}
