//! The gates: what each asks, what it needs, and how it is built from its options.
//!
//! A gate looks and tells. It never prints, reads git, files, env or the network, knows layers, or decides a verdict.

pub mod compile;
pub mod context;
pub mod explain_plan;
#[cfg(test)]
mod fixture;
pub mod integrity;
mod join_profile;
pub mod lineage_diff;
pub mod parse;
pub mod pii_scan;
pub mod reconcile;
pub mod review;
pub mod row_count_diff;
pub mod safety;
pub mod semantics;
#[cfg(test)]
mod shop;
pub mod test;
mod texts;

pub use context::{Change, Checked, Context, Data, not_compiled};

use anyhow::Result;
use serde_json::Value;

/// What a gate needs beside the two sides' text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Needs {
    /// Nothing.
    Static,
    /// Data: both sides' relations.
    Engine,
    /// Data and a trusted reference.
    Reference,
    /// The pull request's people.
    GitHub,
}

/// The registration of a gate; README, schema and `explain` are made from it.
pub struct GateSpec {
    /// File name, policy key, rule prefix.
    pub id: &'static str,
    /// What it asks, in one line.
    pub summary: &'static str,
    /// What it does and how to answer its findings: Markdown.
    pub help: &'static str,
    /// What it needs.
    pub needs: Needs,
    /// Its rules: (`gate/rule-name`, what is wrong, what to do).
    pub rules: &'static [Rule],
    /// Builds it from the policy's options (`{}` when there are none); the error names the key.
    pub build: fn(&Value) -> Result<Box<dyn Gate>>,
    /// JSON Schema of its options.
    pub options: fn() -> schemars::Schema,
}

/// One kind of defect.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// `gate/rule-name`.
    pub id: &'static str,
    /// What is wrong: one sentence.
    pub what: &'static str,
    /// Why it matters and what to do.
    pub help: &'static str,
}

/// One check of one model.
pub trait Gate: Send + Sync {
    /// Looks at one change. `Err` makes the verdict of this pair `error` with that reason, and touches no other.
    fn check(&self, change: &Change<'_>, cx: &Context<'_>) -> Result<Checked>;
}

/// All gates, in the order in which they are shown.
pub const GATES: &[&GateSpec] = &[
    &parse::SPEC,
    &safety::SPEC,
    &compile::SPEC,
    &explain_plan::SPEC,
    &test::SPEC,
    &row_count_diff::SPEC,
    &lineage_diff::SPEC,
    &pii_scan::SPEC,
    &semantics::SPEC,
    &integrity::SPEC,
    &reconcile::SPEC,
    &review::SPEC,
];

/// The gate of that id.
pub fn gate(id: &str) -> Option<&'static GateSpec> {
    GATES.iter().copied().find(|g| g.id == id)
}

/// Parses a gate's options strictly; shared by every gate's `build`.
///
/// # Errors
/// The key that does not belong there, or the value of the wrong type.
pub fn options<T: serde::de::DeserializeOwned>(value: &Value) -> Result<T> {
    Ok(serde_json::from_value(value.clone())?)
}
