//! Aggregates over values that must not be aggregated so.

use super::known::Nature;
use super::nature::{self, core, named_ratio};
use super::{Defect, Reading};
use crate::sql::outline::{BlockId, Call, Kind, Literal, Node, Select};

pub(super) fn look(reading: &Reading<'_>, block: BlockId, select: &Select, found: &mut Vec<Defect>) {
    for (_, expression) in select.expressions() {
        for node in expression.all() {
            let Some(call) = node.call() else { continue };
            found.extend(aggregate(reading, block, select, node, call));
            found.extend(without_else(reading, select, node, call));
        }
    }
}

fn aggregate(reading: &Reading<'_>, block: BlockId, select: &Select, node: &Node, call: &Call) -> Option<Defect> {
    let arg = call.args.first()?;
    let inner = core(arg);
    let text = reading.text(select, node);
    let what = reading.text(select, inner);
    let nature = nature::of(reading.known, &reading.outline, block, inner);
    let declared = nature::is_declared(reading.known, &reading.outline, block, inner);
    // What is only concluded from how a column is made may be a step on the way to something right.
    let weighed = |defect: Defect| if declared { defect } else { defect.doubtful() };
    match call.name.as_str() {
        "sum" | "sum_if" | "sumif" if call.distinct => {
            let message = format!("{text} adds each value once: two rows with the same amount count as one");
            let help = "remove the repeated rows before the sum (one row for each key) instead of the repeated values";
            Some(Defect::new("distinct-band-aid", node.span, message, help).only_new())
        }
        "avg" if call.distinct => {
            let message = format!("{text} averages each value once, however many rows have it");
            let help = "remove the repeated rows before the average instead of the repeated values";
            Some(Defect::new("distinct-band-aid", node.span, message, help).only_new().warning())
        }
        "sum" | "sumif" | "sum_if" => {
            summed(reading, block, select, (node, &text), (inner, &what), nature, call).map(weighed)
        }
        "avg" | "mean" | "average" | "median" => averaged((node, &text), &what, nature).map(weighed),
        _ => None,
    }
}

fn summed(
    reading: &Reading<'_>,
    block: BlockId,
    select: &Select,
    (node, text): (&Node, &str),
    (inner, what): (&Node, &str),
    nature: Option<Nature>,
    call: &Call,
) -> Option<Defect> {
    let ratio = |of: &str| {
        let message = format!("{text} adds up {of}: the sum means nothing");
        let help = format!("sum the numerator and the denominator of {what} apart and divide the sums");
        Some(Defect::new("non-additive-summed", node.span, message, help))
    };
    match nature {
        Some(Nature::Ratio) => ratio("ratios"),
        Some(Nature::Average) => ratio("averages"),
        Some(Nature::Percentile) => ratio("percentiles"),
        Some(Nature::NotSummed) => ratio("values that are declared as not additive"),
        Some(Nature::DistinctCount) => {
            let message = format!("{text} adds up counts of distinct values: whoever is in two groups counts twice");
            let help = "count the distinct values once more, from the rows, at the grain that is wanted";
            Some(Defect::new("sum-of-distinct-counts", node.span, message, help))
        }
        Some(Nature::SemiAdditive(over)) => over_time(reading, block, select, (node, text), inner, &over, call),
        Some(Nature::Additive) => None,
        None => {
            let name = inner.column().map(|(_, name)| name).filter(|name| named_ratio(name))?;
            // A column of conditions is no ratio, whatever its name.
            let boolean =
                super::types::of(reading.known, &reading.outline, block, inner) == Some(super::types::Type::Bool);
            if boolean {
                return None;
            }
            let message = format!("{text} adds up `{name}`, which is a ratio or an average by its name");
            let help = format!(
                "sum its numerator and denominator apart and divide, or weight it (`sum({what} * weight) / sum(weight)`); \
                 declare `meta: {{aggregation: sum}}` on the column if it may be summed"
            );
            Some(Defect::new("non-additive-summed", node.span, message, help))
        }
    }
}

/// A balance or a stock is summed over the dimension that it must not be summed over.
fn over_time(
    reading: &Reading<'_>,
    block: BlockId,
    select: &Select,
    (node, text): (&Node, &str),
    inner: &Node,
    over: &str,
    call: &Call,
) -> Option<Defect> {
    let is_over = |node: &Node| {
        node.all().iter().any(|part| match (part.column(), inner.column()) {
            (Some((_, name)), _) if name == over => true,
            (Some(_), _) => matches!(
                reading.outline.origin_of(block, part),
                crate::sql::outline::Origin::Base(_, column) if column == over
            ),
            _ => false,
        })
    };
    let whole = |node: &Node| matches!(core(node).kind, Kind::Column { .. }) && is_over(node);
    let grouped =
        select.group.iter().flatten().any(whole) || call.over.iter().flat_map(|over| &over.partition).any(whole);
    let equal = |node: &Node| match &node.kind {
        Kind::Binary { operator, left, right } => operator == "=" && (whole(left) || whole(right)),
        Kind::In { inner, list, negated: false } => list.len() == 1 && whole(inner),
        Kind::InQuery { inner, negated: false, .. } => whole(inner),
        _ => false,
    };
    let on = select.sources.iter().filter_map(|source| source.join.as_ref()).flat_map(|join| &join.on);
    if grouped || select.filters.iter().chain(on).any(equal) || held_below(reading, block, over) {
        return None;
    }
    let message = format!("{text} adds up a value over `{over}`, over which it must not be added");
    let help = format!("group by `{over}`, or take one `{over}` (the last of the period) before the sum");
    Some(Defect::new("semi-additive-over-time", node.span, message, help))
}

/// Whether a block below holds the dimension: by an equality, or by keeping one row of a numbering.
fn held_below(reading: &Reading<'_>, block: BlockId, over: &str) -> bool {
    use crate::sql::outline::Of;
    let Some(select) = reading.outline.blocks[block].select() else { return false };
    select.sources.iter().any(|source| {
        let Of::Block(inner) = source.of else { return false };
        let Some(below) = reading.outline.blocks[inner].select() else { return false };
        let named = |node: &Node| node.all().iter().any(|part| part.column().is_some_and(|(_, name)| name == over));
        let ordered = |node: &Node| {
            node.all().iter().any(|part| {
                let over = part.call().and_then(|call| call.over.as_ref());
                over.is_some_and(|window| window.order.iter().any(|key| named(&key.node)))
            })
        };
        let equal = |node: &Node| {
            matches!(&node.kind, Kind::Binary { operator, .. } if operator == "=") && named(node)
                || matches!(&node.kind, Kind::InQuery { inner, .. } if named(inner))
        };
        below.qualify.iter().any(ordered)
            || below.items.iter().any(|item| ordered(&item.node))
            || below.filters.iter().any(equal)
            || held_below(reading, inner, over)
    })
}

fn averaged((node, text): (&Node, &str), what: &str, nature: Option<Nature>) -> Option<Defect> {
    let of = match nature? {
        Nature::Average => "averages",
        Nature::Ratio => "ratios",
        Nature::Percentile => "percentiles",
        _ => return None,
    };
    let message = format!("{text} is an average of {of}: a group of one row weighs as much as one of a thousand");
    let help = format!("divide the sum of the numerators of {what} by the sum of their denominators");
    Some(Defect::new("average-of-averages", node.span, message, help))
}

/// AVG over a CASE that gives one constant or NULL is that constant.
fn without_else(reading: &Reading<'_>, select: &Select, node: &Node, call: &Call) -> Option<Defect> {
    if !matches!(call.name.as_str(), "avg" | "mean" | "average") {
        return None;
    }
    let Kind::Case { whens, otherwise, .. } = &call.args.first()?.bare().kind else { return None };
    let null = otherwise.as_ref().is_none_or(|one| matches!(one.kind, Kind::Literal(Literal::Null)));
    let mut values = whens.iter().map(|(_, result)| result.number());
    let first = values.next().flatten()?;
    if !null || !values.all(|value| value == Some(first)) {
        return None;
    }
    let text = reading.text(select, node);
    let message = format!("{text} is always {first} or NULL: rows that do not match are left out of the average");
    let help = "add `else 0` for the share of rows that match";
    Some(Defect::new("average-of-case-without-else", node.span, message, help))
}
