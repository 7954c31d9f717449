//! The findings: what, where, why and what to do, to unfold; lines when there is no room for that, and counts when there
//! is none for lines.

use super::{room, sign};
use crate::finding::{Finding, Location, Severity};
use crate::output::Sources;
use crate::output::escape::{clip, markdown, markdown_code, markdown_fence, markdown_prose};
use crate::output::excerpt::{Excerpt, excerpt};
use crate::output::overview::{self, plural, severity_word, target, worst_first};
use crate::output::rule;
use crate::report::{Report, Verdict};
use indexmap::IndexMap;

/// Errors that are unfolded from the start: the first ones; the others keep their one line.
const OPEN: usize = 3;
/// Characters of one finding's evidence.
const EVIDENCE: usize = 2_000;
/// Columns of an excerpt.
const EXCERPT_WIDTH: usize = 160;
/// Characters of a name.
const NAME: usize = 200;
/// Characters of a message in a line.
const LINE: usize = 300;
/// Rules that the counts name.
const RULES: usize = 5;
/// Bytes of the line that counts what is not shown.
const COUNTS: usize = 2_000;

/// All findings within `room` bytes and a line that counts. Without sources, each is a line.
pub(super) fn section(report: &Report, sources: Option<Sources<'_>>, room: usize, whole: &str) -> String {
    let all = worst_first(report);
    if all.is_empty() {
        return String::new();
    }
    let mut text = format!("\n### Findings: {}\n\n", overview::finding_counts(report));
    let room = room.saturating_sub(text.len() + COUNTS);
    let mut rest: &[&Finding] = &all;
    if let Some(sources) = sources {
        let (blocks, shown) = blocks(&all, sources, room);
        text.push_str(&blocks);
        rest = &all[shown..];
    }
    let room = room.saturating_sub(text.len());
    let lines = room::fit(rest.iter().map(|f| line(f)), room);
    text.push_str(&lines.text);
    if lines.left > 0 {
        if !lines.text.is_empty() {
            text.push('\n');
        }
        text.push_str(&counts(&rest[rest.len() - lines.left..], whole));
    }
    text
}

/// The blocks that fit, and how many they are. When not all do, a part of the room is kept for lines.
fn blocks(all: &[&Finding], sources: Sources<'_>, room: usize) -> (String, usize) {
    let mut text = String::new();
    let short = room / 10 * 7;
    let (mut shown, mut short_end) = (0, (0, 0));
    for (at, finding) in all.iter().enumerate() {
        let block = block(finding, sources, at < OPEN && finding.severity == Severity::Error);
        if text.len() + block.len() > room {
            text.truncate(short_end.0);
            return (text, short_end.1);
        }
        text.push_str(&block);
        shown += 1;
        if text.len() <= short {
            short_end = (text.len(), shown);
        }
    }
    (text, shown)
}

fn block(finding: &Finding, sources: Sources<'_>, open: bool) -> String {
    let open = if open { " open" } else { "" };
    let mut text = format!(
        "<details{open}><summary>{} <b>{}</b> {} on {}: {}</summary>\n\n",
        severity_sign(finding.severity),
        severity_word(finding.severity),
        markdown_code(&finding.rule),
        markdown_code(&target(finding)),
        markdown_prose(&finding.message),
    );
    if let Some(location) = &finding.location {
        text.push_str(&format!("{}\n\n", markdown_code(&shown(location))));
        if let Some(found) = sources(&location.path).and_then(|s| excerpt(&s, location, EXCERPT_WIDTH)) {
            text.push_str(&markdown_fence("text", &marked(&found)));
            text.push('\n');
        }
    }
    let why = rule::why(finding);
    for (word, more) in [
        ("Suppressed", overview::suppressed(finding).unwrap_or_default()),
        ("Why", &why),
        ("What to do", rule::to_do(finding)),
    ] {
        if !more.is_empty() {
            text.push_str(&format!("**{word}:** {}\n\n", markdown_prose(more)));
        }
    }
    if !finding.evidence.is_empty() {
        // A map of JSON values can always be written.
        let evidence = serde_json::to_string_pretty(&finding.evidence).unwrap_or_else(|e| e.to_string());
        let fence = markdown_fence("json", &clip(&evidence, EVIDENCE));
        text.push_str(&format!("<details><summary>Evidence</summary>\n\n{fence}\n</details>\n\n"));
    }
    text.push_str("</details>\n\n");
    text
}

/// `path:line`.
fn shown(location: &Location) -> String {
    format!("{}:{}", clip(&location.path, NAME), location.line)
}

/// The excerpt with the place underlined.
fn marked(found: &Excerpt) -> String {
    let width = found.lines.last().map_or(1, |l| l.number.to_string().len());
    let mut code = String::new();
    for line in &found.lines {
        code.push_str(&format!("{:>width$} | {}\n", line.number, line.text));
        code.push_str(&format!("{:>width$} | {}{}\n", "", " ".repeat(line.indent), "^".repeat(line.length)));
    }
    if found.more > 0 {
        code.push_str(&format!("{:>width$} | and {}\n", "", plural(found.more as usize, "more line")));
    }
    code
}

/// A finding in one line.
fn line(finding: &Finding) -> String {
    let place = finding.location.as_ref().map(|l| format!(" ({})", markdown_code(&shown(l)))).unwrap_or_default();
    format!(
        "- {} {} on {}{place}: {}\n",
        severity_sign(finding.severity),
        markdown_code(&clip(&finding.rule, NAME)),
        markdown_code(&clip(&target(finding), NAME)),
        markdown_prose(&clip(&finding.message, LINE)),
    )
}

/// How many findings are not shown, and of which rules.
fn counts(left: &[&Finding], whole: &str) -> String {
    let mut by_rule: IndexMap<&str, usize> = IndexMap::new();
    for finding in left {
        *by_rule.entry(&finding.rule).or_default() += 1;
    }
    by_rule.sort_by(|_, a, _, b| b.cmp(a));
    let mut words: Vec<String> =
        by_rule.iter().take(RULES).map(|(rule, count)| format!("{count} {}", markdown(&clip(rule, 24)))).collect();
    if by_rule.len() > RULES {
        words.push(format!("{} of {}", by_rule.values().skip(RULES).sum::<usize>(), "other rules"));
    }
    let count = |severity| left.iter().filter(|f| f.severity == severity).count();
    let kinds: Vec<String> = [Severity::Error, Severity::Warning, Severity::Note]
        .into_iter()
        .filter(|s| count(*s) > 0)
        .map(|s| plural(count(s), severity_word(s)))
        .collect();
    let total = plural(left.len(), "more finding");
    format!("**{total} {whole}** ({}): {}\n", kinds.join(", "), words.join(", "))
}

fn severity_sign(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => sign(Verdict::Fail),
        Severity::Warning => sign(Verdict::Warn),
        Severity::Note => "ℹ️",
    }
}
