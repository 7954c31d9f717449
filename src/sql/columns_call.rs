//! DuckDB's `COLUMNS(...)`: one select item that stands for an expression over each of several columns.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Array, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, LambdaFunction, ObjectName,
    OneOrManyWithParens, RenameSelectItem, SelectItemQualifiedWildcardKind, Value, Visit, VisitMut, Visitor,
    VisitorMut, WildcardAdditionalOptions,
};

use super::expr::{Build, Val, function_name};
use super::resolve::Resolver;
use super::scope::{Column, Open};
use super::{Dialect, OutputKind, Span};

/// Columns that one item may stand for.
const MOST: usize = 2_000;

/// What a call of COLUMNS picks from.
enum Picks<'e> {
    Star(Box<(Option<SelectItemQualifiedWildcardKind>, WildcardAdditionalOptions)>),
    /// Names that the pattern finds, or that it does not find.
    Pattern(regex::Regex, bool),
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
        if !self.has_columns_call() {
            return false;
        }
        let Some(call) = first_call(expr) else { return false };
        let Some((picked, starred)) = self.picked(&call, span) else { return false };
        if let Some(starred) = starred {
            // Which of its columns are picked nobody knows.
            let tables = open.iter().flat_map(|open| open.tables.iter()).chain(&starred.tables).cloned().collect();
            *open = Some(Open { tables, via: None });
        }
        let whole = matches!(expr, Expr::Function(function) if is_columns(function));
        for column in picked {
            let made = match whole {
                true => column.clone(),
                false => self.over_column(expr, &call, &column, span),
            };
            let named = alias.map(|alias| match pattern_name(&call, alias, &column.name) {
                Some(name) => made.with_name(&name, &self.dialect.fold_key(&name, true)),
                None => made.with_name(&alias.value, &self.key(alias)),
            });
            self.last_scope().items.push(named.unwrap_or(made));
        }
        true
    }

    /// What a picked column is: a column of FROM, or what REPLACE puts in its place.
    fn value_of(&self, call: &Function, column: &Column) -> Expr {
        let plain = |name: &str| Expr::Identifier(Ident::with_quote('"', name));
        let Some(Picks::Star(star)) = picks(call) else { return plain(&column.name) };
        let options = &star.1;
        let mut replaced = options.opt_replace.iter().flat_map(|replace| &replace.items);
        if let Some(found) = replaced.find(|one| column.matches(&self.key(&one.column_name))) {
            return found.expr.clone();
        }
        let renames = match &options.opt_rename {
            Some(RenameSelectItem::Single(one)) => std::slice::from_ref(one),
            Some(RenameSelectItem::Multiple(many)) => many,
            None => &[],
        };
        let renamed = renames.iter().find(|one| column.matches(&self.key(&one.alias)));
        renamed.map_or_else(|| plain(&column.name), |one| Expr::Identifier(one.ident.clone()))
    }

    fn has_columns_call(&self) -> bool {
        matches!(self.dialect, Dialect::DuckDb | Dialect::ClickHouse)
    }

    /// The columns that a call picks, and what it is open to; `None` when it is of no form that we follow.
    fn picked(&mut self, call: &Function, span: Span) -> Option<(Vec<Column>, Option<Open>)> {
        let picks = picks(call)?;
        let (qualifier, options) = match &picks {
            Picks::Star(star) => (star.0.as_ref(), star.1.clone()),
            _ => (None, WildcardAdditionalOptions::default()),
        };
        // `t.columns(...)` picks from one relation.
        let of = call.name.0.split_last().map(|(_, of)| of.to_vec()).filter(|of| !of.is_empty());
        let of = of.map(|of| SelectItemQualifiedWildcardKind::ObjectName(ObjectName(of)));
        let (all, starred) = self.starred(qualifier.or(of.as_ref()), &options, span);
        let wanted = |column: &Column| match &picks {
            Picks::Star(_) => true,
            Picks::Pattern(pattern, wanted) => pattern.is_match(&column.name) == *wanted,
            Picks::Names(names) => names.iter().any(|name| *column.key == self.dialect.fold_key(name, true)),
        };
        Some((all.into_iter().filter(wanted).take(MOST).collect(), starred))
    }

    /// Whether an item of UNPIVOT's list is a call of COLUMNS.
    pub(super) fn picks_columns(&self, expr: &Expr) -> bool {
        matches!(expr, Expr::Function(function) if self.picks_columns_call(function))
    }

    fn picks_columns_call(&self, function: &Function) -> bool {
        self.has_columns_call() && is_columns(function)
    }

    /// The columns that it picks.
    pub(super) fn picked_columns(&mut self, expr: &Expr, span: Span) -> Vec<Column> {
        let Expr::Function(function) = expr else { return Vec::new() };
        match self.picked(function, span) {
            Some((columns, None)) => columns,
            _ => {
                self.unsupported("columns(...)", span);
                Vec::new()
            }
        }
    }

    /// `*columns(...)` within a call, or COLUMNS in a condition: all the columns that it picks.
    pub(super) fn unpacked(&mut self, function: &Function) -> Option<Val> {
        let call = match function_name(&function.name).as_str() {
            _ if self.picks_columns_call(function) => function.clone(),
            "unpack" if self.has_columns_call() => match &function.args {
                FunctionArguments::List(list) => match list.args.as_slice() {
                    [FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Function(call)))] if is_columns(call) => {
                        call.clone()
                    }
                    _ => return None,
                },
                _ => return None,
            },
            _ => return None,
        };
        let place = self.text.span(sqlparser::ast::Spanned::span(&call.name));
        let (columns, None) = self.picked(&call, place)? else { return None };
        let mut build = Build::new("");
        for (at, column) in columns.iter().enumerate() {
            build.text(if at > 0 { ", " } else { "" }).value(self.read(column, place));
        }
        build.at_least(OutputKind::Derived);
        Some(build.done())
    }

    /// The expression with one column in the place of the call.
    fn over_column(&mut self, expr: &Expr, call: &Function, column: &Column, span: Span) -> Column {
        let mut expr = expr.clone();
        let value = self.value_of(call, column);
        let _ = VisitMut::visit(&mut expr, &mut Place(&value));
        let made = self.item(&expr, span);
        let name = format!("_col_{}", self.last_scope().items.len());
        let key = self.dialect.fold_key(&name, false);
        made.with_name(&name, &key)
    }
}

fn is_columns(function: &Function) -> bool {
    let named = function.name.0.last().and_then(|part| part.as_ident());
    function.over.is_none() && named.is_some_and(|name| name.value.eq_ignore_ascii_case("columns"))
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

/// Puts a column where COLUMNS stands.
struct Place<'a>(&'a Expr);

impl VisitorMut for Place<'_> {
    type Break = ();
    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if let Expr::Function(function) = expr
            && is_columns(function)
        {
            let span = sqlparser::ast::Spanned::span(&function.name);
            *expr = match self.0 {
                Expr::Identifier(name) => Expr::Identifier(Ident { span, ..name.clone() }),
                other => other.clone(),
            };
        }
        ControlFlow::Continue(())
    }
}

fn picks(call: &Function) -> Option<Picks<'_>> {
    let FunctionArguments::List(list) = &call.args else { return None };
    if list.args.len() > 1 {
        // ClickHouse's `columns(a, b)`.
        let names = list.args.iter().map(|arg| match arg {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Identifier(name))) => Some(name.value.as_str()),
            _ => None,
        });
        return names.collect::<Option<_>>().map(Picks::Names);
    }
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
            if let Expr::Lambda(lambda) = expr {
                return name_condition(lambda);
            }
            if let Expr::Identifier(name) = expr {
                return Some(Picks::Names(vec![&name.value]));
            }
            let pattern = regex::RegexBuilder::new(text(expr)?).size_limit(1 << 18).build().ok()?;
            Some(Picks::Pattern(pattern, true))
        }
    }
}

/// `columns('(a)_(b)') as '\2_\1'`: the name is made of what the pattern's groups found.
fn pattern_name(call: &Function, alias: &Ident, name: &str) -> Option<String> {
    let Some(Picks::Pattern(pattern, true)) = picks(call) else { return None };
    if alias.quote_style.is_none() || !alias.value.contains('\\') {
        return None;
    }
    let found = pattern.captures(name)?;
    let mut made = String::new();
    let mut chars = alias.value.chars();
    while let Some(c) = chars.next() {
        match (c, chars.clone().next().and_then(|digit| digit.to_digit(10))) {
            ('\\', Some(group)) => {
                chars.next();
                made.push_str(found.get(group as usize).map_or("", |text| text.as_str()));
            }
            _ => made.push(c),
        }
    }
    Some(made)
}

/// `c -> c like 'q%'`: the names that a lambda takes.
fn name_condition(lambda: &LambdaFunction) -> Option<Picks<'static>> {
    let OneOrManyWithParens::One(param) = &lambda.params else { return None };
    let (expr, pattern, negated, insensitive) = match lambda.body.as_ref() {
        Expr::Like { negated, any: false, expr, pattern, escape_char: None } => (expr, pattern, negated, false),
        Expr::ILike { negated, any: false, expr, pattern, escape_char: None } => (expr, pattern, negated, true),
        _ => return None,
    };
    let own = matches!(expr.as_ref(), Expr::Identifier(ident) if ident.value.eq_ignore_ascii_case(&param.name.value));
    let pattern = text(pattern).filter(|_| own)?;
    Some(Picks::Pattern(super::star::like_regex(pattern, insensitive)?, !negated))
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
