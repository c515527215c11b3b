//! The same reference put several times: once the money, where the wallet declares so.

use futures::future::join_all;
use providers::OperationKind;

use crate::kit::{Bench, Class, Deed, Fault, Leg};

/// Whether the wallet declares that a repetition does no harm.
pub fn is_harmless(bench: &Bench, kind: OperationKind) -> bool {
    let declared = bench.capabilities().idempotent_on_reference;
    match kind {
        OperationKind::Collect => declared.collect,
        OperationKind::Disburse => declared.disburse,
        OperationKind::Refund => declared.refund,
        OperationKind::Reverse => declared.reverse,
        OperationKind::Cancel => declared.cancel,
        OperationKind::Sweep => declared.sweep,
        other => panic!("{other} has no effect on money"),
    }
}

pub async fn check(bench: &Bench) {
    for kind in bench.movements() {
        match is_harmless(bench, kind) {
            true => {
                one_after_another(bench, kind).await;
                at_once(bench, kind).await;
            }
            false => never_again(bench, kind).await,
        }
    }
}

async fn one_after_another(bench: &Bench, kind: OperationKind) {
    let leg = bench.movement(kind).await;
    let before = bench.moves().await;
    for time in 0..3 {
        let answer = bench.call(&leg.operation).await;
        let class = Class::of(&answer);
        // Told again, a refund or payout of Wave may be refused for having happened: asking says how it stands.
        let is_fine = matches!(class, Class::Pending | Class::Succeeded | Class::Uncertain);
        assert!(is_fine && (time > 0 || class != Class::Uncertain), "{kind}, time {time}: {answer:?}");
    }
    moves_once(bench, &leg, before).await;
}

async fn at_once(bench: &Bench, kind: OperationKind) {
    let leg = bench.movement(kind).await;
    let before = bench.moves().await;
    let answers = join_all((0..5).map(|_| bench.call(&leg.operation))).await;
    let is_refused = |class| matches!(class, Class::Declined | Class::Misconfigured | Class::NotFound);
    assert!(!answers.iter().any(|answer| is_refused(Class::of(answer))), "{kind} at once: {answers:?}");
    moves_once(bench, &leg, before).await;
}

/// Also where the second time would be under no name of ours.
async fn moves_once(bench: &Bench, leg: &Leg, before: usize) {
    let kind = leg.operation.kind();
    if kind == OperationKind::Collect {
        assert!(bench.simulator().act(leg.reference(), Deed::Pay).await, "nobody can pay");
        assert!(!bench.simulator().act(leg.reference(), Deed::Pay).await, "it can be paid twice");
    }
    let settled = bench.settled(leg, None).await;
    assert_eq!(Class::of(&settled), Class::Succeeded, "{kind}: {settled:?}");
    let moved = bench.moved(leg).await;
    assert_eq!(moved.len(), 1, "{kind} moved money {} times: {moved:?}", moved.len());
    assert_eq!(bench.moves().await, before + 1, "{kind} moved other money too");
}

/// What may do harm is put once, whatever becomes of the answer.
async fn never_again(bench: &Bench, kind: OperationKind) {
    bench.warm().await;
    for fault in [Fault::LoseReply, Fault::ResetBefore, Fault::ErrorBefore(503), Fault::TimeoutAfter] {
        let leg = bench.movement(kind).await;
        bench.recorder.written();
        let (answer, happened) = bench.call_under(fault, &leg.operation).await;
        assert!(happened || fault.is_of_time(), "{fault:?} did not happen");
        assert_eq!(bench.recorder.written(), 1, "{kind} under {fault:?}: {answer:?}");
        assert!(bench.moved(&leg).await.len() <= 1, "{kind} under {fault:?} moved money twice");
    }
}
