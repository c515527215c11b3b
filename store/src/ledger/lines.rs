//! What an entry does to each account that it touches, as an account's statement tells it.

use std::collections::BTreeMap;

use domain::AccountKind;
use uuid::Uuid;

use crate::rows::PostingRow;

/// The change of each account's balance, signed by its kind; in account order. An account whose postings cancel out
/// is there with zero.
///
/// `None`: an account has no kind, because it is not in the book, or the sum cannot be counted.
pub(crate) fn changes(
    postings: &[&PostingRow],
    kind: impl Fn(&Uuid) -> Option<AccountKind>,
) -> Option<BTreeMap<Uuid, i64>> {
    let mut changes = BTreeMap::new();
    for posting in postings {
        for (account, is_debit) in [(posting.debit_account, true), (posting.credit_account, false)] {
            let raises = kind(&account)?.is_debit_normal() == is_debit;
            let minor = if raises { posting.amount_minor } else { posting.amount_minor.checked_neg()? };
            let change: &mut i64 = changes.entry(account).or_default();
            *change = change.checked_add(minor)?;
        }
    }
    Some(changes)
}
