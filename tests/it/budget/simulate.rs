//! A made-up year of a repository, with its truth: what is counted is noted down as each event is made, and never read
//! from a text again.

mod cohorts;
mod dice;
mod escapes;
mod falsefriends;
mod labels;
mod landing;
mod plain;
mod relands;
mod reverts;
mod shown;
mod truth;

pub use dice::Dice;
pub use truth::Truth;

use super::world::World;
use std::collections::{BTreeMap, BTreeSet};

/// Seconds of a day.
pub const DAY: i64 = 86_400;
/// Seconds of an hour.
pub const HOUR: i64 = 3_600;
/// How long a rollback counts.
pub const WINDOW: i64 = 30 * DAY;

/// Who counts a pull request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cohort {
    Llm,
    Other,
    Bots,
    Docs,
}

/// How a pull request was merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Squash,
    Rebase,
    Merge,
}

/// An account: login and whether GitHub calls it a bot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    pub login: String,
    pub bot: bool,
}

/// A review that was submitted.
#[derive(Clone, Debug)]
pub struct Reviewed {
    pub by: Option<Actor>,
    pub state: &'static str,
    pub at: i64,
}

/// What a record says.
#[derive(Clone, Debug, Default)]
pub struct Said {
    pub assisted: bool,
    /// A record that was written without the policy knows nothing.
    pub knows: bool,
    pub rollback: Option<String>,
    pub escape: Option<String>,
    /// In the ledger; else in a check run.
    pub ledger: bool,
}

/// A pull request as it is planned. Texts name others by [`number`].
#[derive(Clone, Debug)]
pub struct Pull {
    pub title: String,
    pub body: String,
    pub author: Option<Actor>,
    pub base: String,
    pub created: i64,
    /// Never merged without it.
    pub merged: Option<i64>,
    pub open: bool,
    pub method: Method,
    /// Id and message of each commit on its branch.
    pub commits: Vec<(String, String)>,
    /// Ids that the merge made: one of a squash or a merge commit, all of a rebase.
    pub landed: Vec<String>,
    /// Message of the squash or merge commit, where it is not GitHub's own.
    pub message: Option<String>,
    /// Path, lines added, lines removed.
    pub files: Vec<(String, u64, u64)>,
    pub labels: BTreeSet<String>,
    /// When, set or taken away, which, by whom.
    pub label_events: Vec<(i64, bool, String, Option<Actor>)>,
    /// When, and whether it became ready.
    pub draft_events: Vec<(i64, bool)>,
    pub reviews: Vec<Reviewed>,
    pub said: Vec<Said>,
    /// Check runs of others that bear our name.
    pub forged: bool,
    pub cohort: Cohort,
    pub start: i64,
    pub first_review: Option<i64>,
    pub approval: Option<i64>,
}

/// A commit that was pushed straight to a branch.
pub struct Push {
    pub branch: String,
    pub at: i64,
    pub sha: String,
    pub message: String,
}

/// How a text names a planned pull request until numbers are given.
pub fn number(id: usize) -> String {
    format!("\u{1}{id}\u{2}")
}

/// The history in the making.
pub struct Plan {
    pub dice: Dice,
    pub since: i64,
    pub until: i64,
    pub pulls: Vec<Pull>,
    pub pushes: Vec<Push>,
    /// Planned pull requests that were rolled back, with what tells so where only one thing does.
    pub rolled: BTreeMap<usize, Option<&'static str>>,
    pub escaped: BTreeMap<usize, Option<&'static str>>,
    pub listed: BTreeSet<(usize, &'static str)>,
    /// Those whose entries in the list are not judged.
    pub free: BTreeSet<usize>,
    pub undeclared: BTreeSet<usize>,
    /// Record and label say different things about who wrote it.
    pub disagree: BTreeSet<usize>,
    /// How many titles were given.
    pub titles: u64,
}

/// What was made.
pub struct Made {
    pub world: World,
    pub truth: Truth,
}

/// First moment of the simulated period.
pub const SINCE: &str = "2026-01-01T00:00:00Z";
/// First moment after it.
pub const UNTIL: &str = "2027-01-01T00:00:00Z";
/// When it is counted.
pub const NOW: &str = "2027-03-10T12:00:00Z";

fn seconds(text: &str) -> i64 {
    text.parse::<jiff::Timestamp>().unwrap().as_second()
}

/// A history of at least `size` pull requests merged into `main` in the period.
pub fn history(seed: u64, size: usize) -> Made {
    let mut plan = Plan::new(seed);
    // Rare things happen several times in a long history and once in a short one.
    for _ in 0..(size / 500).max(1) {
        plan.reverts();
        plan.relands();
        plan.false_friends();
        plan.label_stories();
        plan.escape_stories();
        plan.cohort_stories();
    }
    plan.big_ones();
    plan.fill(size);
    plan.finish()
}

/// A calm history, and a pull request that is undone by each of these titles and bodies: its number.
pub fn undone_by(seed: u64, texts: &[(&str, &str)]) -> (Made, Vec<u64>) {
    let mut plan = Plan::new(seed);
    let ids = plan.each_undone_by(texts);
    plan.fill(ids.len() * 2 + 20);
    let shas: Vec<String> = ids.iter().map(|id| plan.pulls[*id].landed[0].clone()).collect();
    let made = plan.finish();
    let numbers = shas.iter().map(|sha| *made.world.brought[sha].first().unwrap()).collect();
    (made, numbers)
}

/// A history of ordinary work in which nothing goes wrong.
pub fn calm(seed: u64, size: usize) -> Made {
    let mut plan = Plan::new(seed);
    plan.fill(size);
    plan.finish()
}

impl Plan {
    fn new(seed: u64) -> Self {
        Self {
            dice: Dice::new(seed),
            since: seconds(SINCE),
            until: seconds(UNTIL),
            pulls: Vec::new(),
            pushes: Vec::new(),
            rolled: BTreeMap::new(),
            escaped: BTreeMap::new(),
            listed: BTreeSet::new(),
            free: BTreeSet::new(),
            undeclared: BTreeSet::new(),
            disagree: BTreeSet::new(),
            titles: 0,
        }
    }

    /// A moment of the period.
    pub fn some_time(&mut self) -> i64 {
        let (since, until) = (self.since, self.until);
        self.dice.between(since, until - 1)
    }

    /// How long after its merge something is rolled back in time.
    pub fn soon(&mut self) -> i64 {
        if self.dice.one_in(2) { self.dice.between(600, DAY) } else { self.dice.between(DAY, 29 * DAY) }
    }

    pub fn rolled(&mut self, id: usize, evidence: Option<&'static str>) {
        self.rolled.insert(id, evidence);
    }

    pub fn list(&mut self, id: usize, reason: &'static str) {
        self.listed.insert((id, reason));
    }

    /// Ordinary work until the period has that many merges, some before and after it, and some never merged.
    fn fill(&mut self, size: usize) {
        let within = |p: &&Pull| p.base == "main" && p.merged.is_some_and(|m| m >= self.since && m < self.until);
        let there = self.pulls.iter().filter(within).count();
        for _ in there..size {
            let at = self.some_time();
            self.ordinary(at);
        }
        for edge in [self.since, self.until - 1, self.until, self.since - 1, self.since - 20 * DAY, self.until + DAY] {
            self.ordinary(edge);
        }
        for _ in 0..size / 50 {
            let at = self.some_time();
            let id = self.ordinary(at);
            let pull = &mut self.pulls[id];
            pull.merged = None;
            pull.open = id.is_multiple_of(2);
            let at = self.some_time();
            let id = self.ordinary(at);
            self.pulls[id].base = "release/1".to_owned();
        }
    }
}

#[test]
fn a_history_is_the_same_for_the_same_seed_and_holds_together() {
    let (one, again, other) = (history(1, 60), history(1, 60), history(2, 60));
    assert_eq!(one.world.pulls, again.world.pulls);
    assert_ne!(one.world.pulls, other.world.pulls);
    for made in [one, other] {
        let main = &made.world.branches["main"].commits;
        let times: Vec<&str> = main.iter().map(|c| made.world.commits[c]["committedDate"].as_str().unwrap()).collect();
        assert!(times.is_sorted_by(|a, b| a >= b), "newest first");
        for (number, pull) in &made.world.pulls {
            for sha in pull["commits"].as_array().unwrap() {
                assert!(made.world.commits.contains_key(sha.as_str().unwrap()), "#{number}");
            }
            assert!(!pull["body"].as_str().unwrap().contains(['\u{1}', '\u{2}']), "#{number}: {}", pull["body"]);
            if pull["state"] == "MERGED" {
                assert!(pull["createdAt"].as_str() <= pull["mergedAt"].as_str(), "#{number}");
                assert!(pull["mergedAt"].as_str() <= pull["updatedAt"].as_str(), "#{number}");
                assert!(made.world.commits.contains_key(pull["mergeCommit"].as_str().unwrap()), "#{number}");
            }
        }
        let truth = &made.truth;
        assert!(!truth.rolled(Cohort::Llm).is_empty() && !truth.rolled(Cohort::Other).is_empty());
        assert!(!truth.escaped(Cohort::Llm).is_empty());
        let kinds: BTreeSet<&str> = truth.listed.iter().map(|(_, kind)| kind.as_str()).collect();
        for kind in [
            "partial-revert",
            "late-revert",
            "late-label",
            "relanded",
            "label-withdrawn",
            "overridden",
            "no-longer-declared",
        ] {
            assert!(kinds.contains(kind), "{kind}: {kinds:?}");
        }
    }
}

#[test]
fn a_long_history_has_its_size() {
    let made = history(3, 2_000);
    let truth = &made.truth;
    let all = [Cohort::Llm, Cohort::Other, Cohort::Bots, Cohort::Docs].map(|c| truth.of(c).len());
    assert!((2_000..2_050).contains(&all.iter().sum::<usize>()), "{all:?}");
    assert!(all.iter().all(|n| *n > 40), "{all:?}");
    let numbers: Vec<u64> = made.world.pulls.keys().copied().collect();
    assert!(numbers.len() > 2_040 && numbers.last() > Some(&2_060));
}
