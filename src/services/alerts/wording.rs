//! An alert in words: JSON for a program, plain text for people in the language of the settings.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::alerts::Alert;
use store::users::Language;
use uuid::Uuid;

use crate::app::App;
use crate::config::Mode;
use crate::services::texts::{detail, text};

/// So many are named in a digest; of the others only how many there are.
const NAMED: usize = 50;

/// One message about one alert, or about many.
pub(super) struct Message<'a> {
    event: Event,
    alerts: &'a [Alert],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Event {
    Raised,
    Reminded,
    Resolved,
    Digest,
}

impl Event {
    fn word(self) -> &'static str {
        match self {
            Event::Raised => "raised",
            Event::Reminded => "reminded",
            Event::Resolved => "resolved",
            Event::Digest => "digest",
        }
    }
}

/// About one alert: that it is there, still there, or over.
pub(super) fn one(alert: &Alert) -> Message<'_> {
    let event = match (alert.resolved_at, alert.told) {
        (Some(_), _) => Event::Resolved,
        (None, 0) => Event::Raised,
        (None, _) => Event::Reminded,
    };
    Message { event, alerts: std::slice::from_ref(alert) }
}

/// About several at once.
pub(super) fn many(alerts: &[Alert]) -> Message<'_> {
    match alerts {
        [alert] => one(alert),
        _ => Message { event: Event::Digest, alerts },
    }
}

impl Message<'_> {
    /// The alert that it is about, or the first.
    pub(super) fn subject(&self) -> Uuid {
        self.alerts.first().map(|alert| alert.id.uuid()).unwrap_or_default()
    }

    /// The webhook's body.
    pub(super) fn body(&self, gateway: &str, mode: Mode, now: DateTime<Utc>) -> Vec<u8> {
        let data = match (self.event, self.alerts) {
            (Event::Digest, alerts) => {
                let named: Vec<Value> = alerts.iter().take(NAMED).map(view).collect();
                json!({ "count": alerts.len(), "alerts": named })
            }
            (_, alerts) => alerts.first().map(view).unwrap_or_default(),
        };
        let body = json!({
            "type": format!("alert.{}", self.event.word()),
            "timestamp": instant(now),
            "gateway": gateway,
            "mode": mode_word(mode),
            "data": data,
        });
        body.to_string().into_bytes()
    }

    fn heading(&self, language: Language) -> String {
        let key = format!("alert-mail-{}", self.event.word());
        let first = self.alerts.first();
        let title = first.map(|alert| title(alert, language)).unwrap_or_default();
        let subject = first.map(|alert| alert.subject.clone()).unwrap_or_default();
        let count = self.alerts.len().to_string();
        text(language, &key, &[("title", title), ("subject", subject), ("count", count)])
    }

    fn text(&self, language: Language) -> String {
        let mut lines = Vec::new();
        for alert in self.alerts.iter().take(NAMED) {
            lines.extend(if self.event == Event::Digest {
                brief(alert, language)
            } else {
                full(alert, language)
            });
        }
        let unnamed = self.alerts.len().saturating_sub(NAMED);
        if unnamed > 0 {
            lines.push(text(language, "alert-mail-more", &[("count", unnamed.to_string())]));
        }
        lines.join("\n")
    }
}

/// A message as it is mailed to one address.
#[derive(Serialize, Deserialize)]
pub(super) struct Letter {
    pub to: String,
    pub subject: String,
    pub text: String,
}

impl Letter {
    pub(super) fn new(message: &Message<'_>, to: &str, app: &App) -> Letter {
        let language = app.config.alerts.language;
        let house = match app.config.mode {
            Mode::Live => "[MoneyBridge]",
            Mode::Sandbox => "[MoneyBridge sandbox]",
        };
        let text = format!("{}\n\n{}\n", message.text(language), app.public_url);
        Letter { to: to.to_owned(), subject: format!("{house} {}", message.heading(language)), text }
    }
}

fn title(alert: &Alert, language: Language) -> String {
    text(language, &format!("alert-{}", alert.kind), &[])
}

/// An alert in a line or two of a digest.
fn brief(alert: &Alert, language: Language) -> Vec<String> {
    let state = match alert.resolved_at {
        Some(_) => text(language, "alert-over", &[]),
        None => text(language, &format!("alert-severity-{}", alert.severity), &[]),
    };
    vec![format!(
        "- {}: {} ({state}, {})",
        title(alert, language),
        alert.subject,
        instant(alert.first_seen_at)
    )]
}

/// An alert with what is known of it and what to do.
fn full(alert: &Alert, language: Language) -> Vec<String> {
    let label = |key: &str, value: String| format!("{}: {value}", text(language, key, &[]));
    let mut lines = vec![
        title(alert, language),
        detail(language, &format!("alert-{}", alert.kind), &[]),
        String::new(),
        label("alert-label-subject", alert.subject.clone()),
        label("alert-label-severity", text(language, &format!("alert-severity-{}", alert.severity), &[])),
        label("alert-label-since", instant(alert.first_seen_at)),
        label("alert-label-seen", format!("{} × · {}", alert.count, instant(alert.last_seen_at))),
    ];
    lines.extend(alert.resolved_at.map(|at| label("alert-label-over", instant(at))));
    lines.extend(alert.facts.iter().map(|(name, value)| format!("{name}: {value}")));
    lines.push(String::new());
    lines.push(alert.id.to_string());
    lines
}

fn view(alert: &Alert) -> Value {
    json!({
        "id": alert.id.to_string(),
        "kind": alert.kind.as_str(),
        "subject": alert.subject,
        "severity": alert.severity.as_str(),
        "facts": alert.facts,
        "count": alert.count,
        "first_seen_at": instant(alert.first_seen_at),
        "last_seen_at": instant(alert.last_seen_at),
        "resolved_at": alert.resolved_at.map(instant),
    })
}

fn mode_word(mode: Mode) -> &'static str {
    match mode {
        Mode::Sandbox => "sandbox",
        Mode::Live => "live",
    }
}

fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
