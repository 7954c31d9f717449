//! FROM: joins, what they merge and hide, and the tree of relations that they make.

use std::rc::Rc;

use sqlparser::ast::{BinaryOperator, Expr, Ident, Join, JoinConstraint, JoinOperator, Spanned, TableWithJoins};

use sqlparser::tokenizer::Span as ParserSpan;

use super::clauses::{Equality, JoinFacts};
use super::expr::Val;
use super::predicates::{always_true, operands};
use super::resolve::{Resolver, tidy};
use super::scope::{Column, Merged};
use super::shapes::{Halves, items_before, text_before};
use super::term::{self, From, T, Tree};
use super::{OutputKind, Reason};

/// A join's kind, and which sides it may fill with NULL.
pub(super) struct Kind {
    pub(super) word: &'static str,
    left_nullable: bool,
    right_nullable: bool,
}

impl Resolver<'_> {
    pub(super) fn relations_of(&mut self, items: &[TableWithJoins]) -> From {
        let mut from = From::default();
        for (at, item) in items.iter().enumerate() {
            let first = self.last_scope().sources.len();
            let next = self.table_with_joins(item, false);
            if at > 0 {
                let facts =
                    JoinFacts { kind: "cross", factor: &item.relation, first, equalities: Vec::new(), equi_only: true };
                let whole = cross(from, next);
                let span = self.text.span(item.relation.span());
                let (left, right_text) = (items_before(items, at), Some(item.to_string()));
                let right = &item.relation;
                self.begin_join(Halves { kind: "comma", left, right, right_text, start: 0, first, span });
                self.join_clause(&whole, facts, &[], item.relation.span());
                from = whole;
            } else {
                from = next;
            }
        }
        from
    }

    pub(super) fn table_with_joins(&mut self, item: &TableWithJoins, nullable: bool) -> From {
        let kinds: Vec<Kind> = item.joins.iter().map(|join| kind_of(&join.join_operator)).collect();
        // A later RIGHT or FULL join may fill everything before it with NULL.
        let later = |at: usize| kinds[at..].iter().any(|kind| kind.left_nullable);
        let start = self.last_scope().sources.len();
        let mut left = self.factor(&item.relation, nullable || later(0), false);
        for (at, join) in item.joins.iter().enumerate() {
            let kind = &kinds[at];
            let first = self.last_scope().sources.len();
            let applied = matches!(join.join_operator, JoinOperator::CrossApply | JoinOperator::OuterApply);
            let right = if is_array_join(&join.join_operator) {
                self.array_join(&join.relation)
            } else {
                self.factor(&join.relation, nullable || kind.right_nullable || later(at + 1), applied)
            };
            let span = self.text.span(place_of(join));
            let left_text = text_before(item, at);
            let factor = &join.relation;
            let halves =
                Halves { kind: kind.word, left: left_text, right: factor, right_text: None, start, first, span };
            self.begin_join(halves);
            left = self.joined(left, right, join, kind, start, first);
        }
        left
    }

    fn joined(&mut self, left: From, right: From, join: &Join, kind: &Kind, start: usize, first: usize) -> From {
        let mut on: Vec<T> = Vec::new();
        let mut facts =
            JoinFacts { kind: kind.word, factor: &join.relation, first, equalities: Vec::new(), equi_only: true };
        let span = place_of(join);
        match constraint_of(&join.join_operator) {
            Some(JoinConstraint::On(condition)) => {
                self.on_condition(condition, &mut on, &mut facts);
                self.tie_on(condition);
            }
            Some(JoinConstraint::Using(names)) => {
                let columns: Vec<Ident> = names.iter().filter_map(|name| name.0.last()?.as_ident().cloned()).collect();
                for column in columns {
                    self.using(&column, kind, start, first, &mut on, &mut facts);
                }
            }
            Some(JoinConstraint::Natural) => self.natural(kind, start, first, &mut on, &mut facts),
            Some(JoinConstraint::None) | None => {}
        }
        if let JoinOperator::AsOf { match_condition, .. } = &join.join_operator {
            on.push(self.unlisted_expr(match_condition));
            facts.equi_only = false;
        }
        if matches!(kind.word, "semi" | "anti" | "right semi" | "right anti") {
            let count = self.last_scope().sources.len();
            let range = if kind.word.starts_with("right") { start..first } else { first..count };
            self.last_scope().hidden.extend(range);
        }
        let conditions = on.clone();
        let whole = combined(left, right, kind.word, on);
        self.join_clause(&whole, facts, &conditions, span);
        whole
    }

    fn on_condition(&mut self, condition: &Expr, on: &mut Vec<T>, facts: &mut JoinFacts<'_>) {
        for (part, negated) in operands(condition, &BinaryOperator::And, false) {
            if !negated && always_true(part) {
                continue;
            }
            let (Expr::BinaryOp { left, op: BinaryOperator::Eq, right }, false) = (part, negated) else {
                facts.equi_only = false;
                let values = self.unlisted(|this| this.conjunct(part, negated, true));
                on.extend(values.into_iter().map(|value| self.bounded(value.term)));
                continue;
            };
            let (left_term, left_reads) = self.side(left);
            let (right_term, right_reads) = self.side(right);
            let of_right = |reads: &[usize]| !reads.is_empty() && reads.iter().all(|&at| at >= facts.first);
            let of_left = |reads: &[usize]| reads.iter().all(|&at| at < facts.first);
            if of_right(&right_reads) && of_left(&left_reads) {
                facts.equalities.push(Equality { key: right.as_ref().clone(), text: right.to_string() });
            } else if of_right(&left_reads) && of_left(&right_reads) {
                facts.equalities.push(Equality { key: left.as_ref().clone(), text: left.to_string() });
            } else {
                facts.equi_only = false;
            }
            let value = |term: T| Val { term, kind: OutputKind::Derived };
            on.push(self.combine(value(left_term), &BinaryOperator::Eq, value(right_term)).term);
        }
    }

    /// One side of an equality and the sources that it reads.
    fn side(&mut self, expr: &Expr) -> (T, Vec<usize>) {
        let before = std::mem::take(&mut self.last_scope().touched);
        let term = self.unlisted_expr(expr);
        let reads = std::mem::replace(&mut self.last_scope().touched, before);
        (term, reads.into_iter().collect())
    }

    fn using(
        &mut self,
        name: &Ident,
        kind: &Kind,
        start: usize,
        first: usize,
        on: &mut Vec<T>,
        facts: &mut JoinFacts<'_>,
    ) {
        let count = self.last_scope().sources.len();
        let left = self.using_side(name, start..first);
        let right = self.using_side(name, first..count);
        let (Some((left, mut members)), Some((right, right_members))) = (left, right) else {
            self.supported = false;
            return;
        };
        members.extend(right_members);
        let span = self.text.span(name.span);
        let outer = std::mem::take(&mut self.sink);
        let left_value = self.read(&left, span);
        let right_value = self.read(&right, span);
        let sink = std::mem::replace(&mut self.sink, outer);
        let (left_term, right_term) = (left_value.term.clone(), right_value.term.clone());
        on.push(self.combine(left_value, &BinaryOperator::Eq, right_value).term);
        facts.equalities.push(Equality { key: Expr::Identifier(name.clone()), text: name.to_string() });
        self.tie_using(&name.to_string());
        let column = match kind.word {
            "right" => right,
            "full" => Column {
                term: term::call("coalesce", &[left_term, right_term]),
                kind: super::expr::stronger(OutputKind::Derived, super::expr::stronger(left.kind, right.kind)),
                edges: Rc::new(tidy(
                    sink.edges.into_iter().map(|edge| super::Edge { via: prefixed(edge.via), ..edge }).collect(),
                )),
                ..left
            },
            _ => left,
        };
        self.last_scope().merged.push(Merged { column, members });
    }

    /// The column of that name among some sources, and which of them have it.
    fn using_side(&mut self, name: &Ident, range: std::ops::Range<usize>) -> Option<(Column, Vec<usize>)> {
        let key = self.key(name);
        let scope = self.last_scope();
        let merged =
            scope.merged.iter().rev().find(|merged| {
                merged.column.matches(&key) && merged.members.iter().all(|member| range.contains(member))
            });
        if let Some(merged) = merged {
            return Some((merged.column.clone(), merged.members.clone()));
        }
        let sources: Vec<_> =
            scope.visible().filter(|(at, _)| range.contains(at)).map(|(at, one)| (at, one.clone())).collect();
        let listed: Vec<_> = sources
            .iter()
            .filter_map(|(at, source)| source.listed(&key).ok().flatten().map(|column| (*at, column)))
            .collect();
        let open: Vec<_> = sources.iter().filter(|(_, source)| source.is_open()).collect();
        let tables = || sources.iter().flat_map(|(_, source)| source.tables.iter().cloned()).collect::<Vec<_>>();
        let reason = match (listed.as_slice(), open.as_slice()) {
            ([(at, column)], []) => return Some((column.clone(), vec![*at])),
            ([(at, column)], [(open, _)]) if at == open => return Some((column.clone(), vec![*at])),
            ([], [(at, source)]) => {
                if let Some(column) = source.unlisted(self.dialect, &name.value, name.quote_style.is_some()) {
                    return Some((column, vec![*at]));
                }
                Reason::OpenStar
            }
            ([], []) => Reason::NotInSchema,
            (_, [_, ..]) => Reason::OpenStar,
            _ => Reason::Ambiguous,
        };
        let (tables, span) = (tables(), self.text.span(name.span));
        self.unresolved_reference(std::slice::from_ref(name), reason, tables, span);
        None
    }

    fn natural(&mut self, kind: &Kind, start: usize, first: usize, on: &mut Vec<T>, facts: &mut JoinFacts<'_>) {
        let scope = self.last_scope();
        let sides: Vec<_> = scope.visible().filter(|(at, _)| *at >= start).map(|(at, one)| (at, one.clone())).collect();
        if sides.iter().any(|(_, source)| source.is_open()) {
            let tables = sides.iter().flat_map(|(_, source)| source.tables.iter().cloned()).collect();
            let name = Ident::new("natural join");
            self.supported = false;
            self.unresolved_reference(&[name], Reason::OpenStar, tables, Default::default());
            return;
        }
        let (left, right): (Vec<_>, Vec<_>) = sides.into_iter().partition(|(at, _)| *at < first);
        let mut names: Vec<Ident> = Vec::new();
        for column in left.iter().flat_map(|(_, source)| source.columns.iter()) {
            let common = right.iter().any(|(_, source)| !matches!(source.listed(&column.key), Ok(None)));
            if common && !names.iter().any(|name| name.value == *column.name) {
                names.push(Ident {
                    value: column.name.to_string(),
                    quote_style: None,
                    span: sqlparser::tokenizer::Span::empty(),
                });
            }
        }
        for name in names {
            self.using(&name, kind, start, first, on, facts);
        }
    }
}

fn prefixed(mut via: Vec<String>) -> Vec<String> {
    via.insert(0, "coalesce".to_owned());
    via
}

/// Inner join without condition.
pub(super) fn cross(left: From, right: From) -> From {
    let mut filters = left.filters;
    filters.extend(right.filters);
    let mut trees = Vec::new();
    for tree in [left.tree, right.tree] {
        match tree {
            Tree::Unit => {}
            Tree::Cross(inner) => trees.extend(inner),
            other => trees.push(other),
        }
    }
    let tree = match trees.len() {
        0 => Tree::Unit,
        1 => trees.pop().unwrap_or_default(),
        _ => Tree::Cross(trees),
    };
    From { tree, filters }
}

/// Joins two FROMs. Filters of a preserved side rise over the join; those of a side that may be filled with NULL join
/// the condition, which is exact; a FULL join lets neither pass.
fn combined(left: From, right: From, kind: &'static str, on: Vec<T>) -> From {
    let join = |kind, left: Tree, right: Tree, on, filters| From {
        tree: Tree::Join { kind, left: Box::new(left), right: Box::new(right), on },
        filters,
    };
    match kind {
        "inner" | "cross" | "lateral" => {
            let mut from = cross(left, right);
            from.filters.extend(on);
            from
        }
        "left" | "semi" | "anti" | "left lateral" => {
            let mut on = on;
            on.extend(right.filters);
            join(kind, left.tree, right.tree, on, left.filters)
        }
        "right" | "right semi" | "right anti" => {
            let mut on = on;
            on.extend(left.filters);
            join(kind, left.tree, right.tree, on, right.filters)
        }
        _ => join(kind, held(left), held(right), on, Vec::new()),
    }
}

fn held(from: From) -> Tree {
    if from.filters.is_empty() { from.tree } else { Tree::Filtered(Box::new(from)) }
}

pub(super) fn kind_of(operator: &JoinOperator) -> Kind {
    let (word, left_nullable, right_nullable) = match operator {
        JoinOperator::Join(_) | JoinOperator::Inner(_) | JoinOperator::StraightJoin(_) => ("inner", false, false),
        JoinOperator::CrossJoin(_) => ("cross", false, false),
        JoinOperator::Left(_) | JoinOperator::LeftOuter(_) => ("left", false, true),
        JoinOperator::Right(_) | JoinOperator::RightOuter(_) => ("right", true, false),
        JoinOperator::FullOuter(_) => ("full", true, true),
        JoinOperator::Semi(_) | JoinOperator::LeftSemi(_) => ("semi", false, false),
        JoinOperator::Anti(_) | JoinOperator::LeftAnti(_) => ("anti", false, false),
        JoinOperator::RightSemi(_) => ("right semi", false, false),
        JoinOperator::RightAnti(_) => ("right anti", false, false),
        JoinOperator::CrossApply | JoinOperator::ArrayJoin | JoinOperator::InnerArrayJoin => ("lateral", false, false),
        JoinOperator::OuterApply | JoinOperator::LeftArrayJoin => ("left lateral", false, true),
        // Which row it picks depends on all of them: nothing may move across it, and either side may be outer.
        JoinOperator::AsOf { .. } => ("asof", true, true),
    };
    Kind { word, left_nullable, right_nullable }
}

pub(super) fn constraint_of(operator: &JoinOperator) -> Option<&JoinConstraint> {
    match operator {
        JoinOperator::Join(one)
        | JoinOperator::Inner(one)
        | JoinOperator::Left(one)
        | JoinOperator::LeftOuter(one)
        | JoinOperator::Right(one)
        | JoinOperator::RightOuter(one)
        | JoinOperator::FullOuter(one)
        | JoinOperator::CrossJoin(one)
        | JoinOperator::Semi(one)
        | JoinOperator::LeftSemi(one)
        | JoinOperator::RightSemi(one)
        | JoinOperator::Anti(one)
        | JoinOperator::LeftAnti(one)
        | JoinOperator::RightAnti(one)
        | JoinOperator::StraightJoin(one)
        | JoinOperator::AsOf { constraint: one, .. } => Some(one),
        JoinOperator::CrossApply
        | JoinOperator::OuterApply
        | JoinOperator::ArrayJoin
        | JoinOperator::LeftArrayJoin
        | JoinOperator::InnerArrayJoin => None,
    }
}

/// A join's right side and its condition.
fn place_of(join: &Join) -> ParserSpan {
    let place = join.relation.span();
    match constraint_of(&join.join_operator) {
        Some(JoinConstraint::On(condition)) => place.union(&condition.span()),
        Some(JoinConstraint::Using(names)) => {
            let columns = names.iter().filter_map(|name| name.0.last()?.as_ident());
            columns.fold(place, |place, column| place.union(&column.span))
        }
        _ => place,
    }
}

fn is_array_join(operator: &JoinOperator) -> bool {
    matches!(operator, JoinOperator::ArrayJoin | JoinOperator::LeftArrayJoin | JoinOperator::InnerArrayJoin)
}
