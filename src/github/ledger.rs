//! A file that only grows, on a branch of its own: the only thing that is ever written to a repository, and only where
//! the policy asks for it.

use super::contents::entry;
use super::error::ApiError;
use super::{Client, Repository, encoded};
use anyhow::{Context, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::time::Duration;

/// The file on the branch.
pub const FILE: &str = "ledger.jsonl";
/// How often an append starts again after somebody else wrote meanwhile.
const TRIES: u32 = 6;

/// Appends to the ledger on `branch`, which is made when it is missing. `grown` gives the new text from the present one,
/// `None` when there is nothing to add; it is asked again whenever somebody else was faster.
///
/// # Errors
/// What `grown` refuses, or [`ApiError`].
pub fn append(
    client: &Client,
    repository: &Repository,
    branch: &str,
    message: &str,
    grown: &dyn Fn(&str) -> Result<Option<String>>,
) -> Result<()> {
    for round in 0..TRIES {
        if round > 0 {
            client.sleep(Duration::from_millis(300) * round);
        }
        let now = entry(client, repository, FILE, branch)?;
        let text = match &now {
            Some((bytes, _)) => std::str::from_utf8(bytes).context("the ledger is not UTF-8")?,
            None => "",
        };
        let Some(text) = grown(text)? else { return Ok(()) };
        let written = match &now {
            Some((_, sha)) => put(client, repository, branch, message, &text, Some(sha)),
            None if branch_exists(client, repository, branch)? => put(client, repository, branch, message, &text, None),
            None => orphan(client, repository, branch, message, &text),
        };
        match written {
            Ok(()) => return Ok(()),
            // Somebody else wrote, or we cannot tell: read again; a line that stands is not added twice.
            Err(error) if error.is_unsure() || matches!(error.status(), Some(409 | 422)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    bail!("the ledger on branch `{branch}` changed under us {TRIES} times; run again")
}

fn branch_exists(client: &Client, repository: &Repository, branch: &str) -> Result<bool, ApiError> {
    match client.get::<Value>(&repository.path(&format!("git/ref/heads/{}", path(branch)))) {
        Ok(_) => Ok(true),
        Err(error) if error.is_not_found() => Ok(false),
        Err(error) => Err(error),
    }
}

fn put(
    client: &Client,
    repository: &Repository,
    branch: &str,
    message: &str,
    text: &str,
    sha: Option<&String>,
) -> Result<(), ApiError> {
    let mut body = json!({"message": message, "content": STANDARD.encode(text), "branch": branch});
    if let Some(sha) = sha {
        body["sha"] = sha.clone().into();
    }
    client.put_once(&repository.path(&format!("contents/{FILE}")), &body).map(drop)
}

/// A branch without parents that holds the ledger alone.
fn orphan(client: &Client, repository: &Repository, branch: &str, message: &str, text: &str) -> Result<(), ApiError> {
    let id = |made: Value, what: &str| {
        let found = made.get("sha").and_then(Value::as_str).map(str::to_owned);
        found.ok_or_else(|| ApiError::Shape { path: what.to_owned(), message: "no `sha`".to_owned() })
    };
    let tree = json!({"tree": [{"path": FILE, "mode": "100644", "type": "blob", "content": text}]});
    let tree = id(client.post_repeatable(&repository.path("git/trees"), &tree)?, "git/trees")?;
    let commit = json!({"message": message, "tree": tree, "parents": []});
    let commit = id(client.post_repeatable(&repository.path("git/commits"), &commit)?, "git/commits")?;
    let body = json!({"ref": format!("refs/heads/{branch}"), "sha": commit});
    client.post_once(&repository.path("git/refs"), &body).map(drop)
}

fn path(branch: &str) -> String {
    branch.split('/').map(encoded).collect::<Vec<_>>().join("/")
}
