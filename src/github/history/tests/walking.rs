//! What a walk finds, and in how many calls.

use super::fake::{Fake, at, pull, world};
use super::{asked, bytes, read, whole};
use crate::github::history::{Asked, Memory};
use crate::history::{Account, ReviewState};
use serde_json::json;

#[test]
fn a_page_is_one_call() {
    let fake = Fake::new(world(40));
    let read = whole(&fake);
    assert_eq!((fake.count(), read.history.pulls.len(), read.history.commits.len()), (1, 40, 40));
    assert_eq!(
        (read.default_branch.as_str(), read.head_sha.as_str()),
        ("main", format!("{:040x}", 1_000_040).as_str())
    );
    assert_eq!((read.history.branches.as_slice(), read.history.gaps.len()), (["main".to_owned()].as_slice(), 0));
    let pull = &read.history.pulls[&7];
    assert_eq!((pull.merged_at, pull.created_at, pull.labels.join(" ")), (at(7), at(-53), "a b".to_owned()));
    assert_eq!(pull.author, Some(Account { login: "octocat".to_owned(), bot: false }));
    assert_eq!((pull.reviews[0].state, pull.reviews[0].at), (ReviewState::Approved, at(2)));
    assert!(pull.label_events[0].set && pull.label_events[0].by.is_none());
    assert_eq!(pull.merge_commit.as_ref().map(|c| c.message.as_str()), Some("Change 7 (#7)"));
}

#[test]
fn two_thousand_take_twenty_pages_and_a_look_at_the_front() {
    let fake = Fake::new(world(2_000));
    let read = whole(&fake);
    assert_eq!((read.history.pulls.len(), read.history.commits.len()), (2_000, 2_000));
    assert!(fake.count() <= 21, "{} calls", fake.count());
    let dates: Vec<_> = read.history.commits.iter().map(|c| (c.at, &c.sha)).collect();
    assert!(dates.is_sorted());
}

#[test]
fn commits_need_no_more_calls_than_pull_requests() {
    let mut world = world(500);
    for n in 0..3_000_i64 {
        world.commits.push(("main".to_owned(), format!("{:040x}", n + 5_000_000), "work".to_owned(), at(n % 500)));
    }
    let fake = Fake::new(world);
    assert_eq!(whole(&fake).history.commits.len(), 3_500);
    assert!(fake.count() <= 8, "{} calls", fake.count());
}

#[test]
fn what_is_older_ends_the_walk_and_is_left_out() {
    let fake = Fake::new(world(1_000));
    let asked = Asked { since: at(850), ..asked() };
    let read = read(&fake, &asked, &mut Memory::default()).expect("a history");
    assert_eq!(read.history.pulls.keys().copied().collect::<Vec<_>>(), (850..=1_000).collect::<Vec<_>>());
    assert_eq!(read.history.commits.len(), 151);
    // Two pages, one of nothing but old ones, and the front.
    assert_eq!(fake.count(), 4);
}

#[test]
fn an_order_that_is_none_is_not_believed() {
    let fake = Fake::new(world(350));
    let asked = Asked { since: at(340), ..asked() };
    // As if a server sorted otherwise.
    let ask = |text: &str, variables: &serde_json::Value| {
        let mut answer = fake.answer(text, variables)?;
        if let Some(nodes) = answer.pointer_mut("/repository/pullRequests/nodes").and_then(|n| n.as_array_mut()) {
            nodes.reverse();
        }
        Ok(answer)
    };
    let read = super::read_with(&ask, &super::repository(), &asked, &mut Memory::default(), &|_| {});
    assert_eq!(read.expect("a history").history.pulls.len(), 11);
    let pages = fake.calls.borrow().iter().filter(|(text, _)| text.contains("pullRequests(states")).count();
    assert!(pages >= 8, "{pages} pages: to the end, and again from the front");
}

#[test]
fn what_changes_meanwhile_is_read_again() {
    let fake = Fake::with(world(250), |call, _, world| {
        if call == 2 {
            // Of the last page, where the walk is not yet; and a merge.
            let old = world.pulls.get_mut(&5).expect("there");
            old["updatedAt"] = at(5_000).to_string().into();
            old["labels"] = json!([{"name": "rollback"}]);
            world.pulls.insert(251, pull(251, 4_000));
            world.commits.push(("main".to_owned(), "f".repeat(40), "Change 251 (#251)".to_owned(), at(4_000)));
        }
        None
    });
    let first = whole(&fake);
    assert_eq!(first.history.pulls.len(), 251);
    assert_eq!(first.history.pulls[&5].labels, ["rollback"]);
    assert_eq!(first.history.commits.len(), 251);
    assert_eq!(fake.count(), 4);
    assert_eq!(bytes(&first), bytes(&whole(&Fake::new(fake.world.borrow().clone()))));
}

#[test]
fn of_other_branches_only_those_asked_for_are_read() {
    let mut world = world(300);
    for number in 1..=300 {
        if number % 3 != 0 {
            world.pulls.get_mut(&number).expect("there")["baseRefName"] = "develop".into();
        }
    }
    let fake = Fake::new(world.clone());
    let read = whole(&fake);
    assert!(read.history.pulls.values().all(|p| p.base == "main") && read.history.pulls.len() == 100);
    // One page without knowing what the default branch is called; then only its own.
    assert_eq!(fake.calls.borrow()[1].1["base"], "main");
    assert!(fake.count() <= 3);

    world.commits.push(("develop".to_owned(), "d".repeat(40), "x".to_owned(), at(3)));
    let asked = Asked { branches: vec!["main".to_owned(), "develop".to_owned()], ..asked() };
    let both = super::read(&Fake::new(world.clone()), &asked, &mut Memory::default()).expect("a history");
    assert_eq!((both.history.pulls.len(), both.history.commits.len()), (300, 301));
    assert_eq!(both.history.branches, ["develop", "main"]);

    let wrong = Asked { branches: vec!["gone".to_owned()], ..asked };
    let error = super::read(&Fake::new(world), &wrong, &mut Memory::default()).expect_err("no such branch");
    assert!(format!("{error:#}").contains("the repository has no branch `gone`"), "{error:#}");
}

#[test]
fn long_lists_are_read_to_their_end() {
    let mut world = world(120);
    let event = |n: i64| {
        let kind = if n % 2 == 0 { "LabeledEvent" } else { "UnlabeledEvent" };
        json!({"__typename": kind, "createdAt": at(n).to_string(), "actor": {"__typename": "Bot", "login": "x"}, "label": {"name": "l"}})
    };
    let long = world.pulls.get_mut(&3).expect("there");
    long["timelineItems"] = (0..150).map(event).collect();
    long["commits"] = (0..300).map(|n| json!({"commit": {"oid": format!("{n:040x}"), "message": "m"}})).collect();
    long["files"] = (0..3_000).map(|n| json!({"path": format!("f{n:04}")})).collect();
    long["changedFiles"] = 3_200.into();
    long["labels"] = (0..60).map(|n| json!({"name": format!("l{n:02}")})).collect();
    world.pulls.get_mut(&4).expect("there")["reviews"] = (0..120)
        .map(|n| json!({"author": null, "state": "COMMENTED", "submittedAt": at(n).to_string(), "body": ""}))
        .collect();
    let fake = Fake::new(world);
    let pulls = whole(&fake).history.pulls;
    let long = &pulls[&3];
    assert_eq!((long.label_events.len(), long.commits.len(), long.files.len()), (150, 300, 3_000));
    assert!(long.files_cut && !pulls[&4].files_cut);
    assert_eq!((long.labels.len(), pulls[&4].reviews.len()), (60, 120));
    assert_eq!(long.commits[299].sha, format!("{:040x}", 299));
    assert!(long.label_events.is_sorted_by_key(|e| e.at));
    // 2 pages, the front, and 29 pages of files, with all other lists beside the first of them.
    assert_eq!(fake.count(), 3 + 29);
}

#[test]
fn what_may_be_missing_may_be_missing() {
    let mut world = world(3);
    let bare = world.pulls.get_mut(&2).expect("there");
    for field in ["author", "mergeCommit", "files", "labels", "reviews", "checked"] {
        bare[field] = serde_json::Value::Null;
    }
    bare["timelineItems"] = json!([null, {"__typename": "ReadyForReviewEvent", "createdAt": at(1).to_string()}]);
    let read = whole(&Fake::new(world.clone()));
    let bare = &read.history.pulls[&2];
    assert!(bare.author.is_none() && bare.merge_commit.is_none() && bare.files.is_empty() && bare.files_cut);
    assert!(bare.draft_events[0].ready && bare.label_events.is_empty());

    for field in ["title", "createdAt", "mergedAt", "commits"] {
        let mut world = world.clone();
        world.pulls.get_mut(&2).expect("there")[field] = serde_json::Value::Null;
        let error = super::read(&Fake::new(world), &asked(), &mut Memory::default()).expect_err("it is needed");
        assert!(format!("{error:#}").contains("pull request #2"), "{field}: {error:#}");
    }
}

#[test]
fn the_record_is_that_of_the_newest_run_of_ours() {
    let mut world = world(1);
    let run = |id: u64, name: &str, external: Option<&str>, text: &str| json!({"name": name, "externalId": external, "databaseId": id, "text": text});
    let name = "rowproof report";
    let suite = |more: bool, runs: serde_json::Value| json!({"checkRuns": {"pageInfo": {"hasNextPage": more, "endCursor": null}, "nodes": runs}});
    let suites = json!([
        suite(false, json!([run(41_287_387_237, name, Some("rowproof:a"), "new"), run(41_287_387_230, name, Some("rowproof:b"), "old")])),
        suite(true, json!([run(41_287_387_299, name, Some("other:a"), "no"), run(41_287_387_298, "x", Some("rowproof:a"), "no"), null])),
        {"checkRuns": null},
    ]);
    world.pulls.get_mut(&1).expect("there")["checked"] = json!({"nodes": [{"commit": {
        "checkSuites": {"pageInfo": {"hasNextPage": false, "endCursor": null}, "nodes": suites}}}]});
    let history = whole(&Fake::new(world)).history;
    assert_eq!(history.pulls[&1].check_text.as_deref(), Some("new"));
    assert_eq!(history.gaps, ["pull request #1 has more check runs of that name than were looked at for its record"]);
}

#[test]
fn another_repository_of_that_name_shares_nothing_with_the_first() {
    for (size, minutes) in [(120, 0), (300, 0), (20, 10_000)] {
        let mut store = Memory::default();
        read(&Fake::new(world(150)), &asked(), &mut store).expect("a history");
        let mut other = world(size);
        for pull in other.pulls.values_mut() {
            let number = pull["number"].as_u64().expect("a number");
            pull["mergeCommit"]["oid"] = format!("{:040x}", number + 9_000_000).into();
            for field in ["createdAt", "mergedAt", "updatedAt"] {
                let then: jiff::Timestamp = pull[field].as_str().and_then(|t| t.parse().ok()).expect("a time");
                pull[field] = (then + jiff::SignedDuration::from_mins(minutes)).to_string().into();
            }
        }
        let fake = Fake::new(other);
        let found = read(&fake, &asked(), &mut store).expect("a history");
        assert_eq!(bytes(&found), bytes(&whole(&fake)), "{size} {minutes}");
    }
}
