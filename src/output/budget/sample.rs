//! A budget made by hand, with everything in it that a face can show, some of it hostile.

use crate::audit::budget::result::*;
use statrs::distribution::{Beta, ContinuousCDF as _};

/// A rate with its bounds; `limit` is the budget.
pub(super) fn rate(count: u64, of: u64, limit: Option<f64>) -> Rate {
    let (k, n) = (count as f64, of as f64);
    let at = |a: f64, b: f64, p: f64| Beta::new(a, b).expect("both above 0").inverse_cdf(p);
    let both = |alpha: f64| Interval {
        low: if count == 0 { 0.0 } else { at(k, n - k + 1.0, alpha) },
        high: if count == of { 1.0 } else { at(k + 1.0, n - k, 1.0 - alpha) },
    };
    let bounds = both(0.05);
    let verdict = limit.map(|limit| match (bounds.high <= limit, bounds.low > limit) {
        (true, _) => BudgetVerdict::Met,
        (_, true) => BudgetVerdict::Exceeded,
        _ => BudgetVerdict::Unproven,
    });
    let proved = |limit: f64, more: u64| at(k + 1.0, n + more as f64 - k, 0.95) <= limit;
    let needed = match (limit, verdict) {
        (Some(limit), Some(BudgetVerdict::Unproven | BudgetVerdict::Exceeded)) if limit > 0.0 => {
            // More never prove less.
            let (mut short, mut enough) = (0u64, 1 << 20);
            while enough - short > 1 {
                let middle = short.midpoint(enough);
                *(if proved(limit, middle) { &mut enough } else { &mut short }) = middle;
            }
            Some(enough)
        }
        _ => None,
    };
    Rate {
        count,
        of,
        rate: (of > 0).then(|| k / n),
        interval: both(0.025),
        bounds,
        budget: limit,
        verdict,
        needed,
        burnt: limit.filter(|_| of > 0).map(|limit| k / (limit * n)),
    }
}

const ROLLBACK: Option<f64> = Some(0.02);
const ESCAPE: Option<f64> = Some(0.005);

fn quarter(label: &str, since: &str, until: &str, immature: bool, counts: [(u64, u64); 4]) -> Quarter {
    let [rollback, escape, other_rollback, other_escape] = counts;
    Quarter {
        period: period(label, since, until),
        immature,
        rollback: rate(rollback.0, rollback.1, ROLLBACK),
        escape: rate(escape.0, escape.1, ESCAPE),
        other_rollback: rate(other_rollback.0, other_rollback.1, None),
        other_escape: rate(other_escape.0, other_escape.1, None),
    }
}

fn period(label: &str, since: &str, until: &str) -> Period {
    Period {
        label: label.into(),
        since: format!("{since}T00:00:00Z"),
        until: match until.contains('T') {
            true => until.into(),
            false => format!("{until}T00:00:00Z"),
        },
    }
}

fn spread(count: u64, median: f64, p90: f64) -> Spread {
    Spread { count, median_seconds: Some(median), p90_seconds: Some(p90) }
}

fn cohort(pulls: u64, immature: u64, rollback: Rate, escape: Rate, pace: f64) -> Cohort {
    let cycle = Cycle {
        to_first_review: spread(pulls - 9, 7_800.0 * pace, 61_000.0 * pace),
        to_approval: spread(pulls - 30, 31_500.0 * pace, 268_000.0 * pace),
        to_merge: spread(pulls, 88_000.0 * pace, 880_000.0 * pace),
    };
    Cohort { pulls, immature, rollback, escape, cycle }
}

fn group(name: &str, pulls: u64, rolled_back: u64, escaped: u64) -> Group {
    Group { name: name.into(), rollback: rate(rolled_back, pulls, ROLLBACK), escape: rate(escaped, pulls, ESCAPE) }
}

/// Two years of quarters: one exceeded, one empty, two met, unproven ones, and the current one, immature.
fn trend() -> Vec<Quarter> {
    vec![
        quarter("2025-Q2", "2025-04-01", "2025-07-01", false, [(12, 100), (5, 100), (9, 410), (2, 410)]),
        quarter("2025-Q3", "2025-07-01", "2025-10-01", false, [(0, 0), (0, 0), (4, 390), (0, 390)]),
        quarter("2025-Q4", "2025-10-01", "2026-01-01", false, [(1, 8), (0, 8), (7, 402), (1, 402)]),
        quarter("2026-Q1", "2026-01-01", "2026-04-01", false, [(0, 149), (0, 149), (3, 433), (1, 433)]),
        quarter("2026-Q2", "2026-04-01", "2026-07-01", false, [(4, 620), (0, 620), (6, 451), (2, 451)]),
        quarter("2026-Q3", "2026-07-01", "2026-09-16T12:30:00Z", true, [(3, 212), (1, 212), (5, 472), (2, 472)]),
    ]
}

/// What tries to be more than text.
pub(super) const HOSTILE: &str =
    "<script>alert(1)</script> | `x` **b** @everyone fixes #1 \u{1b}[31m\u{202e} https://evil.example ]]> \"'&";

fn rollbacks() -> Vec<Rollback> {
    let one = |number, title: &str, cohort, merged: &str, at: Option<&str>, evidence: &[&str]| Rollback {
        number,
        title: title.into(),
        cohort,
        merged_at: merged.into(),
        at: at.map(str::to_owned),
        revert: None,
        revert_commit: None,
        evidence: evidence.iter().map(|e| (*e).to_owned()).collect(),
    };
    let mut all = vec![
        one(
            1_204,
            "Cost from supplies, not from prices",
            CohortName::Llm,
            "2026-07-03T09:00:00Z",
            Some("2026-07-03T11:10:00Z"),
            &["reverts-number", "title"],
        ),
        one(1_288, HOSTILE, CohortName::Llm, "2026-07-20T09:00:00Z", Some("2026-08-02T15:00:00Z"), &["reverts-commit"]),
        one(1_301, "Tax of returned items", CohortName::Llm, "2026-08-01T09:00:00Z", None, &["record"]),
        one(
            1_322,
            &"Very long title ".repeat(16),
            CohortName::Other,
            "2026-08-04T09:00:00Z",
            Some("2026-08-07T10:00:00Z"),
            &["label"],
        ),
    ];
    all[0].revert = Some(1_205);
    all[1].revert_commit = Some("0123456789abcdef0123456789abcdef01234567".into());
    all[3].revert = Some(1_330);
    all
}

fn caught() -> Caught {
    let rule = |gate: &str, rule: Option<&str>, findings, pulls| RuleCaught {
        gate: gate.into(),
        rule: rule.map(str::to_owned),
        findings,
        pulls,
    };
    let remark = |number, by: Option<&str>, word: &str, line: &str| Remark {
        number,
        by: by.map(str::to_owned),
        at: "2026-07-14T08:00:00Z".into(),
        word: word.into(),
        line: line.into(),
    };
    Caught {
        by_rule: vec![
            rule("lineage_diff", Some("lineage_diff/re-sourced"), 14, 9),
            rule("row_count_diff", Some("row_count_diff/rows-multiplied"), 6, 5),
            rule("parse", None, 2, 2),
        ],
        recorded: 188,
        changes_requested: vec![1_204, 1_233, 1_260],
        remarks: vec![
            remark(1_233, Some("fay"), "hallucinat", "This column is hallucinated: there is no supplies.tax."),
            remark(1_240, Some("<b>@everyone</b>"), "wrong", HOSTILE),
            remark(1_251, None, "wrong", "wrong join key"),
        ],
        words: vec!["hallucinat".into(), "wrong".into(), "made up".into()],
    }
}

fn listed() -> Vec<Listed> {
    let one = |number, reason, detail: &str| Listed { number, reason, detail: detail.into() };
    vec![
        one(
            None,
            ListedAs::UnknownTarget,
            "commit 4f2a9c1 says `Revert \"hotfix\"`, and no pull request has this title",
        ),
        one(Some(1_190), ListedAs::LateRevert, "reverted by #1402 after 41 days"),
        one(Some(1_211), ListedAs::Relanded, "reverted by #1212, merged again as #1214 after 3 h 5 min"),
        one(Some(1_250), ListedAs::PartialRevert, HOSTILE),
        one(Some(1_266), ListedAs::Overridden, "`rollback:not` was set by @carla"),
    ]
}

/// Everything at once.
pub(super) fn sample() -> Budget {
    let (rollback, escape) = (rate(3, 212, ROLLBACK), rate(1, 212, ESCAPE));
    let difference = |value, low, high| Some(Difference { value, interval: Interval { low, high } });
    Budget {
        schema_version: BUDGET_VERSION,
        repository: "acme/shop".into(),
        branches: vec!["main".into()],
        period: period("2026-Q3", "2026-07-01", "2026-09-16T12:30:00Z"),
        as_of: "2026-09-16".into(),
        limits: Limits {
            rollback_rate: ROLLBACK,
            escape_rate: ESCAPE,
            window_days: 30.0,
            policy: "rowproof.yml".into(),
        },
        verdict: BudgetVerdict::Unproven,
        llm: cohort(212, 64, rollback, escape, 1.0),
        other: cohort(472, 150, rate(5, 472, None), rate(2, 472, None), 1.7),
        difference: Differences {
            rollback: difference(0.003_56, -0.012_1, 0.030_9),
            escape: difference(0.000_48, -0.010_9, 0.022),
        },
        adoption: Adoption {
            llm: 212,
            of: 684,
            rate: Some(212.0 / 684.0),
            bots: 40,
            docs_only: 12,
            undeclared: vec![1_219, 1_290],
        },
        trend: trend(),
        pooled: Some(Pooled {
            period: period("2025-Q4 to 2026-Q3", "2025-10-01", "2026-09-16T12:30:00Z"),
            rollback: rate(8, 989, ROLLBACK),
            escape: rate(1, 989, ESCAPE),
        }),
        caught: caught(),
        sla: Sla { within: vec![1_204], late: vec![1_288], unknown: vec![1_322] },
        outside_window: vec![1_222, 1_240],
        by_layer: vec![
            group("staging", 120, 0, 0),
            group("marts | `<b>`", 80, 3, 1),
            group("metrics", 0, 0, 0),
            group("none", 12, 0, 0),
        ],
        by_assistant: vec![
            group("claude-code:claude-opus-4-6", 150, 2, 1),
            group("copilot <img src=x> @everyone", 22, 1, 0),
        ],
        by_model: vec![group("orders", 31, 2, 1), group(&"customers_".repeat(20), 9, 1, 0), group("products", 4, 0, 0)],
        rollbacks: rollbacks(),
        escapes: vec![Escape {
            number: 1_260,
            title: "Orders `net` | gross".into(),
            cohort: CohortName::Llm,
            merged_at: "2026-07-22T09:00:00Z".into(),
            fixes: vec![1_311, 1_318],
            evidence: vec!["caused-by".into(), "label".into()],
        }],
        listed: listed(),
        candidates: vec![Candidate { number: 1_277, fix: 1_340, title: HOSTILE.into(), lines: 14 }],
        disagreements: vec![Disagreement {
            number: 1_299,
            about: "assisted".into(),
            detail: "the record says `claude-code`, the label `assisted-by:llm` is not set; the record counts".into(),
        }],
        notices: vec![
            "the built-in policy is used: the branch `main` has no rowproof.yml".into(),
            format!("not read: {HOSTILE}"),
        ],
    }
}

/// A period in which nothing was merged, without trend or promises.
pub(super) fn empty() -> Budget {
    let none = || rate(0, 0, None);
    let nothing = || Spread { count: 0, median_seconds: None, p90_seconds: None };
    let cycle = || Cycle { to_first_review: nothing(), to_approval: nothing(), to_merge: nothing() };
    let cohort = || Cohort { pulls: 0, immature: 0, rollback: none(), escape: none(), cycle: cycle() };
    let sample = sample();
    Budget {
        period: period("2026-07-01 to 2026-07-31", "2026-07-01", "2026-08-01"),
        limits: Limits { rollback_rate: None, escape_rate: None, ..sample.limits.clone() },
        verdict: BudgetVerdict::Met,
        llm: cohort(),
        other: cohort(),
        difference: Differences { rollback: None, escape: None },
        adoption: Adoption { llm: 0, of: 0, rate: None, bots: 0, docs_only: 0, undeclared: Vec::new() },
        trend: Vec::new(),
        pooled: None,
        caught: Caught {
            by_rule: Vec::new(),
            recorded: 0,
            changes_requested: Vec::new(),
            remarks: Vec::new(),
            words: sample.caught.words.clone(),
        },
        sla: Sla { within: Vec::new(), late: Vec::new(), unknown: Vec::new() },
        outside_window: Vec::new(),
        by_layer: Vec::new(),
        by_assistant: Vec::new(),
        by_model: Vec::new(),
        rollbacks: Vec::new(),
        escapes: Vec::new(),
        listed: Vec::new(),
        candidates: Vec::new(),
        disagreements: Vec::new(),
        notices: Vec::new(),
        ..sample
    }
}

/// The period alone: one month, no trend.
pub(super) fn month() -> Budget {
    let mut budget = sample();
    budget.period = period("2026-07-01 to 2026-07-31", "2026-07-01", "2026-08-01");
    (budget.trend, budget.pooled) = (Vec::new(), None);
    budget
}
