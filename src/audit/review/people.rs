//! Who may count at all: with the right to write, and no part in the change.

use super::doubt::Doubt;
use super::facts::{Facts, Identity};
use std::collections::BTreeMap;

/// Permissions with which an approval counts.
const WRITERS: &[&str] = &["admin", "maintain", "write"];
/// Permissions with which it does not.
const READERS: &[&str] = &["triage", "read", "none"];

/// Whether somebody counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Yes.
    Counts,
    /// No, for these reasons.
    Not(Vec<String>),
    /// What could not be read decides.
    Unknown(Doubt),
}

/// Everybody who had a part in the change.
pub struct Parts {
    /// By login in lower case: what part, in words.
    logins: BTreeMap<String, Vec<String>>,
    /// People of commits without a login.
    nameless: Vec<(Identity, &'static str)>,
}

impl Parts {
    /// Reads them out of commits, trailers and claims.
    pub fn of(facts: &Facts) -> Self {
        let mut parts = Self { logins: BTreeMap::new(), nameless: Vec::new() };
        if let Some(author) = &facts.author {
            parts.login(author, "opened the pull request");
        }
        for commit in &facts.commits {
            parts.add(&commit.author, "is a commit author");
            parts.add(&commit.committer, "is a committer");
            for co_author in co_authors(&commit.message) {
                parts.add(&co_author, "is a co-author");
            }
        }
        if facts.llm.assisted || facts.llm.prompt_authors.is_some() {
            parts.prompt_authors(facts);
        }
        parts
    }

    fn prompt_authors(&mut self, facts: &Facts) {
        let claimed = facts.llm.prompt_authors.as_deref().unwrap_or_default();
        // A claim that is not true in one point is not believed in another.
        if claimed.is_empty() || facts.llm.prompt_mismatch.is_some() {
            let why = "is taken for the prompt author, since nobody is named";
            let committers = facts.commits.iter().flat_map(|c| [&c.author, &c.committer]);
            let logins: Vec<String> = committers.filter(|i| !nobody(i)).flat_map(logins_of).collect();
            for login in facts.author.iter().chain(&logins) {
                self.login(login, why);
            }
        }
        for login in claimed {
            self.login(super::bar::plain(login), "is the prompt author");
        }
    }

    fn login(&mut self, login: &str, part: &str) {
        let parts = self.logins.entry(login.to_lowercase()).or_default();
        if !parts.iter().any(|p| p == part) {
            parts.push(part.to_owned());
        }
    }

    fn add(&mut self, identity: &Identity, part: &'static str) {
        if nobody(identity) {
            return;
        }
        let logins = logins_of(identity);
        for login in logins.iter().filter(|l| !l.eq_ignore_ascii_case(WEB_FLOW)) {
            self.login(login, part);
        }
        if logins.is_empty() || is_web_flow(identity) {
            self.nameless.push((identity.clone(), part));
        }
    }

    /// Whether a person counts who is no bot by what GitHub says, or is.
    pub fn standing(&self, facts: &Facts, login: &str, is_bot: bool) -> Standing {
        let mut reasons = self.logins.get(&login.to_lowercase()).cloned().unwrap_or_default();
        if is_bot || bot_name(login) {
            reasons.push("is a bot".to_owned());
        }
        let profile = find(&facts.profiles, login);
        if let Some(Ok(profile)) = profile {
            for (identity, part) in &self.nameless {
                if let Some(same) = same_person(identity, profile) {
                    let reason = format!("{part}: a commit has the same {same}");
                    if !reasons.contains(&reason) {
                        reasons.push(reason);
                    }
                }
            }
        }
        let permission = find(&facts.permissions, login);
        if let Some(Ok(permission)) = permission
            && READERS.contains(&permission.to_lowercase().as_str())
        {
            reasons.push(format!("has no right to write (`{permission}`)"));
        }
        if !reasons.is_empty() {
            return Standing::Not(reasons);
        }
        match permission {
            Some(Ok(p)) if WRITERS.contains(&p.to_lowercase().as_str()) => {}
            Some(Ok(other)) => {
                return Standing::Unknown(Doubt::permission(
                    login,
                    &format!("`{other}` is not known to this rowproof"),
                ));
            }
            Some(Err(why)) => return Standing::Unknown(Doubt::permission(login, why)),
            None => return Standing::Unknown(Doubt::permission(login, "it was not read")),
        }
        if facts.commits.is_empty() {
            return Standing::Unknown(Doubt::commits());
        }
        match profile {
            Some(Err(why)) if !self.nameless.is_empty() => Standing::Unknown(Doubt::profile(login, why)),
            _ => Standing::Counts,
        }
    }
}

/// The co-authors that a commit message names: in any line, since squashed messages tear the block of trailers apart.
pub fn co_authors(message: &str) -> Vec<Identity> {
    let named = message.lines().filter_map(|line| {
        let (key, value) =
            line.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '*' | '-' | '>')).split_once(':')?;
        key.trim().eq_ignore_ascii_case("co-authored-by").then(|| identity(value.trim()))
    });
    named.collect()
}

fn identity(value: &str) -> Identity {
    let (name, email) = match value.rsplit_once('<') {
        Some((name, rest)) => (name.trim(), rest.split('>').next().unwrap_or(rest).trim()),
        None if value.contains('@') && !value.contains(' ') => ("", value),
        None => (value, ""),
    };
    Identity { login: None, name: name.to_owned(), email: email.to_owned() }
}

/// The login that GitHub gives, and the one that its address without mailbox holds.
fn logins_of(identity: &Identity) -> Vec<String> {
    let mut logins: Vec<String> = identity.login.iter().cloned().collect();
    if let Some(login) = no_reply_login(&identity.email)
        && !logins.iter().any(|l| l.eq_ignore_ascii_case(login))
    {
        logins.push(login.to_owned());
    }
    logins
}

/// The login within `ID+login@users.noreply.github.com` or `login@users.noreply.github.com`, on any server.
fn no_reply_login(email: &str) -> Option<&str> {
    let (local, domain) = email.rsplit_once('@')?;
    if !domain.to_lowercase().starts_with("users.noreply.") {
        return None;
    }
    let login = match local.split_once('+') {
        Some((id, login)) if !id.is_empty() && id.chars().all(|c| c.is_ascii_digit()) => login,
        _ => local,
    };
    (!login.is_empty()).then_some(login)
}

/// The account under which GitHub commits what people press in its pages.
const WEB_FLOW: &str = "web-flow";

fn is_web_flow(identity: &Identity) -> bool {
    identity.login.as_deref().is_some_and(|l| l.eq_ignore_ascii_case(WEB_FLOW))
        || identity.email.eq_ignore_ascii_case("noreply@github.com")
}

/// GitHub itself; under its address but another name it may be anybody.
fn nobody(identity: &Identity) -> bool {
    let name = identity.name.trim();
    let named = ["", "GitHub", WEB_FLOW].iter().any(|n| n.eq_ignore_ascii_case(name));
    is_web_flow(identity) && named && identity.login.as_deref().is_none_or(|l| l.eq_ignore_ascii_case(WEB_FLOW))
}

/// Whether a login is that of an app.
pub fn bot_name(login: &str) -> bool {
    login.to_lowercase().ends_with("[bot]")
}

/// What a person without a login has in common with a profile.
fn same_person(identity: &Identity, profile: &super::facts::Profile) -> Option<&'static str> {
    let email = |text: &str| text.trim().to_lowercase();
    let name = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    let same = |ours: &str, theirs: Option<&String>, plain: &dyn Fn(&str) -> String| {
        let ours = plain(ours);
        !ours.is_empty() && theirs.is_some_and(|t| plain(t) == ours)
    };
    if same(&identity.email, profile.email.as_ref(), &email) {
        return Some("e-mail");
    }
    same(&identity.name, profile.name.as_ref(), &name).then_some("name")
}

/// The entry of a login or team, without regard to case.
pub fn find<'a, T>(map: &'a BTreeMap<String, T>, key: &str) -> Option<&'a T> {
    map.iter().find(|(known, _)| known.to_lowercase() == key.to_lowercase()).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn co_authors_are_read_from_any_line() {
        let message = "Fix (#1)\n\n* wip\n\n  co-authored-by: Ann Lee <7+ann@users.noreply.github.com>\n\
                       * Co-Authored-By: Bob <BOB@Users.NoReply.GitHub.com>\nSigned-off-by: Eve <eve@x.org>\n\
                       Co-authored-by: dan@x.org\nco-authored-by Ken <k@x.org>\nCo-authored-by: Kim\n";
        let found = co_authors(message);
        let told: Vec<(&str, &str)> = found.iter().map(|i| (i.name.as_str(), i.email.as_str())).collect();
        assert_eq!(
            told,
            [
                ("Ann Lee", "7+ann@users.noreply.github.com"),
                ("Bob", "BOB@Users.NoReply.GitHub.com"),
                ("", "dan@x.org"),
                ("Kim", "")
            ]
        );
        assert_eq!(logins_of(&found[0]), ["ann"]);
        assert_eq!(logins_of(&found[1]), ["BOB"]);
        assert!(logins_of(&found[2]).is_empty());
    }

    #[test]
    fn addresses_without_mailbox() {
        assert_eq!(no_reply_login("12+a-b@users.noreply.github.com"), Some("a-b"));
        assert_eq!(no_reply_login("a+b@users.noreply.github.example.org"), Some("a+b"));
        for wrong in ["a@b.org", "noreply@github.com", "@users.noreply.github.com", "1+@users.noreply.github.com", "x"]
        {
            assert_eq!(no_reply_login(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn github_itself_is_nobody() {
        let who = |login: Option<&str>, name: &str, email: &str| Identity {
            login: login.map(str::to_owned),
            name: name.into(),
            email: email.into(),
        };
        assert!(nobody(&who(Some("web-flow"), "GitHub", "noreply@github.com")));
        assert!(nobody(&who(None, "GitHub", "noreply@github.com")));
        assert!(!nobody(&who(None, "Bob", "noreply@github.com")), "a name of a person under its address");
        assert!(!nobody(&who(None, "GitHub", "git@hub.org")));
    }
}
