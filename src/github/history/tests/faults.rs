//! What stops a walk, and how it goes on.

use super::fake::{Fake, World, at, down, pull, refused, world};
use super::{asked, bytes, read, repository, whole};
use crate::github::history::{Asked, Memory, Store};
use crate::github::{ApiError, Repository};

/// The store after a run that was stopped at a call, and the error.
fn stopped(world: World, call: usize, error: fn() -> ApiError) -> (Memory, anyhow::Error) {
    let fake = Fake::with(world, move |n, _, _| (n >= call).then(error));
    let mut store = Memory::default();
    let error = read(&fake, &asked(), &mut store).expect_err("it was stopped");
    (store, error)
}

#[test]
fn an_interrupted_walk_goes_on_where_it_was() {
    let expected = bytes(&whole(&Fake::new(world(450))));
    for call in 2..=6 {
        let (mut store, error) = stopped(world(450), call, down);
        assert!(format!("{error:#}").contains("run it again later"), "{error:#}");
        let fake = Fake::new(world(450));
        let read = read(&fake, &asked(), &mut store).expect("a history");
        assert_eq!(bytes(&read), expected, "stopped at call {call}");
        // Five pages and the front in all; what was read is not asked for again, the front alone once more.
        assert!(fake.count() <= 6 - (call - 1) + 1, "{} calls after {}", fake.count(), call - 1);
        let first = fake.calls.borrow()[0].1.clone();
        assert_eq!(first.get("after").is_some(), call <= 5, "{first}");
    }
}

#[test]
fn wherever_it_is_stopped_the_result_is_the_same() {
    let mut world = world(150);
    let long = world.pulls.get_mut(&3).expect("there");
    long["files"] = (0..450).map(|n| serde_json::json!({"path": format!("f{n:04}")})).collect();
    long["changedFiles"] = 450.into();
    for n in 0..700 {
        world.commits.push(("main".to_owned(), format!("{:040x}", n + 5_000_000), "work".to_owned(), at(n % 150)));
    }
    let fake = Fake::new(world.clone());
    let expected = bytes(&whole(&fake));
    assert!(fake.count() >= 7, "{} calls", fake.count());
    for call in 1..=fake.count() {
        let (mut store, _) = stopped(world.clone(), call, down);
        // Stopped once more on the way.
        let again = Fake::with(world.clone(), |n, _, _| (n >= 2).then(down));
        read(&again, &asked(), &mut store).expect_err("it was stopped again");
        let read = read(&Fake::new(world.clone()), &asked(), &mut store).expect("a history");
        assert_eq!(bytes(&read), expected, "stopped at call {call}");
    }
}

#[test]
fn what_changed_between_the_runs_is_there_too() {
    let (mut store, _) = stopped(world(450), 3, down);
    let mut later = world(450);
    for number in [2, 449] {
        let old = later.pulls.get_mut(&number).expect("there");
        old["updatedAt"] = at(9_000 + number as i64).to_string().into();
        old["title"] = "Renamed".into();
    }
    later.pulls.insert(451, pull(451, 9_500));
    // Made before the first run, pushed after it.
    later.commits.push(("main".to_owned(), "e".repeat(40), "late".to_owned(), at(440)));
    let read = read(&Fake::new(later.clone()), &asked(), &mut store).expect("a history");
    assert_eq!(bytes(&read), bytes(&whole(&Fake::new(later))));
    assert_eq!(read.history.pulls[&2].title, "Renamed");
}

#[test]
fn a_finished_walk_needs_only_its_front() {
    let mut store = Memory::default();
    let mut now = world(450);
    read(&Fake::new(now.clone()), &asked(), &mut store).expect("a history");
    now.pulls.insert(451, pull(451, 20_000));
    now.pulls.get_mut(&9).expect("there")["updatedAt"] = at(20_001).to_string().into();
    now.pulls.get_mut(&9).expect("there")["title"] = "Renamed".into();
    now.commits.push(("main".to_owned(), "e".repeat(40), "Change 451 (#451)".to_owned(), at(20_000)));
    let fake = Fake::new(now.clone());
    let again = read(&fake, &asked(), &mut store).expect("a history");
    assert_eq!(bytes(&again), bytes(&whole(&Fake::new(now.clone()))));
    assert!(fake.count() <= 3, "{} calls", fake.count());
    // A later start is answered out of the same, an earlier one is not.
    let later = Asked { since: at(400), ..asked() };
    let fake = Fake::new(now.clone());
    assert_eq!(read(&fake, &later, &mut store).expect("a history").history.pulls.len(), 52);
    assert!(fake.count() <= 3, "{} calls", fake.count());
    let earlier = Asked { since: at(-10), ..asked() };
    let fake = Fake::new(now);
    assert_eq!(read(&fake, &earlier, &mut store).expect("a history").history.pulls.len(), 451);
    assert!(fake.count() >= 6);
}

#[test]
fn what_was_kept_and_does_not_fit_is_read_anew() {
    // A cursor that GitHub does not know any more.
    let (mut store, _) = stopped(world(450), 3, down);
    let fake = Fake::with(world(450), |n, _, _| {
        (n == 1).then(|| refused("", &["repository", "pullRequests"], "`x` does not appear to be a valid cursor."))
    });
    assert_eq!(read(&fake, &asked(), &mut store).expect("a history").history.pulls.len(), 450);

    // Another default branch.
    let (mut store, _) = stopped(world(450), 3, down);
    let mut moved = world(450);
    moved.default_branch = "trunk".to_owned();
    moved.commits.iter_mut().for_each(|c| c.0 = "trunk".to_owned());
    moved.pulls.values_mut().for_each(|p| p["baseRefName"] = "trunk".into());
    let read_again = read(&Fake::new(moved.clone()), &asked(), &mut store).expect("a history");
    assert_eq!(bytes(&read_again), bytes(&whole(&Fake::new(moved))));

    // Lines of another shape, or none at all.
    for line in ["", "{}", "{\"state\": 1}", "\u{0}"] {
        let mut store = Memory::default();
        store.append("history", line);
        assert_eq!(read(&Fake::new(world(5)), &asked(), &mut store).expect("a history").history.pulls.len(), 5);
    }
    let mut store = Memory::default();
    read(&Fake::new(world(5)), &asked(), &mut store).expect("a history");
    let line = store.lines("history")[0].replace("\"version\":1", "\"version\":0");
    store.replace("history", &[line]);
    let fake = Fake::new(world(450));
    assert_eq!(read(&fake, &asked(), &mut store).expect("a history").history.pulls.len(), 450);
}

#[test]
fn what_github_gives_up_on_is_asked_for_in_smaller_portions() {
    let overloads: [fn() -> ApiError; 3] = [
        down,
        || refused("", &[], "Something went wrong while executing your query. This may be the result of a timeout"),
        || refused("RESOURCE_LIMITS_EXCEEDED", &["repository"], "Resource limits for this query exceeded."),
    ];
    let expected = bytes(&whole(&Fake::new(world(450))));
    for overload in overloads {
        let fake = Fake::with(world(450), move |n, _, _| (n == 3).then(overload));
        assert_eq!(bytes(&whole(&fake)), expected);
        let sizes: Vec<u64> = fake.calls.borrow().iter().filter_map(|c| c.1["n"].as_u64()).collect();
        assert_eq!(sizes[..4], [100, 100, 100, 50], "{sizes:?}");
    }
    // However little is asked for: an error, and what was read is kept.
    let (mut store, error) = stopped(world(450), 3, down);
    assert!(format!("{error:#}").contains("502"), "{error:#}");
    let fake = Fake::new(world(450));
    assert_eq!(bytes(&read(&fake, &asked(), &mut store).expect("a history")), expected);
    assert!(fake.calls.borrow()[0].1["after"].is_string());
}

#[test]
fn a_refusal_says_what_to_do() {
    let said = |error: fn() -> ApiError| format!("{:#}", stopped(world(5), 1, error).1);
    let advice = "grant contents: read, pull-requests: read and checks: read (a classic token needs the scope `repo`)";
    for forbidden in [
        said(|| refused("FORBIDDEN", &["repository", "pullRequests"], "Resource not accessible by integration")),
        said(|| refused("INSUFFICIENT_SCOPES", &[], "Your token has not been granted the required scopes")),
        said(|| {
            refused(
                "",
                &["repository", "pullRequests", "nodes", "0", "files"],
                "Resource not accessible by personal access token",
            )
        }),
        said(|| {
            refused("FORBIDDEN", &["repository", "branch0", "target", "s0"], "Resource not accessible by integration")
        }),
    ] {
        assert!(forbidden.contains(advice), "{forbidden}");
    }
    let gone =
        said(|| refused("NOT_FOUND", &["repository"], "Could not resolve to a Repository with the name 'acme/shop'."));
    assert!(gone.contains("there is no repository acme/shop, or the token may not see it"), "{gone}");
    let other = said(|| refused("", &["repository", "pullRequests"], "An unknown error"));
    assert!(other.contains("An unknown error"), "{other}");
    let limit = said(|| ApiError::RateLimited {
        method: "POST".into(),
        path: "/graphql".into(),
        message: "it asks for 99 s".into(),
    });
    assert!(limit.contains("it asks for 99 s"), "{limit}");
}

#[test]
fn what_is_not_needed_is_left_out_where_it_is_refused_and_that_is_said() {
    let checks: [fn() -> ApiError; 3] = [
        || {
            refused(
                "FORBIDDEN",
                &["repository", "pullRequests", "nodes", "0", "checked", "nodes", "0", "commit", "checkSuites"],
                "Resource not accessible by integration",
            )
        },
        || {
            refused(
                "undefinedField",
                &["fragment Checks", "checked", "nodes", "commit", "checkSuites"],
                "Field 'checkSuites' doesn't exist on type 'Commit'",
            )
        },
        || refused("", &[], "Field 'externalId' doesn't exist on type 'CheckRun'"),
    ];
    for error in checks {
        let fake = Fake::with(world(150), move |_, text, _| text.contains("checkSuites").then(error));
        let mut store = Memory::default();
        let history = read(&fake, &asked(), &mut store).expect("a history").history;
        assert_eq!((history.pulls.len(), history.commits.len(), history.gaps.len()), (150, 150, 1));
        assert!(history.gaps[0].starts_with("audit records in check runs were not looked at: "), "{:?}", history.gaps);
        // Asked once, and not again in this run; the next run tries it.
        let tried = |f: &Fake| f.calls.borrow().iter().filter(|c| c.0.contains("checkSuites")).count();
        assert_eq!(tried(&fake), 1);
        let fake = Fake::new(world(150));
        assert!(read(&fake, &asked(), &mut store).expect("a history").history.gaps.is_empty());
        assert!(tried(&fake) >= 2);
    }
    let commits: [fn() -> ApiError; 2] = [
        || refused("", &["repository", "branch0", "target", "s0"], "The history is broken"),
        || {
            refused(
                "undefinedField",
                &["query", "repository", "branch0", "target", "... on Commit", "s0"],
                "Field 'history' doesn't accept argument 'since'",
            )
        },
    ];
    for error in commits {
        let fake = Fake::with(world(150), move |_, text, _| text.contains("history(").then(error));
        let history = whole(&fake).history;
        assert_eq!((history.pulls.len(), history.commits.len(), history.gaps.len()), (150, 0, 1));
        assert!(history.gaps[0].starts_with("commits pushed straight to the branch were not looked at: "));
    }
    // What is needed is never left out, whatever else is wrong beside it.
    let both = || {
        let (one, two) =
            (refused("", &["repository", "branch0"], "a"), refused("", &["repository", "pullRequests"], "b"));
        ApiError::Query { path: "/graphql".into(), errors: [one.errors(), two.errors()].concat() }
    };
    assert!(format!("{:#}", stopped(world(5), 1, both).1).contains("a; b"));
}

#[test]
fn a_repository_without_commits_is_said() {
    let mut empty = world(0);
    empty.default_branch = String::new();
    let ask = |_: &str, _: &serde_json::Value| Ok(serde_json::json!({"repository": {"defaultBranchRef": null}}));
    let repository: Repository = repository();
    let error = super::read_with(&ask, &repository, &asked(), &mut Memory::default(), &|_| {}).expect_err("nothing");
    assert!(format!("{error:#}").contains("no commits"), "{error:#}");
}
