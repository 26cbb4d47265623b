//! Reference data of other programs, file by file, against what a correct reader finds.

use std::path::{Path, PathBuf};

use guanlan_core::{Mode, Stamp};
use guanlan_feeds::codec::{cap, gpx, nmea, open311};
use serde_json::Value;

fn data() -> Option<PathBuf> {
    let dir = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data"));
    let dir = match std::env::var_os("GUANLAN_DATA") {
        Some(dir) => dir.into(),
        None => dir.to_owned(),
    };
    if dir.join("expected.json").exists() {
        return Some(dir);
    }
    eprintln!("skipped: no reference data at {}", dir.display());
    None
}

fn expected(dir: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(dir.join("expected.json")).unwrap()).unwrap()
}

fn files<'a>(expected: &'a Value, under: &str) -> Vec<(&'a str, &'a Value)> {
    let all: Vec<_> = expected
        .as_object()
        .unwrap()
        .iter()
        .filter(|(k, _)| k.starts_with(under))
        .map(|(k, v)| (k.as_str(), v))
        .collect();
    assert!(!all.is_empty(), "{under}");
    all
}

#[test]
fn cap_messages() {
    let Some(dir) = data() else { return };
    let expected = expected(&dir);
    for (name, want) in files(&expected, "feeds/cap/") {
        let read = cap::alerts(&std::fs::read(dir.join(name)).unwrap()).unwrap_or_else(|e| panic!("{name}: {e}"));
        let want = want["alerts"].as_array().unwrap();
        assert_eq!(read.len(), want.len(), "{name}");
        for (got, want) in read.into_iter().zip(want) {
            let got = got.unwrap_or_else(|e| panic!("{name}: {e}"));
            let out = cap::Outgoing::new(cap::Authority::of(Mode::Live).unwrap(), got.alert.clone());
            let again = cap::alerts(out.unwrap_or_else(|e| panic!("{name}: {e}")).to_xml().as_bytes()).unwrap();
            let mut kept = got.alert.clone();
            // Sent on: as 1.2, by this room, without another's signature.
            (kept.version, kept.status, kept.signed) = ("1.2", guanlan_core::WarningStatus::Actual, false);
            assert_eq!(again[0].as_ref().unwrap().alert, kept, "{name}: written and read again");
            let got = got.alert;
            let text = |field: &str| want[field].as_str().unwrap().to_owned();
            assert_eq!([&got.identifier, &got.sender], [&text("identifier"), &text("sender")], "{name}");
            assert_eq!(got.sent.to_string(), text("sent"), "{name}");
            assert_eq!(format!("{:?}", got.status), text("status"), "{name}");
            assert_eq!(format!("{:?}", got.kind), text("msgType"), "{name}");
            assert_eq!(want["namespace"], format!("urn:oasis:names:tc:emergency:cap:{}", got.version), "{name}");
            assert_eq!(want["signed"], got.signed, "{name}");
            let info = &got.infos[0];
            assert_eq!(
                [&info.event, &info.severity, &info.urgency, &info.certainty],
                [&text("event"), &text("severity"), &text("urgency"), &text("certainty")],
                "{name}"
            );
            let languages: Vec<Value> =
                got.infos.iter().map(|i| i.language.clone().map_or(Value::Null, Value::String)).collect();
            assert_eq!(want["languages"], Value::Array(languages), "{name}");
            let areas: Vec<_> = got.infos.iter().flat_map(|i| &i.areas).collect();
            let counts = [
                ("infos", got.infos.len()),
                ("areas", areas.len()),
                ("polygons", areas.iter().map(|a| a.polygons.len()).sum()),
                ("circles", areas.iter().map(|a| a.circles.len()).sum()),
                ("geocodes", areas.iter().map(|a| a.geocodes.len()).sum()),
            ];
            for (field, n) in counts {
                assert_eq!(want[field], n, "{name} {field}");
            }
        }
    }
}

#[test]
fn malformed_feeds_are_refused_or_taken_with_a_note() {
    let Some(dir) = data() else { return };
    let read = |name: &str| cap::alerts(&std::fs::read(dir.join("malformed/feeds").join(name)).unwrap());
    assert!(read("invalid.cap").unwrap().remove(0).unwrap_err().contains("scope"));
    assert!(read("xxe_entity.cap").unwrap_err().contains("xxe"));
    // Valid against the schema: it only breaks a profile and a rule of the text.
    let canada = read("canada_errors.cap").unwrap().remove(0).unwrap();
    assert!(canada.notes.iter().any(|n| n.contains("references")), "{:?}", canada.notes);
    assert!(gpx::read(&std::fs::read(dir.join("malformed/feeds/badcharacter.gpx")).unwrap()).is_err());
}

#[test]
fn gpx_tracks() {
    let Some(dir) = data() else { return };
    let expected = expected(&dir);
    for (name, want) in files(&expected, "feeds/tracks/").into_iter().filter(|(n, _)| n.ends_with(".gpx")) {
        let gpx = gpx::read(&std::fs::read(dir.join(name)).unwrap()).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(gpx.dropped, 0, "{name}");
        if want.get("reader_error").is_some() {
            // A `fix` outside the schema: the point is kept.
            assert!(gpx.track_points().count() > 0, "{name}");
            continue;
        }
        let n = |field: &str| usize::try_from(want[field].as_u64().unwrap()).unwrap();
        assert_eq!(gpx.tracks.len(), n("tracks"), "{name}");
        assert_eq!(gpx.tracks.iter().map(Vec::len).sum::<usize>(), n("segments"), "{name}");
        assert_eq!(gpx.track_points().count(), n("track_points"), "{name}");
        assert_eq!(gpx.waypoints.len(), n("waypoints"), "{name}");
        assert_eq!(gpx.routes.len(), n("routes"), "{name}");
        let metres: f64 =
            gpx.tracks.iter().flatten().flat_map(|s| s.windows(2)).map(|w| gpx::motion(&w[0], &w[1], 1.0).0).sum();
        let want_m = want["length_2d_m"].as_f64().unwrap();
        assert!((metres - want_m).abs() <= 0.005 * want_m + 0.1, "{name}: {metres} m, expected {want_m}");
        if let Some(times) = want["time"].as_array() {
            let all: Vec<Stamp> = gpx.track_points().filter_map(|p| p.time).collect();
            let span = [all.iter().min(), all.iter().max()].map(|t| *t.unwrap());
            let want: Vec<Stamp> = times.iter().map(|t| Stamp::parse(t.as_str().unwrap()).unwrap()).collect();
            assert_eq!(
                span.map(|t| t.0 / 1000).to_vec(),
                want.iter().map(|t| t.0 / 1000).collect::<Vec<_>>(),
                "{name}"
            );
        }
    }
}

#[test]
fn an_hour_of_nmea() {
    let Some(dir) = data() else { return };
    let want = &expected(&dir)["feeds/tracks/nmea1.log"];
    let text = std::fs::read_to_string(dir.join("feeds/tracks/nmea1.log")).unwrap();
    let kinds = std::fs::read_to_string(dir.join("feeds/tracks/nmea1.log.expected")).unwrap();
    let (mut rmc, mut gga, mut no_fix, mut other) = (0, 0, 0, 0);
    let (mut west, mut south, mut east, mut north) = (f64::MAX, f64::MAX, f64::MIN, f64::MIN);
    let mut receiver = nmea::Receiver::default();
    let mut fixes: Vec<Stamp> = Vec::new();
    for (line, kind) in text.lines().zip(kinds.lines()) {
        let read = nmea::read(line).unwrap_or_else(|e| panic!("{line}: {e}"));
        let place = match read {
            nmea::Sentence::Rmc(f) => {
                rmc += 1;
                Some((f.lat, f.lon))
            }
            nmea::Sentence::Gga(f) => {
                gga += 1;
                Some((f.lat, f.lon))
            }
            nmea::Sentence::NoFix => {
                no_fix += 1;
                None
            }
            nmea::Sentence::Other => {
                other += 1;
                assert!(!kind.contains("RMC") && !kind.contains("GGA"), "{line} {kind}");
                None
            }
        };
        if let Some((lat, lon)) = place {
            (west, south, east, north) = (west.min(lon), south.min(lat), east.max(lon), north.max(lat));
        }
        fixes.extend(receiver.line(line, Stamp(0)).unwrap().map(|f| f.at));
    }
    let by = |kind: &str| want["parsed_by_type"][kind].as_u64().unwrap();
    assert_eq!(rmc + gga + no_fix, by("RMC") + by("GGA"));
    assert_eq!(rmc + gga, want["position_sentences"].as_u64().unwrap());
    assert_eq!(other, by("GSV") + by("GSA") + by("VTG"));
    let bounds: Vec<f64> = want["fix_bbox_lonlat"].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
    for (got, want) in [west, south, east, north].iter().zip(bounds) {
        assert!((got - want).abs() < 1e-6, "{got} {want}");
    }
    assert!(fixes.windows(2).all(|w| w[0] < w[1]), "each instant once, in order");
}

#[test]
fn open311_services() {
    let Some(dir) = data() else { return };
    let expected = expected(&dir);
    let bytes = |name: &str| std::fs::read(dir.join("feeds/open311").join(name)).unwrap();
    assert_eq!(open311::services(&bytes("dc-services.xml")).unwrap().len(), 86);
    let published = open311::requests(&bytes("service-requests.xml")).unwrap();
    assert!(published.len() == 2 && published.iter().all(Result::is_ok), "{published:?}");
    let token = open311::requests(&bytes("token.xml")).unwrap().remove(0).unwrap();
    assert_eq!((token.id.as_str(), token.token.as_str()), ("638344", "12345"));
    let want = &expected["feeds/open311/sf_requests_2011.json"];
    let all: Vec<_> =
        open311::requests(&bytes("sf_requests_2011.json")).unwrap().into_iter().map(Result::unwrap).collect();
    assert_eq!(want["requests"], all.len());
    assert_eq!(want["status"]["open"], all.iter().filter(|r| !r.closed).count());
    assert_eq!(want["with_position"], all.iter().filter(|r| r.lat.is_some() && r.lon.is_some()).count());
    assert_eq!((want["first_id"].as_str(), want["last_id"].as_str()), (Some(&*all[0].id), Some(&*all[249].id)));
    let mut codes: Vec<&str> = all.iter().map(|r| r.service_code.as_str()).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(want["services"], codes.len());
    let times: Vec<Stamp> = all.iter().filter_map(|r| r.requested).collect();
    let span = [*times.iter().min().unwrap(), *times.iter().max().unwrap()];
    for (got, want) in span.iter().zip(want["requested"].as_array().unwrap()) {
        assert_eq!(Some(*got), Stamp::parse(want.as_str().unwrap()));
    }
}

#[test]
fn a_recorded_sensorthings_page() {
    let Some(dir) = data() else { return };
    let want = expected(&dir);
    let want = want["feeds/sensorthings/hamburg_energy_campus_page1.json"]["first"].as_array().unwrap();
    let bytes = std::fs::read(dir.join("feeds/sensorthings/hamburg_energy_campus_page1.json")).unwrap();
    let page: Value = serde_json::from_slice(&bytes).unwrap();
    let streams: Vec<&Value> = page["value"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|thing| thing["Datastreams"].as_array().into_iter().flatten())
        .collect();
    assert_eq!(streams.len(), want.len());
    for (stream, want) in streams.iter().zip(want) {
        assert_eq!(stream["@iot.id"], want["id"]);
        let observation = &stream["Observations"][0];
        let read = guanlan_feeds::parse::observation(Some("x"), observation, Stamp(0)).unwrap();
        let guanlan_core::Input::Observation(o) = read else { panic!() };
        assert_eq!(Some(o.result), want["result"].as_f64(), "{}", want["name"]);
        assert_eq!(Some(o.phenomenon), Stamp::parse(want["time"].as_str().unwrap()), "{}", want["name"]);
    }
}
