-- Our own money between floats and our bank: each row is one movement that two people agreed to.
--
-- Only the writer fills it, with the ledger in one transaction: a row's hold is open exactly while its state is not
-- final. `reference` is what the provider knows it by. A change is conditional on `version`.

CREATE TABLE treasury_movements (
    reference     BLOB PRIMARY KEY,
    kind          TEXT NOT NULL CHECK (kind IN ('sweep')),
    provider      TEXT NOT NULL,
    wallet        TEXT NOT NULL,
    bank          TEXT NOT NULL,
    state         TEXT NOT NULL,
    amount_minor  INTEGER NOT NULL CHECK (amount_minor > 0),
    currency      TEXT NOT NULL,
    provider_ref  TEXT,
    hold          BLOB NOT NULL,
    code          TEXT,
    asked         INTEGER NOT NULL,
    not_found     INTEGER NOT NULL,
    approval_id   BLOB NOT NULL UNIQUE,
    submitted_at  TEXT,
    succeeded_at  TEXT,
    version       INTEGER NOT NULL,
    created_at    TEXT NOT NULL,
    updated_at    TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX treasury_by_creation ON treasury_movements (created_at, reference);
