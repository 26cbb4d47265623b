-- Key figures: counts of case and event records, kept as they arrive.
CREATE TABLE figure_words (kind INTEGER NOT NULL, id INTEGER NOT NULL, word TEXT NOT NULL, PRIMARY KEY (kind, id)) STRICT;
-- Cells of a cube in a period (a local day, or 12 × year + month), columnar.
CREATE TABLE figures (cube INTEGER NOT NULL, period INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (cube, period)) STRICT;
-- Open cases: what their later records belong to.
CREATE TABLE figure_cases (cas TEXT PRIMARY KEY, area TEXT NOT NULL, code TEXT NOT NULL, opened_ms INTEGER NOT NULL) STRICT;
