-- The book from its first day: people (encrypted), the ledger, transfers and their movements, the promises
-- we owe (outbox), the callbacks we took (inbox), stored answers, jobs and the audit trail.
--
-- Hot tables carry no foreign keys (they cost about 40 % of a batched insert): the writer proves references
-- itself and `moneybridge verify` proves them again. What is appended by the writer is keyed by
-- (batch_id, ord), so the hot path has no random-order index; the sealer builds what lists need.

CREATE TABLE book (
    id          INTEGER PRIMARY KEY CHECK (id = 1),
    book_id     BLOB NOT NULL,
    mode        TEXT NOT NULL CHECK (mode IN ('sandbox', 'live')),
    key_check   BLOB NOT NULL,
    created_at  TEXT NOT NULL
) STRICT;

-- ── people ──────────────────────────────────────────────────────────────────────────────────────────────
-- One key per person, wrapped by the book's key: destroying it erases everything said of them.
CREATE TABLE persons (
    id           BLOB PRIMARY KEY,
    wrapped_key  BLOB,
    created_at   TEXT NOT NULL,
    erased_at    TEXT
) STRICT;

CREATE TABLE users (
    id             BLOB PRIMARY KEY,
    phone_index    BLOB NOT NULL UNIQUE,
    phone          BLOB NOT NULL,
    name           BLOB,
    language       TEXT NOT NULL CHECK (language IN ('fr', 'en')),
    roles          TEXT NOT NULL,
    kyc_tier       INTEGER NOT NULL,
    status         TEXT NOT NULL CHECK (status IN ('active', 'frozen')),
    totp_secret    BLOB,
    totp_last_step INTEGER NOT NULL,
    version        INTEGER NOT NULL,
    created_at     TEXT NOT NULL,
    updated_at     TEXT NOT NULL
) STRICT;
CREATE INDEX users_by_creation ON users (created_at, id);

CREATE TABLE otp_challenges (
    id           BLOB PRIMARY KEY,
    purpose      TEXT NOT NULL CHECK (purpose IN ('sign_in', 'second_factor')),
    phone_index  BLOB NOT NULL,
    phone        BLOB NOT NULL,
    user_id      BLOB,
    device_id    TEXT,
    code_hash    BLOB,
    attempts     INTEGER NOT NULL,
    consumed_at  TEXT,
    expires_at   TEXT NOT NULL,
    created_at   TEXT NOT NULL
) STRICT;
CREATE INDEX otp_challenges_by_phone ON otp_challenges (phone_index, created_at);
CREATE INDEX otp_challenges_by_expiry ON otp_challenges (expires_at);

-- A session is a refresh-token family; revoking it ends every token of it at once.
CREATE TABLE sessions (
    id                BLOB PRIMARY KEY,
    user_id           BLOB NOT NULL,
    device_id         TEXT,
    user_agent        TEXT,
    second_factor_at  TEXT,
    created_at        TEXT NOT NULL,
    last_used_at      TEXT NOT NULL,
    expires_at        TEXT NOT NULL,
    revoked_at        TEXT,
    revoked_reason    TEXT
) STRICT;
CREATE INDEX sessions_by_user ON sessions (user_id, created_at);

CREATE TABLE refresh_tokens (
    token_hash  BLOB PRIMARY KEY,
    session_id  BLOB NOT NULL,
    issued_at   TEXT NOT NULL,
    expires_at  TEXT NOT NULL,
    rotated_at  TEXT
) STRICT;
CREATE INDEX refresh_tokens_by_session ON refresh_tokens (session_id);

-- Durable counters: SMS per number, prefix and day; the scope is a blind index or a prefix, never a number.
CREATE TABLE budgets (
    scope         TEXT NOT NULL,
    window_start  TEXT NOT NULL,
    used          INTEGER NOT NULL,
    PRIMARY KEY (scope, window_start)
) STRICT, WITHOUT ROWID;

-- ── ledger ──────────────────────────────────────────────────────────────────────────────────────────────
CREATE TABLE accounts (
    id         BLOB PRIMARY KEY,
    name       TEXT NOT NULL,
    kind       TEXT NOT NULL CHECK (kind IN ('asset', 'expense', 'position', 'liability', 'revenue', 'equity')),
    currency   TEXT NOT NULL,
    balance    INTEGER NOT NULL,
    held       INTEGER NOT NULL CHECK (held >= 0),
    version    INTEGER NOT NULL,
    opened_at  TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX accounts_by_name ON accounts (name);

-- One row per commit of the writer (or of another audited change); `block` is set once, by the sealer.
CREATE TABLE batches (
    id            BLOB PRIMARY KEY,
    entry_count   INTEGER NOT NULL,
    audit_count   INTEGER NOT NULL,
    committed_at  TEXT NOT NULL,
    block         INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX batches_unsealed ON batches (committed_at, id) WHERE block IS NULL;
CREATE INDEX batches_by_block ON batches (block) WHERE block IS NOT NULL;

CREATE TABLE entries (
    batch_id  BLOB NOT NULL,
    ord       INTEGER NOT NULL,
    id        BLOB NOT NULL,
    kind      TEXT NOT NULL,
    nature    TEXT NOT NULL CHECK (nature IN ('intent', 'fact')),
    business  TEXT NOT NULL,
    movement  BLOB,
    at        TEXT NOT NULL,
    PRIMARY KEY (batch_id, ord)
) STRICT, WITHOUT ROWID;

CREATE TABLE postings (
    batch_id        BLOB NOT NULL,
    ord             INTEGER NOT NULL,
    entry_ord       INTEGER NOT NULL,
    debit_account   BLOB NOT NULL,
    credit_account  BLOB NOT NULL,
    amount_minor    INTEGER NOT NULL CHECK (amount_minor > 0),
    currency        TEXT NOT NULL,
    PRIMARY KEY (batch_id, ord)
) STRICT, WITHOUT ROWID;

CREATE TABLE holds (
    id             BLOB PRIMARY KEY,
    account_id     BLOB NOT NULL,
    account        TEXT NOT NULL,
    amount_minor   INTEGER NOT NULL CHECK (amount_minor > 0),
    settled_minor  INTEGER NOT NULL,
    currency       TEXT NOT NULL,
    state          TEXT NOT NULL CHECK (state IN ('open', 'settled', 'voided', 'expired')),
    business       TEXT NOT NULL,
    created_at     TEXT NOT NULL,
    resolved_at    TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX holds_open ON holds (account_id) WHERE state = 'open';

-- Written by the sealer alone.
CREATE TABLE blocks (
    number       INTEGER PRIMARY KEY,
    first_entry  INTEGER NOT NULL,
    last_entry   INTEGER NOT NULL,
    first_audit  INTEGER NOT NULL,
    last_audit   INTEGER NOT NULL,
    previous     BLOB NOT NULL,
    hash         BLOB NOT NULL,
    sealed_at    TEXT NOT NULL
) STRICT;

CREATE TABLE sealed_entries (
    number    INTEGER PRIMARY KEY,
    entry_id  BLOB NOT NULL UNIQUE,
    batch_id  BLOB NOT NULL,
    ord       INTEGER NOT NULL,
    business  TEXT NOT NULL
) STRICT;
CREATE INDEX sealed_entries_by_business ON sealed_entries (business, number);

-- An account's statement: one row per entry that touched it, signed by the account's kind.
CREATE TABLE account_lines (
    account_id     BLOB NOT NULL,
    number         INTEGER NOT NULL,
    delta_minor    INTEGER NOT NULL,
    balance_minor  INTEGER NOT NULL,
    at             TEXT NOT NULL,
    PRIMARY KEY (account_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE sealed_audit (
    number    INTEGER PRIMARY KEY,
    batch_id  BLOB NOT NULL,
    ord       INTEGER NOT NULL
) STRICT;

CREATE TABLE audit (
    batch_id  BLOB NOT NULL,
    ord       INTEGER NOT NULL,
    id        BLOB NOT NULL,
    at        TEXT NOT NULL,
    actor     TEXT NOT NULL,
    action    TEXT NOT NULL,
    object    TEXT NOT NULL,
    detail    TEXT NOT NULL,
    PRIMARY KEY (batch_id, ord)
) STRICT, WITHOUT ROWID;

-- ── transfers ───────────────────────────────────────────────────────────────────────────────────────────
CREATE TABLE quotes (
    id                   BLOB PRIMARY KEY,
    owner_id             BLOB NOT NULL,
    side                 TEXT NOT NULL,
    from_country         TEXT NOT NULL,
    to_country           TEXT NOT NULL,
    funding_rail         TEXT NOT NULL,
    payout_rail          TEXT NOT NULL,
    send_minor           INTEGER NOT NULL,
    send_currency        TEXT NOT NULL,
    receive_minor        INTEGER NOT NULL,
    receive_currency     TEXT NOT NULL,
    fee_minor            INTEGER NOT NULL,
    total_minor          INTEGER NOT NULL,
    rate                 TEXT NOT NULL,
    inverse              TEXT NOT NULL,
    margin_minor         INTEGER NOT NULL,
    margin_currency      TEXT NOT NULL,
    terms_digest         BLOB NOT NULL,
    delivery_estimate_s  INTEGER NOT NULL,
    expires_at           TEXT NOT NULL,
    funding_deadline     TEXT NOT NULL,
    created_at           TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX quotes_by_owner ON quotes (owner_id, created_at);

-- UNIQUE (quote_id) is what makes a quote serve exactly one transfer.
CREATE TABLE transfers (
    id                BLOB PRIMARY KEY,
    quote_id          BLOB NOT NULL UNIQUE,
    owner_id          BLOB NOT NULL,
    status            TEXT NOT NULL,
    funding_rail      TEXT NOT NULL,
    payout_rail       TEXT NOT NULL,
    from_country      TEXT NOT NULL,
    to_country        TEXT NOT NULL,
    send_minor        INTEGER NOT NULL,
    send_currency     TEXT NOT NULL,
    receive_minor     INTEGER NOT NULL,
    receive_currency  TEXT NOT NULL,
    fee_minor         INTEGER NOT NULL,
    total_minor       INTEGER NOT NULL,
    refunded_minor    INTEGER NOT NULL,
    rate              TEXT NOT NULL,
    inverse           TEXT NOT NULL,
    margin_minor      INTEGER NOT NULL,
    margin_currency   TEXT NOT NULL,
    payee_account     TEXT,
    reference         TEXT,
    people            BLOB NOT NULL,
    next_action       BLOB,
    funding_deadline  TEXT NOT NULL,
    version           INTEGER NOT NULL,
    created_at        TEXT NOT NULL,
    updated_at        TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX transfers_by_owner ON transfers (owner_id, created_at, id);
CREATE INDEX transfers_by_reference ON transfers (owner_id, reference) WHERE reference IS NOT NULL;
CREATE INDEX transfers_open ON transfers (status, created_at, id)
    WHERE status NOT IN ('completed', 'expired', 'cancelled', 'collection_failed', 'refunded');

CREATE TABLE movements (
    reference       BLOB PRIMARY KEY,
    transfer_id     BLOB NOT NULL,
    kind            TEXT NOT NULL CHECK (kind IN ('collection', 'disbursement', 'refund', 'reversal', 'treasury')),
    rail            TEXT NOT NULL,
    wallet          TEXT NOT NULL,
    state           TEXT NOT NULL,
    amount_minor    INTEGER NOT NULL,
    currency        TEXT NOT NULL,
    fee_minor       INTEGER,
    provider_ref    TEXT,
    transaction_ref TEXT,
    original        BLOB,
    source          TEXT NOT NULL,
    value_hold      BLOB,
    float_hold      BLOB,
    code            TEXT,
    asked           INTEGER NOT NULL,
    not_found       INTEGER NOT NULL,
    submitted_at    TEXT,
    version         INTEGER NOT NULL,
    created_at      TEXT NOT NULL,
    updated_at      TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX movements_by_transfer ON movements (transfer_id, created_at);
CREATE INDEX movements_by_provider_ref ON movements (provider_ref) WHERE provider_ref IS NOT NULL;
CREATE INDEX movements_uncertain ON movements (updated_at, reference) WHERE state = 'uncertain';

CREATE TABLE timeline (
    transfer_id  BLOB NOT NULL,
    version      INTEGER NOT NULL,
    ord          INTEGER NOT NULL,
    at           TEXT NOT NULL,
    event        TEXT NOT NULL,
    staff_only   INTEGER NOT NULL CHECK (staff_only IN (0, 1)),
    movement     BLOB,
    kind         TEXT,
    state        TEXT,
    detail       TEXT NOT NULL,
    PRIMARY KEY (transfer_id, version, ord)
) STRICT, WITHOUT ROWID;

-- ── between systems ─────────────────────────────────────────────────────────────────────────────────────
-- `attempts` is the fencing token of a lease: whoever finishes a promise must name the attempt it claimed.
CREATE TABLE outbox (
    id            BLOB PRIMARY KEY,
    kind          TEXT NOT NULL,
    subject       BLOB NOT NULL,
    lane          TEXT NOT NULL,
    payload       BLOB,
    due_at        TEXT NOT NULL,
    attempts      INTEGER NOT NULL,
    leased_until  TEXT,
    done_at       TEXT,
    last_error    TEXT,
    created_at    TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX outbox_due ON outbox (lane, due_at, id) WHERE done_at IS NULL;
CREATE INDEX outbox_by_subject ON outbox (subject) WHERE done_at IS NULL;

CREATE TABLE inbox (
    id            BLOB PRIMARY KEY,
    provider      TEXT NOT NULL,
    wallet        TEXT NOT NULL,
    event_key     TEXT NOT NULL,
    proven        INTEGER NOT NULL CHECK (proven IN (0, 1)),
    body          BLOB NOT NULL,
    received_at   TEXT NOT NULL,
    due_at        TEXT NOT NULL,
    attempts      INTEGER NOT NULL,
    leased_until  TEXT,
    applied_at    TEXT,
    outcome       TEXT,
    last_error    TEXT,
    UNIQUE (provider, event_key)
) STRICT;
CREATE INDEX inbox_due ON inbox (due_at, id) WHERE applied_at IS NULL;
CREATE INDEX inbox_by_arrival ON inbox (received_at, id);

-- All claims of all gateways go into one bucket at a time, named by this row and not by anyone's clock.
CREATE TABLE idempotency_rotation (
    id          INTEGER PRIMARY KEY CHECK (id = 1),
    bucket      INTEGER NOT NULL,
    rotated_at  TEXT NOT NULL
) STRICT;
CREATE TABLE idempotency_buckets (
    bucket     INTEGER PRIMARY KEY,
    opened_at  TEXT NOT NULL
) STRICT;
CREATE TABLE idempotency (
    bucket       INTEGER NOT NULL,
    claim        BLOB NOT NULL,
    fingerprint  BLOB NOT NULL,
    status       INTEGER NOT NULL,
    location     TEXT,
    body         BLOB NOT NULL,
    created_at   TEXT NOT NULL,
    PRIMARY KEY (bucket, claim)
) STRICT, WITHOUT ROWID;

CREATE TABLE jobs (
    name          TEXT PRIMARY KEY,
    token         INTEGER NOT NULL,
    holder        TEXT,
    leased_until  TEXT,
    last_run_at   TEXT,
    next_run_at   TEXT,
    last_outcome  TEXT
) STRICT;
