//! Joins whose condition does not say what it should, and outer joins that are none any more.

use super::rows::Rows;
use super::{Defect, Reading};
use crate::sql::outline::{BlockId, Item, Kind, Node, Of, Select};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn look(reading: &Reading<'_>, block: BlockId, select: &Select, found: &mut Vec<Defect>) {
    conditions(reading, block, select, found);
    preserved_side(reading, select, found);
    made_inner(reading, select, found);
    partial(reading, select, found);
}

/// Relations that an expression of the SELECT reads.
fn sources_of(node: &Node) -> BTreeSet<usize> {
    node.columns().into_iter().map(|(source, _)| source).collect()
}

/// Whether every name in an expression is resolved, and nothing in it looks elsewhere.
fn understood(node: &Node) -> bool {
    !node.all().iter().any(|part| {
        matches!(
            part.kind,
            Kind::Unresolved(_) | Kind::Outer(_) | Kind::Query(_) | Kind::Exists { .. } | Kind::InQuery { .. }
        )
    })
}

/// Missing and tautological conditions.
fn conditions(reading: &Reading<'_>, block: BlockId, select: &Select, found: &mut Vec<Defect>) {
    let filters: Vec<&Node> = select.filters.iter().collect();
    let tied_by_where = |at: usize| {
        filters.iter().any(|node| !understood(node) || (sources_of(node).contains(&at) && sources_of(node).len() > 1))
    };
    for (at, source) in select.sources.iter().enumerate() {
        let Some(join) = &source.join else {
            if at > 0
                && matches!(source.of, Of::Base(_) | Of::Block(_))
                && !tied_by_where(at)
                && !single(reading, block, at)
            {
                let later = select.sources[at + 1..].iter().filter_map(|s| s.join.as_ref()).flat_map(|join| &join.on);
                if later.clone().any(|node| sources_of(node).contains(&at)) {
                    continue;
                }
                let message =
                    format!("`{}` stands behind a comma and nothing ties it to the other relations", source.alias);
                let help = "write `join ... on` with the columns that belong together";
                found.push(Defect::new("join-condition-missing", source.span, message, help));
            }
            continue;
        };
        for node in &join.on {
            if let Some(what) = tautology(node) {
                let what = format!("{} {what}", reading.text(select, node));
                let help = format!("compare a column of `{}` with one of the relations before it", source.alias);
                found.push(Defect::new("join-condition-tautological", node.span, what, help));
            }
        }
        let says_something =
            join.on.iter().any(|node| !understood(node) || sources_of(node).len() > 1 || tautology(node).is_some());
        let matters = !matches!(join.kind, "cross" | "lateral" | "left lateral" | "asof")
            && matches!(source.of, Of::Base(_) | Of::Block(_));
        if matters && !says_something && !tied_by_where(at) && !single(reading, block, at) {
            let one_sided = join.on.iter().any(|node| !sources_of(node).is_empty());
            let (rule, what) = match one_sided {
                true => ("join-condition-missing", "only asks about one side"),
                false if join.conditioned => ("join-condition-tautological", "is always true"),
                false => ("join-condition-missing", "is missing"),
            };
            let message = format!("the condition that joins `{}` {what}: every row meets every row", source.alias);
            let help =
                "name the columns of both sides that belong together; write `cross join` where the product is meant";
            let span = if join.span.known() { join.span } else { source.span };
            let defect = Defect::new(rule, span, message, help);
            // `on true` is written on purpose by some, where a few rows meet all.
            found.push(if rule == "join-condition-tautological" { defect.doubtful() } else { defect });
        }
    }
}

/// Whether the relation has at most one row, or all before it have.
fn single(reading: &Reading<'_>, block: BlockId, at: usize) -> bool {
    let Some(rows) = Rows::of(&reading.outline, block, reading.known) else { return true };
    let one = |leaf: &super::rows::Leaf| leaf.keys.iter().any(BTreeSet::is_empty) || !leaf.multiplies;
    let mut of = rows.leaves.iter().filter(|leaf| leaf.source == at);
    let mut before = rows.leaves.iter().filter(|leaf| leaf.source < at);
    of.all(one) || before.all(one)
}

/// What is always true about an equality of a join.
fn tautology(node: &Node) -> Option<&'static str> {
    let Kind::Binary { operator, left, right } = &node.kind else { return None };
    if operator != "=" {
        return None;
    }
    match (left.column(), right.column()) {
        (Some(left), Some(right)) if left == right => Some("compares a column with itself"),
        (Some((left, _)), Some((right, _))) if left == right => Some("compares two columns of the same relation"),
        _ => None,
    }
}

/// A condition of an outer join over the preserved side alone: it does not filter those rows.
fn preserved_side(reading: &Reading<'_>, select: &Select, found: &mut Vec<Defect>) {
    let mut asked: BTreeMap<(usize, &str), BTreeSet<String>> = BTreeMap::new();
    for join in select.sources.iter().filter_map(|source| source.join.as_ref()) {
        for node in &join.on {
            if let [column] = node.columns().as_slice() {
                asked.entry(*column).or_default().insert(reading.text(select, node));
            }
        }
    }
    for (at, source) in select.sources.iter().enumerate() {
        let Some(join) = source.join.as_ref().filter(|join| join.kind == "left") else { continue };
        for node in &join.on {
            // Several lookups, each for the rows of its kind.
            let lookup = node.columns().iter().any(|column| asked.get(column).is_some_and(|texts| texts.len() > 1));
            let reads = sources_of(node);
            let against_constant = match &node.kind {
                Kind::Binary { operator, left, right } => {
                    matches!(operator.as_str(), "=" | "<>" | "<" | ">" | "<=" | ">=" | "like")
                        && (left.literal().is_some() || right.literal().is_some())
                }
                Kind::In { .. } | Kind::Between { .. } | Kind::IsNull { .. } => true,
                _ => false,
            };
            if understood(node) && against_constant && !reads.is_empty() && !reads.contains(&at) {
                let text = reading.text(select, node);
                let message = format!(
                    "{text} in ON filters no row of the preserved side: those rows stay, with NULL from `{}`",
                    source.alias
                );
                let help = format!("move {text} to WHERE if those rows should go");
                let defect = Defect::new("preserved-side-filter", node.span, message, help).only_new();
                found.push(if lookup { defect.note() } else { defect.warning() });
            }
        }
    }
}

/// Whether a condition cannot hold where the columns of a relation are NULL.
pub(super) fn rejects_null(node: &Node, source: usize) -> bool {
    let strict = |node: &Node| strictly_reads(node, source);
    match &node.kind {
        Kind::Binary { operator, left, right } => match operator.as_str() {
            "and" => rejects_null(left, source) || rejects_null(right, source),
            "or" => rejects_null(left, source) && rejects_null(right, source),
            "is distinct from" | "is not distinct from" | "<=>" => false,
            _ => strict(left) || strict(right),
        },
        Kind::Unary { operator: "not", inner } => match &inner.kind {
            Kind::IsNull { inner, negated: false } => strict(inner),
            Kind::Binary { operator, .. } if operator == "and" || operator == "or" => false,
            Kind::IsNull { .. } => false,
            _ => rejects_null(inner, source),
        },
        Kind::Unary { operator: "is true" | "is false", inner } => strict(inner),
        Kind::IsNull { inner, negated } => *negated && strict(inner),
        Kind::In { inner, .. } | Kind::InQuery { inner, .. } => strict(inner),
        Kind::Between { inner, negated: false, .. } => strict(inner),
        Kind::Column { .. } => strict(node),
        _ => false,
    }
}

/// Whether an expression is NULL where the columns of the relation are.
fn strictly_reads(node: &Node, source: usize) -> bool {
    match &node.kind {
        Kind::Column { source: of, .. } => *of == source,
        Kind::Cast { inner, safe: false, .. } | Kind::Unary { operator: "-", inner } => strictly_reads(inner, source),
        Kind::Binary { operator, left, right } if matches!(operator.as_str(), "+" | "-" | "*" | "/" | "%") => {
            strictly_reads(left, source) || strictly_reads(right, source)
        }
        Kind::TimeZone { inner, .. } => strictly_reads(inner, source),
        Kind::Other { word: "extract" | "substring" | "trim" | "floor" | "ceil", parts } => {
            parts.iter().any(|part| strictly_reads(part, source))
        }
        Kind::Call(call) => {
            matches!(
                call.name.as_str(),
                "lower"
                    | "upper"
                    | "trim"
                    | "date"
                    | "date_trunc"
                    | "year"
                    | "month"
                    | "to_date"
                    | "abs"
                    | "round"
                    | "length"
                    | "left"
                    | "right"
                    | "substr"
                    | "datediff"
                    | "date_diff"
                    | "dateadd"
                    | "date_part"
            ) && call.args.iter().any(|arg| strictly_reads(arg, source))
        }
        _ => false,
    }
}

/// Filters and later joins that drop the rows for which an outer join was written.
fn made_inner(reading: &Reading<'_>, select: &Select, found: &mut Vec<Defect>) {
    for (at, source) in select.sources.iter().enumerate() {
        let outer = source.join.as_ref().is_some_and(|join| matches!(join.kind, "left" | "full"));
        let optional = source.optional && (outer || later_right(select, at));
        if !optional {
            continue;
        }
        // An anti join asks for the rows without a match.
        let anti = select.filters.iter().any(|node| {
            node.all().iter().any(|part| match &part.kind {
                Kind::IsNull { inner, negated: false } => sources_of(inner).contains(&at),
                _ => false,
            })
        });
        if anti {
            continue;
        }
        if let Some(filter) = select.filters.iter().find(|node| rejects_null(node, at)) {
            let text = reading.text(select, filter);
            let message = format!(
                "{text} in WHERE drops the rows without a match in `{}`: the outer join is an inner one",
                source.alias
            );
            let help = "move the condition to ON, or write `inner join` if those rows should go";
            let mut defect = Defect::new("outer-join-made-inner", filter.span, message, help);
            // Asking for the key itself is a way to say inner.
            if matches!(filter.kind, Kind::IsNull { .. }) {
                defect = defect.warning();
            }
            found.push(defect);
            continue;
        }
        let later = select.sources.iter().enumerate().skip(at + 1).find_map(|(to, other)| {
            let join = other.join.as_ref().filter(|join| join.kind == "inner")?;
            let node = join.on.iter().find(|node| rejects_null(node, at) && sources_of(node).contains(&to))?;
            Some((other, node))
        });
        if let Some((other, node)) = later {
            let text = reading.text(select, node);
            let message = format!(
                "joining `{}` on {text} drops the rows without a match in `{}`: the outer join before it is an inner one",
                other.alias, source.alias
            );
            let help = format!("write `left join {}` too", other.alias);
            found.push(Defect::new("outer-join-made-inner", node.span, message, help));
        }
    }
}

fn later_right(select: &Select, at: usize) -> bool {
    let kinds = select.sources[at + 1..].iter().filter_map(|source| source.join.as_ref());
    kinds.into_iter().any(|join| matches!(join.kind, "right" | "full"))
}

/// A join on some columns of a key whose other columns both sides have.
fn partial(reading: &Reading<'_>, select: &Select, found: &mut Vec<Defect>) {
    for (at, source) in select.sources.iter().enumerate() {
        let Some(join) = source.join.as_ref().filter(|join| matches!(join.kind, "inner" | "left" | "right" | "full"))
        else {
            continue;
        };
        let keys = declared_keys(reading, &source.of);
        // For each column of the joined side that is compared: which relations it is compared with.
        let mut tied: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
        let mut strange = false;
        for node in join.on.iter().chain(&select.filters) {
            let Kind::Binary { operator, left, right } = &node.kind else {
                strange |= sources_of(node).contains(&at);
                continue;
            };
            if operator != "=" {
                strange |= sources_of(node).contains(&at) && sources_of(node).len() > 1;
                continue;
            }
            for (one, other) in [(left, right), (right, left)] {
                if let Some((of, name)) = one.bare().column().filter(|(of, _)| *of == at) {
                    debug_assert_eq!(of, at);
                    tied.entry(name).or_default().extend(sources_of(other).into_iter().filter(|of| *of != at));
                }
            }
        }
        if strange || tied.is_empty() || keys.iter().any(|key| key.iter().all(|name| tied.contains_key(name.as_str())))
        {
            continue;
        }
        let partners: BTreeSet<usize> = tied.values().flatten().copied().collect();
        for key in keys.iter().filter(|key| key.len() > 1 && key.iter().any(|name| tied.contains_key(name.as_str()))) {
            let missing: Vec<&str> = key.iter().map(String::as_str).filter(|name| !tied.contains_key(name)).collect();
            let partner = partners.iter().find(|of| {
                let columns = columns_of(reading, select, **of);
                missing.iter().all(|name| columns.iter().any(|column| column == name))
            });
            if let Some(partner) = partner {
                let partner = &select.sources[*partner].alias;
                let message = format!(
                    "`{}` has one row for each {}, and is joined without {}",
                    source.alias,
                    key.iter().map(String::as_str).collect::<Vec<_>>().join(" + "),
                    missing.join(", ")
                );
                let more: Vec<String> =
                    missing.iter().map(|name| format!("{partner}.{name} = {}.{name}", source.alias)).collect();
                let help = format!("add `and {}`", more.join(" and "));
                let span = if join.span.known() { join.span } else { source.span };
                found.push(Defect::new("join-condition-partial", span, message, help));
                break;
            }
        }
    }
}

/// Keys that the project declares of a relation, also of one that a CTE only passes on: those that a GROUP BY makes may
/// hold names that hang on the rest of the key.
fn declared_keys(reading: &Reading<'_>, of: &Of) -> Vec<BTreeSet<String>> {
    match of {
        Of::Base(id) => reading.known.declared_keys(id).to_vec(),
        Of::Made => Vec::new(),
        Of::Block(block) => {
            let Some(select) = reading.outline.blocks[*block].select() else { return Vec::new() };
            let [only] = select.sources.as_slice() else { return Vec::new() };
            if select.aggregates() || select.distinct.is_some() {
                return Vec::new();
            }
            let out = |name: &String| {
                let passes = |item: &&Item| item.node.column().is_some_and(|(_, column)| column == name);
                select.items.iter().find(passes).map(|item| item.name.clone())
            };
            let keys = declared_keys(reading, &only.of);
            keys.iter().filter_map(|key| key.iter().map(out).collect()).collect()
        }
    }
}

/// Column names of a relation of the SELECT, as far as they are known.
pub(super) fn columns_of(reading: &Reading<'_>, select: &Select, source: usize) -> Vec<String> {
    match &select.sources[source].of {
        Of::Base(id) => {
            let known = reading.known.bound.columns(id).map(|names| names.iter().map(|n| n.to_lowercase()).collect());
            known.unwrap_or_else(|| {
                let project = &reading.known.bound.project;
                let declared = project.models.get(id).map(|model| &model.columns);
                let declared = declared.or_else(|| project.sources.get(id).map(|source| &source.columns));
                declared.map(|columns| columns.keys().map(|name| name.to_lowercase()).collect()).unwrap_or_default()
            })
        }
        Of::Block(block) => reading.outline.columns(*block).unwrap_or_default(),
        Of::Made => Vec::new(),
    }
}
