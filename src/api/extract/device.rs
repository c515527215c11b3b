//! The device that sends a request, where it proves itself.

use axum::extract::FromRequestParts;
use axum::http::HeaderName;
use axum::http::request::Parts;

use crate::api::context::text;
use crate::api::problem::Problem;
use crate::app::App;
use crate::services::FieldError;
use crate::services::auth::devices::DeviceId;

/// The header that a device names itself by.
pub const DEVICE_ID: HeaderName = HeaderName::from_static("x-device-id");

/// `X-Device-Id`: nobody without the header, and a problem when what is in it is no device's id.
#[derive(Clone, Debug)]
pub struct Device(pub Option<DeviceId>);

impl FromRequestParts<App> for Device {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Device, Problem> {
        if !parts.headers.contains_key(DEVICE_ID) {
            return Ok(Device(None));
        }
        let id = text(&parts.headers, DEVICE_ID).and_then(DeviceId::parse);
        let refused = || FieldError::new("/X-Device-Id", "invalid_value").with("field", "X-Device-Id");
        id.map(|id| Device(Some(id))).ok_or_else(|| Problem::field(refused()))
    }
}
