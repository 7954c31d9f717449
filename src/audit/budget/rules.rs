//! What the policy says of the budget, with what holds where it says nothing.

use crate::policy::Policy;
use anyhow::{Context, Result};
use globset::{Glob, GlobSet, GlobSetBuilder};
use jiff::SignedDuration;

/// How long after its merge a rollback counts: nineteen of twenty reverts in public repositories come within 30 days.
const WINDOW_MINUTES: u64 = 30 * 24 * 60;
/// What reviewers write of what a language model made up.
const WORDS: &[&str] = &[
    "hallucinat",
    "made up",
    "makes up",
    "does not exist",
    "doesn't exist",
    "no such column",
    "no such table",
    "wrong",
    "incorrect",
];

/// By what is counted.
pub struct Rules<'p> {
    /// The policy.
    pub policy: &'p Policy,
    /// Folder of the project from the repository's root, empty for the root.
    pub project_root: &'p str,
    /// How long after its merge a rollback counts.
    pub window: SignedDuration,
    /// What else is documentation.
    pub(super) docs: GlobSet,
    /// Words to look for in comments, in lower case.
    pub(super) words: Vec<String>,
}

impl<'p> Rules<'p> {
    /// Those of a policy.
    ///
    /// # Errors
    /// A glob of `budget.docs` that is none, or a window beyond all time.
    pub fn of(policy: &'p Policy, project_root: &'p str) -> Result<Self> {
        let budget = &policy.budget;
        let mut docs = GlobSetBuilder::new();
        for glob in budget.docs.iter().flatten() {
            docs.add(Glob::new(glob).with_context(|| format!("budget.docs of {}: `{glob}` is no glob", policy.path))?);
        }
        let minutes = budget.window.as_ref().map_or(WINDOW_MINUTES, |w| w.minutes);
        let minutes = i64::try_from(minutes).ok().filter(|m| *m < i64::MAX / 60);
        let minutes = minutes.with_context(|| format!("budget.window of {} is too long", policy.path))?;
        let words = match &budget.words {
            Some(words) => words.iter().map(|w| w.trim().to_lowercase()).filter(|w| !w.is_empty()).collect(),
            None => WORDS.iter().map(|w| (*w).to_owned()).collect(),
        };
        Ok(Self { policy, project_root, window: SignedDuration::from_mins(minutes), docs: docs.build()?, words })
    }

    /// The label that declares a language model.
    pub fn label(&self) -> &str {
        self.policy.llm.label.as_deref().unwrap_or("assisted-by:llm")
    }
}
