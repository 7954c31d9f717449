//! The tables of the faces.

use super::piece::{Grid, Line};
use super::words::{self, FEW};
use crate::audit::budget::result::{
    Budget, Candidate, CohortName, Difference, Disagreement, Escape, Group, Listed, Quarter, Rate, Remark, Rollback,
    RuleCaught, Spread,
};
use crate::reconcile::thousands;

/// Both rates of both cohorts, with all that was computed of them.
pub(super) fn rates(budget: &Budget) -> Grid {
    let (llm, other) = (&budget.llm, &budget.other);
    let row = |what: &'static str, of: &dyn Fn(&Rate) -> String| {
        vec![Line::own(what), Line::of(of(&llm.rollback)), Line::of(of(&llm.escape))]
    };
    let dash = || "–".to_owned();
    let difference = |d: &Option<Difference>| match d.as_ref().map(words::difference) {
        Some([points, interval]) => Line::of(points).line().text(interval),
        None => Line::of(dash()),
    };
    let rows = vec![
        row("LLM-assisted", &words::share_and_rate),
        row("95% interval", &|rate| rate.rate.map_or_else(dash, |_| words::interval(&rate.interval))),
        row("bounds", &words::bounds),
        row("budget", &|rate| rate.budget.map_or_else(dash, words::promise)),
        row("verdict", &|rate| rate.verdict.map_or_else(dash, words::verdict)),
        row("budget burnt", &|rate| words::burnt(rate).unwrap_or_else(dash)),
        row("clean ones that would prove it", &|rate| rate.needed.map_or_else(dash, thousands)),
        vec![Line::own("others"), plain(&other.rollback), plain(&other.escape)],
        vec![
            Line::own("LLM-assisted less others"),
            difference(&budget.difference.rollback),
            difference(&budget.difference.escape),
        ],
    ];
    Grid { header: vec!["", "rolled back", "let a defect escape"], rows, numbers: vec![1, 2] }
}

/// How long both cohorts took.
pub(super) fn cycle(budget: &Budget) -> Grid {
    let (llm, other) = (&budget.llm.cycle, &budget.other.cycle);
    let rows = [
        ("to the first review", &llm.to_first_review, &other.to_first_review),
        ("to the approval", &llm.to_approval, &other.to_approval),
        ("to the merge", &llm.to_merge, &other.to_merge),
    ];
    let row = |(what, llm, other)| vec![Line::own(what), spread(llm), spread(other)];
    Grid {
        header: vec!["", "LLM-assisted", "others"],
        rows: rows.map(|(what, llm, other): (&'static str, _, _)| row((what, llm, other))).to_vec(),
        numbers: vec![1, 2],
    }
}

/// Median and 90th percentile, and of how many.
fn spread(spread: &Spread) -> Line {
    match (spread.median_seconds, spread.p90_seconds) {
        (Some(median), Some(p90)) => {
            let both = format!("{} / {}", words::duration(median), words::duration(p90));
            Line::of(both).soft().text(format!("of {}", thousands(spread.count)))
        }
        _ => Line::own("none"),
    }
}

/// Quarters, oldest first, then the last four together.
pub(super) fn trend(budget: &Budget) -> Grid {
    let header = vec!["quarter", "rolled back", "others", "escaped", "others"];
    let mut rows: Vec<Vec<Line>> = budget.trend.iter().map(quarter).collect();
    if let Some(pooled) = &budget.pooled {
        let label = Line::own("the last four").line().text("together");
        rows.push(vec![
            if words::pooled_immature(budget) { label.line().text("immature") } else { label },
            judged(&pooled.rollback),
            Line::default(),
            judged(&pooled.escape),
            Line::default(),
        ]);
    }
    Grid { header, rows, numbers: Vec::new() }
}

fn quarter(quarter: &Quarter) -> Vec<Line> {
    let label = Line::of(&quarter.period.label);
    vec![
        if quarter.immature { label.line().text("immature") } else { label },
        judged(&quarter.rollback),
        plain(&quarter.other_rollback),
        judged(&quarter.escape),
        plain(&quarter.other_escape),
    ]
}

/// How much of the budget each quarter used, as bars: ten blocks are all of it.
pub(super) fn burnt(budget: &Budget) -> Grid {
    let bar = |rate: &Rate| match (rate.burnt, words::burnt(rate)) {
        (Some(burnt), Some(text)) => Line::default().name(blocks(burnt)).text(format!(" {text}")),
        _ => Line::of("–"),
    };
    let row = |q: &Quarter| vec![Line::of(&q.period.label), bar(&q.rollback), bar(&q.escape)];
    let promised = budget.trend.iter().any(|q| q.rollback.burnt.is_some() || q.escape.burnt.is_some());
    let rows = if promised { budget.trend.iter().map(row).collect() } else { Vec::new() };
    Grid { header: vec!["budget burnt", "by rollbacks", "by escapes"], rows, numbers: Vec::new() }
}

fn blocks(burnt: f64) -> String {
    let full = (burnt * 10.0).round().clamp(0.0, 10.0) as usize;
    // What was used at all shows, and what is more than all of it.
    let full = if burnt > 0.0 { full.max(1) } else { 0 };
    let end = if burnt > 1.0 { "▶" } else { " " };
    format!("{}{}{end}", "█".repeat(full), "·".repeat(10 - full))
}

fn plain(rate: &Rate) -> Line {
    match rate.of {
        0 => Line::of("none"),
        _ => {
            let percent = rate.rate.map(words::percent).unwrap_or_default();
            Line::of(words::share(rate)).soft().text(percent).line().text(words::interval(&rate.interval))
        }
    }
}

fn judged(rate: &Rate) -> Line {
    match rate.verdict.filter(|_| rate.of > 0) {
        Some(verdict) => plain(rate).line().text(words::verdict(verdict)),
        None => plain(rate),
    }
}

/// Findings by rule.
pub(super) fn rules(rules: &[RuleCaught]) -> Grid {
    let row = |caught: &RuleCaught| {
        let name = caught.rule.as_deref().unwrap_or(&caught.gate);
        vec![Line::default().name(name), number(caught.findings), number(caught.pulls)]
    };
    Grid {
        header: vec!["rule", "findings", "pull requests"],
        rows: rules.iter().map(row).collect(),
        numbers: vec![1, 2],
    }
}

/// Comments with one of the words.
pub(super) fn remarks(remarks: &[Remark]) -> Grid {
    let row = |remark: &Remark| {
        let by = match &remark.by {
            Some(login) => Line::default().name(login),
            None => Line::of("a deleted account"),
        };
        vec![Line::pull(remark.number), by, Line::of(words::day(&remark.at)), Line::of(&remark.line)]
    };
    Grid {
        header: vec!["pull request", "by", "on", "line"],
        rows: remarks.iter().map(row).collect(),
        numbers: Vec::new(),
    }
}

/// Groups with both rates; small ones are marked.
pub(super) fn groups(groups: &[&Group]) -> Grid {
    let cell = |rate: &Rate| {
        let mark = if rate.of > 0 && rate.of < FEW { " *" } else { "" };
        Line::of(format!("{}{mark}", words::whole_rate(rate)))
    };
    let row = |group: &&Group| vec![Line::default().name(&group.name), cell(&group.rollback), cell(&group.escape)];
    Grid { header: vec!["", "rolled back", "escaped"], rows: groups.iter().map(row).collect(), numbers: vec![1, 2] }
}

fn number(count: u64) -> Line {
    Line::of(thousands(count))
}

fn cohort(cohort: CohortName) -> Line {
    Line::own(match cohort {
        CohortName::Llm => "LLM-assisted",
        CohortName::Other => "other",
    })
}

/// What was rolled back, when, by what.
pub(super) fn rollbacks(rollbacks: &[Rollback]) -> Grid {
    let row = |rollback: &Rollback| {
        vec![
            Line::pull(rollback.number),
            cohort(rollback.cohort),
            Line::of(words::day(&rollback.merged_at)),
            undone(rollback),
            Line::of(rollback.evidence.join(", ")),
            Line::of(&rollback.title),
        ]
    };
    Grid {
        header: vec!["pull request", "cohort", "merged", "rolled back", "evidence", "title"],
        rows: rollbacks.iter().map(row).collect(),
        numbers: Vec::new(),
    }
}

fn undone(rollback: &Rollback) -> Line {
    let when = rollback.at.as_deref().map(|at| match words::after(&rollback.merged_at, at) {
        Some(after) => format!("{}, after {after}", words::day(at)),
        None => words::day(at).to_owned(),
    });
    let line = Line::of(when.unwrap_or_else(|| "time unknown".to_owned()));
    match (rollback.revert, &rollback.revert_commit) {
        (Some(number), _) => line.text(", by ").pulls(&[number]),
        (None, Some(sha)) => line.text(", by ").commit(sha),
        (None, None) => line,
    }
}

/// What let a defect escape, and its fixes.
pub(super) fn escapes(escapes: &[Escape]) -> Grid {
    let row = |escape: &Escape| {
        let fixes = if escape.fixes.is_empty() { Line::of("–") } else { Line::default().pulls(&escape.fixes) };
        vec![
            Line::pull(escape.number),
            cohort(escape.cohort),
            Line::of(words::day(&escape.merged_at)),
            fixes,
            Line::of(escape.evidence.join(", ")),
            Line::of(&escape.title),
        ]
    };
    Grid {
        header: vec!["pull request", "cohort", "merged", "fixed by", "evidence", "title"],
        rows: escapes.iter().map(row).collect(),
        numbers: Vec::new(),
    }
}

/// What is not counted, and why.
pub(super) fn listed(listed: &[Listed]) -> Grid {
    let row = |listed: &Listed| {
        let what = listed.number.map_or_else(|| Line::of("a commit"), Line::pull);
        vec![what, Line::of(words::listed(listed.reason)), Line::default().prose(&listed.detail)]
    };
    Grid { header: vec!["pull request", "why", "detail"], rows: listed.iter().map(row).collect(), numbers: Vec::new() }
}

/// Fixes whose lines blame to a pull request.
pub(super) fn candidates(candidates: &[Candidate]) -> Grid {
    let row = |candidate: &Candidate| {
        vec![
            Line::pull(candidate.number),
            Line::pull(candidate.fix),
            number(candidate.lines),
            Line::of(&candidate.title),
        ]
    };
    Grid {
        header: vec!["pull request", "fix", "lines", "title of the fix"],
        rows: candidates.iter().map(row).collect(),
        numbers: vec![2],
    }
}

/// Where records and labels differ.
pub(super) fn disagreements(all: &[Disagreement]) -> Grid {
    let row = |one: &Disagreement| {
        vec![Line::pull(one.number), Line::default().name(&one.about), Line::default().prose(&one.detail)]
    };
    Grid {
        header: vec!["pull request", "about", "what each says"],
        rows: all.iter().map(row).collect(),
        numbers: Vec::new(),
    }
}
