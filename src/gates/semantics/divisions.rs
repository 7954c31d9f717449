//! Divisions of whole numbers, and by what may be 0.

use super::types::{self, Type};
use super::{Defect, Reading};
use crate::sql::Dialect;
use crate::sql::outline::{BlockId, Kind, Node, Origin, Select};
use std::collections::BTreeSet;

pub(super) fn look(reading: &Reading<'_>, block: BlockId, select: &Select, found: &mut Vec<Defect>) {
    for (_, expression) in select.expressions() {
        for node in expression.all() {
            found.extend(integer_division(reading, block, select, node));
        }
    }
    let mut asked = BTreeSet::new();
    for condition in select.filters.iter().chain(&select.having) {
        asked.extend(texts(reading, select, condition));
    }
    for item in select.items.iter().filter(|item| !item.starred) {
        unguarded(reading, block, select, &item.node, &asked, found);
    }
}

/// Dialects in which `/` between two whole numbers drops the fraction.
fn divides_whole(dialect: Dialect) -> bool {
    matches!(dialect, Dialect::Postgres | Dialect::Redshift | Dialect::TSql | Dialect::Trino | Dialect::Sqlite)
}

fn integer_division(reading: &Reading<'_>, block: BlockId, select: &Select, node: &Node) -> Option<Defect> {
    let (left, right) = match &node.kind {
        Kind::Binary { operator, left, right }
            if operator == "/" && divides_whole(reading.known.bound.project.dialect) =>
        {
            (left.as_ref(), right.as_ref())
        }
        // Written so on purpose by most, but not over counts.
        Kind::Binary { operator, left, right } if operator == "//" && folds(left) && folds(right) => {
            (left.as_ref(), right.as_ref())
        }
        _ => return None,
    };
    let whole = |node: &Node| types::of(reading.known, &reading.outline, block, node) == Some(Type::Integer);
    if !whole(left) || !whole(right) {
        return None;
    }
    // Whole numbers by a constant are parts of time or pages more often than shares.
    if right.number().is_some() && !folds(left) {
        return None;
    }
    let text = reading.text(select, node);
    let message = format!("{text} divides whole numbers and drops the fraction");
    let help = "multiply the numerator by 1.0, or cast it to a decimal, before the division";
    Some(Defect::new("integer-division", node.span, message, help))
}

fn folds(node: &Node) -> bool {
    node.all().iter().any(|part| part.call().is_some_and(|call| call.aggregate || call.over.is_some()))
}

/// The texts of everything in a condition: what it asks about is guarded by it.
fn texts(reading: &Reading<'_>, select: &Select, condition: &Node) -> Vec<String> {
    let parts = condition.all().into_iter().filter(|part| part.literal().is_none());
    parts.map(|part| reading.text(select, part)).collect()
}

/// Divisions whose divisor may be 0: neither made so that it is not, nor asked about by a filter or by the CASE around.
fn unguarded(
    reading: &Reading<'_>,
    block: BlockId,
    select: &Select,
    node: &Node,
    asked: &BTreeSet<String>,
    found: &mut Vec<Defect>,
) {
    if let Kind::Binary { operator, right, .. } = &node.kind
        && operator == "/"
        && right.number().is_none()
        && !safe_divisor(reading, block, select, right)
    {
        let divisor = reading.text(select, right);
        if !asked.contains(&divisor) {
            let text = reading.text(select, node);
            let message = format!("{text} fails, or gives NULL or infinity, where {divisor} is 0");
            let help = format!("divide by nullif({divisor}, 0)");
            found.push(Defect::new("unguarded-division", node.span, message, help).warning().only_new());
        }
    }
    let conditions: Vec<&Node> = match &node.kind {
        Kind::Case { whens, operand, .. } => {
            whens.iter().map(|(condition, _)| condition).chain(operand.as_deref()).collect()
        }
        Kind::Call(call) if matches!(call.name.as_str(), "if" | "iff" | "iif") => {
            call.args.first().into_iter().collect()
        }
        _ => Vec::new(),
    };
    let mut within = None;
    if !conditions.is_empty() {
        let mut all = asked.clone();
        all.extend(conditions.into_iter().flat_map(|condition| texts(reading, select, condition)));
        within = Some(all);
    }
    for part in node.parts() {
        unguarded(reading, block, select, part, within.as_ref().unwrap_or(asked), found);
    }
}

fn safe_divisor(reading: &Reading<'_>, block: BlockId, select: &Select, node: &Node) -> bool {
    match &node.kind {
        Kind::Literal(_) => true,
        Kind::Cast { inner, .. } => safe_divisor(reading, block, select, inner),
        Kind::Column { .. } => match reading.outline.origin_of(block, node) {
            Origin::Expression(inner, made) => reading.outline.blocks[inner].select().is_some_and(|select| {
                !matches!(made.kind, Kind::Column { .. }) && safe_divisor(reading, inner, select, made)
            }),
            _ => false,
        },
        Kind::Call(call) => match call.name.as_str() {
            "nullif" | "greatest" => true,
            // A group has at least one row; all rows may be none.
            "count" => call.star && select.group.as_ref().is_some_and(|keys| !keys.is_empty()) && call.filter.is_none(),
            "power" | "pow" | "exp" => true,
            _ => false,
        },
        // A product of constants and safe parts.
        Kind::Binary { operator, left, right } if operator == "*" => {
            safe_divisor(reading, block, select, left) && safe_divisor(reading, block, select, right)
        }
        _ => false,
    }
}
