use guanlan_geography::LocalFrame;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::file::kinds::Format;

fn spec(text: &str) -> MapSpec {
    toml::from_str(text).unwrap()
}

fn placer() -> Placer {
    Placer::new(LocalFrame::new(4548, [448_000.0, 4_419_000.0]), "WGS84").unwrap()
}

fn apply(spec_text: &str, payload: &str, topic: &str) -> Mapped {
    let mapper = Mapper::new(&spec(spec_text)).unwrap();
    let document = documents(Format::Auto, payload.as_bytes()).unwrap();
    let mut out = Mapped::default();
    mapper.apply(&document, Came { topic, at: Stamp(5_000), own_time: false }, &placer(), &mut out);
    out
}

fn readings(mapped: &Mapped) -> Vec<(String, i64, f64)> {
    let reading = |i: &Input| match i {
        Input::Observation(o) => Some((o.sensor.as_str().to_owned(), o.phenomenon.0, o.result)),
        _ => None,
    };
    mapped.inputs.iter().filter_map(reading).collect()
}

#[test]
fn json_rows_with_units_places_and_holes() {
    let map = r#"
        rows = "$.data.stations[*]"
        id = "$.code"
        prefix = "swj-"
        time = "$.tm"
        value = "$.z"
        unit = "ft"
        property = "river_stage"
        name = "$.name"
        lon = "$.pos[0]"
        lat = "$.pos[1]"
        missing = ["-9999"]
    "#;
    let payload = json!({"data": {"stations": [
        {"code": "A1", "tm": "2026-07-01 08:00:00", "z": 10, "name": "东关桥", "pos": [116.3975, 39.9087]},
        {"code": 2, "tm": "2026-07-01T08:05:00+08:00", "z": "1.5", "pos": [116.3975, 39.9087]},
        {"code": "A3", "tm": "2026-07-01 08:00:00", "z": -9999, "pos": [0, 0]},
        {"code": "A4", "tm": "2026-07-01 08:00:00", "z": null},
        {"code": "A5", "tm": "noon", "z": 1},
        {"tm": "2026-07-01 08:00:00", "z": 1},
        {"code": "A6", "tm": "2026-07-01 08:00:00", "z": "wet"}]}})
    .to_string();
    let mapped = apply(map, &payload, "");
    let eight = Stamp::parse("2026-07-01T08:00:00+08:00").unwrap().0;
    let got = readings(&mapped);
    assert_eq!(got.len(), 2);
    assert_eq!((got[0].0.as_str(), got[0].1), ("swj-A1", eight));
    assert!((got[0].2 - 3.048).abs() < 1e-12 && (got[1].2 - 0.4572).abs() < 1e-12);
    let fields: Vec<&str> = mapped.refused.iter().map(|(r, _)| r.field.as_str()).collect();
    assert_eq!(fields, ["time", "id", "value"]);
    assert_eq!(mapped.newest, Some(Stamp(eight + 300_000)));
    let Input::SensorDeclared(d) = &mapped.inputs[0] else { panic!() };
    assert_eq!(d.name.zh, "东关桥");
    assert!((d.place_m.unwrap()[0] - 481.575).abs() < 0.01);
    let steps: Vec<String> = Mapper::new(&spec(map)).unwrap().steps().iter().map(|s| s.zh.clone()).collect();
    assert_eq!(steps, ["取字段 $.z", "ft → m"]);
}

#[test]
fn csv_columns_topics_and_constants() {
    let csv = "站号,时间,雨量(mm/5min)\nR1,2026/07/01 08:00,2\nR2,2026/07/01 08:00,\nR3,202607010805,0.5\n";
    let map =
        "id = \"站号\"\ntime = \"时间\"\nvalue = \"雨量(mm/5min)\"\nunit = \"mm/5min\"\nproperty = \"rain_intensity\"";
    let got = readings(&apply(map, csv, ""));
    let eight = Stamp::parse("2026-07-01T08:00:00+08:00").unwrap().0;
    assert_eq!(got, [("R1".into(), eight, 24.0), ("R3".into(), eight + 300_000, 6.0)]);

    let by_topic = apply(
        "id = \"topic:4\"\nprefix = \"lv-\"\nvalue = \"$.v\"\nscale = 0.01\noffset = 1",
        r#"{"v": 250}"#,
        "uo/hz/level/G7",
    );
    assert_eq!(readings(&by_topic), [("lv-G7".to_owned(), 5_000, 3.5)]);
    assert_eq!(readings(&apply("id = \"=one\"\nvalue = \"v\"", r#"[{"v":true},{"v":2}]"#, "")).len(), 2);
}

#[test]
fn positions_reports_and_crews() {
    let map = "as = \"position\"\nid = \"car\"\ntime = \"t\"\ntime_format = \"epoch_ms\"\nlon = \"x\"\nlat = \"y\"\nspeed = \"v\"\nspeed_unit = \"km/h\"\nbattery = \"b\"";
    let mapped = apply(map, r#"{"car":"A","t":1782864000000,"x":116.3975,"y":39.9087,"v":36,"b":180}"#, "");
    let Input::Fix(fix) = &mapped.inputs[0] else { panic!() };
    assert_eq!((fix.at, fix.battery), (Stamp::from_secs(1_782_864_000), Some(100)));
    assert!((fix.speed_mps - 10.0).abs() < 1e-6);
    let map =
        "as = \"report\"\nid = \"n\"\nlon = \"x\"\nlat = \"y\"\ntext = \"w\"\ncode = \"=06-010\"\nheading = \"h\"";
    let mapped =
        apply(map, r#"[{"n":"1","x":116.4,"y":39.9,"w":"垃圾","h":"-90"},{"n":"2","x":116.4,"y":95,"w":"?"}]"#, "");
    assert!(
        matches!(&mapped.inputs[0], Input::Citizen(c) if c.code == "06-010" && c.text == "垃圾" && c.view.heading_deg == Some(270.0))
    );
    assert_eq!(mapped.refused[0].0.field, "lon/lat");
    let crew =
        apply("as = \"crew\"\nid = \"u\"\nstatus = \"s\"", r#"[{"u":"D","s":"on_scene"},{"u":"D","s":"asleep"}]"#, "");
    assert_eq!((crew.inputs.len(), crew.refused.len()), (1, 1));
}

#[test]
fn a_retained_message_says_its_own_time_or_nothing() {
    let mapper = Mapper::new(&spec("id = \"=a\"\nvalue = \"v\"")).unwrap();
    let document = documents(Format::Json, br#"{"v":1}"#).unwrap();
    let mut out = Mapped::default();
    mapper.apply(&document, Came { topic: "", at: Stamp(0), own_time: true }, &placer(), &mut out);
    assert!(out.inputs.is_empty() && out.refused[0].0.field == "time");
}

#[test]
fn times_of_every_writing() {
    let eight = Stamp::parse("2026-07-01T08:00:00+08:00");
    let at = |format: &str, value: serde_json::Value| TimeFormat::read(format).unwrap().instant(&value, 8 * 3600);
    for value in [
        json!("2026-07-01T00:00:00Z"),
        json!("2026-07-01 08:00:00"),
        json!("2026-07-01T08:00"),
        json!("2026/7/1 08:00"),
        json!("2026年07月01日 08:00"),
        json!("20260701080000"),
        json!(1_782_864_000),
        json!(1_782_864_000_000_i64),
        json!("1782864000"),
    ] {
        // Fourteen digits are a date before they are a number.
        assert_eq!(at("auto", value.clone()), eight, "{value}");
    }
    assert_eq!(at("epoch_s", json!(1_782_864_000.0)), eight);
    assert_eq!(at("excel", json!(46204.0 + 8.0 / 24.0)), eight);
    assert_eq!(at("%d.%m.%Y %H:%M", json!("01.07.2026 08:00")), eight);
    assert_eq!(at("%Y-%m-%dT%H:%M:%S%z", json!("2026-07-01T00:00:00+0000")), eight);
    for value in [json!("noon"), json!(null), json!({}), json!(-5), json!("2026-02-30 08:00:00"), json!(1e300)] {
        assert_eq!(at("auto", value.clone()), None, "{value}");
    }
    assert!(TimeFormat::read("iso").is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn no_payload_makes_the_mapping_fall(bytes in prop::collection::vec(any::<u8>(), 0..200), json in any::<bool>()) {
        let format = if json { Format::Json } else { Format::Csv };
        if let Ok(document) = documents(format, &bytes) {
            let map = spec("id = \"a\"\ntime = \"$.t\"\nvalue = \"b\"\nlon = \"c\"\nlat = \"d\"\nproperty = \"pm25\"");
            let mapper = Mapper::new(&map).unwrap();
            let mut out = Mapped::default();
            mapper.apply(&document, Came { topic: "t", at: Stamp(0), own_time: false }, &placer(), &mut out);
        }
    }
}
