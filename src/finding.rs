//! One defect found, and how bad it is. Data only.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// How bad a finding is. The gate proposes, the policy decides (see `run.rs`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; never changes a verdict.
    Note,
    /// Makes the outcome `warn`.
    Warning,
    /// Makes the outcome `fail`.
    Error,
}

/// A place in a file that a person edits (the template, never compiled text). 1-based, end exclusive.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Location {
    /// Path from the repository's root, with `/`.
    pub path: String,
    /// First line, from 1.
    pub line: u32,
    /// First column in characters, from 1.
    pub column: u32,
    /// Last line.
    pub end_line: u32,
    /// One past the last column.
    pub end_column: u32,
}

impl Location {
    /// A whole file: its first character.
    pub fn file(path: impl Into<String>) -> Self {
        Self { path: path.into(), line: 1, column: 1, end_line: 1, end_column: 1 }
    }
}

/// One defect found by a gate in one model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// Gate id (`lineage_diff`).
    pub gate: String,
    /// Rule id, `gate/rule-name`, named for the defect.
    pub rule: String,
    /// How bad.
    pub severity: Severity,
    /// Model name.
    pub model: String,
    /// Output column concerned, where there is one.
    pub column: Option<String>,
    /// Layer of the model.
    pub layer: String,
    /// Where to look.
    pub location: Option<Location>,
    /// What is wrong: one line, lower-case fragment.
    pub message: String,
    /// What to do.
    pub help: String,
    /// Numbers and texts behind the message. Never sampled values of a column that is or may be PII.
    pub evidence: Map<String, Value>,
    /// Stable identity across edits elsewhere: it holds no line number. Filled by [`Finding::fingerprinted`].
    pub fingerprint: String,
}

impl Finding {
    /// A finding of `rule` (`gate/rule-name`) with severity `error`; model and layer are filled by `run`.
    pub fn new(rule: &str, message: impl Into<String>, help: impl Into<String>) -> Self {
        let gate = rule.split('/').next().unwrap_or(rule);
        Self {
            gate: gate.to_owned(),
            rule: rule.to_owned(),
            severity: Severity::Error,
            model: String::new(),
            column: None,
            layer: String::new(),
            location: None,
            message: message.into(),
            help: help.into(),
            evidence: Map::new(),
            fingerprint: String::new(),
        }
    }

    /// Sets the severity that the gate proposes.
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// Sets the place.
    pub fn at(mut self, location: impl Into<Option<Location>>) -> Self {
        self.location = location.into();
        self
    }

    /// Sets the output column.
    pub fn column(mut self, column: impl Into<String>) -> Self {
        self.column = Some(column.into());
        self
    }

    /// Adds one piece of evidence.
    pub fn evidence(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.evidence.insert(key.to_owned(), value.into());
        self
    }

    /// Fills the fingerprint: SHA-256 over rule, model, column and path, with `discriminator` telling apart
    /// findings that share all of them (the n-th such finding in reading order, say). No line number.
    pub fn fingerprinted(mut self, discriminator: &str) -> Self {
        let mut hash = Sha256::new();
        let path = self.location.as_ref().map_or("", |l| l.path.as_str());
        for part in [&self.rule, &self.model, self.column.as_deref().unwrap_or(""), path, discriminator] {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        self.fingerprint = hash.finalize().iter().take(16).map(|b| format!("{b:02x}")).collect();
        self
    }
}
