-- The book from its first day: people (encrypted), the ledger, transfers and their movements, the promises
-- we owe (outbox), the callbacks we took (inbox), stored answers, jobs and the audit trail.
--
-- Hot tables carry no foreign keys (they cost about 40 % of a batched insert): the writer proves references
-- itself and `moneybridge verify` proves them again. What is appended by the writer is keyed by
-- (batch_id, ord), so the hot path has no random-order index; the sealer builds what lists need.

CREATE TABLE book (
    id          BIGINT PRIMARY KEY CHECK (id = 1),
    book_id     UUID NOT NULL,
    mode        TEXT NOT NULL CHECK (mode IN ('sandbox', 'live')),
    key_check   BYTEA NOT NULL,
    created_at  TIMESTAMPTZ NOT NULL
);

-- ── people ──────────────────────────────────────────────────────────────────────────────────────────────
-- One key per person, wrapped by the book's key: destroying it erases everything said of them.
CREATE TABLE persons (
    id           UUID PRIMARY KEY,
    wrapped_key  BYTEA,
    created_at   TIMESTAMPTZ NOT NULL,
    erased_at    TIMESTAMPTZ
);

CREATE TABLE users (
    id             UUID PRIMARY KEY,
    phone_index    BYTEA NOT NULL UNIQUE,
    phone          BYTEA NOT NULL,
    name           BYTEA,
    language       TEXT NOT NULL CHECK (language IN ('fr', 'en')),
    roles          TEXT NOT NULL,
    kyc_tier       BIGINT NOT NULL,
    status         TEXT NOT NULL CHECK (status IN ('active', 'frozen')),
    totp_secret    BYTEA,
    totp_last_step BIGINT NOT NULL,
    version        BIGINT NOT NULL,
    created_at     TIMESTAMPTZ NOT NULL,
    updated_at     TIMESTAMPTZ NOT NULL
);
CREATE INDEX users_by_creation ON users (created_at, id);

CREATE TABLE otp_challenges (
    id           UUID PRIMARY KEY,
    purpose      TEXT NOT NULL CHECK (purpose IN ('sign_in', 'second_factor')),
    phone_index  BYTEA NOT NULL,
    phone        BYTEA NOT NULL,
    user_id      UUID,
    device_id    TEXT,
    code_hash    BYTEA,
    attempts     BIGINT NOT NULL,
    consumed_at  TIMESTAMPTZ,
    expires_at   TIMESTAMPTZ NOT NULL,
    created_at   TIMESTAMPTZ NOT NULL
);
CREATE INDEX otp_challenges_by_phone ON otp_challenges (phone_index, created_at);
CREATE INDEX otp_challenges_by_expiry ON otp_challenges (expires_at);

-- A session is a refresh-token family; revoking it ends every token of it at once.
CREATE TABLE sessions (
    id                UUID PRIMARY KEY,
    user_id           UUID NOT NULL,
    device_id         TEXT,
    user_agent        TEXT,
    second_factor_at  TIMESTAMPTZ,
    created_at        TIMESTAMPTZ NOT NULL,
    last_used_at      TIMESTAMPTZ NOT NULL,
    expires_at        TIMESTAMPTZ NOT NULL,
    revoked_at        TIMESTAMPTZ,
    revoked_reason    TEXT
);
CREATE INDEX sessions_by_user ON sessions (user_id, created_at);

CREATE TABLE refresh_tokens (
    token_hash  BYTEA PRIMARY KEY,
    session_id  UUID NOT NULL,
    issued_at   TIMESTAMPTZ NOT NULL,
    expires_at  TIMESTAMPTZ NOT NULL,
    rotated_at  TIMESTAMPTZ
);
CREATE INDEX refresh_tokens_by_session ON refresh_tokens (session_id);

-- Durable counters: SMS per number, prefix and day; the scope is a blind index or a prefix, never a number.
CREATE TABLE budgets (
    scope         TEXT NOT NULL,
    window_start  TIMESTAMPTZ NOT NULL,
    used          BIGINT NOT NULL,
    PRIMARY KEY (scope, window_start)
);

-- ── ledger ──────────────────────────────────────────────────────────────────────────────────────────────
CREATE TABLE accounts (
    id         UUID PRIMARY KEY,
    name       TEXT NOT NULL,
    kind       TEXT NOT NULL CHECK (kind IN ('asset', 'expense', 'position', 'liability', 'revenue', 'equity')),
    currency   TEXT NOT NULL,
    balance    BIGINT NOT NULL,
    held       BIGINT NOT NULL CHECK (held >= 0),
    version    BIGINT NOT NULL,
    opened_at  TIMESTAMPTZ NOT NULL
) WITH (fillfactor = 50);
CREATE INDEX accounts_by_name ON accounts (name);

-- One row per commit of the writer (or of another audited change); `block` is set once, by the sealer.
CREATE TABLE batches (
    id            UUID PRIMARY KEY,
    entry_count   BIGINT NOT NULL,
    audit_count   BIGINT NOT NULL,
    committed_at  TIMESTAMPTZ NOT NULL,
    block         BIGINT
);
CREATE INDEX batches_unsealed ON batches (committed_at, id) WHERE block IS NULL;
CREATE INDEX batches_by_block ON batches (block) WHERE block IS NOT NULL;

CREATE TABLE entries (
    batch_id  UUID NOT NULL,
    ord       BIGINT NOT NULL,
    id        UUID NOT NULL,
    kind      TEXT NOT NULL,
    nature    TEXT NOT NULL CHECK (nature IN ('intent', 'fact')),
    business  TEXT NOT NULL,
    movement  UUID,
    at        TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (batch_id, ord)
);

CREATE TABLE postings (
    batch_id        UUID NOT NULL,
    ord             BIGINT NOT NULL,
    entry_ord       BIGINT NOT NULL,
    debit_account   UUID NOT NULL,
    credit_account  UUID NOT NULL,
    amount_minor    BIGINT NOT NULL CHECK (amount_minor > 0),
    currency        TEXT NOT NULL,
    PRIMARY KEY (batch_id, ord)
);

CREATE TABLE holds (
    id             UUID PRIMARY KEY,
    account_id     UUID NOT NULL,
    account        TEXT NOT NULL,
    amount_minor   BIGINT NOT NULL CHECK (amount_minor > 0),
    settled_minor  BIGINT NOT NULL,
    currency       TEXT NOT NULL,
    state          TEXT NOT NULL CHECK (state IN ('open', 'settled', 'voided', 'expired')),
    business       TEXT NOT NULL,
    created_at     TIMESTAMPTZ NOT NULL,
    resolved_at    TIMESTAMPTZ
);
CREATE INDEX holds_open ON holds (account_id) WHERE state = 'open';

-- Written by the sealer alone.
CREATE TABLE blocks (
    number       BIGINT PRIMARY KEY,
    first_entry  BIGINT NOT NULL,
    last_entry   BIGINT NOT NULL,
    first_audit  BIGINT NOT NULL,
    last_audit   BIGINT NOT NULL,
    previous     BYTEA NOT NULL,
    hash         BYTEA NOT NULL,
    sealed_at    TIMESTAMPTZ NOT NULL
);

CREATE TABLE sealed_entries (
    number    BIGINT PRIMARY KEY,
    entry_id  UUID NOT NULL UNIQUE,
    batch_id  UUID NOT NULL,
    ord       BIGINT NOT NULL,
    business  TEXT NOT NULL
);
CREATE INDEX sealed_entries_by_business ON sealed_entries (business, number);

-- An account's statement: one row per entry that touched it, signed by the account's kind.
CREATE TABLE account_lines (
    account_id     UUID NOT NULL,
    number         BIGINT NOT NULL,
    delta_minor    BIGINT NOT NULL,
    balance_minor  BIGINT NOT NULL,
    at             TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (account_id, number)
);

CREATE TABLE sealed_audit (
    number    BIGINT PRIMARY KEY,
    batch_id  UUID NOT NULL,
    ord       BIGINT NOT NULL
);

CREATE TABLE audit (
    batch_id  UUID NOT NULL,
    ord       BIGINT NOT NULL,
    id        UUID NOT NULL,
    at        TIMESTAMPTZ NOT NULL,
    actor     TEXT NOT NULL,
    action    TEXT NOT NULL,
    object    TEXT NOT NULL,
    detail    TEXT NOT NULL,
    PRIMARY KEY (batch_id, ord)
);

-- ── transfers ───────────────────────────────────────────────────────────────────────────────────────────
CREATE TABLE quotes (
    id                   UUID PRIMARY KEY,
    owner_id             UUID NOT NULL,
    side                 TEXT NOT NULL,
    from_country         TEXT NOT NULL,
    to_country           TEXT NOT NULL,
    funding_rail         TEXT NOT NULL,
    payout_rail          TEXT NOT NULL,
    send_minor           BIGINT NOT NULL,
    send_currency        TEXT NOT NULL,
    receive_minor        BIGINT NOT NULL,
    receive_currency     TEXT NOT NULL,
    fee_minor            BIGINT NOT NULL,
    total_minor          BIGINT NOT NULL,
    rate                 TEXT NOT NULL,
    inverse              TEXT NOT NULL,
    margin_minor         BIGINT NOT NULL,
    margin_currency      TEXT NOT NULL,
    terms_digest         BYTEA NOT NULL,
    delivery_estimate_s  BIGINT NOT NULL,
    expires_at           TIMESTAMPTZ NOT NULL,
    funding_deadline     TIMESTAMPTZ NOT NULL,
    created_at           TIMESTAMPTZ NOT NULL
);
CREATE INDEX quotes_by_owner ON quotes (owner_id, created_at);

-- UNIQUE (quote_id) is what makes a quote serve exactly one transfer.
CREATE TABLE transfers (
    id                UUID PRIMARY KEY,
    quote_id          UUID NOT NULL UNIQUE,
    owner_id          UUID NOT NULL,
    status            TEXT NOT NULL,
    funding_rail      TEXT NOT NULL,
    payout_rail       TEXT NOT NULL,
    from_country      TEXT NOT NULL,
    to_country        TEXT NOT NULL,
    send_minor        BIGINT NOT NULL,
    send_currency     TEXT NOT NULL,
    receive_minor     BIGINT NOT NULL,
    receive_currency  TEXT NOT NULL,
    fee_minor         BIGINT NOT NULL,
    total_minor       BIGINT NOT NULL,
    refunded_minor    BIGINT NOT NULL,
    rate              TEXT NOT NULL,
    inverse           TEXT NOT NULL,
    margin_minor      BIGINT NOT NULL,
    margin_currency   TEXT NOT NULL,
    payee_account     TEXT,
    reference         TEXT,
    people            BYTEA NOT NULL,
    next_action       BYTEA,
    funding_deadline  TIMESTAMPTZ NOT NULL,
    version           BIGINT NOT NULL,
    created_at        TIMESTAMPTZ NOT NULL,
    updated_at        TIMESTAMPTZ NOT NULL
);
CREATE INDEX transfers_by_owner ON transfers (owner_id, created_at, id);
CREATE INDEX transfers_by_reference ON transfers (owner_id, reference) WHERE reference IS NOT NULL;
CREATE INDEX transfers_open ON transfers (status, created_at, id)
    WHERE status NOT IN ('completed', 'expired', 'cancelled', 'collection_failed', 'refunded');

CREATE TABLE movements (
    reference       UUID PRIMARY KEY,
    transfer_id     UUID NOT NULL,
    kind            TEXT NOT NULL CHECK (kind IN ('collection', 'disbursement', 'refund', 'reversal', 'treasury')),
    rail            TEXT NOT NULL,
    wallet          TEXT NOT NULL,
    state           TEXT NOT NULL,
    amount_minor    BIGINT NOT NULL,
    currency        TEXT NOT NULL,
    fee_minor       BIGINT,
    provider_ref    TEXT,
    transaction_ref TEXT,
    original        UUID,
    source          TEXT NOT NULL,
    value_hold      UUID,
    float_hold      UUID,
    code            TEXT,
    asked           BIGINT NOT NULL,
    not_found       BIGINT NOT NULL,
    submitted_at    TIMESTAMPTZ,
    version         BIGINT NOT NULL,
    created_at      TIMESTAMPTZ NOT NULL,
    updated_at      TIMESTAMPTZ NOT NULL
);
CREATE INDEX movements_by_transfer ON movements (transfer_id, created_at);
CREATE INDEX movements_by_provider_ref ON movements (provider_ref) WHERE provider_ref IS NOT NULL;
CREATE INDEX movements_uncertain ON movements (updated_at, reference) WHERE state = 'uncertain';

CREATE TABLE timeline (
    transfer_id  UUID NOT NULL,
    version      BIGINT NOT NULL,
    ord          BIGINT NOT NULL,
    at           TIMESTAMPTZ NOT NULL,
    event        TEXT NOT NULL,
    staff_only   BOOLEAN NOT NULL,
    movement     UUID,
    kind         TEXT,
    state        TEXT,
    detail       TEXT NOT NULL,
    PRIMARY KEY (transfer_id, version, ord)
);

-- ── between systems ─────────────────────────────────────────────────────────────────────────────────────
-- `attempts` is the fencing token of a lease: whoever finishes a promise must name the attempt it claimed.
CREATE TABLE outbox (
    id            UUID PRIMARY KEY,
    kind          TEXT NOT NULL,
    subject       UUID NOT NULL,
    lane          TEXT NOT NULL,
    payload       BYTEA,
    due_at        TIMESTAMPTZ NOT NULL,
    attempts      BIGINT NOT NULL,
    leased_until  TIMESTAMPTZ,
    done_at       TIMESTAMPTZ,
    last_error    TEXT,
    created_at    TIMESTAMPTZ NOT NULL
);
CREATE INDEX outbox_due ON outbox (lane, due_at, id) WHERE done_at IS NULL;
CREATE INDEX outbox_by_subject ON outbox (subject) WHERE done_at IS NULL;

CREATE TABLE inbox (
    id            UUID PRIMARY KEY,
    provider      TEXT NOT NULL,
    wallet        TEXT NOT NULL,
    event_key     TEXT NOT NULL,
    proven        BOOLEAN NOT NULL,
    body          BYTEA NOT NULL,
    received_at   TIMESTAMPTZ NOT NULL,
    due_at        TIMESTAMPTZ NOT NULL,
    attempts      BIGINT NOT NULL,
    leased_until  TIMESTAMPTZ,
    applied_at    TIMESTAMPTZ,
    outcome       TEXT,
    last_error    TEXT,
    UNIQUE (provider, event_key)
);
CREATE INDEX inbox_due ON inbox (due_at, id) WHERE applied_at IS NULL;
CREATE INDEX inbox_by_arrival ON inbox (received_at, id);

-- All claims of all gateways go into one bucket at a time, named by this row and not by anyone's clock.
CREATE TABLE idempotency_rotation (
    id          BIGINT PRIMARY KEY CHECK (id = 1),
    bucket      BIGINT NOT NULL,
    rotated_at  TIMESTAMPTZ NOT NULL
);
CREATE TABLE idempotency_buckets (
    bucket     BIGINT PRIMARY KEY,
    opened_at  TIMESTAMPTZ NOT NULL
);
CREATE TABLE idempotency (
    bucket       BIGINT NOT NULL,
    claim        BYTEA NOT NULL,
    fingerprint  BYTEA NOT NULL,
    status       BIGINT NOT NULL,
    location     TEXT,
    body         BYTEA NOT NULL,
    created_at   TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (bucket, claim)
) PARTITION BY LIST (bucket);

CREATE TABLE jobs (
    name          TEXT PRIMARY KEY,
    token         BIGINT NOT NULL,
    holder        TEXT,
    leased_until  TIMESTAMPTZ,
    last_run_at   TIMESTAMPTZ,
    next_run_at   TIMESTAMPTZ,
    last_outcome  TEXT
);
