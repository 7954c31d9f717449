//! The report as JUnit XML: a suite per gate, a case per outcome.

use super::escape::{clip, entities, lines, xml};
use super::overview::{self, closing, gates, severity_word};
use super::rule;
use crate::finding::{Finding, Severity};
use crate::report::{Notice, Outcome, Report, Verdict};
use std::collections::BTreeMap;

/// Characters of one attribute.
const ATTRIBUTE: usize = 1_000;
/// Characters of one field of a case's text.
const FIELD: usize = 20_000;
/// The suite of what belongs to no gate: notices, and the verdict when no case explains it.
const OWN: &str = "rowproof";

/// The whole document.
pub fn render(report: &Report) -> String {
    let mut suites = suites(report);
    let own = own(report, &suites);
    if !own.is_empty() {
        suites.push((OWN, own));
    }
    let all: Vec<&Case> = suites.iter().flat_map(|(_, cases)| cases).collect();
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    text.push_str(&format!("<testsuites name=\"{OWN}\" {}>\n", counts(&all)));
    for (name, cases) in &suites {
        let of: Vec<&Case> = cases.iter().collect();
        text.push_str(&format!("  <testsuite name={} {}>\n", attribute(name), counts(&of)));
        for case in cases {
            text.push_str(&case.xml(name));
        }
        text.push_str("  </testsuite>\n");
    }
    text.push_str("</testsuites>\n");
    text
}

/// What a case says.
enum Said {
    Passed,
    Skipped(String),
    /// Message, and the name of the element: `failure` or `error`.
    Broken(&'static str, String),
}

/// One test case.
struct Case {
    name: String,
    ms: u64,
    said: Said,
    /// What was found, in words.
    text: String,
}

impl Case {
    fn xml(&self, suite: &str) -> String {
        let (class, name) = (attribute(suite), attribute(&self.name));
        let open = format!("    <testcase classname={class} name={name} time=\"{}\"", seconds(self.ms));
        let body = match &self.said {
            Said::Passed if self.text.is_empty() => return format!("{open}/>\n"),
            Said::Passed => format!("      <system-out>{}</system-out>\n", content(&self.text)),
            Said::Skipped(why) => {
                let out = match self.text.as_str() {
                    "" => String::new(),
                    text => format!("      <system-out>{}</system-out>\n", content(text)),
                };
                format!("      <skipped message={}/>\n{out}", attribute(why))
            }
            Said::Broken(element, message) => {
                let (message, text) = (attribute(message), content(&self.text));
                format!("      <{element} message={message} type=\"{element}\">{text}</{element}>\n")
            }
        };
        format!("{open}>\n{body}    </testcase>\n")
    }
}

/// A suite per gate, with the findings under the outcome that they belong to, and a case for those that have none.
fn suites(report: &Report) -> Vec<(&str, Vec<Case>)> {
    let mut found: BTreeMap<(&str, &str), Vec<&Finding>> = BTreeMap::new();
    for finding in &report.findings {
        found.entry((&finding.gate, &finding.model)).or_default().push(finding);
    }
    // Two models may have one name: the findings belong to the one with the worst verdict.
    let mut worst: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for (at, outcome) in report.outcomes.iter().enumerate() {
        let known = worst.entry((&outcome.gate, &outcome.model)).or_insert(at);
        if outcome.verdict > report.outcomes[*known].verdict {
            *known = at;
        }
    }
    let mut suites: Vec<(&str, Vec<Case>)> = gates(report).into_iter().map(|gate| (gate, Vec::new())).collect();
    let index: BTreeMap<&str, usize> = suites.iter().enumerate().map(|(at, (gate, _))| (*gate, at)).collect();
    for (at, outcome) in report.outcomes.iter().enumerate() {
        let pair = (outcome.gate.as_str(), outcome.model.as_str());
        let own = if worst.get(&pair) == Some(&at) { found.remove(&pair).unwrap_or_default() } else { Vec::new() };
        if let Some(suite) = index.get(pair.0).and_then(|at| suites.get_mut(*at)) {
            suite.1.push(of_outcome(outcome, &own));
        }
    }
    for ((gate, model), findings) in found {
        let case = of_findings(model, &findings);
        match suites.iter_mut().find(|(name, _)| *name == gate) {
            Some((_, cases)) => cases.push(case),
            None => suites.push((gate, vec![case])),
        }
    }
    suites
}

fn of_outcome(outcome: &Outcome, findings: &[&Finding]) -> Case {
    let reason = || match outcome.reason.as_deref() {
        Some(reason) if !reason.is_empty() => reason.to_owned(),
        _ => outcome.summary.clone(),
    };
    let broken = findings.iter().any(|f| f.severity == Severity::Error);
    let said = match outcome.verdict {
        Verdict::Error => Said::Broken("error", reason()),
        Verdict::Fail => Said::Broken("failure", headline(findings).unwrap_or(&outcome.summary).to_owned()),
        // A report that contradicts itself is read by its worst part.
        _ if broken => Said::Broken("failure", headline(findings).unwrap_or_default().to_owned()),
        Verdict::Skip => Said::Skipped(reason()),
        Verdict::Pass | Verdict::Warn => Said::Passed,
    };
    let mut text = told(findings);
    if text.is_empty() && !matches!(outcome.verdict, Verdict::Pass | Verdict::Skip) {
        text = reason();
    }
    Case { name: outcome.model.clone(), ms: outcome.ms, said, text }
}

fn of_findings(model: &str, findings: &[&Finding]) -> Case {
    let said = match headline(findings) {
        Some(message) => Said::Broken("failure", message.to_owned()),
        None => Said::Passed,
    };
    Case { name: model.to_owned(), ms: 0, said, text: told(findings) }
}

/// The first error's message.
fn headline<'a>(findings: &[&'a Finding]) -> Option<&'a str> {
    findings.iter().find(|f| f.severity == Severity::Error).map(|f| f.message.as_str())
}

/// The cases of the run itself.
fn own(report: &Report, suites: &[(&str, Vec<Case>)]) -> Vec<Case> {
    let mut cases: Vec<Case> = report.notices.iter().map(of_notice).collect();
    let all = suites.iter().flat_map(|(_, cases)| cases).chain(&cases);
    let broken = all.filter(|case| matches!(case.said, Said::Broken(..))).count();
    if matches!(report.verdict, Verdict::Fail | Verdict::Error | Verdict::Skip) && broken == 0 {
        let said = Said::Broken("error", closing(report));
        cases.push(Case { name: "verdict".to_owned(), ms: 0, said, text: String::new() });
    }
    cases
}

fn of_notice(notice: &Notice) -> Case {
    let said = match notice.severity {
        Severity::Error => Said::Broken("error", notice.message.clone()),
        Severity::Warning | Severity::Note => Said::Passed,
    };
    let name = if notice.place.is_empty() { "run".to_owned() } else { notice.place.clone() };
    let text = format!("{}: {}", severity_word(notice.severity), clip(&notice.message, FIELD));
    Case { name, ms: 0, said, text }
}

/// The findings in words, a paragraph each.
fn told(findings: &[&Finding]) -> String {
    let one = |finding: &&Finding| {
        let target = overview::target(finding);
        let mut text = format!(
            "{}[{}] {}: {}\n",
            severity_word(finding.severity),
            clip(&finding.rule, FIELD),
            clip(&target, FIELD),
            clip(&finding.message, FIELD)
        );
        if let Some(l) = &finding.location {
            text.push_str(&format!("  --> {}:{}:{}\n", clip(&l.path, FIELD), l.line, l.column));
        }
        if let Some(why) = overview::suppressed(finding) {
            text.push_str(&format!("  suppressed: {}\n", clip(why, FIELD)));
        }
        let todo = rule::to_do(finding);
        if !todo.is_empty() {
            text.push_str(&format!("  help: {}\n", clip(todo, FIELD)));
        }
        text
    };
    findings.iter().map(one).collect()
}

fn counts(cases: &[&Case]) -> String {
    let count = |is: fn(&Said) -> bool| cases.iter().filter(|case| is(&case.said)).count();
    format!(
        "tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{}\"",
        cases.len(),
        count(|s| matches!(s, Said::Broken("failure", _))),
        count(|s| matches!(s, Said::Broken("error", _))),
        count(|s| matches!(s, Said::Skipped(_))),
        seconds(cases.iter().fold(0, |sum: u64, case| sum.saturating_add(case.ms)))
    )
}

fn seconds(ms: u64) -> String {
    format!("{}.{:03}", ms / 1000, ms % 1000)
}

/// A quoted attribute value of one line.
fn attribute(text: &str) -> String {
    format!("\"{}\"", xml(&clip(text, ATTRIBUTE)))
}

/// Text between tags, which keeps its line ends.
fn content(text: &str) -> String {
    entities(&lines(text))
}
