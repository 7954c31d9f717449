//! One SELECT: its clauses in the order in which names become visible, and the block that they make.

use std::rc::Rc;

use sqlparser::ast::{
    AccessExpr, ConnectByKind, Distinct, Expr, GroupByExpr, GroupByWithModifier, Ident, LateralView, NamedWindowExpr,
    OrderByExpr, Query, Select, SelectFlavor, SelectItem, Spanned, TopQuantity, Value, ValueTableMode, WindowSpec,
};

use super::resolve::{Flags, Resolver, tidy};
use super::scope::{Ahead, Aliases, Column, Open, Resolved, Scope};
use super::term::{self, Block, From, Leaf, LeafMap, LeafSource, Part, Rows, T, Tree};
use super::{Clause, ClauseKind, OutputKind, Role, Span};

/// The parts of a select that are known before its block is built.
struct Pieces {
    from: From,
    group: Option<Vec<T>>,
    having: Vec<T>,
    qualify: Vec<T>,
    distinct: Option<Vec<T>>,
    limit: Option<(T, Span)>,
}

impl Resolver<'_> {
    /// Resolves a select; `query` when its ORDER BY and LIMIT belong to it.
    pub(super) fn select(&mut self, select: &Select, query: Option<&Query>) -> Rc<Resolved> {
        let flags = std::mem::take(&mut self.flags);
        self.scopes.push(Scope::new());
        let mut from = self.relations_of(&select.from);
        for view in &select.lateral_views {
            self.lateral_view(view, &mut from);
        }
        self.named_windows(select);
        self.unusual(select);
        let (items, open) = self.projection(select);
        self.last_scope().items = items.clone();
        let outputs: Vec<Column> = items;

        self.aliases(if self.dialect.alias_in_where() { self.seen_aliases() } else { Aliases::Hidden });
        for expr in select.prewhere.iter().chain(&select.selection) {
            let conjuncts = self.conjuncts(expr);
            self.filter_clauses(&from, "where", &conjuncts);
            self.tie_where(expr);
            from.filters.extend(conjuncts.into_iter().map(|(term, _)| term));
        }
        self.end_joins();
        let mut group = self.group_by(&select.group_by, &outputs);
        if let Some(keys) = &group {
            let span = self.group_span(&select.group_by);
            let text = format!("group by {}", self.texts_of(&from, keys).join(", "));
            self.add_clause(Clause { kind: ClauseKind::Group, text, span, join: None });
        }
        self.aliases(if self.dialect.alias_in_having() { self.seen_aliases() } else { Aliases::Hidden });
        let having = self.late_filter(&from, "having", select.having.as_ref());
        self.aliases(Aliases::AfterColumns);
        let qualify = self.late_filter(&from, "qualify", select.qualify.as_ref());
        if group.is_none() && (self.flags.aggregate || !having.is_empty()) {
            group = Some(Vec::new());
        }
        let redundant = self.all_different(select, group.as_deref(), &outputs, &from);
        let mut distinct = if redundant { None } else { self.distinct(select, &outputs, &from) };
        if group.is_none() && !self.flags.window && self.flags.makers.is_empty() && !self.flags.unknown_function {
            // DISTINCT over what a row has is grouping by all of it.
            group = distinct.take_if(|_| matches!(select.distinct, Some(Distinct::Distinct)));
        }
        self.aliases(Aliases::BeforeColumns);
        let limit = query.and_then(|query| self.limit(query));
        for expr in select.cluster_by.iter().chain(&select.distribute_by) {
            self.unlisted_expr(expr);
        }
        for order in &select.sort_by {
            self.order_term(order);
        }
        let place = query.map(|query| super::limits::limit_span(self.text, query)).unwrap_or_default();
        let limit = self.top(select, limit).map(|limit| (limit, place));
        let flags = std::mem::replace(&mut self.flags, flags);
        let pieces = Pieces { from, group, having, qualify, distinct, limit };
        let resolved = self.assemble(pieces, outputs, open, &flags);
        self.scopes.pop();
        Rc::new(resolved)
    }

    pub(super) fn last_scope(&mut self) -> &mut Scope {
        self.scopes.last_mut().expect("a scope is pushed before anything in it is resolved")
    }

    fn aliases(&mut self, aliases: Aliases) {
        self.last_scope().aliases = aliases;
    }

    /// Clauses that we read but whose effect on rows has no canonical form.
    fn unusual(&mut self, select: &Select) {
        for clause in &select.connect_by {
            // Which rows there are has no canonical form.
            self.supported = false;
            let conditions = match clause {
                ConnectByKind::ConnectBy { relationships, .. } => relationships.as_slice(),
                ConnectByKind::StartWith { condition, .. } => std::slice::from_ref(condition.as_ref()),
            };
            for condition in conditions {
                self.unlisted_expr(condition);
            }
        }
        match select.value_table_mode {
            // A row of fields that are found like columns.
            Some(ValueTableMode::AsStruct | ValueTableMode::DistinctAsStruct) => self.supported = false,
            Some(_) => self.unsupported("select as value", Span::default()),
            None => {}
        }
    }

    fn lateral_view(&mut self, view: &LateralView, from: &mut From) {
        let key = view.lateral_view_name.0.last().and_then(|part| part.as_ident()).map(|ident| self.key(ident));
        let names: Vec<&Ident> = view.lateral_col_alias.iter().collect();
        let kind = if view.outer { "left lateral" } else { "lateral" };
        let made = self.rows_of_expr(&view.lateral_view, key.into_iter().collect(), &names);
        let left = std::mem::take(&mut from.tree);
        from.tree = Tree::Join { kind, left: Box::new(left), right: Box::new(made), on: Vec::new() };
        let text = self.last_leaf_text(from);
        self.add_clause(Clause { kind: ClauseKind::Other, text, span: Span::default(), join: None });
    }

    fn named_windows(&mut self, select: &Select) {
        for definition in &select.named_window {
            let key = self.key(&definition.0);
            let spec = match &definition.1 {
                NamedWindowExpr::WindowSpec(spec) => spec.clone(),
                NamedWindowExpr::NamedWindow(name) => {
                    let other = self.key(name);
                    self.last_scope().windows.get(&other).cloned().unwrap_or(WindowSpec {
                        window_name: Some(name.clone()),
                        partition_by: Vec::new(),
                        order_by: Vec::new(),
                        window_frame: None,
                    })
                }
            };
            self.last_scope().windows.insert(key, spec);
        }
    }

    /// The select list: items and, when a star covers unknown columns, what it is open to.
    fn projection(&mut self, select: &Select) -> (Vec<Column>, Option<Open>) {
        let lateral = if self.dialect.lateral_aliases() { self.seen_aliases() } else { Aliases::Hidden };
        self.aliases(lateral);
        if self.dialect.alias_first() {
            self.await_aliases(&select.projection);
            self.await_named_expressions();
        }
        let spans = self.item_spans(select);
        let mut open: Option<Open> = None;
        if matches!(select.flavor, SelectFlavor::FromFirstNoSelect) {
            // Nothing is written for the star: the first relation stands for it.
            let place = select.from.first().map(|from| self.text.span(from.relation.span())).unwrap_or_default();
            self.star(None, &Default::default(), select.exclude.as_ref(), place, &mut open);
        }
        for (at, item) in select.projection.iter().enumerate() {
            let span = spans.get(at).copied().unwrap_or_default();
            match item {
                SelectItem::UnnamedExpr(expr) if self.columns_items(expr, None, span, &mut open) => {}
                SelectItem::ExprWithAlias { expr, alias } if self.columns_items(expr, Some(alias), span, &mut open) => {
                }
                SelectItem::UnnamedExpr(expr) => {
                    let name = self.unnamed(expr);
                    self.push_item(expr, name, span);
                }
                SelectItem::ExprWithAlias { expr, alias } => {
                    let name = Some((alias.value.clone(), self.key(alias)));
                    // Within itself the name is the column's.
                    if let Some((_, key)) = &name {
                        self.last_scope().ahead.remove(key);
                    }
                    self.push_item(expr, name, span);
                }
                SelectItem::ExprWithAliases { expr, aliases } => {
                    // `explode(m) as (k, v)`: one expression, several columns.
                    let parts = self.stacked(expr);
                    for (at, alias) in aliases.iter().enumerate() {
                        let name = Some((alias.value.clone(), self.key(alias)));
                        match parts.get(at) {
                            Some(part) => {
                                let part = part.with_name(&alias.value, &self.key(alias));
                                self.last_scope().items.push(Column { span, ..part });
                            }
                            None => self.push_item(expr, name, span),
                        }
                    }
                    self.supported = false;
                }
                SelectItem::Wildcard(options) => self.star(None, options, select.exclude.as_ref(), span, &mut open),
                SelectItem::QualifiedWildcard(kind, options) => {
                    self.star(Some(kind), options, select.exclude.as_ref(), span, &mut open);
                }
            }
        }
        self.last_scope().ahead.clear();
        self.await_named_expressions();
        (std::mem::take(&mut self.last_scope().items), open)
    }

    /// How aliases are seen by the clauses that see them.
    fn seen_aliases(&self) -> Aliases {
        if self.dialect.alias_first() { Aliases::BeforeColumns } else { Aliases::AfterColumns }
    }

    /// Notes the aliases of a select list that items to their left may use.
    fn await_aliases(&mut self, items: &[SelectItem]) {
        for item in items {
            if let SelectItem::ExprWithAlias { expr, alias } = item {
                let key = self.key(alias);
                self.last_scope().ahead.entry(key).or_insert_with(|| Ahead::Waiting(Box::new(expr.clone())));
            }
        }
    }

    /// Notes the expressions that WITH has put under a name.
    fn await_named_expressions(&mut self) {
        for frame in 0..self.frames.len() {
            for at in 0..self.frames[frame].len() {
                let cte = &self.frames[frame][at];
                if let Some(expr) = &cte.expression {
                    let (key, expr) = (cte.key.clone(), expr.clone());
                    self.last_scope().ahead.insert(key, Ahead::Waiting(expr));
                }
            }
        }
    }

    /// The item of that alias, when it stands further to the right. While it is resolved it does not see itself.
    pub(super) fn item_ahead(&mut self, key: &str) -> Option<Column> {
        let waiting = std::mem::replace(self.last_scope().ahead.get_mut(key)?, Ahead::Busy);
        let found = match waiting {
            Ahead::Busy => return None,
            Ahead::Done(column) => column,
            Ahead::Waiting(expr) => self.deeper(|this| Some(this.item(&expr, Span::default())), |_| None)?,
        };
        self.last_scope().ahead.insert(key.to_owned(), Ahead::Done(found.clone()));
        Some(found)
    }

    /// The name of an item without alias: that of the column it reads, else the function's where the dialect says so.
    pub(super) fn unnamed(&self, expr: &Expr) -> Option<(String, String)> {
        match expr {
            Expr::Identifier(ident) => Some((ident.value.clone(), self.key(ident))),
            Expr::CompoundIdentifier(parts) => parts.last().map(|ident| (ident.value.clone(), self.key(ident))),
            Expr::Nested(inner) => self.unnamed(inner),
            // `f(x).city`, `items[0].sku`
            Expr::CompoundFieldAccess { access_chain, .. } => match access_chain.last()? {
                AccessExpr::Dot(Expr::Identifier(field)) => Some((field.value.clone(), self.key(field))),
                _ => None,
            },
            Expr::Cast { expr, .. } if !matches!(self.dialect, super::Dialect::DuckDb) => self.unnamed(expr),
            Expr::Function(function) => {
                let name = function.name.0.last()?.as_ident()?;
                let session = super::names::is_session_value(&name.value.to_ascii_lowercase());
                session.then(|| (name.value.clone(), self.key(name)))
            }
            _ => None,
        }
    }

    fn push_item(&mut self, expr: &Expr, name: Option<(String, String)>, span: Span) {
        let mut column = self.item(expr, span);
        let at = self.last_scope().items.len();
        let (name, key) = name.unwrap_or_else(|| {
            let name = format!("_col_{at}");
            (name.clone(), self.dialect.fold_key(&name, false))
        });
        column.name = name.into();
        column.key = key.into();
        self.last_scope().items.push(column);
    }

    /// Resolves an expression as a column of its own.
    pub(super) fn item(&mut self, expr: &Expr, span: Span) -> Column {
        let outer = std::mem::take(&mut self.sink);
        let role = std::mem::replace(&mut self.role, Role::Value);
        let via = std::mem::take(&mut self.via);
        let (value, origin) = match bare_reference(expr) {
            Some(parts) => self.column_reference(&parts),
            None => (self.expr(expr), None),
        };
        (self.role, self.via) = (role, via);
        let sink = std::mem::replace(&mut self.sink, outer);
        let kind = if sink.unresolved.is_empty() { value.kind } else { OutputKind::Unknown };
        // A star computes nothing: the first item that names the column is the better place.
        let span = origin.filter(|origin| origin.known() && !is_star(self.text.slice(*origin))).unwrap_or(span);
        Column {
            name: "".into(),
            key: "".into(),
            other_key: None,
            edges: Rc::new(tidy(sink.edges)),
            term: self.bounded(value.term),
            kind,
            span,
            unresolved: Rc::new(sink.unresolved),
            starred: Rc::default(),
        }
    }

    /// Resolves an expression whose sources are no output's: only reads and unresolved references are kept.
    pub(super) fn unlisted_expr(&mut self, expr: &Expr) -> T {
        self.item(expr, Span::default()).term
    }

    /// The same for whatever `work` resolves.
    pub(super) fn unlisted<R>(&mut self, work: impl FnOnce(&mut Self) -> R) -> R {
        let outer = std::mem::take(&mut self.sink);
        let role = std::mem::replace(&mut self.role, Role::Value);
        let via = std::mem::take(&mut self.via);
        let result = work(self);
        (self.sink, self.role, self.via) = (outer, role, via);
        result
    }

    fn group_by(&mut self, group: &GroupByExpr, outputs: &[Column]) -> Option<Vec<T>> {
        self.aliases(if self.dialect.alias_in_group_by() { self.seen_aliases() } else { Aliases::Hidden });
        let (exprs, modifiers) = match group {
            GroupByExpr::Expressions(exprs, modifiers) => (exprs.as_slice(), modifiers),
            GroupByExpr::All(modifiers) => {
                // The keys are the items without an aggregate; an item that mixes both would need a second look.
                let keys = outputs.iter().filter(|item| !super::expr::has_aggregate(&item.term));
                return Some(self.with_modifiers(keys.map(|item| item.term.clone()).collect(), modifiers));
            }
        };
        if exprs.is_empty() && modifiers.is_empty() {
            return None;
        }
        let keys = exprs.iter().map(|expr| self.output_expr(expr, outputs)).collect();
        Some(self.with_modifiers(keys, modifiers))
    }

    fn with_modifiers(&mut self, mut keys: Vec<T>, modifiers: &[GroupByWithModifier]) -> Vec<T> {
        for modifier in modifiers {
            keys.push(match modifier {
                GroupByWithModifier::Rollup => term::text("with rollup"),
                GroupByWithModifier::Cube => term::text("with cube"),
                GroupByWithModifier::Totals => term::text("with totals"),
                GroupByWithModifier::GroupingSets(expr) => self.unlisted_expr(expr),
            });
            // The order of ROLLUP keys matters, which a set of keys does not keep.
            self.supported = false;
        }
        keys
    }

    /// An expression that may be the number of an output.
    fn output_expr(&mut self, expr: &Expr, outputs: &[Column]) -> T {
        if let Some(at) = ordinal(expr) {
            return match at.checked_sub(1).and_then(|at| outputs.get(at)) {
                Some(item) => item.term.clone(),
                None => {
                    // With an open star before it, the position says nothing.
                    self.supported = false;
                    term::text(format!("output {at}"))
                }
            };
        }
        // An alias that a column of an open relation may hide: neither reading is certain, so it stays apart.
        if let Expr::Identifier(ident) = expr {
            let key = self.key(ident);
            let item = outputs.iter().find(|item| item.matches(&key)).cloned();
            let scope = self.last_scope();
            let any_open = scope.visible().any(|(_, source)| source.is_open());
            let listed = scope.visible().any(|(_, source)| !matches!(source.listed(&key), Ok(None)));
            if let Some(item) = item.filter(|_| any_open && !listed && scope.aliases != Aliases::Hidden) {
                let plain = matches!(&item.term.kind, term::Kind::Column { name, .. } if name.eq_ignore_ascii_case(&ident.value));
                return if plain {
                    item.term
                } else {
                    term::seq(vec![Part::Text(format!("{key} or ").into()), Part::Term(item.term)])
                };
            }
        }
        self.unlisted_expr(expr)
    }

    /// An ORDER BY item of a query: a number, an alias or an expression.
    pub(super) fn output_order(&mut self, order: &OrderByExpr) -> T {
        let outputs = self.last_scope().items.clone();
        // An alias on its own, never within an expression.
        let hidden = self.dialect.alias_orders_alone() && bare_reference(&order.expr).is_none();
        let aliases = self.last_scope().aliases;
        self.aliases(if hidden { Aliases::Hidden } else { aliases });
        let key = self.output_expr(&order.expr, &outputs);
        self.aliases(aliases);
        super::expr::order_text(key, &order.options)
    }

    fn late_filter(&mut self, from: &From, word: &str, expr: Option<&Expr>) -> Vec<T> {
        let Some(expr) = expr else { return Vec::new() };
        let conjuncts = self.conjuncts(expr);
        self.filter_clauses(from, word, &conjuncts);
        conjuncts.into_iter().map(|(term, _)| term).collect()
    }

    /// Whether DISTINCT has nothing to drop, since the rows are groups and show all their keys.
    fn all_different(&self, select: &Select, group: Option<&[T]>, outputs: &[Column], from: &From) -> bool {
        let (Some(Distinct::Distinct), Some(keys)) = (&select.distinct, group) else { return false };
        let outputs: Vec<T> = outputs.iter().map(|item| item.term.clone()).collect();
        self.flags.makers.is_empty() && super::grouping::keys_in_outputs(from, keys, &outputs)
    }

    fn distinct(&mut self, select: &Select, outputs: &[Column], from: &From) -> Option<Vec<T>> {
        let terms = match select.distinct.as_ref()? {
            Distinct::All => return None,
            Distinct::Distinct => outputs.iter().map(|item| item.term.clone()).collect(),
            Distinct::On(exprs) => {
                // Which row stays is decided by the ordering: rarely total, and not part of a set of keys.
                let mut terms: Vec<T> = exprs.iter().map(|expr| self.output_expr(expr, outputs)).collect();
                terms.push(term::text("on"));
                self.supported = false;
                terms
            }
        };
        let text = match select.distinct {
            Some(Distinct::On(_)) => format!("distinct on {}", self.texts_of(from, &terms).join(", ")),
            _ => "distinct".to_owned(),
        };
        let span = self.text.span(select.select_token.0.span);
        self.add_clause(Clause { kind: ClauseKind::Distinct, text, span, join: None });
        Some(terms)
    }

    fn top(&mut self, select: &Select, limit: Option<T>) -> Option<T> {
        let Some(top) = &select.top else { return limit };
        let quantity = match &top.quantity {
            Some(TopQuantity::Expr(expr)) => self.unlisted_expr(expr),
            Some(TopQuantity::Constant(count)) => term::text(count.to_string()),
            None => term::text("1"),
        };
        let mut parts = vec![Part::Text(" limit ".into()), Part::Term(quantity)];
        if top.percent {
            parts.push(Part::Text(" percent".into()));
        }
        if top.with_ties {
            parts.push(Part::Text(" with ties".into()));
        }
        // The ordering is not in the term when ORDER BY stood without LIMIT.
        self.supported = false;
        parts.extend(limit.map(Part::Term));
        Some(term::seq(parts))
    }

    /// Builds the block, taking the place of a lone relation that it only projects or filters.
    fn assemble(&mut self, pieces: Pieces, outputs: Vec<Column>, mut open: Option<Open>, flags: &Flags) -> Resolved {
        let tables = self.last_scope().sources.iter().flat_map(|source| source.tables.iter().cloned()).collect();
        let mut columns: Vec<Rc<Column>> = outputs.into_iter().map(Rc::new).collect();
        let Pieces { from, group, having, qualify, distinct, limit } = pieces;
        let makers = flags.makers.clone();
        let mut rows = Rows { from, group, having, qualify, distinct, makers, limit: None };
        let mut windowed = flags.window;
        let mut limit = limit;
        if let Some((inner, map)) = self.lone_block(&rows, flags) {
            let terms = map.all(&rows.from.filters);
            rows = inner.rows.clone();
            match (inner.windowed, &rows.group) {
                _ if terms.is_empty() => {}
                (false, Some(_)) => rows.having.extend(terms),
                _ => rows.qualify.extend(terms),
            }
            windowed |= inner.windowed;
            columns = columns
                .into_iter()
                .map(|column| Rc::new(Column { term: map.apply(&column.term), ..Column::clone(&column) }))
                .collect();
            limit = limit.map(|(limit, span)| (map.apply(&limit), span));
            if let Some(via) = open.as_mut().and_then(|open| open.via.as_mut()) {
                let unwrapped = LeafMap { unwrapped: map.unwrapped, ..LeafMap::default() };
                *via = Rc::new(super::scope::Via {
                    source: via.source.clone(),
                    excluded: via.excluded.clone(),
                    map: unwrapped,
                });
            }
        }
        super::grouping::early_filters(&mut rows, self.dialect);
        rows.from = super::tree_order::normal(rows.from);
        let mergeable = rows.plain() && !windowed && !flags.unknown_function && flags.makers.is_empty();
        let block = Block { windowed, mergeable, ..Block::new(rows, true) };
        let resolved = Resolved { columns, open, block: Rc::new(block), tables };
        match limit {
            Some((limit, span)) => self.limited(&Rc::new(resolved), limit, span),
            None => resolved,
        }
    }

    /// The block behind a select that does no more than project and filter it, with exactly the same meaning inside:
    /// filters become HAVING or QUALIFY, which come before DISTINCT, LIMIT and after windows.
    fn lone_block(&self, rows: &Rows, flags: &Flags) -> Option<(Rc<Block>, LeafMap)> {
        let Tree::Leaf(Leaf { id, source: LeafSource::Block(inner) }) = &rows.from.tree else { return None };
        let only_projects = rows.group.is_none()
            && rows.having.is_empty()
            && rows.qualify.is_empty()
            && rows.distinct.is_none()
            && rows.makers.is_empty()
            && !flags.aggregate
            && !flags.unknown_function
            && inner.closed;
        let last = inner.rows.distinct.is_none() && inner.rows.limit.is_none();
        let simple = last && inner.rows.qualify.is_empty() && inner.rows.makers.is_empty();
        let filters_fit = rows.from.filters.is_empty()
            || (simple && (inner.windowed || inner.rows.group.is_some()))
            || (last && inner.windowed && inner.rows.makers.is_empty());
        let windows_fit = !flags.window || (simple && !inner.windowed && rows.from.filters.is_empty());
        let map = LeafMap { unwrapped: Some(*id), ..LeafMap::default() };
        (only_projects && filters_fit && windows_fit).then(|| (inner.clone(), map))
    }

    /// A source made of rows that an expression makes, with the given column names.
    pub(super) fn rows_of_expr(&mut self, expr: &Expr, name: Vec<String>, names: &[&Ident]) -> Tree {
        let function = match expr {
            Expr::Function(function) => function.name.to_string().to_ascii_lowercase(),
            _ => "unnest".to_owned(),
        };
        let made = self.item(expr, Span::default());
        let parts = self.stacked(expr);
        self.element_parts(&function, &made, &parts, (name, names, false))
    }
}

/// The parts of a plain column reference, brackets aside.
fn bare_reference(expr: &Expr) -> Option<Vec<Ident>> {
    match expr {
        Expr::Identifier(ident) => Some(vec![ident.clone()]),
        Expr::CompoundIdentifier(parts) => Some(parts.clone()),
        Expr::Nested(inner) => bare_reference(inner),
        _ => None,
    }
}

fn ordinal(expr: &Expr) -> Option<usize> {
    match expr {
        Expr::Value(value) => match &value.value {
            Value::Number(number, _) => number.parse().ok(),
            _ => None,
        },
        Expr::Nested(inner) => ordinal(inner),
        _ => None,
    }
}

/// Whether the text of a select item is a star (`*`, `t.*`, with whatever it leaves out).
fn is_star(item: &str) -> bool {
    item.starts_with('*') || item.split_whitespace().next().is_some_and(|word| word.ends_with(".*"))
}
