//! Every column of a project with what it is made of and what is made of it, across models.

mod impact;
#[cfg(test)]
mod tests;

pub use impact::Impact;

use super::bind::{Bound, ColumnId};
use crate::sql::{Output, Role, Span};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

/// One end of an edge between two columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The column at the other end.
    pub column: usize,
    /// How the source takes part in the reader's expression.
    pub role: Role,
    /// The reference in the compiled text of the reader.
    pub span: Span,
}

/// Which way to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// To what a column is made of.
    Up,
    /// To what is made of it.
    Down,
}

/// All columns of models, seeds, sources and other relations that models read, with the edges between them. Columns go
/// by their number; edges are only those that an analysis is sure of.
#[derive(Default)]
pub struct ColumnGraph {
    columns: Vec<ColumnId>,
    numbers: HashMap<String, BTreeMap<String, Vec<usize>>>,
    sources: Vec<Vec<Link>>,
    readers: Vec<Vec<Link>>,
    /// Models that name a column in a clause or expression, whether or not its value goes on.
    named_by: Vec<BTreeSet<String>>,
}

impl ColumnGraph {
    /// The graph of a side: one pass over the analyses, which are there already.
    pub(super) fn of(bound: &Bound) -> Self {
        let mut graph = Self::default();
        let relations = bound.project.models.keys().chain(bound.project.sources.keys());
        for id in relations {
            for column in bound.columns(id).unwrap_or_default() {
                graph.number(id, column, true);
            }
        }
        for id in bound.project.models.keys() {
            let Ok(analysis) = bound.analysis(id) else { continue };
            for output in &analysis.outputs {
                graph.add(id, output);
            }
            for read in &analysis.reads {
                let number = graph.number(&read.table, &read.column, false);
                graph.named_by[number].insert(id.clone());
            }
        }
        graph
    }

    fn add(&mut self, id: &str, output: &Output) {
        let reader = self.number(id, &output.name, true);
        for edge in &output.edges {
            let source = self.number(&edge.table, &edge.column, false);
            let known = self.sources[reader].iter().any(|l| l.column == source && l.role == edge.role);
            if !known {
                self.sources[reader].push(Link { column: source, role: edge.role, span: edge.span });
                self.readers[source].push(Link { column: reader, role: edge.role, span: edge.span });
            }
        }
    }

    /// The number of a column, new where there is none. The spelling tells two columns apart only where both are
    /// `declared`; a reference is to the one that is spelt like it, else to any that differs in case only.
    fn number(&mut self, relation: &str, column: &str, declared: bool) -> usize {
        if let Some(known) = self.find_spelt(relation, column, declared) {
            return known;
        }
        let number = self.columns.len();
        self.columns.push((relation.to_owned(), column.to_owned()));
        self.sources.push(Vec::new());
        self.readers.push(Vec::new());
        self.named_by.push(BTreeSet::new());
        let names = self.numbers.entry(relation.to_owned()).or_default();
        names.entry(column.to_lowercase()).or_default().push(number);
        number
    }

    fn find_spelt(&self, relation: &str, column: &str, exactly: bool) -> Option<usize> {
        let alike = self.numbers.get(relation)?.get(&column.to_lowercase())?;
        let same = alike.iter().copied().find(|&number| self.columns[number].1 == column);
        same.or_else(|| alike.first().copied().filter(|_| !exactly))
    }

    /// The number of a column.
    pub fn find(&self, relation: &str, column: &str) -> Option<usize> {
        self.find_spelt(relation, column, false)
    }

    /// The relation and name of a column.
    pub fn column(&self, number: usize) -> &ColumnId {
        &self.columns[number]
    }

    /// Numbers of the columns of a relation, in order of first mention: the relation's own where it declares them.
    pub fn columns_of(&self, relation: &str) -> Vec<usize> {
        let mut numbers: Vec<usize> =
            self.numbers.get(relation).into_iter().flat_map(BTreeMap::values).flatten().copied().collect();
        numbers.sort_unstable();
        numbers
    }

    /// How many columns there are.
    pub fn len(&self) -> usize {
        self.columns.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// The next columns one way.
    pub fn next(&self, number: usize, way: Way) -> &[Link] {
        match way {
            Way::Up => &self.sources[number],
            Way::Down => &self.readers[number],
        }
    }

    /// Every column that can be reached one way within `depth` steps, with its distance; the starts are at 0.
    pub fn reach(&self, starts: &[usize], way: Way, depth: Option<usize>) -> BTreeMap<usize, usize> {
        let mut found: BTreeMap<usize, usize> = starts.iter().map(|&start| (start, 0)).collect();
        let mut open: VecDeque<usize> = found.keys().copied().collect();
        while let Some(at) = open.pop_front() {
            let next = found[&at] + 1;
            if depth.is_some_and(|depth| next > depth) {
                continue;
            }
            for link in self.next(at, way) {
                if let std::collections::btree_map::Entry::Vacant(place) = found.entry(link.column) {
                    place.insert(next);
                    open.push_back(link.column);
                }
            }
        }
        found
    }

    /// Columns that `column` is made of, however far up: itself left out, in order of relation and name.
    pub fn upstream(&self, relation: &str, column: &str) -> Vec<ColumnId> {
        self.all(relation, column, Way::Up)
    }

    /// Columns that are made of `column`, however far down: itself left out, in order of relation and name.
    pub fn downstream(&self, relation: &str, column: &str) -> Vec<ColumnId> {
        self.all(relation, column, Way::Down)
    }

    fn all(&self, relation: &str, column: &str, way: Way) -> Vec<ColumnId> {
        let Some(start) = self.find(relation, column) else { return Vec::new() };
        let reached = self.reach(&[start], way, None).into_keys().filter(|&number| number != start);
        let mut found: Vec<ColumnId> = reached.map(|number| self.columns[number].clone()).collect();
        found.sort();
        found
    }

    /// Columns that the value of a column flows into, breadth first, sorted per step, itself left out.
    pub(super) fn value_reaches(&self, relation: &str, column: &str) -> Vec<ColumnId> {
        let Some(start) = self.find(relation, column) else { return Vec::new() };
        let mut seen = BTreeSet::from([start]);
        let (mut found, mut step) = (Vec::new(), vec![start]);
        while !step.is_empty() {
            let links = step.iter().flat_map(|&number| &self.readers[number]);
            let next: Vec<usize> =
                links.filter(|l| l.role == Role::Value).map(|l| l.column).filter(|&c| seen.insert(c)).collect();
            let mut names: Vec<ColumnId> = next.iter().map(|&number| self.columns[number].clone()).collect();
            names.sort();
            found.extend(names);
            step = next;
        }
        found
    }
}
