//! Comparison where a key does not name each row once.

use super::grammar::Grammar;
use super::key::numbers;
use super::keyed::{Join, Part, keyed};
use super::result::{Duplicates, Mode, Reconciliation};
use super::schema::Pair;
use super::sql::{Side, list, multiset, sides};
use super::{Options, thousands};
use crate::engine::Engine;
use anyhow::{Result, bail};

/// A join that multiplies rows leaves the reference's key intact.
pub(super) fn only_the_candidate(found: &Duplicates) -> bool {
    found.reference_keys == 0 && found.reference_nulls == 0 && found.candidate_nulls == 0
}

/// Rows matched by a key that the candidate repeats: the first row of each key is compared with the reference, every
/// further one is a row too many.
pub(super) fn first_rows(
    engine: &dyn Engine,
    pairs: &[Pair],
    key: &[usize],
    [reference, candidate]: [&str; 2],
    options: &Options,
    result: &mut Reconciliation,
) -> Result<()> {
    let all: Vec<usize> = (0..pairs.len()).collect();
    let (by, order) = (list(pairs, key, |p| p.candidate.clone()), list(pairs, &all, |p| p.candidate.clone()));
    let first = format!(
        "(select * from (select t.*, row_number() over (partition by {by} order by {order}) as rowproof_n \
         from {candidate} as t) as n where rowproof_n = 1)"
    );
    let rows = result.rows_candidate;
    result.rows_candidate = numbers(engine, &format!("select count(*) from {first} as t"))?[0];
    let further = rows.saturating_sub(result.rows_candidate);
    let part = Part { buckets: None, rows: [result.rows_reference, result.rows_candidate] };
    if !keyed(engine, &Join { pairs, key, sides: &sides(reference, &first) }, part, options, result)? {
        bail!("the first row of each key does not account for every row; the relations change while they are read");
    }
    result.rows_candidate = rows;
    result.rows_unexpected += further;
    result.notes.push(format!(
        "the candidate repeats keys: the first row of each is compared, {} further rows are not in the reference",
        thousands(further)
    ));
    Ok(())
}

/// Rows as a whole, each as often as it stands there.
pub(super) fn whole_rows(
    engine: &dyn Engine,
    pairs: &[Pair],
    sides: &[Side<'_>; 2],
    result: &mut Reconciliation,
) -> Result<()> {
    let all: Vec<usize> = (0..pairs.len()).collect();
    let surplus = |which: &[usize]| {
        let grammar = Grammar::of(engine.dialect());
        let sql = format!(
            "select {}, {} from ({}) as m",
            grammar.integer("coalesce(sum(case when d > 0 then d end), 0)"),
            grammar.integer("coalesce(-sum(case when d < 0 then d end), 0)"),
            multiset(pairs, which, sides)
        );
        let row = numbers(engine, &sql)?;
        Ok::<_, anyhow::Error>((row[0], row[1]))
    };
    result.mode = Mode::Multiset;
    (result.rows_missing, result.rows_unexpected) = surplus(&all)?;
    result.rows_equal = result.rows_reference.saturating_sub(result.rows_missing);
    for (i, column) in result.columns.iter_mut().enumerate() {
        let (left, right) = surplus(&[i])?;
        column.differing = left.max(right);
        (column.max_absolute, column.max_relative, column.tolerance) = (None, None, None);
    }
    Ok(())
}
