-- What people say of our own money, besides what is sent: a float filled from our bank, and what was there before.
--
-- Such a movement has happened when it is written, so it holds nothing. SQLite cannot change a check, so the table is
-- made anew with the same columns and index.

CREATE TABLE treasury_movements_new (
    reference     BLOB PRIMARY KEY,
    kind          TEXT NOT NULL CHECK (kind IN ('sweep', 'top_up', 'opening', 'opening_bank')),
    provider      TEXT NOT NULL,
    wallet        TEXT NOT NULL,
    bank          TEXT NOT NULL,
    state         TEXT NOT NULL,
    amount_minor  INTEGER NOT NULL CHECK (amount_minor > 0),
    currency      TEXT NOT NULL,
    provider_ref  TEXT,
    hold          BLOB,
    code          TEXT,
    asked         INTEGER NOT NULL,
    not_found     INTEGER NOT NULL,
    approval_id   BLOB NOT NULL UNIQUE,
    submitted_at  TEXT,
    succeeded_at  TEXT,
    version       INTEGER NOT NULL,
    created_at    TEXT NOT NULL,
    updated_at    TEXT NOT NULL,
    CHECK ((kind = 'sweep') = (hold IS NOT NULL))
) STRICT, WITHOUT ROWID;
INSERT INTO treasury_movements_new SELECT * FROM treasury_movements;
DROP TABLE treasury_movements;
ALTER TABLE treasury_movements_new RENAME TO treasury_movements;
CREATE INDEX treasury_by_creation ON treasury_movements (created_at, reference);
