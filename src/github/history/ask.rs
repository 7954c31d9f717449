//! Asking in sizes: what GitHub gives up on is asked for in smaller portions, what is not needed is left out where it is
//! refused, and a refusal says what to do.

use super::query::Query;
use crate::github::{ApiError, Repository};
use anyhow::{Result, anyhow};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::cell::Cell;

/// Asks the GraphQL API: query and variables; gives `data`.
pub(super) type Ask<'a> = dyn Fn(&str, &Value) -> Result<Value, ApiError> + 'a;

/// Smallest portion.
const SMALLEST: usize = 10;
/// Answers in a row after which larger portions are tried again.
const GOOD: u32 = 4;

/// What a count can do without, when it says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Part {
    /// Check runs at the heads, which hold audit records.
    Checks,
    /// Commits of the branches.
    Commits,
}

impl Part {
    /// Words of an error's path, and names in its message, that only this part brings into a query.
    fn marks(self) -> (&'static [&'static str], &'static [&'static str]) {
        match self {
            Part::Checks => (
                &["checked", "fragment Checks"],
                &[
                    "checkSuites",
                    "checkRuns",
                    "externalId",
                    "checkName",
                    "CheckSuiteFilter",
                    "CheckRunFilter",
                    "CheckRun",
                ],
            ),
            Part::Commits => {
                (&["fragment Commits"], &["history", "committedDate", "CommitHistoryConnection", "GitTimestamp"])
            }
        }
    }
}

/// A part that was left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Dropped {
    pub part: Part,
    /// GitHub's words.
    pub reason: String,
}

impl Dropped {
    /// What a reader must know.
    pub fn gap(&self) -> String {
        let what = match self.part {
            Part::Checks => "audit records in check runs were not looked at",
            Part::Commits => "commits pushed straight to the branch were not looked at",
        };
        format!("{what}: {}", self.reason)
    }
}

/// What was kept from an earlier run does not fit any more.
#[derive(Debug, thiserror::Error)]
#[error("what was kept of an earlier run does not fit any more: {0}")]
pub(super) struct Stale(pub String);

/// Whether an error lies in what was kept from an earlier run: GitHub refuses a cursor, or at once what it took before.
pub(super) fn is_stale(error: &anyhow::Error, requests: u32) -> bool {
    let refused = |e: &ApiError| !e.errors().is_empty() && !e.is_forbidden() && !e.is_not_found() && !e.is_overload();
    let cursor = |e: &ApiError| e.errors().iter().any(|e| e.message.contains("cursor"));
    error.chain().any(|e| e.is::<Stale>())
        || error
            .chain()
            .filter_map(|e| e.downcast_ref::<ApiError>())
            .any(|e| refused(e) && (requests == 0 || cursor(e)))
}

/// Asks about one repository, in portions as large as GitHub bears.
pub(super) struct Asker<'a> {
    ask: &'a Ask<'a>,
    pub repository: &'a Repository,
    /// Requests that were answered.
    pub requests: Cell<u32>,
    most: usize,
    size: Cell<usize>,
    good: Cell<u32>,
}

impl<'a> Asker<'a> {
    /// Portions of at most so many.
    pub fn new(ask: &'a Ask<'a>, repository: &'a Repository, most: usize) -> Self {
        Self { ask, repository, requests: Cell::new(0), most, size: Cell::new(most), good: Cell::new(0) }
    }

    /// How many to ask for at once.
    pub fn size(&self) -> usize {
        self.size.get()
    }

    /// Asks for a portion; what can be left out and is refused joins `dropped`. Gives `repository` of the answer.
    pub fn ask(&self, dropped: &mut Vec<Dropped>, query: &dyn Fn(usize, &[Dropped]) -> Query) -> Result<Value> {
        loop {
            let error = match self.once(query(self.size.get(), dropped)) {
                Ok(mut data) => return Ok(data["repository"].take()),
                Err(error) => error,
            };
            if error.is_overload() && self.shrink() {
                continue;
            }
            match droppable(&error, dropped) {
                Some(parts) => dropped.extend(parts),
                None => return Err(self.explained(error)),
            }
        }
    }

    /// Asks once, without smaller portions. Gives the whole answer.
    ///
    /// # Errors
    /// [`ApiError`].
    pub fn once(&self, query: Query) -> Result<Value, ApiError> {
        let asks_repository = query.asks_repository();
        let (text, variables) = query.built(self.repository);
        let data = (self.ask)(&text, &variables)?;
        if asks_repository && !data["repository"].is_object() {
            return Err(ApiError::Shape { path: "the query".to_owned(), message: "no `repository`".to_owned() });
        }
        self.requests.set(self.requests.get() + 1);
        self.good.set(self.good.get() + 1);
        if self.good.get() >= GOOD {
            self.good.set(0);
            self.size.set((self.size.get() * 2).min(self.most));
        }
        Ok(data)
    }

    /// Takes smaller portions from now on, if there are any.
    pub fn shrink(&self) -> bool {
        let size = self.size.get();
        self.good.set(0);
        self.size.set((size / 2).max(SMALLEST).min(size));
        self.size.get() < size
    }

    /// The error with what to do about it.
    pub fn explained(&self, error: ApiError) -> anyhow::Error {
        let name = self.repository.full_name();
        let said = if error.status() == Some(401) {
            format!("GitHub does not know the token: set GITHUB_TOKEN to one that may read {name}")
        } else if error.is_forbidden() {
            format!(
                "the token may not read the history of {name}: grant contents: read, pull-requests: read and checks: read \
                 (a classic token needs the scope `repo`)"
            )
        } else if error.errors().iter().any(|e| e.is_not_found() && e.path == ["repository"]) {
            format!("there is no repository {name}, or the token may not see it")
        } else if error.is_overload() {
            format!("GitHub gives no answer about {name}, however little is asked for at once; run it again later")
        } else {
            format!("reading the history of {name}")
        };
        anyhow!(error).context(said)
    }
}

/// The parts that the query can do without and in which every one of the errors lies.
fn droppable(error: &ApiError, dropped: &[Dropped]) -> Option<Vec<Dropped>> {
    let mut found: Vec<Dropped> = Vec::new();
    for error in error.errors() {
        let part = [Part::Checks, Part::Commits].into_iter().find(|p| lies_in(error, *p))?;
        let forbidden = error.is_forbidden();
        // A token that may not read contents must be told so: what was pushed straight to the branch would be missed.
        if (part == Part::Commits && forbidden) || dropped.iter().any(|d| d.part == part) {
            return None;
        }
        if !found.iter().any(|d| d.part == part) {
            let hint = if forbidden { "; grant checks: read" } else { "" };
            let words: String = error.message.chars().filter(|c| !c.is_control()).collect();
            found.push(Dropped { part, reason: format!("{words}{hint}") });
        }
    }
    (!found.is_empty()).then_some(found)
}

fn lies_in(error: &crate::github::error::QueryError, part: Part) -> bool {
    let (path, names) = part.marks();
    let slice = |word: &str| part == Part::Commits && super::query::is_branch_alias(word);
    if error.path.iter().any(|w| path.contains(&w.as_str()) || slice(w)) {
        return true;
    }
    // The path of an answer ends at what is wrong; that of a query that is not valid may be missing.
    let invalid = error.path.is_empty() || error.path[0].starts_with("query") || error.path[0].starts_with("fragment");
    let word = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
    invalid && error.message.split(word).any(|w| names.contains(&w))
}
