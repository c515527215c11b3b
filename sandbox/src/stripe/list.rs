//! Lists, newest first, by cursor; and search by what an object says.

use serde_json::{Value, json};

use super::book::{self, Place};
use super::errors::StripeError;
use super::params::Params;
use super::scene::Scene;

/// How far the index of a search is behind, in seconds.
const LAG_S: i64 = 60;

/// A page of objects of one kind, after `wanted` and the caller's `created`, `limit` and cursors.
pub fn page(
    scene: &Scene<'_>,
    params: &mut Params,
    object: &str,
    path: &str,
    wanted: &[(&str, Option<String>)],
) -> Result<Value, StripeError> {
    page_of(scene, params, object, path, wanted, |_| true)
}

/// The same, with a further condition.
pub fn page_of(
    scene: &Scene<'_>,
    params: &mut Params,
    object: &str,
    path: &str,
    wanted: &[(&str, Option<String>)],
    suits: impl Fn(&Value) -> bool,
) -> Result<Value, StripeError> {
    let limit = limit(params)?;
    let (after, before) = (params.text("starting_after")?, params.text("ending_before")?);
    let window = window(params)?;
    params.finish()?;
    let wanted: Vec<(&str, &str)> =
        wanted.iter().filter_map(|(member, value)| Some((*member, value.as_deref()?))).collect();
    let place = |id: &str, param| {
        let place = book::place_of(scene, object, id)?;
        place.ok_or_else(|| StripeError::no_such(object, id, param))
    };
    let from = match (after, before) {
        (Some(_), Some(_)) => {
            let message = "Received both starting_after and ending_before parameters.";
            return Err(StripeError::invalid("", message));
        }
        (Some(id), None) => Place::After(place(&id, "starting_after")?),
        (None, Some(id)) => Place::Before(place(&id, "ending_before")?),
        (None, None) => Place::Newest,
    };
    let (mut data, mut has_more) = (Vec::new(), false);
    book::scan(scene, object, &wanted, window, from, |doc| {
        if suits(&doc) {
            has_more = data.len() == limit;
            data.extend((!has_more).then_some(doc));
        }
        !has_more
    })?;
    if matches!(from, Place::Before(_)) {
        data.reverse();
    }
    Ok(json!({"object": "list", "url": path, "has_more": has_more, "data": data}))
}

fn limit(params: &mut Params) -> Result<usize, StripeError> {
    match params.integer("limit")?.unwrap_or(10) {
        limit @ 1..=100 => Ok(usize::try_from(limit).unwrap_or(100)),
        _ => Err(StripeError::invalid("", "Invalid limit: must be between 1 and 100").about("limit")),
    }
}

/// `created`, exactly or between bounds.
fn window(params: &mut Params) -> Result<(i64, i64), StripeError> {
    if let Some(at) = params.integer("created")? {
        return Ok((at, at));
    }
    let gt = params.integer("created[gt]")?.map(|at| at.saturating_add(1));
    let lt = params.integer("created[lt]")?.map(|at| at.saturating_sub(1));
    let from = gt.or(params.integer("created[gte]")?).unwrap_or(i64::MIN);
    let to = lt.or(params.integer("created[lte]")?).unwrap_or(i64::MAX);
    Ok((from, to))
}

/// `GET …/search?query=`: clauses `field:'value'` and `metadata['key']:'value'`, joined by `AND`.
/// The index lags: an object is found only a minute after it came into being.
pub fn search(
    scene: &Scene<'_>,
    params: &mut Params,
    object: &str,
    path: &str,
) -> Result<Value, StripeError> {
    let query = params.required("query")?;
    let limit = limit(params)?;
    let page: usize = params.text("page")?.and_then(|page| page.parse().ok()).unwrap_or_default();
    params.finish()?;
    let clauses: Option<Vec<Clause>> = query.split(" AND ").map(Clause::read).collect();
    let wrong = || StripeError::invalid("", format!("We were unable to parse your search query: {query}"));
    let clauses = clauses.ok_or_else(wrong)?;
    let mut found = book::within(scene, object, &[], (i64::MIN, scene.seconds() - LAG_S))?;
    found.retain(|doc| clauses.iter().all(|clause| clause.fits(doc)));
    let has_more = found.len() > page + limit;
    let next_page = has_more.then(|| (page + limit).to_string());
    let data: Vec<Value> = found.into_iter().skip(page).take(limit).collect();
    Ok(
        json!({"object": "search_result", "url": path, "has_more": has_more, "next_page": next_page, "data": data}),
    )
}

struct Clause {
    path: Vec<String>,
    value: String,
    is_equal: bool,
}

impl Clause {
    fn read(text: &str) -> Option<Clause> {
        let text = text.trim();
        let (is_equal, text) = match text.strip_prefix('-') {
            Some(rest) => (false, rest),
            None => (true, text),
        };
        let (field, value) = text.split_once(':')?;
        let value = value.trim();
        let quote = value.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
        let value = value.strip_prefix(quote)?.strip_suffix(quote)?;
        let path = match field.trim().split_once('[') {
            Some((field, key)) => {
                let key = key.strip_suffix(']')?.trim_matches(['\'', '"']);
                vec![field.to_owned(), key.to_owned()]
            }
            None => vec![field.trim().to_owned()],
        };
        Some(Clause { path, value: value.to_owned(), is_equal })
    }

    fn fits(&self, doc: &Value) -> bool {
        let found = self.path.iter().try_fold(doc, |at, step| at.get(step));
        let is_so = found.is_some_and(|found| match found {
            Value::String(text) => *text == self.value,
            other => other.as_i64().is_some_and(|number| self.value.parse() == Ok(number)),
        });
        is_so == self.is_equal
    }
}
