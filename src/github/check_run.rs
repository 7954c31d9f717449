//! One check run per head and name, with annotations in batches.

use super::error::ApiError;
use super::{Client, Repository, encoded};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// Annotations of one request; further ones are appended by further requests.
pub const BATCH: usize = 50;
/// Characters of `summary` and of `text`.
pub const MAX_TEXT: usize = 65_535;

/// What a check run says.
#[derive(Debug, Clone, Default)]
pub struct Check {
    /// Name, as required checks name it.
    pub name: String,
    /// Commit.
    pub head_sha: String,
    /// Tells runs of one content from another, and ours from those of others.
    pub external_id: String,
    /// `success`, `failure`, `neutral`, ...
    pub conclusion: &'static str,
    /// Where more is to be seen.
    pub details_url: Option<String>,
    /// Heading.
    pub title: String,
    /// Markdown, at most [`MAX_TEXT`].
    pub summary: String,
    /// More, at most [`MAX_TEXT`].
    pub text: Option<String>,
    /// Annotations in GitHub's own shape.
    pub annotations: Vec<Value>,
}

/// A check run that is there.
#[derive(Debug, Clone, Deserialize)]
pub struct Found {
    /// Id; later runs have higher ones.
    pub id: u64,
    /// Name.
    #[serde(default)]
    pub name: String,
    /// As we gave it.
    #[serde(default)]
    pub external_id: Option<String>,
    /// What it shows.
    #[serde(default)]
    pub output: Option<FoundOutput>,
}

/// What a check run shows.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct FoundOutput {
    /// The long text: our record.
    #[serde(default)]
    pub text: Option<String>,
}

/// Prefix of the `external_id` of every check run of ours.
pub const OURS: &str = "rowproof:";

/// Our check runs of that name at a commit, oldest first.
///
/// # Errors
/// [`ApiError`].
pub fn ours(client: &Client, repository: &Repository, sha: &str, name: &str) -> Result<Vec<Found>, ApiError> {
    let path = repository.path(&format!("commits/{sha}/check-runs?check_name={}&filter=all", encoded(name)));
    let all: Vec<Found> = client.get_all(&path, Some("check_runs"))?;
    let mine = |f: &Found| f.name == name && f.external_id.as_deref().is_some_and(|id| id.starts_with(OURS));
    let mut found: Vec<Found> = all.into_iter().filter(mine).collect();
    found.sort_by_key(|f| f.id);
    Ok(found)
}

/// Publishes the check run: updates ours at that commit, or makes one. `another_first` says that another run of ours may
/// be making it right now, and is waited for.
///
/// # Errors
/// [`ApiError`].
pub fn settle(client: &Client, repository: &Repository, check: &Check, another_first: bool) -> Result<(), ApiError> {
    if let Some(run) = awaited(client, repository, check, another_first)? {
        return update(client, repository, run.id, check);
    }
    let made = create(client, repository, check)?;
    // Check runs cannot be deleted: of several that were made at once the oldest counts, the others step back.
    let all = ours(client, repository, &check.head_sha, &check.name)?;
    let Some(oldest) = all.first().map(|f| f.id) else { return append(client, repository, made, check) };
    for extra in all.iter().skip(1) {
        let body =
            json!({"name": format!("{} (duplicate)", check.name), "status": "completed", "conclusion": "neutral"});
        client.patch(&repository.path(&format!("check-runs/{}", extra.id)), &body)?;
    }
    if oldest == made { append(client, repository, made, check) } else { update(client, repository, oldest, check) }
}

/// The check run that is there, or that another run makes within a short wait.
fn awaited(
    client: &Client,
    repository: &Repository,
    check: &Check,
    another_first: bool,
) -> Result<Option<Found>, ApiError> {
    let look = || Ok(ours(client, repository, &check.head_sha, &check.name)?.into_iter().next());
    let mut found: Option<Found> = look()?;
    let looks = if another_first { 8 } else { 1 };
    for _ in 0..looks {
        if found.is_some() {
            break;
        }
        client.sleep(if another_first { Duration::from_millis(400) } else { jitter() });
        found = look()?;
    }
    Ok(found)
}

/// What it says, and those annotations that it does not have yet: GitHub appends annotations and never removes one.
fn update(client: &Client, repository: &Repository, id: u64, check: &Check) -> Result<(), ApiError> {
    for round in 0..4 {
        let path = repository.path(&format!("check-runs/{id}/annotations"));
        let there: Vec<Value> = client.get_all(&path, None)?;
        let missing: Vec<&Value> = check.annotations.iter().filter(|a| !there.iter().any(|t| same(a, t))).collect();
        let stale = there.iter().filter(|t| !check.annotations.iter().any(|a| same(a, t))).count();
        let mut said = check.clone();
        if stale > 0 {
            let note = format!("{stale} annotations of an earlier run on this commit no longer hold.\n\n");
            said.summary = format!("{note}{}", check.summary).chars().take(MAX_TEXT).collect();
        }
        match send(client, repository, id, &said, &missing) {
            // Some of it may have been carried out: look, and send what is still missing.
            Err(error) if error.is_unsure() && round < 3 => client.sleep(Duration::from_millis(500) * (round + 1)),
            other => return other,
        }
    }
    Ok(())
}

/// Further batches of a check run that was made with the first.
fn append(client: &Client, repository: &Repository, id: u64, check: &Check) -> Result<(), ApiError> {
    for batch in check.annotations.chunks(BATCH).skip(1) {
        let batch: Vec<&Value> = batch.iter().collect();
        match send(client, repository, id, check, &batch) {
            Err(error) if error.is_unsure() => return update(client, repository, id, check),
            other => other?,
        }
    }
    Ok(())
}

fn send(
    client: &Client,
    repository: &Repository,
    id: u64,
    check: &Check,
    annotations: &[&Value],
) -> Result<(), ApiError> {
    let path = repository.path(&format!("check-runs/{id}"));
    let (first, rest) = annotations.split_at(annotations.len().min(BATCH));
    client.patch_once(&path, &Value::Object(fields(check, first)))?;
    for batch in rest.chunks(BATCH) {
        client.patch_once(&path, &Value::Object(fields(check, batch)))?;
    }
    Ok(())
}

/// Whether GitHub's annotation is the one that we send.
fn same(ours: &Value, there: &Value) -> bool {
    let keys = ["path", "start_line", "end_line", "annotation_level", "message"];
    keys.iter().all(|k| ours.get(k) == there.get(k))
}

fn create(client: &Client, repository: &Repository, check: &Check) -> Result<u64, ApiError> {
    let first: Vec<&Value> = check.annotations.iter().take(BATCH).collect();
    let mut body = fields(check, &first);
    body.insert("name".into(), check.name.clone().into());
    body.insert("head_sha".into(), check.head_sha.clone().into());
    let path = repository.path("check-runs");
    let mut tries = 0;
    loop {
        let error = match client.post_once(&path, &Value::Object(body.clone())) {
            Ok(made) => {
                let missing = || ApiError::Shape { path, message: "the new check run has no id".to_owned() };
                return made.get("id").and_then(Value::as_u64).ok_or_else(missing);
            }
            Err(error) if error.is_unsure() => error,
            Err(error) => return Err(error),
        };
        tries += 1;
        client.sleep(Duration::from_millis(500) * tries);
        let made = ours(client, repository, &check.head_sha, &check.name)?;
        if let Some(made) = made.iter().find(|f| f.external_id.as_deref() == Some(&check.external_id)) {
            return Ok(made.id);
        }
        if tries >= 4 {
            return Err(error);
        }
    }
}

/// The body of a request.
fn fields(check: &Check, annotations: &[&Value]) -> Map<String, Value> {
    let mut output = json!({"title": check.title, "summary": check.summary});
    if let Some(text) = &check.text {
        output["text"] = text.clone().into();
    }
    if !annotations.is_empty() {
        output["annotations"] = annotations.iter().map(|a| (*a).clone()).collect();
    }
    let mut body = Map::new();
    body.insert("status".into(), "completed".into());
    body.insert("conclusion".into(), check.conclusion.into());
    body.insert("external_id".into(), check.external_id.clone().into());
    if let Some(url) = &check.details_url {
        body.insert("details_url".into(), url.clone().into());
    }
    body.insert("output".into(), output);
    body
}

/// Up to a second and a half, another one in each process.
fn jitter() -> Duration {
    use std::hash::{BuildHasher, Hasher};
    let random = std::collections::hash_map::RandomState::new().build_hasher().finish();
    Duration::from_millis(random % 1_500)
}
