//! The columns of a model on one side, with what flows into them.

use crate::finding::Location;
use crate::gates::texts::Text;
use crate::pii::flow::{Flow, analyses};
use crate::project::Model;
use crate::project::bind::{Bound, ColumnId};
use crate::sql::{Analysis, Output, Role};
use anyhow::Result;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// One side of a change.
pub(super) struct Side<'a> {
    pub(super) model: &'a Model,
    pub(super) flow: Flow<'a>,
    pub(super) analyses: Vec<Cow<'a, Analysis>>,
    /// Every column that is known, in order, as spelled.
    pub(super) names: Vec<String>,
    /// Whether there may be columns that are not known.
    pub(super) open: bool,
}

impl<'a> Side<'a> {
    /// The side, whose SQL must be readable.
    ///
    /// # Errors
    /// Why the SQL could not be read.
    pub(super) fn new(model: &'a Model, flow: Flow<'a>) -> Result<Self> {
        if model.csv.is_none() {
            flow.bound().analysis(&model.unique_id)?;
        }
        Ok(Self::lenient(model, flow))
    }

    /// The side with as much of its SQL as could be read.
    pub(super) fn lenient(model: &'a Model, flow: Flow<'a>) -> Self {
        let bound: &'a Bound = flow.bound();
        let analyses = analyses(bound, &model.unique_id);
        let known = bound.columns(&model.unique_id).unwrap_or_default().iter().cloned();
        let outputs = analyses.iter().flat_map(|a| a.outputs.iter().map(|o| o.name.clone()));
        let mut seen = BTreeSet::new();
        let mut names: Vec<String> = known.chain(outputs).filter(|n| seen.insert(n.to_lowercase())).collect();
        names.extend(flow.star_columns(&model.unique_id).into_iter().filter(|n| seen.insert(n.clone())));
        let open = match model.csv {
            Some(_) => false,
            None => analyses.is_empty() || analyses.iter().any(|a| !a.open.is_empty()),
        };
        Self { model, flow, analyses, names, open }
    }

    pub(super) fn id(&self) -> &'a str {
        &self.model.unique_id
    }

    pub(super) fn has(&self, column: &str) -> bool {
        self.names.iter().any(|n| n.eq_ignore_ascii_case(column))
    }

    /// The output of that name, in the full text first.
    pub(super) fn output(&self, column: &str) -> Option<&Output> {
        self.analyses.iter().flat_map(|a| &a.outputs).find(|o| o.name.eq_ignore_ascii_case(column))
    }

    /// Where the value of a column comes from directly.
    pub(super) fn sources(&self, column: &str) -> BTreeSet<ColumnId> {
        let outputs = self.analyses.iter().flat_map(|a| &a.outputs).filter(|o| o.name.eq_ignore_ascii_case(column));
        let edges = outputs.flat_map(|o| o.edges.iter().filter(|e| e.role == Role::Value));
        edges.map(|e| (e.table.clone(), e.column.to_lowercase())).collect()
    }

    /// Where a person would look for the column: its select item, else its declaration, else the file.
    pub(super) fn place(&self, column: &str) -> Location {
        let full = self.flow.bound().analysis(self.id()).ok();
        let output = full.and_then(|a| a.outputs.iter().find(|o| o.name.eq_ignore_ascii_case(column)));
        if let (Some(output), Ok(texts)) = (output, Text::all(self.model))
            && let Some(text) = texts.first()
        {
            return text.place_of(output);
        }
        let declared = self.model.columns.values().find(|c| c.name.eq_ignore_ascii_case(column));
        declared.map_or_else(|| Location::file(&self.model.path), |c| c.place.location())
    }
}
