//! Pull requests in a few words.
//!
//! `+bob` approves the head, `+bob@old` an older commit, `-bob` asks for changes, `~bob` comments, `xbob` a review of bob
//! that was dismissed, `?bob` one that is pending: each a minute after the one before. The other words are in [`apply`].

use super::super::*;
use crate::policy::{Policy, PolicySource, load};
use jiff::Timestamp;
use std::collections::BTreeMap;

pub const POLICY: &str = r#"
version: 1
layers:
  - {name: staging, match: ["models/staging/**"], gates: [parse], review: [any-peer], rollback_sla: 24h}
  - {name: pair, match: ["models/pair/**"], gates: [parse], review: [any-peer, any-peer], rollback_sla: 12h}
  - {name: marts, match: ["models/marts/**"], gates: [parse, test], review: [senior-de], merge_window: business, rollback_sla: 4h}
  - {name: team, match: ["models/team/**"], gates: [parse], review: [platform], rollback_sla: 4h}
  - {name: mixed, match: ["models/mixed/**"], gates: [parse], review: [crew], rollback_sla: 4h}
  - {name: lost, match: ["models/lost/**"], gates: [parse], review: [wizard], rollback_sla: 4h}
  - {name: hollow, match: ["models/hollow/**"], gates: [parse], review: [empty], rollback_sla: 4h}
  - {name: mixed-pair, match: ["models/mixed-pair/**"], gates: [parse], review: [any-peer, senior-de], rollback_sla: 4h}
  - {name: metrics, match: ["models/metrics/**"], gates: [parse, test], review: [senior-de, data-pm], rollback_sla: 1h}
  - {name: trio, match: ["models/trio/**"], gates: [parse, test, compile], review: [senior-de, data-pm, finance], merge_window: late, rollback_sla: 2h}
roles:
  senior-de: {users: [bob, "@Cat"]}
  data-pm: {users: [cat, dan]}
  finance: {users: [dan, eve]}
  platform: {teams: [acme/platform]}
  crew: {users: [bob], teams: ["@acme/crew", acme/platform]}
  empty: {}
windows:
  business: {tz: Etc/UTC, days: [mon, tue, wed, thu], hours: "09:00-16:00", override: {label: hotfix, by: senior-de}}
  late: {tz: Europe/Paris, days: [wed], hours: "10:00-18:00", override: {label: urgent, by: any-peer}}
llm: {label: assisted-by:llm, extra_review: [senior-de], undeclared: ignore}
"#;

pub fn policy(text: &str) -> Policy {
    let source = PolicySource { path: "rowproof.yml".into(), text: text.into() };
    load(source, &|_| Ok(None)).unwrap_or_else(|e| panic!("{e:#}"))
}

pub fn layer(name: &str) -> LayerAsked {
    LayerAsked { name: name.into(), paths: vec![format!("models/{name}/a.sql")], strictest: false }
}

pub fn time(text: &str) -> Timestamp {
    text.parse().unwrap_or_else(|e| panic!("{text}: {e}"))
}

fn who(text: &str) -> Identity {
    match text.split_once('<') {
        Some((name, email)) => {
            Identity { login: None, name: name.trim().into(), email: email.trim_end_matches('>').into() }
        }
        None => Identity { login: Some(text.into()), name: text.into(), email: format!("{text}@work.example") },
    }
}

/// A pull request by ann, on a Wednesday morning, by the script.
pub fn facts(layers: &str, script: &str) -> Facts {
    let permissions = ["ann", "bob", "cat", "dan", "eve", "fay", "gil"].map(|l| (l.to_owned(), Ok("write".to_owned())));
    let mut facts = Facts {
        layers: layers.split_whitespace().map(layer).collect(),
        author: Some("ann".into()),
        head_sha: "head".into(),
        commits: vec![Commit {
            sha: "head".into(),
            author: who("ann"),
            committer: Identity {
                login: Some("web-flow".into()),
                name: "GitHub".into(),
                email: "noreply@github.com".into(),
            },
            message: "Change it".into(),
        }],
        reviews: Vec::new(),
        permissions: BTreeMap::from(permissions),
        teams: BTreeMap::new(),
        profiles: BTreeMap::new(),
        llm: LlmFacts::default(),
        labels: Vec::new(),
        auto_merge: None,
        state: PullState::Open,
        now: time("2026-03-04T10:00:00Z"),
        holidays: BTreeMap::new(),
    };
    for word in script.split(';').map(str::trim).filter(|w| !w.is_empty()) {
        apply(&mut facts, word);
    }
    facts
}

fn review(facts: &mut Facts, state: ReviewState, rest: &str) {
    let (login, commit) = rest.split_once('@').unwrap_or((rest, "head"));
    let id = facts.reviews.len() as u64 + 1;
    let minute = time("2026-03-03T08:00:00Z") + jiff::SignedDuration::from_mins(facts.reviews.len() as i64);
    facts.reviews.push(Review {
        id,
        login: (login != "gone").then(|| login.to_owned()),
        is_bot: login == "robot",
        state,
        commit_id: Some(commit.into()),
        submitted_at: (state != ReviewState::Pending).then_some(minute),
    });
}

/// Two halves around a sign: `bob=read` is a value, `bob!why` a failure to read.
fn halves(rest: &str) -> (String, Result<String, String>) {
    match (rest.split_once('='), rest.split_once('!')) {
        (Some((key, value)), _) => (key.into(), Ok(value.into())),
        (_, Some((key, why))) => (key.into(), Err(why.into())),
        _ => (rest.into(), Ok(String::new())),
    }
}

fn list(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned).collect()
}

fn apply(facts: &mut Facts, word: &str) {
    let (first, rest) = word.split_at(1);
    match first {
        "+" => return review(facts, ReviewState::Approved, rest),
        "-" => return review(facts, ReviewState::ChangesRequested, rest),
        "~" => return review(facts, ReviewState::Commented, rest),
        "?" => return review(facts, ReviewState::Pending, rest),
        "x" => return review(facts, ReviewState::Dismissed, rest),
        _ => {}
    }
    let (key, rest) = word.split_once(':').unwrap_or((word, ""));
    let (name, value) = halves(rest);
    match key {
        "by" => facts.author = (rest != "gone").then(|| rest.to_owned()),
        "author" => facts.commits.push(Commit { sha: "c".into(), author: who(rest), ..facts.commits[0].clone() }),
        "committer" => facts.commits.push(Commit { sha: "c".into(), committer: who(rest), ..facts.commits[0].clone() }),
        "co" => facts.commits[0].message.push_str(&format!("\n\nCo-authored-by: {rest}")),
        "message" => facts.commits[0].message = rest.replace("\\n", "\n"),
        "no-commits" => facts.commits.clear(),
        "llm" => facts.llm.assisted = true,
        "declared" => facts.llm.declared = true,
        "prompt" => facts.llm.prompt_authors = Some(list(rest)),
        "mismatch" => facts.llm.prompt_mismatch = Some(rest.into()),
        "perm" => drop(facts.permissions.insert(name, value)),
        "no-perm" => drop(facts.permissions.remove(rest)),
        "team" => drop(facts.teams.insert(name, value.map(|v| list(&v)))),
        "profile" => {
            let profile = value.map(|v| {
                let shown = who(&v);
                let some = |t: String| (!t.is_empty()).then_some(t);
                Profile { name: some(shown.name), email: some(shown.email) }
            });
            facts.profiles.insert(name, profile);
        }
        "label" => {
            let (set_by, at) = match value.unwrap_or_default().split_once('@') {
                Some((by, at)) => (by.to_owned(), Some(time(at))),
                None => (halves(rest).1.unwrap_or_default(), None),
            };
            let set_by = (!set_by.is_empty()).then_some(set_by);
            facts.labels.push(Label { name, set_by, set_at: at });
        }
        "auto" => facts.auto_merge = Some(AutoMerge { enabled_by: (!rest.is_empty()).then(|| rest.to_owned()) }),
        "now" => facts.now = time(rest),
        "closed" => facts.state = PullState::Closed,
        "merged" => {
            let by = value.unwrap_or_default();
            facts.state = PullState::Merged { at: time(&name), by_is_bot: by == "robot", by: Some(by) };
        }
        other => panic!("no word of the script: {other}"),
    }
}

/// Everything that a judgement says, for looking things up in it.
pub fn told(judgement: &Judgement) -> String {
    serde_json::to_string_pretty(judgement).unwrap_or_else(|e| panic!("{e}"))
}

/// Runs a case: verdict, and what must be said.
pub fn check(policy: &Policy, name: &str, layers: &str, script: &str, verdict: &str, says: &str) -> Option<String> {
    let judgement = judge(policy, &facts(layers, script));
    let text = told(&judgement);
    let right = judgement.verdict.word() == verdict && text.contains(says);
    (!right).then(|| format!("{name}: wanted {verdict} and `{says}`, got {text}"))
}
