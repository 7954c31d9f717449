//! Faces of results: pure functions from data to text.

pub mod escape;
pub mod reconciliation;
