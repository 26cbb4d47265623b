//! The inputs of one tick as bytes: observations in columns, the rest as JSON, order kept.

use guanlan_core::{Input, SensorId, Stamp, input::Observation};
use serde::{Deserialize, Serialize};

/// Columns of a block. Times are deltas to the row before, in ms.
#[derive(Serialize, Deserialize, Default)]
struct Columns {
    /// Distinct stream ids in order of first use.
    ids: Vec<String>,
    /// Index into `ids`.
    id: Vec<u32>,
    phenomenon: Vec<i64>,
    received: Vec<i64>,
    /// Bit patterns, so that a value comes back exactly.
    result: Vec<u64>,
    /// Every other input with its position in the tick.
    others: Vec<(u32, String)>,
}

pub(crate) fn encode(inputs: &[Input]) -> Result<Vec<u8>, String> {
    let mut c = Columns::default();
    let mut index = std::collections::BTreeMap::new();
    let (mut last_p, mut last_r) = (0i64, 0i64);
    for (position, input) in inputs.iter().enumerate() {
        match input {
            Input::Observation(o) => {
                let next = c.ids.len() as u32;
                let id = *index.entry(o.sensor.as_str()).or_insert(next);
                if id == next {
                    c.ids.push(o.sensor.as_str().to_owned());
                }
                c.id.push(id);
                c.phenomenon.push(o.phenomenon.0.wrapping_sub(last_p));
                c.received.push(o.received.0.wrapping_sub(last_r));
                (last_p, last_r) = (o.phenomenon.0, o.received.0);
                c.result.push(o.result.to_bits());
            }
            other => {
                let json = serde_json::to_string(other).map_err(|e| e.to_string())?;
                c.others.push((position as u32, json));
            }
        }
    }
    let plain = postcard::to_stdvec(&c).map_err(|e| e.to_string())?;
    zstd::bulk::compress(&plain, 1).map_err(|e| e.to_string())
}

/// Upper bound of a block's plain size; a larger one is damage, not data.
const MAX_PLAIN_BYTES: usize = 1 << 30;

pub(crate) fn decode(bytes: &[u8]) -> Result<Vec<Input>, String> {
    let plain = {
        use std::io::Read;
        let mut plain = Vec::new();
        zstd::Decoder::new(bytes)
            .map_err(|e| e.to_string())?
            .take(MAX_PLAIN_BYTES as u64)
            .read_to_end(&mut plain)
            .map_err(|e| e.to_string())?;
        plain
    };
    let c: Columns = postcard::from_bytes(&plain).map_err(|e| e.to_string())?;
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
    use guanlan_core::{
        Command, CommandEnvelope, Role,
        input::{FeedState, UnitFix},
    };

    fn obs(id: &str, t: i64, v: f64) -> Input {
        Input::Observation(Observation { sensor: id.into(), phenomenon: Stamp(t), received: Stamp(t + 40), result: v })
    }

    #[test]
    fn inputs_come_back_exactly_and_in_order() {
        let inputs = vec![
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
            Input::Feed(FeedState {
                feed: "mqtt".into(),
                up: true,
                real: false,
                message: String::new(),
                figures: None,
            }),
        ];
        assert_eq!(decode(&encode(&inputs).unwrap()).unwrap(), inputs);
        assert_eq!(decode(&encode(&[]).unwrap()).unwrap(), vec![]);
    }

    #[test]
    fn damaged_bytes_are_an_error() {
        let mut bytes = encode(&[obs("7", 1, 2.0), obs("9", 2, 3.0)]).unwrap();
        bytes.truncate(bytes.len() / 2);
        assert!(decode(&bytes).is_err());
        assert!(decode(b"not a block").is_err());
    }
}
