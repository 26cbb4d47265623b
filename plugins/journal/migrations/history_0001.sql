-- Observation history of one timeline: derived from the journal's ticks, and can be made again from them.
CREATE TABLE state (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

-- Streams by number; low and high close the range of plausible values.
CREATE TABLE streams (stream INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, low REAL NOT NULL, high REAL NOT NULL) STRICT;

-- A part holds what arrived from begin_ms to end_ms (NULL while it is open). sealed: 0 pieces as flushed,
-- 1 merged and rolled up, 2 its readings are no longer kept.
CREATE TABLE parts (
    part     INTEGER PRIMARY KEY,
    begin_ms INTEGER NOT NULL,
    end_ms   INTEGER,
    rows     INTEGER NOT NULL,
    sealed   INTEGER NOT NULL
) STRICT;
CREATE INDEX parts_by_begin ON parts (begin_ms);

-- kind 0: latest values at the part's beginning; 1: readings (sub 0 merged and rolled up, above as flushed);
-- 2: roll-up of a minute. A block is 1024 streams.
CREATE TABLE chunks (
    part   INTEGER NOT NULL,
    kind   INTEGER NOT NULL,
    block  INTEGER NOT NULL,
    sub    INTEGER NOT NULL,
    rows   INTEGER NOT NULL,
    at_min INTEGER NOT NULL,         -- measured, ms
    at_max INTEGER NOT NULL,
    body   BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX chunks_by_part ON chunks (part, kind, block, sub);
CREATE INDEX chunks_by_block ON chunks (kind, block, part, sub, at_min, at_max);

-- Roll-ups of an hour (level 2, by local day) and of a day (level 3, by 32 local days).
CREATE TABLE rollups (
    level  INTEGER NOT NULL,
    period INTEGER NOT NULL,
    block  INTEGER NOT NULL,
    body   BLOB NOT NULL,
    PRIMARY KEY (level, block, period)
) STRICT;
