//! One sticky comment: found by hidden marker and author, updated in place, never twice.

use super::error::ApiError;
use super::pull::Account;
use super::{Client, Repository, viewer};
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;

/// GitHub takes no longer body.
pub const MAX_BODY: usize = 65_536;
/// How often a comment is looked for after a POST that may have been carried out.
const LOOKS: u32 = 4;

/// A comment.
#[derive(Debug, Clone, Deserialize)]
pub struct Comment {
    /// Id; later comments have higher ones.
    pub id: u64,
    /// Text.
    #[serde(default)]
    pub body: Option<String>,
    /// Who wrote it.
    pub user: Option<Account>,
    /// Where it is to be seen.
    #[serde(default)]
    pub html_url: Option<String>,
}

/// What became of the comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// A new one, ours alone.
    Created,
    /// One that was there.
    Updated,
}

/// Our comments on a pull request, oldest first: written by `login`, with `marker` at the start of the text.
///
/// # Errors
/// [`ApiError`].
pub fn ours(
    client: &Client,
    repository: &Repository,
    number: u64,
    marker: &str,
    login: &str,
) -> Result<Vec<Comment>, ApiError> {
    let all: Vec<Comment> = client.get_all(&repository.path(&format!("issues/{number}/comments")), None)?;
    let mine = |c: &Comment| {
        c.user.as_ref().is_some_and(|u| viewer::is(u, login))
            && c.body.as_deref().is_some_and(|b| b.trim_start().starts_with(marker))
    };
    let mut found: Vec<Comment> = all.into_iter().filter(mine).collect();
    found.sort_by_key(|c| c.id);
    Ok(found)
}

/// Makes the one comment say `body`, which starts with `marker`: the oldest of ours is updated, others of ours are deleted.
///
/// # Errors
/// [`ApiError`].
pub fn settle(
    client: &Client,
    repository: &Repository,
    number: u64,
    marker: &str,
    login: &str,
    body: &str,
) -> Result<Settled, ApiError> {
    let before = ours(client, repository, number, marker, login)?;
    if let Some(first) = before.first() {
        update(client, repository, first, body)?;
        remove_others(client, repository, &before)?;
        return Ok(Settled::Updated);
    }
    let made = create(client, repository, number, marker, login, body)?;
    // Another run may have done the same meanwhile: both keep the oldest.
    let after = ours(client, repository, number, marker, login)?;
    let Some(oldest) = after.first() else { return Ok(Settled::Created) };
    if after.len() > 1 {
        update(client, repository, oldest, body)?;
        remove_others(client, repository, &after)?;
    }
    Ok(if made.is_none_or(|id| id == oldest.id) { Settled::Created } else { Settled::Updated })
}

/// The id of the new comment; `None` when only a look showed that it was made.
fn create(
    client: &Client,
    repository: &Repository,
    number: u64,
    marker: &str,
    login: &str,
    body: &str,
) -> Result<Option<u64>, ApiError> {
    let path = repository.path(&format!("issues/{number}/comments"));
    let mut tries = 0;
    loop {
        let error = match client.post_once(&path, &json!({"body": body})) {
            Ok(made) => return Ok(made.get("id").and_then(Value::as_u64)),
            Err(error) if error.is_unsure() => error,
            Err(error) => return Err(error),
        };
        tries += 1;
        // A 502 may hide a comment that was made: look before writing again.
        client.sleep(Duration::from_millis(500) * tries);
        if !ours(client, repository, number, marker, login)?.is_empty() {
            return Ok(None);
        }
        if tries >= LOOKS {
            return Err(error);
        }
    }
}

/// Replaces the text of a comment, unless it says that already.
///
/// # Errors
/// [`ApiError`].
pub fn update(client: &Client, repository: &Repository, comment: &Comment, body: &str) -> Result<(), ApiError> {
    if comment.body.as_deref() == Some(body) {
        return Ok(());
    }
    let path = repository.path(&format!("issues/comments/{}", comment.id));
    client.patch(&path, &json!({"body": body})).map(drop)
}

fn remove_others(client: &Client, repository: &Repository, comments: &[Comment]) -> Result<(), ApiError> {
    for extra in comments.iter().skip(1) {
        client.delete(&repository.path(&format!("issues/comments/{}", extra.id)))?;
    }
    Ok(())
}
