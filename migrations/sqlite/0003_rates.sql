-- What currencies cost, what waits for a second person, and how the rate feed does.
--
-- Rates are only ever added. A pair is named once for both directions, its codes in alphabetical order; the version of
-- `rate_pairs` says which row is in force, and a change is conditional on the version it was decided over: of two
-- people or two gateways one wins. Rates and basis points are decimal text and never computed here.

CREATE TABLE rate_pairs (
    pair     TEXT PRIMARY KEY,
    version  INTEGER NOT NULL
) STRICT;

CREATE TABLE rates (
    pair             TEXT NOT NULL,
    version          INTEGER NOT NULL,
    base             TEXT NOT NULL,
    quote            TEXT NOT NULL,
    mid              TEXT NOT NULL,
    sell_rate        TEXT,
    sell_spread_bps  TEXT,
    buy_rate         TEXT,
    buy_spread_bps   TEXT,
    source           TEXT NOT NULL,
    as_of            TEXT NOT NULL,
    max_age_s        INTEGER,
    set_by           TEXT NOT NULL,
    approval_id      BLOB,
    approved_by      BLOB,
    created_at       TEXT NOT NULL,
    PRIMARY KEY (pair, version),
    CHECK ((sell_rate IS NULL) <> (sell_spread_bps IS NULL)),
    CHECK ((buy_rate IS NULL) <> (buy_spread_bps IS NULL)),
    CHECK ((approval_id IS NULL) = (approved_by IS NULL))
) STRICT, WITHOUT ROWID;

-- At most one waits for each subject of a kind; what is newer voids what is older. No row names a person but by id.
CREATE TABLE approvals (
    id          BLOB PRIMARY KEY,
    kind        TEXT NOT NULL,
    subject     TEXT NOT NULL,
    payload     TEXT NOT NULL,
    digest      BLOB NOT NULL,
    maker       BLOB,
    made_by     TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('pending', 'approved', 'rejected', 'voided')),
    decided_by  TEXT,
    reason      TEXT,
    created_at  TEXT NOT NULL,
    decided_at  TEXT,
    CHECK ((state = 'pending') = (decided_at IS NULL))
) STRICT;
CREATE UNIQUE INDEX approvals_pending ON approvals (kind, subject) WHERE state = 'pending';
CREATE INDEX approvals_by_creation ON approvals (created_at, id);

CREATE TABLE rate_feeds (
    name          TEXT PRIMARY KEY,
    failures      INTEGER NOT NULL,
    succeeded_at  TEXT,
    failed_at     TEXT,
    last_error    TEXT
) STRICT;

-- The legs that a quote's rate was made of, for whoever checks a margin later.
ALTER TABLE quotes ADD COLUMN legs TEXT;
