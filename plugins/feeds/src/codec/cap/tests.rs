use guanlan_core::{AlertLevel, Mode, Stamp, WarningKind, WarningStatus};
use guanlan_geography::LocalFrame;
use proptest::{prelude::*, strategy::ValueTree};

use super::{schema::differences, write::render, *};
use crate::codec::xml;
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
        "2026-07-01T08:00:00+14:30",
        "２026-07-01T08:00:00+08:0",
        "",
    ] {
        assert_eq!(When::parse(bad), None, "{bad}");
        let spoiled = TEXT.replace("2026-07-01T08:00:00+08:00", bad);
        assert!(read_one(&spoiled).unwrap_err().contains("sent"), "{bad}");
    }
}

/// A damaged outline does not hide a warning.
#[test]
fn a_damaged_outline_is_mended_or_left_out_and_the_area_says_so() {
    for (from, to, rings, word) in [
        (" 39.900,116.390</polygon>", "</polygon>", 1, "已补上"),
        ("39.910,116.400", "116.400,39.910", 0, "无法读懂"),
        ("39.900,116.400 39.910,116.400 ", "", 0, "不足三个角点"),
        ("</polygon>", "</polygon><circle>39.9 116.4 2</circle>", 1, "圆形"),
        ("39.910,116.400", "39.910,116.400", 1, ""),
    ] {
        let read = read_one(&TEXT.replacen(from, to, 1)).unwrap();
        let warning = warning(&read.alert, &placer()).unwrap();
        assert_eq!(warning.rings_m.len(), rings, "{to}");
        assert!(warning.rings_m.iter().all(|r| r.len() >= 4 && r.first() == r.last()));
        assert!(warning.area.zh.starts_with("某某桥区") && warning.area.zh.contains(word), "{}", warning.area.zh);
        assert_eq!(warning.area.en.contains('('), !word.is_empty(), "{}", warning.area.en);
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
        ("cap:1.2", "cap:1.0", "namespace"),
    ] {
        let said = read_one(&TEXT.replacen(from, to, 1)).unwrap_err();
        assert!(said.contains(word), "{word}: {said}");
    }
    let noted = |from: &str, to: &str| read_one(&TEXT.replacen(from, to, 1)).unwrap().notes.len();
    assert_eq!(noted("<msgType>Alert", "<msgType>Update"), 1, "an update without references");
    assert_eq!(noted("某某桥区", ""), 1, "an area without a name");
    assert_eq!(noted("暴雨内涝", " "), 1, "an event without a name");
    assert_eq!(noted("zh-CN", "zh_CN"), 1, "no language");
    let bow = "39.90,116.39 39.91,116.40 39.90,116.40 39.91,116.39 39.90,116.39";
    assert_eq!(noted("39.900,116.390 39.900,116.400 39.910,116.400 39.900,116.390", bow), 1, "a bow tie");
}

fn differ(from: &str, to: &str) -> Vec<String> {
    differences(&xml::read(TEXT.replacen(from, to, 1).as_bytes()).unwrap())
}

#[test]
fn the_schema_of_oasis_by_element_order_number_and_type() {
    assert_eq!(differ("", ""), [""; 0]);
    for (from, to, said) in [
        (
            "<status>Exercise</status><msgType>Alert</msgType>",
            "<msgType>Alert</msgType><status>Exercise</status>",
            "status: stands too late in the order",
        ),
        ("<scope>Restricted</scope>", "", "scope: is missing"),
        ("<event>暴雨内涝</event>", "<event>a</event><event>b</event>", "info[0].event: 2 times, once was expected"),
        ("<category>Met", "<category>Weather", "info[0].category[0]: 'Weather' where one of"),
        ("<category>Met", "<category> Met", "info[0].category[0]: 'Met' where one of"),
        ("zh-CN", "zh_CN", "info[0].language: 'zh_CN'"),
        ("<restriction>", "<urgent>1</urgent><restriction>", "urgent: is not an element"),
        ("</polygon>", "</polygon><altitude>1e3</altitude>", "info[0].area[0].altitude: '1e3' where a decimal"),
        (
            "</polygon>",
            "</polygon><ceiling>9</ceiling><altitude>3</altitude>",
            "info[0].area[0].altitude: stands too late",
        ),
        (
            "</polygon>",
            "</polygon><geocode><value>1</value></geocode>",
            "info[0].area[0].geocode[0].valueName: is missing",
        ),
        (
            "<area>",
            "<resource><resourceDesc>map</resourceDesc></resource><area>",
            "info[0].resource[0].mimeType: is missing",
        ),
        (
            "<area>",
            "<resource><resourceDesc>map</resourceDesc><mimeType>a/b</mimeType><size>12 kB</size></resource><area>",
            "size: '12 kB' where an integer",
        ),
        ("2026-07-01T08:00:00+08:00", "2026-07-01T00:00:00Z", "sent: '2026-07-01T00:00:00Z'"),
        (
            "<alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\">",
            "<alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\" xmlns:x=\"urn:x\"><x:sent/>",
            "sent: is not an element",
        ),
    ] {
        let found = differ(from, to);
        assert!(found.iter().any(|d| d.contains(said)), "{said}: {found:?}");
    }
    for fine in [
        "</polygon><circle>39.9,116.3 1.5</circle><geocode><valueName>a</valueName><value/></geocode><altitude>+.5</altitude><ceiling>9.</ceiling>",
    ] {
        assert_eq!(differ("</polygon>", fine), [""; 0]);
    }
    let signed = "</info><Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><SignedInfo/></Signature>";
    assert_eq!(differ("</info>", signed), [""; 0]);
}

/// Messages in the shape of other services: what they mean, and that nothing of them is lost on the way through.
#[test]
fn messages_of_other_services() {
    const NWS: &str = r#"<?xml version="1.0" encoding="UTF-8"?><cap:alert xmlns:cap="urn:oasis:names:tc:emergency:cap:1.2" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><cap:identifier>urn:oid:2.49.0.1.840.0.9e1c.001.1</cap:identifier><cap:sender>w-nws.webmaster@noaa.gov</cap:sender><cap:sent>2026-11-03T02:14:00-07:00</cap:sent><cap:status>Actual</cap:status><cap:msgType>Update</cap:msgType><cap:scope>Public</cap:scope><cap:code>IPAWSv1.0</cap:code><cap:references>w-nws.webmaster@noaa.gov,urn:oid:2.49.0.1.840.0.7d.001.1,2026-11-02T14:01:00-07:00</cap:references><cap:info><cap:language>en-US</cap:language><cap:category>Met</cap:category><cap:event>Red Flag Warning</cap:event><cap:responseType>Prepare</cap:responseType><cap:urgency>Expected</cap:urgency><cap:severity>Severe</cap:severity><cap:certainty>Likely</cap:certainty><cap:eventCode><cap:valueName>SAME</cap:valueName><cap:value>NWS</cap:value></cap:eventCode><cap:eventCode><cap:valueName>NationalWeatherService</cap:valueName><cap:value>FWW</cap:value></cap:eventCode><cap:effective>2026-11-03T02:14:00-07:00</cap:effective><cap:onset>2026-11-03T11:00:00-07:00</cap:onset><cap:expires>2026-11-03T18:00:00-07:00</cap:expires><cap:senderName>NWS Flagstaff AZ</cap:senderName><cap:headline>Red Flag Warning issued November 3 at 2:14AM MST by NWS Flagstaff AZ</cap:headline><cap:description>* AFFECTED AREA...Zones 137 &amp; 138.
* WINDS...20 to 30 mph.</cap:description><cap:instruction>A Red Flag Warning means...</cap:instruction><cap:web>http://www.weather.gov</cap:web><cap:contact>w-nws.webmaster@noaa.gov</cap:contact><cap:parameter><cap:valueName>VTEC</cap:valueName><cap:value>/O.CON.KFGZ.FW.W.0021.261103T1800Z-261104T0100Z/</cap:value></cap:parameter><cap:parameter><cap:valueName>BLOCKCHANNEL</cap:valueName><cap:value>EAS</cap:value></cap:parameter><cap:area><cap:areaDesc>Navajo; Apache</cap:areaDesc><cap:geocode><cap:valueName>SAME</cap:valueName><cap:value>004001</cap:value></cap:geocode><cap:geocode><cap:valueName>UGC</cap:valueName><cap:value>AZZ137</cap:value></cap:geocode></cap:area></cap:info></cap:alert>"#;
    const METEO: &str = r#"<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>2.49.0.0.276.0.DE.261103.a7</identifier><sender>opendata@dwd.de</sender><sent>2026-11-03T09:00:00+01:00</sent><status>Actual</status><msgType>Alert</msgType><source>PVW</source><scope>Public</scope><code>id:2.49.0.0.276.0</code><info><language>de-DE</language><category>Met</category><event>WINDBÖEN</event><responseType>None</responseType><urgency>Immediate</urgency><severity>Minor</severity><certainty>Likely</certainty><parameter><valueName>awareness_level</valueName><value>2; yellow; Moderate</value></parameter><parameter><valueName>awareness_type</valueName><value>1; Wind</value></parameter><resource><resourceDesc>karte</resourceDesc><mimeType>image/png</mimeType><size>3</size><uri>karte.png</uri><derefUri>AAEC</derefUri><digest>0c7a623fd2bbc05b06423be359e4021d36e721ad</digest></resource><area><areaDesc>Küste</areaDesc><polygon>54.1,12.0 54.1,12.4 54.3,12.4 54.1,12.0</polygon><geocode><valueName>EMMA_ID</valueName><value>DE047</value></geocode><altitude>0</altitude><ceiling>9842.5197</ceiling></area></info><info><language>en-GB</language><category>Met</category><event>wind gusts</event><urgency>Immediate</urgency><severity>Minor</severity><certainty>Likely</certainty><headline>Official WARNING of WIND GUSTS</headline></info></alert>"#;
    const CMA: &str = r#"<?xml version="1.0" encoding="GB18030"?><alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>33010041600000_20260701080000</identifier><sender>杭州市气象台</sender><sent>2026-07-01T08:00:00+08:00</sent><status>Actual</status><msgType>Alert</msgType><scope>Public</scope><info><language>zh-CN</language><category>Met</category><event>暴雨</event><urgency>Immediate</urgency><severity>Severe</severity><certainty>Observed</certainty><headline>杭州市气象台发布暴雨橙色预警[II级/严重]</headline><area><areaDesc>杭州市</areaDesc><geocode><valueName>行政区划代码</valueName><value>330100</value></geocode></area></info></alert>"#;
    let gb = encoding_rs::GB18030.encode(CMA).0.into_owned();
    for (bytes, level, kind) in [
        (NWS.as_bytes().to_vec(), AlertLevel::Orange, WarningKind::Update),
        (METEO.as_bytes().to_vec(), AlertLevel::Yellow, WarningKind::Alert),
        (gb, AlertLevel::Orange, WarningKind::Alert),
    ] {
        let read = alerts(&bytes).unwrap().remove(0).unwrap();
        assert!(read.notes.is_empty(), "{:?}", read.notes);
        assert_eq!(read_one(&render(&read.alert)).unwrap(), read, "nothing is lost");
        let out = Outgoing::new(Authority::of(Mode::Live).unwrap(), read.alert.clone()).unwrap();
        assert_eq!(out.alert(), &read.alert);
        let warning = warning(&read.alert, &placer()).unwrap();
        assert_eq!((warning.level, warning.kind), (level, kind), "{}", warning.headline.zh);
    }
}

/// Against the schema itself, with libxml2: `GUANLAN_CAP_XSD=CAP-v1.2.xsd`.
#[test]
fn what_is_written_is_valid_for_libxml2() {
    let Some(xsd) = std::env::var_os("GUANLAN_CAP_XSD") else {
        return eprintln!("skipped: GUANLAN_CAP_XSD does not name the schema");
    };
    let folder = tempfile::tempdir().unwrap();
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let files: Vec<_> = (0..200)
        .map(|k| {
            let file = folder.path().join(format!("{k}.cap"));
            std::fs::write(&file, render(&alert_().new_tree(&mut runner).unwrap().current())).unwrap();
            file
        })
        .collect();
    let ran = std::process::Command::new("xmllint").arg("--noout").arg("--schema").arg(xsd).args(&files).output();
    let said = ran.unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
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
            geocodes: codes, altitude_ft: altitude.map(f64::from), ceiling_ft: None, mended: Vec::new() }
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
        let written = render(&alert);
        let read = read_one(&written).unwrap();
        prop_assert_eq!(read.alert, alert);
        prop_assert!(read.notes.is_empty(), "{:?}", read.notes);
        prop_assert_eq!(differences(&xml::read(written.as_bytes()).unwrap()), Vec::<String>::new());
    }

    #[test]
    fn no_bytes_make_the_reader_fall(cut in 0usize..1400, noise in prop::collection::vec(any::<u8>(), 0..20)) {
        let mut bytes = TEXT.as_bytes()[..cut.min(TEXT.len())].to_vec();
        bytes.extend(noise);
        let _ = alerts(&bytes);
        let _ = links(&bytes);
    }
}
