//! The posting recipes: what each business event books, to be checked like a textbook.
//!
//! `A → B` debits A and credits B. Each recipe is a list of postings of one entry, so that it commits whole. Zero
//! amounts are left out. The recipes know terms, never states: whether one may be used is decided by `transfer`.
//!
//! | Event | Postings |
//! |---|---|
//! | money came | `float → customer` (gross) |
//! | provider's fee learned | `expense:provider_fees → float` |
//! | conversion, one currency | `customer → revenue:fees` |
//! | conversion, base sold | `customer(send) → fx(send)`, `customer → revenue:fees`, `fx(receive) → customer(receive)`, `fx(receive) → revenue:fx_margin` |
//! | conversion, base bought | `customer(send) → fx(send)` without the margin, `customer(send) → revenue:fx_margin`, `customer → revenue:fees`, `fx(receive) → customer(receive)` |
//! | disbursed | `customer → float` |
//! | unwound | the conversion, or its share, debit and credit exchanged; our fee too, unless it is kept |
//! | taken back from a balance | the same share, `payee → customer` |
//! | given back | `customer → float` or `suspense → float` |
//! | came too late | `float → suspense` |
//! | became spendable, where money is in transit first | `float → in_transit` (net) |
//! | disputed | what the payer is still owed, `customer → float`; the rest `loss:disputes → float` |
//! | a dispute won | the same, debit and credit exchanged |
//! | an unwound position at today's mid | `expense:fx_difference → fx` or back |

use crate::{Account, LedgerError, Money, MoneyError, Posting, Transfer};

/// Postings of one entry, or why the terms cannot be booked.
pub type Recipe = Result<Vec<Posting>, RecipeError>;

/// Why terms cannot be booked.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RecipeError {
    #[error(transparent)]
    Money(#[from] MoneyError),
    #[error(transparent)]
    Posting(#[from] LedgerError),
    #[error("margin is in {margin}, neither sent nor received")]
    MarginCurrency { margin: crate::Currency },
    #[error("{part} is more than the whole of {whole}")]
    PartExceedsWhole { part: Money, whole: Money },
}

fn posting(debit: &Account, credit: &Account, amount: Money) -> Result<Option<Posting>, RecipeError> {
    if amount.is_zero() {
        return Ok(None);
    }
    Ok(Some(Posting::new(debit.clone(), credit.clone(), amount)?))
}

fn gather<const N: usize>(postings: [Option<Posting>; N]) -> Vec<Posting> {
    postings.into_iter().flatten().collect()
}

/// One amount from one account to another.
pub fn single(debit: &Account, credit: &Account, amount: Money) -> Recipe {
    Ok(gather([posting(debit, credit, amount)?]))
}

/// The provider took `fee` out of `float`.
pub fn provider_fee(float: &Account, fee: Money) -> Recipe {
    single(&Account::ProviderFees { currency: fee.currency() }, float, fee)
}

/// The provider gave `fee` back into `float`.
pub fn provider_fee_returned(float: &Account, fee: Money) -> Recipe {
    single(float, &Account::ProviderFees { currency: fee.currency() }, fee)
}

/// What came, less the fee that was taken on the way, left transit for `float`.
pub fn became_spendable(float: &Account, transit: &Account, gross: Money, fee: Money) -> Recipe {
    let net = gross.checked_sub(fee)?;
    match net.is_negative() {
        true => single(transit, float, fee.checked_sub(gross)?),
        false => single(float, transit, net),
    }
}

/// Values what an unwound conversion gave back at today's mid: `unwound` is what our position lost in the send
/// currency, `worth` what the returned other side is worth in it today. The difference is ours, either way.
pub fn revaluation(unwound: Money, worth: Money) -> Recipe {
    let currency = unwound.currency();
    let (difference, fx) = (Account::FxDifference { currency }, Account::Fx { currency });
    match worth.minor() > unwound.minor() {
        true => single(&fx, &difference, worth.checked_sub(unwound)?),
        false => single(&difference, &fx, unwound.checked_sub(worth)?),
    }
}

/// Turns what the payer paid into what the payee is owed, our fee and our margin.
pub fn conversion(terms: &Transfer) -> Recipe {
    let (payer, converted) = (terms.payer_account(), terms.converted_account());
    let (send, receive) = (terms.send.currency(), terms.receive.currency());
    let fee = posting(&payer, &Account::FeeRevenue { currency: send }, terms.fee)?;
    if send == receive {
        return Ok(gather([fee]));
    }
    let (fx_send, fx_receive) = (Account::Fx { currency: send }, Account::Fx { currency: receive });
    let earned = *terms.margin.reveal();
    let margin = Account::MarginRevenue { currency: earned.currency() };
    if earned.currency() == receive {
        Ok(gather([
            posting(&payer, &fx_send, terms.send)?,
            fee,
            posting(&fx_receive, &converted, terms.receive)?,
            posting(&fx_receive, &margin, earned)?,
        ]))
    } else if earned.currency() == send {
        Ok(gather([
            posting(&payer, &fx_send, terms.send.checked_sub(earned)?)?,
            posting(&payer, &margin, earned)?,
            fee,
            posting(&fx_receive, &converted, terms.receive)?,
        ]))
    } else {
        Err(RecipeError::MarginCurrency { margin: earned.currency() })
    }
}

/// Undoes the whole conversion: fee (unless a refund keeps it), margin and both positions at the rate of the original.
pub fn unwind(terms: &Transfer) -> Recipe {
    let is_kept = |p: &Posting| terms.keeps_fee() && matches!(p.credit, Account::FeeRevenue { .. });
    let pieces = conversion(terms)?.into_iter().filter(|p| !is_kept(p));
    let undone = pieces.map(|p| Posting::new(p.credit, p.debit, p.amount));
    Ok(undone.collect::<Result<_, _>>()?)
}

/// Undoes the share of the conversion that lies between two cumulative refunds of what is refundable.
///
/// What returns to the payer's account is exactly `after − before`: its pieces are cut at the same points of the
/// whole, so the roundings of neighbours cancel. (Within one currency what was sent never left that account, so only
/// the fee's share returns.) Other pieces are scaled by `cumulative / refundable`, rounded down. A
/// series of parts that ends at the whole adds up to [`unwind`] to the last minor unit; a piece may step back by one
/// minor unit on the way, which is booked the other way round.
pub fn unwind_part(terms: &Transfer, before: Money, after: Money) -> Recipe {
    let (payer, whole) = (terms.payer_account(), terms.refundable());
    check_part(before, whole)?;
    check_part(after, whole)?;
    let mut part = Vec::new();
    let mut cut = 0;
    for undone in unwind(terms)? {
        let start = if undone.credit == payer { cut } else { 0 };
        let end = start + i128::from(undone.amount.minor());
        let step = share(start, end, after, whole) - share(start, end, before, whole);
        part.extend(signed(&undone, step)?);
        cut = if undone.credit == payer { end } else { cut };
    }
    Ok(part)
}

/// What the payee gives back, in the currency received, for the share of [`unwind_part`].
///
/// Between two currencies that is the received amount's share, rounded down; within one, whatever of the refund the
/// returned fee does not bring. Parts that reach the whole add up to what was received.
pub fn taken_back(terms: &Transfer, before: Money, after: Money) -> Result<Money, RecipeError> {
    let (whole, receive) = (terms.refundable(), i128::from(terms.receive.minor()));
    check_part(before, whole)?;
    check_part(after, whole)?;
    let step = |end: i128| share(0, end, after, whole) - share(0, end, before, whole);
    let minor = if terms.send.currency() != terms.receive.currency() {
        step(receive)
    } else {
        let fee = if terms.keeps_fee() { 0 } else { i128::from(terms.fee.minor()) };
        i128::from(after.checked_sub(before)?.minor()) - step(fee)
    };
    let currency = terms.receive.currency();
    Ok(Money::new(i64::try_from(minor).map_err(|_| MoneyError::Overflow { currency })?, currency))
}

/// `amount` left `float` by a dispute: `covered` of it is still owed to the payer, the rest is our loss.
pub fn disputed(payer: &Account, float: &Account, covered: Money, amount: Money) -> Recipe {
    let loss = Account::DisputeLoss { currency: amount.currency() };
    Ok(gather([posting(payer, float, covered)?, posting(&loss, float, amount.checked_sub(covered)?)?]))
}

/// The same, back: `owed` of it to the payer, the rest was our loss.
pub fn dispute_won(payer: &Account, float: &Account, owed: Money, amount: Money) -> Recipe {
    let loss = Account::DisputeLoss { currency: amount.currency() };
    Ok(gather([posting(float, payer, owed)?, posting(float, &loss, amount.checked_sub(owed)?)?]))
}

fn check_part(part: Money, whole: Money) -> Result<(), RecipeError> {
    match part.is_negative() || part.minor() > whole.minor() {
        true => Err(RecipeError::PartExceedsWhole { part, whole }),
        false => Ok(()),
    }
}

/// How much of the piece from `start` to `end` of the whole belongs to its first `cumulative` units.
fn share(start: i128, end: i128, cumulative: Money, whole: Money) -> i128 {
    let (cumulative, whole) = (i128::from(cumulative.minor()), i128::from(whole.minor()).max(1));
    end * cumulative / whole - start * cumulative / whole
}

fn signed(like: &Posting, minor: i128) -> Result<Option<Posting>, RecipeError> {
    let currency = like.amount.currency();
    let magnitude = i64::try_from(minor.abs()).map_err(|_| MoneyError::Overflow { currency })?;
    let (debit, credit) = if minor < 0 { (&like.credit, &like.debit) } else { (&like.debit, &like.credit) };
    posting(debit, credit, Money::new(magnitude, currency))
}
