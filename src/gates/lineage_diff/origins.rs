//! Whether other source columns are really other values: upstream models rename, and stand between.

use super::columns::Pair;
use super::wording::without_rows;
use crate::gates::Context;
use crate::project::bind::ColumnId;
use crate::sql::{Output, OutputKind, Role};
use std::collections::BTreeSet;

/// How many models a pass-through is followed; a circle ends there.
const STEPS: usize = 64;

/// Head sources under the names that base had for them, where only the upstream column was renamed.
pub(super) fn as_on_base(sources: &BTreeSet<ColumnId>, pair: &Pair<'_>) -> BTreeSet<ColumnId> {
    sources.iter().map(|source| old_name(source, pair.cx).unwrap_or_else(|| source.clone())).collect()
}

fn output<'a>(bound: &'a crate::project::bind::Bound, id: &ColumnId) -> Option<&'a Output> {
    bound.analysis(&id.0).ok()?.outputs.iter().find(|o| o.name.eq_ignore_ascii_case(&id.1))
}

/// The name on base of an upstream column that is new on head and has the expression of one that is gone.
fn old_name(source: &ColumnId, cx: &Context<'_>) -> Option<ColumnId> {
    let (table, column) = source;
    let now = output(cx.head, source)?;
    let (before, after) = (cx.base.analysis(table).ok()?, cx.head.analysis(table).ok()?);
    let has = |outputs: &[Output], name: &str| outputs.iter().any(|o| o.name.eq_ignore_ascii_case(name));
    if has(&before.outputs, column) {
        return None;
    }
    let mut gone = before
        .outputs
        .iter()
        .filter(|o| !has(&after.outputs, &o.name) && without_rows(&o.expression) == without_rows(&now.expression));
    let old = gone.next().filter(|_| !now.edges.is_empty())?;
    gone.next().is_none().then(|| (table.clone(), old.name.to_lowercase()))
}

/// Whether two columns differ only by what an upstream model calls its columns.
pub(super) fn only_renamed_upstream(before: &Output, now: &Output, pair: &Pair<'_>) -> bool {
    let mut text = without_rows(&now.expression);
    let mut renamed = false;
    for edge in &now.edges {
        if let Some((table, old)) = old_name(&(edge.table.clone(), edge.column.clone()), pair.cx) {
            text = text.replace(&format!("{table}.{}", edge.column), &format!("{table}.{old}"));
            renamed = true;
        }
    }
    renamed && text.eq_ignore_ascii_case(&without_rows(&before.expression))
}

/// Whether the sources of both sides end in the same columns when models that only pass them on are looked through.
pub(super) fn same_end(before: &BTreeSet<ColumnId>, now: &BTreeSet<ColumnId>, pair: &Pair<'_>) -> bool {
    let end = |ids: &BTreeSet<ColumnId>, bound| ids.iter().map(|id| ultimate(id, bound)).collect::<BTreeSet<_>>();
    !now.is_empty() && end(before, pair.cx.base) == end(now, pair.cx.head)
}

fn ultimate(id: &ColumnId, bound: &crate::project::bind::Bound) -> ColumnId {
    let mut at = (id.0.clone(), id.1.to_lowercase());
    for _ in 0..STEPS {
        let Some(output) = output(bound, &at).filter(|o| o.kind == OutputKind::PassThrough) else { break };
        let mut values = output.edges.iter().filter(|e| e.role == Role::Value);
        let (Some(edge), None) = (values.next(), values.next()) else { break };
        at = (edge.table.clone(), edge.column.to_lowercase());
    }
    at
}
