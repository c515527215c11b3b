//! What one person asks and another agrees to.
//!
//! An approval is bound to what was shown: [`Shown::digest`] is over everything that the second person reads, so
//! nobody can agree to one thing and get another. A decision is final.
//!
//! Deliberately absent: what a kind does when it is agreed to, and who may decide; the services know.

use chrono::{DateTime, SecondsFormat, Utc};
use sha2::{Digest, Sha256};

use crate::ids::ApprovalId;

words! {
    /// What is asked for.
    pub enum ApprovalKind as "approval kind" {
        /// A rate, further from the one before than one person may go.
        RateChange = "rate_change",
        /// Our own money between a float and our bank.
        Treasury = "treasury",
        /// What somebody did by hand, of a size that takes two to say so.
        MovementConfirmation = "movement_confirmation",
        /// A transfer given back, or a part of it, of a size that takes two.
        Refund = "refund",
        /// How a movement ended that no provider tells.
        MovementResolution = "movement_resolution",
        /// Giving back by hand, to an account that the payer's rail does not know.
        RefundByHand = "refund_by_hand",
    }
}

words! {
    /// How it stands.
    pub enum ApprovalState as "approval state" {
        /// It waits for a second person.
        Pending = "pending",
        /// Somebody else agreed, and it was done.
        Approved = "approved",
        /// Somebody refused it, who may be the one that asked.
        Rejected = "rejected",
        /// What it was asked over has changed since.
        Voided = "voided",
    }
}

/// What the second person is shown.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// Its identity, so that a digest stands for one approval only.
    pub id: ApprovalId,
    /// What is asked for.
    pub kind: ApprovalKind,
    /// What it is about, as `EUR/GNF`.
    pub subject: &'a str,
    /// Who asks: a user's id, or a part of the house.
    pub made_by: &'a str,
    /// When they asked.
    pub created_at: DateTime<Utc>,
    /// What is asked for, as the text that is stored.
    pub payload: &'a str,
}

impl Shown<'_> {
    /// SHA-256 over a line per part, under a version; the payload comes last, as it is.
    pub fn digest(&self) -> [u8; 32] {
        let at = self.created_at.to_rfc3339_opts(SecondsFormat::Micros, true);
        let Shown { id, kind, subject, made_by, payload, .. } = self;
        let text = format!(
            "approval v1\nid={id}\nkind={kind}\nsubject={subject}\nmade_by={made_by}\ncreated_at={at}\n{payload}"
        );
        Sha256::digest(text).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn any_other_word_is_another_digest() {
        let at = DateTime::from_timestamp_micros(1_768_467_600_000_000).unwrap();
        let shown = Shown {
            id: ApprovalId::from_uuid(Uuid::from_u128(1)),
            kind: ApprovalKind::RateChange,
            subject: "EUR/GNF",
            made_by: "user_a",
            created_at: at,
            payload: "{}",
        };
        assert_eq!(shown.digest(), shown.digest());
        for other in [
            Shown { id: ApprovalId::from_uuid(Uuid::from_u128(2)), ..shown },
            Shown { subject: "EUR/CNY", ..shown },
            Shown { made_by: "user_b", ..shown },
            Shown { created_at: at + chrono::TimeDelta::microseconds(1), ..shown },
            Shown { payload: "{ }", ..shown },
        ] {
            assert_ne!(other.digest(), shown.digest(), "{other:?}");
        }
    }
}
