//! What a wallet declares is so: what it offers is answered, what it does not is refused before anything is sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::response::IntoResponse;
use domain::{Currency, Money, Rail};
use http::{StatusCode, header};
use providers::{
    Cancel, Collect, Grants, Line, Operation, OperationKind, Outcome, Page, Payee, Provider, ProviderRef,
    Refund, Refunds, Register, Reverse, Sweep, VerifyRecipient,
};

use crate::kit::{Bench, Class, Deed, Keys, Leg, fresh, is_final, name, serve};

const EVERY: [OperationKind; 12] = [
    OperationKind::Register,
    OperationKind::Collect,
    OperationKind::Disburse,
    OperationKind::Refund,
    OperationKind::Reverse,
    OperationKind::Cancel,
    OperationKind::Inquire,
    OperationKind::Balance,
    OperationKind::Transactions,
    OperationKind::Line,
    OperationKind::Sweep,
    OperationKind::VerifyRecipient,
];

pub async fn check(bench: &Bench) {
    let mut offered = 0_usize;
    for kind in EVERY {
        let operation = some(bench, kind).await;
        match bench.offers(kind) {
            true => {
                offered += 1;
                is_answered(bench, &operation).await;
            }
            false => {
                is_refused(bench, &operation, "it is not offered").await;
                let direct =
                    bench.recorder.wire.request(&operation, &Grants::none(), bench.simulator().now());
                assert!(direct.is_err(), "{kind} is written though it is not offered");
            }
        }
    }
    assert!(offered >= 2 && bench.offers(OperationKind::Inquire), "what moves is not asked about");
    limits(bench).await;
    if bench.offers(OperationKind::Refund) {
        parts(bench).await;
    }
    if bench.offers(OperationKind::Cancel) {
        closed(bench).await;
    }
}

async fn is_refused(bench: &Bench, operation: &Operation, why: &str) {
    bench.recorder.written();
    let answer = bench.call(operation).await;
    assert_eq!(Class::of(&answer), Class::Misconfigured, "{why}: {answer:?}");
    assert_eq!(bench.recorder.written(), 0, "{why}, and still it was sent");
}

/// Whatever it says, it is an answer to this operation.
async fn is_answered(bench: &Bench, operation: &Operation) {
    let answer = bench.call(operation).await;
    let fits = match operation.kind() {
        OperationKind::Register => matches!(answer, Ok(Outcome::Registered { .. })),
        OperationKind::Balance => matches!(answer, Ok(Outcome::Balance(_))),
        OperationKind::Transactions | OperationKind::Line => matches!(answer, Ok(Outcome::Transactions(_))),
        OperationKind::VerifyRecipient => matches!(answer, Ok(Outcome::Recipient(_))),
        _ => answer.is_ok(),
    };
    assert!(fits, "{}: {answer:?}", operation.kind());
}

/// An operation of this kind that is fine in itself.
async fn some(bench: &Bench, kind: OperationKind) -> Operation {
    let (usual, rail) = (bench.usual(), bench.profile().rail);
    let is_offered = bench.offers(kind);
    let elsewhere = || ProviderRef("elsewhere".to_owned());
    match kind {
        OperationKind::Collect if is_offered => bench.collection(usual).await.operation,
        OperationKind::Inquire => {
            let leg = bench.movement(bench.movements()[0]).await;
            let answer = bench.call(&leg.operation).await;
            leg.question(rail, name(&answer))
        }
        OperationKind::Cancel if is_offered => {
            let (leg, provider_ref) = bench.opened(usual).await;
            Operation::Cancel(Cancel { reference: leg.reference(), provider_ref: provider_ref.unwrap() })
        }
        OperationKind::Disburse | OperationKind::Refund | OperationKind::Reverse | OperationKind::Sweep
            if is_offered =>
        {
            bench.movement(kind).await.operation
        }
        OperationKind::Collect => Operation::Collect(Collect {
            reference: fresh(),
            amount: usual,
            rail,
            payer: bench.profile().payer.clone(),
            restrict_payer: false,
            success_url: "https://pay.example/ok".to_owned(),
            failure_url: "https://pay.example/ko".to_owned(),
            customer: None,
            debit: None,
            otp: None,
            callback_url: Some(bench.inbox.url.clone()),
        }),
        OperationKind::Disburse => {
            let payee = bench.profile().payer.clone().map_or(Payee::Words("a bank".to_owned()), Payee::Phone);
            bench.payout(&payee, usual).operation
        }
        OperationKind::Refund => Operation::Refund(Refund {
            reference: fresh(),
            original: fresh(),
            original_ref: elsewhere(),
            amount: usual,
            whole: true,
            rail,
            payer: bench.profile().payer.clone(),
            callback_url: None,
        }),
        OperationKind::Reverse => Operation::Reverse(Reverse {
            reference: fresh(),
            original_ref: elsewhere(),
            amount: usual,
            submitted_at: bench.simulator().now(),
        }),
        OperationKind::Cancel => Operation::Cancel(Cancel { reference: fresh(), provider_ref: elsewhere() }),
        OperationKind::Sweep => Operation::Sweep(Sweep { reference: fresh(), amount: usual, instant: false }),
        OperationKind::Register => {
            Operation::Register(Register { key: fresh().to_string(), name: None, email: None })
        }
        OperationKind::Balance => Operation::Balance,
        OperationKind::Transactions => {
            Operation::Transactions(Page { date: bench.simulator().now().date_naive(), cursor: None })
        }
        OperationKind::Line => Operation::Line(Line { source: elsewhere(), amount: usual }),
        OperationKind::VerifyRecipient => {
            let payee = bench.profile().payees.first().map(|(payee, _)| payee.clone());
            let payee = payee.or(bench.profile().payer.clone().map(Payee::Phone));
            let payee = payee.unwrap_or(Payee::Words("a bank".to_owned()));
            Operation::VerifyRecipient(VerifyRecipient { payee, name: None, amount: usual })
        }
    }
}

fn with_amount(leg: &Leg, amount: Money) -> Operation {
    match leg.operation.clone() {
        Operation::Collect(collect) => Operation::Collect(Collect { amount, ..collect }),
        Operation::Disburse(disburse) => Operation::Disburse(providers::Disburse { amount, ..disburse }),
        other => panic!("{} has no limits", other.kind()),
    }
}

async fn limits(bench: &Bench) {
    let capabilities = bench.capabilities().clone();
    let foreign = Money::new(10_000, Currency::parse("JPY").unwrap());
    for (kind, limits) in [
        (OperationKind::Collect, capabilities.collect_limits),
        (OperationKind::Disburse, capabilities.disburse_limits),
    ] {
        if !bench.offers(kind) {
            continue;
        }
        let leg = bench.movement(kind).await;
        let currency = leg.amount().currency();
        is_refused(bench, &with_amount(&leg, foreign), "a foreign currency").await;
        is_refused(bench, &with_amount(&leg, Money::zero(currency)), "nothing").await;
        is_refused(bench, &with_amount(&leg, Money::new(-100, currency)), "less than nothing").await;
        if let Some(min) = limits.min {
            let less = Money::new(min.minor() - 1, currency);
            is_refused(bench, &with_amount(&leg, less), "below the least").await;
        }
        if let Some(max) = limits.max {
            let more = Money::new(max.minor() + 1, currency);
            is_refused(bench, &with_amount(&leg, more), "above the most").await;
        }
        if let Operation::Collect(collect) = &leg.operation {
            let other = Collect { rail: Rail::Balance, ..collect.clone() };
            is_refused(bench, &Operation::Collect(other), "another rail").await;
            if capabilities.needs_customer {
                let nobody = Collect { customer: None, ..collect.clone() };
                is_refused(bench, &Operation::Collect(nobody), "nobody's collection").await;
            }
        }
    }
}

/// Refunds in part, where they are declared; elsewhere a part is refused.
async fn parts(bench: &Bench) {
    let leg = bench.movement(OperationKind::Refund).await;
    let Operation::Refund(whole) = &leg.operation else { panic!("no refund") };
    let half = Money::new(whole.amount.minor() / 2, whole.amount.currency());
    let part = |reference| {
        let operation = Operation::Refund(Refund { reference, amount: half, whole: false, ..whole.clone() });
        Leg { operation, ..leg.clone() }
    };
    match bench.capabilities().refunds {
        Refunds::None => panic!("refunds are offered, and none is possible"),
        Refunds::Full => is_refused(bench, &part(fresh()).operation, "a refund in part").await,
        Refunds::Anew | Refunds::Partial => {
            for _ in 0..2 {
                let part = part(fresh());
                let answer = bench.call(&part.operation).await;
                let settled = bench.settled(&part, name(&answer)).await;
                assert!(
                    matches!(settled, Ok(Outcome::Succeeded { amount, .. }) if amount == half),
                    "{settled:?}"
                );
            }
        }
    }
    if bench.capabilities().refunds == Refunds::Anew {
        let nobody = Refund { payer: None, reference: fresh(), ..whole.clone() };
        is_refused(bench, &Operation::Refund(nobody), "a refund to nobody").await;
    }
}

/// What was closed cannot be paid.
async fn closed(bench: &Bench) {
    let (leg, provider_ref) = bench.opened(bench.usual()).await;
    let cancel = Cancel { reference: leg.reference(), provider_ref: provider_ref.clone().unwrap() };
    let answer = bench.call(&Operation::Cancel(cancel)).await;
    if Class::of(&answer) == Class::Cancelled {
        bench.simulator().act(leg.reference(), Deed::Pay).await;
        let asked = Class::of(&bench.ask(&leg, provider_ref).await);
        assert!(matches!(asked, Class::Expired | Class::Cancelled), "{asked:?}");
        assert!(bench.moved(&leg).await.is_empty(), "what was closed was paid");
    }
}

/// Nothing goes where a redirect points to, and a redirect is no answer.
pub async fn redirects(bench: &Bench) {
    let caught = Arc::new(AtomicUsize::new(0));
    let counter = caught.clone();
    let catcher = serve(Router::new().fallback(async move || {
        counter.fetch_add(1, Ordering::SeqCst);
        StatusCode::OK
    }))
    .await;
    for status in [301, 302, 303, 307, 308] {
        let target = format!("{catcher}/elsewhere");
        let status = StatusCode::from_u16(status).unwrap();
        let seen = Arc::new(AtomicUsize::new(0));
        let count = seen.clone();
        let pointing = serve(Router::new().fallback(async move || {
            count.fetch_add(1, Ordering::SeqCst);
            (status, [(header::LOCATION, target)]).into_response()
        }))
        .await;
        let caller = bench.other(&pointing, Keys::Right);
        for kind in EVERY.into_iter().filter(|kind| bench.offers(*kind)) {
            let answer = caller.call(&some(bench, kind).await).await;
            assert!(!is_final(Class::of(&answer)), "{kind}, {status}: {answer:?}");
        }
        assert!(seen.load(Ordering::SeqCst) >= 2, "nothing was asked");
    }
    assert_eq!(caught.load(Ordering::SeqCst), 0, "a redirect was followed");
}
