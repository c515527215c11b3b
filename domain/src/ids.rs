//! Identities: a newtype over a UUID for each kind of thing, so that two kinds cannot be mixed up.
//!
//! They print and parse as TypeIDs: a prefix, `_`, and the UUID in 26 lower-case base32 characters,
//! `transfer_01h2xcejqtf2nbrexx3vqjhp41`. Parsing accepts that one form of that one prefix only.
//!
//! Deliberately absent: making fresh ones, which needs a clock and chance; and checking the UUID's
//! version, since an [`AccountId`] is computed from its name.
//!
//! Source: the TypeID specification 0.3 (github.com/jetify-com/typeid).

use std::fmt;
use std::str::FromStr;

use type_safe_id::{StaticType, TypeSafeId};
use uuid::Uuid;

/// The text is not an id of the kind asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {kind} id")]
pub struct IdError {
    /// The prefix that was expected, as `transfer`.
    pub kind: &'static str,
}

macro_rules! ids {
    ($( $(#[$meta:meta])* $name:ident = $prefix:literal; )+) => { $(
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Uuid);

        const _: () = {
            #[derive(Default)]
            struct Tag;

            impl StaticType for Tag {
                const TYPE: &'static str = $prefix;
            }

            impl fmt::Display for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    fmt::Display::fmt(&TypeSafeId::<Tag>::from_uuid(self.0), f)
                }
            }

            impl FromStr for $name {
                type Err = IdError;

                fn from_str(text: &str) -> Result<Self, IdError> {
                    text.parse::<TypeSafeId<Tag>>()
                        .map(|id| $name(id.uuid()))
                        .map_err(|_| IdError { kind: $prefix })
                }
            }
        };

        impl $name {
            /// The prefix it prints with.
            pub const PREFIX: &'static str = $prefix;

            /// Names the thing that `uuid` identifies.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                $name(uuid)
            }

            /// The UUID within, as stored.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    )+ };
}

ids! {
    /// A quote.
    QuoteId = "quote";
    /// A transfer.
    TransferId = "transfer";
    /// A person who can sign in.
    UserId = "user";
    /// A merchant.
    MerchantId = "merchant";
    /// A one-time password challenge.
    OtpId = "otp";
    /// An event of our feed.
    EventId = "evt";
    /// A ledger account; a UUID v5 of its name.
    AccountId = "acc";
    /// A journal entry.
    EntryId = "entry";
    /// A hold.
    HoldId = "hold";
    /// A session: the family of one sign-in's refresh tokens.
    SessionId = "session";
    /// A callback in the inbox.
    InboxId = "inbox";
    /// A promise in the outbox.
    PromiseId = "promise";
    /// A line of the audit log.
    AuditId = "audit";
    /// Something that a person should look at.
    AlertId = "alert";
    /// A payer's standing consent to be debited.
    MandateId = "mandate";
    /// Something that waits for a second person.
    ApprovalId = "approval";
    /// A device that somebody signs in from.
    DeviceId = "device";
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::uuid;

    const UUID: Uuid = uuid!("0188bac7-4afa-78aa-bc3b-bd1eef28d881");
    const TEXT: &str = "transfer_01h2xcejqtf2nbrexx3vqjhp41";

    #[test]
    fn prints_and_parses_as_the_specification_says() {
        let id = TransferId::from_uuid(UUID);
        assert_eq!(id.to_string(), TEXT);
        assert_eq!(format!("{id:?}"), TEXT);
        assert_eq!(TEXT.parse(), Ok(id));
        assert_eq!(id.uuid(), UUID);
    }

    #[test]
    fn the_extremes_round_trip() {
        for uuid in [Uuid::nil(), Uuid::max()] {
            let id = AccountId::from_uuid(uuid);
            assert_eq!(id.to_string().parse(), Ok(id));
        }
        assert_eq!(AccountId::from_uuid(Uuid::nil()).to_string(), format!("acc_{}", "0".repeat(26)));
    }

    #[test]
    fn another_kind_or_another_spelling_is_refused() {
        let bad = [
            "",
            "transfer",
            "transfer_",
            "_01h2xcejqtf2nbrexx3vqjhp41",
            "01h2xcejqtf2nbrexx3vqjhp41",
            "quote_01h2xcejqtf2nbrexx3vqjhp41",
            "transfer_01H2XCEJQTF2NBREXX3VQJHP41",
            "transfer_01h2xcejqtf2nbrexx3vqjhp4",
            "transfer_01h2xcejqtf2nbrexx3vqjhp411",
            "transfer_81h2xcejqtf2nbrexx3vqjhp41",
            "transfer_01h2xcejqtf2nbrexx3vqjhpil",
            "transfer_01h2xcejqtf2nbrexx3vqjhp4é",
            " transfer_01h2xcejqtf2nbrexx3vqjhp41",
            "Transfer_01h2xcejqtf2nbrexx3vqjhp41",
            "transfer_0188bac7-4afa-78aa-bc3b-bd1eef28d881",
        ];
        for text in bad {
            assert_eq!(text.parse::<TransferId>(), Err(IdError { kind: "transfer" }), "{text}");
        }
    }

    #[test]
    fn ids_sort_as_their_uuids() {
        let early = QuoteId::from_uuid(UUID);
        let late = QuoteId::from_uuid(uuid!("0188bac7-4afb-7000-8000-000000000000"));
        assert!(early < late && early.to_string() < late.to_string());
    }
}
