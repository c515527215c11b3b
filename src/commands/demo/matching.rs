//! Our floats against the simulators' own record, movement by movement, to the last unit.
//!
//! Every operation that moved money there has exactly one movement here, in the same wallet and over the same amount,
//! and the other way round. What they do to the float, fees included, agrees for each payment: for a collection alone,
//! or for one and its refund together, since a fee that came back before we learned of it is booked nowhere.

use std::collections::{BTreeMap, BTreeSet};

use domain::{EntryKind, Money, Provider, Reference};

/// What one of our entries did to a float, or to what is on its way into it.
#[derive(Clone, Debug, PartialEq)]
pub struct FloatLine {
    pub provider: Provider,
    pub wallet: String,
    pub kind: EntryKind,
    pub business: String,
    /// None for the opening balance.
    pub movement: Option<Reference>,
    pub delta: Money,
}

/// What the simulator says that it did.
#[derive(Clone, Debug, PartialEq)]
pub struct Operation {
    pub provider: Provider,
    pub wallet: String,
    /// `collection`, `disbursement`, `refund` or `reversal`.
    pub kind: String,
    /// The collection's own, for a reversal and for Wave's refunds.
    pub reference: Reference,
    /// Gross.
    pub amount: Money,
    /// On the wallet's balance, fees included.
    pub effect: Money,
}

/// All lines of one movement together.
#[derive(Clone, Debug)]
struct Movement {
    provider: Provider,
    wallet: String,
    business: String,
    kind: EntryKind,
    amount: i64,
    effect: i64,
}

/// By reference; what a dispute did to a collection, or a reversal to a payout, is a movement apart.
type Movements = BTreeMap<(Reference, bool), Movement>;
type Key = (String, Reference);

/// How many movements were matched, and what does not agree.
pub fn compare(lines: &[FloatLine], operations: &[Operation]) -> (usize, Vec<String>) {
    let mut movements = gather(lines);
    follow_late_money(lines, operations, &mut movements);
    let mut ours: BTreeMap<Key, Vec<&Movement>> = BTreeMap::new();
    for ((reference, _), movement) in &movements {
        ours.entry(key(*reference, movement, &movements)).or_default().push(movement);
    }
    let mut theirs: BTreeMap<Key, Vec<&Operation>> = BTreeMap::new();
    for operation in operations {
        theirs.entry((operation.kind.clone(), operation.reference)).or_default().push(operation);
    }
    let keys: BTreeSet<&Key> = ours.keys().chain(theirs.keys()).collect();
    let named = |key: &&Key| {
        let difference = difference(all_of(&ours, key), all_of(&theirs, key))?;
        Some(format!("{} of {}: {difference}", key.0, key.1))
    };
    let mut differences: Vec<String> = keys.iter().filter_map(named).collect();
    let matched = keys.len() - differences.len();
    if differences.is_empty() {
        differences = effects(&ours, &theirs);
    }
    (matched, differences)
}

fn all_of<'m, T>(map: &'m BTreeMap<Key, Vec<T>>, key: &Key) -> &'m [T] {
    map.get(key).map_or(&[], Vec::as_slice)
}

/// Payments whose movements change the float by another sum than the operations changed the wallet.
fn effects(ours: &BTreeMap<Key, Vec<&Movement>>, theirs: &BTreeMap<Key, Vec<&Operation>>) -> Vec<String> {
    let mut sums: BTreeMap<Reference, (i64, i64)> = BTreeMap::new();
    for ((_, reference), movements) in ours {
        sums.entry(*reference).or_default().0 +=
            movements.iter().map(|movement| movement.effect).sum::<i64>();
    }
    for ((_, reference), operations) in theirs {
        sums.entry(*reference).or_default().1 += operations.iter().map(|it| it.effect.minor()).sum::<i64>();
    }
    let differing = sums.iter().filter(|(_, (booked, happened))| booked != happened);
    let named = |(reference, (booked, happened)): (&Reference, &(i64, i64))| {
        format!("{reference}: our float changed by {booked}, the wallet by {happened}")
    };
    differing.map(named).collect()
}

/// Sums each movement's lines. The principal is the line that is no fee, no change of purpose and no becoming spendable.
fn gather(lines: &[FloatLine]) -> Movements {
    let mut movements = Movements::new();
    for line in lines.iter().filter(|line| line.kind != EntryKind::Release) {
        let Some(reference) = line.movement else { continue };
        let is_undone = matches!(line.kind, EntryKind::Dispute | EntryKind::Reversal);
        let movement = movements.entry((reference, is_undone)).or_insert_with(|| Movement {
            provider: line.provider,
            wallet: line.wallet.clone(),
            business: line.business.clone(),
            kind: line.kind,
            amount: 0,
            effect: 0,
        });
        movement.effect += line.delta.minor();
        if !matches!(line.kind, EntryKind::ProviderFee | EntryKind::Settlement) {
            movement.kind = line.kind;
            movement.amount += line.delta.minor().abs();
        }
    }
    movements
}

/// Late money that pays for another transfer is booked there as a collection. It came once only, so what that
/// collection did to the float beside its amount (the fee) counts for the movement by which it came.
fn follow_late_money(lines: &[FloatLine], operations: &[Operation], movements: &mut Movements) {
    let is_known =
        |reference: &Reference| operations.iter().any(|operation| operation.reference == *reference);
    for release in lines.iter().filter(|line| line.kind == EntryKind::Release) {
        let is_it = |((reference, _), movement): &(&(Reference, bool), &Movement)| {
            movement.kind == EntryKind::Collection
                && movement.wallet == release.wallet
                && movement.amount == -release.delta.minor()
                && !is_known(reference)
        };
        let found = movements.iter().find(is_it).map(|(reference, _)| *reference);
        let Some(again) = found.and_then(|reference| movements.remove(&reference)) else { continue };
        if let Some(came) = release.movement.and_then(|reference| movements.get_mut(&(reference, false))) {
            came.effect += again.effect - again.amount;
        }
    }
}

/// As the simulator would name it: a refund at Wave by the collection that it gives back.
fn key(reference: Reference, movement: &Movement, all: &Movements) -> Key {
    let is_collection = |kind| matches!(kind, EntryKind::Collection | EntryKind::LateMoney);
    match movement.kind {
        kind if is_collection(kind) => ("collection".to_owned(), reference),
        EntryKind::Dispute => ("reversal".to_owned(), reference),
        EntryKind::Refund if movement.provider == Provider::Wave => {
            let original = all
                .iter()
                .find(|(_, other)| other.business == movement.business && is_collection(other.kind));
            ("refund".to_owned(), original.map_or(reference, |((reference, _), _)| *reference))
        }
        // Sonatel gives back by paying anew.
        EntryKind::Refund if movement.provider == Provider::OrangeSonatel => {
            ("disbursement".to_owned(), reference)
        }
        kind => (kind.to_string(), reference),
    }
}

fn difference(ours: &[&Movement], theirs: &[&Operation]) -> Option<String> {
    let ([our], [their]) = (ours, theirs) else {
        return Some(format!("we booked it {} times, it happened {} times", ours.len(), theirs.len()));
    };
    let (booked, happened) = ((our.amount, &our.wallet), (their.amount.minor(), &their.wallet));
    (booked != happened)
        .then(|| format!("we booked {} in {}, it was {} in {}", booked.0, booked.1, happened.0, happened.1))
}

#[cfg(test)]
mod tests {
    use domain::Currency;
    use uuid::Uuid;

    use super::*;

    fn reference(n: u128) -> Reference {
        Reference::from_uuid(Uuid::from_u128(n))
    }

    fn line(kind: EntryKind, business: &str, movement: u128, minor: i64) -> FloatLine {
        let (wallet, delta) = ("sn".to_owned(), Money::new(minor, Currency::XOF));
        let (provider, movement) = (Provider::Wave, Some(reference(movement)));
        FloatLine { provider, wallet, kind, business: business.to_owned(), movement, delta }
    }

    fn operation(kind: &str, name: u128, amount: i64, effect: i64) -> Operation {
        let xof = |minor| Money::new(minor, Currency::XOF);
        let (wallet, kind) = ("sn".to_owned(), kind.to_owned());
        let (provider, reference) = (Provider::Wave, reference(name));
        Operation { provider, wallet, kind, reference, amount: xof(amount), effect: xof(effect) }
    }

    fn refunded() -> (Vec<FloatLine>, Vec<Operation>) {
        let lines = [
            FloatLine { movement: None, ..line(EntryKind::Opening, "opening", 0, 50_000) },
            line(EntryKind::Collection, "a", 1, 1_010),
            line(EntryKind::ProviderFee, "a", 1, -10),
            line(EntryKind::Refund, "a", 2, -1_010),
            line(EntryKind::ProviderFee, "a", 2, 10),
        ];
        (lines.into(), vec![operation("collection", 1, 1_010, 1_000), operation("refund", 1, 1_010, -1_000)])
    }

    #[test]
    fn a_refund_is_matched_by_its_collection() {
        let (lines, operations) = refunded();
        assert_eq!(compare(&lines, &operations), (2, vec![]));
    }

    #[test]
    fn a_fee_that_came_back_unseen_is_booked_nowhere() {
        let (mut lines, operations) = refunded();
        lines.retain(|line| line.kind != EntryKind::ProviderFee);
        assert_eq!(compare(&lines, &operations), (2, vec![]));
    }

    #[test]
    fn a_missing_fee_a_second_payment_and_another_wallet_are_seen() {
        let (lines, operations) = refunded();
        let differences = |lines: &[FloatLine], operations: &[Operation]| compare(lines, operations).1.len();
        assert_eq!(differences(&lines[..4], &operations), 1, "fee");
        assert_eq!(differences(&lines, &[&operations[..], &operations[1..]].concat()), 1, "refunded twice");
        assert_eq!(differences(&lines, &operations[..1]), 1, "refunded by us alone");
        assert_eq!(differences(&lines[..3], &operations), 1, "refunded by them alone");
        let elsewhere = Operation { wallet: "ci".into(), ..operations[0].clone() };
        assert_eq!(differences(&lines, &[elsewhere, operations[1].clone()]), 1, "wallet");
    }

    #[test]
    fn a_debit_that_became_spendable_and_was_disputed_is_two_operations() {
        let at_stripe = |line| FloatLine { provider: Provider::Stripe, ..line };
        let lines = [
            line(EntryKind::Collection, "a", 1, 10_149),
            line(EntryKind::ProviderFee, "a", 1, -35),
            line(EntryKind::Settlement, "a", 1, -10_114),
            line(EntryKind::Settlement, "a", 1, 10_114),
            line(EntryKind::Dispute, "a", 1, -10_149),
            line(EntryKind::ProviderFee, "a", 1, -750),
        ];
        let lines = lines.map(at_stripe);
        let operations =
            [operation("collection", 1, 10_149, 10_114), operation("reversal", 1, 10_149, -10_899)];
        assert_eq!(compare(&lines, &operations), (2, vec![]));
        assert_eq!(compare(&lines[..5], &operations).1.len(), 1, "the fee of the dispute");
        assert_eq!(compare(&lines[..4], &operations).1.len(), 1, "the dispute");
        assert_eq!(compare(&lines, &operations[..1]).1.len(), 1, "disputed by us alone");
    }

    #[test]
    fn a_refund_at_stripe_has_a_name_of_its_own() {
        let lines = [line(EntryKind::Collection, "a", 1, 100), line(EntryKind::Refund, "a", 2, -100)]
            .map(|line| FloatLine { provider: Provider::Stripe, ..line });
        let named = |refund| [operation("collection", 1, 100, 100), operation("refund", refund, 100, -100)];
        assert_eq!(compare(&lines, &named(2)), (2, vec![]));
        assert_eq!(compare(&lines, &named(1)).1.len(), 2);
    }

    #[test]
    fn a_payout_that_is_taken_back_at_wave_keeps_its_name() {
        let lines = [
            line(EntryKind::Disbursement, "a", 1, -100),
            line(EntryKind::ProviderFee, "a", 1, -1),
            line(EntryKind::Reversal, "a", 1, 100),
            line(EntryKind::ProviderFee, "a", 1, 1),
        ];
        let operations = [operation("disbursement", 1, 100, -101), operation("reversal", 1, 100, 101)];
        assert_eq!(compare(&lines, &operations), (2, vec![]));
        assert_eq!(compare(&lines, &operations[..1]).1.len(), 1, "taken back by us alone");
        assert_eq!(compare(&lines[..2], &operations).1.len(), 1, "taken back by them alone");
    }

    #[test]
    fn sonatel_gives_back_by_a_payment_of_its_own() {
        let lines = [line(EntryKind::Collection, "a", 1, 100), line(EntryKind::Refund, "a", 2, -100)]
            .map(|line| FloatLine { provider: Provider::OrangeSonatel, ..line });
        let operations = [operation("collection", 1, 100, 100), operation("disbursement", 2, 100, -100)];
        assert_eq!(compare(&lines, &operations), (2, vec![]));
        assert_eq!(compare(&lines, &operations[..1]).1.len(), 1);
    }

    #[test]
    fn late_money_is_one_operation_and_two_bookings() {
        let mut lines = vec![
            line(EntryKind::LateMoney, "old", 1, 1_010),
            line(EntryKind::ProviderFee, "old", 1, -10),
            line(EntryKind::Release, "old", 1, -1_010),
            line(EntryKind::Collection, "new", 2, 1_010),
        ];
        let operations = [operation("collection", 1, 1_010, 1_000)];
        assert_eq!(compare(&lines, &operations), (1, vec![]));
        lines[1] = line(EntryKind::ProviderFee, "new", 2, -10);
        assert_eq!(compare(&lines, &operations), (1, vec![]), "learned where it pays");
        lines.push(line(EntryKind::Collection, "newer", 3, 1_010));
        assert_eq!(compare(&lines, &operations).1.len(), 1, "one release pays for one transfer");
    }
}
