//! Counts a history against the budget.

use super::changes::Id;
use super::facts::{Placed, Standing, lost_its_label, place};
use super::later::{Aside, Escaped, RolledBack, escaped, rolled_back, shown};
use super::period::{Span, date, joined, quarters};
use super::result::{
    Adoption, BUDGET_VERSION, Budget, BudgetVerdict, Candidate, Cohort, CohortName, Differences, Disagreement, Escape,
    Limits, Listed, ListedAs, Pooled, Quarter, Rollback, Sla,
};
use super::undo::{Undone, undone};
use super::{Rules, bounds, caught, cycle, groups};
use crate::audit::record::Record;
use crate::history::History;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// What is asked of a history.
pub struct Asked<'a> {
    /// By what is counted.
    pub rules: Rules<'a>,
    /// The period.
    pub span: Span,
    /// Quarters of the trend.
    pub trend: u32,
    /// When it is counted.
    pub now: Timestamp,
    /// Fixes that blame to a pull request, looked for elsewhere.
    pub candidates: Vec<Candidate>,
    /// What a reader must know.
    pub notices: Vec<String>,
}

/// A pull request with what became of it.
pub(super) struct Counted<'h> {
    /// It.
    pub placed: Placed<'h>,
    /// It was rolled back.
    pub rolled_back: Option<RolledBack>,
    /// It let a defect escape.
    pub escaped: Option<Escaped>,
    aside: Aside,
}

/// Counts. `records` are those of [`super::chosen`], with what they disagree on.
pub fn budget(asked: Asked<'_>, history: &History, records: &(BTreeMap<u64, Record>, Vec<Disagreement>)) -> Budget {
    let Asked { rules, span, trend, now, candidates, mut notices } = asked;
    notices.extend(history.gaps.iter().cloned());
    let undone = undone(history);
    let counted: Vec<Counted<'_>> =
        history.pulls.values().map(|pull| count(&rules, pull, records.0.get(&pull.number), &undone)).collect();
    let within: Vec<&Counted<'_>> = counted.iter().filter(|c| span.holds(c.placed.pull.merged_at)).collect();
    let of = |standing| within.iter().copied().filter(|c| c.placed.standing == standing).collect::<Vec<_>>();
    let (llm, other) = (of(Standing::Llm), of(Standing::Other));
    let limits = limits(&rules);
    let cohorts = (cohort(&llm, &rules, now, Some(&limits)), cohort(&other, &rules, now, None));
    let verdicts = [cohorts.0.rollback.verdict, cohorts.0.escape.verdict];
    if verdicts.iter().all(Option::is_none) {
        notices
            .push(format!("{} promises nothing: write budget.rollback_rate and budget.escape_rate", rules.policy.path));
    }
    let trend = quarters(&span, trend).iter().map(|q| quarter(q, &counted, &rules, now, &limits)).collect::<Vec<_>>();
    let placed: Vec<&Placed<'_>> = llm.iter().map(|c| &c.placed).collect();
    let mut disagreements: Vec<Disagreement> = records.1.clone();
    disagreements.retain(|d| within.iter().any(|c| c.placed.pull.number == d.number));
    disagreements.extend(within.iter().flat_map(|c| c.aside.disagreements.iter().cloned()));
    disagreements.sort();
    disagreements.dedup();
    let both = || within.iter().copied().filter(|c| cohort_name(c).is_some());
    Budget {
        schema_version: BUDGET_VERSION,
        repository: history.repository.clone(),
        branches: history.branches.clone(),
        period: span.shown(),
        as_of: date(now).to_string(),
        verdict: verdicts.into_iter().flatten().max().unwrap_or(BudgetVerdict::Unproven),
        difference: Differences {
            rollback: bounds::difference(&cohorts.0.rollback, &cohorts.1.rollback),
            escape: bounds::difference(&cohorts.0.escape, &cohorts.1.escape),
        },
        adoption: adoption(&within, &llm, &other),
        pooled: pooled(&trend, &span, &limits),
        caught: caught::caught(&rules, history, &placed),
        sla: sla(&rules, &llm),
        outside_window: placed.iter().filter(|p| p.outside_window).map(|p| p.pull.number).collect(),
        by_layer: groups::by_layer(&rules, &llm),
        by_assistant: groups::by_assistant(&llm),
        by_model: groups::by_model(&llm),
        rollbacks: both().filter_map(rollback).collect(),
        escapes: both().filter_map(escape).collect(),
        listed: listed(&rules, &undone, &span, &within),
        candidates,
        disagreements,
        llm: cohorts.0,
        other: cohorts.1,
        limits,
        trend,
        notices,
    }
}

/// Numbers of the LLM-assisted pull requests of the period: those whose comments are worth reading.
pub fn llm_assisted(rules: &Rules<'_>, span: &Span, history: &History, records: &BTreeMap<u64, Record>) -> Vec<u64> {
    let within = history.pulls.values().filter(|p| span.holds(p.merged_at));
    let placed = within.map(|p| place(rules, p, records.get(&p.number), &mut Vec::new()));
    placed.filter(|p| p.standing == Standing::Llm).map(|p| p.pull.number).collect()
}

fn count<'h>(
    rules: &Rules<'_>,
    pull: &'h crate::history::MergedPull,
    record: Option<&'h Record>,
    undone: &Undone,
) -> Counted<'h> {
    let mut aside = Aside::default();
    let placed = place(rules, pull, record, &mut aside.disagreements);
    let rolled_back = rolled_back(rules, pull, record, undone, &mut aside);
    let escaped = escaped(pull, record, undone, &mut aside);
    aside.listed.extend(lost_its_label(rules, &placed));
    Counted { placed, rolled_back, escaped, aside }
}

fn limits(rules: &Rules<'_>) -> Limits {
    let budget = &rules.policy.budget;
    Limits {
        rollback_rate: budget.rollback_rate.as_ref().map(|p| p.value / 100.0),
        escape_rate: budget.escape_rate.as_ref().map(|p| p.value / 100.0),
        window_days: rules.window.as_secs_f64() / 86_400.0,
        policy: rules.policy.path.clone(),
    }
}

fn cohort(pulls: &[&Counted<'_>], rules: &Rules<'_>, now: Timestamp, limits: Option<&Limits>) -> Cohort {
    let (rollback, escape) = rates(pulls.iter().copied(), limits);
    let immature = pulls.iter().filter(|c| is_young(rules, c.placed.pull.merged_at, now)).count();
    Cohort {
        pulls: pulls.len() as u64,
        immature: immature as u64,
        rollback,
        escape,
        cycle: cycle::cycle(pulls.iter().map(|c| c.placed.pull)),
    }
}

fn rates<'c, 'h: 'c>(
    pulls: impl Iterator<Item = &'c Counted<'h>>,
    limits: Option<&Limits>,
) -> (super::result::Rate, super::result::Rate) {
    let (mut of, mut rolled, mut escaped) = (0, 0, 0);
    for counted in pulls {
        of += 1;
        rolled += u64::from(counted.rolled_back.is_some());
        escaped += u64::from(counted.escaped.is_some());
    }
    let rate = |count, budget: Option<f64>| bounds::rate(count, of, budget);
    (rate(rolled, limits.and_then(|l| l.rollback_rate)), rate(escaped, limits.and_then(|l| l.escape_rate)))
}

/// Whether something of then may still be rolled back now.
fn is_young(rules: &Rules<'_>, then: Timestamp, now: Timestamp) -> bool {
    then.checked_add(rules.window).is_ok_and(|end| end > now)
}

fn adoption(within: &[&Counted<'_>], llm: &[&Counted<'_>], other: &[&Counted<'_>]) -> Adoption {
    let of = (llm.len() + other.len()) as u64;
    let apart = |standing| within.iter().filter(|c| c.placed.standing == standing).count() as u64;
    Adoption {
        llm: llm.len() as u64,
        of,
        rate: (of > 0).then(|| llm.len() as f64 / of as f64),
        bots: apart(Standing::Bot),
        docs_only: apart(Standing::Docs),
        undeclared: within.iter().filter(|c| c.placed.undeclared).map(|c| c.placed.pull.number).collect(),
    }
}

fn quarter(span: &Span, all: &[Counted<'_>], rules: &Rules<'_>, now: Timestamp, limits: &Limits) -> Quarter {
    let of =
        |standing| all.iter().filter(move |c| c.placed.standing == standing && span.holds(c.placed.pull.merged_at));
    let (rollback, escape) = rates(of(Standing::Llm), Some(limits));
    let (other_rollback, other_escape) = rates(of(Standing::Other), None);
    let immature = is_young(rules, span.until, now);
    Quarter { period: span.shown(), immature, rollback, escape, other_rollback, other_escape }
}

/// The last four quarters together.
fn pooled(trend: &[Quarter], span: &Span, limits: &Limits) -> Option<Pooled> {
    let last = trend.len().checked_sub(4).map(|from| &trend[from..])?;
    let spans = quarters(span, trend.len() as u32);
    let period = joined(&spans[spans.len() - 4], &spans[spans.len() - 1]).shown();
    let sum = |part: fn(&Quarter) -> &super::result::Rate, budget| {
        bounds::rate(last.iter().map(|q| part(q).count).sum(), last.iter().map(|q| part(q).of).sum(), budget)
    };
    Some(Pooled {
        period,
        rollback: sum(|q| &q.rollback, limits.rollback_rate),
        escape: sum(|q| &q.escape, limits.escape_rate),
    })
}

fn sla(rules: &Rules<'_>, llm: &[&Counted<'_>]) -> Sla {
    let mut sla = Sla { within: Vec::new(), late: Vec::new(), unknown: Vec::new() };
    for counted in llm {
        let (Some(rolled), Some(minutes)) = (&counted.rolled_back, counted.placed.sla_minutes(rules)) else { continue };
        let number = counted.placed.pull.number;
        let Some((reverted, _)) = rolled.revert else {
            sla.unknown.push(number);
            continue;
        };
        let asked = rolled.labelled_at.filter(|at| *at <= reverted).unwrap_or(counted.placed.pull.merged_at);
        let due = SignedDuration::from_mins(i64::try_from(minutes).unwrap_or(i64::MAX / 60));
        if reverted.duration_since(asked) <= due { sla.within.push(number) } else { sla.late.push(number) }
    }
    sla
}

fn cohort_name(counted: &Counted<'_>) -> Option<CohortName> {
    match counted.placed.standing {
        Standing::Llm => Some(CohortName::Llm),
        Standing::Other => Some(CohortName::Other),
        Standing::Bot | Standing::Docs => None,
    }
}

fn rollback(counted: &Counted<'_>) -> Option<Rollback> {
    let (rolled, pull) = (counted.rolled_back.as_ref()?, counted.placed.pull);
    let by = rolled.revert.as_ref().map(|(_, id)| id);
    Some(Rollback {
        number: pull.number,
        title: pull.title.clone(),
        cohort: cohort_name(counted)?,
        merged_at: pull.merged_at.to_string(),
        at: rolled.at.map(|at| at.to_string()),
        revert: by.and_then(|id| if let Id::Pull(number) = id { Some(*number) } else { None }),
        revert_commit: by.and_then(|id| if let Id::Commit(sha) = id { Some(sha.clone()) } else { None }),
        evidence: rolled.evidence.iter().map(|e| (*e).to_owned()).collect(),
    })
}

fn escape(counted: &Counted<'_>) -> Option<Escape> {
    let (escaped, pull) = (counted.escaped.as_ref()?, counted.placed.pull);
    Some(Escape {
        number: pull.number,
        title: pull.title.clone(),
        cohort: cohort_name(counted)?,
        merged_at: pull.merged_at.to_string(),
        fixes: escaped.fixes.clone(),
        evidence: escaped.evidence.iter().map(|e| (*e).to_owned()).collect(),
    })
}

/// What is told and not counted, of pull requests of the period and of reverts that may concern them.
fn listed(rules: &Rules<'_>, undone: &Undone, span: &Span, within: &[&Counted<'_>]) -> Vec<Listed> {
    let mut found = Vec::new();
    for counted in within.iter().filter(|c| cohort_name(c).is_some()) {
        let number = counted.placed.pull.number;
        found.extend(counted.aside.listed.iter().map(|(reason, detail)| Listed {
            number: Some(number),
            reason: *reason,
            detail: detail.clone(),
        }));
        for (_, at, by, why) in undone.partial.iter().filter(|(n, ..)| *n == number) {
            let detail = format!("a part was reverted by {} at {at}: {why}", shown(by));
            found.push(Listed { number: Some(number), reason: ListedAs::PartialRevert, detail });
        }
    }
    let end = span.until.checked_add(rules.window).unwrap_or(Timestamp::MAX);
    for (id, _, says) in undone.unknown.iter().filter(|(_, at, _)| *at >= span.since && *at < end) {
        let number = if let Id::Pull(number) = id { Some(*number) } else { None };
        let detail = format!("{} reverts {says}, which nothing that was read is", shown(id));
        found.push(Listed { number, reason: ListedAs::UnknownTarget, detail });
    }
    found.sort();
    found.dedup();
    found
}
