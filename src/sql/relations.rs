//! Base relations that a text names, with exact places so that callers can put other names there.

use std::ops::ControlFlow;

use sqlparser::ast::{Ident, ObjectName, Query, SetExpr, SetOperator, Spanned, TableFactor, Visit, Visitor};
use sqlparser::tokenizer::{Span as ParserSpan, TokenWithSpan};

use super::parse::{on_big_stack, parse, string_table_span};
use super::span::TextIndex;
use super::{Dialect, RelationUse, SqlError};

/// The base relations named in a text, in reading order; CTE names are not listed, in any scope.
///
/// The id is the folded name: no catalog is asked. A string in the place of a table (`from 'file.csv'`) is listed with
/// the string as its only part.
///
/// # Errors
/// When the text cannot be read.
pub fn relations(sql: &str, dialect: Dialect) -> Result<Vec<RelationUse>, SqlError> {
    on_big_stack(|| {
        let parsed = parse(sql, dialect)?;
        let text = TextIndex::new(sql);
        let mut walk = Walk {
            dialect,
            text: &text,
            tokens: &parsed.tokens,
            frames: Vec::new(),
            functions: Vec::new(),
            found: Vec::new(),
        };
        for one in &parsed.statements {
            let _ = one.statement.visit(&mut walk);
        }
        walk.found.sort_by_key(|one| one.span.start);
        walk.found.dedup_by(|a, b| a.span == b.span && a.span.known());
        Ok(walk.found)
    })
}

/// Whether a query names a relation of that single-part name anywhere within (for telling recursion).
pub(super) fn names_relation<V: Visit>(query: &V, name: &str) -> bool {
    struct Names<'a>(&'a str);
    impl Visitor for Names<'_> {
        type Break = ();
        fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
            match relation.0.as_slice() {
                [only] if only.as_ident().is_some_and(|ident| ident.value.eq_ignore_ascii_case(self.0)) => {
                    ControlFlow::Break(())
                }
                _ => ControlFlow::Continue(()),
            }
        }
    }
    query.visit(&mut Names(name)).is_break()
}

/// Whether a WITH entry reads itself though no RECURSIVE says so: an anchor, UNION ALL, and an arm that names the entry.
/// A first arm that names it reads the table of that name.
pub(super) fn recursive_without_keyword(dialect: Dialect, body: &Query, name: &str) -> bool {
    let SetExpr::SetOperation { op: SetOperator::Union, left, right, .. } = body.body.as_ref() else { return false };
    matches!(dialect, Dialect::TSql | Dialect::Snowflake)
        && body.with.is_none()
        && names_relation(right.as_ref(), name)
        && !names_relation(left.as_ref(), name)
}

/// The place of a relation's name, also where it is a string.
pub(super) fn name_span(name: &ObjectName, tokens: &[TokenWithSpan]) -> ParserSpan {
    match name.0.as_slice() {
        [only] => match only.as_ident() {
            Some(ident) if ident.quote_style == Some('\'') => string_table_span(tokens, &ident.value),
            _ => name.span(),
        },
        _ => name.span(),
    }
}

struct Frame {
    /// The query that the frame belongs to, by address: the tree does not move while it is walked.
    query: *const Query,
    /// WITH entries that are still to come: the address of the body, the name.
    pending: Vec<(*const Query, String)>,
    recursive: bool,
    visible: Vec<String>,
    aliases: Vec<String>,
}

struct Walk<'a> {
    dialect: Dialect,
    text: &'a TextIndex<'a>,
    tokens: &'a [TokenWithSpan],
    frames: Vec<Frame>,
    /// Names that belong to table functions, by address.
    functions: Vec<*const ObjectName>,
    found: Vec<RelationUse>,
}

impl Walk<'_> {
    fn key(&self, ident: &Ident) -> String {
        self.dialect.fold_key(&ident.value, ident.quote_style.is_some())
    }

    fn push(&mut self, name: &ObjectName) {
        let mut parts: Vec<Ident> = Vec::new();
        for part in &name.0 {
            let ident = part.as_ident().cloned().unwrap_or_else(|| Ident::new(part.to_string()));
            if ident.quote_style == Some('`') && ident.value.contains('.') {
                parts.extend(ident.value.split('.').map(|value| Ident { value: value.to_owned(), ..ident.clone() }));
            } else {
                parts.push(ident);
            }
        }
        let keys: Vec<String> = parts.iter().map(|part| self.key(part)).collect();
        if let [key] = keys.as_slice()
            && self.frames.iter().any(|frame| frame.visible.contains(key))
        {
            return;
        }
        if keys.len() > 1 && self.frames.iter().any(|frame| frame.aliases.contains(&keys[0])) {
            return;
        }
        self.found.push(RelationUse {
            parts: parts.into_iter().map(|part| part.value).collect(),
            id: keys.join("."),
            known: false,
            span: self.text.span(name_span(name, self.tokens)),
        });
    }
}

impl Visitor for Walk<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let with = query.with.as_ref();
        let pending: Vec<_> = with
            .iter()
            .flat_map(|with| &with.cte_tables)
            .map(|cte| (std::ptr::from_ref(cte.query.as_ref()), self.key(&cte.alias.name)))
            .collect();
        let recursive = with.is_some_and(|with| with.recursive);
        // A recursive entry sees itself, and those after it.
        let mut visible = if recursive { pending.iter().map(|(_, name)| name.clone()).collect() } else { Vec::new() };
        if let Some(frame) = self.frames.last().filter(|frame| !frame.recursive)
            && let Some((_, name)) = frame.pending.iter().find(|(body, _)| std::ptr::eq(*body, query))
            && recursive_without_keyword(self.dialect, query, name)
        {
            visible.push(name.clone());
        }
        let query = std::ptr::from_ref(query);
        self.frames.push(Frame { query, pending, recursive, visible, aliases: Vec::new() });
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        if let SetExpr::Table(table) = query.body.as_ref() {
            let parts = table.schema_name.iter().chain(&table.table_name).map(Ident::new).collect::<Vec<_>>();
            self.push(&ObjectName::from(parts));
        }
        if self.frames.last().is_some_and(|frame| std::ptr::eq(frame.query, query)) {
            self.frames.pop();
        }
        if let Some(frame) = self.frames.last_mut()
            && let Some(at) = frame.pending.iter().position(|(body, _)| std::ptr::eq(*body, query))
        {
            let (_, name) = frame.pending.remove(at);
            if !frame.recursive {
                frame.visible.push(name);
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        let alias = match factor {
            TableFactor::Table { name, args, alias, .. } => {
                if args.is_some() {
                    self.functions.push(std::ptr::from_ref(name));
                }
                alias.as_ref()
            }
            TableFactor::Derived { alias, .. } | TableFactor::UNNEST { alias, .. } => alias.as_ref(),
            _ => None,
        };
        let navigates = matches!(
            self.dialect,
            Dialect::BigQuery | Dialect::Redshift | Dialect::Databricks | Dialect::Spark | Dialect::Generic
        );
        if let Some(alias) = alias.filter(|_| navigates) {
            let key = self.key(&alias.name);
            if let Some(frame) = self.frames.last_mut() {
                frame.aliases.push(key);
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
        if !self.functions.iter().any(|name| std::ptr::eq(*name, relation)) {
            self.push(relation);
        }
        ControlFlow::Continue(())
    }
}

/// Where relations stand that have no alias: the start of each name in the text.
///
/// # Errors
/// When the text cannot be read.
pub fn unaliased(sql: &str, dialect: Dialect) -> Result<Vec<usize>, SqlError> {
    struct Unaliased<'a> {
        text: &'a TextIndex<'a>,
        tokens: &'a [TokenWithSpan],
        found: Vec<usize>,
    }
    impl Visitor for Unaliased<'_> {
        type Break = ();
        fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
            if let TableFactor::Table { name, alias: None, .. } = factor {
                self.found.push(self.text.span(name_span(name, self.tokens)).start);
            }
            ControlFlow::Continue(())
        }
    }
    on_big_stack(|| {
        let parsed = parse(sql, dialect)?;
        let text = TextIndex::new(sql);
        let mut walk = Unaliased { text: &text, tokens: &parsed.tokens, found: Vec::new() };
        for one in &parsed.statements {
            let _ = one.statement.visit(&mut walk);
        }
        Ok(walk.found)
    })
}
