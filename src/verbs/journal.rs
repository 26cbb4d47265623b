//! `guanlan journal`: the proof and the export.

use std::io::Write;

use guanlan_core::Lang;
use guanlan_journal::{JournalError, SqliteStore, export, verify};

use crate::{
    args::JournalVerb,
    exit::{Failure, Outcome, bad_input, failed},
    locale::pick,
};

fn open(path: &std::path::Path) -> Result<SqliteStore, Failure> {
    SqliteStore::open_read_only(path).map_err(|e| match e {
        JournalError::Missing(_) | JournalError::Database { .. } | JournalError::TooNew { .. } => bad_input(e),
        other => failed(other),
    })
}

pub fn run(verb: &JournalVerb, lang: Lang) -> Outcome {
    match verb {
        JournalVerb::Verify { store, json } => {
            let v = verify(&open(store)?).map_err(failed)?;
            if *json {
                say!("{}", serde_json::to_string(&v).map_err(failed)?);
            } else if v.ok {
                let words = pick(lang, "条记录完整无缺，链头", "records, nothing edited, deleted or inserted; head");
                say!("{} {words} {}", v.records, v.head_hash);
            }
            match v.problem {
                None => Ok(()),
                Some(problem) => Err(failed(format!("{}: {problem}", store.display()))),
            }
        }
        JournalVerb::Export { store, out } => {
            let store = open(store)?;
            let mut to: Box<dyn Write> = match out {
                Some(path) => {
                    let file = std::fs::File::create(path).map_err(|e| failed(format!("{}: {e}", path.display())))?;
                    Box::new(std::io::BufWriter::new(file))
                }
                None => Box::new(std::io::stdout().lock()),
            };
            export(&store, &mut to).map_err(failed)?;
            to.flush().map_err(failed)
        }
    }
}
