//! `fan-out`: a join repeats rows, and something above it counts them more than once.

use super::known::{Key, Known};
use super::rows::{Leaf, LeafColumn, Rows};
use super::{Defect, Reading};
use crate::sql::outline::{BlockId, Call, Kind, Node, Of, Select};
use std::collections::BTreeSet;

/// Aggregates of one SELECT that are looked at: they are all over the same joins.
const MOST: usize = 1_000;

pub(super) fn look(reading: &Reading<'_>, block: BlockId, select: &Select, found: &mut Vec<Defect>) {
    let Some(rows) = Rows::of(&reading.outline, block, reading.known) else { return };
    if rows.leaves.len() < 2 {
        return;
    }
    let mut fixed: BTreeSet<LeafColumn> = BTreeSet::new();
    // Within a group its keys have one value.
    for key in select.group.iter().flatten() {
        if matches!(key.kind, Kind::Column { .. }) {
            fixed.extend(rows.columns(key).into_iter().flatten());
        }
    }
    let mut left = MOST;
    for item in &select.items {
        for node in item.node.all() {
            if left == 0 {
                return;
            }
            let Some(call) = node.call().filter(|call| counts_repeats(call)) else { continue };
            left -= 1;
            let Some(repeating) = repeating(&rows, reading.known, call, &fixed) else { continue };
            found.push(repeated_aggregate(reading, select, &rows, (node, &item.name), &repeating));
        }
    }
    if block == reading.outline.root && !select.aggregates() && select.distinct.is_none() && select.qualify.is_empty() {
        // The unique test itself asks the data; here it is only worth knowing.
        found.extend(repeated_key(reading, select, &rows).map(Defect::note));
    }
}

/// Leaves that repeat rows, each with the key that the join does not cover.
struct Repeating {
    leaf: usize,
    key: Key,
    /// The project itself declares the key; else it is what a GROUP BY makes.
    declared: bool,
}

/// Aggregates whose result is another when a row is there twice.
fn counts_repeats(call: &Call) -> bool {
    let folds = matches!(
        call.name.as_str(),
        "sum"
            | "avg"
            | "count"
            | "median"
            | "stddev"
            | "stddev_pop"
            | "stddev_samp"
            | "variance"
            | "var_pop"
            | "var_samp"
            | "sumif"
            | "sum_if"
    );
    folds && !call.distinct && !call.star
}

fn repeating(rows: &Rows<'_>, known: &Known<'_>, call: &Call, fixed: &BTreeSet<LeafColumn>) -> Option<Repeating> {
    let arg = call.args.first()?;
    let from: BTreeSet<LeafColumn> = rows.columns(value(arg)?)?;
    // `count(c.status)` counts joined rows; `count(c.customer_id)` means customers.
    let entities = || from.iter().any(|(leaf, name)| rows.leaves[*leaf].keys.contains(&Key::from([name.clone()])));
    if from.is_empty() || (call.name == "count" && !entities()) {
        return None;
    }
    // What a window partitions by has one value within it.
    let mut fixed = fixed.clone();
    for key in call.over.iter().flat_map(|over| &over.partition) {
        fixed.extend(rows.columns(key).into_iter().flatten());
    }
    undetermined(rows, known, &from.into_iter().map(|(leaf, _)| leaf).collect(), &fixed)
}

/// What is folded: a CASE over constants counts the joined rows, which is no value of one relation.
fn value(arg: &Node) -> Option<&Node> {
    match &arg.kind {
        Kind::Case { whens, otherwise, .. } => {
            let mut results = whens.iter().map(|(_, result)| result).chain(otherwise.as_deref());
            results.any(|result| result.literal().is_none()).then_some(arg)
        }
        Kind::Cast { inner, .. } => value(inner),
        _ => Some(arg),
    }
}

/// A leaf that may repeat rows of `from`, where its own key says that it does.
fn undetermined(
    rows: &Rows<'_>,
    known: &Known<'_>,
    from: &BTreeSet<usize>,
    fixed: &BTreeSet<LeafColumn>,
) -> Option<Repeating> {
    let determined = rows.determined(from, fixed);
    let all: BTreeSet<usize> = (0..rows.leaves.len()).collect();
    let others = all.iter().copied().filter(|leaf| !determined.contains(leaf));
    let mut found = others.filter_map(|leaf| {
        // One that has a single row for each row of the others only follows a relation that repeats.
        let rest: BTreeSet<usize> = all.iter().copied().filter(|other| *other != leaf).collect();
        if rows.determined(&rest, fixed).contains(&leaf) {
            return None;
        }
        // A leaf of which no key is known may hold one row for each: nothing is said then.
        let own = &rows.leaves[leaf];
        let key = own.keys.iter().filter(|key| tells(rows, leaf, key)).min_by_key(|key| key.len())?;
        if names_itself(own, &rows.tied_by(leaf)) {
            return None;
        }
        let declared = own.id.as_ref().is_some_and(|id| known.declared_keys(id).contains(key));
        Some(Repeating { leaf, key: key.clone(), declared })
    });
    found.next()
}

/// Whether a relation is joined on a column that names its own rows: `dim_user` on `external_user_id` is a second key
/// more likely than a foreign one.
fn names_itself(leaf: &Leaf, tied: &[String]) -> bool {
    let singular = |word: &str| match word.strip_suffix("ies") {
        Some(stem) => format!("{stem}y"),
        None => word.strip_suffix('s').unwrap_or(word).to_owned(),
    };
    let name = leaf.id.as_deref().and_then(|id| id.rsplit('.').next()).unwrap_or(&leaf.alias);
    let affix = |word: &&str| {
        !matches!(*word, "dim" | "fct" | "fact" | "stg" | "int" | "mart" | "base" | "raw" | "src" | "tmp" | "wh" | "xa")
            && !word.starts_with('_')
    };
    let Some(entity) = name.split('_').filter(|word| !word.is_empty()).rfind(affix).map(singular) else {
        return false;
    };
    tied.iter().any(|column| {
        let words: Vec<&str> = column.split('_').collect();
        let identifier = words
            .last()
            .is_some_and(|last| matches!(*last, "id" | "key" | "uuid" | "guid" | "number" | "code" | "sfid"));
        identifier && words.len() > 1 && singular(words[words.len() - 2]) == entity
    })
}

/// Whether a key that the join leaves open says that rows repeat: what is left open of it identifies something, or is a
/// time. Keys of many columns (GROUP BY or DISTINCT over all) hold names and statuses that hang on the rest of the key.
fn tells(rows: &Rows<'_>, leaf: usize, key: &Key) -> bool {
    let tied = rows.tied_by(leaf);
    let open: Vec<&String> = key.iter().filter(|name| !tied.contains(name)).collect();
    let identifies = |name: &str| {
        let last = name.rsplit('_').next().unwrap_or(name);
        let word = matches!(
            last,
            "id" | "key"
                | "sk"
                | "pk"
                | "uuid"
                | "guid"
                | "number"
                | "no"
                | "nr"
                | "line"
                | "sku"
                | "code"
                | "seq"
                | "index"
        );
        word || super::types::suggested(name).is_some()
            || matches!(last, "week" | "month" | "quarter" | "year" | "hour")
    };
    match key.len() {
        0 => false,
        1 => !open.is_empty(),
        2..=4 => open.iter().any(|name| identifies(name)),
        _ => false,
    }
}

fn repeated_aggregate(
    reading: &Reading<'_>,
    select: &Select,
    rows: &Rows<'_>,
    (node, column): (&Node, &str),
    repeating: &Repeating,
) -> Defect {
    let text = reading.text(select, node);
    let what = described(rows, repeating);
    let message = format!("{text} counts rows more than once: {what}");
    let help = format!(
        "bring `{}` to one row for each join key in a CTE of its own before the join, or aggregate before joining",
        rows.leaves[repeating.leaf].alias
    );
    let defect = Defect::new("fan-out", node.span, message, help).of_column(column);
    if repeating.declared { defect } else { defect.doubtful() }
}

/// A model that says what its rows are unique by, and a join that repeats them.
fn repeated_key(reading: &Reading<'_>, select: &Select, rows: &Rows<'_>) -> Option<Defect> {
    let key = reading.own_keys.iter().min_by_key(|key| key.len())?;
    let mut from = BTreeSet::new();
    for name in key {
        from.extend(rows.columns(&select.item(name)?.node)?.into_iter().map(|(leaf, _)| leaf));
    }
    let repeating = undetermined(rows, reading.known, &from, &BTreeSet::new())?;
    // The relation that the key is of has it as its own key, or the key is one of the joined rows.
    let names: Vec<&str> = key.iter().map(String::as_str).collect();
    let message = format!("`{}` no longer identifies a row: {}", names.join("`, `"), described(rows, &repeating));
    let help = "bring the joined side to one row for each join key first (aggregate, or keep the latest), or change the \
                model's grain and its unique test with it";
    let source = &select.sources[rows.leaves[repeating.leaf].source];
    let span = source.join.as_ref().map_or(source.span, |join| join.span);
    Some(Defect::new("fan-out", span, message, help))
}

fn described(rows: &Rows<'_>, repeating: &Repeating) -> String {
    let alias = &rows.leaves[repeating.leaf].alias;
    let key: Vec<&str> = repeating.key.iter().map(String::as_str).collect();
    let tied = rows.tied_by(repeating.leaf);
    let by = match tied.is_empty() {
        true => "is joined without a key".to_owned(),
        false => format!("is joined on {}", tied.join(", ")),
    };
    format!("`{alias}` {by}, while one row of it is one {}", key.join(" + "))
}

/// Relations of head that base did not join, and that repeat the rows of those that it had.
pub(super) fn new_joins(before: &Reading<'_>, now: &Reading<'_>) -> Vec<Defect> {
    let new = &now.outline;
    let known: BTreeSet<String> = base_relations(before);
    if known.is_empty() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (block, select) in new.selects() {
        let Some(rows) = Rows::of(new, block, now.known) else { continue };
        let is_new = |leaf: &usize| rows.leaves[*leaf].id.as_ref().is_some_and(|id| !known.contains(id));
        let (fresh, kept): (Vec<usize>, Vec<usize>) = (0..rows.leaves.len()).partition(is_new);
        if fresh.is_empty() || kept.is_empty() || select.distinct.is_some() || !select.qualify.is_empty() {
            continue;
        }
        // What an aggregate counts is told with the aggregate; `count(*)` and plain rows are told here.
        let stars = select.items.iter().any(|item| {
            item.node.all().iter().any(|node| node.call().is_some_and(|call| call.name == "count" && call.star))
        });
        if select.aggregates() && !stars {
            continue;
        }
        let mut fixed = BTreeSet::new();
        for key in select.group.iter().flatten() {
            fixed.extend(rows.columns(key).into_iter().flatten());
        }
        let Some(repeating) = undetermined(&rows, now.known, &kept.into_iter().collect(), &fixed) else { continue };
        let source = &select.sources[rows.leaves[repeating.leaf].source];
        let span = source.join.as_ref().map_or(source.span, |join| join.span);
        let message = format!("the new join repeats rows: {}", described(&rows, &repeating));
        let help = "bring the joined side to one row for each join key first, or use EXISTS where only a match matters";
        found.push(Defect::new("fan-out", span, message, help));
    }
    found
}

/// Ids of the base relations of a query, in all its blocks.
fn base_relations(reading: &Reading<'_>) -> BTreeSet<String> {
    let sources = reading.outline.selects().flat_map(|(_, select)| &select.sources);
    let ids = sources.filter_map(|source| match &source.of {
        Of::Base(id) => Some(id.clone()),
        _ => None,
    });
    ids.collect()
}
