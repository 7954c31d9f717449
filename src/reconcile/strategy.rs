//! The stages of a comparison, from the cheapest to the one that says everything.

use super::Options;
use super::grammar::Grammar;
use super::key::{self, Found, KeyOrigin, numbers};
use super::keyed::{Join, Part, apart, keyed};
use super::reading::Reading;
use super::repeats;
use super::result::{ColumnResult, Mode, Reconciliation};
use super::schema::{Pair, SchemaDifference, align, columns};
use super::sql::{Side, fingerprints, sides};
use crate::engine::Engine;
use anyhow::{Context, Result, bail};

/// Above this share of differing buckets a join over everything is cheaper than one over a list of buckets.
const FEW: f64 = 0.25;

/// Compares `candidate` with `reference`: texts that can stand after FROM (a relation's name, a query in brackets).
///
/// # Errors
/// A relation that cannot be read, an option that names an unknown column, or nothing that can be compared.
pub fn compare(engine: &dyn Engine, reference: &str, candidate: &str, options: &Options) -> Result<Reconciliation> {
    let left = columns(engine, reference).context("the reference cannot be read")?;
    let right = columns(engine, candidate).context("the candidate cannot be read")?;
    let grammar = Grammar::of(engine.dialect());
    let (schema, pairs) = align(&left, &right, options, grammar)?;
    if pairs.is_empty() {
        bail!("the two relations have no column that can be compared");
    }
    let both = sides(reference, candidate);
    let given = options.key.as_ref().map(|key| super::schema::key_pairs(&pairs, key)).transpose()?;
    let declared = || options.key_candidates.iter().find_map(|key| super::schema::key_pairs(&pairs, key).ok());
    // Whether it names each row once shows in the join itself: counting first would cost more than all the rest.
    let tried = given.or_else(declared);
    let bucket_key = tried.clone().unwrap_or_else(|| (0..pairs.len()).collect());
    let scan = scan(engine, &Join { pairs: &pairs, key: &bucket_key, sides: &both }, |_| true)?;
    let mut result = start(schema, &pairs, options, scan.rows[0], scan.rows[1]);
    if scan.differing == 0 {
        result.rows_equal = result.rows_reference;
        return Ok(result);
    }
    if let Some(key) = tried {
        let join = Join { pairs: &pairs, key: &key, sides: &both };
        if by_key(engine, &join, &scan, options, &mut result)? {
            result.key_origin = Some(if options.key.is_some() { KeyOrigin::Given } else { KeyOrigin::Declared });
            return Ok(result);
        }
    }
    let found = key::find(engine, &both, &pairs, options)?;
    if let Some(Found { key, origin, duplicates }) = found {
        result.key_origin = Some(origin);
        result.duplicates = duplicates;
        if result.duplicates.is_none() {
            let join = Join { pairs: &pairs, key: &key, sides: &both };
            let scan = if key == bucket_key { scan } else { rescan(engine, &join, scan)? };
            if !by_key(engine, &join, &scan, options, &mut result)? {
                bail!("the join by key does not account for every row; the relations change while they are read");
            }
            return Ok(result);
        }
        if result.duplicates.as_ref().is_some_and(repeats::only_the_candidate) {
            repeats::first_rows(engine, &pairs, &key, [reference, candidate], options, &mut result)?;
            return Ok(result);
        }
        result.notes.push(
            "the key does not name each row once: rows are compared as a whole, each as often as it stands there"
                .into(),
        );
    } else {
        result.notes.push(
            "no set of columns names each row once: rows are compared as a whole, each as often as it stands there"
                .into(),
        );
    }
    if pairs.iter().any(|p| p.tolerance.is_some()) {
        let note = "a tolerance needs a unique key to match rows by: values are compared exactly";
        result.notes.push(note.into());
    }
    repeats::whole_rows(engine, &pairs, &both, &mut result)?;
    Ok(result)
}

pub(super) fn start(
    schema: SchemaDifference,
    pairs: &[Pair],
    options: &Options,
    reference: u64,
    candidate: u64,
) -> Reconciliation {
    let apart = schema.types.iter().filter(|t| !t.compared).count();
    Reconciliation {
        rows_reference: reference,
        rows_candidate: candidate,
        rows_equal: 0,
        rows_differing: 0,
        rows_missing: 0,
        rows_unexpected: 0,
        columns_expected: (pairs.len() + schema.missing.len() + apart) as u64,
        schema,
        columns: pairs.iter().map(unchanged).collect(),
        key: Vec::new(),
        key_origin: None,
        duplicates: None,
        mode: Mode::Fingerprint,
        tolerance: options.tolerance,
        missing_sample: Vec::new(),
        unexpected_sample: Vec::new(),
        clues: Vec::new(),
        notes: Vec::new(),
        across: None,
    }
}

fn unchanged(pair: &Pair) -> ColumnResult {
    ColumnResult {
        name: pair.name.clone(),
        differing: 0,
        null_against_value: 0,
        max_absolute: pair.numbers.as_ref().map(|_| 0.0),
        max_relative: pair.numbers.as_ref().map(|_| 0.0),
        tolerance: pair.tolerance.map(|(relative, _)| relative),
        sample: Vec::new(),
    }
}

/// Compares by key what the fingerprints leave open. Gives whether the key names each row once.
fn by_key(
    engine: &dyn Engine,
    join: &Join<'_>,
    scanned: &Fingerprints,
    options: &Options,
    result: &mut Reconciliation,
) -> Result<bool> {
    let part = scanned.part();
    let near = |pair: &Pair| pair.tolerance.is_some();
    let hashed = Grammar::of(engine.dialect()).hashes();
    if part.buckets.is_none() && hashed && join.pairs.iter().any(near) {
        // Noise within the tolerance makes every row another one. What is exact is mostly untouched by it, which one
        // more scan shows, and then need not be carried through the join.
        let exact = scan(engine, join, |pair| !near(pair))?;
        if exact.rows != scanned.rows {
            bail!("the relations change while they are read");
        }
        if exact.few() {
            let part = (exact.differing > 0).then(|| exact.part());
            return apart(engine, join, scanned.rows, part, options, result);
        }
    }
    keyed(engine, join, part, options, result)
}

/// What one scan of each side says.
struct Fingerprints {
    rows: [u64; 2],
    buckets: u64,
    differing: u64,
    /// Rows of each side in the buckets that differ.
    rows_differing: [u64; 2],
    /// The buckets that differ, with commas.
    list: String,
}

impl Fingerprints {
    /// Whether few enough differ, or none, to look at those alone.
    fn few(&self) -> bool {
        self.differing == 0 || !self.list.is_empty() && (self.differing as f64) <= FEW * self.buckets as f64
    }

    /// What is left to join.
    fn part(&self) -> Part<'_> {
        match self.few() && !self.list.is_empty() {
            true => Part { buckets: Some(&self.list), rows: self.rows_differing },
            false => Part { buckets: None, rows: self.rows },
        }
    }
}

/// Fingerprints of the key and of the columns that are `meant`.
fn scan(engine: &dyn Engine, join: &Join<'_>, meant: impl Fn(&Pair) -> bool) -> Result<Fingerprints> {
    let grammar = Grammar::of(engine.dialect());
    if !grammar.hashes() {
        return counted(engine, join.sides);
    }
    let rest = (0..join.pairs.len()).filter(|i| !join.key.contains(i) && meant(&join.pairs[*i]));
    let rows = engine.plain(&fingerprints(join, &rest.collect::<Vec<_>>(), grammar))?;
    let [row] = rows.as_slice() else { bail!("the fingerprints gave {} rows", rows.len()) };
    let mut cells = Reading::of(row);
    let rows = [cells.count()?, cells.count()?];
    let (buckets, differing) = (cells.count()?, cells.count()?);
    let rows_differing = [cells.count()?, cells.count()?];
    Ok(Fingerprints { rows, buckets, differing, rows_differing, list: cells.text()?.unwrap_or_default().to_owned() })
}

/// Where rows cannot be hashed, every bucket may differ.
fn counted(engine: &dyn Engine, sides: &[Side<'_>; 2]) -> Result<Fingerprints> {
    let count = |side: &Side<'_>| {
        Ok::<_, anyhow::Error>(numbers(engine, &format!("select count(*) from {} as t", side.from))?[0])
    };
    let rows = [count(&sides[0])?, count(&sides[1])?];
    let any = u64::from(rows != [0, 0]);
    Ok(Fingerprints { rows, buckets: any, differing: any, rows_differing: rows, list: String::new() })
}

/// Fingerprints again, by a key that was found in the meantime, where that is likely to leave few buckets to join.
fn rescan(engine: &dyn Engine, join: &Join<'_>, first: Fingerprints) -> Result<Fingerprints> {
    // A changed row changes two buckets of whole rows, and one of keys.
    if first.differing as f64 > 2.0 * FEW * first.buckets as f64 {
        return Ok(Fingerprints { differing: first.buckets, list: String::new(), ..first });
    }
    scan(engine, join, |_| true)
}
