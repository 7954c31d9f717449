//! NULL where a number or a condition is expected.

use super::{Defect, Reading};
use crate::sql::outline::{BlockId, Body, Call, Kind, Literal, Node, Of, Origin, Select};

pub(super) fn look(reading: &Reading<'_>, _block: BlockId, select: &Select, found: &mut Vec<Defect>) {
    for (_, expression) in select.expressions() {
        for node in expression.all() {
            match &node.kind {
                Kind::Call(call) => found.extend(zero_counted(reading, select, node, call)),
                Kind::Binary { operator, left, right }
                    if matches!(operator.as_str(), "=" | "<>" | "<" | ">" | "<=" | ">=")
                        && (null(left) || null(right)) =>
                {
                    let text = reading.text(select, node);
                    let message = format!("{text} is never true: nothing compares with NULL");
                    let help = if operator == "<>" { "write `is not null`" } else { "write `is null`" };
                    found.push(Defect::new("null-comparison", node.span, message, help));
                }
                Kind::In { list, negated: true, .. } if list.iter().any(null) => {
                    let text = reading.text(select, node);
                    let message = format!("{text} is never true: the list has NULL in it");
                    found.push(Defect::new("not-in-nullable", node.span, message, "take NULL out of the list"));
                }
                Kind::InQuery { block, negated: true, .. } if nullable(reading, *block) => {
                    let text = reading.text(select, node);
                    let message = format!("{text} keeps no row at all once the subquery gives one NULL");
                    let help = "use `not exists`, or add `where <column> is not null` to the subquery";
                    found.push(Defect::new("not-in-nullable", node.span, message, help));
                }
                _ => {}
            }
        }
    }
}

fn null(node: &Node) -> bool {
    matches!(node.bare().kind, Kind::Literal(Literal::Null))
}

/// AVG, MIN or COUNT over a value whose NULL was made 0.
fn zero_counted(reading: &Reading<'_>, select: &Select, node: &Node, call: &Call) -> Option<Defect> {
    let averages = matches!(call.name.as_str(), "avg" | "mean" | "average" | "median" | "min" | "stddev" | "variance");
    let counts = call.name == "count" && !call.star;
    if !averages && !counts {
        return None;
    }
    let arg = call.args.first()?.bare();
    let text = reading.text(select, node);
    let column = |node: &Node| node.literal().is_none();
    let zero_for_null = match &arg.kind {
        Kind::Call(inner) if matches!(inner.name.as_str(), "coalesce" | "ifnull" | "nvl" | "isnull") => {
            let last = inner.args.last()?;
            inner.args.len() > 1 && (last.number() == Some(0.0) || (counts && last.literal().is_some()))
        }
        Kind::Call(inner) => inner.name == "zeroifnull",
        // `case when x is null then 0 else x end`
        Kind::Case { whens, otherwise, .. } => {
            let asks = whens.iter().any(|(condition, result)| {
                matches!(condition.kind, Kind::IsNull { negated: false, .. }) && result.number() == Some(0.0)
            });
            let valued = whens.iter().any(|(_, result)| column(result));
            let zero = otherwise.as_ref().is_some_and(|one| one.number() == Some(0.0));
            asks || (averages && call.name != "min" && valued && zero)
                || (counts
                    && otherwise.as_ref().is_some_and(|one| one.literal().is_some_and(|l| *l != Literal::Null))
                    && !call.distinct)
        }
        _ => false,
    };
    if !zero_for_null {
        return None;
    }
    let (message, help) = match counts {
        true => (
            format!("{text} counts every row: its argument is never NULL"),
            "count the bare column, or leave out the ELSE, so that NULL is not counted",
        ),
        false => (
            format!("{text} takes rows without a value for 0 and draws the result towards it"),
            "leave NULL as it is: aggregates skip it",
        ),
    };
    Some(Defect::new("null-as-zero-in-average", node.span, message, help))
}

/// Whether a subquery's one column may hold NULL.
fn nullable(reading: &Reading<'_>, block: BlockId) -> bool {
    let at = &reading.outline.blocks[block];
    let select = match &at.body {
        Body::Select(select) => select,
        Body::Set { arms, .. } => return arms.iter().any(|arm| nullable(reading, *arm)),
        Body::Opaque(_) => return false,
    };
    let [item] = select.items.as_slice() else { return false };
    !never_null(reading, select, &item.node)
}

fn never_null(reading: &Reading<'_>, select: &Select, node: &Node) -> bool {
    let text = reading.text(select, node);
    let guarded = |condition: &Node| match &condition.kind {
        Kind::IsNull { inner, negated: true } => reading.text(select, inner) == text,
        // A comparison is not true for NULL.
        Kind::Binary { operator, left, right }
            if matches!(operator.as_str(), "=" | "<>" | "<" | ">" | "<=" | ">=" | "like") =>
        {
            reading.text(select, left) == text || reading.text(select, right) == text
        }
        Kind::In { inner, negated: false, .. } | Kind::Between { inner, negated: false, .. } => {
            reading.text(select, inner) == text
        }
        _ => false,
    };
    if select.filters.iter().chain(&select.having).chain(&select.qualify).any(guarded) {
        return true;
    }
    match &node.kind {
        Kind::Literal(literal) => *literal != Literal::Null,
        Kind::Call(call) => match call.name.as_str() {
            "coalesce" | "ifnull" | "nvl" => {
                call.args.last().is_some_and(|last| last.literal().is_some_and(|literal| *literal != Literal::Null))
            }
            "count" | "row_number" | "rank" | "md5" | "concat" => true,
            "lower" | "upper" | "trim" => call.args.first().is_some_and(|arg| never_null(reading, select, arg)),
            _ => false,
        },
        Kind::Cast { inner, safe: false, .. } => never_null(reading, select, inner),
        Kind::Column { source, name } => {
            let from = &select.sources[*source];
            // An inner join on it does not keep NULL.
            let on =
                select.sources.iter().filter_map(|source| source.join.as_ref().filter(|join| join.kind == "inner"));
            if on.flat_map(|join| &join.on).any(guarded) {
                return true;
            }
            if from.optional {
                return false;
            }
            match &from.of {
                Of::Base(id) => reading.known.not_null(id, name) || is_made(reading, id, name),
                Of::Block(inner) => reading.outline.blocks[*inner]
                    .select()
                    .is_some_and(|below| below.item(name).is_some_and(|item| never_null(reading, below, &item.node))),
                Of::Made => true,
            }
        }
        _ => false,
    }
}

/// Whether the model behind a column makes it so that it is never NULL.
fn is_made(reading: &Reading<'_>, id: &str, name: &str) -> bool {
    let Some((id, name)) = reading.known.chain(id, name).into_iter().next_back() else { return false };
    let Some(outline) = reading.known.outline(&id) else { return false };
    match outline.origin(outline.root, &name) {
        Origin::Expression(_, node) => match &node.kind {
            Kind::Call(call) => {
                matches!(call.name.as_str(), "count" | "row_number")
                    || matches!(call.name.as_str(), "coalesce" | "ifnull" | "nvl")
                        && call.args.last().is_some_and(|last| last.literal().is_some())
            }
            Kind::Literal(literal) => *literal != Literal::Null,
            _ => false,
        },
        _ => false,
    }
}
