//! Which differing rows are shown: the first keys, with both values, and nothing of what is masked.

use super::Options;
use super::grammar::Grammar;
use super::key;
use super::result::{CellDifference, KeySample, MASK, Reconciliation};
use super::schema::Pair;
use super::sql::{BOTH, Joined};
use crate::engine::{Cell, Engine, literal, quoted};
use anyhow::{Result, bail};
use std::collections::BTreeSet;

/// DuckDB's way: within the pass that counts.
///
/// Their keys and values as text, without what is masked.
pub struct Shown {
    keys: String,
    order: String,
    masked: BTreeSet<String>,
    most: usize,
}

impl Shown {
    /// For a key, by the options.
    pub fn new(pairs: &[Pair], key: &[usize], options: &Options) -> Self {
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

    /// Keys of the first rows that meet a condition.
    pub fn rows(&self, filter: &str) -> String {
        self.smallest(&self.keys, filter)
    }

    /// Keys and both values of the first rows where the `i`-th column meets a condition.
    pub fn cells(&self, pairs: &[Pair], i: usize, filter: &str) -> String {
        let value = |side: &str| match self.masked.contains(&pairs[i].name.to_lowercase()) {
            true => literal(MASK),
            false => format!("cast({side}.v{i} as varchar)"),
        };
        let cell =
            format!("struct_pack(key := {}, reference := {}, candidate := {})", self.keys, value("l"), value("r"));
        self.smallest(&cell, filter)
    }
}

/// A comparison by key, for engines that are asked for samples in a query of its own.
pub struct Comparison<'a> {
    /// All compared columns, the key's included.
    pub pairs: &'a [Pair],
    /// Indexes of the key's.
    pub key: &'a [usize],
    /// Indexes of the others.
    pub compared: &'a [usize],
    /// The others' conditions, in their order.
    pub forms: &'a [Joined],
    /// The join.
    pub from: &'a str,
}

/// Most differing rows that are looked through for the first of each column.
const LOOKED_THROUGH: usize = 1_000;

/// Asks for the first rows of each kind, and fills the result's samples; without `rows`, only those of columns.
///
/// # Errors
/// The engine's message.
pub fn fetch(
    engine: &dyn Engine,
    comparison: &Comparison<'_>,
    rows: bool,
    options: &Options,
    result: &mut Reconciliation,
) -> Result<()> {
    if options.sample == 0 {
        return Ok(());
    }
    let before = (!rows).then(|| (result.missing_sample.clone(), result.unexpected_sample.clone()));
    read(engine, comparison, None, options, result)?;
    if let Some(before) = before {
        (result.missing_sample, result.unexpected_sample) = before;
    }
    // A column whose first differing row comes after many others is asked for alone.
    for (at, &i) in comparison.compared.iter().enumerate() {
        if result.columns[i].differing > 0 && result.columns[i].sample.is_empty() {
            read(engine, comparison, Some(at), options, result)?;
        }
    }
    Ok(())
}

/// Reads the first rows of each kind, or those that differ in one of the compared columns.
fn read(
    engine: &dyn Engine,
    comparison: &Comparison<'_>,
    only: Option<usize>,
    options: &Options,
    result: &mut Reconciliation,
) -> Result<()> {
    for row in engine.query(&query(comparison, only, options, Grammar::of(engine.dialect())))?.rows {
        let mut cells = row.iter();
        let kind = cells.next().cloned();
        let mut key = KeySample::new();
        for &i in comparison.key {
            key.insert(comparison.pairs[i].name.clone(), shown(cells.next())?);
        }
        match kind {
            Some(Cell::Int(0)) => result.missing_sample.push(key),
            Some(Cell::Int(1)) => result.unexpected_sample.push(key),
            _ => {
                for (at, &i) in comparison.compared.iter().enumerate() {
                    let differs = matches!(cells.next(), Some(Cell::Int(1)));
                    let (reference, candidate) = (shown(cells.next())?, shown(cells.next())?);
                    let sample = &mut result.columns[i].sample;
                    if differs && only.is_none_or(|only| only == at) && sample.len() < options.sample {
                        sample.push(CellDifference { key: key.clone(), reference, candidate });
                    }
                }
            }
        }
    }
    Ok(())
}

fn shown(cell: Option<&Cell>) -> Result<Option<String>> {
    match cell {
        Some(Cell::Null) => Ok(None),
        Some(cell) => Ok(Some(cell.to_string())),
        None => bail!("a sample gave too few columns"),
    }
}

/// The first rows by key: kind (0 = missing, 1 = unexpected, 2 = differing), key, and of each column whether it differs
/// and both values.
fn query(comparison: &Comparison<'_>, only: Option<usize>, options: &Options, grammar: Grammar) -> String {
    let masked = key::masked(options);
    let hidden = |i: usize| masked.contains(&comparison.pairs[i].name.to_lowercase());
    let text = |i: usize, x: String| match hidden(i) {
        true => literal(MASK),
        false if comparison.pairs[i].bytes => grammar.hex(&x),
        false => grammar.text(&x),
    };
    let equal = comparison.forms.iter().map(|f| f.equal.as_str()).collect::<Vec<_>>().join(" and ");
    let equal = if equal.is_empty() { "1 = 1".to_owned() } else { equal };
    let keys: Vec<String> = (0..comparison.key.len()).map(|n| format!("coalesce(l.k{n}, r.k{n})")).collect();
    let mut inner = vec!["case when r.p is null then 0 when l.p is null then 1 else 2 end as kind".to_owned()];
    let mut outer = vec!["kind".to_owned()];
    for (n, &i) in comparison.key.iter().enumerate() {
        inner.push(format!("{} as o{n}, {} as k{n}", keys[n], text(i, keys[n].clone())));
        outer.push(format!("k{n}"));
    }
    for (&i, form) in comparison.compared.iter().zip(comparison.forms) {
        let (x, y) = (text(i, format!("l.v{i}")), text(i, format!("r.v{i}")));
        inner.push(format!("case when {} then 1 else 0 end as d{i}, {x} as x{i}, {y} as y{i}", form.differs));
        outer.push(format!("d{i}, x{i}, y{i}"));
    }
    let wanted = match only {
        Some(at) => comparison.forms[at].differs.clone(),
        None => format!("r.p is null or l.p is null or ({BOTH} and not ({equal}))"),
    };
    let order: Vec<String> = (0..keys.len()).map(|n| format!("o{n}")).collect();
    let order = order.join(", ");
    format!(
        "select {outer} from (select s.*, row_number() over (partition by kind order by {order}) as n from (select {inner} \
         from {from} where {wanted}) as s) as m \
         where n <= case when kind = 2 then {most} else {few} end order by kind, n",
        outer = outer.join(", "),
        inner = inner.join(", "),
        from = comparison.from,
        most = if only.is_some() { options.sample } else { LOOKED_THROUGH.max(options.sample) },
        few = options.sample
    )
}
