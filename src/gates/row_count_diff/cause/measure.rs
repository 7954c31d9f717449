//! What each difference does alone: made on base, and taken back on head.

use super::of_join;
use crate::engine::{Cell, Side};
use crate::gates::Data;
use crate::sql::merge::{EditKind, Merge, Way};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// Differences that are tried; a model that differs in more is another model.
const TRIED: usize = 40;

/// One difference to try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Edits of the text that belong together.
    Edits(Vec<usize>),
    /// A relation that the model reads and that is not the same on both sides.
    Upstream(String),
}

/// A difference and what it does.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Measured {
    pub(super) step: Step,
    /// Rows before and after it is made on base.
    pub(super) forward: Option<(i64, i64)>,
    /// Rows of head without it and with it.
    pub(super) backward: Option<(i64, i64)>,
}

impl Measured {
    /// Rows that it brings or takes.
    pub(super) fn rows(&self) -> Option<i64> {
        let change = |pair: &Option<(i64, i64)>| pair.map(|(before, after)| after - before);
        match (change(&self.forward), change(&self.backward)) {
            (Some(forward), Some(backward)) => Some((forward + backward) / 2 + (forward + backward) % 2),
            (one, other) => one.or(other),
        }
    }

    /// Rows that it is measured on, and that are there after it.
    pub(super) fn pair(&self) -> Option<(i64, i64)> {
        match (self.forward, self.backward) {
            // The one that shows it better, where other changes hide it on one side.
            (Some(f), Some(b)) => Some(if (f.1 - f.0).abs() >= (b.1 - b.0).abs() { f } else { b }),
            (one, other) => one.or(other),
        }
    }

    /// Whether it is a join, or part of one.
    pub(super) fn is_join(&self, merge: &Merge) -> bool {
        matches!(&self.step, Step::Edits(edits) if edits.iter().any(|at| of_join(merge.edits()[*at].kind)))
    }
}

/// Counts the rows of any mixture of both versions.
pub(super) struct Counter<'a> {
    merge: &'a Merge,
    data: &'a dyn Data,
    /// Relations by id: what stands for them on each side.
    relations: BTreeMap<String, [Option<String>; 2]>,
    counts: (u64, u64),
    known: RefCell<BTreeMap<String, Option<i64>>>,
}

/// A mixture: edits that are made, and relations that are head's.
#[derive(Clone)]
struct Mixture {
    made: BTreeSet<usize>,
    upstream: BTreeSet<String>,
}

impl Mixture {
    fn with(&self, step: &Step, made: bool) -> Mixture {
        let mut other = self.clone();
        match step {
            Step::Edits(edits) if made => other.made.extend(edits),
            Step::Edits(edits) => other.made.retain(|edit| !edits.contains(edit)),
            Step::Upstream(id) if made => {
                other.upstream.insert(id.clone());
            }
            Step::Upstream(id) => {
                other.upstream.remove(id);
            }
        }
        other
    }
}

impl<'a> Counter<'a> {
    pub(super) fn new(merge: &'a Merge, data: &'a dyn Data, counts: (u64, u64)) -> Self {
        let both = |id: &String| [Side::Base, Side::Head].map(|side| data.relation(side, id).ok());
        let relations = merge.relations().iter().map(|id| (id.clone(), both(id))).collect();
        Self { merge, data, relations, counts, known: RefCell::default() }
    }

    /// Every difference with what it does; nothing is measured where even the whole of one side cannot be counted so.
    pub(super) fn all(&self) -> Vec<Measured> {
        let steps = self.steps();
        let none = Mixture { made: BTreeSet::new(), upstream: BTreeSet::new() };
        let all = steps.iter().fold(none.clone(), |mixture, step| mixture.with(step, true));
        let right = |mixture: &Mixture, towards_head: bool, count: u64| {
            self.rows(mixture, towards_head).is_some_and(|rows| u64::try_from(rows) == Ok(count))
        };
        let trusted = right(&none, false, self.counts.0) && right(&all, true, self.counts.1);
        steps.into_iter().map(|step| self.measured(step, trusted, &none, &all)).collect()
    }

    fn measured(&self, step: Step, trusted: bool, none: &Mixture, all: &Mixture) -> Measured {
        if !trusted {
            return Measured { step, forward: None, backward: None };
        }
        // What must be there before it, and what must go before it goes.
        let edits = self.merge.edits();
        let own: &[usize] = match &step {
            Step::Edits(own) => own,
            Step::Upstream(_) => &[],
        };
        let needs: BTreeSet<usize> =
            own.iter().flat_map(|at| edits[*at].needs(edits)).filter(|n| !own.contains(n)).collect();
        let needed =
            (0..edits.len()).filter(|at| !own.contains(at) && edits[*at].needs(edits).iter().any(|n| own.contains(n)));
        let before = none.with(&Step::Edits(needs.into_iter().collect()), true);
        let after = all.with(&Step::Edits(needed.collect()), false);
        let pair = |from: Option<i64>, to: Option<i64>| Some((from?, to?));
        let forward = pair(self.rows(&before, false), self.rows(&before.with(&step, true), false));
        let backward = pair(self.rows(&after.with(&step, false), true), self.rows(&after, true));
        Measured { step, forward, backward }
    }

    /// Differences to try, those that belong together as one.
    fn steps(&self) -> Vec<Step> {
        let edits = self.merge.edits();
        let mut steps: Vec<Step> = Vec::new();
        let mut taken = BTreeSet::new();
        for (at, edit) in edits.iter().enumerate() {
            if !taken.insert(at) {
                continue;
            }
            let partners =
                (at + 1..edits.len()).filter(|other| !taken.contains(other) && together(edit, &edits[*other]));
            let mut group = vec![at];
            // A condition moves once; the same relation changes wherever it stands.
            group.extend(partners.take(if edit.kind == EditKind::Relation { TRIED } else { 1 }));
            taken.extend(&group);
            steps.push(Step::Edits(group));
        }
        // Columns last: there may be many, and few of them decide anything.
        steps.sort_by_key(|step| matches!(step, Step::Edits(own) if edits[own[0]].kind == EditKind::Column));
        let differ = self.relations.iter().filter(|(_, sides)| matches!(sides, [Some(a), Some(b)] if a != b));
        let mut upstream: Vec<Step> = differ.map(|(id, _)| Step::Upstream(id.clone())).collect();
        upstream.append(&mut steps);
        upstream.truncate(TRIED);
        upstream
    }

    /// Rows of a mixture, put together in whichever way the engine takes it.
    fn rows(&self, mixture: &Mixture, towards_head: bool) -> Option<i64> {
        let made = |at: usize| mixture.made.contains(&at);
        let named = |id: &str| {
            let [base, head] = self.relations.get(id).cloned().unwrap_or_default();
            let name = if mixture.upstream.contains(id) { head.or(base) } else { base.or(head) };
            name.unwrap_or_else(|| id.to_owned())
        };
        [(true, true), (true, false), (false, false), (false, true)].into_iter().find_map(|(emptied, both_columns)| {
            let sql = self.merge.sql(&made, Way { emptied, both_columns, towards_head }, &named).ok()?;
            self.count(&sql)
        })
    }

    fn count(&self, sql: &str) -> Option<i64> {
        if let Some(count) = self.known.borrow().get(sql) {
            return *count;
        }
        let count = self.ask(sql);
        self.known.borrow_mut().insert(sql.to_owned(), count);
        count
    }

    fn ask(&self, sql: &str) -> Option<i64> {
        // Relations that no file declares are still called as they were written.
        let sql = self.data.rewrite(Side::Head, &format!("select count(*) as n from (\n{sql}\n) as counted")).ok()?;
        match self.data.engine().query(&sql).ok()?.rows.first()?.first()? {
            Cell::Int(n) => i64::try_from(*n).ok(),
            _ => None,
        }
    }
}

/// Whether two edits are one change: a condition that only moved, or one relation in two places.
fn together(one: &crate::sql::merge::Edit, other: &crate::sql::merge::Edit) -> bool {
    let text = |part: &Option<crate::sql::merge::Part>| part.as_ref().map(|part| part.text.to_lowercase());
    if one.kind == EditKind::Relation && other.kind == EditKind::Relation {
        return text(&one.base) == text(&other.base) && text(&one.head) == text(&other.head);
    }
    let filters = |kind| matches!(kind, EditKind::Where | EditKind::On);
    let (came, went) = (text(&one.head).or(text(&other.head)), text(&one.base).or(text(&other.base)));
    let one_each = one.base.is_none() != one.head.is_none()
        && other.base.is_none() != other.head.is_none()
        && one.base.is_none() != other.base.is_none();
    one.kind != other.kind && filters(one.kind) && filters(other.kind) && one_each && came == went
}
