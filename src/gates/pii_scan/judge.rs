//! Whether each column of the head carries personal data under a tag, and whether base did better.

use super::columns::Side;
use crate::finding::{Finding, Severity};
use crate::gates::Context;
use crate::pii::flow::Taint;
use crate::pii::functions::{Strength, strength};
use crate::pii::names::entity;
use crate::pii::tags::Mark;
use crate::project::bind::ColumnId;
use crate::sql::{OutputKind, Role};
use serde_json::Value;
use std::collections::BTreeSet;

/// Findings of every column of the head that is not tagged.
pub(super) fn columns(head: &Side<'_>, base: Option<&Side<'_>>, cx: &Context<'_>) -> Vec<Finding> {
    let mut names = head.names.clone();
    // Under a star whose columns are not known, a tagged column of base is still there until shown otherwise.
    if let Some(base) = base.filter(|_| head.open) {
        let kept = base.flow.marks.tagged_columns(base.id()).into_iter().filter(|c| !head.has(c));
        names.extend(kept.map(str::to_owned).collect::<Vec<_>>());
    }
    names.iter().filter_map(|column| judge(column, head, base, cx)).collect()
}

fn judge(column: &str, head: &Side<'_>, base: Option<&Side<'_>>, cx: &Context<'_>) -> Option<Finding> {
    let cleared = match head.flow.marks.of(head.id(), column) {
        Some(Mark::Tagged { .. }) => return None,
        Some(Mark::Cleared(label)) => Some(label),
        None => None,
    };
    if let Some(label) = cleared {
        return declassified(column, &label, head, base, cx);
    }
    if let Some(base) = base
        && let Some(finding) = dropped(column, head, base, cx)
    {
        return finding;
    }
    leaked(column, head, base, cx)
}

/// A declaration "not personal" on a column that carries a tagged value, unless base had it already.
fn declassified(
    column: &str,
    label: &str,
    head: &Side<'_>,
    base: Option<&Side<'_>>,
    cx: &Context<'_>,
) -> Option<Finding> {
    let before = base.and_then(|b| b.flow.marks.of(b.id(), column));
    if matches!(before, Some(Mark::Cleared(_))) {
        return None;
    }
    let was_tagged = matches!(before, Some(Mark::Tagged { .. }));
    let kept = head.flow.taints(head.id(), column).find(|t| t.strength >= Strength::Partial);
    let why = match (kept, was_tagged) {
        (Some(taint), _) => format!("carries {}", origin(taint, cx)),
        (None, true) => "was tagged on base".to_owned(),
        (None, false) => return None,
    };
    let message = format!("`{column}` is declared `{label}`, but it {why}");
    let help = "take the declaration back, or have it waived in the policy with a reason, an owner and an end date";
    Some(Finding::new("pii_scan/declassified", message, help).column(column).at(head.place(column)))
}

/// A tag that base had on this column, under this or an earlier name. `Some(None)`: settled, nothing wrong.
fn dropped(column: &str, head: &Side<'_>, base: &Side<'_>, cx: &Context<'_>) -> Option<Option<Finding>> {
    let (old, label) = tagged_before(column, head, base)?;
    let renamed = !old.eq_ignore_ascii_case(column);
    // A value that flows on from a tag upstream is judged by that flow when a name is new and the old one stays.
    let left = what_is_left(column, &old, head, base);
    let from = if renamed { format!(" (was `{old}`)") } else { String::new() };
    let downstream = downstream(head, column, cx);
    let reaches = reaches(&downstream);
    let finding = match left {
        Strength::Destroyed | Strength::Masked => return Some(None),
        Strength::Partial | Strength::WeaklyMasked => {
            let how = how(left);
            let message = format!("`{column}`{from} lost its tag `{label}` and is only {how}");
            weak(column, message)
        }
        Strength::Kept => {
            let message = format!("`{column}`{from} lost its tag `{label}`{reaches}");
            let help = "tag the column as it is called now: masking and access rules follow the tag";
            Finding::new("pii_scan/tag-dropped", message, help).column(column)
        }
    };
    let finding = finding.evidence("tag", label).evidence("was", old).evidence("downstream", downstream);
    Some(Some(finding.at(head.place(column))))
}

/// The column of base whose tag this column should have: itself, or one that is gone and had the same value.
fn tagged_before(column: &str, head: &Side<'_>, base: &Side<'_>) -> Option<(String, String)> {
    let tag = |name: &str| match base.flow.marks.of(base.id(), name) {
        Some(Mark::Tagged { label, .. }) => Some(label),
        _ => None,
    };
    if base.has(column) || base.open {
        if let Some(label) = tag(column) {
            return Some((column.to_owned(), label));
        }
        if base.has(column) {
            return None;
        }
    }
    let output = head.output(column)?;
    let sources = head.sources(column);
    let gone = base.names.iter().filter(|name| !head.has(name));
    let same = gone.filter_map(|name| Some((name, tag(name)?))).find(|(name, _)| {
        let before = base.sources(name);
        let same_expression = base.output(name).is_some_and(|o| o.expression == output.expression);
        same_expression || (before.len() == 1 && before.is_subset(&sources))
    })?;
    Some((same.0.clone(), same.1))
}

/// What is left in `column` of the value that base's column `old` had.
fn what_is_left(column: &str, old: &str, head: &Side<'_>, base: &Side<'_>) -> Strength {
    let (Some(now), Some(before)) = (head.output(column), base.output(old)) else { return Strength::Kept };
    if now.expression == before.expression {
        return Strength::Kept;
    }
    if now.kind == OutputKind::Constant {
        return Strength::Destroyed;
    }
    let sources = base.sources(old);
    let shared = now
        .edges
        .iter()
        .filter(|e| e.role == Role::Value && sources.contains(&(e.table.clone(), e.column.to_lowercase())));
    let left = shared.map(|e| strength(&e.via, &now.expression, &e.column, head.flow.masking(), false)).max();
    let flowing = head.flow.taints(head.id(), column).map(|t| t.strength).max();
    // Where nothing of the old value is seen, the name alone still claims to be what was tagged.
    left.max(flowing).unwrap_or(if now.unresolved.is_empty() && now.edges.iter().all(|e| e.role != Role::Value) {
        Strength::Destroyed
    } else {
        Strength::Kept
    })
}

/// A tagged value in an untagged column, worse than on base.
fn leaked(column: &str, head: &Side<'_>, base: Option<&Side<'_>>, cx: &Context<'_>) -> Option<Finding> {
    let mut taints: Vec<Taint> =
        head.flow.taints(head.id(), column).filter(|t| t.strength >= Strength::Partial).cloned().collect();
    if taints.is_empty() {
        taints.extend(sibling(column, head, base));
    }
    let before: Vec<&Taint> = base
        .map(|b| b.flow.taints(b.id(), column).filter(|t| t.strength >= Strength::Partial).collect())
        .unwrap_or_default();
    let known = |taint: &Taint| before.iter().any(|b| b.origin == taint.origin && b.strength >= taint.strength);
    // Base leaked as many values at least as plainly: the origin only has another name now.
    let debt = before.len() >= taints.len()
        && before.iter().map(|b| b.strength).max() >= taints.iter().map(|t| t.strength).max();
    taints.retain(|taint| !known(taint));
    if debt || taints.is_empty() {
        return None;
    }
    taints.sort_by(|a, b| b.strength.cmp(&a.strength).then_with(|| a.origin.cmp(&b.origin)));
    let worst = taints.first()?;
    let downstream = downstream(head, column, cx);
    let through = through(worst, cx);
    let finding = if worst.strength == Strength::Kept {
        let reaches = reaches(&downstream);
        let star = if worst.by_star { " by a star" } else { "" };
        let message = format!("`{column}` carries {}{through}{star} without a tag{reaches}", origin(worst, cx));
        let help = "tag the column, mask the value (keyed hash or masking function), or leave it out";
        let finding = Finding::new("pii_scan/leaked", message, help).column(column);
        // The source is tagged as a whole and this model says itself which columns are personal.
        let said = !head.flow.marks.tagged_columns(head.id()).is_empty();
        if worst.whole_relation && said { finding.severity(Severity::Warning) } else { finding }
    } else {
        let how = how(worst.strength);
        weak(column, format!("`{column}` carries {}{through}, only {how}, without a tag", origin(worst, cx)))
    };
    let paths: Vec<Value> = taints.iter().map(|t| path(t, cx).into()).collect();
    let finding = finding.evidence("paths", paths).evidence("tag", worst.label.clone());
    Some(finding.evidence("downstream", downstream).at(head.place(column)))
}

/// A copy of a column that is tagged in this very model, under an untagged name.
fn sibling(column: &str, head: &Side<'_>, base: Option<&Side<'_>>) -> Option<Taint> {
    let output = head.output(column)?;
    let before = base.map(|b| b.sources(column)).unwrap_or_default();
    head.names.iter().find_map(|other| {
        let Some(Mark::Tagged { label, whole_relation: false }) = head.flow.marks.of(head.id(), other) else {
            return None;
        };
        let sources = head.sources(other);
        let twin = head.output(other)?;
        let row_level = matches!(twin.kind, OutputKind::PassThrough | OutputKind::Cast);
        let (table, name) = sources.iter().next().filter(|_| sources.len() == 1 && row_level)?;
        let edge = output
            .edges
            .iter()
            .find(|e| e.role == Role::Value && e.table == *table && e.column.eq_ignore_ascii_case(name))?;
        if before.contains(&(table.clone(), name.clone())) {
            return None;
        }
        let left = strength(&edge.via, &output.expression, &edge.column, head.flow.masking(), false);
        let origin: ColumnId = (head.id().to_owned(), other.clone());
        let path = vec![origin.clone(), (head.id().to_owned(), column.to_owned())];
        let taint = Taint { origin, label, strength: left, whole_relation: false, path, by_star: false };
        (left >= Strength::Partial).then_some(taint)
    })
}

/// New columns whose names say what no tag does.
pub(super) fn names(head: &Side<'_>, base: Option<&Side<'_>>, cx: &Context<'_>, found: &[Finding]) -> Vec<Finding> {
    let judged: BTreeSet<&str> = found.iter().filter_map(|f| f.column.as_deref()).collect();
    let mut findings = Vec::new();
    for column in &head.names {
        let known = base.is_some_and(|b| b.has(column) || b.open);
        let covered = head.flow.marks.of(head.id(), column).is_some()
            || head.flow.taints(head.id(), column).next().is_some()
            || judged.contains(column.as_str());
        let Some(kind) = entity(column).filter(|_| !known && !covered) else { continue };
        if valueless(head, column) || new_upstream(head, column, cx) {
            continue;
        }
        let message = format!("the new column `{column}` says {kind} by its name and has no tag");
        let help = "tag it where it enters the project, or declare `pii: false` on it";
        let finding = Finding::new("pii_scan/untagged-name", message, help).severity(Severity::Warning);
        findings.push(finding.column(column).at(head.place(column)).evidence("kind", kind));
    }
    findings
}

/// Whether what stands under the name is a constant, or holds no single value any more.
fn valueless(head: &Side<'_>, column: &str) -> bool {
    let Some(output) = head.output(column) else { return false };
    let mut values = output.edges.iter().filter(|e| e.role == Role::Value).peekable();
    let none = values.peek().is_none() && output.unresolved.is_empty();
    let gone = |edge: &crate::sql::Edge| {
        strength(&edge.via, &output.expression, &edge.column, head.flow.masking(), false) <= Strength::Masked
    };
    none || (output.unresolved.is_empty() && values.all(gone))
}

/// Whether the column comes from one with such a name that this run judges upstream: it is said once.
fn new_upstream(head: &Side<'_>, column: &str, cx: &Context<'_>) -> bool {
    head.sources(column).iter().any(|(table, name)| {
        let judged = cx.changes.iter().any(|c| c.unique_id == *table && c.head.is_some());
        let is_new = cx.base.columns(table).is_none_or(|all| !all.iter().any(|c| c.eq_ignore_ascii_case(name)));
        judged && is_new && entity(name).is_some()
    })
}

fn weak(column: &str, message: String) -> Finding {
    let help = "use a keyed hash (HMAC, salt) or the project's masking function, or tag the column";
    Finding::new("pii_scan/weakly-masked", message, help).severity(Severity::Warning).column(column)
}

fn how(left: Strength) -> &'static str {
    if left == Strength::WeaklyMasked { "hashed without a key" } else { "coarsened" }
}

fn shown(id: &ColumnId, cx: &Context<'_>) -> String {
    format!("{}.{}", cx.head.display_name(&id.0), id.1)
}

fn origin(taint: &Taint, cx: &Context<'_>) -> String {
    let whole = if taint.whole_relation { ", the whole relation" } else { "" };
    format!("{} (tagged `{}`{whole})", shown(&taint.origin, cx), taint.label)
}

fn path(taint: &Taint, cx: &Context<'_>) -> Vec<String> {
    taint.path.iter().map(|id| shown(id, cx)).collect()
}

/// ` through a.x, b.y`: the steps between origin and column.
fn through(taint: &Taint, cx: &Context<'_>) -> String {
    let steps = path(taint, cx);
    match steps.get(1..steps.len().saturating_sub(1)) {
        None | Some([]) => String::new(),
        Some([one]) => format!(" through {one}"),
        Some([first, middle @ .., last]) if middle.len() > 1 => {
            format!(" through {first}, {} more and {last}", middle.len())
        }
        Some(some) => format!(" through {}", some.join(" and ")),
    }
}

/// Columns downstream that receive the value and are not tagged themselves.
fn downstream(head: &Side<'_>, column: &str, cx: &Context<'_>) -> Vec<String> {
    cx.head.downstream_columns(head.id(), column).iter().map(|id| shown(id, cx)).collect()
}

fn reaches(downstream: &[String]) -> String {
    match downstream {
        [] => String::new(),
        [one] => format!("; it reaches {one}"),
        [first, ..] => format!("; it reaches {} columns downstream ({first}, ...)", downstream.len()),
    }
}
