//! Rowproof: decides whether a pull request to a SQL or dbt project can be trusted.

pub mod files;
pub mod finding;
pub mod project;
pub mod sql;
