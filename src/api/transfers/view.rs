//! A transfer as its owner and staff read it. It cannot hold a margin.

use domain::NextAction;
use serde::Serialize;
use store::movements::StoredHappening;
use utoipa::ToSchema;

use crate::api::wire::{MoneyView, instant};
use crate::services::Language;
use crate::services::people::Party;
use crate::services::rails::Waiting;
use crate::services::texts;
use crate::services::transfers::Seen;

/// A customer's order.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Transfer)]
pub struct TransferView {
    #[schema(example = "transfer_01jd3k5x8yf9tq2m7w4c6vbn0e")]
    id: String,
    /// `awaiting_payment`, `collecting`, `funded`, `disbursing`, `completed`, `expired`, `cancelled`,
    /// `collection_failed`, `in_reconciliation`, `on_hold`, `refunding`, `refunded`, `needs_attention` or `disputed`.
    #[schema(example = "awaiting_payment")]
    status: &'static str,
    quote_id: String,
    send: MoneyView,
    receive: MoneyView,
    #[schema(example = "1")]
    rate: String,
    #[schema(example = "1")]
    inverse: String,
    fee: MoneyView,
    /// Send and fee together.
    total_to_pay: MoneyView,
    /// Given back so far, in the send currency.
    refunded_total: MoneyView,
    payer: PartyView,
    payee: PartyView,
    purpose: String,
    reference: Option<String>,
    /// What the payer has to do; null until the provider has said it, and once it is done.
    next_action: Option<NextActionView>,
    /// Why it does not go on for now; null when it does. Always null in the answer of what changes it.
    waiting: Option<WaitingView>,
    /// Money that comes later is set apart and given back.
    funding_deadline: String,
    /// Grows with every change; `?since_version=` of a long poll takes it.
    version: i64,
    created_at: String,
    updated_at: String,
}

/// Why a transfer does not go on for now. Nothing is lost: it goes on by itself.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Waiting)]
pub struct WaitingView {
    /// `rail_down`, `rail_paused` or `float_low`.
    #[schema(example = "rail_down")]
    reason: &'static str,
    #[schema(example = "mtn_momo")]
    rail: &'static str,
    /// When it is tried next; null when a person decides.
    #[schema(format = DateTime)]
    until: Option<String>,
    /// The same in words, in the language of `Accept-Language`.
    text: String,
}

impl WaitingView {
    fn of(waiting: &Waiting, language: Language) -> WaitingView {
        let key = format!("waiting-{}", waiting.reason);
        WaitingView {
            reason: waiting.reason.as_str(),
            rail: waiting.rail.as_str(),
            until: waiting.until.map(instant),
            text: texts::text(language, &key, &[]),
        }
    }
}

/// One end of a transfer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Party)]
pub struct PartyView {
    #[schema(example = "wave")]
    rail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "+221770001122")]
    phone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    /// Whose balance, for the rail `balance`; where the money goes, for the rail `manual`.
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "CI")]
    country: Option<String>,
    /// The account that is debited: its country and its last four.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "FR…2606")]
    iban: Option<String>,
    /// The mandate that it is debited by.
    #[serde(skip_serializing_if = "Option::is_none")]
    mandate: Option<String>,
}

/// What the payer has to do next.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NextAction)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum NextActionView {
    /// Open `url` in the system browser, not inside an application's own view.
    Redirect { url: String, expires_at: Option<String> },
    /// Confirm on the phone.
    ApproveOnPhone { expires_at: Option<String> },
    /// Scan `payload`, or open `deep_link`.
    Qr { payload: String, deep_link: Option<String>, expires_at: Option<String> },
    /// Do as the words say.
    Manual { instructions: String },
    /// Send `amount`, which is what is still missing, to this account; the transfer is found by `reference`.
    BankTransfer {
        #[schema(example = "FR7630004000031234567890143")]
        iban: String,
        bic: Option<String>,
        account_holder: String,
        reference: String,
        amount: MoneyView,
    },
}

/// One line of what happened.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Happening)]
pub struct HappeningView {
    at: String,
    /// A stable word.
    #[schema(example = "payment_received")]
    event: String,
    /// The same in words, in the language of `Accept-Language`.
    text: String,
    movement: Option<MovementView>,
    /// A code or reason, where there is one.
    #[serde(skip_serializing_if = "String::is_empty")]
    detail: String,
}

/// The leg at a provider that a line is about.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TimelineMovement)]
pub struct MovementView {
    /// Ours, for ever; the provider knows it too.
    reference: String,
    #[schema(example = "wave")]
    rail: String,
    #[schema(example = "collection")]
    kind: String,
    #[schema(example = "succeeded")]
    status: String,
}

impl TransferView {
    pub fn of(seen: &Seen, language: Language) -> TransferView {
        let (t, people) = (&seen.transfer, &seen.people);
        TransferView {
            id: t.id.to_string(),
            status: t.status.as_str(),
            quote_id: t.quote.to_string(),
            send: t.send.into(),
            receive: t.receive.into(),
            rate: t.rate.normalize().to_string(),
            inverse: t.inverse.normalize().to_string(),
            fee: t.fee.into(),
            total_to_pay: t.total.into(),
            refunded_total: t.refunded.into(),
            payer: PartyView {
                iban: people.account(),
                mandate: people.mandate().map(str::to_owned),
                ..(&people.payer).into()
            },
            payee: (&people.payee).into(),
            purpose: people.purpose.clone(),
            reference: t.reference.clone(),
            next_action: t.next_action.clone().map(NextActionView::from),
            waiting: seen.waiting.as_ref().map(|waiting| WaitingView::of(waiting, language)),
            funding_deadline: instant(t.funding_deadline),
            version: t.version,
            created_at: instant(t.created_at),
            updated_at: instant(t.updated_at),
        }
    }

    /// The bytes of an answer, as they are stored for replays: they hold nothing in a language.
    pub fn bytes(seen: &Seen) -> Vec<u8> {
        let view = TransferView { waiting: None, ..TransferView::of(seen, Language::Fr) };
        serde_json::to_vec(&view).unwrap_or_default()
    }
}

impl From<&Party> for PartyView {
    fn from(party: &Party) -> PartyView {
        let Party { rail, phone, name, email, account, country } = party.clone();
        PartyView { rail, phone, name, email, account, country, iban: None, mandate: None }
    }
}

impl From<NextAction> for NextActionView {
    fn from(action: NextAction) -> NextActionView {
        match action {
            NextAction::Redirect { url, expires_at } => {
                NextActionView::Redirect { url, expires_at: expires_at.map(instant) }
            }
            NextAction::ApproveOnPhone { expires_at } => {
                NextActionView::ApproveOnPhone { expires_at: expires_at.map(instant) }
            }
            NextAction::Qr { payload, deep_link, expires_at } => {
                NextActionView::Qr { payload, deep_link, expires_at: expires_at.map(instant) }
            }
            NextAction::Manual { instructions } => NextActionView::Manual { instructions },
            NextAction::BankTransfer { iban, bic, account_holder, reference, amount } => {
                NextActionView::BankTransfer { iban, bic, account_holder, reference, amount: amount.into() }
            }
        }
    }
}

impl HappeningView {
    /// `rail_of` tells the rail of a movement by its reference.
    pub fn of(line: StoredHappening, language: Language, rail_of: impl Fn(&str) -> String) -> HappeningView {
        let movement = line.movement.map(|(reference, kind, status)| {
            let reference = reference.to_string();
            MovementView { rail: rail_of(&reference), reference, kind, status }
        });
        HappeningView {
            at: instant(line.at),
            text: texts::text(language, &format!("timeline-{}", line.event), &[]),
            event: line.event,
            movement,
            detail: line.detail,
        }
    }
}
