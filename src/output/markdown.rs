//! The report as a pull request comment: verdict, table, findings to unfold, reasons; within GitHub's length.

use super::Sources;
use super::escape::{clip, markdown, markdown_code, markdown_fence, markdown_prose};
use super::excerpt::excerpt;
use super::overview::{self, closing, gates, plural, reasons, rows, severity_word, short_sha, symbol};
use crate::finding::{Finding, Severity};
use crate::report::{Report, Verdict};

/// Characters of the whole comment; GitHub takes 65,536.
pub const BUDGET: usize = 60_000;
/// Characters of the table of models.
const TABLE_BUDGET: usize = 20_000;
/// Characters of the reasons of errors and skips, and of the notices.
const REASONS_BUDGET: usize = 8_000;
/// Characters of a name in the heading.
const NAME_BUDGET: usize = 120;
/// Characters of one finding's evidence.
const EVIDENCE_BUDGET: usize = 2_000;
/// Columns of an excerpt.
const EXCERPT_WIDTH: usize = 160;

/// The whole comment, of at most [`BUDGET`] characters; what does not fit is counted.
pub fn render(report: &Report, sources: Sources<'_>) -> String {
    let mut text = heading(report);
    if !report.changes.is_empty() || !report.outcomes.is_empty() {
        text.push_str(&table(report));
    }
    let mut tail = section("Not decided or not checked", reason_lines(report), "reason");
    tail.push_str(&section("Notices", notice_lines(report), "notice"));
    tail.push_str(&evidence(report));
    tail.push_str(&format!("\n{}\n", markdown(&closing(report))));
    // Room for the line that counts what is left out.
    let room = BUDGET.saturating_sub(text.chars().count() + tail.chars().count() + 200);
    text.push_str(&findings(report, sources, room));
    text.push_str(&tail);
    text
}

fn heading(report: &Report) -> String {
    let name = |text: &str| markdown_code(&clip(text, NAME_BUDGET));
    format!(
        "## {} Rowproof: {}\n\n{}..{} of {} · policy {} ({}) · {} · {}\n",
        symbol(report.verdict),
        report.verdict.word(),
        name(short_sha(&report.base.sha)),
        name(short_sha(&report.head.sha)),
        name(&report.project.name),
        name(&report.policy.path),
        markdown(&clip(&report.policy.side, NAME_BUDGET)),
        plural(report.changes.len(), "changed model"),
        overview::finding_counts(report),
    )
}

fn table(report: &Report) -> String {
    let gates = gates(report);
    let mut text = String::from("\n| model | layer | change |");
    for gate in &gates {
        text.push_str(&format!(" {} |", markdown(gate)));
    }
    text.push_str(&format!("\n|{}\n", " --- |".repeat(gates.len() + 3)));
    let rows = rows(report, &gates);
    let total = rows.len();
    let mut used = text.chars().count();
    if used > TABLE_BUDGET / 2 {
        return format!("\nThe table of {} is in the report.\n", plural(gates.len(), "gate"));
    }
    for (shown, row) in rows.into_iter().enumerate() {
        let mut line =
            format!("| {} | {} | {} |", markdown_code(row.model), markdown(row.layer), markdown(&row.change));
        for verdict in row.verdicts {
            line.push_str(&match verdict {
                Some(v @ (Verdict::Fail | Verdict::Error)) => format!(" {} **{}** |", symbol(v), v.word()),
                Some(v) => format!(" {} {} |", symbol(v), v.word()),
                None => " |".to_owned(),
            });
        }
        line.push('\n');
        used += line.chars().count();
        if used > TABLE_BUDGET {
            text.push_str(&format!("\n{} in the report.\n", plural(total - shown, "more model")));
            break;
        }
        text.push_str(&line);
    }
    text
}

fn findings(report: &Report, sources: Sources<'_>, room: usize) -> String {
    if report.findings.is_empty() {
        return String::new();
    }
    let mut text = String::from("\n### Findings\n\n");
    let mut used = text.chars().count();
    for (shown, finding) in report.findings.iter().enumerate() {
        let block = block(finding, sources);
        used += block.chars().count();
        if used > room {
            text.push_str(&format!("**{} in the report.**\n", plural(report.findings.len() - shown, "more finding")));
            break;
        }
        text.push_str(&block);
    }
    text
}

fn block(finding: &Finding, sources: Sources<'_>) -> String {
    let target = match &finding.column {
        Some(column) => format!("{}.{column}", finding.model),
        None => finding.model.clone(),
    };
    let open = if finding.severity == Severity::Error { " open" } else { "" };
    let mut text = format!(
        "<details{open}><summary>{} <b>{}</b> {} on {}: {}</summary>\n\n",
        severity_symbol(finding.severity),
        severity_word(finding.severity),
        markdown_code(&finding.rule),
        markdown_code(&target),
        markdown_prose(&finding.message),
    );
    if let Some(location) = &finding.location {
        text.push_str(&format!(
            "{} line {}, column {}\n\n",
            markdown_code(&location.path),
            location.line,
            location.column
        ));
        let found = sources(&location.path).and_then(|source| excerpt(&source, location, EXCERPT_WIDTH));
        if let Some(found) = found {
            let width = found.lines.last().map_or(1, |l| l.number.to_string().len());
            let mut code = String::new();
            for line in &found.lines {
                code.push_str(&format!("{:>width$} | {}\n", line.number, line.text));
                code.push_str(&format!("{:>width$} | {}{}\n", "", " ".repeat(line.indent), "^".repeat(line.length)));
            }
            if found.more > 0 {
                code.push_str(&format!("{:>width$} | and {}\n", "", plural(found.more as usize, "more line")));
            }
            text.push_str(&markdown_fence("text", &code));
            text.push('\n');
        }
    }
    if !finding.help.is_empty() {
        text.push_str(&format!("**What to do:** {}\n\n", markdown_prose(&finding.help)));
    }
    if !finding.evidence.is_empty() {
        // A map of JSON values can always be written.
        let evidence = serde_json::to_string_pretty(&finding.evidence).unwrap_or_else(|e| e.to_string());
        text.push_str(&markdown_fence("json", &clip(&evidence, EVIDENCE_BUDGET)));
        text.push('\n');
    }
    text.push_str("</details>\n\n");
    text
}

fn severity_symbol(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => symbol(Verdict::Fail),
        Severity::Warning => symbol(Verdict::Warn),
        Severity::Note => "·",
    }
}

fn reason_lines(report: &Report) -> Vec<String> {
    let line = |reason: overview::Reason<'_>| {
        let models: Vec<String> = reason.models.iter().take(20).map(|m| markdown_code(m)).collect();
        let more = match reason.models.len().saturating_sub(20) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!(
            "- {} **{}** {} on {}{more}: {}\n",
            symbol(reason.verdict),
            reason.verdict.word(),
            reason.gates.iter().map(|g| markdown_code(g)).collect::<Vec<_>>().join(", "),
            models.join(", "),
            markdown_prose(reason.reason)
        )
    };
    reasons(report).into_iter().map(line).collect()
}

fn notice_lines(report: &Report) -> Vec<String> {
    let line = |notice: &crate::report::Notice| {
        let place = if notice.place.is_empty() { String::new() } else { format!("{}: ", markdown_code(&notice.place)) };
        format!("- **{}** {place}{}\n", severity_word(notice.severity), markdown_prose(&notice.message))
    };
    report.notices.iter().map(line).collect()
}

/// What each gate saw, also where nothing is wrong, to unfold.
fn evidence(report: &Report) -> String {
    let told = report.outcomes.iter().filter(|o| !matches!(o.verdict, Verdict::Error | Verdict::Skip));
    let line = |outcome: &crate::report::Outcome| {
        format!(
            "- {} {} {} on {}: {}\n",
            symbol(outcome.verdict),
            outcome.verdict.word(),
            markdown_code(&outcome.gate),
            markdown_code(&outcome.model),
            markdown_prose(&outcome.summary)
        )
    };
    let lines = within_budget(told.map(line).collect(), "outcome");
    if lines.is_empty() {
        return lines;
    }
    format!("\n<details><summary>Evidence</summary>\n\n{lines}\n</details>\n")
}

/// A list under a heading.
fn section(title: &str, lines: Vec<String>, word: &str) -> String {
    if lines.is_empty() {
        return String::new();
    }
    format!("\n### {title}\n\n{}", within_budget(lines, word))
}

/// The lines that fit into [`REASONS_BUDGET`], and how many do not.
fn within_budget(lines: Vec<String>, word: &str) -> String {
    let mut text = String::new();
    let mut used = 0;
    for (shown, line) in lines.iter().enumerate() {
        used += line.chars().count();
        if used > REASONS_BUDGET {
            text.push_str(&format!("- {} in the report\n", plural(lines.len() - shown, &format!("more {word}"))));
            break;
        }
        text.push_str(line);
    }
    text
}
