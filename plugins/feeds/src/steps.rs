//! What a connector itself does to what it brings, in words for the lineage: units, notations, colours. What a mapping or
//! a coordinate system does is said by them.

use guanlan_core::Bilingual;

use crate::{
    file::Kind,
    parse::{self, Topic},
};

fn step(zh: &str, en: &str) -> Bilingual {
    Bilingual::new(zh, en)
}

/// Of a connector whose payloads are all alike. An MQTT client says it by topic ([`of_topic`]), a mapping by itself.
#[must_use]
pub fn of_kind(kind: &Kind) -> Vec<Bilingual> {
    match kind {
        Kind::SensorThings(_) => vec![step("取 Observation.result", "Observation.result")],
        Kind::Nmea(_) => vec![
            step("度分（ddmm.mmmm）→ 度", "ddmm.mmmm → degrees"),
            step("节 → m/s", "kn → m/s"),
            step("RMC 与 GGA 合为一次定位", "RMC and GGA of one instant are one fix"),
        ],
        Kind::Jt808(_) => vec![
            step("10⁻⁶ 度 → 度", "10⁻⁶ degrees → degrees"),
            step("0.1 km/h → m/s", "0.1 km/h → m/s"),
            step("北京时间（BCD）→ UTC", "BCD of UTC+8 → UTC"),
        ],
        Kind::OwnTracks(_) => vec![owntracks()],
        Kind::Traccar(_) => {
            vec![step("速度：参数式为节，JSON 为 m/s，统一为 m/s", "speed: kn in queries, m/s in JSON → m/s")]
        }
        Kind::Cot(_) => vec![step("取 point 与 track；HAE 不采用", "point and track; HAE is left out")],
        Kind::Cap(_) => vec![
            step(
                "等级：取消息中的颜色；无颜色时 Extreme→红、Severe→橙、Moderate→黄、Minor→蓝",
                "level: the colour the message names; else Extreme → red, Severe → orange, Moderate → yellow, Minor → blue",
            ),
            step("多边形、圆 → 本地坐标边界", "polygons and circles → outlines in the local frame"),
        ],
        Kind::Open311(open311) => {
            let codes: Vec<String> = open311.codes.iter().map(|(theirs, ours)| format!("{theirs} → {ours}")).collect();
            let known = codes.join(", ");
            let mut steps = vec![step("服务请求 → 公众上报", "service request → citizen's report")];
            if !known.is_empty() {
                steps.push(step(&format!("类别：{known}"), &format!("category: {known}")));
            }
            steps
        }
        Kind::Camera(_) => vec![step("图像原样显示，不入库", "the picture is shown as it comes and not kept")],
        Kind::Rain(_) => vec![
            step("重采样到本地坐标网格", "resampled to the local frame"),
            step("取整到 0.1 mm/h", "rounded to 0.1 mm/h"),
        ],
        Kind::Replay(replay) if replay.unit.is_some() => {
            vec![step(
                "GPX 轨迹点 → 定位；航向、速度由相邻点算出",
                "GPX points → fixes; course and speed from one to the next",
            )]
        }
        _ => Vec::new(),
    }
}

/// Of a message in the room's own topics.
#[must_use]
pub fn of_topic(topic: &str) -> Vec<Bilingual> {
    match parse::topic(topic) {
        Topic::Observations(_) => vec![step("取 Observation.result", "Observation.result")],
        Topic::Position(_) => vec![owntracks()],
        Topic::CrewReport(_) => vec![step("取 status", "field status")],
        Topic::Citizen => vec![step("经纬度 → 本地坐标", "longitude and latitude → local frame")],
        Topic::Datastream(_) | Topic::Other => Vec::new(),
    }
}

fn owntracks() -> Bilingual {
    step("vel：km/h → m/s", "vel: km/h → m/s")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::FeedsFile;

    #[test]
    fn every_kind_says_what_it_does_in_both_languages() {
        let text = "format = \"guanlan-feeds/1\"\n\
            [[feed]]\nname = \"a\"\nkind = \"nmea\"\nurl = \"udp://0.0.0.0:1\"\nunit = \"U\"\n\
            [[feed]]\nname = \"b\"\nkind = \"open311\"\nurl = \"http://h\"\ncodes = { \"S1\" = \"01-003\" }\n\
            [[feed]]\nname = \"c\"\nkind = \"cap\"\nurl = \"http://h\"\n\
            [[feed]]\nname = \"d\"\nkind = \"mqtt\"\nurl = \"mqtt://h\"\n";
        let file = FeedsFile::parse("f", text).unwrap();
        let steps: Vec<Vec<Bilingual>> = file.feeds.iter().map(|f| of_kind(&f.kind)).collect();
        assert!(steps[0].iter().any(|s| s.en == "kn → m/s") && steps[3].is_empty());
        assert!(steps[1].iter().any(|s| s.zh.contains("S1 → 01-003")) && steps[2][0].zh.contains("Extreme→红"));
        assert!(steps.iter().flatten().all(|s| !s.zh.is_empty() && !s.en.is_empty()));
        assert_eq!(of_topic("owntracks/DRAIN-07/phone"), [owntracks()]);
        assert_eq!(of_topic("v1.1/Datastreams(7)/Observations").len(), 1);
        assert!(of_topic("home/kitchen").is_empty());
    }
}
