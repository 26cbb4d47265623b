-- One store holds one timeline.
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

-- The hash chain. `body` is the canonical JSON whose SHA-256 is `hash`; it contains `prev`.
CREATE TABLE records (
    seq  INTEGER PRIMARY KEY,
    tick INTEGER NOT NULL,
    ts   INTEGER NOT NULL,           -- ms since the epoch
    op   TEXT NOT NULL,
    cas  TEXT,                       -- case number, if the record belongs to one
    body TEXT NOT NULL,
    hash TEXT NOT NULL
) STRICT;
CREATE INDEX records_by_ts ON records (ts);
CREATE INDEX records_by_case ON records (cas) WHERE cas IS NOT NULL;

-- The inputs a tick drained, in order, columnar and compressed; their digest is in the chain.
CREATE TABLE blocks (
    tick  INTEGER PRIMARY KEY,
    ts    INTEGER NOT NULL,
    dt_ms INTEGER NOT NULL,
    idle  INTEGER NOT NULL,          -- regular empty ticks run since the block before
    mode  TEXT NOT NULL,
    body  BLOB NOT NULL
) STRICT;
CREATE INDEX blocks_by_ts ON blocks (ts);

-- The whole truth at a tick; everything after it follows from blocks.
CREATE TABLE snapshots (
    tick INTEGER PRIMARY KEY,
    ts   INTEGER NOT NULL,
    hash TEXT NOT NULL,              -- state hash
    body BLOB NOT NULL
) STRICT;
CREATE INDEX snapshots_by_ts ON snapshots (ts);
