-- What people said of movements that no provider answers for: done by hand, or unknown for too long.
--
-- Only the writer fills it, in the commit that the word leads to. A receipt's number confirms one movement of a wallet;
-- `words` are sealed with the key of the transfer's owner, for people write names. Nothing is ever changed.

CREATE TABLE evidence (
    id                 BLOB PRIMARY KEY,
    movement           BLOB NOT NULL,
    provider           TEXT NOT NULL,
    wallet             TEXT NOT NULL,
    outcome            TEXT NOT NULL CHECK (outcome IN ('succeeded', 'declined')),
    operator_reference TEXT,
    words              BLOB NOT NULL,
    made_by            BLOB NOT NULL,
    agreed_by          BLOB,
    at                 TEXT NOT NULL,
    CHECK (agreed_by IS NULL OR agreed_by <> made_by)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX evidence_receipts ON evidence (provider, wallet, operator_reference);
CREATE INDEX evidence_by_movement ON evidence (movement);

-- What waits for hands: a short list among all movements.
CREATE INDEX movements_by_hand ON movements (created_at, reference) WHERE rail = 'manual';
