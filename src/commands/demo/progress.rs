//! Live progress on standard error: a line per scene on a terminal, a line per news elsewhere.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Everybody's lines.
#[derive(Debug)]
pub struct Progress {
    begun: Instant,
    lines: Option<MultiProgress>,
}

/// One scene's line.
#[derive(Debug)]
pub struct Line {
    begun: Instant,
    name: String,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Draws on a terminal, writes elsewhere.
    pub fn new() -> Progress {
        let lines = std::io::stderr().is_terminal();
        let lines = lines.then(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr()));
        Progress { begun: Instant::now(), lines }
    }

    /// A line called `name`.
    pub fn line(&self, name: &str) -> Line {
        let bar = self.lines.as_ref().map(|lines| lines.add(ProgressBar::new_spinner()));
        if let Some(bar) = &bar {
            let style = ProgressStyle::with_template("{spinner} {prefix:<38} {elapsed:>4}  {msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            bar.set_prefix(name.to_owned());
            bar.enable_steady_tick(Duration::from_millis(120));
        }
        Line { begun: self.begun, name: name.to_owned(), bar }
    }
}

impl Line {
    /// The latest news.
    pub fn say(&self, news: &str) {
        match &self.bar {
            Some(bar) => bar.set_message(news.to_owned()),
            None => self.write(news),
        }
    }

    /// The last news.
    pub fn end(&self, is_good: bool, news: &str) {
        let mark = if is_good { '✓' } else { '✗' };
        match &self.bar {
            Some(bar) => bar.finish_with_message(format!("{mark} {news}")),
            None => self.write(&format!("{mark} {news}")),
        }
    }

    /// Whoever closed standard error does not want to know.
    fn write(&self, news: &str) {
        let seconds = self.begun.elapsed().as_secs_f32();
        let _ = writeln!(std::io::stderr(), "{seconds:>5.1} s  {:<38} {news}", self.name);
    }
}
