//! Whatever goes wrong on the way: no answer is final that is not true, and what is uncertain is found by asking.

use providers::{Operation, OperationKind, Outcome, ProviderError};

use crate::kit::{AFTER, BEFORE, Bench, Class, Deed, Fault, Leg, is_final, name};

/// Every movement under every fault.
pub async fn effects(bench: &Bench) {
    bench.warm().await;
    let mut happened = 0_usize;
    // Silence takes its time and is the same to all, so it is tried where it is most dangerous: where we pay.
    let movements = bench.movements();
    let ours = movements.iter().copied().find(|kind| *kind != OperationKind::Collect).unwrap_or(movements[0]);
    for kind in movements {
        for fault in BEFORE.into_iter().chain(AFTER).filter(|fault| kind == ours || !fault.is_of_time()) {
            let leg = bench.movement(kind).await;
            let before = bench.moves().await;
            bench.recorder.written();
            let (answer, is_there) = bench.call_under(fault, &leg.operation).await;
            let written = bench.recorder.written();
            assert!(written <= 1, "{kind} under {fault:?} was put {written} times");
            happened += usize::from(is_there);
            let scene = format!("{kind} under {fault:?}, answered {answer:?}");
            if kind == OperationKind::Collect {
                collected(bench, &leg, &answer, &scene).await;
            } else {
                paid(bench, &leg, &answer, &scene).await;
            }
            let moves = bench.moves().await - before;
            assert!(moves <= 1, "{scene}: money moved {moves} times");
            if (!is_there && !fault.is_of_time()) || fault == Fault::UnknownField {
                let class = Class::of(&answer);
                assert!(matches!(class, Class::Pending | Class::Succeeded), "{scene}");
            }
        }
    }
    assert!(happened >= 12 * bench.movements().len(), "only {happened} faults happened");
}

/// Whether a final answer, or one that says that nothing happened, agrees with what happened.
fn is_true(answer: &Result<Outcome, ProviderError>, moved: bool) -> bool {
    match Class::of(answer) {
        Class::Pending | Class::Uncertain | Class::RefusedUnlessFound => true,
        Class::Succeeded => moved,
        _ => !moved,
    }
}

/// A collection that exists can be paid; one that can be paid exists, and has to be found.
async fn collected(bench: &Bench, leg: &Leg, answer: &Result<Outcome, ProviderError>, scene: &str) {
    let exists = bench.simulator().act(leg.reference(), Deed::Pay).await;
    assert!(Class::of(answer) != Class::Succeeded, "{scene}: nobody had paid");
    assert!(is_true(answer, exists), "{scene}: that it exists is {exists}");
    let name = name(answer);
    if bench.capabilities().hosted.needs_its_name && name.is_none() {
        return;
    }
    let settled = bench.settled(leg, name).await;
    let expected = if exists { Class::Succeeded } else { Class::NotFound };
    assert_eq!(Class::of(&settled), expected, "{scene}: then {settled:?}");
    assert_eq!(bench.moved(leg).await.len(), usize::from(exists), "{scene}");
}

/// Money that moved is found; what did not is found not to have, and may be put again where that is harmless.
async fn paid(bench: &Bench, leg: &Leg, answer: &Result<Outcome, ProviderError>, scene: &str) {
    // What is pending may move later.
    let settled = bench.settled(leg, name(answer)).await;
    let moved = bench.moved(leg).await.len();
    assert!(moved <= 1, "{scene}: moved {moved} times");
    assert!(is_true(answer, moved == 1), "{scene}: moved {moved} times");
    let expected = if moved == 1 { Class::Succeeded } else { Class::NotFound };
    assert_eq!(Class::of(&settled), expected, "{scene}: then {settled:?}");
    if moved == 0 && super::repeats::is_harmless(bench, leg.operation.kind()) {
        let again = bench.call(&leg.operation).await;
        assert!(matches!(Class::of(&again), Class::Pending | Class::Succeeded), "{scene}: again {again:?}");
        let settled = bench.settled(leg, name(&again)).await;
        assert_eq!(Class::of(&settled), Class::Succeeded, "{scene}: again, then {settled:?}");
        assert_eq!(bench.moved(leg).await.len(), 1, "{scene}: again");
    }
}

/// Questions about what was paid, what waits and what was refused: the truth, or nothing final.
pub async fn questions(bench: &Bench) {
    bench.warm().await;
    let mut happened = 0_usize;
    let mut asked = 0_usize;
    for (place, (leg, name, truth)) in standing(bench).await.into_iter().enumerate() {
        // Silence takes its time, and is the same to all.
        for fault in BEFORE.into_iter().chain(AFTER).filter(|fault| place == 0 || !fault.is_of_time()) {
            let question = leg.question(bench.profile().rail, name.clone());
            let (answer, is_there) = bench.call_under(fault, &question).await;
            let class = Class::of(&answer);
            assert!(class == truth || !is_final(class), "{truth:?} asked under {fault:?}: {answer:?}");
            if (!is_there && !fault.is_of_time()) || fault == Fault::UnknownField {
                assert_eq!(class, truth, "asked under {fault:?}: {answer:?}");
            }
            happened += usize::from(is_there);
            asked += 1;
        }
    }
    if bench.offers(OperationKind::Balance) {
        let truth = bench.call(&Operation::Balance).await;
        assert_eq!(Class::of(&truth), Class::Other, "{truth:?}");
        for fault in BEFORE.into_iter().chain(AFTER).filter(|fault| !fault.is_of_time()) {
            let (answer, is_there) = bench.call_under(fault, &Operation::Balance).await;
            assert!(answer.is_err() || answer == truth, "a balance under {fault:?}: {answer:?}");
            assert!(
                is_there || fault.is_of_time() || answer == truth,
                "a balance under {fault:?}: {answer:?}"
            );
        }
    }
    assert!(happened * 10 >= asked * 7, "only {happened} of {asked} faults happened");
}

/// Movements and how they stand.
async fn standing(bench: &Bench) -> Vec<(Leg, Option<providers::ProviderRef>, Class)> {
    let mut standing = Vec::new();
    if bench.offers(OperationKind::Collect) {
        let (leg, name) = bench.paid(bench.usual()).await;
        standing.push((leg, Some(name), Class::Succeeded));
        let (leg, name) = bench.opened(bench.usual()).await;
        let waiting = Class::of(&bench.ask(&leg, name.clone()).await);
        standing.push((leg, name, waiting));
        if let Some(declined) = bench.profile().declined {
            let (leg, name) = bench.opened(bench.usual()).await;
            assert!(bench.simulator().act(leg.reference(), Deed::Decline).await);
            bench.settled(&leg, name.clone()).await.unwrap();
            standing.push((leg, name, declined));
        }
    }
    if bench.offers(OperationKind::Disburse) {
        for (payee, end) in bench.profile().payees.clone() {
            let leg = bench.payout(&payee, bench.usual());
            let answer = bench.call(&leg.operation).await;
            if matches!(Class::of(&answer), Class::Pending | Class::Succeeded) {
                let name = name(&answer);
                bench.settled(&leg, name.clone()).await.unwrap();
                standing.push((leg, name, end));
            }
        }
    }
    standing
}
