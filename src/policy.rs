//! The validated policy: which layer a model is in, which gates a layer asks for, with which options, and how findings are weighed.

use crate::finding::Severity;
use globset::GlobSet;
use serde_json::Value;
use std::collections::BTreeMap;

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
    /// Layers from the laxest to the strictest, as written.
    pub layers: Vec<Layer>,
    /// Options per gate id, as JSON, already accepted by the gate.
    pub options: BTreeMap<String, Value>,
    /// Severity by rule id.
    pub severity: BTreeMap<String, Severity>,
    /// Suppressions.
    pub suppress: Vec<Suppression>,
    /// Names allowed to `env_var()`.
    pub env_allow: Vec<String>,
    /// Things to tell: entries that match nothing, suppressions that expired, deprecated keys.
    pub notices: Vec<PolicyNotice>,
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
    /// `duckdb`, or `None` = from profiles.yml.
    pub engine: Option<String>,
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
    /// Line in the policy file.
    pub line: u32,
}

/// Something that a policy's reader must be told.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PolicyNotice {
    /// Line in the policy file, 0 when it has none.
    pub line: u32,
    /// What, and what to do.
    pub message: String,
}

impl Policy {
    /// The layer of a model by its path from the project's root; a path that matches none is in the strictest (the last).
    pub fn layer_of(&self, path: &str) -> &Layer {
        self.layers
            .iter()
            .find(|layer| layer.matcher.is_match(path))
            .or(self.layers.last())
            .expect("a checked policy has at least one layer")
    }
}
