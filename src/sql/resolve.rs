//! Queries, WITH and set operations: each scope is resolved once for all its columns.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use sqlparser::ast::{Ident, Query, SetExpr, SetOperator, SetQuantifier};
use sqlparser::tokenizer::TokenWithSpan;

use super::clauses::ClauseKey;
use super::prelude::Prelude;
use super::scope::{Cte, Open, Resolved, Scope};
use super::span::TextIndex;
use super::term::{self, Block, From, Leaf, LeafId, LeafSource, Rows, T, Tree};
use super::{Clause, ColumnRead, Dialect, Edge, Reason, RelationUse, Role, Span, TableInfo, Unresolved};

/// Nesting of queries and expressions that is followed.
const DEPTH: usize = 2_000;
/// Nodes of one canonical expression; larger ones are not compared.
const MAX_TERM: u32 = 20_000;
/// Rounds until the sources of a recursive CTE's columns stand still.
pub(super) const ROUNDS: usize = 6;

/// What the block at hand contains, for deciding how it may be rearranged.
#[derive(Debug, Default)]
pub(super) struct Flags {
    pub(super) aggregate: bool,
    pub(super) window: bool,
    /// A function that may be an aggregate for all we know.
    pub(super) unknown_function: bool,
    pub(super) makers: Vec<T>,
}

/// What the expression at hand has read so far.
#[derive(Debug, Default)]
pub(super) struct Sink {
    pub(super) edges: Vec<Edge>,
    pub(super) unresolved: Vec<Unresolved>,
}

/// Resolves one query text.
pub(super) struct Resolver<'a> {
    pub(super) dialect: Dialect,
    pub(super) text: &'a TextIndex<'a>,
    pub(super) tokens: &'a [TokenWithSpan],
    pub(super) catalog: &'a dyn Fn(&[String]) -> Option<TableInfo>,
    pub(super) frames: Vec<Vec<Cte>>,
    pub(super) scopes: Vec<Scope>,
    /// The outermost scope level read since the query at hand began.
    pub(super) outermost: usize,
    pub(super) next_leaf: LeafId,
    pub(super) depth: usize,
    pub(super) recursions: usize,
    /// The text takes some of the rows in the order in which they come (LIMIT): what else has no order keeps its own.
    pub(super) keeps_order: bool,
    /// Everything so far has an exact canonical form.
    pub(super) supported: bool,
    pub(super) unresolved: Vec<Unresolved>,
    pub(super) reads: Vec<ColumnRead>,
    pub(super) relations: Vec<RelationUse>,
    pub(super) clauses: BTreeMap<ClauseKey, Rc<Clause>>,
    /// Joins by their place: one that is read twice is the same.
    pub(super) joins: BTreeMap<(usize, usize), super::JoinShape>,
    pub(super) sink: Sink,
    pub(super) role: Role,
    pub(super) via: Vec<String>,
    pub(super) flags: Flags,
    /// The call at hand stands in FROM, where `name = value` names an argument.
    pub(super) names_arguments: bool,
    /// What the statements before the query say.
    pub(super) prelude: Prelude,
}

impl Resolver<'_> {
    pub(super) fn key(&self, ident: &Ident) -> String {
        self.dialect.fold_key(&ident.value, ident.quote_style.is_some())
    }

    pub(super) fn leaf(&mut self) -> LeafId {
        self.next_leaf += 1;
        self.next_leaf
    }

    /// Marks the whole answer as not comparable and says what was not understood.
    pub(super) fn unsupported(&mut self, what: impl Into<String>, span: Span) {
        self.not_followed(what.into(), Reason::Unsupported, span);
    }

    /// Numbers of columns that do not fit.
    pub(super) fn miscounted(&mut self, what: String, span: Span) {
        self.not_followed(what, Reason::ColumnCount, span);
    }

    fn not_followed(&mut self, name: String, reason: Reason, span: Span) {
        self.supported = false;
        let one = Unresolved { name, reason, span, candidates: Vec::new(), tables: Vec::new() };
        self.sink.unresolved.push(one.clone());
        self.unresolved.push(one);
    }

    /// Runs `work` one level deeper, or says that it is too deep.
    pub(super) fn deeper<R>(&mut self, work: impl FnOnce(&mut Self) -> R, too_deep: impl FnOnce(&mut Self) -> R) -> R {
        if self.depth >= DEPTH {
            self.unsupported("nesting too deep", Span::default());
            return too_deep(self);
        }
        self.depth += 1;
        let result = work(self);
        self.depth -= 1;
        result
    }

    /// Resolves a query within what is visible now.
    pub(super) fn query(&mut self, query: &Query) -> Rc<Resolved> {
        self.deeper(|this| this.query_here(query), |this| Rc::new(this.nothing_known()))
    }

    pub(super) fn query_here(&mut self, query: &Query) -> Rc<Resolved> {
        let outermost = std::mem::replace(&mut self.outermost, usize::MAX);
        let sink = std::mem::take(&mut self.sink);
        let (role, via) = (std::mem::replace(&mut self.role, Role::Value), std::mem::take(&mut self.via));
        let flags = std::mem::take(&mut self.flags);
        if let Some(with) = &query.with {
            self.with(with);
        }
        if !query.pipe_operators.is_empty() {
            self.unsupported("pipe operators", Span::default());
        }
        if query.settings.is_some() || query.for_clause.is_some() {
            self.supported = false;
        }
        let resolved = match query.body.as_ref() {
            SetExpr::Select(select) => self.select(select, Some(query)),
            body => {
                let body = self.set_expr(body);
                self.ordered(body, query)
            }
        };
        if query.with.is_some() {
            self.frames.pop();
        }
        (self.sink, self.role, self.via, self.flags) = (sink, role, via, flags);
        let closed = self.outermost >= self.scopes.len();
        self.outermost = self.outermost.min(outermost);
        if closed == resolved.block.closed {
            return resolved;
        }
        let block = &resolved.block;
        let block =
            Block { windowed: block.windowed, mergeable: block.mergeable, ..Block::new(block.rows.clone(), closed) };
        Rc::new(Resolved { block: Rc::new(block), ..Resolved::clone(&resolved) })
    }

    /// An answer for what cannot be looked into: any column, nothing known.
    pub(super) fn nothing_known(&mut self) -> Resolved {
        let rows = Rows::default();
        Resolved {
            columns: Vec::new(),
            open: Some(Open { tables: BTreeSet::new(), via: None }),
            block: Rc::new(Block::new(rows, true)),
            tables: BTreeSet::new(),
        }
    }

    /// An arm of a set operation, resolved as a query of its own.
    pub(super) fn arm(&mut self, body: &SetExpr) -> Rc<Resolved> {
        let outermost = std::mem::replace(&mut self.outermost, usize::MAX);
        let resolved = self.deeper(|this| this.set_expr(body), |this| Rc::new(this.nothing_known()));
        let closed = self.outermost >= self.scopes.len();
        self.outermost = self.outermost.min(outermost);
        if closed == resolved.block.closed {
            return resolved;
        }
        let block = &resolved.block;
        let block =
            Block { windowed: block.windowed, mergeable: block.mergeable, ..Block::new(block.rows.clone(), closed) };
        Rc::new(Resolved { block: Rc::new(block), ..Resolved::clone(&resolved) })
    }

    pub(super) fn set_expr(&mut self, body: &SetExpr) -> Rc<Resolved> {
        match body {
            SetExpr::Select(select) => self.select(select, None),
            SetExpr::Query(query) => self.query(query),
            SetExpr::SetOperation { left, op, set_quantifier, right } => {
                // Chains of set operations lean left: walk them without nesting.
                let mut arms = vec![(*op, *set_quantifier, right.as_ref())];
                let mut first = left.as_ref();
                while let SetExpr::SetOperation { left, op, set_quantifier, right } = first {
                    arms.push((*op, *set_quantifier, right.as_ref()));
                    first = left.as_ref();
                }
                let mut result = self.arm(first);
                for (operator, quantifier, arm) in arms.into_iter().rev() {
                    let right = self.arm(arm);
                    let text: Rc<str> = quantifier_text(operator, quantifier).into();
                    let span = self.text.span(sqlparser::ast::Spanned::span(arm));
                    self.set_clause(&text, span);
                    let by_name = matches!(
                        quantifier,
                        SetQuantifier::ByName | SetQuantifier::AllByName | SetQuantifier::DistinctByName
                    );
                    let (left, right) = match by_name {
                        true => self.by_marked_names(arm, (result, right)),
                        false => (result, right),
                    };
                    result = Rc::new(self.union_of(&left, &right, text, operator, by_name, span));
                }
                result
            }
            SetExpr::Values(values) => Rc::new(self.values(values)),
            SetExpr::Table(table) => {
                let mut parts: Vec<Ident> = Vec::new();
                parts.extend(table.schema_name.iter().map(Ident::new));
                parts.extend(table.table_name.iter().map(Ident::new));
                self.unsupported("TABLE as a query", Span::default());
                self.base_relation(&parts, Span::default());
                Rc::new(self.nothing_known())
            }
            SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_) => {
                self.unsupported("a statement that changes data", Span::default());
                Rc::new(self.nothing_known())
            }
        }
    }

    /// Notes a column that became too large to compare.
    pub(super) fn bounded(&mut self, term: T) -> T {
        if term.size <= MAX_TERM {
            return term;
        }
        self.supported = false;
        term::text("expression too large")
    }
}

/// A FROM of one leaf.
pub(super) fn leaf_from(id: LeafId, source: LeafSource) -> From {
    From { tree: Tree::Leaf(Leaf { id, source }), filters: Vec::new() }
}

pub(super) fn quantifier_text(operator: SetOperator, quantifier: SetQuantifier) -> String {
    let operator = match operator {
        SetOperator::Union => "union",
        SetOperator::Except | SetOperator::Minus => "except",
        SetOperator::Intersect => "intersect",
    };
    match quantifier {
        SetQuantifier::All | SetQuantifier::AllByName => format!("{operator} all"),
        _ => operator.to_owned(),
    }
}

pub(super) fn union_edges(left: &[Edge], right: &[Edge]) -> Vec<Edge> {
    tidy(left.iter().chain(right).cloned().collect())
}

/// Edges sorted without duplicates, bounded: one path of functions per source is kept when there are too many.
pub(super) fn tidy(mut edges: Vec<Edge>) -> Vec<Edge> {
    const MOST: usize = 2_000;
    if edges.len() > 1 {
        edges.sort_unstable();
        edges.dedup_by(|a, b| (&a.table, &a.column, a.role, &a.via) == (&b.table, &b.column, b.role, &b.via));
    }
    if edges.len() > MOST {
        edges.dedup_by(|a, b| (&a.table, &a.column, a.role) == (&b.table, &b.column, b.role));
    }
    edges
}
