//! The hash chain: canonical JSON and SHA-256.

use guanlan_core::{Event, Stamp};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// `prev` of the first record.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// A record as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Position in the chain, from 1.
    pub seq: u64,
    /// The tick it was committed with.
    pub tick: u64,
    /// Simulated instant.
    pub ts: Stamp,
    /// What kind of fact (`alert_changed`, `case_moved`, `inputs` …).
    pub op: String,
    /// The case it belongs to.
    pub case: Option<String>,
    /// Canonical JSON, including `prev`.
    pub body: String,
    /// SHA-256 of `body`, hex.
    pub hash: String,
}

/// JSON with sorted keys and no blanks (RFC 8785 for the values used here).
#[must_use]
pub fn canonical_json(value: &Value) -> String {
    let mut out = String::new();
    write_canonical(value, &mut out);
    out
}

fn write_canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            // serde_json's map may keep insertion order when another crate asks for it: sort here.
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort();
            out.push('{');
            for (i, key) in keys.into_iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                out.push_str(&Value::String(key.clone()).to_string());
                out.push(':');
                write_canonical(&map[key], out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write_canonical(item, out);
            }
            out.push(']');
        }
        other => out.push_str(&other.to_string()),
    }
}

/// Hash of a canonical body.
#[must_use]
pub fn chain_hash(body: &str) -> String {
    hex(&Sha256::digest(body.as_bytes()))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// What a record says, before it is chained.
pub(crate) struct Draft {
    pub op: String,
    pub actor: String,
    pub case: Option<String>,
    pub data: Value,
}

impl Draft {
    pub(crate) fn of_event(event: &Event) -> Self {
        let (op, data) = match serde_json::to_value(event) {
            Ok(Value::Object(mut map)) => {
                let op = match map.remove("op") {
                    Some(Value::String(op)) => op,
                    _ => "event".to_owned(),
                };
                for field in ["actor", "case"] {
                    map.remove(field);
                }
                (op, Value::Object(map))
            }
            // Events hold only numbers, strings and lists; NaN becomes null, nothing else can fail.
            _ => ("event".to_owned(), Value::Null),
        };
        Self { op, actor: event.actor().to_owned(), case: event.case().map(|c| c.as_str().to_owned()), data }
    }

    pub(crate) fn chain(self, seq: u64, tick: u64, ts: Stamp, prev: &str) -> Record {
        let mut body = Map::new();
        body.insert("actor".into(), self.actor.into());
        if let Some(case) = &self.case {
            body.insert("case".into(), case.clone().into());
        }
        body.insert("data".into(), self.data);
        body.insert("op".into(), self.op.clone().into());
        body.insert("prev".into(), prev.into());
        body.insert("seq".into(), seq.into());
        body.insert("tick".into(), tick.into());
        body.insert("ts".into(), ts.to_rfc3339().into());
        let body = canonical_json(&Value::Object(body));
        let hash = chain_hash(&body);
        Record { seq, tick, ts, op: self.op, case: self.case, body, hash }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// DOMAIN §5, hash-chain vectors.
    #[test]
    fn published_chain_vectors() {
        let first = r#"{"actor":"ACCEPTOR-01","case":"YC202607010001","data":{"code":"01003"},"op":"register","prev":"0000000000000000000000000000000000000000000000000000000000000000","seq":1,"ts":"2026-07-01T08:00:00.000+08:00"}"#;
        let value: Value = serde_json::from_str(first).unwrap();
        assert_eq!(canonical_json(&value), first);
        let h1 = chain_hash(first);
        assert_eq!(h1, "3cc32bd2f831e79b83cc9fdfa91eda701a6c1be025ca5007abcbbf4757afe360");
        let second = format!(
            r#"{{"actor":"DISPATCHER-01","case":"YC202607010001","data":{{"unit":"DRAIN-07"}},"op":"assign","prev":"{h1}","seq":2,"ts":"2026-07-01T08:05:00.000+08:00"}}"#
        );
        assert_eq!(chain_hash(&second), "9438fec6c449a25b87abb6d79bdde13eb431632068008992d27974c64f86b933");
    }

    #[test]
    fn keys_are_sorted_at_every_depth() {
        let value: Value = serde_json::from_str(r#"{"b":[{"z":1,"a":"水"}],"a":null}"#).unwrap();
        assert_eq!(canonical_json(&value), r#"{"a":null,"b":[{"a":"水","z":1}]}"#);
    }
}
