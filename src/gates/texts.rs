//! The SQL texts that a model compiles to, and the way from a place in one of them to the file that a person edits.

use super::{Change, not_compiled};
use crate::finding::Location;
use crate::project::Model;
use crate::project::bind::Bound;
use crate::sql::{self, Analysis, Dialect, Output, Span, SqlError, Unresolved};
use std::borrow::Cow;

/// One compiled text of a model.
#[derive(Debug, Clone, Copy)]
pub struct Text<'a> {
    /// The model.
    pub model: &'a Model,
    /// The text.
    pub sql: &'a str,
    /// Whether it is what an incremental run executes (the other is the full build).
    pub incremental: bool,
}

impl<'a> Text<'a> {
    /// The texts of a model: full, then incremental where that differs.
    ///
    /// # Errors
    /// Why the model did not compile.
    pub fn all(model: &'a Model) -> anyhow::Result<Vec<Self>> {
        let compiled = model.compiled.as_ref().map_err(|reason| anyhow::anyhow!(not_compiled(reason)))?;
        let full = Self { model, sql: &compiled.sql, incremental: false };
        let incremental = compiled.incremental_sql.as_deref().map(|sql| Self { model, sql, incremental: true });
        Ok([Some(full), incremental].into_iter().flatten().collect())
    }

    /// The place in the template of a place in this text.
    pub fn place(&self, span: &Span) -> Location {
        if self.incremental { self.model.locate_incremental(span) } else { self.model.locate(span) }
    }

    /// The place of an output column: its select item, or where the template writes the name when that item does not
    /// (a star in a CTE that a later query renames).
    pub fn place_of(&self, output: &Output) -> Location {
        let lines = if self.incremental { self.model.incremental_lines() } else { self.model.lines() };
        lines.of_output(output)
    }

    /// Reads this text against the relations of its side.
    ///
    /// # Errors
    /// It does not parse.
    pub fn analysis<'b>(&self, bound: &'b Bound) -> Result<Cow<'b, Analysis>, SqlError> {
        if !self.incremental {
            if let Some(error) = bound.parse_error(&self.model.unique_id) {
                return Err(error.clone());
            }
            if let Ok(analysis) = bound.analysis(&self.model.unique_id) {
                return Ok(Cow::Borrowed(analysis));
            }
        }
        sql::analyze(self.sql, bound.project.dialect, bound).map(Cow::Owned)
    }

    /// ` (incremental run)` for the incremental text, nothing for the full one.
    pub fn which(&self) -> &'static str {
        if self.incremental { " (incremental run)" } else { "" }
    }
}

/// Whether both sides compile to the same texts, white space and comments aside: what is different then came from
/// elsewhere (an upstream model, properties).
pub fn unchanged(change: &Change<'_>, dialect: Dialect) -> bool {
    let (Some(base), Some(head)) = (change.base, change.head) else { return false };
    let (Ok(base), Ok(head)) = (&base.compiled, &head.compiled) else { return false };
    let same_incremental = match (&base.incremental_sql, &head.incremental_sql) {
        (None, None) => true,
        (Some(base), Some(head)) => sql::same_text(base, head, dialect),
        _ => false,
    };
    same_incremental && sql::same_text(&base.sql, &head.sql, dialect)
}

/// The relations that a reference without a column was looked up in; an unqualified one could have come from any of
/// its text.
pub fn maybe_of<'a>(lost: &'a Unresolved, analysis: &'a Analysis) -> impl Iterator<Item = &'a String> {
    let all = lost.tables.is_empty();
    lost.tables.iter().chain(analysis.relations.iter().filter(move |_| all).map(|r| &r.id))
}
