//! Stories of money: each begins with people and ends with closed books, on both databases.

mod corridors;
mod happy;
mod held;
mod keys;
mod late;
mod manual;
mod mtn;
mod orange_web;
mod rails;
mod recipients;
mod refunds;
mod refused;
mod retried;
mod sepa;
mod sonatel;
mod strays;
mod uncertain;
mod waiting;
mod webhooks;
