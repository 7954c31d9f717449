//! Queries, WITH and set operations: each scope is resolved once for all its columns.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use sqlparser::ast::{
    Expr, Ident, LimitClause, OrderByKind, Query, SetExpr, SetOperator, SetQuantifier, TableAlias, Values, With,
};
use sqlparser::tokenizer::TokenWithSpan;

use super::clauses::ClauseKey;
use super::scope::{Column, Cte, Mapping, Open, Resolved, Scope, Source};
use super::span::TextIndex;
use super::term::{self, Block, From, Leaf, LeafId, LeafSource, Part, Rows, T, Tree};
use super::{
    Clause, ClauseKind, ColumnRead, Dialect, Edge, OutputKind, Reason, RelationUse, Role, Span, TableInfo, Unresolved,
};

/// Nesting of queries and expressions that is followed.
const DEPTH: usize = 2_000;
/// Nodes of one canonical expression; larger ones are not compared.
const MAX_TERM: u32 = 20_000;
/// Rounds until the sources of a recursive CTE's columns stand still.
const ROUNDS: usize = 6;

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
    /// Everything so far has an exact canonical form.
    pub(super) supported: bool,
    pub(super) unresolved: Vec<Unresolved>,
    pub(super) reads: Vec<ColumnRead>,
    pub(super) relations: Vec<RelationUse>,
    pub(super) clauses: BTreeMap<ClauseKey, Rc<Clause>>,
    pub(super) sink: Sink,
    pub(super) role: Role,
    pub(super) via: Vec<String>,
    pub(super) flags: Flags,
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
        self.supported = false;
        let one = Unresolved {
            name: what.into(),
            reason: Reason::Unsupported,
            span,
            candidates: Vec::new(),
            tables: Vec::new(),
        };
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

    fn query_here(&mut self, query: &Query) -> Rc<Resolved> {
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
        let block = Block { windowed: block.windowed, mergeable: block.mergeable, ..Block::new(block.rows.clone(), closed) };
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

    fn with(&mut self, with: &With) {
        self.frames.push(Vec::new());
        for cte in &with.cte_tables {
            let name = &cte.alias.name;
            let key = self.key(name);
            let span = self.text.span(sqlparser::tokenizer::Span {
                start: name.span.start,
                end: cte.closing_paren_token.0.span.end,
            });
            let outside = std::mem::take(&mut self.clauses);
            let entry = Cte {
                key,
                span,
                resolved: Rc::new(self.nothing_known()),
                provisional: true,
                recursive: with.recursive,
                uses: 0,
                clauses: Vec::new(),
            };
            let resolved = if with.recursive {
                self.recursive_cte(&cte.query, &cte.alias, entry)
            } else {
                let resolved = self.query(&cte.query);
                let resolved = self.renamed(resolved, &cte.alias);
                self.push_cte(entry);
                resolved
            };
            let clauses = std::mem::replace(&mut self.clauses, outside);
            if let Some(last) = self.frames.last_mut().and_then(|frame| frame.last_mut()) {
                last.resolved = resolved;
                last.provisional = false;
                last.uses = 0;
                last.clauses = clauses.into_values().map(Rc::unwrap_or_clone).collect();
            }
        }
    }

    fn push_cte(&mut self, cte: Cte) {
        if let Some(frame) = self.frames.last_mut() {
            frame.push(cte);
        }
    }

    /// `with recursive`: the anchor first, then the recursive part against what is known, until nothing is added.
    fn recursive_cte(&mut self, query: &Query, alias: &TableAlias, entry: Cte) -> Rc<Resolved> {
        let key = entry.key.clone();
        let union = match query.body.as_ref() {
            SetExpr::SetOperation { op: SetOperator::Union, set_quantifier, left, right }
                if query.with.is_none() && query.order_by.is_none() && query.limit_clause.is_none() =>
            {
                Some((set_quantifier, left, right))
            }
            _ => None,
        };
        let Some((quantifier, left, right)) = union.filter(|_| super::relations::names_relation(query, &alias.name.value))
        else {
            // It does not read itself (or in a form that we do not follow: then it finds nothing known).
            if super::relations::names_relation(query, &alias.name.value) {
                self.unsupported("recursive query without UNION", entry.span);
                self.push_cte(entry);
                let resolved = self.query(query);
                return self.renamed(resolved, alias);
            }
            let resolved = self.query(query);
            let resolved = self.renamed(resolved, alias);
            self.push_cte(entry);
            return resolved;
        };
        self.recursions += 1;
        let this: Rc<str> = format!("recursive {}", self.recursions).into();
        let own_leaf = self.leaf();
        let anchor = self.arm(left);
        let anchor = self.renamed(anchor, alias);
        let mut known: Vec<Rc<Column>> = anchor.columns.iter().map(|column| self_column(column, own_leaf)).collect();
        self.push_cte(entry);
        let mut step = None;
        for _ in 0..ROUNDS {
            let rows = Rows { from: leaf_from(own_leaf, LeafSource::Base(this.clone())), ..Rows::default() };
            let provisional = Resolved {
                columns: known.clone(),
                open: anchor.open.clone().map(|open| Open { via: None, ..open }),
                block: Rc::new(Block::new(rows, true)),
                tables: BTreeSet::new(),
            };
            if let Some(cte) = self.frames.last_mut().and_then(|frame| frame.iter_mut().rfind(|cte| cte.key == key)) {
                cte.resolved = Rc::new(provisional);
            }
            let (unresolved, reads, relations) = (self.unresolved.len(), self.reads.len(), self.relations.len());
            let arm = self.arm(right);
            let mut grown = false;
            for (at, column) in known.iter_mut().enumerate() {
                let Some(new) = arm.columns.get(at) else { continue };
                let edges = union_edges(&column.edges, &new.edges);
                if edges.len() > column.edges.len() {
                    grown = true;
                    *column = Rc::new(Column { edges: Rc::new(edges), ..Column::clone(column) });
                }
            }
            step = Some(arm);
            if !grown {
                break;
            }
            self.unresolved.truncate(unresolved);
            self.reads.truncate(reads);
            self.relations.truncate(relations);
        }
        let Some(step) = step else { return anchor };
        let operator: Rc<str> = format!("recursive {}", quantifier_text(SetOperator::Union, *quantifier)).into();
        self.set_clause(&operator, Span::default());
        let resolved = self.union_of(&anchor, &step, operator, SetOperator::Union, false);
        let resolved = Resolved {
            columns: resolved
                .columns
                .iter()
                .zip(&known)
                .map(|(column, known)| Rc::new(Column { edges: known.edges.clone(), ..Column::clone(column) }))
                .collect(),
            ..resolved
        };
        Rc::new(resolved)
    }

    /// An arm of a set operation, resolved as a query of its own.
    fn arm(&mut self, body: &SetExpr) -> Rc<Resolved> {
        let outermost = std::mem::replace(&mut self.outermost, usize::MAX);
        let resolved = self.deeper(|this| this.set_expr(body), |this| Rc::new(this.nothing_known()));
        let closed = self.outermost >= self.scopes.len();
        self.outermost = self.outermost.min(outermost);
        if closed == resolved.block.closed {
            return resolved;
        }
        let block = &resolved.block;
        let block = Block { windowed: block.windowed, mergeable: block.mergeable, ..Block::new(block.rows.clone(), closed) };
        Rc::new(Resolved { block: Rc::new(block), ..Resolved::clone(&resolved) })
    }

    fn set_expr(&mut self, body: &SetExpr) -> Rc<Resolved> {
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
                    self.set_clause(&text, Span::default());
                    let by_name = matches!(
                        quantifier,
                        SetQuantifier::ByName | SetQuantifier::AllByName | SetQuantifier::DistinctByName
                    );
                    result = Rc::new(self.union_of(&result, &right, text, operator, by_name));
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

    fn set_clause(&mut self, operator: &str, span: Span) {
        self.add_clause(Clause { kind: ClauseKind::SetOperation, text: operator.to_owned(), span, join: None });
    }

    /// Joins two arms; `by_name` matches columns by name instead of position.
    fn union_of(
        &mut self,
        left: &Rc<Resolved>,
        right: &Rc<Resolved>,
        operator: Rc<str>,
        kind: SetOperator,
        by_name: bool,
    ) -> Resolved {
        let (left_leaf, right_leaf) = (self.leaf(), self.leaf());
        let open = left.open.is_some() || right.open.is_some();
        if !open && !by_name && left.columns.len() != right.columns.len() {
            let what = format!("{operator} of {} and {} columns", left.columns.len(), right.columns.len());
            self.unsupported(what, Span::default());
        }
        let value_of_right = matches!(kind, SetOperator::Union | SetOperator::Intersect);
        let mut columns = Vec::new();
        let mut taken = BTreeSet::new();
        for (at, column) in left.columns.iter().enumerate() {
            let other = match (by_name, open) {
                (true, _) => {
                    let at = right.columns.iter().position(|other| other.key == column.key);
                    taken.extend(at);
                    at.map(|at| &right.columns[at])
                }
                (false, false) => right.columns.get(at),
                // Positions after a star over unknown columns are not known.
                (false, true) => None,
            };
            let mine = term::inner(left_leaf, &column.term, &left.block);
            let theirs = match other {
                Some(other) => term::inner(right_leaf, &other.term, &right.block),
                None => term::text(if open { "unknown" } else { "null" }),
            };
            let mut merged = column.with_name(&column.name, &column.key);
            merged.term = pair(mine, &operator, theirs);
            match other {
                Some(other) if value_of_right => {
                    merged.edges = Rc::new(union_edges(&column.edges, &other.edges));
                    merged.kind = merge_kinds(column, other);
                    merged.unresolved = Rc::new([column.unresolved.as_slice(), other.unresolved.as_slice()].concat());
                    merged.starred = Rc::new([column.starred.as_slice(), other.starred.as_slice()].concat());
                }
                None if open => {
                    let arms = [left, right];
                    let tables = arms.iter().flat_map(|arm| arm.open.iter()).flat_map(|open| open.tables.clone());
                    merged.kind = OutputKind::Unknown;
                    let unknown = Unresolved {
                        name: column.name.to_string(),
                        reason: Reason::OpenStar,
                        span: column.span,
                        candidates: Vec::new(),
                        tables: tables.collect(),
                    };
                    merged.unresolved = Rc::new(vec![unknown]);
                }
                _ => {}
            }
            columns.push(Rc::new(merged));
        }
        if by_name {
            let rest = right.columns.iter().enumerate().filter(|(at, _)| !taken.contains(at));
            for (_, column) in rest {
                let theirs = term::inner(right_leaf, &column.term, &right.block);
                let mut merged = Column::clone(column);
                merged.term = pair(term::text("null"), &operator, theirs);
                columns.push(Rc::new(merged));
            }
        }
        // Which rows a set operation keeps depends on all columns, unless it keeps them all.
        let all_rows = &*operator == "union all";
        let tree = Tree::Set {
            operator,
            arms: vec![
                Leaf { id: left_leaf, source: LeafSource::Block(left.block.clone()) },
                Leaf { id: right_leaf, source: LeafSource::Block(right.block.clone()) },
            ],
        };
        let distinct = (!all_rows).then(|| columns.iter().map(|column: &Rc<Column>| column.term.clone()).collect());
        let rows = Rows { from: From { tree, filters: Vec::new() }, distinct, ..Rows::default() };
        let tables: BTreeSet<String> = left.tables.union(&right.tables).cloned().collect();
        let ids = [left, right].iter().flat_map(|arm| arm.open.iter()).flat_map(|open| open.tables.clone()).collect();
        Resolved {
            columns,
            open: open.then_some(Open { tables: ids, via: None }),
            block: Rc::new(Block::new(rows, left.block.closed && right.block.closed)),
            tables,
        }
    }

    fn values(&mut self, values: &Values) -> Resolved {
        let leaf = self.leaf();
        let mut rows = vec![Part::Text("values".into())];
        let mut columns: Vec<(Vec<Edge>, OutputKind, Vec<Unresolved>)> = Vec::new();
        for row in &values.rows {
            let mut cells = Vec::new();
            for (at, cell) in row.content.iter().enumerate() {
                let sink = std::mem::take(&mut self.sink);
                let value = self.expr(cell);
                let sink = std::mem::replace(&mut self.sink, sink);
                cells.push(value.term);
                if columns.len() <= at {
                    columns.resize_with(at + 1, || (Vec::new(), OutputKind::Constant, Vec::new()));
                }
                let column = &mut columns[at];
                column.0.extend(sink.edges);
                column.1 = super::expr::stronger(column.1, value.kind);
                column.2.extend(sink.unresolved);
            }
            rows.push(Part::Text(" (".into()));
            term::push_list(&mut rows, &cells);
            rows.push(Part::Text(")".into()));
        }
        let first = match self.dialect {
            Dialect::DuckDb | Dialect::Trino => ("col", 0),
            Dialect::Databricks | Dialect::Spark | Dialect::Hive => ("col", 1),
            _ => ("column", 1),
        };
        let columns = columns
            .into_iter()
            .enumerate()
            .map(|(at, (edges, kind, unresolved))| {
                let name = format!("{}{}", first.0, at + first.1);
                Rc::new(Column {
                    key: self.dialect.fold_key(&name, false).into(),
                    name: name.into(),
                    other_key: None,
                    edges: Rc::new(tidy(edges)),
                    term: term::column(leaf, &format!("${at}")),
                    kind,
                    span: Span::default(),
                    unresolved: Rc::new(unresolved),
                    starred: Rc::default(),
                })
            })
            .collect();
        let rows = Rows { from: leaf_from(leaf, LeafSource::Rows(term::seq(rows))), ..Rows::default() };
        let block = Block { mergeable: true, ..Block::new(rows, true) };
        Resolved { columns, open: None, block: Rc::new(block), tables: BTreeSet::new() }
    }

    /// ORDER BY and LIMIT of a body that is no plain select: they see its output columns.
    fn ordered(&mut self, body: Rc<Resolved>, query: &Query) -> Rc<Resolved> {
        if query.order_by.is_none() && query.limit_clause.is_none() && query.fetch.is_none() {
            return body;
        }
        let mut scope = Scope::new();
        let mut source = Source::new(Vec::new(), Rc::new(body.columns.clone()), Mapping::Same);
        source.open = body.open.clone();
        source.tables = body.tables.clone();
        scope.sources.push(Rc::new(source));
        scope.items = body.columns.iter().map(|column| Column::clone(column)).collect();
        self.scopes.push(scope);
        let limit = self.limit(query);
        self.scopes.pop();
        match limit {
            Some(limit) => Rc::new(self.limited(&body, limit)),
            None => body,
        }
    }

    /// The ordering and limit of a query as one term; `None` when every row stays. Resolves both either way.
    pub(super) fn limit(&mut self, query: &Query) -> Option<T> {
        let mut parts = Vec::new();
        if let Some(order) = &query.order_by {
            match &order.kind {
                OrderByKind::Expressions(items) => {
                    let terms: Vec<T> = items.iter().map(|item| self.output_order(item)).collect();
                    parts.push(Part::Text("order by ".into()));
                    term::push_list(&mut parts, &terms);
                    parts.push(Part::Text(" ".into()));
                }
                OrderByKind::All(_) => parts.push(Part::Text("order by all ".into())),
            }
        }
        let ordered = parts.len();
        let mut add = |this: &mut Self, word: &'static str, expr: &Expr| {
            let value = this.unlisted_expr(expr);
            parts.push(Part::Text(word.into()));
            parts.push(Part::Term(value));
        };
        match &query.limit_clause {
            Some(LimitClause::LimitOffset { limit, offset, limit_by }) => {
                if let Some(expr) = limit {
                    add(self, " limit ", expr);
                }
                if let Some(offset) = offset {
                    add(self, " offset ", &offset.value);
                }
                for expr in limit_by {
                    add(self, " by ", expr);
                }
            }
            Some(LimitClause::OffsetCommaLimit { offset, limit }) => {
                add(self, " limit ", limit);
                add(self, " offset ", offset);
            }
            None => {}
        }
        if let Some(fetch) = &query.fetch {
            if let Some(quantity) = &fetch.quantity {
                add(self, " limit ", quantity);
            }
            if fetch.quantity.is_none() {
                parts.push(Part::Text(" limit 1".into()));
            }
            if fetch.with_ties {
                parts.push(Part::Text(" with ties".into()));
            }
            if fetch.percent {
                parts.push(Part::Text(" percent".into()));
            }
        }
        if parts.len() == ordered {
            return None;
        }
        let limit = term::seq(parts);
        Some(limit)
    }

    /// `body` with a limit on top.
    pub(super) fn limited(&mut self, body: &Rc<Resolved>, limit: T) -> Resolved {
        let text = self.text_of(&body.block.rows.from, &limit);
        let text = text.split_once("limit ").map_or(text.clone(), |(_, rest)| format!("limit {rest}"));
        self.add_clause(Clause { kind: ClauseKind::Limit, text, span: Span::default(), join: None });
        if body.block.rows.limit.is_none() {
            let rows = Rows { limit: Some(limit), ..body.block.rows.clone() };
            let block = Block { windowed: body.block.windowed, ..Block::new(rows, body.block.closed) };
            return Resolved { block: Rc::new(block), ..Resolved::clone(body) };
        }
        // Already limited once: the inner rows become a relation of their own.
        let leaf = self.leaf();
        let mapping = Mapping::Wrapped(leaf, body.block.clone());
        let limit = mapping.apply(&limit);
        let rows = Rows {
            from: leaf_from(leaf, LeafSource::Block(body.block.clone())),
            limit: Some(limit),
            ..Rows::default()
        };
        let columns = body
            .columns
            .iter()
            .map(|column| Rc::new(Column { term: mapping.apply(&column.term), ..Column::clone(column) }))
            .collect();
        let open = body.open.clone().map(|open| Open { via: None, ..open });
        Resolved { columns, open, block: Rc::new(Block::new(rows, body.block.closed)), tables: body.tables.clone() }
    }

    /// `x(a, b)`: the alias renames the first columns.
    pub(super) fn renamed(&mut self, resolved: Rc<Resolved>, alias: &TableAlias) -> Rc<Resolved> {
        if alias.columns.is_empty() {
            return resolved;
        }
        let mut columns = resolved.columns.clone();
        for (at, new) in alias.columns.iter().enumerate() {
            let key = self.key(&new.name);
            match columns.get_mut(at) {
                Some(column) => *column = Rc::new(column.with_name(&new.name.value, &key)),
                None if resolved.open.is_some() => self.supported = false,
                None => {
                    let span = self.text.span(new.name.span);
                    self.unsupported(format!("column name {} without a column", new.name.value), span);
                }
            }
        }
        Rc::new(Resolved { columns, ..Resolved::clone(&resolved) })
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

fn self_column(column: &Column, leaf: LeafId) -> Rc<Column> {
    Rc::new(Column { term: term::column(leaf, &column.name), starred: Rc::default(), ..column.clone() })
}

fn pair(left: T, operator: &Rc<str>, right: T) -> T {
    term::seq(vec![
        Part::Text("[".into()),
        Part::Term(left),
        Part::Text(format!(" {operator} ").into()),
        Part::Term(right),
        Part::Text("]".into()),
    ])
}

fn merge_kinds(left: &Column, right: &Column) -> OutputKind {
    if left.kind == right.kind { left.kind } else { super::expr::stronger(left.kind, right.kind) }
}

fn quantifier_text(operator: SetOperator, quantifier: SetQuantifier) -> String {
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

fn union_edges(left: &[Edge], right: &[Edge]) -> Vec<Edge> {
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
