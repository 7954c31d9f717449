//! What the budget command found: read by every output. Data only; rates are fractions (0.02 = 2%), times RFC 3339 in
//! UTC, durations seconds.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Version of the shape.
pub const BUDGET_VERSION: u32 = 1;

/// The hallucination budget of one period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// [`BUDGET_VERSION`].
    pub schema_version: u32,
    /// `owner/name`.
    pub repository: String,
    /// Branches whose merges count.
    pub branches: Vec<String>,
    /// The period.
    pub period: Period,
    /// Day on which it was counted (`2026-11-25`); what is younger than `window_days` on it is immature.
    pub as_of: String,
    /// What was promised.
    pub limits: Limits,
    /// The worse of the two verdicts on the LLM-assisted cohort.
    pub verdict: BudgetVerdict,
    /// LLM-assisted pull requests.
    pub llm: Cohort,
    /// The others, without bots and documentation.
    pub other: Cohort,
    /// LLM-assisted less others: fractions, with the 95% interval of Newcombe's method 10.
    pub difference: Differences,
    /// How much of the work is LLM-assisted. At least: nothing shows what nobody declares.
    pub adoption: Adoption,
    /// Calendar quarters up to that of the period's end, oldest first; empty where none were asked for.
    pub trend: Vec<Quarter>,
    /// The last four quarters of the trend together; `None` with fewer.
    pub pooled: Option<Pooled>,
    /// Findings on LLM-assisted pull requests before the merge.
    pub caught: Caught,
    /// Rollbacks of LLM-assisted pull requests within their layer's time.
    pub sla: Sla,
    /// LLM-assisted pull requests that were merged outside their merge window.
    pub outside_window: Vec<u64>,
    /// LLM-assisted pull requests by the strictest layer that each touches, in the order of the policy, then `none`.
    pub by_layer: Vec<Group>,
    /// LLM-assisted pull requests by tool and language model, as records tell, the most used first. One with several counts in each.
    pub by_assistant: Vec<Group>,
    /// LLM-assisted pull requests by SQL model that they change, those with rollbacks or escapes first, then the most
    /// changed; at most 50.
    pub by_model: Vec<Group>,
    /// Pull requests of both cohorts that were rolled back, by number.
    pub rollbacks: Vec<Rollback>,
    /// Pull requests of both cohorts that let a defect escape, by number.
    pub escapes: Vec<Escape>,
    /// What looks like a rollback or an escape, or was one, and is not counted; by number.
    pub listed: Vec<Listed>,
    /// Fixes whose lines blame to a pull request of the period: to be confirmed with the label `escape`, or refused with
    /// `escape:not`.
    pub candidates: Vec<Candidate>,
    /// Where records and labels say different things; the record counts.
    pub disagreements: Vec<Disagreement>,
    /// What a reader must know: parts that could not be read, a built-in policy, ...
    pub notices: Vec<String>,
}

/// A span of time, `since` included and `until` not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Period {
    /// `2026-Q3` for a quarter, else the first and last day (`2026-07-01 to 2026-07-31`).
    pub label: String,
    /// First moment.
    pub since: String,
    /// First moment after it.
    pub until: String,
}

/// What the policy promises.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Most pull requests that may be rolled back, a fraction.
    pub rollback_rate: Option<f64>,
    /// Most pull requests that may let a defect escape, a fraction.
    pub escape_rate: Option<f64>,
    /// How long after its merge a rollback counts, in days.
    pub window_days: f64,
    /// The policy that says so.
    pub policy: String,
}

/// What the bounds prove about a rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum BudgetVerdict {
    /// The upper bound lies within the budget.
    Met,
    /// Neither bound decides.
    Unproven,
    /// The lower bound lies above the budget.
    Exceeded,
}

impl BudgetVerdict {
    /// The word as in the JSON.
    pub fn word(self) -> &'static str {
        match self {
            BudgetVerdict::Met => "met",
            BudgetVerdict::Unproven => "unproven",
            BudgetVerdict::Exceeded => "exceeded",
        }
    }
}

/// Pull requests that are counted together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cohort {
    /// How many.
    pub pulls: u64,
    /// How many of them are younger than the window, so that they may still be rolled back.
    pub immature: u64,
    /// How many were rolled back.
    pub rollback: Rate,
    /// How many let a defect escape.
    pub escape: Rate,
    /// How long they took.
    pub cycle: Cycle,
}

/// A rate and what it proves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// Of those, how many.
    pub count: u64,
    /// All.
    pub of: u64,
    /// `count / of`; `None` of none.
    pub rate: Option<f64>,
    /// Two-sided 95% Clopper-Pearson interval.
    pub interval: Interval,
    /// One-sided 95% Clopper-Pearson bounds, each by itself: what the verdict stands on.
    pub bounds: Interval,
    /// What was promised; `None` = nothing was, or not of this cohort.
    pub budget: Option<f64>,
    /// `None` without a budget.
    pub verdict: Option<BudgetVerdict>,
    /// How many more pull requests, none of them bad, would prove that the budget is met; `None` where it is met, or
    /// nothing was promised, or none would do (a budget of 0).
    pub needed: Option<u64>,
    /// Share of the budget that is used: `count / (budget * of)`; `None` without a budget, or of none.
    pub burnt: Option<f64>,
}

/// Low and high end.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Interval {
    /// Low end.
    pub low: f64,
    /// High end.
    pub high: f64,
}

/// Differences of rates between the cohorts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Differences {
    /// Of the rollback rates; `None` where a cohort is empty.
    pub rollback: Option<Difference>,
    /// Of the escape rates; `None` where a cohort is empty.
    pub escape: Option<Difference>,
}

/// A difference of two rates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Difference {
    /// LLM-assisted less others.
    pub value: f64,
    /// 95%, by Newcombe.
    pub interval: Interval,
}

/// How long pull requests took, from when they were opened, or ready where they began as drafts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cycle {
    /// To the first review by a person other than the author.
    pub to_first_review: Spread,
    /// To the first approval by a person other than the author.
    pub to_approval: Spread,
    /// To the merge.
    pub to_merge: Spread,
}

/// Durations of a group, quantiles by linear interpolation (type 7 of Hyndman and Fan, as numpy and DuckDB's
/// `quantile_cont`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spread {
    /// How many have one.
    pub count: u64,
    /// Median, in seconds.
    pub median_seconds: Option<f64>,
    /// 90th percentile, in seconds.
    pub p90_seconds: Option<f64>,
}

/// How much is LLM-assisted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Adoption {
    /// LLM-assisted.
    pub llm: u64,
    /// LLM-assisted and others, without bots and documentation.
    pub of: u64,
    /// `llm / of`; `None` of none.
    pub rate: Option<f64>,
    /// Left out of both: opened by a bot that is no coding agent, or by one whose work nobody declares.
    pub bots: u64,
    /// Left out of both: nothing but documentation changed.
    pub docs_only: u64,
    /// Opened by a coding agent, and neither labelled nor recorded as LLM-assisted; among `bots`.
    pub undeclared: Vec<u64>,
}

/// One calendar quarter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Quarter {
    /// The quarter, cut off at the period's end and at the day of the count.
    pub period: Period,
    /// Part of it is younger than the window, or it has not ended: its rates may still rise.
    pub immature: bool,
    /// LLM-assisted: rolled back.
    pub rollback: Rate,
    /// LLM-assisted: let a defect escape.
    pub escape: Rate,
    /// Others: rolled back.
    pub other_rollback: Rate,
    /// Others: let a defect escape.
    pub other_escape: Rate,
}

/// Several quarters together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pooled {
    /// From the first to the last.
    pub period: Period,
    /// LLM-assisted: rolled back.
    pub rollback: Rate,
    /// LLM-assisted: let a defect escape.
    pub escape: Rate,
}

/// What was found before the merge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Caught {
    /// By gates, as records tell, the most frequent first.
    pub by_rule: Vec<RuleCaught>,
    /// LLM-assisted pull requests with a record: what `by_rule` stands on.
    pub recorded: u64,
    /// Pull requests on which a person asked for changes before the merge.
    pub changes_requested: Vec<u64>,
    /// Comments and reviews that hold one of the policy's words.
    pub remarks: Vec<Remark>,
    /// The words.
    pub words: Vec<String>,
}

/// One rule, or one gate where records tell no rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleCaught {
    /// Gate.
    pub gate: String,
    /// Rule (`gate/rule-name`); `None` where the record tells only that the gate failed.
    pub rule: Option<String>,
    /// Findings: of each pull request the most that one of its heads had.
    pub findings: u64,
    /// Pull requests.
    pub pulls: u64,
}

/// A comment that holds one of the words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Remark {
    /// Pull request.
    pub number: u64,
    /// Who; `None` = the account is gone.
    pub by: Option<String>,
    /// When.
    pub at: String,
    /// The first of the words that it holds.
    pub word: String,
    /// The line that holds it, cut off at 200 characters.
    pub line: String,
}

/// Rollbacks against the time that a layer allows: from the label `rollback` where it was set before the revert was merged,
/// else from the merge, until the revert was merged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sla {
    /// In time.
    pub within: Vec<u64>,
    /// Late.
    pub late: Vec<u64>,
    /// Labelled `rollback`, and no revert is known.
    pub unknown: Vec<u64>,
}

/// Pull requests that have something in common.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// What.
    pub name: String,
    /// Rolled back.
    pub rollback: Rate,
    /// Let a defect escape.
    pub escape: Rate,
}

/// Who counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CohortName {
    /// LLM-assisted.
    Llm,
    /// The others.
    Other,
}

/// A pull request that was rolled back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rollback {
    /// Pull request.
    pub number: u64,
    /// Its title.
    pub title: String,
    /// Cohort.
    pub cohort: CohortName,
    /// When it was merged.
    pub merged_at: String,
    /// When it was rolled back: the revert was merged, or the label was set.
    pub at: Option<String>,
    /// The pull request that reverted it.
    pub revert: Option<u64>,
    /// The commit that reverted it, where no pull request brought it.
    pub revert_commit: Option<String>,
    /// What tells so: `reverts-number`, `reverts-commit`, `title`, `label`, `record`; sorted.
    pub evidence: Vec<String>,
}

/// A pull request that let a defect escape.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Escape {
    /// Pull request.
    pub number: u64,
    /// Its title.
    pub title: String,
    /// Cohort.
    pub cohort: CohortName,
    /// When it was merged.
    pub merged_at: String,
    /// Fixes that name it with `Caused-by:`, pull requests.
    pub fixes: Vec<u64>,
    /// What tells so: `label`, `caused-by`, `record`; sorted.
    pub evidence: Vec<String>,
}

/// Why something is listed and not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ListedAs {
    /// A part of it was reverted.
    PartialRevert,
    /// It was reverted after the window.
    LateRevert,
    /// It was labelled `rollback` after the window, or before its merge.
    LateLabel,
    /// It was reverted, and merged again within 24 hours.
    Relanded,
    /// The label was taken away again.
    LabelWithdrawn,
    /// A person set `rollback:not` or `escape:not`.
    Overridden,
    /// It lost the label that declares a language model after its merge.
    NoLongerDeclared,
    /// A revert whose target nobody can tell.
    UnknownTarget,
}

/// Something that is listed and not counted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Listed {
    /// Pull request; `None` = a commit that no pull request brought.
    pub number: Option<u64>,
    /// Why.
    pub reason: ListedAs,
    /// In words.
    pub detail: String,
}

/// A fix whose lines blame to a pull request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Candidate {
    /// The pull request that may have let a defect through.
    pub number: u64,
    /// The fix.
    pub fix: u64,
    /// Title of the fix.
    pub title: String,
    /// Lines that the fix changed and that this pull request had written.
    pub lines: u64,
}

/// Record and labels disagree.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Disagreement {
    /// Pull request.
    pub number: u64,
    /// On what: `assisted`, `rollback`, `escape`, `window`, `record` (two records of one merge differ).
    pub about: String,
    /// In words: what each says, and which counts.
    pub detail: String,
}
