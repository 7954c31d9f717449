//! The server: answers GraphQL and REST from a [`World`], fails where a test asks for it, and counts.

use super::graphql;
use super::world::{NAME, OWNER, World, blob_id};
use crate::github::contract::contract;
use crate::sandbox::{Ran, Sandbox};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate, matchers};

/// What goes wrong.
#[derive(Clone)]
pub struct Fault {
    /// From this call on, counted from 1 since the server started or its count was taken.
    pub from: usize,
    /// How often.
    pub times: usize,
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Value,
}

impl Fault {
    /// GitHub does not answer.
    pub fn broken(from: usize, times: usize) -> Self {
        Self { from, times, status: 502, headers: vec![], body: json!({"message": "Server Error"}) }
    }

    /// A limit that names when to come again, in seconds.
    pub fn limited(from: usize, status: u16, seconds: u64) -> Self {
        let headers = vec![("retry-after", seconds.to_string())];
        let body = json!({"message": "You have exceeded a secondary rate limit. Please wait a few minutes."});
        Self { from, times: 1, status, headers, body }
    }

    /// The primary limit as GraphQL tells it: 200, with an error in the body.
    pub fn graphql_limited(from: usize, seconds: u64) -> Self {
        let reset = jiff::Timestamp::now().as_second() as u64 + seconds;
        let headers = vec![("x-ratelimit-remaining", "0".to_owned()), ("x-ratelimit-reset", reset.to_string())];
        let error = json!({"type": "RATE_LIMITED", "code": "graphql_rate_limit", "message": "API rate limit already exceeded for installation ID 1."});
        Self { from, times: 1, status: 200, headers, body: json!({"errors": [error]}) }
    }
}

type Change = Box<dyn FnMut(&mut World) + Send>;

/// The world, and what was asked of it.
#[derive(Default)]
pub struct State {
    pub world: World,
    pub faults: Vec<Fault>,
    /// What happens to the world before a call is answered.
    pub meanwhile: Vec<(usize, Change)>,
    /// Calls since the last [`Simulated::taken`], answered or not: method, path, body.
    pub calls: Vec<(String, String, Value)>,
    /// Calls that were carried out.
    pub answered: Vec<(String, String, Value)>,
    pub violations: Vec<String>,
    /// Nodes above which GitHub takes too long and gives up.
    pub too_heavy: Option<u64>,
    /// Most nodes that one query asked for, and points in all.
    pub most_nodes: u64,
    pub points: u64,
}

/// The server.
pub struct Simulated {
    server: MockServer,
    pub state: Arc<Mutex<State>>,
}

impl Simulated {
    pub fn start(world: World) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let state = Arc::new(Mutex::new(State { world, ..State::default() }));
        let server = runtime.block_on(async {
            let server = MockServer::start().await;
            Mock::given(matchers::any()).respond_with(Player(Arc::clone(&state))).mount(&server).await;
            server
        });
        Self { server, state }
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        self.server.uri()
    }

    /// Runs `budget` with a cache folder of that name and a clock.
    pub fn budget(&self, place: &Sandbox, cache: &str, now: &str, args: &[&str]) -> Ran {
        let graphql = format!("{}/graphql", self.url());
        let cache = place.root().join(cache).display().to_string();
        let variables = [
            ("GITHUB_API_URL", self.url()),
            ("GITHUB_GRAPHQL_URL", graphql),
            ("GITHUB_TOKEN", "ghs_test".to_owned()),
            ("GITHUB_REPOSITORY", format!("{OWNER}/{NAME}")),
            ("ROWPROOF_NOW", now.to_owned()),
            ("ROWPROOF_GITHUB_PATIENCE", "4".to_owned()),
        ];
        let variables: Vec<(&str, &str)> = variables.iter().map(|(k, v)| (*k, v.as_str())).collect();
        let all: Vec<&str> = ["budget"].into_iter().chain(args.iter().copied()).chain(["--cache", &cache]).collect();
        place.rowproof_with(&variables, &all)
    }

    /// The calls until now; counting starts again.
    pub fn taken(&self) -> Vec<(String, String, Value)> {
        let mut state = self.state.lock().unwrap();
        state.answered.clear();
        std::mem::take(&mut state.calls)
    }

    /// Fails when something was asked that GitHub does not describe, or that the simulation cannot answer.
    pub fn assert_valid(&self) {
        let state = self.state.lock().unwrap();
        assert!(state.violations.is_empty(), "{}", state.violations.join("\n"));
    }
}

struct Player(Arc<Mutex<State>>);

impl Respond for Player {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let mut state = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let method = request.method.to_string();
        let path = request.url.path().to_owned();
        let target = request.url.query().map_or_else(|| path.clone(), |q| format!("{path}?{q}"));
        let body: Value = serde_json::from_slice(&request.body).unwrap_or(Value::Null);
        let call = (method.clone(), target.clone(), body.clone());
        state.calls.push(call.clone());
        let count = state.calls.len();
        if let Some(fault) = state.faults.iter().find(|f| count >= f.from && count < f.from.saturating_add(f.times)) {
            let answer = ResponseTemplate::new(fault.status).set_body_json(&fault.body);
            return fault.headers.iter().fold(answer, |a, (name, value)| a.insert_header(*name, value.as_str()));
        }
        let State { meanwhile, world, .. } = &mut *state;
        for (at, change) in meanwhile.iter_mut() {
            if *at == count {
                change(world);
            }
        }
        let played =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| play(&state.world, request, &target, &body)));
        let Ok(played) = played else {
            state.violations.push(format!("the simulation cannot answer {method} {target} {body}"));
            return ResponseTemplate::new(501).set_body_json(json!({"message": "not simulated"}));
        };
        if state.too_heavy.is_some_and(|most| played.nodes > most) {
            let message = "We couldn't respond to your request in time. Sorry about that.";
            return ResponseTemplate::new(502).set_body_json(json!({"message": message}));
        }
        state.answered.push(call);
        state.violations.extend(played.violations);
        state.most_nodes = state.most_nodes.max(played.nodes);
        state.points += played.cost;
        let answer = ResponseTemplate::new(played.status)
            .insert_header("x-ratelimit-limit", "5000")
            .insert_header("x-ratelimit-remaining", "4000");
        match played.raw {
            Some(text) => answer.set_body_string(text),
            None => answer.set_body_json(played.body),
        }
    }
}

struct Played {
    status: u16,
    body: Value,
    raw: Option<String>,
    violations: Vec<String>,
    nodes: u64,
    cost: u64,
}

fn play(world: &World, request: &Request, target: &str, body: &Value) -> Played {
    let method = request.method.to_string();
    if target == "/graphql" {
        let answer = graphql::answer(world, body);
        let graphql::Answer { body, violations, nodes, cost } = answer;
        return Played { status: 200, body, raw: None, violations, nodes, cost };
    }
    let mut violations = Vec::new();
    if let Some(contract) = contract()
        && let Err(wrong) = contract.check(&method, target, (!request.body.is_empty()).then_some(body))
    {
        violations.push(wrong);
    }
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let path = decoded(path);
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let raw_wanted = request.headers.get("accept").is_some_and(|a| a.to_str().unwrap().contains("raw"));
    let answer = match (method.as_str(), parts.as_slice()) {
        ("GET", ["repos", OWNER, NAME, rest @ ..]) if !world.hidden => rest_of(world, rest, query),
        ("GET", ["rate_limit"]) => {
            Some(json!({"resources": {}, "rate": {"limit": 5000, "remaining": 4000, "reset": 0}}))
        }
        ("GET", ["user"]) => Some(json!({"login": "github-actions[bot]"})),
        _ => None,
    };
    let (status, body) = answer.map_or_else(|| (404, json!({"message": "Not Found"})), |a| (200, a));
    let text = body["rowproof_text"].as_str().map(str::to_owned);
    let raw = text.filter(|_| raw_wanted);
    let mut body = body;
    if let Some(map) = body.as_object_mut() {
        map.shift_remove("rowproof_text");
    }
    Played { status, body, raw, violations, nodes: 0, cost: 0 }
}

fn rest_of(world: &World, rest: &[&str], query: &str) -> Option<Value> {
    let page = |all: Vec<Value>| Some(Value::from(paged(&all, query)));
    match rest {
        [] => Some(json!({
            "id": 1, "name": NAME, "full_name": format!("{OWNER}/{NAME}"), "default_branch": world.default_branch,
            "private": true, "owner": {"login": OWNER, "type": "Organization"}
        })),
        ["contents", path @ ..] => content(world.file(&parameter(query, "ref"), &path.join("/"))?, &path.join("/")),
        ["git", "blobs", id] => {
            let text = world.branches.values().flat_map(|b| b.files.values()).find(|t| blob_id(t) == *id)?;
            Some(
                json!({"sha": id, "encoding": "base64", "content": base64(text), "size": text.len(), "rowproof_text": text}),
            )
        }
        ["git", "trees", revision] => {
            let tree: Vec<Value> = world
                .paths(revision)?
                .into_iter()
                .map(|p| json!({"path": p, "type": "blob", "mode": "100644", "sha": blob_id(world.file(revision, p).unwrap())}))
                .collect();
            Some(json!({"sha": revision, "tree": tree, "truncated": false}))
        }
        ["git", "ref", "heads", branch @ ..] => {
            let name = branch.join("/");
            let tip = world.branches.get(&name)?.commits.first()?;
            Some(json!({"ref": format!("refs/heads/{name}"), "object": {"sha": tip, "type": "commit"}}))
        }
        ["branches", branch @ ..] => {
            let name = branch.join("/");
            let tip = world.branches.get(&name)?.commits.first()?;
            Some(json!({"name": name, "commit": {"sha": tip}}))
        }
        ["commits", sha, "pulls"] => {
            let sha = world.resolve(sha)?;
            page(world.brought.get(&sha).into_iter().flatten().map(|n| pull(&world.pulls[n])).collect())
        }
        ["commits", sha, "check-runs"] => {
            let sha = world.resolve(sha)?;
            let name = parameter(query, "check_name");
            let suites = world.commits[&sha]["suites"].as_array().cloned().unwrap_or_default();
            let runs = suites.iter().flat_map(|s| s["checkRuns"].as_array().unwrap().clone());
            let runs: Vec<Value> =
                runs.filter(|r| name.is_empty() || r["name"] == name).map(|r| check_run(&r)).collect();
            Some(json!({"total_count": runs.len(), "check_runs": paged(&runs, query)}))
        }
        ["commits", revision @ ..] => commit(&world.commits[&world.resolve(&revision.join("/"))?]),
        ["pulls", number] => Some(pull(world.pulls.get(&number.parse().ok()?)?)),
        ["pulls", number, "files"] => {
            let found = world.pulls.get(&number.parse().ok()?)?;
            let file = |f: &Value| json!({"filename": f["path"], "additions": f["additions"], "deletions": f["deletions"], "status": "modified", "sha": "0".repeat(40), "changes": 0});
            page(found["files"].as_array()?.iter().map(file).collect())
        }
        ["pulls", number, "commits"] => {
            let found = world.pulls.get(&number.parse().ok()?)?;
            // GitHub lists no more here.
            let shas = found["commits"].as_array()?.iter().take(250);
            page(shas.filter_map(|s| commit(&world.commits[s.as_str().unwrap()])).collect())
        }
        ["issues", number, "timeline" | "events"] => {
            let found = world.pulls.get(&number.parse().ok()?)?;
            page(found["timelineItems"].as_array()?.iter().map(event).collect())
        }
        ["labels"] => page(world.labels.values().cloned().collect()),
        ["labels", name] => world.labels.get(*name).cloned(),
        _ => None,
    }
}

fn event(event: &Value) -> Value {
    let kind = event["__typename"].as_str().unwrap().trim_end_matches("Event");
    let mut name = String::new();
    for (i, c) in kind.chars().enumerate() {
        if c.is_uppercase() && i > 0 {
            name.push('_');
        }
        name.extend(c.to_lowercase());
    }
    let mut out = json!({"event": name, "created_at": event["createdAt"], "actor": account(&event["actor"])});
    if event["label"].is_string() {
        out["label"] = json!({"name": event["label"], "color": "ededed"});
    }
    out
}

fn account(actor: &Value) -> Value {
    let bot = actor["__typename"] == "Bot";
    match actor["login"].as_str() {
        // REST names bots with a suffix that GraphQL leaves out.
        Some(login) if bot => json!({"login": format!("{login}[bot]"), "type": "Bot"}),
        Some(login) => json!({"login": login, "type": "User"}),
        None => json!({"login": "ghost", "type": "User"}),
    }
}

fn pull(pull: &Value) -> Value {
    let labels: Vec<Value> = pull["labels"].as_array().unwrap().iter().map(|l| json!({"name": l})).collect();
    json!({
        "number": pull["number"], "title": pull["title"], "body": pull["body"], "user": account(&pull["author"]),
        "state": if pull["state"] == "OPEN" { "open" } else { "closed" }, "labels": labels,
        "created_at": pull["createdAt"], "updated_at": pull["updatedAt"], "merged_at": pull["mergedAt"],
        "closed_at": pull["closedAt"], "merge_commit_sha": pull["mergeCommit"], "draft": pull["isDraft"],
        "base": {"ref": pull["baseRefName"], "sha": pull["baseRefOid"]},
        "head": {"ref": pull["headRefName"], "sha": pull["headRefOid"]},
        "additions": pull["additions"], "deletions": pull["deletions"], "changed_files": pull["changedFiles"]
    })
}

fn commit(commit: &Value) -> Option<Value> {
    let parents: Vec<Value> = commit["parents"].as_array()?.iter().map(|p| json!({"sha": p})).collect();
    let who = json!({"name": "n", "email": "n@acme.example", "date": commit["committedDate"]});
    Some(json!({
        "sha": commit["oid"], "parents": parents, "author": null, "committer": null, "files": [],
        "commit": {"message": commit["message"], "author": who, "committer": who}
    }))
}

fn check_run(run: &Value) -> Value {
    json!({
        "id": run["databaseId"], "name": run["name"], "external_id": run["externalId"], "status": "completed",
        "conclusion": "success", "completed_at": run["completedAt"], "output": {"text": run["text"], "title": "t", "summary": "s"}
    })
}

/// GitHub gives files above 1 MB without their content, unless the raw one is asked for.
fn content(text: &str, path: &str) -> Option<Value> {
    let (encoding, content) = if text.len() > 1_000_000 { ("none", String::new()) } else { ("base64", base64(text)) };
    Some(json!({
        "type": "file", "name": path.rsplit('/').next(), "path": path, "encoding": encoding, "content": content,
        "sha": blob_id(text), "size": text.len(), "rowproof_text": text
    }))
}

fn base64(text: &str) -> String {
    use base64::Engine as _;
    let whole = base64::engine::general_purpose::STANDARD.encode(text);
    // GitHub breaks the lines.
    whole.as_bytes().chunks(60).map(|c| format!("{}\n", String::from_utf8_lossy(c))).collect()
}

fn parameter(query: &str, name: &str) -> String {
    let found = query.split('&').find_map(|p| p.split_once('=').filter(|(n, _)| *n == name));
    decoded(found.map_or("", |(_, v)| v))
}

fn paged(all: &[Value], query: &str) -> Vec<Value> {
    let number = |name: &str, default: usize| parameter(query, name).parse().unwrap_or(default);
    let (size, page) = (number("per_page", 30).min(100), number("page", 1));
    all.iter().skip((page - 1) * size).take(size).cloned().collect()
}

fn decoded(text: &str) -> String {
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    while let Some(b) = bytes.next() {
        match b {
            b'%' => {
                let hex: Vec<u8> = bytes.by_ref().take(2).collect();
                out.push(u8::from_str_radix(std::str::from_utf8(&hex).unwrap(), 16).unwrap());
            }
            b'+' => out.push(b' '),
            b => out.push(b),
        }
    }
    String::from_utf8(out).unwrap()
}
