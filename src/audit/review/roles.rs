//! Who has which role.

use super::bar::{ANY_PEER, plain};
use super::doubt::Doubt;
use super::facts::Facts;
use super::people::find;
use crate::policy::Policy;

/// Whether somebody has a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Member {
    /// Yes.
    Yes,
    /// No.
    No,
    /// What could not be read decides.
    Unknown(Doubt),
}

/// Why nobody can have the role, whoever it is: the policy does not say who that is.
pub fn empty(policy: &Policy, role: &str) -> Option<Doubt> {
    if role == ANY_PEER {
        return None;
    }
    match policy.roles.get(role) {
        None => Some(Doubt::role(role, false)),
        Some(known) if known.users.is_empty() && known.teams.is_empty() => Some(Doubt::role(role, true)),
        Some(_) => None,
    }
}

/// Whether the person of that login has the role.
pub fn member(policy: &Policy, facts: &Facts, role: &str, login: &str) -> Member {
    if role == ANY_PEER {
        return Member::Yes;
    }
    if let Some(doubt) = empty(policy, role) {
        return Member::Unknown(doubt);
    }
    let Some(known) = policy.roles.get(role) else { return Member::No };
    let same = |name: &String| plain(name).to_lowercase() == login.to_lowercase();
    if known.users.iter().any(same) {
        return Member::Yes;
    }
    let mut doubt = None;
    for team in known.teams.iter().map(|t| plain(t)) {
        match find(&facts.teams, team) {
            Some(Ok(members)) if members.iter().any(same) => return Member::Yes,
            Some(Ok(_)) => {}
            Some(Err(why)) => doubt = doubt.or(Some(Doubt::team(team, role, why))),
            None => doubt = doubt.or(Some(Doubt::team(team, role, "it was not read"))),
        }
    }
    doubt.map_or(Member::No, Member::Unknown)
}

/// Who has the role, in words: for those who look for somebody to ask.
pub fn people(policy: &Policy, role: &str) -> String {
    let Some(known) = policy.roles.get(role).filter(|_| role != ANY_PEER) else {
        return "somebody with the right to write who had no part in the change".to_owned();
    };
    let names: Vec<&str> = known.users.iter().chain(&known.teams).map(|n| plain(n)).collect();
    format!("somebody of `{role}` ({})", names.join(", "))
}
