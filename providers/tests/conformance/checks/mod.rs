//! What every pair has to pass. Each check is told nothing of the rail but its profile and its capabilities.

pub mod amounts;
pub mod callbacks;
pub mod capabilities;
pub mod faults;
pub mod outcomes;
pub mod repeats;
pub mod words;
