//! The answer about two sides: what became of each column, in the words of the gate that judges it.

use super::ask::{Ask, Chosen};
use super::view;
use crate::cli::LineageArgs;
use crate::commands::gather;
use crate::finding::Finding;
use crate::gates::{self, Context};
use crate::output::lineage::{Change, Column, Focus, Lineage, Reached, Relation, SCHEMA_VERSION, Source, Status};
use crate::project::bind::{Bound, ColumnId};
use crate::project::changes::{Changed, changes};
use anyhow::{Result, anyhow};
use std::collections::{BTreeMap, BTreeSet};

/// What the gate found of each model; or why it could not tell.
type Found = BTreeMap<String, Result<Vec<Finding>, String>>;

/// Compares two sides.
///
/// # Errors
/// A side cannot be read, or no such model or column.
pub(super) fn between(args: &LineageArgs) -> Result<Lineage> {
    let gathered = gather::two_sides(&args.project, args.base.as_deref(), &args.head)?;
    let (base, head) = (&gathered.base, &gathered.head);
    let ask = Ask::of(args, &[head, base])?;
    let changed = changes(base, head, true);
    let found = judge(base, head, &changed)?;
    let (on_head, on_base) = (marked(head, &found, &changed, true), marked(base, &found, &changed, false));
    let chosen = [choose(&ask, head, &on_head), choose(&ask, base, &on_base)];
    let [mut now, was] = [(&chosen[0], head), (&chosen[1], base)].map(|(c, side)| view::relations(c, side));
    let was: BTreeMap<String, Relation> = was.into_iter().map(|r| (r.id.clone(), r)).collect();
    let touched: BTreeSet<&str> = changed.iter().map(|c| c.unique_id.as_str()).collect();
    for relation in &mut now {
        match was.get(&relation.id) {
            Some(before) if touched.contains(relation.id.as_str()) => merge(relation, before),
            None if !known(base, &relation.id) && known(head, &relation.id) => all_new(relation),
            _ => {}
        }
    }
    let here: BTreeSet<String> = now.iter().map(|r| r.id.clone()).collect();
    let gone = was.into_values().filter(|r| !here.contains(&r.id)).map(|mut relation| {
        if !known(head, &relation.id) {
            all_gone(&mut relation);
        }
        relation
    });
    let mut relations: Vec<Relation> = gone.collect();
    relations.append(&mut now);
    for relation in &mut relations {
        say(relation, found.get(&relation.id));
    }
    let starts: Vec<usize> = numbers(head, &on_head);
    Ok(Lineage {
        schema_version: SCHEMA_VERSION,
        project: head.project.name.clone(),
        rev: gathered.head_tree.rev.clone(),
        base: Some(gathered.base_tree.rev.clone()),
        focus: ask.focus.clone().map(|(relation, column)| Focus { relation, column }),
        readers: if starts.is_empty() { Vec::new() } else { view::readers(&starts, &ask, &chosen[0], head) },
        relations,
        impact: Some(impact(base, head, &on_base, &on_head)),
    })
}

fn known(bound: &Bound, id: &str) -> bool {
    bound.project.models.contains_key(id) || bound.project.sources.contains_key(id)
}

/// Asks `lineage_diff` about every changed model.
fn judge(base: &Bound, head: &Bound, changed: &[Changed]) -> Result<Found> {
    let spec = gates::gate("lineage_diff").ok_or_else(|| anyhow!("the gate lineage_diff is not there"))?;
    let gate = (spec.build)(&serde_json::json!({}))?;
    let all: Vec<gates::Change<'_>> = changed.iter().map(|c| pair(base, head, c)).collect();
    let cx = Context { base, head, data: Err("lineage needs no data"), changes: &all };
    let judged = all.iter().map(|change| {
        let found = gate.check(change, &cx).map(|checked| checked.findings).map_err(|e| format!("{e:#}"));
        (change.unique_id.clone(), found)
    });
    Ok(judged.collect())
}

fn pair<'a>(base: &'a Bound, head: &'a Bound, changed: &Changed) -> gates::Change<'a> {
    gates::Change {
        base: base.project.models.get(&changed.unique_id),
        head: head.project.models.get(&changed.unique_id),
        unique_id: changed.unique_id.clone(),
        kind: changed.kind,
        reasons: changed.reasons.clone(),
        equivalence: changed.equivalence,
    }
}

/// What the change is about on one side.
#[derive(Default)]
struct Marked {
    /// Columns that findings name and, where a model is on this side only, all of it.
    columns: BTreeSet<ColumnId>,
    /// Models with other rows.
    rows: BTreeSet<String>,
}

fn marked(side: &Bound, found: &Found, changed: &[Changed], head: bool) -> Marked {
    let Marked { mut columns, mut rows } = Marked::default();
    for change in changed {
        let id = &change.unique_id;
        let one_sided = matches!(
            (change.kind, head),
            (crate::report::ChangeKind::Added, true) | (crate::report::ChangeKind::Removed, false)
        );
        if one_sided {
            columns.extend(side.graph().columns_of(id).into_iter().map(|n| side.graph().column(n).clone()));
        }
        // What cannot be told may be any difference.
        if found.get(id).is_some_and(Result::is_err) && known(side, id) {
            rows.insert(id.clone());
        }
        for finding in found.get(id).and_then(|f| f.as_ref().ok()).into_iter().flatten() {
            let was = finding.evidence.get("was").and_then(serde_json::Value::as_str);
            let names = [finding.column.as_deref(), was.filter(|_| !head)];
            let here = |name: &&str| side.graph().find(id, name).is_some();
            columns.extend(names.into_iter().flatten().filter(here).map(|name| (id.clone(), name.to_owned())));
            if finding.column.is_none() && known(side, id) {
                rows.insert(id.clone());
            }
        }
    }
    Marked { columns, rows }
}

fn numbers(side: &Bound, marked: &Marked) -> Vec<usize> {
    marked.columns.iter().filter_map(|(id, column)| side.graph().find(id, column)).collect()
}

/// The columns of the answer: around what was asked for, else around what changed, one step up and all the way down.
fn choose(ask: &Ask, side: &Bound, marked: &Marked) -> Chosen {
    if ask.focus.is_some() {
        return ask.reached(&ask.starts(side), side);
    }
    let starts = numbers(side, marked);
    let up = Ask { up: ask.up, down: false, depth: Some(ask.depth.unwrap_or(1)), focus: None };
    let down = Ask { up: false, down: ask.down, depth: ask.depth, focus: None };
    let mut chosen = up.reached(&starts, side);
    for (id, columns) in down.reached(&starts, side) {
        chosen.entry(id).or_default().extend(columns);
    }
    for id in &marked.rows {
        let readers = if ask.down { side.downstream(id) } else { BTreeSet::new() };
        for id in readers.into_iter().chain([id.as_str()]) {
            chosen.entry(id.to_owned()).or_default();
        }
    }
    chosen
}

/// Puts both sides of a relation into one: what is only on base is marked as removed.
fn merge(now: &mut Relation, before: &Relation) {
    for column in &mut now.columns {
        let Some(old) = before.columns.iter().find(|c| c.name.eq_ignore_ascii_case(&column.name)) else { continue };
        let same = |a: &Source, b: &Source| {
            a.relation == b.relation && a.column.eq_ignore_ascii_case(&b.column) && a.role == b.role
        };
        let gone: Vec<Source> = old.from.iter().filter(|o| !column.from.iter().any(|s| same(s, o))).cloned().collect();
        for source in &mut column.from {
            source.status = (!old.from.iter().any(|o| same(o, source))).then_some(Status::Added);
        }
        column.from.extend(gone.into_iter().map(|s| Source { status: Some(Status::Removed), line: None, ..s }));
        column.sql_before = old.sql.clone().filter(|sql| Some(sql) != column.sql.as_ref());
    }
    for old in &before.columns {
        if !now.columns.iter().any(|c| c.name.eq_ignore_ascii_case(&old.name)) {
            now.columns.push(removed(old.clone()));
        }
    }
}

fn removed(mut column: Column) -> Column {
    column.status = Some(Status::Removed);
    column.sql_before = column.sql.take();
    column.line = None;
    for source in &mut column.from {
        (source.status, source.line) = (Some(Status::Removed), None);
    }
    column
}

fn all_new(relation: &mut Relation) {
    relation.status = Some(Status::Added);
    for column in &mut relation.columns {
        column.status = Some(Status::Added);
        column.from.iter_mut().for_each(|s| s.status = Some(Status::Added));
    }
}

fn all_gone(relation: &mut Relation) {
    relation.status = Some(Status::Removed);
    relation.columns = std::mem::take(&mut relation.columns).into_iter().map(removed).collect();
}

/// Adds what the gate says. A removed column of the merge that the gate does not tell of was only not asked for.
fn say(relation: &mut Relation, found: Option<&Result<Vec<Finding>, String>>) {
    let findings = match found {
        Some(Ok(findings)) => findings.as_slice(),
        Some(Err(reason)) => {
            relation.problem.get_or_insert_with(|| reason.clone());
            relation.status.get_or_insert(Status::Changed);
            &[]
        }
        None => &[],
    };
    for finding in findings {
        let change = Change {
            rule: finding.rule.clone(),
            message: finding.message.clone(),
            line: finding.location.as_ref().map(|l| l.line).filter(|line| *line > 0),
        };
        let column = finding
            .column
            .as_ref()
            .and_then(|name| relation.columns.iter_mut().find(|c| c.name.eq_ignore_ascii_case(name)));
        match (column, &finding.column) {
            (Some(column), _) => {
                let status = if finding.rule.ends_with("/added") { Status::Added } else { Status::Changed };
                column.status.get_or_insert(status);
                column.changes.push(change);
            }
            (None, None) => relation.changes.push(change),
            (None, Some(_)) => {}
        }
    }
    if relation.columns.iter().any(|c| c.status.is_some()) || !relation.changes.is_empty() {
        relation.status.get_or_insert(Status::Changed);
    }
    // Where the gate finds nothing, other text says the same: there is nothing to compare.
    for column in relation.columns.iter_mut().filter(|c| c.status.is_none()) {
        column.sql_before = None;
    }
}

/// What the changed columns reach on either side, by name.
fn impact(base: &Bound, head: &Bound, on_base: &Marked, on_head: &Marked) -> Reached {
    let mut all = [(); 6].map(|()| BTreeSet::new());
    for (side, marked) in [(base, on_base), (head, on_head)] {
        let columns: Vec<ColumnId> = marked.columns.iter().cloned().collect();
        let impact = side.graph().impact(&columns, &marked.rows, side);
        all[0].extend(impact.columns.iter().map(|(id, column)| format!("{}.{column}", side.display_name(id))));
        all[1].extend(impact.models.iter().map(|id| side.display_name(id)));
        all[2].extend(impact.rows.iter().map(|id| side.display_name(id)));
        all[3].extend(impact.exposures);
        all[5].extend(impact.metrics);
        let tests = impact.tests.iter().filter_map(|id| side.project.tests.get(id));
        all[4].extend(tests.map(|test| {
            let on = test.attached.as_ref().map(|id| format!(" on {}", side.display_name(id))).unwrap_or_default();
            format!("{}{on}", test.name)
        }));
    }
    let [columns, models, rows, exposures, tests, metrics] =
        all.map(|names| names.into_iter().collect::<Vec<String>>());
    Reached {
        rows: rows.into_iter().filter(|name| !models.contains(name)).collect(),
        columns,
        models,
        exposures,
        metrics,
        tests,
    }
}
