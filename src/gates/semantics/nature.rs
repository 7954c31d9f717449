//! Whether the values of an expression may be summed, and what they are if not.

use super::known::{Known, Nature};
use crate::sql::outline::{BlockId, Call, Kind, Node, Of, Origin, Outline};

/// Expressions within expressions that are followed, over blocks and models.
const DEEPEST: usize = 40;

/// Whether the project declares what the values of a column are, so that nothing is concluded.
pub(super) fn is_declared(known: &Known<'_>, outline: &Outline, block: BlockId, node: &Node) -> bool {
    match outline.origin_of(block, node) {
        Origin::Base(id, column) => known.declared_nature(id, column).is_some(),
        _ => false,
    }
}

/// What the values of an expression of a SELECT are; `None` when nothing is known.
pub(super) fn of(known: &Known<'_>, outline: &Outline, block: BlockId, node: &Node) -> Option<Nature> {
    nature(known, outline, block, node, 0)
}

fn nature(known: &Known<'_>, outline: &Outline, block: BlockId, node: &Node, depth: usize) -> Option<Nature> {
    if depth > DEEPEST {
        return None;
    }
    let next = |node: &Node| nature(known, outline, block, node, depth + 1);
    match &node.kind {
        Kind::Column { .. } => match outline.origin_of(block, node) {
            Origin::Base(id, column) => of_column(known, id, column, depth + 1),
            Origin::Expression(block, node) => nature(known, outline, block, node, depth + 1),
            Origin::Unknown => None,
        },
        Kind::Call(call) => of_call(known, outline, block, call, depth),
        Kind::Cast { inner, .. } => next(inner),
        Kind::Unary { operator: "-", inner } => next(inner),
        Kind::Binary { operator, left, right } => match operator.as_str() {
            "/" if right.number().is_some() => next(left),
            "/" if folds(known, outline, block, left, depth) && folds(known, outline, block, right, depth) => {
                Some(Nature::Ratio)
            }
            "*" if left.number().is_some() => next(right),
            "*" if right.number().is_some() => next(left),
            _ => None,
        },
        Kind::Case { whens, otherwise, .. } => {
            let results = whens.iter().map(|(_, result)| result).chain(otherwise.as_deref());
            results.filter(|result| result.literal().is_none()).find_map(next)
        }
        _ => None,
    }
}

/// A column of a relation: as declared, else as the query of its model makes it.
fn of_column(known: &Known<'_>, id: &str, column: &str, depth: usize) -> Option<Nature> {
    if let Some(declared) = known.declared_nature(id, column) {
        return Some(declared);
    }
    let (id, column) = known.chain(id, column).into_iter().next_back()?;
    let outline = known.outline(&id)?;
    match outline.origin(outline.root, &column) {
        Origin::Expression(block, node) => nature(known, &outline, block, node, depth + 1),
        _ => None,
    }
}

fn of_call(known: &Known<'_>, outline: &Outline, block: BlockId, call: &Call, depth: usize) -> Option<Nature> {
    let first = || call.args.first().and_then(|arg| nature(known, outline, block, arg, depth + 1));
    match call.name.as_str() {
        "avg" | "mean" | "average" | "median" | "approx_median" => Some(Nature::Average),
        "count" if call.distinct => (!counts_keys(known, outline, block, call)).then_some(Nature::DistinctCount),
        "approx_count_distinct" | "approx_distinct" | "count_distinct" | "uniq" | "uniqexact" | "hll" => {
            Some(Nature::DistinctCount)
        }
        "div0" | "div0null" | "safe_divide" => {
            let [left, right] = call.args.as_slice() else { return None };
            let both = folds(known, outline, block, left, depth) && folds(known, outline, block, right, depth);
            both.then_some(Nature::Ratio)
        }
        "sum" => match first() {
            Some(Nature::SemiAdditive(over)) => Some(Nature::SemiAdditive(over)),
            _ => Some(Nature::Additive),
        },
        "count" | "countif" | "count_if" => Some(Nature::Additive),
        "round" | "coalesce" | "ifnull" | "nvl" | "isnull" | "zeroifnull" | "nullif" | "abs" | "to_decimal"
        | "to_number" | "float64" | "trunc" | "any_value" => first(),
        name if name.contains("percentile") || name.contains("quantile") => Some(Nature::Percentile),
        _ => None,
    }
}

/// Whether the rows of a key are counted: each stands in one group only, so that the counts can be summed.
fn counts_keys(known: &Known<'_>, outline: &Outline, block: BlockId, call: &Call) -> bool {
    let Some(select) = outline.blocks[block].select() else { return false };
    let [arg] = call.args.as_slice() else { return false };
    let Some((source, name)) = arg.column() else { return false };
    // Joins may bring a key into several groups.
    let [only] = select.sources.as_slice() else { return false };
    debug_assert!(source == 0);
    let keys = match &only.of {
        Of::Base(id) => known.keys(id),
        Of::Block(inner) => super::rows::keys(outline, *inner, known),
        Of::Made => Vec::new(),
    };
    keys.iter().any(|key| key.len() == 1 && key.contains(name))
}

/// Whether an expression is made of aggregates, here or in the blocks and models that it comes from.
fn folds(known: &Known<'_>, outline: &Outline, block: BlockId, node: &Node, depth: usize) -> bool {
    node.all().into_iter().any(|part| match &part.kind {
        Kind::Call(call) => call.aggregate,
        Kind::Column { .. } => {
            matches!(
                nature(known, outline, block, part, depth + 1),
                Some(Nature::Additive | Nature::DistinctCount | Nature::SemiAdditive(_))
            ) && aggregated(known, outline, block, part)
        }
        _ => false,
    })
}

/// Whether a column is an aggregate where it is made (a declared measure of a row is none).
fn aggregated(known: &Known<'_>, outline: &Outline, block: BlockId, node: &Node) -> bool {
    let call = |node: &Node| node.all().into_iter().any(|one| one.call().is_some_and(|call| call.aggregate));
    match outline.origin_of(block, node) {
        Origin::Expression(_, node) => call(node),
        Origin::Base(id, column) => {
            let Some((id, column)) = known.chain(id, column).into_iter().next_back() else { return false };
            let Some(outline) = known.outline(&id) else { return false };
            matches!(outline.origin(outline.root, &column), Origin::Expression(_, node) if call(node))
        }
        Origin::Unknown => false,
    }
}

/// Whether a name says that its values are ratios or averages: its head word, or `avg_` before it.
pub(super) fn named_ratio(name: &str) -> bool {
    let words: Vec<&str> = name.split('_').filter(|word| !word.is_empty()).collect();
    let (Some(first), Some(last)) = (words.first(), words.last()) else { return false };
    if matches!(*first, "is" | "has" | "num" | "n" | "count" | "total" | "sum") {
        return false;
    }
    matches!(*last, "rate" | "ratio" | "pct" | "percent" | "percentage" | "avg" | "average" | "mean" | "median")
        || matches!(*first, "avg" | "average" | "pct" | "percent") && !matches!(*last, "flag" | "count" | "amount")
}

/// The column that an argument is, defaults for NULL, conditions and casts aside.
pub(super) fn core(node: &Node) -> &Node {
    match &node.kind {
        Kind::Cast { inner, .. } | Kind::Unary { operator: "-", inner } => core(inner),
        Kind::Call(call)
            if matches!(call.name.as_str(), "coalesce" | "ifnull" | "nvl" | "zeroifnull" | "round" | "isnull") =>
        {
            call.args.first().map_or(node, core)
        }
        Kind::Case { whens, otherwise, .. } => {
            let results = whens.iter().map(|(_, result)| result).chain(otherwise.as_deref());
            let mut values = results.filter(|result| result.literal().is_none());
            match (values.next(), values.next()) {
                (Some(only), None) => core(only),
                _ => node,
            }
        }
        Kind::Binary { operator, left, right } if operator == "*" || operator == "/" => {
            if right.number().is_some() {
                core(left)
            } else if operator == "*" && left.number().is_some() {
                core(right)
            } else {
                node
            }
        }
        _ => node,
    }
}
