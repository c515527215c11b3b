//! What a provider said, as a fact of the domain.

use chrono::{DateTime, TimeDelta, Utc};
use domain::transfer::Fact;
use domain::{Movement, MovementKind, MovementState, NextAction};
use providers::{Capabilities, Outcome};

use super::calls;

/// The fact in an outcome; none in balances and statements, and "not found" needs [`not_found`].
pub fn of(outcome: &Outcome) -> Option<Fact> {
    Some(match outcome {
        Outcome::Pending { provider_ref, next, executing, .. } => Fact::Pending {
            provider_ref: provider_ref.as_ref().map(|reference| reference.0.clone()),
            next_action: next.clone().map(next_action),
            executing: *executing,
        },
        Outcome::Succeeded { provider_ref, amount, fee, at, transaction, .. } => Fact::Succeeded {
            provider_ref: Some(provider_ref.0.clone()),
            transaction_ref: transaction.clone(),
            amount: *amount,
            fee: *fee,
            at: *at,
        },
        Outcome::Declined { code, .. } => Fact::Declined { code: code.clone() },
        Outcome::RefusedUnlessFound { code, .. } => Fact::RefusedUnlessFound { code: code.clone() },
        Outcome::Expired => Fact::Expired,
        Outcome::Cancelled => Fact::Cancelled,
        Outcome::Reversed { .. } => Fact::Reversed,
        Outcome::Disputed { dispute, amount, fee } => {
            Fact::Disputed { dispute: dispute.0.clone(), amount: *amount, fee: *fee }
        }
        Outcome::DisputeWon => Fact::DisputeWon,
        Outcome::FailedLater { code } => Fact::FailedLater { code: code.clone() },
        Outcome::NotFound
        | Outcome::Registered { .. }
        | Outcome::Balance(_)
        | Outcome::Transactions(_)
        | Outcome::Recipient(_) => return None,
    })
}

/// The fact in the answer to a submission. A page or code whose answer names no end has the one that is declared.
pub fn of_submission(outcome: &Outcome, capabilities: &Capabilities, now: DateTime<Utc>) -> Option<Fact> {
    let mut fact = of(outcome)?;
    if let Fact::Pending {
        next_action: Some(NextAction::Redirect { expires_at, .. } | NextAction::Qr { expires_at, .. }),
        ..
    } = &mut fact
    {
        *expires_at = expires_at.or_else(|| lives_for(capabilities).map(|life| now + life));
    }
    Some(fact)
}

fn lives_for(capabilities: &Capabilities) -> Option<TimeDelta> {
    capabilities.hosted.lives_for.and_then(|life| TimeDelta::from_std(life).ok())
}

/// "Not found", with what the adapter declares about sending again.
pub fn not_found(movement: &Movement, capabilities: &Capabilities, now: DateTime<Utc>) -> Fact {
    let resend = calls::may_repeat(movement, capabilities, now);
    let settling = TimeDelta::from_std(capabilities.settling_time).unwrap_or(TimeDelta::MAX);
    if let Some(life) = lives_for(capabilities).filter(|_| waits_unseen(movement, capabilities)) {
        return unpaid(movement, life + settling, now);
    }
    Fact::NotFound { resend, settling }
}

/// The provider took it, and shows it only once its payer acts.
fn waits_unseen(movement: &Movement, capabilities: &Capabilities) -> bool {
    capabilities.hosted.unseen_until_paid
        && movement.kind == MovementKind::Collection
        && movement.state == MovementState::Submitted
}

/// Nobody has paid: not yet, or not in time.
fn unpaid(movement: &Movement, life: TimeDelta, now: DateTime<Utc>) -> Fact {
    let sent = movement.submitted_at.unwrap_or(movement.created_at);
    match now - sent < life {
        true => Fact::Pending { provider_ref: None, next_action: None, executing: false },
        false => Fact::Expired,
    }
}

fn next_action(next: providers::NextAction) -> NextAction {
    match next {
        providers::NextAction::Redirect { url, expires_at } => NextAction::Redirect { url, expires_at },
        providers::NextAction::ApproveOnPhone { expires_at } => NextAction::ApproveOnPhone { expires_at },
        providers::NextAction::Qr { payload, deep_link, expires_at } => {
            NextAction::Qr { payload, deep_link, expires_at }
        }
        providers::NextAction::Manual { instructions } => NextAction::Manual { instructions },
        providers::NextAction::BankTransfer { iban, bic, account_holder, reference, amount } => {
            NextAction::BankTransfer { iban, bic, account_holder, reference, amount }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::{Currency, Money, Rail, Reference, TransferId, UserId, Wallet};
    use providers::{
        Hosted, OrangeSonatelConfig, ProviderRef, SonatelProof, SonatelRole, SonatelWebhooks, Wire,
    };
    use uuid::Uuid;

    use super::*;

    /// A wallet whose codes live a quarter of an hour, and whose look-ups may lag a minute behind.
    fn able() -> Capabilities {
        let config = OrangeSonatelConfig {
            base_url: "http://127.0.0.1:9".into(),
            client_id: "client".into(),
            client_secret: "secret".into(),
            role: SonatelRole::Merchant {
                code: "123456".into(),
                label: "M".into(),
                validity: Duration::from_secs(900),
                notify_url: None,
            },
            webhooks: SonatelWebhooks { proof: SonatelProof::Key, signing: vec![], keys: vec!["k".into()] },
            wallet: Wallet::parse("sn").unwrap(),
            limits: providers::Limits::default(),
        };
        providers::OrangeSonatel::new(config).unwrap().capabilities().clone()
    }

    fn start() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }

    fn collection(state: MovementState) -> Movement {
        let user = UserId::from_uuid(Uuid::nil());
        Movement {
            reference: Reference::from_uuid(Uuid::from_u128(1)),
            transfer: TransferId::from_uuid(Uuid::nil()),
            kind: MovementKind::Collection,
            rail: Rail::Balance,
            wallet: Wallet::parse("sn").unwrap(),
            state,
            amount: Money::new(1_500, Currency::XOF),
            fee: None,
            provider_ref: None,
            transaction_ref: None,
            original: None,
            source: domain::Account::Customer { user, currency: Currency::XOF },
            value_hold: None,
            float_hold: None,
            code: None,
            asked: 0,
            not_found: 0,
            submitted_at: Some(start()),
            available_at: None,
            dispute_fee: None,
            version: 1,
            created_at: start(),
            updated_at: start(),
        }
    }

    #[test]
    fn a_code_that_nobody_paid_is_waited_for_while_it_lives_and_then_expires() {
        let at = |seconds| {
            let now = start() + TimeDelta::seconds(seconds);
            not_found(&collection(MovementState::Submitted), &able(), now)
        };
        let waiting = Fact::Pending { provider_ref: None, next_action: None, executing: false };
        for seconds in [0, 61, 900, 959] {
            assert_eq!(at(seconds), waiting, "after {seconds} s");
        }
        assert_eq!(at(960), Fact::Expired, "its life and the time that look-ups may need are over");
    }

    #[test]
    fn what_was_lost_or_moves_out_is_not_waited_for() {
        let now = start() + TimeDelta::seconds(30);
        let proof = Fact::NotFound { resend: false, settling: TimeDelta::seconds(60) };
        assert_eq!(not_found(&collection(MovementState::Uncertain), &able(), now), proof);
        let payout = Movement { kind: MovementKind::Disbursement, ..collection(MovementState::Submitted) };
        assert_eq!(not_found(&payout, &able(), now), proof, "never sent again");
        let shown = Capabilities { hosted: Hosted::default(), ..able() };
        assert_eq!(not_found(&collection(MovementState::Submitted), &shown, now), proof);
    }

    #[test]
    fn a_page_whose_answer_names_no_end_has_the_declared_one() {
        let page = |expires_at| {
            let next = providers::NextAction::Redirect { url: "https://x".into(), expires_at };
            Outcome::pending(ProviderRef("p".into()), Some(next))
        };
        let end = |outcome: &Outcome, able: &Capabilities| match of_submission(outcome, able, start()) {
            Some(Fact::Pending { next_action: Some(NextAction::Redirect { expires_at, .. }), .. }) => {
                expires_at
            }
            other => panic!("{other:?}"),
        };
        let said = start() + TimeDelta::seconds(5);
        assert_eq!(end(&page(None), &able()), Some(start() + TimeDelta::seconds(900)));
        assert_eq!(end(&page(Some(said)), &able()), Some(said));
        let endless = Capabilities { hosted: Hosted::default(), ..able() };
        assert_eq!(end(&page(None), &endless), None);
    }
}
