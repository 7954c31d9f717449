//! The evidence that the repository holds: commits with their notes, trace files, prompt files.

use crate::audit::provenance::{CommitText, Evidence, Person, Provenance, PullText, provenance};
use crate::finding::Severity;
use crate::git::log::{Log, LogEntry};
use crate::git::{Repo, SideTree};
use crate::report::Notice;
use anyhow::{Context, Result};
use std::collections::BTreeSet;

/// A change as its repository shows it.
pub(in crate::commands) struct Change<'a> {
    repo: &'a Repo,
    head: &'a SideTree,
    log: Log,
    traces: Vec<(String, String)>,
}

impl<'a> Change<'a> {
    /// Reads what lies between the two sides.
    ///
    /// # Errors
    /// A commit, a note or a trace file that cannot be read.
    pub fn read(repo: &'a Repo, base: &SideTree, head: &'a SideTree) -> Result<Self> {
        let log = repo.log(&base.sha, &head.rev)?;
        Ok(Self { repo, head, log, traces: traces(base, head)? })
    }

    /// Judges it, together with what is known of the pull request and the label of the policy. A prompt file that
    /// cannot be read is told among the problems.
    pub fn provenance(&self, pull: Option<&PullText>, label: Option<&str>) -> Provenance {
        let ids: Vec<String> = self.log.commits.iter().map(|c| c.sha.clone()).collect();
        let prompt_file = |path: &str, blob: Option<&str>| match (of_tree(self.head, path, blob)?, blob) {
            (None, Some(blob)) => self.repo.version_of(&ids, path, blob),
            (found, _) => Ok(found),
        };
        let none = Evidence { commits: &[], pull: None, label: None, traces: &[], prompt_file: &prompt_file };
        let mut commits = Vec::new();
        for entry in &self.log.commits {
            let commit = [text_of(entry)];
            // A merge is nobody's work, unless it says otherwise.
            if !entry.merge || provenance(&Evidence { commits: &commit, ..none }).assisted {
                commits.extend(commit);
            }
        }
        let evidence = Evidence { commits: &commits, pull, label, traces: &self.traces, prompt_file: &prompt_file };
        let mut found = provenance(&evidence);
        if self.log.cut {
            found.problems.push(Notice {
                severity: Severity::Note,
                place: String::new(),
                message: "this is a shallow clone: older commits of the change were not looked at for signs of a \
                          language model; fetch more (`fetch-depth: 0` in actions/checkout)"
                    .to_owned(),
            });
        }
        found
    }
}

/// The bytes of a file of one side, when it has that blob; `None` when it has not.
pub(super) fn of_tree(side: &SideTree, path: &str, blob: Option<&str>) -> Result<Option<Vec<u8>>> {
    let id = side.files.id(path);
    match (id, blob) {
        (Some(id), Some(blob)) if !id.starts_with(&blob.to_ascii_lowercase()) => Ok(None),
        _ => side.files.bytes(path),
    }
}

fn text_of(entry: &LogEntry) -> CommitText {
    let person = |(name, email): &(String, String)| Person { name: name.clone(), email: email.clone(), login: None };
    CommitText {
        sha: entry.sha.clone(),
        author: person(&entry.author),
        committer: person(&entry.committer),
        message: entry.message.clone(),
        note: entry.note.clone(),
    }
}

/// Agent Trace files that the change adds or adds to.
fn traces(base: &SideTree, head: &SideTree) -> Result<Vec<(String, String)>> {
    let changed = head.files.paths().filter(|p| is_trace(p) && head.files.id(p) != base.files.id(p));
    let mut found = Vec::new();
    for path in changed {
        let text = head.files.text(path)?.unwrap_or_default();
        let old = base.files.text(path).with_context(|| format!("{path} of the base side"))?.unwrap_or_default();
        // One record a line: those that base has are of older changes.
        let text = if path.ends_with(".jsonl") {
            let old: BTreeSet<&str> = old.lines().collect();
            text.lines().filter(|l| !old.contains(l)).collect::<Vec<_>>().join("\n")
        } else {
            text
        };
        found.push((path.to_owned(), text));
    }
    Ok(found)
}

fn is_trace(path: &str) -> bool {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let json = name.ends_with(".json") || name.ends_with(".jsonl");
    json && (folder.split('/').any(|f| f == ".agent-trace") || name.starts_with("agent-trace."))
}
