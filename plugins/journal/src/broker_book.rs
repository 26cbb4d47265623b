//! What the embedded broker must not forget: sessions, messages that wait for them, retained messages. In a file of its own
//! beside the journal; bodies are bytes this crate does not understand.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, params};

use crate::error::{JournalError, db};

const SCHEMA: i64 = 1;

/// A change to remember.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BrokerChange {
    /// A session is so now.
    Session {
        /// Its client.
        client: String,
        /// Subscriptions and life.
        body: Vec<u8>,
    },
    /// A session and everything that waits for it is over.
    Ended {
        /// Its client.
        client: String,
    },
    /// A message waits for a session.
    Queued {
        /// The session's client.
        client: String,
        /// Grows with every message of the session.
        no: u64,
        /// The message.
        body: Vec<u8>,
    },
    /// A message was acknowledged, or is no longer wanted.
    Done {
        /// The session's client.
        client: String,
        /// Which.
        no: u64,
    },
    /// A message of a client has come and is not answered for good; `None` when it is.
    Arrived {
        /// The client.
        client: String,
        /// The message's number.
        pkid: u16,
        /// What is known of it.
        body: Option<Vec<u8>>,
    },
    /// What is published for a client that is gone without goodbye; `None` for nothing any more.
    Will {
        /// The client.
        client: String,
        /// The message.
        body: Option<Vec<u8>>,
    },
    /// The retained message of a topic; `None` for none any more.
    Retained {
        /// Topic.
        topic: String,
        /// The message.
        body: Option<Vec<u8>>,
    },
}

/// Everything that was remembered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BrokerPast {
    /// Sessions by client.
    pub sessions: Vec<(String, Vec<u8>)>,
    /// Messages by client, in the order they came.
    pub queued: Vec<(String, u64, Vec<u8>)>,
    /// Messages that had come from clients, by client and number.
    pub arrived: Vec<(String, u16, Vec<u8>)>,
    /// Retained messages by topic.
    pub retained: Vec<(String, Vec<u8>)>,
    /// Wills by client.
    pub wills: Vec<(String, Vec<u8>)>,
}

/// The broker's memory.
pub struct BrokerBook {
    conn: Connection,
    path: PathBuf,
}

impl BrokerBook {
    /// The file beside a journal.
    #[must_use]
    pub fn path_beside(journal: &Path) -> PathBuf {
        journal.with_extension("broker.db")
    }

    /// Opens the memory beside a journal, or begins it. A damaged one is put aside and begun anew.
    ///
    /// # Errors
    /// When the medium refuses.
    pub fn beside(journal: &Path) -> Result<(Self, BrokerPast), JournalError> {
        let path = Self::path_beside(journal);
        match Self::open(&path).and_then(|book| Ok((book.past()?, book))) {
            Ok((past, book)) => Ok((book, past)),
            Err(error) if error.fault() == crate::Fault::Damaged => {
                for suffix in ["", "-wal", "-shm"] {
                    let aside = format!("{}.aside{suffix}", path.display());
                    let _ = std::fs::rename(format!("{}{suffix}", path.display()), aside);
                }
                Ok((Self::open(&path)?, BrokerPast::default()))
            }
            Err(error) => Err(error),
        }
    }

    fn open(path: &Path) -> Result<Self, JournalError> {
        let err = db(path);
        let conn = Connection::open(path).map_err(&err)?;
        conn.busy_timeout(Duration::from_secs(5)).map_err(&err)?;
        conn.pragma_update(None, "journal_mode", "WAL").map_err(&err)?;
        conn.pragma_update(None, "synchronous", "FULL").map_err(&err)?;
        let found: i64 = conn.pragma_query_value(None, "user_version", |r| r.get(0)).map_err(&err)?;
        if found > SCHEMA {
            return Err(JournalError::TooNew { found, known: SCHEMA, path: path.to_owned() });
        }
        conn.execute_batch(
            "CREATE TABLE IF NOT EXISTS sessions (client TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;
             CREATE TABLE IF NOT EXISTS queued (client TEXT NOT NULL, no INTEGER NOT NULL, body BLOB NOT NULL,
                                                PRIMARY KEY (client, no));
             CREATE TABLE IF NOT EXISTS arrived (client TEXT NOT NULL, pkid INTEGER NOT NULL, body BLOB NOT NULL,
                                                 PRIMARY KEY (client, pkid)) WITHOUT ROWID;
             CREATE TABLE IF NOT EXISTS retained (topic TEXT PRIMARY KEY, body BLOB NOT NULL);
             CREATE TABLE IF NOT EXISTS wills (client TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;",
        )
        .map_err(&err)?;
        conn.pragma_update(None, "user_version", SCHEMA).map_err(&err)?;
        drop(err);
        Ok(Self { conn, path: path.to_owned() })
    }

    fn past(&self) -> Result<BrokerPast, JournalError> {
        let pairs = |sql: &str| -> Result<Vec<(String, Vec<u8>)>, rusqlite::Error> {
            self.conn.prepare(sql)?.query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?.collect()
        };
        let read = || -> Result<BrokerPast, rusqlite::Error> {
            let queued = self
                .conn
                .prepare("SELECT client, no, body FROM queued ORDER BY client, no")?
                .query_map([], |r| Ok((r.get(0)?, r.get::<_, i64>(1)? as u64, r.get(2)?)))?
                .collect::<Result<_, _>>()?;
            let arrived = self
                .conn
                .prepare("SELECT client, pkid, body FROM arrived ORDER BY client, pkid")?
                .query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?
                .collect::<Result<_, _>>()?;
            Ok(BrokerPast {
                sessions: pairs("SELECT client, body FROM sessions ORDER BY client")?,
                queued,
                arrived,
                retained: pairs("SELECT topic, body FROM retained ORDER BY topic")?,
                wills: pairs("SELECT client, body FROM wills ORDER BY client")?,
            })
        };
        read().map_err(db(&self.path))
    }

    /// Remembers changes in order, all or none.
    ///
    /// # Errors
    /// When the medium refuses; it may be tried again.
    pub fn apply(&mut self, changes: &[BrokerChange]) -> Result<(), JournalError> {
        let path = self.path.clone();
        let err = db(&path);
        let tx = self.conn.transaction().map_err(&err)?;
        for change in changes {
            let done = match change {
                BrokerChange::Session { client, body } => tx
                    .prepare_cached("INSERT OR REPLACE INTO sessions (client, body) VALUES (?1, ?2)")
                    .and_then(|mut s| s.execute(params![client, body])),
                BrokerChange::Ended { client } => {
                    ["queued", "arrived", "sessions"].into_iter().try_fold(0, |n, table| {
                        let sql = format!("DELETE FROM {table} WHERE client = ?1");
                        Ok(n + tx.prepare_cached(&sql)?.execute([client])?)
                    })
                }
                BrokerChange::Arrived { client, pkid, body: Some(body) } => tx
                    .prepare_cached("INSERT OR REPLACE INTO arrived (client, pkid, body) VALUES (?1, ?2, ?3)")
                    .and_then(|mut s| s.execute(params![client, pkid, body])),
                BrokerChange::Arrived { client, pkid, body: None } => tx
                    .prepare_cached("DELETE FROM arrived WHERE client = ?1 AND pkid = ?2")
                    .and_then(|mut s| s.execute(params![client, pkid])),
                BrokerChange::Queued { client, no, body } => tx
                    .prepare_cached("INSERT OR REPLACE INTO queued (client, no, body) VALUES (?1, ?2, ?3)")
                    .and_then(|mut s| s.execute(params![client, *no as i64, body])),
                BrokerChange::Done { client, no } => tx
                    .prepare_cached("DELETE FROM queued WHERE client = ?1 AND no = ?2")
                    .and_then(|mut s| s.execute(params![client, *no as i64])),
                BrokerChange::Will { client, body: Some(body) } => tx
                    .prepare_cached("INSERT OR REPLACE INTO wills (client, body) VALUES (?1, ?2)")
                    .and_then(|mut s| s.execute(params![client, body])),
                BrokerChange::Will { client, body: None } => {
                    tx.prepare_cached("DELETE FROM wills WHERE client = ?1").and_then(|mut s| s.execute([client]))
                }
                BrokerChange::Retained { topic, body: Some(body) } => tx
                    .prepare_cached("INSERT OR REPLACE INTO retained (topic, body) VALUES (?1, ?2)")
                    .and_then(|mut s| s.execute(params![topic, body])),
                BrokerChange::Retained { topic, body: None } => {
                    tx.prepare_cached("DELETE FROM retained WHERE topic = ?1").and_then(|mut s| s.execute([topic]))
                }
            };
            done.map_err(&err)?;
        }
        tx.commit().map_err(&err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_applied_is_there_again() {
        let dir = tempfile::tempdir().unwrap();
        let journal = dir.path().join("room.db");
        let (mut book, past) = BrokerBook::beside(&journal).unwrap();
        assert_eq!(past, BrokerPast::default());
        let client = || "c".to_owned();
        let queued = |no: u64| BrokerChange::Queued { client: client(), no, body: vec![no as u8] };
        let retained = |topic: &str, body: Option<&[u8]>| BrokerChange::Retained {
            topic: topic.into(),
            body: body.map(<[u8]>::to_vec),
        };
        book.apply(&[
            BrokerChange::Session { client: client(), body: vec![1] },
            queued(1),
            queued(2),
            queued(3),
            BrokerChange::Done { client: client(), no: 2 },
            retained("a", Some(b"x")),
            retained("b", Some(b"y")),
            retained("a", None),
            BrokerChange::Session { client: "d".into(), body: vec![2] },
            BrokerChange::Queued { client: "d".into(), no: 1, body: vec![9] },
            BrokerChange::Arrived { client: "d".into(), pkid: 5, body: Some(vec![5]) },
            BrokerChange::Ended { client: "d".into() },
            BrokerChange::Arrived { client: client(), pkid: 7, body: Some(vec![7]) },
            BrokerChange::Arrived { client: client(), pkid: 8, body: Some(vec![8]) },
            BrokerChange::Arrived { client: client(), pkid: 7, body: None },
            BrokerChange::Will { client: client(), body: Some(vec![4]) },
            BrokerChange::Will { client: "d".into(), body: Some(vec![5]) },
            BrokerChange::Will { client: "d".into(), body: None },
        ])
        .unwrap();
        drop(book);
        let (_, past) = BrokerBook::beside(&journal).unwrap();
        assert_eq!(past.sessions, [(client(), vec![1])]);
        assert_eq!(past.queued, [(client(), 1, vec![1]), (client(), 3, vec![3])]);
        assert_eq!(past.arrived, [(client(), 8, vec![8])]);
        assert_eq!(past.wills, [(client(), vec![4])]);
        assert_eq!(past.retained, [("b".to_owned(), b"y".to_vec())]);
        std::fs::write(BrokerBook::path_beside(&journal), b"no database at all, but something with words in it")
            .unwrap();
        assert_eq!(BrokerBook::beside(&journal).unwrap().1, BrokerPast::default());
    }
}
