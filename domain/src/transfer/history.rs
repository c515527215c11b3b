//! A transfer's status, told again from its timeline.
//!
//! Every change of status is told by a line of the timeline, so the lines alone say where the transfer stands. Whoever
//! checks a book folds them and compares.

use super::TransferStatus;
use crate::MovementKind;

impl TransferStatus {
    /// Where a transfer that stood at `self` stands after the line `event` about a movement of `kind`.
    ///
    /// A line that tells nothing of the status, or that this age of the software does not know, leaves it.
    pub fn told(self, event: &str, kind: Option<MovementKind>) -> TransferStatus {
        match event {
            "created" => TransferStatus::AwaitingPayment,
            "collecting" => TransferStatus::Collecting,
            "disputed" => TransferStatus::Disputed,
            "dispute_won_completed" => TransferStatus::Completed,
            "dispute_won_refunded" => TransferStatus::Refunded,
            "dispute_won_disbursing" => TransferStatus::Disbursing,
            "dispute_won_refunding" => TransferStatus::Refunding,
            "dispute_won_attention" => TransferStatus::NeedsAttention,
            "refund_came_back" if self != TransferStatus::Disputed => TransferStatus::NeedsAttention,
            "funded" => TransferStatus::Funded,
            "payment_declined" => TransferStatus::CollectionFailed,
            "cancelled" => TransferStatus::Cancelled,
            "expired" => TransferStatus::Expired,
            "late_payment" if self.awaits_money() => TransferStatus::Expired,
            "disbursement_started" => TransferStatus::Disbursing,
            "in_reconciliation" => TransferStatus::InReconciliation,
            "reconciled" => match kind {
                Some(MovementKind::Disbursement) => TransferStatus::Disbursing,
                _ => TransferStatus::Refunding,
            },
            "on_hold" => TransferStatus::OnHold,
            "released" => TransferStatus::Funded,
            "transfer_refused" => TransferStatus::Refunding,
            "payee_refused" if self != TransferStatus::Disputed => TransferStatus::Refunding,
            "refund_retried" => TransferStatus::Refunding,
            "payout_retried" => TransferStatus::Disbursing,
            "refunded" => TransferStatus::Refunded,
            "refund_asked" => TransferStatus::Refunding,
            "partly_refunded" => TransferStatus::Completed,
            "refund_left_over" => TransferStatus::NeedsAttention,
            "payout_taken_back" if self != TransferStatus::Disputed => TransferStatus::Refunding,
            "reversal_refused" if self != TransferStatus::Disputed => TransferStatus::Completed,
            "refund_refused" | "disbursement_reversed" if self != TransferStatus::Disputed => {
                TransferStatus::NeedsAttention
            }
            "completed" => TransferStatus::Completed,
            _ => self,
        }
    }
}
