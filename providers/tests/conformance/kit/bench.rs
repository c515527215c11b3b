//! A pair at work: adapter, runner, simulator and inbox, and movements that are made between them.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::movement::MovementKind;
use domain::{Money, Rail, Reference};
use providers::{
    CallSettings, Capabilities, Collect, Disburse, HttpClient, HttpProvider, Inquire, Operation,
    OperationKind, Outcome, Payee, Provider, ProviderError, ProviderRef, Refund, Register, Reverse, Sweep,
};

use super::{Class, Deed, Fact, Fault, Inbox, Keys, Pair, Profile, Recorder, Simulator};

/// How long a hasty caller waits: longer than a simulator takes, shorter than one that hangs.
const HASTE: Duration = Duration::from_millis(300);
/// Longer than what a simulator calls "later".
const LATER: Duration = Duration::from_secs(3);

/// Whether an answer ends a movement.
pub fn is_final(class: Class) -> bool {
    use Class::{Cancelled, Declined, Expired, NotFound, Other, RefusedUnlessFound, Succeeded};
    matches!(class, Succeeded | Declined | RefusedUnlessFound | Expired | Cancelled | NotFound | Other)
}

/// One movement, and what asking about it needs.
#[derive(Clone)]
pub struct Leg {
    pub operation: Operation,
    /// The reference of what is given back.
    pub original: Option<Reference>,
    pub since: DateTime<Utc>,
}

impl Leg {
    pub fn reference(&self) -> Reference {
        self.operation.reference().unwrap()
    }

    pub fn amount(&self) -> Money {
        self.operation.amount().unwrap()
    }

    /// The question what became of it, under the name that an answer gave it, if one did.
    pub fn question(&self, rail: Rail, provider_ref: Option<ProviderRef>) -> Operation {
        let (kind, original, customer) = match &self.operation {
            Operation::Collect(collect) => (MovementKind::Collection, None, collect.customer.clone()),
            Operation::Disburse(_) => (MovementKind::Disbursement, None, None),
            Operation::Refund(refund) => (MovementKind::Refund, Some(refund.original_ref.clone()), None),
            Operation::Reverse(reverse) => (MovementKind::Reversal, Some(reverse.original_ref.clone()), None),
            Operation::Sweep(_) => (MovementKind::Treasury, None, None),
            other => panic!("{} is no movement", other.kind()),
        };
        let (reference, amount, since) = (self.reference(), self.amount(), self.since);
        Operation::Inquire(Inquire { reference, kind, provider_ref, amount, original, since, rail, customer })
    }
}

/// The name that an answer gives a movement.
pub fn name(answer: &Result<Outcome, ProviderError>) -> Option<ProviderRef> {
    match answer {
        Ok(Outcome::Pending { provider_ref, .. }) => provider_ref.clone(),
        Ok(Outcome::Succeeded { provider_ref, .. }) => Some(provider_ref.clone()),
        _ => None,
    }
}

/// A pair that is being checked.
pub struct Bench {
    pub pair: Arc<dyn Pair>,
    pub recorder: Recorder,
    pub provider: HttpProvider<Recorder>,
    /// The same adapter, whose caller does not wait.
    pub hasty: HttpProvider<Recorder>,
    pub inbox: Inbox,
}

impl Bench {
    /// Starts a pair that sends its callbacks to an inbox.
    pub async fn of<P: Pair + 'static>(start: impl AsyncFnOnce(String) -> P) -> Bench {
        let inbox = Inbox::open().await;
        let pair: Arc<dyn Pair> = Arc::new(start(inbox.url.clone()).await);
        let recorder = Recorder::new(pair.wire(&pair.simulator().url(), Keys::Right));
        let provider = runner(&pair, recorder.clone(), Duration::from_secs(20));
        let hasty = runner(&pair, recorder.clone(), HASTE);
        Bench { pair, recorder, provider, hasty, inbox }
    }

    /// A runner of the same adapter with other keys, or with another host.
    pub fn other(&self, base_url: &str, keys: Keys) -> HttpProvider<Recorder> {
        runner(&self.pair, Recorder::new(self.pair.wire(base_url, keys)), Duration::from_secs(20))
    }

    pub fn simulator(&self) -> &dyn Simulator {
        self.pair.simulator()
    }

    pub fn profile(&self) -> &Profile {
        self.pair.profile()
    }

    pub fn capabilities(&self) -> &Capabilities {
        self.provider.capabilities()
    }

    pub fn offers(&self, kind: OperationKind) -> bool {
        self.capabilities().supports(kind)
    }

    /// Those of the operations that move money which the wallet offers.
    pub fn movements(&self) -> Vec<OperationKind> {
        use OperationKind::{Collect, Disburse, Refund, Reverse, Sweep};
        [Collect, Disburse, Refund, Reverse, Sweep].into_iter().filter(|kind| self.offers(*kind)).collect()
    }

    pub fn usual(&self) -> Money {
        Money::new(self.profile().usual, self.capabilities().currencies[0])
    }

    pub async fn call(&self, operation: &Operation) -> Result<Outcome, ProviderError> {
        self.provider.call(operation).await
    }

    fn leg(&self, operation: Operation) -> Leg {
        Leg { operation, original: None, since: self.simulator().now() }
    }

    /// A collection that was not put yet.
    pub async fn collection(&self, amount: Money) -> Leg {
        let (reference, profile) = (fresh(), self.profile());
        let customer = match self.capabilities().needs_customer {
            true => Some(self.customer().await),
            false => None,
        };
        self.leg(Operation::Collect(Collect {
            reference,
            amount,
            rail: profile.rail,
            payer: profile.payer.clone(),
            restrict_payer: false,
            success_url: "https://pay.example/ok".to_owned(),
            failure_url: "https://pay.example/ko".to_owned(),
            customer,
            debit: profile.debit.clone(),
            otp: None,
            callback_url: Some(self.inbox.url.clone()),
        }))
    }

    async fn customer(&self) -> ProviderRef {
        let (key, name) = (fresh().to_string(), Some("Awa Exemple".to_owned()));
        let register = Register { key, name, email: Some("awa@exemple.test".to_owned()) };
        match self.call(&Operation::Register(register)).await {
            Ok(Outcome::Registered { customer }) => customer,
            other => panic!("nobody was registered: {other:?}"),
        }
    }

    pub fn payout(&self, payee: &Payee, amount: Money) -> Leg {
        self.leg(Operation::Disburse(Disburse {
            reference: fresh(),
            amount,
            payee: payee.clone(),
            name: Some("Awa Exemple".to_owned()),
            reason: None,
            callback_url: Some(self.inbox.url.clone()),
        }))
    }

    /// A movement that was not put yet, with whatever has to be there before it.
    pub async fn movement(&self, kind: OperationKind) -> Leg {
        match kind {
            OperationKind::Collect => self.collection(self.usual()).await,
            OperationKind::Disburse => self.payout(&self.profile().payees[0].0, self.usual()),
            OperationKind::Refund => self.refund().await,
            OperationKind::Reverse => self.reversal().await,
            OperationKind::Sweep => {
                let (reference, amount) = (fresh(), self.usual());
                self.leg(Operation::Sweep(Sweep { reference, amount, instant: false }))
            }
            other => panic!("{other} is no movement"),
        }
    }

    /// Of all that was collected. A wallet that only pays gives back what another one collected.
    async fn refund(&self) -> Leg {
        let (original, original_ref, amount) = match self.offers(OperationKind::Collect) {
            true => {
                let (leg, name) = self.paid(self.usual()).await;
                (leg.reference(), name, leg.amount())
            }
            false => (fresh(), ProviderRef("elsewhere".to_owned()), self.usual()),
        };
        let refund = Refund {
            reference: fresh(),
            original,
            original_ref,
            amount,
            whole: true,
            rail: self.profile().rail,
            payer: self.profile().payer.clone(),
            callback_url: Some(self.inbox.url.clone()),
        };
        Leg { original: Some(original), ..self.leg(Operation::Refund(refund)) }
    }

    async fn reversal(&self) -> Leg {
        let payout = self.paid_out().await;
        let reverse = Reverse {
            reference: fresh(),
            original_ref: payout.1,
            amount: payout.0.amount(),
            submitted_at: payout.0.since,
        };
        Leg { original: Some(payout.0.reference()), ..self.leg(Operation::Reverse(reverse)) }
    }

    /// A payout that was paid, and its name.
    pub async fn paid_out(&self) -> (Leg, ProviderRef) {
        let leg = self.payout(&self.profile().payees[0].0, self.usual());
        let answer = self.call(&leg.operation).await;
        let settled = self.settled(&leg, name(&answer)).await;
        (leg, name(&settled).unwrap_or_else(|| panic!("the payout was not paid: {settled:?}")))
    }

    /// A collection that was put, and its name.
    pub async fn opened(&self, amount: Money) -> (Leg, Option<ProviderRef>) {
        let leg = self.collection(amount).await;
        let answer = self.call(&leg.operation).await;
        assert_eq!(Class::of(&answer), Class::Pending, "a new collection: {answer:?}");
        (leg, name(&answer))
    }

    /// A collection that was paid, and its name.
    pub async fn paid(&self, amount: Money) -> (Leg, ProviderRef) {
        let (leg, name_given) = self.opened(amount).await;
        assert!(self.simulator().act(leg.reference(), Deed::Pay).await, "nobody could pay");
        let settled = self.settled(&leg, name_given).await;
        (leg, name(&settled).unwrap_or_else(|| panic!("what was paid is not: {settled:?}")))
    }

    /// Asks once.
    pub async fn ask(&self, leg: &Leg, name: Option<ProviderRef>) -> Result<Outcome, ProviderError> {
        self.call(&leg.question(self.profile().rail, name)).await
    }

    /// Asks until it is not under way any more, while the provider works on.
    pub async fn settled(&self, leg: &Leg, name: Option<ProviderRef>) -> Result<Outcome, ProviderError> {
        let mut answer = self.ask(leg, name.clone()).await;
        for _ in 0..4 {
            if !matches!(answer, Ok(Outcome::Pending { .. })) {
                break;
            }
            if matches!(leg.operation, Operation::Refund(_) | Operation::Sweep(_)) {
                self.simulator().act(leg.reference(), Deed::Pay).await;
            }
            self.simulator().advance(LATER);
            answer = self.ask(leg, name.clone()).await;
        }
        answer
    }

    /// What the simulator wrote down of money that this movement moved, less what came back by itself.
    pub async fn moved(&self, leg: &Leg) -> Vec<Fact> {
        let (own, original) = (Some(leg.reference()), leg.original);
        let takes = !matches!(leg.operation, Operation::Collect(_) | Operation::Reverse(_));
        let mut moved: Vec<Fact> = self.simulator().facts().await;
        moved.retain(|fact| fact.moved() && fact.reference.is_some());
        moved.retain(|fact| fact.reference == own || fact.reference == original);
        let came_back = moved.iter().filter(|fact| fact.reference == own && fact.took() != takes).count();
        moved.retain(|fact| fact.took() == takes);
        moved.truncate(moved.len().saturating_sub(came_back));
        moved
    }

    /// How many times money moved so far, whosever it was.
    pub async fn moves(&self) -> usize {
        self.simulator().facts().await.iter().filter(|fact| fact.moved()).count()
    }

    /// Calls while something goes wrong, and tells whether it did.
    pub async fn call_under(
        &self,
        fault: Fault,
        operation: &Operation,
    ) -> (Result<Outcome, ProviderError>, bool) {
        let caller = if fault.is_of_time() { &self.hasty } else { &self.provider };
        self.simulator().fault(fault).await;
        let answer = caller.call(operation).await;
        let mut happened = self.simulator().happened().await;
        // Who did not wait may have hung up before the request was looked at.
        for _ in 0..50 {
            if happened || !fault.is_of_time() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
            happened = self.simulator().happened().await;
        }
        self.simulator().mend().await;
        (answer, happened)
    }

    /// Fetches what calls need beforehand, so that a fault hits the call itself.
    pub async fn warm(&self) {
        for kind in self.movements() {
            let leg = match kind {
                OperationKind::Collect => self.collection(self.usual()).await,
                OperationKind::Disburse => self.payout(&self.profile().payees[0].0, self.usual()),
                _ => continue,
            };
            let question = leg.question(self.profile().rail, Some(ProviderRef("elsewhere".to_owned())));
            for caller in [&self.provider, &self.hasty] {
                // Whatever it says: a token was fetched for it.
                let _ = caller.call(&question).await;
            }
        }
        if self.offers(OperationKind::Balance) {
            for caller in [&self.provider, &self.hasty] {
                let _ = caller.call(&Operation::Balance).await;
            }
        }
    }
}

/// A new reference, as the gateway makes them.
pub fn fresh() -> Reference {
    Reference::from_uuid(uuid::Uuid::new_v4())
}

fn runner(pair: &Arc<dyn Pair>, recorder: Recorder, deadline: Duration) -> HttpProvider<Recorder> {
    let client = HttpClient::new(Duration::from_secs(5)).unwrap();
    let (effect_deadline, inquiry_deadline) = (deadline, deadline);
    let settings = CallSettings { effect_deadline, inquiry_deadline, ..CallSettings::default() };
    let pair = pair.clone();
    HttpProvider::new(recorder, client, Arc::new(move || pair.simulator().now()), settings)
}
