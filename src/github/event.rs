//! What started the workflow: GitHub's event file and the environment of Actions. Only what we must trust is read.

use super::{Repository, is_sha};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::path::Path;

/// Largest event file that is read; GitHub caps payloads at 25 MB.
const MAX_EVENT: u64 = 32 * 1024 * 1024;

/// The event.
#[derive(Debug, Clone, Default)]
pub struct Event {
    /// Its name (`pull_request`, `workflow_run`, ...), empty outside Actions.
    pub name: String,
    /// Its action (`opened`, `closed`, ...), empty where it has none.
    pub action: String,
    /// `owner/name` of the repository that it concerns.
    pub repository: Option<String>,
    /// The pull request that it names.
    pub pull: Option<EventPull>,
    /// The finished run that it names.
    pub workflow_run: Option<WorkflowRun>,
    /// The merge group that it names.
    pub merge_group: Option<MergeGroup>,
}

/// The pull request of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventPull {
    /// Number.
    pub number: u64,
    /// Commit to judge.
    pub head_sha: String,
    /// Commit of the branch that it goes to.
    pub base_sha: String,
    /// `owner/name` of the repository that the commit is from; nothing where that is gone.
    pub head_repository: Option<String>,
}

/// The run that a `workflow_run` event follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkflowRun {
    /// Commit that it ran for.
    pub head_sha: String,
    /// Branch that it ran for.
    pub head_branch: String,
    /// `owner/name` of the repository that the commit is from; another one than the event's for a fork.
    pub head_repository: Option<String>,
    /// The event that started it.
    pub event: String,
}

/// The merge group of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergeGroup {
    /// Commit that will be merged.
    pub head_sha: String,
    /// Its branch (`refs/heads/gh-readonly-queue/main/pr-12-SHA`).
    pub head_ref: String,
    /// Commit that it is built on.
    pub base_sha: String,
}

impl MergeGroup {
    /// Number of the pull request that the group was made for, as its branch names it.
    pub fn pull_number(&self) -> Option<u64> {
        let last = self.head_ref.rsplit('/').next()?;
        let number = last.strip_prefix("pr-")?.split('-').next()?;
        number.parse().ok()
    }
}

impl Event {
    /// Reads the event file; `variable` gives the environment. Without GITHUB_EVENT_PATH it is an empty event.
    ///
    /// # Errors
    /// A file that cannot be read or is no JSON object: it is never taken for no event.
    pub fn read(variable: &dyn Fn(&str) -> Option<String>) -> Result<Self> {
        let set = |name: &str| variable(name).filter(|v| !v.is_empty());
        let mut event = match set("GITHUB_EVENT_PATH") {
            Some(path) => Self::parse(&set("GITHUB_EVENT_NAME").unwrap_or_default(), &text(Path::new(&path))?)
                .with_context(|| format!("GITHUB_EVENT_PATH ({path})"))?,
            None => Self::default(),
        };
        if let Some(repository) = set("GITHUB_REPOSITORY") {
            event.repository = Some(repository);
        }
        Ok(event)
    }

    /// Reads a payload. Without a name the event is told by what it holds.
    ///
    /// # Errors
    /// No JSON object, or a part in another shape than GitHub documents.
    pub fn parse(name: &str, text: &str) -> Result<Self> {
        let value: Value = serde_json::from_str(text).context("no JSON")?;
        if !value.is_object() {
            bail!("no JSON object");
        }
        let word = |v: &Value, key: &str| v.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let name = match name {
            "" if value.get("workflow_run").is_some() => "workflow_run".to_owned(),
            "" if value.get("merge_group").is_some() => "merge_group".to_owned(),
            "" if value.get("review").is_some() => "pull_request_review".to_owned(),
            "" if value.get("pull_request").is_some() => "pull_request".to_owned(),
            name => name.to_owned(),
        };
        let repository = value.pointer("/repository/full_name").and_then(Value::as_str).map(str::to_owned);
        let pull = value.get("pull_request").filter(|p| p.is_object()).map(pull).transpose()?;
        let workflow_run = match value.get("workflow_run").filter(|r| r.is_object()) {
            Some(run) => Some(WorkflowRun {
                head_sha: sha(run, "/head_sha")?,
                head_branch: word(run, "head_branch"),
                head_repository: run.pointer("/head_repository/full_name").and_then(Value::as_str).map(str::to_owned),
                event: word(run, "event"),
            }),
            None => None,
        };
        let merge_group = match value.get("merge_group").filter(|g| g.is_object()) {
            Some(group) => Some(MergeGroup {
                head_sha: sha(group, "/head_sha")?,
                head_ref: word(group, "head_ref"),
                base_sha: sha(group, "/base_sha")?,
            }),
            None => None,
        };
        Ok(Self { action: word(&value, "action"), name, repository, pull, workflow_run, merge_group })
    }

    /// The repository, checked.
    ///
    /// # Errors
    /// The event names none, or none that can be.
    pub fn repository(&self) -> Result<Repository> {
        let name = self
            .repository
            .as_deref()
            .context("which repository is unknown: set GITHUB_REPOSITORY or name it with --repo owner/name")?;
        Repository::new(name)
    }

    /// Whether what the event is about is known to come from the repository itself, not from a fork. A merge group may
    /// hold a fork's commits.
    pub fn is_of_own_repository(&self) -> bool {
        let own = |head: &Option<String>| match (head, &self.repository) {
            (Some(head), Some(own)) => head.eq_ignore_ascii_case(own),
            _ => false,
        };
        match (&self.pull, &self.workflow_run) {
            (Some(pull), _) => own(&pull.head_repository),
            (None, Some(run)) => own(&run.head_repository),
            (None, None) => matches!(self.name.as_str(), "push" | "schedule" | "workflow_dispatch"),
        }
    }

    /// The two commits that a run judges, where the event names them: base, head.
    pub fn sides(&self) -> Option<(&str, &str)> {
        if let Some(group) = &self.merge_group {
            return Some((&group.base_sha, &group.head_sha));
        }
        self.pull.as_ref().map(|p| (p.base_sha.as_str(), p.head_sha.as_str()))
    }
}

fn text(path: &Path) -> Result<String> {
    let size = std::fs::metadata(path).with_context(|| format!("cannot read the event {}", path.display()))?.len();
    if size > MAX_EVENT {
        bail!("{}: the event has {size} bytes, more than {MAX_EVENT}", path.display());
    }
    std::fs::read_to_string(path).with_context(|| format!("cannot read the event {}", path.display()))
}

fn pull(value: &Value) -> Result<EventPull> {
    let number = value.get("number").and_then(Value::as_u64).context("`pull_request.number` is missing")?;
    let head_repository = value.pointer("/head/repo/full_name").and_then(Value::as_str).map(str::to_owned);
    Ok(EventPull { number, head_sha: sha(value, "/head/sha")?, base_sha: sha(value, "/base/sha")?, head_repository })
}

fn sha(value: &Value, pointer: &str) -> Result<String> {
    let found = value.pointer(pointer).and_then(Value::as_str).filter(|s| is_sha(s));
    found.map(str::to_owned).with_context(|| format!("`{}` is no commit id", pointer.trim_start_matches('/')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read_and_hostile_ones_refused() {
        let (a, b) = ("a".repeat(40), "b".repeat(40));
        let text = format!(
            r#"{{"action":"opened","pull_request":{{"number":7,"head":{{"sha":"{a}"}},"base":{{"sha":"{b}"}}}},"repository":{{"full_name":"o/r"}}}}"#
        );
        let event = Event::parse("pull_request", &text).expect("an event");
        assert_eq!(event.sides(), Some((b.as_str(), a.as_str())));
        assert_eq!(event.repository().expect("a repository").full_name(), "o/r");
        assert_eq!(Event::parse("", &text).expect("an event").name, "pull_request");
        assert!(Event::parse("pull_request", &text.replace(&a, "--upload-pack=x")).is_err());
        assert!(Event::parse("pull_request", "[]").is_err());
        assert!(Event::parse("push", "{}").expect("an event").sides().is_none());
    }

    #[test]
    fn a_fork_is_whatever_is_not_known_to_be_none() {
        let sha = "a".repeat(40);
        let event = |name: &str, head: &str| {
            let pull = format!(r#"{{"number":7,"head":{{"sha":"{sha}","repo":{head}}},"base":{{"sha":"{sha}"}}}}"#);
            let text = format!(r#"{{"pull_request":{pull},"repository":{{"full_name":"o/r"}}}}"#);
            Event::parse(name, &text).expect("an event").is_of_own_repository()
        };
        assert!(event("pull_request", r#"{"full_name":"O/r"}"#));
        assert!(!event("pull_request_target", r#"{"full_name":"someone/r"}"#));
        assert!(!event("pull_request", "null"), "a fork that is gone");
        let named = |name: &str, text: &str| Event::parse(name, text).expect("an event").is_of_own_repository();
        assert!(named("push", "{}"));
        assert!(!named("issue_comment", "{}"));
        assert!(!named("", "{}"));
    }

    #[test]
    fn merge_groups_name_their_pull_request() {
        let group = |head_ref: &str| MergeGroup {
            head_sha: String::new(),
            head_ref: head_ref.to_owned(),
            base_sha: String::new(),
        };
        let name = "refs/heads/gh-readonly-queue/main/pr-104-929f8209d40f77f4abc622a499c93a83babdbe64";
        assert_eq!(group(name).pull_number(), Some(104));
        assert_eq!(group("refs/heads/gh-readonly-queue/feature/pr-1/pr-9-abc").pull_number(), Some(9));
        assert_eq!(group("refs/heads/main").pull_number(), None);
    }
}
