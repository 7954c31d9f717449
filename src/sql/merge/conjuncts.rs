//! Conditions of both versions, paired one by one.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use sqlparser::ast::{BinaryOperator, Expr, Visit, Visitor};

use super::super::predicates::always_true;
use super::{EditKind, Merger, same};

/// How alike two conditions must be to be one that was changed.
const ALIKE: f64 = 0.5;

/// The conditions of a chain of AND.
pub(super) fn split(expr: Option<&Expr>) -> Vec<Expr> {
    let mut open: Vec<&Expr> = expr.into_iter().collect();
    let mut found = Vec::new();
    while let Some(next) = open.pop() {
        match next {
            Expr::Nested(inner) => open.push(inner),
            Expr::BinaryOp { left, op: BinaryOperator::And, right } => open.extend([&**right, &**left]),
            other if always_true(other) => {}
            other => found.push(other.clone()),
        }
    }
    found
}

/// Conditions as one.
pub(super) fn joined(conditions: Vec<Expr>) -> Option<Expr> {
    let nested = |expr: Expr| Expr::Nested(Box::new(expr));
    conditions.into_iter().map(nested).reduce(|left, right| Expr::BinaryOp {
        left: Box::new(left),
        op: BinaryOperator::And,
        right: Box::new(right),
    })
}

impl Merger<'_> {
    /// Merges two lists of conditions.
    pub(super) fn conditions(
        &mut self,
        kind: EditKind,
        about: &str,
        scope: usize,
        base: Vec<Expr>,
        head: Vec<Expr>,
    ) -> Vec<Expr> {
        let mut gone = base;
        let mut merged = Vec::new();
        let mut fresh = Vec::new();
        for condition in head {
            match gone.iter().position(|old| same_but_for_qualifiers(old, &condition)) {
                Some(at) => {
                    gone.remove(at);
                    merged.push(condition);
                }
                None => fresh.push(condition),
            }
        }
        // `a and b` that became `a or b` is one change, and so is the way back.
        let mut gone = chained(gone, &fresh);
        let fresh = chained(fresh, &gone);
        let last = fresh.len() == 1 && gone.len() == 1;
        for condition in fresh {
            let old = partner(&condition, &gone, last).map(|at| gone.remove(at));
            let base = (old.as_ref().map(|old| self.part(old, 0)), old.as_ref().map(qualifiers).unwrap_or_default());
            let head = (Some(self.part(&condition, 1)), qualifiers(&condition));
            let made = self.edit_reading(kind, about, scope, base, head);
            merged.extend(if made { Some(condition) } else { old });
        }
        for old in gone {
            let base = (Some(self.part(&old, 0)), qualifiers(&old));
            if !self.edit_reading(kind, about, scope, base, (None, Vec::new())) {
                merged.push(old);
            }
        }
        merged
    }
}

/// Conditions of `some` that are operands of one OR of `other`, as one condition.
fn chained(mut some: Vec<Expr>, other: &[Expr]) -> Vec<Expr> {
    for chain in other {
        let operands = alternatives(chain);
        if operands.len() < 2 {
            continue;
        }
        let (parts, rest): (Vec<Expr>, Vec<Expr>) =
            some.into_iter().partition(|one| operands.iter().any(|o| same(o, one)));
        some = rest;
        some.extend(plainly(parts));
    }
    some
}

/// Conditions as one, without brackets.
fn plainly(conditions: Vec<Expr>) -> Option<Expr> {
    conditions.into_iter().reduce(|left, right| Expr::BinaryOp {
        left: Box::new(left),
        op: BinaryOperator::And,
        right: Box::new(right),
    })
}

/// The operands of a chain of OR.
fn alternatives(expr: &Expr) -> Vec<Expr> {
    match expr {
        Expr::Nested(inner) => alternatives(inner),
        Expr::BinaryOp { left, op: BinaryOperator::Or, right } => [alternatives(left), alternatives(right)].concat(),
        other => vec![other.clone()],
    }
}

/// The condition of base that was changed into this one: it reads the same names, or is written much alike.
fn partner(condition: &Expr, gone: &[Expr], last: bool) -> Option<usize> {
    let names = columns(condition);
    let alike = |old: &Expr| strsim::normalized_levenshtein(&old.to_string(), &condition.to_string());
    let by_names = gone.iter().enumerate().filter(|(_, old)| !names.is_empty() && columns(old) == names);
    let best = by_names.max_by(|a, b| alike(a.1).total_cmp(&alike(b.1))).map(|(at, _)| at);
    let tied = qualifiers(condition);
    // The only ones that are left, over the same column or the same two relations.
    let shares =
        |old: &Expr| columns(old).intersection(&names).next().is_some() || (tied.len() > 1 && qualifiers(old) == tied);
    best.or_else(|| {
        let scores = gone.iter().enumerate().map(|(at, old)| (at, alike(old), shares(old)));
        let close = scores.filter(|(_, score, shares)| *score >= ALIKE || (last && *shares));
        close.max_by(|a, b| a.1.total_cmp(&b.1)).map(|(at, ..)| at)
    })
}

/// Whether two expressions say the same, where one of them may leave out a qualifier that the other writes.
pub(super) fn same_but_for_qualifiers(one: &Expr, other: &Expr) -> bool {
    if same(one, other) {
        return true;
    }
    let (some, others) = (names(one).read, names(other).read);
    let agree = |(a, b): (&Option<String>, &Option<String>)| a == b || a.is_none() || b.is_none();
    some.len() == others.len() && some.iter().zip(&others).all(agree) && stripped(one) == stripped(other)
}

fn stripped(expr: &Expr) -> String {
    use sqlparser::ast::{VisitMut, VisitorMut};
    struct Strip;
    impl VisitorMut for Strip {
        type Break = ();
        fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
            if let Expr::CompoundIdentifier(parts) = expr
                && let Some(last) = parts.pop()
            {
                *expr = Expr::Identifier(last);
            }
            ControlFlow::Continue(())
        }
    }
    let mut expr = expr.clone();
    let _ = VisitMut::visit(&mut expr, &mut Strip);
    expr.to_string()
}

struct Names {
    /// The qualifier of each column, in order.
    read: Vec<Option<String>>,
    qualifiers: BTreeSet<String>,
    columns: BTreeSet<String>,
}

impl Visitor for Names {
    type Break = ();
    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match expr {
            Expr::Identifier(only) => {
                self.read.push(None);
                self.columns.insert(only.value.to_lowercase());
            }
            Expr::CompoundIdentifier(parts) => {
                self.read.push(parts.first().map(|part| part.value.to_lowercase()));
                self.qualifiers.extend(parts.first().map(|part| part.value.to_lowercase()));
                self.columns.extend(parts.last().map(|part| part.value.to_lowercase()));
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

fn names(expr: &Expr) -> Names {
    let mut names = Names { read: Vec::new(), qualifiers: BTreeSet::new(), columns: BTreeSet::new() };
    let _ = expr.visit(&mut names);
    names
}

/// Qualifiers that an expression reads.
pub(super) fn qualifiers(expr: &Expr) -> Vec<String> {
    names(expr).qualifiers.into_iter().collect()
}

fn columns(expr: &Expr) -> BTreeSet<String> {
    names(expr).columns
}
