//! Closed vocabularies: an enum whose variants each have one written word.
//!
//! The word is the same in the API, in SQL and in logs, and it is written once, beside its variant.
//! Deliberately absent: spelling variants and case folding; a word is exact or unknown.

/// A word outside its vocabulary, as read from a request or a row.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown {kind} {word:?}")]
pub struct UnknownWord {
    /// Which vocabulary was asked, as `rail`.
    pub kind: &'static str,
    /// What was read.
    pub word: String,
}

/// Declares an enum with its words: `ALL`, `as_str()`, `Display` and `FromStr` follow from the table.
macro_rules! words {
    (
        $(#[$meta:meta])*
        pub enum $name:ident as $kind:literal {
            $( $(#[$variant_meta:meta])* $variant:ident = $word:literal, )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
        pub enum $name {
            $( $(#[$variant_meta])* $variant, )+
        }

        impl $name {
            /// Every variant, in the order of declaration.
            pub const ALL: &[$name] = &[$( $name::$variant, )+];

            /// The written word.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $( $name::$variant => $word, )+
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::words::UnknownWord;

            fn from_str(word: &str) -> Result<Self, Self::Err> {
                match word {
                    $( $word => Ok($name::$variant), )+
                    _ => Err($crate::words::UnknownWord { kind: $kind, word: word.to_owned() }),
                }
            }
        }
    };
}
