//! A repository that answers the queries of this part, with GitHub's cursors: that of the pull requests says when the last
//! one changed, those of lists how many came before. Every query is checked against GitHub's own schema where it is there.

use super::schema;
use crate::github::ApiError;
use crate::github::error::QueryError;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Comments on a line, by the thread's id.
pub type Thread = (String, Vec<Value>);

/// What is in the repository.
#[derive(Clone)]
pub struct World {
    /// Whole nodes by number; lists are arrays here.
    pub pulls: BTreeMap<u64, Value>,
    /// Commits of branches: branch, id, message, date.
    pub commits: Vec<(String, String, String, Timestamp)>,
    /// Commits by id, for those who ask for one.
    pub objects: BTreeMap<String, Value>,
    pub default_branch: String,
    /// Comments of pull requests: those of issues, and threads with those of lines.
    pub talk: BTreeMap<u64, (Vec<Value>, Vec<Thread>)>,
}

/// Before each call: its number from 1, the text, and the world, which may change; an error is the answer.
type Before = Box<dyn FnMut(usize, &str, &mut World) -> Option<ApiError>>;

pub struct Fake {
    pub world: RefCell<World>,
    pub before: RefCell<Before>,
    pub calls: RefCell<Vec<(String, Value)>>,
}

/// A minute of the world's time.
pub fn at(minute: i64) -> Timestamp {
    "2026-01-01T00:00:00Z".parse::<Timestamp>().expect("a time") + SignedDuration::from_mins(minute)
}

/// A comment or the like.
pub fn said(login: &str, minute: i64, body: &str) -> Value {
    json!({"author": {"__typename": "User", "login": login}, "createdAt": at(minute).to_string(), "body": body})
}

/// A pull request into `main` that was merged, and changed last, at that minute.
pub fn pull(number: u64, minute: i64) -> Value {
    json!({
        "number": number, "title": format!("Change {number}"), "body": "", "merged": true,
        "createdAt": at(minute - 60).to_string(), "mergedAt": at(minute).to_string(), "updatedAt": at(minute).to_string(),
        "baseRefName": "main", "headRefOid": format!("{number:040x}"), "additions": 3, "deletions": 1, "changedFiles": 1,
        "author": {"__typename": "User", "login": "octocat"},
        "mergeCommit": {"oid": format!("{:040x}", number + 1_000_000), "message": format!("Change {number} (#{number})")},
        "labels": [{"name": "b"}, {"name": "a"}],
        "files": [{"path": format!("models/m{number}.sql")}],
        "commits": [{"commit": {"oid": format!("{number:040x}"), "message": "work"}}],
        "reviews": [{"author": {"__typename": "User", "login": "hubot"}, "state": "APPROVED", "submittedAt": at(minute - 5).to_string(), "body": "ok"}],
        "timelineItems": [{"__typename": "LabeledEvent", "createdAt": at(minute - 50).to_string(), "actor": null, "label": {"name": "a"}}],
        "checked": {"nodes": []},
    })
}

/// Pull requests 1 to `count`, merged a minute after each other, each with its commit on `main`.
pub fn world(count: u64) -> World {
    let pulls = (1..=count).map(|n| (n, pull(n, n as i64))).collect();
    let commit =
        |n: u64| ("main".to_owned(), format!("{:040x}", n + 1_000_000), format!("Change {n} (#{n})"), at(n as i64));
    let commits = (1..=count).map(commit).collect();
    World { pulls, commits, objects: BTreeMap::new(), default_branch: "main".to_owned(), talk: BTreeMap::new() }
}

/// An error of the GraphQL API.
pub fn refused(kind: &str, path: &[&str], message: &str) -> ApiError {
    let path = path.iter().map(|w| (*w).to_owned()).collect();
    let errors = vec![QueryError { kind: kind.to_owned(), message: message.to_owned(), path }];
    ApiError::Query { path: "/graphql".to_owned(), errors }
}

/// An answer that never comes.
pub fn down() -> ApiError {
    ApiError::Unsure { method: "POST".to_owned(), path: "/graphql".to_owned(), message: "502 (4 times)".to_owned() }
}

impl Fake {
    pub fn new(world: World) -> Self {
        let before: Before = Box::new(|_, _, _| None);
        Self { world: RefCell::new(world), before: RefCell::new(before), calls: RefCell::default() }
    }

    pub fn with(world: World, before: impl FnMut(usize, &str, &mut World) -> Option<ApiError> + 'static) -> Self {
        let fake = Self::new(world);
        *fake.before.borrow_mut() = Box::new(before);
        fake
    }

    pub fn count(&self) -> usize {
        self.calls.borrow().len()
    }

    pub fn answer(&self, text: &str, variables: &Value) -> Result<Value, ApiError> {
        schema::check(text);
        self.calls.borrow_mut().push((text.to_owned(), variables.clone()));
        let number = self.count();
        if let Some(error) = (self.before.borrow_mut())(number, text, &mut self.world.borrow_mut()) {
            return Err(error);
        }
        let world = self.world.borrow();
        let mut repository = Map::new();
        let head = world.commits.iter().rfind(|c| c.0 == world.default_branch).map_or("none", |c| c.1.as_str());
        repository.insert("defaultBranchRef".into(), json!({"name": world.default_branch, "target": {"oid": head}}));
        if text.contains("pullRequests(states") {
            repository.insert("pullRequests".into(), world.page(text, variables));
        }
        world.slices(text, variables, &mut repository);
        let mut data = Map::new();
        for i in 0.. {
            let line = text.lines().find(|l| l.trim_start().starts_with(&format!("i{i}: ")));
            let Some(line) = line else { break };
            let place = if line.contains("node(") { &mut data } else { &mut repository };
            place.insert(format!("i{i}"), world.item(line, i, variables));
        }
        data.insert("repository".into(), Value::Object(repository));
        Ok(Value::Object(data))
    }
}

impl World {
    fn page(&self, text: &str, variables: &Value) -> Value {
        let key = |p: &Value| (p["updatedAt"].as_str().expect("a time").to_owned(), p["number"].as_u64());
        let base = variables["base"].as_str();
        let mut all: Vec<&Value> = self.pulls.values().filter(|p| base.is_none_or(|b| p["baseRefName"] == b)).collect();
        all.sort_by_key(|p| std::cmp::Reverse(key(p)));
        if let Some(after) = variables["after"].as_str() {
            let (time, number) = after.split_once('|').expect("a cursor");
            let after = (time.to_owned(), number.parse().ok());
            all.retain(|p| key(p) < after);
        }
        let size = variables["n"].as_u64().expect("a size") as usize;
        let page: Vec<Value> = all.iter().take(size).map(|p| begun(p, text.contains("...Checks"))).collect();
        let cursor = page.last().map(|p| format!("{}|{}", key(p).0, p["number"]));
        json!({"pageInfo": {"hasNextPage": all.len() > size, "endCursor": cursor}, "nodes": page})
    }

    fn slices(&self, text: &str, variables: &Value, repository: &mut Map<String, Value>) {
        for line in text.lines().map(str::trim_start).filter(|l| l.starts_with("branch")) {
            let alias = line.split(':').next().expect("an alias");
            let named = variables[format!("{alias}name")].as_str().and_then(|n| n.strip_prefix("refs/heads/"));
            let branch = named.unwrap_or(&self.default_branch);
            let mut target = Map::new();
            for i in (0..64).filter(|i| line.contains(&format!(" s{i}: history("))) {
                let time = |name: &str| {
                    variables[format!("s{i}{name}")].as_str().map(|t| t.parse::<Timestamp>().expect("a time"))
                };
                let (since, until) = (time("since"), time("until"));
                let mut commits: Vec<_> = self.commits.iter().filter(|c| c.0 == branch).collect();
                commits.retain(|c| since.is_none_or(|t| c.3 >= t) && until.is_none_or(|t| c.3 < t));
                commits.sort_by_key(|c| std::cmp::Reverse(c.3));
                let nodes: Vec<Value> = commits
                    .iter()
                    .map(|c| json!({"oid": c.1, "message": c.2, "committedDate": c.3.to_string()}))
                    .collect();
                let size = variables["n"].as_u64().expect("a size") as usize;
                target.insert(format!("s{i}"), cut(&nodes, size, variables[format!("s{i}after")].as_str()));
            }
            let there = self.commits.iter().any(|c| c.0 == branch);
            repository.insert(alias.to_owned(), if there { json!({"target": target}) } else { Value::Null });
        }
    }

    fn item(&self, line: &str, i: usize, variables: &Value) -> Value {
        let variable = |name: &str| &variables[format!("i{i}{name}")];
        if line.contains("object(") {
            let id = variable("id").as_str().expect("an id");
            let Some(mut found) = self.objects.get(id).cloned() else { return Value::Null };
            if let Some(pulls) = found.get("associatedPullRequests").and_then(Value::as_array).cloned() {
                let size = if line.contains("first: 100") { 100 } else { 10 };
                found["associatedPullRequests"] = cut(&pulls, size, variables["after"].as_str());
            }
            return found;
        }
        let after = variable("after").as_str();
        if line.contains("node(") {
            let id = variable("id").as_str().expect("an id");
            let mut threads = self.talk.values().flat_map(|t| &t.1);
            let thread = threads.find(|t| t.0 == id).expect("a thread");
            return json!({"comments": cut(&thread.1, 100, after)});
        }
        let number = variable("number").as_u64().expect("a number");
        let mut node = Map::new();
        if line.contains("omments(") || line.contains("reviewThreads(") {
            let (comments, threads) = self.talk.get(&number).cloned().unwrap_or_default();
            if line.contains(" comments(") {
                node.insert("comments".into(), cut(&comments, if after.is_some() { 100 } else { 50 }, after));
            }
            if line.contains("reviewThreads(") {
                let thread = |t: &Thread| json!({"id": t.0, "comments": cut(&t.1, 10, None)});
                let threads: Vec<Value> = threads.iter().map(thread).collect();
                node.insert("reviewThreads".into(), cut(&threads, 20, after));
            }
            return Value::Object(node);
        }
        for list in ["labels", "files", "commits", "reviews", "timelineItems"] {
            if line.contains(&format!("{list}(")) {
                let items = self.pulls[&number][list].as_array().cloned().unwrap_or_default();
                node.insert(list.into(), cut(&items, 100, after));
            }
        }
        Value::Object(node)
    }
}

/// A pull request with the beginnings of its lists.
fn begun(pull: &Value, checks: bool) -> Value {
    let mut pull = pull.clone();
    for (list, size) in [("labels", 50), ("files", 100), ("commits", 50), ("reviews", 50), ("timelineItems", 50)] {
        if let Some(items) = pull[list].as_array().cloned() {
            pull[list] = cut(&items, size, None);
        }
    }
    if !checks {
        pull.as_object_mut().expect("an object").remove("checked");
    }
    pull
}

/// A page of a list.
fn cut(items: &[Value], size: usize, after: Option<&str>) -> Value {
    let start: usize = after.map_or(0, |a| a.parse().expect("a cursor"));
    let end = (start + size).min(items.len());
    json!({
        "pageInfo": {"hasNextPage": end < items.len(), "endCursor": end.to_string()},
        "nodes": items[start.min(end)..end],
    })
}
