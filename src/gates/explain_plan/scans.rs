//! Tables that the policy declares big: is there a condition that spares reading them whole?

use super::plan::Node;
use super::{BigTable, finding};
use crate::engine::Side;
use crate::finding::{Finding, Severity};
use crate::gates::{Change, Context, Data};
use crate::project::Model;
use crate::project::bind::Bound;
use crate::sql::{Analysis, ClauseKind, Span};
use anyhow::{Result, anyhow};
use std::borrow::Cow;

/// What a read of a big table lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lack {
    Filter,
    Partition,
}

/// Findings for big tables that head reads worse than base.
///
/// # Errors
/// The incremental SQL of a model cannot be read.
pub(super) fn look(
    change: &Change<'_>,
    cx: &Context<'_>,
    data: &dyn Data,
    big: &[BigTable],
    plans: (Option<&Node>, Option<&Node>),
) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for table in big {
        let Some(id) = id_of(&table.table, cx.head) else { continue };
        let side = |side, model: Option<&Model>, plan| match model {
            Some(model) => lack(&Read { side, model, plan, id: &id, table }, cx, data),
            None => Ok(None),
        };
        let Some((lack, span)) = side(Side::Head, change.head, plans.1)? else { continue };
        if side(Side::Base, change.base, plans.0)?.is_some_and(|(before, _)| before == lack) {
            continue;
        }
        let (rule, text) = match (lack, &table.partition) {
            (Lack::Partition, Some(column)) => (
                "explain_plan/missing-partition-filter",
                format!("no condition on `{column}` reaches the big table {}", table.table),
            ),
            _ => ("explain_plan/full-scan", format!("the big table {} is read whole: nothing filters it", table.table)),
        };
        let model = change.model();
        let incremental = incremental(model).is_some();
        let place = if incremental { model.locate_incremental(&span) } else { model.locate(&span) };
        findings.push(finding(rule, text, Severity::Error).at(place));
    }
    Ok(findings)
}

/// One model's reading of one big table.
struct Read<'a> {
    side: Side,
    model: &'a Model,
    /// `None`: the engine gives none.
    plan: Option<&'a Node>,
    id: &'a str,
    table: &'a BigTable,
}

fn incremental(model: &Model) -> Option<&str> {
    model.compiled.as_ref().ok()?.incremental_sql.as_deref()
}

/// What the reading lacks and where; `None`: it is not read, or as it should be.
///
/// An incremental model is judged by what it reads from day to day, not by its first run.
fn lack(read: &Read<'_>, cx: &Context<'_>, data: &dyn Data) -> Result<Option<(Lack, Span)>> {
    let bound = cx.side(read.side);
    let full = cx.analysis(read.side, &read.model.unique_id)?;
    let (analysis, plan) = match incremental(read.model) {
        None => (Cow::Borrowed(full), read.plan),
        Some(sql) => {
            let analysis = crate::sql::analyze(sql, bound.project.dialect, bound);
            (Cow::Owned(analysis.map_err(|e| anyhow!("the incremental SQL cannot be read: {e}"))?), None)
        }
    };
    let uses: Vec<Span> = analysis.relations.iter().filter(|r| r.id == read.id).map(|r| r.span).collect();
    let Some(&span) = uses.first() else { return Ok(None) };
    let written = conditions(&analysis, read.id);
    let scans: Vec<Vec<&str>> = match plan {
        Some(plan) => plan.scans(&data.relation(read.side, read.id)?),
        None => Vec::new(),
    };
    let spared = |wanted: &dyn Fn(&str) -> bool| {
        let by_plan = scans.len() >= uses.len() && scans.iter().all(|conditions| conditions.iter().any(|c| wanted(c)));
        by_plan || written.iter().filter(|c| wanted(c)).count() >= uses.len()
    };
    if !spared(&|_| true) {
        let lack = if read.table.partition.is_some() { Lack::Partition } else { Lack::Filter };
        return Ok(Some((lack, span)));
    }
    let Some(column) = &read.table.partition else { return Ok(None) };
    Ok((!spared(&|condition| bounds(condition, column))).then_some((Lack::Partition, span)))
}

/// Whether a condition says more of the column than that it has a value.
fn bounds(condition: &str, column: &str) -> bool {
    let text = condition.to_lowercase();
    let column = column.to_lowercase();
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let named = text
        .match_indices(&column)
        .any(|(at, _)| !text[..at].ends_with(word) && !text[at + column.len()..].starts_with(word));
    named && !text.trim_matches(['(', ')']).trim_end().ends_with("is not null")
}

/// Conditions of the text that read the relation: filters, and those of joins that concern it alone.
fn conditions(analysis: &Analysis, id: &str) -> Vec<String> {
    let own = format!("{}.", id.to_lowercase());
    let filters = analysis.clauses.iter().filter(|c| c.kind == ClauseKind::Filter);
    let filters = filters.map(|c| c.text.to_lowercase()).filter(|text| text.contains(&own));
    let halves = analysis.joins.iter().flat_map(|join| {
        // What an outer join says of the side that it keeps spares nothing.
        let left = (!matches!(join.kind.as_str(), "left" | "full")).then_some(&join.left);
        let right = (!matches!(join.kind.as_str(), "right" | "full")).then_some(&join.right);
        left.into_iter().chain(right)
    });
    let only = [id.to_owned()];
    let of_joins = halves.filter(|half| half.tables == only).flat_map(|half| half.conditions.iter().cloned());
    let mut all: Vec<String> = filters.collect();
    if all.is_empty() {
        all.extend(of_joins);
    }
    all
}

/// The relation that a policy means by a name.
fn id_of(name: &str, bound: &Bound) -> Option<String> {
    let parts: Vec<String> = name.split('.').map(|p| p.trim_matches(['"', '`']).to_owned()).collect();
    if let Some(id) = bound.id_of(&parts) {
        return Some(id.to_owned());
    }
    let [source, table] = parts.as_slice() else { return None };
    let same = |a: &str, b: &str| a.eq_ignore_ascii_case(b);
    bound
        .project
        .sources
        .values()
        .find(|s| same(&s.source_name, source) && same(&s.name, table))
        .map(|s| s.unique_id.clone())
}
