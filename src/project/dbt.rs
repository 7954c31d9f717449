//! Reading dbt projects: project files, profiles, properties YAML, configs, nodes.

pub(crate) mod assemble;
mod config;
pub(crate) mod ephemeral;
pub(crate) mod extras;
mod fields;
pub(crate) mod graph;
pub(crate) mod hooks;
pub(crate) mod lent;
pub(crate) mod load;
pub(crate) mod metrics;
pub(crate) mod names;
pub(crate) mod nodes;
pub(crate) mod profile;
pub(crate) mod project_file;
pub(crate) mod properties;
mod resolve;
mod settle;
pub(crate) mod tests;
mod unit_tests;
