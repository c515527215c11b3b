//! A person agrees on a checkout page: a debit is submitted, a mandate taken, or a subscription
//! begun. *Chosen*: the page sends the browser on at once, without waiting for an endpoint.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::billing::start::{self, First};
use super::billing::{clock, shape};
use super::confirm::Confirmation;
use super::errors::StripeError;
use super::method::Wish;
use super::params::Params;
use super::scene::{Scene, int, text};
use super::{book, customer, event, intent, setup};

/// Who pays on the page, and from which account.
#[derive(Clone, Debug)]
pub struct Payer {
    /// Account number.
    pub iban: String,
    /// Its holder.
    pub name: String,
    /// For notices.
    pub email: String,
}

impl Payer {
    /// What the page sends, as a request would say it.
    pub fn form(&self) -> Result<Params, StripeError> {
        let mut url = reqwest::Url::parse("http://stripe/").map_err(|_| StripeError::internal())?;
        let (method, data) = ("payment_method_data", "mandate_data[customer_acceptance]");
        url.query_pairs_mut()
            .append_pair(&format!("{method}[type]"), "sepa_debit")
            .append_pair(&format!("{method}[sepa_debit][iban]"), &self.iban)
            .append_pair(&format!("{method}[billing_details][name]"), &self.name)
            .append_pair(&format!("{method}[billing_details][email]"), &self.email)
            .append_pair(&format!("{data}[type]"), "online")
            .append_pair(&format!("{data}[online][ip_address]"), "127.0.0.1")
            .append_pair(&format!("{data}[online][user_agent]"), "hosted page");
        Params::decode(url.query().unwrap_or_default())
    }
}

/// Completes an open session.
pub fn complete(scene: &Scene<'_>, session: &mut Value, payer: &Payer) -> Result<(), StripeError> {
    let mut wish = Confirmation::read(scene, &mut payer.form()?)?;
    wish.future = session["_usage"].as_str().map(str::to_owned);
    session["status"] = json!("complete");
    session["url"] = Value::Null;
    session["customer_details"] = json!({
        "address": null, "business_name": null, "email": payer.email, "individual_name": null,
        "name": payer.name, "phone": null, "tax_exempt": "none", "tax_ids": [],
    });
    match text(session, "mode") {
        "setup" => {
            let setup = take_mandate(scene, &session["customer"], &session["_metadata"], &wish)?;
            session["setup_intent"] = setup["id"].clone();
        }
        "subscription" => subscribe(scene, session, payer, wish)?,
        _ => pay(scene, session, &wish)?,
    }
    book::unplan(scene, text(session, "id"))?;
    book::update(scene, session)?;
    Ok(event::emit(scene, "checkout.session.completed", session)?)
}

fn take_mandate(
    scene: &Scene<'_>,
    customer: &Value,
    metadata: &Value,
    wish: &Confirmation,
) -> Result<Value, StripeError> {
    let mut setup = setup::blank(scene, vec!["sepa_debit".to_owned()]);
    setup["customer"] = customer.clone();
    setup["metadata"] = metadata.clone();
    book::insert(scene, &setup)?;
    setup::confirm(scene, &mut setup, wish)?;
    Ok(setup)
}

fn pay(scene: &Scene<'_>, session: &mut Value, wish: &Confirmation) -> Result<(), StripeError> {
    let mut payment = intent::blank(scene, int(session, "amount_total"), vec!["sepa_debit".to_owned()]);
    payment["customer"] = session["customer"].clone();
    payment["metadata"] = session["_metadata"].clone();
    payment["description"] = session["_description"].clone();
    intent::begin(scene, &mut payment, wish, true)?;
    session["payment_intent"] = payment["id"].clone();
    Ok(())
}

fn subscribe(
    scene: &Scene<'_>,
    session: &mut Value,
    payer: &Payer,
    mut wish: Confirmation,
) -> Result<(), StripeError> {
    let owner = match session["customer"].as_str() {
        Some(id) => customer::own(scene, id)?,
        None => customer::of_payer(scene, &payer.name, &payer.email)?,
    };
    session["customer"] = owner["id"].clone();
    let subscription = clock::by_customer(scene, &owner["id"], |scene| {
        let mut subscription = terms(scene, session, &owner);
        let first = match int(session, "amount_total") {
            0 => {
                let setup = take_mandate(scene, &owner["id"], &json!({}), &wish)?;
                subscription["default_payment_method"] = setup["payment_method"].clone();
                First::Wait
            }
            _ => {
                let method = wish.method.as_ref().ok_or_else(StripeError::internal)?.resolve(scene)?;
                wish.method = Some(Wish::Known(text(&method, "id").to_owned()));
                subscription["default_payment_method"] = method["id"].clone();
                First::Now(Box::new(wish))
            }
        };
        start::start(scene, &mut subscription, &first)?;
        Ok::<_, StripeError>(subscription)
    })?;
    session["subscription"] = subscription["id"].clone();
    session["invoice"] = subscription["latest_invoice"].clone();
    if int(session, "amount_total") == 0 {
        session["payment_status"] = json!("no_payment_required");
    }
    Ok(())
}

/// The subscription that a session promised; a trial counts from now.
fn terms(scene: &Scene<'_>, session: &Value, owner: &Value) -> Value {
    let items = session["_lines"].as_array().cloned().unwrap_or_default();
    let mut subscription = shape::subscription(scene, owner, items);
    subscription["metadata"] = session["_metadata"].clone();
    subscription["description"] = session["_description"].clone();
    if let Some(settings) = session["_trial"]["settings"].as_object() {
        subscription["trial_settings"] = json!(settings);
    }
    let days = session["_trial"]["days"].as_i64();
    let end = days.map(|days| (scene.now + TimeDelta::days(days)).timestamp());
    let end = session["_trial"]["end"].as_i64().or(end).filter(|end| *end > scene.seconds());
    if let Some(end) = end {
        subscription["trial_start"] = json!(scene.seconds());
        subscription["trial_end"] = json!(end);
    }
    subscription
}
