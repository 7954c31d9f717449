//! `*` and `t.*`, with what they leave out, replace and rename.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use sqlparser::ast::{
    ExcludeSelectItem, Expr, Ident, ObjectName, RenameSelectItem, SelectItemQualifiedWildcardKind,
    WildcardAdditionalOptions,
};

use super::resolve::Resolver;
use super::scope::{Column, Mapping, Open, Source, Via};
use super::term::LeafMap;
use super::{Dialect, Reason, Span};

/// What a star does not simply pass on.
struct Changes<'e> {
    excluded: BTreeSet<String>,
    replaced: BTreeMap<String, (&'e Expr, &'e Ident)>,
    renamed: BTreeMap<String, (&'e Ident, &'e Ident)>,
    /// Every name that the star must have.
    named: Vec<&'e Ident>,
    pattern: Option<regex::Regex>,
}

impl Resolver<'_> {
    /// Adds the columns of a star to the items of the scope at hand.
    pub(super) fn star(
        &mut self,
        qualifier: Option<&SelectItemQualifiedWildcardKind>,
        options: &WildcardAdditionalOptions,
        trailing_exclude: Option<&ExcludeSelectItem>,
        span: Span,
        open: &mut Option<Open>,
    ) {
        let changes = self.changes(options, trailing_exclude, span);
        let level = self.scopes.len() - 1;
        let sources: Vec<(usize, Rc<Source>)> = match qualifier {
            None => self.scopes[level].visible().map(|(at, source)| (at, source.clone())).collect(),
            Some(kind) => match self.qualified_source(kind, span) {
                Some((at, source)) => vec![(at, self.element_fields(source))],
                None => {
                    self.supported = false;
                    *open = Some(Open { tables: BTreeSet::new(), via: None });
                    return;
                }
            },
        };
        self.names_of_star(&sources, &changes);
        let bare = qualifier.is_none();
        if bare && self.dialect != Dialect::DuckDb {
            // Standard SQL shows the columns of USING first.
            let merged: Vec<Column> = self.merged_once().into_iter().map(|(_, column)| column).collect();
            for column in merged {
                self.star_column(&column, &changes, span);
            }
        }
        for (at, source) in sources {
            for column in source.columns.iter() {
                let merged = if bare { self.merged_of(at, &column.key) } else { None };
                match merged {
                    None => self.star_column(&source.seen(column), &changes, span),
                    Some((true, column)) if self.dialect == Dialect::DuckDb => {
                        self.star_column(&column, &changes, span)
                    }
                    Some(_) => {}
                }
            }
            if let Some(inner) = &source.open {
                self.open_star(&source, inner, &changes, span, open);
            }
        }
    }

    /// `e.*` of an array's elements has the fields of a record, which nobody knows.
    fn element_fields(&self, source: Rc<Source>) -> Rc<Source> {
        if !source.element || !self.dialect.bare_element_fields() {
            return source;
        }
        let mut fields = Source::new(source.name.clone(), Rc::default(), Mapping::Same);
        fields.open = Some(Open { tables: source.tables.clone(), via: None });
        fields.tables = source.tables.clone();
        Rc::new(fields)
    }

    /// A name that a star leaves out, replaces or renames must be one of its columns.
    fn names_of_star(&mut self, sources: &[(usize, Rc<Source>)], changes: &Changes<'_>) {
        if sources.iter().any(|(_, source)| source.is_open()) || self.dialect == Dialect::ClickHouse {
            return;
        }
        for name in &changes.named {
            let key = self.key(name);
            if sources.iter().all(|(_, source)| matches!(source.listed(&key), Ok(None))) {
                let tables = sources.iter().flat_map(|(_, source)| source.tables.iter().cloned()).collect();
                let place = self.text.span(name.span);
                let parts = std::slice::from_ref(*name);
                self.unresolved_reference(parts, Reason::NotInSchema, tables, place);
            }
        }
    }

    /// The columns of a star, which become no items; and what it is open to.
    pub(super) fn starred(
        &mut self,
        qualifier: Option<&SelectItemQualifiedWildcardKind>,
        options: &WildcardAdditionalOptions,
        span: Span,
    ) -> (Vec<Column>, Option<Open>) {
        let before = std::mem::take(&mut self.last_scope().items);
        let mut open = None;
        self.star(qualifier, options, None, span, &mut open);
        (std::mem::replace(&mut self.last_scope().items, before), open)
    }

    fn changes<'e>(
        &mut self,
        options: &'e WildcardAdditionalOptions,
        trailing: Option<&'e ExcludeSelectItem>,
        span: Span,
    ) -> Changes<'e> {
        let mut excluded = BTreeSet::new();
        for exclude in options.opt_exclude.iter().chain(trailing) {
            let names: &[ObjectName] = match exclude {
                ExcludeSelectItem::Single(name) => std::slice::from_ref(name),
                ExcludeSelectItem::Multiple(names) => names,
            };
            excluded.extend(names.iter().filter_map(|name| name.0.last()?.as_ident()).map(|ident| self.key(ident)));
        }
        if let Some(except) = &options.opt_except {
            excluded.insert(self.key(&except.first_element));
            excluded.extend(except.additional_elements.iter().map(|ident| self.key(ident)));
        }
        let mut replaced = BTreeMap::new();
        for element in options.opt_replace.iter().flat_map(|replace| &replace.items) {
            replaced.insert(self.key(&element.column_name), (&element.expr, &element.column_name));
        }
        let renames = match &options.opt_rename {
            None => &[][..],
            Some(RenameSelectItem::Single(one)) => std::slice::from_ref(one),
            Some(RenameSelectItem::Multiple(many)) => many,
        };
        let renamed = renames.iter().map(|rename| (self.key(&rename.ident), (&rename.ident, &rename.alias))).collect();
        let pattern = options.opt_ilike.as_ref().and_then(|ilike| like_pattern(&ilike.pattern));
        if options.opt_alias.is_some() || (options.opt_ilike.is_some() && pattern.is_none()) {
            self.unsupported("star with alias or pattern", span);
        }
        let excludes = options.opt_exclude.iter().chain(trailing).flat_map(|exclude| match exclude {
            ExcludeSelectItem::Single(name) => std::slice::from_ref(name),
            ExcludeSelectItem::Multiple(names) => names.as_slice(),
        });
        let mut named: Vec<&Ident> = excludes.filter_map(|name| name.0.last()?.as_ident()).collect();
        named.extend(
            options
                .opt_except
                .iter()
                .flat_map(|except| std::iter::once(&except.first_element).chain(&except.additional_elements)),
        );
        named.extend(options.opt_replace.iter().flat_map(|replace| &replace.items).map(|one| &one.column_name));
        named.extend(renames.iter().map(|rename| &rename.ident));
        Changes { excluded, replaced, renamed, named, pattern }
    }

    fn qualified_source(&mut self, kind: &SelectItemQualifiedWildcardKind, span: Span) -> Option<(usize, Rc<Source>)> {
        let SelectItemQualifiedWildcardKind::ObjectName(name) = kind else {
            self.unsupported("star over an expression", span);
            return None;
        };
        let parts: Vec<Ident> = name.0.iter().filter_map(|part| part.as_ident().cloned()).collect();
        let keys: Vec<String> = parts.iter().map(|part| self.key(part)).collect();
        let level = self.scopes.len() - 1;
        let found = self.scopes[level].visible().find(|(_, source)| source.is_named(&keys));
        let found = found.map(|(at, source)| (at, source.clone()));
        if found.is_none() {
            let place = self.reference_span(&parts);
            let reason = if self.dialect.dotted_structs()
                && self.visible_levels().into_iter().flat_map(|level| self.scopes[level].visible()).any(
                    |(_, source)| {
                        source.is_open() || keys.first().is_some_and(|key| !matches!(source.listed(key), Ok(None)))
                    },
                ) {
                // `record.*`: the fields of a column.
                Reason::Unsupported
            } else {
                Reason::UnboundAlias
            };
            self.unresolved_reference(&parts, reason, Vec::new(), place);
        }
        found
    }

    fn merged_once(&self) -> Vec<(usize, Column)> {
        let Some(scope) = self.scopes.last() else { return Vec::new() };
        let mut seen = BTreeSet::new();
        let mut found: Vec<(usize, Column)> = Vec::new();
        for (at, merged) in scope.merged.iter().enumerate() {
            let latest = scope.merged.iter().rposition(|other| other.column.key == merged.column.key).unwrap_or(at);
            if seen.insert(merged.column.key.clone()) {
                found.push((latest, scope.merged[latest].column.clone()));
            }
        }
        found
    }

    /// When the column of a source is part of a merged one: whether it is the first of its parts, and the merged one.
    fn merged_of(&self, at: usize, key: &str) -> Option<(bool, Column)> {
        let scope = self.scopes.last()?;
        let merged =
            scope.merged.iter().rev().find(|merged| merged.column.matches(key) && merged.members.contains(&at))?;
        Some((merged.members.iter().min() == Some(&at), merged.column.clone()))
    }

    fn star_column(&mut self, column: &Column, changes: &Changes<'_>, span: Span) {
        let is = |key: &String| column.matches(key);
        if changes.excluded.iter().any(is)
            || changes.pattern.as_ref().is_some_and(|pattern| !pattern.is_match(&column.name))
        {
            return;
        }
        if let Some((_, (expr, name))) = changes.replaced.iter().find(|(key, _)| is(key)) {
            let mut replaced = self.item(expr, span);
            replaced.name = name.value.as_str().into();
            replaced.key = self.key(name).into();
            self.last_scope().items.push(replaced);
            return;
        }
        let mut passed = column.clone();
        if let Some((_, (_, alias))) = changes.renamed.iter().find(|(key, _)| is(key)) {
            passed = passed.with_name(&alias.value, &self.key(alias));
        }
        if !passed.span.known() {
            passed.span = span;
        }
        if passed.edges.iter().any(|edge| !edge.span.known()) {
            let mut edges = Vec::clone(&passed.edges);
            edges.iter_mut().filter(|edge| !edge.span.known()).for_each(|edge| edge.span = span);
            passed.edges = Rc::new(edges);
        }
        self.last_scope().items.push(passed);
    }

    /// A star over columns that nobody knows: what it must still produce, and where other columns come from.
    fn open_star(
        &mut self,
        source: &Rc<Source>,
        inner: &Open,
        changes: &Changes<'_>,
        span: Span,
        open: &mut Option<Open>,
    ) {
        for (key, (expr, name)) in &changes.replaced {
            if matches!(source.listed(key), Ok(None)) {
                let mut replaced = self.item(expr, span);
                replaced.name = name.value.as_str().into();
                replaced.key = self.key(name).into();
                self.last_scope().items.push(replaced);
            }
        }
        for (key, (name, alias)) in &changes.renamed {
            if matches!(source.listed(key), Ok(None))
                && let Some(column) = source.unlisted(self.dialect, &name.value, name.quote_style.is_some())
            {
                let place = |edge: &super::Edge| super::Edge { span, ..edge.clone() };
                let edges = Rc::new(column.edges.iter().map(place).collect());
                let column = Column { edges, ..column.with_name(&alias.value, &self.key(alias)) };
                self.last_scope().items.push(column);
            }
        }
        let listed = source.columns.iter().map(|column| column.key.to_string());
        let excluded: BTreeSet<String> = changes
            .excluded
            .iter()
            .chain(changes.replaced.keys())
            .chain(changes.renamed.keys())
            .cloned()
            .chain(listed)
            .collect();
        let via = (open.is_none() && changes.pattern.is_none())
            .then(|| Rc::new(Via { source: source.clone(), excluded, map: LeafMap::default() }));
        let tables = open.iter().flat_map(|open| open.tables.iter()).chain(&inner.tables).cloned().collect();
        *open = Some(Open { tables, via });
    }
}

/// `ILIKE` pattern as a regular expression.
fn like_pattern(pattern: &str) -> Option<regex::Regex> {
    like_regex(pattern, true)
}

/// The names that a LIKE pattern takes.
pub(super) fn like_regex(pattern: &str, insensitive: bool) -> Option<regex::Regex> {
    let body: String = pattern
        .chars()
        .map(|c| match c {
            '%' => ".*".to_owned(),
            '_' => ".".to_owned(),
            other => regex::escape(&other.to_string()),
        })
        .collect();
    regex::RegexBuilder::new(&format!("^{body}$")).case_insensitive(insensitive).size_limit(1 << 18).build().ok()
}
