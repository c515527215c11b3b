//! Roles: what a user may be at once. A set, written as sorted words with commas between.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// One thing a user may be.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Role {
    /// Sends and receives money of their own.
    Customer,
    /// Belongs to a merchant.
    Merchant,
    /// Works for the house: sees customers and movements, not margins.
    Operator,
    /// Works for the house: sees everything, sets rates and limits.
    Admin,
}

impl Role {
    /// Every role, in order of declaration.
    pub const ALL: [Role; 4] = [Role::Customer, Role::Merchant, Role::Operator, Role::Admin];

    /// The word used in SQL, tokens and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Customer => "customer",
            Role::Merchant => "merchant",
            Role::Operator => "operator",
            Role::Admin => "admin",
        }
    }
}

/// A word that names no role.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not a role")]
pub struct UnknownRole(pub String);

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(word: &str) -> Result<Role, UnknownRole> {
        Role::ALL.into_iter().find(|role| role.as_str() == word).ok_or_else(|| UnknownRole(word.to_owned()))
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The roles of one user.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Roles(BTreeSet<Role>);

impl Roles {
    /// Is the user this?
    pub fn contains(&self, role: Role) -> bool {
        self.0.contains(&role)
    }

    /// Does the user work for the house, and so need a second factor?
    pub fn is_staff(&self) -> bool {
        self.contains(Role::Operator) || self.contains(Role::Admin)
    }

    /// In order of declaration.
    pub fn iter(&self) -> impl Iterator<Item = Role> {
        self.0.iter().copied()
    }
}

impl From<Role> for Roles {
    fn from(role: Role) -> Roles {
        Roles::from_iter([role])
    }
}

impl FromIterator<Role> for Roles {
    fn from_iter<I: IntoIterator<Item = Role>>(roles: I) -> Roles {
        Roles(roles.into_iter().collect())
    }
}

impl fmt::Display for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, role) in self.iter().enumerate() {
            let comma = if nth == 0 { "" } else { "," };
            write!(f, "{comma}{role}")?;
        }
        Ok(())
    }
}

impl FromStr for Roles {
    type Err = UnknownRole;

    fn from_str(words: &str) -> Result<Roles, UnknownRole> {
        words.split(',').filter(|word| !word.is_empty()).map(Role::from_str).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_set_of_roles_reads_back() {
        for bits in 0..16 {
            let set: Roles = Role::ALL
                .into_iter()
                .enumerate()
                .filter(|(n, _)| bits >> n & 1 == 1)
                .map(|(_, role)| role)
                .collect();
            assert_eq!(set.to_string().parse(), Ok(set.clone()), "{set}");
            assert_eq!(set.is_staff(), bits >= 4);
        }
        assert_eq!(Roles::from_iter([Role::Admin, Role::Customer]).to_string(), "customer,admin");
        assert_eq!("customer,root".parse::<Roles>(), Err(UnknownRole("root".into())));
    }
}
