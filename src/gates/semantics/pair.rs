//! What base said and head does not: filters, joins, keys of groups, aggregates.

mod columns;
mod filters;
mod joins;

use super::{Defect, Reading};
use crate::sql::Span;
use crate::sql::outline::{BlockId, Body, Of, Outline, canonical, text};
use std::collections::BTreeSet;

/// Everything that only a comparison of both sides shows.
pub(super) fn look(before: &Reading<'_>, now: &Reading<'_>) -> Vec<Defect> {
    let mut found = filters::filters(before, now);
    found.extend(super::fan_out::new_joins(before, now));
    found.extend(joins::joins(before, now));
    found.extend(groups(before, now));
    found.extend(columns::columns(before, now));
    found.extend(unions(before, now));
    found.extend(distinct(before, now));
    found
}

/// The base relations under a block, as a name for it.
fn relations_of(outline: &Outline, block: BlockId) -> String {
    let mut ids = BTreeSet::new();
    let mut open = vec![block];
    let mut seen = BTreeSet::new();
    while let Some(next) = open.pop() {
        if !seen.insert(next) {
            continue;
        }
        match &outline.blocks[next].body {
            Body::Select(select) => select.sources.iter().for_each(|source| match &source.of {
                Of::Base(id) => {
                    ids.insert(id.clone());
                }
                Of::Block(inner) => open.push(*inner),
                Of::Made => {}
            }),
            Body::Set { arms, .. } => open.extend(arms),
            Body::Opaque(_) => {}
        }
    }
    ids.into_iter().collect::<Vec<_>>().join("+")
}

/// GROUP BY keys of blocks that fold the same relations.
fn groups(before: &Reading<'_>, now: &Reading<'_>) -> Vec<Defect> {
    let of = |reading: &Reading<'_>| -> Vec<(String, BTreeSet<String>, Span, Vec<String>)> {
        let outline = &reading.outline;
        let selects = outline.selects().filter_map(|(block, select)| {
            let keys = select.group.as_ref()?;
            let names = keys.iter().map(|key| canonical(outline, block, key)).collect();
            let shown = keys.iter().map(|key| text(select, key)).collect();
            Some((relations_of(outline, block), names, select.span, shown))
        });
        selects.collect()
    };
    let (old, new) = (of(before), of(now));
    let mut found = Vec::new();
    let mut left: Vec<_> =
        old.into_iter().filter(|one| !new.iter().any(|other| other.0 == one.0 && other.1 == one.1)).collect();
    for (relations, keys, span, names) in &new {
        if left.is_empty() {
            break;
        }
        let Some(at) = left.iter().position(|one| one.0 == *relations && one.1 != *keys) else { continue };
        let was = left.remove(at);
        let list = |names: &[String]| if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
        let message = format!(
            "grouped by {} where base groups by {}: a row stands for something else",
            list(names),
            list(&was.3)
        );
        let help = "every sum downstream changes: make a new model for a new grain, or restore the keys";
        found.push(Defect::new("group-keys-changed", *span, message, help));
    }
    found
}

/// UNION against UNION ALL, and arms that are gone or new.
fn unions(before: &Reading<'_>, now: &Reading<'_>) -> Vec<Defect> {
    type Union = (&'static str, bool, Vec<String>, Span);
    let of = |reading: &Reading<'_>| -> Vec<Union> {
        let outline = &reading.outline;
        let sets = outline.blocks.iter().filter_map(|block| match &block.body {
            Body::Set { operator, all, arms, span } => {
                Some((*operator, *all, arms.iter().map(|arm| relations_of(outline, *arm)).collect(), *span))
            }
            _ => None,
        });
        sets.collect()
    };
    let (old, new) = (of(before), of(now));
    if old.len() != new.len() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (was, is) in old.iter().zip(&new) {
        let word = |one: &Union| format!("{}{}", one.0.to_uppercase(), if one.1 { " ALL" } else { "" });
        if (was.0, was.1) != (is.0, is.1) {
            let what = match (was.1, is.1) {
                (true, false) => "rows that are alike are merged into one",
                (false, true) => "rows that are alike stay, and count more than once",
                _ => "other rows stay",
            };
            let message = format!("{} has become {}: {what}", word(was), word(is));
            found.push(Defect::new(
                "union-changed",
                is.3,
                message,
                "restore it unless that is what the model should do",
            ));
        } else if was.2.len() > is.2.len() {
            let message = format!(
                "the {} has {} arms where base has {}: rows of one are gone",
                word(is),
                is.2.len(),
                was.2.len()
            );
            found.push(Defect::new(
                "union-changed",
                is.3,
                message,
                "restore the arm, or say why its rows no longer belong",
            ));
        }
    }
    found
}

/// DISTINCT that base did not have.
fn distinct(before: &Reading<'_>, now: &Reading<'_>) -> Vec<Defect> {
    let count =
        |reading: &Reading<'_>| reading.outline.selects().filter(|(_, select)| select.distinct.is_some()).count();
    if count(now) <= count(before) {
        return Vec::new();
    }
    let was = before.outline.selects().map(|(_, select)| select.distinct.is_some());
    let mut found = Vec::new();
    let mut old = was.collect::<Vec<_>>().into_iter();
    for (_, select) in now.outline.selects() {
        let had = old.next().unwrap_or(false);
        let plain = select.distinct.as_ref().is_some_and(|distinct| distinct.on.is_none());
        // A list of different keys is what DISTINCT is for.
        let list = select.items.len() == 1 && select.sources.len() == 1;
        if plain && !had && !list {
            let message = "DISTINCT is new: it hides repeated rows instead of removing their cause";
            let help = "find the join that repeats rows (its key is not unique on one side) and mend it";
            found.push(Defect::new("distinct-band-aid", select.span, message, help).warning());
            break;
        }
    }
    found
}
