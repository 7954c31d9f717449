//! The pull request of the event that started a workflow.

use crate::audit::provenance::PullText;
use anyhow::{Context, Result};
use serde::Deserialize;

#[derive(Deserialize)]
struct Event {
    pull_request: Option<Pull>,
}

#[derive(Deserialize)]
struct Pull {
    title: Option<String>,
    body: Option<String>,
    user: Option<User>,
    head: Option<Head>,
    #[serde(default)]
    labels: Vec<Label>,
}

#[derive(Deserialize)]
struct User {
    login: String,
}

#[derive(Deserialize)]
struct Head {
    #[serde(rename = "ref")]
    branch: String,
}

#[derive(Deserialize)]
struct Label {
    name: String,
}

/// The pull request of the file that `GITHUB_EVENT_PATH` names; `None` outside of Actions, and for events without one.
///
/// # Errors
/// The file cannot be read or is no event.
pub(in crate::commands) fn pull_of_event() -> Result<Option<PullText>> {
    let Some(path) = std::env::var_os("GITHUB_EVENT_PATH").filter(|p| !p.is_empty()) else { return Ok(None) };
    let path = std::path::PathBuf::from(path);
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read the event of the workflow, {} (GITHUB_EVENT_PATH)", path.display()))?;
    let event: Event = serde_json::from_str(&text)
        .with_context(|| format!("{} (GITHUB_EVENT_PATH) is not an event of GitHub", path.display()))?;
    Ok(event.pull_request.map(|pull| PullText {
        title: pull.title.unwrap_or_default(),
        body: pull.body.unwrap_or_default(),
        author: pull.user.map(|u| u.login),
        branch: pull.head.map(|h| h.branch).unwrap_or_default(),
        labels: pull.labels.into_iter().map(|l| l.name).collect(),
    }))
}
