//! What each reviewer thinks last.

use super::facts::{Facts, PullState, Review, ReviewState};
use std::collections::BTreeMap;

/// The last opinion of one person.
#[derive(Debug, Clone, Copy)]
pub struct Opinion<'a> {
    /// Login as GitHub writes it.
    pub login: &'a str,
    /// It is a bot's.
    pub is_bot: bool,
    /// The review that holds it.
    pub review: &'a Review,
}

/// The last review with an opinion of each person with an account, by login in lower case; after a merge, of those
/// that came before it. A dismissed review is an opinion taken back: what was said before it stays replaced.
pub fn latest(facts: &Facts) -> BTreeMap<String, Opinion<'_>> {
    let mut reviews: Vec<&Review> = facts.reviews.iter().filter(|r| has_opinion(r) && in_time(facts, r)).collect();
    reviews.sort_by_key(|r| (r.submitted_at, r.id));
    let mut found: BTreeMap<String, Opinion<'_>> = BTreeMap::new();
    for review in reviews {
        let Some(login) = &review.login else { continue };
        let key = login.to_lowercase();
        let is_bot = review.is_bot || found.get(&key).is_some_and(|o| o.is_bot);
        found.insert(key, Opinion { login, is_bot, review });
    }
    found
}

/// Reviews with an opinion whose authors have no account any more.
pub fn orphaned(facts: &Facts) -> Vec<&Review> {
    let opinionated = |r: &&Review| r.login.is_none() && has_opinion(r) && r.state != ReviewState::Dismissed;
    facts.reviews.iter().filter(opinionated).collect()
}

fn has_opinion(review: &Review) -> bool {
    !matches!(review.state, ReviewState::Commented | ReviewState::Pending)
}

fn in_time(facts: &Facts, review: &Review) -> bool {
    match &facts.state {
        PullState::Merged { at, .. } => review.submitted_at.is_some_and(|t| t <= *at),
        _ => true,
    }
}
