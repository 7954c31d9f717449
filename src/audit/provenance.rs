//! Provenance: whether a change was assisted by a language model, by which, and on which evidence.
//!
//! Only what is written is read: trailers, authors, footers, labels, notes, traces. Finding nothing proves nothing, and
//! every number is an "at least".

mod checkbox;
mod collect;
mod footer;
mod found;
mod identity;
mod message;
mod model;
mod product;
mod prompt;
mod say;
mod table;
mod trace;
mod trailer;

use crate::finding::Severity;
use crate::report::{Llm, Notice};
use collect::{Collected, problem};
use serde::Serialize;

/// Whether a login that GitHub gave is that of an assistant which opens pull requests by itself.
pub fn is_coding_agent(login: &str) -> bool {
    identity::of_github_login(login).is_some()
}

/// One commit of the change, from git or from GitHub's API.
#[derive(Debug, Clone, Default)]
pub struct CommitText {
    /// Its id, or another word for where the text comes from (`message`).
    pub sha: String,
    /// Who wrote it.
    pub author: Person,
    /// Who committed it; `GitHub <noreply@github.com>` for what was merged in the browser.
    pub committer: Person,
    /// The whole message.
    pub message: String,
    /// Text of its note in refs/notes/ai, when fetched.
    pub note: Option<String>,
}

/// A name that git or GitHub gives.
#[derive(Debug, Clone, Default)]
pub struct Person {
    /// Name.
    pub name: String,
    /// Address.
    pub email: String,
    /// GitHub login, when known.
    pub login: Option<String>,
}

/// The pull request, when there is one.
#[derive(Debug, Clone, Default)]
pub struct PullText {
    /// Title.
    pub title: String,
    /// Body.
    pub body: String,
    /// Login of its author.
    pub author: Option<String>,
    /// Branch that it comes from.
    pub branch: String,
    /// Names of its labels.
    pub labels: Vec<String>,
}

/// Looks for a prompt file: path, and blob id (or its first digits) if given. `None` = not in the repository; an error =
/// could not look.
pub type PromptFile<'a> = dyn Fn(&str, Option<&str>) -> anyhow::Result<Option<Vec<u8>>> + 'a;

/// Everything that is looked at.
pub struct Evidence<'a> {
    /// The commits of the change.
    pub commits: &'a [CommitText],
    /// The pull request.
    pub pull: Option<&'a PullText>,
    /// The policy's `llm.label`.
    pub label: Option<&'a str>,
    /// Agent Trace files of the change: path, text.
    pub traces: &'a [(String, String)],
    /// Bytes of the file that an `LLM-Prompt-Ref` names.
    pub prompt_file: &'a PromptFile<'a>,
}

/// How sure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// No mark at all.
    None,
    /// A mark that proves nothing, such as the name of a branch.
    Hint,
    /// A word of somebody about the change: a common label, "made with AI".
    Low,
    /// A declaration in words, a link to a session.
    Medium,
    /// An identity or a footer that only the tool writes, the policy's label, `Assisted-by: tool:model`.
    High,
}

impl Confidence {
    /// The word as in the JSON.
    pub fn word(self) -> &'static str {
        match self {
            Confidence::None => "none",
            Confidence::Hint => "hint",
            Confidence::Low => "low",
            Confidence::Medium => "medium",
            Confidence::High => "high",
        }
    }
}

/// One piece of evidence.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Mark {
    /// Tool id (`claude-code`); `None` = a language model that nothing more is known of.
    pub tool: Option<String>,
    /// The model, as written.
    pub model: Option<String>,
    /// Where it stands: `commit 1a2b3c4 trailer Co-authored-by`, `pull request body footer`, `label`, `branch`.
    pub source: String,
    /// How sure it is.
    pub confidence: Confidence,
    /// The line, clipped, without control characters.
    pub text: String,
    /// Whether a person declares it with this, rather than a tool leaving it behind.
    pub declares: bool,
}

/// Whether the claim about the prompt holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verified {
    /// The hash is that of the file in the repository.
    Verified,
    /// It is not.
    Mismatch,
    /// The author keeps the prompt back.
    Withheld,
    /// The repository has no such file.
    NotInRepository,
    /// Nothing to compare: an address elsewhere, no hash, or the file could not be looked up.
    Unverified,
}

impl Verified {
    /// The word as in the JSON.
    pub fn word(self) -> &'static str {
        match self {
            Verified::Verified => "verified",
            Verified::Mismatch => "mismatch",
            Verified::Withheld => "withheld",
            Verified::NotInRepository => "not-in-repository",
            Verified::Unverified => "unverified",
        }
    }
}

/// The prompt, as its author claims it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Prompt {
    /// `sha256:` and 64 hex digits.
    pub hash: Option<String>,
    /// `path@blob`, an address, or `withheld`. In JSON: `ref`.
    #[serde(rename = "ref")]
    pub reference: Option<String>,
    /// `@login`.
    pub author: Option<String>,
    /// Whether it holds.
    pub verified: Verified,
}

/// The answer. In JSON in this order; lists are sorted, save marks and prompts, which stand in the order of the evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Provenance {
    /// Whether any mark is more than a hint.
    pub assisted: bool,
    /// The highest of all marks.
    pub confidence: Confidence,
    /// Whether the change declares it: the policy's label, `Assisted-by`, `AI-assisted`, a ticked box, or a sentence.
    pub declared: bool,
    /// Ids of the tools, hints aside.
    pub tools: Vec<String>,
    /// Models as written, hints aside.
    pub models: Vec<String>,
    /// The prompt: the first claim that does not hold, else the first.
    pub prompt: Option<Prompt>,
    /// All claims about prompts.
    pub prompts: Vec<Prompt>,
    /// Tools that the declarations put in brackets (`[duckdb]`): claims of the author.
    pub tools_used: Vec<String>,
    /// How many commits were looked at.
    pub commits: usize,
    /// How many of them carry a mark that is more than a hint.
    pub assisted_commits: usize,
    /// The evidence.
    pub marks: Vec<Mark>,
    /// What is wrong with the evidence. An `error` is a prompt whose hash does not hold.
    pub problems: Vec<Notice>,
}

impl Provenance {
    /// The answer in one sentence.
    pub fn says(&self) -> String {
        say::sentence(self)
    }

    /// What the report shows of it.
    pub fn llm(&self) -> Llm {
        Llm { assisted: self.assisted, evidence: say::evidence(self) }
    }
}

/// Judges the evidence.
pub fn provenance(evidence: &Evidence<'_>) -> Provenance {
    let mut all = Collected::default();
    let mut assisted_commits = 0;
    for commit in evidence.commits {
        let before = all.marks.len();
        all.commit(commit, evidence);
        assisted_commits += usize::from(all.marks[before..].iter().any(|m| m.confidence > Confidence::Hint));
    }
    if let Some(pull) = evidence.pull {
        all.pull(pull, evidence);
    }
    for (path, text) in evidence.traces {
        match trace::agent_trace(text) {
            Ok(found) => found.into_iter().for_each(|f| all.push(path, f)),
            Err(why) => all.problems.push(problem(Severity::Warning, path, why)),
        }
    }
    all.judged(evidence.commits.len(), assisted_commits)
}

#[cfg(test)]
mod tests;
