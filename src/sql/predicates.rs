//! Conditions: NOT pushed inwards, BETWEEN written out, comparisons turned one way. Every step holds for NULL too.

use sqlparser::ast::{BinaryOperator, Expr, UnaryOperator, Value};

use super::expr::{Build, Val};
use super::resolve::Resolver;
use super::term::{Kind, T};
use super::{Dialect, OutputKind};

/// An operand of AND or OR, and whether NOT stands before it.
pub(super) type Operand<'e> = (&'e Expr, bool);

/// The operands of a chain of AND (or OR); NOT before brackets goes to the operands within.
pub(super) fn operands<'e>(expr: &'e Expr, op: &BinaryOperator, negated: bool) -> Vec<Operand<'e>> {
    // A chain leans left and may be long; only brackets nest.
    let mut stack = vec![(expr, negated)];
    let mut found = Vec::new();
    while let Some((expr, negated)) = stack.pop() {
        match expr {
            Expr::Nested(inner) => stack.push((inner, negated)),
            Expr::UnaryOp { op: UnaryOperator::Not, expr } => stack.push((expr, !negated)),
            Expr::BinaryOp { left, op: other, right } if under_not(other, negated).as_ref() == Some(op) => {
                stack.push((right, negated));
                stack.push((left, negated));
            }
            other => found.push((other, negated)),
        }
    }
    found
}

/// AND or OR as it reads when NOT has passed it; `None` for other operators.
fn under_not(op: &BinaryOperator, negated: bool) -> Option<BinaryOperator> {
    match (op, negated) {
        (BinaryOperator::And, false) | (BinaryOperator::Or, true) => Some(BinaryOperator::And),
        (BinaryOperator::Or, false) | (BinaryOperator::And, true) => Some(BinaryOperator::Or),
        _ => None,
    }
}

/// `true` and `1 = 1`: what generated filters begin with.
pub(super) fn always_true(expr: &Expr) -> bool {
    match expr {
        Expr::Nested(inner) => always_true(inner),
        Expr::Value(value) => matches!(value.value, Value::Boolean(true)),
        Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => match (left.as_ref(), right.as_ref()) {
            (Expr::Value(left), Expr::Value(right)) => {
                matches!(left.value, Value::Number(..)) && left.value == right.value
            }
            _ => false,
        },
        _ => false,
    }
}

impl Resolver<'_> {
    /// A value that is true or false, or the opposite of it.
    pub(super) fn truth(&mut self, expr: &Expr, negated: bool) -> Val {
        let unknown = |_: &mut Self| super::expr::constant("too deep");
        self.deeper(|this| this.truth_here(expr, negated), unknown)
    }

    fn truth_here(&mut self, expr: &Expr, negated: bool) -> Val {
        match expr {
            Expr::Nested(inner) => self.truth(inner, negated),
            Expr::UnaryOp { op: UnaryOperator::Not, expr } => self.truth(expr, !negated),
            Expr::BinaryOp { op: op @ (BinaryOperator::And | BinaryOperator::Or), .. } => {
                let chain = under_not(op, negated).unwrap_or(BinaryOperator::And);
                let mut values = Vec::new();
                for (operand, negated) in operands(expr, &chain, negated) {
                    values.extend(self.conjunct(operand, negated, chain == BinaryOperator::And));
                }
                chained(values, if chain == BinaryOperator::And { " and " } else { " or " })
            }
            Expr::BinaryOp { left, op, right } => match self.opposite(op).filter(|_| negated) {
                Some(op) => self.binary(left, &op, right),
                None => self.maybe_not(expr, negated),
            },
            Expr::Between { expr, negated: not, low, high } if alike(low, high) => {
                let negated = negated != *not;
                let values = self.bounds(expr, low, high, negated);
                chained(values.into(), if negated { " or " } else { " and " })
            }
            _ => match opposite_form(expr).filter(|_| negated) {
                Some(opposite) => self.expr_plain(&opposite),
                None => self.maybe_not(expr, negated),
            },
        }
    }

    fn maybe_not(&mut self, expr: &Expr, negated: bool) -> Val {
        let value = self.expr_plain(expr);
        if !negated {
            return value;
        }
        let mut build = Build::new("(not ");
        build.value(value).text(")");
        build.done()
    }

    /// The operands that a condition brings to an AND (`both`): two for BETWEEN.
    pub(super) fn conjunct(&mut self, expr: &Expr, negated: bool, both: bool) -> Vec<Val> {
        match expr {
            Expr::Between { expr, negated: not, low, high } if alike(low, high) && (negated == *not) == both => {
                self.bounds(expr, low, high, negated != *not).into()
            }
            other => vec![self.truth(other, negated)],
        }
    }

    /// BETWEEN as its two comparisons.
    fn bounds(&mut self, expr: &Expr, low: &Expr, high: &Expr, negated: bool) -> [Val; 2] {
        let value = self.expr(expr);
        let again = Val { term: value.term.clone(), kind: value.kind };
        let (low, high) = (self.expr(low), self.expr(high));
        let (at_least, at_most) = (BinaryOperator::GtEq, BinaryOperator::LtEq);
        [self.compared(value, &at_least, low, negated), self.compared(again, &at_most, high, negated)]
    }

    fn compared(&self, left: Val, op: &BinaryOperator, right: Val, negated: bool) -> Val {
        match (negated, self.opposite(op)) {
            (false, _) => self.combine(left, op, right),
            (true, Some(opposite)) => self.combine(left, &opposite, right),
            (true, None) => {
                let mut build = Build::new("(not ");
                build.value(self.combine(left, op, right)).text(")");
                build.done()
            }
        }
    }

    /// The comparison that is true where the given one is false, and unknown where it is.
    fn opposite(&self, op: &BinaryOperator) -> Option<BinaryOperator> {
        // Where NaN is no number among numbers, it is neither less than 1 nor at least 1.
        let total = matches!(
            self.dialect,
            Dialect::DuckDb
                | Dialect::Postgres
                | Dialect::Redshift
                | Dialect::Snowflake
                | Dialect::Databricks
                | Dialect::Spark
                | Dialect::TSql
                | Dialect::MySql
                | Dialect::Sqlite
        );
        match op {
            BinaryOperator::Eq => Some(BinaryOperator::NotEq),
            BinaryOperator::NotEq => Some(BinaryOperator::Eq),
            BinaryOperator::Lt if total => Some(BinaryOperator::GtEq),
            BinaryOperator::LtEq if total => Some(BinaryOperator::Gt),
            BinaryOperator::Gt if total => Some(BinaryOperator::LtEq),
            BinaryOperator::GtEq if total => Some(BinaryOperator::Lt),
            _ => None,
        }
    }

    /// `x in (...)`: each constant once; one value alone is an equality.
    pub(super) fn in_list(&mut self, expr: &Expr, list: &[Expr], negated: bool) -> Val {
        let value = self.expr(expr);
        let mut items: Vec<Val> = Vec::new();
        let mut seen = std::collections::BTreeSet::new();
        for item in list {
            let item = self.expr(item);
            let constant = constant_text(&item.term).map(str::to_owned);
            if constant.is_none_or(|text| seen.insert(text)) {
                items.push(item);
            }
        }
        if items.len() == 1
            && let Some(only) = items.pop()
        {
            let op = if negated { BinaryOperator::NotEq } else { BinaryOperator::Eq };
            let mut equality = self.combine(value, &op, only);
            equality.kind = super::expr::stronger(OutputKind::Derived, equality.kind);
            return equality;
        }
        let mut build = Build::new("(");
        build.value(value).text(if negated { " not in (" } else { " in (" });
        build.sorted(items, ", ").text("))").at_least(OutputKind::Derived);
        build.done()
    }
}

/// Operands of AND or OR as one value.
fn chained(mut values: Vec<Val>, separator: &'static str) -> Val {
    if values.len() == 1
        && let Some(only) = values.pop()
    {
        return only;
    }
    let mut build = Build::new("(");
    build.sorted(values, separator).text(")").at_least(OutputKind::Derived);
    build.done()
}

fn constant_text(term: &T) -> Option<&str> {
    match &term.kind {
        Kind::Text(text) => Some(text),
        _ => None,
    }
}

/// Whether the bounds of BETWEEN are of one sort, so that the types of one do not decide how the other is compared.
fn alike(low: &Expr, high: &Expr) -> bool {
    let sort = |expr: &Expr| match expr {
        Expr::Value(value) => match value.value {
            Value::Number(..) => 1,
            Value::SingleQuotedString(_) | Value::DoubleQuotedString(_) => 2,
            _ => 3,
        },
        _ => 0,
    };
    sort(low) == sort(high)
}

/// Forms that have their own word for the opposite, the other way round.
fn opposite_form(expr: &Expr) -> Option<Expr> {
    let mut opposite = match expr {
        Expr::IsNull(inner) => return Some(Expr::IsNotNull(inner.clone())),
        Expr::IsNotNull(inner) => return Some(Expr::IsNull(inner.clone())),
        Expr::IsTrue(inner) => return Some(Expr::IsNotTrue(inner.clone())),
        Expr::IsNotTrue(inner) => return Some(Expr::IsTrue(inner.clone())),
        Expr::IsFalse(inner) => return Some(Expr::IsNotFalse(inner.clone())),
        Expr::IsNotFalse(inner) => return Some(Expr::IsFalse(inner.clone())),
        Expr::IsDistinctFrom(left, right) => return Some(Expr::IsNotDistinctFrom(left.clone(), right.clone())),
        Expr::IsNotDistinctFrom(left, right) => return Some(Expr::IsDistinctFrom(left.clone(), right.clone())),
        Expr::InList { .. }
        | Expr::InSubquery { .. }
        | Expr::Exists { .. }
        | Expr::Like { any: false, .. }
        | Expr::ILike { any: false, .. } => expr.clone(),
        _ => return None,
    };
    match &mut opposite {
        Expr::InList { negated, .. }
        | Expr::InSubquery { negated, .. }
        | Expr::Exists { negated, .. }
        | Expr::Like { negated, .. }
        | Expr::ILike { negated, .. } => *negated = !*negated,
        _ => {}
    }
    Some(opposite)
}
