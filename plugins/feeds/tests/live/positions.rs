//! Positions over sockets.

use std::{
    io::{Read, Write},
    net::{TcpStream, UdpSocket},
    time::Duration,
};

use guanlan_feeds::{
    codec::{jt808, nmea},
    wall_now,
};

use crate::support::{House, free_port, wait};

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
}

#[test]
fn terminals_are_answered_after_commit_and_garbage_is_refused() {
    let mut house = House::new();
    let port = free_port();
    house.feeds(&format!(
        "[[feed]]\nname = \"cars\"\nkind = \"jt808\"\nlisten = \"127.0.0.1:{port}\"\nunits = {{ \"13800138000\" = \"CLEAN-01\" }}\n"
    ));
    house.wait_up("cars");
    let mut car = TcpStream::connect(("127.0.0.1", port)).unwrap();
    car.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut answer = |frame: &[u8]| -> jt808::Message {
        car.write_all(frame).unwrap();
        let mut frames = jt808::Frames::default();
        let mut buffer = [0; 256];
        loop {
            let n = car.read(&mut buffer).unwrap();
            assert!(n > 0, "the platform closed");
            frames.feed(&buffer[..n]);
            if let Some(frame) = frames.next() {
                return jt808::read(&frame.unwrap()).unwrap();
            }
        }
    };
    // The published position, then the same with a wrong checksum in front of a heartbeat.
    let position =
        hex("7e02000022013800138000007d0200000000000000030260f55c06f015bc002d016d005a2611210830000104000030395a7e");
    let said = answer(&position);
    assert_eq!((said.id, said.body.as_slice()), (0x8001, &[0, 126, 2, 0, 0][..]));
    assert_eq!(house.info("cars").figures.streams, 1, "answered when it is on disk");
    assert_eq!(house.info("cars").figures.messages, 1);
    let mut two = hex("7e000200000200000000150003327e");
    // Heartbeat of 040021679287, serial 43, whose checksum has to be escaped.
    two.extend(hex("7e00020000040021679287002b7d027e"));
    let said = answer(&two);
    assert_eq!((said.id, said.body.as_slice()), (0x8001, &[0, 43, 0, 2, 0][..]));
    wait("the bad checksum is counted", || house.info("cars").figures.refused >= 1);
}

#[test]
fn receivers_and_cursor_on_target_by_udp_and_tcp() {
    let mut house = House::new();
    let (udp, tcp) = (free_port(), free_port());
    house.feeds(&format!(
        "[[feed]]\nname = \"gps\"\nkind = \"nmea\"\nurl = \"listen://127.0.0.1:{tcp}\"\nunit = \"PATROL-07\"\n\
         [[feed]]\nname = \"cot\"\nkind = \"cot\"\nurl = \"udp://127.0.0.1:{udp}\"\n"
    ));
    house.wait_up("gps");
    house.wait_up("cot");
    let mut receiver = TcpStream::connect(("127.0.0.1", tcp)).unwrap();
    for i in 0..20 {
        let at = wall_now() + -20_000 + i * 1000;
        let t = jiff::Timestamp::from_millisecond(at.0).unwrap();
        let body = format!(
            "GPRMC,{},A,3954.52200,N,11623.85000,E,19.708,090.0,{},,,A",
            t.strftime("%H%M%S"),
            t.strftime("%d%m%y")
        );
        writeln!(receiver, "${body}*{:02X}\r", nmea::checksum(&body)).unwrap();
    }
    receiver.write_all(b"$GPRMC,170047.00,A,4121.23302,N,00201.31654,W,2.703, ,200417, , ,A*64\r\n").unwrap();
    let zulu = |s: i64| {
        let t = jiff::Timestamp::from_millisecond((wall_now() + s * 1000).0).unwrap();
        t.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    };
    let event = |at: String| {
        format!(
            "<event version=\"2.0\" uid=\"U-1\" type=\"a-f-G-E-V-C\" how=\"m-g\" time=\"{at}\" start=\"{at}\" stale=\"{}\"><point lat=\"39.9087\" lon=\"116.3975\" hae=\"45\" ce=\"8\" le=\"9999999\"/></event>",
            zulu(60)
        )
    };
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    for text in [event(zulu(0)), "<event".to_owned(), event(zulu(7200))] {
        sender.send_to(text.as_bytes(), ("127.0.0.1", udp)).unwrap();
    }
    wait("twenty fixes and a refused line", || {
        let f = house.info("gps").figures;
        f.messages == 21 && f.refused == 1 && f.streams == 1
    });
    wait("the crew's source", || house.room.picture().origins.of_unit(&"PATROL-07".into()).is_some());
    let picture = house.room.picture();
    let origin = picture.origins.of_unit(&"PATROL-07".into()).unwrap();
    assert_eq!((origin.feed, origin.connector, origin.source), ("gps", "nmea", &*format!("listen://127.0.0.1:{tcp}")));
    wait("one event, garbage and a clock of the future", || {
        let f = house.info("cot").figures;
        f.messages == 3 && f.refused == 2 && f.streams == 1
    });
}
