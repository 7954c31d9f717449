//! Two relations in two engines: both fingerprint their rows alike, and only the rows of buckets that differ travel, into a
//! DuckDB of our own, where they are compared as any two relations are.

use super::digest::{Bucket, Column, Half};
use super::grammar::Grammar;
use super::rendering::{Shared, shared};
use super::schema::{Pair, SchemaDifference, align, columns, key_pairs};
use super::strategy::{compare, start};
use super::{Options, Reconciliation, thousands};
use crate::engine::{DuckDb, Engine, Limits, Scratch};
use anyhow::{Context, Result, anyhow, bail};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Most rows of one side that are fetched.
const MOST: u64 = 2_000_000;

/// Most rows that one query of them asks for.
const CHUNK: u64 = 250_000;

/// What a reader must know of a comparison between two engines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Across {
    /// Dialect of the reference's engine.
    pub reference: String,
    /// Dialect of the candidate's.
    pub candidate: String,
    /// Buckets of rows; 0 where an engine cannot fingerprint them.
    pub buckets: u64,
    /// Buckets that differ.
    pub differing: u64,
    /// Rows that were fetched from each side.
    pub fetched: [u64; 2],
    /// How each column was compared.
    pub columns: Vec<Mapping>,
}

/// How the types of one column meet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mapping {
    /// Column, as the reference calls it.
    pub column: String,
    /// Type in the reference, in DuckDB's words.
    pub reference: String,
    /// Type in the candidate.
    pub candidate: String,
    /// As what its values are compared.
    pub compared_as: &'static str,
}

/// Compares relations of two engines, each given by its engine and what can stand after FROM there.
///
/// # Errors
/// As [`compare`]; or a column whose two types have nothing in common, or too many rows that would have to travel.
pub fn compare_across(
    reference: (&dyn Engine, &str),
    candidate: (&dyn Engine, &str),
    options: &Options,
) -> Result<Reconciliation> {
    let left = columns(reference.0, reference.1).context("the reference cannot be read")?;
    let right = columns(candidate.0, candidate.1).context("the candidate cannot be read")?;
    let (schema, pairs) = align(&left, &right, options, Grammar::DuckDb)?;
    if pairs.is_empty() {
        bail!("the two relations have no column that can be compared");
    }
    let met = meet(&pairs, &left, &right)?;
    let half = |(engine, from), of: &dyn Fn(&Met) -> (String, String)| (engine, from, met.iter().map(of).collect());
    let (l, r): (Owned<'_>, Owned<'_>) =
        (half(reference, &|m| m.reference.clone()), half(candidate, &|m| m.candidate.clone()));
    let halves = [half_of(&l, &met), half_of(&r, &met)];
    let key = match &options.key {
        Some(key) => key_pairs(&pairs, key)?,
        None => (0..pairs.len()).collect(),
    };
    let found = differing(&halves, &key)?;
    let mut across = Across {
        reference: reference.0.dialect().name().to_owned(),
        candidate: candidate.0.dialect().name().to_owned(),
        buckets: found.buckets,
        differing: found.rows.len() as u64,
        fetched: [0, 0],
        columns: met.iter().map(Met::told).collect(),
    };
    let mut result = start(schema.clone(), &pairs, options, found.total[0], found.total[1]);
    if found.rows.is_empty() && found.buckets > 0 {
        result.rows_equal = result.rows_reference;
        result.notes.push(note(&across));
        result.across = Some(across);
        return Ok(result);
    }
    let database = Fetched::new(&halves, &key, &met, &found)?;
    across.fetched = database.rows;
    let kept = Options { exclude: BTreeSet::new(), column_tolerance: named(options, &pairs), ..options.clone() };
    let part = compare(&database.engine, &database.tables[0], &database.tables[1], &kept)?;
    result = whole(part, schema, &pairs, found.total);
    result.notes.insert(0, note(&across));
    result.across = Some(across);
    Ok(result)
}

/// A column of both sides: name and type on each, and what they share.
struct Met {
    reference: (String, String),
    candidate: (String, String),
    shared: Shared,
}

impl Met {
    fn told(&self) -> Mapping {
        Mapping {
            column: self.reference.0.clone(),
            reference: self.reference.1.clone(),
            candidate: self.candidate.1.clone(),
            compared_as: self.shared.told(),
        }
    }
}

fn meet(pairs: &[Pair], left: &[(String, String)], right: &[(String, String)]) -> Result<Vec<Met>> {
    let find = |side: &[(String, String)], name: &str| {
        side.iter().find(|(column, _)| column.eq_ignore_ascii_case(name)).cloned()
    };
    pairs
        .iter()
        .map(|pair| {
            let (Some(reference), Some(candidate)) = (find(left, &pair.name), find(right, &pair.name)) else {
                bail!("column {} is not on both sides", pair.name);
            };
            let shared = shared(&reference.1, &candidate.1).ok_or_else(|| {
                anyhow!(
                    "column {}: {} of the reference and {} of the candidate have no form that both engines write alike; leave it out \
                     (--exclude {}), or cast it in a query",
                    pair.name, reference.1, candidate.1, pair.name
                )
            })?;
            Ok(Met { reference, candidate, shared })
        })
        .collect()
}

type Owned<'a> = (&'a dyn Engine, &'a str, Vec<(String, String)>);

fn half_of<'a>((engine, from, columns): &'a Owned<'a>, met: &[Met]) -> Half<'a> {
    let columns = columns.iter().zip(met);
    let columns = columns.map(|((name, data_type), met)| Column { name, data_type, shared: met.shared });
    Half { engine: *engine, from, columns: columns.collect() }
}

/// Which buckets differ.
struct Differing {
    /// Rows of each side in all.
    total: [u64; 2],
    buckets: u64,
    /// Rows of each side by bucket that differs.
    rows: BTreeMap<String, [u64; 2]>,
}

fn differing(halves: &[Half<'_>; 2], key: &[usize]) -> Result<Differing> {
    let [left, right] = halves;
    if !halves.iter().all(|half| Grammar::of(half.engine.dialect()).digests()) {
        let total = [left.count().context("the reference")?, right.count().context("the candidate")?];
        return Ok(Differing { total, buckets: 0, rows: BTreeMap::new() });
    }
    let (left, right) = rayon::join(|| left.buckets(key), || right.buckets(key));
    let (left, right) = (left.context("the reference")?, right.context("the candidate")?);
    let total = |side: &BTreeMap<String, Bucket>| side.values().map(|(rows, _)| rows).sum();
    let names: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
    let rows = |side: &BTreeMap<String, Bucket>, name: &String| side.get(name).map_or(0, |(rows, _)| *rows);
    let differ = names.iter().filter(|name| left.get(**name) != right.get(**name));
    let differ = differ.map(|name| ((*name).clone(), [rows(&left, name), rows(&right, name)]));
    Ok(Differing { total: [total(&left), total(&right)], buckets: names.len() as u64, rows: differ.collect() })
}

/// The rows of the buckets that differ, in a database of our own.
struct Fetched {
    engine: DuckDb,
    tables: [String; 2],
    rows: [u64; 2],
}

impl Fetched {
    fn new(halves: &[Half<'_>; 2], key: &[usize], met: &[Met], found: &Differing) -> Result<Self> {
        let mut scratch = Scratch::open(&[], Limits::default())?;
        let (mut raw, mut rows, mut shapes) = (Vec::new(), [0, 0], vec![Digits::default(); met.len()]);
        for (side, half) in halves.iter().enumerate() {
            let name = ["reference", "candidate"][side];
            let chunks = chunks(found, side).with_context(|| format!("the {name}"))?;
            let table = scratch.texts(name, met.len())?;
            for chunk in &chunks {
                let fetched = half.rows(key, chunk.as_ref()).with_context(|| format!("the {name}"))?;
                rows[side] += fetched.len() as u64;
                for row in &fetched {
                    for (shape, value) in shapes.iter_mut().zip(row) {
                        shape.see(value.as_deref());
                    }
                }
                scratch.append(&table, &fetched)?;
            }
            raw.push(table);
        }
        let mut tables = [String::new(), String::new()];
        for (side, table) in raw.iter().enumerate() {
            let items = met.iter().zip(&shapes).enumerate().map(|(i, (met, shape))| {
                let data_type = if side == 0 { &met.reference.1 } else { &met.candidate.1 };
                let value = met.shared.read(&format!("c{i}"), data_type, shape.decimal().as_deref());
                format!("{value} as {}", crate::engine::quoted(&met.reference.0))
            });
            let items = items.collect::<Vec<_>>().join(", ");
            tables[side] = scratch.derive("rows", &format!("(select {items} from {table}) as t"))?;
        }
        Ok(Self { engine: scratch.lock()?, tables, rows })
    }
}

/// The buckets of each query; `None`: everything at once.
fn chunks(found: &Differing, side: usize) -> Result<Vec<Option<BTreeSet<&str>>>> {
    let all = match found.buckets {
        0 => found.total[side],
        _ => found.rows.values().map(|rows| rows[side]).sum(),
    };
    if all > MOST {
        bail!(
            "{} rows would have to be fetched, {} at most are; compare a part of them (a query with a filter), leave columns out \
             that differ everywhere, or bring both sides into one engine",
            thousands(all),
            thousands(MOST)
        );
    }
    if found.buckets == 0 {
        return Ok(vec![None]);
    }
    let mut chunks: Vec<Option<BTreeSet<&str>>> = Vec::new();
    let (mut open, mut rows) = (BTreeSet::new(), 0);
    for (bucket, of) in found.rows.iter().filter(|(_, of)| of[side] > 0) {
        if rows + of[side] > CHUNK && !open.is_empty() {
            chunks.push(Some(std::mem::take(&mut open)));
            rows = 0;
        }
        open.insert(bucket.as_str());
        rows += of[side];
    }
    if !open.is_empty() {
        chunks.push(Some(open));
    }
    Ok(chunks)
}

/// How many digits the decimals of a column have that come without bounds.
#[derive(Clone, Default)]
struct Digits {
    whole: usize,
    scale: usize,
    other: bool,
}

impl Digits {
    fn see(&mut self, value: Option<&str>) {
        let Some(value) = value else { return };
        let digits = value.trim_start_matches('-');
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        self.other |= !whole.chars().chain(fraction.chars()).all(|c| c.is_ascii_digit());
        self.whole = self.whole.max(whole.len());
        self.scale = self.scale.max(fraction.trim_end_matches('0').len());
    }

    /// The type that holds them all exactly; `None`: there is none.
    fn decimal(&self) -> Option<String> {
        let digits = (self.whole + self.scale).max(1);
        (!self.other && digits <= 38).then(|| format!("decimal({digits}, {})", self.scale))
    }
}

fn named(options: &Options, pairs: &[Pair]) -> BTreeMap<String, f64> {
    let compared = |name: &str| pairs.iter().any(|pair| pair.name.eq_ignore_ascii_case(name));
    options.column_tolerance.iter().filter(|(name, _)| compared(name)).map(|(n, t)| (n.clone(), *t)).collect()
}

/// What was found in a part of the rows, said of all of them: the others are equal.
fn whole(part: Reconciliation, schema: SchemaDifference, pairs: &[Pair], total: [u64; 2]) -> Reconciliation {
    let apart = schema.types.iter().filter(|t| !t.compared).count();
    Reconciliation {
        rows_reference: total[0],
        rows_candidate: total[1],
        rows_equal: total[0].saturating_sub(part.rows_reference - part.rows_equal),
        columns_expected: (pairs.len() + schema.missing.len() + apart) as u64,
        schema,
        ..part
    }
}

fn note(across: &Across) -> String {
    let (left, right) = (&across.reference, &across.candidate);
    let fetched = format!("{} and {} rows fetched", thousands(across.fetched[0]), thousands(across.fetched[1]));
    match across.buckets {
        0 => format!("between {left} and {right}, of which one cannot fingerprint for the other: {fetched}"),
        buckets => format!(
            "between {left} and {right}: {} of {} buckets of rows differ by MD5, {fetched}",
            thousands(across.differing),
            thousands(buckets)
        ),
    }
}

#[cfg(test)]
mod tests;
