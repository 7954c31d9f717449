//! Rows that are picked by an order that does not decide, and values that are others tomorrow.

use super::known::Key;
use super::rows::Rows;
use super::types::{self, Type};
use super::{Defect, Reading};
use crate::sql::outline::{BlockId, Body, Call, Kind, Literal, Node, OrderKey, Select, Window};
use std::collections::BTreeSet;

pub(super) fn look(reading: &Reading<'_>, block: BlockId, select: &Select, found: &mut Vec<Defect>) {
    for (_, expression) in select.expressions() {
        for node in expression.all() {
            let Some(call) = node.call() else { continue };
            if let Some(over) = &call.over {
                found.extend(tie_less(reading, block, select, (node, call), over));
                found.extend(default_frame(reading, select, node, call, over));
            }
            found.extend(volatile(reading, select, node, call));
        }
    }
    found.extend(limits(reading, block, select));
}

/// `row_number() ... = 1` by an order with ties: which row stays is chance.
fn tie_less(
    reading: &Reading<'_>,
    block: BlockId,
    select: &Select,
    (node, call): (&Node, &Call),
    over: &Window,
) -> Option<Defect> {
    if call.name != "row_number" || over.frame.as_deref() == Some("named") {
        return None;
    }
    let text = reading.text(select, node);
    if over.order.is_empty() {
        let message = format!("{text} numbers rows in no order: which one is the first is chance");
        let help = "order by what makes one row the one to keep, ending in a unique column";
        return Some(Defect::new("tie-less-top-n", node.span, message, help).warning().only_new());
    }
    if decides(reading, block, select, &over.order, &over.partition) {
        return None;
    }
    let message = format!("{text} has ties wherever two rows share the order: which one is the first is chance");
    let help = "end the order with a unique column";
    let defect = Defect::new("tie-less-top-n", node.span, message, help).only_new();
    // One row a day is the usual grain where no key is known.
    let daily = over.order.iter().any(|key| is_day(reading, block, &key.node));
    Some(if daily && !over.partition.is_empty() && !keyed(reading, block) { defect.note() } else { defect.warning() })
}

fn is_day(reading: &Reading<'_>, block: BlockId, node: &Node) -> bool {
    let suggested = || node.column().and_then(|(_, name)| types::suggested(name));
    types::of(reading.known, &reading.outline, block, node).or_else(suggested) == Some(Type::Date)
}

/// Whether a key is known of any relation of the SELECT.
fn keyed(reading: &Reading<'_>, block: BlockId) -> bool {
    Rows::of(&reading.outline, block, reading.known)
        .is_some_and(|rows| rows.leaves.iter().any(|leaf| !leaf.keys.is_empty()))
}

/// Whether no two rows share order and partition, as far as is known: a key is in them, or a column that is one by its
/// name.
fn decides(reading: &Reading<'_>, block: BlockId, select: &Select, order: &[OrderKey], partition: &[Node]) -> bool {
    let nodes: Vec<&Node> = order.iter().map(|key| &key.node).chain(partition).collect();
    let is_id = |node: &Node| {
        node.column().is_some_and(|(_, name)| {
            let last = name.rsplit('_').next().unwrap_or(name);
            matches!(
                last,
                "id" | "uuid" | "key" | "sk" | "pk" | "guid" | "hash" | "offset" | "lsn" | "seq" | "sequence" | "rowid"
            )
        })
    };
    // A constant order is no order, but it is said on purpose.
    if order
        .iter()
        .all(|key| matches!(key.node.kind, Kind::Literal(Literal::Null | Literal::Number(_)) | Kind::Query(_)))
    {
        return true;
    }
    let by_name = order.iter().any(|key| is_id(&key.node) && !partition.iter().any(|node| same(node, &key.node)));
    if by_name {
        return true;
    }
    // A moment of loading or of an event seldom repeats within a key.
    let moment = order.iter().any(|key| super::dates::is_moment(reading, block, &key.node) && !partition.is_empty());
    if moment {
        return true;
    }
    let Some(rows) = Rows::of(&reading.outline, block, reading.known) else { return true };
    let mut columns = BTreeSet::new();
    for node in nodes {
        match rows.columns(node) {
            Some(found) if matches!(node.kind, Kind::Column { .. }) => columns.extend(found),
            Some(_) => {}
            None => return true,
        }
    }
    rows.leaves.iter().enumerate().any(|(at, leaf)| {
        let covered = |key: &Key| key.iter().all(|name| columns.contains(&(at, name.clone())));
        leaf.keys.iter().any(covered) && rows.determined(&BTreeSet::from([at]), &columns).len() == rows.leaves.len()
    }) || select.group.as_ref().is_some_and(|keys| {
        !keys.is_empty()
            && keys.iter().all(|key| order.iter().map(|key| &key.node).chain(partition).any(|node| same(node, key)))
    })
}

fn same(one: &Node, other: &Node) -> bool {
    one.column().is_some() && one.column() == other.column()
}

/// LAST_VALUE and NTH_VALUE see only the rows up to the current one unless a frame says otherwise.
fn default_frame(reading: &Reading<'_>, select: &Select, node: &Node, call: &Call, over: &Window) -> Option<Defect> {
    if over.order.is_empty() || over.frame.is_some() {
        return None;
    }
    let text = reading.text(select, node);
    match call.name.as_str() {
        "last_value" | "nth_value" => {
            let message = format!("{text} sees no row after the current one: without a frame the window ends there");
            let help = "add `rows between unbounded preceding and unbounded following`";
            Some(Defect::new("window-frame-default", node.span, message, help).warning())
        }
        _ => None,
    }
}

/// The time of the run, and chance.
fn volatile(reading: &Reading<'_>, select: &Select, node: &Node, call: &Call) -> Option<Defect> {
    let what = match call.name.as_str() {
        "now" | "current_timestamp" | "current_date" | "current_time" | "getdate" | "sysdate" | "localtimestamp"
        | "current_datetime" | "today" | "systimestamp" | "getutcdate" | "sysutcdatetime" => "the time of the run",
        "random" | "rand" | "uuid" | "gen_random_uuid" | "generate_uuid" | "newid" | "uuid_string" | "randn" => {
            "chance"
        }
        _ => return None,
    };
    let text = reading.text(select, node);
    let message = format!("{text} depends on {what}: the same data give other numbers in the next run");
    let help = "take the moment from the data, or from a variable that a run sets once";
    Some(Defect::new("nondeterministic", node.span, message, help).warning().only_new())
}

/// A LIMIT that cuts a model.
fn limits(reading: &Reading<'_>, block: BlockId, select: &Select) -> Option<Defect> {
    let at = &reading.outline.blocks[block];
    let limit = at.limit?;
    if limit.rows.is_some_and(|rows| rows <= 1) {
        return None;
    }
    let outermost = block == reading.outline.root || at.name.is_some() || is_arm(reading, block);
    if !outermost {
        return None;
    }
    let rows = limit.rows.map(|rows| rows.to_string()).unwrap_or_else(|| "some".to_owned());
    if !at.order.is_empty() {
        if decides(reading, block, select, &at.order, &[]) || at.order.iter().any(|key| is_total(reading, block, key)) {
            return None;
        }
        let message =
            format!("the {rows} rows that LIMIT keeps are chosen by an order with ties: which of them is chance");
        let help = "end the order with a unique column";
        return Some(Defect::new("tie-less-top-n", limit.span, message, help).warning().only_new());
    }
    let message = format!("LIMIT keeps {rows} rows, and nothing says which");
    let help = "take the limit out: it is a leftover of development; or order by what decides";
    Some(Defect::new("stray-limit", limit.span, message, help).warning().only_new())
}

fn is_arm(reading: &Reading<'_>, block: BlockId) -> bool {
    reading.outline.blocks.iter().any(|other| matches!(&other.body, Body::Set { arms, .. } if arms.contains(&block)))
}

fn is_total(reading: &Reading<'_>, block: BlockId, key: &OrderKey) -> bool {
    types::of(reading.known, &reading.outline, block, &key.node) == Some(Type::Timestamp)
}
