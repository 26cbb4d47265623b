//! The embedded broker with foreign clients.

use std::{
    net::SocketAddr,
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use guanlan_feeds::broker::{self, Hub, Users};
use rumqttc::{AsyncClient, Event, MqttOptions, Packet, QoS, Request};

use crate::support::{House, Program, installed, wait};

fn open(house: &House, users: Users) -> (SocketAddr, Arc<Hub>) {
    let hub = Arc::new(Hub::default());
    let address =
        house.runtime.block_on(broker::serve("127.0.0.1:0", house.intake.clone(), hub.clone(), users)).unwrap();
    (address, hub)
}

/// Runs `mosquitto_sub` until `count` messages have come; the lines.
fn subscribe(port: u16, args: &[&str], count: usize) -> std::thread::JoinHandle<Vec<String>> {
    let (port, count) = (port.to_string(), count.to_string());
    let args: Vec<String> = args.iter().map(|a| (*a).to_owned()).collect();
    let handle = std::thread::spawn(move || {
        let out = Command::new("mosquitto_sub")
            .args(["-h", "127.0.0.1", "-p", &port, "-C", &count, "-W", "20", "-v"])
            .args(&args)
            .output()
            .unwrap();
        String::from_utf8_lossy(&out.stdout).lines().map(str::to_owned).collect()
    });
    std::thread::sleep(Duration::from_millis(700));
    handle
}

fn publish(port: u16, args: &[&str]) -> bool {
    let port = port.to_string();
    Command::new("mosquitto_pub")
        .args(["-h", "127.0.0.1", "-p", &port])
        .args(args)
        .stderr(Stdio::null())
        .status()
        .unwrap()
        .success()
}

#[test]
fn wildcards_retained_messages_wills_and_sessions_that_wait() {
    if !installed("mosquitto_sub") || !installed("mosquitto_pub") {
        return;
    }
    let house = House::new();
    let (address, _hub) = open(&house, Users::new());
    let port = address.port();
    for version in ["mqttv311", "mqttv5"] {
        let v = ["-V", version];
        let with = |args: &[&'static str]| -> Vec<&str> { v.iter().copied().chain(args.iter().copied()).collect() };
        // Wildcards and the QoS that was granted.
        let listener = subscribe(port, &with(&["-t", "a/+/c", "-t", "x/#", "-q", "1"]), 3);
        for topic in ["a/b/c", "a/b/d", "x/y/z", "x"] {
            assert!(publish(port, &with(&["-q", "1", "-t", topic, "-m", "1"])));
        }
        let mut got = listener.join().unwrap();
        got.sort();
        assert_eq!(got, ["a/b/c 1", "x 1", "x/y/z 1"], "{version}");
        // Retained, and removed by an empty one.
        assert!(publish(port, &with(&["-r", "-t", "kept/1", "-m", "old"])));
        assert!(publish(port, &with(&["-r", "-t", "kept/1", "-m", "new"])));
        assert!(publish(port, &with(&["-r", "-t", "kept/2", "-m", "gone"])));
        assert!(publish(port, &with(&["-r", "-n", "-t", "kept/2"])));
        let kept = subscribe(port, &with(&["-t", "kept/#"]), 1).join().unwrap();
        assert_eq!(kept, ["kept/1 new"]);
        // A session that waits: subscribed, gone, three messages, back.
        let session: Vec<&str> = match version {
            "mqttv5" => with(&["-i", "waiter5", "-c", "-x", "600", "-q", "1", "-t", "jobs/#"]),
            _ => with(&["-i", "waiter3", "-c", "-q", "1", "-t", "jobs/#"]),
        };
        let first = subscribe(port, &session, 1);
        assert!(publish(port, &with(&["-q", "1", "-t", "jobs/0", "-m", "0"])));
        assert_eq!(first.join().unwrap(), ["jobs/0 0"]);
        for n in ["1", "2", "3"] {
            assert!(publish(port, &[&v[..], &["-q", "1", "-t", "jobs/n", "-m", n]].concat()));
        }
        assert!(publish(port, &with(&["-q", "0", "-t", "jobs/n", "-m", "missed"])), "QoS 0 does not wait");
        assert_eq!(subscribe(port, &session, 3).join().unwrap(), ["jobs/n 1", "jobs/n 2", "jobs/n 3"], "{version}");
        // A client killed without goodbye leaves its will.
        let mourner = subscribe(port, &with(&["-t", "will/#"]), 1);
        let (will_port, topic) = (port.to_string(), format!("will/{version}"));
        let victim = Program::start(
            "mosquitto_sub",
            &[
                "-h",
                "127.0.0.1",
                "-p",
                &will_port,
                "-V",
                version,
                "-t",
                "nothing",
                "--will-topic",
                &topic,
                "--will-payload",
                "offline",
                "--will-qos",
                "1",
            ],
        );
        std::thread::sleep(Duration::from_millis(500));
        drop(victim);
        assert_eq!(mourner.join().unwrap(), [format!("will/{version} offline")]);
    }
}

#[test]
fn shared_subscriptions_and_passwords() {
    if !installed("mosquitto_sub") || !installed("mosquitto_pub") {
        return;
    }
    let house = House::new();
    let users: Users = [("li".to_owned(), "secret".to_owned())].into();
    let (address, _hub) = open(&house, users);
    let port = address.port();
    let login = ["-u", "li", "-P", "secret"];
    assert!(!publish(port, &["-t", "a", "-m", "1"]));
    assert!(!publish(port, &["-u", "li", "-P", "wrong", "-t", "a", "-m", "1"]));
    let one = subscribe(port, &[&login[..], &["-q", "1", "-t", "$share/g/s/#"]].concat(), 5);
    let two = subscribe(port, &[&login[..], &["-q", "1", "-t", "$share/g/s/#"]].concat(), 5);
    for n in 0..10 {
        assert!(publish(port, &[&login[..], &["-q", "1", "-t", "s/x", "-m", &n.to_string()]].concat()));
    }
    let mut all = [one.join().unwrap(), two.join().unwrap()].concat();
    all.sort();
    assert_eq!(all, (0..10).map(|n| format!("s/x {n}")).collect::<Vec<_>>(), "each message once, in turn");
}

#[test]
fn exactly_once_both_ways_and_what_version_5_carries() {
    if !installed("mosquitto_sub") || !installed("mosquitto_pub") {
        return;
    }
    let house = House::new();
    let (address, _hub) = open(&house, Users::new());
    let port = address.port();
    for version in ["mqttv311", "mqttv5"] {
        let v = ["-V", version];
        // Granted as asked, delivered as the lesser of the two.
        let listener = subscribe(port, &[&v[..], &["-q", "2", "-t", "e/#", "-F", "%q %p"]].concat(), 20);
        for n in 0..20 {
            let (qos, text) = (if n % 2 == 0 { "2" } else { "1" }, n.to_string());
            assert!(publish(port, &[&v[..], &["-q", qos, "-t", "e/x", "-m", &text]].concat()));
        }
        let mut got = listener.join().unwrap();
        got.sort_by_key(|l| l.split(' ').nth(1).and_then(|n| n.parse::<u32>().ok()));
        let want: Vec<String> = (0..20).map(|n| format!("{} {n}", if n % 2 == 0 { 2 } else { 1 })).collect();
        assert_eq!(got, want, "{version}");
        // A session that waits, exactly once each.
        let seat = match version {
            "mqttv5" => vec!["-V", version, "-i", "once5", "-c", "-x", "600", "-q", "2", "-t", "o/#"],
            _ => vec!["-V", version, "-i", "once3", "-c", "-q", "2", "-t", "o/#"],
        };
        let first = subscribe(port, &seat, 1);
        assert!(publish(port, &[&v[..], &["-q", "2", "-t", "o/x", "-m", "0"]].concat()));
        assert_eq!(first.join().unwrap(), ["o/x 0"]);
        for n in ["1", "2", "3"] {
            assert!(publish(port, &[&v[..], &["-q", "2", "-t", "o/x", "-m", n]].concat()));
        }
        assert_eq!(subscribe(port, &seat, 3).join().unwrap(), ["o/x 1", "o/x 2", "o/x 3"], "{version}");
    }
    // Over before anybody listens; a will with all it carries.
    let seat = ["-V", "mqttv5", "-i", "late", "-c", "-x", "600", "-q", "1", "-t", "x/#", "-F", "%t %p %C %P %E"];
    subscribe(port, &[&seat[..], &["-E"]].concat(), 1).join().unwrap();
    let expiring =
        ["-V", "mqttv5", "-q", "1", "-t", "x/old", "-m", "old", "-D", "publish", "message-expiry-interval", "1"];
    assert!(publish(port, &expiring));
    std::thread::sleep(Duration::from_millis(1_300));
    let text = port.to_string();
    let will = [
        "--will-topic",
        "x/will",
        "--will-payload",
        "gone",
        "--will-qos",
        "2",
        "-D",
        "will",
        "content-type",
        "text/plain",
    ];
    let more = ["-D", "will", "user-property", "from", "sensor", "-D", "will", "message-expiry-interval", "600"];
    let base = ["-h", "127.0.0.1", "-p", &text, "-V", "mqttv5", "-t", "nothing"];
    let victim = Program::start("mosquitto_sub", &[&base[..], &will, &more].concat());
    std::thread::sleep(Duration::from_millis(500));
    drop(victim);
    std::thread::sleep(Duration::from_millis(300));
    let got = subscribe(port, &seat, 1).join().unwrap();
    assert_eq!(got.len(), 1, "{got:?}");
    assert!(got[0].starts_with("x/will gone text/plain from:sensor 59") || got[0].ends_with(" 600"), "{got:?}");
}

/// A device that is cut off before its acknowledgement sends again; the reading counts once.
#[test]
fn a_device_that_sends_again_is_not_counted_twice() {
    let house = House::new();
    let (address, _hub) = open(&house, Users::new());
    house.runtime.block_on(async {
        let mut sent = 0;
        // Readings that do not say their time: the room cannot tell a second copy by itself.
        for round in 0..5 {
            let mut options = MqttOptions::new("device", "127.0.0.1", address.port());
            options.set_clean_session(false).set_inflight(50);
            let (client, mut events) = AsyncClient::new(options, 100);
            for n in 0..20 {
                let payload = format!("{{\"result\":{n},\"Datastream\":{{\"@iot.id\":\"d{round}-{n}\"}}}}");
                client.try_publish("v1.1/Observations", QoS::AtLeastOnce, false, payload).unwrap();
                sent += 1;
            }
            let mut acks = 0;
            let mut cut = false;
            while acks < 20 {
                match events.poll().await {
                    Ok(Event::Incoming(Packet::PubAck(_))) => acks += 1,
                    Ok(Event::Outgoing(_)) | Ok(Event::Incoming(_)) => {}
                    Err(error) => panic!("{error}"),
                }
                if acks == 5 && !cut {
                    cut = true;
                    events.network = None;
                    events.clean();
                    // As the protocol asks; this client forgets it.
                    for request in &mut events.pending {
                        if let Request::Publish(publish) = request {
                            publish.dup = true;
                        }
                    }
                }
            }
        }
        assert_eq!(sent, 100);
    });
    wait("a hundred readings", || house.readings().0 == 100);
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(house.readings(), (100, 0));
}
