//! Files of a revision, read through the API: what `post` and `review` need of the trusted side without a checkout.

use super::error::ApiError;
use super::{Client, Repository, encoded};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

/// A file as the API gives it.
#[derive(Debug, Deserialize)]
pub(super) struct Content {
    /// Blob id.
    pub sha: String,
    #[serde(default)]
    encoding: String,
    #[serde(default)]
    content: String,
    #[serde(default, rename = "type")]
    kind: String,
}

/// An entry of a tree.
#[derive(Debug, Deserialize)]
struct Entry {
    #[serde(default)]
    path: String,
    #[serde(default, rename = "type")]
    kind: String,
}

#[derive(Debug, Deserialize)]
struct Tree {
    #[serde(default)]
    tree: Vec<Entry>,
    #[serde(default)]
    truncated: bool,
}

/// The bytes of a file at a revision; `None` when it has none of that path.
///
/// # Errors
/// [`ApiError`]; a folder or a link of that path is one.
pub fn file(client: &Client, repository: &Repository, path: &str, rev: &str) -> Result<Option<Vec<u8>>, ApiError> {
    Ok(entry(client, repository, path, rev)?.map(|(bytes, _)| bytes))
}

/// The bytes of a file and its blob id.
pub(super) fn entry(
    client: &Client,
    repository: &Repository,
    path: &str,
    rev: &str,
) -> Result<Option<(Vec<u8>, String)>, ApiError> {
    let encoded_path: Vec<String> = path.split('/').map(encoded).collect();
    let url = repository.path(&format!("contents/{}?ref={}", encoded_path.join("/"), encoded(rev)));
    let content: Content = match client.get(&url) {
        Ok(content) => content,
        Err(error) if error.is_not_found() => return Ok(None),
        Err(error) => return Err(error),
    };
    if content.kind != "file" {
        return Err(ApiError::Shape { path: url, message: "it is no file".to_owned() });
    }
    // Beyond one megabyte GitHub names the blob only.
    let bytes = match content.encoding.as_str() {
        "base64" => decode(&url, &content.content)?,
        _ => blob(client, repository, &content.sha)?,
    };
    Ok(Some((bytes, content.sha)))
}

/// The bytes of a blob.
///
/// # Errors
/// [`ApiError`].
pub fn blob(client: &Client, repository: &Repository, sha: &str) -> Result<Vec<u8>, ApiError> {
    let url = repository.path(&format!("git/blobs/{}", encoded(sha)));
    let content: Content = client.get(&url)?;
    decode(&url, &content.content)
}

/// Paths of all files of a revision.
///
/// # Errors
/// [`ApiError`]; a tree too large for GitHub to list is one.
pub fn paths(client: &Client, repository: &Repository, rev: &str) -> Result<Vec<String>, ApiError> {
    let url = repository.path(&format!("git/trees/{}?recursive=1", encoded(rev)));
    let tree: Tree = client.get(&url)?;
    if tree.truncated {
        return Err(ApiError::Shape { path: url, message: "the repository has too many files to list".to_owned() });
    }
    Ok(tree.tree.into_iter().filter(|e| e.kind == "blob").map(|e| e.path).collect())
}

fn decode(url: &str, text: &str) -> Result<Vec<u8>, ApiError> {
    // Lines end in line breaks; in GitHub's own example they are spelt out.
    let clean: String = text.replace("\\n", "").chars().filter(|c| !c.is_ascii_whitespace()).collect();
    STANDARD
        .decode(clean)
        .map_err(|e| ApiError::Shape { path: url.to_owned(), message: format!("its content is no base64: {e}") })
}
