//! The nodes of a project.

use super::Place;
use indexmap::IndexMap;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What defines a relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NodeKind {
    /// A SELECT.
    Model,
    /// A snapshot of a SELECT.
    Snapshot,
    /// A CSV file.
    Seed,
}

/// The relation's name in its warehouse: rendered, so environment text. Never used as an identity.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct RelationName {
    /// Database (catalog), may be empty.
    pub database: String,
    /// Schema.
    pub schema: String,
    /// Table name (alias).
    pub identifier: String,
    /// Exactly what `ref()`/`source()` renders for it.
    pub rendered: String,
}

/// One model, snapshot or seed of the project (or of an installed package).
#[derive(Debug, Clone)]
pub struct Model {
    /// `model.package.name`, `seed.package.name`, `snapshot.package.name` (`model.package.name.v2` when versioned).
    pub unique_id: String,
    /// Name.
    pub name: String,
    /// Package that defines it.
    pub package: String,
    /// What defines it.
    pub kind: NodeKind,
    /// Path of the file from the repository's root.
    pub path: String,
    /// Template text (for a seed: the CSV text is in `csv`, this is empty).
    pub raw: Arc<str>,
    /// First line of the template within its file, from 1 (snapshots stand inside a block).
    pub first_line: u32,
    /// CSV bytes of a seed.
    pub csv: Option<Arc<[u8]>>,
    /// Effective config: `dbt_project.yml` tree, properties YAML, in-file `config()`, in dbt's order. Keys without `+`.
    pub config: Map<String, Value>,
    /// Effective tags, sorted.
    pub tags: BTreeSet<String>,
    /// Effective `meta` of the model (both `meta` and `config.meta`).
    pub meta: Map<String, Value>,
    /// Description.
    pub description: String,
    /// Columns declared in properties YAML, by name as written.
    pub columns: IndexMap<String, ColumnInfo>,
    /// Where the properties YAML declares it.
    pub declared_at: Option<Place>,
    /// Name in the warehouse.
    pub relation: RelationName,
    /// Compiled SQL, or why there is none. Seeds: `Ok` with empty text.
    pub compiled: Result<Compiled, NotCompiled>,
    /// Unique ids of the models, seeds, snapshots and sources that it reads, sorted.
    pub depends_on: BTreeSet<String>,
    /// Unique ids of the macros that rendering called, with a hash of each text (`macro.package.name`).
    pub macros: BTreeMap<String, String>,
    /// Vars that rendering asked for, with their values as JSON; empty where the caller's default was taken.
    pub vars: BTreeMap<String, String>,
    /// pre- and post-hooks, rendered.
    pub hooks: Vec<Hook>,
}

impl Model {
    /// A model of which nothing is known but its name, its file and its text.
    pub(crate) fn bare(package: &str, name: &str, path: &str, raw: &str) -> Self {
        Self {
            unique_id: format!("model.{package}.{name}"),
            name: name.to_owned(),
            package: package.to_owned(),
            kind: NodeKind::Model,
            path: path.to_owned(),
            raw: raw.into(),
            first_line: 1,
            csv: None,
            config: Map::new(),
            tags: BTreeSet::new(),
            meta: Map::new(),
            description: String::new(),
            columns: IndexMap::new(),
            declared_at: None,
            relation: RelationName::default(),
            compiled: Ok(Compiled::default()),
            depends_on: BTreeSet::new(),
            macros: BTreeMap::new(),
            vars: BTreeMap::new(),
            hooks: Vec::new(),
        }
    }

    /// `materialized` of the config (`view` when unset).
    pub fn materialized(&self) -> &str {
        self.config.get("materialized").and_then(Value::as_str).unwrap_or("view")
    }
}

/// Compiled SQL of one model.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Compiled {
    /// SQL of a full build (`is_incremental()` false), ephemeral parents injected as CTEs.
    pub sql: String,
    /// SQL of an incremental run, when `is_incremental()` was asked and the text differs.
    pub incremental_sql: Option<String>,
    /// What makes the answer weaker or time-dependent: `introspection:duckdb`, `volatile:now`, ...
    pub flags: BTreeSet<String>,
}

impl Compiled {
    /// `manifest` or `dbt` where the SQL is dbt's own rather than rendered here.
    pub fn lent_by(&self) -> Option<&str> {
        self.flags.iter().find_map(|flag| flag.strip_prefix("source:"))
    }
}

/// Why a model has no compiled SQL. Closed list: gates branch on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NotCompiledCode {
    /// Jinja that does not parse. A defect of the file.
    JinjaSyntax,
    /// `ref()` of a model that does not exist (or is disabled). A defect.
    RefNotFound,
    /// `source()` that is not declared. A defect.
    SourceNotFound,
    /// A macro or function that does not exist. A defect.
    MacroNotFound,
    /// `var()` without a value and default. A defect.
    VarNotSet,
    /// `env_var()` outside the allowlist and without default.
    EnvNotAllowed,
    /// The project raised an error itself (`exceptions.raise_compiler_error`), or a call got wrong arguments. A defect.
    CompilerError,
    /// The template asks the warehouse something that cannot be answered here.
    NeedsWarehouse,
    /// A construct that the native renderer does not have (Python models too).
    Unsupported,
    /// An ephemeral parent did not compile.
    Upstream,
    /// The properties YAML or project file of it could not be read.
    Yaml,
    /// Packages are not installed.
    Packages,
    /// Fuel, depth, time or output limit.
    Limit,
    /// The template asks `graph` for what is not known here.
    NeedsGraph,
    /// The text is another in each run: it depends on chance, on the run itself, or on an order that dbt does not fix.
    Volatile,
    /// What is rendered here differs from dbt for this project, and dbt's own text is not at hand.
    Mismatch,
}

impl NotCompiledCode {
    /// The word for it in output.
    pub fn id(self) -> &'static str {
        use NotCompiledCode::*;
        match self {
            JinjaSyntax => "jinja_syntax",
            RefNotFound => "ref_not_found",
            SourceNotFound => "source_not_found",
            MacroNotFound => "no_macro",
            VarNotSet => "var_not_set",
            EnvNotAllowed => "env_not_set",
            CompilerError => "compiler_error",
            NeedsWarehouse => "needs_warehouse",
            NeedsGraph => "needs_graph",
            Unsupported => "unsupported",
            Upstream => "upstream_not_compiled",
            Yaml => "yaml",
            Packages => "packages",
            Limit => "limit",
            Volatile => "volatile",
            Mismatch => "mismatch",
        }
    }

    /// Whether the project is wrong (true), or we merely cannot tell (false).
    pub fn is_defect(self) -> bool {
        use NotCompiledCode::*;
        matches!(self, JinjaSyntax | RefNotFound | SourceNotFound | MacroNotFound | VarNotSet | CompilerError | Yaml)
    }
}

impl NotCompiled {
    /// A reason at a line of a file.
    pub(crate) fn at(path: &str, line: u32, code: NotCompiledCode, message: impl Into<String>) -> Self {
        let place = Place { path: path.to_owned(), line, column: 0 };
        Self { code, message: message.into(), name: None, place }
    }
}

/// Why a model has no compiled SQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotCompiled {
    /// Kind of reason.
    pub code: NotCompiledCode,
    /// Lower-case fragment (`ref('stg_order') names no model of this project`).
    pub message: String,
    /// The name that was not found, for did-you-mean (`stg_order`, `ecom.raw_order`, `cents_to_dolars`).
    pub name: Option<String>,
    /// Where in the file.
    pub place: Place,
}

/// A column as the properties YAML declares it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ColumnInfo {
    /// Name as written.
    pub name: String,
    /// `data_type`.
    pub data_type: Option<String>,
    /// Description.
    pub description: String,
    /// `meta` and `config.meta`, merged (config wins).
    pub meta: Map<String, Value>,
    /// `tags` and `config.tags`.
    pub tags: BTreeSet<String>,
    /// Every other property as written (policy_tags, databricks_tags, constraints, classification, ...).
    pub extra: Map<String, Value>,
    /// Where it is declared.
    pub place: Place,
}

/// A source table.
#[derive(Debug, Clone)]
pub struct Source {
    /// `source.package.source_name.table`.
    pub unique_id: String,
    /// Source name.
    pub source_name: String,
    /// Table name.
    pub name: String,
    /// Package.
    pub package: String,
    /// Name in the warehouse.
    pub relation: RelationName,
    /// Effective meta (source's, then the table's).
    pub meta: Map<String, Value>,
    /// Effective tags.
    pub tags: BTreeSet<String>,
    /// Description.
    pub description: String,
    /// Declared columns.
    pub columns: IndexMap<String, ColumnInfo>,
    /// dbt-duckdb `external_location`, rendered, when the source has one.
    pub external_location: Option<String>,
    /// Where it is declared.
    pub place: Place,
}

/// What a data test asserts.
#[derive(Debug, Clone, PartialEq)]
pub enum TestKind {
    /// A generic test: package-qualified name (`unique`, `dbt_utils.expression_is_true`) and its arguments.
    Generic {
        /// Name with its package, if it has one.
        name: String,
        /// Arguments without `model` and `column_name`.
        kwargs: Map<String, Value>,
    },
    /// A SQL file that returns failing rows.
    Singular,
}

/// One data test.
#[derive(Debug, Clone)]
pub struct DataTest {
    /// Unique id, stable across edits elsewhere.
    pub unique_id: String,
    /// Short readable name (`unique(order_id)`).
    pub name: String,
    /// What it asserts.
    pub kind: TestKind,
    /// Model, seed, snapshot or source that it is attached to (singular: every node that it reads has it in `depends_on`).
    pub attached: Option<String>,
    /// Column that it is on.
    pub column: Option<String>,
    /// SQL that returns the failing rows (`where` and `limit` applied), or why there is none.
    pub compiled: Result<Compiled, NotCompiled>,
    /// Effective config: severity, warn_if, error_if, where, limit, fail_calc, enabled.
    pub config: Map<String, Value>,
    /// Unique ids that it reads.
    pub depends_on: BTreeSet<String>,
    /// Unique ids of the macros that rendering called, with a hash of each text.
    pub macros: BTreeMap<String, String>,
    /// Where it is declared.
    pub place: Place,
}

/// One unit test: given rows, expected rows.
#[derive(Debug, Clone, PartialEq)]
pub struct UnitTest {
    /// Unique id.
    pub unique_id: String,
    /// Name.
    pub name: String,
    /// Unique id of the model under test, when it resolves.
    pub model: Option<String>,
    /// The definition as written, with the text of fixture files in it.
    pub definition: Value,
    /// Unique ids of what each entry of `given` names, or why it names nothing.
    pub inputs: Vec<Result<String, String>>,
    /// The model's SQL as the test's overrides make it; ephemeral models that it reads stand in it as relations.
    pub compiled: Result<Compiled, NotCompiled>,
    /// Unique ids that this SQL reads through `ref` and `source`.
    pub depends_on: BTreeSet<String>,
    /// Where it is declared.
    pub place: Place,
}

/// A rendered hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// `pre-hook`, `post-hook`, `on-run-start`, `on-run-end`.
    pub event: String,
    /// Rendered SQL, or why it could not be rendered.
    pub sql: Result<String, NotCompiled>,
    /// Where it is written.
    pub place: Place,
}
