//! Codes sent and used per country, and pauses.

use chrono::{DateTime, TimeDelta, Utc};
use store::sms::{self, Conversion, Pause};
use store::testkit::{instant, on_each_database};

use crate::race;

fn minute(n: i64) -> DateTime<Utc> {
    instant() + TimeDelta::minutes(n)
}

#[tokio::test]
async fn a_code_counts_in_the_minute_it_was_sent_in() {
    on_each_database(async |db| {
        let mut tx = db.begin().await.unwrap();
        for (prefix, at) in [("221", 0), ("221", 0), ("221", 1), ("225", 1)] {
            sms::count_sent(&mut tx, prefix, minute(at)).await.unwrap();
        }
        sms::count_used(&mut tx, "221", minute(0)).await.unwrap();
        sms::count_used(&mut tx, "223", minute(0)).await.unwrap();
        tx.commit().await.unwrap();
        let mut reader = db.read().await.unwrap();
        for (prefix, from, until, sent, used) in [
            ("221", 0, 1, 2, 1),
            ("221", 0, 2, 3, 1),
            ("221", 1, 2, 1, 0),
            ("225", 0, 9, 1, 0),
            ("223", 0, 9, 0, 0),
        ] {
            let found =
                sms::conversion(&mut reader.conn(), prefix, minute(from), minute(until)).await.unwrap();
            assert_eq!(found, Conversion { sent, used }, "{prefix} {from} {until}");
        }
        let all = sms::conversions(&mut reader.conn(), minute(1)).await.unwrap();
        let expected = ["221", "225"].map(|prefix| (prefix.to_owned(), Conversion { sent: 1, used: 0 }));
        assert_eq!(all, expected);
        let mut tx = db.begin().await.unwrap();
        assert_eq!(sms::purge(&mut tx, minute(1)).await.unwrap(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_prefix_is_paused_by_one_and_again_when_that_is_over() {
    on_each_database(async |db| {
        let pause = |at: i64| {
            let (since, until) = (minute(at), minute(at + 15));
            Pause { prefix: "221".into(), since, until, sent: 50 + at, used: 1 }
        };
        let paused = race(8, |_| {
            let (db, pause) = ((*db).clone(), pause(0));
            async move {
                let mut tx = db.begin().await.unwrap();
                let paused = sms::pause(&mut tx, &pause).await.unwrap();
                tx.commit().await.unwrap();
                paused
            }
        })
        .await;
        assert_eq!(paused.iter().filter(|paused| **paused).count(), 1);
        for (at, expected) in [(14, false), (15, true)] {
            let mut tx = db.begin().await.unwrap();
            assert_eq!(sms::pause(&mut tx, &pause(at)).await.unwrap(), expected, "{at}");
            tx.commit().await.unwrap();
        }
        let mut reader = db.read().await.unwrap();
        assert_eq!(sms::last_pause(&mut reader.conn(), "221").await.unwrap(), Some(pause(15)));
        assert_eq!(sms::last_pause(&mut reader.conn(), "225").await.unwrap(), None);
        assert_eq!(sms::pauses(&mut reader.conn()).await.unwrap(), [pause(15)]);
    })
    .await;
}
