//! Windows of time that take in too much, too little, or one side only.

use super::types::{self, Type};
use super::{Defect, Reading};
use crate::sql::outline::{BlockId, Kind, Literal, Node, Select};
use std::collections::BTreeSet;

pub(super) fn look(reading: &Reading<'_>, block: BlockId, select: &Select, found: &mut Vec<Defect>) {
    for (_, expression) in select.expressions() {
        for node in expression.all() {
            found.extend(closed(reading, block, select, node));
        }
    }
    found.extend(one_sided(reading, block, select));
    zones(reading, block, select, found);
}

/// A date without a time of day, as text or as a typed literal.
pub(super) fn plain_date(node: &Node) -> bool {
    let is_date = |text: &str| {
        let text = text.trim();
        text.len() == 10
            && text.bytes().enumerate().all(|(at, b)| if at == 4 || at == 7 { b == b'-' } else { b.is_ascii_digit() })
    };
    match &node.kind {
        Kind::Literal(Literal::Text(text)) => is_date(text),
        Kind::Literal(Literal::Typed(of, text)) => of != "interval" && is_date(text),
        Kind::Cast { inner, .. } => plain_date(inner),
        Kind::Call(call) if matches!(call.name.as_str(), "date" | "to_date" | "timestamp" | "to_timestamp") => {
            call.args.first().is_some_and(plain_date)
        }
        _ => false,
    }
}

/// The last second of a day: what comes after it is lost.
fn last_second(node: &Node) -> bool {
    match &node.kind {
        Kind::Literal(Literal::Text(text) | Literal::Typed(_, text)) => {
            text.contains("23:59:59") || text.trim_end().ends_with("23:59")
        }
        Kind::Cast { inner, .. } => last_second(inner),
        _ => false,
    }
}

/// Whether an expression is a moment, by its type or, where that is not known, by its name.
pub(super) fn is_moment(reading: &Reading<'_>, block: BlockId, node: &Node) -> bool {
    match types::of(reading.known, &reading.outline, block, node) {
        Some(of) => of == Type::Timestamp,
        None => node.column().and_then(|(_, name)| types::suggested(name)) == Some(Type::Timestamp),
    }
}

fn closed(reading: &Reading<'_>, block: BlockId, select: &Select, node: &Node) -> Option<Defect> {
    let (moment, upper) = match &node.kind {
        Kind::Between { inner, high, negated: false, .. } => (inner.as_ref(), high.as_ref()),
        Kind::Binary { operator, left, right } if operator == "<=" => (left.as_ref(), right.as_ref()),
        Kind::Binary { operator, left, right } if operator == ">=" => (right.as_ref(), left.as_ref()),
        _ => return None,
    };
    let text = reading.text(select, node);
    let column = reading.text(select, moment);
    if last_second(upper) && moment.literal().is_none() {
        let message = format!("{text} ends within the last second of a day: what happens in it is in no period");
        let help = format!("write `{column} < ` the first moment after the period");
        return Some(Defect::new("closed-window", node.span, message, help));
    }
    if !plain_date(upper) || !matches!(moment.kind, Kind::Column { .. }) || !is_moment(reading, block, moment) {
        return None;
    }
    let message =
        format!("{text} ends at midnight: `{column}` is a timestamp, so the rest of the last day is left out");
    let help = format!("write `{column} < ` the day after, or compare `cast({column} as date)`");
    Some(Defect::new("closed-window", node.span, message, help))
}

/// A literal range on the time of one of two joined relations only, where both have rows over time.
fn one_sided(reading: &Reading<'_>, block: BlockId, select: &Select) -> Option<Defect> {
    let bounded = |node: &Node| -> Option<usize> {
        let (column, bound) = match &node.kind {
            Kind::Between { inner, low, .. } => (inner.as_ref(), low.as_ref()),
            Kind::Binary { operator, left, right } if matches!(operator.as_str(), ">=" | ">" | "<" | "<=") => {
                if right.columns().is_empty() {
                    (left.as_ref(), right.as_ref())
                } else {
                    (right.as_ref(), left.as_ref())
                }
            }
            _ => return None,
        };
        let temporal = |node: &Node| {
            let known = types::of(reading.known, &reading.outline, block, node);
            let suggested = || types::suggested(super::nature::core(node).column()?.1);
            matches!(known.or_else(suggested), Some(Type::Date | Type::Timestamp))
        };
        let constant = plain_date(bound)
            || matches!(&bound.kind, Kind::Literal(Literal::Text(text)) if text.len() > 10 && plain_text_date(text));
        (constant && temporal(column)).then(|| super::nature::core(column).column().map(|(source, _)| source)).flatten()
    };
    let on = select.sources.iter().filter_map(|source| source.join.as_ref()).flat_map(|join| &join.on);
    let conditions: Vec<&Node> = select.filters.iter().chain(on).collect();
    let with: BTreeSet<usize> = conditions.iter().filter_map(|node| bounded(node)).collect();
    let [only] = with.iter().copied().collect::<Vec<_>>()[..] else { return None };
    let node = conditions.iter().find(|node| bounded(node).is_some())?;
    if !select.aggregates() {
        return None;
    }
    // The other relation's rows are over time too: it has a time of its own, aggregated or counted here, and nothing ties
    // it to the bounded time or to one row.
    let other = (0..select.sources.len()).find(|at| {
        *at != only
            && select.sources[*at].join.as_ref().is_none_or(|join| !matches!(join.kind, "semi" | "anti"))
            && has_time(reading, select, *at)
            && aggregated(select, *at)
            && !conditions.iter().any(|node| {
                let columns = node.columns();
                let timed = |source: usize| {
                    columns.iter().any(|(of, name)| *of == source && is_time(reading, select, source, name))
                };
                timed(*at)
            })
            && many(reading, block, only, *at)
    })?;
    let (bounded, other) = (&select.sources[only].alias, &select.sources[other].alias);
    let text = reading.text(select, node);
    let message =
        format!("{text} bounds the time of `{bounded}` only: `{other}` takes part with its rows of all times");
    let help = format!("bound the time of `{other}` too, or join the two on their period");
    Some(Defect::new("window-on-one-side", node.span, message, help).warning())
}

fn plain_text_date(text: &str) -> bool {
    let head: String = text.chars().take(10).collect();
    head.len() == 10 && head.bytes().filter(u8::is_ascii_digit).count() == 8
}

fn is_time(reading: &Reading<'_>, select: &Select, source: usize, name: &str) -> bool {
    use crate::sql::outline::Of;
    let declared = match &select.sources[source].of {
        Of::Base(id) => reading.known.type_of(id, name).as_deref().and_then(types::named),
        _ => None,
    };
    matches!(declared.or_else(|| types::suggested(name)), Some(Type::Date | Type::Timestamp))
}

fn has_time(reading: &Reading<'_>, select: &Select, source: usize) -> bool {
    let columns = super::joins::columns_of(reading, select, source);
    columns.iter().any(|name| is_time(reading, select, source, name))
}

/// Whether an aggregate of the SELECT reads the relation.
fn aggregated(select: &Select, source: usize) -> bool {
    select.items.iter().flat_map(|item| item.node.all()).any(|node| {
        node.call().is_some_and(|call| call.aggregate) && node.columns().iter().any(|(of, _)| *of == source)
    })
}

/// Whether one row of the bounded relation may meet many of the other.
fn many(reading: &Reading<'_>, block: BlockId, bounded: usize, other: usize) -> bool {
    let Some(rows) = super::rows::Rows::of(&reading.outline, block, reading.known) else { return false };
    let of = |source: usize| -> BTreeSet<usize> {
        rows.leaves.iter().enumerate().filter(|(_, leaf)| leaf.source == source).map(|(at, _)| at).collect()
    };
    let determined = rows.determined(&of(bounded), &BTreeSet::new());
    !of(other).is_subset(&determined)
}

/// Two moments of different zones compared, or a local day taken from a UTC moment beside another zone.
fn zones(reading: &Reading<'_>, _block: BlockId, select: &Select, found: &mut Vec<Defect>) {
    for (_, expression) in select.expressions() {
        for node in expression.all() {
            let Kind::Binary { operator, left, right } = &node.kind else { continue };
            if !matches!(operator.as_str(), "=" | "<" | ">" | "<=" | ">=" | "-") {
                continue;
            }
            let (Some(one), Some(other)) = (zone_of(left), zone_of(right)) else { continue };
            if one != other {
                let text = reading.text(select, node);
                let message = format!("{text} sets a time of {one} against one of {other}");
                let help = "bring both to one time zone before they are compared";
                found.push(Defect::new("timezone-shift", node.span, message, help).warning());
            }
        }
    }
}

/// The zone that an expression or its column's name says.
fn zone_of(node: &Node) -> Option<String> {
    match &node.kind {
        Kind::TimeZone { zone, .. } => match &zone.kind {
            Kind::Literal(Literal::Text(text)) => Some(text.to_lowercase()),
            _ => None,
        },
        Kind::Column { name, .. } => {
            let words: Vec<&str> = name.split('_').collect();
            let last = *words.last()?;
            match last {
                "utc" => Some("utc".to_owned()),
                "local" => Some("local time".to_owned()),
                "pst" | "pdt" | "est" | "edt" | "cet" | "cest" | "gmt" | "bst" | "jst" | "ist" => Some(last.to_owned()),
                _ => None,
            }
        }
        Kind::Cast { inner, .. } => zone_of(inner),
        Kind::Call(call) => {
            let mut zones = call.args.iter().filter_map(zone_of);
            zones.next()
        }
        _ => None,
    }
}
