//! Where the runner reads the time. The caller supplies it, so that tests stand still.

use std::sync::Arc;

use chrono::{DateTime, Utc};

/// Answers "what time is it" for signatures, tokens and statement days.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;
