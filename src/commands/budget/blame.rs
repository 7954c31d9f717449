//! Fixes blamed to pull requests, where the clone here is one of the repository.

use crate::audit::budget::period::Span;
use crate::audit::budget::result::Candidate;
use crate::audit::budget::{Rules, candidates as judged, fixes};
use crate::git::Repo;
use crate::history::History;
use std::collections::BTreeMap;

/// Most fixes that are looked at.
const MOST: usize = 500;

/// Candidates for an escape; what could not be looked at is noted.
pub(super) fn candidates(
    rules: &Rules<'_>,
    span: &Span,
    history: &History,
    notices: &mut Vec<String>,
) -> Vec<Candidate> {
    let all = fixes(rules, span, history);
    if all.is_empty() {
        return Vec::new();
    }
    let here = std::env::current_dir().ok().and_then(|dir| Repo::open(&dir).ok());
    let Some(repo) = here.filter(|repo| all.iter().any(|fix| repo.has(&fix.sha))) else {
        notices.push(format!(
            "{} fixes were not blamed to what they mend: that needs a clone of {} as the current folder",
            all.len(),
            history.repository
        ));
        return Vec::new();
    };
    let (mut blamed, mut missed) = (BTreeMap::new(), all.len().saturating_sub(MOST));
    for fix in all.iter().take(MOST) {
        match repo.origins(&fix.sha, fix.steps, &is_code) {
            Ok(origins) => {
                let lines = origins.into_iter().map(|(o, lines)| (o.sha, o.headline, lines)).collect();
                blamed.insert(fix.number, lines);
            }
            Err(_) => missed += 1,
        }
    }
    if missed > 0 {
        notices.push(format!(
            "{missed} of {} fixes were not blamed to what they mend: this clone does not hold all of their history",
            all.len()
        ));
    }
    judged(rules, span, history, &blamed)
}

/// Files that a defect of a model can lie in.
fn is_code(path: &str) -> bool {
    let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
    matches!(ending, "sql" | "yml" | "yaml" | "py" | "csv" | "jinja" | "j2")
}
