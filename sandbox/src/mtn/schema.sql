-- The books of the simulated MTN MoMo, in the units of `../schema.sql`. A wallet is one per target
-- environment, so collection, disbursement and remittance see the same money.

CREATE TABLE IF NOT EXISTS mtn_environments (
    environment TEXT PRIMARY KEY,
    opening INTEGER NOT NULL,
    balance INTEGER NOT NULL,
    settings TEXT NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS mtn_subscriptions (
    subscription_key TEXT PRIMARY KEY,
    product TEXT NOT NULL,
    environment TEXT NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS mtn_users (
    user_id TEXT PRIMARY KEY,
    settings TEXT NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS mtn_tokens (
    token TEXT PRIMARY KEY,
    product TEXT NOT NULL,
    user_id TEXT NOT NULL,
    consent TEXT,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS mtn_movements (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    reference TEXT NOT NULL,
    environment TEXT NOT NULL,
    kind TEXT NOT NULL,
    user_id TEXT NOT NULL,
    external_id TEXT,
    amount INTEGER NOT NULL,
    currency TEXT NOT NULL,
    party_type TEXT,
    party TEXT,
    said TEXT NOT NULL,
    refunds TEXT,
    status TEXT NOT NULL,
    reason TEXT,
    transaction_id TEXT,
    callback_url TEXT,
    verb TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    visible_at INTEGER NOT NULL,
    UNIQUE (environment, reference)
) STRICT;
CREATE INDEX IF NOT EXISTS mtn_movements_by_external_id ON mtn_movements (external_id);
CREATE INDEX IF NOT EXISTS mtn_movements_by_refund ON mtn_movements (refunds) WHERE refunds IS NOT NULL;
CREATE INDEX IF NOT EXISTS mtn_movements_by_party ON mtn_movements (party, kind);

CREATE TABLE IF NOT EXISTS mtn_agenda (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    movement INTEGER NOT NULL,
    step TEXT NOT NULL,
    reason TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS mtn_agenda_by_time ON mtn_agenda (at, id);

CREATE TABLE IF NOT EXISTS mtn_operations (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL,
    environment TEXT NOT NULL,
    operation TEXT NOT NULL,
    kind TEXT,
    reference TEXT,
    amount INTEGER NOT NULL,
    effect INTEGER NOT NULL,
    currency TEXT NOT NULL,
    party TEXT,
    status TEXT NOT NULL,
    reason TEXT,
    transaction_id TEXT,
    at INTEGER NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS mtn_people (
    msisdn TEXT PRIMARY KEY,
    behaviour TEXT NOT NULL,
    name TEXT
) STRICT;

CREATE TABLE IF NOT EXISTS mtn_consents (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    msisdn TEXT NOT NULL,
    scope TEXT NOT NULL,
    is_offline INTEGER NOT NULL,
    answer TEXT NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
