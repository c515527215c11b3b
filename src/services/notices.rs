//! Telling payers and payees by text message, at the steps that matter to them.
//!
//! A message is written when it leaves, from the transfer as it is; numbers and names never stand in the outbox. One
//! whose delivery is unknown is not sent again: a repeated message confuses more than a missing one.

use chrono::TimeDelta;
use domain::transfer::{Audience, NoticeKind};
use domain::{Account, MovementKind, Msisdn, TransferId, UserId};
use providers::SmsError;
use store::outbox::Claimed;
use store::users::{self, Language};

use super::cases::{self, OpenCase};
use super::promises::{End, KeepError, backoff};
use super::texts;
use crate::app::App;

/// Attempts after which a message that cannot leave is given up.
const ATTEMPTS: i64 = 8;

/// Sends one notice.
pub(super) async fn notify(
    app: &App,
    promise: &Claimed,
    notice: NoticeKind,
) -> Result<Option<End>, KeepError> {
    if promise.was_interrupted {
        return Ok(Some(after(
            promise,
            Err(SmsError::Uncertain { reason: "interrupted while sending".into() }),
        )));
    }
    let open = cases::open(app, TransferId::from_uuid(promise.subject)).await?;
    let Some((to, language)) = recipient(app, &open, notice).await? else { return Ok(Some(End::Done)) };
    let sent = app.sms.send(&to, &text(&open, notice, language)).await;
    Ok(Some(after(promise, sent.map(|_| ()))))
}

/// Messages that belong to no transfer: one-time passwords, notices about an account, and alerts to staff.
pub(super) async fn keep_other(app: &App, promise: &Claimed) -> Result<Option<End>, KeepError> {
    if let Some(end) = super::alerts::keep(app, promise).await {
        return Ok(Some(end));
    }
    let payload = promise.payload.as_deref().unwrap_or_default();
    if ![super::auth::otp_sms::KIND, super::auth::otp_sms::NOTICE].contains(&promise.kind.as_str()) {
        tracing::error!(promise.id = %promise.id, promise.kind, "a promise of an unknown kind is left to a newer gateway");
        return Ok(Some(End::Again { after: TimeDelta::hours(1), error: "unknown kind".into() }));
    }
    let sent = super::auth::otp_sms::deliver(app, promise.id.uuid(), payload).await;
    Ok(Some(after(promise, sent)))
}

fn after(promise: &Claimed, sent: Result<(), SmsError>) -> End {
    match sent {
        Ok(()) => End::Done,
        Err(error @ (SmsError::NotSent { .. } | SmsError::Misconfigured { .. }))
            if promise.attempt < ATTEMPTS =>
        {
            End::Again { after: backoff(promise.attempt), error: error.to_string() }
        }
        Err(error) => {
            metrics::counter!("sms_failed_total", "reason" => error.as_str()).increment(1);
            tracing::warn!(promise.id = %promise.id, promise.kind, reason = error.as_str(), "a text message was given up");
            End::Done
        }
    }
}

/// Whoever signed in here reads their own language; of another payee we know the country only, and these read French.
async fn recipient(
    app: &App,
    open: &OpenCase,
    notice: NoticeKind,
) -> Result<Option<(Msisdn, Language)>, KeepError> {
    let phone = |text: &Option<String>| text.as_deref().and_then(|text| Msisdn::parse(text).ok());
    match notice.audience() {
        Audience::Payee => match &open.case.transfer.payee_account {
            Some(Account::Customer { user, .. }) => one_of_ours(app, *user).await,
            _ => Ok(phone(&open.people.payee.phone).map(|to| (to, Language::Fr))),
        },
        Audience::Payer => {
            let owner = one_of_ours(app, open.case.transfer.owner).await?;
            Ok(owner.map(|(own, language)| (phone(&open.people.payer.phone).unwrap_or(own), language)))
        }
    }
}

/// Somebody who has signed in here; nobody when they are no longer known.
async fn one_of_ours(app: &App, user: UserId) -> Result<Option<(Msisdn, Language)>, KeepError> {
    let mut reader = app.db.read().await?;
    let found = users::find(&mut reader.conn(), &app.people, user).await?;
    Ok(found.map(|user| (user.phone, user.language)))
}

/// What is being given back now.
fn on_its_way_back(open: &OpenCase) -> String {
    let refund = open.case.movements.iter().rfind(|movement| movement.kind == MovementKind::Refund);
    refund.map(|refund| refund.amount.to_string()).unwrap_or_default()
}

fn text(open: &OpenCase, notice: NoticeKind, language: Language) -> String {
    let transfer = &open.case.transfer;
    let name = |name: &Option<String>| name.clone().unwrap_or_else(|| "-".into());
    let args = [
        ("paid", transfer.total.to_string()),
        ("received", transfer.receive.to_string()),
        ("refunded", transfer.refunded.to_string()),
        ("back", on_its_way_back(open)),
        ("payer", name(&open.people.payer.name)),
        ("payee", name(&open.people.payee.name)),
    ];
    texts::text(language, &format!("notice-{notice}"), &args)
}
