//! What a second person is shown and agrees to. What was seen is sealed in it with the key of the transfer's owner, so
//! that the digest is over it and the book does not tell it.

use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
use domain::{Currency, Money, Movement, Reference};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::approvals::Approval;
use uuid::Uuid;

use super::{Said, Word, load};
use crate::app::App;
use crate::services::ServiceError;
use crate::services::cases::OpenCase;

/// Everything that counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Payload {
    pub movement: String,
    pub transfer: String,
    pub kind: String,
    pub rail: String,
    pub wallet: String,
    pub amount: Amount,
    /// Whether the money moved.
    pub outcome: String,
    pub operator_reference: Option<String>,
    pub fee: Option<Amount>,
    pub code: Option<String>,
    /// What was seen: sealed where it is stored, in clear where it is shown.
    pub evidence: String,
    pub evidence_id: Uuid,
    /// Of the movement as it was: whatever is heard of it meanwhile voids this.
    pub version: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Amount {
    pub amount: String,
    pub currency: String,
}

impl From<Money> for Amount {
    fn from(money: Money) -> Amount {
        Amount { amount: money.major(), currency: money.currency().code().to_owned() }
    }
}

impl Amount {
    fn money(&self) -> Option<Money> {
        Money::parse(&self.amount, Currency::parse(&self.currency).ok()?).ok()
    }
}

impl Payload {
    pub fn of(word: &Word, open: &OpenCase, movement: &Movement) -> Payload {
        let sealed = open.sealer.seal_evidence(word.id, &word.said.evidence);
        Payload {
            movement: movement.reference.to_string(),
            transfer: movement.transfer.to_string(),
            kind: movement.kind.as_str().to_owned(),
            rail: movement.rail.as_str().to_owned(),
            wallet: movement.wallet.to_string(),
            amount: movement.amount.into(),
            fee: word.said.fee.map(Amount::from),
            outcome: if word.said.has_moved { "succeeded" } else { "failed" }.to_owned(),
            operator_reference: word.said.operator_reference.clone(),
            code: word.said.code.clone(),
            evidence: BASE64.encode(sealed),
            evidence_id: word.id,
            version: movement.version,
        }
    }

    pub fn read(approval: &Approval) -> Result<Payload, ServiceError> {
        serde_json::from_str(&approval.payload).map_err(|_| unreadable(approval))
    }

    pub fn reference(&self, approval: &Approval) -> Result<Reference, ServiceError> {
        self.movement.parse().map_err(|_| unreadable(approval))
    }

    /// What was said, with what was seen in clear.
    pub fn said(&self, approval: &Approval, open: &OpenCase) -> Result<Said, ServiceError> {
        let sealed = BASE64.decode(&self.evidence).map_err(|_| unreadable(approval))?;
        Ok(Said {
            movement: self.reference(approval)?,
            has_moved: self.outcome == "succeeded",
            operator_reference: self.operator_reference.clone(),
            evidence: open.sealer.open_evidence(self.evidence_id, &sealed)?,
            amount: None,
            fee: self.fee.as_ref().and_then(Amount::money),
            code: self.code.clone(),
        })
    }
}

fn unreadable(approval: &Approval) -> ServiceError {
    ServiceError::internal(format!("{} does not read", approval.id))
}

/// The approval as people read it: with what was seen in clear. Nothing else of it changes.
pub(in crate::services) async fn reveal(app: &App, approval: Approval) -> Result<Approval, ServiceError> {
    let payload = Payload::read(&approval)?;
    let evidence = match load(app, payload.reference(&approval)?).await {
        Ok((open, _)) => Value::from(payload.said(&approval, &open)?.evidence),
        // Its owner was forgotten, and what was said with them.
        Err(_) => Value::Null,
    };
    let mut shown = serde_json::to_value(&payload).map_err(ServiceError::internal)?;
    shown["evidence"] = evidence;
    Ok(Approval { payload: shown.to_string(), ..approval })
}
