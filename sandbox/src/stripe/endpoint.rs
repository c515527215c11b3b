//! Webhook endpoints, as the dashboard and `/v1/webhook_endpoints` know them.

use axum::extract::Path;
use rusqlite::{OptionalExtension, Row, Transaction, params};
use serde_json::{Map, Value, json};

use super::config::StripeWebhookConfig;
use super::errors::{Reply, StripeError};
use super::http::Call;
use super::params::{Params, merged};
use crate::books::{json as json_column, to_json};
use crate::clock::{from_micros, micros};
use crate::ids;

/// An endpoint in the books.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// `we_…`.
    pub id: String,
    /// What the portal was told.
    pub portal: StripeWebhookConfig,
    is_enabled: bool,
    description: Option<String>,
    metadata: Value,
    created: i64,
}

impl Endpoint {
    /// Whether it is switched on and takes events of this type.
    pub fn wants(&self, kind: &str) -> bool {
        let events = &self.portal.events;
        self.is_enabled && (events.is_empty() || events.iter().any(|event| event == kind || event == "*"))
    }

    fn view(&self) -> Value {
        let every = vec!["*".to_owned()];
        json!({
            "id": self.id,
            "object": "webhook_endpoint",
            "api_version": self.portal.api_version,
            "application": null,
            "created": from_micros(self.created).timestamp(),
            "description": self.description,
            "enabled_events": if self.portal.events.is_empty() { &every } else { &self.portal.events },
            "livemode": false,
            "metadata": self.metadata,
            "status": if self.is_enabled { "enabled" } else { "disabled" },
            "url": self.portal.url,
        })
    }
}

/// `POST /v1/webhook_endpoints`: the only answer that tells the secret.
pub async fn create(call: Call) -> Result<Reply, StripeError> {
    call.write(|scene, params| {
        let id = ids::lower("we_", 24);
        let url = url(params)?.ok_or_else(|| StripeError::missing("url"))?;
        let events = params.list("enabled_events")?.ok_or_else(|| StripeError::missing("enabled_events"))?;
        let secret = ids::lower("whsec_", 32);
        let portal = StripeWebhookConfig {
            name: id.clone(),
            url,
            secrets: vec![secret.clone()],
            events,
            api_version: params.text("api_version")?,
        };
        let description = params.text("description")?;
        let metadata = merged(&Value::Null, params.metadata("metadata")?);
        params.finish()?;
        let created = micros(scene.now);
        let endpoint = Endpoint { id, portal, is_enabled: true, description, metadata, created };
        write(scene.tx, &endpoint)?;
        let mut view = endpoint.view();
        view["secret"] = json!(secret);
        Ok(view)
    })
}

/// `GET /v1/webhook_endpoints`.
pub async fn list(call: Call) -> Result<Reply, StripeError> {
    call.read(|scene, params| {
        params.ignore(&["limit"]);
        params.finish()?;
        let all: Vec<Value> = all(scene.tx)?.iter().map(Endpoint::view).collect();
        Ok(json!({"object": "list", "url": "/v1/webhook_endpoints", "has_more": false, "data": all}))
    })
}

/// `GET /v1/webhook_endpoints/{id}`.
pub async fn get(Path(id): Path<String>, call: Call) -> Result<Reply, StripeError> {
    call.read(|scene, params| {
        params.finish()?;
        Ok(find(scene.tx, &id)?.view())
    })
}

/// `POST /v1/webhook_endpoints/{id}`.
pub async fn change(Path(id): Path<String>, call: Call) -> Result<Reply, StripeError> {
    call.write(|scene, params| {
        let mut endpoint = find(scene.tx, &id)?;
        if let Some(url) = url(params)? {
            endpoint.portal.url = url;
        }
        if let Some(events) = params.list("enabled_events")? {
            endpoint.portal.events = events;
        }
        if let Some(is_disabled) = params.flag("disabled")? {
            endpoint.is_enabled = !is_disabled;
        }
        endpoint.description = params.text("description")?.or(endpoint.description);
        endpoint.metadata = merged(&endpoint.metadata, params.metadata("metadata")?);
        params.finish()?;
        write(scene.tx, &endpoint)?;
        Ok(endpoint.view())
    })
}

/// `DELETE /v1/webhook_endpoints/{id}`.
pub async fn delete(Path(id): Path<String>, call: Call) -> Result<Reply, StripeError> {
    call.read(|scene, params| {
        params.finish()?;
        find(scene.tx, &id)?;
        scene.tx.execute("DELETE FROM stripe_webhooks WHERE id = ?1", [&id])?;
        Ok(json!({"id": id, "object": "webhook_endpoint", "deleted": true}))
    })
}

fn url(params: &mut Params) -> Result<Option<String>, StripeError> {
    let Some(url) = params.text("url")? else { return Ok(None) };
    let parsed = reqwest::Url::parse(&url);
    match parsed.is_ok_and(|url| matches!(url.scheme(), "http" | "https")) {
        true => Ok(Some(url)),
        false => Err(StripeError::invalid("url_invalid", "Invalid URL: not an http URL").about("url")),
    }
}

fn find(tx: &Transaction<'_>, id: &str) -> Result<Endpoint, StripeError> {
    tx.prepare_cached("SELECT * FROM stripe_webhooks WHERE id = ?1")?
        .query_row([id], from_row)
        .optional()?
        .ok_or_else(|| StripeError::no_such("webhook endpoint", id, "webhook_endpoint"))
}

/// Every endpoint, in the order of their names.
pub fn all(tx: &Transaction<'_>) -> rusqlite::Result<Vec<Endpoint>> {
    tx.prepare_cached("SELECT * FROM stripe_webhooks ORDER BY name")?.query_map([], from_row)?.collect()
}

/// Writes an endpoint over the one of that name, as the dashboard would.
pub fn put(tx: &Transaction<'_>, portal: &StripeWebhookConfig, now: i64) -> rusqlite::Result<()> {
    let old = all(tx)?.into_iter().find(|endpoint| endpoint.portal.name == portal.name);
    let id = old.map_or_else(|| ids::lower("we_", 24), |endpoint| endpoint.id);
    let metadata = Value::Object(Map::new());
    let portal = StripeWebhookConfig { secrets: portal.secrets_or_default(), ..portal.clone() };
    write(tx, &Endpoint { id, portal, is_enabled: true, description: None, metadata, created: now })
}

fn write(tx: &Transaction<'_>, endpoint: &Endpoint) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT OR REPLACE INTO stripe_webhooks VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        params![
            endpoint.id,
            endpoint.portal.name,
            endpoint.portal.url,
            to_json(&endpoint.portal.secrets)?,
            to_json(&endpoint.portal.events)?,
            endpoint.portal.api_version,
            endpoint.is_enabled,
            endpoint.description,
            to_json(&endpoint.metadata)?,
            endpoint.created,
        ],
    )?;
    Ok(())
}

/// Removes every endpoint, or the one of this name.
pub fn clear(tx: &Transaction<'_>, name: Option<&str>) -> rusqlite::Result<usize> {
    tx.execute("DELETE FROM stripe_webhooks WHERE ?1 IS NULL OR name = ?1", [name])
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Endpoint> {
    Ok(Endpoint {
        id: row.get("id")?,
        portal: StripeWebhookConfig {
            name: row.get("name")?,
            url: row.get("url")?,
            secrets: json_column(row, "secrets")?,
            events: json_column(row, "events")?,
            api_version: row.get("api_version")?,
        },
        is_enabled: row.get("is_enabled")?,
        description: row.get("description")?,
        metadata: json_column(row, "metadata")?,
        created: row.get("created")?,
    })
}
