//! Selected columns of a grouped query that are neither grouped nor aggregated.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use sqlparser::ast::{
    CastKind, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, GroupByExpr, GroupByWithModifier, Ident,
    Select, SelectItem, Spanned, TableFactor, Visit, VisitMut, Visitor, VisitorMut,
};
use sqlparser::tokenizer::Span as ParserSpan;

use super::calls::Calls;
use super::{item_expr, nth_item, ordinal};
use crate::sql::Dialect;
use crate::sql::expr::function_name;
use crate::sql::names::is_session_value;

/// What a select groups by.
#[derive(Default)]
struct Keys {
    /// Key expressions, compared as text without qualifiers.
    texts: BTreeSet<String>,
    /// Columns that are keys themselves.
    columns: BTreeSet<String>,
    /// Every name within a key.
    mentioned: BTreeSet<String>,
    /// Select items that are keys, by position or alias.
    items: BTreeSet<usize>,
}

/// The columns as written, with their places. Nothing where the dialect, the database or an alias could make it right.
pub(super) fn ungrouped(
    select: &Select,
    dialect: Dialect,
    ctes: &[String],
    correlated: bool,
) -> Vec<(String, ParserSpan)> {
    let strict = !matches!(dialect, Dialect::MySql | Dialect::Sqlite | Dialect::ClickHouse | Dialect::Generic);
    if !strict || !select.connect_by.is_empty() {
        return Vec::new();
    }
    let Some(keys) = keys(select, correlated) else { return Vec::new() };
    // A key of the table would determine its other columns there.
    let by_primary_key = dialect == Dialect::Postgres && !keys.items_and_texts_empty();
    if by_primary_key && !select.from.iter().all(|from| only_derived(from, ctes)) {
        return Vec::new();
    }
    let mut walk = Walk { keys: &keys, locals: locals(select), aliases: aliases(select), correlated, found: None };
    let mut found = Vec::new();
    for (at, expr) in select.projection.iter().enumerate().filter_map(|(at, item)| Some((at, item_expr(item)?))) {
        if !keys.items.contains(&at) {
            walk.expr(expr, true);
            found.extend(walk.found.take());
        }
    }
    found
}

impl Keys {
    fn items_and_texts_empty(&self) -> bool {
        self.texts.is_empty() && self.items.is_empty()
    }

    fn add(&mut self, expr: &Expr) {
        let expr = bare(expr);
        match expr {
            Expr::Tuple(parts) => parts.iter().for_each(|part| self.add(part)),
            Expr::Rollup(sets) | Expr::Cube(sets) | Expr::GroupingSets(sets) => {
                sets.iter().flatten().for_each(|part| self.add(part));
            }
            // `rollup (a, b)`, as parsers read it that do not know the word.
            Expr::Function(Function { name, args: FunctionArguments::List(list), .. })
                if matches!(function_name(name).as_str(), "rollup" | "cube") =>
            {
                for arg in &list.args {
                    if let FunctionArg::Unnamed(FunctionArgExpr::Expr(part)) = arg {
                        self.add(part);
                    }
                }
            }
            Expr::Identifier(ident) => {
                self.columns.insert(folded(ident));
            }
            // `t.a`, or a field of a struct: each part may be what another reference means.
            Expr::CompoundIdentifier(parts) => self.columns.extend(parts.iter().skip(1).map(folded)),
            _ => {}
        }
        self.texts.insert(text(expr));
        let _ = expr.visit(&mut Mentioned(&mut self.mentioned));
    }
}

/// The grouping of a select; `None` when it has none, or one that is not followed.
fn keys(select: &Select, correlated: bool) -> Option<Keys> {
    let GroupByExpr::Expressions(exprs, modifiers) = &select.group_by else { return None };
    let mut keys = Keys::default();
    if exprs.is_empty() {
        let aggregated = |expr: &Expr| Calls::of(expr).found.iter().any(|call| !call.windowed);
        let any = !correlated && select.projection.iter().filter_map(item_expr).any(aggregated);
        return any.then_some(keys);
    }
    if modifiers.iter().any(|one| matches!(one, GroupByWithModifier::GroupingSets(_))) {
        return None;
    }
    for expr in exprs {
        match (ordinal(expr), bare(expr)) {
            (Some(at), _) => {
                keys.add(nth_item(select, at)?);
                keys.items.insert(at.checked_sub(1)?);
            }
            (None, Expr::Value(_)) => return None,
            (None, expr) => {
                keys.add(expr);
                if let Expr::Identifier(ident) = expr {
                    let name = folded(ident);
                    for (at, item) in select.projection.iter().enumerate() {
                        if let SelectItem::ExprWithAlias { expr, alias } = item
                            && folded(alias) == name
                        {
                            keys.items.insert(at);
                            keys.add(expr);
                        }
                    }
                }
            }
        }
    }
    Some(keys)
}

struct Walk<'a> {
    keys: &'a Keys,
    locals: BTreeSet<String>,
    aliases: BTreeSet<String>,
    correlated: bool,
    found: Option<(String, ParserSpan)>,
}

impl Walk<'_> {
    /// Looks for the first column outside of keys and calls. `whole`: the expression is the whole item.
    fn expr(&mut self, expr: &Expr, whole: bool) {
        if self.found.is_some() || self.keys.texts.contains(&text(expr)) {
            return;
        }
        match expr {
            Expr::Identifier(_) | Expr::CompoundIdentifier(_) => self.column(expr, whole),
            Expr::Nested(inner) => self.expr(inner, whole),
            Expr::Cast { expr, .. }
            | Expr::UnaryOp { expr, .. }
            | Expr::IsNull(expr)
            | Expr::IsNotNull(expr)
            | Expr::Ceil { expr, .. }
            | Expr::Floor { expr, .. } => self.expr(expr, false),
            Expr::BinaryOp { left, right, .. } => {
                self.expr(left, false);
                self.expr(right, false);
            }
            Expr::Case { operand, conditions, else_result, .. } => {
                operand.iter().for_each(|one| self.expr(one, false));
                for when in conditions {
                    self.expr(&when.condition, false);
                    self.expr(&when.result, false);
                }
                else_result.iter().for_each(|one| self.expr(one, false));
            }
            Expr::Function(function) if function.over.is_none() && is_plain(&function_name(&function.name)) => {
                let FunctionArguments::List(list) = &function.args else { return };
                for arg in &list.args {
                    if let FunctionArg::Unnamed(FunctionArgExpr::Expr(arg)) = arg {
                        self.expr(arg, false);
                    }
                }
            }
            // Any other form may aggregate, or give names of its own.
            _ => {}
        }
    }

    fn column(&mut self, expr: &Expr, whole: bool) {
        let ident = match expr {
            Expr::Identifier(ident) if !self.correlated => ident,
            Expr::CompoundIdentifier(parts) => match parts.as_slice() {
                [table, column] if self.locals.contains(&folded(table)) => column,
                _ => return,
            },
            _ => return,
        };
        let name = folded(ident);
        let qualified = matches!(expr, Expr::CompoundIdentifier(_));
        let no_column = name.starts_with(['@', '$', ':', '?']) || is_session_value(&name) || name == "grouping__id";
        let alias = !qualified && self.aliases.contains(&name);
        // A key that only contains the column (`group by date_trunc('day', at)`) does not group the column itself.
        let grouped = if whole { self.keys.columns.contains(&name) } else { self.keys.mentioned.contains(&name) };
        if !(no_column || alias || grouped || self.locals.contains(&name) && !qualified) {
            self.found = Some((expr.to_string(), expr.span()));
        }
    }
}

/// Functions of one row in every dialect, whose arguments are all values.
fn is_plain(name: &str) -> bool {
    matches!(
        name,
        "coalesce"
            | "nullif"
            | "ifnull"
            | "nvl"
            | "upper"
            | "lower"
            | "trim"
            | "ltrim"
            | "rtrim"
            | "round"
            | "abs"
            | "concat"
            | "length"
            | "replace"
            | "iff"
            | "safe_divide"
            | "to_date"
    )
}

fn folded(ident: &Ident) -> String {
    ident.value.to_lowercase()
}

fn bare(mut expr: &Expr) -> &Expr {
    while let Expr::Nested(inner) = expr {
        expr = inner;
    }
    expr
}

/// An expression as text, its qualifiers, brackets around the whole, quotes and casing dropped.
fn text(expr: &Expr) -> String {
    let mut expr = bare(expr).clone();
    let _ = VisitMut::visit(&mut expr, &mut Unqualified);
    expr.to_string().to_lowercase()
}

struct Unqualified;

impl VisitorMut for Unqualified {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        match expr {
            Expr::CompoundIdentifier(parts) => {
                if let Some(last) = parts.pop() {
                    *expr = Expr::Identifier(Ident::new(last.value));
                }
            }
            Expr::Identifier(ident) => ident.quote_style = None,
            Expr::Cast { kind, .. } if *kind == CastKind::DoubleColon => *kind = CastKind::Cast,
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

struct Mentioned<'a>(&'a mut BTreeSet<String>);

impl Visitor for Mentioned<'_> {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match expr {
            Expr::Identifier(ident) => self.0.extend([folded(ident)]),
            Expr::CompoundIdentifier(parts) => self.0.extend(parts.iter().map(folded)),
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

/// Names by which the FROM clause calls its relations, lower-case.
fn locals(select: &Select) -> BTreeSet<String> {
    let factors = select
        .from
        .iter()
        .flat_map(|from| std::iter::once(&from.relation).chain(from.joins.iter().map(|join| &join.relation)));
    factors
        .filter_map(|factor| match factor {
            TableFactor::Table { alias: Some(alias), .. } | TableFactor::Derived { alias: Some(alias), .. } => {
                Some(folded(&alias.name))
            }
            TableFactor::Table { name, alias: None, .. } => name.0.last()?.as_ident().map(folded),
            _ => None,
        })
        .collect()
}

fn aliases(select: &Select) -> BTreeSet<String> {
    select
        .projection
        .iter()
        .filter_map(|item| match item {
            SelectItem::ExprWithAlias { expr, alias } => {
                // `a.x as x` gives the column no other meaning.
                let own = match expr {
                    Expr::Identifier(ident) => folded(ident) == folded(alias),
                    Expr::CompoundIdentifier(parts) => parts.last().is_some_and(|last| folded(last) == folded(alias)),
                    _ => false,
                };
                (!own).then(|| folded(alias))
            }
            _ => None,
        })
        .collect()
}

/// Whether all relations of a FROM item are CTEs or subqueries.
fn only_derived(from: &sqlparser::ast::TableWithJoins, ctes: &[String]) -> bool {
    let derived = |factor: &TableFactor| match factor {
        TableFactor::Derived { .. } => true,
        TableFactor::Table { name, args: None, .. } => match name.0.as_slice() {
            [only] => only.as_ident().is_some_and(|ident| ctes.contains(&folded(ident))),
            _ => false,
        },
        _ => false,
    };
    derived(&from.relation) && from.joins.iter().all(|join| derived(&join.relation))
}
