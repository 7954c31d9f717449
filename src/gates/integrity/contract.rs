//! Contracts and constraints that are no longer enforced.

use crate::finding::{Finding, Location};
use crate::project::Model;
use serde_json::Value;
use std::collections::BTreeSet;

/// Whether the model's contract is enforced.
pub(super) fn enforced(model: &Model) -> bool {
    match model.config.get("contract") {
        Some(Value::Object(contract)) => match contract.get("enforced") {
            Some(Value::Bool(enforced)) => *enforced,
            Some(Value::String(text)) => text.eq_ignore_ascii_case("true"),
            _ => false,
        },
        Some(Value::Bool(enforced)) => *enforced,
        _ => false,
    }
}

pub(super) fn look(base: &Model, head: &Model) -> Vec<Finding> {
    let place = || match &head.declared_at {
        Some(place) => {
            let line = place.line.max(1);
            Location { path: place.path.clone(), line, column: 1, end_line: line, end_column: 1 }
        }
        None => Location::file(&head.path),
    };
    if enforced(base) && !enforced(head) {
        let message = format!("the contract of `{}` is not enforced any more", head.name);
        let help = "keep `contract: {enforced: true}`: readers rely on the columns and types that it promises";
        return vec![Finding::new("integrity/contract-dropped", message, help).at(place())];
    }
    let mut found = Vec::new();
    for was in base.columns.values() {
        let Some(is) = head.columns.values().find(|column| column.name.eq_ignore_ascii_case(&was.name)) else {
            continue;
        };
        let (before, now) = (constraints(was), constraints(is));
        for lost in before.difference(&now) {
            // A key promises uniqueness and values.
            if now.contains("primary_key") && matches!(lost.as_str(), "unique" | "not_null") {
                continue;
            }
            let message = format!("`{}` lost its constraint {lost}", was.name);
            let help = "restore it, or test what it promised";
            found.push(Finding::new("integrity/contract-dropped", message, help).at(place()).column(&was.name));
        }
    }
    found
}

fn constraints(column: &crate::project::ColumnInfo) -> BTreeSet<String> {
    let all = column.extra.get("constraints").and_then(Value::as_array).into_iter().flatten();
    all.filter_map(|one| one.get("type")?.as_str()).map(str::to_owned).collect()
}
