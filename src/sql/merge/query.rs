//! Queries of both versions: WITH, set operations, limits.

use std::collections::BTreeSet;

use sqlparser::ast::{Cte, Query, SetExpr, SetOperator, SetQuantifier, Spanned, With};

use super::super::relations::names_relation;
use super::items::Place;
use super::{EditKind, Merger, Part, same};

/// How alike two operands must be to be one that was changed.
const ALIKE: f64 = 0.6;

/// An operand of a chain of set operations, with the operation before it.
struct Arm<'q> {
    before: Option<(SetOperator, SetQuantifier)>,
    body: &'q SetExpr,
}

impl Merger<'_> {
    /// Merges two queries; `top`: nothing reads their columns.
    pub(super) fn query(&mut self, base: &Query, head: &Query, top: bool) -> Query {
        let ctes = self.ctes(base, head);
        let place = Place { top, distinct: false, operand: false };
        let body = self.body(&base.body, &head.body, place);
        let mut query = head.clone();
        query.body = Box::new(body);
        let limits = |query: &Query| {
            let limit = query.limit_clause.as_ref().map(|l| l.to_string().trim().to_owned());
            let fetch = query.fetch.as_ref().map(ToString::to_string);
            [limit, fetch].into_iter().flatten().collect::<Vec<_>>().join(" ")
        };
        let (before, now) = (limits(base), limits(head));
        let mut from = head;
        if before == now {
            from = if self.way.towards_head { head } else { base };
        } else {
            let part = |this: &Self, query: &Query, text: &str, side: usize| {
                let span = super::super::limits::limit_span(&this.texts[side], query);
                (!text.is_empty()).then(|| Part { text: text.to_lowercase(), span })
            };
            let scope = self.scope();
            let (old, new) = (part(self, base, &before, 0), part(self, head, &now, 1));
            if !self.edit(EditKind::Limit, "", scope, old, new) {
                from = base;
            }
        }
        let limited = from.limit_clause.is_some() || from.fetch.is_some();
        query.limit_clause = from.limit_clause.clone();
        query.fetch = from.fetch.clone();
        // Without a limit the order decides nothing, and may name columns that are not there.
        query.order_by = if limited { from.order_by.clone() } else { None };
        query.with = with(head.with.as_ref().or(base.with.as_ref()), ctes, &query);
        query
    }

    /// Entries of WITH that both sides have are merged; the others stay as they are.
    fn ctes(&mut self, base: &Query, head: &Query) -> Vec<Cte> {
        let list = |query: &Query| query.with.iter().flat_map(|w| w.cte_tables.clone()).collect::<Vec<_>>();
        let (old, new) = (list(base), list(head));
        let mut merged = Vec::new();
        for cte in &new {
            let twin = old.iter().find(|o| same(&o.alias.name, &cte.alias.name));
            merged.push(match twin {
                Some(twin) => Cte { query: Box::new(self.query(&twin.query, &cte.query, false)), ..cte.clone() },
                None => cte.clone(),
            });
        }
        let gone = old.into_iter().filter(|o| !new.iter().any(|n| same(&n.alias.name, &o.alias.name)));
        merged.extend(gone);
        merged
    }

    /// Merges the bodies of two queries.
    pub(super) fn body(&mut self, base: &SetExpr, head: &SetExpr, place: Place) -> SetExpr {
        if same(base, head) {
            return head.clone();
        }
        match (unwrapped(base), unwrapped(head)) {
            (SetExpr::Select(base), SetExpr::Select(head)) => SetExpr::Select(Box::new(self.select(base, head, place))),
            (SetExpr::Query(base), SetExpr::Query(head)) => SetExpr::Query(Box::new(self.query(base, head, place.top))),
            (base, head) if is_chain(base) || is_chain(head) => self.chains(base, head, place),
            (base, head) => {
                let scope = self.scope();
                let (old, new) = (self.part(base, 0), self.part(head, 1));
                if self.edit(EditKind::Other, "query", scope, Some(old), Some(new)) {
                    head.clone()
                } else {
                    base.clone()
                }
            }
        }
    }

    fn chains(&mut self, base: &SetExpr, head: &SetExpr, place: Place) -> SetExpr {
        let (old, new) = (arms(base), arms(head));
        let distinct =
            old.iter().chain(&new).filter_map(|arm| arm.before).any(|(_, quantifier)| !keeps_all(quantifier));
        let place = Place { top: false, distinct: place.distinct || distinct, operand: true };
        let partners = partners(&old, &new);
        let mut kept: Vec<(Option<(SetOperator, SetQuantifier)>, SetExpr)> = Vec::new();
        for (arm, partner) in new.iter().zip(&partners) {
            match partner {
                Some(at) => {
                    let body = self.body(old[*at].body, arm.body, place);
                    kept.push((self.operator(&old[*at], arm), body));
                }
                None => {
                    let part = self.arm_part(arm, 1);
                    let scope = self.scope();
                    if self.edit(EditKind::Branch, &word(arm.before), scope, None, Some(part)) {
                        kept.push((arm.before, arm.body.clone()));
                    }
                }
            }
        }
        for (at, arm) in old.iter().enumerate().filter(|(at, _)| !partners.contains(&Some(*at))) {
            let part = self.arm_part(arm, 0);
            let scope = self.scope();
            let word = word(arm.before.or(old.get(at + 1).and_then(|next| next.before)));
            if !self.edit(EditKind::Branch, &word, scope, Some(part), None) {
                let any = new.iter().chain(&old).find_map(|arm| arm.before);
                kept.push((arm.before.or(any), arm.body.clone()));
            }
        }
        let mut kept = kept.into_iter();
        let Some((_, first)) = kept.next() else { return head.clone() };
        kept.fold(first, |left, (before, right)| {
            let (op, set_quantifier) = before.unwrap_or((SetOperator::Union, SetQuantifier::All));
            SetExpr::SetOperation { op, set_quantifier, left: Box::new(left), right: Box::new(right) }
        })
    }

    /// The operation before an operand that both sides have.
    fn operator(&mut self, old: &Arm<'_>, new: &Arm<'_>) -> Option<(SetOperator, SetQuantifier)> {
        let (Some(before), Some(now)) = (old.before, new.before) else { return new.before.or(old.before) };
        if before == now {
            return Some(now);
        }
        // The operation stands on the line of its operand or the one before: the operand's place is the nearest there is.
        let part = |this: &Self, which, arm: &Arm<'_>, side: usize| {
            let mut span = this.texts[side].span(arm.body.span());
            span.start = this.texts[side].operator_before(span.start);
            let line = this.texts[side].line_of(span.start);
            Part { text: word(Some(which)), span: super::Span { line, ..span } }
        };
        let scope = self.scope();
        let (base, head) = (part(self, before, old, 0), part(self, now, new, 1));
        Some(if self.edit(EditKind::SetOperator, "", scope, Some(base), Some(head)) { now } else { before })
    }

    fn arm_part(&self, arm: &Arm<'_>, side: usize) -> Part {
        self.part(arm.body, side)
    }
}

/// The operation in words.
fn word(before: Option<(SetOperator, SetQuantifier)>) -> String {
    before.map_or_else(
        || "UNION".to_owned(),
        |(op, quantifier)| super::super::resolve::quantifier_text(op, quantifier).to_uppercase(),
    )
}

fn keeps_all(quantifier: SetQuantifier) -> bool {
    matches!(quantifier, SetQuantifier::All | SetQuantifier::AllByName)
}

/// A body without brackets that only hold it.
fn unwrapped(body: &SetExpr) -> &SetExpr {
    match body {
        SetExpr::Query(query)
            if query.with.is_none()
                && query.limit_clause.is_none()
                && query.fetch.is_none()
                && query.order_by.is_none() =>
        {
            unwrapped(&query.body)
        }
        other => other,
    }
}

fn is_chain(body: &SetExpr) -> bool {
    matches!(body, SetExpr::SetOperation { .. })
}

/// The operands of a chain that leans left.
fn arms(body: &SetExpr) -> Vec<Arm<'_>> {
    let mut found = Vec::new();
    let mut next = body;
    while let SetExpr::SetOperation { op, set_quantifier, left, right } = next {
        found.push(Arm { before: Some((*op, *set_quantifier)), body: right });
        next = unwrapped(left);
    }
    found.push(Arm { before: None, body: next });
    found.reverse();
    found
}

/// For each new operand the old one that it was: the same text first, then what is much alike, then the only ones left.
fn partners(old: &[Arm<'_>], new: &[Arm<'_>]) -> Vec<Option<usize>> {
    let mut taken = BTreeSet::new();
    let texts = |arms: &[Arm<'_>]| arms.iter().map(|arm| arm.body.to_string()).collect::<Vec<_>>();
    let (before, now) = (texts(old), texts(new));
    let mut found: Vec<Option<usize>> = now
        .iter()
        .map(|text| {
            let at = (0..before.len()).find(|at| before[*at] == *text && !taken.contains(at))?;
            taken.insert(at);
            Some(at)
        })
        .collect();
    for at in 0..now.len() {
        if found[at].is_some() {
            continue;
        }
        let left = (0..before.len()).filter(|b| !taken.contains(b));
        let scored = left.map(|b| (b, strsim::normalized_levenshtein(&before[b], &now[at])));
        let best = scored.max_by(|a, b| a.1.total_cmp(&b.1)).filter(|(_, score)| *score >= ALIKE);
        found[at] = best.map(|(b, _)| b);
        taken.extend(found[at]);
    }
    let open: Vec<usize> = (0..now.len()).filter(|at| found[*at].is_none()).collect();
    let left: Vec<usize> = (0..before.len()).filter(|b| !taken.contains(b)).collect();
    if let ([at], [b]) = (open.as_slice(), left.as_slice()) {
        found[*at] = Some(*b);
    }
    found
}

/// The entries of WITH that the query reads, each after those that it reads itself.
fn with(like: Option<&With>, ctes: Vec<Cte>, query: &Query) -> Option<With> {
    let like = like?;
    let body = Query { with: None, ..query.clone() };
    let mut needed: BTreeSet<usize> =
        (0..ctes.len()).filter(|at| names_relation(&body, &ctes[*at].alias.name.value)).collect();
    let mut open: Vec<usize> = needed.iter().copied().collect();
    let reads =
        |at: usize, other: usize| at != other && names_relation(&*ctes[at].query, &ctes[other].alias.name.value);
    while let Some(at) = open.pop() {
        let more: Vec<usize> = (0..ctes.len()).filter(|other| reads(at, *other)).collect();
        open.extend(more.into_iter().filter(|other| needed.insert(*other)));
    }
    let mut order: Vec<usize> = Vec::new();
    while order.len() < needed.len() {
        let ready = needed
            .iter()
            .copied()
            .find(|at| !order.contains(at) && needed.iter().all(|other| order.contains(other) || !reads(*at, *other)));
        // A circle of recursive entries stays in its order.
        let next = ready.or_else(|| needed.iter().copied().find(|at| !order.contains(at)))?;
        order.push(next);
    }
    let cte_tables: Vec<Cte> = order.into_iter().map(|at| ctes[at].clone()).collect();
    (!cte_tables.is_empty()).then(|| With { cte_tables, ..like.clone() })
}
