use super::*;
use crate::github::{Client, Event, Repository, Settings};
use serde_json::{Value, json};
use std::time::Duration;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

const US: &str = "github-actions[bot]";
const BEFORE: &str = "2026-11-24T10:00:00Z";
const MERGED: &str = "2026-11-25T10:00:00Z";
const AFTER: &str = "2026-11-25T11:00:00Z";

fn pull(number: u64, merged_at: Option<&str>, labels: &[&str]) -> Value {
    let labels: Vec<Value> = labels.iter().map(|l| json!({"name": l})).collect();
    let side = json!({"sha": "1".repeat(40), "ref": "main", "repo": {"full_name": "acme/shop"}});
    json!({"number": number, "state": "closed", "user": {"login": "alice", "type": "User"}, "labels": labels,
           "merged_at": merged_at, "head": side, "base": side})
}

fn event(kind: &str, label: &str, by: &str, at: &str) -> Value {
    json!({"event": kind, "label": {"name": label}, "actor": {"login": by, "type": "User"}, "created_at": at})
}

/// GitHub with one earlier pull request, #12.
struct Stage {
    server: MockServer,
    runtime: tokio::runtime::Runtime,
}

impl Stage {
    fn new(target: Option<Value>, timeline: &[Value], may_write: bool) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let answer = |body: &Value| ResponseTemplate::new(200).set_body_json(body);
        let written = match may_write {
            true => answer(&json!([])),
            false => {
                ResponseTemplate::new(403).set_body_json(json!({"message": "Resource not accessible by integration"}))
            }
        };
        let server = runtime.block_on(async {
            let server = MockServer::start().await;
            let viewer = json!({"data": {"viewer": {"login": US}}});
            Mock::given(path("/graphql")).respond_with(answer(&viewer)).mount(&server).await;
            if let Some(target) = &target {
                Mock::given(path("/repos/acme/shop/pulls/12")).respond_with(answer(target)).mount(&server).await;
            }
            let timeline_path = path("/repos/acme/shop/issues/12/timeline");
            Mock::given(timeline_path).respond_with(answer(&json!(timeline))).mount(&server).await;
            for verb in ["POST", "DELETE"] {
                Mock::given(method(verb)).respond_with(written.clone()).mount(&server).await;
            }
            server
        });
        Self { server, runtime }
    }

    fn mark(&self, effects: &Effects) -> Result<Vec<String>> {
        let settings = Settings {
            api_url: self.server.uri(),
            graphql_url: format!("{}/graphql", self.server.uri()),
            token: None,
            patience: Duration::ZERO,
        };
        let repository = Repository::new("acme/shop")?;
        let site = Site { client: Client::new(&settings)?, repository, event: Event::default(), run_url: None };
        let merged: Pull = serde_json::from_value(pull(34, Some(MERGED), &[]))?;
        mark(&site, &merged, effects)
    }

    /// What was written, in order.
    fn writes(&self) -> Vec<String> {
        let all = self.runtime.block_on(self.server.received_requests()).unwrap();
        let wrote = all.iter().filter(|r| r.method.as_str() != "GET" && r.url.path() != "/graphql");
        let one = |r: &wiremock::Request| {
            let body = String::from_utf8_lossy(&r.body);
            format!("{} {} {body}", r.method, r.url.path().trim_start_matches("/repos/acme/shop/"))
                .trim_end()
                .to_owned()
        };
        wrote.map(one).collect()
    }
}

fn reverts(number: u64) -> Effects {
    Effects { rolled_back: vec![number], restored: Vec::new() }
}

fn restores(number: u64) -> Effects {
    Effects { rolled_back: Vec::new(), restored: vec![number] }
}

fn told(target: Value, timeline: &[Value], effects: &Effects) -> (Vec<String>, Vec<String>) {
    let stage = Stage::new(Some(target), timeline, true);
    let told = stage.mark(effects).unwrap();
    (told, stage.writes())
}

#[test]
fn a_merged_revert_labels_what_it_reverts() {
    let (lines, writes) = told(pull(12, Some(BEFORE), &["mart"]), &[], &reverts(12));
    assert_eq!(lines, ["labelled #12 `rollback`: #34 reverts it"]);
    let made = r#"POST labels {"name":"rollback","color":"d93f0b","description":"Was rolled back after its merge"}"#;
    assert_eq!(writes, [made, r#"POST issues/12/labels {"labels":["rollback"]}"#]);
    // A label that is there, in either case, is enough.
    let (lines, writes) = told(pull(12, Some(BEFORE), &["Rollback"]), &[], &reverts(12));
    assert_eq!((lines.len(), writes.len()), (0, 0));
}

#[test]
fn what_a_person_said_stands() {
    let (lines, writes) = told(pull(12, Some(BEFORE), &["rollback:not"]), &[], &reverts(12));
    let left = "left the labels of #12, which #34 undoes, as they are: ";
    assert_eq!((lines, writes.len()), (vec![format!("{left}it carries `rollback:not`")], 0));

    let set = event("labeled", "rollback", US, MERGED);
    let taken = [set.clone(), event("unlabeled", "rollback", "sandra", AFTER)];
    let (lines, writes) = told(pull(12, Some(BEFORE), &[]), &taken, &reverts(12));
    assert_eq!((lines, writes.len()), (vec![format!("{left}a person took `rollback` off it")], 0));
    // Taken off before this revert, or by us for a re-land: this is another revert.
    for taken in [
        [event("labeled", "rollback", "bob", BEFORE), event("unlabeled", "rollback", "sandra", BEFORE)],
        [set, event("unlabeled", "rollback", US, AFTER)],
    ] {
        let (lines, _) = told(pull(12, Some(BEFORE), &[]), &taken, &reverts(12));
        assert_eq!(lines, ["labelled #12 `rollback`: #34 reverts it"]);
    }
}

#[test]
fn a_re_land_takes_away_what_we_set_and_nothing_else() {
    let ours = [event("labeled", "rollback", "bob", BEFORE), event("labeled", "rollback", US, BEFORE)];
    let (lines, writes) = told(pull(12, Some(BEFORE), &["rollback"]), &ours, &restores(12));
    assert_eq!(lines, ["took `rollback` off #12: #34 lands it again in time"]);
    assert_eq!(writes, ["DELETE issues/12/labels/rollback"]);

    for timeline in [vec![event("labeled", "rollback", "sandra", BEFORE)], Vec::new()] {
        let (lines, writes) = told(pull(12, Some(BEFORE), &["rollback"]), &timeline, &restores(12));
        assert!(lines[0].ends_with("a person set `rollback`"), "{lines:?}");
        assert_eq!(writes.len(), 0);
    }
    let (lines, writes) = told(pull(12, Some(BEFORE), &[]), &ours, &restores(12));
    assert_eq!((lines.len(), writes.len()), (0, 0));
}

#[test]
fn targets_that_cannot_be_are_left_alone() {
    for (target, words) in [
        (None, "#12, which #34 names, is no pull request"),
        (Some(pull(12, None, &[])), "was not merged before it"),
        (Some(pull(12, Some(AFTER), &[])), "was not merged before it"),
    ] {
        let stage = Stage::new(target, &[], true);
        let lines = stage.mark(&reverts(12)).unwrap();
        assert!(lines.len() == 1 && lines[0].contains(words), "{lines:?}");
        assert_eq!(stage.writes().len(), 0);
    }
    let stage = Stage::new(Some(pull(12, Some(BEFORE), &[])), &[], true);
    assert_eq!(stage.mark(&reverts(34)).unwrap().len(), 0, "itself");
    assert_eq!(stage.mark(&Effects::default()).unwrap().len(), 0);
    let many = Effects { rolled_back: (100..200).collect(), restored: vec![12] };
    let lines = stage.mark(&many).unwrap();
    assert!(lines.len() == 1 && lines[0].contains("none is labelled"), "{lines:?}");
    assert_eq!(stage.writes().len(), 0);
}

#[test]
fn a_token_that_may_not_label_is_told_and_a_server_that_is_down_is_an_error() {
    let stage = Stage::new(Some(pull(12, Some(BEFORE), &[])), &[], false);
    let lines = stage.mark(&reverts(12)).unwrap();
    assert!(lines.len() == 1 && lines[0].contains("the token may not label #12"), "{lines:?}");

    let stage = Stage::new(Some(json!({"number": 12})), &[], true);
    assert!(stage.mark(&reverts(12)).unwrap_err().to_string().contains("cannot label #12"));
}
