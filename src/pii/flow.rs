//! Where tagged values go: the taint of every column of a model, followed model by model along value lineage.

use super::functions::{Strength, strength};
use super::tags::{Mark, Marks, Vocabulary};
use crate::project::bind::{Bound, ColumnId};
use crate::project::{Project, TestKind};
use crate::sql::{self, Analysis, ClauseKind, Edge, Output, Reason, Role};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// A tagged value in a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taint {
    /// The nearest tagged column that it comes from.
    pub origin: ColumnId,
    /// The words of that tag.
    pub label: String,
    /// What is left of the value.
    pub strength: Strength,
    /// Whether the tag is on the relation as a whole.
    pub whole_relation: bool,
    /// Columns from the origin to here, both included.
    pub path: Vec<ColumnId>,
    /// Whether it came through a star over a relation whose columns are not all known.
    pub by_star: bool,
}

/// A tagged relation that may reach a model in a way that lineage does not see.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unseen {
    /// The output column, `None` for a star whose columns are not known.
    pub column: Option<String>,
    /// The tagged relation.
    pub relation: String,
    /// Why it is not seen: a lower-case fragment.
    pub why: &'static str,
}

/// The taints of one model's ancestry on one side.
pub struct Flow<'a> {
    bound: &'a Bound,
    masking: &'a [String],
    /// What the YAML says.
    pub marks: Marks,
    taints: BTreeMap<ColumnId, BTreeMap<ColumnId, Taint>>,
    unseen: BTreeSet<(String, Unseen)>,
    unique: BTreeSet<ColumnId>,
}

impl<'a> Flow<'a> {
    /// Follows tagged values down to `id`. `masking` names the project's own masking functions.
    pub fn trace(bound: &'a Bound, id: &str, words: &Vocabulary, masking: &'a [String]) -> Self {
        let order = ancestry(bound, id);
        let ids: BTreeSet<&str> = order.iter().map(String::as_str).collect();
        let mut flow = Self {
            bound,
            masking,
            marks: Marks::read(&bound.project, words, &ids),
            taints: BTreeMap::new(),
            unseen: BTreeSet::new(),
            unique: unique_columns(&bound.project),
        };
        for id in &order {
            for analysis in analyses(bound, id) {
                flow.model(id, &analysis);
            }
        }
        flow
    }

    fn model(&mut self, id: &str, analysis: &Analysis) {
        for output in &analysis.outputs {
            for edge in output.edges.iter().filter(|e| e.role == Role::Value) {
                let left = self.left_of(analysis, output, edge);
                if left > Strength::Destroyed {
                    self.pass(id, &output.name, &edge.table, &edge.column, left, false);
                }
            }
            for lost in &output.unresolved {
                self.lost(id, Some(&output.name), analysis, &lost.tables, lost.reason);
            }
        }
        for relation in &analysis.open {
            self.star(id, relation, analysis);
        }
    }

    fn left_of(&self, analysis: &Analysis, output: &Output, edge: &Edge) -> Strength {
        let mut groups = analysis.clauses.iter().filter(|c| c.kind == ClauseKind::Group);
        let per_person = groups.any(|group| {
            let mut keys = self.unique.iter().filter(|(table, _)| *table == edge.table);
            keys.any(|(table, column)| group.text.to_lowercase().contains(&format!("{table}.{column}").to_lowercase()))
        });
        strength(&edge.via, &output.expression, &edge.column, self.masking, per_person)
    }

    /// A star over a relation whose columns are not all known passes at least those that are.
    fn star(&mut self, id: &str, relation: &str, analysis: &Analysis) {
        let named: BTreeSet<String> = analysis.outputs.iter().map(|o| o.name.to_lowercase()).collect();
        let mut columns: BTreeSet<String> =
            self.marks.tagged_columns(relation).into_iter().map(str::to_lowercase).collect();
        columns.extend(self.taints.keys().filter(|(table, _)| table == relation).map(|(_, column)| column.clone()));
        for column in columns.iter().filter(|c| !named.contains(*c)) {
            self.pass(id, column, relation, column, Strength::Kept, true);
        }
        if columns.is_empty() && self.marks.any(relation) {
            let why = "a star over it, whose columns are not known";
            self.unseen.insert((id.to_owned(), Unseen { column: None, relation: relation.to_owned(), why }));
        }
    }

    fn lost(&mut self, id: &str, column: Option<&str>, analysis: &Analysis, tables: &[String], reason: Reason) {
        let why = match reason {
            Reason::OpenStar => "its columns are not known",
            Reason::Unsupported => "the SQL construct is not understood",
            Reason::Ambiguous => "the reference is ambiguous",
            // No such column: nothing flows, and `compile` reports it.
            Reason::NotInSchema | Reason::UnboundAlias | Reason::ColumnCount => return,
        };
        let all: Vec<&String> = match tables {
            [] => analysis.relations.iter().map(|r| &r.id).collect(),
            some => some.iter().collect(),
        };
        for relation in all {
            let reaches = self.marks.any(relation) || self.taints.keys().any(|(table, _)| table == relation);
            if reaches {
                let column = column.map(str::to_owned);
                self.unseen.insert((id.to_owned(), Unseen { column, relation: relation.clone(), why }));
            }
        }
    }

    fn pass(&mut self, id: &str, output: &str, table: &str, column: &str, left: Strength, by_star: bool) {
        let here = (id.to_owned(), output.to_owned());
        for mut taint in self.incoming(table, column) {
            taint.strength = taint.strength.min(left);
            taint.by_star |= by_star;
            taint.path.push(here.clone());
            let known = self.taints.entry((id.to_owned(), output.to_lowercase())).or_default();
            let better = known.get(&taint.origin).is_none_or(|old| {
                (taint.strength, std::cmp::Reverse(taint.path.len()))
                    > (old.strength, std::cmp::Reverse(old.path.len()))
            });
            if better {
                known.insert(taint.origin.clone(), taint);
            }
        }
    }

    /// What reading this column brings along: its own tag, else what reached it.
    fn incoming(&self, table: &str, column: &str) -> Vec<Taint> {
        match self.marks.of(table, column) {
            Some(Mark::Tagged { label, whole_relation }) => {
                let origin = (table.to_owned(), column.to_owned());
                let path = vec![origin.clone()];
                vec![Taint { origin, label, strength: Strength::Kept, whole_relation, path, by_star: false }]
            }
            // A declared "not personal" ends the flow; `pii_scan` judges whether it may be declared.
            Some(Mark::Cleared(_)) => Vec::new(),
            None => self.taints(table, column).cloned().collect(),
        }
    }

    /// The tagged values in a column, whatever its own tag says, sorted by origin.
    pub fn taints(&self, id: &str, column: &str) -> impl Iterator<Item = &Taint> {
        self.taints.get(&(id.to_owned(), column.to_lowercase())).into_iter().flat_map(BTreeMap::values)
    }

    /// Names of the columns of a model that a star brought in, sorted.
    pub fn star_columns(&self, id: &str) -> BTreeSet<String> {
        let own = self.taints.iter().filter(|((table, _), taints)| table == id && taints.values().any(|t| t.by_star));
        own.map(|((_, column), _)| column.clone()).collect()
    }

    /// Tagged relations that may reach the model unseen, sorted.
    pub fn unseen(&self, id: &str) -> impl Iterator<Item = &Unseen> {
        self.unseen.iter().filter(move |(model, _)| model == id).map(|(_, unseen)| unseen)
    }

    /// The project's own masking functions.
    pub fn masking(&self) -> &'a [String] {
        self.masking
    }

    /// The side.
    pub fn bound(&self) -> &'a Bound {
        self.bound
    }
}

/// The analyses of a model's full text and, where it differs, of its incremental text. A text that does not parse is
/// the `parse` gate's finding and carries no lineage.
pub fn analyses<'b>(bound: &'b Bound, id: &str) -> Vec<Cow<'b, Analysis>> {
    let mut all: Vec<Cow<'b, Analysis>> = bound.analysis(id).ok().map(Cow::Borrowed).into_iter().collect();
    let compiled = bound.project.models.get(id).and_then(|m| m.compiled.as_ref().ok());
    if let Some(text) = compiled.and_then(|c| c.incremental_sql.as_deref())
        && let Ok(analysis) = sql::analyze(text, bound.project.dialect, bound)
    {
        all.push(Cow::Owned(analysis));
    }
    all
}

/// The model and all that it reads, directly or not, upstream first.
fn ancestry(bound: &Bound, id: &str) -> Vec<String> {
    let mut order = Vec::new();
    let mut seen = BTreeSet::new();
    let mut stack = vec![(id.to_owned(), false)];
    while let Some((id, done)) = stack.pop() {
        if done {
            order.push(id);
            continue;
        }
        if !seen.insert(id.clone()) {
            continue;
        }
        stack.push((id.clone(), true));
        let mut parents: BTreeSet<String> =
            bound.project.models.get(&id).map(|m| m.depends_on.clone()).unwrap_or_default();
        if let Ok(analysis) = bound.analysis(&id) {
            parents.extend(analysis.relations.iter().filter(|r| r.known).map(|r| r.id.clone()));
        }
        stack.extend(parents.into_iter().map(|parent| (parent, false)));
    }
    order
}

/// Columns with a `unique` test.
fn unique_columns(project: &Project) -> BTreeSet<ColumnId> {
    let mut unique = BTreeSet::new();
    for test in project.tests.values() {
        if let TestKind::Generic { name, .. } = &test.kind
            && name.rsplit('.').next() == Some("unique")
            && let (Some(table), Some(column)) = (&test.attached, &test.column)
        {
            unique.insert((table.clone(), column.clone()));
        }
    }
    unique
}
