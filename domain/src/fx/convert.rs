//! Converting an amount along a route, in whichever direction the customer fixed.
//!
//! | Customer | Fixed | The other side | Margin |
//! |---|---|---|---|
//! | buys base | receive | `pay = ceil(base × sell)` | `pay − ceil(base × mid)`, in what is sent |
//! | buys base | send | `receive = floor(pay / sell)` | the same |
//! | sells base | send | `receive = floor(base × buy)` | `floor(base × mid) − receive`, in what is received |
//! | sells base | receive | `pay = ceil(receive / buy)` | the same |
//! | crosses | either | exact through both legs, rounded once | `floor(send × cross mid) − receive`, in what is received |

use std::fmt;

use num_bigint::BigInt;
use num_rational::BigRational;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::currency::Currency;
use crate::fx::rate::power_of_ten;
use crate::fx::{Direction, FxError, Leg, Rate, Route};
use crate::money::Money;

/// Two amounts that were set against each other, and what we earned.
#[derive(Clone, PartialEq, Eq)]
pub struct Conversion {
    /// What the customer gives, fee apart.
    pub send: Money,
    /// What comes out.
    pub receive: Money,
    /// Received per unit sent.
    pub rate: Rate,
    /// Sent per unit received.
    pub inverse: Rate,
    /// What we earned, rounding included: zero or more, in what is sent if the customer bought the
    /// base of the one leg, else in what is received. For admins only.
    pub margin: Money,
    /// The legs that led here. For admins only.
    pub legs: Vec<Leg>,
}

/// Everything but the margin.
impl fmt::Debug for Conversion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Conversion");
        shown.field("send", &self.send).field("receive", &self.receive).finish_non_exhaustive()
    }
}

impl Conversion {
    /// The margin over what was billed in its currency: 0.084 is 8.4 %.
    ///
    /// Billed is what was paid where the margin is in what is sent, and what was paid at mid where it
    /// is in what is received.
    pub fn margin_rate(&self) -> Decimal {
        let billed = if self.margin.currency() == self.send.currency() {
            self.send.to_decimal()
        } else {
            self.receive.to_decimal() + self.margin.to_decimal()
        };
        self.margin.to_decimal().checked_div(billed).unwrap_or_default().normalize()
    }
}

impl Route {
    /// The customer fixed what they send: what comes out is rounded down.
    ///
    /// Errors: [`FxError::CurrencyMismatch`], [`FxError::NotPositive`], [`FxError::RoundsToZero`],
    /// [`FxError::Overflow`].
    pub fn convert_send(&self, send: Money) -> Result<Conversion, FxError> {
        check(send, self.send())?;
        let receive = money(scaled(send, &self.factor(), self.receive()).floor(), self.receive())?;
        if !receive.is_positive() {
            return Err(FxError::RoundsToZero { amount: send, receive: self.receive() });
        }
        self.conversion(send, receive)
    }

    /// The customer fixed what is received: what they send is rounded up.
    ///
    /// Errors: [`FxError::CurrencyMismatch`], [`FxError::NotPositive`], [`FxError::Overflow`].
    pub fn convert_receive(&self, receive: Money) -> Result<Conversion, FxError> {
        check(receive, self.receive())?;
        let send = money(scaled(receive, &self.factor().recip(), self.send()).ceil(), self.send())?;
        self.conversion(send, receive)
    }

    /// What `receive` is worth in the send currency at mid, to the nearest minor unit, halves to even. For admins only.
    ///
    /// Errors: [`FxError::CurrencyMismatch`], [`FxError::Overflow`].
    pub fn worth_at_mid(&self, receive: Money) -> Result<Money, FxError> {
        if receive.currency() != self.receive() {
            return Err(FxError::CurrencyMismatch { expected: self.receive(), given: receive.currency() });
        }
        let exact = scaled(receive, &self.mid_factor().recip(), self.send());
        let (floor, one) = (exact.floor(), BigRational::from_integer(1.into()));
        let two = &one + &one;
        let twice = (&exact - &floor) * &two;
        let is_odd = !(&floor / &two).is_integer();
        let is_up = twice > one || (twice == one && is_odd);
        money(if is_up { floor + one } else { floor }, self.send())
    }

    fn conversion(&self, send: Money, receive: Money) -> Result<Conversion, FxError> {
        let margin = self.margin(send, receive)?;
        let (rate, inverse, legs) = (self.rate(), self.inverse(), self.legs().to_vec());
        Ok(Conversion { send, receive, rate, inverse, margin, legs })
    }

    fn margin(&self, send: Money, receive: Money) -> Result<Money, FxError> {
        let mid = self.mid_factor();
        let margin = match self.legs() {
            [leg] if leg.direction == Direction::BuyBase => {
                let cost = money(scaled(receive, &mid.recip(), self.send()).ceil(), self.send())?;
                send.checked_sub(cost)
            }
            _ => {
                let worth = money(scaled(send, &mid, self.receive()).floor(), self.receive())?;
                worth.checked_sub(receive)
            }
        };
        margin.map_err(|_| FxError::Overflow)
    }
}

fn check(amount: Money, expected: Currency) -> Result<(), FxError> {
    if amount.currency() != expected {
        return Err(FxError::CurrencyMismatch { expected, given: amount.currency() });
    }
    if amount.is_positive() { Ok(()) } else { Err(FxError::NotPositive { amount }) }
}

/// `amount × factor` in minor units of `to`, exact; the factor is between major units.
fn scaled(amount: Money, factor: &BigRational, to: Currency) -> BigRational {
    let (from, to) = (amount.currency().exponent(), to.exponent());
    let minor = BigRational::new(BigInt::from(amount.minor()) * power_of_ten(to), power_of_ten(from));
    minor * factor
}

fn money(minor: BigRational, currency: Currency) -> Result<Money, FxError> {
    let minor = minor.to_integer().to_i64().ok_or(FxError::Overflow)?;
    Ok(Money::new(minor, currency))
}
