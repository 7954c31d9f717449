//! From what a gate found to its outcome, and from all outcomes to the verdict.

use super::Inputs;
use crate::finding::{Finding, Severity};
use crate::gates::{Change, Checked, Context, Gate};
use crate::policy::{Layer, Suppression};
use crate::report::{Notice, Outcome, Verdict};
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

/// The outcome of one gate on one model, with its findings.
pub(super) struct Judged {
    /// The outcome.
    pub outcome: Outcome,
    /// The findings, weighed by the policy.
    pub findings: Vec<Finding>,
}

/// Runs one gate on one change. A gate that crashes is an `error` of this pair, never of the run.
pub(super) fn judge(
    gate_id: &str,
    gate: &dyn Gate,
    change: &Change<'_>,
    layer: &Layer,
    cx: &Context<'_>,
    inputs: &Inputs<'_>,
) -> Judged {
    let start = Instant::now();
    let checked = catch_unwind(AssertUnwindSafe(|| gate.check(change, cx)))
        .unwrap_or_else(|_| Err(anyhow::anyhow!("the gate crashed; please report this as a bug of rowproof")));
    weigh(gate_id, checked, &change.model().name, layer, inputs, start.elapsed().as_millis() as u64)
}

/// Applies the policy's severities and suppressions, and decides the pair's verdict.
pub(super) fn weigh(
    gate_id: &str,
    checked: anyhow::Result<Checked>,
    model: &str,
    layer: &Layer,
    inputs: &Inputs<'_>,
    ms: u64,
) -> Judged {
    let outcome = |verdict, reason, summary: String, evidence| Outcome {
        gate: gate_id.to_owned(),
        model: model.to_owned(),
        verdict,
        reason,
        summary,
        evidence,
        ms,
    };
    let checked = match checked {
        Ok(checked) => checked,
        Err(error) => {
            let reason = format!("{error:#}");
            let outcome = outcome(Verdict::Error, Some(reason), "could not tell".to_owned(), serde_json::Map::new());
            return Judged { outcome, findings: Vec::new() };
        }
    };
    let findings: Vec<Finding> = checked
        .findings
        .into_iter()
        .map(|mut finding| {
            finding.model = model.to_owned();
            finding.layer.clone_from(&layer.name);
            if let Some(severity) = inputs.policy.severity.get(&finding.rule) {
                finding.severity = *severity;
            }
            suppressed(finding, &inputs.policy.suppress, inputs.today)
        })
        .collect();
    let worst = findings.iter().map(|f| f.severity).max();
    let (verdict, reason) = match (worst, checked.skipped) {
        (Some(Severity::Error), _) => (Verdict::Fail, None),
        (Some(Severity::Warning), _) => (Verdict::Warn, None),
        (_, Some(reason)) => (Verdict::Skip, Some(reason)),
        _ => (Verdict::Pass, None),
    };
    Judged { outcome: outcome(verdict, reason, checked.summary, checked.evidence), findings }
}

/// A finding that the trusted policy suppresses stays in the report, as a note that says why.
fn suppressed(mut finding: Finding, all: &[Suppression], today: jiff::civil::Date) -> Finding {
    let matching = all.iter().find(|s| {
        s.rule == finding.rule
            && s.model == finding.model
            && s.expires >= today
            && s.column.as_ref().is_none_or(|c| finding.column.as_ref().is_some_and(|f| f.eq_ignore_ascii_case(c)))
    });
    if let Some(s) = matching {
        finding.severity = Severity::Note;
        let why = format!("{} ({}, until {})", s.reason, s.owner, s.expires);
        finding.evidence.insert("suppressed".to_owned(), why.into());
    }
    finding
}

/// Fills every fingerprint; findings that share rule, model, column and path are told apart by their message.
pub(super) fn fingerprinted(findings: Vec<Finding>) -> Vec<Finding> {
    let mut seen: BTreeMap<(String, String, Option<String>, String), usize> = BTreeMap::new();
    findings
        .into_iter()
        .map(|f| {
            let key = (f.rule.clone(), f.model.clone(), f.column.clone(), without_digits(&f.message));
            let nth = seen.entry(key.clone()).or_default();
            *nth += 1;
            let discriminator = format!("{}#{nth}", key.3);
            f.fingerprinted(&discriminator)
        })
        .collect()
}

/// Counts and line numbers in a message change without the defect changing.
fn without_digits(message: &str) -> String {
    message.chars().filter(|c| !c.is_ascii_digit()).collect()
}

/// The verdict of the run. `error` (could not decide) outweighs `fail`, save where the error only follows from a
/// failure that the report already shows for that model (SQL that does not parse or compile has no rows to count).
pub(super) fn run_verdict(judged: &[Judged], notices: &[Notice]) -> Verdict {
    let broken: BTreeSet<&str> = judged
        .iter()
        .filter(|j| {
            j.outcome.verdict == Verdict::Fail && matches!(j.outcome.gate.as_str(), "parse" | "compile" | "safety")
        })
        .map(|j| j.outcome.model.as_str())
        .collect();
    let undecided =
        judged.iter().any(|j| j.outcome.verdict == Verdict::Error && !broken.contains(j.outcome.model.as_str()));
    if undecided || notices.iter().any(|n| n.severity == Severity::Error) {
        return Verdict::Error;
    }
    let has = |verdict| judged.iter().any(|j| j.outcome.verdict == verdict);
    if has(Verdict::Fail) {
        Verdict::Fail
    } else if has(Verdict::Warn) {
        Verdict::Warn
    } else {
        Verdict::Pass
    }
}
