-- The simulators' books. Money is in minor units, instants in microseconds since the epoch,
-- lists are JSON texts. `seq` columns give the order in which things happened.

-- Callbacks of every provider. `account` is whose order counts; a delivery has a `webhook`, which is
-- looked up at each attempt, or a `url` of its own.

CREATE TABLE IF NOT EXISTS deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    provider TEXT NOT NULL,
    account TEXT,
    event_id TEXT NOT NULL,
    event_type TEXT NOT NULL,
    webhook TEXT,
    url TEXT,
    method TEXT NOT NULL,
    headers TEXT NOT NULL,
    body TEXT NOT NULL,
    proof TEXT NOT NULL,
    is_genuine INTEGER NOT NULL,
    waits_for_next INTEGER NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    born_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    CHECK ((webhook IS NULL) <> (url IS NULL))
) STRICT;
CREATE INDEX IF NOT EXISTS deliveries_pending ON deliveries (due_at) WHERE state = 'pending';

CREATE TABLE IF NOT EXISTS attempts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    delivery INTEGER NOT NULL REFERENCES deliveries,
    url TEXT NOT NULL,
    status INTEGER,
    error TEXT,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS attempts_by_delivery ON attempts (delivery);

CREATE TABLE IF NOT EXISTS wallets (
    wallet TEXT PRIMARY KEY,
    country TEXT NOT NULL,
    currency TEXT NOT NULL,
    business_name TEXT NOT NULL,
    opening INTEGER NOT NULL,
    balance INTEGER NOT NULL,
    disabled INTEGER NOT NULL,
    apis TEXT NOT NULL,
    aggregated_merchants TEXT NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS api_keys (
    api_key TEXT PRIMARY KEY,
    wallet TEXT NOT NULL REFERENCES wallets,
    scopes TEXT NOT NULL,
    revoked INTEGER NOT NULL,
    allowed_ips TEXT NOT NULL,
    signing_secret TEXT
) STRICT;

CREATE TABLE IF NOT EXISTS webhooks (
    wallet TEXT NOT NULL REFERENCES wallets,
    name TEXT NOT NULL,
    url TEXT NOT NULL,
    strategy TEXT NOT NULL,
    secrets TEXT NOT NULL,
    events TEXT NOT NULL,
    PRIMARY KEY (wallet, name)
) STRICT;

-- Wave's aggregated merchants: `by_portal` when the portal lists them, else made by the API.
CREATE TABLE IF NOT EXISTS merchants (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL,
    wallet TEXT NOT NULL REFERENCES wallets,
    name TEXT NOT NULL,
    business_type TEXT NOT NULL,
    business_description TEXT NOT NULL,
    business_sector TEXT,
    business_registration_identifier TEXT,
    website_url TEXT,
    manager_name TEXT,
    checkout_fee TEXT,
    payout_fee TEXT,
    is_locked INTEGER NOT NULL,
    by_portal INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    deleted_at INTEGER,
    UNIQUE (wallet, id)
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS merchants_by_name ON merchants (wallet, name) WHERE deleted_at IS NULL;

CREATE TABLE IF NOT EXISTS sessions (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    wallet TEXT NOT NULL REFERENCES wallets,
    amount INTEGER NOT NULL,
    fee INTEGER NOT NULL DEFAULT 0,
    currency TEXT NOT NULL,
    client_reference TEXT,
    aggregated_merchant_id TEXT,
    restrict_payer_mobile TEXT,
    success_url TEXT NOT NULL,
    error_url TEXT NOT NULL,
    checkout_status TEXT NOT NULL,
    payment_status TEXT NOT NULL,
    transaction_id TEXT UNIQUE,
    payer_mobile TEXT,
    error_code TEXT,
    error_message TEXT,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    completed_at INTEGER,
    refunded_at INTEGER
) STRICT;
CREATE INDEX IF NOT EXISTS sessions_by_reference ON sessions (client_reference, wallet);
CREATE INDEX IF NOT EXISTS sessions_open ON sessions (expires_at) WHERE checkout_status = 'open';

CREATE TABLE IF NOT EXISTS payouts (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    wallet TEXT NOT NULL REFERENCES wallets,
    batch_id TEXT,
    currency TEXT NOT NULL,
    amount INTEGER NOT NULL,
    fee INTEGER NOT NULL,
    mobile TEXT NOT NULL,
    name TEXT,
    client_reference TEXT,
    payment_reason TEXT,
    aggregated_merchant_id TEXT,
    status TEXT NOT NULL,
    error_code TEXT,
    error_message TEXT,
    transaction_id TEXT,
    submitted_at INTEGER NOT NULL,
    settles_at INTEGER,
    reversed_at INTEGER
) STRICT;
CREATE INDEX IF NOT EXISTS payouts_by_reference ON payouts (client_reference, wallet);
CREATE INDEX IF NOT EXISTS payouts_by_batch ON payouts (batch_id);
CREATE INDEX IF NOT EXISTS payouts_open ON payouts (settles_at) WHERE status = 'processing';

CREATE TABLE IF NOT EXISTS batches (
    id TEXT PRIMARY KEY,
    wallet TEXT NOT NULL REFERENCES wallets,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS lines (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    wallet TEXT NOT NULL REFERENCES wallets,
    at INTEGER NOT NULL,
    transaction_id TEXT NOT NULL,
    transaction_type TEXT NOT NULL,
    amount INTEGER NOT NULL,
    fee INTEGER NOT NULL,
    balance INTEGER NOT NULL,
    currency TEXT NOT NULL,
    is_reversal INTEGER NOT NULL,
    reverses TEXT UNIQUE,
    extra TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS lines_by_day ON lines (wallet, at, seq);
CREATE INDEX IF NOT EXISTS lines_by_transaction ON lines (transaction_id);

CREATE TABLE IF NOT EXISTS operations (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL,
    wallet TEXT NOT NULL,
    kind TEXT NOT NULL,
    reference TEXT,
    amount INTEGER NOT NULL,
    fee INTEGER NOT NULL,
    effect INTEGER NOT NULL,
    currency TEXT NOT NULL,
    party TEXT,
    status TEXT NOT NULL,
    transaction_id TEXT,
    at INTEGER NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS idempotency (
    wallet TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    route TEXT NOT NULL,
    request TEXT NOT NULL,
    status INTEGER NOT NULL,
    answer BLOB NOT NULL,
    PRIMARY KEY (wallet, idempotency_key)
) STRICT;

CREATE TABLE IF NOT EXISTS recipients (
    mobile TEXT PRIMARY KEY,
    behaviour TEXT NOT NULL,
    name TEXT
) STRICT;

CREATE TABLE IF NOT EXISTS recipient_checks (
    mobile TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS recipient_checks_by_mobile ON recipient_checks (mobile, at);

CREATE TABLE IF NOT EXISTS recipient_blocks (
    mobile TEXT PRIMARY KEY,
    until INTEGER NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS sms_messages (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL,
    recipient TEXT NOT NULL,
    sender TEXT NOT NULL,
    body TEXT NOT NULL,
    sent_at INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS sms_messages_by_recipient ON sms_messages (recipient, seq);

CREATE TABLE IF NOT EXISTS sms_bundle (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    credits INTEGER
) STRICT;

-- Stripe. An object is kept as the JSON that the API shows; members that begin with `_` are the
-- simulator's own and never shown. Instants inside an object are seconds, as everywhere at Stripe.

CREATE TABLE IF NOT EXISTS stripe_account (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    opening INTEGER NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS stripe_objects (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    object TEXT NOT NULL,
    created INTEGER NOT NULL,
    data TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS stripe_objects_by_kind ON stripe_objects (object, seq);
CREATE INDEX IF NOT EXISTS stripe_objects_by_customer
    ON stripe_objects (object, json_extract(data, '$.customer'));
CREATE INDEX IF NOT EXISTS stripe_objects_by_source ON stripe_objects (object, json_extract(data, '$.source'));
CREATE INDEX IF NOT EXISTS stripe_objects_by_intent
    ON stripe_objects (object, json_extract(data, '$.payment_intent'));
CREATE INDEX IF NOT EXISTS stripe_objects_by_reference
    ON stripe_objects (json_extract(data, '$.metadata.movement_reference'));

CREATE TABLE IF NOT EXISTS stripe_agenda (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    what TEXT NOT NULL,
    target TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS stripe_agenda_by_time ON stripe_agenda (at, id);
CREATE INDEX IF NOT EXISTS stripe_agenda_by_target ON stripe_agenda (target);

CREATE TABLE IF NOT EXISTS stripe_clock_agenda (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    clock TEXT NOT NULL,
    at INTEGER NOT NULL,
    what TEXT NOT NULL,
    target TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS stripe_clock_agenda_by_time ON stripe_clock_agenda (clock, at, id);
CREATE INDEX IF NOT EXISTS stripe_clock_agenda_by_target ON stripe_clock_agenda (target);

CREATE TABLE IF NOT EXISTS stripe_operations (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    reference TEXT,
    amount INTEGER NOT NULL,
    fee INTEGER NOT NULL,
    effect INTEGER NOT NULL,
    party TEXT,
    status TEXT NOT NULL,
    transaction_id TEXT,
    at INTEGER NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS stripe_idempotency (
    idempotency_key TEXT PRIMARY KEY,
    route TEXT NOT NULL,
    params TEXT NOT NULL,
    status INTEGER NOT NULL,
    answer BLOB NOT NULL,
    at INTEGER NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS stripe_webhooks (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    url TEXT NOT NULL,
    secrets TEXT NOT NULL,
    events TEXT NOT NULL,
    api_version TEXT,
    is_enabled INTEGER NOT NULL,
    description TEXT,
    metadata TEXT NOT NULL,
    created INTEGER NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS rate_sheet (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    document TEXT NOT NULL
) STRICT;
