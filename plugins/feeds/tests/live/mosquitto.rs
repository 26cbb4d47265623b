//! A foreign broker (Eclipse Mosquitto), where it is installed.

use std::{
    io::Write,
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use guanlan_core::Stamp;
use guanlan_feeds::wall_now;

use crate::{
    support::{House, Program, free_port, installed, wait},
    web::{Things, serve, things},
};

/// A broker with sessions on disk. `more`: further lines of its configuration.
fn broker(dir: &Path, port: u16, more: &str) -> Program {
    let conf = dir.join(format!("mosquitto-{port}.conf"));
    let user = "user root\n";
    std::fs::write(
        &conf,
        format!(
            "listener {port} 127.0.0.1\nallow_anonymous true\npersistence true\npersistence_location {}/\nmax_queued_messages 100000\n{user}{more}\n",
            dir.display()
        ),
    )
    .unwrap();
    let program = Program::start("mosquitto", &["-c", conf.to_str().unwrap()]);
    wait("mosquitto listens", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
    program
}

/// Publishes lines with QoS 1 and waits until the broker has them all.
fn publish(port: u16, topic: &str, lines: impl Iterator<Item = String>, more: &[&str]) {
    let port = port.to_string();
    let mut args = vec!["-h", "127.0.0.1", "-p", &port, "-q", "1", "-t", topic, "-l"];
    args.extend(more);
    let mut child = Command::new("mosquitto_pub").args(args).stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    for line in lines {
        writeln!(stdin, "{line}").unwrap();
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

fn reading(stream: &str, n: i64) -> String {
    let begin = Stamp::parse("2026-07-01T08:00:00+08:00").unwrap();
    format!(
        "{{\"phenomenonTime\":\"{}\",\"result\":{n},\"Datastream\":{{\"@iot.id\":\"{stream}\"}}}}",
        (begin + n * 1000).to_rfc3339()
    )
}

#[test]
fn nothing_is_lost_or_doubled_while_the_broker_and_the_room_come_and_go() {
    if !installed("mosquitto") || !installed("mosquitto_pub") {
        return;
    }
    for version in ["3.1.1", "5"] {
        let mut house = House::lasting();
        let port = free_port();
        let mosquitto = broker(house.dir.path(), port, "");
        let feed = format!(
            "[[feed]]\nname = \"mqtt-out\"\nkind = \"mqtt\"\nurl = \"mqtt://127.0.0.1:{port}\"\nversion = \"{version}\"\nclient_id = \"room\"\ntopics = [\"v1.1/Observations\"]\nkeep_alive_s = 5\n"
        );
        house.feeds(&feed);
        house.wait_up("mqtt-out");
        publish(port, "v1.1/Observations", (1..=300).map(|n| reading("A", n)), &[]);
        wait("three hundred", || house.readings() == (300, 0));
        // The broker goes and comes back with its sessions.
        mosquitto.terminate();
        wait("down", || house.info("mqtt-out").up == Some(false));
        let mosquitto = broker(house.dir.path(), port, "");
        house.wait_up("mqtt-out");
        publish(port, "v1.1/Observations", (301..=400).map(|n| reading("A", n)), &[]);
        wait("four hundred", || house.readings().0 == 400);
        // The room goes; the broker keeps what comes meanwhile.
        let mut house = house.reopen();
        publish(port, "v1.1/Observations", (401..=600).map(|n| reading("A", n)), &[]);
        let before = house.readings();
        assert_eq!(before.0, 400, "what was acknowledged is on disk");
        house.feeds(&feed);
        wait("two hundred more", || house.readings().0 == 600);
        std::thread::sleep(Duration::from_millis(500));
        assert_eq!(house.readings().0, 600, "MQTT {version}");
        drop(mosquitto);
    }
}

#[test]
fn shared_subscriptions_mappings_and_retained_messages() {
    if !installed("mosquitto") || !installed("mosquitto_pub") {
        return;
    }
    let mut house = House::new();
    let port = free_port();
    let _mosquitto = broker(house.dir.path(), port, "");
    publish(port, "uo/hz/level/OLD", ["{\"level\":5}".to_owned()].into_iter(), &["-r"]);
    publish(port, "uo/hz/level/KEPT", ["{\"level\":5,\"ts\":1782864000}".to_owned()].into_iter(), &["-r"]);
    let feed = |name: &str, topic: &str| {
        format!(
            "[[feed]]\nname = \"{name}\"\nkind = \"mqtt\"\nurl = \"mqtt://127.0.0.1:{port}\"\ntopics = [\"{topic}\"]\n[[feed.map]]\nid = \"topic:4\"\nprefix = \"{name}-\"\ntime = \"$.ts\"\nvalue = \"$.level\"\n"
        )
    };
    house.feeds(&format!(
        "{}{}{}",
        feed("one", "$share/room/uo/+/share/#"),
        feed("two", "$share/room/uo/+/share/#"),
        feed("kept", "uo/hz/level/+")
    ));
    for name in ["one", "two", "kept"] {
        house.wait_up(name);
    }
    wait("the retained one with its own time", || house.value("kept-KEPT") == Some(5.0));
    wait("the other is refused: it could be of any age", || house.info("kept").figures.refused == 1);
    std::thread::sleep(Duration::from_millis(500));
    publish(port, "uo/hz/share/S", (1..=40).map(|n| format!("{{\"level\":{n},\"ts\":{}}}", 1_782_864_000 + n)), &[]);
    wait("each message once, between the two", || {
        let (a, b) = (house.info("one").figures.messages, house.info("two").figures.messages);
        a + b == 40 && a > 0 && b > 0
    });
}

#[test]
fn sensorthings_observations_come_by_mqtt_between_polls() {
    if !installed("mosquitto") || !installed("mosquitto_pub") {
        return;
    }
    let mut house = House::new();
    let port = free_port();
    let _mosquitto = broker(house.dir.path(), port, "");
    let service = Arc::new(Things::default());
    let begin = wall_now() + -60_000;
    service.observations.lock().unwrap().extend([(7, begin, 100.0), (8, begin, 200.0)]);
    let address = serve(&house, axum::Router::new().fallback(things).with_state(service));
    house.feeds(&format!(
        "[[feed]]\nname = \"sta\"\nkind = \"sensorthings\"\nurl = \"http://{address}/v1.1\"\nevery_s = 3600\nmqtt = \"mqtt://127.0.0.1:{port}\"\n"
    ));
    wait("the descriptions", || house.readings().0 == 2);
    // The payload carries links, not ids: the topic says which stream it is. Its unit is the Datastream's.
    let line = |s: i64, v: f64| {
        format!(
            "{{\"phenomenonTime\":\"{}\",\"resultTime\":null,\"result\":{v},\"Datastream@iot.navigationLink\":\"http://h/v1.1/Observations(1)/Datastream\"}}",
            (begin + s * 1000).to_rfc3339()
        )
    };
    wait("a reading by MQTT", || {
        // Until the subscription stands, the broker drops what nobody listens to.
        publish(port, "v1.1/Datastreams(7)/Observations", [line(10, 110.0)].into_iter(), &[]);
        house.value("7") == Some(1.1)
    });
    assert_eq!(house.readings(), (3, 0), "the copies are left out");
}

#[test]
fn tls_with_an_authority_of_ones_own_and_a_client_certificate() {
    if !installed("mosquitto") || !installed("mosquitto_pub") || !installed("openssl") {
        return;
    }
    let mut house = House::new();
    let dir = house.dir.path().to_owned();
    let script = "set -e
        openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=test-ca
        for who in server client; do
          openssl req -newkey rsa:2048 -nodes -keyout $who.key -out $who.csr -subj /CN=$who
          printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\\nbasicConstraints=CA:FALSE\\n' > $who.ext
          openssl x509 -req -in $who.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile $who.ext -out $who.pem
        done";
    let made = Command::new("sh").args(["-c", script]).current_dir(&dir).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let (plain, tls) = (free_port(), free_port());
    let d = dir.display();
    let more = format!(
        "listener {tls} 127.0.0.1\ncafile {d}/ca.pem\ncertfile {d}/server.pem\nkeyfile {d}/server.key\nrequire_certificate true\n"
    );
    let _mosquitto = broker(&dir, plain, &more);
    let feed = |name: &str, more: &str| {
        format!(
            "[[feed]]\nname = \"{name}\"\nkind = \"mqtt\"\nurl = \"mqtts://localhost:{tls}\"\ntopics = [\"v1.1/Observations\"]\n{more}\n"
        )
    };
    house.feeds(&format!(
        "{}{}{}",
        feed("whole", "ca_file = \"ca.pem\"\nclient_cert = \"client.pem\"\nclient_key = \"client.key\""),
        feed("nameless", "ca_file = \"ca.pem\""),
        feed("stranger", "client_cert = \"client.pem\"\nclient_key = \"client.key\""),
    ));
    house.wait_up("whole");
    publish(plain, "v1.1/Observations", (1..=10).map(|n| reading("T", n)), &[]);
    wait("ten by TLS", || house.value("T") == Some(10.0));
    for name in ["nameless", "stranger"] {
        wait(name, || house.info(name).up == Some(false));
        assert!(!house.info(name).message.is_empty());
    }
}

/// A reading that is no jump.
fn steady(n: i64) -> String {
    reading("F", n).replace(&format!("\"result\":{n}"), "\"result\":5")
}

#[test]
fn a_flood_of_garbage_does_not_keep_readings_out() {
    if !installed("mosquitto") || !installed("mosquitto_pub") {
        return;
    }
    let mut house = House::new();
    let port = free_port();
    let _mosquitto = broker(house.dir.path(), port, "");
    house.feeds(&format!("[[feed]]\nname = \"m\"\nkind = \"mqtt\"\nurl = \"mqtt://127.0.0.1:{port}\"\n"));
    house.wait_up("m");
    std::thread::sleep(Duration::from_millis(300));
    let lines = (1..=3000).map(|n| match n % 3 {
        0 => steady(n),
        1 => "{\"result\":".to_owned(),
        _ => format!("{{\"result\":\"wet\",\"Datastream\":{{\"@iot.id\":\"F{n}\"}}}}"),
    });
    publish(port, "v1.1/Observations", lines, &[]);
    // With QoS 1 and a full window mosquitto_pub may let a later line overtake an earlier one: late readings count.
    let whole = |n: u64| {
        let (taken, late) = house.readings();
        taken + late == n
    };
    wait("a thousand readings", || whole(1000));
    wait("two thousand refused", || house.info("m").figures.refused == 2000);
    assert!(house.intake.quarantined().len() <= 500, "the quarantine is bounded");
    // A clock that is ahead: refused by the room, the stream goes on.
    publish(port, "v1.1/Observations", [steady(900_000_000)].into_iter(), &[]);
    publish(port, "v1.1/Observations", [steady(3_001)].into_iter(), &[]);
    wait("after the skewed clock", || whole(1001));
}
