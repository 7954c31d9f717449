//! The audit record of a pull request head, made of what the program saw itself.

use super::super::pull::Site;
use super::super::pull::record::{outcome, reviewers};
use super::caught::Caught;
use super::publish::Told;
use crate::audit::provenance::{Confidence, Provenance};
use crate::audit::record::{Assisted, GENESIS, Later, PromptRef, RECORD_VERSION, Record, gate_results};
use crate::github::pull::Pull;
use crate::report::Report;

/// The record, with its hash; `caught` is what this head and those before it were found to hold.
pub(super) fn record(site: &Site, report: &Report, pull: &Pull, told: &Told, caught: Caught) -> Record {
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
        caught,
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
        confidence: m.confidence.word().to_owned(),
    };
    // A record has its place in 65,535 characters; a hundred signs say no more than fifty.
    sure.take(50).map(one).collect()
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
