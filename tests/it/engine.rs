use std::time::Duration;

use domain::{Country, Currency, Money, Msisdn, Rail, Side, TransferStatus};
use moneybridge::app::App;
use moneybridge::clock::Clock;
use moneybridge::config::{Flag, Sources, load};
use moneybridge::services::{IdempotencyKey, opening, quotes, transfers};
use moneybridge::simulators::Simulation;
use moneybridge::workers::Workers;
use store::testkit::on_each_database;

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_goes_through() {
    on_each_database(async |db| {
        let folder = tempfile::tempdir().unwrap();
        let flag =
            |path: &str, value: &str| Flag { name: "--set".into(), path: path.into(), value: value.into() };
        let flags = vec![
            flag("data_dir", folder.path().to_str().unwrap()),
            flag("database.url", db.url()),
            flag("sandbox.listen", "127.0.0.1:0"),
        ];
        let config =
            load(&Sources { file: None, folder: folder.path().into(), variables: vec![], flags }).unwrap();
        let clock = Clock::default();
        let (simulation, embedded) = Simulation::start(&config, &clock).await.unwrap();
        let app = App::open(config, clock, "http://127.0.0.1:9".into(), simulation).await.unwrap();
        opening::open_floats(&app).await.unwrap();
        let workers = Workers::start(&app);
        let phone = Msisdn::parse("+221770001122").unwrap();
        let mut tx = app.db.begin().await.unwrap();
        let (user, _) =
            store::users::ensure_customer(&mut tx, &app.people, &phone, app.clock.now()).await.unwrap();
        tx.commit().await.unwrap();
        let xof = Currency::XOF;
        let quote = quotes::create(
            &app,
            user.id,
            quotes::QuoteAsk {
                send_currency: xof,
                receive_currency: xof,
                amount: Money::new(10_000, xof),
                side: Side::Send,
                funding_rail: Rail::Wave,
                payout_rail: Rail::Wave,
                from_country: Some(Country::parse("SN").unwrap()),
                to_country: Some(Country::parse("CI").unwrap()),
            },
        )
        .await
        .unwrap();
        let party = |phone: &str| transfers::PartyAsk {
            rail: Rail::Wave,
            phone: Some(Msisdn::parse(phone).unwrap()),
            name: Some("Awa".into()),
            email: None,
            account: None,
            country: None,
        };
        let ask = transfers::Ask {
            quote: quote.id,
            payer: party("+221770001122"),
            payee: party("+2250707080910"),
            purpose: "x".into(),
            reference: None,
        };
        let key = IdempotencyKey { claim: [1; 32], fingerprint: [2; 32] };
        let id = std::sync::Mutex::new(None);
        let stored = transfers::create(&app, user.id, key, ask.clone(), |seen| {
            *id.lock().unwrap() = Some(seen.transfer.id);
            b"{}".to_vec()
        })
        .await
        .unwrap();
        assert!(!stored.replayed);
        let again = transfers::create(&app, user.id, key, ask, |_| b"{no}".to_vec()).await.unwrap();
        assert!(again.replayed && again.body == b"{}");
        let id = id.into_inner().unwrap().unwrap();
        let viewer = transfers::Viewer::Owner(user.id);
        let mut seen = transfers::wait(&app, viewer, id, None, Duration::from_secs(3)).await.unwrap();
        eprintln!("{:?} {:?}", seen.transfer.status, seen.transfer.next_action);
        let url = app.simulation.as_ref().unwrap().url.join("/_control/wave/pay");
        let r = reqwest::Client::builder()
            .no_proxy()
            .build()
            .unwrap()
            .post(url)
            .json(&serde_json::json!({"reference": seen.movements[0].reference.to_string()}))
            .send()
            .await
            .unwrap();
        eprintln!("{} {}", r.status(), r.text().await.unwrap());
        for _ in 0..20 {
            seen = transfers::wait(&app, viewer, id, None, Duration::from_secs(3)).await.unwrap();
            eprintln!("{:?}", seen.transfer.status);
            if seen.transfer.status == TransferStatus::Completed {
                break;
            }
        }
        for line in transfers::timeline(&app, transfers::Viewer::Staff, id).await.unwrap() {
            eprintln!("{line:?}");
        }
        tokio::time::sleep(Duration::from_secs(8)).await;
        let seen = transfers::find(&app, viewer, id).await.unwrap();
        for m in &seen.movements {
            eprintln!("{m:?}");
        }
        assert_eq!(seen.transfer.status, TransferStatus::Completed);
        workers.stop().await;
        embedded.unwrap().stop().await;
    })
    .await;
}
