-- How each of our wallets stands in each direction: whether what it does not answer is not sent to it for now, and
-- whether a person paused it. A row comes with the first change; changes are conditional on the version seen, so of
-- any number of gateways one makes each. While all is well nothing is written here.

CREATE TABLE rails (
    rail          TEXT NOT NULL,
    wallet        TEXT NOT NULL,
    direction     TEXT NOT NULL CHECK (direction IN ('collect', 'disburse')),
    breaker       TEXT NOT NULL CHECK (breaker IN ('closed', 'open', 'half_open')),
    opened_at     TEXT,
    until         TEXT,
    opens         INTEGER NOT NULL,
    silent        INTEGER NOT NULL CHECK (silent IN (0, 1)),
    probe         BLOB,
    trouble       TEXT NOT NULL,
    answered_at   TEXT,
    failed_at     TEXT,
    paused_by     TEXT,
    paused_at     TEXT,
    pause_reason  TEXT,
    resume_at     TEXT,
    resumed_at    TEXT,
    version       INTEGER NOT NULL,
    updated_at    TEXT NOT NULL,
    PRIMARY KEY (rail, wallet, direction),
    CHECK ((breaker = 'closed') = (opened_at IS NULL) AND (breaker = 'closed') = (until IS NULL)),
    CHECK ((breaker = 'half_open') = (probe IS NOT NULL)),
    CHECK ((paused_at IS NULL) = (paused_by IS NULL) AND (paused_at IS NULL) = (pause_reason IS NULL))
) STRICT, WITHOUT ROWID;
