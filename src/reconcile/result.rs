//! What a comparison found.

use super::clues::Clue;
use super::key::KeyOrigin;
use super::schema::SchemaDifference;
use serde::Serialize;
use std::collections::BTreeMap;

/// How rows were compared in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// The fingerprints of all buckets of rows are equal: no join was needed.
    Fingerprint,
    /// Rows were matched by key.
    Keyed,
    /// Rows were compared as a whole, each as often as it stands there.
    Multiset,
}

/// Two relations compared.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reconciliation {
    /// Rows of the reference.
    pub rows_reference: u64,
    /// Rows of the candidate.
    pub rows_candidate: u64,
    /// Rows of the reference that the candidate has too, every compared column within its tolerance.
    pub rows_equal: u64,
    /// Rows that both have by key, with another value in some column.
    pub rows_differing: u64,
    /// Rows that only the reference has.
    pub rows_missing: u64,
    /// Rows that only the candidate has.
    pub rows_unexpected: u64,
    /// How the columns differ.
    pub schema: SchemaDifference,
    /// Each compared column, in the reference's order.
    pub columns: Vec<ColumnResult>,
    /// Columns of the reference that were to be compared: those compared, those missing, those of kinds that cannot be.
    pub columns_expected: u64,
    /// Key columns, empty when rows were not matched by key.
    pub key: Vec<String>,
    /// Where the key comes from.
    pub key_origin: Option<KeyOrigin>,
    /// Set when the key that was asked for does not name each row once.
    pub duplicates: Option<Duplicates>,
    /// How rows were compared.
    pub mode: Mode,
    /// Relative tolerance of floating-point columns.
    pub tolerance: f64,
    /// Keys of rows that only the reference has, the smallest first.
    pub missing_sample: Vec<KeySample>,
    /// Keys of rows that only the candidate has.
    pub unexpected_sample: Vec<KeySample>,
    /// What the differing rows have in common: hints at the cause.
    pub clues: Vec<Clue>,
    /// What a reader must know of the comparison.
    pub notes: Vec<String>,
    /// Set when the two relations are in two engines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub across: Option<super::Across>,
}

/// Key columns and their values as text; `None` = NULL.
pub type KeySample = BTreeMap<String, Option<String>>;

/// One compared column.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ColumnResult {
    /// Name.
    pub name: String,
    /// Rows matched by key where the values differ beyond the tolerance. As multisets: how many values at least differ.
    pub differing: u64,
    /// Of those, rows where exactly one of the two values is NULL.
    pub null_against_value: u64,
    /// Largest absolute difference of finite numbers in matched rows, also within the tolerance.
    pub max_absolute: Option<f64>,
    /// Largest difference relative to the larger of the two values.
    pub max_relative: Option<f64>,
    /// Relative tolerance, where one holds.
    pub tolerance: Option<f64>,
    /// Differing rows, the smallest keys first.
    pub sample: Vec<CellDifference>,
}

/// One cell that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CellDifference {
    /// The row's key.
    pub key: KeySample,
    /// The reference's value; `None` = NULL.
    pub reference: Option<String>,
    /// The candidate's value.
    pub candidate: Option<String>,
}

/// Keys that do not name one row.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Duplicates {
    /// Keys that stand more than once in the reference.
    pub reference_keys: u64,
    /// Rows of the reference with NULL in the key.
    pub reference_nulls: u64,
    /// Keys that stand more than once in the candidate.
    pub candidate_keys: u64,
    /// Rows of the candidate with NULL in the key.
    pub candidate_nulls: u64,
}

/// What stands in place of a value that must not be shown.
pub const MASK: &str = "(not shown)";

impl Reconciliation {
    /// Whether the candidate has exactly the rows and columns of the reference, within the tolerance.
    pub fn equal(&self) -> bool {
        !self.schema.matters()
            && self.rows_missing == 0
            && self.rows_unexpected == 0
            && self.rows_differing == 0
            && self.rows_equal == self.rows_reference
            && self.rows_reference == self.rows_candidate
            && self.columns.iter().all(|c| c.differing == 0)
            && self.columns.len() as u64 == self.columns_expected
    }

    /// Columns without a difference.
    pub fn columns_equal(&self) -> u64 {
        self.columns.iter().filter(|c| c.differing == 0).count() as u64
    }

    /// The result in one line: `24,995 of 24,995 rows, 13 of 13 columns within 1e-9`.
    pub fn headline(&self) -> String {
        let within = match self.columns.iter().any(|c| c.tolerance.is_some()) {
            true if self.tolerance > 0.0 => format!("within {}", scientific(self.tolerance)),
            true => "within tolerance".to_owned(),
            false => "equal".to_owned(),
        };
        format!(
            "{} of {} rows, {} of {} columns {within}",
            thousands(self.rows_equal),
            thousands(self.rows_reference),
            self.columns_equal(),
            self.columns_expected,
        )
    }
}

/// A count with commas.
pub fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(c);
    }
    text
}

/// A difference in four significant digits.
pub fn rounded(x: f64) -> String {
    scientific(format!("{x:.3e}").parse().unwrap_or(x))
}

/// A tolerance or difference as people write it (`1e-9`, `0.01`).
pub fn scientific(x: f64) -> String {
    match x != 0.0 && (x.abs() < 1e-3 || x.abs() >= 1e7) {
        true => format!("{x:e}"),
        false => format!("{x}"),
    }
}
