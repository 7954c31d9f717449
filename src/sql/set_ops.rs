//! Set operations and VALUES.

use std::collections::BTreeSet;
use std::rc::Rc;

use sqlparser::ast::{SetExpr, SetOperator, Values};

use super::canonical::{column_text, rendered};
use super::resolve::{Resolver, leaf_from, tidy, union_edges};
use super::rewrite;
use super::scope::{Column, Open, Resolved};
use super::term::{self, Block, From, Kind, Leaf, LeafId, LeafSource, Part, Rows, T, Tree};
use super::{Clause, ClauseKind, Dialect, Edge, OutputKind, Reason, Span, Unresolved};

/// Arms of one UNION ALL; the rest of a longer one is an arm.
const MOST_ARMS: usize = 32;

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
        let mut columns: Vec<Column> = Vec::new();
        let mut values: Vec<(Option<T>, Option<T>)> = Vec::new();
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
            let theirs = other.map(|other| other.term.clone());
            values.push((Some(column.term.clone()), theirs));
            let mut merged = column.with_name(&column.name, &column.key);
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
            columns.push(merged);
        }
        if by_name {
            let rest = right.columns.iter().enumerate().filter(|(at, _)| !taken.contains(at));
            for (_, column) in rest {
                values.push((None, Some(column.term.clone())));
                columns.push(Column::clone(column));
            }
        }
        let missing = if open { "unknown" } else { "null" };
        let mut arms = self.arms_of(left, values.iter().map(|value| value.0.as_ref()), &operator, missing);
        arms.extend(self.arms_of(right, values.iter().map(|value| value.1.as_ref()), &operator, missing));
        if !self.keeps_order && matches!(&*operator, "union all" | "union") {
            sort_arms(&mut arms);
        }
        let columns: Vec<Rc<Column>> = columns
            .into_iter()
            .enumerate()
            .map(|(at, column)| Rc::new(Column { term: joined(&arms, at, &operator), ..column }))
            .collect();
        // Which rows a set operation keeps depends on all columns, unless it keeps them all.
        let all_rows = &*operator == "union all";
        let leaf = |arm: &Arm| Leaf { id: arm.leaf, source: LeafSource::Block(arm.block.clone()) };
        let tree = Tree::Set { operator, arms: arms.iter().map(leaf).collect() };
        let distinct = (!all_rows).then(|| columns.iter().map(|column| column.term.clone()).collect());
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

    /// What of both operands takes part, when the second says more than that names are matched.
    pub(super) fn by_marked_names(
        &self,
        right: &SetExpr,
        sides: (Rc<Resolved>, Rc<Resolved>),
    ) -> (Rc<Resolved>, Rc<Resolved>) {
        let SetExpr::Query(query) = right else { return sides };
        let Some(mark) = query.with.as_ref().and_then(|with| with.cte_tables.first()) else { return sides };
        let mode = mark.alias.name.value.as_str();
        if !rewrite::is_set_mark(mode) {
            return sides;
        }
        let (left, right) = sides;
        if left.open.is_some() || right.open.is_some() {
            // Which names both have is not known.
            return (left, right);
        }
        let has = |side: &Resolved, key: &str| side.columns.iter().any(|column| column.matches(key));
        let list: Vec<String> = mark.alias.columns.iter().map(|column| self.key(&column.name)).collect();
        let listed = |side: &Resolved| -> Vec<Rc<Column>> {
            match list.as_slice() {
                [] => side.columns.clone(),
                keys => {
                    keys.iter().filter_map(|key| side.columns.iter().find(|one| one.matches(key)).cloned()).collect()
                }
            }
        };
        let common = mode == rewrite::MARK_COMMON_COLUMNS;
        let ours = listed(&left).into_iter().filter(|one| !common || has(&right, &one.key)).collect();
        let theirs = listed(&right)
            .into_iter()
            .filter(|one| mode == rewrite::MARK_LISTED_COLUMNS || has(&left, &one.key))
            .collect();
        let with = |side: &Resolved, columns| Rc::new(Resolved { columns, ..side.clone() });
        (with(&left, ours), with(&right, theirs))
    }

    /// One side as arms: several when it is a UNION ALL itself, under another.
    fn arms_of<'t>(
        &mut self,
        side: &Rc<Resolved>,
        values: impl Iterator<Item = Option<&'t T>>,
        operator: &str,
        missing: &str,
    ) -> Vec<Arm> {
        let values: Vec<T> = values.map(|value| value.cloned().unwrap_or_else(|| term::text(missing))).collect();
        if let Some(arms) = self.arms_within(side, &values, operator) {
            return arms;
        }
        vec![Arm { leaf: self.leaf(), block: side.block.clone(), values }]
    }

    fn arms_within(&mut self, side: &Rc<Resolved>, values: &[T], operator: &str) -> Option<Vec<Arm>> {
        let rows = &side.block.rows;
        let Tree::Set { operator: inner, arms } = &rows.from.tree else { return None };
        let flat = operator == "union all" && **inner == *operator && rows.plain() && rows.from.filters.is_empty();
        if !flat || !side.block.closed || side.block.windowed || arms.len() >= MOST_ARMS {
            return None;
        }
        let of_arm = |(at, arm): (usize, &Leaf)| {
            let LeafSource::Block(block) = &arm.source else { return None };
            let values: Option<Vec<T>> = values.iter().map(|value| value_in_arm(value, at, arms)).collect();
            Some((block.clone(), values?))
        };
        let found: Option<Vec<(Rc<Block>, Vec<T>)>> = arms.iter().enumerate().map(of_arm).collect();
        let found = found?.into_iter().map(|(block, values)| Arm { leaf: self.leaf(), block, values });
        Some(found.collect())
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
            Dialect::MySql => ("column_", 0),
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

/// An arm of a set operation: its rows, and the value of each column over them.
struct Arm {
    leaf: LeafId,
    block: Rc<Block>,
    values: Vec<T>,
}

/// Arms by what they are: which of them stands first decides nothing.
fn sort_arms(arms: &mut [Arm]) {
    if arms.iter().all(|arm| arm.block.closed) {
        arms.sort_by_cached_key(|arm| {
            let values: Vec<Rc<str>> = arm.values.iter().map(|value| column_text(&arm.block, value)).collect();
            (rendered(&arm.block).hash.clone(), values)
        });
    }
}

/// The value of a column in each of the arms: `[a union all b]`.
fn joined(arms: &[Arm], at: usize, operator: &str) -> T {
    let mut parts = vec![Part::Text("[".into())];
    for (number, arm) in arms.iter().enumerate() {
        if number > 0 {
            parts.push(Part::Text(format!(" {operator} ").into()));
        }
        parts.push(Part::Term(match &arm.values[at].kind {
            Kind::Text(_) => arm.values[at].clone(),
            _ => term::inner(arm.leaf, &arm.values[at], &arm.block),
        }));
    }
    parts.push(Part::Text("]".into()));
    term::seq(parts)
}

/// What a column made by `joined` is in one of the arms.
fn value_in_arm(value: &T, at: usize, arms: &[Leaf]) -> Option<T> {
    let Kind::Seq(parts) = &value.kind else { return None };
    let values: Vec<&T> = parts
        .iter()
        .filter_map(|part| match part {
            Part::Term(term) => Some(term),
            _ => None,
        })
        .collect();
    let shaped = values.len() == arms.len() && matches!(parts.first(), Some(Part::Text(text)) if text == "[");
    match &values.get(at).filter(|_| shaped)?.kind {
        Kind::Inner { leaf, term, .. } if *leaf == arms[at].id => Some(term.clone()),
        Kind::Text(_) => values.get(at).map(|value| (*value).clone()),
        _ => None,
    }
}

fn merge_kinds(left: &Column, right: &Column) -> OutputKind {
    if left.kind == right.kind { left.kind } else { super::expr::stronger(left.kind, right.kind) }
}
