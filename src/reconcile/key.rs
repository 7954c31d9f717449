//! Which columns name a row.

use super::Options;
use super::grammar::Grammar;
use super::result::Duplicates;
use super::schema::{Pair, key_pairs};
use super::sql::{Side, each, list};
use crate::engine::{Cell, Engine};
use anyhow::{Result, bail};
use serde::Serialize;
use std::collections::BTreeSet;

/// Where the key comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyOrigin {
    /// The caller gave it.
    Given,
    /// A test or constraint declares it.
    Declared,
    /// It is unique in both relations.
    Detected,
}

/// A key that names every row of both relations once, or what stands against the one that was asked for.
pub struct Found {
    /// Indexes of the pairs.
    pub key: Vec<usize>,
    /// Where it comes from.
    pub origin: KeyOrigin,
    /// Set when it names some row twice, or is NULL.
    pub duplicates: Option<Duplicates>,
}

/// Most columns of a key that is looked for.
const WIDEST: usize = 4;

/// Finds the key: the given one, a declared one, else the narrowest set of columns that is unique on both sides.
///
/// # Errors
/// The engine's message, or a given key that cannot be compared.
pub fn find(engine: &dyn Engine, sides: &[Side<'_>; 2], pairs: &[Pair], options: &Options) -> Result<Option<Found>> {
    if let Some(given) = &options.key {
        let key = key_pairs(pairs, given)?;
        let duplicates = duplicates(engine, sides, pairs, &key)?;
        return Ok(Some(Found { key, origin: KeyOrigin::Given, duplicates }));
    }
    let mut broken = None;
    for declared in &options.key_candidates {
        let Ok(key) = key_pairs(pairs, declared) else { continue };
        let duplicates = duplicates(engine, sides, pairs, &key)?;
        let found = Found { key, origin: KeyOrigin::Declared, duplicates };
        if found.duplicates.is_none() {
            return Ok(Some(found));
        }
        broken.get_or_insert(found);
    }
    match detect(engine, sides, pairs)? {
        Some(key) => Ok(Some(Found { key, origin: KeyOrigin::Detected, duplicates: None })),
        None => Ok(broken),
    }
}

/// Names first, then text and dates, then whole numbers: a measure must not become part of a key by accident.
fn detect(engine: &dyn Engine, sides: &[Side<'_>; 2], pairs: &[Pair]) -> Result<Option<Vec<usize>>> {
    let class = |p: &Pair| {
        let name = p.name.to_lowercase();
        let named = name == "id" || ["_id", "_key", "_uuid", "_sk", "_hk"].iter().any(|end| name.ends_with(end));
        match (named, p.integer) {
            (true, _) => 0,
            (false, false) => 1,
            (false, true) => 2,
        }
    };
    for widest in 0..=2 {
        let usable: Vec<usize> = (0..pairs.len()).filter(|&i| pairs[i].keyable && class(&pairs[i]) <= widest).collect();
        if usable.is_empty() || !usable.iter().any(|&i| class(&pairs[i]) == widest) {
            continue;
        }
        if let Some(key) = grow(engine, sides, pairs, &usable)? {
            return Ok(Some(key));
        }
    }
    Ok(None)
}

/// Adds the column that tells most rows apart until all are told apart.
fn grow(engine: &dyn Engine, sides: &[Side<'_>; 2], pairs: &[Pair], usable: &[usize]) -> Result<Option<Vec<usize>>> {
    let grammar = Grammar::of(engine.dialect());
    let mut key: Vec<usize> = Vec::new();
    let mut best = 0;
    while key.len() < WIDEST {
        let open: Vec<usize> = usable.iter().copied().filter(|i| !key.contains(i)).collect();
        if open.is_empty() {
            break;
        }
        let counts = open.iter().map(|&i| {
            let columns: Vec<usize> = key.iter().copied().chain([i]).collect();
            grammar.distinct(&each(pairs, &columns, |p| p.reference.clone()))
        });
        let sql = format!("select count(*), {} from {} as t", counts.collect::<Vec<_>>().join(", "), sides[0].from);
        let row = numbers(engine, &sql)?;
        let (rows, counts) = (row[0], &row[1..]);
        let Some((place, &count)) = counts.iter().enumerate().max_by_key(|&(i, count)| (count, std::cmp::Reverse(i)))
        else {
            break;
        };
        if !key.is_empty() && count <= best {
            break;
        }
        best = count;
        key.push(open[place]);
        // The estimate may be some percent off to either side.
        if count * 10 >= rows * 8 && duplicates(engine, sides, pairs, &key)?.is_none() {
            key.sort_unstable();
            return Ok(Some(key));
        }
    }
    Ok(None)
}

/// Keys that stand more than once, and keys with a NULL, on each side; `None` when there is neither.
fn duplicates(engine: &dyn Engine, sides: &[Side<'_>; 2], pairs: &[Pair], key: &[usize]) -> Result<Option<Duplicates>> {
    let mut found = Duplicates::default();
    for (side, (keys, nulls)) in sides.iter().zip([
        (&mut found.reference_keys, &mut found.reference_nulls),
        (&mut found.candidate_keys, &mut found.candidate_nulls),
    ]) {
        let items = list(pairs, key, side.expression);
        let null =
            key.iter().map(|&i| format!("{} is null", (side.expression)(&pairs[i]))).collect::<Vec<_>>().join(" or ");
        let sql = format!(
            "select count(case when n > 1 then 1 end), {} from (select count(*) as n, \
             max(case when {null} then 1 else 0 end) as has_null from {} as t group by {items}) as k",
            Grammar::of(engine.dialect()).integer("coalesce(sum(case when has_null = 1 then n end), 0)"),
            side.from
        );
        let row = numbers(engine, &sql)?;
        (*keys, *nulls) = (row[0], row[1]);
    }
    Ok((found != Duplicates::default()).then_some(found))
}

/// The one row of counts that a query gives.
pub fn numbers(engine: &dyn Engine, sql: &str) -> Result<Vec<u64>> {
    let rows = engine.plain(sql)?;
    let [row] = rows.as_slice() else { bail!("a count gave {} rows", rows.len()) };
    row.iter()
        .map(|cell| match cell {
            Cell::Int(i) => Ok(u64::try_from(*i)?),
            other => bail!("a count gave {other}"),
        })
        .collect()
}

/// Names that no column may be shown under.
pub fn masked(options: &Options) -> BTreeSet<String> {
    options.masked.iter().map(|m| m.to_lowercase()).collect()
}
