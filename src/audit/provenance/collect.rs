//! Gathers the marks of all evidence and draws the conclusion.

use super::found::Found;
use super::{CommitText, Confidence, Evidence, Mark, Person, Prompt, Provenance, PullText, Verified};
use super::{identity, message, model, product, prompt, table, trace};
use crate::audit::text;
use crate::finding::Severity;
use crate::report::Notice;
use std::collections::BTreeSet;

/// Characters of a line that are shown.
pub(super) const SHOWN: usize = 160;

/// Something that is wrong with the evidence.
pub(super) fn problem(severity: Severity, place: &str, message: impl Into<String>) -> Notice {
    Notice { severity, place: place.to_owned(), message: text::clip(&message.into(), 400) }
}

/// Marks and problems, as they are found.
#[derive(Default)]
pub(super) struct Collected {
    pub marks: Vec<Mark>,
    known: BTreeSet<Mark>,
    prompts: Vec<Prompt>,
    tools_used: BTreeSet<String>,
    pub problems: Vec<Notice>,
}

impl Collected {
    /// Takes one mark; the same mark twice is one.
    pub fn push(&mut self, whence: &str, found: Found) {
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

    /// Reads a commit: who made it, its message, its note.
    pub fn commit(&mut self, commit: &CommitText, evidence: &Evidence<'_>) {
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

    /// Reads a pull request: its author, body, labels and branch.
    pub fn pull(&mut self, pull: &PullText, evidence: &Evidence<'_>) {
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

    /// The answer.
    pub fn judged(mut self, commits: usize, assisted_commits: usize) -> Provenance {
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
