//! Rows matched by key: what differs in each column, in as few passes as the engine allows.

use super::Options;
use super::clues::{self, Clue};
use super::grammar::Grammar;
use super::pass::{Counts, Pass, Scope};
use super::result::{Mode, Reconciliation};
use super::schema::Pair;
use super::sql::{BUCKETS, Side};
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
        match part.buckets {
            Some(_) => hint(clues::find(&pass, false, options, result), result),
            None => in_common(engine, what, part, options, result),
        }
    }
    Ok(true)
}

/// Rows of both sides that are looked at for what they have in common, where all of them may differ.
const LOOKED_AT: u64 = 500_000;

/// What the differing rows of `part` have in common; of a big one, those of some buckets.
fn in_common(engine: &dyn Engine, what: &Join<'_>, part: Part<'_>, options: &Options, result: &mut Reconciliation) {
    let compared: Vec<usize> = (0..what.pairs.len()).filter(|i| !what.key.contains(i)).collect();
    let scope = Scope { compared: &compared, ..Scope::default() };
    let rows = part.rows[0].saturating_add(part.rows[1]);
    let some = part.buckets.is_none() && rows > LOOKED_AT;
    if some && !Grammar::of(engine.dialect()).hashes() {
        return;
    }
    let buckets = if some { (BUCKETS * LOOKED_AT / rows).max(1) } else { 0 };
    let buckets = (0..buckets).map(|bucket| bucket.to_string()).collect::<Vec<_>>().join(",");
    let part = if some { Part { buckets: Some(&buckets), ..part } } else { part };
    let found = Pass::new(engine, what, part, scope).and_then(|pass| clues::find(&pass, some, options, result));
    hint(found, result);
}

/// What a cause may be is no part of the verdict: that it could not be asked for is a note.
fn hint(found: Result<Vec<Clue>>, result: &mut Reconciliation) {
    match found {
        Ok(clues) => result.clues = clues,
        Err(error) => result.notes.push(format!("what the differing rows have in common is not known: {error:#}")),
    }
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
    let near_differ = counts.missing + counts.unexpected + counts.differing > 0;
    let Some(part) = exact else {
        if near_differ {
            in_common(engine, what, everything, options, result);
        }
        return Ok(true);
    };
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
    in_common(engine, what, if near_differ { everything } else { part }, options, result);
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
