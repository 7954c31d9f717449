//! Canonical form of expressions and rows: trees whose leaves are columns of base relations or of opaque blocks.
//!
//! Names of CTEs, aliases and brackets are gone here. A select-project-join block melts into its consumer; any other
//! block (grouped, distinct, limited, windowed) stays a leaf of its own.

use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

/// One occurrence of a relation in a FROM clause.
pub(super) type LeafId = u32;
/// Canonical expressions are shared between the blocks that pass them on.
pub(super) type T = Rc<Term>;

#[derive(Debug)]
pub(super) struct Term {
    /// Nodes, counted as a tree and saturating: what is too large is not rendered.
    pub(super) size: u32,
    pub(super) kind: Kind,
}

#[derive(Debug)]
pub(super) enum Kind {
    /// A column of a base relation, or a numbered column of rows that have no names.
    Column { leaf: LeafId, name: Rc<str> },
    /// A column of an opaque block, as the block computes it.
    Inner { leaf: LeafId, term: T, block: Rc<Block> },
    /// A literal or a keyword.
    Text(Rc<str>),
    /// Pieces in order.
    Seq(Vec<Part>),
    /// A subquery within an expression; only the columns that matter to it.
    Query { head: &'static str, block: Rc<Block>, columns: Vec<T> },
}

#[derive(Debug, Clone)]
pub(super) enum Part {
    Text(Cow<'static, str>),
    Term(T),
    /// Operands whose order does not matter.
    Sorted(Vec<T>, &'static str),
}

/// The rows of a query.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) rows: Rows,
    /// It refers to nothing outside itself.
    pub(super) closed: bool,
    /// Its columns contain window functions: nothing may filter its rows from outside.
    pub(super) windowed: bool,
    /// It may be merged into its consumer.
    pub(super) mergeable: bool,
    /// Nodes of its rows, saturating.
    pub(super) size: u32,
    pub(super) rendered: OnceCell<Rendered>,
}

/// What a closed block looks like, once.
#[derive(Debug)]
pub(super) struct Rendered {
    pub(super) text: Rc<str>,
    pub(super) hash: Rc<str>,
    pub(super) names: HashMap<LeafId, Rc<str>>,
    /// Texts of its columns by the address of the term, which the value keeps alive.
    pub(super) columns: RefCell<HashMap<*const Term, (T, Rc<str>)>>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Rows {
    pub(super) from: From,
    /// GROUP BY keys; an empty list for an aggregate over all rows.
    pub(super) group: Option<Vec<T>>,
    pub(super) having: Vec<T>,
    pub(super) qualify: Vec<T>,
    /// DISTINCT over these; `distinct on` has its marker among them.
    pub(super) distinct: Option<Vec<T>>,
    /// Functions in the select list that make rows (`unnest(x)`).
    pub(super) makers: Vec<T>,
    /// LIMIT and what goes with it, after the ordering that decides which rows stay.
    pub(super) limit: Option<T>,
}

impl Rows {
    /// Only relations, joins and filters.
    pub(super) fn plain(&self) -> bool {
        self.group.is_none()
            && self.having.is_empty()
            && self.qualify.is_empty()
            && self.distinct.is_none()
            && self.makers.is_empty()
            && self.limit.is_none()
    }
}

/// Relations and the conjuncts over them.
#[derive(Debug, Clone, Default)]
pub(super) struct From {
    pub(super) tree: Tree,
    pub(super) filters: Vec<T>,
}

#[derive(Debug, Clone, Default)]
pub(super) enum Tree {
    /// No FROM: one row.
    #[default]
    Unit,
    Leaf(Leaf),
    /// Inner joins: their conditions are filters of the block.
    Cross(Vec<Tree>),
    Join {
        kind: &'static str,
        left: Box<Tree>,
        right: Box<Tree>,
        on: Vec<T>,
    },
    Filtered(Box<From>),
    Set {
        operator: Rc<str>,
        arms: Vec<Leaf>,
    },
}

#[derive(Debug, Clone)]
pub(super) struct Leaf {
    pub(super) id: LeafId,
    pub(super) source: LeafSource,
}

#[derive(Debug, Clone)]
pub(super) enum LeafSource {
    Base(Rc<str>),
    Block(Rc<Block>),
    /// VALUES, table functions, UNNEST: an expression that makes rows.
    Rows(T),
}

fn term(size: u32, kind: Kind) -> T {
    Rc::new(Term { size, kind })
}

pub(super) fn column(leaf: LeafId, name: &str) -> T {
    term(1, Kind::Column { leaf, name: name.into() })
}

pub(super) fn inner(leaf: LeafId, inner: &T, block: &Rc<Block>) -> T {
    term(1, Kind::Inner { leaf, term: inner.clone(), block: block.clone() })
}

pub(super) fn text(text: impl Into<Rc<str>>) -> T {
    term(1, Kind::Text(text.into()))
}

pub(super) fn query(head: &'static str, block: Rc<Block>, columns: Vec<T>) -> T {
    let size = columns.iter().fold(block.size, |sum, column| sum.saturating_add(column.size));
    term(size, Kind::Query { head, block, columns })
}

pub(super) fn seq(parts: Vec<Part>) -> T {
    let size = parts.iter().fold(1u32, |sum, part| {
        sum.saturating_add(match part {
            Part::Text(_) => 0,
            Part::Term(term) => term.size,
            Part::Sorted(terms, _) => terms.iter().fold(0u32, |sum, term| sum.saturating_add(term.size)),
        })
    });
    term(size, Kind::Seq(parts))
}

/// `name(a, b)`.
pub(super) fn call(name: &str, args: &[T]) -> T {
    let mut parts = vec![Part::Text(format!("{name}(").into())];
    push_list(&mut parts, args);
    parts.push(Part::Text(")".into()));
    seq(parts)
}

pub(super) fn push_list(parts: &mut Vec<Part>, items: &[T]) {
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            parts.push(Part::Text(", ".into()));
        }
        parts.push(Part::Term(item.clone()));
    }
}

/// What happens to the leaves of a term that is taken over by another block.
#[derive(Debug, Default)]
pub(super) struct LeafMap {
    pub(super) renamed: HashMap<LeafId, LeafId>,
    /// The opaque leaf whose columns become their own expressions again.
    pub(super) unwrapped: Option<LeafId>,
}

impl LeafMap {
    pub(super) fn apply(&self, from: &T) -> T {
        match &from.kind {
            Kind::Column { leaf, name } => match self.renamed.get(leaf) {
                Some(&leaf) => term(1, Kind::Column { leaf, name: name.clone() }),
                None => from.clone(),
            },
            Kind::Inner { leaf, term: inner_term, .. } if Some(*leaf) == self.unwrapped => inner_term.clone(),
            Kind::Inner { leaf, term: inner_term, block } => {
                let mapped = self.block(block);
                match self.renamed.get(leaf) {
                    None if Rc::ptr_eq(&mapped, block) => from.clone(),
                    renamed => {
                        let inner_term = if block.closed { inner_term.clone() } else { self.apply(inner_term) };
                        inner(renamed.copied().unwrap_or(*leaf), &inner_term, &mapped)
                    }
                }
            }
            Kind::Text(_) => from.clone(),
            Kind::Seq(parts) => seq(parts
                .iter()
                .map(|part| match part {
                    Part::Text(text) => Part::Text(text.clone()),
                    Part::Term(term) => Part::Term(self.apply(term)),
                    Part::Sorted(terms, separator) => Part::Sorted(self.all(terms), separator),
                })
                .collect()),
            Kind::Query { block, .. } if block.closed => from.clone(),
            Kind::Query { head, block, columns } => query(head, self.block(block), self.all(columns)),
        }
    }

    pub(super) fn all(&self, terms: &[T]) -> Vec<T> {
        terms.iter().map(|term| self.apply(term)).collect()
    }

    fn block(&self, block: &Rc<Block>) -> Rc<Block> {
        if block.closed {
            return block.clone();
        }
        let rows = &block.rows;
        let rows = Rows {
            from: self.from(&rows.from),
            group: rows.group.as_deref().map(|keys| self.all(keys)),
            having: self.all(&rows.having),
            qualify: self.all(&rows.qualify),
            distinct: rows.distinct.as_deref().map(|terms| self.all(terms)),
            makers: self.all(&rows.makers),
            limit: rows.limit.as_ref().map(|limit| self.apply(limit)),
        };
        Rc::new(Block { windowed: block.windowed, mergeable: block.mergeable, ..Block::new(rows, false) })
    }

    pub(super) fn from(&self, from: &From) -> From {
        From { tree: self.tree(&from.tree), filters: self.all(&from.filters) }
    }

    fn tree(&self, tree: &Tree) -> Tree {
        match tree {
            Tree::Unit => Tree::Unit,
            Tree::Leaf(leaf) => Tree::Leaf(self.leaf(leaf)),
            Tree::Cross(trees) => Tree::Cross(trees.iter().map(|tree| self.tree(tree)).collect()),
            Tree::Join { kind, left, right, on } => Tree::Join {
                kind,
                left: Box::new(self.tree(left)),
                right: Box::new(self.tree(right)),
                on: self.all(on),
            },
            Tree::Filtered(from) => Tree::Filtered(Box::new(self.from(from))),
            Tree::Set { operator, arms } => {
                Tree::Set { operator: operator.clone(), arms: arms.iter().map(|arm| self.leaf(arm)).collect() }
            }
        }
    }

    fn leaf(&self, leaf: &Leaf) -> Leaf {
        Leaf {
            id: self.renamed.get(&leaf.id).copied().unwrap_or(leaf.id),
            source: match &leaf.source {
                LeafSource::Base(id) => LeafSource::Base(id.clone()),
                LeafSource::Block(block) => LeafSource::Block(self.block(block)),
                LeafSource::Rows(rows) => LeafSource::Rows(self.apply(rows)),
            },
        }
    }
}

impl Tree {
    /// The leaves of the tree itself (not of the blocks within), in order.
    pub(super) fn leaves<'a>(&'a self, found: &mut Vec<&'a Leaf>) {
        match self {
            Tree::Unit => {}
            Tree::Leaf(leaf) => found.push(leaf),
            Tree::Cross(trees) => trees.iter().for_each(|tree| tree.leaves(found)),
            Tree::Join { left, right, .. } => {
                left.leaves(found);
                right.leaves(found);
            }
            Tree::Filtered(from) => from.tree.leaves(found),
            Tree::Set { arms, .. } => found.extend(arms),
        }
    }
}
