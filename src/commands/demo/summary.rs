//! What the demo prints after the report: what each gate caught, and each of the four mistakes by itself.

use super::{MAIN, PULL_REQUEST};
use crate::finding::{Finding, Severity};
use crate::report::{Report, Verdict};
use std::fmt::Write;
use std::path::Path;

/// The closing text. `alone` holds the report of each mistake by itself, `kept` the folder that stays.
pub fn text(report: &Report, alone: &[(&str, Report)], kept: Option<&Path>) -> String {
    let mut out = String::from("\nWhat each gate caught\n");
    for gate in gates(report) {
        let caught: Vec<&Finding> =
            report.findings.iter().filter(|f| f.gate == gate && f.severity > Severity::Note).collect();
        let judged = report.outcomes.iter().filter(|o| o.gate == gate);
        match caught.first() {
            Some(first) => {
                let more = if caught.len() > 1 { format!(" (and {} more)", caught.len() - 1) } else { String::new() };
                let what = short(&first.message, &["; "]);
                line(&mut out, gate, &format!("{}: {what}{more}", subject(first)));
            }
            None => {
                let passed = judged.filter(|o| o.verdict == Verdict::Pass).count();
                line(&mut out, gate, &format!("nothing; passed {passed} models"));
            }
        }
    }
    out.push_str("\nThe four mistakes in product_adoption, each by itself\n");
    for (words, report) in alone {
        let mut label = *words;
        for finding in report.findings.iter().filter(|f| f.severity > Severity::Note) {
            line(&mut out, label, &format!("{}: {}", finding.rule, short(&finding.message, &["; ", ": "])));
            label = "";
        }
        if !label.is_empty() {
            line(&mut out, label, "not caught");
        }
    }
    if let Some(dir) = kept {
        let _ = write!(
            out,
            "\nThe pull request is in {}. Try there:\n  rowproof run --base {MAIN} --head {PULL_REQUEST}\n",
            dir.display()
        );
    }
    out
}

/// Gates that were asked, in the order in which the report has them.
fn gates(report: &Report) -> Vec<&str> {
    let mut order: Vec<&str> = Vec::new();
    for spec in crate::gates::GATES {
        if report.outcomes.iter().any(|o| o.gate == spec.id) {
            order.push(spec.id);
        }
    }
    order
}

fn subject(finding: &Finding) -> String {
    match &finding.column {
        Some(column) => format!("{}.{column}", finding.model),
        None => finding.model.clone(),
    }
}

/// A message up to the first of `ends`, at most so long as a terminal's line: the report above has all of it.
fn short(message: &str, ends: &[&str]) -> String {
    const LONGEST: usize = 96;
    let end = ends.iter().filter_map(|e| message.find(e)).min().unwrap_or(message.len());
    let said = &message[..end];
    if said.chars().count() <= LONGEST {
        return said.to_owned();
    }
    said.chars().take(LONGEST - 1).chain(['\u{2026}']).collect()
}

fn line(out: &mut String, label: &str, text: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(out, "  {label:<26} {text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_cut_at_their_joints() {
        assert_eq!(short("5 rows differ: by up to 3; first at 1", &["; "]), "5 rows differ: by up to 3");
        assert_eq!(short("5 rows differ: by up to 3; first at 1", &["; ", ": "]), "5 rows differ");
        assert_eq!(short(&"é".repeat(200), &[]).chars().count(), 96);
    }
}
