//! Aggregates, window functions and groupings that the database will refuse.

use crate::finding::Finding;
use crate::gates::texts::Text;
use crate::gates::{Change, Context};
use crate::sql::{self, Misuse, MisuseKind};
use std::collections::BTreeSet;

/// Mistakes of one text that base did not make already.
pub(super) fn check(text: &Text<'_>, change: &Change<'_>, cx: &Context<'_>) -> Vec<Finding> {
    // A text that cannot be read is the gate's error, not a finding.
    let Ok(found) = sql::misuses(text.sql, cx.head.project.dialect) else { return Vec::new() };
    if found.is_empty() {
        return Vec::new();
    }
    let before = on_base(change, cx);
    found.iter().filter(|one| !before.contains(&key(one))).map(|one| finding(text, one)).collect()
}

type Key = (MisuseKind, String, String);

fn key(one: &Misuse) -> Key {
    (one.kind, one.name.to_lowercase(), one.within.clone())
}

fn on_base(change: &Change<'_>, cx: &Context<'_>) -> BTreeSet<Key> {
    let texts = change.base.and_then(|base| Text::all(base).ok()).unwrap_or_default();
    let found = texts.iter().filter_map(|text| sql::misuses(text.sql, cx.base.project.dialect).ok()).flatten();
    found.map(|one| key(&one)).collect()
}

fn finding(text: &Text<'_>, one: &Misuse) -> Finding {
    let Misuse { name, within, .. } = one;
    let clause = within.to_uppercase();
    let (rule, message, help) = match one.kind {
        MisuseKind::MisplacedAggregate => (
            "compile/misplaced-aggregate",
            format!("aggregate `{name}` may not stand in {clause}"),
            "move the condition to HAVING, or aggregate in a CTE first",
        ),
        MisuseKind::MisplacedWindow => (
            "compile/misplaced-window-function",
            format!("window function `{name}` may not stand in {clause}"),
            "compute it in a CTE and filter there, or use QUALIFY where the dialect has it",
        ),
        MisuseKind::NestedAggregate => (
            "compile/nested-aggregate",
            format!("aggregate `{name}` is an argument of aggregate `{within}`"),
            "aggregate in two steps: the inner one in a CTE",
        ),
        MisuseKind::Ungrouped => (
            "compile/ungrouped-column",
            format!("column `{name}` is neither grouped nor aggregated"),
            "add it to GROUP BY, or aggregate it",
        ),
    };
    let message = format!("{message}{}", text.which());
    Finding::new(rule, message, help).at(text.place(&one.span)).evidence("name", name.clone())
}
