//! Why the row count changed: every difference of both versions is tried alone in the data, and named with what it does.

mod joins;
mod measure;
mod words;

use crate::engine::Side;
use crate::finding::Location;
use crate::gates::{Change, Context, Data};
use crate::sql::merge::{EditKind, Merge, Version};
use joins::Joins;
use measure::{Counter, Measured};
use words::Words;

/// Causes that a message names.
const NAMED: usize = 4;

/// What a cause does to the number of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Proven in the data: a join matches keys more than once, and did not on base.
    Multiplies,
    /// Proven in the data: so many rows more or fewer.
    Changes,
    /// It differs, and what it does could not be measured.
    Unknown,
}

/// One cause.
#[derive(Debug, Clone, PartialEq)]
pub struct Cause {
    /// What it does.
    pub effect: Effect,
    /// Rows that it alone brings or takes; `None`: not known.
    pub rows: Option<i64>,
    /// In words.
    pub text: String,
    /// Where in the model.
    pub place: Option<Location>,
}

/// The causes, those first that explain most of the difference.
pub fn explain(change: &Change<'_>, cx: &Context<'_>, data: &dyn Data, counts: (u64, u64)) -> Vec<Cause> {
    let unknown = |text: String| vec![Cause { effect: Effect::Unknown, rows: None, text, place: None }];
    match looked(change, cx, data, counts) {
        Ok(causes) if !causes.is_empty() => causes,
        Ok(_) => unknown("no difference of the model or of what it reads explains it".to_owned()),
        Err(error) => unknown(format!("the cause is not known ({error:#})")),
    }
}

fn looked(change: &Change<'_>, cx: &Context<'_>, data: &dyn Data, counts: (u64, u64)) -> anyhow::Result<Vec<Cause>> {
    let (Some(base), Some(head)) = (change.base, change.head) else { return Ok(Vec::new()) };
    let id = &change.unique_id;
    let (old, new) = (cx.analysis(Side::Base, id)?, cx.analysis(Side::Head, id)?);
    let text = |model: &crate::project::Model| model.compiled.as_ref().map(|c| c.sql.clone()).unwrap_or_default();
    let (before, now) = (text(base), text(head));
    let merge = Merge::new(
        Version { sql: &before, relations: &old.relations },
        Version { sql: &now, relations: &new.relations },
        cx.head.project.dialect,
    )?;
    let counter = Counter::new(&merge, data, counts);
    let measured = counter.all();
    let joins = Joins::new(old, new, data);
    let words = Words { base, head, merge: &merge, joins: &joins, cx, data };
    let total = i64::try_from(counts.1)? - i64::try_from(counts.0)?;
    Ok(ranked(measured, total, &words, &joins))
}

/// Causes in the order in which they explain the difference: those in its direction, by their rows; those that could not be
/// measured; those against it. What changes nothing is no cause.
fn ranked(measured: Vec<Measured>, total: i64, words: &Words<'_>, joins: &Joins<'_>) -> Vec<Cause> {
    let place = |one: &Measured| match one.rows() {
        Some(rows) if rows.signum() == total.signum() => (0, -rows.abs()),
        None => (1, 0),
        Some(rows) => (2, -rows.abs()),
    };
    let all_still = measured.iter().all(|one| one.rows() == Some(0));
    let mut kept: Vec<Measured> = measured.into_iter().filter(|one| all_still || one.rows() != Some(0)).collect();
    kept.sort_by_key(place);
    kept.truncate(NAMED);
    if all_still && kept.len() > 1 {
        // None does it alone: they do it together.
        let texts: Vec<String> = kept.iter().map(|one| words.of(one)).collect();
        let text = format!("together, and none alone: {}", texts.join("; "));
        return vec![Cause { effect: Effect::Unknown, rows: None, text, place: words.place(&kept[0]) }];
    }
    let mut causes: Vec<Cause> = kept.iter().map(|one| cause(one, words)).collect();
    // Keys that are no longer unique show at the join, whatever made them so.
    if let (Some(first), Some(more)) = (causes.first_mut(), joins.newly_repeated(words).filter(|_| total > 0))
        && !kept[0].is_join(words.merge)
        && first.rows.is_some_and(|rows| rows > 0)
    {
        first.text.push_str(&format!("; {more}"));
        first.effect = Effect::Multiplies;
    }
    causes
}

fn cause(one: &Measured, words: &Words<'_>) -> Cause {
    let rows = one.rows();
    let effect = match rows {
        None => Effect::Unknown,
        Some(rows) if rows > 0 && words.multiplies(one) => Effect::Multiplies,
        Some(_) => Effect::Changes,
    };
    Cause { effect, rows, text: words.of(one), place: words.place(one) }
}

/// Kinds that belong to one join.
fn of_join(kind: EditKind) -> bool {
    matches!(kind, EditKind::Join | EditKind::JoinKind | EditKind::On)
}
