//! Every store function on both engines; a file per aggregate.

mod database;
mod schema;
