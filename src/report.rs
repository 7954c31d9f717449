//! The report of one run: what every output, the poster and the record read. Data only.

use crate::finding::{Finding, Severity};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Version of the report's shape.
pub const SCHEMA_VERSION: u32 = 1;

/// What a gate said of one model, or the run of everything. An unknown word from a newer version does not parse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Checked, nothing wrong.
    Pass,
    /// Checked, warnings only.
    Warn,
    /// Not asked for, or nothing to check: with a reason.
    Skip,
    /// Checked, a defect found.
    Fail,
    /// Could not tell: with a reason.
    Error,
}

impl Verdict {
    /// The word as in the JSON.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::Warn => "warn",
            Verdict::Skip => "skip",
            Verdict::Fail => "fail",
            Verdict::Error => "error",
        }
    }
}

/// One run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Which program made it.
    pub tool: Tool,
    /// The verdict of the run: never `skip`.
    pub verdict: Verdict,
    /// Trusted side: the merge base.
    pub base: Revision,
    /// Judged side.
    pub head: Revision,
    /// Policy that judged.
    pub policy: PolicyUsed,
    /// The project.
    pub project: ProjectInfo,
    /// The pull request that was judged, where the event named one. A claim: who publishes the report compares it with
    /// what GitHub says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pull_request: Option<PullRequestRef>,
    /// Whether a language model helped.
    pub llm: Llm,
    /// Changed models, sorted by unique id.
    pub changes: Vec<ChangeInfo>,
    /// Gate x model, sorted by model, then in the order of the gates.
    pub outcomes: Vec<Outcome>,
    /// Findings, worst first, then by model, place and rule.
    pub findings: Vec<Finding>,
    /// Things about the run itself that a reader must know (policy adopted, file not readable, ...), sorted.
    pub notices: Vec<Notice>,
}

impl Report {
    /// Exit code of the run: 0 passed, 1 a gate failed, 2 could not decide.
    pub fn exit_code(&self) -> u8 {
        match self.verdict {
            Verdict::Pass | Verdict::Warn => 0,
            Verdict::Fail => 1,
            Verdict::Skip | Verdict::Error => 2,
        }
    }
}

/// Which program made the report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// `rowproof`.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// One side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Revision {
    /// As asked (`main`, `HEAD`, `worktree`).
    pub rev: String,
    /// Commit id, or `worktree`.
    pub sha: String,
}

/// A pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PullRequestRef {
    /// `owner/name` of the repository that it goes to.
    pub repository: String,
    /// Number.
    pub number: u64,
    /// Its head commit, also where a merge commit or the working tree was judged.
    pub head_sha: String,
}

/// The policy that judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyUsed {
    /// Path from the repository's root, or `built-in:default`.
    pub path: String,
    /// SHA-256 of its text.
    pub sha256: String,
    /// `base`, `built-in` or `override`.
    pub side: String,
}

/// The project.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProjectInfo {
    /// `dbt` or `sql`.
    pub kind: String,
    /// Name.
    pub name: String,
    /// Dialect.
    pub dialect: String,
}

/// Whether a language model helped, as far as it is known.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Llm {
    /// True when there is evidence.
    pub assisted: bool,
    /// The evidence.
    pub evidence: Vec<String>,
}

/// What happened to a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ChangeKind {
    /// On head only.
    Added,
    /// On both sides and different.
    Modified,
    /// On base only.
    Removed,
    /// Same model in another file.
    Moved,
}

/// How the outputs of the two sides relate, as far as it can be proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Equivalence {
    /// The compiled text is the same but for whitespace and comments.
    Identical,
    /// Another text that provably gives the same rows and columns.
    Equivalent,
    /// Provably another definition.
    Changed,
    /// Could not be proved: never treated as equal.
    Undecided,
}

/// One changed model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeInfo {
    /// Name.
    pub model: String,
    /// Unique id.
    pub unique_id: String,
    /// Path from the repository's root (head's; base's for a removed model).
    pub path: String,
    /// Layer.
    pub layer: String,
    /// What happened.
    pub kind: ChangeKind,
    /// Why it counts as changed: `body`, `config`, `macro:NAME`, `var:NAME`, `yaml`, `seed`, `path`, `source:NAME`,
    /// `upstream:NAME`, or `project` for what the project file and packages decide.
    pub reasons: Vec<String>,
    /// How the outputs relate.
    pub equivalence: Equivalence,
    /// Names of the models downstream of it on head, sorted.
    pub downstream: Vec<String>,
}

/// What one gate said of one model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// Gate id.
    pub gate: String,
    /// Model name.
    pub model: String,
    /// What it said.
    pub verdict: Verdict,
    /// Why, for `skip` and `error`.
    pub reason: Option<String>,
    /// One line with the evidence in words, also on success.
    pub summary: String,
    /// The evidence.
    pub evidence: Map<String, Value>,
    /// Milliseconds.
    pub ms: u64,
}

/// Something about the run itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// How bad: an `error` notice makes the run `error`.
    pub severity: Severity,
    /// Where (`path` or `path:line`), or empty.
    pub place: String,
    /// What, and what to do.
    pub message: String,
}
