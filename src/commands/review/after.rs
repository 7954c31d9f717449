//! After the merge: what GitHub could not prevent is labelled, and the record goes to the ledger.

use super::super::pull::{Site, record, shown};
use crate::audit::labels::{MERGED_OUTSIDE_WINDOW, look};
use crate::audit::record::{GENESIS, RECORD_VERSION, Record};
use crate::audit::review::Judgement;
use crate::audit::{ledger, record::Later};
use crate::cli::ReviewArgs;
use crate::github::check_run;
use crate::github::ledger as branch;
use crate::github::pull::Pull;
use anyhow::{Context, Result};

/// A record that was changed is no reason to write a new one without what it said.
const BROKEN: &str = "the record in the check run `rowproof report` was changed: its content does not have its hash";

/// Labels a merge outside its window, and appends the record where `--ledger` names a branch.
///
/// # Errors
/// GitHub refuses, or the ledger does not hold.
pub(super) fn merged(args: &ReviewArgs, site: &Site, pull: &Pull, judgement: &Judgement) -> Result<()> {
    if judgement.findings.iter().any(|f| f.rule == "review/merged-outside-window") {
        shown::set(site, pull, &[look(MERGED_OUTSIDE_WINDOW)]).context("cannot label the merge outside its window")?;
    }
    let Some(name) = args.ledger.as_deref() else { return Ok(()) };
    let record = completed(args, site, pull, judgement)?;
    let message = format!("Record of #{}", pull.number);
    branch::append(&site.client, &site.repository, name, &message, &|text| ledger::appended(text, &record))
        .with_context(|| format!("cannot append to the ledger on branch `{name}`"))
}

/// The record that `post` left at the head, with who approved and what became of it; a new one where there is none.
fn completed(args: &ReviewArgs, site: &Site, pull: &Pull, judgement: &Judgement) -> Result<Record> {
    let name = shown::check_name(args.pull.key.as_deref());
    let runs =
        check_run::ours(&site.client, &site.repository, &pull.head.sha, &name).context("cannot read the record")?;
    let text = runs.iter().filter_map(|r| r.output.as_ref()?.text.as_deref()).next_back();
    let kept = text.map(|t| record::from_text(t).context(BROKEN)).transpose()?;
    let same = |r: &Record| r.pr == pull.number && r.head_sha == pull.head.sha && r.repo == site.repository.full_name();
    let mut record = kept.filter(same).unwrap_or_else(|| Record {
        schema: RECORD_VERSION,
        repo: site.repository.full_name().to_owned(),
        pr: pull.number,
        head_sha: pull.head.sha.clone(),
        base_sha: pull.base.sha.clone(),
        policy_sha: String::new(),
        layers: judgement.layers.clone(),
        assisted: Vec::new(),
        prompt: None,
        tools_used: Vec::new(),
        reviewers: Vec::new(),
        gates: Vec::new(),
        caught: Default::default(),
        outcome: Default::default(),
        later: Later::default(),
        run_url: site.run_url.clone(),
        prev_hash: GENESIS.to_owned(),
        hash: String::new(),
    });
    record.reviewers = record::reviewers(judgement);
    record.outcome = record::outcome(pull, judgement);
    Ok(record)
}
