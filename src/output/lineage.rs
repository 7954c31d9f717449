//! Column lineage of a project as data that programs read, and its faces: a terminal, Mermaid, a page.

mod drawing;
mod html;
mod layout;
mod mermaid;
mod pages;
mod svg;
mod table;
#[cfg(test)]
mod tests;
mod tree;

pub use html::html;
pub use mermaid::mermaid;
pub use table::table;

use anyhow::{Context as _, Result};
use schemars::JsonSchema;
use serde::Serialize;

/// Version of the JSON form.
pub const SCHEMA_VERSION: u32 = 1;

/// What was asked for of one revision's column graph, or of the difference between two.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Lineage {
    /// Version of this form.
    pub schema_version: u32,
    /// Name of the project.
    pub project: String,
    /// The revision, `worktree` for the files as they are.
    pub rev: String,
    /// With `--diff`: the revision that it is compared with.
    pub base: Option<String>,
    /// What was asked for; null for the whole project.
    pub focus: Option<Focus>,
    /// Models, seeds, snapshots, sources and other relations, upstream first.
    pub relations: Vec<Relation>,
    /// What hangs on them: exposures, metrics and data tests, sorted.
    pub readers: Vec<Reader>,
    /// With `--diff`: what the changed columns reach.
    pub impact: Option<Reached>,
}

/// The model or column that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Focus {
    /// Id of the relation.
    pub relation: String,
    /// The column, when one was asked for.
    pub column: Option<String>,
}

/// What defines a relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RelationKind {
    /// A SELECT of the project.
    Model,
    /// A snapshot.
    Snapshot,
    /// A CSV file.
    Seed,
    /// A declared source table.
    Source,
    /// A table that no file declares.
    External,
}

/// What became of a relation or a column from base to head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Only on head.
    Added,
    /// Only on base.
    Removed,
    /// On both, differently.
    Changed,
}

/// One relation.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Relation {
    /// Unique id.
    pub id: String,
    /// Name as people say it.
    pub name: String,
    /// What defines it.
    pub kind: RelationKind,
    /// File from the repository's root.
    pub path: Option<String>,
    /// Ids of the relations that it reads, sorted.
    pub reads: Vec<String>,
    /// How many columns are known.
    pub column_count: usize,
    /// Columns in order: all that belong to the answer.
    pub columns: Vec<Column>,
    /// Names of relations whose columns are not known and that a star takes all columns of: there are more columns.
    pub open: Vec<String>,
    /// Why nothing is known of its columns.
    pub problem: Option<String>,
    /// References anywhere in its text that could not be resolved.
    pub unresolved: usize,
    /// With `--diff`: what became of it.
    pub status: Option<Status>,
    /// With `--diff`: what is different of its rows.
    pub changes: Vec<Change>,
}

/// One column.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct Column {
    /// Name.
    pub name: String,
    /// `pass_through`, `cast`, `derived`, `aggregated`, `windowed`, `constant`, `unknown`; null where no SQL makes it.
    pub kind: Option<String>,
    /// Line of its file where it is made.
    pub line: Option<u32>,
    /// The compiled text that makes it.
    pub sql: Option<String>,
    /// Columns that its expression reads.
    pub from: Vec<Source>,
    /// References of its expression that could not be resolved.
    pub unresolved: Vec<Lost>,
    /// With `--diff`: what became of it.
    pub status: Option<Status>,
    /// With `--diff`: what is different.
    pub changes: Vec<Change>,
    /// With `--diff`: the compiled text that made it on base, where that is another.
    pub sql_before: Option<String>,
}

/// One column that another is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Source {
    /// Id of the relation.
    pub relation: String,
    /// Its name as people say it.
    pub name: String,
    /// Its column.
    pub column: String,
    /// `value`, or `condition`, `window`, `order` for what the expression reads without passing on.
    pub role: String,
    /// Line of the reader's file where it is read.
    pub line: Option<u32>,
    /// With `--diff`: `added` when it is only on head, `removed` when it is only on base.
    pub status: Option<Status>,
}

/// A reference that could not be resolved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Lost {
    /// As written.
    pub name: String,
    /// `ambiguous`, `not_in_schema`, `open_star`, `unbound_alias` or `unsupported`.
    pub reason: String,
    /// Line of the file.
    pub line: Option<u32>,
}

/// One difference between base and head.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Change {
    /// Rule of the gate that found it (`lineage_diff/re-sourced`).
    pub rule: String,
    /// In words.
    pub message: String,
    /// Line of the file.
    pub line: Option<u32>,
}

/// What a reader is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReaderKind {
    /// A dashboard or another exposure.
    Exposure,
    /// A metric of the semantic layer, or of dbt's older form.
    Metric,
    /// A data test.
    Test,
}

/// An exposure, a metric or a test, and the relations that it reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Reader {
    /// What it is.
    pub kind: ReaderKind,
    /// Name.
    pub name: String,
    /// Ids of the relations that it reads, of those in the answer.
    pub relations: Vec<String>,
    /// The column that it is on.
    pub column: Option<String>,
    /// `path:line` of its declaration.
    pub place: Option<String>,
}

/// What changed columns reach, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Reached {
    /// Columns made of a changed one, as `model.column`.
    pub columns: Vec<String>,
    /// Models of those columns.
    pub models: Vec<String>,
    /// Further models that join, filter or group by one, or read such a model: other rows, not other columns.
    pub rows: Vec<String>,
    /// Exposures that show a changed or reached model.
    pub exposures: Vec<String>,
    /// Metrics that are computed from a changed or reached column, or over a model with other rows.
    pub metrics: Vec<String>,
    /// Data tests on a changed or reached column or model.
    pub tests: Vec<String>,
}

impl ReaderKind {
    /// As a word.
    pub fn word(self) -> &'static str {
        match self {
            ReaderKind::Exposure => "exposure",
            ReaderKind::Metric => "metric",
            ReaderKind::Test => "test",
        }
    }
}

impl Status {
    /// As a word.
    pub fn word(self) -> &'static str {
        match self {
            Status::Added => "added",
            Status::Removed => "removed",
            Status::Changed => "changed",
        }
    }
}

impl RelationKind {
    /// As a word.
    pub fn word(self) -> &'static str {
        match self {
            RelationKind::Model => "model",
            RelationKind::Snapshot => "snapshot",
            RelationKind::Seed => "seed",
            RelationKind::Source => "source",
            RelationKind::External => "table",
        }
    }
}

impl Lineage {
    /// Name of a relation by its id: the id itself when the answer does not hold it.
    pub fn name<'a>(&'a self, id: &'a str) -> &'a str {
        self.relations.iter().find(|r| r.id == id).map_or(id, |r| r.name.as_str())
    }

    /// Whether the answer is about models as a whole: then no columns are drawn.
    fn by_model(&self) -> bool {
        self.focus.is_none() && self.base.is_none()
    }

    /// What was asked for, in words.
    fn title(&self) -> String {
        match &self.focus {
            None if self.base.is_some() => format!("{}: changed columns and what they reach", self.project),
            None => format!("{}: all models", self.project),
            Some(Focus { relation, column: None }) => self.name(relation).to_owned(),
            Some(Focus { relation, column: Some(column) }) => format!("{}.{column}", self.name(relation)),
        }
    }
}

impl Relation {
    /// `path:line` of a line of its file.
    fn place(&self, line: Option<u32>) -> String {
        match (&self.path, line) {
            (Some(path), Some(line)) if line > 0 => format!("{path}:{line}"),
            (Some(path), _) => path.clone(),
            (None, _) => String::new(),
        }
    }
}

/// The lineage as pretty JSON that ends with a newline.
///
/// # Errors
/// None in practice: it holds only what JSON can.
pub fn json(lineage: &Lineage) -> Result<String> {
    let mut text = serde_json::to_string_pretty(lineage).context("writing the lineage as JSON")?;
    text.push('\n');
    Ok(text)
}

/// The JSON Schema of the lineage; ends with a newline.
pub fn schema() -> String {
    let mut schema = schemars::schema_for!(Lineage).to_value();
    schema["title"] = "Rowproof lineage".into();
    let mut text = serde_json::to_string_pretty(&schema).expect("a JSON value with text keys can be written");
    text.push('\n');
    text
}
