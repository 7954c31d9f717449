//! The policy file as it is written: what serde reads and the JSON Schema is made from.

use super::holidays::Holidays;
use super::values::{Day, Hours, Length, Percent};
use crate::finding::Severity;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// The policy of a project: which layer a model is in, which gates a layer asks for, and who must look.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyFile {
    /// Version of the format: 1.
    #[schemars(range(min = 1, max = 1))]
    pub version: u32,
    /// What this policy builds on: `default`, `strict`, `minimal`, or the path of another policy file, from the
    /// folder of this one. Without it, the policy stands alone.
    #[serde(default)]
    pub extends: Option<String>,
    /// Where the project is and how it is read.
    #[serde(default)]
    pub project: ProjectFile,
    /// Where the data is.
    #[serde(default)]
    pub warehouse: WarehouseFile,
    /// What dbt left of its own runs, and whether it may be used.
    #[serde(default)]
    pub compile: CompileFile,
    /// Layers. One with the name of a layer of the extended policy overrides it key by key; a new one is asked first.
    #[serde(default)]
    pub layers: Vec<LayerFile>,
    /// What happens to a model that matches no layer.
    #[serde(default)]
    pub unmatched: Option<Unmatched>,
    /// Options per gate.
    #[serde(default)]
    pub gates: BTreeMap<String, Value>,
    /// Severity by rule (`gate/rule-name`), instead of the one that the gate proposes.
    #[serde(default)]
    pub severity: BTreeMap<String, Severity>,
    /// Findings that are known and accepted until a date.
    #[serde(default)]
    pub suppress: Vec<SuppressFile>,
    /// What holds for changes that a language model helped to write.
    #[serde(default)]
    pub llm: LlmRules,
    /// Who is behind the names that `review` asks for.
    #[serde(default)]
    pub roles: BTreeMap<String, Role>,
    /// Merge windows by name; `any` is known without.
    #[serde(default)]
    pub windows: BTreeMap<String, Window>,
    /// The hallucination budget.
    #[serde(default)]
    pub budget: Budget,
    /// Names that models may read with `env_var()`.
    #[serde(default)]
    pub env_allow: Vec<String>,
}

/// Where the project is and how it is read.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProjectFile {
    /// Folder of the project, from the folder of the policy file. Default: it is searched.
    #[serde(default)]
    pub path: Option<String>,
    /// Dialect of a plain SQL folder (`duckdb`, `postgres`, `snowflake`, ...), or `auto`.
    #[serde(default)]
    pub dialect: Option<String>,
    /// Target of the dbt profile, or `auto` for the profile's own.
    #[serde(default)]
    pub target: Option<String>,
}

/// What dbt left of its own runs, and whether it may be used. Without it, models are rendered here and nowhere else.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CompileFile {
    /// dbt's manifest, from the folder of the policy file (`target/manifest.json`). A file that the pull request carries
    /// is not believed.
    #[serde(default)]
    pub manifest: Option<String>,
    /// dbt's catalog, from the folder of the policy file: columns of relations that no database at hand has.
    #[serde(default)]
    pub catalog: Option<String>,
    /// Who is asked for the SQL of a model that is not compiled here, in order. Default: the manifest, where one is named.
    #[serde(default)]
    pub fallback: Option<Vec<Fallback>>,
    /// Whose SQL is taken where both are there.
    #[serde(default)]
    pub trust: Trust,
    /// The program that `fallback: [dbt]` runs. Default: `dbt`.
    #[serde(default)]
    pub dbt: Option<String>,
}

impl CompileFile {
    /// Whether `who` is asked where a model is not compiled here.
    pub fn falls_back_to(&self, who: Fallback) -> bool {
        match &self.fallback {
            Some(asked) => asked.contains(&who),
            None => who == Fallback::Manifest && self.manifest.is_some(),
        }
    }
}

/// Who is asked for the SQL of a model that is not compiled here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Fallback {
    /// The manifest, where the model, its macros and the target are still what they were.
    Manifest,
    /// dbt itself, run for these models alone; never for a fork.
    Dbt,
}

/// Whose SQL is taken where both are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Trust {
    /// What is rendered here.
    #[default]
    Native,
    /// The manifest's: for a project where `compile --verify-against` found a difference.
    Manifest,
}

/// Where the data is.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WarehouseFile {
    /// The engine that holds the data. Default: what profiles.yml says, `duckdb` for DuckDB and `adbc` for the others.
    #[serde(default)]
    pub engine: Option<EngineName>,
    /// ADBC driver: a name (`adbc_driver_postgresql`) or the whole path of its library. Default: the adapter's.
    #[serde(default)]
    pub driver: Option<String>,
    /// Options of the ADBC driver by its own names (`uri`, ...), on top of those from profiles.yml. `{{ env_var('NAME') }}`
    /// stands for a variable of the environment.
    #[serde(default)]
    pub options: BTreeMap<String, String>,
    /// For engine `command`: the program that answers queries, and its arguments.
    #[serde(default)]
    pub command: Vec<String>,
    /// Longest time of one query, in seconds. Default: 300.
    #[serde(default)]
    #[schemars(range(min = 1, max = 86400))]
    pub timeout: Option<u32>,
    /// Most bytes that one query may bill, on BigQuery: one that would bill more fails and costs nothing. Default: the
    /// profile's `maximum_bytes_billed`.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub maximum_bytes: Option<u64>,
    /// DuckDB file, from the folder of the policy file.
    #[serde(default)]
    pub database: Option<String>,
    /// Files of csv, parquet or json data, by the relation (`schema.table` or `table`) that they stand for.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
}

/// Engines that this version can ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum EngineName {
    /// DuckDB, inside this program.
    DuckDb,
    /// A warehouse through an ADBC driver.
    Adbc,
    /// A program that answers queries, line by line.
    Command,
}

/// A layer.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LayerFile {
    /// Its name.
    pub name: String,
    /// Globs over the paths of models from the project's folder (`models/marts/**`). A new layer needs them.
    #[serde(default, rename = "match")]
    pub globs: Option<Vec<String>>,
    /// Gates that it asks for. A new layer needs them.
    #[serde(default)]
    pub gates: Option<Vec<String>>,
    /// Roles that must review; `any-peer` is known without `roles`. Default of a new layer: `any-peer`.
    #[serde(default)]
    pub review: Option<Vec<String>>,
    /// Merge window: `any`, or a name of `windows`. Default of a new layer: `any`.
    #[serde(default)]
    pub merge_window: Option<String>,
    /// How soon a bad merge must be rolled back. Default of a new layer: `24h`.
    #[serde(default)]
    pub rollback_sla: Option<Length>,
}

/// What happens to a model that matches no layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Unmatched {
    /// It is judged by the strictest layer.
    Strictest,
}

/// A finding that is known and accepted until a date.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SuppressFile {
    /// Rule (`gate/rule-name`).
    pub rule: String,
    /// Model.
    pub model: String,
    /// Output column. Default: any.
    #[serde(default)]
    pub column: Option<String>,
    /// Why it is accepted.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// Last day on which it holds.
    pub expires: Day,
}

/// What holds for changes that a language model helped to write.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LlmRules {
    /// Label that declares it.
    #[serde(default)]
    pub label: Option<String>,
    /// Labels that such a pull request gets.
    #[serde(default)]
    pub add_labels: Vec<String>,
    /// Roles that must review beside those of the layer.
    #[serde(default)]
    pub extra_review: Vec<String>,
    /// What a change is that shows signs of a language model and does not declare it.
    #[serde(default)]
    pub undeclared: Undeclared,
}

/// What an undeclared change by a language model is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Undeclared {
    /// Nothing.
    #[default]
    Ignore,
    /// A note.
    Note,
    /// A warning.
    Warning,
    /// An error.
    Error,
}

/// Who is behind a role.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// GitHub users.
    #[serde(default)]
    pub users: Vec<String>,
    /// GitHub teams (`organisation/team`).
    #[serde(default)]
    pub teams: Vec<String>,
}

/// When merging is allowed.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// IANA time zone (`Europe/Paris`).
    pub tz: String,
    /// Days of the week.
    pub days: Vec<Weekday>,
    /// Hours of these days in that zone: from the first on, until before the second.
    pub hours: Hours,
    /// Days without merging: a calendar file (.ics) from the folder of the policy file, or a list of days.
    #[serde(default)]
    pub holidays: Option<Holidays>,
    /// Who may merge outside the window, and how.
    #[serde(default, rename = "override")]
    pub exception: Option<WindowOverride>,
}

/// Who may merge outside a window.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WindowOverride {
    /// Label that asks for it.
    pub label: String,
    /// Role that may set it.
    pub by: String,
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Weekday {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

/// The hallucination budget.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// Most merged changes that may be rolled back.
    #[serde(default)]
    pub rollback_rate: Option<Percent>,
    /// Most merged changes whose defect no gate caught.
    #[serde(default)]
    pub escape_rate: Option<Percent>,
    /// How long after its merge a rollback counts. Default: 30d.
    #[serde(default)]
    pub window: Option<Length>,
    /// Words in comments on LLM-assisted pull requests that are worth a look, in any case, parts of words too. Default:
    /// hallucinat, made up, makes up, does not exist, doesn't exist, no such column, no such table, wrong, incorrect.
    #[serde(default)]
    pub words: Option<Vec<String>>,
    /// Globs over paths from the repository's root: a pull request that changes nothing else is documentation only.
    #[serde(default)]
    pub docs: Option<Vec<String>>,
}
