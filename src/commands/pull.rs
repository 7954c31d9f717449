//! A pull request on GitHub as `post` and `review` need it: who asks, the trusted side, provenance, the human rules, and
//! what both show.

pub(super) mod base;
pub(super) mod human;
pub(super) mod origin;
pub(super) mod policy;
pub(super) mod record;
pub(super) mod shown;
pub(super) mod sources;
#[cfg(test)]
pub(super) mod stage;

use crate::github::{Client, Event, Repository, Settings, comment};
use anyhow::{Context, Result, bail};
use std::time::Duration;

/// How long rate limits are waited out in all, unless ROWPROOF_GITHUB_PATIENCE (seconds) says otherwise.
const PATIENCE: u64 = 300;

/// GitHub as this run reaches it.
pub(super) struct Site {
    /// The client.
    pub client: Client,
    /// Base URL of the REST API.
    pub api_url: String,
    /// The repository that the pull request goes to.
    pub repository: Repository,
    /// What started the workflow.
    pub event: Event,
    /// Where this run of Actions is to be seen.
    pub run_url: Option<String>,
}

impl Site {
    /// Our comment on a pull request.
    pub fn comment<'a>(&'a self, number: u64, marker: &'a str, logins: &'a [String]) -> comment::Place<'a> {
        comment::Place { client: &self.client, repository: &self.repository, number, marker, logins }
    }
}

/// A variable of the environment that is set to something.
pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|v| !v.is_empty())
}

/// The event of this run; an empty one outside Actions.
///
/// # Errors
/// An event file that does not read.
pub(super) fn event() -> Result<Event> {
    Event::read(&variable)
}

/// The clock: ROWPROOF_NOW (RFC 3339) for tests, else the real one.
///
/// # Errors
/// ROWPROOF_NOW is no time.
pub(super) fn now() -> Result<jiff::Timestamp> {
    match variable("ROWPROOF_NOW") {
        Some(text) => text.parse().with_context(|| format!("ROWPROOF_NOW is `{text}`, which is no RFC 3339 time")),
        None => Ok(jiff::Timestamp::now()),
    }
}

/// Connects; asks nothing yet.
///
/// # Errors
/// An unknown repository, an event that does not read, a URL that is none.
pub(super) fn site(repository: Option<&str>) -> Result<Site> {
    let event = event()?;
    let repository = match repository {
        Some(name) => Repository::new(name)?,
        None => event.repository()?,
    };
    let api_url = variable("GITHUB_API_URL").unwrap_or_else(|| "https://api.github.com".to_owned());
    let patience = match variable("ROWPROOF_GITHUB_PATIENCE") {
        Some(text) => text.parse().with_context(|| format!("ROWPROOF_GITHUB_PATIENCE is `{text}`; write seconds"))?,
        None => PATIENCE,
    };
    let settings = Settings {
        graphql_url: variable("GITHUB_GRAPHQL_URL").unwrap_or_else(|| graphql_of(&api_url)),
        api_url: api_url.clone(),
        token: ["ROWPROOF_TOKEN", "GITHUB_TOKEN", "GH_TOKEN"].iter().find_map(|n| variable(n)),
        patience: Duration::from_secs(patience),
    };
    Ok(Site { client: Client::new(&settings)?, api_url, run_url: run_url(&repository), repository, event })
}

/// The GraphQL API beside a REST API: on Enterprise Server (`/api/v3`) it lies at `/api/graphql`.
fn graphql_of(api_url: &str) -> String {
    let api_url = api_url.trim_end_matches('/');
    format!("{}/graphql", api_url.strip_suffix("/v3").unwrap_or(api_url))
}

fn run_url(repository: &Repository) -> Option<String> {
    let id = variable("GITHUB_RUN_ID").filter(|id| id.bytes().all(|b| b.is_ascii_digit()))?;
    let server = variable("GITHUB_SERVER_URL").unwrap_or_else(|| "https://github.com".to_owned());
    let server = server.trim_end_matches('/');
    let plain = server.starts_with("https://") || server.starts_with("http://");
    let harmless = server.chars().all(|c| c.is_ascii_alphanumeric() || ":/.-_".contains(c));
    (plain && harmless).then(|| format!("{server}/{}/actions/runs/{id}", repository.full_name()))
}

/// A folder within a repository as a person writes it (`.`, `./a/`, `a`), without `.` and slashes at the ends.
///
/// # Errors
/// A path that leaves the repository.
pub(super) fn folder(text: &str) -> Result<String> {
    if text.starts_with('/') || text.contains('\\') || text.split('/').any(|p| p == "..") {
        bail!("`{text}` is no folder within the repository; write it from the root");
    }
    Ok(text.split('/').filter(|p| !p.is_empty() && *p != ".").collect::<Vec<_>>().join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn graphql_lies_beside_rest() {
        assert_eq!(graphql_of("https://api.github.com"), "https://api.github.com/graphql");
        assert_eq!(graphql_of("https://ghe.example/api/v3/"), "https://ghe.example/api/graphql");
    }

    #[test]
    fn folders_stay_within() {
        assert_eq!(folder("./a//b/").expect("a folder"), "a/b");
        assert_eq!(folder(".").expect("a folder"), "");
        assert!(folder("../a").is_err() && folder("/a").is_err());
    }
}
