//! The merge windows of a pull request at the time that counts, and who may lift them.

use super::bar::ANY_PEER;
use super::doubt::Doubt;
use super::facts::{Facts, Label, PullState};
use super::judgement::{WindowState, WindowStatus};
use super::people::{Parts, Standing, bot_name};
use super::roles::{self, Member};
use super::window::{self, Opening};
use crate::policy::schema::WindowOverride;
use crate::policy::{Policy, Window};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The status of one window, and what leaves it in doubt.
pub struct Looked {
    /// What is told of it.
    pub status: WindowStatus,
    /// Set when its state is unknown.
    pub doubt: Option<Doubt>,
    /// What could not be read, though the state is known all the same.
    pub aside: Option<Doubt>,
}

/// The instant that counts: that of the merge, else now.
pub fn moment(facts: &Facts) -> Timestamp {
    match &facts.state {
        PullState::Merged { at, .. } => *at,
        _ => facts.now,
    }
}

/// Looks at the window of that name.
pub fn look(policy: &Policy, facts: &Facts, parts: &Parts, name: &str, layers: Vec<String>) -> Looked {
    let at = moment(facts);
    let mut status = WindowStatus {
        name: name.to_owned(),
        zone: String::new(),
        layers,
        state: WindowState::Unknown,
        reason: None,
        at: at.to_string(),
        open_until: None,
        opens: None,
        opens_at: None,
    };
    let known = policy.windows.get(name).ok_or_else(|| "the policy does not define it".to_owned());
    let (window, zone) = match known.and_then(|w| Ok((w, window::zone(w)?))) {
        Ok(found) => found,
        Err(why) => {
            status.reason = Some(why.clone());
            return Looked { status, doubt: Some(Doubt::calendar(name, &why)), aside: None };
        }
    };
    status.zone = window.tz.clone();
    status.at = local(at, &zone, &window.tz);
    let (opening, unread) = opening(facts, name, window, at);
    let aside = unread.as_ref().map(|why| Doubt::calendar(name, why));
    let closed = match opening {
        Some(Opening::Open(until)) => {
            status.state = WindowState::Open;
            status.open_until = until.map(|t| local(t, &zone, &window.tz));
            return Looked { status, doubt: None, aside };
        }
        Some(Opening::Closed { why, opens }) => {
            status.state = WindowState::Closed;
            status.reason = Some(why);
            status.opens = opens.map(|t| local(t, &zone, &window.tz));
            status.opens_at = opens.map(|t| t.to_string());
            None
        }
        None => {
            status.reason = unread.clone();
            aside.clone()
        }
    };
    let lifted = window.exception.as_ref().map_or(Lifted::No(None), |e| lifted(policy, facts, parts, e));
    match lifted {
        Lifted::By(login) => {
            status.state = WindowState::Overridden;
            let label = window.exception.as_ref().map_or("", |e| &e.label);
            status.reason = Some(format!("lifted by `{login}` with label `{label}`"));
            Looked { status, doubt: None, aside }
        }
        Lifted::No(why) => {
            if let (Some(reason), Some(why)) = (&mut status.reason, why) {
                reason.push_str(&format!("; {why}"));
            }
            Looked { status, doubt: closed, aside }
        }
        Lifted::Unknown(doubt) => {
            status.state = WindowState::Unknown;
            if let Some(reason) = &mut status.reason {
                reason.push_str(&format!("; {}", doubt.message));
            }
            Looked { status, doubt: Some(doubt), aside }
        }
    }
}

/// Whether it is open, as far as that can be told, and what could not be read of its calendar.
fn opening(facts: &Facts, name: &str, window: &Window, at: Timestamp) -> (Option<Opening>, Option<String>) {
    let text = match facts.holidays.get(name) {
        Some(Ok(text)) => Ok(Some(text.as_str())),
        Some(Err(why)) if matches!(window.holidays, Some(crate::policy::holidays::Holidays::Calendar(_))) => {
            Err(why.clone())
        }
        _ => Ok(None),
    };
    match text.and_then(|text| window::at(window, text, at)) {
        Ok(opening) => (Some(opening), None),
        Err(why) => match window::by_hours(window, at) {
            // Closed whatever the calendar says; when it opens, the calendar would have to say.
            Ok(Opening::Closed { why: hours, .. }) => (Some(Opening::Closed { why: hours, opens: None }), Some(why)),
            _ => (None, Some(why)),
        },
    }
}

/// Whether somebody who may has lifted the window.
enum Lifted {
    By(String),
    No(Option<String>),
    Unknown(Doubt),
}

fn lifted(policy: &Policy, facts: &Facts, parts: &Parts, exception: &WindowOverride) -> Lifted {
    let wanted = exception.label.to_lowercase();
    let Some(label) = facts.labels.iter().find(|l| l.name.to_lowercase() == wanted) else {
        return Lifted::No(None);
    };
    if let Some(why) = too_late(facts, label) {
        return Lifted::No(Some(why));
    }
    let Some(login) = &label.set_by else {
        return Lifted::No(Some(format!("nobody knows who set label `{}`", label.name)));
    };
    if bot_name(login) {
        return Lifted::No(Some(format!("label `{}` was set by a bot, `{login}`", label.name)));
    }
    let not = || Some(format!("label `{}` was set by `{login}`, who is not of `{}`", label.name, exception.by));
    if exception.by == ANY_PEER {
        return match parts.standing(facts, login, false) {
            Standing::Counts => Lifted::By(login.clone()),
            Standing::Not(_) => Lifted::No(not()),
            Standing::Unknown(doubt) => Lifted::Unknown(doubt),
        };
    }
    match roles::member(policy, facts, &exception.by, login) {
        Member::Yes => Lifted::By(login.clone()),
        Member::No => Lifted::No(not()),
        Member::Unknown(doubt) => Lifted::Unknown(doubt),
    }
}

/// Why a label that is there now does not speak for a merge that was before.
fn too_late(facts: &Facts, label: &Label) -> Option<String> {
    let PullState::Merged { at, .. } = &facts.state else { return None };
    match label.set_at {
        Some(set) if set <= *at => None,
        Some(_) => Some(format!("label `{}` was set after the merge", label.name)),
        None => Some(format!("nobody knows when label `{}` was set", label.name)),
    }
}

/// An instant as the people of the window read it.
fn local(at: Timestamp, zone: &TimeZone, name: &str) -> String {
    format!("{} {name}", at.to_zoned(zone.clone()).strftime("%a %Y-%m-%d %H:%M"))
}
