//! What a foreign client of MQTT 5 may rely on at the embedded broker: numbers of subscriptions, topic aliases out, wills
//! that outlive a killed broker, and a refusal that says why.

use std::{
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use crate::{
    mqtt::tool,
    support::{Plan, Room, run, runtime, scratch, verified, wait},
};

/// A client that is ended with its test.
struct Client(Child);

impl Client {
    fn start(program: &Path, port: u16, args: &[&str]) -> Self {
        let port = port.to_string();
        let mut command = Command::new(program);
        command.args(["-h", "127.0.0.1", "-p", &port, "-V", "mqttv5"]).args(args);
        Self(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap())
    }

    /// What it has said when it ends by itself.
    fn said(mut self) -> String {
        let mut text = String::new();
        self.0.stdout.take().unwrap().read_to_string(&mut text).unwrap();
        text
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn clients(room: &Room) -> f64 {
    room.http.figure("guanlan_mqtt_clients")
}

/// A client that remembers one topic by number: what came, by topic, payload, numbers of subscriptions and of the topic.
async fn heard(port: u16, most: usize, ready: tokio::sync::oneshot::Sender<()>) -> Vec<String> {
    use rumqttc::v5::mqttbytes::{QoS, v5};
    use rumqttc::v5::{AsyncClient, Event, MqttOptions};
    let mut options = MqttOptions::new("numbered", "127.0.0.1", port);
    options.set_topic_alias_max(Some(1));
    let (client, mut events) = AsyncClient::new(options, 8);
    let numbered = |id| v5::SubscribeProperties { id: Some(id), user_properties: Vec::new() };
    client.subscribe_with_properties("city/#", QoS::AtLeastOnce, numbered(268)).await.unwrap();
    client.subscribe_with_properties("city/+", QoS::AtLeastOnce, numbered(7)).await.unwrap();
    let (mut list, mut granted, mut ready) = (Vec::new(), 0, Some(ready));
    while list.len() < most {
        match events.poll().await.unwrap() {
            Event::Incoming(v5::Packet::SubAck(_)) => {
                granted += 1;
                if granted == 2 {
                    ready.take().unwrap().send(()).unwrap();
                }
            }
            Event::Incoming(v5::Packet::Publish(p)) => {
                let own = p.properties.unwrap_or_default();
                let mut ids = own.subscription_identifiers;
                ids.sort_unstable();
                let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
                list.push(format!("{} {} {ids:?} {:?}", text(&p.topic), text(&p.payload), own.topic_alias));
            }
            _ => {}
        }
    }
    list
}

#[test]
fn subscriptions_have_numbers_and_topics_too() {
    let Some(publish) = tool("mosquitto_pub") else { return };
    let folder = scratch();
    let plan = Plan::demo(folder.path());
    let room = Room::open(&plan);
    let port = room.mqtt_port();
    let send = |topic: &str, payload: &str| {
        let port = port.to_string();
        let args = ["-h", "127.0.0.1", "-p", &port, "-V", "mqttv5", "-q", "1", "-t", topic, "-m", payload];
        run(Command::new(&publish).args(args)).expect(0);
    };
    let (ready, is_ready) = tokio::sync::oneshot::channel();
    let listener =
        runtime().spawn(async move { tokio::time::timeout(Duration::from_secs(20), heard(port, 4, ready)).await });
    runtime().block_on(is_ready).unwrap();
    for (topic, payload) in [("city/a", "1"), ("city/b/c", "2"), ("city/a", "3"), ("city/a", "4")] {
        send(topic, payload);
    }
    let list = runtime().block_on(listener).unwrap().unwrap();
    // Each message once, with the numbers of all subscriptions it fits. The first topic is said once and then only meant;
    // for the second there is no number left.
    assert_eq!(
        list,
        ["city/a 1 [7, 268] Some(1)", "city/b/c 2 [268] None", " 3 [7, 268] Some(1)", " 4 [7, 268] Some(1)"]
    );
    room.stop();
}

/// A device's "offline" is said although nobody was there to say it when the device and the broker went.
#[test]
fn a_will_outlives_a_killed_broker() {
    let Some(listen) = tool("mosquitto_sub") else { return };
    let folder = scratch();
    let plan = Plan::demo(folder.path());
    let mut room = Room::open(&plan);
    let will = |name: &str| format!("presence/{name}");
    let device = |port: u16, name: &str, more: &[&str]| {
        let topic = will(name);
        let own = ["-i", name, "-t", "x", "--will-topic", &topic, "--will-payload", "offline", "--will-retain"];
        Client::start(&listen, port, &[&own[..], more].concat())
    };
    let port = room.mqtt_port();
    let kept = ["-c", "-x", "600", "-D", "will", "will-delay-interval", "3"];
    let devices = [device(port, "clean", &[]), device(port, "kept", &kept), device(port, "back", &kept)];
    wait("three devices", Duration::from_secs(10), || (clients(&room) >= 3.0).then_some(()));
    std::thread::sleep(Duration::from_millis(300));
    room.kill();
    drop(devices);
    let room = Room::open(&plan);
    // One is back on its session before its delay is over, and leaves with goodbye later.
    let back = device(room.mqtt_port(), "back", &[&kept[..], &["-W", "6"]].concat());
    let read = || {
        let port = room.mqtt_port().to_string();
        let args = ["-h", "127.0.0.1", "-p", &port, "-t", "presence/#", "-W", "1", "-F", "%t %p %r"];
        let out = run(Command::new(&listen).args(args)).out;
        let mut lines: Vec<String> = out.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(read(), ["presence/clean offline 1"], "without a delay at once, before anybody is let in");
    wait("the delayed will", Duration::from_secs(10), || (read().len() == 2).then_some(()));
    let _ = back.said();
    assert_eq!(read(), ["presence/clean offline 1", "presence/kept offline 1"], "who is back is not said to be gone");
    room.stop();
    verified(&plan.store);
}

/// A method of letting in that is not known here is refused by its own reason, not taken as no login.
#[test]
fn an_unknown_method_of_letting_in_is_refused() {
    let folder = scratch();
    let room = Room::open(&Plan::demo(folder.path()));
    let mut stream = TcpStream::connect(("127.0.0.1", room.mqtt_port())).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    // CONNECT: MQTT 5, clean, keep alive 60 s, authentication method "K" (property 0x15), client id "a".
    let packet = [0x10, 18, 0, 4, b'M', b'Q', b'T', b'T', 5, 2, 0, 60, 4, 0x15, 0, 1, b'K', 0, 1, b'a'];
    stream.write_all(&packet).unwrap();
    let mut answer = [0; 4];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!((answer[0], answer[3]), (0x20, 0x8C), "CONNACK: bad authentication method: {answer:?}");
    room.stop();
}
