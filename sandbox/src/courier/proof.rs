//! How a delivery proves itself, or fails to, when the provider signs time and body.

use serde::{Deserialize, Serialize};

use crate::clock::Instant;
use crate::fault::{Forgery, Mischief};

const STALE_S: i64 = 600;

/// How a delivery proves itself, or fails to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "as", rename_all = "snake_case")]
pub enum Proof {
    /// One `v1` per secret in force.
    Every,
    /// With this secret alone.
    Only {
        /// The secret.
        secret: String,
    },
    /// With a secret that the receiver never had.
    Stranger,
    /// With a genuine signature of another body.
    Borrowed {
        /// The body that was signed.
        body: String,
    },
    /// Well signed, ten minutes ago.
    Stale,
    /// Not at all.
    Nothing,
}

/// What goes into a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ink<'a> {
    /// The secrets, one signature each.
    pub secrets: Vec<String>,
    /// Seconds since the epoch, as signed.
    pub t: i64,
    /// The body, as signed.
    pub body: &'a str,
}

impl Proof {
    /// The proof of a forgery, made beside the genuine text of the same event.
    pub fn forged(forgery: Forgery, genuine: String) -> Proof {
        match forgery {
            Forgery::Signature => Proof::Stranger,
            Forgery::Amount => Proof::Borrowed { body: genuine },
            Forgery::AmountSigned => Proof::Every,
            Forgery::Stale => Proof::Stale,
            Forgery::Unsigned => Proof::Nothing,
        }
    }

    /// The proofs of a genuine event: one delivery each.
    pub fn genuine(mischief: &Mischief, secrets: &[String]) -> Vec<Proof> {
        let Some(first) = secrets.first().filter(|_| mischief.is_under_two_secrets) else {
            return vec![Proof::Every];
        };
        let rotated = (secrets.len() == 1).then(|| format!("{first}_rotated"));
        secrets.iter().cloned().chain(rotated).map(|secret| Proof::Only { secret }).collect()
    }

    /// What to sign a body with, at the instant of the attempt; `None` when it goes unsigned.
    pub fn ink<'a>(&'a self, secrets: Vec<String>, body: &'a str, now: Instant) -> Option<Ink<'a>> {
        let t = now.timestamp();
        let (secrets, t, body) = match self {
            Proof::Every => (secrets, t, body),
            Proof::Only { secret } => (vec![secret.clone()], t, body),
            Proof::Stranger => (vec!["a secret that nobody shared".to_owned()], t, body),
            Proof::Borrowed { body } => (secrets, t, body.as_str()),
            Proof::Stale => (secrets, t - STALE_S, body),
            Proof::Nothing => return None,
        };
        Some(Ink { secrets, t, body })
    }
}
