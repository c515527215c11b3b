//! Stories of money: each begins with people and ends with closed books, on both databases.

mod happy;
mod held;
mod keys;
mod late;
mod manual;
mod mtn;
mod orange_web;
mod refunds;
mod refused;
mod retried;
mod sepa;
mod sonatel;
mod uncertain;
mod waiting;
mod webhooks;
