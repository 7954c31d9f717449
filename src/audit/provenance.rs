//! Provenance: whether a change was assisted by a language model, by which, and on which evidence.
//!
//! Only what is written is read: trailers, authors, footers, labels, notes, traces. Finding nothing proves nothing, and
//! every number is an "at least".

mod checkbox;
mod footer;
mod found;
mod identity;
mod message;
mod model;
mod product;
mod prompt;
mod say;
mod table;
mod text;
mod trace;
mod trailer;

use crate::finding::Severity;
use crate::report::{Llm, Notice};
use found::Found;
use serde::Serialize;
use std::collections::BTreeSet;

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

/// Characters of a line that are shown.
const SHOWN: usize = 160;

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

fn problem(severity: Severity, place: &str, message: impl Into<String>) -> Notice {
    Notice { severity, place: place.to_owned(), message: text::clip(&message.into(), 400) }
}

#[derive(Default)]
struct Collected {
    marks: Vec<Mark>,
    known: BTreeSet<Mark>,
    prompts: Vec<Prompt>,
    tools_used: BTreeSet<String>,
    problems: Vec<Notice>,
}

impl Collected {
    fn push(&mut self, whence: &str, found: Found) {
        let mark = Mark {
            tool: found.tool.map(|t| text::clip(&t, 60)),
            model: found.model.map(|m| text::clip(&m, 80)),
            source: text::clip(format!("{whence} {}", found.place).trim(), 120),
            confidence: found.confidence,
            text: text::clip(&found.line, SHOWN),
            declares: found.declares,
        };
        // A squash repeats the trailers of every commit that it is made of.
        if self.known.insert(mark.clone()) {
            self.marks.push(mark);
        }
    }

    fn commit(&mut self, commit: &CommitText, evidence: &Evidence<'_>) {
        let place = place_of(&commit.sha);
        let author = assistant(&commit.author);
        if let Some(found) = author.clone() {
            self.push(&place, found.placed("author", Confidence::High));
        }
        if let Some(found) = assistant(&commit.committer).filter(|c| Some(&c.tool) != author.as_ref().map(|a| &a.tool))
        {
            self.push(&place, found.placed("committer", Confidence::Medium));
        }
        self.message(&place, &commit.message, evidence);
        match commit.note.as_deref().map(trace::note) {
            Some(Ok(found)) => found.into_iter().for_each(|f| self.push(&place, f)),
            Some(Err(why)) => self.problems.push(problem(Severity::Warning, &format!("{place} note"), why)),
            None => {}
        }
    }

    fn pull(&mut self, pull: &PullText, evidence: &Evidence<'_>) {
        let author = pull.author.as_deref().unwrap_or("");
        if let Some(tool) = identity::of_github_login(author) {
            self.push("pull request", Found::tool(tool, None, Confidence::High, "author", author));
        }
        let quotes = author.to_lowercase();
        let quotes = quotes.trim_start_matches("app/").trim_end_matches("[bot]");
        if !table::QUOTING_BOTS.contains(&quotes) {
            self.message("pull request body", &pull.body, evidence);
        }
        for label in &pull.labels {
            self.label(label, evidence.label);
        }
        let first = pull.branch.trim_start_matches("refs/heads/").split_once('/').map_or("", |(first, _)| first);
        if let Some((_, tool)) = table::BRANCHES.iter().find(|(name, _)| name.eq_ignore_ascii_case(first)) {
            self.push("branch", Found::tool(tool, None, Confidence::Hint, "", &pull.branch));
        }
    }

    fn message(&mut self, place: &str, message: &str, evidence: &Evidence<'_>) {
        let read = message::read(message);
        read.found.into_iter().for_each(|f| self.push(place, f));
        self.tools_used.extend(read.tools_used.iter().map(|t| text::clip(t, 60)));
        self.problems.extend(read.problems.into_iter().map(|p| problem(Severity::Warning, place, p)));
        for claim in read.claims {
            let prompt = prompt::verify(claim, place, evidence, &mut self.problems);
            let shown =
                prompt.reference.as_deref().or(prompt.hash.as_deref()).or(prompt.author.as_deref()).unwrap_or("");
            let unnamed = product::Named { tool: None, model: None };
            self.push(place, Found::declared(unnamed, Confidence::Medium, "trailer LLM-Prompt", shown));
            if !self.prompts.contains(&prompt) {
                self.prompts.push(prompt);
            }
        }
    }

    fn label(&mut self, label: &str, declared_by: Option<&str>) {
        let trimmed = label.trim();
        let known = |rows: &[(&str, Option<&'static str>)]| {
            let id = label_id(trimmed);
            rows.iter().find(|(name, _)| *name == id).map(|(_, tool)| *tool)
        };
        let (tool, confidence, declares) = if declared_by.is_some_and(|d| d.trim().eq_ignore_ascii_case(trimmed)) {
            (None, Confidence::High, true)
        } else if let Some(tool) = known(table::LABELS) {
            (tool, Confidence::Low, false)
        } else if let Some(tool) = known(table::LABEL_HINTS) {
            (tool, Confidence::Hint, false)
        } else {
            return;
        };
        let tool = tool.map(str::to_owned);
        self.push("label", Found { tool, declares, ..Found::tool("", None, confidence, "", label) });
    }

    fn judged(mut self, commits: usize, assisted_commits: usize) -> Provenance {
        let counted: Vec<&Mark> = self.marks.iter().filter(|m| m.confidence > Confidence::Hint).collect();
        let tools: BTreeSet<String> = counted.iter().filter_map(|m| m.tool.clone()).collect();
        let models: BTreeSet<String> = counted.iter().filter_map(|m| m.model.clone()).collect();
        self.problems.sort();
        self.problems.dedup();
        let broken = self.prompts.iter().find(|p| p.verified == Verified::Mismatch);
        Provenance {
            assisted: !counted.is_empty(),
            confidence: self.marks.iter().map(|m| m.confidence).max().unwrap_or(Confidence::None),
            declared: counted.iter().any(|m| m.declares),
            tools: tools.into_iter().collect(),
            models: models.into_iter().collect(),
            prompt: broken.or(self.prompts.first()).cloned(),
            tools_used: self.tools_used.into_iter().collect(),
            commits,
            assisted_commits,
            prompts: self.prompts,
            marks: self.marks,
            problems: self.problems,
        }
    }
}

/// `commit 1a2b3c4`, or the word that stands for the id.
fn place_of(sha: &str) -> String {
    let is_id = sha.len() >= 7 && sha.bytes().all(|b| b.is_ascii_hexdigit());
    if is_id { format!("commit {}", &sha[..7]) } else { sha.to_owned() }
}

/// Lower case, with `-` for blanks and punctuation: `AI Assisted`, `ai_assisted` and `assisted-by:ai` each have one id.
fn label_id(label: &str) -> String {
    let words = label.to_lowercase();
    let words = words.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty());
    words.collect::<Vec<_>>().join("-")
}

/// The assistant that a person of a commit is.
fn assistant(person: &Person) -> Option<Found> {
    let line = format!("{} <{}>", person.name, person.email);
    let by_login = || {
        let tool = person.login.as_deref().and_then(identity::of_github_login)?;
        Some((tool, model::in_name(tool, &person.name)))
    };
    // Aider keeps the person's address and marks the name.
    let aider = || person.name.trim_end().to_lowercase().ends_with(" (aider)").then_some(("aider", None));
    let by_address = identity::of(&person.name, &person.email).map(|a| (a.tool, a.model));
    let (tool, model) = by_address.or_else(by_login).or_else(aider)?;
    Some(Found::tool(tool, model, Confidence::High, "", &line))
}

impl Found {
    fn placed(self, place: &str, confidence: Confidence) -> Self {
        Self { place: place.to_owned(), confidence, ..self }
    }
}

#[cfg(test)]
mod tests;
