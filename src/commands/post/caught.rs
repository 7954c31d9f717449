//! What the gates caught before the merge, over all heads of the pull request that were judged.
//!
//! Each record carries on what the record before it said, so that only one has to be read. Which one that is, our comment
//! tells; without a comment of ours (`--comment never`) the record knows its own head only.

use super::super::pull::record::from_text;
use super::super::pull::{Site, shown};
use crate::finding::Severity;
use crate::gates::GATES;
use crate::github::comment::Comment;
use crate::github::pull::Pull;
use crate::github::{check_run, is_sha};
use crate::report::Report;
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;

/// More findings of one rule are counted as that many.
const MAX_COUNT: u64 = 100_000;

/// Findings by rule.
pub(super) type Caught = BTreeMap<String, u64>;

/// Errors and warnings of a report by rule. Whoever wrote the report names rules as they like: only those that this program
/// knows are counted.
pub(super) fn of_report(report: &Report) -> Caught {
    let mut caught = Caught::new();
    for finding in report.findings.iter().filter(|f| matches!(f.severity, Severity::Error | Severity::Warning)) {
        if known(&finding.rule) {
            let count = caught.entry(finding.rule.clone()).or_default();
            *count = (*count + 1).min(MAX_COUNT);
        }
    }
    caught
}

/// Of each rule the most that one of both has.
pub(super) fn most(mut caught: Caught, other: &Caught) -> Caught {
    for (rule, count) in other.iter().filter(|(rule, _)| known(rule)) {
        let most = caught.entry(rule.clone()).or_default();
        *most = (*most).max(*count).min(MAX_COUNT);
    }
    caught
}

fn known(rule: &str) -> bool {
    GATES.iter().any(|gate| gate.rules.iter().any(|r| r.id == rule))
}

/// What the record says that our comment names: that of the head which was published last. Nothing where there is no
/// comment of ours, or where it names no record.
///
/// # Errors
/// GitHub does not answer, or the record is not the one that the comment names.
pub(super) fn earlier(site: &Site, key: Option<&str>, pull: &Pull, ours: &[Comment]) -> Result<Caught> {
    let named = ours.first().and_then(|c| named(c.body.as_deref()?, &shown::marker(key)));
    let Some((hash, head)) = named else { return Ok(Caught::new()) };
    let runs = check_run::ours(&site.client, &site.repository, head, &shown::check_name(key))
        .with_context(|| format!("cannot read the record at {head}"))?;
    let records = runs.iter().filter_map(|run| from_text(run.output.as_ref()?.text.as_deref()?));
    let is = |r: &crate::audit::record::Record| {
        r.hash == hash && r.head_sha == head && r.pr == pull.number && r.repo == site.repository.full_name()
    };
    match records.into_iter().find(is) {
        Some(record) => Ok(record.caught),
        None => bail!("the record at {head} is not the one that the comment names"),
    }
}

/// The line below the marker that names record and head.
pub(super) fn line(hash: &str, head: &str) -> String {
    format!("<!-- rowproof:record sha256:{hash} head:{head} -->")
}

/// Hash and head that our comment names.
fn named<'a>(body: &'a str, marker: &str) -> Option<(&'a str, &'a str)> {
    let below = body.trim_start().strip_prefix(marker)?.trim_start();
    let inner = below.lines().next()?.strip_prefix("<!-- rowproof:record sha256:")?.strip_suffix(" -->")?;
    let (hash, head) = inner.split_once(" head:")?;
    (hash.len() == 64 && is_sha(hash) && is_sha(head)).then_some((hash, head))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_comment_names_its_record() {
        let (hash, head) = ("a".repeat(64), "b".repeat(40));
        let marker = shown::marker(None);
        let body = format!("{marker}\n{}\n## text", line(&hash, &head));
        assert_eq!(named(&body, &marker), Some((hash.as_str(), head.as_str())));
        assert_eq!(named(&body, &shown::marker(Some("shop"))), None);
        // Only the line below the marker counts, and only ids that can stand in a path.
        for body in [
            format!("{marker}\n## text\n{}", line(&hash, &head)),
            format!("{marker}\n{}", line(&hash, "../../7")),
            format!("{marker}\n{}", line("short", &head)),
            marker.clone(),
        ] {
            assert_eq!(named(&body, &marker), None, "{body}");
        }
    }

    #[test]
    fn the_most_of_each_known_rule_is_kept() {
        let map = |all: &[(&str, u64)]| all.iter().map(|(r, c)| ((*r).to_owned(), *c)).collect::<Caught>();
        let (re_sourced, parse) = ("lineage_diff/re-sourced", GATES[0].rules[0].id);
        let here = map(&[(re_sourced, 2), (parse, 5)]);
        let before = map(&[(re_sourced, 7), (parse, 1), ("invented/rule", 9)]);
        assert_eq!(most(here.clone(), &before), map(&[(re_sourced, 7), (parse, 5)]));
        assert_eq!(most(Caught::new(), &map(&[(re_sourced, u64::MAX)])), map(&[(re_sourced, MAX_COUNT)]));
        assert_eq!(most(here.clone(), &Caught::new()), here);
    }
}
