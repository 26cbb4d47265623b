//! Positions of crews: NMEA receivers, Cursor-on-Target, JT/T 808 terminals.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use guanlan_core::{Input, Stamp, input::UnitFix};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use super::{
    address,
    courier::{Closed, Courier},
    stream::{self, Peer},
};
use crate::{
    codec::{cot, jt808, nmea},
    file::kinds,
    intake::wall_now,
};

/// A fix this much ahead of our clock is a mistake of a clock, ms.
const FUTURE_MS: i64 = 60_000;

/// A fix of a crew, or why not.
fn fix(
    courier: &Courier,
    unit: &str,
    at: Stamp,
    [lon, lat]: [f64; 2],
    speed_mps: f64,
    course_deg: f64,
) -> Result<Input, String> {
    if at > wall_now() + FUTURE_MS {
        return Err(format!("{at} is in the future"));
    }
    let [east_m, north_m] = courier.placer().in_city(lon, lat)?;
    Ok(Input::Fix(UnitFix {
        unit: unit.into(),
        at,
        east_m,
        north_m,
        speed_mps: speed_mps as f32,
        course_deg: course_deg as f32,
        battery: None,
    }))
}

async fn send(courier: &Courier, messages: u64, inputs: Vec<Input>, source: &str) -> Result<(), Closed> {
    let inputs = courier.mark(messages, inputs, source, &|_| Vec::new());
    if inputs.is_empty() { Ok(()) } else { courier.hand(inputs, Box::new(|_| {})).await }
}

/// Follows an NMEA feed until the room closes.
pub async fn follow_nmea(spec: kinds::Nmea, courier: Arc<Courier>) {
    // The file has been checked.
    let Ok(address) = address::stream(&spec.url) else { return };
    let url = spec.url.clone();
    let peer = move |from: &str| NmeaPeer {
        unit: spec.unit.replace("{peer}", from),
        source: url.clone(),
        receiver: nmea::Receiver::default(),
        line: Vec::new(),
    };
    stream::follow(address, courier, peer).await;
}

struct NmeaPeer {
    unit: String,
    source: String,
    receiver: nmea::Receiver,
    line: Vec<u8>,
}

impl Peer for NmeaPeer {
    async fn take(&mut self, courier: &Courier, bytes: &[u8]) -> Result<(), Closed> {
        // A sentence has at most 82 characters; what never ends is none.
        const LONGEST: usize = 1_024;
        let (mut inputs, mut lines) = (Vec::new(), 0);
        for &b in bytes {
            if b != b'\n' && b != b'\r' {
                if self.line.len() < LONGEST {
                    self.line.push(b);
                }
                continue;
            }
            let line = std::mem::take(&mut self.line);
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            lines += 1;
            let text = String::from_utf8_lossy(&line);
            let read = self.receiver.line(text.trim(), wall_now()).and_then(|rmc| {
                rmc.map(|f| fix(courier, &self.unit, f.at, [f.lon, f.lat], f.speed_mps, f.course_deg)).transpose()
            });
            match read {
                Ok(input) => inputs.extend(input),
                Err(reason) => courier.refuse(&self.source, &reason, &line),
            }
        }
        send(courier, lines, inputs, &self.source).await
    }
}

/// Follows a Cursor-on-Target feed until the room closes.
pub async fn follow_cot(spec: kinds::Cot, courier: Arc<Courier>) {
    let Ok(address) = address::stream(&spec.url) else { return };
    let datagrams = matches!(address, address::Stream::Udp(_));
    let url = spec.url.clone();
    let peer = move |_: &str| CotPeer { source: url.clone(), events: cot::Events::default(), datagrams };
    stream::follow(address, courier, peer).await;
}

struct CotPeer {
    source: String,
    events: cot::Events,
    /// Each datagram is an event of its own: a spoiled one does not reach into the next.
    datagrams: bool,
}

impl Peer for CotPeer {
    async fn take(&mut self, courier: &Courier, bytes: &[u8]) -> Result<(), Closed> {
        let (mut inputs, mut count) = (Vec::new(), 0);
        let mut one = |event: Result<Vec<u8>, String>| {
            count += 1;
            let read = event.and_then(|bytes| match cot::read(&bytes) {
                Ok(e) if e.is_atom() => {
                    let (speed, course) = (e.speed_mps.unwrap_or(0.0), e.course_deg.unwrap_or(0.0));
                    let name = e.callsign.as_deref().unwrap_or(&e.uid);
                    fix(courier, name, e.time, [e.lon, e.lat], speed, course).map(Some)
                }
                Ok(_) => Ok(None),
                Err(reason) => {
                    courier.refuse(&self.source, &reason, &bytes);
                    Ok(None)
                }
            });
            match read {
                Ok(input) => inputs.extend(input),
                Err(reason) => courier.refuse(&self.source, &reason, b""),
            }
        };
        if self.datagrams {
            one(Ok(bytes.to_vec()));
        } else {
            self.events.feed(bytes);
            while let Some(event) = self.events.next() {
                one(event);
            }
        }
        send(courier, count, inputs, &self.source).await
    }
}

/// Follows terminals until the room closes.
pub async fn follow_jt808(spec: kinds::Jt808, courier: Arc<Courier>) {
    let spec = Arc::new(spec);
    loop {
        let listener = match TcpListener::bind(&spec.listen).await {
            Ok(listener) => listener,
            Err(error) => {
                courier.fail(&format!("{}: {error}", spec.listen)).await;
                continue;
            }
        };
        courier.up();
        let mut terminals = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((socket, _)) => {
                        let (spec, courier) = (spec.clone(), courier.clone());
                        terminals.spawn(async move { terminal(socket, &spec, &courier).await });
                    }
                    Err(error) => {
                        courier.fail(&format!("{}: {error}", spec.listen)).await;
                        break;
                    }
                },
                Some(ended) = terminals.join_next() => {
                    if matches!(ended, Ok(Err(Closed))) {
                        return;
                    }
                }
            }
        }
    }
}

/// One terminal until it leaves. A position is acknowledged when it is on disk.
async fn terminal(mut socket: TcpStream, spec: &kinds::Jt808, courier: &Courier) -> Result<(), Closed> {
    static SERIAL: AtomicU64 = AtomicU64::new(0);
    let serial = || SERIAL.fetch_add(1, Ordering::Relaxed) as u16;
    let mut frames = jt808::Frames::default();
    let mut buffer = vec![0; 8 * 1024];
    let mut spoiled = 0;
    loop {
        let n = match tokio::time::timeout(Duration::from_secs(900), socket.read(&mut buffer)).await {
            Ok(Ok(n)) if n > 0 => n,
            _ => return Ok(()),
        };
        frames.feed(&buffer[..n]);
        while let Some(frame) = frames.next() {
            let message = match frame.and_then(|f| jt808::read(&f).map_err(|e| format!("{e}; frame {}", hex(&f)))) {
                Ok(message) => message,
                Err(reason) => {
                    courier.refuse(&spec.listen, &reason, b"");
                    spoiled += 1;
                    // Whoever sends only garbage is no terminal.
                    if spoiled > 100 {
                        return Ok(());
                    }
                    continue;
                }
            };
            spoiled = 0;
            let answer = answer(&message, spec, courier, serial()).await?;
            if let Some(answer) = answer {
                if socket.write_all(&answer).await.is_err() {
                    return Ok(());
                }
            }
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().take(64).map(|b| format!("{b:02x}")).collect()
}

/// What follows from a message, and what the terminal is told.
async fn answer(
    message: &jt808::Message,
    spec: &kinds::Jt808,
    courier: &Courier,
    serial: u16,
) -> Result<Option<Vec<u8>>, Closed> {
    const OK: u8 = 0;
    const FAILED: u8 = 1;
    const WRONG: u8 = 2;
    const UNSUPPORTED: u8 = 3;
    let unit = unit_of(&spec.units, &message.phone);
    let stranger = spec.only_listed && unit.is_none();
    let acknowledge = |result| Some(jt808::acknowledge(message, serial, result));
    Ok(match message.id {
        // The terminal's own acknowledgement of ours.
        0x0001 => None,
        0x0100 if stranger => Some(jt808::registered(message, serial, 4, "")),
        0x0100 => Some(jt808::registered(message, serial, 0, &message.phone)),
        _ if stranger => acknowledge(FAILED),
        // Authentication: the code given at registration; terminals registered elsewhere bring another one.
        0x0102 | 0x0002 | 0x0003 => {
            send(courier, 1, Vec::new(), &spec.listen).await?;
            acknowledge(OK)
        }
        0x0200 | 0x0704 if message.encrypted => acknowledge(UNSUPPORTED),
        0x0200 | 0x0704 => {
            let name = unit.unwrap_or(&message.phone);
            let read = jt808::positions(message).and_then(|list| {
                let fixed = list.iter().filter(|p| p.is_fixed());
                fixed.map(|p| fix(courier, name, p.at, [p.lon, p.lat], p.speed_mps, p.course_deg)).collect()
            });
            match read {
                Ok(inputs) => {
                    courier.deliver(1, inputs, &spec.listen, None).await?;
                    acknowledge(OK)
                }
                Err(reason) => {
                    courier.refuse(
                        &format!("{} {}", spec.listen, message.phone),
                        &reason,
                        hex(&message.body).as_bytes(),
                    );
                    acknowledge(WRONG)
                }
            }
        }
        _ => acknowledge(UNSUPPORTED),
    })
}

/// The crew of a terminal; numbers are written with or without leading zeros.
fn unit_of<'a>(units: &'a BTreeMap<String, String>, phone: &str) -> Option<&'a String> {
    let plain = phone.trim_start_matches('0');
    units.get(phone).or_else(|| units.iter().find(|(p, _)| p.trim_start_matches('0') == plain).map(|(_, unit)| unit))
}
