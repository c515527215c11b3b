//! The rows that the writer appends and changes. See `migrations/` for what each column means.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::table::table;

table! {
    pub struct TransferRow in "transfers" {
        id: Uuid as "uuid",
        quote_id: Uuid as "uuid",
        owner_id: Uuid as "uuid",
        status: String as "text",
        funding_rail: String as "text",
        payout_rail: String as "text",
        from_country: String as "text",
        to_country: String as "text",
        send_minor: i64 as "bigint",
        send_currency: String as "text",
        receive_minor: i64 as "bigint",
        receive_currency: String as "text",
        fee_minor: i64 as "bigint",
        total_minor: i64 as "bigint",
        refunded_minor: i64 as "bigint",
        unwound_minor: i64 as "bigint",
        revalued_minor: i64 as "bigint",
        refund_keeps_fee: Option<bool> as "boolean",
        rate: String as "text",
        inverse: String as "text",
        margin_minor: i64 as "bigint",
        margin_currency: String as "text",
        payee_account: Option<String> as "text",
        reference: Option<String> as "text",
        people: Vec<u8> as "bytea",
        next_action: Option<Vec<u8>> as "bytea",
        funding_deadline: DateTime<Utc> as "timestamptz",
        version: i64 as "bigint",
        created_at: DateTime<Utc> as "timestamptz",
        updated_at: DateTime<Utc> as "timestamptz",
    }
}

table! {
    pub struct MovementRow in "movements" {
        reference: Uuid as "uuid",
        transfer_id: Uuid as "uuid",
        kind: String as "text",
        rail: String as "text",
        wallet: String as "text",
        state: String as "text",
        amount_minor: i64 as "bigint",
        currency: String as "text",
        fee_minor: Option<i64> as "bigint",
        provider_ref: Option<String> as "text",
        transaction_ref: Option<String> as "text",
        original: Option<Uuid> as "uuid",
        source: String as "text",
        value_hold: Option<Uuid> as "uuid",
        float_hold: Option<Uuid> as "uuid",
        code: Option<String> as "text",
        asked: i64 as "bigint",
        not_found: i64 as "bigint",
        submitted_at: Option<DateTime<Utc>> as "timestamptz",
        available_at: Option<DateTime<Utc>> as "timestamptz",
        dispute_fee_minor: Option<i64> as "bigint",
        version: i64 as "bigint",
        created_at: DateTime<Utc> as "timestamptz",
        updated_at: DateTime<Utc> as "timestamptz",
    }
}

table! {
    pub struct TreasuryRow in "treasury_movements" {
        reference: Uuid as "uuid",
        kind: String as "text",
        provider: String as "text",
        wallet: String as "text",
        bank: String as "text",
        state: String as "text",
        amount_minor: i64 as "bigint",
        currency: String as "text",
        provider_ref: Option<String> as "text",
        hold: Option<Uuid> as "uuid",
        code: Option<String> as "text",
        asked: i64 as "bigint",
        not_found: i64 as "bigint",
        approval_id: Uuid as "uuid",
        submitted_at: Option<DateTime<Utc>> as "timestamptz",
        succeeded_at: Option<DateTime<Utc>> as "timestamptz",
        version: i64 as "bigint",
        created_at: DateTime<Utc> as "timestamptz",
        updated_at: DateTime<Utc> as "timestamptz",
    }
}

table! {
    pub struct ApprovalRow in "approvals" {
        id: Uuid as "uuid",
        kind: String as "text",
        subject: String as "text",
        payload: String as "text",
        digest: Vec<u8> as "bytea",
        maker: Option<Uuid> as "uuid",
        made_by: String as "text",
        state: String as "text",
        decided_by: Option<String> as "text",
        reason: Option<String> as "text",
        created_at: DateTime<Utc> as "timestamptz",
        decided_at: Option<DateTime<Utc>> as "timestamptz",
    }
}

table! {
    pub struct EvidenceRow in "evidence" {
        id: Uuid as "uuid",
        movement: Uuid as "uuid",
        provider: String as "text",
        wallet: String as "text",
        outcome: String as "text",
        operator_reference: Option<String> as "text",
        words: Vec<u8> as "bytea",
        made_by: Uuid as "uuid",
        agreed_by: Option<Uuid> as "uuid",
        at: DateTime<Utc> as "timestamptz",
    }
}

table! {
    pub struct TimelineRow in "timeline" {
        transfer_id: Uuid as "uuid",
        version: i64 as "bigint",
        ord: i64 as "bigint",
        at: DateTime<Utc> as "timestamptz",
        event: String as "text",
        staff_only: bool as "boolean",
        movement: Option<Uuid> as "uuid",
        kind: Option<String> as "text",
        state: Option<String> as "text",
        detail: String as "text",
    }
}

table! {
    pub struct AccountRow in "accounts" {
        id: Uuid as "uuid",
        name: String as "text",
        kind: String as "text",
        currency: String as "text",
        balance: i64 as "bigint",
        held: i64 as "bigint",
        version: i64 as "bigint",
        opened_at: DateTime<Utc> as "timestamptz",
    }
}

table! {
    pub struct HoldRow in "holds" {
        id: Uuid as "uuid",
        account_id: Uuid as "uuid",
        account: String as "text",
        amount_minor: i64 as "bigint",
        settled_minor: i64 as "bigint",
        currency: String as "text",
        state: String as "text",
        business: String as "text",
        created_at: DateTime<Utc> as "timestamptz",
        resolved_at: Option<DateTime<Utc>> as "timestamptz",
    }
}

table! {
    pub struct BatchRow in "batches" {
        id: Uuid as "uuid",
        entry_count: i64 as "bigint",
        audit_count: i64 as "bigint",
        committed_at: DateTime<Utc> as "timestamptz",
        block: Option<i64> as "bigint",
    }
}

table! {
    pub struct EntryRow in "entries" {
        batch_id: Uuid as "uuid",
        ord: i64 as "bigint",
        id: Uuid as "uuid",
        kind: String as "text",
        nature: String as "text",
        business: String as "text",
        movement: Option<Uuid> as "uuid",
        at: DateTime<Utc> as "timestamptz",
    }
}

table! {
    pub struct PostingRow in "postings" {
        batch_id: Uuid as "uuid",
        ord: i64 as "bigint",
        entry_ord: i64 as "bigint",
        debit_account: Uuid as "uuid",
        credit_account: Uuid as "uuid",
        amount_minor: i64 as "bigint",
        currency: String as "text",
    }
}

table! {
    pub struct AuditRow in "audit" {
        batch_id: Uuid as "uuid",
        ord: i64 as "bigint",
        id: Uuid as "uuid",
        at: DateTime<Utc> as "timestamptz",
        actor: String as "text",
        action: String as "text",
        object: String as "text",
        detail: String as "text",
    }
}

table! {
    pub struct OutboxRow in "outbox" {
        id: Uuid as "uuid",
        kind: String as "text",
        subject: Uuid as "uuid",
        lane: String as "text",
        payload: Option<Vec<u8>> as "bytea",
        due_at: DateTime<Utc> as "timestamptz",
        attempts: i64 as "bigint",
        leased_until: Option<DateTime<Utc>> as "timestamptz",
        done_at: Option<DateTime<Utc>> as "timestamptz",
        last_error: Option<String> as "text",
        created_at: DateTime<Utc> as "timestamptz",
    }
}

table! {
    pub struct InboxRow in "inbox" {
        id: Uuid as "uuid",
        provider: String as "text",
        wallet: String as "text",
        event_key: String as "text",
        proven: bool as "boolean",
        movement: Option<Uuid> as "uuid",
        body: Vec<u8> as "bytea",
        received_at: DateTime<Utc> as "timestamptz",
        due_at: DateTime<Utc> as "timestamptz",
        attempts: i64 as "bigint",
        leased_until: Option<DateTime<Utc>> as "timestamptz",
        applied_at: Option<DateTime<Utc>> as "timestamptz",
        outcome: Option<String> as "text",
        last_error: Option<String> as "text",
    }
}

table! {
    pub struct AnswerRow in "idempotency" {
        bucket: i64 as "bigint",
        claim: Vec<u8> as "bytea",
        fingerprint: Vec<u8> as "bytea",
        status: i64 as "bigint",
        location: Option<String> as "text",
        body: Vec<u8> as "bytea",
        created_at: DateTime<Utc> as "timestamptz",
    }
}

/// A quote, which no writer's batch inserts.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct QuoteRow {
    pub id: Uuid,
    pub owner_id: Uuid,
    pub side: String,
    pub from_country: String,
    pub to_country: String,
    pub funding_rail: String,
    pub payout_rail: String,
    pub send_minor: i64,
    pub send_currency: String,
    pub receive_minor: i64,
    pub receive_currency: String,
    pub fee_minor: i64,
    pub total_minor: i64,
    pub rate: String,
    pub inverse: String,
    pub margin_minor: i64,
    pub margin_currency: String,
    pub terms_digest: Vec<u8>,
    pub delivery_estimate_s: i64,
    pub expires_at: DateTime<Utc>,
    pub funding_deadline: DateTime<Utc>,
    pub created_at: DateTime<Utc>,
}
