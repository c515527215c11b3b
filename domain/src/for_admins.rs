//! What only admins may read, so wrapped that it is not told by accident.

use std::fmt;

/// A figure for admins alone: a margin, or anything from which one could be reckoned.
///
/// It has no text, no serialisation and no conversion, and its debug output tells nothing; so neither a view that
/// copies fields nor a log line that shows a whole transfer can hold it. Who calls [`ForAdmins::reveal`] is looked at by
/// a test over the sources: the ledger, the store, and views for admins.
///
/// ```
/// use domain::{Currency, ForAdmins, Money};
/// let margin = ForAdmins::new(Money::new(123_457, Currency::XOF));
/// assert_eq!(format!("{margin:?}"), "(for admins)");
/// assert_eq!(margin.reveal().minor(), 123_457);
/// ```
///
/// ```compile_fail
/// use domain::{Currency, ForAdmins, Money};
/// println!("{}", ForAdmins::new(Money::new(123_457, Currency::XOF)));
/// ```
///
/// ```compile_fail
/// use domain::{Currency, ForAdmins, Money};
/// let shown: Money = ForAdmins::new(Money::new(123_457, Currency::XOF)).into();
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ForAdmins<T>(T);

impl<T> ForAdmins<T> {
    /// Hides `value`.
    pub const fn new(value: T) -> ForAdmins<T> {
        ForAdmins(value)
    }

    /// What is hidden: for the books, and for answers to admins.
    pub const fn reveal(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for ForAdmins<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(for admins)")
    }
}
