//! `rowproof provenance`: whether a change was assisted by a language model, by which, and on which evidence.

mod event;
mod show;
mod sources;
mod undeclared;

pub(super) use event::pull_of_event;
pub(super) use sources::Change;
pub(super) use undeclared::undeclared;

use super::{console, gather};
use crate::audit::provenance::{CommitText, Evidence, Person, Provenance, PullText, Verified, provenance};
use crate::cli::{ProvenanceArgs, ProvenanceFormat};
use crate::git::Repo;
use crate::policy;
use anyhow::{Context, Result, anyhow, bail};
use std::io::Read;
use std::path::Path;

/// Looks at the evidence and prints the answer. The exit code is 1 when the hash of a prompt does not hold, else 0,
/// whatever the answer is.
///
/// # Errors
/// Evidence that cannot be read.
pub(super) fn run(args: &ProvenanceArgs) -> Result<u8> {
    let found = judge(args)?;
    console::print(&match args.format {
        ProvenanceFormat::Table => show::table(&found),
        ProvenanceFormat::Json => show::json(&found)?,
    })?;
    Ok(u8::from(found.prompts.iter().any(|p| p.verified == Verified::Mismatch)))
}

fn judge(args: &ProvenanceArgs) -> Result<Provenance> {
    let dashes = args.message.iter().chain(&args.body).filter(|f| is_stdin(f)).count();
    if dashes > 1 {
        bail!("standard input (`-`) can be read once; name files for the other texts");
    }
    // Read once: it may come from standard input.
    let asked = asked_pull(args)?;
    if !args.message.is_empty() {
        return of_messages(args, asked.as_ref().map(|a| a.over(None)));
    }
    let here = std::env::current_dir().context("cannot tell the current folder")?;
    match Repo::open(&here) {
        Ok(repo) => {
            let event = pull_of_event()?;
            let pull = match &asked {
                Some(asked) => Some(asked.over(event)),
                None => event,
            };
            of_repository(args, &repo, &here, pull)
        }
        // The text of a pull request can be judged by itself, anywhere.
        Err(error) => match asked {
            Some(asked) if args.base.is_none() => of_messages(args, Some(asked.over(None))),
            _ => Err(error),
        },
    }
}

/// The commits between two revisions, and the pull request.
fn of_repository(args: &ProvenanceArgs, repo: &Repo, here: &Path, pull: Option<PullText>) -> Result<Provenance> {
    let base = gather::base_revision(repo, args.base.as_deref())?;
    let (base_tree, head_tree) = repo.sides(&base, &args.head)?;
    let policy = gather::policy_of_sides(repo, here, &base_tree, &head_tree)?;
    let change = Change::read(repo, &base_tree, &head_tree)?;
    Ok(change.provenance(pull.as_ref(), policy.llm.label.as_deref()))
}

/// Texts by themselves. Prompt files are looked up where there is a repository around.
fn of_messages(args: &ProvenanceArgs, pull: Option<PullText>) -> Result<Provenance> {
    let author = args.author.as_deref().map(person).transpose()?.unwrap_or_default();
    let mut commits = Vec::new();
    for (i, file) in args.message.iter().enumerate() {
        let sha = if i == 0 { "message".to_owned() } else { format!("message {}", i + 1) };
        let committer = Person::default();
        commits.push(CommitText { sha, author: author.clone(), committer, message: read(file)?, note: None });
    }
    let label = policy::built_in("default")?.llm.label;
    let here = std::env::current_dir().context("cannot tell the current folder")?;
    let head = Repo::open(&here).and_then(|repo| repo.side(&args.head));
    let prompt_file = |path: &str, blob: Option<&str>| match &head {
        Ok(head) => sources::of_tree(head, path, blob),
        Err(why) => Err(anyhow!("{why:#}")),
    };
    Ok(provenance(&Evidence {
        commits: &commits,
        pull: pull.as_ref(),
        label: label.as_deref(),
        traces: &[],
        prompt_file: &prompt_file,
    }))
}

/// What the command line says of the pull request.
struct Asked<'a> {
    args: &'a ProvenanceArgs,
    body: Option<String>,
}

impl Asked<'_> {
    /// The pull request of the event, with what the command line says on top.
    fn over(&self, event: Option<PullText>) -> PullText {
        let (args, event) = (self.args, event.unwrap_or_default());
        PullText {
            title: args.title.clone().unwrap_or(event.title),
            body: self.body.clone().unwrap_or(event.body),
            author: args.pr_author.clone().or(event.author),
            branch: args.branch.clone().unwrap_or(event.branch),
            labels: if args.label.is_empty() { event.labels } else { args.label.clone() },
        }
    }
}

/// `None` when it says nothing of one.
fn asked_pull(args: &ProvenanceArgs) -> Result<Option<Asked<'_>>> {
    let said = args.body.is_some()
        || args.title.is_some()
        || args.branch.is_some()
        || args.pr_author.is_some()
        || !args.label.is_empty();
    let body = args.body.as_deref().map(read).transpose()?;
    Ok(said.then_some(Asked { args, body }))
}

fn is_stdin(file: &Path) -> bool {
    file == Path::new("-")
}

fn read(file: &Path) -> Result<String> {
    let mut bytes = Vec::new();
    if is_stdin(file) {
        std::io::stdin().lock().read_to_end(&mut bytes).context("cannot read standard input")?;
    } else {
        bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    }
    // Messages of old commits are in other encodings; the marks are ASCII.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn person(text: &str) -> Result<Person> {
    let (name, rest) = text
        .rsplit_once('<')
        .filter(|(_, rest)| rest.trim_end().ends_with('>'))
        .ok_or_else(|| anyhow!("--author {text:?}: write \"Name <address>\""))?;
    let email = rest.trim_end().trim_end_matches('>').trim();
    Ok(Person { name: name.trim().to_owned(), email: email.to_owned(), login: None })
}
