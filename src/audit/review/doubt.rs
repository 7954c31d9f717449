//! What could not be read, and what to do about it.

/// A reason why nobody can tell.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Doubt {
    /// The rule under which it is told.
    pub rule: &'static str,
    /// What.
    pub message: String,
    /// What to do.
    pub help: String,
}

impl Doubt {
    /// A login's permission.
    pub fn permission(login: &str, why: &str) -> Self {
        Self {
            rule: "review/unreadable-permission",
            message: format!("the permission of `{login}` could not be read: {why}"),
            help: "give a token that may read the repository's collaborators, and run the check again".to_owned(),
        }
    }

    /// A login's profile.
    pub fn profile(login: &str, why: &str) -> Self {
        Self {
            rule: "review/unreadable-permission",
            message: format!(
                "the profile of `{login}` could not be read, and a commit names somebody without a login: {why}"
            ),
            help: "run the check again, or let the commit be made with an e-mail that GitHub knows".to_owned(),
        }
    }

    /// The commits.
    pub fn commits() -> Self {
        Self {
            rule: "review/unreadable-permission",
            message: "no commit of the pull request is known, so nobody can tell who had a part in it".to_owned(),
            help: "run the check again".to_owned(),
        }
    }

    /// The members of a team.
    pub fn team(team: &str, role: &str, why: &str) -> Self {
        let mut help = "give it a token with read:org".to_owned();
        help.push_str(&format!(", or list the users of `{role}` in the policy"));
        Self {
            rule: "review/unreadable-team",
            message: format!("the token cannot read team {team} of role `{role}`: {why}"),
            help,
        }
    }

    /// A role that has nobody.
    pub fn role(role: &str, defined: bool) -> Self {
        let message = if defined {
            format!("role `{role}` has neither users nor teams in the policy, so nobody can fill it")
        } else {
            format!("the policy asks for role `{role}` and does not say who that is")
        };
        let help = format!(
            "add `roles: {{{role}: {{users: [...], teams: [organisation/team]}}}}` to the policy of the base branch"
        );
        Self { rule: "review/unknown-role", message, help }
    }

    /// A window's calendar, or its zone.
    pub fn calendar(window: &str, why: &str) -> Self {
        Self {
            rule: "review/unreadable-calendar",
            message: format!("nobody can tell whether merge window `{window}` is open: {why}"),
            help: "correct the calendar file or the `holidays` of the window on the base branch".to_owned(),
        }
    }
}
