//! What a person should look at: the kinds of alert, how grave each is, and what ends it.
//!
//! An alert is one of these about one subject, a stable name as `float:wave:sn:XOF`. While it is open, seeing the same
//! again only counts.
//!
//! Deliberately absent: when an alert is told and to whom, and where it is kept.

words! {
    /// What is wrong.
    pub enum AlertKind as "alert kind" {
        /// A provider's word contradicts the book and was kept out of it. Subject: a movement's reference.
        Contradiction = "contradiction",
        /// A provider refuses our credentials or contract, or a wallet is not configured. Subject: provider and wallet.
        Misconfigured = "misconfigured",
        /// A float does not suffice for a payment, or is below what the settings ask for. Subject: the account.
        FloatLow = "float_low",
        /// A fact left an account below its floor. Subject: the account.
        BelowFloor = "below_floor",
        /// A movement's outcome is not known, for too long. Subject: its reference.
        Uncertain = "uncertain",
        /// A transfer waits for a person to resolve it. Subject: its id.
        NeedsAttention = "needs_attention",
        /// A transfer is held back until a person looks at it. Subject: its id.
        OnHold = "on_hold",
        /// A person is to carry out or see a movement, and has not for too long. Subject: its reference.
        ByHand = "by_hand",
        /// A screening list cannot be read, or is too old to clear anybody by. Subject: `screening`.
        ScreeningFailed = "screening_failed",
        /// A provider's balance is not what our ledger says, and nothing under way explains it. Subject: the account.
        Drift = "drift",
        /// Periodic work failed or did not happen, or work waits undone. Subject: its name.
        JobFailed = "job_failed",
        /// A rate is too old to quote with. Subject: the pair.
        RateStale = "rate_stale",
        /// Money came to a provider that no transfer asked for. Subject: provider, wallet and what names the money.
        UnappliedFunds = "unapplied_funds",
        /// A payer's bank disputes a payment. Subject: the provider's name of the dispute.
        DisputeOpened = "dispute_opened",
        /// A sweep of our own money was refused or came back. Subject: its reference.
        TreasuryFailed = "treasury_failed",
        /// A provider's statement says something else of a line than it said before. Subject: provider, wallet and line.
        StatementChanged = "statement_changed",
        /// A provider showed too little of what happened to see all of it. Subject: provider and wallet.
        StatementCut = "statement_cut",
        /// Text messages are asked for and hardly any code comes back. Subject: the number range.
        SmsConversionLow = "sms_conversion_low",
        /// A provider does not answer, so nothing is sent to it for now. Subject: rail, wallet and direction.
        RailDown = "rail_down",
        /// A rail is paused, by a person or because a balance is short. Subject: rail, wallet and direction.
        RailPaused = "rail_paused",
    }
}

words! {
    /// How soon somebody should look.
    pub enum Severity as "severity" {
        /// Today.
        Warning = "warning",
        /// Now: money waits, or may be lost.
        Critical = "critical",
    }
}

/// What ends an alert.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ends {
    /// A check knows all that is wrong of this kind: what it does not find any more is over.
    Checked,
    /// It is seen again as long as it lasts: it is over when it was not seen for a while.
    Lapses,
    /// It happened, and nothing undoes that: a person who acknowledges it ends it.
    Acknowledged,
}

impl AlertKind {
    /// How soon somebody should look.
    pub const fn severity(self) -> Severity {
        match self {
            AlertKind::Contradiction
            | AlertKind::Misconfigured
            | AlertKind::FloatLow
            | AlertKind::BelowFloor
            | AlertKind::Uncertain
            | AlertKind::Drift
            | AlertKind::JobFailed
            | AlertKind::ScreeningFailed
            | AlertKind::RailDown
            | AlertKind::RateStale => Severity::Critical,
            AlertKind::NeedsAttention
            | AlertKind::OnHold
            | AlertKind::ByHand
            | AlertKind::UnappliedFunds
            | AlertKind::DisputeOpened
            | AlertKind::TreasuryFailed
            | AlertKind::RailPaused
            | AlertKind::StatementChanged
            | AlertKind::StatementCut
            | AlertKind::SmsConversionLow => Severity::Warning,
        }
    }

    /// What ends it.
    pub const fn ends(self) -> Ends {
        match self {
            AlertKind::Misconfigured
            | AlertKind::FloatLow
            | AlertKind::ScreeningFailed
            | AlertKind::SmsConversionLow => Ends::Lapses,
            AlertKind::BelowFloor
            | AlertKind::Uncertain
            | AlertKind::NeedsAttention
            | AlertKind::OnHold
            | AlertKind::ByHand
            | AlertKind::Drift
            | AlertKind::JobFailed
            | AlertKind::RailDown
            | AlertKind::RailPaused
            | AlertKind::RateStale => Ends::Checked,
            AlertKind::Contradiction
            | AlertKind::UnappliedFunds
            | AlertKind::DisputeOpened
            | AlertKind::TreasuryFailed
            | AlertKind::StatementChanged
            | AlertKind::StatementCut => Ends::Acknowledged,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happened_is_ended_by_a_person_and_what_lasts_is_not() {
        let by_a_person: Vec<&str> = AlertKind::ALL
            .iter()
            .filter(|kind| kind.ends() == Ends::Acknowledged)
            .map(|kind| kind.as_str())
            .collect();
        let expected = [
            "contradiction",
            "unapplied_funds",
            "dispute_opened",
            "treasury_failed",
            "statement_changed",
            "statement_cut",
        ];
        assert_eq!(by_a_person, expected);
    }

    #[test]
    fn words_are_read_back() {
        for kind in AlertKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(*kind));
        }
        assert!("drifting".parse::<AlertKind>().is_err());
    }
}
