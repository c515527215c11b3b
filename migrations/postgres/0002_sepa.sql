-- What money in a bank needs: when a collection became spendable and what a dispute cost; the customers that a
-- provider keeps for our users (an IBAN of theirs belongs to one for ever); the mandates that users gave.

ALTER TABLE movements ADD COLUMN available_at TIMESTAMPTZ;
ALTER TABLE movements ADD COLUMN dispute_fee_minor BIGINT;

CREATE TABLE provider_customers (
    provider      TEXT NOT NULL,
    wallet        TEXT NOT NULL,
    user_id       UUID NOT NULL,
    customer_ref  TEXT NOT NULL,
    created_at    TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (provider, wallet, user_id)
);

-- `details` (last four, country, bank) is sealed with the user's key. A mandate is used while it is active.
CREATE TABLE mandates (
    id              UUID PRIMARY KEY,
    user_id         UUID NOT NULL,
    provider        TEXT NOT NULL,
    wallet          TEXT NOT NULL,
    mandate_ref     TEXT NOT NULL,
    payment_method  TEXT NOT NULL,
    details         BYTEA NOT NULL,
    state           TEXT NOT NULL CHECK (state IN ('active', 'revoked', 'ended')),
    created_at      TIMESTAMPTZ NOT NULL,
    ended_at        TIMESTAMPTZ
);
CREATE UNIQUE INDEX mandates_by_ref ON mandates (provider, wallet, mandate_ref);
CREATE INDEX mandates_by_user ON mandates (user_id, created_at);
