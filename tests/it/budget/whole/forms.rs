//! Forms of titles and bodies, one by one: what is a revert, what is a part of one, and what only looks like it.

use super::{YEAR, counted};
use crate::budget::github::Simulated;
use crate::budget::simulate::{NOW, undone_by};
use crate::sandbox::Sandbox;

/// What became of what each text undoes: `counted`, the reason for which it is listed, or nothing.
fn told(seed: u64, texts: &[(&str, &str)]) -> Vec<String> {
    let (made, numbers) = undone_by(seed, texts);
    let server = Simulated::start(made.world);
    let budget = counted(&server.budget(&Sandbox::new(), "cache", NOW, &YEAR));
    let within =
        |list: &str, number: u64| budget[list].as_array().unwrap().iter().find(|e| e["number"] == number).cloned();
    let of = |number: &u64| match (within("rollbacks", *number), within("listed", *number)) {
        (Some(_), _) => "counted".to_owned(),
        (None, Some(entry)) => entry["reason"].as_str().unwrap().to_owned(),
        (None, None) => String::new(),
    };
    numbers.iter().map(of).collect()
}

/// All texts become the same.
fn all(seed: u64, texts: &[(&str, &str)], expected: &str) {
    let told = told(seed, texts);
    let wrong: Vec<String> =
        texts.iter().zip(told).filter(|(_, t)| t != expected).map(|(text, t)| format!("{text:?}: `{t}`")).collect();
    assert!(wrong.is_empty(), "not `{expected}`:\n{}", wrong.join("\n"));
}

/// Titles alone, and bodies under a title that tells nothing.
fn texts<'t>(titles: &[&'t str], bodies: &[&'t str]) -> Vec<(&'t str, &'t str)> {
    let titles = titles.iter().map(|t| (*t, ""));
    titles.chain(bodies.iter().map(|b| ("Go back to what was", *b))).collect()
}

#[test]
fn reverts_in_many_forms_count() {
    let titles = [
        "Revert '{T}'",
        "Revert: {T}",
        "Revert {T}",
        "Revert \"{T}\" (#7)",
        "Revert \"{T}\" (#{N})",
        "revert(marts): {T}",
        "revert: \"{T}\"",
        "revert!: {T} (#{N})",
        "Revert “{T} (#{N})”",
        "Reverts \"{T}\"",
        "chore: revert \"{T}\"",
        "fix(marts): Revert \"{T}\"",
        "Revert `{T}`",
        "[hotfix] Revert \"{T}\"",
        "Revert \"{T}\" [DATA-12]",
        "[DATA-12] Revert \"{T}\"",
        "REVERT \"{T}\"",
        "Revert  \"{T} \"",
        "Revert \"{T}\".",
        "Revert #{N}: {T}",
        "Revert PR#{N}",
        "Revert pull request #{N} from acme/change-1",
        "Revert changes from #{N}",
        "Reverts #{N}",
        "Revert commit {S}",
    ];
    let bodies = [
        "Reverts PR #{N}",
        "This reverts PR #{N}.",
        "This PR reverts #{N}.",
        "Reverts ACME/Shop#{N}",
        "# What\nReverts #{N}\n# Why\nIt was wrong.",
        "Reverts #{N}, because finance asked.",
        "- Reverts acme/shop#{N}",
        "**Reverts #{N}**",
        "```\nx\n```\nReverts #{N}",
        "We need to revert this.\n\nReverts acme/shop#{N}\n\n<!-- template -->",
        "This reverts commit `{S}`.",
        "* This reverts commit {s}.",
        "Why: numbers.\r\n\r\nThis reverts commit {S}.\r\n",
        "This reverts commit {S}, reversing changes made to 0000000000000000000000000000000000000001.",
    ];
    all(81, &texts(&titles, &bodies), "counted");
}

#[test]
fn what_only_talks_of_reverting_is_none() {
    let titles = [
        "Add revert button for #{N}",
        "Fix revert of #{N}",
        "Revert-safe migrations (#{N})",
        "Document how to revert #{N}",
        "Do not revert #{N}",
        "Test that Revert \"{T}\" works",
        "Rollback plan for #{N}",
        "Prepare to revert #{N}",
        "Follow-up to the revert of #{N}",
        "Revertable {T}",
        "feat: revert action (#{N})",
        "docs: revert procedure for #{N}",
        "Revert to the old colours",
        "Improve \"Revert\" of {T}",
    ];
    let bodies = [
        "This does not revert #{N}",
        "If needed, revert #{N}.",
        "Reverts cleanly: #{N}",
        "We reverted #{N} last week",
        "This fixes what #{N} reverted",
        "Once this is in, revert #{N}",
        "## Rollback\n\nRevert #{N} and deploy.",
        "Undo #{N} by hand if it fails",
        "Inline `Reverts #{N}` only.",
        "Does this revert #{N}? No.",
        "Reverts acme/shop-api#{N}",
        "Reverts #{N}0",
        "````\n```\nReverts #{N}\n```\n````",
        "> Reverts #{N}",
        "<!--\nReverts #{N}\n-->",
    ];
    all(82, &texts(&titles, &bodies), "");
}

#[test]
fn parts_are_listed() {
    let titles =
        ["Partially revert \"{T}\"", "Partial revert of \"{T}\"", "Revert part of \"{T}\"", "Partially revert #{N}"];
    let bodies = ["Partially reverts #{N}.", "Reverts part of acme/shop#{N}", "This partially reverts commit {S}."];
    all(83, &texts(&titles, &bodies), "partial-revert");
}

/// GitHub, git and people write these too.
#[test]
fn reverts_in_further_forms_count() {
    let titles = [
        // What `git revert -m 1` makes of GitHub's own merge commits.
        "Revert \"Merge pull request #{N} from acme/change-1\"",
        "Revert of #{N}",
        "Revert of \"{T}\"",
    ];
    all(84, &texts(&titles, &[]), "counted");
}

#[test]
fn a_body_that_says_it_is_a_part_is_believed() {
    let title = "Revert \"{T}\"";
    let bodies = [
        "This is a partial revert.\n\nReverts acme/shop#{N}",
        "Partial revert: the tests stay.\n\nThis reverts commit {S}.",
        "Partially revert the change.\n\nReverts #{N}",
        "This is a partial revert of acme/shop#{N}",
    ];
    all(85, &bodies.map(|body| (title, body)), "partial-revert");
}

#[test]
fn what_a_browser_does_not_show_is_not_read() {
    // A comment that nobody closes ends with the text; an indented block is code.
    all(86, &texts(&[], &["A change.\n\n<!--\nReverts #{N}", "For example:\n\n    Reverts #{N}\n"]), "");
}

#[test]
fn a_cause_after_one_of_another_repository_is_read() {
    let (made, numbers) = undone_by(87, &[("Correct the sign", "Caused-by: acme/library#1, #{N}")]);
    let budget = counted(&Simulated::start(made.world).budget(&Sandbox::new(), "cache", NOW, &YEAR));
    assert!(budget["escapes"].as_array().unwrap().iter().any(|e| e["number"] == numbers[0]), "{}", budget["escapes"]);
}
