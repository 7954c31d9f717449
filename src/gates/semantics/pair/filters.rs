//! Filters of base that head lacks, or has in a weaker form.

use crate::gates::semantics::{Defect, Reading};
use crate::sql::Span;
use crate::sql::outline::{BlockId, Kind, Literal, Node, Of, Origin, Outline, Select, canonical, text};
use std::collections::BTreeSet;

/// Pairs of filters of both sides that are set against each other.
const MOST_PAIRS: usize = 1_000_000;

/// A condition over base columns, comparable across sides.
#[derive(Debug, Clone)]
struct Condition<'a> {
    /// Over the origins of its columns.
    text: String,
    /// As it is written.
    shown: String,
    /// Columns that it reads.
    reads: BTreeSet<String>,
    node: &'a Node,
    span: Span,
}

/// All conditions that drop rows: WHERE, HAVING, QUALIFY, and ON of inner joins over one relation.
fn conditions<'a>(reading: &'a Reading<'_>) -> Vec<Condition<'a>> {
    let outline = &reading.outline;
    let mut found = Vec::new();
    for (block, select) in outline.selects() {
        let inner = select.sources.iter().filter_map(|source| source.join.as_ref().filter(|join| join.kind == "inner"));
        let on = inner
            .flat_map(|join| &join.on)
            .filter(|node| node.columns().iter().map(|(source, _)| source).collect::<BTreeSet<_>>().len() < 2);
        for node in select.filters.iter().chain(&select.having).chain(&select.qualify).chain(on) {
            let ties = node.columns().iter().map(|(source, _)| source).collect::<BTreeSet<_>>().len() > 1;
            let equal = matches!(&node.kind, Kind::Binary { operator, .. } if operator == "=");
            // What ties two relations is a join, whatever the clause.
            if ties && equal {
                continue;
            }
            found.push(Condition {
                text: canonical(outline, block, node),
                shown: text(select, node),
                reads: reads(outline, block, node),
                node,
                span: node.span,
            });
        }
    }
    found
}

fn reads(outline: &Outline, block: BlockId, node: &Node) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for part in node.all() {
        if matches!(part.kind, Kind::Column { .. }) {
            match outline.origin_of(block, part) {
                Origin::Base(id, column) => found.extend([format!("{id}.{column}")]),
                Origin::Expression(inner, expression) => found.extend([canonical(outline, inner, expression)]),
                Origin::Unknown => found.extend(part.column().map(|(_, name)| name.to_owned())),
            }
        }
    }
    found
}

/// Filters of base that head lacks, or has in a weaker form.
pub(super) fn filters(before: &Reading<'_>, now: &Reading<'_>) -> Vec<Defect> {
    let (old, new) = (conditions(before), conditions(now));
    let mut unmatched: Vec<&Condition<'_>> = new.iter().collect();
    let mut gone = Vec::new();
    for condition in &old {
        match unmatched.iter().position(|other| other.text == condition.text) {
            Some(at) => {
                unmatched.remove(at);
            }
            None if new.iter().any(|other| other.text == condition.text) => {}
            None => gone.push(condition),
        }
    }
    if gone.len().saturating_mul(new.len()) > MOST_PAIRS {
        let message =
            format!("{} filters of base are gone or changed, more than can be compared one by one", gone.len());
        let help = "check that every filter of base still holds";
        return vec![Defect::new("filter-weakened", place(now), message, help)];
    }
    let mut found = Vec::new();
    for condition in gone {
        if condition.reads.is_empty() || implied(condition, &new) || moved_up(condition, now, before) {
            continue;
        }
        let again = unmatched.iter().position(|other| !other.reads.is_disjoint(&condition.reads));
        match again.map(|at| unmatched.remove(at)) {
            Some(other) if stronger(other.node, condition.node) => {}
            Some(other) => {
                if let Some(defect) = closed_bound(condition, other) {
                    found.push(defect);
                    continue;
                }
                let message = format!("the filter {} has become {}", condition.shown, other.shown);
                let help = "rows that base left out may come in: check that it is meant, or restore the old condition";
                found.push(Defect::new("filter-weakened", other.span, message, help));
            }
            None => {
                let message = format!("the filter {} of base is gone", condition.shown);
                let help = "restore it, or say in the pull request why those rows belong in";
                found.push(Defect::new("filter-dropped", place(now), message, help));
            }
        }
    }
    found
}

/// The first SELECT of the query, where something is missing from it.
fn place(now: &Reading<'_>) -> Span {
    let root = &now.outline.blocks[now.outline.root];
    root.select().map(|select| select.span).unwrap_or_default()
}

/// Whether the filter stands in a changed model upstream now.
fn moved_up(condition: &Condition<'_>, now: &Reading<'_>, before: &Reading<'_>) -> bool {
    let names: BTreeSet<&str> = condition.reads.iter().filter_map(|read| read.rsplit('.').next()).collect();
    let sources = now.outline.selects().flat_map(|(_, select)| &select.sources);
    sources.filter_map(|source| if let Of::Base(id) = &source.of { Some(id) } else { None }).any(|id| {
        let of = |reading: &Reading<'_>| -> BTreeSet<String> {
            let Some(outline) = reading.known.outline(id) else { return BTreeSet::new() };
            let selects = outline.selects();
            selects.flat_map(|(_, select)| select.filters.iter().map(bare_text)).collect()
        };
        let (old, new) = (of(before), of(now));
        let bare = bare_text(condition.node);
        new.difference(&old).any(|text| *text == bare) && !names.is_empty()
    })
}

/// The text of a condition without the aliases of relations.
fn bare_text(node: &Node) -> String {
    let mut node = node.clone();
    node.bracketed = false;
    text(&Select::default(), &node)
}

/// Whether the conditions of head imply one of base by themselves.
fn implied(condition: &Condition<'_>, new: &[Condition<'_>]) -> bool {
    new.iter().any(|other| {
        other.reads.is_subset(&condition.reads) && !other.reads.is_empty() && stronger_text(other, condition)
    })
}

fn stronger_text(other: &Condition<'_>, condition: &Condition<'_>) -> bool {
    other.reads == condition.reads && stronger(other.node, condition.node)
}

/// Whether every row that `new` lets through passes `old` too, both over the same columns; undecided is no.
fn stronger(new: &Node, old: &Node) -> bool {
    if let (Some((op_new, new_value)), Some((op_old, old_value))) = (bound(new), bound(old)) {
        return match (op_new, op_old) {
            (">" | ">=", ">" | ">=") => {
                new_value > old_value || (new_value == old_value && (op_new == ">" || op_old == ">="))
            }
            ("<" | "<=", "<" | "<=") => {
                new_value < old_value || (new_value == old_value && (op_new == "<" || op_old == "<="))
            }
            ("=", ">=") => new_value >= old_value,
            ("=", "<=") => new_value <= old_value,
            _ => false,
        };
    }
    match (values(new), values(old)) {
        (Some((false, new)), Some((false, old))) => new.is_subset(&old),
        (Some((true, new)), Some((true, old))) => old.is_subset(&new),
        (Some((false, new)), Some((true, old))) => new.is_disjoint(&old),
        (Some((false, _)), None) => matches!(&old.kind, Kind::IsNull { negated: true, .. }),
        _ => {
            // An OR of base that lost an arm, an AND that gained one.
            let arms: BTreeSet<String> = old.operands("or").iter().map(|arm| bare_text(arm)).collect();
            let now: Vec<String> = new.operands("or").iter().map(|arm| bare_text(arm)).collect();
            arms.len() > 1 && now.iter().all(|arm| arms.contains(arm))
        }
    }
}

/// A comparison of a column with a constant: operator and value, comparable within one kind of constant.
fn bound(node: &Node) -> Option<(&str, Constant)> {
    let Kind::Binary { operator, left, right } = &node.kind else { return None };
    let turned = |operator: &str| match operator {
        "<" => ">",
        "<=" => ">=",
        ">" => "<",
        ">=" => "<=",
        _ => "=",
    };
    if !matches!(operator.as_str(), "=" | "<" | "<=" | ">" | ">=") {
        return None;
    }
    match (constant(left), constant(right)) {
        (None, Some(value)) => Some((operator, value)),
        (Some(value), None) => Some((turned(operator), value)),
        _ => None,
    }
}

#[derive(Debug, Clone, PartialEq, PartialOrd)]
enum Constant {
    Number(f64),
    /// Dates written year first compare as text.
    Text(String),
}

fn constant(node: &Node) -> Option<Constant> {
    if let Some(number) = node.number() {
        return Some(Constant::Number(number));
    }
    match node.bare().literal()? {
        Literal::Text(text) | Literal::Typed(_, text) => Some(Constant::Text(text.clone())),
        _ => None,
    }
}

/// The values that a column may have (`false`) or must not have (`true`).
fn values(node: &Node) -> Option<(bool, BTreeSet<String>)> {
    match &node.kind {
        Kind::In { list, negated, .. } => {
            let all: Option<BTreeSet<String>> =
                list.iter().map(|one| one.literal().map(|l| format!("{l:?}"))).collect();
            Some((*negated, all?))
        }
        Kind::Binary { operator, left, right } if operator == "=" || operator == "<>" => {
            let value = right.literal().or_else(|| left.literal())?;
            Some((operator == "<>", BTreeSet::from([format!("{value:?}")])))
        }
        _ => None,
    }
}

/// `<` that became `<=` on a moment: the first moment after the period is in it now.
fn closed_bound(old: &Condition<'_>, new: &Condition<'_>) -> Option<Defect> {
    let (Some((op_old, value_old)), Some((op_new, value_new))) = (bound(old.node), bound(new.node)) else {
        return None;
    };
    let closed = op_old == "<" && op_new == "<=" && value_old == value_new;
    let timely = matches!(value_old, Constant::Text(_)) && {
        let Kind::Binary { left, right, .. } = &new.node.kind else { return None };
        crate::gates::semantics::dates::plain_date(right) || crate::gates::semantics::dates::plain_date(left)
    };
    if !closed || !timely {
        return None;
    }
    let message = format!("{} has become {}: the end of the period is in it now", old.shown, new.shown);
    let help = "write `<` the first moment after the period";
    Some(Defect::new("closed-window", new.span, message, help))
}
