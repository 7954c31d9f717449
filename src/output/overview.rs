//! What all faces tell of a report in the same words: gates in order, verdict per pair, counts, reasons, the last line.

use crate::finding::{Finding, Severity};
use crate::report::{ChangeKind, Equivalence, Outcome, Report, Verdict};
use indexmap::IndexMap;
use std::collections::{BTreeMap, BTreeSet};

/// The sign of a verdict; it always stands beside the word.
pub fn symbol(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "✓",
        Verdict::Warn => "!",
        Verdict::Fail => "✗",
        Verdict::Skip => "–",
        Verdict::Error => "?",
    }
}

/// The word of a severity.
pub fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

/// What a finding is about: `model.column`, or the model.
pub fn target(finding: &Finding) -> String {
    match &finding.column {
        Some(column) => format!("{}.{column}", finding.model),
        None => finding.model.clone(),
    }
}

/// The findings, worst first, in their own order otherwise. A report of our own has them so already.
pub fn worst_first(report: &Report) -> Vec<&Finding> {
    let mut all: Vec<&Finding> = report.findings.iter().collect();
    all.sort_by_key(|f| std::cmp::Reverse(f.severity));
    all
}

/// Why the trusted policy leaves the finding alone, when it does. Only a note is suppressed: the word alone hides
/// nothing.
pub fn suppressed(finding: &Finding) -> Option<&str> {
    let why = finding.evidence.get("suppressed")?.as_str()?;
    (finding.severity == Severity::Note).then_some(why)
}

/// The gates of the report in an order that every model's outcomes agree with.
pub fn gates(report: &Report) -> Vec<&str> {
    let mut order: Vec<&str> = Vec::new();
    let mut model = None;
    let mut at = 0;
    for outcome in &report.outcomes {
        if model != Some(outcome.model.as_str()) {
            (model, at) = (Some(outcome.model.as_str()), 0);
        }
        // Most models are asked the same gates: the next one is where the last model had it.
        let next = (order.get(at) == Some(&outcome.gate.as_str())).then_some(at);
        at = match next.or_else(|| order.iter().position(|g| *g == outcome.gate)) {
            Some(position) => position + 1,
            None => {
                order.insert(at, &outcome.gate);
                at + 1
            }
        };
    }
    order
}

/// A line of the table of models and gates.
pub struct Row<'a> {
    /// Model.
    pub model: &'a str,
    /// Layer, where the change is known.
    pub layer: &'a str,
    /// What happened, in words.
    pub change: String,
    /// Verdict per gate of [`gates`]; `None` when the gate was not asked.
    pub verdicts: Vec<Option<Verdict>>,
}

/// One row per changed model, then per model that only outcomes name.
pub fn rows<'a>(report: &'a Report, gates: &[&str]) -> Vec<Row<'a>> {
    let mut by_pair: BTreeMap<(&str, &str), Verdict> = BTreeMap::new();
    for outcome in &report.outcomes {
        // Two models of one name (of two packages): the worse is shown.
        let verdict = by_pair.entry((&outcome.model, &outcome.gate)).or_insert(outcome.verdict);
        *verdict = worse(*verdict, outcome.verdict);
    }
    let verdicts = |model: &str| gates.iter().map(|g| by_pair.get(&(model, *g)).copied()).collect();
    let mut rows: Vec<Row<'a>> = Vec::new();
    let mut seen = BTreeSet::new();
    for change in &report.changes {
        seen.insert(change.model.as_str());
        let words = change_words(change.kind, change.equivalence);
        rows.push(Row { model: &change.model, layer: &change.layer, change: words, verdicts: verdicts(&change.model) });
    }
    for outcome in &report.outcomes {
        if seen.insert(outcome.model.as_str()) {
            let model = outcome.model.as_str();
            rows.push(Row { model, layer: "", change: String::new(), verdicts: verdicts(model) });
        }
    }
    rows
}

fn worse(a: Verdict, b: Verdict) -> Verdict {
    let rank = |v| match v {
        Verdict::Pass => 0,
        Verdict::Skip => 1,
        Verdict::Warn => 2,
        Verdict::Fail => 3,
        Verdict::Error => 4,
    };
    if rank(b) > rank(a) { b } else { a }
}

fn change_words(kind: ChangeKind, equivalence: Equivalence) -> String {
    match (kind, equivalence) {
        (ChangeKind::Added, _) => "added".to_owned(),
        (ChangeKind::Removed, _) => "removed".to_owned(),
        (ChangeKind::Modified, Equivalence::Identical) => "same text".to_owned(),
        (ChangeKind::Modified, Equivalence::Equivalent) => "equivalent".to_owned(),
        (ChangeKind::Modified, _) => "modified".to_owned(),
        (ChangeKind::Moved, Equivalence::Identical) => "moved".to_owned(),
        (ChangeKind::Moved, Equivalence::Equivalent) => "moved, equivalent".to_owned(),
        (ChangeKind::Moved, _) => "moved, modified".to_owned(),
    }
}

/// Findings by severity in words (`2 errors, 1 warning`), or `no findings`.
pub fn finding_counts(report: &Report) -> String {
    let count = |s| report.findings.iter().filter(|f| f.severity == s).count();
    let parts: Vec<String> = [Severity::Error, Severity::Warning, Severity::Note]
        .into_iter()
        .filter(|s| count(*s) > 0)
        .map(|s| plural(count(s), severity_word(s)))
        .collect();
    if parts.is_empty() { "no findings".to_owned() } else { parts.join(", ") }
}

/// `1 model`, `2 models`.
pub fn plural(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

/// Outcomes with the same verdict and reason: what could not be told, and what was not checked.
pub struct Reason<'a> {
    /// `error` or `skip`.
    pub verdict: Verdict,
    /// Gates, in the order of the report.
    pub gates: Vec<&'a str>,
    /// The reason.
    pub reason: &'a str,
    /// Models, in the order of the report; every gate named says it of every model named.
    pub models: Vec<&'a str>,
}

/// The reasons of all errors, then of all skips, each once.
pub fn reasons(report: &Report) -> Vec<Reason<'_>> {
    let mut by_gate: IndexMap<(Verdict, &str, &str), Vec<&str>> = IndexMap::new();
    for verdict in [Verdict::Error, Verdict::Skip] {
        for outcome in report.outcomes.iter().filter(|o| o.verdict == verdict) {
            by_gate.entry((verdict, reason_of(outcome), &outcome.gate)).or_default().push(&outcome.model);
        }
    }
    let mut joined: IndexMap<(Verdict, &str, Vec<&str>), Vec<&str>> = IndexMap::new();
    for ((verdict, reason, gate), models) in by_gate {
        joined.entry((verdict, reason, models)).or_default().push(gate);
    }
    let reason = |((verdict, reason, models), gates)| Reason { verdict, gates, reason, models };
    joined.into_iter().map(reason).collect()
}

/// The reason without the model's own name before it: that is told anyway.
fn reason_of(outcome: &Outcome) -> &str {
    match outcome.reason.as_deref() {
        Some(reason) if !reason.is_empty() => {
            reason.strip_prefix(outcome.model.as_str()).and_then(|rest| rest.strip_prefix(": ")).unwrap_or(reason)
        }
        _ if !outcome.summary.is_empty() => &outcome.summary,
        _ => "no reason given",
    }
}

/// A commit in short; other words as they are.
pub fn short_sha(sha: &str) -> &str {
    if sha.len() >= 12 && sha.bytes().all(|b| b.is_ascii_hexdigit()) { &sha[..7] } else { sha }
}

/// The last line: what failed, where, and the exit code.
pub fn closing(report: &Report) -> String {
    let total = report.changes.len();
    let with = |verdict: Verdict| {
        let of: Vec<&Outcome> = report.outcomes.iter().filter(|o| o.verdict == verdict).collect();
        let gates: BTreeSet<&str> = of.iter().map(|o| o.gate.as_str()).collect();
        let models: BTreeSet<&str> = of.iter().map(|o| o.model.as_str()).collect();
        (gates.len(), models.len())
    };
    let mut parts = Vec::new();
    for (verdict, words) in
        [(Verdict::Fail, "failed on"), (Verdict::Error, "could not decide on"), (Verdict::Warn, "warned on")]
    {
        let (gates, models) = with(verdict);
        if gates > 0 {
            parts.push(format!("{} {words} {models} of {}", plural(gates, "gate"), plural(total, "changed model")));
        }
    }
    let broken = report.notices.iter().filter(|n| n.severity == Severity::Error).count();
    if broken > 0 {
        parts.push(format!("the run itself has {}", plural(broken, "error")));
    }
    if parts.is_empty() {
        parts.push(match (total, report.verdict) {
            (0, Verdict::Pass) => "no model changed".to_owned(),
            (_, Verdict::Pass) => format!("every gate passed on {}", plural(total, "changed model")),
            (_, Verdict::Warn) => format!("passed with warnings on {}", plural(total, "changed model")),
            (_, Verdict::Fail) => "the run failed".to_owned(),
            (_, Verdict::Skip | Verdict::Error) => "could not decide".to_owned(),
        });
        let (skipped, models) = with(Verdict::Skip);
        if skipped > 0 {
            parts.push(format!("{} had nothing to check or skipped on {models}", plural(skipped, "gate")));
        }
    }
    format!("{}; exit {}", parts.join(", "), report.exit_code())
}
