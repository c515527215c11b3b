//! What a wallet by hand answers: it waits, whatever is asked, and tells payers what to do.

use domain::movement::MovementKind;
use domain::{Money, Msisdn};

use super::*;
use crate::{Cancel, Inquire, Refund, Sweep};

fn cny(minor: i64) -> Money {
    Money::new(minor, Currency::CNY)
}

fn reference() -> Reference {
    Reference::from_uuid(uuid::Uuid::from_u128(0x0188_bac7_4afa_78aa_bc3b_bd1e_ef28_d881))
}

fn wallet() -> Manual {
    Manual::new(ManualConfig {
        wallet: Wallet::parse("cn").unwrap(),
        countries: vec![Country::parse("CN").unwrap()],
        currency: Currency::CNY,
        instructions: vec![
            "Payez {amount}, motif {reference}.".into(),
            "Pay {amount}, quote {reference}.".into(),
        ],
        limits: Limits { min: Some(cny(100)), max: Some(cny(1_000_000)) },
    })
}

fn collect(amount: Money) -> Operation {
    Operation::Collect(Collect {
        reference: reference(),
        amount,
        rail: Rail::Manual,
        payer: None,
        restrict_payer: false,
        success_url: String::new(),
        failure_url: String::new(),
        customer: None,
        debit: None,
        otp: None,
        callback_url: None,
    })
}

fn disburse(payee: Payee, amount: Money) -> Operation {
    let (reference, name) = (reference(), Some("Guangzhou Exemple Co.".to_owned()));
    Operation::Disburse(Disburse { reference, amount, payee, name, reason: None, callback_url: None })
}

fn words(text: &str) -> Payee {
    Payee::Words(text.to_owned())
}

#[tokio::test]
async fn payers_are_told_what_to_do_in_every_language_with_amount_and_reference() {
    let Ok(Outcome::Pending { provider_ref, next, executing: false, .. }) =
        wallet().call(&collect(cny(2_550))).await
    else {
        panic!("a collection by hand waits")
    };
    assert_eq!(provider_ref.unwrap().as_str(), "01h2xcejqtf2nbrexx3vqjhp41");
    let Some(NextAction::Manual { instructions }) = next else { panic!("no instructions") };
    let said = "Payez 25.50 CNY, motif 01h2xcejqtf2nbrexx3vqjhp41.\n\nPay 25.50 CNY, quote 01h2xcejqtf2nbrexx3vqjhp41.";
    assert_eq!(instructions, said);
}

#[tokio::test]
async fn what_leaves_waits_for_a_person_and_so_does_every_question() {
    let inquire = |kind, provider_ref| {
        let (since, rail, original) = (DateTime::UNIX_EPOCH, Rail::Manual, None);
        let (reference, amount, customer) = (reference(), cny(2_550), None);
        Operation::Inquire(Inquire { reference, kind, provider_ref, amount, original, since, rail, customer })
    };
    let refund = |whole| {
        Operation::Refund(Refund {
            reference: reference(),
            original: Reference::from_uuid(uuid::Uuid::from_u128(7)),
            original_ref: ProviderRef("x".into()),
            amount: cny(2_550),
            whole,
            rail: Rail::Manual,
            payer: None,
            callback_url: None,
        })
    };
    let phone = Payee::Phone(Msisdn::parse("+221770003344").unwrap());
    for operation in [
        disburse(words("Alipay 138…"), cny(2_550)),
        disburse(phone, cny(2_550)),
        refund(true),
        refund(false),
        inquire(MovementKind::Collection, None),
        inquire(MovementKind::Disbursement, Some(ProviderRef("unheard of".into()))),
        inquire(MovementKind::Refund, None),
    ] {
        let answer = wallet().call(&operation).await.unwrap();
        let expected = Outcome::pending(ProviderRef("01h2xcejqtf2nbrexx3vqjhp41".into()), None);
        assert_eq!(answer, expected, "{operation:?}");
    }
}

#[tokio::test]
async fn what_a_wallet_does_not_offer_is_refused() {
    let sweep = Operation::Sweep(Sweep { reference: reference(), amount: cny(100), instant: false });
    for operation in [
        Operation::Balance,
        sweep,
        collect(cny(99)),
        collect(cny(1_000_001)),
        collect(Money::new(1_000, Currency::GNF)),
        disburse(words("Alipay"), cny(0)),
        disburse(words("  "), cny(1_000)),
    ] {
        let refused = wallet().call(&operation).await;
        assert!(matches!(refused, Err(ProviderError::Misconfigured { .. })), "{operation:?}: {refused:?}");
    }
}

#[tokio::test]
async fn a_collection_that_nobody_waits_for_is_closed_and_no_callback_is_ever_taken() {
    let cancel = Operation::Cancel(Cancel { reference: reference(), provider_ref: ProviderRef("x".into()) });
    assert_eq!(wallet().call(&cancel).await, Ok(Outcome::Cancelled));
    assert!(wallet().verify(&HeaderMap::new(), b"{}", DateTime::UNIX_EPOCH).is_err());
    assert!(wallet().translate(b"{}", Trust::Proven).is_err());
}

#[test]
fn only_a_payee_with_a_number_is_paid_by_others() {
    assert!(words("ICBC 6222…").msisdn().is_err());
    let phone = Msisdn::parse("+221770003344").unwrap();
    assert_eq!(Payee::Phone(phone.clone()).msisdn(), Ok(&phone));
    assert!(!format!("{:?}", words("ICBC 6222")).contains("6222"), "an account is not for the log");
}
