-- What currencies cost, what waits for a second person, and how the rate feed does.
--
-- Rates are only ever added. A pair is named once for both directions, its codes in alphabetical order; the version of
-- `rate_pairs` says which row is in force, and a change is conditional on the version it was decided over: of two
-- people or two gateways one wins. Rates and basis points are decimal text and never computed here.

CREATE TABLE rate_pairs (
    pair     TEXT PRIMARY KEY,
    version  BIGINT NOT NULL
);

CREATE TABLE rates (
    pair             TEXT NOT NULL,
    version          BIGINT NOT NULL,
    base             TEXT NOT NULL,
    quote            TEXT NOT NULL,
    mid              TEXT NOT NULL,
    sell_rate        TEXT,
    sell_spread_bps  TEXT,
    buy_rate         TEXT,
    buy_spread_bps   TEXT,
    source           TEXT NOT NULL,
    as_of            TIMESTAMPTZ NOT NULL,
    max_age_s        BIGINT,
    set_by           TEXT NOT NULL,
    approval_id      UUID,
    approved_by      UUID,
    created_at       TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (pair, version),
    CHECK ((sell_rate IS NULL) <> (sell_spread_bps IS NULL)),
    CHECK ((buy_rate IS NULL) <> (buy_spread_bps IS NULL)),
    CHECK ((approval_id IS NULL) = (approved_by IS NULL))
);

-- At most one waits for each subject of a kind; what is newer voids what is older. No row names a person but by id.
CREATE TABLE approvals (
    id          UUID PRIMARY KEY,
    kind        TEXT NOT NULL,
    subject     TEXT NOT NULL,
    payload     TEXT NOT NULL,
    digest      BYTEA NOT NULL,
    maker       UUID,
    made_by     TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('pending', 'approved', 'rejected', 'voided')),
    decided_by  TEXT,
    reason      TEXT,
    created_at  TIMESTAMPTZ NOT NULL,
    decided_at  TIMESTAMPTZ,
    CHECK ((state = 'pending') = (decided_at IS NULL))
);
CREATE UNIQUE INDEX approvals_pending ON approvals (kind, subject) WHERE state = 'pending';
CREATE INDEX approvals_by_creation ON approvals (created_at, id);

CREATE TABLE rate_feeds (
    name          TEXT PRIMARY KEY,
    failures      BIGINT NOT NULL,
    succeeded_at  TIMESTAMPTZ,
    failed_at     TIMESTAMPTZ,
    last_error    TEXT
);

-- The legs that a quote's rate was made of, for whoever checks a margin later.
ALTER TABLE quotes ADD COLUMN legs TEXT;
