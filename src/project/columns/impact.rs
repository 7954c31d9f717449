//! What a change of some columns reaches: columns, models, exposures, metrics and tests.

use super::{ColumnGraph, Way};
use crate::project::bind::{Bound, ColumnId};
use std::collections::{BTreeMap, BTreeSet};

/// Everything that changed columns reach, each list sorted, the changed columns and their models left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Impact {
    /// Columns whose expression reads a changed one, by whatever way.
    pub columns: Vec<ColumnId>,
    /// Models of those columns.
    pub models: Vec<String>,
    /// Further models whose rows may differ: they join, filter or group by a changed or reached column, or read a model
    /// that does.
    pub rows: Vec<String>,
    /// Exposures that show a changed or reached model.
    pub exposures: Vec<String>,
    /// Metrics that are computed from a changed or reached column, or over a model with other rows.
    pub metrics: Vec<String>,
    /// Unique ids of the data tests on a changed or reached column, or on a reached model as a whole.
    pub tests: Vec<String>,
}

impl ColumnGraph {
    /// What these columns, and models with other rows, reach. Columns that the graph does not have reach nothing.
    pub fn impact(&self, changed: &[ColumnId], rows: &BTreeSet<String>, bound: &Bound) -> Impact {
        let starts: Vec<usize> = changed.iter().filter_map(|(id, column)| self.find(id, column)).collect();
        let own: BTreeSet<&str> = changed.iter().map(|(id, _)| id).chain(rows).map(String::as_str).collect();
        let reached = self.reach(&starts, Way::Down, None);
        let (columns, models) = self.beyond(&reached, &own);
        let other_rows = self.rows(&reached, rows, bound);
        let metrics = bound.project.metrics.values().filter(|metric| {
            metric.reads.keys().any(|id| other_rows.contains(id))
                || reached.keys().map(|&number| self.column(number)).any(|(id, column)| metric.reads(id, column))
        });
        let further = |id: &&String| !own.contains(id.as_str()) && !models.contains(*id);
        let rows: BTreeSet<String> = other_rows.iter().filter(further).cloned().collect();
        let shown: BTreeSet<&str> = own.iter().copied().chain(models.iter().chain(&rows).map(String::as_str)).collect();
        let exposures = bound.project.exposures.iter().filter(|(_, ids)| ids.iter().any(|id| shown.contains(&**id)));
        Impact {
            exposures: exposures.map(|(name, _)| name.clone()).collect(),
            metrics: metrics.map(|metric| metric.name.clone()).collect(),
            tests: self.tests(&reached, &shown, bound),
            columns,
            models: models.into_iter().collect(),
            rows: rows.into_iter().collect(),
        }
    }

    fn beyond(&self, reached: &BTreeMap<usize, usize>, own: &BTreeSet<&str>) -> (Vec<ColumnId>, BTreeSet<String>) {
        let beyond = reached.iter().filter(|(_, distance)| **distance > 0).map(|(number, _)| self.column(*number));
        let mut columns: Vec<ColumnId> = beyond.cloned().collect();
        columns.sort();
        let models = columns.iter().map(|(id, _)| id.clone()).filter(|id| !own.contains(id.as_str())).collect();
        (columns, models)
    }

    /// Models with other rows, those that name a reached column without passing it on, and what stands downstream of them.
    fn rows(&self, reached: &BTreeMap<usize, usize>, other_rows: &BTreeSet<String>, bound: &Bound) -> BTreeSet<String> {
        let mut open: Vec<&str> = other_rows.iter().map(String::as_str).collect();
        for &number in reached.keys() {
            let passes: BTreeSet<&str> =
                self.next(number, Way::Down).iter().map(|link| self.column(link.column).0.as_str()).collect();
            open.extend(self.named_by[number].iter().map(String::as_str).filter(|id| !passes.contains(id)));
        }
        let children = bound.children();
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        while let Some(id) = open.pop() {
            if seen.insert(id) {
                open.extend(children.get(id).into_iter().flatten().copied());
            }
        }
        seen.into_iter().map(str::to_owned).collect()
    }

    fn tests(&self, reached: &BTreeMap<usize, usize>, shown: &BTreeSet<&str>, bound: &Bound) -> Vec<String> {
        let on_column = |id: &str, column: &str| self.find(id, column).is_some_and(|n| reached.contains_key(&n));
        let tests = bound.project.tests.values().filter(|test| match (&test.attached, &test.column) {
            (Some(id), Some(column)) => on_column(id, column),
            (Some(id), None) => shown.contains(id.as_str()),
            (None, _) => test.depends_on.iter().any(|id| shown.contains(id.as_str())),
        });
        tests.map(|test| test.unique_id.clone()).collect()
    }
}
