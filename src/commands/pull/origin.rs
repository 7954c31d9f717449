//! Provenance of a pull request, from what GitHub says of it.

use super::Site;
use super::base::CommitFiles;
use crate::audit::provenance::{CommitText, Evidence, Person, Provenance, PullText, provenance};
use crate::github::contents;
use crate::github::is_sha;
use crate::github::pull::{Commit, GitPerson, MaybeAccount, Pull};
use anyhow::Result;

/// Who or what wrote the pull request; `label` is the policy's.
pub(in crate::commands) fn of_pull(site: &Site, pull: &Pull, commits: &[Commit], label: Option<&str>) -> Provenance {
    let text = PullText {
        title: pull.title.clone(),
        body: pull.body.clone().unwrap_or_default(),
        author: pull.user.as_ref().map(|u| u.login.clone()),
        branch: pull.head.branch.clone(),
        labels: pull.label_names(),
    };
    let commits: Vec<CommitText> = commits.iter().map(commit_text).collect();
    let head = CommitFiles::new(site, &pull.head.sha);
    let prompt_file = |path: &str, blob: Option<&str>| -> Result<Option<Vec<u8>>> {
        match blob {
            Some(blob) if is_sha(blob) => match contents::blob(&site.client, &site.repository, blob) {
                Ok(bytes) => Ok(Some(bytes)),
                Err(error) if error.is_not_found() => head.bytes(path),
                Err(error) => Err(error.into()),
            },
            _ => head.bytes(path),
        }
    };
    provenance(&Evidence { commits: &commits, pull: Some(&text), label, traces: &[], prompt_file: &prompt_file })
}

fn commit_text(commit: &Commit) -> CommitText {
    CommitText {
        sha: commit.sha.clone(),
        author: person(&commit.commit.author, &commit.author),
        committer: person(&commit.commit.committer, &commit.committer),
        message: commit.commit.message.clone(),
        note: None,
    }
}

fn person(git: &Option<GitPerson>, account: &Option<MaybeAccount>) -> Person {
    let git = git.clone().unwrap_or_default();
    Person {
        name: git.name.unwrap_or_default(),
        email: git.email.unwrap_or_default(),
        login: account.as_ref().and_then(|a| a.login.clone()),
    }
}
