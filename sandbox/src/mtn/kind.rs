//! What can be asked of MTN, and where each kind of movement differs from the others.

use serde_json::Value;

use super::config::Product;
use crate::books::words;

words! {
    /// A kind of movement, by the last segment of its path but for two.
    pub enum Kind {
        /// A payer is asked for money.
        RequestToPay = "requesttopay",
        /// A wallet's holder is asked for a cash-out to us.
        RequestToWithdraw = "requesttowithdraw",
        /// A bill, for which the payer has long.
        Invoice = "invoice",
        /// We pay a bill or airtime.
        Payment = "payment",
        /// A payer is asked for leave to be debited.
        PreApproval = "preapproval",
        /// We pay a person.
        Transfer = "transfer",
        /// We put cash into a person's wallet.
        Deposit = "deposit",
        /// We give a collection back.
        Refund = "refund",
        /// We pay a person from abroad.
        Remittance = "remittance",
        /// The same, with the sender's papers.
        CashTransfer = "cashtransfer",
    }
}

words! {
    /// Where a movement is.
    pub enum Status {
        /// Just accepted.
        Created = "CREATED",
        /// Waiting for somebody.
        Pending = "PENDING",
        /// Done.
        Successful = "SUCCESSFUL",
        /// Not done, and it never will be.
        Failed = "FAILED",
    }
}

impl Status {
    /// Whether nothing can follow.
    pub fn is_final(self) -> bool {
        matches!(self, Status::Successful | Status::Failed)
    }
}

words! {
    /// The HTTP method of a callback: v1 posts, v2 puts.
    pub enum Verb {
        /// Version 1.
        Post = "POST",
        /// Version 2.
        Put = "PUT",
    }
}

words! {
    /// What a movement is in the simulator's own record.
    pub enum OperationKind {
        /// From a payer to our wallet.
        Collection = "collection",
        /// From our wallet to somebody.
        Disbursement = "disbursement",
        /// A collection given back.
        Refund = "refund",
        /// Money put into our wallet by the portal.
        TopUp = "top_up",
        /// Money taken out of our wallet by the portal.
        Sweep = "sweep",
    }
}

impl Kind {
    /// The product whose wallet API takes it.
    pub fn product(self) -> Product {
        use Kind::{CashTransfer, Deposit, Refund, Remittance, Transfer};
        match self {
            Transfer | Deposit | Refund => Product::Disbursement,
            Remittance | CashTransfer => Product::Remittance,
            _ => Product::Collection,
        }
    }

    /// The member of the body that names the other side.
    pub fn party_field(self) -> &'static str {
        match self {
            Kind::RequestToPay | Kind::RequestToWithdraw | Kind::PreApproval => "payer",
            Kind::Invoice => "intendedPayer",
            _ => "payee",
        }
    }

    /// Whether the body must name the other side.
    pub fn needs_party(self) -> bool {
        !matches!(self, Kind::Refund | Kind::Payment)
    }

    /// Whether somebody has to approve it on a phone.
    pub fn needs_approval(self) -> bool {
        self.product() == Product::Collection && self != Kind::Payment
    }

    /// What it is in the record; `None` when it moves no money.
    pub fn operation(self) -> Option<OperationKind> {
        match self {
            Kind::PreApproval => None,
            Kind::Refund => Some(OperationKind::Refund),
            kind if kind.needs_approval() => Some(OperationKind::Collection),
            _ => Some(OperationKind::Disbursement),
        }
    }

    /// Signed effect of its success on our wallet.
    pub fn effect(self, amount: i64) -> i64 {
        match self.operation() {
            None => 0,
            Some(OperationKind::Collection) => amount,
            Some(_) => -amount,
        }
    }

    /// The currency that a body names.
    pub fn currency(self, body: &Value) -> &Value {
        match self {
            Kind::PreApproval => &body["payerCurrency"],
            Kind::Payment => &body["money"]["currency"],
            _ => &body["currency"],
        }
    }

    /// The amount that a body names.
    pub fn amount(self, body: &Value) -> &Value {
        match self {
            Kind::Payment => &body["money"]["amount"],
            _ => &body["amount"],
        }
    }

    /// The member that holds the caller's own name for it.
    pub fn external_field(self) -> &'static str {
        match self {
            Kind::Payment => "externalTransactionId",
            _ => "externalId",
        }
    }

    /// Members that are kept and shown as they were said.
    pub fn kept(self) -> &'static [&'static str] {
        match self {
            Kind::Invoice => &["description", "payee"],
            Kind::Payment => &["customerReference", "serviceProviderUserName"],
            Kind::PreApproval => &["payerMessage"],
            _ => &["payerMessage", "payeeNote"],
        }
    }
}
