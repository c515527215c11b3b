//! Asking a payee's provider about them before the float is reserved, where the provider can be asked.
//!
//! Only the provider's own plain words stop a payout: no wallet, or more than they may receive, is the refusal that the
//! payout itself would meet; another name is for a person where the settings say so. Whatever is unclear is no reason to
//! keep money, and silence delays it by seconds.
//!
//! Deliberately absent: names in logs and in the book. What is told is that a name differs, never which.

use domain::transfer::{Event, Fact, HoldCause};
use domain::{Movement, TransferStatus};
use providers::{NameMatch, Outcome, ProviderError, Recipient};

use super::calls;
use super::cases::OpenCase;
use crate::app::App;
use crate::config::OnNameMismatch;

/// How often somebody who does not answer is asked, in all.
const TRIES: i64 = 3;

/// What a payout waits for, or ends with, after its payee was asked about.
#[derive(Debug)]
pub(super) enum Stop {
    /// What was learned, instead of the dispatch.
    Event(Event),
    /// Nothing was learned: asked again.
    AskAgain { error: String },
}

/// Asks, and says what stops the payout; nothing when it may go on. `attempt` counts from 1.
pub(super) async fn ask(app: &App, open: &OpenCase, movement: &Movement, attempt: i64) -> Option<Stop> {
    let policy = &app.config.payouts;
    if !policy.verify_recipient {
        return None;
    }
    let question = calls::verification(app, open, movement)?;
    let answer = calls::provider(app, movement)?.call(&question).await;
    let (word, stop) = judge(&answer, policy.on_name_mismatch, attempt);
    let rail = movement.rail.as_str();
    metrics::counter!("recipients_checked_total", "rail" => rail, "answer" => word).increment(1);
    if word != "clear" {
        tracing::info!(movement.reference = %movement.reference, rail, recipient.answer = word, "a payee was asked about");
    }
    let event = match stop? {
        Verdict::AskAgain => {
            return Some(Stop::AskAgain { error: "the payee could not be asked about".into() });
        }
        Verdict::Refused { code } => {
            Event::Heard { movement: movement.reference, fact: Fact::Declined { code: code.into() } }
        }
        // What is tried again by a person, or is disputed, is in a person's hands already.
        Verdict::Look if open.case.transfer.status != TransferStatus::Funded => return None,
        Verdict::Look => Event::Hold { cause: HoldCause::OtherName, reason: rail.to_owned() },
    };
    Some(Stop::Event(event))
}

/// What an answer leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Refused { code: &'static str },
    Look,
    AskAgain,
}

/// A word for the answer, and what stops the payout.
fn judge(
    answer: &Result<Outcome, ProviderError>,
    on_name_mismatch: OnNameMismatch,
    attempt: i64,
) -> (&'static str, Option<Verdict>) {
    match answer {
        Ok(Outcome::Recipient(Recipient { registered: Some(false), .. })) => {
            ("not_registered", Some(Verdict::Refused { code: "recipient_not_registered" }))
        }
        Ok(Outcome::Recipient(Recipient { within_limits: Some(false), .. })) => {
            ("beyond_limits", Some(Verdict::Refused { code: "recipient_beyond_limits" }))
        }
        Ok(Outcome::Recipient(Recipient { name: NameMatch::None, .. })) => {
            ("other_name", (on_name_mismatch == OnNameMismatch::Hold).then_some(Verdict::Look))
        }
        Ok(Outcome::Recipient(Recipient { name: NameMatch::Full | NameMatch::Partial, .. })) => {
            ("clear", None)
        }
        Err(ProviderError::NotSent { .. } | ProviderError::Uncertain { .. }) => {
            ("no_answer", (attempt < TRIES).then_some(Verdict::AskAgain))
        }
        Err(ProviderError::RateLimited { .. }) => ("too_often", None),
        Err(ProviderError::Misconfigured { .. }) => ("not_allowed", None),
        Ok(_) => ("unclear", None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(name: NameMatch, within_limits: Option<bool>, registered: Option<bool>) -> Outcome {
        Outcome::Recipient(Recipient { name, within_limits, registered })
    }

    #[test]
    fn only_plain_words_stop_a_payout() {
        use OnNameMismatch::{Hold, Pay};
        let refused = |code| Some(Verdict::Refused { code });
        let table = [
            (said(NameMatch::Full, Some(true), Some(true)), None, None),
            (said(NameMatch::Partial, None, Some(true)), None, None),
            (said(NameMatch::Unknown, None, None), None, None),
            (said(NameMatch::None, Some(true), Some(true)), None, Some(Verdict::Look)),
            (
                said(NameMatch::Full, Some(false), Some(true)),
                refused("recipient_beyond_limits"),
                refused("recipient_beyond_limits"),
            ),
            (
                said(NameMatch::None, Some(false), None),
                refused("recipient_beyond_limits"),
                refused("recipient_beyond_limits"),
            ),
            (
                said(NameMatch::Unknown, None, Some(false)),
                refused("recipient_not_registered"),
                refused("recipient_not_registered"),
            ),
            (Outcome::NotFound, None, None),
        ];
        for (outcome, paying, holding) in table {
            let answer = Ok(outcome);
            assert_eq!(judge(&answer, Pay, 1).1, paying, "{answer:?}");
            assert_eq!(judge(&answer, Hold, 9).1, holding, "{answer:?}");
        }
    }

    #[test]
    fn silence_is_asked_again_three_times_in_all_and_never_stops_a_payout() {
        let silence = [
            ProviderError::NotSent { reason: "refused".into() },
            ProviderError::Uncertain { reason: "timeout".into() },
        ];
        for error in silence {
            let asked = |attempt| judge(&Err(error.clone()), OnNameMismatch::Hold, attempt).1;
            assert_eq!(
                [1, 2, 3, 4].map(asked),
                [Some(Verdict::AskAgain), Some(Verdict::AskAgain), None, None]
            );
        }
        let refusals = [
            ProviderError::RateLimited { retry_after: None },
            ProviderError::Misconfigured { reason: "forbidden".into() },
        ];
        for error in refusals {
            assert_eq!(judge(&Err(error), OnNameMismatch::Hold, 1).1, None, "nobody waits for it");
        }
    }
}
