//! What GitHub shows of a planned pull request: itself, its record, its check runs.

use super::{Actor, NOW, Pull, Said, seconds};
use crate::budget::world::{NAME, OWNER};
use rowproof::audit::record::{Assisted, GENESIS, Later, Outcome, RECORD_VERSION, Record};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// As GitHub writes it.
pub fn moment(at: i64) -> String {
    jiff::Timestamp::from_second(at).unwrap().to_string()
}

fn actor(of: Option<&Actor>) -> Value {
    of.map_or(Value::Null, |a| json!({"__typename": if a.bot { "Bot" } else { "User" }, "login": a.login}))
}

/// The pull request as GitHub shows it.
pub fn shown(pull: &Pull, number: u64, id: usize) -> Value {
    let mut events: Vec<(i64, Value)> = Vec::new();
    for (at, set, label, by) in &pull.label_events {
        let kind = if *set { "LabeledEvent" } else { "UnlabeledEvent" };
        events.push((
            *at,
            json!({"__typename": kind, "label": label, "actor": actor(by.as_ref()), "createdAt": moment(*at)}),
        ));
    }
    for (at, ready) in &pull.draft_events {
        let kind = if *ready { "ReadyForReviewEvent" } else { "ConvertToDraftEvent" };
        events.push((*at, json!({"__typename": kind, "actor": actor(pull.author.as_ref()), "createdAt": moment(*at)})));
    }
    let mut reviews = pull.reviews.clone();
    reviews.sort_by_key(|r| r.at);
    let mut last = pull.merged.unwrap_or(pull.created);
    let merged_by = Actor { login: "alice".to_owned(), bot: false };
    if let Some(at) = pull.merged {
        events.push((
            at,
            json!({"__typename": "MergedEvent", "actor": actor(Some(&merged_by)), "createdAt": moment(at)}),
        ));
        events.push((
            at + 5,
            json!({"__typename": "HeadRefDeletedEvent", "actor": actor(Some(&merged_by)), "createdAt": moment(at + 5)}),
        ));
        last = at + 5;
    }
    events.sort_by_key(|(at, _)| *at);
    last = events.iter().map(|(at, _)| *at).chain(reviews.iter().map(|r| r.at)).fold(last, i64::max);
    if id.is_multiple_of(5) {
        // Somebody wrote something much later.
        last = (last + (id as i64 % 40) * super::DAY).min(seconds(NOW) - super::DAY);
    }
    let reviews: Vec<Value> = reviews
        .iter()
        .map(|r| json!({"__typename": "PullRequestReview", "author": actor(r.by.as_ref()), "state": r.state, "submittedAt": moment(r.at), "createdAt": moment(r.at), "updatedAt": moment(r.at), "body": "", "bodyText": ""}))
        .collect();
    let files: Vec<Value> = pull
        .files
        .iter()
        .map(|(path, more, less)| json!({"__typename": "PullRequestChangedFile", "path": path, "additions": more, "deletions": less, "changeType": "MODIFIED"}))
        .collect();
    let sum = |of: &dyn Fn(&(String, u64, u64)) -> u64| pull.files.iter().map(of).sum::<u64>();
    let state = if pull.merged.is_some() {
        "MERGED"
    } else if pull.open {
        "OPEN"
    } else {
        "CLOSED"
    };
    let head = &pull.commits.last().unwrap().0;
    let merged = pull.merged.map(moment);
    let deleted = pull.merged.is_some() && !id.is_multiple_of(3);
    let head_ref = json!({"__typename": "Ref", "name": format!("change-{number}"), "prefix": "refs/heads/", "target": {"__typename": "Commit", "oid": head}});
    let comment = json!({"__typename": "IssueComment", "author": actor(Some(&merged_by)), "body": "Is this number wrong?", "createdAt": moment(pull.created + 60), "updatedAt": moment(pull.created + 60)});
    json!({
        "__typename": "PullRequest", "number": number, "title": pull.title, "body": pull.body, "bodyText": pull.body,
        "author": actor(pull.author.as_ref()), "createdAt": moment(pull.created), "updatedAt": moment(last),
        "publishedAt": moment(pull.created), "mergedAt": merged, "closedAt": if pull.open { None } else { Some(merged.clone().unwrap_or_else(|| moment(last))) },
        "merged": pull.merged.is_some(), "closed": !pull.open, "state": state, "isDraft": false,
        "mergedBy": pull.merged.map_or(Value::Null, |_| actor(Some(&merged_by))),
        "baseRefName": pull.base, "baseRefOid": "0".repeat(39) + "1", "headRefName": format!("change-{number}"),
        "headRef": if deleted { Value::Null } else { head_ref }, "headRefOid": head,
        "mergeCommit": pull.merged.map(|_| pull.landed.last().unwrap()), "commits": pull.commits.iter().map(|c| &c.0).collect::<Vec<_>>(),
        "labels": pull.labels, "timelineItems": events.into_iter().map(|(_, e)| e).collect::<Vec<_>>(), "files": files,
        "additions": sum(&|f| f.1), "deletions": sum(&|f| f.2), "changedFiles": pull.files.len(), "reviews": reviews,
        "reviewThreads": [], "comments": if id.is_multiple_of(40) { vec![comment] } else { vec![] },
        "isCrossRepository": false, "locked": false, "url": format!("https://github.invalid/{OWNER}/{NAME}/pull/{number}")
    })
}

pub fn record(pull: &Pull, number: u64, said: &Said) -> Record {
    let sign = Assisted {
        tool: "claude-code".to_owned(),
        model: Some("opus".to_owned()),
        source: "commit".to_owned(),
        confidence: "high".to_owned(),
    };
    let merged = pull.merged.filter(|_| said.ledger);
    Record {
        schema: RECORD_VERSION,
        repo: format!("{OWNER}/{NAME}"),
        pr: number,
        head_sha: pull.commits.last().unwrap().0.clone(),
        base_sha: "b".repeat(40),
        policy_sha: if said.knows { "c".repeat(64) } else { String::new() },
        layers: vec!["marts".to_owned()],
        assisted: if said.assisted { vec![sign] } else { Vec::new() },
        prompt: None,
        tools_used: Vec::new(),
        reviewers: Vec::new(),
        gates: Vec::new(),
        caught: BTreeMap::new(),
        outcome: Outcome {
            merged_at: merged.map(moment),
            merge_sha: merged.map(|_| pull.landed.last().unwrap().clone()),
            ..Outcome::default()
        },
        later: Later { rollback: said.rollback.clone(), escape: said.escape.clone() },
        run_url: None,
        prev_hash: GENESIS.to_owned(),
        hash: String::new(),
    }
}

/// The text of our check run.
pub fn text(record: Record) -> String {
    let json = serde_json::to_string_pretty(&record.chained(GENESIS)).unwrap();
    format!("Audit record of this commit:\n\n```json\n{json}\n```\n")
}

pub fn run(id: u64, name: &str, external: &str, text: &str, at: i64) -> Value {
    json!({
        "__typename": "CheckRun", "databaseId": id, "name": name, "externalId": external, "status": "COMPLETED",
        "conclusion": "SUCCESS", "startedAt": moment(at), "completedAt": moment(at), "title": name, "summary": "", "text": text
    })
}

pub fn suite(runs: Vec<Value>) -> Value {
    let (id, at) = (runs[0]["databaseId"].clone(), runs[0]["startedAt"].clone());
    json!({
        "__typename": "CheckSuite", "databaseId": id, "status": "COMPLETED", "conclusion": "SUCCESS", "createdAt": at,
        "updatedAt": at, "app": {"__typename": "App", "name": "GitHub Actions", "slug": "github-actions", "databaseId": 15368}, "checkRuns": runs
    })
}
