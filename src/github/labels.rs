//! Labels: made when missing, added, taken away one by one. Never a PUT, which would lose those that others set meanwhile.

use super::error::ApiError;
use super::{Client, Repository, encoded};
use serde_json::{Value, json};

/// A label as it is made when the repository has none of that name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelLook {
    /// Name, at most 50 characters.
    pub name: String,
    /// Six hexadecimal digits, without `#`.
    pub color: &'static str,
    /// What it means, at most 100 characters.
    pub description: String,
}

/// Makes a label unless the repository has it; its look is left alone then.
///
/// # Errors
/// [`ApiError`].
pub fn ensure(client: &Client, repository: &Repository, look: &LabelLook) -> Result<(), ApiError> {
    let path = repository.path(&format!("labels/{}", encoded(&look.name)));
    match client.get::<Value>(&path) {
        Ok(_) => return Ok(()),
        Err(error) if error.is_not_found() => {}
        Err(error) => return Err(error),
    }
    let body = json!({"name": look.name, "color": look.color, "description": look.description});
    match client.post_repeatable(&repository.path("labels"), &body) {
        // Somebody was faster, or our first try was carried out.
        Err(error) if error.status() == Some(422) && client.get::<Value>(&path).is_ok() => Ok(()),
        other => other.map(drop),
    }
}

/// Adds labels to a pull request; those that are there stay.
///
/// # Errors
/// [`ApiError`].
pub fn add(client: &Client, repository: &Repository, number: u64, names: &[String]) -> Result<(), ApiError> {
    if names.is_empty() {
        return Ok(());
    }
    let path = repository.path(&format!("issues/{number}/labels"));
    client.post_repeatable(&path, &json!({"labels": names})).map(drop)
}

/// Takes a label off a pull request; one that is not there is no error.
///
/// # Errors
/// [`ApiError`].
pub fn remove(client: &Client, repository: &Repository, number: u64, name: &str) -> Result<(), ApiError> {
    client.delete(&repository.path(&format!("issues/{number}/labels/{}", encoded(name))))
}
