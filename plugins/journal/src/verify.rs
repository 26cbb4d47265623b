//! The proof: every hash recomputed, every block's digest compared.

use std::io::Write;

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{
    error::JournalError,
    record::{GENESIS, chain_hash, hex},
    sqlite::SqliteStore,
    store::Store,
};

/// Result of [`verify`]; the names are part of the command line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verification {
    /// Records read.
    pub records: u64,
    /// First sequence number, if any.
    pub first: Option<u64>,
    /// Last sequence number, if any.
    pub last: Option<u64>,
    /// Hash of the last record. Keep it elsewhere: it proves that the tail was not cut.
    pub head_hash: String,
    /// True when nothing was edited, deleted, inserted or reordered.
    pub ok: bool,
    /// What is wrong first, in words.
    pub problem: Option<String>,
}

const PAGE: usize = 4096;

/// Checks the whole chain of a store.
///
/// # Errors
/// When the store cannot be read at all; damage found in it is in the result.
pub fn verify(store: &SqliteStore) -> Result<Verification, JournalError> {
    let mut v =
        Verification { records: 0, first: None, last: None, head_hash: GENESIS.to_owned(), ok: true, problem: None };
    let (mut digests, mut retired) = (Vec::new(), 0);
    loop {
        let page = store.records_after(v.last.unwrap_or(0), PAGE)?;
        let Some(last) = page.last().map(|r| r.seq) else { break };
        for r in &page {
            v.records += 1;
            v.first.get_or_insert(r.seq);
            let problem = if r.seq != v.records {
                Some(format!("record {} is missing (found {} in its place)", v.records, r.seq))
            } else if chain_hash(&r.body) != r.hash {
                Some(format!("record {} was edited: its hash does not fit its text", r.seq))
            } else {
                check_body(
                    r.seq,
                    &r.body,
                    &r.op,
                    r.case.as_deref(),
                    r.tick,
                    r.ts,
                    &v.head_hash,
                    &mut digests,
                    &mut retired,
                )
            };
            if v.ok && problem.is_some() {
                v.ok = false;
                v.problem = problem;
            }
            v.head_hash.clone_from(&r.hash);
        }
        v.last = Some(last);
    }
    if v.ok {
        // The retention policy took the inputs of these ticks, and the chain says so.
        digests.retain(|(tick, _)| *tick > retired);
        v.problem = check_blocks(store, &digests)?;
        v.ok = v.problem.is_none();
    }
    Ok(v)
}

#[allow(clippy::too_many_arguments)]
fn check_body(
    seq: u64,
    body: &str,
    op: &str,
    case: Option<&str>,
    tick: u64,
    ts: guanlan_core::Stamp,
    prev: &str,
    digests: &mut Vec<(u64, String)>,
    retired: &mut u64,
) -> Option<String> {
    let Ok(value) = serde_json::from_str::<Value>(body) else {
        return Some(format!("record {seq} is not JSON"));
    };
    if value["prev"].as_str() != Some(prev) {
        return Some(format!("record {seq} does not follow the record before it"));
    }
    if value["seq"].as_u64() != Some(seq)
        || value["op"].as_str() != Some(op)
        || value["case"].as_str() != case
        || value["tick"].as_u64() != Some(tick)
        || value["ts"].as_str() != Some(ts.to_rfc3339().as_str())
    {
        return Some(format!("record {seq}: its columns do not fit its text"));
    }
    if op == "inputs" {
        digests.push((tick, value["data"]["digest"].as_str().unwrap_or_default().to_owned()));
    }
    if op == "retired" {
        *retired = value["data"]["through_tick"].as_u64().unwrap_or(0).max(*retired);
    }
    None
}

fn check_blocks(store: &SqliteStore, digests: &[(u64, String)]) -> Result<Option<String>, JournalError> {
    let mut blocks = store.block_bodies()?;
    for (tick, digest) in digests {
        match blocks.next_block()? {
            None => return Ok(Some(format!("the inputs of tick {tick} are missing"))),
            Some((found, _)) if found != *tick => {
                return Ok(Some(format!("the inputs of tick {tick} are missing (found tick {found})")));
            }
            Some((_, body)) if hex(&Sha256::digest(&body)) != *digest => {
                return Ok(Some(format!("the inputs of tick {tick} were edited")));
            }
            Some(_) => {}
        }
    }
    Ok(blocks.next_block()?.map(|(tick, _)| format!("the inputs of tick {tick} are in no record")))
}

/// Writes every record as one JSON line.
///
/// # Errors
/// When the store cannot be read or the writer refuses.
pub fn export(store: &SqliteStore, out: &mut dyn Write) -> Result<u64, JournalError> {
    let (mut after, mut n) = (0, 0);
    loop {
        let page = store.records_after(after, PAGE)?;
        let Some(last) = page.last() else { return Ok(n) };
        after = last.seq;
        for r in &page {
            writeln!(out, "{{\"body\":{},\"hash\":\"{}\"}}", r.body, r.hash)
                .map_err(|e| JournalError::odd(store.path(), e.to_string()))?;
            n += 1;
        }
    }
}
