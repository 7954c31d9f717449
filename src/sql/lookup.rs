//! Name resolution: from a reference to the column it means, or to the reason why that is not known.

use std::collections::BTreeSet;

use sqlparser::ast::Ident;

use super::resolve::Resolver;
use super::scope::{Aliases, Column, Scope};
use super::{Reason, Span};

/// What a reference turned out to be.
pub(super) enum Found {
    Column(Box<Column>),
    /// The row of a relation (`count(t)`, `to_json(t)`): its listed columns.
    Row(Vec<Column>),
    Unknown(Reason, BTreeSet<String>),
}

enum Answer {
    Column(Box<Column>, Option<usize>),
    Ambiguous(BTreeSet<String>),
    /// Relations whose columns are not known may have it.
    Maybe(BTreeSet<String>),
    No,
}

impl Resolver<'_> {
    /// Resolves `[qualifier.]column[.field]`. Returns the column and how many of the parts are fields of it.
    pub(super) fn lookup(&mut self, parts: &[Ident]) -> (Found, usize) {
        let keys: Vec<String> = parts.iter().map(|part| self.key(part)).collect();
        let lowest = self.visible_levels();
        if parts.len() > 1 {
            if let Some(found) = self.lookup_qualified(parts, &keys, &lowest) {
                return found;
            }
            if !self.dialect.dotted_structs() {
                return (Found::Unknown(Reason::UnboundAlias, BTreeSet::new()), 0);
            }
            return match self.lookup_bare(&parts[0], &keys[0], &lowest, true) {
                Found::Unknown(Reason::NotInSchema, _) => (Found::Unknown(Reason::UnboundAlias, BTreeSet::new()), 0),
                found => (found, parts.len() - 1),
            };
        }
        let found = self.lookup_bare(&parts[0], &keys[0], &lowest, false);
        let Found::Unknown(Reason::NotInSchema | Reason::OpenStar, _) = found else { return (found, 0) };
        if !self.dialect.rows_as_values() {
            return (found, 0);
        }
        // A relation's own name, used as a value, is its row.
        for &level in &lowest {
            let source = self.scopes[level].visible().find(|(_, source)| source.is_named(&keys[..1]));
            let Some((at, source)) = source.map(|(at, source)| (at, source.clone())) else { continue };
            if source.is_open() && source.columns.is_empty() {
                return (Found::Unknown(Reason::OpenStar, source.tables.clone()), 0);
            }
            self.touch(level, at);
            return (Found::Row(source.columns.iter().map(|column| source.seen(column)).collect()), 0);
        }
        (found, 0)
    }

    /// Scope levels that a reference may see, innermost first.
    pub(super) fn visible_levels(&self) -> Vec<usize> {
        let last = self.scopes.len();
        (0..last).rev().filter(|&level| level + 1 == last || !self.scopes[level].sealed).collect()
    }

    fn lookup_qualified(&mut self, parts: &[Ident], keys: &[String], levels: &[usize]) -> Option<(Found, usize)> {
        for &level in levels {
            let mut missing = None;
            for length in 1..parts.len() {
                let named: Vec<usize> = {
                    let scope = &self.scopes[level];
                    scope.visible().filter(|(_, source)| source.is_named(&keys[..length])).map(|(at, _)| at).collect()
                };
                let at = match named.as_slice() {
                    [] => continue,
                    [at] => *at,
                    // Two relations of one name in one FROM: `a.x` may be either's.
                    several => {
                        let tables = several.iter().flat_map(|&at| self.scopes[level].sources[at].tables.clone());
                        return Some((Found::Unknown(Reason::Ambiguous, tables.collect()), 0));
                    }
                };
                let source = self.scopes[level].sources[at].clone();
                let fields = parts.len() - length - 1;
                let column = &parts[length];
                let (found, fields) = match source.listed(&keys[length]) {
                    Ok(Some(column)) => (Found::Column(Box::new(column)), fields),
                    Err(()) => (Found::Unknown(Reason::Ambiguous, source.tables.clone()), 0),
                    Ok(None) if source.element => {
                        (Found::Column(Box::new(source.seen(&source.columns[0]))), fields + 1)
                    }
                    Ok(None) => match source.unlisted(self.dialect, &column.value, column.quote_style.is_some()) {
                        Some(column) => (Found::Column(Box::new(column)), fields),
                        None if source.is_open() => (Found::Unknown(Reason::OpenStar, source.tables.clone()), 0),
                        None if super::names::is_pseudo_column(self.dialect, &column.value) => {
                            (Found::Row(Vec::new()), 0)
                        }
                        None => {
                            missing = Some((Found::Unknown(Reason::NotInSchema, source.tables.clone()), 0));
                            continue;
                        }
                    },
                };
                self.touch(level, at);
                return Some((found, fields));
            }
            if missing.is_some() {
                return missing;
            }
        }
        None
    }

    fn lookup_bare(&mut self, ident: &Ident, key: &str, levels: &[usize], qualifier: bool) -> Found {
        let mut maybe: BTreeSet<String> = BTreeSet::new();
        // A relation may be open to something that has no name (`expression.*`): then `maybe` stays empty.
        let mut opened = false;
        let mut virtual_column: Option<(Column, usize, usize)> = None;
        for &level in levels {
            let aliases = self.scopes[level].aliases;
            let item = (aliases != Aliases::Hidden).then(|| alias_of(&self.scopes[level], key)).flatten();
            if aliases == Aliases::BeforeColumns {
                let innermost = level + 1 == self.scopes.len();
                let item = item.clone().or_else(|| innermost.then(|| self.item_ahead(key)).flatten());
                if let Some(item) = item {
                    return Found::Column(Box::new(item));
                }
            }
            match self.answer(level, ident, key) {
                Answer::Column(column, at) => {
                    if opened {
                        // An inner relation may have it too, and would hide this one.
                        return Found::Unknown(Reason::OpenStar, maybe);
                    }
                    match at {
                        Some(at) => self.touch(level, at),
                        None => self.touch_merged(level, key),
                    }
                    return Found::Column(column);
                }
                Answer::Ambiguous(tables) => return Found::Unknown(Reason::Ambiguous, tables),
                Answer::Maybe(tables) => {
                    if item.is_some() {
                        return Found::Unknown(Reason::OpenStar, tables);
                    }
                    // A variable has the name where no column does.
                    let bare = !qualifier || (self.dialect.usual_structs() && !self.is_relation(key));
                    let first = !opened && bare && !self.prelude.declares(&ident.value);
                    virtual_column = if first { self.only_open(level, ident) } else { None };
                    maybe.extend(tables);
                    opened = true;
                }
                Answer::No => {
                    if let Some(item) = item {
                        if !opened {
                            return Found::Column(Box::new(item));
                        }
                        return Found::Unknown(Reason::OpenStar, maybe);
                    }
                }
            }
        }
        if let Some((column, level, at)) = virtual_column {
            self.touch(level, at);
            return Found::Column(Box::new(column));
        }
        if !opened {
            if super::names::is_pseudo_column(self.dialect, &ident.value) {
                return Found::Row(Vec::new());
            }
            if let Some(tables) = self.elements(levels).filter(|_| self.dialect.bare_element_fields()) {
                return Found::Unknown(Reason::OpenStar, tables);
            }
            return Found::Unknown(Reason::NotInSchema, BTreeSet::new());
        }
        Found::Unknown(Reason::OpenStar, maybe)
    }

    /// What one level says about a bare name.
    fn answer(&self, level: usize, ident: &Ident, key: &str) -> Answer {
        let scope = &self.scopes[level];
        let merged = scope.merged.iter().rev().find(|merged| merged.column.matches(key));
        let mut found: Option<(Column, Option<usize>)> = merged.map(|merged| (merged.column.clone(), None));
        let mut having = BTreeSet::new();
        let mut open = BTreeSet::new();
        let mut count = usize::from(merged.is_some());
        let mut any_open = false;
        for (at, source) in scope.visible() {
            if merged.is_some_and(|merged| merged.members.contains(&at)) {
                continue;
            }
            match source.listed(key) {
                Ok(Some(column)) => {
                    count += 1;
                    having.extend(source.tables.iter().cloned());
                    found.get_or_insert((column, Some(at)));
                }
                Err(()) => {
                    count += 2;
                    having.extend(source.tables.iter().cloned());
                }
                Ok(None) if source.is_open() && self.may_have(source, ident) => {
                    any_open = true;
                    open.extend(source.open.iter().flat_map(|open| open.tables.iter().cloned()));
                }
                Ok(None) => {}
            }
        }
        match (count, found, any_open) {
            (1, Some((column, at)), false) => Answer::Column(Box::new(column), at),
            (0, _, false) => Answer::No,
            (0 | 1, _, true) => {
                open.extend(having);
                Answer::Maybe(open)
            }
            _ => Answer::Ambiguous(having),
        }
    }

    /// An open source that leaves the name out (`* except (name)`) does not have it.
    fn may_have(&self, source: &super::scope::Source, ident: &Ident) -> bool {
        let via = source.open.as_ref().and_then(|open| open.via.as_ref());
        via.is_none_or(|via| !via.excluded.contains(&self.key(ident)))
    }

    /// The column, when exactly one source of the level is open and none lists the name.
    fn only_open(&self, level: usize, ident: &Ident) -> Option<(Column, usize, usize)> {
        let scope = &self.scopes[level];
        let key = self.key(ident);
        let merged = scope.merged.iter().rev().find(|merged| merged.column.matches(&key));
        if merged.is_some() || scope.visible().any(|(_, source)| !matches!(source.listed(&key), Ok(None))) {
            return None;
        }
        let mut open = scope.visible().filter(|(_, source)| source.is_open() && self.may_have(source, ident));
        let (at, source) = open.next()?;
        if open.next().is_some() {
            return None;
        }
        let column = source.unlisted(self.dialect, &ident.value, ident.quote_style.is_some())?;
        Some((column, level, at))
    }

    /// Whether a relation has the name, be it hidden behind an alias or not in FROM: then it is a mistake as a qualifier.
    fn is_relation(&self, key: &str) -> bool {
        let last = |table: &str| table.rsplit('.').next().is_some_and(|name| name.eq_ignore_ascii_case(key));
        let sources = self.scopes.iter().flat_map(Scope::visible);
        self.frames.iter().flatten().any(|cte| cte.key.eq_ignore_ascii_case(key))
            || sources.flat_map(|(_, source)| &source.tables).any(|table| last(table))
    }

    /// Relations behind arrays whose elements may be records.
    fn elements(&self, levels: &[usize]) -> Option<BTreeSet<String>> {
        let sources = levels.iter().flat_map(|&level| self.scopes[level].visible());
        let mut elements = sources.filter(|(_, source)| source.element).peekable();
        elements.peek()?;
        Some(elements.flat_map(|(_, source)| source.tables.iter().cloned()).collect())
    }

    fn touch(&mut self, level: usize, at: usize) {
        self.outermost = self.outermost.min(level);
        self.scopes[level].touched.insert(at);
    }

    fn touch_merged(&mut self, level: usize, key: &str) {
        self.outermost = self.outermost.min(level);
        let members: Vec<usize> = {
            let merged = self.scopes[level].merged.iter().rev().find(|merged| merged.column.matches(key));
            merged.map(|merged| merged.members.clone()).unwrap_or_default()
        };
        self.scopes[level].touched.extend(members);
    }

    /// Names that a reference could have meant, in order, without duplicates.
    pub(super) fn candidates(&self, qualifier: Option<&Ident>) -> Vec<String> {
        const MOST: usize = 300;
        let key = qualifier.map(|qualifier| self.key(qualifier));
        let mut names: Vec<String> = Vec::new();
        let mut seen = BTreeSet::new();
        for level in self.visible_levels() {
            for (_, source) in self.scopes[level].visible() {
                if key.as_ref().is_some_and(|key| !source.is_named(std::slice::from_ref(key))) {
                    continue;
                }
                for column in source.columns.iter() {
                    if names.len() < MOST && seen.insert(column.name.clone()) {
                        names.push(column.name.to_string());
                    }
                }
            }
        }
        names
    }

    /// Where a reference stands.
    pub(super) fn reference_span(&self, parts: &[Ident]) -> Span {
        match (parts.first(), parts.last()) {
            (Some(first), Some(last)) => {
                self.text.span(sqlparser::tokenizer::Span { start: first.span.start, end: last.span.end })
            }
            _ => Span::default(),
        }
    }
}

fn alias_of(scope: &Scope, key: &str) -> Option<Column> {
    scope.items.iter().find(|item| item.matches(key)).cloned()
}
