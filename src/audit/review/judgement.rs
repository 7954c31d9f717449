//! What comes out: who must look, who did, and what is wrong. Data only.

use crate::finding::Finding;
use serde::Serialize;

/// The answer: never neutral, never skipped, since either would pass a required check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Ruling {
    /// Everything that is asked for is there.
    Pass,
    /// Something is not, whatever could not be read.
    Fail,
    /// What could not be read decides.
    Error,
}

impl Ruling {
    /// The word as in the JSON.
    pub fn word(self) -> &'static str {
        match self {
            Ruling::Pass => "pass",
            Ruling::Fail => "fail",
            Ruling::Error => "error",
        }
    }
}

/// The human rules of one pull request, judged.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Judgement {
    /// The answer.
    pub verdict: Ruling,
    /// One line: why.
    pub summary: String,
    /// Layers that the pull request touches, in the order of the policy.
    pub layers: Vec<String>,
    /// The layer whose bar holds; `None` when nothing is asked.
    pub bar: Option<String>,
    /// The people asked for.
    pub seats: Vec<Seat>,
    /// People who said something that does not count, with the reason; sorted by login.
    pub excluded: Vec<Excluded>,
    /// Merge windows other than `any`, by name.
    pub windows: Vec<WindowStatus>,
    /// How soon a bad merge must be rolled back.
    pub rollback: Option<Rollback>,
    /// When it was merged (RFC 3339).
    pub merged_at: Option<String>,
    /// What is wrong, and what could not be read.
    pub findings: Vec<Finding>,
}

/// One person asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Seat {
    /// The role asked for.
    pub role: String,
    /// Asked for because a language model helped.
    pub for_llm: bool,
    /// Who fills it; nobody fills two.
    pub person: Option<String>,
    /// The approval that fills it.
    pub review_id: Option<u64>,
    /// The commit that was approved.
    pub commit: Option<String>,
}

/// A person whose review does not count.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Excluded {
    /// Login, or `(deleted account)`.
    pub person: String,
    /// `approved` or `asked for changes`.
    pub said: String,
    /// Why it does not count, in words.
    pub reason: String,
    /// The review.
    pub review_id: u64,
    /// The commit that was looked at.
    pub commit: Option<String>,
}

/// Whether a merge window is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum WindowState {
    /// Open.
    Open,
    /// Closed.
    Closed,
    /// Closed, and somebody who may has lifted it.
    Overridden,
    /// Nobody can tell.
    Unknown,
}

/// A merge window at the time that counts: now, or that of the merge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WindowStatus {
    /// Its name in the policy.
    pub name: String,
    /// IANA zone.
    pub zone: String,
    /// Layers that ask for it.
    pub layers: Vec<String>,
    /// Open or not.
    pub state: WindowState,
    /// Why it is closed or unknown; who lifted it.
    pub reason: Option<String>,
    /// When it was looked at, in its zone (`Thu 2026-03-05 10:00 Europe/Paris`).
    pub at: String,
    /// Until before when it is open, in its zone; `None` also when that is more than a year away.
    pub open_until: Option<String>,
    /// When it opens next, in its zone; `None` also when it does not within a year.
    pub opens: Option<String>,
    /// [`WindowStatus::opens`] as RFC 3339 in UTC, for machines.
    pub opens_at: Option<String>,
}

/// How soon a bad merge must be rolled back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rollback {
    /// As the policy writes it: the shortest of the layers touched.
    pub sla: String,
    /// After a merge: when it is due (RFC 3339, UTC).
    pub due: Option<String>,
}
