//! A project at one side: models, sources, tests, columns, tags, exposures, compiled SQL. Data first; the readers are in `project/`.

mod artifact;
pub mod bind;
pub mod catalog;
pub mod changes;
pub mod columns;
mod credentials;
mod dataform;
mod dbt;
mod find;
mod jinja;
mod load;
mod locate;
pub mod manifest;
pub mod metrics;
pub mod model;
mod pieces;
pub mod place;
mod sql_folder;
pub(crate) mod sqlmesh;
#[cfg(test)]
mod tests;
mod yaml;

pub use dbt::lent::names_in_production;
pub(crate) use find::kind_at;
pub use find::{Found, find_project};
pub use load::{Artifacts, Introspect, Known, Lent, LoadOptions, ProfileFile, Table, connection, empty, load, target};
pub use locate::Lines;
pub use metrics::*;
pub use model::*;
pub use place::Place;

use crate::sql::Dialect;
use std::collections::BTreeMap;

/// What kind of project it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProjectKind {
    /// A dbt project.
    Dbt,
    /// A SQLMesh project.
    SqlMesh,
    /// A Dataform project.
    Dataform,
    /// A folder of SQL files.
    Sql,
}

impl ProjectKind {
    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dbt => "dbt",
            Self::SqlMesh => "sqlmesh",
            Self::Dataform => "dataform",
            Self::Sql => "sql",
        }
    }

    /// Whether its relations are always called with their schema, so that a bare name means another one.
    pub(crate) fn names_with_schema(self) -> bool {
        matches!(self, Self::SqlMesh | Self::Dataform)
    }
}

/// Everything read from one side.
#[derive(Debug, Clone)]
pub struct Project {
    /// dbt, SQLMesh, Dataform or SQL folder.
    pub kind: ProjectKind,
    /// Project name (`dbt_project.yml`'s `name`; the folder's name for a SQL folder).
    pub name: String,
    /// Folder of the project from the repository's root, `""` for the root.
    pub root: String,
    /// Dialect of its SQL.
    pub dialect: Dialect,
    /// The profile's target, as far as it may be known to templates and the engine.
    pub target: Target,
    /// Models, snapshots and seeds by unique id; disabled ones are not listed.
    pub models: BTreeMap<String, Model>,
    /// Source tables by unique id (`source.package.source_name.table`).
    pub sources: BTreeMap<String, Source>,
    /// Data tests by unique id.
    pub tests: BTreeMap<String, DataTest>,
    /// Macros of the project by which relations get their names (`generate_schema_name`, a `ref` of its own), with a hash of
    /// each text.
    pub naming_macros: BTreeMap<String, String>,
    /// Unit tests by unique id.
    pub unit_tests: BTreeMap<String, UnitTest>,
    /// Exposures by name: unique ids that they depend on.
    pub exposures: BTreeMap<String, Vec<String>>,
    /// Semantic models by unique id.
    pub semantic_models: BTreeMap<String, SemanticModel>,
    /// Metrics by unique id.
    pub metrics: BTreeMap<String, Metric>,
    /// What could not be read, file by file. Never dropped: `run` reports each.
    pub problems: Vec<Problem>,
    /// `on-run-start` and `on-run-end` hooks of `dbt_project.yml`, rendered.
    pub hooks: Vec<Hook>,
}

/// What templates may see of the profile, and what the engine needs of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Target {
    /// Profile name.
    pub profile: String,
    /// Target name (`dev`).
    pub name: String,
    /// Adapter type (`duckdb`).
    pub adapter: String,
    /// Database (catalog); for DuckDB the stem of the file.
    pub database: String,
    /// Schema.
    pub schema: String,
    /// Threads.
    pub threads: u32,
    /// DuckDB file as the profile writes it (not resolved), when the adapter is DuckDB and it names a file.
    pub duckdb_path: Option<String>,
    /// dbt-duckdb `attach:` entries: (alias, path).
    pub duckdb_attach: Vec<(String, String)>,
    /// Path of the profiles.yml that it came from, for messages; empty when none was found.
    pub origin: String,
}

/// Something in the project's own files that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// What, as a lower-case fragment.
    pub message: String,
    /// What to do.
    pub help: String,
}

/// The text of a config value, when it is one.
pub(crate) fn config_of<'a>(config: &'a serde_json::Map<String, serde_json::Value>, key: &str) -> Option<&'a str> {
    config.get(key).and_then(serde_json::Value::as_str)
}
