//! One issue for each period, and the labels that the budget counts by.

use super::fake::{Fake, Fault, LOGIN};
use rowproof::audit::labels::BUDGET_REPORT;
use rowproof::github::issues::{Told, settle};
use rowproof::github::labels::{LabelLook, ensure};
use rowproof::github::{Client, Repository, Settings};
use serde_json::{Value, json};
use std::time::Duration;

const MARKER: &str = "<!-- rowproof:budget 2026-Q3 -->";

fn client(fake: &Fake) -> Client {
    let settings = Settings {
        api_url: fake.url(),
        graphql_url: format!("{}/graphql", fake.url()),
        token: Some("ghs_test".to_owned()),
        patience: Duration::from_secs(5),
    };
    Client::new(&settings).unwrap()
}

fn repository() -> Repository {
    Repository::new("acme/shop").unwrap()
}

fn tell(fake: &Fake, marker: &str, title: &str, text: &str) -> u64 {
    let logins = [LOGIN.to_owned()];
    settle(&client(fake), &repository(), &Told { marker, logins: &logins, title, text, label: BUDGET_REPORT }).unwrap()
}

fn issues(fake: &Fake) -> Vec<Value> {
    fake.memory.lock().unwrap().issues.clone()
}

fn open(fake: &Fake) -> usize {
    issues(fake).iter().filter(|i| i["state"] == "open").count()
}

fn issue(number: u64, login: &str, body: &str) -> Value {
    json!({"number": number, "title": "t", "body": body, "state": "open", "user": {"login": login, "type": "User"},
           "labels": [{"name": BUDGET_REPORT}]})
}

#[test]
fn a_period_has_one_issue_that_is_kept_up_to_date() {
    let fake = Fake::start();
    let first = tell(&fake, MARKER, "2026-Q3: unproven", "0 of 50");
    assert_eq!(tell(&fake, MARKER, "2026-Q3: met", "0 of 149"), first);
    let written = fake.memory.lock().unwrap().writes().len();
    assert_eq!(tell(&fake, MARKER, "2026-Q3: met", "0 of 149"), first);
    assert_eq!(fake.memory.lock().unwrap().writes().len(), written, "nothing new is no reason to write");
    let there = issues(&fake);
    assert_eq!(there.len(), 1);
    assert_eq!(
        (&there[0]["title"], &there[0]["body"]),
        (&json!("2026-Q3: met"), &json!(format!("{MARKER}\n0 of 149")))
    );
    // Another period, and another project, have an issue of their own.
    for marker in ["<!-- rowproof:budget 2026-Q4 -->", "<!-- rowproof:budget 2026-Q3 (shop) -->"] {
        assert_ne!(tell(&fake, marker, "t", "x"), first);
    }
    assert_eq!(issues(&fake).len(), 3);
    fake.assert_valid();
}

#[test]
fn a_closed_one_is_brought_up_to_date_and_stays_closed() {
    let fake = Fake::start();
    tell(&fake, MARKER, "old", "old");
    fake.memory.lock().unwrap().issues[0]["state"] = "closed".into();
    tell(&fake, MARKER, "new", "new");
    let there = issues(&fake);
    assert_eq!((there.len(), &there[0]["state"], &there[0]["title"]), (1, &json!("closed"), &json!("new")));
    fake.assert_valid();
}

#[test]
fn what_others_wrote_is_left_alone() {
    let fake = Fake::start();
    let quoted = issue(2, LOGIN, &format!("> {MARKER}"));
    let foreign = issue(1, "mallory", &format!("{MARKER}\nmine"));
    let mut pull = issue(3, LOGIN, MARKER);
    {
        let mut memory = fake.memory.lock().unwrap();
        memory.issues = vec![foreign.clone(), quoted.clone()];
        pull["number"] = 3.into();
        memory.pulls.insert(3, pull.clone());
    }
    tell(&fake, MARKER, "t", "x");
    let there = issues(&fake);
    assert_eq!((there.len(), &there[..2]), (3, &[foreign, quoted][..]));
    assert_eq!(fake.memory.lock().unwrap().pulls[&3], pull);
    fake.assert_valid();
}

#[test]
fn a_502_does_not_double_it() {
    for carried_out in [true, false] {
        let fake = Fake::start();
        let fault =
            Fault { method: "POST", path: "/issues", status: 502, headers: vec![], message: "something", carried_out };
        fake.memory.lock().unwrap().faults.push_back(fault);
        tell(&fake, MARKER, "t", "x");
        assert_eq!(issues(&fake).len(), 1, "carried out: {carried_out}");
        fake.assert_valid();
    }
}

#[test]
fn of_several_the_oldest_stays() {
    let fake = Fake::start();
    let numbers: Vec<u64> = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..3).map(|_| scope.spawn(|| tell(&fake, MARKER, "t", "x"))).collect();
        runs.into_iter().map(|r| r.join().unwrap()).collect()
    });
    // Whoever looked last saw all of them.
    let oldest = issues(&fake).iter().map(|i| i["number"].as_u64().unwrap()).min().unwrap();
    assert!(numbers.contains(&oldest), "{numbers:?}");
    assert_eq!(open(&fake), 1);
    fake.assert_valid();

    // As if another run had been at it in the same moment.
    let fake = Fake::start();
    fake.memory.lock().unwrap().issues =
        [9, 5, 7].map(|number| issue(number, LOGIN, &format!("{MARKER}\nold"))).to_vec();
    assert_eq!(tell(&fake, MARKER, "t", "new"), 5);
    let there = issues(&fake);
    assert_eq!(there[1]["body"], format!("{MARKER}\nnew"));
    for extra in [&there[0], &there[2]] {
        assert_eq!((extra["state"].as_str(), extra["state_reason"].as_str()), (Some("closed"), Some("not_planned")));
        assert_eq!(extra["body"], "Made twice: #5 holds this report and is kept up to date.");
    }
    let written = fake.memory.lock().unwrap().writes().len();
    tell(&fake, MARKER, "t", "new");
    assert_eq!(fake.memory.lock().unwrap().writes().len(), written);
    fake.assert_valid();
}

#[test]
fn a_label_that_is_there_keeps_its_look_and_two_at_once_make_one() {
    let fake = Fake::start();
    let own = json!({"name": "rollback", "color": "000000", "description": "ours"});
    fake.memory.lock().unwrap().repository_labels.insert("rollback".to_owned(), own.clone());
    let look = |name: &str| {
        let look = rowproof::audit::labels::look(name);
        LabelLook { name: look.name, color: look.color, description: look.description }
    };
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let client = client(&fake);
                for name in rowproof::audit::labels::BUDGET {
                    ensure(&client, &repository(), &look(name)).unwrap();
                }
            });
        }
    });
    let memory = fake.memory.lock().unwrap();
    assert_eq!(memory.repository_labels["rollback"], own);
    let names: Vec<&String> = memory.repository_labels.keys().collect();
    assert_eq!(names, ["escape", "escape:not", "rollback", "rollback:not"]);
    assert_eq!(memory.repository_labels["escape:not"]["color"], "c2e0c6");
    drop(memory);
    fake.assert_valid();
}
