//! How long pull requests took.

use super::result::{Cycle, Spread};
use crate::history::{Account, MergedPull, Review, ReviewState};
use jiff::Timestamp;

/// The times of a group.
pub fn cycle<'a>(pulls: impl Iterator<Item = &'a MergedPull> + Clone) -> Cycle {
    let review = |p: &MergedPull| first(p, |_| true);
    let approval = |p: &MergedPull| first(p, |r| r.state == ReviewState::Approved);
    Cycle {
        to_first_review: spread(pulls.clone().filter_map(|p| Some(seconds(start(p), review(p)?)))),
        to_approval: spread(pulls.clone().filter_map(|p| Some(seconds(start(p), approval(p)?)))),
        to_merge: spread(pulls.map(|p| seconds(start(p), p.merged_at))),
    }
}

/// Whether somebody is a person other than the author; whose account is gone is nobody that we can tell from the author.
pub fn is_another_person(pull: &MergedPull, by: Option<&Account>) -> bool {
    by.is_some_and(|by| !is_bot(by) && pull.author.as_ref().is_none_or(|a| !a.login.eq_ignore_ascii_case(&by.login)))
}

/// Whether no person is behind an account.
pub fn is_bot(account: &Account) -> bool {
    account.bot || crate::audit::review::bot_name(&account.login)
}

/// When it was ready: opened, or declared ready where it was opened as a draft.
fn start(pull: &MergedPull) -> Timestamp {
    match pull.draft_events.iter().min_by_key(|e| e.at) {
        Some(first) if first.ready => first.at,
        _ => pull.created_at,
    }
}

/// When the first such review by another person came, between the start and the merge.
fn first(pull: &MergedPull, such: impl Fn(&Review) -> bool) -> Option<Timestamp> {
    let from = start(pull);
    let counts = |r: &&Review| such(r) && r.at >= from && r.at <= pull.merged_at;
    pull.reviews.iter().filter(|r| is_another_person(pull, r.by.as_ref())).filter(counts).map(|r| r.at).min()
}

fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    (to.duration_since(from).as_secs_f64()).max(0.0)
}

fn spread(values: impl Iterator<Item = f64>) -> Spread {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    Spread { count: sorted.len() as u64, median_seconds: quantile(&sorted, 0.5), p90_seconds: quantile(&sorted, 0.9) }
}

/// Type 7 of Hyndman and Fan (1996): linear between the two nearest of the sorted values.
fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let place = (sorted.len().checked_sub(1)?) as f64 * share;
    let (below, above) = (sorted.get(place.floor() as usize)?, sorted.get(place.ceil() as usize)?);
    Some(below + (above - below) * place.fract())
}

#[cfg(test)]
mod tests {
    use super::super::sample::{at, pull, review};
    use super::*;
    use crate::history::DraftEvent;

    #[test]
    fn quantiles_are_those_of_numpy() {
        // numpy.quantile([1, 2, 4, 8, 16, 32], [0.5, 0.9])
        let spread = spread([8.0, 1.0, 32.0, 2.0, 16.0, 4.0].into_iter());
        assert_eq!((spread.median_seconds, spread.p90_seconds), (Some(6.0), Some(24.0)));
        assert_eq!(quantile(&[], 0.5), None);
        assert_eq!(quantile(&[3.0], 0.9), Some(3.0));
    }

    #[test]
    fn people_other_than_the_author_review_before_the_merge() {
        let mut one = pull(1, "2026-07-02T10:00:00Z");
        one.created_at = at("2026-07-01T10:00:00Z");
        one.reviews = vec![
            review("ann", ReviewState::Approved, "2026-07-01T10:10:00Z"),
            review("robot[bot]", ReviewState::Approved, "2026-07-01T10:20:00Z"),
            review("bob", ReviewState::Commented, "2026-07-01T11:00:00Z"),
            review("bob", ReviewState::Approved, "2026-07-01T12:00:00Z"),
            review("eve", ReviewState::Approved, "2026-07-03T12:00:00Z"),
        ];
        let found = cycle(std::iter::once(&one));
        assert_eq!(found.to_first_review.median_seconds, Some(3_600.0));
        assert_eq!(found.to_approval.median_seconds, Some(7_200.0));
        assert_eq!(found.to_merge.p90_seconds, Some(86_400.0));
    }

    #[test]
    fn a_draft_begins_when_it_is_ready() {
        let mut one = pull(1, "2026-07-02T10:00:00Z");
        one.created_at = at("2026-06-01T10:00:00Z");
        let event = |ready, text| DraftEvent { ready, at: at(text) };
        one.draft_events = vec![event(true, "2026-07-01T10:00:00Z"), event(false, "2026-07-01T11:00:00Z")];
        assert_eq!(start(&one), at("2026-07-01T10:00:00Z"));
        one.draft_events.remove(0);
        assert_eq!(start(&one), one.created_at);
    }
}
