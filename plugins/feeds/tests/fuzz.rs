//! Bytes of any kind against every reader: an error at worst.

use guanlan_core::Stamp;
use guanlan_feeds::{
    codec::{cap, cot, gpx, jt808, nmea, open311, parquet, traccar, xml},
    parse,
};
use guanlan_geography::LocalFrame;
use proptest::prelude::*;

const SEEDS: [&str; 6] = [
    "$GPRMC,083000.00,A,3954.52200,N,11623.85000,E,19.708,090.0,211126,,,A*68",
    r#"{"_type":"location","lat":39.9087,"lon":116.3975,"tst":1782864000,"vel":36}"#,
    r#"[{"service_request_id":"1","status":"open","lat":39.9087,"long":116.3975,"requested_datetime":"2026-07-01T08:00:00+08:00"}]"#,
    r#"<event version="2.0" uid="U" type="a-f" how="m-g" time="2026-07-01T00:00:00Z" stale="2026-07-01T00:01:00Z"><point lat="1" lon="2"/></event>"#,
    r#"<gpx><trk><trkseg><trkpt lat="1" lon="2"><time>2026-07-01T00:00:00Z</time></trkpt></trkseg></trk></gpx>"#,
    r#"{"device_id":"07","location":{"timestamp":"2026-07-01T00:00:00Z","coords":{"latitude":1,"longitude":2}}}"#,
];

/// A seed with a piece taken out and noise put in, or only noise.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    (0..SEEDS.len() + 1, 0usize..200, 0usize..40, prop::collection::vec(any::<u8>(), 0..24)).prop_map(
        |(seed, at, len, noise)| {
            let mut bytes = SEEDS.get(seed).map_or_else(Vec::new, |s| s.as_bytes().to_vec());
            let at = at.min(bytes.len());
            let end = (at + len).min(bytes.len());
            bytes.splice(at..end, noise);
            bytes
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn every_reader(bytes in bytes(), tail in prop::collection::vec(any::<u8>(), 0..64)) {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let _ = xml::read(&bytes);
        let _ = cap::alerts(&bytes);
        let _ = cap::links(&bytes);
        let _ = cot::read(&bytes);
        let _ = gpx::read(&bytes);
        let _ = open311::requests(&bytes);
        let _ = open311::services(&bytes);
        let _ = parquet::read(&bytes);
        let _ = nmea::read(&text);
        let _ = nmea::Receiver::default().line(&text, Stamp(0));
        if let Ok(value) = serde_json::from_slice(&bytes) {
            let _ = traccar::json(&value);
        }
        let fields: Vec<(String, String)> = text.split('&').filter_map(|p| p.split_once('=')).map(|(k, v)| (k.into(), v.into())).collect();
        let _ = traccar::query(&fields);
        let frame = LocalFrame::new(4548, [448_000.0, 4_419_000.0]);
        for topic in ["v1.1/Observations", "v1.1/Datastreams(7)", "owntracks/a/b", "guanlan/reports", "guanlan/units/a/status", &text] {
            let _ = parse::message(topic, &bytes, Stamp(0), &frame);
        }
        if let Ok(message) = jt808::read(&tail) {
            let _ = jt808::positions(&message);
        }
        let mut frames = jt808::Frames::default();
        for piece in bytes.chunks(7).chain(tail.chunks(5)) {
            frames.feed(piece);
            while let Some(frame) = frames.next() {
                if let Ok(frame) = frame {
                    let _ = jt808::read(&frame);
                }
            }
        }
    }

    #[test]
    fn terminals_with_right_checksums(id in prop_oneof![Just(0x0200u16), Just(0x0704), any::<u16>()], body in prop::collection::vec(any::<u8>(), 0..120)) {
        let to = jt808::Message { id, phone: "013800138000".into(), serial: 1, version: None, encrypted: false, part: None, body: vec![] };
        let frame = jt808::write(id, &to, 9, &body);
        let back = jt808::read(&frame[1..frame.len() - 1]).unwrap();
        prop_assert_eq!((&back.body, back.serial, back.id), (&body, 9, id));
        let _ = jt808::positions(&back);
    }
}
