//! Orders as they travel, read into what the service takes.

use domain::{Iban, Rail};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::problem::Problem;
use crate::api::wire::{self, Fields};
use crate::services::FieldError;
use crate::services::transfers::{AccountAsk, Ask, DebitAsk, PartyAsk};

/// A transfer to be started.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTransfer {
    #[schema(example = "quote_01jd3k5x8yf9tq2m7w4c6vbn0e")]
    pub quote_id: String,
    pub payer: NewPayer,
    pub payee: NewPayee,
    /// What it is for, in a few words; printed on the payee's receipt where the rail prints one.
    #[schema(example = "Family support", max_length = 140)]
    pub purpose: String,
    /// Your own word for it; a filter of the list.
    #[schema(max_length = 140)]
    pub reference: Option<String>,
}

/// Who pays.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[schema(as = NewPayer)]
#[serde(deny_unknown_fields)]
pub struct NewPayer {
    /// The quote's funding rail.
    #[schema(example = "wave")]
    rail: String,
    #[schema(example = "+221770001122")]
    phone: Option<String>,
    /// That the number was taken along from another operator. Only where numbers move (Senegal, Côte d'Ivoire), and
    /// only to say so after `number_not_on_rail`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    ported: bool,
    #[schema(max_length = 140)]
    name: Option<String>,
    #[schema(max_length = 254)]
    email: Option<String>,
    /// Which account is debited, for the rail `sepa_debit`; `name` is its holder. Kept until the bank has it, then only
    /// its last four.
    #[schema(example = "FR7630004000031234567890143")]
    iban: Option<String>,
    /// A mandate of `GET /v1/me/mandates`, for the rail `sepa_debit`, instead of an account.
    #[schema(example = "mandate_01jd3k5x8yf9tq2m7w4c6vbn0e")]
    mandate: Option<String>,
    /// The one-time code that the payer got from their operator, 4 to 8 digits, for the rail `orange_sonatel`: with it
    /// they pay at once, from the wallet of `phone`, and without it by a QR code. Kept until it was used.
    #[schema(example = "123456", pattern = "^[0-9]{4,8}$")]
    otp: Option<String>,
}

/// Who is paid.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[schema(as = NewPayee)]
#[serde(deny_unknown_fields)]
pub struct NewPayee {
    /// The quote's payout rail.
    #[schema(example = "wave")]
    rail: String,
    /// Whose wallet, for mobile money.
    #[schema(example = "+2250700000001")]
    phone: Option<String>,
    /// That the number was taken along from another operator: as in `payer`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    ported: bool,
    /// Whose balance, for the rail `balance`: `user_…`. For the rail `manual` where the money goes, in words: bank and
    /// account, or what they are known by at Alipay, or a counter.
    #[schema(max_length = 140)]
    account: Option<String>,
    #[schema(example = "Awa Exemple", max_length = 140)]
    name: String,
    #[schema(example = "CI")]
    country: String,
}

const LONGEST: usize = 140;

impl NewTransfer {
    /// Every field that is not right is named at once; `at` is the pointer of the order itself.
    pub fn parse(self, at: &str) -> Result<Ask, Problem> {
        let mut fields = Fields::default();
        let quote = fields.take(wire::word(&self.quote_id, &format!("{at}/quote_id")));
        let payer = self.payer.read(&mut fields, &format!("{at}/payer"));
        let payee = self.payee.read(&mut fields, &format!("{at}/payee"));
        let purpose = fields.take(wire::text(&self.purpose, &format!("{at}/purpose"), LONGEST));
        let reference = self.reference.map(|text| wire::text(&text, &format!("{at}/reference"), LONGEST));
        let reference = fields.take_some(reference);
        let ask =
            (|| Some(Ask { quote: quote?, payer: payer?, payee: payee?, purpose: purpose?, reference }))();
        fields.finish(ask)
    }
}

impl NewPayer {
    fn read(self, fields: &mut Fields, at: &str) -> Option<PartyAsk> {
        let ported = self.ported;
        let rail = fields.take(wire::word::<Rail>(&self.rail, &format!("{at}/rail")));
        let phone = fields.take_some(self.phone.map(|text| wire::phone(&text, &format!("{at}/phone"))));
        let name = fields.take_some(self.name.map(|text| wire::name(&text, &format!("{at}/name"), LONGEST)));
        let email = fields.take_some(self.email.map(|text| email(&text, &format!("{at}/email"))));
        let rail = rail?;
        let otp = fields.take_some(self.otp.map(|code| one_time_code(rail, code, phone.is_some(), at)));
        let debit = debit(rail, self.iban.as_deref(), self.mandate.as_deref(), name.is_some(), fields, at);
        Some(PartyAsk { rail, phone, ported, name, email, account: None, country: None, debit, otp })
    }
}

impl NewPayee {
    fn read(self, fields: &mut Fields, at: &str) -> Option<PartyAsk> {
        let ported = self.ported;
        let rail = fields.take(wire::word(&self.rail, &format!("{at}/rail")));
        let phone = fields.take_some(self.phone.map(|text| wire::phone(&text, &format!("{at}/phone"))));
        let account =
            fields.take_some(self.account.map(|text| account(rail, &text, &format!("{at}/account"))));
        let name = fields.take(wire::name(&self.name, &format!("{at}/name"), LONGEST));
        let country = fields.take(wire::country(&self.country, &format!("{at}/country")));
        let (rail, debit, otp) = (rail?, None, None);
        Some(PartyAsk { rail, phone, ported, name, email: None, account, country, debit, otp })
    }
}

/// Only one rail is paid by code, and a code is that of a number.
fn one_time_code(rail: Rail, code: String, has_phone: bool, at: &str) -> Result<String, FieldError> {
    if rail != Rail::OrangeSonatel {
        return Err(FieldError::new(format!("{at}/otp"), "not_for_this_rail"));
    }
    if !has_phone {
        return Err(FieldError::new(format!("{at}/phone"), "missing_field"));
    }
    match (4..=8).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_digit()) {
        true => Ok(code),
        false => Err(FieldError::new(format!("{at}/otp"), "invalid_value")),
    }
}

/// By hand one pays to what the words say; elsewhere an account is somebody's balance with us.
fn account(rail: Option<Rail>, value: &str, pointer: &str) -> Result<AccountAsk, FieldError> {
    match rail {
        Some(Rail::Manual) => wire::text(value, pointer, LONGEST).map(AccountAsk::Words),
        _ => wire::word(value, pointer).map(AccountAsk::Balance),
    }
}

/// Only that it could be one: whether it works is seen when it is used.
fn email(value: &str, pointer: &str) -> Result<String, FieldError> {
    let text = wire::text(value, pointer, 254)?;
    match text.split_once('@') {
        Some((name, host)) if !name.is_empty() && host.contains('.') && !text.contains(' ') => Ok(text),
        _ => Err(FieldError::new(pointer, "invalid_value")),
    }
}

/// The account or the mandate that is debited: one of them by the rail `sepa_debit`, none by any other.
fn debit(
    rail: Rail,
    iban: Option<&str>,
    mandate: Option<&str>,
    has_name: bool,
    fields: &mut Fields,
    at: &str,
) -> Option<DebitAsk> {
    let mut refuse = |name: &str, code: &'static str| {
        fields.take::<()>(Err(FieldError::new(format!("{at}/{name}"), code)));
        None
    };
    match (rail, iban, mandate) {
        (Rail::SepaDebit, None, None) => refuse("iban", "missing_field"),
        (Rail::SepaDebit, Some(_), Some(_)) => refuse("mandate", "not_for_this_rail"),
        (Rail::SepaDebit, Some(_), None) if !has_name => refuse("name", "missing_field"),
        (Rail::SepaDebit, Some(iban), None) => match Iban::parse(iban) {
            Ok(iban) => Some(DebitAsk::Account(iban)),
            Err(error) => refuse("iban", error.code()),
        },
        (Rail::SepaDebit, None, Some(mandate)) => match mandate.parse() {
            Ok(mandate) => Some(DebitAsk::Mandate(mandate)),
            Err(_) => refuse("mandate", "unknown_mandate"),
        },
        (_, None, None) => None,
        (_, Some(_), _) => refuse("iban", "not_for_this_rail"),
        (_, None, Some(_)) => refuse("mandate", "not_for_this_rail"),
    }
}
