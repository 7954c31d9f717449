//! GitHub on loopback: a stateful fake that checks every request against GitHub's own OpenAPI description, and what the
//! binary does with it.

mod caught;
pub mod contract;
mod fake;
mod faults;
mod issues;
mod posting;
mod reviewing;
pub mod scene;
mod whole;
