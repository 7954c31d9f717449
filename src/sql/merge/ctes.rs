//! Entries of WITH under the same names in both versions, also where one was renamed or a new one stands between.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Cte, Expr, Ident, ObjectName, Query, SetExpr, TableAlias, TableFactor, VisitMut, VisitorMut, With,
};

use super::super::relations::names_relation;

/// How alike two bodies must be for one to be the other renamed.
const ALIKE: f64 = 0.5;

/// Gives both versions the same entries where they are the same but for the name or for one layer.
pub(super) fn align(base: &mut Query, head: &mut Query) {
    layers(base, head);
    layers(head, base);
    renamed(base, head);
}

fn entries(query: &Query) -> &[Cte] {
    query.with.as_ref().map_or(&[], |with| &with.cte_tables)
}

fn has(query: &Query, name: &str) -> bool {
    entries(query).iter().any(|cte| cte.alias.name.value == name)
}

/// Where `other` has entries that stand between a reader and what `one` reads there itself, `one` gets entries of those
/// names that pass all on.
fn layers(one: &mut Query, other: &Query) {
    for cte in entries(other) {
        let name = &cte.alias.name.value;
        let (between, source) = chain(one, other, name);
        let Some(source) = source.filter(|_| !between.is_empty()) else { continue };
        let mut read = false;
        // In the same entry, or the body, where the other reads the last layer.
        for container in entries(other).iter().map(|cte| cte.alias.name.value.clone()).chain([String::new()]) {
            let reads = |query: &Query, relation: &str| {
                within(query, &container).is_some_and(|query| names_relation(&query, relation))
            };
            if !reads(other, name) || reads(other, &source) || !reads(one, &source) {
                continue;
            }
            if container.is_empty() {
                let with = one.with.take();
                read_instead(one, &source, name);
                one.with = with;
            } else if let Some(with) = &mut one.with {
                for cte in with.cte_tables.iter_mut().filter(|cte| cte.alias.name.value == container) {
                    read_instead(&mut cte.query, &source, name);
                }
            }
            read = true;
        }
        if read {
            add(one, other, between);
        }
    }
}

/// The entries that only `other` has, from one back to the first relation that `one` has too, and that relation.
fn chain<'q>(one: &Query, other: &'q Query, name: &str) -> (Vec<&'q Cte>, Option<String>) {
    let mut between: Vec<&Cte> = Vec::new();
    let mut next = name.to_owned();
    while let Some(cte) = entries(other).iter().find(|cte| cte.alias.name.value == next) {
        if has(one, &next) {
            break;
        }
        let known = between.iter().any(|known| known.alias.name.value == next);
        let Some(source) = first_relation(&cte.query).filter(|source| !known && *source != next) else {
            return (Vec::new(), None);
        };
        between.push(cte);
        next = source;
    }
    (between, Some(next))
}

/// Adds entries that pass all on, each reading what it reads in the other version.
fn add(one: &mut Query, other: &Query, between: Vec<&Cte>) {
    for cte in between {
        if has(one, &cte.alias.name.value) {
            continue;
        }
        let Some(layer) = pass_all(cte) else { continue };
        match &mut one.with {
            Some(with) => with.cte_tables.insert(0, layer),
            None => one.with = other.with.clone().map(|with| With { cte_tables: vec![layer], ..with }),
        }
    }
}

/// An entry, or the query without its entries.
fn within(query: &Query, container: &str) -> Option<Query> {
    if container.is_empty() {
        return Some(Query { with: None, ..query.clone() });
    }
    entries(query).iter().find(|cte| cte.alias.name.value == container).map(|cte| (*cte.query).clone())
}

/// The relation that a plain select reads first.
fn first_relation(query: &Query) -> Option<String> {
    let SetExpr::Select(select) = &*query.body else { return None };
    match &select.from.first()?.relation {
        TableFactor::Table { name, args: None, .. } => match name.0.as_slice() {
            [only] => only.as_ident().map(|ident| ident.value.clone()),
            _ => None,
        },
        _ => None,
    }
}

/// `name as (select * from source)`, made from an entry that reads the source.
fn pass_all(cte: &Cte) -> Option<Cte> {
    let SetExpr::Select(select) = &*cte.query.body else { return None };
    let mut plain = select.clone();
    plain.distinct = None;
    plain.top = None;
    plain.projection = vec![sqlparser::ast::SelectItem::Wildcard(Default::default())];
    plain.from.truncate(1);
    plain.from.first_mut()?.joins.clear();
    plain.selection = None;
    plain.group_by = sqlparser::ast::GroupByExpr::Expressions(Vec::new(), Vec::new());
    plain.having = None;
    plain.qualify = None;
    plain.named_window.clear();
    plain.lateral_views.clear();
    let query = Query {
        with: None,
        body: Box::new(SetExpr::Select(plain)),
        order_by: None,
        limit_clause: None,
        fetch: None,
        ..(*cte.query).clone()
    };
    Some(Cte { query: Box::new(query), ..cte.clone() })
}

/// Reads another relation under the same alias.
fn read_instead(query: &mut Query, from: &str, to: &str) {
    struct Put<'a>(&'a str, &'a str);
    impl VisitorMut for Put<'_> {
        type Break = ();
        fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
            if let TableFactor::Table { name, alias, args: None, .. } = factor
                && let [only] = name.0.as_slice()
                && let Some(ident) = only.as_ident().filter(|ident| ident.value == self.0).cloned()
            {
                let own = TableAlias { explicit: true, name: ident.clone(), columns: Vec::new(), at: None };
                alias.get_or_insert(own);
                *name = ObjectName::from(vec![Ident { value: self.1.to_owned(), ..ident }]);
            }
            ControlFlow::Continue(())
        }
    }
    let _ = query.visit(&mut Put(from, to));
}

/// Entries of base that stand under another name in head take that name.
fn renamed(base: &mut Query, head: &Query) {
    let fresh: Vec<&Cte> = entries(head).iter().filter(|cte| !has(base, &cte.alias.name.value)).collect();
    let mut names: Vec<(String, String)> = Vec::new();
    for new in fresh {
        let text = new.query.to_string();
        let gone = entries(base).iter().filter(|old| {
            let name = &old.alias.name.value;
            !has(head, name) && !names.iter().any(|(from, _)| from == name)
        });
        let score = |old: &Cte| {
            let reads =
                first_relation(&old.query) == first_relation(&new.query) && first_relation(&new.query).is_some();
            let alike = strsim::normalized_levenshtein(&old.query.to_string(), &text);
            if reads { alike.max(ALIKE) } else { alike }
        };
        let best = gone.map(|old| (old, score(old))).max_by(|a, b| a.1.total_cmp(&b.1));
        if let Some((old, _)) = best.filter(|(_, score)| *score >= ALIKE) {
            names.push((old.alias.name.value.clone(), new.alias.name.value.clone()));
        }
    }
    for (from, to) in names {
        rename(base, &from, &to);
    }
}

fn rename(query: &mut Query, from: &str, to: &str) {
    struct Rename<'a>(&'a str, &'a str);
    impl VisitorMut for Rename<'_> {
        type Break = ();
        fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
            if let TableFactor::Table { name, args: None, .. } = factor
                && let [only] = name.0.as_slice()
                && let Some(ident) = only.as_ident().filter(|ident| ident.value == self.0).cloned()
            {
                *name = ObjectName::from(vec![Ident { value: self.1.to_owned(), ..ident }]);
            }
            ControlFlow::Continue(())
        }
        fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
            for cte in query.with.iter_mut().flat_map(|with| &mut with.cte_tables) {
                if cte.alias.name.value == self.0 {
                    cte.alias.name.value = self.1.to_owned();
                }
            }
            ControlFlow::Continue(())
        }
    }
    let _ = query.visit(&mut Rename(from, to));
    qualifiers(query, &[(from.to_owned(), to.to_owned())]);
}

/// Gives qualifiers other names, all at once.
pub(super) fn qualifiers<N: VisitMut>(node: &mut N, names: &[(String, String)]) {
    struct Rename<'a>(&'a [(String, String)]);
    impl VisitorMut for Rename<'_> {
        type Break = ();
        fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
            if let Expr::CompoundIdentifier(parts) = expr
                && let Some(first) = parts.first_mut()
                && let Some((_, to)) = self.0.iter().find(|(from, _)| first.value.eq_ignore_ascii_case(from))
            {
                first.value.clone_from(to);
            }
            ControlFlow::Continue(())
        }
    }
    let _ = node.visit(&mut Rename(names));
}
