-- How each of our wallets stands in each direction: whether what it does not answer is not sent to it for now, and
-- whether a person paused it. A row comes with the first change; changes are conditional on the version seen, so of
-- any number of gateways one makes each. While all is well nothing is written here.

CREATE TABLE rails (
    rail          TEXT NOT NULL,
    wallet        TEXT NOT NULL,
    direction     TEXT NOT NULL CHECK (direction IN ('collect', 'disburse')),
    breaker       TEXT NOT NULL CHECK (breaker IN ('closed', 'open', 'half_open')),
    opened_at     TIMESTAMPTZ,
    until         TIMESTAMPTZ,
    opens         BIGINT NOT NULL,
    silent        BOOLEAN NOT NULL,
    probe         UUID,
    trouble       TEXT NOT NULL,
    answered_at   TIMESTAMPTZ,
    failed_at     TIMESTAMPTZ,
    paused_by     TEXT,
    paused_at     TIMESTAMPTZ,
    pause_reason  TEXT,
    resume_at     TIMESTAMPTZ,
    resumed_at    TIMESTAMPTZ,
    version       BIGINT NOT NULL,
    updated_at    TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (rail, wallet, direction),
    CHECK ((breaker = 'closed') = (opened_at IS NULL) AND (breaker = 'closed') = (until IS NULL)),
    CHECK ((breaker = 'half_open') = (probe IS NOT NULL)),
    CHECK ((paused_at IS NULL) = (paused_by IS NULL) AND (paused_at IS NULL) = (pause_reason IS NULL))
);
