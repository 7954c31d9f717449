//! One SELECT of both versions.

use sqlparser::ast::{Distinct, Expr, GroupByExpr, Select, Spanned};

use super::conjuncts::{joined, same_but_for_qualifiers, split};
use super::from::{alias, items, partners};
use super::items::{Grouped, Place};
use super::{EditKind, Merger, Part, same};

impl Merger<'_> {
    /// Merges two selects.
    pub(super) fn select(&mut self, base: &Select, head: &Select, place: Place) -> Select {
        let scope = self.scope();
        let base = &under_the_same_names(base, head);
        let mut merged = head.clone();
        merged.from = self.from(&base.from, &head.from, scope);
        merged.selection = self.filter(EditKind::Where, scope, base.selection.as_ref(), head.selection.as_ref());
        let grouped = self.grouping(base, head, scope);
        if let Some(at_head) = grouped {
            merged.group_by = if at_head { head.group_by.clone() } else { base.group_by.clone() };
        }
        merged.having = self.filter(EditKind::Having, scope, base.having.as_ref(), head.having.as_ref());
        merged.qualify = self.filter(EditKind::Qualify, scope, base.qualify.as_ref(), head.qualify.as_ref());
        let distinct = |select: &Select| select.distinct.clone().filter(|d| !matches!(d, Distinct::All));
        let (before, now) = (distinct(base), distinct(head));
        let place = Place { distinct: place.distinct || before.is_some() || now.is_some(), ..place };
        let keys = keys(&merged.group_by);
        let follows = grouped.map(|head| Grouped { head, keys: &keys });
        merged.projection = self.items(base, head, place, follows.as_ref(), scope);
        let texts = |d: &Option<Distinct>| d.as_ref().map(ToString::to_string);
        merged.distinct = now.clone();
        if texts(&before) != texts(&now) {
            let part = |this: &Self, distinct: &Option<Distinct>, select: &Select, side: usize| {
                let span = this.texts[side].span(select.select_token.0.span);
                distinct.as_ref().map(|d| Part { text: d.to_string(), span })
            };
            let (b, h) = (part(self, &before, base, 0), part(self, &now, head, 1));
            if !self.edit(EditKind::Distinct, "", scope, b, h) {
                merged.distinct = before;
            }
        }
        self.rest(base, head, &mut merged, scope);
        merged
    }

    fn filter(&mut self, kind: EditKind, scope: usize, base: Option<&Expr>, head: Option<&Expr>) -> Option<Expr> {
        joined(self.conditions(kind, "", scope, split(base), split(head)))
    }

    /// The grouping, where it differs: whether head's is chosen.
    fn grouping(&mut self, base: &Select, head: &Select, scope: usize) -> Option<bool> {
        let (old, new) = (keys(&base.group_by), keys(&head.group_by));
        let without = |some: &[Expr], other: &[Expr]| -> Vec<Expr> {
            some.iter().filter(|key| !other.iter().any(|o| same_but_for_qualifiers(key, o))).cloned().collect()
        };
        let (gone, fresh) = (without(&old, &new), without(&new, &old));
        if gone.is_empty() && fresh.is_empty() {
            return (!same(&base.group_by, &head.group_by) && old.is_empty() && new.is_empty()).then(|| {
                let part = |this: &Self, select: &Select, side: usize| {
                    Some(this.part_at(select.group_by.to_string(), this.texts[side].span(select.group_by.span()), side))
                };
                let (b, h) = (part(self, base, 0), part(self, head, 1));
                self.edit(EditKind::Group, "grouping", scope, b, h)
            });
        }
        let about = match (old.is_empty(), new.is_empty()) {
            (true, _) | (_, true) => "grouping by",
            _ if gone.len() + fresh.len() == 1 => "grouping key",
            _ => "grouping keys",
        };
        let part = |this: &Self, keys: &[Expr], select: &Select, side: usize| {
            let first = keys.first()?;
            let texts: Vec<String> = keys.iter().map(|key| this.part(key, side).text).collect();
            let mut span = this.texts[side].span(first.span());
            // A key that a number stood for has its place in the select list: the grouping's own is meant.
            if let GroupByExpr::Expressions(all, _) = &select.group_by
                && let Some(line) =
                    all.iter().map(|key| this.texts[side].span(key.span()).line).filter(|l| *l > 0).max()
                && span.line == 0
            {
                span.line = line;
            }
            Some(Part { text: texts.join(", "), span })
        };
        let (b, h) = (part(self, &gone, base, 0), part(self, &fresh, head, 1));
        Some(self.edit(EditKind::Group, about, scope, b, h))
    }

    /// What is rare, each as a whole.
    fn rest(&mut self, base: &Select, head: &Select, merged: &mut Select, scope: usize) {
        let text = |select: &Select| {
            let top = select.top.as_ref().map(ToString::to_string);
            let views = select.lateral_views.iter().map(ToString::to_string);
            let connect = select.connect_by.iter().map(ToString::to_string);
            let prewhere = select.prewhere.iter().map(ToString::to_string);
            top.into_iter().chain(views).chain(connect).chain(prewhere).collect::<Vec<_>>().join(" ")
        };
        let (before, now) = (text(base), text(head));
        if before == now {
            return;
        }
        let part = |this: &Self, text: String, select: &Select, side: usize| {
            let span = this.texts[side].span(select.select_token.0.span);
            (!text.is_empty()).then_some(this.part_at(text.trim().to_owned(), span, side))
        };
        let (b, h) = (part(self, before, base, 0), part(self, now, head, 1));
        if !self.edit(EditKind::Other, "clause", scope, b, h) {
            merged.top.clone_from(&base.top);
            merged.lateral_views.clone_from(&base.lateral_views);
            merged.connect_by.clone_from(&base.connect_by);
            merged.prewhere.clone_from(&base.prewhere);
        }
    }
}

/// The keys of a grouping; none where it is not by expressions.
fn keys(group: &GroupByExpr) -> Vec<Expr> {
    match group {
        GroupByExpr::Expressions(keys, modifiers) if modifiers.is_empty() => keys.clone(),
        _ => Vec::new(),
    }
}

/// Base's select with its relations called as head calls them.
fn under_the_same_names(base: &Select, head: &Select) -> Select {
    let (old, new) = (items(&base.from), items(&head.from));
    let names: Vec<(String, String)> = partners(&old, &new)
        .iter()
        .zip(&new)
        .filter_map(|(partner, item)| Some((old[(*partner)?].alias()?, item.alias()?)))
        .filter(|(from, to)| from != to)
        .collect();
    let mut base = base.clone();
    if !names.is_empty() {
        super::ctes::qualifiers(&mut base, &names);
        for item in &mut base.from {
            let factors =
                std::iter::once(&mut item.relation).chain(item.joins.iter_mut().map(|join| &mut join.relation));
            for factor in factors {
                let to = alias(factor).and_then(|own| names.iter().find(|(from, _)| *from == own));
                if let Some((_, to)) = to {
                    super::from::call(factor, to);
                }
            }
        }
    }
    base
}
