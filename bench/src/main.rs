//! Measures the gateway's hot paths on both engines, beside yardsticks in the same run.
//!
//! `cargo run --release -p bench` starts a PostgreSQL server of its own, the gateway as a child process on each engine,
//! and takes every measure once per round, yardsticks in between; rows are medians of what each round gave. After a
//! load the book must hold exactly what was answered, and at the end it must verify: otherwise there is no result.
//!
//! Deliberately absent: anything of the gateway's own crate. It is spoken to over HTTP, and prepared through the store.

mod book;
mod cluster;
mod lifecycles;
mod lists;
mod load;
mod machine;
mod orders;
mod people;
mod plan;
mod plot;
mod process;
mod report;
mod run;
mod stats;
mod work;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

/// Measure the gateway's hot paths beside yardsticks in the same run.
#[derive(Clone, Debug, Parser)]
#[command(version)]
pub struct Arguments {
    /// Write every row with its rounds and gate, and the raw samples, to this file
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// 3 rounds of 3 seconds, without the rows that need a large book
    #[arg(long)]
    pub quick: bool,
    /// Only this row; may be given several times
    #[arg(long, value_name = "NAME")]
    pub only: Vec<String>,
    /// How often every measure is taken [default: 5; 3 when quick]
    #[arg(long)]
    pub rounds: Option<usize>,
    /// How long each measure lasts, seconds [default: 10; 3 when quick]
    #[arg(long)]
    pub seconds: Option<u64>,
    /// How many customers each book has [default: 1000; 200 when quick]
    #[arg(long)]
    pub customers: Option<usize>,
    /// Exit with 1 when a gate is missed
    #[arg(long)]
    pub gate: bool,
    /// Write the table and the plot to docs/ (a whole run always does)
    #[arg(long)]
    pub docs: bool,
    /// Where the books and the server are kept during the run; best on the disk that is to be measured
    #[arg(long, value_name = "FOLDER")]
    pub folder: Option<PathBuf>,
    /// Measure this gateway, and the program `sandbox` beside it, in place of building them
    #[arg(long, value_name = "FILE")]
    pub gateway: Option<PathBuf>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match Box::pin(run::run(&Arguments::parse())).await {
        Ok(code) => code,
        Err(error) => {
            run::say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Arguments;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }
}
