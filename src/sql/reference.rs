//! References to columns and subqueries: what they read and what flows on.

use sqlparser::ast::{Ident, Query};

use super::expr::{Build, Val, constant, makes_record, stronger, written};
use super::lookup::Found;
use super::resolve::Resolver;
use super::scope::Column;
use super::term;
use super::{ColumnRead, Dialect, Edge, OutputKind, Reason, Role, Span, Unresolved};

impl Resolver<'_> {
    /// Resolves a column reference; also gives the place of the item that computes the column, when it is not a base
    /// column.
    pub(super) fn column_reference(&mut self, parts: &[Ident]) -> (Val, Option<Span>) {
        if let Some(column) = self.column_at(parts) {
            let (origin, span) = (column.span, self.reference_span(parts));
            return (self.read(&column, span), Some(origin));
        }
        if let [ident] = parts {
            let lower = ident.value.to_ascii_lowercase();
            if self.scopes.iter().any(|scope| scope.lambdas.contains(&lower)) {
                return (constant(format!("parameter {lower}")), None);
            }
            if ident.value.starts_with(['$', '@', ':']) || ident.value == "?" {
                return (constant(lower), None);
            }
        }
        if self.lambda_field(parts) {
            return (constant(written(parts).to_ascii_lowercase()), None);
        }
        let span = self.reference_span(parts);
        let (found, fields) = self.lookup(parts);
        match found {
            Found::Column(column) => {
                let origin = column.span;
                let value = self.read(&column, span);
                (self.fields(value, &parts[parts.len() - fields..]), Some(origin))
            }
            Found::Row(columns) if columns.is_empty() => {
                (Val { term: term::text(written(parts).to_ascii_lowercase()), kind: OutputKind::Derived }, None)
            }
            Found::Row(columns) => {
                let mut build = Build::new("row(");
                for (at, column) in columns.iter().enumerate() {
                    build.text(if at > 0 { ", " } else { "" });
                    build.value(self.read(column, span));
                }
                build.text(")").at_least(OutputKind::Derived);
                (build.done(), None)
            }
            Found::Unknown(reason, tables) => {
                let lower = parts.last().map(|ident| ident.value.to_ascii_lowercase()).unwrap_or_default();
                let unquoted = matches!(parts, [ident] if ident.quote_style.is_none());
                if unquoted && reason != Reason::Ambiguous && super::names::is_session_value(&lower) {
                    return (constant(lower), None);
                }
                let nowhere = matches!(reason, Reason::NotInSchema | Reason::UnboundAlias);
                if nowhere && parts.first().is_some_and(|first| self.prelude.declares(&first.value)) {
                    return (constant(format!("variable {}", written(parts).to_lowercase())), None);
                }
                self.unresolved_reference(parts, reason, tables.into_iter().collect(), span);
                (Val { term: term::text(format!("unresolved {}", written(parts))), kind: OutputKind::Unknown }, None)
            }
        }
    }

    /// Snowflake's `t.$2` and `$2`: a column by its place in a relation.
    fn column_at(&mut self, parts: &[Ident]) -> Option<Column> {
        if self.dialect != Dialect::Snowflake {
            return None;
        }
        let (last, of) = parts.split_last()?;
        let at: usize = last.value.strip_prefix('$')?.parse().ok()?;
        let of: Vec<String> = of.iter().map(|part| self.key(part)).collect();
        let scope = self.scopes.last()?;
        let mut named = scope.visible().filter(|(_, source)| of.is_empty() || source.is_named(&of));
        let (_, source) = named.next().filter(|_| named.next().is_none())?;
        let column = source.columns.get(at.checked_sub(1)?).filter(|_| !source.is_open())?;
        Some(source.seen(column))
    }

    pub(super) fn lambda_field(&self, parts: &[Ident]) -> bool {
        parts.len() > 1 && {
            let lower = parts[0].value.to_ascii_lowercase();
            self.scopes.iter().any(|scope| scope.lambdas.contains(&lower))
        }
    }

    pub(super) fn unresolved_reference(&mut self, parts: &[Ident], reason: Reason, tables: Vec<String>, span: Span) {
        let qualifier = (parts.len() > 1 && reason == Reason::NotInSchema).then(|| &parts[parts.len() - 2]);
        let one = Unresolved { name: written(parts), reason, span, candidates: self.candidates(qualifier), tables };
        self.sink.unresolved.push(one.clone());
        self.unresolved.push(one);
    }

    /// A value of a column: notes the read and passes its sources on.
    pub(super) fn read(&mut self, column: &Column, span: Span) -> Val {
        for (table, name) in column.starred.iter() {
            self.reads.push(ColumnRead { table: table.to_string(), column: name.to_string(), span });
        }
        for edge in column.edges.iter() {
            let role = if self.role == Role::Value { edge.role } else { self.role };
            let mut via = self.via.clone();
            via.extend(edge.via.iter().cloned());
            via.truncate(64);
            self.sink.edges.push(Edge { table: edge.table.clone(), column: edge.column.clone(), role, via, span });
        }
        self.sink.unresolved.extend(column.unresolved.iter().cloned());
        Val { term: column.term.clone(), kind: column.kind }
    }

    pub(super) fn fields(&mut self, value: Val, fields: &[Ident]) -> Val {
        if fields.is_empty() {
            return value;
        }
        let mut build = Build::new("");
        build.value(value).at_least(OutputKind::Derived);
        for field in fields {
            build.text(format!(".{}", self.key(field)));
        }
        build.done()
    }

    /// A subquery whose columns are the value (scalar) or the list (IN).
    pub(super) fn subquery(&mut self, head: &'static str, query: &Query, all: bool) -> Val {
        let resolved = self.query(query);
        let all = all || makes_record(query);
        let count = if all { resolved.columns.len() } else { resolved.columns.len().min(1) };
        let span = Span::default();
        let mut kind = OutputKind::Derived;
        let mut columns = Vec::new();
        for column in &resolved.columns[..count] {
            let spans: Vec<Span> = column.edges.iter().map(|edge| edge.span).collect();
            let from = self.sink.edges.len();
            let value = self.read(column, column.span);
            for (edge, inner) in self.sink.edges[from..].iter_mut().zip(spans) {
                edge.span = inner;
            }
            kind = stronger(kind, value.kind);
            columns.push(value.term);
        }
        if resolved.open.is_some() && (all || count == 0) {
            let tables = resolved.open.iter().flat_map(|open| open.tables.iter().cloned()).collect();
            self.open_value(tables, span);
        }
        Val { term: term::query(head, resolved.block.clone(), columns), kind }
    }

    /// A value that reads columns which nobody knows.
    pub(super) fn open_value(&mut self, tables: Vec<String>, span: Span) {
        let one = Unresolved { name: "*".to_owned(), reason: Reason::OpenStar, span, candidates: Vec::new(), tables };
        self.sink.unresolved.push(one.clone());
        self.unresolved.push(one);
    }

    /// One column of a subquery whose row is the value.
    pub(super) fn field_of(&mut self, query: &Query, field: &Ident) -> Val {
        let resolved = self.query(query);
        let key = self.key(field);
        let found: Vec<_> = resolved.columns.iter().filter(|column| column.matches(&key)).collect();
        let [column] = found.as_slice() else {
            let span = self.text.span(field.span);
            self.unsupported(format!("field {} of a subquery", field.value), span);
            return Val { term: term::text("unresolved field"), kind: OutputKind::Unknown };
        };
        let from = self.sink.edges.len();
        let value = self.read(column, column.span);
        for (edge, inner) in self.sink.edges[from..].iter_mut().zip(column.edges.iter()) {
            edge.span = inner.span;
        }
        let kind = stronger(OutputKind::Derived, value.kind);
        Val { term: term::query("field", resolved.block.clone(), vec![value.term]), kind }
    }

    /// EXISTS: only the rows matter.
    pub(super) fn exists(&mut self, query: &Query) -> Val {
        let resolved = self.query(query);
        Val { term: term::query("exists", resolved.block.clone(), Vec::new()), kind: OutputKind::Derived }
    }
}
