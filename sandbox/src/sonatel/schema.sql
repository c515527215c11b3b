-- Orange Sonatel. Money is in whole francs, instants in microseconds since the epoch.

CREATE TABLE IF NOT EXISTS sonatel_tokens (
    token TEXT PRIMARY KEY,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS sonatel_token_calls (
    at INTEGER NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS sonatel_keys (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    key_id TEXT NOT NULL UNIQUE,
    pkcs8 BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT;

CREATE TABLE IF NOT EXISTS sonatel_wallets (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    pin TEXT NOT NULL,
    must_change_pin INTEGER NOT NULL,
    wrong_pins INTEGER NOT NULL DEFAULT 0,
    opening INTEGER NOT NULL,
    balance INTEGER NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS sonatel_people (
    msisdn TEXT PRIMARY KEY,
    balance INTEGER NOT NULL,
    wrong_pins INTEGER NOT NULL DEFAULT 0,
    behaviour TEXT
) STRICT;

CREATE TABLE IF NOT EXISTS sonatel_otps (
    msisdn TEXT NOT NULL,
    otp TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (msisdn, otp)
) STRICT;

CREATE TABLE IF NOT EXISTS sonatel_qrcodes (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    qr_id TEXT NOT NULL UNIQUE,
    code TEXT NOT NULL REFERENCES sonatel_wallets,
    name TEXT NOT NULL,
    amount INTEGER NOT NULL,
    reference TEXT,
    metadata TEXT NOT NULL,
    success_url TEXT,
    cancel_url TEXT,
    callback_url TEXT,
    is_single_use INTEGER NOT NULL,
    is_used INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS sonatel_qrcodes_by_reference ON sonatel_qrcodes (reference);

CREATE TABLE IF NOT EXISTS sonatel_transactions (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    transaction_id TEXT NOT NULL UNIQUE,
    request_id TEXT NOT NULL,
    type TEXT NOT NULL,
    method TEXT NOT NULL,
    channel TEXT NOT NULL,
    wallet TEXT NOT NULL REFERENCES sonatel_wallets,
    customer TEXT NOT NULL,
    amount INTEGER NOT NULL,
    reference TEXT,
    metadata TEXT NOT NULL,
    receive_notification INTEGER NOT NULL,
    callback_url TEXT,
    bulk_id TEXT,
    is_paid_for INTEGER NOT NULL DEFAULT 0,
    status TEXT NOT NULL,
    code TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    told_at INTEGER
) STRICT;
CREATE INDEX IF NOT EXISTS sonatel_transactions_by_reference ON sonatel_transactions (reference);
CREATE INDEX IF NOT EXISTS sonatel_transactions_by_bulk ON sonatel_transactions (bulk_id);

CREATE TABLE IF NOT EXISTS sonatel_agenda (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    target TEXT NOT NULL,
    status TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS sonatel_agenda_by_time ON sonatel_agenda (at, id);
CREATE INDEX IF NOT EXISTS sonatel_agenda_by_target ON sonatel_agenda (target);

CREATE TABLE IF NOT EXISTS sonatel_bulks (
    bulk_id TEXT PRIMARY KEY,
    callback_url TEXT,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS sonatel_callbacks (
    code TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    url TEXT NOT NULL,
    api_key TEXT NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS sonatel_operations (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    wallet TEXT NOT NULL,
    reference TEXT,
    amount INTEGER NOT NULL,
    effect INTEGER NOT NULL,
    party TEXT,
    status TEXT NOT NULL,
    code TEXT,
    at INTEGER NOT NULL
) STRICT;
