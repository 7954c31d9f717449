//! The parts of an audit record that are known of GitHub at any time, and the text of a check run that holds it.

use crate::audit::record::{Outcome, Record, Reviewer};
use crate::audit::review::{Judgement, WindowState};
use crate::github::check_run::MAX_TEXT;
use crate::github::pull::Pull;

/// Who took the seats of the bar.
pub(in crate::commands) fn reviewers(judgement: &Judgement) -> Vec<Reviewer> {
    let one = |seat: &crate::audit::review::Seat| Reviewer {
        bar: seat.role.clone(),
        met: seat.person.is_some(),
        login: seat.person.clone(),
        review_id: seat.review_id,
        commit_id: seat.commit.clone(),
    };
    judgement.seats.iter().map(one).collect()
}

/// What became of the pull request, as far as it is known now.
pub(in crate::commands) fn outcome(pull: &Pull, judgement: &Judgement) -> Outcome {
    let merged = pull.is_merged();
    let ok = |state: WindowState| matches!(state, WindowState::Open | WindowState::Overridden);
    let unknown = judgement.windows.iter().any(|w| w.state == WindowState::Unknown);
    Outcome {
        merged_at: pull.merged_at.clone(),
        merge_sha: pull.merge_commit_sha.clone().filter(|_| merged),
        merged_by: pull.merged_by.as_ref().map(|u| u.login.clone()),
        window_ok: (merged && !unknown).then(|| judgement.windows.iter().all(|w| ok(w.state))),
        auto_merge: pull
            .auto_merge
            .as_ref()
            .map(|a| a.enabled_by.as_ref().map_or_else(|| "somebody".to_owned(), |u| u.login.clone())),
    }
}

/// The text of a check run that holds the record.
pub(in crate::commands) fn text(record: &Record) -> String {
    let json = serde_json::to_string_pretty(record).unwrap_or_else(|_| record.line());
    let json = if json.chars().count() > MAX_TEXT - 200 { record.line() } else { json };
    format!("{HEADING}\n\n{}", crate::output::escape::markdown_fence("json", &json))
}

/// First line of a text that holds a record.
const HEADING: &str = "Audit record of this commit:";

/// Whether the text of a check run means to hold a record, whatever became of it.
pub(in crate::commands) fn is_one(text: &str) -> bool {
    text.starts_with(HEADING)
}

/// The record in the text of a check run; `None` when it holds none that has its own hash.
pub(in crate::commands) fn from_text(text: &str) -> Option<Record> {
    let start = text.find("```")?;
    let body = text[start..].trim_start_matches('`');
    let body = body.strip_prefix("json\n")?;
    let record: Record = serde_json::from_str(body.rsplit_once("\n```")?.0.trim_end_matches('`').trim()).ok()?;
    (record.digest() == record.hash).then_some(record)
}
