//! Joins of both sides by the relation that they bring in.

use super::relations_of;
use crate::gates::semantics::{Defect, Reading};
use crate::sql::Span;
use crate::sql::outline::{BlockId, Kind, Node, Of, Outline, canonical, text};
use std::collections::{BTreeMap, BTreeSet};

/// A join, by the relation that it brings in.
struct Joined<'a> {
    kind: &'static str,
    on: BTreeSet<String>,
    span: Span,
    alias: &'a str,
    shown: Vec<String>,
}

fn joined<'a>(reading: &'a Reading<'_>) -> BTreeMap<String, Vec<Joined<'a>>> {
    let mut found: BTreeMap<String, Vec<Joined<'_>>> = BTreeMap::new();
    for (block, select) in reading.outline.selects() {
        for source in &select.sources {
            let Some(join) = &source.join else { continue };
            let name = match &source.of {
                Of::Base(id) => id.clone(),
                Of::Block(inner) => relations_of(&reading.outline, *inner),
                Of::Made => continue,
            };
            let mut on: BTreeSet<String> = BTreeSet::new();
            // What an inner join asks of one side only is a filter, and told as one.
            let ties = |node: &&Node| {
                let read: BTreeSet<usize> = node.columns().into_iter().map(|(source, _)| source).collect();
                join.kind != "inner" || read.len() > 1
            };
            for node in join.on.iter().filter(ties) {
                on.insert(either_way(&reading.outline, block, node));
            }
            let span = if join.span.known() { join.span } else { source.span };
            let shown = join.on.iter().filter(ties).map(|node| text(select, node)).collect();
            found.entry(name).or_default().push(Joined { kind: join.kind, on, span, alias: &source.alias, shown });
        }
    }
    found
}

/// Every condition of WHERE and ON, whatever the clause.
fn all_conditions(reading: &Reading<'_>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (block, select) in reading.outline.selects() {
        let on = select.sources.iter().filter_map(|source| source.join.as_ref()).flat_map(|join| &join.on);
        found.extend(select.filters.iter().chain(on).map(|node| either_way(&reading.outline, block, node)));
    }
    found
}

/// An equality reads the same from both ends.
fn either_way(outline: &Outline, block: BlockId, node: &Node) -> String {
    match &node.kind {
        Kind::Binary { operator, left, right } if operator == "=" => {
            let mut sides = [canonical(outline, block, left), canonical(outline, block, right)];
            sides.sort();
            sides.join(" = ")
        }
        _ => canonical(outline, block, node),
    }
}

pub(super) fn joins(before: &Reading<'_>, now: &Reading<'_>) -> Vec<Defect> {
    let (old, new) = (joined(before), joined(now));
    let (all_old, all_new) = (all_conditions(before), all_conditions(now));
    let mut found = Vec::new();
    for (relation, joins) in &new {
        let Some(earlier) = old.get(relation).filter(|earlier| earlier.len() == joins.len()) else { continue };
        for (was, is) in earlier.iter().zip(joins) {
            if matches!(was.kind, "left" | "right" | "full") && is.kind == "inner" {
                let message = format!(
                    "the {} join of `{}` is an inner join now: rows without a match are dropped",
                    was.kind, is.alias
                );
                let help =
                    format!("write `{} join` again, or filter the rows that should go by what makes them go", was.kind);
                found.push(Defect::new("outer-join-made-inner", is.span, message, help));
            }
            let lost = was.on.difference(&is.on).any(|one| !all_new.contains(one));
            let gained = is.on.difference(&was.on).any(|one| !all_old.contains(one));
            if (lost || gained) && !was.on.is_empty() && is.kind != "cross" {
                let message =
                    format!("`{}` was joined on {} and is joined on {}", is.alias, shown(&was.shown), shown(&is.shown));
                let help = "check that the columns mean the same thing on both sides, and that one row still meets one";
                found.push(Defect::new("join-condition-changed", is.span, message, help));
            }
        }
    }
    found
}

fn shown(conditions: &[String]) -> String {
    if conditions.is_empty() { "nothing".to_owned() } else { conditions.join(" and ") }
}
