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

/// Where our comment stands, and how it is known.
pub struct Place<'a> {
    /// The client.
    pub client: &'a Client,
    /// The repository.
    pub repository: &'a Repository,
    /// Number of the pull request.
    pub number: u64,
    /// The text's first line.
    pub marker: &'a str,
    /// Logins that are ours.
    pub logins: &'a [String],
}

impl Place<'_> {
    /// Our comments, oldest first: written by one of `logins`, with `marker` at the start of the text.
    ///
    /// # Errors
    /// [`ApiError`].
    pub fn ours(&self) -> Result<Vec<Comment>, ApiError> {
        let all: Vec<Comment> = self.client.get_all(&self.path(), None)?;
        let mine = |c: &Comment| {
            c.user.as_ref().is_some_and(|u| viewer::is(u, self.logins))
                && c.body.as_deref().is_some_and(|b| b.trim_start().starts_with(self.marker))
        };
        let mut found: Vec<Comment> = all.into_iter().filter(mine).collect();
        found.sort_by_key(|c| c.id);
        Ok(found)
    }

    /// Makes the one comment say `body`, which starts with `marker`: the oldest of ours is updated, others of ours are
    /// deleted.
    ///
    /// # Errors
    /// [`ApiError`].
    pub fn settle(&self, body: &str) -> Result<Settled, ApiError> {
        let before = self.ours()?;
        if let Some(first) = before.first() {
            self.update(first, body)?;
            self.remove_others(&before)?;
            return Ok(Settled::Updated);
        }
        let made = self.create(body)?;
        // Another run may have done the same meanwhile: both keep the oldest.
        let after = self.ours()?;
        let Some(oldest) = after.first() else { return Ok(Settled::Created) };
        if after.len() > 1 {
            self.update(oldest, body)?;
            self.remove_others(&after)?;
        }
        Ok(if made.is_none_or(|id| id == oldest.id) { Settled::Created } else { Settled::Updated })
    }

    /// The id of the new comment; `None` when only a look showed that it was made.
    fn create(&self, body: &str) -> Result<Option<u64>, ApiError> {
        let mut tries = 0;
        loop {
            let error = match self.client.post_once(&self.path(), &json!({"body": body})) {
                Ok(made) => return Ok(made.get("id").and_then(Value::as_u64)),
                Err(error) if error.is_unsure() => error,
                Err(error) => return Err(error),
            };
            tries += 1;
            // A 502 may hide a comment that was made: look before writing again.
            self.client.sleep(Duration::from_millis(500) * tries);
            if !self.ours()?.is_empty() {
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
    pub fn update(&self, comment: &Comment, body: &str) -> Result<(), ApiError> {
        if comment.body.as_deref() == Some(body) {
            return Ok(());
        }
        let path = self.repository.path(&format!("issues/comments/{}", comment.id));
        self.client.patch(&path, &json!({"body": body})).map(drop)
    }

    fn remove_others(&self, comments: &[Comment]) -> Result<(), ApiError> {
        for extra in comments.iter().skip(1) {
            self.client.delete(&self.repository.path(&format!("issues/comments/{}", extra.id)))?;
        }
        Ok(())
    }

    fn path(&self) -> String {
        self.repository.path(&format!("issues/{}/comments", self.number))
    }
}
