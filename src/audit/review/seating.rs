//! Who fills which seat of the bar, and whose approval fills none.

use super::bar::{self, ANY_PEER};
use super::doubt::Doubt;
use super::facts::{Facts, ReviewState};
use super::judgement::{Excluded, Seat};
use super::matching;
use super::opinions::{self, Opinion};
use super::people::{Parts, Standing};
use super::roles::{self, Member};
use crate::policy::Policy;
use std::collections::BTreeMap;

/// The bar as it is filled.
pub struct Seating {
    /// The seats, in the order of the policy.
    pub seats: Vec<Seat>,
    /// Roles that nobody fills, whatever could not be read, with how many people are missing.
    pub missing: Vec<(String, usize)>,
    /// What keeps the answer open.
    pub doubts: Vec<Doubt>,
    /// Approvals that do not count.
    pub excluded: Vec<Excluded>,
}

/// Somebody who approved the head and may count.
struct Approver<'a> {
    opinion: Opinion<'a>,
    doubt: Option<Doubt>,
}

/// Whether somebody may take a seat.
enum Fit {
    Sure,
    Maybe(Doubt),
    No,
}

/// Places everybody who approved.
pub fn seat(policy: &Policy, facts: &Facts, parts: &Parts, opinions: &BTreeMap<String, Opinion<'_>>) -> Seating {
    let bar = bar::seats(policy, &facts.layers, facts.llm.assisted);
    let (approvers, mut excluded) = approvers(facts, parts, opinions);
    let fits: Vec<Vec<Fit>> =
        bar.iter().map(|(role, _)| approvers.iter().map(|a| fit(policy, facts, role, a)).collect()).collect();
    // Named roles first, so that what is missing at the end is what is easiest to find.
    let mut order: Vec<usize> = (0..bar.len()).collect();
    order.sort_by_key(|i| bar[*i].0 == ANY_PEER);
    let sure = matching::place(&edges(&fits, |f| matches!(f, Fit::Sure)), &order);
    // Nobody can fill a role without people: what is missing there is the policy, not somebody's approval.
    let empty: Vec<Option<Doubt>> = bar.iter().map(|(role, _)| roles::empty(policy, role)).collect();
    let open: Vec<usize> = order.into_iter().filter(|i| empty[*i].is_none()).collect();
    let best = matching::place(&edges(&fits, |f| !matches!(f, Fit::No)), &open);
    let mut doubts: Vec<Doubt> = empty.iter().flatten().cloned().collect();
    let mut missing: Vec<(String, usize)> = Vec::new();
    if open.iter().all(|i| best[*i].is_some()) {
        for seat in open.iter().filter(|i| sure[**i].is_none()) {
            // Somebody who surely has the role may be needed elsewhere, so the doubts of all seats keep this one open.
            let of_all = fits.iter().flatten().filter_map(|f| if let Fit::Maybe(d) = f { Some(d) } else { None });
            let own: Vec<Doubt> = fits[*seat].iter().filter_map(Fit::doubt).cloned().collect();
            doubts.extend(if own.is_empty() { of_all.cloned().collect() } else { own });
        }
    } else {
        for seat in open.iter().filter(|i| sure[**i].is_none()) {
            let role = &bar[*seat].0;
            match missing.iter_mut().find(|(known, _)| known == role) {
                Some((_, count)) => *count += 1,
                None => missing.push((role.clone(), 1)),
            }
        }
        let placed: Vec<usize> = sure.iter().flatten().copied().collect();
        excluded.extend(idle(&approvers, &placed, &missing, &fits));
    }
    let seats = bar.into_iter().zip(&sure).map(|((role, for_llm), person)| {
        let review = person.map(|p| approvers[p].opinion);
        Seat {
            role,
            for_llm,
            person: review.map(|o| o.login.to_owned()),
            review_id: review.map(|o| o.review.id),
            commit: review.and_then(|o| o.review.commit_id.clone()),
        }
    });
    Seating { seats: seats.collect(), missing, doubts, excluded }
}

impl Fit {
    fn doubt(&self) -> Option<&Doubt> {
        match self {
            Fit::Maybe(doubt) => Some(doubt),
            _ => None,
        }
    }
}

fn edges(fits: &[Vec<Fit>], counts: impl Fn(&Fit) -> bool) -> Vec<Vec<usize>> {
    let of_seat = |seat: &Vec<Fit>| seat.iter().enumerate().filter(|(_, f)| counts(f)).map(|(i, _)| i).collect();
    fits.iter().map(of_seat).collect()
}

fn fit(policy: &Policy, facts: &Facts, role: &str, approver: &Approver<'_>) -> Fit {
    match (roles::member(policy, facts, role, approver.opinion.login), &approver.doubt) {
        (Member::No, _) => Fit::No,
        (Member::Yes, None) => Fit::Sure,
        (Member::Yes, Some(doubt)) | (Member::Unknown(_), Some(doubt)) => Fit::Maybe(doubt.clone()),
        (Member::Unknown(doubt), None) => Fit::Maybe(doubt),
    }
}

/// Those who approved the head and may count, by login; and those who approved and do not count.
fn approvers<'a>(
    facts: &Facts,
    parts: &Parts,
    opinions: &BTreeMap<String, Opinion<'a>>,
) -> (Vec<Approver<'a>>, Vec<Excluded>) {
    let (mut approvers, mut out) = (Vec::new(), Vec::new());
    for opinion in opinions.values() {
        match opinion.review.state {
            ReviewState::Approved => {}
            ReviewState::Dismissed => {
                out.push(excluded(opinion, "the review was dismissed".to_owned()));
                continue;
            }
            _ => continue,
        }
        let standing = parts.standing(facts, opinion.login, opinion.is_bot);
        let mut reasons = match &standing {
            Standing::Not(reasons) => reasons.clone(),
            _ => Vec::new(),
        };
        if opinion.review.commit_id.as_deref() != Some(facts.head_sha.as_str()) {
            reasons.push("approved an older commit".to_owned());
        }
        if !reasons.is_empty() {
            out.push(excluded(opinion, reasons.join(", ")));
            continue;
        }
        let doubt = match standing {
            Standing::Unknown(doubt) => Some(doubt),
            _ => None,
        };
        if let Some(doubt) = &doubt {
            out.push(excluded(opinion, doubt.message.clone()));
        }
        approvers.push(Approver { opinion: *opinion, doubt });
    }
    for review in opinions::orphaned(facts) {
        let opinion = Opinion { login: "(deleted account)", is_bot: false, review };
        out.push(excluded(&opinion, "the account is gone".to_owned()));
    }
    (approvers, out)
}

/// Approvals that would count if they were asked for, while somebody else is.
fn idle(approvers: &[Approver<'_>], placed: &[usize], missing: &[(String, usize)], fits: &[Vec<Fit>]) -> Vec<Excluded> {
    let roles: Vec<String> = missing.iter().map(|(role, _)| format!("`{role}`")).collect();
    let rest = approvers.iter().enumerate().filter(|(i, a)| !placed.contains(i) && a.doubt.is_none());
    let told = rest.map(|(i, approver)| {
        let unread: Vec<String> = fits.iter().filter_map(|seat| seat[i].doubt()).map(|d| d.message.clone()).collect();
        let reason = match unread.first() {
            Some(first) => first.clone(),
            None => format!("is not of {}, which is missing", roles.join(" or ")),
        };
        excluded(&approver.opinion, reason)
    });
    told.collect()
}

/// A review that does not count.
pub fn excluded(opinion: &Opinion<'_>, reason: String) -> Excluded {
    let said = match opinion.review.state {
        ReviewState::Approved => "approved",
        ReviewState::ChangesRequested => "asked for changes",
        ReviewState::Dismissed => "was dismissed",
        ReviewState::Commented | ReviewState::Pending => "commented",
    };
    Excluded {
        person: opinion.login.to_owned(),
        said: said.to_owned(),
        reason,
        review_id: opinion.review.id,
        commit: opinion.review.commit_id.clone(),
    }
}
