//! What is a rollback, and what is none.

use super::super::sample::{at, sha};
use super::super::{effects_of, unknown_ids};
use super::*;
use crate::history::{BranchCommit, Commit, LabelEvent, PullRef, Resolved};

fn revert(number: u64, day: u32, hour: u32, title: &str, body: &str) -> MergedPull {
    let mut one = on(number, day, hour);
    one.title = title.to_owned();
    one.body = body.to_owned();
    one.files.clear();
    let message = format!("{title} (#{number})\n\n{body}");
    one.commits[0].message = format!("{title}\n\n{body}");
    one.merge_commit = Some(Commit { sha: sha(number, 'a'), message });
    one
}

#[test]
fn each_way_to_name_a_target_is_a_rollback_once() {
    let merged = sha(1, 'a');
    for (title, body, evidence) in [
        (r#"Revert "Change 1""#, "Reverts acme/shop#1".to_owned(), "reverts-number"),
        ("Undo the change", "Reverts #1".to_owned(), "reverts-number"),
        (r#"Revert "Change 1""#, format!("This reverts commit {merged}."), "reverts-commit"),
        (r#"Revert "Change 1""#, format!("This reverts commit {}.", &merged[..8]), "reverts-commit"),
        (r#"Revert "Change 1""#, format!("This reverts commit {}.", sha(1, 'b')), "reverts-commit"),
        (r#"Revert "Change 1 (#1)""#, String::new(), "reverts-number"),
        ("revert: Change 1 (#1)", String::new(), "reverts-number"),
        ("revert: change 1", String::new(), "title"),
        ("Revert Change 1", String::new(), "title"),
        ("revert “Change 1”", String::new(), "title"),
    ] {
        let history = history(vec![on(1, 1, 0), on(2, 1, 1), revert(3, 2, 0, title, &body)]);
        let found = counted(&history);
        assert_eq!(found.rollbacks.len(), 1, "{title} {body}");
        let one = &found.rollbacks[0];
        assert_eq!(
            (one.number, one.revert, one.evidence.join(" ")),
            (1, Some(3), evidence.to_owned()),
            "{title} {body}"
        );
        assert_eq!(effects_of(&history, 3).rolled_back, [1]);
    }
}

#[test]
fn talk_and_others_are_none() {
    for (title, body) in [
        ("Add revert button", "We may revert #1.".to_owned()),
        ("Fix", "> Reverts #1".to_owned()),
        ("Fix", "Reverts other/shop#1".to_owned()),
        ("Revert to the old layout (#1)", String::new()),
        ("Fix", format!("This reverts commit {}.", sha(3, 'b'))),
        (r#"Revert "Something else""#, String::new()),
    ] {
        let history = history(vec![on(1, 1, 0), revert(3, 2, 0, title, &body)]);
        assert!(rolled_back(&history).is_empty(), "{title} {body}");
    }
    // Nothing is reverted before it was merged.
    let history = history(vec![on(1, 3, 0), revert(3, 2, 0, "Revert", "Reverts #1")]);
    assert!(rolled_back(&history).is_empty());
}

#[test]
fn a_revert_of_a_revert_within_a_day_cancels() {
    let first = || vec![on(1, 1, 0), revert(2, 2, 0, r#"Revert "Change 1""#, "Reverts acme/shop#1")];
    let again = [
        (r#"Revert "Revert "Change 1"""#, "Reverts acme/shop#2"),
        (r#"Revert "Revert "Change 1"""#, ""),
        (r#"Reapply "Change 1""#, ""),
        (r#"Reapply "Change 1""#, "This reverts commit a00"),
        (r#"Reland "Change 1 (#1)""#, ""),
    ];
    for (title, body) in again {
        let body = body.replace("a00", &sha(2, 'a'));
        for (hour, counts) in [(0, false), (1, true)] {
            let mut pulls = first();
            pulls.push(revert(3, 3, hour, title, &body));
            let history = history(pulls);
            let found = counted(&history);
            let expected: &[u64] = if counts { &[1] } else { &[] };
            assert_eq!(rolled_back(&history), expected, "{title} {body} {hour}");
            assert_eq!(listed(&found).contains(&(Some(1), ListedAs::Relanded)), !counts, "{title} {body} {hour}");
            assert_eq!(effects_of(&history, 3).restored.len(), usize::from(!counts));
        }
    }
    let mut pulls = first();
    pulls.push(revert(3, 2, 1, r#"Revert "Revert "Change 1"""#, "Reverts acme/shop#2"));
    pulls.push(revert(4, 5, 0, r#"Revert "Revert "Revert "Change 1""""#, "Reverts acme/shop#3"));
    // The change is out again, and so is what had brought it back.
    assert_eq!(rolled_back(&history(pulls)), [1, 3]);
}

#[test]
fn the_message_of_a_revert_of_a_revert_repeats_the_first() {
    let body = format!("Reverts #2\n\n* Revert \"Change 1\"\n\nThis reverts commit {}.", sha(1, 'a'));
    let history = history(vec![
        on(1, 1, 0),
        revert(2, 2, 0, r#"Revert "Change 1""#, "Reverts #1"),
        revert(3, 2, 5, r#"Revert "Revert "Change 1"""#, &body),
    ]);
    assert!(rolled_back(&history).is_empty());
}

#[test]
fn a_pick_of_what_is_out_brings_it_back() {
    let mut again = on(3, 2, 5);
    again.commits[0].message = format!("Change 1\n\n(cherry picked from commit {})", sha(1, 'a'));
    let pulls = vec![on(1, 1, 0), revert(2, 2, 0, r#"Revert "Change 1""#, "Reverts #1"), again];
    assert!(rolled_back(&history(pulls)).is_empty());
}

#[test]
fn commits_of_the_pull_request_itself_are_its_own_affair() {
    let mut feature = on(3, 2, 0);
    let commit = |n: u64, message: String| Commit { sha: sha(n, 'c'), message };
    feature.commits = vec![
        commit(1, "Try".to_owned()),
        commit(2, format!("Revert \"Try\"\n\nThis reverts commit {}.", sha(1, 'c'))),
        commit(3, format!("Revert \"Change 1 (#1)\"\n\nThis reverts commit {}.", sha(1, 'a'))),
        commit(4, format!("Revert \"Revert \"Change 1 (#1)\"\"\n\nThis reverts commit {}.", sha(3, 'c'))),
    ];
    let all = feature.commits.iter().map(|c| format!("* {}\n\n", c.message)).collect::<String>();
    feature.merge_commit = Some(Commit { sha: sha(3, 'a'), message: format!("Change 3 (#3)\n\n{all}") });
    let mut with = feature.clone();
    assert!(rolled_back(&history(vec![on(1, 1, 0), feature])).is_empty());
    // One that stays does revert what was merged before.
    with.commits.truncate(3);
    with.merge_commit = Some(Commit { sha: sha(3, 'a'), message: "Change 3 (#3)".to_owned() });
    assert_eq!(rolled_back(&history(vec![on(1, 1, 0), with])), [1]);
}

/// #1 with three commits that landed one by one.
fn rebased() -> MergedPull {
    let mut one = on(1, 1, 0);
    one.commits = (1..=3).map(|n| Commit { sha: sha(n, 'b'), message: format!("Step {n}") }).collect();
    one.merge_commit = Some(Commit { sha: sha(3, 'd'), message: "Step 3".to_owned() });
    one
}

#[test]
fn some_of_several_commits_are_a_part() {
    let landed = |n: u64| {
        let pulls = vec![PullRef { number: 1, base: "main".to_owned() }];
        (sha(n, 'd'), Some(Resolved { sha: sha(n, 'd'), message: format!("Step {n}"), pulls }))
    };
    let names = |numbers: &[u64]| {
        numbers.iter().map(|n| format!("This reverts commit {}.\n", sha(*n, 'd'))).collect::<String>()
    };
    let with = |numbers: &[u64]| {
        let mut history = history(vec![rebased(), revert(2, 2, 0, r#"Revert "Step""#, &names(numbers))]);
        assert_eq!(unknown_ids(&history), numbers.iter().filter(|n| **n < 3).map(|n| sha(*n, 'd')).collect::<Vec<_>>());
        history.resolved = numbers.iter().map(|n| landed(*n)).collect();
        counted(&history)
    };
    for part in [&[2][..], &[3], &[2, 3]] {
        let found = with(part);
        assert!(found.rollbacks.is_empty(), "{part:?}");
        assert_eq!(listed(&found), [(Some(1), ListedAs::PartialRevert)]);
    }
    assert_eq!(with(&[1, 2, 3]).rollbacks.len(), 1);
    // GitHub's button reverts all of them.
    let history = history(vec![rebased(), revert(2, 2, 0, r#"Revert "Steps""#, "Reverts acme/shop#1")]);
    assert_eq!(rolled_back(&history), [1]);
}

#[test]
fn the_merge_of_several_commits_is_all_of_it() {
    for message in ["Steps (#1)", "Merge pull request #1 from acme/steps\n\nSteps"] {
        let mut one = rebased();
        one.merge_commit = Some(Commit { sha: sha(1, 'a'), message: message.to_owned() });
        let body = format!("This reverts commit {}, reversing\nchanges made to {}.", sha(1, 'a'), sha(9, 'e'));
        assert_eq!(rolled_back(&history(vec![one, revert(2, 2, 0, "Revert \"Steps\"", &body)])), [1], "{message}");
    }
}

#[test]
fn words_and_files_tell_a_part() {
    let mut two_files = on(1, 1, 0);
    two_files.files.push("models/marts/other.sql".to_owned());
    let said = revert(2, 2, 0, r#"Partially revert "Change 1""#, "Reverts #1");
    let found = counted(&history(vec![two_files.clone(), said]));
    assert_eq!(listed(&found), [(Some(1), ListedAs::PartialRevert)]);
    let mut less = revert(2, 2, 0, r#"Revert "Change 1""#, "Reverts #1");
    less.files = vec!["models/marts/other.sql".to_owned()];
    less.additions = 7;
    let found = counted(&history(vec![two_files.clone(), less.clone()]));
    assert_eq!((found.rollbacks.len(), listed(&found)), (0, vec![(Some(1), ListedAs::PartialRevert)]));
    (less.additions, less.deletions) = (1, 3);
    assert_eq!(rolled_back(&history(vec![two_files, less])), [1]);
}

#[test]
fn a_commit_pushed_straight_to_the_branch_reverts_too() {
    let mut history = history(vec![on(1, 1, 0)]);
    let message = format!("Revert \"Change 1\"\n\nThis reverts commit {}.", sha(1, 'a'));
    history.commits.push(BranchCommit { sha: sha(7, 'f'), message: message.clone(), at: at("2026-07-02T00:00:00Z") });
    assert_eq!(unknown_ids(&history), [sha(7, 'f')]);
    history.resolved.insert(sha(7, 'f'), Some(Resolved { sha: sha(7, 'f'), message, pulls: Vec::new() }));
    let found = counted(&history);
    assert_eq!(found.rollbacks[0].revert_commit, Some(sha(7, 'f')));
    assert_eq!(unknown_ids(&history), Vec::<String>::new());
}

#[test]
fn a_pick_on_another_branch_leads_back() {
    // A revert on main of the pick that a release branch had.
    let body = format!("This reverts commit {}.", sha(8, 'e'));
    let mut history = history(vec![on(1, 1, 0), revert(2, 2, 0, r#"Revert "Change 1""#, &body)]);
    assert_eq!(unknown_ids(&history), [sha(8, 'e')]);
    let message = format!("Change 1\n\n(cherry picked from commit {})", sha(1, 'a'));
    let pulls = vec![PullRef { number: 50, base: "release".to_owned() }];
    history.resolved.insert(sha(8, 'e'), Some(Resolved { sha: sha(8, 'e'), message, pulls }));
    assert_eq!(rolled_back(&history), [1]);
}

#[test]
fn the_window_ends_to_the_second() {
    let late = |hour| counted(&history(vec![on(1, 1, 0), revert(2, 31, hour, "Revert", "Reverts #1")]));
    assert_eq!(late(0).rollbacks.len(), 1);
    assert_eq!((late(1).rollbacks.len(), listed(&late(1))), (0, vec![(Some(1), ListedAs::LateRevert)]));
}

#[test]
fn labels_count_while_they_stand() {
    let label = |label: &str, set, day: u32, hour: u32| LabelEvent {
        label: label.into(),
        set,
        by: None,
        at: on(0, day, hour).merged_at,
    };
    let with = |labels: &[&str], events: Vec<LabelEvent>| {
        let mut one = on(1, 1, 0);
        one.labels = labels.iter().map(|l| (*l).to_owned()).collect();
        one.label_events = events;
        counted(&history(vec![one]))
    };
    let found = with(&["rollback"], vec![label("rollback", true, 31, 0)]);
    assert_eq!(found.rollbacks[0].evidence, ["label"]);
    let found = with(&["rollback"], vec![label("rollback", true, 31, 1)]);
    assert_eq!((found.rollbacks.len(), listed(&found)), (0, vec![(Some(1), ListedAs::LateLabel)]));
    let found = with(&[], vec![label("rollback", true, 3, 0), label("rollback", false, 4, 0)]);
    assert_eq!((found.rollbacks.len(), listed(&found)), (0, vec![(Some(1), ListedAs::LabelWithdrawn)]));
    let found = with(&["rollback", "rollback:not"], vec![label("rollback", true, 3, 0)]);
    assert_eq!((found.rollbacks.len(), listed(&found)), (0, vec![(Some(1), ListedAs::Overridden)]));
}

#[test]
fn a_revert_of_what_nobody_knows_is_told() {
    let found = counted(&history(vec![on(1, 1, 0), revert(2, 2, 0, r#"Revert "Gone""#, "")]));
    assert_eq!(listed(&found), [(Some(2), ListedAs::UnknownTarget)]);
    // A number that was not read is older, an issue or of another branch.
    let found = counted(&history(vec![on(1, 1, 0), revert(2, 2, 0, r#"Revert "Gone""#, "Reverts #900")]));
    assert_eq!(listed(&found), []);
}

#[test]
fn of_one_title_the_newest_that_is_in_is_meant() {
    let mut same = on(2, 2, 0);
    same.title = "Change 1".to_owned();
    let pulls = vec![
        on(1, 1, 0),
        same,
        revert(3, 3, 0, r#"Revert "Change 1""#, ""),
        revert(4, 4, 0, r#"Revert "Change 1""#, ""),
    ];
    assert_eq!(rolled_back(&history(pulls[..3].to_vec())), [2]);
    assert_eq!(rolled_back(&history(pulls)), [1, 2]);
}
