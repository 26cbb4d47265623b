//! A publisher over plain TCP: it says what it is given and counts what is acknowledged.

use std::{
    io::{BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use super::walk::Walk;
use crate::{
    exit::{Failure, failed},
    verbs::bench_limits,
};

/// Time before measuring, s.
const WARMUP_S: f64 = 3.0;

/// Opens an MQTT session.
pub(super) fn connect(address: SocketAddr, name: &str) -> std::io::Result<TcpStream> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let mut packet = vec![0x10, (12 + name.len()) as u8, 0, 4];
    packet.extend_from_slice(b"MQTT\x04\x02\x00\x3c");
    packet.extend_from_slice(&(name.len() as u16).to_be_bytes());
    packet.extend_from_slice(name.as_bytes());
    stream.write_all(&packet)?;
    let mut answer = [0; 4];
    stream.read_exact(&mut answer)?;
    if answer[3] == 0 { Ok(stream) } else { Err(std::io::Error::other("the broker refused the connection")) }
}

/// Reads PUBACKs and counts them until the connection ends.
fn count_acks(stream: TcpStream, acked: &AtomicU64) {
    let mut reader = BufReader::with_capacity(64 * 1024, stream);
    let mut packet = [0; 4];
    while reader.read_exact(&mut packet).is_ok() {
        if packet[0] == 0x40 {
            acked.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// What a run of a publisher gave.
pub(super) struct Run {
    pub(super) readings_per_s: f64,
    /// Of the whole process, µs a reading.
    pub(super) cpu_us: f64,
}

/// Publishes as fast as acknowledgements allow (or at a pace), and measures after the warm-up.
pub(super) fn publish(
    address: SocketAddr,
    walk: &mut Walk,
    batch: usize,
    in_flight: u64,
    per_s: Option<usize>,
    seconds: f64,
) -> Result<Run, Failure> {
    let mut stream = connect(address, "bench").map_err(failed)?;
    let acked = Arc::new(AtomicU64::new(0));
    let (reader, counter) = (stream.try_clone().map_err(failed)?, Arc::clone(&acked));
    let counting = std::thread::spawn(move || count_acks(reader, &counter));
    let begun = Instant::now();
    let (mut sent, mut measured) = (0u64, None);
    let mut out = Vec::with_capacity(256 * 1024);
    loop {
        let elapsed = begun.elapsed().as_secs_f64();
        if measured.is_none() && elapsed >= WARMUP_S {
            measured = Some((Instant::now(), acked.load(Ordering::Relaxed), bench_limits::cpu_s()));
        }
        if elapsed >= WARMUP_S + seconds {
            break;
        }
        let allowed = per_s.map_or(u64::MAX, |r| (elapsed * r as f64 / batch as f64) as u64);
        let open = in_flight.saturating_sub(sent - acked.load(Ordering::Relaxed)).min(allowed.saturating_sub(sent));
        if open == 0 {
            std::thread::sleep(Duration::from_millis(1));
            continue;
        }
        // Devices say when they measured; one instant for what is sent together.
        let at = guanlan_feeds::wall_now().to_rfc3339();
        out.clear();
        let some = open.min(if batch == 1 { 256 } else { 8 });
        for _ in 0..some {
            walk.publish(&at, batch, &mut out);
        }
        stream.write_all(&out).map_err(failed)?;
        sent += some;
    }
    let Some((from, acked_before, cpu_before)) = measured else { return Err(failed("too short to measure")) };
    let (wall, done) = (from.elapsed().as_secs_f64(), acked.load(Ordering::Relaxed) - acked_before);
    let readings = done as f64 * batch as f64;
    let run =
        Run { readings_per_s: readings / wall, cpu_us: (bench_limits::cpu_s() - cpu_before) * 1e6 / readings.max(1.0) };
    let _ = stream.write_all(&[0xe0, 0]);
    let _ = stream.shutdown(std::net::Shutdown::Both);
    let _ = counting.join();
    Ok(run)
}
