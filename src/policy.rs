//! The validated policy: which layer a model is in, which gates a layer asks for, with which options, and how findings are weighed.

mod assemble;
mod check;
mod decode;
pub mod holidays;
pub mod json_schema;
mod marked;
mod merge;
mod notices;
mod problem;
pub mod schema;
pub mod show;
mod source;
pub mod values;

pub use problem::{Mark, Problem, Problems, suggestion};
pub use schema::{Budget, CompileFile, EngineName, Fallback, LlmRules, Role, Trust, Window};
pub use source::{BUILT_IN, PolicySource};

use crate::finding::Severity;
use crate::gates::{GATES, GateSpec};
use anyhow::{Context as _, Result};
use globset::GlobSet;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::time::Duration;

/// A policy that has been checked: every gate exists, every option fits, every glob parses.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Path from the repository's root, or `built-in:default`.
    pub path: String,
    /// SHA-256 of its text (of the outermost file).
    pub sha256: String,
    /// Where the project is, when the policy says so.
    pub project: ProjectChoice,
    /// Where the data is, when the policy says so.
    pub warehouse: Warehouse,
    /// What dbt left of its own runs, and whether it may be used.
    pub compile: CompileFile,
    /// Layers in the order in which they are asked: the first whose globs match a model has it.
    pub layers: Vec<Layer>,
    /// The layer of models that match none: the one that asks for every gate that any layer asks for, or a layer
    /// named `strictest` made of all of them where no single one does.
    pub strictest: Layer,
    /// Options per gate id, as JSON, already accepted by the gate.
    pub options: BTreeMap<String, Value>,
    /// Severity by rule id.
    pub severity: BTreeMap<String, Severity>,
    /// Suppressions.
    pub suppress: Vec<Suppression>,
    /// Names allowed to `env_var()`.
    pub env_allow: Vec<String>,
    /// What holds for changes that a language model helped to write.
    pub llm: LlmRules,
    /// Who is behind the roles that layers ask to review.
    pub roles: BTreeMap<String, Role>,
    /// Merge windows by name; `any` is not among them.
    pub windows: BTreeMap<String, Window>,
    /// The hallucination budget.
    pub budget: Budget,
    /// Things to tell that the policy shows by itself; [`Policy::check_against`] finds more.
    pub notices: Vec<PolicyNotice>,
    /// The policy in force as it would be written in one file.
    pub effective: Map<String, Value>,
    /// Path of each part of `effective` (`layers.marts`, `layers.marts.match`, `gates.test`) to the files and lines that speak of it,
    /// outermost first.
    pub origins: BTreeMap<String, Vec<Origin>>,
}

/// A place in a policy file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Origin {
    /// The file, or `built-in:NAME`.
    pub path: String,
    /// The line.
    pub line: u32,
}

/// `project:` of the policy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProjectChoice {
    /// Folder from the policy file, `None` = find it.
    pub path: Option<String>,
    /// Dialect of a SQL folder, `None` = find out.
    pub dialect: Option<String>,
    /// dbt target, `None` = the profile's.
    pub target: Option<String>,
}

/// `warehouse:` of the policy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Warehouse {
    /// The engine, or `None` = from profiles.yml.
    pub engine: Option<EngineName>,
    /// ADBC driver, by name or path.
    pub driver: Option<String>,
    /// Options of the ADBC driver, as written.
    pub options: BTreeMap<String, String>,
    /// The program of engine `command`, with its arguments.
    pub command: Vec<String>,
    /// Longest time of one query.
    pub timeout: Option<Duration>,
    /// Most bytes that one query may bill.
    pub maximum_bytes: Option<u64>,
    /// DuckDB file, from the policy file's folder.
    pub database: Option<String>,
    /// Folders or files of csv, parquet and json data: relation name (`schema.table` or `table`) to path.
    pub files: BTreeMap<String, String>,
}

/// One layer.
#[derive(Debug, Clone)]
pub struct Layer {
    /// Name.
    pub name: String,
    /// Globs over paths from the project's root.
    pub matcher: GlobSet,
    /// The globs as written.
    pub globs: Vec<String>,
    /// Gate ids in the order of `GATES`.
    pub gates: Vec<String>,
    /// Roles that must review.
    pub review: Vec<String>,
    /// Merge window name.
    pub merge_window: String,
    /// Rollback SLA as written (`4h`).
    pub rollback_sla: String,
    /// Where it is written, outermost file first.
    pub origin: Origin,
}

/// One suppression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppression {
    /// Rule id.
    pub rule: String,
    /// Model name.
    pub model: String,
    /// Column, `None` = any.
    pub column: Option<String>,
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// Last day on which it holds.
    pub expires: jiff::civil::Date,
    /// File that holds it.
    pub path: String,
    /// Line in that file.
    pub line: u32,
}

/// Something that a policy's reader must be told.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PolicyNotice {
    /// The policy file.
    pub path: String,
    /// Line in the policy file, 0 when it has none.
    pub line: u32,
    /// What, and what to do.
    pub message: String,
}

/// Reads, merges and checks a policy. `read` gives the text of another file of the same side by its path from the
/// repository's root (`None` when there is none); it is asked for what `extends` names.
///
/// # Errors
/// [`Problems`] (downcast it) with everything that is wrong, each with file, line and column; or what `read` failed with.
pub fn load(source: PolicySource, read: &dyn Fn(&str) -> Result<Option<String>>) -> Result<Policy> {
    load_with(source, read, GATES)
}

/// [`load`] with other gates than [`GATES`].
///
/// # Errors
/// As [`load`].
pub fn load_with(
    source: PolicySource,
    read: &dyn Fn(&str) -> Result<Option<String>>,
    registry: &[&GateSpec],
) -> Result<Policy> {
    assemble::assemble(source, read, registry)
}

/// A policy that comes with the program: `default`, `strict` or `minimal`.
///
/// # Errors
/// A name that is none of these.
pub fn built_in(name: &str) -> Result<Policy> {
    built_in_with(name, GATES)
}

/// [`built_in`] with other gates than [`GATES`].
///
/// # Errors
/// A name that is none, or gates that do not exist in `registry`.
pub fn built_in_with(name: &str, registry: &[&GateSpec]) -> Result<Policy> {
    let source = source::built_in_source(name).with_context(|| {
        let known: Vec<&str> = BUILT_IN.iter().map(|(n, _)| *n).collect();
        format!("there is no built-in policy `{name}`; {}", suggestion(name, &known))
    })?;
    load_with(source, &|_| Ok(None), registry)
}

impl Policy {
    /// The layer of a model by its path from the project's folder: the first that matches, else the strictest.
    pub fn layer_of(&self, path: &str) -> &Layer {
        self.layers.iter().find(|layer| layer.matcher.is_match(path)).unwrap_or(&self.strictest)
    }

    /// The outermost place that speaks of a part of the policy (`layers.marts.match`); the file as a whole if none does.
    pub fn origin(&self, part: &str) -> Origin {
        let place = self.origins.get(part).and_then(|places| places.first());
        place.cloned().unwrap_or_else(|| Origin { path: self.path.clone(), line: 0 })
    }

    /// The folder that paths in the policy count from, within the repository; `None` for a built-in policy, which
    /// names no path.
    pub fn folder(&self) -> Option<&str> {
        (!self.path.starts_with("built-in:")).then(|| self.path.rsplit_once('/').map_or("", |(folder, _)| folder))
    }

    /// The gates of the strictest layer, in the order of the registry.
    pub fn strictest_gates(&self) -> &[String] {
        &self.strictest.gates
    }
}

#[cfg(test)]
mod tests;
