//! What the gateway tells about itself: log lines, metrics, and panics as log lines.
//!
//! One line per event on standard error, whatever an event carries; runs of digits that could be a
//! phone number never leave in a panic's message. Metrics are gathered once per process and rendered
//! on demand.
//!
//! Deliberately absent: the listener that serves metrics, and what each part counts.

use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::{EnvFilter, fmt};

use crate::config::{Log, LogFormat};

/// Why telemetry could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// `log.filter` cannot be read.
    #[error("the log filter cannot be read")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// Something else in this process writes the log already.
    #[error("the log is set up already")]
    Log(#[from] tracing::subscriber::SetGlobalDefaultError),
    /// Something else in this process gathers metrics already.
    #[error("metrics cannot be gathered")]
    Metrics(#[from] metrics_exporter_prometheus::BuildError),
}

/// Sends events to standard error, and panics after them. Once per process.
pub fn start_log(log: &Log) -> Result<(), TelemetryError> {
    let filter = EnvFilter::try_new(&log.filter)?;
    let lines = fmt().with_env_filter(filter).with_writer(OneLine(io::stderr));
    match log.format {
        LogFormat::Text => tracing::subscriber::set_global_default(lines.with_ansi(false).finish())?,
        LogFormat::Json => {
            tracing::subscriber::set_global_default(lines.json().flatten_event(true).finish())?;
        }
    }
    log_panics();
    Ok(())
}

/// Panics become log lines; what the runtime does with them afterwards stays as it is.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let location = panic.location().map(ToString::to_string).unwrap_or_default();
        let message = panic.payload_as_str().map(masked).unwrap_or_default();
        let thread = std::thread::current();
        tracing::error!(
            panic.location = location,
            panic.message = message,
            thread.name = thread.name().unwrap_or("unnamed"),
            "panicked"
        );
    }));
}

/// `text` with every run of six digits or more hidden.
fn masked(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut run = String::new();
    for letter in text.chars().chain(['\n']) {
        if letter.is_ascii_digit() {
            run.push(letter);
            continue;
        }
        let kept = if run.len() < 6 { run.as_str() } else { "…" };
        masked.push_str(kept);
        run.clear();
        masked.push(letter);
    }
    masked.pop();
    masked
}

/// Metrics of this process. Clones show the same ones.
#[derive(Clone, Debug)]
pub struct Metrics(PrometheusHandle);

/// The recorder can be installed once per process, and whoever comes later gets the same one.
static INSTALLED: Mutex<Option<Metrics>> = Mutex::new(None);

/// Upper bounds of histograms of seconds: from a cache hit to the longest call to a provider.
const SECONDS: [f64; 16] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];

/// Gathers the process's metrics from now on; later calls give the same ones.
pub fn gather_metrics() -> Result<Metrics, TelemetryError> {
    let mut installed = INSTALLED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(metrics) = installed.as_ref() {
        return Ok(metrics.clone());
    }
    let builder =
        PrometheusBuilder::new().set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &SECONDS)?;
    let metrics = Metrics(builder.install_recorder()?);
    *installed = Some(metrics.clone());
    Ok(metrics)
}

impl Metrics {
    /// All metrics as Prometheus reads them.
    pub fn render(&self) -> String {
        self.0.render()
    }

    /// Folds samples that wait; to be called every few seconds where nobody renders.
    pub fn upkeep(&self) {
        self.0.run_upkeep();
    }
}

/// Writes an event as one line: breaks within it are written out.
#[derive(Clone, Copy, Debug)]
struct OneLine<M>(M);

impl<'a, M, W> MakeWriter<'a> for OneLine<M>
where
    M: Fn() -> W,
    W: Write,
{
    type Writer = OneLineWriter<W>;

    fn make_writer(&'a self) -> Self::Writer {
        OneLineWriter((self.0)())
    }
}

struct OneLineWriter<W>(W);

impl<W: Write> Write for OneLineWriter<W> {
    /// An event arrives whole, with its line break at the end.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let (line, end) = match event.split_last() {
            Some((b'\n', line)) => (line, "\n"),
            _ => (event, ""),
        };
        let mut written = Vec::with_capacity(event.len() + 8);
        for &byte in line {
            match byte {
                b'\n' => written.extend_from_slice(b"\\n"),
                b'\r' => written.extend_from_slice(b"\\r"),
                _ => written.push(byte),
            }
        }
        written.extend_from_slice(end.as_bytes());
        self.0.write_all(&written)?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(event: impl FnOnce()) -> String {
        let page = Page::default();
        let writer = OneLine({
            let page = page.clone();
            move || page.clone()
        });
        let lines = fmt().with_writer(writer).with_ansi(false).finish();
        tracing::subscriber::with_default(lines, event);
        String::from_utf8(page.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn an_event_is_one_line_whatever_it_carries() {
        let forged = "ordinary\n2026-01-01T00:00:00Z  INFO forged\r\n";
        let text = logged(|| tracing::info!(note = %forged, "first\nsecond"));
        assert_eq!(text.matches('\n').count(), 1, "{text}");
        assert!(text.ends_with('\n') && text.contains("first\\nsecond") && text.contains("INFO forged\\r"));
    }

    #[test]
    fn numbers_do_not_leave_in_a_panic() {
        let cases = [
            ("no entry for +221771234567", "no entry for +…"),
            ("index 12345 of 999999", "index 12345 of …"),
            ("nothing", "nothing"),
            ("", ""),
        ];
        for (text, expected) in cases {
            assert_eq!(masked(text), expected);
        }
    }

    #[test]
    fn a_panic_is_a_log_line() {
        let before = std::panic::take_hook();
        log_panics();
        let text = logged(|| {
            let panicked = std::panic::catch_unwind(|| panic!("nobody at\n+221771234567"));
            assert!(panicked.is_err());
        });
        std::panic::set_hook(before);
        assert!(text.contains("ERROR") && text.contains("src/telemetry.rs:"), "{text}");
        assert!(text.contains("nobody at") && !text.contains("221771234567"), "{text}");
        assert_eq!(text.matches('\n').count(), 1, "{text}");
    }

    #[test]
    fn metrics_are_gathered_once_and_rendered() {
        let first = gather_metrics().unwrap();
        let second = gather_metrics().unwrap();
        metrics::counter!("telemetry_test_total").increment(2);
        metrics::histogram!("telemetry_test_seconds").record(0.02);
        let page = first.render();
        assert!(page.contains("telemetry_test_total 2"), "{page}");
        assert!(page.contains("telemetry_test_seconds_bucket{le=\"0.025\"} 1"), "{page}");
        assert!(second.render().contains("telemetry_test_total 2"));
    }
}
