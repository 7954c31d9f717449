//! FROM of both versions: which relation stands for which, and how each is joined.

use sqlparser::ast::{
    Expr, Ident, Join, JoinConstraint, JoinOperator, Query, SetExpr, Spanned, TableAlias, TableFactor, TableWithJoins,
    Value, ValueWithSpan,
};
use sqlparser::tokenizer::Span as ParserSpan;

use super::super::Span;
use super::super::joins::{constraint_of, kind_of};
use super::conjuncts::{joined, split};
use super::{EditKind, Merger, Part, same};

/// One relation of FROM and how it is joined to those before it; the first is not.
#[derive(Debug, Clone)]
pub(super) struct Item {
    factor: TableFactor,
    operator: Option<JoinOperator>,
    global: bool,
}

impl Item {
    /// The name under which its columns are read.
    pub(super) fn alias(&self) -> Option<String> {
        alias(&self.factor)
    }
}

/// Relations in order; a comma is a cross join.
pub(super) fn items(from: &[TableWithJoins]) -> Vec<Item> {
    let mut all = Vec::new();
    for (at, item) in from.iter().enumerate() {
        let operator = (at > 0).then_some(JoinOperator::CrossJoin(JoinConstraint::None));
        all.push(Item { factor: item.relation.clone(), operator, global: false });
        all.extend(item.joins.iter().map(|join| Item {
            factor: join.relation.clone(),
            operator: Some(join.join_operator.clone()),
            global: join.global,
        }));
    }
    all
}

/// The name under which columns of a relation are read.
pub(super) fn alias(factor: &TableFactor) -> Option<String> {
    let named = |alias: &Option<TableAlias>| alias.as_ref().map(|alias| alias.name.value.to_lowercase());
    match factor {
        TableFactor::Table { name, alias, .. } => {
            named(alias).or_else(|| Some(name.0.last()?.as_ident()?.value.to_lowercase()))
        }
        TableFactor::Derived { alias, .. }
        | TableFactor::UNNEST { alias, .. }
        | TableFactor::TableFunction { alias, .. }
        | TableFactor::Function { alias, .. } => named(alias),
        _ => None,
    }
}

/// What a relation is, whatever it is called here.
fn source(factor: &TableFactor) -> String {
    match factor {
        TableFactor::Table { name, args: None, .. } => name.to_string(),
        other => other.to_string(),
    }
}

/// For each relation of head the one of base that it is.
pub(super) fn partners(old: &[Item], new: &[Item]) -> Vec<Option<usize>> {
    let mut found = vec![None; new.len()];
    let mut taken = vec![false; old.len()];
    let tests: [fn(&Item, &Item) -> bool; 3] = [
        |a, b| alias(&a.factor) == alias(&b.factor) && source(&a.factor) == source(&b.factor),
        |a, b| source(&a.factor) == source(&b.factor),
        |a, b| alias(&a.factor).is_some() && alias(&a.factor) == alias(&b.factor),
    ];
    for test in tests {
        for (at, item) in new.iter().enumerate() {
            let free = |o: &usize| !taken[*o] && (*o == 0) == (at == 0);
            if found[at].is_none()
                && let Some(o) = (0..old.len()).filter(free).find(|o| test(&old[*o], item))
            {
                found[at] = Some(o);
                taken[o] = true;
            }
        }
    }
    // What both begin with is the same place, and so is what is left alone on both sides with the same condition.
    if let (Some(first), Some(false)) = (found.first_mut(), taken.first()) {
        first.get_or_insert(0);
        taken[0] = true;
    }
    let open: Vec<usize> = (0..new.len()).filter(|at| found[*at].is_none()).collect();
    let left: Vec<usize> = (0..old.len()).filter(|o| !taken[*o]).collect();
    if let ([at], [o]) = (open.as_slice(), left.as_slice())
        && plain(&old[*o].factor)
        && plain(&new[*at].factor)
        && condition(&old[*o]).len() == condition(&new[*at]).len()
    {
        found[*at] = Some(*o);
    }
    found
}

fn plain(factor: &TableFactor) -> bool {
    matches!(factor, TableFactor::Table { args: None, .. } | TableFactor::Derived { lateral: false, .. })
}

fn condition(item: &Item) -> Vec<Expr> {
    match item.operator.as_ref().and_then(constraint_of) {
        Some(JoinConstraint::On(condition)) => split(Some(condition)),
        _ => Vec::new(),
    }
}

impl Merger<'_> {
    /// Merges two FROMs; names of base are those of head already.
    pub(super) fn from(
        &mut self,
        base: &[TableWithJoins],
        head: &[TableWithJoins],
        scope: usize,
    ) -> Vec<TableWithJoins> {
        let (old, new) = (items(base), items(head));
        let same_items = base.len() == head.len() && base.iter().zip(head).all(|(a, b)| same(a, b));
        if same_items || old.is_empty() || new.is_empty() {
            let whole = if self.way.towards_head { head } else { base };
            if !same_items && base.len() != head.len() {
                let part =
                    |this: &Self, from: &[TableWithJoins], side: usize| from.first().map(|one| this.part(one, side));
                let (b, h) = (part(self, base, 0), part(self, head, 1));
                let made = self.edit(EditKind::Other, "FROM", scope, b, h);
                return if made { head.to_vec() } else { base.to_vec() };
            }
            return whole.to_vec();
        }
        let partners = partners(&old, &new);
        let mut kept: Vec<Item> = Vec::new();
        for (item, partner) in new.iter().zip(&partners) {
            match partner {
                Some(at) => kept.push(self.item(&old[*at], item, scope)),
                None => {
                    let head = (Some(self.join_part(item, 1)), alias(&item.factor).into_iter().collect());
                    let made = self.edit_reading(EditKind::Join, kind(item), scope, (None, Vec::new()), head);
                    kept.extend(self.joined_or_not(item, made));
                }
            }
        }
        for (_, item) in old.iter().enumerate().filter(|(at, _)| !partners.contains(&Some(*at))) {
            let base = (Some(self.join_part(item, 0)), alias(&item.factor).into_iter().collect());
            let gone = self.edit_reading(EditKind::Join, kind(item), scope, base, (None, Vec::new()));
            kept.extend(self.joined_or_not(item, !gone));
        }
        written(kept)
    }

    /// A relation that only one side joins.
    fn joined_or_not(&self, item: &Item, is: bool) -> Option<Item> {
        if is {
            return Some(item.clone());
        }
        if !self.way.emptied {
            return None;
        }
        emptied(item)
    }

    fn item(&mut self, old: &Item, new: &Item, scope: usize) -> Item {
        let factor = self.factor(&old.factor, &new.factor, scope);
        let (Some(before), Some(now)) = (&old.operator, &new.operator) else {
            let operator = new.operator.clone().filter(|_| self.way.towards_head || old.operator.is_none());
            return Item { factor, operator: operator.or_else(|| old.operator.clone()), global: new.global };
        };
        if same_operator(before, now) {
            return Item { factor, operator: Some(now.clone()), global: new.global };
        }
        let (word, old_word) = (kind_of(now).word, kind_of(before).word);
        let mergeable = |word: &str| matches!(word, "inner" | "cross" | "left" | "right" | "full" | "semi" | "anti");
        let on = |operator: &JoinOperator| {
            !matches!(constraint_of(operator), Some(JoinConstraint::Using(_) | JoinConstraint::Natural))
        };
        if !(mergeable(word) && mergeable(old_word) && on(before) && on(now)) {
            let (b, h) = (self.join_part(old, 0), self.join_part(new, 1));
            let made = self.edit(EditKind::On, kind(new), scope, Some(b), Some(h));
            return Item { factor, operator: Some(if made { now } else { before }.clone()), global: new.global };
        }
        // `cross` with a condition elsewhere and `inner` are the same.
        let alike = |a: &str, b: &str| a == b || (matches!(a, "inner" | "cross") && matches!(b, "inner" | "cross"));
        let mut chosen = word;
        if !alike(word, old_word) {
            let (b, h) = (self.join_part(old, 0), self.join_part(new, 1));
            let about = format!("{old_word} join became {word} join");
            if !self.edit(EditKind::JoinKind, &about, scope, Some(b), Some(h)) {
                chosen = old_word;
            }
        }
        let conditions = self.conditions(EditKind::On, &shown(&new.factor), scope, condition(old), condition(new));
        Item { factor, operator: Some(operator(chosen, conditions)), global: new.global }
    }

    fn factor(&mut self, old: &TableFactor, new: &TableFactor, scope: usize) -> TableFactor {
        match (old, new) {
            _ if source(old) == source(new) => new.clone(),
            (
                TableFactor::Derived { lateral: l, subquery: before, .. },
                TableFactor::Derived { lateral, subquery: now, alias, sample },
            ) if l == lateral => TableFactor::Derived {
                lateral: *lateral,
                subquery: Box::new(self.query(before, now, false)),
                alias: alias.clone(),
                sample: sample.clone(),
            },
            _ => {
                let part = |this: &Self, factor: &TableFactor, side: usize| {
                    let span = this.texts[side].span(factor.span());
                    this.part_at(source(factor), span, side)
                };
                let (b, h) = (part(self, old, 0), part(self, new, 1));
                if self.edit(EditKind::Relation, "", scope, Some(b), Some(h)) { new.clone() } else { called(old, new) }
            }
        }
    }

    fn join_part(&self, item: &Item, side: usize) -> Part {
        let factor = item.factor.span();
        let place = match item.operator.as_ref().and_then(constraint_of) {
            Some(JoinConstraint::On(condition)) => factor.union(&condition.span()),
            _ => factor,
        };
        let span: Span = self.texts[side].span(place);
        let text = match &item.operator {
            Some(operator) => {
                let join = Join { relation: item.factor.clone(), global: item.global, join_operator: operator.clone() };
                join.to_string()
            }
            None => item.factor.to_string(),
        };
        let mut part = self.part_at(text.trim().to_owned(), span, side);
        part.span = span;
        part
    }
}

fn kind(item: &Item) -> &'static str {
    item.operator.as_ref().map_or("", |operator| kind_of(operator).word)
}

fn shown(factor: &TableFactor) -> String {
    alias(factor).unwrap_or_default()
}

fn same_operator(one: &JoinOperator, other: &JoinOperator) -> bool {
    one == other || {
        let text = |operator: &JoinOperator| {
            let conditions: Vec<String> = match constraint_of(operator) {
                Some(JoinConstraint::On(condition)) => split(Some(condition)).iter().map(ToString::to_string).collect(),
                Some(other) => vec![format!("{other:?}")],
                None => Vec::new(),
            };
            (kind_of(operator).word, conditions)
        };
        let spanless = matches!(constraint_of(one), Some(JoinConstraint::On(_)) | None | Some(JoinConstraint::None));
        spanless && text(one) == text(other)
    }
}

/// A join by its word.
fn operator(word: &str, conditions: Vec<Expr>) -> JoinOperator {
    let condition = joined(conditions);
    if word == "cross" && condition.is_none() {
        return JoinOperator::CrossJoin(JoinConstraint::None);
    }
    let constraint = JoinConstraint::On(condition.unwrap_or_else(|| truth(true)));
    match word {
        "left" => JoinOperator::Left(constraint),
        "right" => JoinOperator::Right(constraint),
        "full" => JoinOperator::FullOuter(constraint),
        "semi" => JoinOperator::Semi(constraint),
        "anti" => JoinOperator::Anti(constraint),
        _ => JoinOperator::Inner(constraint),
    }
}

fn truth(value: bool) -> Expr {
    Expr::Value(ValueWithSpan { value: Value::Boolean(value), span: ParserSpan::empty() })
}

/// The relation of base under the name of head.
fn called(old: &TableFactor, new: &TableFactor) -> TableFactor {
    let mut factor = old.clone();
    if let Some(name) = alias(new) {
        call(&mut factor, &name);
    }
    factor
}

/// Gives a relation another name.
pub(super) fn call(factor: &mut TableFactor, name: &str) {
    if let TableFactor::Table { alias, .. } | TableFactor::Derived { alias, .. } = factor {
        let columns = alias.take().map(|alias| alias.columns).unwrap_or_default();
        *alias = Some(TableAlias { explicit: true, name: Ident::new(name), columns, at: None });
    }
}

/// A joined relation without rows: what reads it still has its names, and no row comes or goes by it.
fn emptied(item: &Item) -> Option<Item> {
    let name = alias(&item.factor)?;
    if matches!(kind(item), "semi" | "anti" | "right semi" | "right anti") {
        return None;
    }
    let mut empty =
        sqlparser::parser::Parser::parse_sql(&sqlparser::dialect::GenericDialect {}, "select * from x where false")
            .ok()?;
    let Some(sqlparser::ast::Statement::Query(mut subquery)) = empty.pop() else { return None };
    let SetExpr::Select(select) = &mut *subquery.body else { return None };
    select.from.first_mut()?.relation = item.factor.clone();
    let alias = Some(TableAlias { explicit: true, name: Ident::new(name), columns: Vec::new(), at: None });
    let lateral =
        !matches!(item.factor, TableFactor::Table { args: None, .. } | TableFactor::Derived { lateral: false, .. });
    let factor = TableFactor::Derived { lateral, subquery: subquery as Box<Query>, alias, sample: None };
    Some(Item { factor, operator: Some(JoinOperator::Left(JoinConstraint::On(truth(false)))), global: false })
}

/// FROM from its relations; the first has nothing to be joined to.
fn written(items: Vec<Item>) -> Vec<TableWithJoins> {
    let mut items = items.into_iter();
    let Some(first) = items.next() else { return Vec::new() };
    let joins = items.map(|item| Join {
        relation: item.factor,
        global: item.global,
        join_operator: item.operator.unwrap_or(JoinOperator::CrossJoin(JoinConstraint::None)),
    });
    vec![TableWithJoins { relation: first.factor, joins: joins.collect() }]
}
