//! Set operations and VALUES.

use std::collections::BTreeSet;
use std::rc::Rc;

use sqlparser::ast::{SetOperator, Values};

use super::resolve::{Resolver, leaf_from, tidy, union_edges};
use super::scope::{Column, Open, Resolved};
use super::term::{self, Block, From, Leaf, LeafSource, Part, Rows, T, Tree};
use super::{Clause, ClauseKind, Dialect, Edge, OutputKind, Reason, Span, Unresolved};

impl Resolver<'_> {
    pub(super) fn set_clause(&mut self, operator: &str, span: Span) {
        self.add_clause(Clause { kind: ClauseKind::SetOperation, text: operator.to_owned(), span, join: None });
    }

    /// Joins two arms; `by_name` matches columns by name instead of position.
    pub(super) fn union_of(
        &mut self,
        left: &Rc<Resolved>,
        right: &Rc<Resolved>,
        operator: Rc<str>,
        kind: SetOperator,
        by_name: bool,
        span: Span,
    ) -> Resolved {
        let (left_leaf, right_leaf) = (self.leaf(), self.leaf());
        let open = left.open.is_some() || right.open.is_some();
        if !open && !by_name && left.columns.len() != right.columns.len() {
            let what = format!("{operator} of {} and {} columns", left.columns.len(), right.columns.len());
            // What was not understood before this may have other columns than those that are counted here.
            match self.unresolved.iter().any(|one| one.reason == Reason::Unsupported) {
                false => self.miscounted(what, span),
                true => self.unsupported(what, span),
            }
        }
        let value_of_right = matches!(kind, SetOperator::Union | SetOperator::Intersect);
        let mut columns = Vec::new();
        let mut taken = BTreeSet::new();
        for (at, column) in left.columns.iter().enumerate() {
            let other = match (by_name, open) {
                (true, _) => {
                    let at = right.columns.iter().position(|other| other.key == column.key);
                    taken.extend(at);
                    at.map(|at| &right.columns[at])
                }
                (false, false) => right.columns.get(at),
                // Positions after a star over unknown columns are not known.
                (false, true) => None,
            };
            let mine = term::inner(left_leaf, &column.term, &left.block);
            let theirs = match other {
                Some(other) => term::inner(right_leaf, &other.term, &right.block),
                None => term::text(if open { "unknown" } else { "null" }),
            };
            let mut merged = column.with_name(&column.name, &column.key);
            merged.term = pair(mine, &operator, theirs);
            match other {
                Some(other) if value_of_right => {
                    merged.edges = Rc::new(union_edges(&column.edges, &other.edges));
                    merged.kind = merge_kinds(column, other);
                    merged.unresolved = Rc::new([column.unresolved.as_slice(), other.unresolved.as_slice()].concat());
                    merged.starred = Rc::new([column.starred.as_slice(), other.starred.as_slice()].concat());
                }
                None if open => {
                    let arms = [left, right];
                    let tables = arms.iter().flat_map(|arm| arm.open.iter()).flat_map(|open| open.tables.clone());
                    merged.kind = OutputKind::Unknown;
                    let unknown = Unresolved {
                        name: column.name.to_string(),
                        reason: Reason::OpenStar,
                        span: column.span,
                        candidates: Vec::new(),
                        tables: tables.collect(),
                    };
                    merged.unresolved = Rc::new(vec![unknown]);
                }
                _ => {}
            }
            columns.push(Rc::new(merged));
        }
        if by_name {
            let rest = right.columns.iter().enumerate().filter(|(at, _)| !taken.contains(at));
            for (_, column) in rest {
                let theirs = term::inner(right_leaf, &column.term, &right.block);
                let mut merged = Column::clone(column);
                merged.term = pair(term::text("null"), &operator, theirs);
                columns.push(Rc::new(merged));
            }
        }
        // Which rows a set operation keeps depends on all columns, unless it keeps them all.
        let all_rows = &*operator == "union all";
        let tree = Tree::Set {
            operator,
            arms: vec![
                Leaf { id: left_leaf, source: LeafSource::Block(left.block.clone()) },
                Leaf { id: right_leaf, source: LeafSource::Block(right.block.clone()) },
            ],
        };
        let distinct = (!all_rows).then(|| columns.iter().map(|column: &Rc<Column>| column.term.clone()).collect());
        let rows = Rows { from: From { tree, filters: Vec::new() }, distinct, ..Rows::default() };
        let tables: BTreeSet<String> = left.tables.union(&right.tables).cloned().collect();
        let ids = [left, right].iter().flat_map(|arm| arm.open.iter()).flat_map(|open| open.tables.clone()).collect();
        Resolved {
            columns,
            open: open.then_some(Open { tables: ids, via: None }),
            block: Rc::new(Block::new(rows, left.block.closed && right.block.closed)),
            tables,
        }
    }

    pub(super) fn values(&mut self, values: &Values) -> Resolved {
        let leaf = self.leaf();
        let mut rows = vec![Part::Text("values".into())];
        let mut columns: Vec<(Vec<Edge>, OutputKind, Vec<Unresolved>)> = Vec::new();
        for row in &values.rows {
            let mut cells = Vec::new();
            for (at, cell) in row.content.iter().enumerate() {
                let sink = std::mem::take(&mut self.sink);
                let value = self.expr(cell);
                let sink = std::mem::replace(&mut self.sink, sink);
                cells.push(value.term);
                if columns.len() <= at {
                    columns.resize_with(at + 1, || (Vec::new(), OutputKind::Constant, Vec::new()));
                }
                let column = &mut columns[at];
                column.0.extend(sink.edges);
                column.1 = super::expr::stronger(column.1, value.kind);
                column.2.extend(sink.unresolved);
            }
            rows.push(Part::Text(" (".into()));
            term::push_list(&mut rows, &cells);
            rows.push(Part::Text(")".into()));
        }
        let first = match self.dialect {
            Dialect::DuckDb | Dialect::Trino => ("col", 0),
            Dialect::Databricks | Dialect::Spark | Dialect::Hive => ("col", 1),
            _ => ("column", 1),
        };
        let columns = columns
            .into_iter()
            .enumerate()
            .map(|(at, (edges, kind, unresolved))| {
                let name = format!("{}{}", first.0, at + first.1);
                Rc::new(Column {
                    key: self.dialect.fold_key(&name, false).into(),
                    name: name.into(),
                    other_key: None,
                    edges: Rc::new(tidy(edges)),
                    term: term::column(leaf, &format!("${at}")),
                    kind,
                    span: Span::default(),
                    unresolved: Rc::new(unresolved),
                    starred: Rc::default(),
                })
            })
            .collect();
        let rows = Rows { from: leaf_from(leaf, LeafSource::Rows(term::seq(rows))), ..Rows::default() };
        let block = Block { mergeable: true, ..Block::new(rows, true) };
        Resolved { columns, open: None, block: Rc::new(block), tables: BTreeSet::new() }
    }
}

fn pair(left: T, operator: &Rc<str>, right: T) -> T {
    term::seq(vec![
        Part::Text("[".into()),
        Part::Term(left),
        Part::Text(format!(" {operator} ").into()),
        Part::Term(right),
        Part::Text("]".into()),
    ])
}

fn merge_kinds(left: &Column, right: &Column) -> OutputKind {
    if left.kind == right.kind { left.kind } else { super::expr::stronger(left.kind, right.kind) }
}
