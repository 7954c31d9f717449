//! The one row of aggregates that a comparison gives, read from left to right.

use super::result::{CellDifference, KeySample};
use crate::engine::Cell;
use anyhow::{Context, Result, bail};

/// Reads the cells of a row one after the other.
pub struct Reading<'a>(std::slice::Iter<'a, Cell>);

impl<'a> Reading<'a> {
    /// From the first cell on.
    pub fn of(row: &'a [Cell]) -> Self {
        Self(row.iter())
    }

    fn next(&mut self) -> Result<&Cell> {
        self.0.next().context("the comparison gave too few columns")
    }

    /// A count.
    ///
    /// # Errors
    /// The cell is of another kind, or there is none left.
    pub fn count(&mut self) -> Result<u64> {
        match self.next()? {
            Cell::Int(i) => Ok(u64::try_from(*i)?),
            other => bail!("a count gave {other}"),
        }
    }

    /// A number, or NULL.
    ///
    /// # Errors
    /// The cell is of another kind, or there is none left.
    pub fn number(&mut self) -> Result<Option<f64>> {
        match self.next()? {
            Cell::Null => Ok(None),
            Cell::Float(x) => Ok(Some(*x)),
            Cell::Int(x) => Ok(Some(*x as f64)),
            other => bail!("a difference gave {other}"),
        }
    }

    /// A text, or NULL.
    ///
    /// # Errors
    /// The cell is of another kind, or there is none left.
    pub fn text(&mut self) -> Result<Option<&str>> {
        match self.next()? {
            Cell::Null => Ok(None),
            Cell::Text(text) => Ok(Some(text)),
            other => bail!("a sample gave {other}"),
        }
    }

    /// Keys of sampled rows, as JSON.
    ///
    /// # Errors
    /// The cell is of another kind, or there is none left.
    pub fn keys(&mut self) -> Result<Vec<KeySample>> {
        self.text()?.map_or(Ok(Vec::new()), |text| Ok(serde_json::from_str(text)?))
    }

    /// Sampled cells that differ, as JSON.
    ///
    /// # Errors
    /// The cell is of another kind, or there is none left.
    pub fn differences(&mut self) -> Result<Vec<CellDifference>> {
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
