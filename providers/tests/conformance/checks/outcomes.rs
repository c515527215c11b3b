//! Every class of outcome that the rail can have, each from the scene that it belongs to.

use std::collections::BTreeSet;
use std::time::Duration;

use providers::{Operation, OperationKind, Outcome, Provider, ProviderError};

use crate::kit::{Bench, Class, Deed, Fault, Keys, Leg};

/// Which classes came, for the check that none is missing.
#[derive(Default)]
struct Seen(BTreeSet<Class>);

impl Seen {
    fn see(&mut self, scene: &str, answer: &Result<Outcome, ProviderError>, expected: Class) {
        assert_eq!(Class::of(answer), expected, "{scene}: {answer:?}");
        self.0.insert(expected);
    }
}

pub async fn check(bench: &Bench) {
    let mut seen = Seen::default();
    if bench.offers(OperationKind::Collect) {
        collections(bench, &mut seen).await;
    }
    if bench.offers(OperationKind::Disburse) {
        payouts(bench, &mut seen).await;
    }
    for kind in [OperationKind::Refund, OperationKind::Reverse, OperationKind::Sweep] {
        if bench.offers(kind) {
            others(bench, &mut seen, kind).await;
        }
    }
    troubles(bench, &mut seen).await;
    for class in Class::EVERY {
        let excused = bench.profile().never.iter().any(|(never, why)| *never == class && !why.is_empty());
        assert_ne!(excused, seen.0.contains(&class), "{class:?}: either it is shown, or it is said why not");
    }
}

async fn collections(bench: &Bench, seen: &mut Seen) {
    let (profile, hosted) = (bench.profile(), bench.capabilities().hosted);
    let unpaid = if hosted.unseen_until_paid { Class::NotFound } else { Class::Pending };

    let (leg, name) = bench.opened(bench.usual()).await;
    seen.0.insert(Class::Pending);
    seen.see("a collection that waits", &bench.ask(&leg, name.clone()).await, unpaid);
    assert!(bench.simulator().act(leg.reference(), Deed::Pay).await, "nobody can pay");
    let paid = bench.settled(&leg, name).await;
    seen.see("a paid collection", &paid, Class::Succeeded);
    is_whole(&leg, &paid);

    let (leg, name) = bench.opened(bench.usual()).await;
    let is_declined = bench.simulator().act(leg.reference(), Deed::Decline).await;
    assert_eq!(is_declined, profile.declined.is_some(), "whether payers can be refused");
    if let Some(class) = profile.declined {
        seen.see("a refused payer", &bench.settled(&leg, name).await, class);
    }

    if let Some((after, class)) = profile.abandoned {
        let (leg, name) = bench.opened(bench.usual()).await;
        bench.simulator().advance(after + Duration::from_secs(1));
        seen.see("a collection that nobody paid", &bench.ask(&leg, name).await, class);
    }

    let unknown = bench.collection(bench.usual()).await;
    match hosted.needs_its_name {
        true => seen.see("without its name", &bench.ask(&unknown, None).await, Class::Misconfigured),
        false => seen.see("an unknown collection", &bench.ask(&unknown, None).await, Class::NotFound),
    }
}

async fn payouts(bench: &Bench, seen: &mut Seen) {
    for (payee, end) in bench.profile().payees.clone() {
        let leg = bench.payout(&payee, bench.usual());
        let answer = bench.call(&leg.operation).await;
        let scene = format!("a payout to {payee:?}");
        match Class::of(&answer) {
            // Refused by an error, it counts once nothing is found.
            Class::RefusedUnlessFound => {
                seen.see(&scene, &bench.ask(&leg, None).await, Class::NotFound);
                assert_eq!(end, Class::Declined, "{scene}: {answer:?}");
                seen.0.insert(end);
            }
            Class::Declined => seen.see(&scene, &answer, end),
            Class::Pending | Class::Succeeded => {
                seen.0.insert(Class::of(&answer));
                let settled = bench.settled(&leg, None).await;
                seen.see(&scene, &settled, end);
                is_whole(&leg, &settled);
            }
            _ => panic!("{scene}: {answer:?}"),
        }
        let moved = bench.moved(&leg).await.len();
        assert_eq!(moved, usize::from(end == Class::Succeeded), "{scene}: moved {moved} times");
    }
    let unknown = bench.payout(&bench.profile().payees[0].0, bench.usual());
    seen.see("an unknown payout", &bench.ask(&unknown, None).await, Class::NotFound);
}

async fn others(bench: &Bench, seen: &mut Seen, kind: OperationKind) {
    let leg = bench.movement(kind).await;
    seen.see("what was never put", &bench.ask(&leg, None).await, Class::NotFound);
    let answer = bench.call(&leg.operation).await;
    assert!(matches!(Class::of(&answer), Class::Pending | Class::Succeeded), "{kind}: {answer:?}");
    let settled = bench.settled(&leg, None).await;
    seen.see(kind.as_str(), &settled, Class::Succeeded);
    is_whole(&leg, &settled);
    assert_eq!(bench.moved(&leg).await.len(), 1, "{kind} moved money once");
}

fn is_whole(leg: &Leg, answer: &Result<Outcome, ProviderError>) {
    if let Ok(Outcome::Succeeded { amount, .. }) = answer {
        assert_eq!(*amount, leg.amount());
    }
}

async fn troubles(bench: &Bench, seen: &mut Seen) {
    let kind = bench.movements()[0];
    bench.warm().await;
    let leg = bench.movement(kind).await;
    let (answer, happened) = bench.call_under(Fault::LoseReply, &leg.operation).await;
    assert!(happened);
    seen.see("a lost answer", &answer, Class::Uncertain);

    let leg = bench.movement(kind).await;
    let (answer, happened) = bench.call_under(Fault::ErrorBefore(429), &leg.operation).await;
    assert!(happened);
    seen.see("too many calls", &answer, Class::RateLimited);

    let stranger = bench.other(&bench.simulator().url(), Keys::Wrong);
    let leg = bench.movement(kind).await;
    seen.see("wrong keys", &stranger.call(&leg.operation).await, Class::Misconfigured);
    if bench.offers(OperationKind::Balance) {
        seen.see("wrong keys", &stranger.call(&Operation::Balance).await, Class::Misconfigured);
    }
    assert!(bench.moved(&leg).await.is_empty(), "wrong keys moved money");
}
