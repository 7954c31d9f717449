//! One issue for one thing that is told again and again: found by label, author and hidden marker, brought up to date in
//! place, never twice.

use super::error::ApiError;
use super::pull::{Account, Label};
use super::{Client, Repository, encoded, viewer};
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;

/// GitHub takes no longer body, in characters.
pub const MAX_BODY: usize = 65_536;
/// How often an issue is looked for after a POST that may have been carried out.
const LOOKS: u32 = 4;

/// What the issue is known by, and what it says.
pub struct Told<'a> {
    /// The body's first line.
    pub marker: &'a str,
    /// Logins that are ours.
    pub logins: &'a [String],
    /// Title.
    pub title: &'a str,
    /// Markdown below the marker.
    pub text: &'a str,
    /// A label that only such issues have: what they are listed by.
    pub label: &'a str,
}

impl Told<'_> {
    /// Marker and text, cut at a line where GitHub would not take all of it.
    fn body(&self) -> String {
        let whole = format!("{}\n{}", self.marker, self.text);
        if whole.chars().count() <= MAX_BODY {
            return whole;
        }
        let note = "\n\nCut here: an issue takes 65,536 characters. The run's report has the rest.\n";
        let cut: String = whole.chars().take(MAX_BODY - note.chars().count()).collect();
        let cut = cut.rsplit_once('\n').map_or(cut.as_str(), |(lines, _)| lines);
        format!("{cut}{note}")
    }
}

#[derive(Debug, Clone, Deserialize)]
struct Issue {
    number: u64,
    #[serde(default)]
    title: String,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    user: Option<Account>,
    #[serde(default)]
    labels: Vec<Label>,
    /// Lists of issues hold pull requests too.
    #[serde(default)]
    pull_request: Option<Value>,
}

/// Makes the one issue say this, and gives its number: the oldest of ours is brought up to date, whether it is open or
/// closed, and stays so; others of ours are closed. The label must be there.
///
/// # Errors
/// [`ApiError`].
pub fn settle(client: &Client, repository: &Repository, told: &Told<'_>) -> Result<u64, ApiError> {
    let place = Place { client, repository, told, body: told.body() };
    let mut there = place.ours()?;
    if there.is_empty() {
        let made = place.create()?;
        // Another run may have done the same meanwhile: both keep the oldest.
        there = place.ours()?;
        if !there.iter().any(|i| i.number == made.number) {
            there.push(made);
            there.sort_by_key(|i| i.number);
        }
    }
    let Some((oldest, others)) = there.split_first() else { return Err(place.shape("no issue")) };
    place.update(oldest)?;
    for other in others {
        place.step_back(other.number, oldest.number)?;
    }
    Ok(oldest.number)
}

struct Place<'a> {
    client: &'a Client,
    repository: &'a Repository,
    told: &'a Told<'a>,
    body: String,
}

impl Place<'_> {
    /// Our issues with that marker, oldest first.
    fn ours(&self) -> Result<Vec<Issue>, ApiError> {
        let path = self.repository.path(&format!("issues?state=all&labels={}", encoded(self.told.label)));
        let all: Vec<Issue> = self.client.get_all(&path, None)?;
        let mine = |i: &Issue| {
            i.pull_request.is_none()
                && i.user.as_ref().is_some_and(|u| viewer::is(u, self.told.logins))
                && i.body.as_deref().is_some_and(|b| b.trim_start().starts_with(self.told.marker))
        };
        let mut found: Vec<Issue> = all.into_iter().filter(mine).collect();
        found.sort_by_key(|i| i.number);
        Ok(found)
    }

    /// A new issue, or one that only a look showed.
    fn create(&self) -> Result<Issue, ApiError> {
        let path = self.repository.path("issues");
        let body = json!({"title": self.told.title, "body": self.body, "labels": [self.told.label]});
        let mut tries = 0;
        loop {
            let error = match self.client.post_once(&path, &body) {
                Ok(made) => return self.labelled(made),
                Err(error) if error.is_unsure() => error,
                Err(error) => return Err(error),
            };
            tries += 1;
            // A 502 may hide an issue that was made: look before writing again.
            self.client.sleep(Duration::from_millis(500) * tries);
            if let Some(made) = self.ours()?.into_iter().next() {
                return Ok(made);
            }
            if tries >= LOOKS {
                return Err(error);
            }
        }
    }

    /// A new issue with its label. GitHub leaves labels away without a word where the token may not set them; no later run
    /// would find such an issue.
    fn labelled(&self, made: Value) -> Result<Issue, ApiError> {
        let issue: Issue = serde_json::from_value(made).map_err(|e| self.shape(&e.to_string()))?;
        if !issue.labels.iter().any(|l| l.name.eq_ignore_ascii_case(self.told.label)) {
            super::labels::add(self.client, self.repository, issue.number, &[self.told.label.to_owned()])?;
        }
        Ok(issue)
    }

    fn update(&self, issue: &Issue) -> Result<(), ApiError> {
        if issue.title == self.told.title && issue.body.as_deref() == Some(&self.body) {
            return Ok(());
        }
        let path = self.repository.path(&format!("issues/{}", issue.number));
        self.client.patch(&path, &json!({"title": self.told.title, "body": self.body})).map(drop)
    }

    /// Closes one that was made beside the oldest; without the marker no later run looks at it again.
    fn step_back(&self, number: u64, oldest: u64) -> Result<(), ApiError> {
        let body = json!({
            "body": format!("Made twice: #{oldest} holds this report and is kept up to date."),
            "state": "closed",
            "state_reason": "not_planned",
        });
        self.client.patch(&self.repository.path(&format!("issues/{number}")), &body).map(drop)
    }

    fn shape(&self, message: &str) -> ApiError {
        ApiError::Shape { path: self.repository.path("issues"), message: message.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_fits() {
        let text = "é".repeat(99) + "\n";
        let told = |text: &str| Told { marker: "<!-- x -->", logins: &[], title: "", text, label: "" }.body();
        assert_eq!(told("short\n"), "<!-- x -->\nshort\n");
        let long = told(&text.repeat(1_000));
        let count = long.chars().count();
        assert!(count <= MAX_BODY && count > MAX_BODY - 300, "{count}");
        assert!(long.ends_with("é\n\nCut here: an issue takes 65,536 characters. The run's report has the rest.\n"));
    }
}
