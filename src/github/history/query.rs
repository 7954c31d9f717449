//! The texts of the queries, from constant fragments. Whatever comes from outside is a variable.

use super::Asked;
use super::ask::{Dropped, Part};
use super::walk::{Place, Slice, Walk};
use crate::github::Repository;
use serde_json::{Map, Value, json};
use std::fmt::Write as _;

/// Items of one page, as many as GitHub gives.
pub(super) const PAGE: usize = 100;

/// A pull request; lists begin with what nearly all of them have within.
const PULL: &str = "
fragment Pull on PullRequest {
  number title body merged createdAt mergedAt updatedAt baseRefName headRefOid additions deletions changedFiles
  author { __typename login }
  mergeCommit { oid message }
  labels(first: 50) { ...Labels }
  files(first: 100) { ...Files }
  commits(first: 50) { ...PullCommits }
  reviews(first: 50) { ...Reviews }
  timelineItems(first: 50, itemTypes: [LABELED_EVENT, UNLABELED_EVENT, READY_FOR_REVIEW_EVENT, CONVERT_TO_DRAFT_EVENT]) { ...Timeline }
}";

const LABELS: &str = "
fragment Labels on LabelConnection { pageInfo { hasNextPage endCursor } nodes { name } }";

const FILES: &str = "
fragment Files on PullRequestChangedFileConnection { pageInfo { hasNextPage endCursor } nodes { path } }";

const PULL_COMMITS: &str = "
fragment PullCommits on PullRequestCommitConnection { pageInfo { hasNextPage endCursor } nodes { commit { oid message } } }";

const REVIEWS: &str = "
fragment Reviews on PullRequestReviewConnection {
  pageInfo { hasNextPage endCursor }
  nodes { author { __typename login } state submittedAt body }
}";

const TIMELINE: &str = "
fragment Timeline on PullRequestTimelineItemsConnection {
  pageInfo { hasNextPage endCursor }
  nodes {
    __typename
    ... on LabeledEvent { createdAt actor { __typename login } label { name } }
    ... on UnlabeledEvent { createdAt actor { __typename login } label { name } }
    ... on ReadyForReviewEvent { createdAt }
    ... on ConvertToDraftEvent { createdAt }
  }
}";

/// Our check run at the head, which holds the audit record.
const CHECKS: &str = "
fragment Checks on PullRequest {
  checked: commits(last: 1) {
    nodes {
      commit {
        checkSuites(first: 5, filterBy: {checkName: $check}) {
          pageInfo { hasNextPage }
          nodes {
            checkRuns(first: 5, filterBy: {checkName: $check}) {
              pageInfo { hasNextPage }
              nodes { name externalId databaseId text }
            }
          }
        }
      }
    }
  }
}";

const COMMITS: &str = "
fragment Commits on CommitHistoryConnection {
  pageInfo { hasNextPage endCursor }
  nodes { oid message committedDate }
}";

const COMMENTS: &str = "
fragment Comments on IssueCommentConnection {
  pageInfo { hasNextPage endCursor }
  nodes { author { __typename login } createdAt body }
}";

const LINE_COMMENTS: &str = "
fragment LineComments on PullRequestReviewCommentConnection {
  pageInfo { hasNextPage endCursor }
  nodes { author { __typename login } createdAt body }
}";

const THREADS: &str = "
fragment Threads on PullRequestReviewThreadConnection {
  pageInfo { hasNextPage endCursor }
  nodes { id comments(first: 10) { ...LineComments } }
}";

const PULLS_OF_COMMIT: &str = "
fragment PullsOfCommit on PullRequestConnection {
  pageInfo { hasNextPage endCursor }
  nodes { number baseRefName mergedAt }
}";

/// All of them; a query takes those that it names.
const FRAGMENTS: &[(&str, &str)] = &[
    ("Pull", PULL),
    ("Labels", LABELS),
    ("Files", FILES),
    ("PullCommits", PULL_COMMITS),
    ("Reviews", REVIEWS),
    ("Timeline", TIMELINE),
    ("Checks", CHECKS),
    ("Commits", COMMITS),
    ("Comments", COMMENTS),
    ("Threads", THREADS),
    ("LineComments", LINE_COMMENTS),
    ("PullsOfCommit", PULLS_OF_COMMIT),
];

/// A list of a pull request whose beginning came with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) enum List {
    Labels,
    Files,
    Commits,
    Reviews,
    Timeline,
}

impl List {
    /// The field of a pull request that holds a page of it.
    pub fn field(self, after: &str) -> String {
        match self {
            List::Labels => format!("labels(first: 100, after: {after}) {{ ...Labels }}"),
            List::Files => format!("files(first: 100, after: {after}) {{ ...Files }}"),
            List::Commits => format!("commits(first: 100, after: {after}) {{ ...PullCommits }}"),
            List::Reviews => format!("reviews(first: 100, after: {after}) {{ ...Reviews }}"),
            List::Timeline => format!(
                "timelineItems(first: 100, after: {after}, itemTypes: [LABELED_EVENT, UNLABELED_EVENT, READY_FOR_REVIEW_EVENT, CONVERT_TO_DRAFT_EVENT]) {{ ...Timeline }}"
            ),
        }
    }
}

/// A query that is being written.
#[derive(Debug, Default)]
pub(super) struct Query {
    declared: String,
    variables: Map<String, Value>,
    fields: String,
    roots: String,
}

impl Query {
    /// Declares a variable; gives its name with the dollar.
    pub fn variable(&mut self, name: &str, kind: &str, value: impl Into<Value>) -> String {
        let _ = write!(self.declared, ", ${name}: {kind}");
        self.variables.insert(name.to_owned(), value.into());
        format!("${name}")
    }

    /// Adds a field of the repository.
    pub fn field(&mut self, text: &str) {
        let _ = write!(self.fields, "\n    {text}");
    }

    /// Adds a field beside the repository.
    pub fn root(&mut self, text: &str) {
        let _ = write!(self.roots, "\n  {text}");
    }

    /// Whether it asks for the repository.
    pub fn asks_repository(&self) -> bool {
        !self.fields.is_empty()
    }

    /// Text and variables.
    pub fn built(mut self, repository: &Repository) -> (String, Value) {
        let mut fields = String::new();
        if self.asks_repository() {
            let name = repository.full_name().rsplit('/').next().unwrap_or_default();
            let owner = self.variable("owner", "String!", repository.owner());
            let name = self.variable("name", "String!", name);
            fields = format!("\n  repository(owner: {owner}, name: {name}) {{{}\n  }}", self.fields);
        }
        let declared = self.declared.trim_start_matches(", ");
        let mut text = format!("query({declared}) {{{fields}{}\n}}", self.roots);
        let mut missing: Vec<_> = FRAGMENTS.iter().collect();
        // A fragment may bring another, which stands further down in the list or not.
        while let Some(at) = missing.iter().position(|(name, _)| spreads(&text, name)) {
            text.push_str(missing.remove(at).1);
        }
        (text, Value::Object(self.variables))
    }
}

fn spreads(text: &str, fragment: &str) -> bool {
    let spread = format!("...{fragment}");
    let ends = |at: usize| !text[at + spread.len()..].starts_with(|c: char| c.is_ascii_alphanumeric());
    text.match_indices(&spread).any(|(at, _)| ends(at))
}

/// The next page of a walk: pull requests and commits, each as long as there are more.
pub(super) fn page(asked: &Asked, walk: &Walk, size: usize, dropped: &[Dropped]) -> Query {
    let without = |part| dropped.iter().any(|d| d.part == part);
    let mut query = Query::default();
    query.field("defaultBranchRef { name target { oid } }");
    let commits = !without(Part::Commits) && !walk.slices.is_empty();
    let first = if commits || !walk.pulls.is_end() { query.variable("n", "Int!", size) } else { String::new() };
    if !walk.pulls.is_end() {
        let mut arguments = format!("states: MERGED, first: {first}, orderBy: {{field: UPDATED_AT, direction: DESC}}");
        if let Some(base) = &walk.base {
            let base = query.variable("base", "String!", base.as_str());
            let _ = write!(arguments, ", baseRefName: {base}");
        }
        if let Place::After(cursor) = &walk.pulls {
            let after = query.variable("after", "String!", cursor.as_str());
            let _ = write!(arguments, ", after: {after}");
        }
        let checks = if without(Part::Checks) {
            ""
        } else {
            query.variable("check", "String!", asked.check_name.as_str());
            " ...Checks"
        };
        query.field(&format!(
            "pullRequests({arguments}) {{ pageInfo {{ hasNextPage endCursor }} nodes {{ ...Pull{checks} }} }}"
        ));
    }
    if commits {
        for branch in 0..asked.branches.len().max(1) {
            branch_field(&mut query, asked, walk.next_slices(size), branch, &first);
        }
    }
    query
}

/// A page of each slice of a branch's commits that has more.
fn branch_field(query: &mut Query, asked: &Asked, all: &[Slice], branch: usize, first: &str) {
    let mut slices = String::new();
    for (i, slice) in all.iter().enumerate().filter(|(_, s)| s.branch == branch) {
        let alias = slice_alias(i);
        let since = query.variable(&format!("{alias}since"), "GitTimestamp!", slice.since.to_string());
        let mut arguments = format!("first: {first}, since: {since}");
        if let Some(until) = slice.until {
            let until = query.variable(&format!("{alias}until"), "GitTimestamp!", until.to_string());
            let _ = write!(arguments, ", until: {until}");
        }
        if let Place::After(cursor) = &slice.place {
            let after = query.variable(&format!("{alias}after"), "String!", cursor.as_str());
            let _ = write!(arguments, ", after: {after}");
        }
        let _ = write!(slices, " {alias}: history({arguments}) {{ ...Commits }}");
    }
    if slices.is_empty() {
        return;
    }
    let alias = branch_alias(branch);
    let place = match asked.branches.get(branch) {
        Some(name) => {
            let name = query.variable(&format!("{alias}name"), "String!", format!("refs/heads/{name}"));
            format!("ref(qualifiedName: {name})")
        }
        None => "defaultBranchRef".to_owned(),
    };
    query.field(&format!("{alias}: {place} {{ target {{ ... on Commit {{{slices} }} }} }}"));
}

/// Name of a branch's commits in an answer.
pub(super) fn branch_alias(branch: usize) -> String {
    format!("branch{branch}")
}

/// Name of a slice of them.
pub(super) fn slice_alias(i: usize) -> String {
    format!("s{i}")
}

/// Whether a word of an error's path is one of those.
pub(super) fn is_branch_alias(word: &str) -> bool {
    word.split(':').next().and_then(|w| w.strip_prefix("branch")).is_some_and(|n| n.parse::<usize>().is_ok())
}

/// An alias of many.
pub(super) fn alias(i: usize) -> String {
    format!("i{i}")
}

/// A value as it stands in variables.
pub(super) fn number(value: u64) -> Value {
    json!(value)
}
