//! Data that a model is judged by, edited together with the model.

use crate::finding::{Finding, Location, Severity};
use crate::gates::{Change, Context};
use crate::project::{DataTest, Model, TestKind};

/// Words in the names of tests and seeds that hold expected data.
const EXPECTED: &[&str] = &["expected", "golden", "snapshot", "trusted", "reference", "fixture", "baseline", "truth"];

pub(super) fn look(change: &Change<'_>, head: &Model, cx: &Context<'_>) -> Vec<Finding> {
    let base = change.base;
    let edited = match (base, head.csv.as_ref()) {
        (Some(base), Some(csv)) => base.csv.as_ref() != Some(csv),
        _ => false,
    };
    if !edited {
        return Vec::new();
    }
    let mut found = Vec::new();
    for other in cx.changes.iter().filter(|other| other.unique_id != change.unique_id && !other.same_output()) {
        let Some(model) = other.head.filter(|model| model.csv.is_none()) else { continue };
        // A model that reads the seed computes from it: the seed is its input.
        if reads(cx, &model.unique_id, &head.unique_id) {
            continue;
        }
        let judging = cx.base.project.tests.values().find(|test| compares(test, &model.unique_id, &head.unique_id));
        let Some(test) = judging else { continue };
        let message = format!(
            "`{}` is what test `{}` compares `{}` with, and both change in this pull request",
            head.name, test.name, model.name
        );
        let help = "change expected data in a pull request of its own, from a source that is not the model itself";
        found.push(Finding::new("integrity/reference-edited", message, help).at(Location::file(&head.path)));
    }
    let named = || EXPECTED.iter().any(|word| head.name.to_lowercase().split('_').any(|part| part == *word));
    if found.is_empty()
        && named()
        && cx.changes.iter().any(|other| other.head.is_some_and(|m| m.csv.is_none()) && !other.same_output())
    {
        let message = format!("`{}` holds expected data by its name, and changes together with models", head.name);
        let help = "change expected data in a pull request of its own";
        let finding = Finding::new("integrity/reference-edited", message, help).severity(Severity::Warning);
        found.push(finding.at(Location::file(&head.path)));
    }
    found
}

/// Whether a model reads another, directly or not.
fn reads(cx: &Context<'_>, model: &str, wanted: &str) -> bool {
    cx.head.downstream(wanted).contains(model)
}

/// Whether a test sets the two against each other: an equality of relations, or a SQL file that reads both.
fn compares(test: &DataTest, model: &str, seed: &str) -> bool {
    let both = |test: &DataTest| {
        let on = |id: &str| test.depends_on.contains(id) || test.attached.as_deref() == Some(id);
        on(model) && on(seed)
    };
    match &test.kind {
        TestKind::Singular => both(test),
        TestKind::Generic { name, .. } => {
            let name = name.rsplit('.').next().unwrap_or(name);
            both(test) && !matches!(name, "relationships" | "relationships_where" | "foreign_key")
        }
    }
}
