//! A measured difference in words: the clause, its line, and its rows.

use super::joins::{Joins, matches, multiplying};
use super::measure::{Measured, Step};
use crate::engine::{Cell, Side};
use crate::finding::Location;
use crate::gates::{Context, Data};
use crate::project::{Model, NodeKind};
use crate::reconcile::thousands;
use crate::sql::JoinLink;
use crate::sql::merge::{Edit, EditKind, Merge, Part};

/// What is needed to word a cause.
pub(super) struct Words<'a> {
    pub(super) base: &'a Model,
    pub(super) head: &'a Model,
    pub(super) merge: &'a Merge,
    pub(super) joins: &'a Joins<'a>,
    pub(super) cx: &'a Context<'a>,
    pub(super) data: &'a dyn Data,
}

impl Words<'_> {
    /// Where a reader should look: head's part, where there is one that stands somewhere.
    pub(super) fn place(&self, one: &Measured) -> Option<Location> {
        let Step::Edits(edits) = &one.step else { return None };
        let heads = edits.iter().filter_map(|at| self.merge.edits()[*at].head.as_ref());
        heads.filter(|part| part.span.known()).map(|part| self.head.locate(&part.span)).next()
    }

    /// Whether a join gives rows more than once by it.
    pub(super) fn multiplies(&self, one: &Measured) -> bool {
        let Step::Edits(edits) = &one.step else { return false };
        edits.iter().map(|at| &self.merge.edits()[*at]).any(|edit| {
            let Some(part) = edit.head.as_ref().filter(|_| super::of_join(edit.kind)) else { return false };
            let Some((join, profile)) = self.joins.at(&part.span, Side::Head) else { return false };
            let product = matches!(join.link, JoinLink::None | JoinLink::OneSided | JoinLink::Condition);
            multiplying(&join.kind) && (product || profile.is_some_and(|p| p.times > 1.0))
        })
    }

    /// The cause in words.
    pub(super) fn of(&self, one: &Measured) -> String {
        match &one.step {
            Step::Upstream(id) => format!("{}{}", self.upstream(id), effect(one, ": ")),
            Step::Edits(edits) => {
                let edits: Vec<&Edit> = edits.iter().map(|at| &self.merge.edits()[*at]).collect();
                match edits.as_slice() {
                    [first, second] if first.kind != second.kind => self.moved(first, second, one),
                    [edit, ..] => self.edit(edit, one),
                    [] => String::new(),
                }
            }
        }
    }

    /// `upstream model stg changed: 1,000 -> 333 rows there`.
    fn upstream(&self, id: &str) -> String {
        let count = |side| {
            let sql = format!("select count(*) as n from {} as t", self.data.relation(side, id).ok()?);
            match self.data.engine().query(&sql).ok()?.rows.first()?.first()? {
                Cell::Int(n) => u64::try_from(*n).ok(),
                _ => None,
            }
        };
        let kind = match self.cx.head.project.models.get(id).map(|model| model.kind) {
            Some(NodeKind::Seed) => "seed",
            Some(NodeKind::Snapshot) => "snapshot",
            Some(_) => "model",
            None => "relation",
        };
        let name = self.cx.head.display_name(id);
        let rows = match (count(Side::Base), count(Side::Head)) {
            (Some(base), Some(head)) if base == head => format!(" ({} rows on both sides)", thousands(base)),
            (Some(base), Some(head)) => format!(" ({} -> {} rows)", thousands(base), thousands(head)),
            _ => String::new(),
        };
        format!("it reads the {kind} {name}, which changed{rows}")
    }

    fn moved(&self, one: &Edit, other: &Edit, measured: &Measured) -> String {
        let (came, went) = if one.head.is_some() { (one, other) } else { (other, one) };
        let word = |edit: &Edit| if edit.kind == EditKind::On { "ON" } else { "WHERE" };
        let part = came.head.clone().unwrap_or_else(|| Part { text: String::new(), span: Default::default() });
        let place = self.at(&part, Side::Head);
        let text = short(&part.text);
        format!("filter `{text}` moved from {} to {}{place}{}", word(went), word(came), effect(measured, ": "))
    }

    fn edit(&self, edit: &Edit, one: &Measured) -> String {
        let what = match edit.kind {
            EditKind::Where => "filter",
            EditKind::Having => "HAVING",
            EditKind::Qualify => "QUALIFY",
            EditKind::On => "join condition",
            EditKind::Group => edit.about.as_str(),
            EditKind::Limit => "limit",
            EditKind::Columns => "told apart by",
            EditKind::Maker => "row source",
            EditKind::Other => edit.about.as_str(),
            EditKind::Join | EditKind::JoinKind => return self.join(edit, one),
            EditKind::Relation => return self.relation(edit, one),
            EditKind::Distinct => return self.word("DISTINCT", edit, one),
            EditKind::SetOperator => return self.became(edit, one),
            EditKind::Branch => return self.branch(edit, one),
            EditKind::Column => return self.column(edit, one),
        };
        match (&edit.base, &edit.head) {
            (None, Some(now)) => {
                let text = format!("{what} `{}` added{}", short(&now.text), self.at(now, Side::Head));
                format!("{text}{}", effect(one, " "))
            }
            (Some(before), None) => {
                format!(
                    "{what} `{}` is gone{}{}",
                    short(&before.text),
                    self.at(before, Side::Base),
                    effect(one, ", which ")
                )
            }
            (Some(before), Some(now)) => {
                let place = self.at(now, Side::Head);
                let (now, before) = differing(&now.text, &before.text);
                format!("{what} `{now}`{place} was `{before}`{}", effect(one, ": it "))
            }
            (None, None) => what.to_owned(),
        }
    }

    fn word(&self, word: &str, edit: &Edit, one: &Measured) -> String {
        match (&edit.base, &edit.head) {
            (None, Some(now)) => format!("{word} added{}{}", self.at(now, Side::Head), effect(one, " ")),
            (Some(before), None) => format!("{word} is gone{}{}", self.at(before, Side::Base), effect(one, ", which ")),
            _ => self.became(edit, one),
        }
    }

    fn became(&self, edit: &Edit, one: &Measured) -> String {
        let text = |part: &Option<Part>| part.as_ref().map(|part| short(&part.text)).unwrap_or_default();
        let place = edit.head.as_ref().map(|part| self.at(part, Side::Head)).unwrap_or_default();
        format!("{} became {}{place}{}", text(&edit.base), text(&edit.head), effect(one, ", which "))
    }

    fn column(&self, edit: &Edit, one: &Measured) -> String {
        let place = edit.head.as_ref().map(|part| self.at(part, Side::Head)).unwrap_or_default();
        let text = |part: &Option<Part>| part.as_ref().map(|part| part.text.clone()).unwrap_or_default();
        let (now, before) = differing(&text(&edit.head), &text(&edit.base));
        format!("column `{}`{place} is `{now}` and was `{before}`{}", edit.about, effect(one, ", which "))
    }

    fn relation(&self, edit: &Edit, one: &Measured) -> String {
        let text = |part: &Option<Part>| part.as_ref().map(|part| short(&part.text)).unwrap_or_default();
        let place = edit.head.as_ref().map(|part| self.at(part, Side::Head)).unwrap_or_default();
        format!("it reads `{}`{place} instead of `{}`{}", text(&edit.head), text(&edit.base), effect(one, ", which "))
    }

    fn branch(&self, edit: &Edit, one: &Measured) -> String {
        let of = &edit.about;
        match (&edit.base, &edit.head) {
            (None, Some(now)) => {
                let place = self.at(now, Side::Head);
                format!("branch `{}` of the {of} added{place}{}", short(&now.text), effect(one, ": it "))
            }
            (Some(before), _) => {
                let place = self.at(before, Side::Base);
                format!("branch `{}` of the {of} is gone{place}{}", short(&before.text), effect(one, ", which "))
            }
            (None, None) => String::new(),
        }
    }

    fn join(&self, edit: &Edit, one: &Measured) -> String {
        let (part, side) = match (&edit.head, &edit.base) {
            (Some(part), _) => (part, Side::Head),
            (None, Some(part)) => (part, Side::Base),
            (None, None) => return String::new(),
        };
        let place = self.at(part, side);
        let found = self.joins.at(&part.span, side);
        let keys = found.as_ref().map(|(join, _)| join.right.keys.join(", ")).unwrap_or_default();
        let profile = found.as_ref().and_then(|(_, profile)| *profile);
        let made = found.as_ref().is_none_or(|(join, _)| join.link == JoinLink::Unknown);
        let tables = found.as_ref().map(|(join, _)| &join.right.tables[..]).unwrap_or_default();
        let names: Vec<String> = tables.iter().map(|id| self.cx.head.display_name(id)).collect();
        let with = match (keys.is_empty(), names.is_empty()) {
            (false, _) => format!(" on {keys}"),
            (true, false) => format!(" with {}", names.join(", ")),
            (true, true) => String::new(),
        };
        let rows = one.rows().unwrap_or_default();
        let new = match edit.kind {
            EditKind::JoinKind => edit.about.clone(),
            _ if made && keys.is_empty() => format!("row source `{}`", short(&part.text)),
            _ => format!("{} join", edit.about),
        };
        if edit.head.is_none() {
            return format!("{new}{with} is gone{place}{}", effect(one, ", which "));
        }
        if edit.kind == EditKind::JoinKind || rows <= 0 || (made && keys.is_empty()) {
            let unmatched = rows < 0 && profile.is_some_and(|p| p.unmatched > 0.0);
            let tail = if unmatched { " without a match" } else { "" };
            let added = if edit.kind == EditKind::JoinKind { "" } else { " added" };
            return format!("{new}{with}{added}{place}{}{tail}", effect(one, ": it "));
        }
        match profile {
            Some(p) if !keys.is_empty() && p.times > 1.0 => {
                format!("join{with}{place} {}: the new {new}{}", matches(&p), effect(one, " "))
            }
            _ if keys.is_empty() => {
                format!(
                    "join{with}{place} has no key, so that every row meets every row: the new {new}{}",
                    effect(one, " ")
                )
            }
            _ => format!("{new}{with} added{place}{}", effect(one, ": it ")),
        }
    }

    /// ` at line 12`, or where it was on base.
    fn at(&self, part: &Part, side: Side) -> String {
        if !part.span.known() {
            return String::new();
        }
        match side {
            Side::Head => format!(" at line {}", self.head.locate(&part.span).line),
            Side::Base => format!(" (line {} on base)", self.base.locate(&part.span).line),
        }
    }
}

/// `drops 320 of 400 rows`, `adds 12 rows`; with the words before it.
fn effect(one: &Measured, before: &str) -> String {
    let (Some(rows), Some((from, to))) = (one.rows(), one.pair()) else {
        return " (what it does could not be measured)".to_owned();
    };
    let count = |n: i64| thousands(n.unsigned_abs());
    let more = to - from;
    match rows {
        0 => format!("{before}changes no row count"),
        _ if more < 0 => format!("{before}drops {} of {} rows", count(more), count(from)),
        _ => format!("{before}adds {} to {} rows", count(more), count(from)),
    }
}

/// The beginning of a long text.
fn short(text: &str) -> String {
    const MOST: usize = 120;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Two long texts cut to where they differ.
fn differing(now: &str, before: &str) -> (String, String) {
    const LONG: usize = 120;
    if now.chars().count() <= LONG && before.chars().count() <= LONG {
        return (now.to_owned(), before.to_owned());
    }
    let same = now.char_indices().zip(before.chars()).find(|((_, a), b)| a != b).map_or(0, |((at, _), _)| at);
    // From the word before the difference.
    let from = now[..same].rfind(' ').map_or(0, |at| at + 1);
    let cut = |text: &str| {
        let rest = text.get(from..).unwrap_or(text);
        if from > 0 { format!("…{}", short(rest)) } else { short(rest) }
    };
    (cut(now), cut(before))
}
