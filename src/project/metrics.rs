//! What a project calls a metric: the numbers that people see, and the columns that they are computed from.

use super::Place;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Stands for every column of a model: the expression over it cannot be read, or counts its rows.
pub const ANY_COLUMN: &str = "*";

/// A metric in whatever form it was declared: of the semantic layer (over measures, or with an aggregation of its own),
/// or as dbt had them before.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    /// `metric.package.name`.
    pub unique_id: String,
    /// Name.
    pub name: String,
    /// `simple`, `ratio`, `derived`, `cumulative`, `conversion`; the calculation method of a metric of the older form.
    pub kind: String,
    /// Columns that it is computed from, those of filters and of the metrics that it is made of included, in lower case
    /// by the unique id of the model; [`ANY_COLUMN`] among them for all.
    pub reads: BTreeMap<String, BTreeSet<String>>,
    /// Metrics that it is made of, by name.
    pub metrics: BTreeSet<String>,
    /// The definition as written.
    pub definition: Value,
    /// Where it is declared.
    pub place: Place,
}

impl Metric {
    /// Whether it is computed from this column.
    pub fn reads(&self, model: &str, column: &str) -> bool {
        let columns = self.reads.get(model);
        columns.is_some_and(|columns| columns.contains(ANY_COLUMN) || columns.contains(&column.to_lowercase()))
    }
}

/// A model as the semantic layer sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct SemanticModel {
    /// `semantic_model.package.name`.
    pub unique_id: String,
    /// Name.
    pub name: String,
    /// Unique id of the model under it, when it resolves.
    pub model: Option<String>,
    /// Its measures, in order.
    pub measures: Vec<Measure>,
    /// Expressions of its dimensions by name.
    pub dimensions: BTreeMap<String, String>,
    /// Expressions of its entities by name.
    pub entities: BTreeMap<String, String>,
    /// The definition as written.
    pub definition: Value,
    /// Where it is declared.
    pub place: Place,
}

/// An aggregation of a semantic model.
#[derive(Debug, Clone, PartialEq)]
pub struct Measure {
    /// Name.
    pub name: String,
    /// `sum`, `average`, `count_distinct`, ...
    pub agg: String,
    /// What is aggregated: its name when the definition gives no expression.
    pub expr: String,
    /// The time that it is aggregated by: a dimension's name.
    pub time: Option<String>,
    /// The definition as written, `non_additive_dimension` and `agg_params` included.
    pub definition: Value,
    /// Where it is declared.
    pub place: Place,
}
