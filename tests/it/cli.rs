//! The command line: what verbs print, the files they write, how they end; and a SensorThings service polled.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::support::{
    Plan, Room, guanlan, now_ms, program, repository, rfc3339, run, runtime, scratch, shared_data, verified, wait,
};

fn inspected(path: &Path) -> Value {
    let said = guanlan(["inspect".as_ref(), "--json".as_ref(), path.as_os_str()]).expect(0).json();
    let file = said["files"][0].clone();
    assert_eq!(file["path"].as_str(), path.to_str());
    for name in ["format", "version", "crs", "extent", "counts", "problems"] {
        assert!(file.get(name).is_some(), "{name} is missing: {file}");
    }
    for problem in file["problems"].as_array().unwrap() {
        for name in ["severity", "where", "message"] {
            assert!(problem[name].is_string(), "a problem has {name}: {problem}");
        }
    }
    file
}

fn near(got: &Value, want: &Value, what: &str) {
    let (got, want) = (got.as_f64().unwrap_or(f64::NAN), want.as_f64().unwrap());
    assert!((got - want).abs() <= 1e-6 * want.abs().max(1.0), "{what}: {got} is not {want}");
}

#[test]
fn inspect_gives_the_figures_of_real_files() {
    let Some(root) = shared_data() else { return };
    let expected: Value = serde_json::from_str(&std::fs::read_to_string(root.join("expected.json")).unwrap()).unwrap();
    let both = |name: &str| (inspected(&root.join(name)), expected[name].clone());

    let (file, want) = both("city/cityjson/delft.city.json");
    assert_eq!(
        (file["format"].as_str(), &file["version"], file["crs"].as_str()),
        (Some("CityJSON"), &want["version"], Some("EPSG:7415"))
    );
    assert_eq!(file["counts"]["city_objects"], want["city_objects"]);
    assert_eq!(file["counts"]["buildings"], want["by_type"]["Building"]);
    assert_eq!(file["counts"]["roads"], want["by_type"]["Road"]);
    (0..6).for_each(|i| near(&file["extent"][i], &want["bbox"][i], "extent"));

    let (file, want) = both("osm/planegg_bbox.osm");
    assert_eq!((file["format"].as_str(), file["crs"].as_str()), (Some("OSM XML"), Some("EPSG:4326")));
    for (name, figure) in [("nodes", "nodes"), ("ways", "ways"), ("relations", "relations"), ("roads", "highway_ways")]
    {
        assert_eq!(file["counts"][name], want[figure], "{name}");
    }
    for (i, j) in [(0, 0), (1, 1), (3, 2), (4, 3)] {
        near(&file["extent"][i], &want["node_bbox_lonlat"][j], "extent");
    }

    for (name, format) in
        [("terrain/lidar_dem_1m.tif", "GeoTIFF"), ("terrain/west_bijou_gully_3m.asc", "ESRI ASCII grid")]
    {
        let (file, want) = both(name);
        assert_eq!(file["format"], format);
        assert_eq!(file["crs"].as_str(), Some(want["crs"].as_str().unwrap_or("")));
        assert_eq!((&file["counts"]["cols"], &file["counts"]["rows"]), (&want["width"], &want["height"]));
        for (i, j) in [(0, 0), (1, 1), (3, 2), (4, 3)] {
            near(&file["extent"][i], &want["bounds"][j], name);
        }
        near(&file["extent"][2], &want["min"], name);
        near(&file["extent"][5], &want["max"], name);
    }

    let (file, want) = both("drainage/user_user2.inp");
    assert_eq!(file["format"], "SWMM");
    for name in ["junctions", "conduits", "outfalls", "pumps", "subcatchments", "nodes"] {
        assert_eq!(file["counts"][name], want["counts"][name], "{name}");
    }
    // Several files in one call, and words for people.
    let two = ["terrain/lidar_dem_1m.tif", "drainage/user_user2.inp"].map(|f| root.join(f));
    let said = guanlan(["inspect".into(), "--json".into(), two[0].clone(), two[1].clone()]).expect(0).json();
    assert_eq!(said["files"].as_array().unwrap().len(), 2);
    let said = guanlan(["inspect".into(), two[0].clone()]).expect(0).out;
    assert!(said.contains("GeoTIFF") && said.contains("EPSG:26915") && said.contains("400"), "{said}");
}

#[test]
fn damaged_files_end_with_2_and_say_where_and_why() {
    let Some(root) = shared_data() else { return };
    for (name, place) in [
        ("cityjson/invalid_missing_type.json", "type"),
        ("cityjson/invalid_u64_f64_bounds.json", "transform"),
        ("cityjson-gpl3-val3dity/completely_empty.json", "empty"),
        ("cityjson-gpl3-val3dity/unclosedbracket.city.jsonl", "line 1"),
        ("cityjson-gpl3-val3dity/invalid_json_cityjson.json", "line 3"),
        ("terrain/corrupt_cog.tif", "SamplesPerPixel"),
        ("feeds/badcharacter.gpx", "expected"),
        ("feeds/xxe_entity.cap", "expected"),
    ] {
        let path = root.join("malformed").join(name);
        for verb in [vec!["inspect"], vec!["inspect", "--json"]] {
            let ran = guanlan(verb.iter().map(AsRef::as_ref).chain([path.as_os_str()])).expect(2);
            assert!(ran.err.contains(path.to_str().unwrap()), "{name} is not named: {}", ran.err);
            assert!(ran.err.contains(place), "{name}: '{place}' is not in: {}", ran.err);
        }
    }
    // What can be used of a file with faults is used, and every fault has its line.
    for (name, words) in [("bad_input_1.inp", "undefined rain gage '*'"), ("invalid_model.inp", "NonExistantNode2")] {
        let problems = inspected(&root.join("malformed/drainage").join(name))["problems"].clone();
        let told = problems.as_array().unwrap().iter().any(|p| {
            p["where"].as_str().unwrap().starts_with("line ")
                && format!("{} {}", p["where"], p["message"]).contains(words)
        });
        assert!(told, "{name}: {problems}");
    }
    let room = |file: PathBuf| run(program().args(["room", "--headless", "--mqtt", "off"]).arg(file));
    let damaged = root.join("malformed/terrain/corrupt_cog.tif");
    assert!(room(damaged.clone()).expect(2).err.contains(damaged.to_str().unwrap()));
    let gone = root.join("no-such-city.city.json");
    assert!(room(gone).expect(2).err.contains("no-such-city.city.json"));
}

#[test]
fn wrong_usage_ends_with_2() {
    for args in [
        &["dance"][..],
        &["room", "--headless", "--colour", "red"],
        &["--lang", "fr"],
        &["inspect"],
        &["simulate"],
        &["schema", "poems"],
        &["bench", "nothing"],
        &["journal", "verify", "/no/such/journal.db"],
        &["journal", "export", "/no/such/journal.db"],
        &["drill", "check", "/no/such/drill.toml"],
        &["render", "--size", "big", "--out", "x.png"],
        &["room", "--headless", "--crs", "mars"],
        &["devices", "--mqtt", "http://127.0.0.1"],
    ] {
        let ran = guanlan(args).expect(2);
        assert!(!ran.err.trim().is_empty() && ran.out.is_empty(), "{args:?}: {}{}", ran.out, ran.err);
    }
    for verb in ["room", "render", "inspect", "simulate", "drill", "journal", "devices", "schema", "bench"] {
        assert!(guanlan([verb, "--help"]).expect(0).out.contains("Usage"), "{verb} --help");
    }
    let folder = scratch();
    let broken = folder.path().join("x.db");
    std::fs::write(&broken, "this is no journal").unwrap();
    for verb in ["verify", "export"] {
        let ran = guanlan(["journal".as_ref(), verb.as_ref(), broken.as_os_str()]).expect(2);
        assert!(ran.err.contains("x.db"), "{}", ran.err);
    }
}

#[test]
fn without_a_display_a_room_says_what_to_do_instead() {
    for lang in ["zh", "en"] {
        let ran = guanlan(["room", "--lang", lang]).expect(1);
        assert!(ran.err.contains("guanlan render") && ran.err.contains("room --headless"), "{}", ran.err);
        let before = guanlan(["--lang", lang, "room"]).expect(1);
        assert_eq!(before.err, ran.err, "the language may stand in front of the verb");
    }
    assert!(guanlan(["room"]).err.contains("显示器"), "Chinese is the default");
}

#[test]
fn schemas_are_json_schema() {
    for name in ["rules", "scenario", "drill"] {
        let schema = guanlan(["schema", name]).expect(0).json();
        assert!(schema["$schema"].as_str().is_some_and(|s| s.contains("json-schema.org")), "{name}: {schema}");
        assert!(schema["properties"].as_object().is_some_and(|p| !p.is_empty()), "{name}: {schema}");
    }
}

#[test]
fn a_reader_that_has_seen_enough_ends_a_verb_quietly() {
    let exe = env!("CARGO_BIN_EXE_guanlan");
    let rules = repository().join("assets/rules/city.toml");
    for verb in ["schema rules".to_owned(), format!("alerts test {}", rules.display())] {
        // The reader closes the pipe before anything is written; the verb's own exit code is what the script says.
        let script = format!("{{ sleep 0.3; {exe} {verb}; echo \"exit $?\" >&2; }} | true");
        let ran = run(std::process::Command::new("bash").args(["-c", &script]));
        assert!(ran.err.contains("exit 0") && !ran.err.contains("panicked"), "{verb}: {}", ran.err);
    }
}

#[test]
fn every_shipped_drill_is_valid_and_a_wrong_one_names_its_line() {
    let mut seen = 0;
    for entry in std::fs::read_dir(repository().join("scenes/drills")).unwrap() {
        let path = entry.unwrap().path();
        let ran = guanlan(["drill".as_ref(), "check".as_ref(), path.as_os_str()]).expect(0);
        assert!(ran.out.contains(path.to_str().unwrap()), "{}", ran.out);
        seen += 1;
    }
    assert!(seen > 0);
    let text = std::fs::read_to_string(repository().join("scenes/drills/cloudburst-east.toml")).unwrap();
    let folder = scratch();
    let wrong = folder.path().join("wrong.toml");
    std::fs::write(&wrong, format!("{text}\n[[inject]]\nwhen = \"never\"\n")).unwrap();
    let ran = guanlan(["drill".as_ref(), "check".as_ref(), wrong.as_os_str()]).expect(2);
    let line = text.lines().count() + 2;
    let told =
        (line - 1..=line + 1).any(|l| ran.err.contains(&format!(":{l}")) || ran.err.contains(&format!("line {l}")));
    assert!(ran.err.contains("wrong.toml") && told, "line {line}: {}", ran.err);
}

/// A bowl of 60 × 60 cells of 10 m with a drain in its middle.
fn bowl(folder: &Path) {
    let n = 60;
    let mut asc =
        format!("ncols {n}\nnrows {n}\nxllcorner 500000\nyllcorner 3350000\ncellsize 10\nNODATA_value -9999\n");
    for row in 0..n {
        let z = |col: i32| {
            let (dx, dy) = (f64::from(col) - 29.5, f64::from(row) - 29.5);
            10.0 + (dx * dx + dy * dy) * 0.002
        };
        let line: Vec<String> = (0..n).map(|col| format!("{:.3}", z(col))).collect();
        asc.push_str(&line.join(" "));
        asc.push('\n');
    }
    std::fs::write(folder.join("bowl.asc"), asc).unwrap();
    let inp = "[OPTIONS]\nFLOW_UNITS CMS\n\n[JUNCTIONS]\nJ1 8.0 2.0 0 0 0\nJ2 7.8 2.6 0 0 0\n\n[OUTFALLS]\nO1 7.0 FREE NO\n\n\
               [CONDUITS]\nC1 J1 J2 60 0.013 0 0 0 0\nC2 J2 O1 200 0.013 0 0 0 0\n\n\
               [XSECTIONS]\nC1 CIRCULAR 0.8 0 0 0 1\nC2 CIRCULAR 0.8 0 0 0 1\n\n\
               [COORDINATES]\nJ1 500300 3350300\nJ2 500330 3350300\nO1 500560 3350300\n";
    std::fs::write(folder.join("bowl.inp"), inp).unwrap();
    let scenario = "name = { zh = \"碗\", en = \"Bowl\" }\ncity = [\"bowl.asc\", \"bowl.inp\"]\ncell_m = 10.0\nduration_min = 40.0\n\
                    output_min = 10.0\n\n[storm]\nkind = \"uniform\"\nintensity_mm_h = 60.0\nduration_min = 30.0\n";
    std::fs::write(folder.join("bowl.toml"), scenario).unwrap();
}

#[test]
fn simulate_writes_every_file_and_balances_its_books() {
    let folder = scratch();
    let at = folder.path();
    bowl(at);
    let out = at.join("out");
    let ran = run(program()
        .args(["simulate", "--crs", "EPSG:4549", "--threads", "1", "--json", "--out"])
        .arg(&out)
        .arg(at.join("bowl.toml")))
    .expect(0);
    let summary: Value = serde_json::from_str(&std::fs::read_to_string(out.join("summary.json")).unwrap()).unwrap();
    assert_eq!(ran.json(), summary, "--json prints what is written");
    for name in ["cells", "cell_size_m", "steps", "simulated_s", "wall_s", "threads", "max_depth_m"] {
        assert!(summary[name].is_number(), "{name} is missing: {summary}");
    }
    let ledger = &summary["ledger"];
    let m3 = |name: &str| ledger[name].as_f64().unwrap_or_else(|| panic!("{name} is missing: {ledger}"));
    for name in ["rain_m3", "inflow_m3", "infiltration_m3", "drained_m3", "outflow_m3", "stored_m3", "error_m3"] {
        m3(name);
    }
    assert!(m3("error_relative").abs() <= 1e-6, "{ledger}");
    assert_eq!(
        (summary["cells"].as_u64(), summary["cell_size_m"].as_f64(), summary["threads"].as_u64()),
        (Some(3600), Some(10.0), Some(1))
    );
    assert_eq!(summary["simulated_s"], 2400.0);
    // 30 mm on 600 × 600 m: the scenario's own city was used, and all of its rain is in the books.
    assert!((m3("rain_m3") - 10_800.0).abs() < 1.0, "{ledger}");
    assert!(m3("drained_m3") > 0.0, "the drain took water: {ledger}");
    let depth = summary["max_depth_m"].as_f64().unwrap();
    assert!((0.05..3.0).contains(&depth), "water gathers in the bowl: {depth}");
    for name in ["max_depth.tif", "depth_600.tif", "depth_1200.tif", "depth_1800.tif", "depth_2400.tif"] {
        let raster = inspected(&out.join(name));
        assert_eq!((raster["format"].as_str(), raster["crs"].as_str()), (Some("GeoTIFF"), Some("EPSG:4549")), "{name}");
        assert_eq!((raster["counts"]["cols"].as_u64(), raster["counts"]["rows"].as_u64()), (Some(60), Some(60)));
    }
    let deepest = inspected(&out.join("max_depth.tif"))["extent"][5].as_f64().unwrap();
    assert!((deepest - depth).abs() < 1e-3, "the raster's deepest {deepest} is the summary's {depth}");
    let series = std::fs::read_to_string(out.join("series.csv")).unwrap();
    let columns = series.lines().next().unwrap().split(',').count();
    assert!(
        columns >= 2
            && series.starts_with("t_s,rain_mm_h")
            && series.lines().count() >= 5
            && series.lines().all(|l| l.split(',').count() == columns),
        "{series}"
    );
    let impact: Value = serde_json::from_str(&std::fs::read_to_string(out.join("impact.json")).unwrap()).unwrap();
    assert!(impact.is_object(), "{impact}");

    for (wrong, word) in
        [("cell_m = -1.0", "cell_m"), ("storm_kind = 1", "storm_kind"), ("city = [\"gone.asc\"]", "gone.asc")]
    {
        let text = std::fs::read_to_string(at.join("bowl.toml")).unwrap();
        let key = wrong.split(' ').next().unwrap();
        let kept: Vec<&str> = text.lines().filter(|l| !l.starts_with(key)).collect();
        std::fs::write(at.join("wrong.toml"), format!("{wrong}\n{}", kept.join("\n"))).unwrap();
        let ran = run(program().args(["simulate", "--out"]).arg(at.join("never")).arg(at.join("wrong.toml"))).expect(2);
        assert!(ran.err.contains(word), "{wrong}: {}", ran.err);
    }
    assert!(!at.join("never").exists());
}

/// A SensorThings service: two pages, one stream each, wired by `@iot.nextLink`.
async fn sensorthings(listener: TcpListener, asked: Arc<Mutex<Vec<String>>>) {
    let root = format!("http://{}/FROST/v1.1", listener.local_addr().unwrap());
    let stream = |id: Value, name: &str, definition: &str, result: f64| {
        json!({
            "@iot.id": id, "name": name, "description": name,
            "observationType": "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement",
            "unitOfMeasurement": { "name": "", "symbol": "", "definition": "" },
            "ObservedProperty": { "name": name, "definition": definition, "description": "" },
            "Thing": { "name": name, "Locations": [ { "encodingType": "application/geo+json",
                "location": { "type": "Point", "coordinates": [120.0, 30.27] } } ] },
            "Observations": [ { "@iot.id": 1, "phenomenonTime": rfc3339(now_ms()), "resultTime": null, "result": result } ],
        })
    };
    loop {
        let Ok((mut socket, _)) = listener.accept().await else { return };
        let mut head = Vec::new();
        let mut byte = [0u8; 1];
        while !head.ends_with(b"\r\n\r\n") && socket.read_exact(&mut byte).await.is_ok() {
            head.push(byte[0]);
        }
        let line = String::from_utf8_lossy(&head).lines().next().unwrap_or_default().to_owned();
        let page = if line.contains("page=2") {
            json!({ "value": [stream(json!("gas-b"), "Combustible gas", "urn:gas", 62.0)] })
        } else {
            json!({ "@iot.nextLink": format!("{root}/Datastreams?page=2"),
                    "value": [stream(json!(7), "PM2.5", "http://example.org/pm2.5", 17.5)] })
        };
        asked.lock().unwrap().push(line);
        let body = page.to_string();
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        let _ = socket.write_all(answer.as_bytes()).await;
    }
}

#[test]
fn a_sensorthings_service_is_polled_page_by_page() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let address: SocketAddr = runtime().block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(sensorthings(listener, asked.clone()));
        address
    });
    let folder = scratch();
    let mut plan = Plan::demo(folder.path());
    plan.mqtt = "off".into();
    plan.args.extend(["--sensorthings".into(), format!("http://{address}/FROST/v1.1")]);
    let room = Room::open(&plan);
    let streams: BTreeMap<&str, Value> = ["7", "gas-b"]
        .map(|id| {
            let stream = wait(&format!("stream {id}"), Duration::from_secs(15), || {
                let answer = room.http.get(&format!("/sensors/{id}"));
                (answer.status == 200 && answer.json()["value"].is_number()).then(|| answer.json())
            });
            (id, stream)
        })
        .into();
    assert_eq!((streams["7"]["property"].as_str(), streams["7"]["value"].as_f64()), (Some("pm25"), Some(17.5)));
    assert_eq!(
        (streams["gas-b"]["property"].as_str(), streams["gas-b"]["value"].as_f64()),
        (Some("gas_lel"), Some(62.0))
    );
    for stream in streams.values() {
        for (axis, degrees) in [("lon", 120.0), ("lat", 30.27)] {
            assert!((stream["place"][axis].as_f64().unwrap() - degrees).abs() < 1e-6, "{stream}");
        }
    }
    room.case_of("gas-b");
    let asked = asked.lock().unwrap().clone();
    assert!(asked[0].contains("/FROST/v1.1/Datastreams?") && asked[0].contains("expand"), "{asked:?}");
    assert!(asked[1].contains("page=2"), "the next link is followed: {asked:?}");
    room.stop();
    verified(&plan.store);
}
