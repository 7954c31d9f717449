//! Rowproof: decides whether a pull request to a SQL or dbt project can be trusted.

pub mod engine;
pub mod files;
pub mod finding;
pub mod gates;
pub mod pii;
pub mod policy;
pub mod project;
pub mod report;
pub mod sql;
