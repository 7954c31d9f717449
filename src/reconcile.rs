//! Compares two relations cell by cell and says exactly what differs.
//!
//! Cheap first: schemas, then one scan a side that fingerprints buckets of rows, then a keyed join over the buckets that
//! differ. Without a usable key, rows are compared as multisets.

mod across;
mod clues;
mod digest;
mod grammar;
mod key;
mod keyed;
mod pass;
mod reading;
mod rendering;
mod repeats;
mod result;
mod samples;
mod schema;
mod sql;
mod strategy;

pub use across::{Across, Mapping, compare_across};
pub use clues::{Clue, ClueKind};
pub use key::KeyOrigin;
pub use result::{
    CellDifference, ColumnResult, Duplicates, KeySample, Mode, Reconciliation, rounded, scientific, thousands,
};
pub use schema::{SchemaDifference, TypeChange};
pub use strategy::compare;

use std::collections::{BTreeMap, BTreeSet};

/// How two relations are to be compared.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Options {
    /// Columns that name a row; `None`: found out.
    pub key: Option<Vec<String>>,
    /// Keys that are declared somewhere (unique tests, constraints), tried before any other when `key` is `None`.
    pub key_candidates: Vec<Vec<String>>,
    /// Largest relative difference of floating-point values that still counts as equal (`1e-9`); 0 = exactly.
    /// Integers and decimals are compared exactly unless `column_tolerance` names them.
    pub tolerance: f64,
    /// Largest absolute difference of floating-point values that still counts as equal.
    pub absolute_tolerance: f64,
    /// Relative tolerance of single numeric columns, in place of `tolerance`.
    pub column_tolerance: BTreeMap<String, f64>,
    /// Columns that are not compared.
    pub exclude: BTreeSet<String>,
    /// Most differing rows to show for each column and side.
    pub sample: usize,
    /// Columns whose values must never be shown.
    pub masked: BTreeSet<String>,
}

#[cfg(test)]
mod clues_tests;
#[cfg(test)]
mod tests;
