//! What became of a pull request after its merge: rolled back, a defect that escaped, or neither.

use super::Rules;
use super::changes::Id;
use super::labelled::{Labelled, labelled};
use super::result::{Disagreement, ListedAs};
use super::undo::{Episode, Undone};
use crate::audit::labels::{ESCAPE, ESCAPE_NOT, ROLLBACK, ROLLBACK_NOT};
use crate::audit::record::Record;
use crate::history::MergedPull;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;

/// A re-land within this time cancels the rollback.
pub(super) const RELAND: SignedDuration = SignedDuration::from_hours(24);

/// A rollback that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RolledBack {
    /// When; `None` where only a label or a record without a time tells.
    pub at: Option<Timestamp>,
    /// When the revert was merged, and what it was.
    pub revert: Option<(Timestamp, Id)>,
    /// When the label asked for it.
    pub labelled_at: Option<Timestamp>,
    /// What tells so.
    pub evidence: BTreeSet<&'static str>,
}

/// An escape that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Escaped {
    /// Fixes that name it.
    pub fixes: Vec<u64>,
    /// What tells so.
    pub evidence: BTreeSet<&'static str>,
}

/// What is told beside the count.
#[derive(Debug, Default)]
pub(super) struct Aside {
    /// Listed, not counted.
    pub listed: Vec<(ListedAs, String)>,
    /// Record against labels.
    pub disagreements: Vec<Disagreement>,
}

/// Whether a pull request was rolled back.
pub(super) fn rolled_back(
    rules: &Rules<'_>,
    pull: &MergedPull,
    record: Option<&Record>,
    undone: &Undone,
    aside: &mut Aside,
) -> Option<RolledBack> {
    let until = pull.merged_at.checked_add(rules.window).unwrap_or(Timestamp::MAX);
    let none: &[Episode] = &[];
    let episodes = undone.episodes.get(&pull.number).map_or(none, Vec::as_slice);
    let stayed = |e: &Episode| e.relanded.as_ref().is_none_or(|(at, _)| at.duration_since(e.at) > RELAND);
    let revert = episodes.iter().find(|e| e.at <= until && stayed(e));
    let mut evidence: BTreeSet<&'static str> = revert.map(|e| e.evidence.clone()).unwrap_or_default();
    let label = labelled(pull, ROLLBACK);
    let in_time = match &label {
        Labelled::Since(Some(at)) => *at > pull.merged_at && *at <= until,
        Labelled::Since(None) => true,
        _ => false,
    };
    if in_time {
        evidence.insert("label");
    }
    let overridden = labelled(pull, ROLLBACK_NOT).is_on();
    let recorded = record.and_then(|r| r.later.rollback.as_deref());
    if let Some(what) = recorded {
        if overridden || evidence.is_empty() {
            let says =
                if overridden { "`rollback:not` says it was none" } else { "neither a revert nor a label says so" };
            let detail = format!("the record says it was rolled back ({what}), and {says}; the record counts");
            aside.disagreements.push(Disagreement { number: pull.number, about: "rollback".into(), detail });
        }
        evidence.insert("record");
    }
    if overridden && recorded.is_none() {
        if !evidence.is_empty() {
            aside.listed.push((ListedAs::Overridden, format!("`rollback:not` stands against {}", words(&evidence))));
        }
        return None;
    }
    if evidence.is_empty() {
        explain(pull, episodes, &label, until, aside);
        return None;
    }
    let labelled_at = if let Labelled::Since(at) = label { at.filter(|_| in_time) } else { None };
    let revert = revert.map(|e| (e.at, e.by.clone()));
    let at = revert.as_ref().map(|(at, _)| *at).into_iter().chain(labelled_at).min();
    Some(RolledBack { at, revert, labelled_at, evidence })
}

/// Whether a pull request let a defect escape.
pub(super) fn escaped(
    pull: &MergedPull,
    record: Option<&Record>,
    undone: &Undone,
    aside: &mut Aside,
) -> Option<Escaped> {
    let mut evidence = BTreeSet::new();
    let label = labelled(pull, ESCAPE);
    if label.is_on() {
        evidence.insert("label");
    }
    let causes = undone.caused.get(&pull.number).map_or(&[][..], Vec::as_slice);
    if !causes.is_empty() {
        evidence.insert("caused-by");
    }
    let overridden = labelled(pull, ESCAPE_NOT).is_on();
    let recorded = record.and_then(|r| r.later.escape.as_deref());
    if let Some(what) = recorded {
        if overridden || evidence.is_empty() {
            let says = if overridden { "`escape:not` says none did" } else { "neither a label nor a fix says so" };
            let detail = format!("the record says a defect escaped ({what}), and {says}; the record counts");
            aside.disagreements.push(Disagreement { number: pull.number, about: "escape".into(), detail });
        }
        evidence.insert("record");
    }
    if overridden && recorded.is_none() {
        if !evidence.is_empty() {
            aside.listed.push((ListedAs::Overridden, format!("`escape:not` stands against {}", words(&evidence))));
        }
        return None;
    }
    if evidence.is_empty() {
        if let Labelled::Withdrawn(at) = label {
            aside.listed.push((ListedAs::LabelWithdrawn, format!("`escape` was taken away at {at}")));
        }
        return None;
    }
    let mut fixes: Vec<u64> =
        causes.iter().filter_map(|id| if let Id::Pull(n) = id { Some(*n) } else { None }).collect();
    fixes.sort_unstable();
    fixes.dedup();
    Some(Escaped { fixes, evidence })
}

/// Why what looks like a rollback is none.
fn explain(pull: &MergedPull, episodes: &[Episode], label: &Labelled, until: Timestamp, aside: &mut Aside) {
    for episode in episodes {
        let by = shown(&episode.by);
        if episode.at > until {
            let detail = format!("reverted by {by} at {}, after the window", episode.at);
            aside.listed.push((ListedAs::LateRevert, detail));
        } else if let Some((at, again)) = &episode.relanded {
            let again = shown(again);
            let detail = format!("reverted by {by} at {}, and merged again by {again} at {at}", episode.at);
            aside.listed.push((ListedAs::Relanded, detail));
        }
    }
    match label {
        Labelled::Since(Some(at)) if *at <= pull.merged_at => {
            aside.listed.push((ListedAs::LateLabel, format!("`rollback` was set at {at}, before the merge")));
        }
        Labelled::Since(Some(at)) => {
            aside.listed.push((ListedAs::LateLabel, format!("`rollback` was set at {at}, after the window")));
        }
        Labelled::Withdrawn(at) => {
            aside.listed.push((ListedAs::LabelWithdrawn, format!("`rollback` was taken away at {at}")));
        }
        _ => {}
    }
}

/// A change as it is shown.
pub(super) fn shown(id: &Id) -> String {
    match id {
        Id::Pull(number) => format!("#{number}"),
        Id::Commit(sha) => format!("commit {}", sha.get(..12).unwrap_or(sha)),
    }
}

fn words(evidence: &BTreeSet<&'static str>) -> String {
    evidence.iter().copied().collect::<Vec<_>>().join(", ")
}
