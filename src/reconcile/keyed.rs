//! Rows matched by key: what differs in each column, in as few passes as the engine allows.

use super::Options;
use super::pass::{Counts, Pass, Scope};
use super::result::{Mode, Reconciliation};
use super::schema::Pair;
use super::sql::Side;
use crate::engine::Engine;
use anyhow::{Result, bail};

/// What is joined.
pub struct Join<'a> {
    /// All compared columns, the key's included.
    pub pairs: &'a [Pair],
    /// Indexes of the key's.
    pub key: &'a [usize],
    /// Both relations.
    pub sides: &'a [Side<'a>; 2],
}

/// How much of it.
#[derive(Clone, Copy)]
pub struct Part<'a> {
    /// Buckets with commas; `None`: everything.
    pub buckets: Option<&'a str>,
    /// Rows of each side in it.
    pub rows: [u64; 2],
}

/// Compares the rows of `part` by key. Gives whether the key names each of them once: if not, the result is as it was.
///
/// # Errors
/// The engine's message.
pub fn keyed(
    engine: &dyn Engine,
    what: &Join<'_>,
    part: Part<'_>,
    options: &Options,
    result: &mut Reconciliation,
) -> Result<bool> {
    let compared: Vec<usize> = (0..what.pairs.len()).filter(|i| !what.key.contains(i)).collect();
    let pass = Pass::new(engine, what, part, Scope { compared: &compared, ..Scope::default() })?;
    let counts = pass.counts()?;
    if !counts.whole(part) {
        return Ok(false);
    }
    matched(what, &counts, result);
    columns(what, &compared, &counts, result);
    if counts.missing + counts.unexpected + counts.differing > 0 {
        pass.details(true, options, result)?;
    }
    Ok(true)
}

/// As [`keyed`] over all rows (`rows` of each side), where only columns with a tolerance differ nearly everywhere: those
/// alone are joined over everything, the others over the buckets in which their fingerprints differ (`None`: in none).
///
/// # Errors
/// The engine's message.
pub fn apart(
    engine: &dyn Engine,
    what: &Join<'_>,
    rows: [u64; 2],
    exact: Option<Part<'_>>,
    options: &Options,
    result: &mut Reconciliation,
) -> Result<bool> {
    let everything = Part { buckets: None, rows };
    let (near, others): (Vec<usize>, Vec<usize>) =
        (0..what.pairs.len()).filter(|i| !what.key.contains(i)).partition(|&i| what.pairs[i].tolerance.is_some());
    let pass = Pass::new(engine, what, everything, Scope { compared: &near, ..Scope::default() })?;
    let counts = pass.counts()?;
    if !counts.whole(everything) {
        return Ok(false);
    }
    matched(what, &counts, result);
    columns(what, &near, &counts, result);
    if counts.missing + counts.unexpected + counts.differing > 0 {
        pass.details(true, options, result)?;
    }
    let Some(part) = exact else { return Ok(true) };
    let pass = Pass::new(engine, what, part, Scope { compared: &others, elsewhere: &near })?;
    let counts = pass.counts()?;
    if !counts.whole(part) {
        bail!("the join by key does not account for every row; the relations change while they are read");
    }
    result.rows_differing += counts.differing;
    result.rows_equal = result.rows_equal.saturating_sub(counts.differing);
    columns(what, &others, &counts, result);
    if counts.columns.iter().any(|&(differing, _)| differing > 0) {
        pass.details(false, options, result)?;
    }
    Ok(true)
}

fn matched(what: &Join<'_>, counts: &Counts, result: &mut Reconciliation) {
    result.mode = Mode::Keyed;
    result.key = what.key.iter().map(|&i| what.pairs[i].name.clone()).collect();
    (result.rows_missing, result.rows_unexpected) = (counts.missing, counts.unexpected);
    result.rows_differing = counts.differing;
    result.rows_equal = result.rows_reference.saturating_sub(counts.missing + counts.differing);
}

fn columns(what: &Join<'_>, compared: &[usize], counts: &Counts, result: &mut Reconciliation) {
    for (&i, &(differing, absolute)) in compared.iter().zip(&counts.columns) {
        result.columns[i].differing = differing;
        if what.pairs[i].tolerance.is_some() {
            result.columns[i].max_absolute = absolute;
            // Not asked for in this pass.
            result.columns[i].max_relative = absolute.filter(|&gap| gap == 0.0);
        }
    }
}
