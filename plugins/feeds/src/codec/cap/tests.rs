use guanlan_core::{AlertLevel, Mode, Stamp, WarningKind, WarningStatus};
use guanlan_geography::LocalFrame;
use proptest::prelude::*;

use super::{write::render, *};
use crate::place::Placer;

const TEXT: &str = r#"<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>YL-20260701-0003</identifier><sender>ioc@example.invalid</sender><sent>2026-07-01T08:00:00+08:00</sent><status>Exercise</status><msgType>Alert</msgType><scope>Restricted</scope><restriction>演练参演单位</restriction><note>2026 汛前桌面推演 EX-2026-01</note><info><language>zh-CN</language><category>Met</category><event>暴雨内涝</event><responseType>Avoid</responseType><urgency>Immediate</urgency><severity>Extreme</severity><certainty>Observed</certainty><headline>【演练】下凹桥积水红色预警</headline><area><areaDesc>某某桥区</areaDesc><polygon>39.900,116.390 39.900,116.400 39.910,116.400 39.900,116.390</polygon></area></info></alert>"#;

fn read_one(text: &str) -> Result<Read, String> {
    alerts(text.as_bytes())?.remove(0)
}

fn placer() -> Placer {
    Placer::new(LocalFrame::new(4548, [448_000.0, 4_419_000.0]), "WGS84").unwrap()
}

#[test]
fn the_published_message_and_its_round_trip() {
    let read = read_one(TEXT).unwrap();
    assert!(read.notes.is_empty(), "{:?}", read.notes);
    assert_eq!((read.alert.status, read.alert.kind), (WarningStatus::Exercise, WarningKind::Alert));
    assert_eq!(read_one(&render(&read.alert)).unwrap(), read);
    let warning = warning(&read.alert, &placer()).unwrap();
    assert_eq!((warning.level, Some(warning.sent)), (AlertLevel::Red, Stamp::parse("2026-07-01T00:00:00Z")));
    // lat,lon: the ring lies in the city, not in the sea.
    assert_eq!(warning.rings_m[0].len(), 4);
    assert!(warning.rings_m[0][0].iter().all(|v| v.abs() < 5_000.0), "{:?}", warning.rings_m);
}

#[test]
fn times_have_a_numeric_offset_and_nothing_else() {
    for good in ["2026-07-01T08:00:00+08:00", "2012-05-02T23:21:04-00:00", "2003-06-17T14:57:00-07:00"] {
        assert_eq!(When::parse(good).unwrap().to_string(), good);
    }
    for bad in [
        "2026-07-01T08:00:00Z",
        "2026-07-01T08:00:00,08:00",
        "2026-07-01T08:00:00.0+08:00",
        "2026-07-01T08:00+08:00",
        "2026-07-01T08:00:00+0800",
        "2026-07-01 08:00:00+08:00",
        "2026-13-01T08:00:00+08:00",
        "2026-07-01T08:00:00+28:00",
        "２026-07-01T08:00:00+08:0",
        "",
    ] {
        assert_eq!(When::parse(bad), None, "{bad}");
        let spoiled = TEXT.replace("2026-07-01T08:00:00+08:00", bad);
        assert!(read_one(&spoiled).unwrap_err().contains("sent"), "{bad}");
    }
}

#[test]
fn rules_of_the_schema() {
    for (from, to, word) in [
        ("<scope>Restricted</scope>", "", "scope"),
        ("Exercise", "Drill", "status"),
        ("<category>Met</category>", "", "category"),
        ("<category>Met", "<category>Weather", "category"),
        ("Immediate", "Soon", "urgency"),
        ("YL-20260701-0003", "YL 3", "identifier"),
        ("ioc@example.invalid", "ioc,example", "sender"),
        (" 39.900,116.390</polygon>", "</polygon>", "polygon"),
        ("39.910,116.400", "116.400,39.910", "polygon"),
        ("cap:1.2", "cap:1.0", "namespace"),
    ] {
        let said = read_one(&TEXT.replacen(from, to, 1)).unwrap_err();
        assert!(said.contains(word), "{word}: {said}");
    }
    let noted = |from: &str, to: &str| read_one(&TEXT.replacen(from, to, 1)).unwrap().notes.len();
    assert_eq!(noted("<msgType>Alert", "<msgType>Update"), 1, "an update without references");
    let bow = "39.90,116.39 39.91,116.40 39.90,116.40 39.91,116.39 39.90,116.39";
    assert_eq!(noted("39.900,116.390 39.900,116.400 39.910,116.400 39.900,116.390", bow), 1, "a bow tie");
}

#[test]
fn an_exercise_cannot_be_made_actual() {
    let mut actual = read_one(TEXT).unwrap().alert;
    actual.status = WarningStatus::Actual;
    actual.scope = Scope::Public;
    actual.note.clear();
    actual.infos[0].headline = "下凹桥积水红色预警".into();
    let out = Outgoing::new(Authority::of(Mode::Exercise).unwrap(), actual.clone()).unwrap();
    let xml = out.to_xml();
    assert!(!xml.contains("Actual") && xml.contains("<status>Exercise</status>") && xml.contains("【演练】"), "{xml}");
    assert!(matches!(read_one(&xml).unwrap().alert.scope, Scope::Restricted(_)));
    assert_eq!(Authority::of(Mode::Replay), None);
    assert_eq!(Authority::of(Mode::Forecast), None);
    assert_eq!(Authority::of(Mode::Demo).map(Authority::status), Some(WarningStatus::Test));
    let live = Outgoing::new(Authority::of(Mode::Live).unwrap(), actual.clone()).unwrap();
    assert_eq!(live.alert().status, WarningStatus::Actual);
    actual.identifier = "a b".into();
    assert!(Outgoing::new(Authority::of(Mode::Live).unwrap(), actual).is_err());
}

#[test]
fn colours_by_word_then_by_severity() {
    let level = |from: &str, to: &str| {
        let text = TEXT.replace("下凹桥积水红色预警", "积水预警").replace(from, to);
        warning(&read_one(&text).unwrap().alert, &placer()).unwrap().level
    };
    assert_eq!(level("", ""), AlertLevel::Red);
    assert_eq!(level("Extreme", "Moderate"), AlertLevel::Yellow);
    assert_eq!(level("积水预警", "暴雨橙色预警"), AlertLevel::Orange);
    assert_eq!(level("暴雨内涝", "Blue rain warning"), AlertLevel::Blue);
    let parameter = "</headline><parameter><valueName>ColorCode</valueName><value>黄</value></parameter>";
    assert_eq!(level("</headline>", parameter), AlertLevel::Yellow);
}

fn word() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9@._:一-龥-]{1,20}"
}

fn text() -> impl Strategy<Value = String> {
    // What XML carries and trimming keeps.
    "[一-龥a-zA-Z0-9<>&\"'][一-龥 a-zA-Z0-9<>&\"']{0,30}[一-龥a-z<>&\"']"
}

fn when_() -> impl Strategy<Value = When> {
    (0i64..4_000_000_000, prop_oneof![Just(None), (-14i16 * 60..=14 * 60).prop_map(Some)])
        .prop_map(|(s, offset_min)| When { at: Stamp::from_secs(s), offset_min })
}

prop_compose! {
    fn area_()(description in text(), lat in -80i32..80, lon in -170i32..170, size in 1u32..900, circle in any::<bool>(),
        codes in prop::collection::vec((text(), text()), 0..3), altitude in prop::option::of(0u16..30_000)) -> Area {
        let (lat, lon, d) = (f64::from(lat), f64::from(lon), f64::from(size) / 1000.0);
        let near = |v: f64| (v * 1e7).round() / 1e7;
        let ring = vec![[lat, lon], [lat, near(lon + d)], [near(lat + d), near(lon + d)], [lat, lon]];
        Area { description, polygons: vec![ring], circles: if circle { vec![[lat, lon, d]] } else { vec![] },
            geocodes: codes, altitude_ft: altitude.map(f64::from), ceiling_ft: None }
    }
}

prop_compose! {
    fn alert_()(identifier in word(), sender in word(), sent in when_(), event in text(), headline in text(),
        description in text(), note in text(), areas in prop::collection::vec(area_(), 0..3), expires in prop::option::of(when_()),
        references in prop::collection::vec((word(), word(), when_()), 1..3), update in any::<bool>(),
        addresses in prop::collection::vec("[a-z一-龥][a-z 一-龥]{0,8}[a-z]", 1..3), private in any::<bool>()) -> Alert {
        let info = Info { language: Some("zh-CN".into()), categories: vec!["Met".into(), "Infra".into()], event, headline, description,
            urgency: "Immediate".into(), severity: "Severe".into(), certainty: "Observed".into(), expires, areas, ..Info::default() };
        Alert { identifier, sender, sent, status: WarningStatus::Actual,
            kind: if update { WarningKind::Update } else { WarningKind::Alert }, source: String::new(),
            scope: if private { Scope::Private(addresses) } else { Scope::Public }, codes: vec![], note,
            references: if update { references } else { vec![] }, incidents: vec![], infos: vec![info], signed: false, version: "1.2" }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_is_written_is_read_again(alert in alert_()) {
        let read = read_one(&render(&alert)).unwrap();
        prop_assert_eq!(read.alert, alert);
        prop_assert!(read.notes.is_empty(), "{:?}", read.notes);
    }

    #[test]
    fn no_bytes_make_the_reader_fall(cut in 0usize..1400, noise in prop::collection::vec(any::<u8>(), 0..20)) {
        let mut bytes = TEXT.as_bytes()[..cut.min(TEXT.len())].to_vec();
        bytes.extend(noise);
        let _ = alerts(&bytes);
        let _ = links(&bytes);
    }
}
