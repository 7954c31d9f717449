//! DuckDB's `COLUMNS(...)`: one select item that stands for an expression over each of several columns.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Array, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, SelectItemQualifiedWildcardKind,
    Value, Visit, VisitMut, Visitor, VisitorMut, WildcardAdditionalOptions,
};

use super::expr::function_name;
use super::resolve::Resolver;
use super::scope::{Column, Open};
use super::{Dialect, Span};

/// Columns that one item may stand for.
const MOST: usize = 2_000;

/// What a call of COLUMNS picks from.
enum Picks<'e> {
    Star(Box<(Option<SelectItemQualifiedWildcardKind>, WildcardAdditionalOptions)>),
    Pattern(regex::Regex),
    Names(Vec<&'e str>),
}

impl Resolver<'_> {
    /// Adds the items that an expression with COLUMNS in it stands for. `false`: it has none, or not of a form that we
    /// follow.
    pub(super) fn columns_items(
        &mut self,
        expr: &Expr,
        alias: Option<&Ident>,
        span: Span,
        open: &mut Option<Open>,
    ) -> bool {
        if self.dialect != Dialect::DuckDb {
            return false;
        }
        let Some(call) = first_call(expr) else { return false };
        let Some(picks) = picks(&call) else { return false };
        let before = std::mem::take(&mut self.last_scope().items);
        let (qualifier, options) = match &picks {
            Picks::Star(star) => (star.0.as_ref(), star.1.clone()),
            Picks::Pattern(_) | Picks::Names(_) => (None, WildcardAdditionalOptions::default()),
        };
        let mut starred = None;
        self.star(qualifier, &options, None, span, &mut starred);
        let all = std::mem::replace(&mut self.last_scope().items, before);
        let wanted = |column: &Column| match &picks {
            Picks::Star(_) => true,
            Picks::Pattern(pattern) => pattern.is_match(&column.name),
            Picks::Names(names) => names.iter().any(|name| *column.key == self.dialect.fold_key(name, true)),
        };
        let picked: Vec<Column> = all.into_iter().filter(wanted).take(MOST).collect();
        if let Some(starred) = starred {
            // Which of its columns are picked nobody knows.
            let tables = open.iter().flat_map(|open| open.tables.iter()).chain(&starred.tables).cloned().collect();
            *open = Some(Open { tables, via: None });
        }
        let whole = matches!(expr, Expr::Function(function) if is_columns(function));
        for column in picked {
            let made = match whole {
                true => column,
                false => self.over_column(expr, &column, span),
            };
            let named = alias.map(|alias| made.with_name(&alias.value, &self.key(alias)));
            self.last_scope().items.push(named.unwrap_or(made));
        }
        true
    }

    /// The expression with one column in the place of the call.
    fn over_column(&mut self, expr: &Expr, column: &Column, span: Span) -> Column {
        let mut expr = expr.clone();
        let _ = VisitMut::visit(&mut expr, &mut Place(&column.name));
        let made = self.item(&expr, span);
        let name = format!("_col_{}", self.last_scope().items.len());
        let key = self.dialect.fold_key(&name, false);
        made.with_name(&name, &key)
    }
}

fn is_columns(function: &Function) -> bool {
    function.over.is_none() && function_name(&function.name) == "columns"
}

fn first_call(expr: &Expr) -> Option<Function> {
    struct Calls;
    impl Visitor for Calls {
        type Break = Function;
        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<Function> {
            match expr {
                // `*COLUMNS(...)`, as our rewriting writes it, is a list of columns within one expression.
                Expr::Function(function) if is_columns(function) || function_name(&function.name) == "unpack" => {
                    ControlFlow::Break(function.clone())
                }
                _ => ControlFlow::Continue(()),
            }
        }
    }
    expr.visit(&mut Calls).break_value().filter(is_columns)
}

/// Puts a column's name where COLUMNS stands.
struct Place<'a>(&'a str);

impl VisitorMut for Place<'_> {
    type Break = ();
    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if let Expr::Function(function) = expr
            && is_columns(function)
        {
            let span = sqlparser::ast::Spanned::span(&function.name);
            *expr = Expr::Identifier(Ident { value: self.0.to_owned(), quote_style: Some('"'), span });
        }
        ControlFlow::Continue(())
    }
}

fn picks(call: &Function) -> Option<Picks<'_>> {
    let FunctionArguments::List(list) = &call.args else { return None };
    let [FunctionArg::Unnamed(only)] = list.args.as_slice() else { return None };
    match only {
        FunctionArgExpr::Wildcard => Some(Picks::Star(Box::default())),
        FunctionArgExpr::WildcardWithOptions(options) => Some(Picks::Star(Box::new((None, options.clone())))),
        FunctionArgExpr::QualifiedWildcard(name) => {
            let qualifier = SelectItemQualifiedWildcardKind::ObjectName(name.clone());
            Some(Picks::Star(Box::new((Some(qualifier), WildcardAdditionalOptions::default()))))
        }
        FunctionArgExpr::Expr(Expr::Array(Array { elem, .. })) => {
            elem.iter().map(text).collect::<Option<_>>().map(Picks::Names)
        }
        FunctionArgExpr::Expr(expr) => {
            regex::RegexBuilder::new(text(expr)?).size_limit(1 << 18).build().ok().map(Picks::Pattern)
        }
    }
}

fn text(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) => Some(text),
            _ => None,
        },
        _ => None,
    }
}
