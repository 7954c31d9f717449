//! Fixes, and the pull requests whose lines they changed: candidates for an escape, which a person confirms or refuses.

use super::Rules;
use super::commits::was_rebased;
use super::labelled::labelled;
use super::period::Span;
use super::result::Candidate;
use super::{changes, title};
use crate::audit::labels::{ESCAPE, ESCAPE_NOT};
use crate::history::{History, MergedPull};
use regex::Regex;
use std::collections::BTreeMap;
use std::sync::LazyLock;

static FIX: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)^(?:\[[^\]]{1,40}\]\s*)*(?:hot|bug)?fix(?:e[sd])?(?:\([^)]{0,60}\))?!?\s*[: ]|\bhotfix\b|\bbug ?fix\b",
    )
    .expect("a pattern of ours")
});
/// Labels of fixes.
const LABELS: &[&str] = &["hotfix", "bug", "bugfix", "incident"];

/// A merged fix: the lines that it changed are worth a look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// Pull request.
    pub number: u64,
    /// The commit that the merge made.
    pub sha: String,
    /// Commits that landed, the last of which is `sha`.
    pub steps: usize,
}

/// Fixes that were merged after something of the period, within the window.
pub fn fixes(rules: &Rules<'_>, span: &Span, history: &History) -> Vec<Fix> {
    let end = span.until.checked_add(rules.window).unwrap_or(span.until);
    let fits = |p: &&MergedPull| {
        p.merged_at >= span.since
            && p.merged_at < end
            && title::read(&p.title, p.number).is_empty()
            && (FIX.is_match(&p.title) || LABELS.iter().any(|l| labelled(p, l).is_on()))
    };
    let one = |p: &MergedPull| {
        let steps = if was_rebased(p) { p.commits.len() } else { 1 };
        Some(Fix { number: p.number, sha: p.merge_commit.as_ref()?.sha.clone(), steps })
    };
    history.pulls.values().filter(fits).filter_map(one).collect()
}

/// The pull requests of the period behind blamed lines: `blamed` has for each fix the commits (id and first line) that had
/// written the lines which it changed, with their number. What is an escape already, or was refused, is none.
pub fn candidates(
    rules: &Rules<'_>,
    span: &Span,
    history: &History,
    blamed: &BTreeMap<u64, Vec<(String, String, u64)>>,
) -> Vec<Candidate> {
    let mut by_sha: BTreeMap<&str, u64> = BTreeMap::new();
    for pull in history.pulls.values() {
        let all = pull.commits.iter().chain(&pull.merge_commit);
        by_sha.extend(all.map(|c| (c.sha.as_str(), pull.number)));
    }
    let mut found: BTreeMap<(u64, u64), u64> = BTreeMap::new();
    for (fix, commits) in blamed {
        let Some(fixed_at) = history.pulls.get(fix).map(|p| p.merged_at) else { continue };
        for (sha, headline, lines) in commits {
            let number = by_sha.get(sha.as_str()).copied().or_else(|| changes::own_number(history, headline));
            let Some(pull) = number.and_then(|n| history.pulls.get(&n)) else { continue };
            let in_time = pull.merged_at < fixed_at && fixed_at.duration_since(pull.merged_at) <= rules.window;
            let settled = [ESCAPE, ESCAPE_NOT].iter().any(|label| labelled(pull, label).is_on());
            if span.holds(pull.merged_at) && in_time && !settled {
                *found.entry((pull.number, *fix)).or_default() += lines;
            }
        }
    }
    let title = |fix: &u64| history.pulls.get(fix).map(|p| p.title.clone()).unwrap_or_default();
    let one = |((number, fix), lines)| Candidate { number, fix, title: title(&fix), lines };
    found.into_iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::super::sample::{at, pull, sha};
    use super::super::{Rules, period};
    use super::*;

    #[test]
    fn a_fix_leads_to_what_wrote_its_lines() {
        let policy = crate::policy::built_in("default").expect("the built-in policy");
        let rules = Rules::of(&policy, "").expect("rules");
        let span = period::quarter("2026-Q3", at("2026-11-25T00:00:00Z")).expect("a quarter");
        let mut fix = pull(3, "2026-07-20T00:00:00Z");
        fix.title = "fix(orders): totals".to_owned();
        let mut refused = pull(4, "2026-07-02T00:00:00Z");
        refused.labels.push("escape:not".to_owned());
        let pulls = [pull(1, "2026-06-01T00:00:00Z"), pull(2, "2026-07-01T00:00:00Z"), fix, refused];
        let history = History {
            repository: "acme/shop".into(),
            branches: vec!["main".into()],
            since: span.since,
            pulls: pulls.into_iter().map(|p| (p.number, p)).collect(),
            commits: Vec::new(),
            resolved: BTreeMap::new(),
            comments: BTreeMap::new(),
            gaps: Vec::new(),
        };
        let all = fixes(&rules, &span, &history);
        assert_eq!(all, [Fix { number: 3, sha: sha(3, 'a'), steps: 1 }]);
        let lines = [
            (sha(1, 'a'), String::new(), 5),
            (sha(2, 'a'), String::new(), 2),
            (sha(9, 'f'), "X (#2)".into(), 1),
            (sha(4, 'b'), String::new(), 4),
        ];
        let found = candidates(&rules, &span, &history, &[(3, lines.to_vec())].into());
        assert_eq!(found, [Candidate { number: 2, fix: 3, title: "fix(orders): totals".into(), lines: 3 }]);
        for other in ["Prefix names", "Add fixtures", "Suffix"] {
            assert!(!FIX.is_match(other), "{other}");
        }
    }
}
