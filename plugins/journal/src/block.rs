//! The inputs of one tick as bytes: observations in columns, the rest as JSON, order kept.
//!
//! Version 2 (first byte `2`): ids once, then columns of index, times and values ([`crate::codec`]). A body that
//! begins with a zstd frame is of version 1 and is still read.

use std::collections::HashMap;

use guanlan_core::{Input, SensorId, Stamp, input::Observation};
use serde::Deserialize;

use crate::codec::{Reader, Values, pack, put, put_bytes, put_signed, put_values, unpack};

const VERSION: u8 = 2;
/// Values that share their number of decimals.
const RUN: usize = 128;

pub(crate) fn encode(inputs: &[Input]) -> Result<Vec<u8>, String> {
    // Looked up only, never iterated: the order of ids is that of their first reading.
    let mut index: HashMap<&str, u32> = HashMap::with_capacity(inputs.len());
    let (mut ids, mut rows, mut others) = (Vec::new(), Vec::new(), Vec::new());
    let (mut phenomenon, mut received, mut values) = (Vec::new(), Vec::new(), Vec::with_capacity(inputs.len()));
    let (mut last_p, mut last_r, mut last_id, mut n_others) = (0i64, 0i64, 0i64, 0u64);
    for (position, input) in inputs.iter().enumerate() {
        match input {
            Input::Observation(o) => {
                let next = index.len() as u32;
                let id = *index.entry(o.sensor.as_str()).or_insert(next);
                if id == next {
                    put_bytes(&mut ids, o.sensor.as_str().as_bytes());
                }
                put_signed(&mut rows, i64::from(id) - last_id - 1);
                last_id = i64::from(id);
                put_signed(&mut phenomenon, o.phenomenon.0.wrapping_sub(last_p));
                // Arrival follows measurement: the delay repeats, the instant does not.
                let delay = o.received.0.wrapping_sub(o.phenomenon.0);
                put_signed(&mut received, delay.wrapping_sub(last_r));
                (last_p, last_r) = (o.phenomenon.0, delay);
                values.push(o.result);
            }
            other => {
                n_others += 1;
                put(&mut others, position as u64);
                put_bytes(&mut others, &serde_json::to_vec(other).map_err(|e| e.to_string())?);
            }
        }
    }
    let mut plain = Vec::with_capacity(ids.len() + rows.len() * 6 + others.len() + 64);
    put(&mut plain, index.len() as u64);
    put(&mut plain, values.len() as u64);
    put(&mut plain, n_others);
    let mut results = Vec::with_capacity(values.len() * 2);
    values.chunks(RUN).for_each(|run| put_values(&mut results, run));
    for column in [&ids, &rows, &phenomenon, &received, &results, &others] {
        put_bytes(&mut plain, column);
    }
    let mut body = vec![VERSION];
    body.append(&mut pack(&plain, 1)?);
    Ok(body)
}

pub(crate) fn decode(bytes: &[u8]) -> Result<Vec<Input>, String> {
    match bytes.first() {
        Some(&VERSION) => decode_columns(&unpack(&bytes[1..])?),
        _ => decode_first(&unpack(bytes)?),
    }
}

fn decode_columns(plain: &[u8]) -> Result<Vec<Input>, String> {
    let short = || "columns end too soon".to_owned();
    let mut r = Reader::new(plain);
    let (n_ids, n_rows, n_others) = (
        r.number().ok_or_else(short)? as usize,
        r.number().ok_or_else(short)? as usize,
        r.number().ok_or_else(short)? as usize,
    );
    let mut column = || r.slice().map(Reader::new).ok_or_else(short);
    let (mut ids, mut rows, mut phenomenon, mut received, mut results, mut others) =
        (column()?, column()?, column()?, column()?, column()?, column()?);
    // Every id, row and other input takes at least one byte: a larger count is damage, not a large allocation.
    if [n_ids, n_rows, n_others].into_iter().any(|n| n > plain.len()) {
        return Err("counts are damaged".into());
    }
    let ids: Vec<SensorId> =
        (0..n_ids).map(|_| ids.text().map(SensorId::from)).collect::<Option<_>>().ok_or("an id is damaged")?;
    let mut run = None;
    let next_other = |others: &mut Reader<'_>| -> Result<Option<(usize, Input)>, String> {
        if others.at_end() {
            return Ok(None);
        }
        let position = others.number().ok_or_else(short)? as usize;
        let json = others.slice().ok_or_else(short)?;
        Ok(Some((position, serde_json::from_slice(json).map_err(|e| e.to_string())?)))
    };
    let total = n_rows + n_others;
    let mut inputs = Vec::with_capacity(total);
    let mut waiting = next_other(&mut others)?;
    let (mut p, mut delay, mut id, mut row) = (0i64, 0i64, 0i64, 0);
    while inputs.len() < total {
        if let Some((_, input)) = waiting.take_if(|(position, _)| *position == inputs.len()) {
            inputs.push(input);
            waiting = next_other(&mut others)?;
            continue;
        }
        if row >= n_rows {
            return Err("order of inputs is damaged".into());
        }
        id += rows.signed().ok_or_else(short)? + 1;
        p = p.wrapping_add(phenomenon.signed().ok_or_else(short)?);
        delay = delay.wrapping_add(received.signed().ok_or_else(short)?);
        let sensor = usize::try_from(id).ok().and_then(|i| ids.get(i)).ok_or("unknown stream index")?.clone();
        if row % RUN == 0 {
            run = Values::begin(&mut results);
        }
        let result = run.as_mut().and_then(|run| run.next(&mut results)).ok_or_else(short)?;
        let received = Stamp(p.wrapping_add(delay));
        inputs.push(Input::Observation(Observation { sensor, phenomenon: Stamp(p), received, result }));
        row += 1;
    }
    Ok(inputs)
}

/// Columns of version 1. Times are deltas to the row before, in ms.
#[derive(Deserialize)]
struct First {
    ids: Vec<String>,
    id: Vec<u32>,
    phenomenon: Vec<i64>,
    received: Vec<i64>,
    /// Bit patterns.
    result: Vec<u64>,
    /// Every other input with its position in the tick.
    others: Vec<(u32, String)>,
}

fn decode_first(plain: &[u8]) -> Result<Vec<Input>, String> {
    let c: First = postcard::from_bytes(plain).map_err(|e| e.to_string())?;
    let rows = c.id.len();
    if [c.phenomenon.len(), c.received.len(), c.result.len()].iter().any(|&n| n != rows) {
        return Err("columns of different length".into());
    }
    let ids: Vec<SensorId> = c.ids.iter().map(|id| SensorId::from(id.as_str())).collect();
    let total = rows + c.others.len();
    let mut inputs = Vec::with_capacity(total);
    let (mut row, mut p, mut r) = (0usize, 0i64, 0i64);
    let mut others = c.others.into_iter().peekable();
    while inputs.len() < total {
        if let Some((_, json)) = others.next_if(|(position, _)| *position as usize == inputs.len()) {
            inputs.push(serde_json::from_str(&json).map_err(|e| e.to_string())?);
            continue;
        }
        if row >= rows {
            return Err("order of inputs is damaged".into());
        }
        p = p.wrapping_add(c.phenomenon[row]);
        r = r.wrapping_add(c.received[row]);
        let sensor = ids.get(c.id[row] as usize).ok_or("unknown stream index")?.clone();
        inputs.push(Input::Observation(Observation {
            sensor,
            phenomenon: Stamp(p),
            received: Stamp(r),
            result: f64::from_bits(c.result[row]),
        }));
        row += 1;
    }
    Ok(inputs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use guanlan_core::{Command, CommandEnvelope, Role, input::UnitFix};

    fn obs(id: &str, t: i64, v: f64) -> Input {
        Input::Observation(Observation { sensor: id.into(), phenomenon: Stamp(t), received: Stamp(t + 40), result: v })
    }

    fn mixed() -> Vec<Input> {
        vec![
            obs("7", 1_782_864_000_000, 17.5),
            Input::Fix(UnitFix {
                unit: "DRAIN-07".into(),
                at: Stamp(5),
                east_m: 0.1 + 0.2,
                north_m: -1e-9,
                speed_mps: 3.3,
                course_deg: 90.0,
                battery: None,
            }),
            obs("8", 1_782_863_999_000, f64::MIN_POSITIVE),
            obs("7", 1_782_864_060_000, -0.0),
            Input::Command(CommandEnvelope {
                id: "c-1".into(),
                actor: "李".into(),
                role: Role::Dispatcher,
                at: Stamp(9),
                command: Command::CloseRoad { edge: 4, reason: "积水".into() },
            }),
        ]
    }

    #[test]
    fn inputs_come_back_exactly_and_in_order() {
        let inputs = mixed();
        assert_eq!(decode(&encode(&inputs).unwrap()).unwrap(), inputs);
        assert_eq!(decode(&encode(&[]).unwrap()).unwrap(), vec![]);
        let many: Vec<Input> =
            (0..5000).map(|i| obs(&format!("s{}", i * 7 % 900), 1_782_864_000_000 + i * 13, i as f64 / 10.0)).collect();
        let body = encode(&many).unwrap();
        assert_eq!(decode(&body).unwrap(), many);
        assert!(body.len() < 5 * many.len(), "{} bytes for {} readings", body.len(), many.len());
    }

    /// Bytes written by the program before version 2.
    #[test]
    fn blocks_of_the_first_version_are_read() {
        let ids = vec!["7".to_owned(), "8".to_owned()];
        let others = vec![(1u32, serde_json::to_string(&mixed()[1]).unwrap())];
        let bits = [17.5f64.to_bits(), f64::MIN_POSITIVE.to_bits()];
        let columns =
            (ids, vec![0u32, 1], vec![1_782_864_000_000i64, -1000], vec![1_782_864_000_040i64, -1000], bits, others);
        let (ids, id, p, r, bits, others) = columns;
        let plain = postcard::to_stdvec(&(ids, id, p, r, bits.to_vec(), others)).unwrap();
        let body = zstd::bulk::compress(&plain, 1).unwrap();
        assert_eq!(decode(&body).unwrap(), mixed()[..3]);
    }

    #[test]
    fn damaged_bytes_are_an_error() {
        let whole = encode(&mixed()).unwrap();
        for cut in 0..whole.len() {
            assert!(decode(&whole[..cut]).is_err(), "{cut} of {} bytes", whole.len());
        }
        // Any flipped bit is an error or other inputs, never a panic; the digest in the chain tells which.
        for i in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[i] ^= 0x10;
            let _ = decode(&bytes);
        }
        assert!(decode(b"not a block").is_err());
    }
}
