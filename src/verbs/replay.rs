//! `guanlan replay`: runs the past of a store again and says what happened, with the proof that it is the same past.

use std::sync::Arc;

use guanlan_core::{Lang, Stamp};
use guanlan_journal::{JournalError, SqliteStore, Store};
use guanlan_room::Replayer;
use serde_json::json;

use crate::{
    args::ReplayArgs,
    exit::{Outcome, bad_input, failed},
    house::room_config,
    scene,
};

pub fn run(args: &ReplayArgs, lang: Lang) -> Outcome {
    let instant = |name: &str, text: &Option<String>| {
        let read = |t: &String| {
            Stamp::parse(t).ok_or_else(|| bad_input(format!("--{name} '{t}': expected 2026-07-31T16:00:00+08:00")))
        };
        text.as_ref().map(read).transpose()
    };
    let (from, to) = (instant("from", &args.from)?, instant("to", &args.to)?);
    let store = SqliteStore::open_read_only(&args.journal).map_err(|e| match e {
        JournalError::Damaged { .. } => failed(e),
        other => bad_input(other),
    })?;
    let (first, last) = store.span().map_err(failed)?.unwrap_or_default();
    let (from, to) = (from.unwrap_or(first).max(first), to.unwrap_or(last).min(last));
    if from > to {
        return Err(bad_input(format!("--from {from} is after --to {to}; the journal holds {first} to {last}")));
    }
    let scene = scene::of_room(&args.room, lang)?;
    let config = Arc::new(room_config(scene.city.clone(), args.room.seed, scene.demo && !args.room.no_devices)?);
    let mut replayer = Replayer::at(&config, &store, from).map_err(failed)?;
    let (mut ticks, mut facts) = (0u64, 0u64);
    let summary = replayer
        .run(&store, to, &mut |tick, now, events| {
            ticks += 1;
            for event in events {
                facts += 1;
                let fact = serde_json::to_value(event).unwrap_or_default();
                if args.json {
                    say!("{}", json!({ "tick": tick, "ts": now.to_rfc3339(), "event": fact }));
                } else {
                    say!("{now} {fact}");
                }
            }
        })
        .map_err(failed)?;
    let whole = json!({ "from": from.to_rfc3339(), "to": to.to_rfc3339(), "ticks": ticks, "facts": facts,
        "snapshots_checked": summary.checked, "snapshots_differing": summary.differing,
        "state_hash": summary.state_hash });
    say!("{whole}");
    if summary.differing > 0 {
        return Err(failed(format!(
            "{} of {} snapshots are not what running the journal again gives: it was written by another build or other rules",
            summary.differing, summary.checked
        )));
    }
    Ok(())
}
