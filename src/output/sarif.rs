//! The report as SARIF 2.1.0, within what GitHub's code scanning takes.

use super::escape::{clip, terminal};
use super::overview::{self, plural, worst_first};
use super::place::{Region, inside, of_notice};
use super::rule;
use crate::finding::{Finding, Location, Severity};
use crate::gates::GATES;
use crate::report::{Notice, Outcome, Report, Verdict};
use anyhow::{Context as _, Result};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// Most results that are written. GitHub refuses more than 25,000 results or rules and shows the worst 5,000.
const RESULTS: usize = 20_000;
/// Characters of a message.
const MESSAGE: usize = 2_000;
/// Characters of an id or a name.
const NAME: usize = 250;
/// Bytes of a finding's evidence.
const EVIDENCE: usize = 2_000;
/// The rule of outcomes that could not be decided.
const UNDECIDED: &str = "rowproof/undecided";
/// The rule of notices about the run itself.
const NOTICE: &str = "rowproof/notice";

/// The whole file; ends with a newline. What made the run undecided comes first, then the findings, worst first; what
/// is left out is counted in a notification.
///
/// # Errors
/// None in practice: a report holds only what JSON can.
pub fn render(report: &Report) -> Result<String> {
    let mut rules = Rules::of_the_gates();
    let undecided = report.outcomes.iter().filter(|o| o.verdict == Verdict::Error);
    let broken = report.notices.iter().filter(|n| n.severity == Severity::Error);
    let found = worst_first(report);
    let total = undecided.clone().count() + broken.clone().count() + found.len();
    let mut results: Vec<Value> =
        broken.take(RESULTS / 4).map(|n| of_notice_result(n, report, &mut rules)).collect::<Vec<_>>();
    results.extend(undecided.take(RESULTS / 4).map(|o| of_outcome(o, report, &mut rules)));
    let room = RESULTS - results.len();
    results.extend(found.into_iter().take(room).map(|f| of_finding(f, report, &mut rules)));
    let left_out = total - results.len();
    let sarif = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": name(&report.tool.name),
                "version": name(&report.tool.version),
                "rules": rules.list,
            }},
            // What stands before the last slash is the category: uploads of two projects do not replace each other.
            "automationDetails": {"id": format!("rowproof/{}/", name(&report.project.name))},
            "columnKind": "unicodeCodePoints",
            "invocations": [invocation(report, left_out)],
            "results": results,
            "properties": {
                "verdict": report.verdict.word(),
                "base": name(&report.base.sha),
                "head": name(&report.head.sha),
                "policy": name(&report.policy.path),
            },
        }],
    });
    let mut text = serde_json::to_string_pretty(&sarif).context("writing the report as SARIF")?;
    text.push('\n');
    Ok(text)
}

/// The rules, each with its place in the list.
struct Rules {
    list: Vec<Value>,
    index: HashMap<String, usize>,
}

impl Rules {
    fn of_the_gates() -> Self {
        let mut rules = Rules { list: Vec::new(), index: HashMap::new() };
        for gate in GATES {
            for rule in gate.rules {
                rules.add(rule.id, rule.what, rule.help, gate.id);
            }
        }
        let help = "remove the reason that the result names and run again: what was not checked has not passed";
        rules.add(UNDECIDED, "A gate could not decide.", help, "rowproof");
        rules.add(NOTICE, "Something about the run itself that a reader must know.", help, "rowproof");
        rules
    }

    fn add(&mut self, id: &str, what: &str, help: &str, tag: &str) -> usize {
        let at = self.list.len();
        self.list.push(json!({
            "id": id,
            "shortDescription": {"text": what},
            "fullDescription": {"text": format!("{} {}", what.trim(), help.trim()).trim()},
            "help": {"text": if help.is_empty() { what } else { help }},
            "properties": {"tags": [tag]},
        }));
        self.index.insert(id.to_owned(), at);
        at
    }

    /// The rule's place; one that this version does not know is added by its id.
    fn at(&mut self, id: &str) -> usize {
        match self.index.get(id) {
            Some(at) => *at,
            None => self.add(id, id, "", "unknown"),
        }
    }
}

fn of_finding(finding: &Finding, report: &Report, rules: &mut Rules) -> Value {
    let id = name(&finding.rule);
    let todo = rule::to_do(finding);
    let text = match todo.is_empty() {
        true => finding.message.clone(),
        false => format!("{}. What to do: {todo}", finding.message),
    };
    let known = finding.location.as_ref().filter(|l| inside(&l.path));
    let location = match known {
        Some(location) => place(location),
        None => file(&path_of(&finding.model, report)),
    };
    let mut result = result(&id, rules.at(&id), finding.severity, &text, location);
    if !finding.fingerprint.is_empty() {
        result["partialFingerprints"] = json!({"rowproofFingerprint/v1": name(&finding.fingerprint)});
    }
    if let Some(why) = overview::suppressed(finding) {
        result["suppressions"] = json!([{"kind": "external", "justification": clip(&terminal(why), MESSAGE)}]);
    }
    let mut properties = Map::new();
    properties.insert("gate".to_owned(), name(&finding.gate).into());
    properties.insert("model".to_owned(), name(&finding.model).into());
    if let Some(column) = &finding.column {
        properties.insert("column".to_owned(), name(column).into());
    }
    properties.insert("layer".to_owned(), name(&finding.layer).into());
    properties.extend(evidence(finding));
    result["properties"] = properties.into();
    result
}

/// The evidence that is small, and how much is left out.
fn evidence(finding: &Finding) -> Map<String, Value> {
    let (mut kept, mut used, mut out) = (Map::new(), 0, 0);
    for (key, value) in &finding.evidence {
        let size = key.len() + value.to_string().len();
        if used + size > EVIDENCE {
            out += 1;
            continue;
        }
        used += size;
        kept.insert(key.clone(), value.clone());
    }
    let mut all = Map::new();
    if !kept.is_empty() {
        all.insert("evidence".to_owned(), kept.into());
    }
    if out > 0 {
        all.insert("evidenceLeftOut".to_owned(), out.into());
    }
    all
}

fn of_outcome(outcome: &Outcome, report: &Report, rules: &mut Rules) -> Value {
    let text = format!("{} could not decide on {}: {}", outcome.gate, outcome.model, reason(outcome));
    let location = file(&path_of(&outcome.model, report));
    let mut result = result(UNDECIDED, rules.at(UNDECIDED), Severity::Error, &text, location);
    result["properties"] = json!({"gate": name(&outcome.gate), "model": name(&outcome.model)});
    result
}

fn of_notice_result(notice: &Notice, report: &Report, rules: &mut Rules) -> Value {
    let location = match of_notice(&notice.place) {
        Some((path, line)) => physical(path, json!({"startLine": line})),
        None => file(&path_of("", report)),
    };
    result(NOTICE, rules.at(NOTICE), notice.severity, &notice_text(notice), location)
}

fn notice_text(notice: &Notice) -> String {
    if notice.place.is_empty() { notice.message.clone() } else { format!("{}: {}", notice.place, notice.message) }
}

fn reason(outcome: &Outcome) -> &str {
    outcome.reason.as_deref().filter(|r| !r.is_empty()).unwrap_or(&outcome.summary)
}

fn result(rule: &str, index: usize, severity: Severity, text: &str, location: Value) -> Value {
    json!({
        "ruleId": rule,
        "ruleIndex": index,
        "level": level(severity),
        "message": {"text": message(text)},
        "locations": [location],
    })
}

/// The run: whether it could decide, and what it has to say of itself.
fn invocation(report: &Report, left_out: usize) -> Value {
    let mut told: Vec<Value> = Vec::new();
    if left_out > 0 {
        let text = format!("{} are in the JSON report only", plural(left_out, "more result"));
        told.push(json!({"level": "warning", "message": {"text": text}}));
    }
    // As many as there can be results; the JSON report has all.
    for notice in report.notices.iter().take(RESULTS) {
        let text = message(&notice_text(notice));
        told.push(json!({"level": level(notice.severity), "message": {"text": text}}));
    }
    for reason in overview::reasons(report).into_iter().take(RESULTS) {
        let (level, word) = match reason.verdict {
            Verdict::Error => ("error", "could not decide on"),
            _ => ("note", "did not check"),
        };
        let more = match reason.models.len().saturating_sub(20) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let models: Vec<&str> = reason.models.iter().take(20).copied().collect();
        let text = format!("{} {word} {}{more}: {}", reason.gates.join(", "), models.join(", "), reason.reason);
        told.push(json!({"level": level, "message": {"text": message(&text)}}));
    }
    json!({
        "executionSuccessful": !matches!(report.verdict, Verdict::Error | Verdict::Skip),
        "exitCode": report.exit_code(),
        "toolExecutionNotifications": told,
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

fn place(location: &Location) -> Value {
    let region = Region::of(location);
    let mut shown = json!({"startLine": region.line});
    if let Some((start, end)) = region.columns {
        shown = json!({
            "startLine": region.line, "startColumn": start, "endLine": region.end_line, "endColumn": end
        });
    }
    physical(&location.path, shown)
}

/// A whole file: GitHub wants a line.
fn file(path: &str) -> Value {
    physical(path, json!({"startLine": 1}))
}

fn physical(path: &str, region: Value) -> Value {
    json!({"physicalLocation": {
        "artifactLocation": {"uri": uri(path), "uriBaseId": "%SRCROOT%"},
        "region": region,
    }})
}

/// The model's file; without one, the policy: GitHub takes no result without a file.
fn path_of(model: &str, report: &Report) -> String {
    let of_model = report.changes.iter().find(|c| c.model == model).map(|c| c.path.as_str());
    let candidates = of_model.into_iter().chain([report.policy.path.as_str()]);
    let real = |path: &&str| inside(path) && !path.starts_with("built-in:");
    candidates.into_iter().find(real).unwrap_or("rowproof.yml").to_owned()
}

/// The path as a relative URI.
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => out.push(char::from(byte)),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// Plain text that cannot be read as a SARIF link (`[text](target)`).
fn message(text: &str) -> String {
    let text = clip(&terminal(text), MESSAGE);
    if text.contains("](") { text.replace('\\', "\\\\").replace('[', "\\[").replace(']', "\\]") } else { text }
}

fn name(text: &str) -> String {
    clip(&terminal(text), NAME)
}
