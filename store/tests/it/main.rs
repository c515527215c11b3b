//! Every store function on both engines; a file per aggregate.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails in a test should stop it")]

mod alerts;
mod approvals;
mod audit;
mod budgets;
mod callers;
mod database;
mod jobs;
mod otp;
mod provider_lines;
mod rails;
mod rates;
mod schema;
mod secrets;
mod sessions;
mod sms;
mod treasury;
mod users;

use std::future::Future;

use domain::Msisdn;

/// A Senegalese mobile number, another one for each `n` below 10,000.
fn phone(n: u32) -> Msisdn {
    Msisdn::parse(&format!("+22177{:07}", 1_000_000 + n)).unwrap()
}

/// Runs `many` tasks at once and answers what each of them came to.
async fn race<F>(many: usize, task: impl Fn(usize) -> F) -> Vec<F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    let racing: Vec<_> = (0..many).map(|nth| tokio::spawn(task(nth))).collect();
    let mut results = Vec::with_capacity(many);
    for racer in racing {
        results.push(racer.await.unwrap());
    }
    results
}
