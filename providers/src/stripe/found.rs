//! Lists, and what of ours is in them.
//!
//! A create answer may be lost, and an idempotency key lives for a day only. What was made is then
//! found by the metadata that it carries. Lists come newest first, a hundred at a time.
//! Source: docs.stripe.com/api/pagination, read 2026-11.

use domain::Reference;
use domain::movement::MovementKind;
use serde::Deserialize;
use serde_json::Value;

use super::terms::{self, MOVEMENT_KIND};
use crate::{Outcome, ProviderError, Request, Response};

/// The parameter that names where the page before ended.
pub(super) const CURSOR: &str = "starting_after";

/// One page. Without `has_more` nobody knows whether something is missing, so it has to be there.
#[derive(Deserialize)]
pub(super) struct Page {
    pub data: Vec<Value>,
    pub has_more: bool,
}

impl Page {
    pub fn read(response: &Response) -> Result<Page, ProviderError> {
        response.json()
    }

    /// Where the next page starts; `None` when this was the last.
    ///
    /// Errors: there is more, but nobody can say where.
    pub fn next(&self) -> Result<Option<String>, ProviderError> {
        if !self.has_more {
            return Ok(None);
        }
        match self.data.last().and_then(terms::id_of) {
            Some(id) => Ok(Some(id.0)),
            None => Err(ProviderError::uncertain("the list goes on but names no cursor")),
        }
    }

    /// The objects that carry this movement's reference.
    fn of(&self, reference: Reference, kind: MovementKind) -> impl Iterator<Item = &Value> {
        self.data.iter().filter(move |object| {
            let metadata = &object["metadata"];
            let same_kind = terms::text(metadata, MOVEMENT_KIND).is_none_or(|word| word == kind.as_str());
            terms::reference_in(metadata) == Some(reference) && same_kind
        })
    }
}

/// The request for the page after `response`, unless what is sought is in this one or the list ends.
pub(super) fn follow(
    request: &Request,
    response: &Response,
    reference: Reference,
    kind: MovementKind,
) -> Option<Request> {
    let page = Page::read(response).ok()?;
    if page.of(reference, kind).next().is_some() {
        return None;
    }
    let cursor = page.next().ok()??;
    let mut next = request.clone();
    next.query.retain(|(name, _)| name != CURSOR);
    Some(next.query(CURSOR, cursor))
}

/// Reads the last page of a search. One key acts once, so a second object that was not refused is a matter for people.
pub(super) fn among(
    response: &Response,
    reference: Reference,
    kind: MovementKind,
    read: impl Fn(&Value) -> Result<Outcome, ProviderError>,
) -> Result<Outcome, ProviderError> {
    let page = Page::read(response)?;
    let outcomes: Vec<Outcome> = page.of(reference, kind).map(read).collect::<Result<_, _>>()?;
    if outcomes.is_empty() {
        return match page.has_more {
            true => Err(ProviderError::uncertain("the list was not read to its end")),
            false => Ok(Outcome::NotFound),
        };
    }
    let ended = |outcome: &Outcome| {
        matches!(outcome, Outcome::Declined { .. } | Outcome::Cancelled | Outcome::Expired)
    };
    let (ended, alive): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(ended);
    match alive.len() {
        0 => Ok(ended.into_iter().next().unwrap_or(Outcome::NotFound)),
        1 => Ok(alive.into_iter().next().unwrap_or(Outcome::NotFound)),
        several => Err(ProviderError::uncertain(format!("{several} objects carry one reference"))),
    }
}
