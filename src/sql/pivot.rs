//! PIVOT and UNPIVOT: which columns come out, and from what.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::rc::Rc;

use sqlparser::ast::{
    Expr, ExprWithAlias, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, PivotValueSource, Spanned, TableAlias,
    TableFactor, Value, Visit, Visitor,
};

use super::resolve::{Resolver, tidy};
use super::scope::{Column, Mapping, Open, Scope, Source};
use super::term::{self, From, Part, T};
use super::{Clause, ClauseKind, Dialect, OutputKind, Span};

/// A relation that is being turned: what it was, and the columns that come out so far.
pub(super) struct Turned {
    from: From,
    pub(super) columns: Vec<Column>,
    /// Relations with columns that nobody knows.
    pub(super) open: BTreeSet<String>,
    tables: BTreeSet<String>,
    name: Vec<String>,
    span: Span,
}

impl Resolver<'_> {
    pub(super) fn pivot(&mut self, factor: &TableFactor, nullable: bool) -> From {
        let TableFactor::Pivot { table, aggregate_functions, value_column, value_source, alias, .. } = factor else {
            return From::default();
        };
        let alias = alias.as_ref();
        let (groups, aggregate_functions): (Vec<_>, Vec<_>) =
            aggregate_functions.iter().partition(|one| groups(&one.expr));
        let mut used = BTreeSet::new();
        for one in &aggregate_functions {
            self.column_keys(&one.expr, &mut used);
        }
        for one in value_column {
            self.column_keys(one, &mut used);
        }
        let mut made = Vec::new();
        let mut deciding = Vec::new();
        let mut grouped = Vec::new();
        let mut turned = self.turned(factor, table, &used, nullable, |this, span| {
            grouped = groups.iter().flat_map(|one| this.group_columns(one, span)).collect();
            made = aggregate_functions.iter().map(|one| this.item(&one.expr, span)).collect();
            deciding = value_column.iter().map(|one| this.unlisted_expr(one)).collect();
            if let PivotValueSource::Subquery(query) = value_source {
                this.query(query);
            }
        });
        if !groups.is_empty() {
            turned.columns = grouped;
            turned.open.clear();
        }
        let passed = turned.columns.len();
        let given = alias.map_or(0, |alias| alias.columns.len()).saturating_sub(passed);
        let values = match value_source {
            PivotValueSource::List(values) => values.as_slice(),
            // The values are in the data.
            PivotValueSource::Any(_) | PivotValueSource::Subquery(_) => {
                turned.open.extend(turned.tables.iter().cloned());
                &[]
            }
        };
        let several = aggregate_functions.len() > 1;
        let mut at = 0;
        for value in values {
            for (function, column) in aggregate_functions.iter().zip(&made) {
                at += 1;
                let name = self.pivot_name(value, function.alias.as_ref(), several);
                // A list of names beside the alias names it whatever it is called.
                let unnamed = || (at <= given).then(|| (String::new(), String::new()));
                let Some((name, key)) = name.or_else(unnamed) else {
                    turned.open.extend(turned.tables.iter().cloned());
                    continue;
                };
                let term = pivot_term(&column.term, &deciding, value);
                turned.columns.push(Column { term, kind: OutputKind::Aggregated, ..column.with_name(&name, &key) });
            }
        }
        self.push_turned(turned, "pivot", alias)
    }

    /// The columns of GROUP BY of a pivot: no others of the relation come out.
    fn group_columns(&mut self, groups: &ExprWithAlias, span: Span) -> Vec<Column> {
        let Expr::Function(function) = &groups.expr else { return Vec::new() };
        let FunctionArguments::List(list) = &function.args else { return Vec::new() };
        let mut columns = Vec::new();
        for arg in &list.args {
            let FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) = arg else { continue };
            let column = self.item(expr, span);
            let (name, key) = self.unnamed(expr).unwrap_or_default();
            columns.push(column.with_name(&name, &key));
        }
        columns
    }

    pub(super) fn unpivot(&mut self, factor: &TableFactor, nullable: bool) -> From {
        let TableFactor::Unpivot { table, value, name, columns, alias, .. } = factor else { return From::default() };
        let (picks, columns): (Vec<_>, Vec<_>) = columns.iter().partition(|one| self.picks_columns(&one.expr));
        let (Some(values), Some(rows)) = (names_in(value), columns.iter().map(|one| references(&one.expr)).collect())
        else {
            return self.opaque_rows("unpivot", Some(table), alias.as_ref());
        };
        let rows: Vec<Vec<&Expr>> = rows;
        let mut picked: Vec<Column> = Vec::new();
        let mut used = BTreeSet::new();
        for one in &columns {
            self.column_keys(&one.expr, &mut used);
        }
        let mut made: Vec<Vec<Column>> = Vec::new();
        let mut turned = self.turned(factor, table, &used, nullable, |this, span| {
            made = rows.iter().map(|row| row.iter().map(|expr| this.item(expr, span)).collect()).collect();
            for pick in &picks {
                picked.extend(this.picked_columns(&pick.expr, span));
            }
        });
        turned.columns.retain(|column| !picked.iter().any(|one| column.matches(&one.key)));
        made.extend(picked.into_iter().map(|column| vec![column]));
        let mut new = Vec::new();
        for (at, ident) in values.iter().enumerate() {
            let parts: Vec<&Column> = made.iter().filter_map(|row| row.get(at)).collect();
            new.push(unpivoted(&parts, ident, &self.key(ident), turned.span));
        }
        let label = unpivoted(&[], name, &self.key(name), turned.span);
        // Where the names of the columns come: before the values, or after them.
        let place = if matches!(self.dialect, Dialect::BigQuery | Dialect::TSql) { new.len() } else { 0 };
        new.insert(place, label);
        turned.columns.extend(new);
        self.push_turned(turned, "unpivot", alias.as_ref())
    }

    /// Redshift's `unpivot document as value at key`.
    pub(super) fn unpivot_document(&mut self, document: &Expr, value: &Ident, key: Option<&Ident>) -> From {
        let names: Vec<&Ident> = std::iter::once(value).chain(key).collect();
        let tree = self.rows_of_expr(document, vec![self.key(value)], &names);
        From { tree, filters: Vec::new() }
    }

    /// Resolves the relation to be turned, and `inside` what is written over it.
    pub(super) fn turned(
        &mut self,
        factor: &TableFactor,
        table: &TableFactor,
        used: &BTreeSet<String>,
        nullable: bool,
        inside: impl FnOnce(&mut Self, Span),
    ) -> Turned {
        let span = self.text.span(factor.span());
        let first = self.last_scope().sources.len();
        let from = self.factor(table, nullable, false);
        let inner = self.last_scope().sources.split_off(first);
        self.last_scope().merged.retain(|merged| merged.members.iter().all(|&member| member < first));
        self.scopes.push(Scope { sources: inner.clone(), ..Scope::new() });
        // Its aggregates do not make the query around it one that groups.
        let flags = std::mem::take(&mut self.flags);
        inside(self, span);
        self.flags = flags;
        self.scopes.pop();
        // The rows have no canonical form.
        self.supported = false;
        let mut columns = Vec::new();
        let mut open = BTreeSet::new();
        for source in &inner {
            let kept = source.columns.iter().filter(|column| !used.iter().any(|key| column.matches(key)));
            columns.extend(kept.map(|column| source.seen(column)));
            open.extend(source.open.iter().flat_map(|open| open.tables.iter().cloned()));
        }
        let tables = inner.iter().flat_map(|source| source.tables.iter().cloned()).collect();
        let name = match inner.as_slice() {
            [only] => only.name.clone(),
            _ => Vec::new(),
        };
        Turned { from, columns, open, tables, name, span }
    }

    pub(super) fn push_turned(&mut self, mut turned: Turned, what: &str, alias: Option<&TableAlias>) -> From {
        self.add_clause(Clause { kind: ClauseKind::Other, text: what.to_owned(), span: turned.span, join: None });
        let (name, names) = self.alias_parts(alias);
        if !names.is_empty() && !turned.open.is_empty() {
            // Nobody knows which columns these names are for.
            turned.columns.clear();
        }
        for (column, ident) in turned.columns.iter_mut().zip(names) {
            *column = column.with_name(&ident.value, &self.key(ident));
        }
        let columns = turned.columns.into_iter().map(Rc::new).collect();
        let name = if name.is_empty() { turned.name } else { name };
        let mut source = Source::new(name, Rc::new(columns), Mapping::Same);
        source.tables = turned.tables;
        source.open = (!turned.open.is_empty()).then_some(Open { tables: turned.open, via: None });
        self.last_scope().sources.push(Rc::new(source));
        turned.from
    }

    /// Keys of the columns that an expression names.
    fn column_keys(&self, expr: &Expr, keys: &mut BTreeSet<String>) {
        struct Columns<'a>(&'a mut Vec<Ident>);
        impl Visitor for Columns<'_> {
            type Break = ();
            fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
                match expr {
                    Expr::Identifier(ident) => self.0.push(ident.clone()),
                    Expr::CompoundIdentifier(parts) => self.0.extend(parts.last().cloned()),
                    _ => {}
                }
                ControlFlow::Continue(())
            }
        }
        let mut idents = Vec::new();
        let _ = expr.visit(&mut Columns(&mut idents));
        keys.extend(idents.iter().map(|ident| self.key(ident)));
    }

    /// The name of the column that a value and an aggregate make, and its key; `None` where the dialect's rule for it
    /// is not known.
    fn pivot_name(&self, value: &ExprWithAlias, aggregate: Option<&Ident>, several: bool) -> Option<(String, String)> {
        let (text, key) = match &value.alias {
            Some(alias) => (alias.value.clone(), self.key(alias)),
            None => {
                let text = value_name(self.dialect, &value.expr)?;
                let key = self.dialect.fold_key(&text, true);
                (text, key)
            }
        };
        let joined = |first: &str, second: &str| {
            let name = format!("{first}_{second}");
            let key = self.dialect.fold_key(&name, false);
            Some((name, key))
        };
        match (self.dialect, aggregate) {
            (_, None) if !several => Some((text, key)),
            (Dialect::Databricks | Dialect::Spark, Some(_)) if !several => Some((text, key)),
            (Dialect::BigQuery, Some(aggregate)) => joined(&aggregate.value, &text),
            (Dialect::Databricks | Dialect::Spark | Dialect::DuckDb | Dialect::Redshift, Some(aggregate)) => {
                joined(&text, &aggregate.value)
            }
            _ => None,
        }
    }
}

/// What a value of PIVOT's list is called without an alias.
fn value_name(dialect: Dialect, value: &Expr) -> Option<String> {
    match value {
        Expr::Nested(inner) => value_name(dialect, inner),
        Expr::Identifier(ident) if matches!(dialect, Dialect::TSql | Dialect::DuckDb) => Some(ident.value.clone()),
        Expr::Value(literal) => match (&literal.value, dialect) {
            (Value::SingleQuotedString(text), Dialect::Snowflake) => Some(format!("'{text}'")),
            (Value::SingleQuotedString(text) | Value::DoubleQuotedString(text), _) => Some(text.clone()),
            (Value::Number(number, _), Dialect::BigQuery) => {
                number.chars().all(|digit| digit.is_ascii_digit()).then(|| format!("_{number}"))
            }
            (Value::Number(number, _), _) => Some(number.clone()),
            _ => None,
        },
        _ => None,
    }
}

/// Whether one of PIVOT's aggregates is its GROUP BY, as our rewriting writes it.
fn groups(expr: &Expr) -> bool {
    matches!(expr, Expr::Function(function) if super::expr::function_name(&function.name) == super::rewrite::MARK_GROUPS)
}

fn pivot_term(aggregate: &T, deciding: &[T], value: &ExprWithAlias) -> T {
    let mut parts = vec![Part::Text("pivot(".into()), Part::Term(aggregate.clone()), Part::Text(" for ".into())];
    term::push_list(&mut parts, deciding);
    parts.push(Part::Text(format!(" = {})", value.expr).into()));
    term::seq(parts)
}

/// A column that UNPIVOT makes of several, or (of none) the one with their names.
fn unpivoted(parts: &[&Column], name: &Ident, key: &str, span: Span) -> Column {
    let terms: Vec<T> = parts.iter().map(|part| part.term.clone()).collect();
    let kind = match parts {
        [] => OutputKind::Constant,
        _ if parts.iter().any(|part| part.kind == OutputKind::Unknown) => OutputKind::Unknown,
        [only] => only.kind,
        _ => OutputKind::Derived,
    };
    let term = match parts {
        [] => term::text("unpivoted name"),
        _ => term::call("unpivot", &terms),
    };
    Column {
        name: name.value.as_str().into(),
        key: key.into(),
        other_key: None,
        edges: Rc::new(tidy(parts.iter().flat_map(|part| part.edges.iter().cloned()).collect())),
        term,
        kind,
        span,
        unresolved: Rc::new(parts.iter().flat_map(|part| part.unresolved.iter().cloned()).collect()),
        starred: Rc::new(parts.iter().flat_map(|part| part.starred.iter().cloned()).collect()),
    }
}

/// The names of UNPIVOT's value columns.
fn names_in(value: &Expr) -> Option<Vec<&Ident>> {
    match value {
        Expr::Identifier(ident) => Some(vec![ident]),
        Expr::Nested(inner) => names_in(inner),
        Expr::Tuple(items) => items.iter().map(name_of).collect(),
        _ => None,
    }
}

fn name_of(expr: &Expr) -> Option<&Ident> {
    match expr {
        Expr::Identifier(ident) => Some(ident),
        _ => None,
    }
}

/// The columns of one item of UNPIVOT's list, when it is no more than that.
fn references(item: &Expr) -> Option<Vec<&Expr>> {
    match item {
        Expr::Identifier(_) | Expr::CompoundIdentifier(_) => Some(vec![item]),
        Expr::Nested(inner) => references(inner),
        Expr::Tuple(items) => {
            let plain = |item: &&Expr| matches!(item, Expr::Identifier(_) | Expr::CompoundIdentifier(_));
            items.iter().map(|item| Some(item).filter(plain)).collect()
        }
        _ => None,
    }
}
