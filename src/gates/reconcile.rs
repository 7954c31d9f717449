//! `reconcile`: is the model's head relation what its trusted reference says, cell by cell?

use super::{Change, Checked, Context, Gate, GateSpec, Needs, Rule, options};
use crate::engine::Side;
use crate::finding::{Finding, Location, Severity};
use crate::gates::context::Reference;

use crate::pii::personal::personal_columns;
use crate::project::{Model, TestKind};
use crate::reconcile::{Clue, ColumnResult, Options as Comparison, Reconciliation, compare};
use crate::reconcile::{KeySample, rounded, thousands};
use crate::report::ChangeKind;
use anyhow::{Context as _, Result};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Registration.
pub const SPEC: GateSpec = GateSpec {
    id: "reconcile",
    summary: "the candidate equals its trusted reference: schema, row counts, every column within tolerance, both EXCEPTs",
    help: "Compares the head relation of a model with the reference that the policy names for it \
           (`gates.reconcile.references`). Rows are matched by key and every column is compared in one pass; without a \
           unique key, rows are compared as multisets. Floating-point columns may differ by `tolerance` (relative, \
           1e-9); integers, decimals and everything else must be equal, unless `column_tolerance` names the column.",
    needs: Needs::Reference,
    rules: RULES,
    build,
    options: || schemars::schema_for!(Options),
};

const RULES: &[Rule] = &[
    Rule {
        id: "reconcile/column-differs",
        what: "A column has other values than the trusted reference.",
        help: "correct the column's expression; the sample keys in the evidence are rows to look at first",
    },
    Rule {
        id: "reconcile/rows-missing",
        what: "Rows of the trusted reference are not in the model.",
        help: "look for a filter or join that drops them; the evidence holds the first keys",
    },
    Rule {
        id: "reconcile/rows-unexpected",
        what: "The model has rows that the trusted reference does not have.",
        help: "look for a join that multiplies rows or a filter that was lost; the evidence holds the first keys",
    },
    Rule {
        id: "reconcile/schema-differs",
        what: "Columns are missing, unexpected, or of another type than in the trusted reference.",
        help: "give the model the reference's columns, or exclude a column in the policy if it is not to be compared",
    },
    Rule {
        id: "reconcile/duplicate-keys",
        what: "The key names more than one row, or is NULL.",
        help: "make the model unique on its key, or correct the key in the policy",
    },
];

/// Options.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// The trusted reference of each model that has one.
    pub references: Vec<Entry>,
    /// Most differing rows to name for each defect.
    pub sample: Option<usize>,
}

/// The trusted reference of one model.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Name of the model.
    pub model: String,
    /// Its reference: `{model: m}`, `{seed: s}`, `{relation: schema.table}`, `{file: f.parquet}` or `{query: sql}`.
    pub reference: Reference,
    /// Columns that name a row; found out when not given.
    #[serde(default)]
    pub key: Option<Vec<String>>,
    /// Largest relative difference of floating-point values.
    #[serde(default = "tolerance")]
    pub tolerance: f64,
    /// Largest absolute difference of floating-point values.
    #[serde(default)]
    pub absolute_tolerance: f64,
    /// Relative tolerance of single columns, in place of `tolerance`.
    #[serde(default)]
    pub column_tolerance: BTreeMap<String, f64>,
    /// Columns that are not compared.
    #[serde(default)]
    pub exclude: BTreeSet<String>,
}

fn tolerance() -> f64 {
    1e-9
}

/// Paths of the reference files that the gate's options name, as written.
///
/// # Errors
/// The options do not parse.
pub fn reference_files(value: &Value) -> Result<Vec<String>> {
    let options: Options = options(value)?;
    let file = |entry: Entry| match entry.reference {
        Reference::File(path) => Some(path),
        _ => None,
    };
    Ok(options.references.into_iter().filter_map(file).collect())
}

struct Reconcile(Options);

fn build(value: &Value) -> Result<Box<dyn Gate>> {
    let options: Options = options(value)?;
    let mut seen = BTreeSet::new();
    for entry in &options.references {
        if !seen.insert(&entry.model) {
            anyhow::bail!("references: model {} has more than one reference", entry.model);
        }
        let tolerances = entry.column_tolerance.values().chain([&entry.tolerance, &entry.absolute_tolerance]);
        if tolerances.into_iter().any(|t| !t.is_finite() || *t < 0.0) {
            anyhow::bail!("references: a tolerance of model {} is no number from 0 upwards", entry.model);
        }
    }
    Ok(Box::new(Reconcile(options)))
}

impl Gate for Reconcile {
    fn check(&self, change: &Change<'_>, cx: &Context<'_>) -> Result<Checked> {
        let model = change.model();
        let Some(entry) = self.0.references.iter().find(|e| e.model == model.name) else {
            return Ok(Checked::skip("no reference is configured for this model"));
        };
        if change.kind == ChangeKind::Removed {
            return Ok(Checked::skip("the model was removed"));
        }
        let data = cx.data()?;
        let candidate = data.relation(Side::Head, &change.unique_id)?;
        let reference = data.reference(&entry.reference).context("the reference cannot be read")?;
        let comparison = Comparison {
            key: entry.key.clone(),
            key_candidates: declared_keys(cx, &change.unique_id),
            tolerance: entry.tolerance,
            absolute_tolerance: entry.absolute_tolerance,
            column_tolerance: entry.column_tolerance.clone(),
            exclude: entry.exclude.clone(),
            sample: self.0.sample.unwrap_or(5),
            masked: masked(cx, &change.unique_id),
        };
        let result = compare(data.engine(), &reference, &candidate, &comparison)?;
        let findings = findings(&result, model, cx, &change.unique_id);
        let mut checked = Checked::found(result.headline(), findings)
            .evidence("rows_reference", result.rows_reference)
            .evidence("rows_candidate", result.rows_candidate)
            .evidence("rows_equal", result.rows_equal)
            .evidence("columns_equal", result.columns_equal())
            .evidence("columns_expected", result.columns_expected)
            .evidence("except_reference_candidate", result.rows_missing + result.rows_differing)
            .evidence("except_candidate_reference", result.rows_unexpected + result.rows_differing)
            .evidence("key", result.key.clone())
            .evidence("tolerance", result.tolerance);
        if !result.clues.is_empty() {
            checked = checked.evidence("clues", json!(result.clues));
        }
        if !result.notes.is_empty() {
            checked = checked.evidence("notes", result.notes.clone());
        }
        Ok(checked)
    }
}

/// Keys that unique tests of the model declare.
fn declared_keys(cx: &Context<'_>, id: &str) -> Vec<Vec<String>> {
    let tests = cx.head.project.tests.values().filter(|t| t.attached.as_deref() == Some(id));
    tests
        .filter_map(|test| match &test.kind {
            TestKind::Generic { name, kwargs } => match name.rsplit('.').next().unwrap_or(name) {
                "unique" => Some(vec![test.column.clone()?]),
                "unique_combination_of_columns" => {
                    let columns = kwargs.get("combination_of_columns")?.as_array()?;
                    columns.iter().map(|c| c.as_str().map(str::to_owned)).collect()
                }
                _ => None,
            },
            TestKind::Singular => None,
        })
        .collect()
}

/// Columns whose values are not to be shown, on either side.
fn masked(cx: &Context<'_>, id: &str) -> BTreeSet<String> {
    [cx.base, cx.head].into_iter().flat_map(|side| personal_columns(side, id)).collect()
}

fn findings(result: &Reconciliation, model: &Model, cx: &Context<'_>, id: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let file = || Location::file(&*model.path);
    schema_findings(result, &mut findings, model, cx, id);
    if let Some(d) = &result.duplicates {
        let message = format!(
            "the key does not name each row once: {} keys stand more than once in the model ({} in the reference), {} rows have NULL in it ({} in the reference)",
            thousands(d.candidate_keys),
            thousands(d.reference_keys),
            thousands(d.candidate_nulls),
            thousands(d.reference_nulls)
        );
        findings.push(finding("reconcile/duplicate-keys", message).at(file()).evidence("duplicates", json!(d)));
    }
    for (rule, count, sample, what) in [
        ("reconcile/rows-missing", result.rows_missing, &result.missing_sample, "rows of the reference are missing"),
        (
            "reconcile/rows-unexpected",
            result.rows_unexpected,
            &result.unexpected_sample,
            "rows are not in the reference",
        ),
    ] {
        if count > 0 {
            let message = format!(
                "{} {what} ({} rows in the reference, {} in the model)",
                thousands(count),
                thousands(result.rows_reference),
                thousands(result.rows_candidate)
            );
            let first = sample.first().map(|key| format!("; first: {}", shown(key))).unwrap_or_default();
            findings.push(
                finding(rule, message + &first).at(file()).evidence("count", count).evidence("sample", json!(sample)),
            );
        }
    }
    for column in result.columns.iter().filter(|c| c.differing > 0) {
        let clues: Vec<&Clue> = result.clues.iter().filter(|c| c.columns.contains(&column.name)).collect();
        let mut found = finding("reconcile/column-differs", column_message(column, result))
            .column(&*column.name)
            .at(output_place(model, cx, id, &column.name))
            .evidence("differing", column.differing)
            .evidence("null_against_value", column.null_against_value)
            .evidence("max_absolute", column.max_absolute)
            .evidence("max_relative", column.max_relative)
            .evidence("sample", json!(column.sample));
        if !clues.is_empty() {
            found = found.evidence("clues", json!(clues));
        }
        findings.push(found);
    }
    findings
}

fn schema_findings(result: &Reconciliation, findings: &mut Vec<Finding>, model: &Model, cx: &Context<'_>, id: &str) {
    let rule = "reconcile/schema-differs";
    let file = || Location::file(&*model.path);
    for name in &result.schema.missing {
        findings.push(finding(rule, format!("column {name} of the reference is missing")).column(&**name).at(file()));
    }
    for name in &result.schema.unexpected {
        let place = output_place(model, cx, id, name);
        findings.push(finding(rule, format!("column {name} is not in the reference")).column(&**name).at(place));
    }
    for change in &result.schema.types {
        let compared = if change.compared { "" } else { "; its values could not be compared" };
        let message = format!(
            "column {} is {} here and {} in the reference{compared}",
            change.column, change.candidate, change.reference
        );
        let severity = if change.compatible { Severity::Note } else { Severity::Error };
        let place = output_place(model, cx, id, &change.column);
        findings.push(finding(rule, message).severity(severity).column(&*change.column).at(place));
    }
    if result.schema.reordered {
        findings.push(
            finding(rule, "columns stand in another order than in the reference").severity(Severity::Note).at(file()),
        );
    }
}

fn finding(rule: &str, message: impl Into<String>) -> Finding {
    let help = RULES.iter().find(|r| r.id == rule).map_or("", |r| r.help);
    Finding::new(rule, message, help)
}

/// `adoption_level differs in 1,204 of 24,995 rows`, with the numbers behind it.
fn column_message(column: &ColumnResult, result: &Reconciliation) -> String {
    let name = &column.name;
    if result.key.is_empty() {
        return format!(
            "{name}: at least {} values differ from the reference (rows compared as a whole)",
            thousands(column.differing)
        );
    }
    let matched = result.rows_reference - result.rows_missing;
    let mut message =
        format!("{name} differs from the reference in {} of {} rows", thousands(column.differing), thousands(matched));
    let mut parts = Vec::new();
    if column.null_against_value > 0 {
        parts.push(format!("{} NULL against a value", thousands(column.null_against_value)));
    }
    if let (Some(absolute), Some(relative)) = (column.max_absolute, column.max_relative)
        && column.differing > column.null_against_value
    {
        parts.push(format!("by up to {} ({} relative)", rounded(absolute), rounded(relative)));
    }
    if !parts.is_empty() {
        message.push_str(&format!(": {}", parts.join(", ")));
    }
    if let Some(first) = column.sample.first() {
        let value = |v: &Option<String>| v.clone().unwrap_or_else(|| "NULL".to_owned());
        message.push_str(&format!(
            "; first at {}: {} instead of {}",
            shown(&first.key),
            value(&first.candidate),
            value(&first.reference)
        ));
    }
    message
}

fn shown(key: &KeySample) -> String {
    let part = |(name, value): (&String, &Option<String>)| format!("{name}={}", value.as_deref().unwrap_or("NULL"));
    key.iter().map(part).collect::<Vec<_>>().join(", ")
}

/// Where the column is made, the file's start when that is not known.
fn output_place(model: &Model, cx: &Context<'_>, id: &str, column: &str) -> Location {
    let analysis = cx.analysis(Side::Head, id).ok();
    let output = analysis.and_then(|a| a.outputs.iter().find(|o| o.name.eq_ignore_ascii_case(column)));
    output.map_or_else(|| Location::file(&*model.path), |o| model.locate(&o.span))
}

#[cfg(test)]
#[path = "reconcile_tests.rs"]
mod tests;
