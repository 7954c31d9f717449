//! The report as a GitHub check run: title, summary, and annotations at exact lines. Annotations are plain text.

use super::escape::{clip, clip_bytes, lines, terminal};
use super::markdown::{self, Frame};
use super::overview::{self, closing, plural, worst_first};
use super::place::{Region, inside};
use super::rule;
use crate::finding::{Finding, Severity};
use crate::report::Report;

/// Bytes of a message and of the details; GitHub takes 64 KB.
const TEXT: usize = 60_000;
/// Bytes of an annotation's title; GitHub takes 255 characters.
const TITLE: usize = 255;
/// Bytes of the summary; GitHub takes 65,535 characters.
pub const SUMMARY: usize = 65_535;

/// One annotation, within GitHub's limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotation {
    /// Path from the repository's root: relative, and inside the repository.
    pub path: String,
    /// First line, from 1.
    pub start_line: u32,
    /// Last line.
    pub end_line: u32,
    /// First column, from 1; only of a place within one line.
    pub start_column: Option<u32>,
    /// Last column, included.
    pub end_column: Option<u32>,
    /// `failure`, `warning` or `notice`.
    pub level: &'static str,
    /// Rule and model.
    pub title: String,
    /// What, why and what to do.
    pub message: String,
    /// The evidence.
    pub raw_details: Option<String>,
}

/// An annotation per finding whose place is inside the repository, worst first. The others stand in the summary, which
/// counts all.
pub fn annotations(report: &Report) -> Vec<Annotation> {
    worst_first(report).into_iter().filter_map(annotation).collect()
}

fn annotation(finding: &Finding) -> Option<Annotation> {
    let location = finding.location.as_ref().filter(|l| inside(&l.path))?;
    let region = Region::of(location);
    let columns = region.within_line();
    let evidence = (!finding.evidence.is_empty()).then(|| {
        // A map of JSON values can always be written.
        serde_json::to_string_pretty(&finding.evidence).unwrap_or_else(|e| e.to_string())
    });
    Some(Annotation {
        path: location.path.clone(),
        start_line: region.line,
        end_line: region.end_line,
        start_column: columns.map(|c| c.0),
        end_column: columns.map(|c| c.1),
        level: match finding.severity {
            Severity::Error => "failure",
            Severity::Warning => "warning",
            Severity::Note => "notice",
        },
        title: clip_bytes(&terminal(&format!("{} on {}", finding.rule, overview::target(finding))), TITLE),
        message: message(finding),
        raw_details: evidence.map(|text| clip_bytes(&lines(&text), TEXT)),
    })
}

/// Never empty: GitHub refuses an annotation without a message.
fn message(finding: &Finding) -> String {
    let mut text = if finding.message.trim().is_empty() { finding.rule.clone() } else { finding.message.clone() };
    for (word, more) in [
        ("Suppressed", overview::suppressed(finding).unwrap_or_default()),
        ("Why", &rule::why(finding)),
        ("What to do", rule::to_do(finding)),
    ] {
        if !more.is_empty() {
            text.push_str(&format!("\n\n{word}: {}", clip(more, TEXT / 8)));
        }
    }
    match clip_bytes(&lines(&text), TEXT) {
        text if text.trim().is_empty() => "(no message)".to_owned(),
        text => text,
    }
}

/// The check run's title: verdict and counts, our own words and numbers only.
pub fn title(report: &Report) -> String {
    let models = plural(report.changes.len(), "changed model");
    format!("{}: {} on {models}", report.verdict.word(), overview::finding_counts(report))
}

/// The check run's summary in Markdown: the comment without excerpts and evidence, which annotations show at their
/// lines. At most [`SUMMARY`] bytes.
pub fn summary(report: &Report, frame: &Frame<'_>) -> String {
    let text = markdown::brief(report, frame);
    // The frame's own parts are never cut; should they alone be too long, the verdict is what must be read.
    if text.len() <= SUMMARY { text } else { format!("{}\n", closing(report)) }
}
