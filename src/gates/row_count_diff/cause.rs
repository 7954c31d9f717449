//! Why the row count changed: the clauses that differ between both sides, probed in the data.

use crate::engine::{Cell, Side};
use crate::finding::Location;
use crate::gates::{Change, Context, Data};
use crate::project::Model;
use crate::reconcile::thousands;
use crate::sql::{Analysis, Clause, ClauseKind, JoinClause};
use std::collections::BTreeSet;

/// What a cause does to the number of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Proven in the data: a join matches keys more than once, and did not on base.
    Multiplies,
    /// A clause that decides which rows there are has changed.
    Changes,
    /// Nothing in the model itself: what it reads has changed, or its SQL could not be analysed.
    Elsewhere,
}

/// One cause.
#[derive(Debug, Clone, PartialEq)]
pub struct Cause {
    /// What it does.
    pub effect: Effect,
    /// In words.
    pub text: String,
    /// Where in the model.
    pub place: Option<Location>,
}

/// The causes, proven ones first.
pub fn explain(change: &Change<'_>, cx: &Context<'_>, data: &dyn Data, more: bool) -> Vec<Cause> {
    let elsewhere = |text: String| Cause { effect: Effect::Elsewhere, text, place: None };
    let (Some(base), Some(head)) = (change.base, change.head) else { return Vec::new() };
    let analyses = (cx.analysis(Side::Base, &change.unique_id), cx.analysis(Side::Head, &change.unique_id));
    let mut causes = match analyses {
        (Ok(b), Ok(h)) => {
            let (base, head) = (Sided { model: base, analysis: b }, Sided { model: head, analysis: h });
            let mut causes = fan_outs(&base, &head, data);
            causes.extend(changed(&base, &head, &causes));
            causes
        }
        (Err(error), _) | (_, Err(error)) => vec![elsewhere(format!("the cause is not known ({error:#})"))],
    };
    let upstream = changed_upstream(change, cx);
    if !upstream.is_empty() && !causes.iter().any(|c| c.effect == Effect::Multiplies && more) {
        causes.push(elsewhere(format!("it reads {}, which changed too", upstream.join(", "))));
    }
    causes
}

/// A model and its analysis on one side.
struct Sided<'a> {
    model: &'a Model,
    analysis: &'a Analysis,
}

impl Sided<'_> {
    /// A clause as a person wrote it, white space folded.
    fn written(&self, clause: &Clause) -> String {
        let sql = self.model.compiled.as_ref().map_or("", |c| c.sql.as_str());
        let text = sql.get(clause.span.start..clause.span.end).unwrap_or_default();
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        // A set operation has no keyword of its own in the span, only its branches.
        if text.is_empty() || clause.kind == ClauseKind::SetOperation { clause.text.clone() } else { text }
    }

    fn joins(&self) -> impl Iterator<Item = (&Clause, &JoinClause)> {
        self.analysis.clauses.iter().filter_map(|c| Some((c, c.join.as_ref()?)))
    }

    fn has(&self, clause: &Clause) -> bool {
        self.analysis.clauses.iter().any(|c| c.kind == clause.kind && c.text == clause.text)
    }

    /// Whether some clause of that kind is written alike: then what differs in its meaning lies deeper.
    fn has_written(&self, clause: &Clause, text: &str) -> bool {
        let join = |c: &Clause| c.join.as_ref().map(|j| j.kind.clone());
        let alike = |c: &&Clause| c.kind == clause.kind && join(c) == join(clause);
        self.analysis.clauses.iter().filter(alike).any(|c| self.written(c).eq_ignore_ascii_case(text))
    }

    fn place(&self, clause: &Clause) -> Location {
        self.model.locate(&clause.span)
    }
}

/// Joins that are new or read something else than on base, and match keys more than once while base's do not.
fn fan_outs(base: &Sided<'_>, head: &Sided<'_>, data: &dyn Data) -> Vec<Cause> {
    let mut causes = Vec::new();
    for (clause, join) in head.joins().filter(|(clause, _)| !base.has(clause)) {
        if matches!(join.kind.as_str(), "semi" | "anti" | "asof") {
            continue;
        }
        let place = head.place(clause);
        if join.right_keys.is_empty() {
            if join.kind == "cross" || !join.equi_only {
                let text =
                    format!("join at line {} has no key: every row meets every row of its right side", place.line);
                causes.push(Cause { effect: Effect::Multiplies, text, place: Some(place) });
            }
            continue;
        }
        let Some(repeated) = repeated_keys(join, Side::Head, data).filter(|&n| n > 0) else { continue };
        let before = base
            .joins()
            .find(|(_, other)| other.right_keys == join.right_keys && other.right_tables == join.right_tables);
        if before.is_some_and(|(_, other)| repeated_keys(other, Side::Base, data) == Some(repeated)) {
            continue;
        }
        let keys = if repeated == 1 { "key" } else { "keys" };
        let text = format!(
            "join on {} at line {} matches {} {keys} more than once",
            join.right_keys_text.join(", "),
            place.line,
            thousands(repeated)
        );
        causes.push(Cause { effect: Effect::Multiplies, text, place: Some(place) });
    }
    causes
}

/// How many keys stand more than once on the right side of a join; `None` when that cannot be asked.
fn repeated_keys(join: &JoinClause, side: Side, data: &dyn Data) -> Option<u64> {
    let present: Vec<String> = join.right_keys.iter().map(|key| format!("({key}) is not null")).collect();
    let sql = format!(
        "{} select count(*) from (select 1 from {} where {} group by {} having count(*) > 1) as k",
        join.right_with,
        join.right_sql,
        present.join(" and "),
        join.right_keys.join(", ")
    );
    // Not being able to probe is no proof of anything: the clause is still named as changed.
    let rows = data.engine().query(&data.rewrite(side, &sql).ok()?).ok()?;
    match rows.rows.first()?.first()? {
        Cell::Int(n) => u64::try_from(*n).ok(),
        _ => None,
    }
}

/// Every clause that only one side has, but for joins that are told already.
fn changed(base: &Sided<'_>, head: &Sided<'_>, told: &[Cause]) -> Vec<Cause> {
    let told: BTreeSet<&Location> = told.iter().filter_map(|c| c.place.as_ref()).collect();
    let only = |one: &'_ Sided<'_>, other: &Sided<'_>| -> Vec<(Clause, String)> {
        let own = one.analysis.clauses.iter().filter(|c| !other.has(c));
        own.map(|c| (c.clone(), one.written(c))).filter(|(c, text)| !other.has_written(c, text)).collect()
    };
    let (added, mut removed) = (only(head, base), only(base, head));
    let mut causes = Vec::new();
    for (clause, written) in added {
        let place = head.place(&clause);
        if told.contains(&place) {
            continue;
        }
        let partner = removed.iter().position(|(old, _)| replaces(&clause, old));
        let old = partner.map(|i| removed.remove(i));
        let what = word(clause.kind);
        let text = match (old, &clause.join) {
            (Some((old, _)), Some(join)) if old.join.as_ref().is_some_and(|o| o.kind != join.kind) => {
                let before = old.join.map(|o| o.kind).unwrap_or_default();
                format!("{before} join became {} join at line {}{}", join.kind, place.line, quote(&clause, &written))
            }
            (Some((old, before)), _) => {
                let (before, now) = (quote(&old, &before), quote(&clause, &written));
                format!("{what} at line {} was{before} and is{now}", place.line)
            }
            (None, _) => format!("{what} added at line {}{}", place.line, quote(&clause, &written)),
        };
        causes.push(Cause { effect: Effect::Changes, text, place: Some(place) });
    }
    for (clause, written) in removed {
        let line = base.place(&clause).line;
        let text = format!("{} removed (line {line} on base){}", word(clause.kind), quote(&clause, &written));
        causes.push(Cause { effect: Effect::Changes, text, place: None });
    }
    causes
}

/// Whether one clause stands in the place of another.
fn replaces(new: &Clause, old: &Clause) -> bool {
    new.kind == old.kind
        && match (&new.join, &old.join) {
            (Some(new), Some(old)) => new.right_tables == old.right_tables,
            (None, None) => matches!(new.kind, ClauseKind::Group | ClauseKind::SetOperation | ClauseKind::Limit),
            _ => false,
        }
}

fn word(kind: ClauseKind) -> &'static str {
    match kind {
        ClauseKind::Filter => "filter",
        ClauseKind::Join => "join",
        ClauseKind::Group => "grouping",
        ClauseKind::Distinct => "DISTINCT",
        ClauseKind::SetOperation => "set operation",
        ClauseKind::Limit => "limit",
        ClauseKind::Other => "clause",
    }
}

/// What a message shows of a clause: a join by its keys (its text holds names of the environment), DISTINCT by its word.
fn quote(clause: &Clause, written: &str) -> String {
    match (&clause.join, clause.kind) {
        (_, ClauseKind::Distinct) => String::new(),
        (Some(join), _) if join.right_keys_text.is_empty() => String::new(),
        (Some(join), _) => format!(" on {}", join.right_keys_text.join(", ")),
        (None, ClauseKind::SetOperation | ClauseKind::Group) => format!(" `{}`", short(written)),
        (None, _) => format!(": `{}`", short(written)),
    }
}

/// The beginning of a long text.
fn short(text: &str) -> String {
    const MOST: usize = 80;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Names of changed models that this one reads, directly or through others.
fn changed_upstream(change: &Change<'_>, cx: &Context<'_>) -> Vec<String> {
    let mut reached: BTreeSet<&str> = BTreeSet::new();
    let mut open: Vec<&str> = vec![&change.unique_id];
    while let Some(id) = open.pop() {
        for parent in cx.head.project.models.get(id).into_iter().flat_map(|m| &m.depends_on) {
            if reached.insert(parent) {
                open.push(parent);
            }
        }
    }
    let upstream = cx.changes.iter().filter(|c| reached.contains(c.unique_id.as_str()) && !c.same_output());
    let mut names: Vec<String> = upstream.map(|c| c.model().name.clone()).collect();
    names.sort();
    names
}
