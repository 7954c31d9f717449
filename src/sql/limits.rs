//! ORDER BY and LIMIT: which rows stay.

use std::rc::Rc;

use sqlparser::ast::{Expr, LimitClause, OrderByKind, Query};

use super::resolve::{Resolver, leaf_from};
use super::scope::{Column, Mapping, Open, Resolved, Scope, Source};
use super::span::TextIndex;
use super::term::{self, Block, LeafSource, Part, Rows, T};
use super::{Clause, ClauseKind, Span};

impl Resolver<'_> {
    /// ORDER BY and LIMIT of a body that is no plain select: they see its output columns.
    pub(super) fn ordered(&mut self, body: Rc<Resolved>, query: &Query) -> Rc<Resolved> {
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
            Some(limit) => Rc::new(self.limited(&body, limit, limit_span(self.text, query))),
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
    pub(super) fn limited(&mut self, body: &Rc<Resolved>, limit: T, span: Span) -> Resolved {
        let text = self.text_of(&body.block.rows.from, &limit);
        let text = text.split_once("limit ").map_or(text.clone(), |(_, rest)| format!("limit {rest}"));
        self.add_clause(Clause { kind: ClauseKind::Limit, text, span, join: None });
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
}

/// Where a query's LIMIT stands.
pub(super) fn limit_span(text: &TextIndex<'_>, query: &Query) -> Span {
    use sqlparser::ast::Spanned;
    let span = match (&query.limit_clause, &query.fetch) {
        (Some(LimitClause::LimitOffset { limit: Some(limit), .. }), _) => limit.span(),
        (Some(LimitClause::LimitOffset { offset: Some(offset), .. }), _) => offset.value.span(),
        (Some(LimitClause::OffsetCommaLimit { limit, .. }), _) => limit.span(),
        (_, Some(fetch)) => {
            fetch.quantity.as_ref().map(|quantity| quantity.span()).unwrap_or_else(|| query.body.span())
        }
        _ => query.body.span(),
    };
    text.span(span)
}
