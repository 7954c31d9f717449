//! The client: octocrab's transport under our own rules for retries, rate limits and pages.
//!
//! octocrab's typed calls are not used for writing: `update_comment` sends POST where GitHub wants PATCH, and its default
//! retry sends a POST again after a 502, which makes a second comment.

use super::answer::Answer;
use super::error::{ApiError, QueryError};
use super::graphql;
use anyhow::{Context, Result};
use http::{Method, StatusCode};
use http_body_util::{BodyExt, Limited};
use octocrab::Octocrab;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::cell::Cell;
use std::time::Duration;

/// Items of one page, as many as GitHub gives.
const PER_PAGE: usize = 100;
/// Most pages of one list; GitHub's own lists end long before.
const MAX_PAGES: usize = 200;
/// Most bytes of one answer.
const MAX_BODY: usize = 32 * 1024 * 1024;
/// How often a request that may be repeated is sent in all, when GitHub does not answer.
const TRIES: u32 = 4;

/// Where GitHub is, who asks, and how long is waited.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Base URL of the REST API (`https://api.github.com`, `https://ghe.example/api/v3`).
    pub api_url: String,
    /// URL of the GraphQL API; on Enterprise Server it does not lie below the REST API.
    pub graphql_url: String,
    /// The token, if there is one.
    pub token: Option<String>,
    /// How long rate limits are waited out in all.
    pub patience: Duration,
}

/// Asks GitHub. Calls block: nothing else in the program is asynchronous.
pub struct Client {
    runtime: tokio::runtime::Runtime,
    rest: Octocrab,
    graphql: Octocrab,
    graphql_path: String,
    token: Option<String>,
    patience: Cell<Duration>,
    asked_patience: Duration,
}

impl Client {
    /// A client for these settings. Asks nothing yet.
    ///
    /// # Errors
    /// A URL that is none, or a machine without TLS roots.
    pub fn new(settings: &Settings) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("cannot start the runtime that talks to GitHub")?;
        // octocrab starts a task of its own when it is built.
        let entered = runtime.enter();
        let rest = octocrab(&settings.api_url, settings.token.as_deref())?;
        let (host, path) = split_url(&settings.graphql_url)?;
        let graphql = octocrab(&host, settings.token.as_deref())?;
        drop(entered);
        Ok(Self {
            runtime,
            rest,
            graphql,
            graphql_path: path,
            token: settings.token.clone(),
            patience: Cell::new(settings.patience),
            asked_patience: settings.patience,
        })
    }

    /// Whether the token is one of an app or of Actions (`ghs_`), not one of a person.
    pub fn token_is_of_an_app(&self) -> bool {
        self.token.as_deref().unwrap_or_default().starts_with("ghs_")
    }

    /// GET, decoded.
    ///
    /// # Errors
    /// [`ApiError`].
    pub fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ApiError> {
        let answer = self.repeated(&Method::GET, path, None)?;
        decode(path, &answer.body)
    }

    /// GET of all pages of a list; `key` names the list within the answer where it is not the answer itself.
    ///
    /// # Errors
    /// [`ApiError`]; a list that does not end is one.
    pub fn get_all<T: DeserializeOwned>(&self, path: &str, key: Option<&str>) -> Result<Vec<T>, ApiError> {
        let mut all = Vec::new();
        for page in 1..=MAX_PAGES {
            let join = if path.contains('?') { '&' } else { '?' };
            let url = format!("{path}{join}per_page={PER_PAGE}&page={page}");
            let answer = self.repeated(&Method::GET, &url, None)?;
            let mut value: Value = decode(path, &answer.body)?;
            if let Some(key) = key {
                value = value.get_mut(key).map(Value::take).ok_or_else(|| shape(path, format!("no `{key}`")))?;
            }
            let items: Vec<T> = serde_json::from_value(value).map_err(|e| shape(path, e.to_string()))?;
            let full = items.len() >= PER_PAGE;
            all.extend(items);
            if !answer.has_next() && !full {
                return Ok(all);
            }
            if full && !answer.has_next() && answer.headers.contains_key(http::header::LINK) {
                return Ok(all);
            }
        }
        Err(shape(path, format!("the list has more than {MAX_PAGES} pages")))
    }

    /// POST that is sent once: what it makes would stand twice if it were sent again. After an unsure answer the caller
    /// looks whether it was made. A rate limit is waited out, since GitHub did nothing then.
    ///
    /// # Errors
    /// [`ApiError`].
    pub fn post_once(&self, path: &str, body: &Value) -> Result<Value, ApiError> {
        let answer = self.patient(&Method::POST, path, Some(body))?;
        decode_or_null(path, &answer.body)
    }

    /// POST whose repetition changes nothing (adding labels that are there, asking GraphQL).
    ///
    /// # Errors
    /// [`ApiError`].
    pub fn post_repeatable(&self, path: &str, body: &Value) -> Result<Value, ApiError> {
        let answer = self.repeated(&Method::POST, path, Some(body))?;
        decode_or_null(path, &answer.body)
    }

    /// PATCH; sent again when GitHub does not answer.
    ///
    /// # Errors
    /// [`ApiError`].
    pub fn patch(&self, path: &str, body: &Value) -> Result<Value, ApiError> {
        let answer = self.repeated(&Method::PATCH, path, Some(body))?;
        decode_or_null(path, &answer.body)
    }

    /// PATCH that is sent once, for what GitHub appends: the caller looks after an unsure answer.
    ///
    /// # Errors
    /// [`ApiError`].
    pub fn patch_once(&self, path: &str, body: &Value) -> Result<Value, ApiError> {
        let answer = self.patient(&Method::PATCH, path, Some(body))?;
        decode_or_null(path, &answer.body)
    }

    /// PUT that is sent once: the caller looks after an unsure answer.
    ///
    /// # Errors
    /// [`ApiError`].
    pub fn put_once(&self, path: &str, body: &Value) -> Result<Value, ApiError> {
        let answer = self.patient(&Method::PUT, path, Some(body))?;
        decode_or_null(path, &answer.body)
    }

    /// DELETE; what is gone already is deleted.
    ///
    /// # Errors
    /// [`ApiError`].
    pub fn delete(&self, path: &str) -> Result<(), ApiError> {
        match self.repeated(&Method::DELETE, path, None) {
            Err(error) if error.is_not_found() => Ok(()),
            other => other.map(drop),
        }
    }

    /// Asks the GraphQL API; gives `data`. Rate limits, which it tells with a success, are waited out; what it gave up on
    /// is asked again.
    ///
    /// # Errors
    /// [`ApiError`]; what GitHub lists under `errors` is [`ApiError::Query`].
    pub fn graphql(&self, query: &str, variables: &Value) -> Result<Value, ApiError> {
        let body = json!({"query": query, "variables": variables});
        let path = &self.graphql_path;
        let (mut failed, mut limited) = (0, 0);
        loop {
            let answer = self.retried(&self.graphql, &Method::POST, path, Some(&body), TRIES)?;
            let errors = match graphql::read(path, &answer) {
                Err(ApiError::Query { errors, .. }) => errors,
                other => return other,
            };
            if errors.iter().any(QueryError::is_limit) {
                self.wait_out(answer.wait(limited, jiff::Timestamp::now()), &Method::POST, path)?;
                limited += 1;
                continue;
            }
            failed += 1;
            if failed >= TRIES || !errors.iter().any(QueryError::is_passing) {
                return Err(ApiError::Query { path: path.clone(), errors });
            }
            self.sleep(Duration::from_millis(250) * (1 << failed));
        }
    }

    fn repeated(&self, method: &Method, path: &str, body: Option<&Value>) -> Result<Answer, ApiError> {
        self.retried(&self.rest, method, path, body, TRIES)
    }

    fn patient(&self, method: &Method, path: &str, body: Option<&Value>) -> Result<Answer, ApiError> {
        self.retried(&self.rest, method, path, body, 1)
    }

    /// Sends up to `tries` times while GitHub does not answer, and as often as rate limits and patience allow.
    fn retried(
        &self,
        via: &Octocrab,
        method: &Method,
        path: &str,
        body: Option<&Value>,
        tries: u32,
    ) -> Result<Answer, ApiError> {
        let (mut failed, mut limited) = (0, 0);
        loop {
            let unsure = match self.runtime.block_on(send(via, method, path, body)) {
                Ok(answer) if answer.status.is_success() => return Ok(answer),
                Ok(answer) => {
                    if let Some(wait) = answer.limited_for(limited, jiff::Timestamp::now()) {
                        self.wait_out(wait, method, path)?;
                        limited += 1;
                        continue;
                    }
                    if !answer.status.is_server_error() {
                        return Err(refused(method, path, &answer));
                    }
                    format!("{} {}", answer.status.as_u16(), answer.words())
                }
                Err(message) => message,
            };
            failed += 1;
            if failed >= tries {
                return Err(ApiError::Unsure {
                    method: method.to_string(),
                    path: path.to_owned(),
                    message: format!("{unsure}{}", if tries > 1 { format!(" ({tries} times)") } else { String::new() }),
                });
            }
            self.sleep(Duration::from_millis(250) * (1 << failed));
        }
    }

    /// Waits when patience allows it, and takes the wait off it.
    fn wait_out(&self, wait: Duration, method: &Method, path: &str) -> Result<(), ApiError> {
        // No answer may make us ask without a pause.
        let wait = wait.max(Duration::from_millis(500));
        let left = self.patience.get();
        if wait > left {
            let message = format!(
                "it asks for {} s, and {} of {} s of waiting are left; run again later",
                wait.as_secs(),
                left.as_secs(),
                self.asked_patience.as_secs()
            );
            return Err(ApiError::RateLimited { method: method.to_string(), path: path.to_owned(), message });
        }
        self.patience.set(left - wait);
        self.sleep(wait);
        Ok(())
    }

    /// Sleeps.
    pub fn sleep(&self, wait: Duration) {
        // The timer is made within the runtime, which it needs.
        self.runtime.block_on(async move { tokio::time::sleep(wait).await });
    }
}

fn octocrab(url: &str, token: Option<&str>) -> Result<Octocrab> {
    let timeout = Some(Duration::from_secs(30));
    let mut builder = Octocrab::builder()
        .base_uri(url.trim_end_matches('/'))
        .with_context(|| format!("`{url}` is no URL of a GitHub API"))?
        .add_header(http::header::ACCEPT, "application/vnd.github+json".to_owned())
        .set_connect_timeout(timeout)
        .set_read_timeout(timeout)
        .set_write_timeout(timeout);
    if let Some(token) = token {
        builder = builder.personal_token(token);
    }
    builder.build().context("cannot prepare the connection to GitHub")
}

/// `https://host/api/graphql` as (`https://host`, `/api/graphql`).
fn split_url(url: &str) -> Result<(String, String)> {
    let uri: http::Uri = url.parse().with_context(|| format!("`{url}` is no URL of a GitHub API"))?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        anyhow::bail!("`{url}` is no URL of a GitHub API");
    };
    Ok((format!("{scheme}://{authority}"), uri.path().to_owned()))
}

async fn send(via: &Octocrab, method: &Method, path: &str, body: Option<&Value>) -> Result<Answer, String> {
    let builder = http::request::Builder::new().method(method.clone()).uri(path);
    let request = via.build_request(builder, body).map_err(|e| chain(&e))?;
    let response = via.execute(request).await.map_err(|e| chain(&e))?;
    let (parts, body) = response.into_parts();
    let body = Limited::new(body, MAX_BODY).collect().await.map_err(|e| e.to_string())?;
    Ok(Answer { status: parts.status, headers: parts.headers, body: body.to_bytes().to_vec() })
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let words = error.to_string();
        if !text.contains(&words) {
            text.push_str(&format!(": {words}"));
        }
        source = error.source();
    }
    text.lines().next().unwrap_or_default().chars().take(400).collect()
}

fn refused(method: &Method, path: &str, answer: &Answer) -> ApiError {
    let status = if answer.status.is_redirection() { StatusCode::BAD_GATEWAY } else { answer.status };
    let message = if answer.status.is_redirection() {
        "it redirects: was the repository renamed? use its new name".to_owned()
    } else {
        answer.words()
    };
    ApiError::Status { method: method.to_string(), path: path.to_owned(), status, message }
}

fn shape(path: &str, message: String) -> ApiError {
    ApiError::Shape { path: path.to_owned(), message }
}

fn decode<T: DeserializeOwned>(path: &str, body: &[u8]) -> Result<T, ApiError> {
    serde_json::from_slice(body).map_err(|e| shape(path, e.to_string()))
}

fn decode_or_null(path: &str, body: &[u8]) -> Result<Value, ApiError> {
    if body.is_empty() { Ok(Value::Null) } else { decode(path, body) }
}
