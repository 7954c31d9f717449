//! The audit record of a pull request head, made of what the program saw itself.

use super::super::pull::Site;
use super::publish::Told;
use crate::audit::provenance::{Confidence, Provenance};
use crate::audit::record::{
    Assisted, GENESIS, Later, Outcome, PromptRef, RECORD_VERSION, Record, Reviewer, gate_results,
};
use crate::audit::review::{Judgement, WindowState};
use crate::github::check_run::MAX_TEXT;
use crate::github::pull::Pull;
use crate::report::Report;

/// The record, with its hash.
pub(super) fn record(site: &Site, report: &Report, pull: &Pull, told: &Told) -> Record {
    let record = Record {
        schema: RECORD_VERSION,
        repo: site.repository.full_name().to_owned(),
        pr: pull.number,
        head_sha: pull.head.sha.clone(),
        base_sha: pull.base.sha.clone(),
        policy_sha: told.policy.sha256.clone(),
        layers: told.layers.iter().map(|l| l.name.clone()).collect(),
        assisted: assisted(&told.provenance),
        prompt: prompt(&told.provenance),
        tools_used: told.provenance.tools_used.clone(),
        reviewers: told.judgement.as_ref().map(reviewers).unwrap_or_default(),
        gates: gate_results(report),
        outcome: told.judgement.as_ref().map(|j| outcome(pull, j)).unwrap_or_default(),
        later: Later::default(),
        run_url: site.run_url.clone(),
        prev_hash: GENESIS.to_owned(),
        hash: String::new(),
    };
    record.chained(GENESIS)
}

fn assisted(provenance: &Provenance) -> Vec<Assisted> {
    let sure = provenance.marks.iter().filter(|m| m.confidence > Confidence::Hint);
    let one = |m: &crate::audit::provenance::Mark| Assisted {
        tool: m.tool.clone().unwrap_or_else(|| "unknown".to_owned()),
        model: m.model.clone(),
        source: m.source.clone(),
        confidence: word(m.confidence).to_owned(),
    };
    // A record has its place in 65,535 characters; a hundred signs say no more than fifty.
    sure.take(50).map(one).collect()
}

fn word(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::None => "none",
        Confidence::Hint => "hint",
        Confidence::Low => "low",
        Confidence::Medium => "medium",
        Confidence::High => "high",
    }
}

fn prompt(provenance: &Provenance) -> Option<PromptRef> {
    let prompt = provenance.prompt.as_ref()?;
    Some(PromptRef {
        hash: prompt.hash.clone(),
        reference: prompt.reference.clone(),
        author: prompt.author.clone(),
        verified: prompt.verified.word().to_owned(),
    })
}

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
    format!("Audit record of this commit:\n\n{}", crate::output::escape::markdown_fence("json", &json))
}

/// The record in the text of a check run; `None` when it holds none that has its own hash.
pub(in crate::commands) fn from_text(text: &str) -> Option<Record> {
    let start = text.find("```")?;
    let body = text[start..].trim_start_matches('`');
    let body = body.strip_prefix("json\n")?;
    let record: Record = serde_json::from_str(body.rsplit_once("\n```")?.0.trim_end_matches('`').trim()).ok()?;
    (record.digest() == record.hash).then_some(record)
}
