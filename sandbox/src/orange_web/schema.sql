-- Orange Web Payment. Money is in minor units, instants in microseconds since the epoch. A
-- merchant's `settings` are its portal as JSON; `opening` is what a reset returns it to.

CREATE TABLE IF NOT EXISTS orange_tokens (
    token TEXT PRIMARY KEY,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS orange_merchants (
    merchant TEXT PRIMARY KEY,
    merchant_key TEXT NOT NULL UNIQUE,
    country TEXT NOT NULL,
    opening INTEGER NOT NULL,
    balance INTEGER NOT NULL,
    settings TEXT NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS orange_payments (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    merchant TEXT NOT NULL REFERENCES orange_merchants,
    country TEXT NOT NULL,
    order_id TEXT NOT NULL,
    pay_token TEXT NOT NULL UNIQUE,
    notif_token TEXT NOT NULL UNIQUE,
    amount INTEGER NOT NULL,
    currency TEXT NOT NULL,
    reference TEXT NOT NULL,
    lang TEXT NOT NULL,
    return_url TEXT NOT NULL,
    cancel_url TEXT NOT NULL,
    notif_url TEXT NOT NULL,
    status TEXT NOT NULL,
    txnid TEXT,
    payer TEXT,
    paid INTEGER,
    failure TEXT,
    wrong_otps INTEGER NOT NULL DEFAULT 0,
    notify TEXT NOT NULL DEFAULT 'after',
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    settles_at INTEGER,
    UNIQUE (merchant, order_id)
) STRICT;
CREATE INDEX IF NOT EXISTS orange_payments_by_order ON orange_payments (order_id);
CREATE INDEX IF NOT EXISTS orange_payments_by_txnid ON orange_payments (txnid);
CREATE INDEX IF NOT EXISTS orange_payments_by_payer ON orange_payments (payer);
CREATE INDEX IF NOT EXISTS orange_payments_open ON orange_payments (expires_at) WHERE status = 'INITIATED';
CREATE INDEX IF NOT EXISTS orange_payments_running ON orange_payments (settles_at) WHERE status = 'PENDING';

CREATE TABLE IF NOT EXISTS orange_operations (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL,
    merchant TEXT NOT NULL,
    kind TEXT NOT NULL,
    reference TEXT,
    amount INTEGER NOT NULL,
    fee INTEGER NOT NULL,
    effect INTEGER NOT NULL,
    currency TEXT NOT NULL,
    party TEXT,
    status TEXT NOT NULL,
    code TEXT,
    transaction_id TEXT,
    at INTEGER NOT NULL
) STRICT;
