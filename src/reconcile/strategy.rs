//! The stages of a comparison, from the cheapest to the one that says everything.

use super::Options;
use super::grammar::Grammar;
use super::key::{self, Found, numbers};
use super::reading::Reading;
use super::repeats;
use super::result::{ColumnResult, Mode, Reconciliation};
use super::samples::{self, Shown};
use super::schema::{Pair, SchemaDifference, align, columns};
use super::sql::{BOTH, Joined, Side, fingerprints, join, joined, sides};
use crate::engine::Engine;
use anyhow::{Context, Result, bail};

/// Above this share of differing buckets a join over everything is cheaper than one over a list of buckets.
const FEW: f64 = 0.05;

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
    let bucket_key = given.unwrap_or_else(|| (0..pairs.len()).collect());
    let scan = scan(engine, &pairs, &bucket_key, &both)?;
    let mut result = start(schema, &pairs, options, scan.rows[0], scan.rows[1]);
    if scan.differing == 0 {
        result.rows_equal = result.rows_reference;
        return Ok(result);
    }
    let found = key::find(engine, &both, &pairs, options)?;
    if let Some(Found { key, origin, duplicates }) = found {
        result.key_origin = Some(origin);
        result.duplicates = duplicates;
        if result.duplicates.is_none() {
            let scan = if key == bucket_key { scan } else { rescan(engine, &pairs, &key, &both, scan)? };
            let few = (scan.differing as f64) <= FEW * scan.buckets as f64;
            keyed(engine, &pairs, &key, &both, few.then_some(scan.list.as_str()), options, &mut result)?;
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

fn start(
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
        notes: Vec::new(),
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

/// What one scan of each side says.
struct Fingerprints {
    rows: [u64; 2],
    buckets: u64,
    differing: u64,
    /// The buckets that differ, with commas.
    list: String,
}

fn scan(engine: &dyn Engine, pairs: &[Pair], key: &[usize], sides: &[Side<'_>; 2]) -> Result<Fingerprints> {
    let grammar = Grammar::of(engine.dialect());
    if !grammar.hashes() {
        return counted(engine, sides);
    }
    let rows = engine.query(&fingerprints(pairs, key, sides, grammar))?.rows;
    let [row] = rows.as_slice() else { bail!("the fingerprints gave {} rows", rows.len()) };
    let mut cells = Reading::of(row);
    let rows = [cells.count()?, cells.count()?];
    let (buckets, differing) = (cells.count()?, cells.count()?);
    Ok(Fingerprints { rows, buckets, differing, list: cells.text()?.unwrap_or_default().to_owned() })
}

/// Where rows cannot be hashed, every bucket may differ.
fn counted(engine: &dyn Engine, sides: &[Side<'_>; 2]) -> Result<Fingerprints> {
    let count = |side: &Side<'_>| {
        Ok::<_, anyhow::Error>(numbers(engine, &format!("select count(*) from {} as t", side.from))?[0])
    };
    let rows = [count(&sides[0])?, count(&sides[1])?];
    let any = u64::from(rows != [0, 0]);
    Ok(Fingerprints { rows, buckets: any, differing: any, list: String::new() })
}

/// Fingerprints again, by a key that was found in the meantime, where that is likely to leave few buckets to join.
fn rescan(
    engine: &dyn Engine,
    pairs: &[Pair],
    key: &[usize],
    sides: &[Side<'_>; 2],
    first: Fingerprints,
) -> Result<Fingerprints> {
    // A changed row changes two buckets of whole rows, and one of keys.
    if first.differing as f64 > 2.0 * FEW * first.buckets as f64 {
        return Ok(Fingerprints { differing: first.buckets, ..first });
    }
    scan(engine, pairs, key, sides)
}

/// Rows matched by key: every column in one pass.
pub(super) fn keyed(
    engine: &dyn Engine,
    pairs: &[Pair],
    key: &[usize],
    sides: &[Side<'_>; 2],
    buckets: Option<&str>,
    options: &Options,
    result: &mut Reconciliation,
) -> Result<()> {
    let grammar = Grammar::of(engine.dialect());
    let compared: Vec<usize> = (0..pairs.len()).filter(|i| !key.contains(i)).collect();
    let forms: Vec<Joined> = compared.iter().map(|&i| joined(&pairs[i], i, grammar)).collect();
    let from = join(pairs, key, sides, buckets, grammar);
    let shown = (grammar == Grammar::DuckDb).then(|| Shown::new(pairs, key, options));
    let sql = format!("select {} from {from}", items(pairs, &compared, &forms, shown.as_ref(), grammar).join(", "));
    let rows = engine.query(&sql)?.rows;
    let [row] = rows.as_slice() else { bail!("the comparison gave {} rows", rows.len()) };
    let mut cells = Reading::of(row);
    let (both, missing, unexpected) = (cells.count()?, cells.count()?, cells.count()?);
    let differing = cells.count()?;
    if shown.is_some() {
        (result.missing_sample, result.unexpected_sample) = (cells.keys()?, cells.keys()?);
    }
    for &i in &compared {
        let column = &mut result.columns[i];
        (column.differing, column.null_against_value) = (cells.count()?, cells.count()?);
        if pairs[i].numbers.is_some() {
            (column.max_absolute, column.max_relative) = (cells.number()?, cells.number()?);
        }
        if shown.is_some() {
            column.sample = cells.differences()?;
        }
    }
    if buckets.is_none() && (both + missing != result.rows_reference || both + unexpected != result.rows_candidate) {
        bail!("the join by key does not account for every row; the relations change while they are read");
    }
    result.mode = Mode::Keyed;
    result.key = key.iter().map(|&i| pairs[i].name.clone()).collect();
    (result.rows_missing, result.rows_unexpected, result.rows_differing) = (missing, unexpected, differing);
    result.rows_equal = result.rows_reference.saturating_sub(missing + differing);
    if shown.is_none() && missing + unexpected + differing > 0 {
        let comparison = samples::Comparison { pairs, key, compared: &compared, forms: &forms, from: &from };
        samples::fetch(engine, &comparison, options, result)?;
    }
    Ok(())
}

/// What is asked of the join, in the order in which it is read.
fn items(pairs: &[Pair], compared: &[usize], forms: &[Joined], shown: Option<&Shown>, grammar: Grammar) -> Vec<String> {
    let all = forms.iter().map(|f| f.equal.as_str()).collect::<Vec<_>>().join(" and ");
    let unequal = if all.is_empty() { "1 = 0".to_owned() } else { format!("{BOTH} and not ({all})") };
    let mut items = vec![
        grammar.count_if(BOTH),
        grammar.count_if("r.p is null"),
        grammar.count_if("l.p is null"),
        grammar.count_if(&unequal),
    ];
    if let Some(shown) = shown {
        items.extend([shown.rows("r.p is null"), shown.rows("l.p is null")]);
    }
    for (&i, form) in compared.iter().zip(forms) {
        let nulls = format!(
            "{} and ((l.v{i} is null and r.v{i} is not null) or (l.v{i} is not null and r.v{i} is null))",
            form.differs
        );
        items.extend([grammar.count_if(&form.differs), grammar.count_if(&nulls)]);
        items.extend([&form.absolute, &form.relative].into_iter().flatten().map(|x| grammar.max_if(x, BOTH)));
        items.extend(shown.map(|shown| shown.cells(pairs, i, &form.differs)));
    }
    items
}
