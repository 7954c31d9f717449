//! Histories of a few pull requests, counted.

mod cohorts;
mod reverts;

use super::period;
use super::result::{Budget, ListedAs};
use super::sample::{at, pull};
use super::{Asked, Records, Rules, budget, chosen};
use crate::history::{History, MergedPull};
use std::collections::BTreeMap;

/// Of the third quarter of 2026, on main.
fn history(pulls: Vec<MergedPull>) -> History {
    History {
        repository: "acme/shop".to_owned(),
        branches: vec!["main".to_owned()],
        since: at("2025-10-01T00:00:00Z"),
        pulls: pulls.into_iter().map(|p| (p.number, p)).collect(),
        commits: Vec::new(),
        resolved: BTreeMap::new(),
        comments: BTreeMap::new(),
        gaps: Vec::new(),
    }
}

/// A pull request merged on a day and an hour of July 2026, counting on through August.
fn on(number: u64, day: u32, hour: u32) -> MergedPull {
    let (month, day) = if day > 31 { (8, day - 31) } else { (7, day) };
    pull(number, &format!("2026-{month:02}-{day:02}T{hour:02}:00:00Z"))
}

fn counted(history: &History) -> Budget {
    counted_with(history, Records::default())
}

fn counted_with(history: &History, records: Records) -> Budget {
    let policy = crate::policy::built_in("default").expect("the built-in policy");
    let now = at("2026-11-25T10:00:00Z");
    let span = period::between(Some("2026-07-01"), Some("2026-09-30"), now).expect("a period");
    let rules = Rules::of(&policy, "").expect("rules");
    let records = chosen(history, records);
    let asked = Asked { rules, span, trend: 4, now, candidates: Vec::new(), notices: Vec::new() };
    budget(asked, history, &records)
}

/// Numbers of what was rolled back.
fn rolled_back(history: &History) -> Vec<u64> {
    counted(history).rollbacks.iter().map(|r| r.number).collect()
}

fn listed(budget: &Budget) -> Vec<(Option<u64>, ListedAs)> {
    budget.listed.iter().map(|l| (l.number, l.reason)).collect()
}
