use super::*;

fn keyring() -> Keyring {
    Keyring::new(&[7; 32])
}

fn aad(table: &'static str, column: &'static str, row: u128) -> Aad {
    Aad { table, column, row: Uuid::from_u128(row) }
}

#[test]
fn a_value_opens_where_it_was_sealed_and_nowhere_else() {
    let key = keyring().new_person_key();
    let places: Vec<Aad> = ["users", "otp_challenges", "user"]
        .into_iter()
        .flat_map(|table| ["phone", "name", "sphone"].map(|column| (table, column)))
        .flat_map(|(table, column)| [1, 2, 1 << 64].map(|row| aad(table, column, row)))
        .collect();
    let mut refused = 0;
    for home in &places {
        let sealed = key.seal(*home, b"+221770000001");
        for place in &places {
            match key.open(*place, &sealed) {
                Ok(plain) => assert_eq!((place, plain.as_slice()), (home, b"+221770000001".as_slice())),
                Err(error) => {
                    assert_eq!(error, CryptoError::Refused { aad: *place });
                    refused += 1;
                }
            }
        }
    }
    assert_eq!(refused, places.len() * (places.len() - 1));
}

#[test]
fn every_changed_byte_is_noticed() {
    let key = keyring().new_person_key();
    let sealed = key.seal(aad("users", "phone", 1), b"+221770000001");
    for at in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        assert!(key.open(aad("users", "phone", 1), &changed).is_err(), "byte {at}");
        assert!(key.open(aad("users", "phone", 1), &sealed[..at]).is_err(), "cut at {at}");
    }
}

#[test]
fn the_same_value_is_never_sealed_the_same_way_twice() {
    let key = keyring().new_person_key();
    let place = aad("users", "phone", 1);
    let sealed: std::collections::HashSet<_> = (0..1_000).map(|_| key.seal(place, b"x")).collect();
    assert_eq!(sealed.len(), 1_000);
}

#[test]
fn keys_do_not_open_each_others_values() {
    let (ours, other) = (keyring(), Keyring::new(&[8; 32]));
    let place = aad("inbox", "body", 1);
    assert!(other.open_book(place, &ours.seal_book(place, b"x")).is_err());
    assert!(ours.new_person_key().open(place, &ours.new_person_key().seal(place, b"x")).is_err());
    assert!(ours.new_person_key().open(place, &ours.seal_book(place, b"x")).is_err());
}

#[test]
fn a_persons_key_is_wrapped_for_that_person() {
    let keyring = keyring();
    let (person, key) = (Uuid::from_u128(1), keyring.new_person_key());
    let wrapped = keyring.wrap(person, &key);
    let place = aad("users", "name", 1);
    let again = keyring.unwrap(person, &wrapped).unwrap();
    assert_eq!(again.open(place, &key.seal(place, b"Awa")).unwrap(), b"Awa");
    assert!(keyring.unwrap(Uuid::from_u128(2), &wrapped).is_err());
    assert!(Keyring::new(&[8; 32]).unwrap(person, &wrapped).is_err());
}

#[test]
fn hashes_differ_by_kind_by_use_and_by_key() {
    let (ours, other) = (keyring(), Keyring::new(&[8; 32]));
    assert_eq!(ours.blind_index("phone", b"+1"), keyring().blind_index("phone", b"+1"));
    let all = [
        ours.blind_index("phone", b"+1"),
        ours.blind_index("phone", b"+2"),
        ours.blind_index("email", b"+1"),
        other.blind_index("phone", b"+1"),
        ours.token_hash("phone", b"+1"),
        ours.token_hash("otp", b"+1"),
        *ours.signing_key("access"),
        *ours.signing_key("other"),
    ];
    let distinct: std::collections::HashSet<_> = all.iter().collect();
    assert_eq!(distinct.len(), all.len());
}

/// The blind index is part of the stored format: a book must be readable by every later version.
#[test]
fn derived_keys_never_change() {
    let hex: String =
        keyring().blind_index("phone", b"+221770000001").iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(hex, "b76eaf70807b72a2697fcb65c40cd4622779215b845fa5dbbdd7821c59411fb5");
}

#[test]
fn keys_do_not_print() {
    let keyring = keyring();
    assert_eq!(format!("{keyring:?} {:?}", keyring.new_person_key()), "Keyring(…) PersonKey(…)");
}
