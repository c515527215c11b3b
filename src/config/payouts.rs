//! What the settings say about payees before they are paid.

use super::reader::Reader;

/// Whether payees are asked about, and what another name leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payouts {
    /// Whether a payee's provider is asked about them, where it can be.
    pub verify_recipient: bool,
    /// What follows when it knows them by another name.
    pub on_name_mismatch: OnNameMismatch,
}

/// What follows when a payee's provider knows them by another name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnNameMismatch {
    /// They are paid; it is counted and logged.
    Pay,
    /// A person decides.
    Hold,
}

/// Reads the table.
pub fn payouts(r: &mut Reader) -> Payouts {
    let follows = |text: &str| match text {
        "pay" => Ok(OnNameMismatch::Pay),
        "hold" => Ok(OnNameMismatch::Hold),
        _ => Err("is neither"),
    };
    let on_name_mismatch = r.needed("payouts.on_name_mismatch", follows, "\"pay\" or \"hold\"");
    Payouts {
        verify_recipient: r.flag("payouts.verify_recipient").unwrap_or(true),
        on_name_mismatch: on_name_mismatch.unwrap_or(OnNameMismatch::Pay),
    }
}
