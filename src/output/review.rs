//! Who must look at a pull request, as text.

use super::escape::{markdown as plain, markdown_code as code, markdown_prose as prose};
use crate::audit::review::{Judgement, Ruling, Seat, WindowState, WindowStatus};
use crate::finding::Severity;
use anyhow::Result;

/// The judgement as JSON.
///
/// # Errors
/// It cannot be written as JSON.
pub fn json(judgement: &Judgement) -> Result<String> {
    Ok(serde_json::to_string_pretty(judgement)? + "\n")
}

/// The section of a comment: the people asked for, the windows, the time for a rollback, and what is wrong.
pub fn markdown(judgement: &Judgement) -> String {
    let sign = match judgement.verdict {
        Ruling::Pass => "✓",
        Ruling::Fail => "✗",
        Ruling::Error => "?",
    };
    let mut text = format!(
        "### Who must look\n\n{sign} **{}**: {}\n",
        judgement.verdict.word(),
        if judgement.findings.is_empty() { prose(&judgement.summary) } else { counted(judgement) }
    );
    if !judgement.seats.is_empty() {
        text.push_str("\n| role | who | review |\n| --- | --- | --- |\n");
        for seat in &judgement.seats {
            text.push_str(&format!("| {} |\n", row(seat).join(" | ")));
        }
    }
    if !judgement.findings.is_empty() {
        text.push('\n');
    }
    for finding in &judgement.findings {
        let word = match finding.severity {
            Severity::Error => "",
            Severity::Warning => "warning: ",
            Severity::Note => "note: ",
        };
        text.push_str(&format!("- {word}{}; {}\n", prose(&finding.message), prose(&finding.help)));
    }
    let mut lines: Vec<String> = judgement.windows.iter().map(window).collect();
    if let Some(rollback) = &judgement.rollback {
        lines.push(match &rollback.due {
            Some(due) => format!("Rollback of a bad merge: within {}, due {}", plain(&rollback.sla), plain(due)),
            None => format!("Rollback of a bad merge: within {}", plain(&rollback.sla)),
        });
    }
    if !lines.is_empty() {
        text.push_str(&format!("\n{}\n", lines.join("<br>\n")));
    }
    if !judgement.excluded.is_empty() {
        text.push_str("\n<details><summary>Reviews that do not count</summary>\n\n");
        for person in &judgement.excluded {
            let (who, reason) = (code(&person.person), prose(&person.reason));
            text.push_str(&format!("- {who} ({}): {reason}\n", plain(&person.said)));
        }
        text.push_str("\n</details>\n");
    }
    text
}

/// Findings follow as a list, so the first line only counts.
fn counted(judgement: &Judgement) -> String {
    let filled = judgement.seats.iter().filter(|s| s.person.is_some()).count();
    let layer = judgement.bar.as_deref().map(|l| format!(" of layer {}", code(l))).unwrap_or_default();
    format!("{filled} of {} approvals{layer}", judgement.seats.len())
}

fn row(seat: &Seat) -> [String; 3] {
    let why = if seat.for_llm { " (a language model helped)" } else { "" };
    let who = seat.person.as_deref().map_or("missing".to_owned(), code);
    let commit = seat.commit.as_deref().map(|c| c.chars().take(7).collect::<String>());
    let review = match (seat.review_id, commit) {
        (Some(id), Some(commit)) => format!("{id} at {}", code(&commit)),
        (Some(id), None) => id.to_string(),
        _ => String::new(),
    };
    [format!("{}{why}", code(&seat.role)), who, review]
}

fn window(window: &WindowStatus) -> String {
    let reason = window.reason.as_deref().map(prose).unwrap_or_default();
    let state = match (window.state, &window.open_until, &window.opens) {
        (WindowState::Open, Some(until), _) => format!("open until {}", plain(until)),
        (WindowState::Open, None, _) => "open".to_owned(),
        (WindowState::Closed, _, Some(opens)) => format!("closed, opens {} ({reason})", plain(opens)),
        (WindowState::Closed, _, None) => format!("closed ({reason})"),
        (WindowState::Overridden, _, _) => reason,
        (WindowState::Unknown, _, _) => format!("unknown ({reason})"),
    };
    format!("Merge window {} at {}: {state}", code(&window.name), plain(&window.at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::review::{Excluded, Rollback};
    use crate::finding::Finding;

    fn judgement() -> Judgement {
        let seat = |role: &str, person: Option<&str>, for_llm| Seat {
            role: role.into(),
            for_llm,
            person: person.map(str::to_owned),
            review_id: person.map(|_| 7),
            commit: person.map(|_| "0123456789abcdef".to_owned()),
        };
        Judgement {
            verdict: Ruling::Fail,
            summary: "1 of 2 approvals; no approval of `senior-de` that counts".into(),
            layers: vec!["marts".into()],
            bar: Some("marts".into()),
            seats: vec![seat("any-peer", Some("fay"), false), seat("senior-de", None, true)],
            excluded: vec![Excluded {
                person: "ann|<img src=x>".into(),
                said: "approved".into(),
                reason: "opened the pull request @acme/team".into(),
                review_id: 1,
                commit: None,
            }],
            windows: vec![WindowStatus {
                name: "business".into(),
                zone: "Etc/UTC".into(),
                layers: vec!["marts".into()],
                state: WindowState::Closed,
                reason: Some("a holiday: <b>Feast</b>".into()),
                at: "Wed 2026-03-04 10:00 Etc/UTC".into(),
                open_until: None,
                opens: Some("Thu 2026-03-05 09:00 Etc/UTC".into()),
                opens_at: None,
            }],
            rollback: Some(Rollback { sla: "4h".into(), due: None }),
            merged_at: None,
            findings: vec![Finding::new(
                "review/missing-approval",
                "no approval of `senior-de` that counts",
                "ask `bob`",
            )],
        }
    }

    #[test]
    fn the_section_of_a_comment() {
        insta::assert_snapshot!(markdown(&judgement()));
    }

    #[test]
    fn nothing_of_the_pull_request_is_markup() {
        let text = markdown(&judgement());
        assert!(!text.contains("<img") && !text.contains("@acme") && !text.contains("<b>"), "{text}");
    }
}
