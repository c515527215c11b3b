//! Which configurations are taken, and what they offer.

use super::*;
use crate::OperationKind::{
    Balance, Collect as Collects, Disburse as Pays, Inquire as Asks, Refund as Refunding,
};
use crate::mtn::MtnConfigError;
use crate::{Operation, Refunds};

fn refused(change: impl Fn(&mut MtnConfig)) -> Option<MtnConfigError> {
    let mut config = config();
    change(&mut config);
    Mtn::new(config).err()
}

#[test]
fn a_product_that_is_not_configured_is_not_offered() {
    let table = [
        (true, true, MtnPayBy::Transfer, vec![Collects, Pays, Refunding, Asks, Balance]),
        (true, false, MtnPayBy::Transfer, vec![Collects, Asks, Balance]),
        (false, true, MtnPayBy::Deposit, vec![Pays, Asks, Balance]),
        (true, true, MtnPayBy::Remittance, vec![Collects, Refunding, Asks, Balance]),
    ];
    for (collects, pays, pay_by, operations) in table {
        let collection = collects.then(|| product("collection"));
        let disbursement = pays.then(|| product("disbursement"));
        let mtn = Mtn::new(MtnConfig { collection, disbursement, pay_by, ..config() }).unwrap();
        let refunds = if collects && pays { Refunds::Partial } else { Refunds::None };
        assert_eq!(mtn.capabilities().operations, operations);
        assert_eq!(mtn.capabilities().refunds, refunds);
    }
}

#[test]
fn a_door_is_open_where_callbacks_are_on() {
    for (callback, door) in
        [(MtnCallback::Off, None), (MtnCallback::V1, Some("mtn-momo")), (MtnCallback::V2, Some("mtn-momo"))]
    {
        let callbacks = Mtn::new(MtnConfig { callback, ..config() }).unwrap().capabilities().callbacks;
        assert_eq!(callbacks.door, door);
        assert_eq!((callbacks.collections, callbacks.signed), (door.is_some(), false));
    }
}

#[test]
fn limits_and_currency_are_those_of_the_wallet() {
    let mtn = Mtn::new(MtnConfig { min: Some(gnf(500)), max: Some(gnf(5_000_000)), ..config() }).unwrap();
    let check =
        |amount| mtn.capabilities().check(&Operation::Collect(Collect { amount, ..collect() })).is_ok();
    for (amount, is_ok) in [
        (gnf(500), true),
        (gnf(499), false),
        (gnf(5_000_000), true),
        (gnf(5_000_001), false),
        (Money::new(1_000, Currency::EUR), false),
    ] {
        assert_eq!(check(amount), is_ok, "{amount}");
    }
}

#[test]
fn what_cannot_be_used_is_refused_at_the_start() {
    use MtnConfigError::{BaseUrl, Credentials, NoProduct, TargetEnvironment};
    for url in ["", "mtn.test", "ftp://mtn.test", "https://mtn.test?x=1"] {
        assert_eq!(refused(|config| config.base_url = url.to_owned()), Some(BaseUrl), "{url}");
    }
    for environment in ["", "mtn guinea", "mtn\n"] {
        let change = |config: &mut MtnConfig| config.target_environment = environment.to_owned();
        assert_eq!(refused(change), Some(TargetEnvironment));
    }
    let broken: [fn(&mut MtnProduct); 5] = [
        |product| product.subscription_key = "".into(),
        |product| product.subscription_key = "two words".into(),
        |product| product.api_user = "user:key".to_owned(),
        |product| product.api_user = String::new(),
        |product| product.api_key = "".into(),
    ];
    for change in broken {
        let mut changed = product("collection");
        change(&mut changed);
        assert_eq!(refused(|config| config.collection = Some(changed.clone())), Some(Credentials));
    }
    let nothing = |config: &mut MtnConfig| (config.collection, config.disbursement) = (None, None);
    assert_eq!(refused(nothing), Some(NoProduct));
    assert_eq!(refused(|_| {}), None);
}

#[test]
fn a_simulator_s_prefix_is_kept() {
    let mtn = Mtn::new(MtnConfig { base_url: "http://127.0.0.1:9/mtn/".to_owned(), ..config() }).unwrap();
    let request = mtn.request(&Operation::Balance, &grants(), now()).unwrap();
    assert_eq!(request.url, "http://127.0.0.1:9/mtn/disbursement/v1_0/account/balance");
}
