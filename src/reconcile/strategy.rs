//! The stages of a comparison, from the cheapest to the one that says everything.

use super::Options;
use super::key::{self, Found};
use super::repeats;
use super::result::{CellDifference, ColumnResult, KeySample, MASK, Mode, Reconciliation};
use super::schema::{Pair, SchemaDifference, align, columns};
use super::sql::{Side, fingerprints, join, joined, sides};
use crate::engine::{Cell, Engine, literal, quoted};
use anyhow::{Context, Result, bail};
use std::collections::BTreeSet;

/// Above this share of differing buckets a join over everything is cheaper than one over a list of buckets.
const FEW: f64 = 0.05;

/// Compares `candidate` with `reference`: texts that can stand after FROM (a relation's name, a query in brackets).
///
/// # Errors
/// A relation that cannot be read, an option that names an unknown column, or nothing that can be compared.
pub fn compare(engine: &dyn Engine, reference: &str, candidate: &str, options: &Options) -> Result<Reconciliation> {
    let left = columns(engine, reference).context("the reference cannot be read")?;
    let right = columns(engine, candidate).context("the candidate cannot be read")?;
    let (schema, pairs) = align(&left, &right, options)?;
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
    let rows = engine.query(&fingerprints(pairs, key, sides))?.rows;
    let [row] = rows.as_slice() else { bail!("the fingerprints gave {} rows", rows.len()) };
    let mut cells = Reading(row.iter());
    let rows = [cells.count()?, cells.count()?];
    let (buckets, differing) = (cells.count()?, cells.count()?);
    Ok(Fingerprints { rows, buckets, differing, list: cells.text()?.unwrap_or_default().to_owned() })
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
    let compared: Vec<usize> = (0..pairs.len()).filter(|i| !key.contains(i)).collect();
    let shown = Shown::new(pairs, key, options);
    let mut items = vec![
        "count(*) filter (l.p and r.p)".to_owned(),
        "count(*) filter (r.p is null)".to_owned(),
        "count(*) filter (l.p is null)".to_owned(),
        shown.rows("r.p is null"),
        shown.rows("l.p is null"),
    ];
    let forms: Vec<_> = compared.iter().map(|&i| joined(&pairs[i], i)).collect();
    let all = forms.iter().map(|f| f.equal.as_str()).collect::<Vec<_>>().join(" and ");
    let all = if all.is_empty() { "true".to_owned() } else { all };
    items.push(format!("count(*) filter (l.p and r.p and not ({all}))"));
    for (&i, form) in compared.iter().zip(&forms) {
        let differs = &form.differs;
        let none = "cast(null as double)".to_owned();
        let largest =
            |x: &Option<String>| x.as_ref().map_or(none.clone(), |x| format!("max({x}) filter (l.p and r.p)"));
        items.push(format!("count(*) filter (where {differs})"));
        items.push(format!("count(*) filter (where {differs} and (l.v{i} is null) <> (r.v{i} is null))"));
        items.push(largest(&form.absolute));
        items.push(largest(&form.relative));
        items.push(shown.cells(pairs, i, differs));
    }
    let sql = format!("select {} from {}", items.join(", "), join(pairs, key, sides, buckets));
    let rows = engine.query(&sql)?.rows;
    let [row] = rows.as_slice() else { bail!("the comparison gave {} rows", rows.len()) };
    let mut cells = Reading(row.iter());
    let (both, missing, unexpected) = (cells.count()?, cells.count()?, cells.count()?);
    (result.missing_sample, result.unexpected_sample) = (cells.keys()?, cells.keys()?);
    let differing = cells.count()?;
    for i in compared {
        let column = &mut result.columns[i];
        (column.differing, column.null_against_value) = (cells.count()?, cells.count()?);
        if pairs[i].numbers.is_some() {
            (column.max_absolute, column.max_relative) = (cells.number()?, cells.number()?);
        } else {
            cells.number()?;
            cells.number()?;
        }
        column.sample = cells.differences()?;
    }
    if buckets.is_none() && (both + missing != result.rows_reference || both + unexpected != result.rows_candidate) {
        bail!("the join by key does not account for every row; the relations change while they are read");
    }
    result.mode = Mode::Keyed;
    result.key = key.iter().map(|&i| pairs[i].name.clone()).collect();
    (result.rows_missing, result.rows_unexpected, result.rows_differing) = (missing, unexpected, differing);
    result.rows_equal = result.rows_reference.saturating_sub(missing + differing);
    Ok(())
}

/// How differing rows are shown: their keys and values as text, without what is masked.
struct Shown {
    keys: String,
    order: String,
    masked: BTreeSet<String>,
    most: usize,
}

impl Shown {
    fn new(pairs: &[Pair], key: &[usize], options: &Options) -> Self {
        let masked = key::masked(options);
        let value = |n: usize, i: usize| match masked.contains(&pairs[i].name.to_lowercase()) {
            true => literal(MASK),
            false => format!("cast(coalesce(l.k{n}, r.k{n}) as varchar)"),
        };
        let keys = key.iter().enumerate().map(|(n, &i)| format!("{} := {}", quoted(&pairs[i].name), value(n, i)));
        let keys = format!("struct_pack({})", keys.collect::<Vec<_>>().join(", "));
        let order: Vec<String> = (0..key.len()).map(|n| format!("coalesce(l.k{n}, r.k{n})")).collect();
        Self { keys, order: format!("row({})", order.join(", ")), masked, most: options.sample }
    }

    fn smallest(&self, what: &str, filter: &str) -> String {
        match self.most {
            0 => "cast(null as varchar)".to_owned(),
            most => {
                format!("cast(to_json(arg_min({what}, {}, {most}) filter (where {filter})) as varchar)", self.order)
            }
        }
    }

    fn rows(&self, filter: &str) -> String {
        self.smallest(&self.keys, filter)
    }

    fn cells(&self, pairs: &[Pair], i: usize, filter: &str) -> String {
        let value = |side: &str| match self.masked.contains(&pairs[i].name.to_lowercase()) {
            true => literal(MASK),
            false => format!("cast({side}.v{i} as varchar)"),
        };
        let cell =
            format!("struct_pack(key := {}, reference := {}, candidate := {})", self.keys, value("l"), value("r"));
        self.smallest(&cell, filter)
    }
}

/// Reads the cells of the one row from left to right.
struct Reading<'a>(std::slice::Iter<'a, Cell>);

impl Reading<'_> {
    fn next(&mut self) -> Result<&Cell> {
        self.0.next().context("the comparison gave too few columns")
    }

    fn count(&mut self) -> Result<u64> {
        match self.next()? {
            Cell::Int(i) => Ok(u64::try_from(*i)?),
            other => bail!("a count gave {other}"),
        }
    }

    fn number(&mut self) -> Result<Option<f64>> {
        match self.next()? {
            Cell::Null => Ok(None),
            Cell::Float(x) => Ok(Some(*x)),
            other => bail!("a difference gave {other}"),
        }
    }

    fn text(&mut self) -> Result<Option<&str>> {
        match self.next()? {
            Cell::Null => Ok(None),
            Cell::Text(text) => Ok(Some(text)),
            other => bail!("a sample gave {other}"),
        }
    }

    fn keys(&mut self) -> Result<Vec<KeySample>> {
        self.text()?.map_or(Ok(Vec::new()), |text| Ok(serde_json::from_str(text)?))
    }

    fn differences(&mut self) -> Result<Vec<CellDifference>> {
        #[derive(serde::Deserialize)]
        struct Shown {
            key: KeySample,
            reference: Option<String>,
            candidate: Option<String>,
        }
        let shown: Vec<Shown> = self.text()?.map_or(Ok(Vec::new()), serde_json::from_str)?;
        Ok(shown
            .into_iter()
            .map(|s| CellDifference { key: s.key, reference: s.reference, candidate: s.candidate })
            .collect())
    }
}
