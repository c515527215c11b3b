//! Lines of providers' statements: what a line can be, and how it was learned.
//!
//! Deliberately absent: matching lines with movements, and where they are kept.

words! {
    /// What a line is, as far as the provider's own word tells.
    pub enum LineKind as "line kind" {
        /// A payer paid.
        Collection = "collection",
        /// A payee was paid.
        Disbursement = "disbursement",
        /// A collection was given back to its payer.
        Refund = "refund",
        /// What undoes another line: a payout or refund that came back, money that a payer's bank took back.
        Reversal = "reversal",
        /// What the provider charges by itself.
        Fee = "fee",
        /// Our own money, to our bank or to another wallet of ours.
        Sweep = "sweep",
        /// Our own money, into the wallet.
        TopUp = "top_up",
        /// Anything else.
        Other = "other",
    }
}

words! {
    /// Who told of a line.
    pub enum Learned as "source of a line" {
        /// The provider's own list.
        List = "list",
        /// The answer that ended one movement, where the provider has no list: no witness of its own.
        Status = "status",
        /// A person of ours, with evidence.
        Person = "person",
    }
}
