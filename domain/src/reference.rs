//! A movement's reference: its identity here and at the provider, once and for ever.
//!
//! The same 128 bits have two written forms, because providers differ in what they take: the
//! hyphenated UUID (36 characters; some demand it) and 26 base32 characters (some allow only 30).
//! Either form leads back to the same reference.
//!
//! Deliberately absent: making one. It is a random UUID v4, drawn where chance is allowed.

use std::fmt;
use std::str::FromStr;

use type_safe_id::{StaticType, TypeSafeId};
use uuid::Uuid;

use crate::ids::IdError;

/// What a movement is called at its provider; never reused for another movement.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reference(Uuid);

/// A TypeID without prefix is the bare base32 form.
#[derive(Default)]
struct Bare;

impl StaticType for Bare {
    const TYPE: &'static str = "";
}

impl Reference {
    /// The reference that `uuid` spells.
    pub const fn from_uuid(uuid: Uuid) -> Reference {
        Reference(uuid)
    }

    /// The UUID within, as stored.
    pub const fn uuid(self) -> Uuid {
        self.0
    }

    /// 26 characters of lower-case Crockford base32.
    pub fn base32(self) -> String {
        TypeSafeId::<Bare>::from_uuid(self.0).to_string()
    }
}

impl fmt::Display for Reference {
    /// The hyphenated lower-case UUID.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.0.as_hyphenated(), f)
    }
}

impl fmt::Debug for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Reference {
    type Err = IdError;

    /// Reads either form; hexadecimal digits may be of either case, as providers echo them.
    fn from_str(text: &str) -> Result<Self, IdError> {
        let refused = |()| IdError { kind: "reference" };
        let uuid = match text.len() {
            36 => Uuid::try_parse(text).map_err(|_| refused(()))?,
            _ => text.parse::<TypeSafeId<Bare>>().map_err(|_| refused(()))?.uuid(),
        };
        Ok(Reference(uuid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::uuid;

    const UUID: Uuid = uuid!("f47ac10b-58cc-4372-a567-0e02b2c3d479");

    #[test]
    fn both_forms_lead_back_to_it() {
        let reference = Reference::from_uuid(UUID);
        assert_eq!(reference.to_string(), "f47ac10b-58cc-4372-a567-0e02b2c3d479");
        assert_eq!(reference.base32().len(), 26);
        assert_eq!(reference.to_string().parse(), Ok(reference));
        assert_eq!(reference.base32().parse(), Ok(reference));
        assert_eq!("F47AC10B-58CC-4372-A567-0E02B2C3D479".parse(), Ok(reference));
    }

    #[test]
    fn the_base32_form_is_the_one_of_typeids() {
        let uuid = uuid!("0188bac7-4afa-78aa-bc3b-bd1eef28d881");
        assert_eq!(Reference::from_uuid(uuid).base32(), "01h2xcejqtf2nbrexx3vqjhp41");
    }

    #[test]
    fn other_forms_are_refused() {
        let bad = [
            "",
            "f47ac10b58cc4372a5670e02b2c3d479",
            "{f47ac10b-58cc-4372-a567-0e02b2c3d479}",
            "urn:uuid:f47ac10b-58cc-4372-a567-0e02b2c3d479",
            "f47ac10b-58cc-4372-a567-0e02b2c3d47",
            "transfer_01h2xcejqtf2nbrexx3vqjhp41",
            "_01h2xcejqtf2nbrexx3vqjhp41",
            "zzzz",
            "81h2xcejqtf2nbrexx3vqjhp41",
            "01H2XCEJQTF2NBREXX3VQJHP41",
        ];
        for text in bad {
            assert_eq!(text.parse::<Reference>(), Err(IdError { kind: "reference" }), "{text}");
        }
    }
}
