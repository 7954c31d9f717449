//! Who may do what: permissions, teams, profiles, and who set a label.

use super::error::ApiError;
use super::pull::Account;
use super::{Client, Repository, encoded};
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct Permission {
    #[serde(default)]
    permission: String,
    #[serde(default)]
    role_name: String,
}

/// What a person may do in the repository: `admin`, `maintain`, `write`, `triage`, `read` or `none`. A custom role counts
/// as the base role that GitHub names beside it.
///
/// # Errors
/// [`ApiError`]; a person who is no collaborator has `none`.
pub fn permission(client: &Client, repository: &Repository, login: &str) -> Result<String, ApiError> {
    let path = repository.path(&format!("collaborators/{}/permission", encoded(login)));
    match client.get::<Permission>(&path) {
        Ok(found) => {
            let known = ["admin", "maintain", "write", "triage", "read", "none"];
            let role = if known.contains(&found.role_name.as_str()) { found.role_name } else { found.permission };
            Ok(role)
        }
        Err(error) if error.is_not_found() => Ok("none".to_owned()),
        Err(error) => Err(error),
    }
}

/// Logins of a team's members, those of its child teams among them.
///
/// # Errors
/// [`ApiError`]; a token without `read:org` sees no team.
pub fn team_members(client: &Client, team: &str) -> Result<Vec<String>, ApiError> {
    let (organisation, slug) = team.split_once('/').unwrap_or(("", team));
    let path = format!("/orgs/{}/teams/{}/members", encoded(organisation), encoded(slug));
    Ok(client.get_all::<Account>(&path, None)?.into_iter().map(|a| a.login).collect())
}

/// A person's public name and e-mail address.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Profile {
    /// Name.
    #[serde(default)]
    pub name: Option<String>,
    /// E-mail address.
    #[serde(default)]
    pub email: Option<String>,
}

/// The public profile.
///
/// # Errors
/// [`ApiError`].
pub fn profile(client: &Client, login: &str) -> Result<Profile, ApiError> {
    client.get(&format!("/users/{}", encoded(login)))
}

#[derive(Deserialize)]
struct LabelEvent {
    #[serde(default)]
    event: String,
    #[serde(default)]
    actor: Option<Account>,
    #[serde(default)]
    label: Option<LabelName>,
    #[serde(default)]
    created_at: Option<String>,
}

#[derive(Deserialize)]
struct LabelName {
    name: String,
}

/// Who set a label last, and when.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Setting {
    /// Login; `None` = the account is gone.
    pub by: Option<String>,
    /// RFC 3339.
    pub at: Option<String>,
}

/// A label that was set or taken away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelChange {
    /// Label.
    pub name: String,
    /// Set, or taken away.
    pub set: bool,
    /// Who did it, and when.
    pub done: Setting,
}

/// Which labels were set and taken away, oldest first, from the log of events, which nobody can edit.
///
/// # Errors
/// [`ApiError`].
pub fn label_changes(client: &Client, repository: &Repository, number: u64) -> Result<Vec<LabelChange>, ApiError> {
    let events = match client.get_all::<LabelEvent>(&repository.path(&format!("issues/{number}/timeline")), None) {
        Err(error) if error.is_not_found() => {
            client.get_all::<LabelEvent>(&repository.path(&format!("issues/{number}/events")), None)?
        }
        other => other?,
    };
    let change = |event: LabelEvent| {
        let set = match event.event.as_str() {
            "labeled" => true,
            "unlabeled" => false,
            _ => return None,
        };
        let done = Setting { by: event.actor.map(|a| a.login), at: event.created_at };
        Some(LabelChange { name: event.label?.name, set, done })
    };
    Ok(events.into_iter().filter_map(change).collect())
}

/// Who set each label last, from the log of events.
///
/// # Errors
/// [`ApiError`].
pub fn label_settings(
    client: &Client,
    repository: &Repository,
    number: u64,
) -> Result<BTreeMap<String, Setting>, ApiError> {
    let mut settings = BTreeMap::new();
    for change in label_changes(client, repository, number)? {
        match change.set {
            true => drop(settings.insert(change.name, change.done)),
            false => drop(settings.remove(&change.name)),
        }
    }
    Ok(settings)
}
