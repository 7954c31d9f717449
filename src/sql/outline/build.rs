//! From a text to its [`Outline`]: queries, CTEs, set operations and SELECTs.

use sqlparser::ast::{
    Cte, Distinct as AstDistinct, Expr, Fetch, GroupByExpr, LimitClause, OrderByKind, Query, Select as AstSelect,
    SetExpr, SetOperator, SetQuantifier, Spanned, TableAlias, TopQuantity, Value,
};

use super::names::{Known, Scope};
use super::{Block, BlockId, Body, Distinct, Item, Kind, Limit, Node, OrderKey, Outline, Select};
use crate::sql::parse::{on_big_stack, parse, single_query};
use crate::sql::span::TextIndex;
use crate::sql::{Catalog, Dialect, SqlError};

/// Queries within queries that are followed.
const NESTING: usize = 100;

/// Reads one query as an outline.
///
/// # Errors
/// When the text cannot be read, or is not exactly one query.
pub fn outline(sql: &str, dialect: Dialect, catalog: &dyn Catalog) -> Result<Outline, SqlError> {
    on_big_stack(|| {
        let parsed = parse(sql, dialect)?;
        let (query, _) = single_query(parsed.statements, sql)?;
        let text = TextIndex::new(sql);
        let mut reader = Reader {
            dialect,
            text: &text,
            catalog,
            blocks: Vec::new(),
            ctes: Vec::new(),
            scopes: Vec::new(),
            depth: 0,
        };
        let root = reader.query(&query);
        Ok(Outline { blocks: reader.blocks, root })
    })
}

/// A CTE in sight: its name, and its block once that is read (a recursive one is not while its own body is).
pub(super) type Named = (String, Option<BlockId>);

/// What is being read.
pub(super) struct Reader<'a> {
    pub(super) dialect: Dialect,
    pub(super) text: &'a TextIndex<'a>,
    pub(super) catalog: &'a dyn Catalog,
    pub(super) blocks: Vec<Block>,
    pub(super) ctes: Vec<Named>,
    pub(super) scopes: Vec<Scope>,
    pub(super) depth: usize,
}

impl Reader<'_> {
    /// Reads a query and gives the number of its block.
    pub(super) fn query(&mut self, query: &Query) -> BlockId {
        if self.depth >= NESTING {
            return self.push(Body::Opaque(None));
        }
        self.depth += 1;
        let ctes = self.ctes.len();
        if let Some(with) = &query.with {
            with.cte_tables.iter().for_each(|cte| self.cte(cte, with.recursive));
        }
        let block = self.body(&query.body, Some(query));
        self.ctes.truncate(ctes);
        self.depth -= 1;
        block
    }

    fn push(&mut self, body: Body) -> BlockId {
        self.blocks.push(Block { name: None, body, order: Vec::new(), limit: None });
        self.blocks.len() - 1
    }

    fn cte(&mut self, cte: &Cte, recursive: bool) {
        let name = self.dialect.fold_key(&cte.alias.name.value, cte.alias.name.quote_style.is_some());
        let at = self.ctes.len();
        if recursive {
            self.ctes.push((name.clone(), None));
        }
        let block = self.query(&cte.query);
        self.rename(block, &cte.alias);
        self.blocks[block].name.get_or_insert_with(|| cte.alias.name.value.clone());
        self.ctes.truncate(at);
        self.ctes.push((name, Some(block)));
    }

    /// Gives the columns of a block the names of an alias list.
    pub(super) fn rename(&mut self, block: BlockId, alias: &TableAlias) {
        let names: Vec<String> = alias.columns.iter().map(|column| column.name.value.to_lowercase()).collect();
        if names.is_empty() {
            return;
        }
        match &mut self.blocks[block].body {
            Body::Select(select) if !select.open && select.items.len() >= names.len() => {
                for (item, name) in select.items.iter_mut().zip(names) {
                    item.name = name;
                }
            }
            body => *body = Body::Opaque(Some(names)),
        }
    }

    fn body(&mut self, body: &SetExpr, query: Option<&Query>) -> BlockId {
        let block = match body {
            SetExpr::Select(select) => return self.select(select, query),
            SetExpr::Query(inner) => self.query(inner),
            SetExpr::SetOperation { .. } => self.set(body),
            _ => self.push(Body::Opaque(None)),
        };
        if let Some(limit) = query.and_then(|query| self.limit(query)) {
            self.blocks[block].limit = Some(limit);
        }
        block
    }

    /// A chain of one operator leans left: its arms in order.
    fn set(&mut self, body: &SetExpr) -> BlockId {
        let SetExpr::SetOperation { op, set_quantifier, .. } = body else { return self.body(body, None) };
        let (mut arms, mut at) = (Vec::new(), body);
        while let SetExpr::SetOperation { left, op: inner, set_quantifier: quantifier, right } = at {
            if inner != op || quantifier != set_quantifier {
                break;
            }
            arms.push(right.as_ref());
            at = left;
        }
        arms.push(at);
        let arms: Vec<BlockId> = arms.into_iter().rev().map(|arm| self.body(arm, None)).collect();
        let operator = match op {
            SetOperator::Union => "union",
            SetOperator::Except | SetOperator::Minus => "except",
            SetOperator::Intersect => "intersect",
        };
        let all = matches!(set_quantifier, SetQuantifier::All | SetQuantifier::AllByName);
        let span = self.text.span(body.span());
        self.push(Body::Set { operator, all, arms, span })
    }

    fn select(&mut self, select: &AstSelect, query: Option<&Query>) -> BlockId {
        self.scopes.push(Scope::default());
        let sources = self.from(&select.from);
        // Views of LATERAL make rows whose columns are not known.
        let made = !select.lateral_views.is_empty();
        self.scope().open |= made;
        let (items, open) = self.items(select);
        self.scope().items = items.iter().map(|item| (item.name.clone(), item.node.clone())).collect();
        self.scope().aliases = self.dialect.alias_in_where();
        let filters: Vec<Node> =
            select.prewhere.iter().chain(&select.selection).flat_map(|expr| self.conjuncts(expr)).collect();
        self.scope().aliases = true;
        let (group, grouping_sets) = self.group(&select.group_by, &items);
        let having: Vec<Node> = select.having.iter().flat_map(|expr| self.conjuncts(expr)).collect();
        let qualify: Vec<Node> = select.qualify.iter().flat_map(|expr| self.conjuncts(expr)).collect();
        let folds = |node: &Node| node.all().iter().any(|one| one.call().is_some_and(|call| call.aggregate));
        let group = group.or_else(|| (!having.is_empty() || items.iter().any(|item| folds(&item.node))).then(Vec::new));
        let distinct = self.distinct(select);
        let order = query.map(|query| self.order(query, &items)).unwrap_or_default();
        let limit = query.and_then(|query| self.limit(query)).or_else(|| self.top(select));
        self.scopes.pop();
        let span = self.text.span(select.span());
        let open = open || made && items.iter().any(|item| item.starred);
        let select = Select { sources, filters, group, grouping_sets, having, qualify, items, open, distinct, span };
        self.blocks.push(Block { name: None, body: Body::Select(Box::new(select)), order, limit });
        self.blocks.len() - 1
    }

    /// The scope of the SELECT being read.
    pub(super) fn scope(&mut self) -> &mut Scope {
        self.scopes.last_mut().expect("a scope is pushed before anything in it is read")
    }

    /// The conjuncts of a condition; what is always true is none.
    pub(super) fn conjuncts(&mut self, expr: &Expr) -> Vec<Node> {
        let node = self.expr(expr);
        split(node, &mut |node| matches!(&node.kind, Kind::Literal(super::Literal::Bool(true))))
    }

    fn group(&mut self, group: &GroupByExpr, items: &[Item]) -> (Option<Vec<Node>>, bool) {
        match group {
            GroupByExpr::All(modifiers) => {
                let folds = |item: &&Item| item.node.all().iter().any(|node| node.call().is_some_and(|c| c.aggregate));
                let keys = items.iter().filter(|item| !folds(item)).map(|item| item.node.clone()).collect();
                (Some(keys), !modifiers.is_empty())
            }
            GroupByExpr::Expressions(exprs, modifiers) if exprs.is_empty() && modifiers.is_empty() => (None, false),
            GroupByExpr::Expressions(exprs, modifiers) => {
                let special = |expr: &Expr| matches!(expr, Expr::Rollup(_) | Expr::Cube(_) | Expr::GroupingSets(_));
                let sets = !modifiers.is_empty() || exprs.iter().any(special);
                (Some(exprs.iter().map(|expr| self.output(expr, items)).collect()), sets)
            }
        }
    }

    /// An expression that may be the number of an output.
    fn output(&mut self, expr: &Expr, items: &[Item]) -> Node {
        let number = match expr {
            Expr::Value(value) => match &value.value {
                Value::Number(text, _) => text.to_string().parse::<usize>().ok(),
                _ => None,
            },
            _ => None,
        };
        match number.and_then(|at| items.get(at.checked_sub(1)?)) {
            Some(item) => item.node.clone(),
            None => self.expr(expr),
        }
    }

    fn distinct(&mut self, select: &AstSelect) -> Option<Distinct> {
        match select.distinct.as_ref()? {
            AstDistinct::All => None,
            AstDistinct::Distinct => Some(Distinct { on: None }),
            AstDistinct::On(keys) => Some(Distinct { on: Some(keys.iter().map(|key| self.expr(key)).collect()) }),
        }
    }

    fn order(&mut self, query: &Query, items: &[Item]) -> Vec<OrderKey> {
        let Some(OrderByKind::Expressions(keys)) = query.order_by.as_ref().map(|order| &order.kind) else {
            return Vec::new();
        };
        keys.iter().map(|key| self.order_key(key, |this, expr| this.output(expr, items))).collect()
    }

    fn limit(&mut self, query: &Query) -> Option<Limit> {
        let rows = match (&query.limit_clause, &query.fetch) {
            (Some(LimitClause::LimitOffset { limit: Some(rows), .. }), _) => rows,
            (Some(LimitClause::OffsetCommaLimit { limit, .. }), _) => limit,
            (_, Some(Fetch { quantity: Some(rows), .. })) => rows,
            _ => return None,
        };
        if matches!(rows, Expr::Value(value) if value.value == Value::Null) {
            return None;
        }
        Some(Limit { rows: number(rows), span: self.text.span(rows.span()) })
    }

    fn top(&mut self, select: &AstSelect) -> Option<Limit> {
        let rows = match select.top.as_ref()?.quantity.as_ref()? {
            TopQuantity::Constant(rows) => Some(*rows),
            TopQuantity::Expr(expr) => number(expr),
        };
        Some(Limit { rows, span: self.text.span(select.span()) })
    }

    /// Columns of a relation that a name of FROM means: a CTE in sight, else what the catalog knows.
    pub(super) fn cte_named(&self, key: &str) -> Option<&Named> {
        self.ctes.iter().rev().find(|(name, _)| name == key)
    }

    /// What is known of the columns of a block.
    pub(super) fn known(&self, block: BlockId) -> Known {
        match &self.blocks[block].body {
            Body::Select(select) if !select.open => {
                Known::All(select.items.iter().map(|item| item.name.clone()).collect())
            }
            Body::Select(select) => Known::Some(select.items.iter().map(|item| item.name.clone()).collect()),
            Body::Set { arms, .. } => arms.first().map_or(Known::Some(Vec::new()), |arm| self.known(*arm)),
            Body::Opaque(Some(names)) => Known::All(names.clone()),
            Body::Opaque(None) => Known::Some(Vec::new()),
        }
    }
}

/// The conjuncts of a node that are not `dropped`.
pub(super) fn split(node: Node, dropped: &mut impl FnMut(&Node) -> bool) -> Vec<Node> {
    let (mut stack, mut found) = (vec![node], Vec::new());
    while let Some(node) = stack.pop() {
        match node.kind {
            Kind::Binary { operator, left, right } if operator == "and" => {
                stack.push(*right);
                stack.push(*left);
            }
            _ if dropped(&node) => {}
            _ => found.push(node),
        }
    }
    found
}

fn number(expr: &Expr) -> Option<u64> {
    match expr {
        Expr::Value(value) => match &value.value {
            Value::Number(text, _) => text.to_string().parse().ok(),
            _ => None,
        },
        _ => None,
    }
}
