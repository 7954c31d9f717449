//! One run.

pub mod data;
pub mod plan;
