//! Loads a project from one side's files: dispatches to its kind's reader, and owns the thread that answers introspection.

use super::catalog::Catalog;
use super::dbt;
use super::jinja::job::Question;
use super::manifest::Manifest;
use super::{Project, ProjectKind, Target, dataform, find, sql_folder, sqlmesh};
use crate::files::FileSet;
use crate::sql::Dialect;
use crate::stack::STACK;
use anyhow::{Context, Result};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, Sender, channel};

pub use super::dbt::profile::ProfileFile;
pub use super::jinja::job::{Introspect, Known, Table};

/// What loading needs besides the files.
pub struct LoadOptions<'a> {
    /// The side's files.
    pub files: &'a FileSet,
    /// The project's folder, as [`super::find_project`] gives it.
    pub root: String,
    /// profiles.yml files in order of preference; the first that has the profile wins.
    pub profiles: Vec<ProfileFile>,
    /// Name of the target, instead of the profile's own choice.
    pub target: Option<String>,
    /// Reads environment variables. Only names of `env_allow` are ever asked for.
    pub env: &'a dyn Fn(&str) -> Option<String>,
    /// Names that `env_var` may read.
    pub env_allow: Vec<String>,
    /// Vars that win over dbt_project.yml's.
    pub vars: Map<String, Value>,
    /// Answers what templates ask of the warehouse, where it can.
    pub introspect: Option<&'a dyn Introspect>,
    /// The instant that templates see as now.
    pub now: jiff::Timestamp,
    /// Dialect of a SQL folder, or instead of the one that the project names.
    pub dialect: Option<Dialect>,
    /// What dbt left of its own runs, where it may be used.
    pub artifacts: Artifacts<'a>,
}

impl<'a> LoadOptions<'a> {
    /// Options that ask nothing but the files: no profile, environment, warehouse or artifact, and 1970 as now.
    pub fn of(files: &'a FileSet) -> Self {
        Self {
            files,
            root: String::new(),
            profiles: Vec::new(),
            target: None,
            env: &|_| None,
            env_allow: Vec::new(),
            vars: Map::new(),
            introspect: None,
            now: jiff::Timestamp::UNIX_EPOCH,
            dialect: None,
            artifacts: Artifacts::default(),
        }
    }
}

/// What dbt left of its own runs.
#[derive(Debug, Clone, Default)]
pub struct Artifacts<'a> {
    /// Manifests that may lend their SQL, in order of preference.
    pub manifests: Vec<Lent<'a>>,
    /// What the warehouse held when dbt looked.
    pub catalog: Option<&'a Catalog>,
    /// Whether dbt's SQL is taken even where ours is there: the project is one that is not rendered as dbt renders it.
    pub trusted: bool,
}

/// A manifest that may lend its SQL.
#[derive(Debug, Clone, Copy)]
pub struct Lent<'a> {
    /// The manifest.
    pub manifest: &'a Manifest,
    /// What it is called in messages.
    pub shown: &'a str,
    /// `manifest` or `dbt`: what the flag of such SQL says (`source:manifest`).
    pub source: &'a str,
}

/// Reads and compiles the project. Fails only when the project as a whole cannot be read; whatever else cannot be read
/// is in [`Project::problems`] or a node's [`super::NotCompiled`].
pub fn load(options: &LoadOptions<'_>) -> Result<Project> {
    match find::kind_at(options.files, &options.root) {
        Some(ProjectKind::Dbt) => load_dbt(options),
        Some(ProjectKind::SqlMesh) => sqlmesh::load(options),
        Some(ProjectKind::Dataform) => dataform::load(options),
        Some(ProjectKind::Sql) | None => sql_folder::load(options),
    }
}

fn load_dbt(options: &LoadOptions<'_>) -> Result<Project> {
    // Macros nest, and minijinja's frames are large in debug builds.
    let pool = rayon::ThreadPoolBuilder::new().stack_size(STACK).build().context("cannot start threads")?;
    let (ask, questions) = channel();
    let stop = ask.clone();
    let env = options.env_allow.iter().filter(|name| allowed(&options.env_allow, name));
    let env = env.filter_map(|name| (options.env)(name).map(|value| (name.clone(), value))).collect();
    let input = dbt::load::Input {
        files: options.files,
        root: options.root.clone(),
        profiles: options.profiles.clone(),
        target: options.target.clone(),
        env,
        vars: options.vars.clone(),
        now: options.now,
        dialect: options.dialect,
        ask: options.introspect.map(|_| ask),
        artifacts: options.artifacts.clone(),
    };
    std::thread::scope(|scope| {
        let introspect = options.introspect;
        scope.spawn(move || answer(introspect, &questions));
        // Templates may have leaked a sender: the thread ends by this word, not by their going away, panic or not.
        let _stop = Stop(stop);
        pool.install(|| dbt::load::load(input))
    })
}

/// Ends the thread that answers.
struct Stop(Sender<Question>);

impl Drop for Stop {
    fn drop(&mut self) {
        let _ = self.0.send(Question::Stop);
    }
}

fn answer(introspect: Option<&dyn Introspect>, questions: &Receiver<Question>) {
    while let (Some(introspect), Ok(question)) = (introspect, questions.recv()) {
        // A reply that nobody waits for any more is no error.
        match question {
            Question::Query(sql, reply) => drop(reply.send(introspect.query(&sql))),
            Question::Relation(relation, reply) => drop(reply.send(introspect.relation(&relation))),
            Question::Stop => break,
        }
    }
}

/// The dialect that an adapter speaks.
pub(crate) fn dialect_of(adapter: &str) -> Dialect {
    match adapter {
        "duckdb" => Dialect::DuckDb,
        "postgres" | "alloydb" | "materialize" | "cratedb" => Dialect::Postgres,
        "redshift" => Dialect::Redshift,
        "snowflake" => Dialect::Snowflake,
        "bigquery" => Dialect::BigQuery,
        "databricks" => Dialect::Databricks,
        "spark" => Dialect::Spark,
        "hive" | "impala" => Dialect::Hive,
        "trino" | "athena" | "starburst" => Dialect::Trino,
        "sqlserver" | "fabric" | "synapse" => Dialect::TSql,
        "mysql" | "singlestore" => Dialect::MySql,
        "sqlite" => Dialect::Sqlite,
        "clickhouse" => Dialect::ClickHouse,
        _ => Dialect::Generic,
    }
}

impl Project {
    /// Whether it is a dbt project.
    pub fn is_dbt(&self) -> bool {
        self.kind == ProjectKind::Dbt
    }
}

/// The profile's target alone, for whoever must open its database before the project is read. `env` is asked only for
/// names of `env_allow`.
///
/// # Errors
/// The project file cannot be read.
pub fn target(
    files: &FileSet,
    root: &str,
    profiles: &[ProfileFile],
    wanted: Option<&str>,
    env: &dyn Fn(&str) -> Option<String>,
    env_allow: &[String],
) -> Result<super::Target> {
    if find::dbt_file(files, root).is_none() {
        return Ok(super::Target::default());
    }
    let project = dbt::project_file::read(files, root)?;
    let env = |name: &str| allowed(env_allow, name).then(|| env(name)).flatten();
    // What is wrong with the profile is told by `load`, which reads it too.
    let (target, _) = dbt::profile::target(profiles, project.profile.as_deref(), wanted, &env);
    Ok(target)
}

/// How the profile's target connects: its keys as written, rendered with the whole environment. Not for templates.
///
/// # Errors
/// The project file or the profile cannot be read, or a variable is missing.
pub fn connection(
    files: &FileSet,
    root: &str,
    profiles: &[ProfileFile],
    wanted: Option<&str>,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<BTreeMap<String, String>> {
    if find::dbt_file(files, root).is_none() {
        return Ok(BTreeMap::new());
    }
    let project = dbt::project_file::read(files, root)?;
    dbt::profile::connection(profiles, project.profile.as_deref(), wanted, env).map_err(anyhow::Error::msg)
}

/// Whether templates and profiles may read the variable: listed, and none of dbt's secrets.
fn allowed(env_allow: &[String], name: &str) -> bool {
    env_allow.iter().any(|allowed| allowed == name) && !name.starts_with("DBT_ENV_SECRET")
}

/// A project with nothing in it: the side before the project was there.
pub fn empty(root: &str, like: &Project) -> Project {
    Project { target: like.target.clone(), ..Project::bare(like.kind, &like.name, root, like.dialect) }
}

impl Project {
    /// A project of which nothing is read yet.
    pub(crate) fn bare(kind: ProjectKind, name: &str, root: &str, dialect: Dialect) -> Self {
        Self {
            kind,
            name: name.to_owned(),
            root: root.to_owned(),
            dialect,
            target: Target::default(),
            models: Default::default(),
            sources: Default::default(),
            tests: Default::default(),
            unit_tests: Default::default(),
            exposures: Default::default(),
            naming_macros: Default::default(),
            semantic_models: Default::default(),
            metrics: Default::default(),
            problems: Vec::new(),
            hooks: Vec::new(),
        }
    }
}

/// The name of a project that gives itself none: its folder's.
pub(crate) fn folder_name(root: &str) -> &str {
    root.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or("project")
}
