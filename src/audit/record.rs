//! The record of one pull request head: what was judged, by what, who looked, and what became of it.
//!
//! Claims of the author (trailers) stand under `assisted` and `prompt` only; everything else the program saw itself. No
//! prompt text is kept: it may hold personal data or secrets.

use crate::report::{Report, Verdict};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Version of the record's shape.
pub const RECORD_VERSION: u32 = 1;
/// `prev_hash` of the first record of a chain.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// [`RECORD_VERSION`].
    pub schema: u32,
    /// `owner/name`.
    pub repo: String,
    /// Number of the pull request.
    pub pr: u64,
    /// Judged commit.
    pub head_sha: String,
    /// Commit of the branch that it goes to.
    pub base_sha: String,
    /// SHA-256 of the policy that judged.
    pub policy_sha: String,
    /// Layers touched, sorted.
    pub layers: Vec<String>,
    /// Signs of language models.
    pub assisted: Vec<Assisted>,
    /// The prompt, as the author declares it.
    pub prompt: Option<PromptRef>,
    /// Tools that the author says were used.
    pub tools_used: Vec<String>,
    /// Seats of the review bar, and who took them.
    pub reviewers: Vec<Reviewer>,
    /// What each gate said over all models: the worst verdict, and a hash of the evidence.
    pub gates: Vec<GateResult>,
    /// Findings (errors and warnings) by rule, over all heads of the pull request that were judged: of each rule the most
    /// that one head had. Tells what was caught before the merge.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub caught: BTreeMap<String, u64>,
    /// What became of it.
    pub outcome: Outcome,
    /// What happened after the merge.
    pub later: Later,
    /// The run of Actions that judged.
    pub run_url: Option<String>,
    /// Hash of the record before it in a ledger; [`GENESIS`] for the first, and outside a ledger.
    pub prev_hash: String,
    /// [`Record::digest`].
    pub hash: String,
}

/// A sign of a language model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assisted {
    /// Tool.
    pub tool: String,
    /// Model, as written.
    pub model: Option<String>,
    /// Where the sign stands.
    pub source: String,
    /// How sure it is.
    pub confidence: String,
}

/// A declared prompt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PromptRef {
    /// `sha256:...`.
    pub hash: Option<String>,
    /// Where it is kept.
    #[serde(rename = "ref")]
    pub reference: Option<String>,
    /// Who wrote it.
    pub author: Option<String>,
    /// What recomputing the hash said.
    pub verified: String,
}

/// One seat of the review bar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reviewer {
    /// Role asked for.
    pub bar: String,
    /// Whether somebody took the seat.
    pub met: bool,
    /// Who.
    pub login: Option<String>,
    /// The approving review.
    pub review_id: Option<u64>,
    /// Commit that was approved.
    pub commit_id: Option<String>,
}

/// What a gate said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GateResult {
    /// Gate.
    pub id: String,
    /// Worst verdict over all models.
    pub verdict: Verdict,
    /// SHA-256 over models, verdicts, summaries and evidence of its outcomes, and over its findings' fingerprints.
    pub evidence_hash: String,
}

/// What became of the pull request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// When it was merged (RFC 3339).
    pub merged_at: Option<String>,
    /// The commit that the merge made.
    pub merge_sha: Option<String>,
    /// Who merged it.
    pub merged_by: Option<String>,
    /// Whether that was within its merge window.
    pub window_ok: Option<bool>,
    /// Who had turned auto-merge on.
    pub auto_merge: Option<String>,
}

/// What happened after the merge.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Later {
    /// The revert that undid it.
    pub rollback: Option<String>,
    /// The defect that it let through.
    pub escape: Option<String>,
}

impl Record {
    /// SHA-256 over the record's canonical JSON without `hash`: keys sorted, no spaces, UTF-8.
    pub fn digest(&self) -> String {
        let mut value = serde_json::to_value(self).expect("a record holds only what JSON can say");
        if let Some(map) = value.as_object_mut() {
            map.shift_remove("hash");
        }
        hex(&Sha256::digest(canonical(&value).as_bytes()))
    }

    /// The record as the one after `prev_hash` in a chain, with its hash.
    pub fn chained(mut self, prev_hash: &str) -> Self {
        self.prev_hash = prev_hash.to_owned();
        self.hash = self.digest();
        self
    }

    /// One line of JSON.
    pub fn line(&self) -> String {
        canonical(&serde_json::to_value(self).expect("a record holds only what JSON can say"))
    }
}

/// What each gate of the report said, by gate id.
pub fn gate_results(report: &Report) -> Vec<GateResult> {
    let mut by_gate: BTreeMap<&str, (Verdict, Sha256)> = BTreeMap::new();
    for outcome in &report.outcomes {
        let (verdict, hash) = by_gate.entry(&outcome.gate).or_insert_with(|| (Verdict::Pass, Sha256::new()));
        // The order of `Verdict` is from the best to the worst.
        *verdict = (*verdict).max(outcome.verdict);
        let evidence = canonical(&Value::Object(outcome.evidence.clone()));
        for part in [outcome.model.as_str(), outcome.verdict.word(), &outcome.summary, &evidence] {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
    }
    for finding in &report.findings {
        if let Some((_, hash)) = by_gate.get_mut(finding.gate.as_str()) {
            hash.update(finding.fingerprint.as_bytes());
        }
    }
    let result = |(id, (verdict, hash)): (&str, (Verdict, Sha256))| GateResult {
        id: id.to_owned(),
        verdict,
        evidence_hash: hex(&hash.finalize()),
    };
    by_gate.into_iter().map(result).collect()
}

/// JSON with sorted keys and no spaces: the same bytes for the same content.
pub(super) fn canonical(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let sorted: BTreeMap<&String, &Value> = map.iter().collect();
            let entries: Vec<String> =
                sorted.into_iter().map(|(k, v)| format!("{}:{}", Value::from(k.as_str()), canonical(v))).collect();
            format!("{{{}}}", entries.join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(",")),
        other => other.to_string(),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
pub(super) fn sample(pr: u64) -> Record {
    Record {
        schema: RECORD_VERSION,
        repo: "o/r".into(),
        pr,
        head_sha: "a".repeat(40),
        base_sha: "b".repeat(40),
        policy_sha: "c".repeat(64),
        layers: vec!["marts".into()],
        assisted: Vec::new(),
        prompt: None,
        tools_used: Vec::new(),
        reviewers: Vec::new(),
        gates: Vec::new(),
        caught: BTreeMap::new(),
        outcome: Outcome::default(),
        later: Later::default(),
        run_url: None,
        prev_hash: GENESIS.into(),
        hash: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_covers_everything_but_itself() {
        let record = sample(1).chained(GENESIS);
        assert_eq!(record.digest(), record.hash);
        let mut other = record.clone();
        other.outcome.window_ok = Some(true);
        assert_ne!(other.digest(), record.hash);
        let read: Record = serde_json::from_str(&record.line()).expect("a record");
        assert_eq!(read, record);
    }
}
