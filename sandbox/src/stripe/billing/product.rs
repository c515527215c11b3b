//! Products: what prices are for.

use axum::extract::Path;
use serde_json::{Value, json};

use super::price;
use crate::ids;
use crate::stripe::errors::{Reply, StripeError};
use crate::stripe::http::Call;
use crate::stripe::params::{Params, merged};
use crate::stripe::scene::{Scene, text};
use crate::stripe::{book, event, list};

const UNUSED: [&str; 5] =
    ["tax_code", "package_dimensions", "marketing_features", "shippable", "statement_descriptor"];

/// `POST /v1/products`, with its first price when `default_price_data` is given.
pub async fn create(call: Call) -> Result<Reply, StripeError> {
    call.write(|scene, params| {
        let id = params.text("id")?.unwrap_or_else(|| ids::lower("prod_", 14));
        if book::find(scene.tx, &id)?.is_some() {
            let message = format!("Product already exists: {id}");
            return Err(StripeError::invalid("resource_already_exists", message).about("id"));
        }
        let mut product = blank(scene, &id, &params.required("name")?);
        read(params, &mut product)?;
        let price = match params.has("default_price_data") {
            true => Some(price::read(scene, params, "default_price_data", &id)?),
            false => None,
        };
        params.finish()?;
        if let Some(price) = &price {
            product["default_price"] = price["id"].clone();
        }
        book::insert(scene, &product)?;
        event::emit(scene, "product.created", &product)?;
        if let Some(price) = &price {
            price::keep(scene, price)?;
        }
        Ok(product)
    })
}

/// A product that has only a name, as `product_data` makes it.
pub fn blank(scene: &Scene<'_>, id: &str, name: &str) -> Value {
    json!({
        "id": id,
        "object": "product",
        "active": true,
        "created": scene.seconds(),
        "default_price": null,
        "description": null,
        "images": [],
        "livemode": false,
        "marketing_features": [],
        "metadata": {},
        "name": name,
        "package_dimensions": null,
        "shippable": null,
        "statement_descriptor": null,
        "tax_code": null,
        "type": "service",
        "unit_label": null,
        "updated": scene.seconds(),
        "url": null,
    })
}

fn read(params: &mut Params, product: &mut Value) -> Result<(), StripeError> {
    for field in ["description", "unit_label", "url"] {
        match params.raw(field) {
            None => {}
            Some(text) if text.is_empty() => product[field] = Value::Null,
            Some(text) => product[field] = json!(text),
        }
    }
    if let Some(active) = params.flag("active")? {
        product["active"] = json!(active);
    }
    if let Some(images) = params.list("images")? {
        product["images"] = json!(images);
    }
    params.word("type", &["service", "good"])?;
    product["metadata"] = merged(&product["metadata"], params.metadata("metadata")?);
    params.ignore(&UNUSED);
    Ok(())
}

/// `POST /v1/products/{id}`.
pub async fn change(Path(id): Path<String>, call: Call) -> Result<Reply, StripeError> {
    call.write(|scene, params| {
        let before = own(scene, &id, "id")?;
        let mut product = before.clone();
        if let Some(name) = params.text("name")? {
            product["name"] = json!(name);
        }
        if let Some(price) = params.text("default_price")? {
            product["default_price"] = price::own(scene, &price, "default_price")?["id"].clone();
        }
        read(params, &mut product)?;
        params.finish()?;
        product["updated"] = json!(scene.seconds());
        book::update(scene, &product)?;
        event::emit_change(scene, "product.updated", &before, &product)?;
        Ok(product)
    })
}

/// `DELETE /v1/products/{id}`: only while it has no prices.
pub async fn delete(Path(id): Path<String>, call: Call) -> Result<Reply, StripeError> {
    call.write(|scene, params| {
        params.finish()?;
        let product = own(scene, &id, "id")?;
        if !book::of(scene, "price", &[("product", &id)])?.is_empty() {
            let message = "This product cannot be deleted because it has one or more user-created prices.";
            return Err(StripeError::state("", message));
        }
        book::remove(scene, &id)?;
        event::emit(scene, "product.deleted", &product)?;
        Ok(json!({"id": id, "object": "product", "deleted": true}))
    })
}

/// `GET /v1/products`, by `active`, `ids` and `created`.
pub async fn list(call: Call) -> Result<Reply, StripeError> {
    call.read(|scene, params| {
        let (active, ids) = (params.flag("active")?, params.list("ids")?);
        list::page_of(scene, params, "product", "/v1/products", &[], |product| {
            active.is_none_or(|active| product["active"] == json!(active))
                && ids.as_ref().is_none_or(|ids| ids.iter().any(|id| id == text(product, "id")))
        })
    })
}

/// `GET /v1/products/{id}`.
pub async fn get(Path(id): Path<String>, call: Call) -> Result<Reply, StripeError> {
    call.read(|scene, params| {
        params.finish()?;
        own(scene, &id, "id")
    })
}

/// A product that must exist.
pub fn own(scene: &Scene<'_>, id: &str, param: &str) -> Result<Value, StripeError> {
    book::get(scene, "product", id, param)
}
