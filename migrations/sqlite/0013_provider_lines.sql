-- What providers' statements say, in one shape, and how far each wallet's statement has been read.
--
-- A line is kept as it was first seen: nothing changes or removes it, whoever asks. One that comes again and says
-- something else is kept beside it, as a difference. Amounts are minor units, positive for what comes into our float.
-- `line_key` is the provider's own name for the line. No counterparty is kept: who it was, the movement knows.
-- `statement_reads` is where the reading of a wallet stands; `net_minor` is the sum of its lines.

CREATE TABLE provider_lines (
    id            BLOB PRIMARY KEY,
    provider      TEXT NOT NULL,
    wallet        TEXT NOT NULL,
    line_key      TEXT NOT NULL CHECK (length(line_key) BETWEEN 1 AND 300),
    kind          TEXT NOT NULL CHECK (kind IN ('collection', 'disbursement', 'refund', 'reversal', 'fee', 'sweep',
                                                'top_up', 'other')),
    word          TEXT NOT NULL,
    gross_minor   INTEGER NOT NULL,
    fee_minor     INTEGER NOT NULL,
    net_minor     INTEGER NOT NULL,
    currency      TEXT NOT NULL,
    reference     BLOB,
    provider_ref  TEXT,
    occurred_at   TEXT NOT NULL,
    available_at  TEXT,
    day           TEXT NOT NULL CHECK (length(day) = 10),
    learned       TEXT NOT NULL CHECK (learned IN ('list', 'status', 'person')),
    raw           BLOB NOT NULL CHECK (length(raw) = 32),
    fetched_at    TEXT NOT NULL,
    CHECK (net_minor = gross_minor - fee_minor)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX provider_lines_once ON provider_lines (provider, wallet, line_key);
CREATE INDEX provider_lines_by_time ON provider_lines (occurred_at, id);
CREATE INDEX provider_lines_by_wallet ON provider_lines (provider, wallet, occurred_at, id);
CREATE INDEX provider_lines_by_reference ON provider_lines (reference) WHERE reference IS NOT NULL;

CREATE TABLE provider_line_differences (
    line          BLOB NOT NULL,
    content       BLOB NOT NULL CHECK (length(content) = 32),
    gross_minor   INTEGER NOT NULL,
    fee_minor     INTEGER NOT NULL,
    net_minor     INTEGER NOT NULL,
    currency      TEXT NOT NULL,
    kind          TEXT NOT NULL,
    reference     BLOB,
    provider_ref  TEXT,
    occurred_at   TEXT NOT NULL,
    raw           BLOB NOT NULL CHECK (length(raw) = 32),
    fetched_at    TEXT NOT NULL,
    PRIMARY KEY (line, content)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER provider_lines_stay BEFORE UPDATE ON provider_lines
BEGIN SELECT RAISE(ABORT, 'a provider line is never changed'); END;
CREATE TRIGGER provider_lines_remain BEFORE DELETE ON provider_lines
BEGIN SELECT RAISE(ABORT, 'a provider line is never removed'); END;
CREATE TRIGGER provider_line_differences_stay BEFORE UPDATE ON provider_line_differences
BEGIN SELECT RAISE(ABORT, 'a provider line is never changed'); END;
CREATE TRIGGER provider_line_differences_remain BEFORE DELETE ON provider_line_differences
BEGIN SELECT RAISE(ABORT, 'a provider line is never removed'); END;

CREATE TABLE statement_reads (
    provider      TEXT NOT NULL,
    wallet        TEXT NOT NULL,
    first_day     TEXT NOT NULL CHECK (length(first_day) = 10),
    open_day      TEXT NOT NULL CHECK (length(open_day) = 10),
    reading_day   TEXT CHECK (length(reading_day) = 10),
    page_cursor   TEXT,
    begun_at      TEXT,
    round_at      TEXT,
    whole_at      TEXT,
    due_at        TEXT NOT NULL,
    lines         INTEGER NOT NULL,
    differences   INTEGER NOT NULL,
    net_minor     INTEGER NOT NULL,
    last_line_at  TEXT,
    failures      INTEGER NOT NULL,
    error         TEXT,
    updated_at    TEXT NOT NULL,
    PRIMARY KEY (provider, wallet),
    CHECK ((reading_day IS NULL) = (begun_at IS NULL)),
    CHECK (page_cursor IS NULL OR reading_day IS NOT NULL)
) STRICT, WITHOUT ROWID;

-- Movements that ended at rails without a list of their own, by when they changed: where their lines come from.
CREATE INDEX movements_unlisted ON movements (updated_at, reference)
    WHERE state IN ('succeeded', 'reversed', 'disputed', 'failed_later')
      AND rail NOT IN ('wave', 'orange_sonatel', 'sepa_transfer', 'sepa_debit', 'balance');
