//! Commit ids and comments.

use super::fake::{Fake, World, at, down, pull, refused, said, world};
use super::{repository, whole};
use crate::github::history::ask::Asker;
use crate::github::history::{Memory, Store, comments, resolve};
use crate::history::{Comment, MergedPull, PullRef, Resolved};
use serde_json::json;
use std::collections::BTreeMap;

fn resolved(fake: &Fake, ids: &[&str], store: &mut dyn Store) -> anyhow::Result<BTreeMap<String, Option<Resolved>>> {
    let ids: Vec<String> = ids.iter().map(|i| (*i).to_owned()).collect();
    let (repository, ask) = (repository(), |text: &str, variables: &_| fake.answer(text, variables));
    resolve::resolve(&Asker::new(&ask, &repository, resolve::BATCH), &ids, store)
}

fn talk(fake: &Fake, pulls: &[&MergedPull], store: &mut dyn Store) -> anyhow::Result<BTreeMap<u64, Vec<Comment>>> {
    let (repository, ask) = (repository(), |text: &str, variables: &_| fake.answer(text, variables));
    comments::comments(&Asker::new(&ask, &repository, comments::BATCH), pulls, store)
}

fn objects() -> World {
    let mut world = world(1);
    let sha = "abc1234".to_owned() + &"0".repeat(33);
    let pulls: Vec<_> = (0..130)
        .map(|n| json!({"number": 130 - n, "baseRefName": "main", "mergedAt": (n != 5).then(|| at(n).to_string())}))
        .collect();
    let many = json!({"oid": sha, "message": "m", "associatedPullRequests": pulls});
    world.objects.insert(sha.clone(), many.clone());
    world.objects.insert("abc1234".to_owned(), many);
    world.objects.insert("beef".to_owned(), json!({}));
    // A branch that is called so.
    world.objects.insert("dead".to_owned(), json!({"oid": sha, "message": "m", "associatedPullRequests": null}));
    world
}

#[test]
fn ids_become_commits_with_their_pull_requests() {
    let fake = Fake::new(objects());
    let mut store = Memory::default();
    let hostile = "abc\") { x }";
    let found = resolved(&fake, &["abc1234", "beef", "dead", "0123456", hostile, "HEAD", "abc1234"], &mut store)
        .expect("answers");
    let commit = found["abc1234"].as_ref().expect("a commit");
    assert_eq!((commit.sha.len(), commit.pulls.len()), (40, 129));
    assert_eq!(commit.pulls[0], PullRef { number: 1, base: "main".to_owned() });
    for none in ["beef", "dead", "0123456", hostile, "HEAD"] {
        assert_eq!(found[none], None, "{none}");
    }
    // One for all, two for the rest of the pull requests.
    assert_eq!(fake.count(), 3);
    assert!(
        fake.calls.borrow().iter().all(|(text, vars)| !text.contains("{ x }") && !vars.to_string().contains("HEAD"))
    );
    // What is found is found for good, what is not is asked for again.
    let again = Fake::new(objects());
    assert_eq!(resolved(&again, &["abc1234", "0123456"], &mut store).expect("answers")["abc1234"], found["abc1234"]);
    assert_eq!(again.count(), 1);
    assert!(!again.calls.borrow()[0].1.to_string().contains("abc1234"));
}

#[test]
fn an_id_that_fits_several_commits_is_none() {
    let fake = Fake::with(objects(), |_, text, _| {
        text.contains("i1:").then(|| refused("", &["repository", "i1"], "short SHA1 abcd is ambiguous"))
    });
    let found = resolved(&fake, &["abc1234", "abcd"], &mut Memory::default()).expect("answers");
    assert!(found["abcd"].is_none() && found["abc1234"].is_some());
    let forbidden = Fake::with(objects(), |_, _, _| Some(refused("FORBIDDEN", &["repository", "i0"], "no")));
    assert!(resolved(&forbidden, &["abc1234"], &mut Memory::default()).is_err());
    let elsewhere = Fake::with(objects(), |_, _, _| Some(refused("", &["repository"], "no")));
    assert!(resolved(&elsewhere, &["abc1234"], &mut Memory::default()).is_err());
    let slow = Fake::with(objects(), |n, _, _| (n < 3).then(down));
    assert!(resolved(&slow, &["abc1234"], &mut Memory::default()).expect("answers")["abc1234"].is_some());
}

#[test]
fn comments_are_read_to_the_end_and_kept() {
    let mut world = world(250);
    let comments = (0..170).map(|n| said("a", n, "issue")).collect();
    let threads = (0..45).map(|t| (format!("T{t}"), (0..25).map(|n| said("b", 200 + n, "line")).collect())).collect();
    world.talk.insert(7, (comments, threads));
    world.talk.insert(9, (vec![json!({"author": null, "createdAt": at(1).to_string(), "body": "x"})], Vec::new()));
    let fake = Fake::new(world.clone());
    let history = whole(&fake).history;
    let pulls: Vec<&MergedPull> = history.pulls.values().collect();
    let mut store = Memory::default();
    let before = fake.count();
    let found = talk(&fake, &pulls, &mut store).expect("comments");
    assert_eq!((found.len(), found[&7].len(), found[&8].len()), (250, 170 + 45 * 25, 0));
    assert!(found[&7].is_sorted_by_key(|c| c.at) && found[&9][0].by.is_none());
    // 250 take three calls; the rest of comments and threads three more.
    assert!(fake.count() - before <= 6, "{} calls", fake.count() - before);

    // Only what changed is asked for again.
    let mut changed = pull(9, 9);
    changed["updatedAt"] = at(300).to_string().into();
    world.pulls.insert(9, changed);
    world.talk.remove(&9);
    let fake = Fake::new(world);
    let history = whole(&fake).history;
    let pulls: Vec<&MergedPull> = history.pulls.values().collect();
    let before = fake.count();
    let again = talk(&fake, &pulls, &mut store).expect("comments");
    assert_eq!((fake.count() - before, again[&9].len()), (1, 0));
    assert_eq!(again[&7], found[&7]);
}
