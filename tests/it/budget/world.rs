//! What the simulated GitHub knows of one repository, and how GraphQL asks for it.

mod lists;

use super::graphql::{Arguments, Data, Found, Item, Refusal};
use serde_json::{Value, json};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// The repository that is simulated.
pub const OWNER: &str = "acme";
/// Its name.
pub const NAME: &str = "shop";

/// A repository.
#[derive(Clone, Default)]
pub struct World {
    /// `PullRequest` objects: of others (commits, labels) only ids and names.
    pub pulls: BTreeMap<u64, Value>,
    /// `Commit` objects by whole id; `parents` holds ids, `suites` the check suites.
    pub commits: BTreeMap<String, Value>,
    /// Branches by name.
    pub branches: BTreeMap<String, Branch>,
    /// Pull requests that brought a commit.
    pub brought: BTreeMap<String, BTreeSet<u64>>,
    /// Labels of the repository.
    pub labels: BTreeMap<String, Value>,
    /// Branch that is the default.
    pub default_branch: String,
    /// The token cannot see the repository.
    pub hidden: bool,
    /// Fields of the schema (`PullRequest.reviews`) that the token may not read, with what it lacks.
    pub forbidden: BTreeMap<String, String>,
}

/// A branch.
#[derive(Clone, Default)]
pub struct Branch {
    /// All commits that it reaches, newest first.
    pub commits: Vec<String>,
    /// Text of files at its tip.
    pub files: BTreeMap<String, String>,
}

/// Connections whose items stand in the object itself.
const PLAIN: &[&str] =
    &["reviews", "comments", "reviewThreads", "files", "assignees", "participants", "reviewRequests"];

impl World {
    /// The branch that a revision's files are read from.
    fn branch_of(&self, revision: &str) -> Option<&str> {
        if self.branches.contains_key(revision) {
            return self.branches.get_key_value(revision).map(|(k, _)| k.as_str());
        }
        let mut by_rank: Vec<&str> = self.branches.keys().map(String::as_str).collect();
        by_rank.sort_by_key(|b| *b != self.default_branch);
        by_rank.into_iter().find(|b| self.branches[*b].commits.iter().any(|c| c == revision))
    }

    /// The whole id that a revision names: id, short id, branch, `HEAD`, with `^`, `^N` and `~N` after it.
    pub fn resolve(&self, revision: &str) -> Option<String> {
        let cut = revision.find(['^', '~']).unwrap_or(revision.len());
        let (name, mut steps) = revision.split_at(cut);
        let name = name.strip_prefix("refs/heads/").unwrap_or(name);
        let name = if name == "HEAD" { self.default_branch.as_str() } else { name };
        let mut sha = match self.branches.get(name) {
            Some(branch) => branch.commits.first()?.clone(),
            None => self.whole(name)?,
        };
        while let Some(kind) = steps.chars().next() {
            let digits = steps[1..].find(|c: char| !c.is_ascii_digit()).map_or(steps.len(), |n| n + 1);
            let number = steps[1..digits].parse().unwrap_or(1);
            let (times, parent) = if kind == '^' { (1, number) } else { (number, 1) };
            for _ in 0..times {
                sha = self.commits.get(&sha)?["parents"].get(parent - 1)?.as_str()?.to_owned();
            }
            steps = &steps[digits..];
        }
        Some(sha)
    }

    fn whole(&self, id: &str) -> Option<String> {
        if id.len() < 4 || !id.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let id = id.to_lowercase();
        let mut fit = self.commits.range(id.clone()..).take_while(|(k, _)| k.starts_with(&id));
        let first = fit.next()?.0.clone();
        fit.next().is_none().then_some(first)
    }

    /// Text of a file at a revision.
    pub fn file(&self, revision: &str, path: &str) -> Option<&str> {
        let name = revision.strip_prefix("refs/heads/").unwrap_or(revision);
        let name = if matches!(name, "HEAD" | "") { &self.default_branch } else { name };
        let resolved = if self.branches.contains_key(name) { name.to_owned() } else { self.resolve(name)? };
        self.branches[self.branch_of(&resolved)?].files.get(path).map(String::as_str)
    }

    /// Paths of a revision.
    pub fn paths(&self, revision: &str) -> Option<Vec<&str>> {
        let resolved = if self.branches.contains_key(revision) { revision.to_owned() } else { self.resolve(revision)? };
        Some(self.branches[self.branch_of(&resolved)?].files.keys().map(String::as_str).collect())
    }

    /// Pull requests that fit a search or a list.
    pub fn pulls_by(&self, fits: &dyn Fn(&Value) -> bool) -> Vec<&Value> {
        self.pulls.values().filter(|p| fits(p)).collect()
    }

    fn reference(&self, name: &str) -> Option<Value> {
        let branch = self.branches.get(name)?;
        let target = branch.commits.first()?;
        Some(json!({"__typename": "Ref", "name": name, "prefix": "refs/heads/", "target": self.commits[target]}))
    }

    fn object_at(&self, expression: &str) -> Option<Value> {
        let Some((revision, path)) = expression.split_once(':') else {
            return self.commits.get(&self.resolve(expression)?).cloned();
        };
        if let Some(text) = self.file(revision, path) {
            // GitHub cuts long texts off.
            let cut = text.len() > 512_000;
            let shown: String = if cut { text.chars().take(512_000).collect() } else { text.to_owned() };
            return Some(json!({
                "__typename": "Blob", "oid": blob_id(text), "text": shown, "byteSize": text.len(),
                "isTruncated": cut, "isBinary": false
            }));
        }
        let prefix = if path.is_empty() { String::new() } else { format!("{}/", path.trim_end_matches('/')) };
        let below: Vec<&str> = self.paths(revision)?.into_iter().filter_map(|p| p.strip_prefix(&prefix)).collect();
        if below.is_empty() {
            return None;
        }
        let entry = |p: &&str| match p.split_once('/') {
            Some((folder, _)) => (folder.to_owned(), "tree"),
            None => ((*p).to_owned(), "blob"),
        };
        let names: BTreeSet<(String, &str)> = below.iter().map(entry).collect();
        let entries: Vec<Value> = names
            .iter()
            .map(|(name, kind)| json!({"__typename": "TreeEntry", "name": name, "type": kind, "path": format!("{prefix}{name}"), "mode": 33188}))
            .collect();
        Some(json!({"__typename": "Tree", "oid": blob_id(&prefix), "entries": entries}))
    }

    fn of_query(&self, name: &str, arguments: &Arguments, object: &Value) -> Result<Found<'_>, Refusal> {
        Ok(match name {
            "repository" => {
                let asked = (arguments["owner"].as_str().unwrap(), arguments["name"].as_str().unwrap());
                if self.hidden || asked != (OWNER, NAME) {
                    let message = format!("Could not resolve to a Repository with the name '{}/{}'.", asked.0, asked.1);
                    return Err(Refusal { kind: "NOT_FOUND", message });
                }
                one(json!({"__typename": "Repository"}))
            }
            "viewer" => one(json!({"__typename": "User", "login": "github-actions[bot]"})),
            "rateLimit" => one(json!({
                "__typename": "RateLimit", "cost": object["cost"], "nodeCount": object["nodes"], "limit": 5000,
                "remaining": 4000, "used": 1000, "resetAt": "2099-01-01T00:00:00Z"
            })),
            "search" => return self.search(arguments),
            other => panic!("the simulated GitHub has no Query.{other} yet"),
        })
    }

    fn of_repository(&self, name: &str, arguments: &Arguments) -> Result<Found<'_>, Refusal> {
        let text = |n: &str| arguments.get(n).and_then(Value::as_str);
        Ok(match name {
            "name" => one(NAME.into()),
            "nameWithOwner" => one(format!("{OWNER}/{NAME}").into()),
            "owner" => one(json!({"__typename": "Organization", "login": OWNER})),
            "url" => one(format!("https://github.invalid/{OWNER}/{NAME}").into()),
            "isPrivate" => one(true.into()),
            "isArchived" | "isFork" | "isEmpty" => one(false.into()),
            "id" => one("R_1".into()),
            "databaseId" => one(1.into()),
            "viewerPermission" => one("READ".into()),
            "defaultBranchRef" => self.reference(&self.default_branch).map_or(Found::Nothing, one),
            "ref" => {
                let name = text("qualifiedName").unwrap();
                self.reference(name.strip_prefix("refs/heads/").unwrap_or(name)).map_or(Found::Nothing, one)
            }
            "refs" => {
                let query = text("query").unwrap_or("");
                let all = self.branches.keys().filter(|b| b.contains(query)).filter_map(|b| self.reference(b));
                listed(all.map(Cow::Owned))
            }
            "label" => self.labels.get(text("name").unwrap()).map_or(Found::Nothing, |l| Found::One(Cow::Borrowed(l))),
            "labels" => listed(self.labels.values().map(Cow::Borrowed)),
            "pullRequest" | "issueOrPullRequest" => {
                let number = arguments["number"].as_u64().unwrap();
                let kind = if name == "pullRequest" { "a PullRequest" } else { "an issue or pull request" };
                let message = format!("Could not resolve to {kind} with the number of {number}.");
                let pull = self.pulls.get(&number).ok_or(Refusal { kind: "NOT_FOUND", message })?;
                Found::One(Cow::Borrowed(pull))
            }
            "pullRequests" => self.list(arguments),
            "object" => match (text("oid"), text("expression")) {
                (Some(oid), None) => {
                    if oid.len() != 40 || !oid.bytes().all(|b| b.is_ascii_hexdigit()) {
                        let message = format!("Could not coerce value {oid:?} to GitObjectID");
                        return Err(Refusal { kind: "ARGUMENT_LITERALS_INCOMPATIBLE", message });
                    }
                    self.commits.get(&oid.to_lowercase()).map_or(Found::Nothing, |c| Found::One(Cow::Borrowed(c)))
                }
                (None, Some(expression)) => self.object_at(expression).map_or(Found::Nothing, one),
                _ => panic!("object needs either `oid` or `expression`"),
            },
            other => panic!("the simulated GitHub has no Repository.{other} yet"),
        })
    }

    fn of_pull(&self, pull: &Value, name: &str, arguments: &Arguments) -> Found<'_> {
        let commit = |sha: &Value| sha.as_str().and_then(|s| self.commits.get(s));
        match name {
            "mergeCommit" => commit(&pull[name]).map_or(Found::Nothing, |c| Found::One(Cow::Borrowed(c))),
            "commits" => listed(
                items(pull, name)
                    .map(|sha| Cow::Owned(json!({"__typename": "PullRequestCommit", "commit": commit(sha).unwrap()}))),
            ),
            "labels" => listed(items(pull, name).map(|l| Cow::Owned(self.label(l.as_str().unwrap())))),
            "timelineItems" => {
                let kinds: Option<Vec<String>> = arguments.get("itemTypes").filter(|t| !t.is_null()).map(|t| {
                    let all = if t.is_array() { t.clone() } else { json!([t]) };
                    serde_json::from_value(all).unwrap()
                });
                let wanted = |e: &&Value| kinds.as_ref().is_none_or(|k| k.iter().any(|k| e["__typename"] == camel(k)));
                listed(items(pull, name).filter(wanted).map(|e| {
                    let mut e = e.clone();
                    if let Some(label) = e["label"].as_str() {
                        e["label"] = self.label(label);
                    }
                    Cow::Owned(e)
                }))
            }
            "repository" | "baseRepository" => one(json!({"__typename": "Repository"})),
            "baseRef" => self.reference(pull["baseRefName"].as_str().unwrap()).map_or(Found::Nothing, one),
            "reviews" if arguments.get("states").is_some_and(|s| !s.is_null()) => {
                let states = &arguments["states"];
                let fits = |r: &&Value| match states {
                    Value::Array(all) => all.contains(&r["state"]),
                    other => r["state"] == *other,
                };
                listed(items(pull, name).filter(fits).map(|r| Cow::Owned(r.clone())))
            }
            _ => own(pull, name),
        }
    }

    fn label(&self, name: &str) -> Value {
        self.labels.get(name).cloned().unwrap_or_else(
            || json!({"__typename": "Label", "name": name, "color": "ededed", "isDefault": false, "description": null}),
        )
    }

    fn of_commit(&self, commit: &Value, name: &str, arguments: &Arguments) -> Result<Found<'_>, Refusal> {
        let sha = commit["oid"].as_str().unwrap();
        let text = |n: &str| arguments.get(n).and_then(Value::as_str);
        Ok(match name {
            "abbreviatedOid" => one(sha[..7].into()),
            "messageHeadline" => one(commit["message"].as_str().unwrap().lines().next().unwrap_or("").into()),
            "messageBody" => one(commit["message"].as_str().unwrap().split_once("\n\n").map_or("", |(_, b)| b).into()),
            "parents" => listed(items(commit, name).filter_map(|p| self.commits.get(p.as_str()?).map(Cow::Borrowed))),
            "associatedPullRequests" => {
                let numbers = self.brought.get(sha).into_iter().flatten();
                listed(numbers.map(|n| Cow::Borrowed(&self.pulls[n])))
            }
            "history" => {
                let at = |n: &str| text(n).map(moment);
                let (since, until) = (at("since"), at("until"));
                let reached = self.reached(sha);
                let fits = |c: &&str| {
                    let when = moment(self.commits[*c]["committedDate"].as_str().unwrap());
                    since.is_none_or(|s| when >= s) && until.is_none_or(|u| when <= u)
                };
                let item = |c: &str| Item { key: c.to_owned(), node: Cow::Borrowed(&self.commits[c]) };
                Found::Connection(reached.into_iter().filter(fits).map(item).collect())
            }
            "checkSuites" => {
                let wanted = arguments.get("filterBy").and_then(|f| f["checkName"].as_str());
                let has = |s: &&Value| {
                    wanted.is_none_or(|w| s["checkRuns"].as_array().unwrap().iter().any(|r| r["name"] == w))
                };
                listed(items(commit, "suites").filter(has).map(|s| Cow::Owned(s.clone())))
            }
            "blame" => {
                let path = text("path").unwrap();
                let ranges = commit["blame"].get(path).cloned().unwrap_or(json!([]));
                let whole = |mut r: Value| {
                    r["__typename"] = "BlameRange".into();
                    r["commit"] = self.commits[r["oid"].as_str().unwrap()].clone();
                    r
                };
                let ranges: Vec<Value> = ranges.as_array().unwrap().iter().cloned().map(whole).collect();
                one(json!({"__typename": "Blame", "ranges": ranges}))
            }
            "file" => self.file(sha, text("path").unwrap()).map_or(Found::Nothing, |t| {
                one(json!({"__typename": "TreeEntry", "name": "file", "object": {"__typename": "Blob", "oid": blob_id(t), "text": t, "byteSize": t.len(), "isTruncated": false}}))
            }),
            _ => own(commit, name),
        })
    }

    /// Commits from here down, newest first.
    fn reached(&self, sha: &str) -> Vec<&str> {
        let from = self.branches.values().find_map(|b| {
            let at = b.commits.iter().position(|c| c == sha)?;
            Some(b.commits[at..].iter().map(String::as_str).collect())
        });
        from.unwrap_or_default()
    }
}

impl Data for World {
    fn field<'w>(&'w self, object: &Value, name: &str, arguments: &Arguments) -> Result<Found<'w>, Refusal> {
        let kind = object["__typename"].as_str().unwrap();
        if let Some(lacks) = self.forbidden.get(&format!("{kind}.{name}")) {
            return Err(Refusal { kind: "INSUFFICIENT_SCOPES", message: lacks.clone() });
        }
        Ok(match kind {
            "Query" => return self.of_query(name, arguments, object),
            "Repository" => return self.of_repository(name, arguments),
            "PullRequest" => self.of_pull(object, name, arguments),
            "Commit" => return self.of_commit(object, name, arguments),
            "CheckSuite" if name == "checkRuns" => {
                let filter = arguments.get("filterBy").cloned().unwrap_or(Value::Null);
                let wanted = |r: &&Value| filter["checkName"].as_str().is_none_or(|n| r["name"] == n);
                listed(items(object, name).filter(wanted).map(|r| Cow::Owned(r.clone())))
            }
            "User" | "Bot" if name == "url" => one("https://github.invalid/somebody".into()),
            _ => own(object, name),
        })
    }

    fn place(&self, items: &[Item<'_>], key: &str) -> usize {
        match key.chars().next() {
            Some('+') => items.partition_point(|i| i.key.as_str() < key),
            Some('-') => items.partition_point(|i| i.key.as_str() > key),
            _ => key.parse::<usize>().map_or_else(|_| panic!("no place for cursor `{key}`"), |n| n.min(items.len())),
        }
    }
}

/// A field that stands in the object itself.
fn own<'w>(object: &Value, name: &str) -> Found<'w> {
    match object.get(name) {
        _ if name == "id" => one(format!("{}_{}", object["__typename"], object["number"]).into()),
        None | Some(Value::Null) => Found::Nothing,
        Some(Value::Array(all)) if PLAIN.contains(&name) => listed(all.iter().map(|v| Cow::Owned(v.clone()))),
        Some(value) => one(value.clone()),
    }
}

fn items<'v>(object: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> {
    object[name].as_array().into_iter().flatten()
}

fn one<'w>(value: Value) -> Found<'w> {
    Found::One(Cow::Owned(value))
}

fn listed<'w>(all: impl Iterator<Item = Cow<'w, Value>>) -> Found<'w> {
    Found::Connection(all.enumerate().map(|(i, node)| Item { key: i.to_string(), node }).collect())
}

/// `LABELED_EVENT` as the name of its type.
fn camel(word: &str) -> String {
    let part = |p: &str| format!("{}{}", &p[..1], p[1..].to_lowercase());
    word.split('_').map(part).collect()
}

/// A moment of GraphQL.
fn moment(text: &str) -> jiff::Timestamp {
    text.parse().unwrap_or_else(|e| panic!("{text}: {e}"))
}

/// An id for the content of a file.
pub fn blob_id(text: &str) -> String {
    let hash =
        text.bytes().fold(14_695_981_039_346_656_037_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(1_099_511_628_211));
    format!("{hash:016x}{hash:016x}{:08x}", text.len())
}
