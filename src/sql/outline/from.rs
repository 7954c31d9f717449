//! FROM: relations in order, how each is joined, and which may lack a row.

use sqlparser::ast::{
    Ident, JoinConstraint, JoinOperator, ObjectName, Spanned, TableAlias, TableFactor, TableWithJoins,
};

use super::build::Reader;
use super::names::Known;
use super::{Join, Kind, Node, Of, Source};
use crate::sql::Span;
use crate::sql::joins::{constraint_of, kind_of};

impl Reader<'_> {
    pub(super) fn from(&mut self, items: &[TableWithJoins]) -> Vec<Source> {
        let mut sources = Vec::new();
        for item in items {
            self.table_with_joins(item, None, &mut sources);
        }
        sources
    }

    fn table_with_joins(&mut self, item: &TableWithJoins, join: Option<Join>, sources: &mut Vec<Source>) {
        let start = sources.len();
        self.factor(&item.relation, join, sources);
        for one in &item.joins {
            let first = sources.len();
            let kind = word(&one.join_operator);
            self.factor(&one.relation, Some(unconditioned(kind)), sources);
            let constraint = constraint_of(&one.join_operator);
            let (on, conditioned) = match constraint {
                Some(JoinConstraint::On(condition)) => (self.conjuncts(condition), true),
                Some(JoinConstraint::Using(names)) => (self.using(names, start, first), true),
                Some(JoinConstraint::Natural) => (Vec::new(), true),
                Some(JoinConstraint::None) | None => (Vec::new(), false),
            };
            if matches!(kind, "semi" | "anti") {
                self.scope().hidden.extend(first..sources.len());
            }
            let (left, right) = nullable(kind);
            sources[start..first].iter_mut().for_each(|source| source.optional |= left);
            sources[first..].iter_mut().for_each(|source| source.optional |= right);
            let end = on.iter().map(|node| node.span).filter(Span::known).max_by_key(|span| span.end);
            if let Some(join) = sources[first].join.as_mut() {
                let place = self.text.span(one.relation.span());
                join.span = if constraint.is_some() { joined(place, end) } else { place };
                join.conditioned |= conditioned || !has_own_condition(&one.join_operator);
                join.on.splice(0..0, on);
            }
        }
    }

    fn factor(&mut self, factor: &TableFactor, join: Option<Join>, sources: &mut Vec<Source>) {
        let (of, known, alias, name) = match factor {
            TableFactor::Table { name, alias, args: None, .. } => {
                let (of, known) = self.table(name);
                (of, known, alias, parts_of(name))
            }
            TableFactor::Derived { subquery, alias, .. } => {
                let block = self.query(subquery);
                if let Some(alias) = alias {
                    self.rename(block, alias);
                }
                (Of::Block(block), self.known(block), alias, Vec::new())
            }
            TableFactor::NestedJoin { table_with_joins, alias: None } => {
                return self.table_with_joins(table_with_joins, join, sources);
            }
            TableFactor::Table { name, alias, .. } => (Of::Made, Known::Some(Vec::new()), alias, parts_of(name)),
            other => (Of::Made, Known::Some(Vec::new()), alias_of(other), Vec::new()),
        };
        let span = self.text.span(factor.span());
        let keys = |idents: &[Ident]| -> Vec<String> {
            idents.iter().map(|part| self.dialect.fold_key(&part.value, part.quote_style.is_some())).collect()
        };
        let (names, shown) = match alias {
            Some(alias) => (keys(std::slice::from_ref(&alias.name)), alias.name.value.clone()),
            None => (keys(&name), name.last().map(|part| part.value.clone()).unwrap_or_default()),
        };
        let known = match (alias, &of) {
            (Some(alias), Of::Made | Of::Base(_)) if !alias.columns.is_empty() => {
                Known::All(alias.columns.iter().map(|column| column.name.value.to_lowercase()).collect())
            }
            _ => known,
        };
        // A relation whose columns have other names than its own is not looked through.
        let of = match (alias, of) {
            (Some(alias), Of::Base(_)) if !alias.columns.is_empty() => Of::Made,
            (_, of) => of,
        };
        self.scope().sources.push((names, known));
        sources.push(Source { alias: shown.to_lowercase(), of, join, optional: false, span });
    }

    fn table(&self, name: &ObjectName) -> (Of, Known) {
        let parts = parts_of(name);
        let open = || Known::Some(Vec::new());
        if let [only] = parts.as_slice() {
            let key = self.dialect.fold_key(&only.value, only.quote_style.is_some());
            match self.cte_named(&key) {
                Some((_, Some(block))) => return (Of::Block(*block), self.known(*block)),
                Some((_, None)) => return (Of::Made, open()),
                None => {}
            }
        }
        // `from t, t.items`: rows of an array of the relation before it.
        if let [first, _, ..] = parts.as_slice() {
            let key = self.dialect.fold_key(&first.value, first.quote_style.is_some());
            let scope = self.scopes.last();
            if scope.is_some_and(|scope| scope.sources.iter().any(|(names, _)| names.as_slice() == [key.clone()])) {
                return (Of::Made, open());
            }
        }
        let names: Vec<String> = parts.iter().map(|part| part.value.clone()).collect();
        match self.catalog.relation(&names) {
            Some(info) => {
                let lower = |columns: Vec<String>| columns.iter().map(|name| name.to_lowercase()).collect();
                (Of::Base(info.id), info.columns.map_or_else(open, |columns| Known::All(lower(columns))))
            }
            None => (Of::Base(names.join(".").to_lowercase()), open()),
        }
    }

    /// USING as the equalities that it means.
    fn using(&mut self, names: &[ObjectName], start: usize, first: usize) -> Vec<Node> {
        let columns: Vec<Ident> = names.iter().filter_map(|name| name.0.last()?.as_ident().cloned()).collect();
        let mut found = Vec::new();
        for column in columns {
            let name = column.value.to_lowercase();
            let span = self.text.span(column.span);
            let scope = self.scope();
            let last = scope.sources.len().saturating_sub(1);
            let has = |at: &usize| match &scope.sources[*at].1 {
                Known::All(names) | Known::Some(names) => names.contains(&name),
            };
            let left = (start..first).find(has).unwrap_or(start);
            match scope.merged.iter_mut().find(|(merged, _)| *merged == name) {
                Some((_, members)) => members.push(last),
                None => scope.merged.push((name.clone(), vec![left, last])),
            }
            let side = |source| Box::new(Node::new(Kind::Column { source, name: name.clone() }, span));
            let equal = Kind::Binary { operator: "=".to_owned(), left: side(left), right: side(last) };
            found.push(Node::new(equal, span));
        }
        found
    }
}

fn unconditioned(kind: &'static str) -> Join {
    Join { kind, on: Vec::new(), conditioned: false, span: Span::default() }
}

/// Whether the operator takes a condition at all.
fn has_own_condition(operator: &JoinOperator) -> bool {
    constraint_of(operator).is_some() && !matches!(operator, JoinOperator::AsOf { .. })
}

fn word(operator: &JoinOperator) -> &'static str {
    match kind_of(operator).word {
        "right semi" => "semi",
        "right anti" => "anti",
        other => other,
    }
}

/// Which sides may lack a row: those before, and the joined one.
fn nullable(kind: &str) -> (bool, bool) {
    (matches!(kind, "right" | "full"), matches!(kind, "left" | "full" | "left lateral" | "asof"))
}

fn joined(place: Span, end: Option<Span>) -> Span {
    match end {
        Some(end) if place.known() && end.end > place.end => {
            Span { end_line: end.end_line, end_column: end.end_column, end: end.end, ..place }
        }
        _ => place,
    }
}

fn parts_of(name: &ObjectName) -> Vec<Ident> {
    name.0.iter().filter_map(|part| part.as_ident().cloned()).collect()
}

fn alias_of(factor: &TableFactor) -> &Option<TableAlias> {
    match factor {
        TableFactor::Table { alias, .. }
        | TableFactor::Derived { alias, .. }
        | TableFactor::TableFunction { alias, .. }
        | TableFactor::Function { alias, .. }
        | TableFactor::UNNEST { alias, .. }
        | TableFactor::JsonTable { alias, .. }
        | TableFactor::OpenJsonTable { alias, .. }
        | TableFactor::NestedJoin { alias, .. }
        | TableFactor::Pivot { alias, .. }
        | TableFactor::Unpivot { alias, .. }
        | TableFactor::MatchRecognize { alias, .. } => alias,
        _ => &None,
    }
}
