//! Objects as the API shows them: without what is the simulator's own, and expanded where asked.

use serde_json::{Value, json};

use super::billing::payment;
use super::book;
use super::errors::StripeError;
use super::scene::{Scene, int, text};

const DEEPEST: usize = 4;

/// An object, or a list of objects, as the API shows it now.
pub fn shown(scene: &Scene<'_>, doc: &Value) -> Value {
    let mut doc = doc.clone();
    let is_available = int(&doc, "available_on") <= scene.seconds();
    if text(&doc, "object") == "balance_transaction" {
        doc["status"] = json!(if is_available { "available" } else { "pending" });
    }
    hide(&mut doc);
    doc
}

fn hide(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(hide),
        Value::Object(object) => {
            object.retain(|name, _| !name.starts_with('_'));
            object.values_mut().for_each(hide);
        }
        _ => {}
    }
}

/// The same with every `expand` path followed.
pub fn expanded(scene: &Scene<'_>, doc: &Value, expand: &[String]) -> Result<Value, StripeError> {
    let mut doc = match text(doc, "object") {
        "list" | "search_result" => {
            let mut list = doc.clone();
            let items = list["data"].as_array().cloned().unwrap_or_default();
            list["data"] = items.iter().map(|item| shown(scene, item)).collect();
            list
        }
        _ => shown(scene, doc),
    };
    for path in expand {
        let steps: Vec<&str> = path.split('.').collect();
        let is_too_deep = steps.len() > DEEPEST;
        if is_too_deep || !follow(scene, &mut doc, &steps)? {
            let message = format!("This property cannot be expanded ({path}).");
            return Err(StripeError::invalid("", message).about("expand"));
        }
    }
    Ok(doc)
}

fn follow(scene: &Scene<'_>, at: &mut Value, steps: &[&str]) -> Result<bool, StripeError> {
    let Some((step, rest)) = steps.split_first() else { return Ok(true) };
    if let Value::Array(items) = at {
        for item in items {
            if !follow(scene, item, steps)? {
                return Ok(false);
            }
        }
        return Ok(true);
    }
    if text(at, "object") == "invoice"
        && let Some(asked) = payment::shown_when_asked(scene, at, step)?
    {
        at[*step] = asked;
    }
    let Some(member) = at.get_mut(*step) else { return Ok(false) };
    if let Some(id) = member.as_str() {
        let Some(found) = book::find(scene.tx, id)? else { return Ok(false) };
        *member = shown(scene, &found);
    }
    match member {
        Value::Null => Ok(true),
        Value::Array(_) | Value::Object(_) => follow(scene, member, rest),
        _ => Ok(false),
    }
}
