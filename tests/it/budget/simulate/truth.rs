//! What is true of a made-up history.

use super::Cohort;
use std::collections::{BTreeMap, BTreeSet};

/// Durations of one pull request, in seconds.
#[derive(Clone, Copy, Debug)]
pub struct Cycle {
    pub to_first_review: Option<i64>,
    pub to_approval: Option<i64>,
    pub to_merge: i64,
}

/// Count, median and 90th percentile.
pub type Spread = (usize, Option<f64>, Option<f64>);

/// All of it, by number, of what was merged into `main`.
#[derive(Default)]
pub struct Truth {
    /// When each was merged.
    pub merged: BTreeMap<u64, i64>,
    /// The period that is asked about.
    pub period: std::ops::Range<i64>,
    pub cohorts: BTreeMap<u64, Cohort>,
    pub cycles: BTreeMap<u64, Cycle>,
    /// Rolled back, with something that must be among the evidence.
    pub rolled: BTreeMap<u64, Option<&'static str>>,
    pub escaped: BTreeMap<u64, Option<&'static str>>,
    pub listed: BTreeSet<(u64, String)>,
    /// Whose entries in the list are not judged.
    pub free: BTreeSet<u64>,
    pub undeclared: BTreeSet<u64>,
    pub disagree: BTreeSet<u64>,
    /// On which a person asked for changes.
    pub asked: BTreeSet<u64>,
}

impl Truth {
    /// The members of a cohort.
    pub fn of(&self, cohort: Cohort) -> BTreeSet<u64> {
        let within = |n: &u64| self.period.contains(&self.merged[n]);
        self.cohorts.iter().filter(|(n, c)| **c == cohort && within(n)).map(|(n, _)| *n).collect()
    }

    /// The members of both cohorts.
    pub fn both(&self) -> BTreeSet<u64> {
        self.of(Cohort::Llm).into_iter().chain(self.of(Cohort::Other)).collect()
    }

    /// Those of a cohort that were rolled back.
    pub fn rolled(&self, cohort: Cohort) -> BTreeSet<u64> {
        self.of(cohort).into_iter().filter(|n| self.rolled.contains_key(n)).collect()
    }

    /// Those of a cohort that let a defect escape.
    pub fn escaped(&self, cohort: Cohort) -> BTreeSet<u64> {
        self.of(cohort).into_iter().filter(|n| self.escaped.contains_key(n)).collect()
    }

    /// Durations of a cohort: to the first review, to the approval, to the merge.
    pub fn spreads(&self, cohort: Cohort) -> [Spread; 3] {
        let all: Vec<Cycle> = self.of(cohort).iter().map(|n| self.cycles[n]).collect();
        let of = |which: &dyn Fn(&Cycle) -> Option<i64>| spread(all.iter().filter_map(which).collect());
        [of(&|c| c.to_first_review), of(&|c| c.to_approval), of(&|c| Some(c.to_merge))]
    }
}

fn spread(mut seconds: Vec<i64>) -> Spread {
    seconds.sort_unstable();
    (seconds.len(), quantile(&seconds, 0.5), quantile(&seconds, 0.9))
}

/// Type 7 of Hyndman and Fan, of sorted numbers.
fn quantile(sorted: &[i64], p: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let place = p * last as f64;
    let (low, share) = (place.floor() as usize, place.fract());
    let (a, b) = (sorted[low] as f64, sorted[(low + 1).min(last)] as f64);
    Some(a + share * (b - a))
}

#[test]
fn quantiles_are_those_of_numpy() {
    // numpy.quantile([1, 2, 4, 8], [.5, .9]) = [3.0, 6.8]
    assert_eq!(quantile(&[1, 2, 4, 8], 0.5), Some(3.0));
    assert!((quantile(&[1, 2, 4, 8], 0.9).unwrap() - 6.8).abs() < 1e-12);
    assert_eq!((quantile(&[], 0.5), quantile(&[7], 0.9)), (None, Some(7.0)));
}
