//! A GitHub with a memory: one repository, its pull requests, comments, labels, check runs and files.

use super::contract::contract;
use crate::budget::graphql;
use crate::budget::world::World;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate, matchers};

/// What goes wrong with a request that fits.
#[derive(Clone)]
pub struct Fault {
    pub method: &'static str,
    /// Part of the path.
    pub path: &'static str,
    pub status: u16,
    /// Headers of the answer.
    pub headers: Vec<(&'static str, String)>,
    pub message: &'static str,
    /// Whether the request is carried out all the same, as behind a 502.
    pub carried_out: bool,
}

/// Everything that the fake remembers.
#[derive(Default)]
pub struct Memory {
    pub pulls: BTreeMap<u64, Value>,
    pub commits: Vec<Value>,
    pub files: Vec<Value>,
    pub reviews: Vec<Value>,
    pub timeline: Vec<Value>,
    pub permissions: BTreeMap<String, String>,
    pub teams: BTreeMap<String, Vec<String>>,
    /// Text by `revision:path`.
    pub contents: BTreeMap<String, String>,
    /// Text by branch of the ledger.
    pub ledgers: BTreeMap<String, String>,
    pub comments: Vec<Value>,
    pub issues: Vec<Value>,
    pub repository_labels: BTreeMap<String, Value>,
    pub check_runs: Vec<Value>,
    pub faults: VecDeque<Fault>,
    /// What GraphQL tells of the history.
    pub world: Option<World>,
    /// Nothing may be written, as with a fork's token.
    pub read_only: bool,
    /// Method, path and body of all requests.
    pub log: Vec<(String, String, Value)>,
    /// Paths of all requests as they were sent.
    pub paths: BTreeSet<String>,
    /// Requests that GitHub does not describe.
    pub violations: Vec<String>,
    next_id: u64,
    pending_tree: String,
}

impl Memory {
    fn id(&mut self) -> u64 {
        self.next_id += 1;
        1_000 + self.next_id
    }

    /// Requests that wrote something.
    pub fn writes(&self) -> Vec<String> {
        let read = |m: &str, p: &str| m == "GET" || p == "/graphql";
        self.log.iter().filter(|(m, p, _)| !read(m, p)).map(|(m, p, _)| format!("{m} {p}")).collect()
    }

    pub fn labels(&self, number: u64) -> Vec<String> {
        let labels = self.pulls[&number]["labels"].as_array().unwrap();
        labels.iter().map(|l| l["name"].as_str().unwrap().to_owned()).collect()
    }
}

/// The server.
pub struct Fake {
    server: MockServer,
    pub memory: Arc<Mutex<Memory>>,
}

/// The login under which the fake files what is written.
pub const LOGIN: &str = "github-actions[bot]";

impl Fake {
    pub fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let memory = Arc::new(Mutex::new(Memory::default()));
        let server = runtime.block_on(async {
            let server = MockServer::start().await;
            Mock::given(matchers::any()).respond_with(Player(Arc::clone(&memory))).mount(&server).await;
            server
        });
        Self { server, memory }
    }

    pub fn url(&self) -> String {
        self.server.uri()
    }

    /// Fails when a request was sent that GitHub does not describe.
    pub fn assert_valid(&self) {
        let memory = self.memory.lock().unwrap();
        assert!(memory.violations.is_empty(), "{}", memory.violations.join("\n"));
    }
}

struct Player(Arc<Mutex<Memory>>);

impl Respond for Player {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let method = request.method.to_string();
        // Enterprise Server has its APIs below /api.
        let path = request.url.path();
        let mut target = path.strip_prefix("/api/v3").or(path.strip_prefix("/api")).unwrap_or(path).to_owned();
        let graphql = target == "/graphql";
        if let Some(query) = request.url.query() {
            target = format!("{target}?{query}");
        }
        let body: Value = serde_json::from_slice(&request.body).unwrap_or(Value::Null);
        let mut memory = self.0.lock().unwrap();
        memory.log.push((method.clone(), target.clone(), body.clone()));
        memory.paths.insert(path.to_owned());
        if !graphql
            && let Some(contract) = contract()
            && let Err(wrong) = contract.check(&method, &target, (!request.body.is_empty()).then_some(&body))
        {
            memory.violations.push(wrong.clone());
            return ResponseTemplate::new(422).set_body_json(json!({"message": wrong}));
        }
        let hit = memory.faults.iter().position(|f| f.method == method && target.contains(f.path));
        if let Some(fault) = hit.and_then(|at| memory.faults.remove(at)) {
            if fault.carried_out {
                play(&mut memory, &method, &target, &body);
            }
            let answer = ResponseTemplate::new(fault.status).set_body_json(json!({"message": fault.message}));
            return fault.headers.iter().fold(answer, |a, (name, value)| a.insert_header(*name, value.as_str()));
        }
        if memory.read_only && method != "GET" && !graphql {
            return ResponseTemplate::new(403)
                .set_body_json(json!({"message": "Resource not accessible by integration"}));
        }
        let (status, answer) = play(&mut memory, &method, &target, &body);
        let template = ResponseTemplate::new(status);
        if answer.is_null() { template } else { template.set_body_json(answer) }
    }
}

/// Whether the thing has the id that a path names.
fn is(thing: &Value, id: &str) -> bool {
    thing["id"].as_u64().is_some_and(|own| id.parse() == Ok(own))
}

fn not_found() -> (u16, Value) {
    (404, json!({"message": "Not Found"}))
}

/// What GitHub does and answers.
fn play(memory: &mut Memory, method: &str, target: &str, body: &Value) -> (u16, Value) {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let path = decoded(path);
    if path == "/graphql" {
        let history = body["query"].as_str().is_some_and(|q| q.contains("repository("));
        return match &memory.world {
            Some(world) if history => (200, graphql::answer(world, body).body),
            _ => (200, json!({"data": {"viewer": {"login": LOGIN}}})),
        };
    }
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let page = |all: &[Value]| (200, Value::from(paged(all, query)));
    match (method, parts.as_slice()) {
        ("GET", ["users", login]) => (200, json!({"login": login, "name": null, "email": null})),
        ("GET", ["orgs", org, "teams", slug, "members"]) => match memory.teams.get(&format!("{org}/{slug}")) {
            Some(members) => page(&members.iter().map(|l| json!({"login": l, "type": "User"})).collect::<Vec<_>>()),
            None => not_found(),
        },
        (_, ["repos", _, _, rest @ ..]) => repository(memory, method, rest, query, body),
        _ => not_found(),
    }
}

fn repository(memory: &mut Memory, method: &str, rest: &[&str], query: &str, body: &Value) -> (u16, Value) {
    let page = |all: &[Value]| (200, Value::from(paged(all, query)));
    match (method, rest) {
        ("GET", ["pulls"]) => {
            page(&memory.pulls.values().filter(|p| p["state"] == "open").cloned().collect::<Vec<_>>())
        }
        ("GET", ["pulls", number]) => match memory.pulls.get(&number.parse().unwrap()) {
            Some(pull) => (200, pull.clone()),
            None => not_found(),
        },
        ("GET", ["pulls", _, "commits"]) => page(&memory.commits),
        ("GET", ["pulls", _, "files"]) => page(&memory.files),
        ("GET", ["pulls", _, "reviews"]) => page(&memory.reviews),
        ("GET", ["issues", _, "timeline"]) => page(&memory.timeline),
        ("GET", ["collaborators", login, "permission"]) => match memory.permissions.get(*login) {
            Some(role) => (200, json!({"permission": role, "role_name": role, "user": null})),
            None => not_found(),
        },
        ("GET", ["issues", number, "comments"]) => {
            let of = |c: &&Value| c["issue"].as_str() == Some(number);
            page(&memory.comments.iter().filter(of).cloned().collect::<Vec<_>>())
        }
        ("POST", ["issues", number, "comments"]) => {
            if body["body"].as_str().unwrap().chars().count() > 65_536 {
                return (422, json!({"message": "body is too long (maximum is 65536 characters)"}));
            }
            let id = memory.id();
            let comment =
                json!({"id": id, "issue": number, "body": body["body"], "user": {"login": LOGIN, "type": "Bot"}});
            memory.comments.push(comment.clone());
            (201, comment)
        }
        ("PATCH", ["issues", "comments", id]) => match memory.comments.iter_mut().find(|c| is(c, id)) {
            Some(comment) => {
                comment["body"] = body["body"].clone();
                (200, comment.clone())
            }
            None => not_found(),
        },
        ("DELETE", ["issues", "comments", id]) => {
            let before = memory.comments.len();
            memory.comments.retain(|c| !is(c, id));
            if memory.comments.len() < before { (204, Value::Null) } else { not_found() }
        }
        ("GET", ["labels", name]) => memory.repository_labels.get(*name).map_or_else(not_found, |l| (200, l.clone())),
        ("POST", ["labels"]) => {
            let name = body["name"].as_str().unwrap().to_owned();
            if memory.repository_labels.contains_key(&name) {
                return (422, json!({"message": "Validation Failed", "errors": [{"code": "already_exists"}]}));
            }
            memory.repository_labels.insert(name, body.clone());
            (201, body.clone())
        }
        _ => issues(memory, method, rest, query, body),
    }
}

/// Issues and their labels; pull requests are among them.
fn issues(memory: &mut Memory, method: &str, rest: &[&str], query: &str, body: &Value) -> (u16, Value) {
    match (method, rest) {
        ("GET", ["issues"]) => {
            let asked = decoded(query.split('&').find_map(|p| p.strip_prefix("labels=")).unwrap());
            let all = query.split('&').any(|p| p == "state=all");
            let fits = |i: &&Value| {
                i["labels"].as_array().unwrap().iter().any(|l| l["name"] == *asked) && (all || i["state"] == "open")
            };
            let pulls = memory.pulls.values().map(|p| {
                let mut issue = p.clone();
                issue["pull_request"] = json!({"url": "of the pull request"});
                issue
            });
            let listed: Vec<Value> = pulls.chain(memory.issues.iter().cloned()).filter(|i| fits(&i)).collect();
            (200, Value::from(paged(&listed, query)))
        }
        ("POST", ["issues"]) => {
            if body["body"].as_str().unwrap().chars().count() > 65_536 {
                return (422, json!({"message": "body is too long (maximum is 65536 characters)"}));
            }
            let (number, mut issue) = (memory.id(), body.clone());
            let labels: Vec<Value> = body["labels"].as_array().unwrap().iter().map(|l| json!({"name": l})).collect();
            issue["number"] = number.into();
            issue["state"] = "open".into();
            issue["user"] = json!({"login": LOGIN, "type": "Bot"});
            issue["labels"] = labels.into();
            memory.issues.push(issue.clone());
            (201, issue)
        }
        ("PATCH", ["issues", number]) => {
            match memory.issues.iter_mut().find(|i| i["number"].as_u64() == number.parse().ok()) {
                Some(issue) => {
                    for (key, value) in body.as_object().unwrap() {
                        issue[key] = value.clone();
                    }
                    (200, issue.clone())
                }
                None => not_found(),
            }
        }
        ("DELETE", ["issues", number, "labels", name]) => {
            let pull = memory.pulls.get_mut(&number.parse().unwrap()).unwrap();
            let labels = pull["labels"].as_array_mut().unwrap();
            let before = labels.len();
            labels.retain(|l| l["name"] != **name);
            if labels.len() < before { (200, Value::from(labels.clone())) } else { not_found() }
        }
        ("POST", ["issues", number, "labels"]) => {
            let pull = memory.pulls.get_mut(&number.parse().unwrap()).unwrap();
            let labels = pull["labels"].as_array_mut().unwrap();
            for name in body["labels"].as_array().unwrap() {
                if !labels.iter().any(|l| l["name"] == *name) {
                    labels.push(json!({"name": name}));
                }
            }
            (200, Value::from(labels.clone()))
        }
        _ => checks_and_files(memory, method, rest, query, body),
    }
}

fn checks_and_files(memory: &mut Memory, method: &str, rest: &[&str], query: &str, body: &Value) -> (u16, Value) {
    let page = |all: &[Value]| Value::from(paged(all, query));
    match (method, rest) {
        ("GET", ["commits", sha, "check-runs"]) => {
            let all: Vec<Value> = memory.check_runs.iter().filter(|r| r["head_sha"] == **sha).cloned().collect();
            (200, json!({"total_count": all.len(), "check_runs": page(&all)}))
        }
        ("POST", ["check-runs"]) => {
            let mut run = body.clone();
            run["id"] = memory.id().into();
            run["all_annotations"] = body["output"]["annotations"].as_array().cloned().unwrap_or_default().into();
            memory.check_runs.push(run.clone());
            (201, run)
        }
        ("PATCH", ["check-runs", id]) => match memory.check_runs.iter_mut().find(|r| is(r, id)) {
            Some(run) => {
                for (key, value) in body.as_object().unwrap() {
                    run[key] = value.clone();
                }
                let more = body["output"]["annotations"].as_array().cloned().unwrap_or_default();
                run["all_annotations"].as_array_mut().unwrap().extend(more);
                (200, run.clone())
            }
            None => not_found(),
        },
        ("GET", ["check-runs", id, "annotations"]) => {
            let run = memory.check_runs.iter().find(|r| is(r, id)).unwrap();
            (200, page(run["all_annotations"].as_array().unwrap()))
        }
        ("GET", ["contents", path @ ..]) => {
            let rev = decoded(query.split('&').find_map(|p| p.strip_prefix("ref=")).unwrap_or(""));
            let ledger = memory.ledgers.get(&rev).filter(|_| path == ["ledger.jsonl"]);
            match ledger.or_else(|| memory.contents.get(&format!("{rev}:{}", path.join("/")))) {
                Some(text) => (200, content(text)),
                None => not_found(),
            }
        }
        ("PUT", ["contents", "ledger.jsonl"]) => {
            let branch = body["branch"].as_str().unwrap();
            let now = memory.ledgers.get(branch).unwrap();
            if content(now)["sha"] != body["sha"] {
                return (409, json!({"message": "is at another commit"}));
            }
            let text = unbase64(body["content"].as_str().unwrap());
            memory.ledgers.insert(branch.to_owned(), text);
            (200, json!({"content": {}, "commit": {"sha": "c".repeat(40)}}))
        }
        ("GET", ["git", "ref", "heads", branch]) => match memory.ledgers.contains_key(*branch) {
            true => (200, json!({"ref": format!("refs/heads/{branch}"), "object": {"sha": "c".repeat(40)}})),
            false => not_found(),
        },
        ("POST", ["git", "trees"]) => {
            memory.pending_tree = body["tree"][0]["content"].as_str().unwrap().to_owned();
            (201, json!({"sha": "d".repeat(40), "tree": []}))
        }
        ("POST", ["git", "commits"]) => (201, json!({"sha": "e".repeat(40)})),
        ("POST", ["git", "refs"]) => {
            let branch = body["ref"].as_str().unwrap().trim_start_matches("refs/heads/").to_owned();
            let text = memory.pending_tree.clone();
            memory.ledgers.insert(branch, text);
            (201, json!({"ref": body["ref"], "object": {"sha": body["sha"]}}))
        }
        ("GET", ["git", "trees", rev]) => {
            let prefix = format!("{rev}:");
            let paths = memory.contents.keys().filter_map(|k| k.strip_prefix(&prefix));
            let tree: Vec<Value> = paths.map(|p| json!({"path": p, "type": "blob"})).collect();
            (200, json!({"sha": rev, "tree": tree, "truncated": false}))
        }
        _ => not_found(),
    }
}

fn paged(all: &[Value], query: &str) -> Vec<Value> {
    let number = |name: &str, default: usize| {
        query.split('&').find_map(|p| p.strip_prefix(name)?.strip_prefix('=')?.parse().ok()).unwrap_or(default)
    };
    let (size, page) = (number("per_page", 30), number("page", 1));
    all.iter().skip((page - 1) * size).take(size).cloned().collect()
}

fn content(text: &str) -> Value {
    use base64::Engine as _;
    let sha = format!("{:x}", text.bytes().fold(5381u64, |h, b| h.wrapping_mul(33) ^ u64::from(b)));
    let mut encoded = base64::engine::general_purpose::STANDARD.encode(text);
    // GitHub breaks the lines.
    if encoded.len() > 60 {
        encoded.insert(60, '\n');
    }
    json!({"type": "file", "encoding": "base64", "content": encoded, "sha": sha, "size": text.len()})
}

fn unbase64(text: &str) -> String {
    use base64::Engine as _;
    String::from_utf8(base64::engine::general_purpose::STANDARD.decode(text).unwrap()).unwrap()
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
            b => out.push(b),
        }
    }
    String::from_utf8(out).unwrap()
}
