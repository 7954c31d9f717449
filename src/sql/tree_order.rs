//! Joins in one order: what SQL lets a person write in any order looks the same.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use super::canonical::Names;
use super::term::{From, Kind, Leaf, LeafId, LeafSource, Part, T, Tree};

/// Relations of one FROM above which it stays as it is written.
const MOST: usize = 64;

/// One LEFT JOIN: its right side and condition.
struct Outer {
    right: Tree,
    on: Vec<T>,
    /// Leaves of the right side.
    own: BTreeSet<LeafId>,
    /// Leaves that the condition reads.
    reads: BTreeSet<LeafId>,
}

/// The same rows with relations in an order that does not depend on how they were written: a left join keeps every row
/// of its left side, so inner joins may go before it, and left joins that do not read each other may change places.
pub(super) fn normal(from: From) -> From {
    let mut leaves = Vec::new();
    from.tree.leaves(&mut leaves);
    // A source that reads its neighbours must stay behind them.
    let free = leaves.iter().all(|leaf| match &leaf.source {
        LeafSource::Base(_) => true,
        LeafSource::Block(block) => block.closed,
        LeafSource::Rows(_) => false,
    });
    if !free || leaves.len() < 2 || leaves.len() > MOST {
        return From { tree: from.tree, filters: from.filters };
    }
    let (mut inner, mut outer) = (Vec::new(), Vec::new());
    if !split(&from.tree, &mut inner, &mut outer) {
        return from;
    }
    let names = colours(&from, &inner, &outer);
    let mut keyed: Vec<(String, Tree)> = inner.into_iter().map(|tree| (names.clone().tree(&tree), tree)).collect();
    keyed.sort_by(|a, b| a.0.cmp(&b.0));
    let mut trees: Vec<Tree> = keyed.into_iter().map(|(_, tree)| tree).collect();
    let first = if trees.len() == 1 { trees.pop().unwrap_or_default() } else { Tree::Cross(trees) };
    let tree = in_order(outer, &names).into_iter().fold(first, |left, join| Tree::Join {
        kind: "left",
        left: Box::new(left),
        right: Box::new(join.right),
        on: join.on,
    });
    From { tree, filters: from.filters }
}

/// Takes the tree apart; `false` when it must stay whole.
fn split(tree: &Tree, inner: &mut Vec<Tree>, outer: &mut Vec<Outer>) -> bool {
    let (kept, filled, on) = match tree {
        Tree::Cross(trees) => return trees.iter().all(|tree| split(tree, inner, outer)),
        Tree::Join { kind: "left", left, right, on } => (left, right, on),
        Tree::Join { kind: "right", left, right, on } => (right, left, on),
        other => {
            inner.push(other.clone());
            return true;
        }
    };
    let mut reads = BTreeSet::new();
    if !split(kept, inner, outer) || !on.iter().all(|term| reads_of(term, &mut reads)) {
        return false;
    }
    let mut own = Vec::new();
    filled.leaves(&mut own);
    let own = own.into_iter().map(|leaf| leaf.id).collect();
    let right = normal(From { tree: filled.as_ref().clone(), filters: Vec::new() }).tree;
    outer.push(Outer { right, on: on.clone(), own, reads });
    true
}

/// Left joins by their text, each behind those that its condition reads.
fn in_order(mut outer: Vec<Outer>, names: &Names) -> Vec<Outer> {
    let mut placed = Vec::new();
    let mut keys: Vec<String> = outer.iter().map(|join| key(join, names)).collect();
    while !outer.is_empty() {
        let waits = |at: usize| {
            let mut others = outer.iter().enumerate().filter(|(other, _)| *other != at);
            others.any(|(_, other)| !other.own.is_disjoint(&outer[at].reads))
        };
        let free = (0..outer.len()).filter(|&at| !waits(at)).min_by(|&a, &b| keys[a].cmp(&keys[b]));
        // A condition reads only what stands before it, so there is always one.
        let at = free.unwrap_or(0);
        keys.remove(at);
        placed.push(outer.remove(at));
    }
    placed
}

fn key(join: &Outer, names: &Names) -> String {
    let mut names = names.clone();
    let mut on: Vec<String> = join.on.iter().map(|term| names.term(term)).collect();
    on.sort_unstable();
    format!("{} on {}", names.tree(&join.right), on.join(" and "))
}

/// Names for the leaves that say what each is and how the conditions use it: relations that are read several times
/// are told apart by their conditions, not by their place.
fn colours(from: &From, inner: &[Tree], outer: &[Outer]) -> Names {
    let mut leaves = Vec::new();
    inner.iter().chain(outer.iter().map(|join| &join.right)).for_each(|tree| tree.leaves(&mut leaves));
    let mut plain = Names::default();
    let mut sources: HashMap<LeafId, Rc<str>> = HashMap::new();
    for leaf in &leaves {
        sources.insert(leaf.id, plain.source_name(leaf));
    }
    let mut counts: BTreeMap<Rc<str>, usize> = BTreeMap::new();
    sources.values().for_each(|source| *counts.entry(source.clone()).or_default() += 1);
    let names = Names::given(sources.clone());
    if counts.values().all(|&count| count == 1) {
        return names;
    }
    let conditions: Vec<(&T, &str)> = from
        .filters
        .iter()
        .map(|term| (term, "where"))
        .chain(outer.iter().flat_map(|join| join.on.iter().map(|term| (term, "on"))))
        .collect();
    let twins = leaves.iter().filter(|leaf| counts.get(&sources[&leaf.id]).is_some_and(|&count| count > 1));
    let mut coloured = sources.clone();
    for leaf in twins {
        coloured.insert(leaf.id, colour(leaf, &sources, &conditions));
    }
    Names::given(coloured)
}

fn colour(leaf: &Leaf, sources: &HashMap<LeafId, Rc<str>>, conditions: &[(&T, &str)]) -> Rc<str> {
    let source = &sources[&leaf.id];
    let mut own = sources.clone();
    own.insert(leaf.id, "self".into());
    let mut names = Names::given(own);
    let mut uses: Vec<String> = Vec::new();
    for (term, place) in conditions {
        let mut reads = BTreeSet::new();
        if !reads_of(term, &mut reads) || reads.contains(&leaf.id) {
            uses.push(format!("{place} {}", names.term(term)));
        }
    }
    uses.sort_unstable();
    format!("{source} used {}", uses.join(" and ")).into()
}

/// Collects the leaves that a term reads; `false` when a query within it may read more.
fn reads_of(term: &T, found: &mut BTreeSet<LeafId>) -> bool {
    match &term.kind {
        Kind::Column { leaf, .. } => {
            found.insert(*leaf);
            true
        }
        Kind::Inner { leaf, block, .. } => {
            found.insert(*leaf);
            block.closed
        }
        Kind::Text(_) => true,
        Kind::Seq(parts) => parts.iter().all(|part| match part {
            Part::Text(_) => true,
            Part::Term(term) => reads_of(term, found),
            Part::Sorted(terms, _) => terms.iter().all(|term| reads_of(term, found)),
        }),
        Kind::Query { block, .. } => block.closed,
    }
}
