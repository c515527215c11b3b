//! Collections: one PaymentIntent, confirmed as it is made, for exactly one method.
//!
//! `payment_method_types` may not be written any more; `allowed_payment_method_types` replaces it and
//! drops what does not fit without a word, so the answer is checked for what it still offers.
//! Source: docs.stripe.com/changelog/endive/2026-09-30, /payments/sepa-debit/accept-a-payment and
//! /payments/bank-transfers/accept-a-payment, read 2026-11.

use domain::Rail;
use domain::movement::MovementKind;
use secrecy::ExposeSecret;
use stripe_client_core::{RequestBuilder, StripeRequest};
use stripe_core::payment_intent::{
    CreatePaymentIntent, CreatePaymentIntentMandateData, CreatePaymentIntentMandateDataCustomerAcceptance,
    CreatePaymentIntentMandateDataCustomerAcceptanceType, CreatePaymentIntentOffSession,
    CreatePaymentIntentPaymentMethodData, CreatePaymentIntentPaymentMethodDataBillingDetails,
    CreatePaymentIntentPaymentMethodDataSepaDebit, CreatePaymentIntentPaymentMethodDataType,
    CreatePaymentIntentPaymentMethodOptions, CreatePaymentIntentPaymentMethodOptionsCustomerBalance,
    CreatePaymentIntentPaymentMethodOptionsCustomerBalanceBankTransfer,
    CreatePaymentIntentPaymentMethodOptionsCustomerBalanceBankTransferType,
    CreatePaymentIntentPaymentMethodOptionsCustomerBalanceFundingType, EuBankTransferParams, OnlineParam,
};
use stripe_shared::{PaymentIntentAllowedPaymentMethodTypes, PaymentIntentSetupFutureUsage};

use super::config::Checked;
use super::requests::{euros, id, metadata, shortened};
use crate::{Collect, Consent, Debit, DebitSource, Unsupported};

/// The intent that takes a collection.
pub(super) fn create(config: &Checked, collect: &Collect) -> Result<RequestBuilder, Unsupported> {
    let customer = collect.customer.as_ref();
    let customer = customer.ok_or_else(|| Unsupported::new("a collection needs a registered customer"))?;
    let intent = CreatePaymentIntent::new(collect.amount.minor(), euros(collect.amount)?)
        .customer(id(customer)?)
        .confirm(true)
        .expand(["latest_charge".to_owned()])
        .metadata(metadata(collect.reference, MovementKind::Collection));
    match (collect.rail, &collect.debit) {
        (Rail::SepaTransfer, None) => Ok(by_transfer(config, intent).build()),
        (Rail::SepaTransfer, Some(_)) => Err(Unsupported::new("a transfer debits nobody")),
        (Rail::SepaDebit, Some(debit)) => Ok(by_debit(intent, debit)?.build()),
        (Rail::SepaDebit, None) => Err(Unsupported::new("a debit needs an account")),
        (rail, _) => Err(Unsupported::new(format!("{rail} is not a rail of this wallet"))),
    }
}

/// The payer sends to an account that is their customer's own.
fn by_transfer(config: &Checked, intent: CreatePaymentIntent) -> CreatePaymentIntent {
    use CreatePaymentIntentPaymentMethodOptionsCustomerBalanceBankTransfer as BankTransfer;
    use CreatePaymentIntentPaymentMethodOptionsCustomerBalanceBankTransferType as TransferType;
    use CreatePaymentIntentPaymentMethodOptionsCustomerBalanceFundingType as FundingType;
    let mut transfer = BankTransfer::new(TransferType::EuBankTransfer);
    transfer.eu_bank_transfer = Some(EuBankTransferParams::new(config.iban_country.code()));
    let mut balance = CreatePaymentIntentPaymentMethodOptionsCustomerBalance::new();
    balance.funding_type = Some(FundingType::BankTransfer);
    balance.bank_transfer = Some(transfer);
    let mut options = CreatePaymentIntentPaymentMethodOptions::new();
    options.customer_balance = Some(balance);
    let kind = CreatePaymentIntentPaymentMethodDataType::CustomerBalance;
    intent
        .allowed_payment_method_types(vec![PaymentIntentAllowedPaymentMethodTypes::CustomerBalance])
        .payment_method_data(CreatePaymentIntentPaymentMethodData::new(kind))
        .payment_method_options(options)
}

/// A new account brings its consent and is kept for later; a kept one is debited while the payer is away.
fn by_debit(intent: CreatePaymentIntent, debit: &Debit) -> Result<CreatePaymentIntent, Unsupported> {
    let intent = intent.allowed_payment_method_types(vec![PaymentIntentAllowedPaymentMethodTypes::SepaDebit]);
    match &debit.source {
        DebitSource::New { iban, name, email, consent } => {
            let mut details = CreatePaymentIntentPaymentMethodDataBillingDetails::new();
            details.name = shortened(Some(name));
            details.email = shortened(email.as_deref());
            if details.name.is_none() {
                return Err(Unsupported::new("a debit needs the holder's name"));
            }
            let kind = CreatePaymentIntentPaymentMethodDataType::SepaDebit;
            let mut data = CreatePaymentIntentPaymentMethodData::new(kind);
            data.sepa_debit = Some(CreatePaymentIntentPaymentMethodDataSepaDebit::new(iban.expose_secret()));
            data.billing_details = Some(details);
            Ok(intent
                .payment_method_data(data)
                .mandate_data(accepted(consent))
                .setup_future_usage(PaymentIntentSetupFutureUsage::OffSession))
        }
        DebitSource::Mandate { mandate, payment_method } => Ok(intent
            .payment_method(id(payment_method)?)
            .mandate(id(mandate)?)
            .off_session(CreatePaymentIntentOffSession::Bool(true))),
    }
}

fn accepted(consent: &Consent) -> CreatePaymentIntentMandateData {
    use CreatePaymentIntentMandateDataCustomerAcceptanceType as How;
    let browser = shortened(Some(&consent.user_agent)).unwrap_or_else(|| "unknown".to_owned());
    let mut acceptance = CreatePaymentIntentMandateDataCustomerAcceptance::new(How::Online);
    acceptance.online = Some(OnlineParam::new(consent.ip.to_string(), browser));
    CreatePaymentIntentMandateData::new(acceptance)
}
