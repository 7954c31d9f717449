//! Lists of lines: what was not decided or not checked, notices, and what each gate saw.

use super::{room, sign};
use crate::output::escape::{clip, markdown_code, markdown_prose};
use crate::output::overview::{self, Reason, plural, severity_word};
use crate::report::{Notice, Outcome, Report, Verdict};

/// Characters of a name.
const NAME: usize = 120;
/// Characters of a reason or message.
const TEXT: usize = 600;
/// Models that a line names.
const MODELS: usize = 20;

/// What could not be decided: in sight, as it is no pass.
pub(super) fn undecided(report: &Report, room: usize, whole: &str) -> String {
    let reasons = of(report, Verdict::Error);
    if reasons.is_empty() {
        return String::new();
    }
    format!("\n### Not decided\n\n{}", room::list(reasons.iter().map(line), room, "reason", whole))
}

/// What was not checked, and why; to unfold.
pub(super) fn skipped(report: &Report, room: usize, whole: &str) -> String {
    let reasons = of(report, Verdict::Skip);
    if reasons.is_empty() {
        return String::new();
    }
    let outcomes = report.outcomes.iter().filter(|o| o.verdict == Verdict::Skip).count();
    format!(
        "\n<details><summary>➖ Not checked: {} skipped</summary>\n\n{}\n</details>\n",
        plural(outcomes, "outcome"),
        room::list(reasons.iter().map(line), room, "reason", whole)
    )
}

fn of(report: &Report, verdict: Verdict) -> Vec<Reason<'_>> {
    overview::reasons(report).into_iter().filter(|r| r.verdict == verdict).collect()
}

fn line(reason: &Reason<'_>) -> String {
    let names = |all: &[&str]| {
        let shown: Vec<String> = all.iter().take(MODELS).map(|name| markdown_code(&clip(name, NAME))).collect();
        let more = match all.len().saturating_sub(MODELS) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        shown.join(", ") + &more
    };
    let (gates, models) = (names(&reason.gates), names(&reason.models));
    format!("- {} {gates} on {models}: {}\n", sign(reason.verdict), markdown_prose(&clip(reason.reason, TEXT)))
}

/// What the run has to say of itself, the worst first.
pub(super) fn notices(report: &Report, room: usize, whole: &str) -> String {
    if report.notices.is_empty() {
        return String::new();
    }
    let mut all: Vec<&Notice> = report.notices.iter().collect();
    all.sort_by_key(|n| std::cmp::Reverse(n.severity));
    let line = |notice: &&Notice| {
        let place = match notice.place.as_str() {
            "" => String::new(),
            place => format!("{}: ", markdown_code(&clip(place, NAME * 2))),
        };
        format!("- **{}** {place}{}\n", severity_word(notice.severity), markdown_prose(&clip(&notice.message, TEXT)))
    };
    format!("\n### Notices\n\n{}", room::list(all.iter().map(line), room, "notice", whole))
}

/// What each gate saw, also where nothing is wrong, to unfold.
pub(super) fn evidence(report: &Report, room: usize, whole: &str) -> String {
    let told: Vec<&Outcome> =
        report.outcomes.iter().filter(|o| !matches!(o.verdict, Verdict::Error | Verdict::Skip)).collect();
    let line = |outcome: &&Outcome| {
        format!(
            "- {} {} on {}: {}\n",
            sign(outcome.verdict),
            markdown_code(&clip(&outcome.gate, NAME)),
            markdown_code(&clip(&outcome.model, NAME)),
            markdown_prose(&clip(&outcome.summary, TEXT))
        )
    };
    if told.is_empty() || room < room::COUNT {
        return String::new();
    }
    let lines = room::list(told.iter().map(line), room - room::COUNT, "outcome", whole);
    format!("\n<details><summary>What each gate saw</summary>\n\n{lines}\n</details>\n")
}
