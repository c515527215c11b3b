//! One suite for every adapter and its simulator, over real HTTP: docs/adding-a-rail.md tells how a new one joins.
//!
//! A pair says what cannot be known from outside: its payees, its words, how long its pages live. Everything else is
//! read from the capabilities that the adapter declares, and held against what the simulator wrote down.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod checks;
mod kit;
mod kola;
mod pairs;

/// The whole suite for a pair, by what starts it.
macro_rules! conforms {
    ($($name:ident: $start:path),* $(,)?) => {$(
        mod $name {
            use crate::checks;
            use crate::kit::Bench;

            #[tokio::test]
            async fn shows_every_class_of_outcome() {
                checks::outcomes::check(&Bench::of($start).await).await;
            }

            #[tokio::test]
            async fn is_never_wrong_when_something_goes_wrong() {
                checks::faults::effects(&Bench::of($start).await).await;
            }

            #[tokio::test]
            async fn answers_questions_truly_when_something_goes_wrong() {
                checks::faults::questions(&Bench::of($start).await).await;
            }

            #[tokio::test]
            async fn repeats_without_harm_or_not_at_all() {
                checks::repeats::check(&Bench::of($start).await).await;
            }

            #[tokio::test]
            async fn asks_for_exactly_the_amount() {
                checks::amounts::check(&Bench::of($start).await).await;
            }

            #[tokio::test]
            async fn takes_nothing_else_for_what_it_asked() {
                checks::amounts::terms(&Bench::of($start).await).await;
            }

            #[tokio::test]
            async fn believes_no_forgery() {
                checks::callbacks::check(&Bench::of($start).await).await;
            }

            #[tokio::test]
            async fn ends_nothing_by_an_unknown_word() {
                checks::words::check(&Bench::of($start).await).await;
            }

            #[tokio::test]
            async fn can_do_what_it_declares_and_nothing_else() {
                checks::capabilities::check(&Bench::of($start).await).await;
            }

            #[tokio::test]
            async fn follows_no_redirect() {
                checks::capabilities::redirects(&Bench::of($start).await).await;
            }
        }
    )*};
}

/// The amounts alone, for a wallet of a rail above that counts otherwise.
macro_rules! counts {
    ($($name:ident: $start:path),* $(,)?) => {$(
        #[tokio::test]
        async fn $name() {
            crate::checks::amounts::check(&crate::kit::Bench::of($start).await).await;
        }
    )*};
}

conforms! {
    kola_pay: crate::kola::dinars,
    wave: crate::pairs::wave::francs,
    mtn: crate::pairs::mtn::francs,
    orange_web: crate::pairs::orange_web::francs,
    sonatel_merchant: crate::pairs::sonatel::merchant,
    sonatel_retailer: crate::pairs::sonatel::retailer,
    stripe_transfers: crate::pairs::stripe::transfers,
    stripe_debits: crate::pairs::stripe::debits,
}

counts! {
    kola_asks_for_exactly_the_euros: crate::kola::euros,
    kola_asks_for_exactly_the_francs: crate::kola::francs,
    orange_web_asks_for_exactly_the_amount_under_another_name: crate::pairs::orange_web::sandbox,
    wave_asks_for_exactly_the_dalasis: crate::pairs::wave::dalasis,
}

#[test]
fn a_rail_is_no_more_than_250_lines() {
    let adapter_and_simulator = [include_str!("kola/adapter.rs"), include_str!("kola/simulator.rs")];
    let lines: usize = adapter_and_simulator.iter().map(|file| file.lines().count()).sum();
    assert!(lines <= 250, "the fictitious rail has {lines} lines");
}
