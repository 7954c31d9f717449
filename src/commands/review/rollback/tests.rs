use super::super::super::pull::stage::{Stage, US};
use super::*;
use serde_json::{Value, json};

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

/// GitHub with one earlier pull request, #12, or none.
fn stage(target: Option<Value>, timeline: &[Value], may_write: bool) -> Stage {
    let (status, answer) = match may_write {
        true => (200, json!([])),
        false => (403, json!({"message": "Resource not accessible by integration"})),
    };
    let stage = Stage::new().has("issues/12/timeline", &json!(timeline));
    let stage = stage.answers("POST", "", status, &answer).answers("DELETE", "", status, &answer);
    match target {
        Some(target) => stage.has("pulls/12", &target),
        None => stage,
    }
}

/// What is told of the effects of #34.
fn marked(stage: &Stage, effects: &Effect) -> Result<Vec<String>> {
    mark(&stage.site(), &serde_json::from_value(pull(34, Some(MERGED), &[]))?, effects)
}

fn reverts(number: u64) -> Effect {
    Effect { rolled_back: vec![number], restored: Vec::new() }
}

fn restores(number: u64) -> Effect {
    Effect { rolled_back: Vec::new(), restored: vec![number] }
}

fn told(target: Value, timeline: &[Value], effects: &Effect) -> (Vec<String>, Vec<String>) {
    let stage = stage(Some(target), timeline, true);
    let told = marked(&stage, effects).unwrap();
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
        let stage = self::stage(target, &[], true);
        let lines = marked(&stage, &reverts(12)).unwrap();
        assert!(lines.len() == 1 && lines[0].contains(words), "{lines:?}");
        assert_eq!(stage.writes().len(), 0);
    }
    let stage = self::stage(Some(pull(12, Some(BEFORE), &[])), &[], true);
    assert_eq!(marked(&stage, &reverts(34)).unwrap().len(), 0, "itself");
    assert_eq!(marked(&stage, &Effect::default()).unwrap().len(), 0);
    let many = Effect { rolled_back: (100..200).collect(), restored: vec![12] };
    let lines = marked(&stage, &many).unwrap();
    assert!(lines.len() == 1 && lines[0].contains("none is labelled"), "{lines:?}");
    assert_eq!(stage.writes().len(), 0);
}

#[test]
fn a_token_that_may_not_label_is_told_and_a_server_that_is_down_is_an_error() {
    let stage = self::stage(Some(pull(12, Some(BEFORE), &[])), &[], false);
    let lines = marked(&stage, &reverts(12)).unwrap();
    assert!(lines.len() == 1 && lines[0].contains("the token may not label #12"), "{lines:?}");

    let stage = self::stage(Some(json!({"number": 12})), &[], true);
    assert!(marked(&stage, &reverts(12)).unwrap_err().to_string().contains("cannot label #12"));
}
