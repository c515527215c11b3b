//! What happens next in a story, so that it comes to its ending.

use domain::transfer::{Case, Event, Fact};
use domain::{Money, Movement, MovementKind, MovementState, Rail, TransferStatus};
use rand::Rng;

use super::{Ending, Scene, Story};

impl Scene {
    pub(super) fn next_event(&mut self, story: &Story) -> Option<Event> {
        let (case, ending) = (&story.case, story.ending);
        match case.transfer.status {
            TransferStatus::AwaitingPayment => self.paid_or_not(case, ending),
            TransferStatus::Expired if ending.pays_late() => self.late(case, ending),
            TransferStatus::Funded if ending == Ending::Funded => None,
            TransferStatus::Funded => {
                Some(Event::Dispatch { movement: newest(case, MovementKind::Disbursement)?.reference })
            }
            TransferStatus::Disbursing => self.disbursed_or_not(case, ending),
            TransferStatus::InReconciliation if ending == Ending::Found => {
                Some(self.succeeded(newest(case, MovementKind::Disbursement)?))
            }
            TransferStatus::Refunding => self.refunded_or_not(case, ending),
            TransferStatus::Completed => self.after_completion(case, ending),
            _ => None,
        }
    }

    fn paid_or_not(&mut self, case: &Case, ending: Ending) -> Option<Event> {
        let collection = newest(case, MovementKind::Collection)?;
        if collection.state == MovementState::Intended {
            return Some(match ending {
                Ending::Cancelled => Event::Cancel,
                _ => heard(
                    collection,
                    Fact::Pending { provider_ref: Some("cos-1".into()), next_action: None, executing: false },
                ),
            });
        }
        match ending {
            Ending::Unpaid => None,
            Ending::Declined => Some(heard(collection, Fact::Declined { code: "no-funds".into() })),
            Ending::Expired => Some(Event::Expire),
            ending if ending.pays_late() => Some(Event::Expire),
            _ => Some(self.succeeded(collection)),
        }
    }

    fn late(&mut self, case: &Case, ending: Ending) -> Option<Event> {
        let collection = newest(case, MovementKind::Collection)?;
        if collection.state != MovementState::Succeeded {
            return Some(self.succeeded(collection));
        }
        if ending == Ending::LateWaits {
            return None;
        }
        match newest(case, MovementKind::Refund) {
            None => Some(Event::GiveBack { movement: collection.reference }),
            Some(refund) => self.sent_back(refund, ending == Ending::LateRefused),
        }
    }

    fn disbursed_or_not(&mut self, case: &Case, ending: Ending) -> Option<Event> {
        let disbursement = newest(case, MovementKind::Disbursement)?;
        match ending {
            Ending::Disbursing => None,
            Ending::Uncertain | Ending::Found => {
                Some(heard(disbursement, Fact::Unknown { reason: "timed out".into() }))
            }
            Ending::Refunding | Ending::Refunded | Ending::Attention => {
                Some(heard(disbursement, Fact::Declined { code: "no-wallet".into() }))
            }
            _ => Some(self.succeeded(disbursement)),
        }
    }

    fn refunded_or_not(&mut self, case: &Case, ending: Ending) -> Option<Event> {
        let refund = newest(case, MovementKind::Refund)?;
        match ending {
            Ending::Refunding => None,
            _ => self.sent_back(refund, ending == Ending::Attention),
        }
    }

    fn sent_back(&mut self, refund: &Movement, refused: bool) -> Option<Event> {
        match (refund.state, refund.float_hold) {
            (MovementState::Intended, None) => Some(Event::Dispatch { movement: refund.reference }),
            (MovementState::Intended, Some(_)) if refused => {
                Some(heard(refund, Fact::Declined { code: "too-old".into() }))
            }
            (MovementState::Intended, Some(_)) => Some(self.succeeded(refund)),
            _ => None,
        }
    }

    fn after_completion(&mut self, case: &Case, ending: Ending) -> Option<Event> {
        let unlearned = case.funding().filter(|collection| collection.fee.is_none());
        if let Some(collection) = unlearned {
            let fee = Money::new(collection.amount.minor() / 100, collection.amount.currency());
            return Some(Event::FeeLearned { movement: collection.reference, fee, available_at: None });
        }
        let disbursement = newest(case, MovementKind::Disbursement)?;
        let can_reverse = ending == Ending::Reversed && disbursement.rail != Rail::Balance;
        can_reverse.then(|| heard(disbursement, Fact::Reversed))
    }

    fn succeeded(&mut self, movement: &Movement) -> Event {
        let amount = movement.amount;
        let fee = Money::new(amount.minor() / 100, amount.currency());
        let fact = Fact::Succeeded {
            provider_ref: Some("pt-1".into()),
            transaction_ref: None,
            amount,
            fee: self.chance.random_bool(0.5).then_some(fee),
            at: None,
        };
        heard(movement, fact)
    }
}

fn heard(movement: &Movement, fact: Fact) -> Event {
    Event::Heard { movement: movement.reference, fact }
}

fn newest(case: &Case, kind: MovementKind) -> Option<&Movement> {
    case.movements.iter().rev().find(|movement| movement.kind == kind)
}
