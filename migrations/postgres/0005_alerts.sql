-- What a person should look at, and what our providers' balances were when they were last asked.
--
-- An alert is open once per kind and subject: the partial unique index decides, however many gateways see the same.
-- `tell_at` is when it is next to be told, none while it stays quiet; `facts` is an object of short texts that names
-- nobody. `balance_checks` keeps what a drift check must remember until the next one.

CREATE TABLE alerts (
    id               UUID PRIMARY KEY,
    kind             TEXT NOT NULL,
    subject          TEXT NOT NULL,
    severity         TEXT NOT NULL CHECK (severity IN ('warning', 'critical')),
    facts            TEXT NOT NULL,
    count            BIGINT NOT NULL,
    told             BIGINT NOT NULL,
    first_seen_at    TIMESTAMPTZ NOT NULL,
    last_seen_at     TIMESTAMPTZ NOT NULL,
    last_told_at     TIMESTAMPTZ,
    tell_at          TIMESTAMPTZ,
    acknowledged_at  TIMESTAMPTZ,
    acknowledged_by  TEXT,
    resolved_at      TIMESTAMPTZ
);
CREATE UNIQUE INDEX alerts_open ON alerts (kind, subject) WHERE resolved_at IS NULL;
CREATE INDEX alerts_by_subject ON alerts (kind, subject, last_told_at);
CREATE INDEX alerts_by_arrival ON alerts (first_seen_at, id);
CREATE INDEX alerts_to_tell ON alerts (tell_at) WHERE tell_at IS NOT NULL;

CREATE TABLE balance_checks (
    account        TEXT PRIMARY KEY,
    ours_minor     BIGINT NOT NULL,
    theirs_minor   BIGINT NOT NULL,
    version        BIGINT NOT NULL,
    differs_since  TIMESTAMPTZ,
    still_since    TIMESTAMPTZ,
    checked_at     TIMESTAMPTZ NOT NULL
);
