-- What a person should look at, and what our providers' balances were when they were last asked.
--
-- An alert is open once per kind and subject: the partial unique index decides, however many gateways see the same.
-- `tell_at` is when it is next to be told, none while it stays quiet; `facts` is an object of short texts that names
-- nobody. `balance_checks` keeps what a drift check must remember until the next one.

CREATE TABLE alerts (
    id               BLOB PRIMARY KEY,
    kind             TEXT NOT NULL,
    subject          TEXT NOT NULL,
    severity         TEXT NOT NULL CHECK (severity IN ('warning', 'critical')),
    facts            TEXT NOT NULL,
    count            INTEGER NOT NULL,
    told             INTEGER NOT NULL,
    first_seen_at    TEXT NOT NULL,
    last_seen_at     TEXT NOT NULL,
    last_told_at     TEXT,
    tell_at          TEXT,
    acknowledged_at  TEXT,
    acknowledged_by  TEXT,
    resolved_at      TEXT
) STRICT;
CREATE UNIQUE INDEX alerts_open ON alerts (kind, subject) WHERE resolved_at IS NULL;
CREATE INDEX alerts_by_subject ON alerts (kind, subject, last_told_at);
CREATE INDEX alerts_by_arrival ON alerts (first_seen_at, id);
CREATE INDEX alerts_to_tell ON alerts (tell_at) WHERE tell_at IS NOT NULL;

CREATE TABLE balance_checks (
    account        TEXT PRIMARY KEY,
    ours_minor     INTEGER NOT NULL,
    theirs_minor   INTEGER NOT NULL,
    version        INTEGER NOT NULL,
    differs_since  TEXT,
    still_since    TEXT,
    checked_at     TEXT NOT NULL
) STRICT;
