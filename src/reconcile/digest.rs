//! Fingerprints that two engines compute alike: per bucket of keys the rows, and the sums of the four parts of each row's
//! MD5.

use super::grammar::Grammar;
use super::rendering::Shared;
use crate::engine::{Cell, Engine, literal};
use anyhow::{Result, bail};
use std::collections::{BTreeMap, BTreeSet};

/// A column of one side.
pub struct Column<'a> {
    /// Its name there.
    pub name: &'a str,
    /// Its type in DuckDB's words.
    pub data_type: &'a str,
    /// How both sides write it.
    pub shared: Shared,
}

impl Column<'_> {
    fn text(&self, grammar: Grammar) -> String {
        self.shared.text(&grammar.quoted(self.name), self.data_type, grammar)
    }

    fn fetched(&self, grammar: Grammar) -> String {
        self.shared.fetched(&grammar.quoted(self.name), self.data_type, grammar)
    }
}

/// One side's relation.
pub struct Half<'a> {
    /// Its engine.
    pub engine: &'a dyn Engine,
    /// What can stand after FROM there.
    pub from: &'a str,
    /// Its compared columns, in the order of both.
    pub columns: Vec<Column<'a>>,
}

/// Hex digits of a digest that name a bucket: 4,096 of them.
const DIGITS: usize = 3;

/// Rows of a bucket, and the four sums.
pub type Bucket = (u64, [i128; 4]);

impl Half<'_> {
    fn grammar(&self) -> Grammar {
        Grammar::of(self.engine.dialect())
    }

    /// The fingerprint of each bucket.
    ///
    /// # Errors
    /// The engine's message.
    pub fn buckets(&self, key: &[usize]) -> Result<BTreeMap<String, Bucket>> {
        let grammar = self.grammar();
        let all: Vec<usize> = (0..self.columns.len()).collect();
        let texts: Vec<String> =
            self.columns.iter().enumerate().map(|(i, c)| format!("{} as t{i}", c.text(grammar))).collect();
        let parts: Vec<String> = (0..4)
            .map(|part| {
                let digits = format!("substr(h, {}, 8)", part * 8 + 1);
                format!("{} as s{part}", grammar.text(&format!("sum({})", grammar.unhex(&digits))))
            })
            .collect();
        let sql = format!(
            "select b, count(*) as n, {} from (select substr({}, 1, {DIGITS}) as b, {} as h from (select {} from {} as t) as v) as d group by b",
            parts.join(", "),
            grammar.digest(&joined(key, grammar)),
            grammar.digest(&joined(&all, grammar)),
            texts.join(", "),
            self.from
        );
        let mut found = BTreeMap::new();
        for row in self.engine.query(&sql)?.rows {
            let [Cell::Text(bucket), Cell::Int(rows), sums @ ..] = row.as_slice() else {
                bail!("a fingerprint gave {row:?}");
            };
            let mut four = [0; 4];
            for (sum, cell) in four.iter_mut().zip(sums) {
                *sum = cell.to_string().parse()?;
            }
            found.insert(bucket.clone(), (u64::try_from(*rows)?, four));
        }
        Ok(found)
    }

    /// How many rows there are.
    ///
    /// # Errors
    /// The engine's message.
    pub fn count(&self) -> Result<u64> {
        Ok(super::key::numbers(self.engine, &format!("select count(*) from {} as t", self.from))?[0])
    }

    /// The rows of some buckets, or of all: each value as a text of which DuckDB makes it again.
    ///
    /// # Errors
    /// The engine's message.
    pub fn rows(&self, key: &[usize], buckets: Option<&BTreeSet<&str>>) -> Result<Vec<Vec<Option<String>>>> {
        let grammar = self.grammar();
        let fetched: Vec<String> =
            self.columns.iter().enumerate().map(|(i, c)| format!("{} as f{i}", c.fetched(grammar))).collect();
        let mut sql = format!("select {} from {} as t", fetched.join(", "), self.from);
        if let Some(buckets) = buckets {
            let names: Vec<String> = (0..self.columns.len()).map(|i| format!("f{i}")).collect();
            let keys: Vec<String> = key.iter().map(|&i| format!("{} as t{i}", self.columns[i].text(grammar))).collect();
            let list: Vec<String> = buckets.iter().map(|bucket| literal(bucket)).collect();
            sql = format!(
                "select {} from (select {}, {} from {} as t) as v where substr({}, 1, {DIGITS}) in ({})",
                names.join(", "),
                fetched.join(", "),
                keys.join(", "),
                self.from,
                grammar.digest(&joined(key, grammar)),
                list.join(", ")
            );
        }
        let text = |cell: Cell| match cell {
            Cell::Null => None,
            // The shortest digits that are the value.
            cell => Some(cell.to_string()),
        };
        Ok(self.engine.query(&sql)?.rows.into_iter().map(|row| row.into_iter().map(text).collect()).collect())
    }
}

/// Texts as one that tells them apart: each behind its length, NULL as a sign of its own.
fn joined(which: &[usize], grammar: Grammar) -> String {
    let one = |i: &usize| {
        let length = grammar.text(&format!("length(t{i})"));
        format!("case when t{i} is null then '~' else {length} || ':' || t{i} end")
    };
    which.iter().map(one).collect::<Vec<_>>().join(" || ")
}
