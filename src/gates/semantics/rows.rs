//! Keys of queries, and which relations of a join repeat the rows of others.

use super::known::{Key, Known};
use crate::sql::outline::{BlockId, Body, Call, Kind, Literal, Node, Of, Outline, Select};
use std::collections::{BTreeMap, BTreeSet};

/// Relations of one join that are looked at.
const MOST: usize = 60;
/// Equalities of one join that are looked at.
const MOST_EQUALITIES: usize = 300;

/// A column of a leaf: the leaf's number and the column's name.
pub(super) type LeafColumn = (usize, String);

/// A relation of a join once the blocks that only project, filter and join are opened.
#[derive(Debug, Clone)]
pub(super) struct Leaf {
    /// How it is called where it stands.
    pub(super) alias: String,
    /// Its keys; an empty one for at most one row.
    pub(super) keys: Vec<Key>,
    /// Whether it can repeat rows of others at all (a semi join cannot).
    pub(super) multiplies: bool,
    /// The source of the outermost SELECT that it came with.
    pub(super) source: usize,
    /// What it is, when it is a base relation.
    pub(super) id: Option<String>,
}

/// What a column of a source of a SELECT is, in terms of leaves.
#[derive(Debug, Clone)]
enum Mapped {
    Leaf(usize),
    Opened(BlockId, Vec<Mapped>),
}

/// An equality between expressions over leaves.
#[derive(Debug, Clone)]
struct Equality {
    sides: [BTreeSet<LeafColumn>; 2],
    /// The column that a side is by itself.
    bare: [Option<LeafColumn>; 2],
}

/// The rows of one SELECT.
pub(super) struct Rows<'a> {
    outline: &'a Outline,
    pub(super) leaves: Vec<Leaf>,
    sources: Vec<Mapped>,
    equalities: Vec<Equality>,
    /// Columns that have one value in all rows.
    fixed: BTreeSet<LeafColumn>,
}

impl<'a> Rows<'a> {
    /// The rows of the SELECT of a block.
    pub(super) fn of(outline: &'a Outline, block: BlockId, known: &Known<'_>) -> Option<Self> {
        let select = outline.blocks[block].select()?;
        let mut rows =
            Rows { outline, leaves: Vec::new(), sources: Vec::new(), equalities: Vec::new(), fixed: BTreeSet::new() };
        rows.sources = rows.open(select, known, None);
        (rows.leaves.len() <= MOST && rows.equalities.len() <= MOST_EQUALITIES).then_some(rows)
    }

    fn open(&mut self, select: &Select, known: &Known<'_>, under: Option<usize>) -> Vec<Mapped> {
        let mut mapped: Vec<Mapped> = Vec::new();
        for (at, source) in select.sources.iter().enumerate() {
            let top = under.unwrap_or(at);
            let kind = source.join.as_ref().map_or("", |join| join.kind);
            let multiplies = !matches!(kind, "semi" | "anti" | "asof");
            let leaf = |this: &mut Self, keys, id| {
                this.leaves.push(Leaf { alias: source.alias.clone(), keys, multiplies, source: top, id });
                Mapped::Leaf(this.leaves.len() - 1)
            };
            let one = match &source.of {
                Of::Base(id) => leaf(self, known.keys(id), Some(id.clone())),
                Of::Made => leaf(self, Vec::new(), None),
                Of::Block(inner) => match self.outline.blocks[*inner].select() {
                    Some(opened) if multiplies && plain(self.outline, *inner) && self.leaves.len() < MOST => {
                        Mapped::Opened(*inner, self.open(opened, known, Some(top)))
                    }
                    _ => leaf(self, keys(self.outline, *inner, known), None),
                },
            };
            mapped.push(one);
        }
        let on = select.sources.iter().filter_map(|source| source.join.as_ref()).flat_map(|join| &join.on);
        let conditions: Vec<&Node> = on.chain(&select.filters).collect();
        for condition in conditions {
            self.condition(condition, &mapped);
        }
        mapped
    }

    fn condition(&mut self, condition: &Node, mapped: &[Mapped]) {
        let Kind::Binary { operator, left, right } = &condition.kind else { return };
        if !matches!(operator.as_str(), "=" | "==" | "is not distinct from" | "<=>") {
            return;
        }
        let side = |node: &Node| self.columns_in(node, mapped);
        let (Some(l), Some(r)) = (side(left), side(right)) else { return };
        let bare = |node: &Node, columns: &BTreeSet<LeafColumn>| {
            let alone = matches!(node.bare().kind, Kind::Column { .. }) && columns.len() == 1;
            alone.then(|| columns.iter().next().cloned()).flatten()
        };
        let (bare_left, bare_right) = (bare(left, &l), bare(right, &r));
        if r.is_empty() {
            self.fixed.extend(bare_left.clone());
        }
        if l.is_empty() {
            self.fixed.extend(bare_right.clone());
        }
        self.equalities.push(Equality { sides: [l, r], bare: [bare_left, bare_right] });
    }

    /// The leaf columns of an expression of the SELECT; `None` when one of its names is not known.
    pub(super) fn columns(&self, node: &Node) -> Option<BTreeSet<LeafColumn>> {
        self.columns_in(node, &self.sources)
    }

    fn columns_in(&self, node: &Node, mapped: &[Mapped]) -> Option<BTreeSet<LeafColumn>> {
        let mut found = BTreeSet::new();
        for part in node.all() {
            match &part.kind {
                Kind::Column { source, name } => found.extend(self.resolve(mapped.get(*source)?, name)?),
                Kind::Unresolved(_) | Kind::Outer(_) | Kind::Query(_) => return None,
                _ => {}
            }
        }
        Some(found)
    }

    fn resolve(&self, mapped: &Mapped, name: &str) -> Option<BTreeSet<LeafColumn>> {
        match mapped {
            Mapped::Leaf(leaf) => Some(BTreeSet::from([(*leaf, name.to_owned())])),
            Mapped::Opened(block, inner) => {
                let item = self.outline.blocks[*block].select()?.item(name)?;
                self.columns_in(&item.node, inner)
            }
        }
    }

    /// Leaves that have at most one row for each row of `from`, with `fixed` columns held: the rest may repeat it.
    pub(super) fn determined(&self, from: &BTreeSet<usize>, fixed: &BTreeSet<LeafColumn>) -> BTreeSet<usize> {
        let mut leaves = from.clone();
        loop {
            let held = |column: &LeafColumn| {
                leaves.contains(&column.0) || fixed.contains(column) || self.fixed.contains(column)
            };
            let mut columns: BTreeSet<LeafColumn> = fixed.union(&self.fixed).cloned().collect();
            for equality in &self.equalities {
                for at in 0..2 {
                    if let Some(column) = &equality.bare[1 - at]
                        && equality.sides[at].iter().all(held)
                    {
                        columns.insert(column.clone());
                    }
                }
            }
            let covered = |at: usize, leaf: &Leaf| {
                let key = |key: &Key| key.iter().all(|name| columns.contains(&(at, name.clone())));
                !leaf.multiplies || leaf.keys.iter().any(key)
            };
            let next = self.leaves.iter().enumerate().find(|(at, leaf)| !leaves.contains(at) && covered(*at, leaf));
            match next {
                Some((at, _)) => leaves.insert(at),
                None => return leaves,
            };
        }
    }

    /// The columns by which a leaf is tied to others, for messages.
    pub(super) fn tied_by(&self, leaf: usize) -> Vec<String> {
        let bare = self.equalities.iter().flat_map(|equality| equality.bare.iter().flatten());
        let names: BTreeSet<&str> = bare.filter(|(at, _)| *at == leaf).map(|(_, name)| name.as_str()).collect();
        names.into_iter().map(str::to_owned).collect()
    }
}

/// Whether a block only projects, filters and joins: then its rows are those of its relations.
fn plain(outline: &Outline, block: BlockId) -> bool {
    let at = &outline.blocks[block];
    at.limit.is_none()
        && at.select().is_some_and(|select| {
            select.group.is_none()
                && select.distinct.is_none()
                && select.qualify.is_empty()
                && !select.sources.is_empty()
                // A filter that keeps one row of a numbering makes other rows of it.
                && numbered(outline, select).is_none()
        })
        && !windows(outline, block)
}

/// Whether a column of the block is numbered by a window: a filter on it may leave one row of many.
fn windows(outline: &Outline, block: BlockId) -> bool {
    let numbers = |node: &Node| node.all().iter().any(|one| one.call().is_some_and(is_numbering));
    outline.blocks[block].select().is_some_and(|select| select.items.iter().any(|item| numbers(&item.node)))
}

fn is_numbering(call: &Call) -> bool {
    call.over.is_some() && call.name == "row_number"
}

/// Keys of the rows of a block, by the names of its output columns.
pub(super) fn keys(outline: &Outline, block: BlockId, known: &Known<'_>) -> Vec<Key> {
    let at = &outline.blocks[block];
    if at.limit.is_some_and(|limit| limit.rows.is_some_and(|rows| rows <= 1)) {
        return vec![Key::new()];
    }
    let select = match &at.body {
        Body::Select(select) => select,
        Body::Set { operator: "union", all: false, .. } => {
            return outline.columns(block).map(|columns| columns.into_iter().collect()).into_iter().collect();
        }
        Body::Set { operator: "except" | "intersect", arms, .. } => return keys(outline, arms[0], known),
        _ => return Vec::new(),
    };
    let mut found = Vec::new();
    let named = |node: &Node| output_of(select, node);
    match &select.group {
        Some(keys) if keys.is_empty() => return vec![Key::new()],
        Some(keys) if !select.grouping_sets => {
            found.extend(keys.iter().map(named).collect::<Option<Key>>());
        }
        Some(_) => {}
        None => found.extend(joined_keys(outline, block, known)),
    }
    if let Some(distinct) = &select.distinct {
        match &distinct.on {
            Some(keys) => found.extend(keys.iter().map(named).collect::<Option<Key>>()),
            None if !select.open => found.push(select.items.iter().map(|item| item.name.clone()).collect()),
            None => {}
        }
    }
    found.extend(numbered(outline, select));
    found.retain(|key| key.len() <= 30);
    found
}

/// The output column that passes an expression on.
fn output_of(select: &Select, node: &Node) -> Option<String> {
    let text = crate::sql::outline::text(select, node);
    let same = |item: &&crate::sql::outline::Item| crate::sql::outline::text(select, &item.node) == text;
    select.items.iter().find(same).map(|item| item.name.clone())
}

/// Keys of a SELECT that neither groups nor numbers: those of leaves that nothing repeats.
fn joined_keys(outline: &Outline, block: BlockId, known: &Known<'_>) -> Vec<Key> {
    let (Some(rows), Some(select)) = (Rows::of(outline, block, known), outline.blocks[block].select()) else {
        return Vec::new();
    };
    if select.sources.is_empty() {
        return vec![Key::new()];
    }
    // Where each leaf column comes out.
    let mut out: BTreeMap<LeafColumn, &str> = BTreeMap::new();
    for item in &select.items {
        if matches!(item.node.kind, Kind::Column { .. })
            && let Some(columns) = rows.columns(&item.node)
            && let Some(column) = columns.into_iter().next()
        {
            out.entry(column).or_insert(&item.name);
        }
    }
    let mut found = Vec::new();
    for (at, leaf) in rows.leaves.iter().enumerate().filter(|(_, leaf)| leaf.multiplies) {
        if rows.determined(&BTreeSet::from([at]), &BTreeSet::new()).len() < rows.leaves.len() {
            continue;
        }
        for key in &leaf.keys {
            let column = |name: &String| {
                let column = (at, name.clone());
                match rows.fixed.contains(&column) {
                    true => Some(None),
                    false => out.get(&column).map(|name| Some((*name).to_owned())),
                }
            };
            let columns: Option<Vec<Option<String>>> = key.iter().map(column).collect();
            found.extend(columns.map(|columns| columns.into_iter().flatten().collect::<Key>()));
        }
    }
    found
}

/// `row_number() over (partition by k ...) = 1`, here or by a filter on the block that numbers: one row for each k.
fn numbered(outline: &Outline, select: &Select) -> Option<Key> {
    let first = |condition: &'_ Node| -> Option<Node> {
        let Kind::Binary { operator, left, right } = &condition.kind else { return None };
        let one = matches!(&right.kind, Kind::Literal(Literal::Number(text)) if text == "1");
        let below = operator == "<" && matches!(&right.kind, Kind::Literal(Literal::Number(text)) if text == "2");
        ((matches!(operator.as_str(), "=" | "==" | "<=") && one) || below).then(|| left.as_ref().clone())
    };
    for condition in select.qualify.iter().chain(&select.filters).filter_map(first) {
        let node = match &condition.kind {
            // An alias of the select list, in QUALIFY.
            Kind::Call(_) => condition,
            Kind::Column { source, name } => {
                let Of::Block(inner) = select.sources.get(*source)?.of else { continue };
                if select.sources.len() > 1 {
                    continue;
                }
                let Some(item) = outline.blocks[inner].select().and_then(|select| select.item(name)) else { continue };
                let Some(over) = item.node.call().filter(|call| is_numbering(call)).and_then(|call| call.over.as_ref())
                else {
                    continue;
                };
                // By the names under which the numbering block and this one pass them on.
                let numbering = outline.blocks[inner].select()?;
                let passed = |node: &Node| {
                    let name = output_of(numbering, node)?;
                    let column = Node::new(Kind::Column { source: 0, name }, node.span);
                    output_of(select, &column)
                };
                return over.partition.iter().map(passed).collect();
            }
            _ => continue,
        };
        if let Some(over) = node.call().filter(|call| is_numbering(call)).and_then(|call| call.over.as_ref()) {
            return over.partition.iter().map(|node| output_of(select, node)).collect();
        }
    }
    None
}
