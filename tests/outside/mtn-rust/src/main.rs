//! The Rust client mtnmomo against the MTN simulator in its sandbox environment: provisioning, request to pay,
//! transfer, deposit, refund, remittance, balance, account holder, and numbers that the real sandbox refuses.

use std::error::Error;
use std::time::Duration;

use mtnmomo::{
    Currency, Momo, MomoCollection, MomoDisbursements, Party, PartyIdType, RefundRequest, RequestToPay,
    TransferRequest,
};

type Done = Result<(), Box<dyn Error>>;

fn party(id: &str) -> Party {
    Party { party_id_type: PartyIdType::MSISDN, party_id: id.to_owned() }
}

async fn account(url: &str, product: &str) -> Result<(Momo, String), Box<dyn Error>> {
    let key = format!("mtn_sandbox_primary_{product}");
    Ok((Momo::new_with_provisioning(url.to_owned(), key.clone(), "127.0.0.1").await?, key))
}

/// Asks until the status is final.
macro_rules! settled {
    ($ask:expr) => {{
        let mut told = $ask;
        for _ in 0..50 {
            if told.status != "PENDING" && told.status != "CREATED" {
                break;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
            told = $ask;
        }
        told
    }};
}

async fn collect(collection: &MomoCollection, payer: &str) -> Result<(String, String, Option<String>), Box<dyn Error>> {
    let request = RequestToPay::new("100".into(), Currency::EUR, party(payer), "order 7".into(), "order 7".into());
    let id = collection.request_to_pay(request, None).await?.as_string();
    let told = settled!(collection.request_to_pay_transaction_status(&id).await?);
    assert_eq!((told.amount.as_str(), told.external_id.as_str()), ("100", id.as_str()));
    Ok((id, told.status, told.reason))
}

async fn collections(collection: &MomoCollection) -> Result<String, Box<dyn Error>> {
    let (paid, status, reason) = collect(collection, "242064818006").await?;
    assert_eq!((status.as_str(), reason), ("SUCCESSFUL", None));
    for (number, expected) in [
        ("46733123450", "INTERNAL_PROCESSING_ERROR"),
        ("46733123451", "APPROVAL_REJECTED"),
        ("46733123452", "EXPIRED"),
        ("46733123455", "PAYER_NOT_FOUND"),
    ] {
        let (_, status, reason) = collect(collection, number).await?;
        assert_eq!((status.as_str(), reason.as_deref()), ("FAILED", Some(expected)), "{number}");
    }
    let balance = collection.get_account_balance().await?;
    assert_eq!(balance.currency, Currency::EUR);
    collection.validate_account_holder_status("242064818006", "msisdn").await?;
    Ok(paid)
}

async fn disbursements(disbursement: &MomoDisbursements, paid: &str) -> Done {
    let transfer = |payee| TransferRequest::new("10".into(), Currency::EUR, party(payee), "pay".into(), "pay".into());
    let id = disbursement.transfer(transfer("242064818006"), None).await?.as_string();
    let told = settled!(disbursement.get_transfer_status(&id).await?);
    assert_eq!(told.status, "SUCCESSFUL");
    let id = disbursement.transfer(transfer("46733123457"), None).await?.as_string();
    let told = settled!(disbursement.get_transfer_status(&id).await?);
    // The client does not read the reason of a transfer.
    assert_eq!(told.status, "FAILED");
    let deposit = disbursement.deposit_v2(transfer("242064818006"), None).await?.as_string();
    assert_eq!(settled!(disbursement.get_deposit_status(deposit.clone()).await?).status, "SUCCESSFUL");
    let refund = RefundRequest::new("40".into(), "EUR".into(), "back".into(), "back".into(), paid.to_owned());
    let refund = disbursement.refund_v1(refund, None).await?.as_string();
    assert_eq!(settled!(disbursement.get_refund_status(&refund).await?).status, "SUCCESSFUL");
    Ok(())
}

#[tokio::main]
async fn main() -> Done {
    let url = format!("{}/mtn", std::env::args().nth(1).ok_or("usage: mtn-outside SANDBOX")?);
    let (momo, key) = account(&url, "collection").await?;
    let paid = collections(&momo.collection(key.clone(), key)).await?;
    println!("  collection: ok");
    let (momo, key) = account(&url, "disbursement").await?;
    disbursements(&momo.disbursement(key.clone(), key), &paid).await?;
    println!("  disbursement: ok");
    let (momo, key) = account(&url, "remittance").await?;
    let remittance = momo.remittance(key.clone(), key);
    let request = TransferRequest::new("10".into(), Currency::EUR, party("242064818006"), "pay".into(), "pay".into());
    let id = remittance.transfer(request, None).await?.as_string();
    assert_eq!(settled!(remittance.get_transfer_status(&id).await?).status, "SUCCESSFUL");
    println!("  remittance: ok");
    Ok(())
}
