//! Column references of the changed model that do not resolve.

use super::downstream::blamed_elsewhere;
use crate::finding::Finding;
use crate::gates::texts::{Text, maybe_of, unchanged};
use crate::gates::{Change, Context};
use crate::nearest::{hint, nearest};
use crate::sql::{Analysis, Reason, Unresolved};
use std::collections::BTreeSet;

/// References of one text that are wrong on head and were not on base.
pub(super) fn check(text: &Text<'_>, analysis: &Analysis, change: &Change<'_>, cx: &Context<'_>) -> Vec<Finding> {
    let before = wrong_on_base(change, cx);
    let same_text = unchanged(change, cx.head.project.dialect);
    let mut findings = Vec::new();
    for lost in &analysis.unresolved {
        let fresh = !before.contains(&key(lost));
        // Text that nobody touched broke because of a model upstream, which has the finding.
        let upstream = same_text && blamed_elsewhere(&text.model.unique_id, lost, analysis, cx);
        if fresh && !upstream {
            findings.extend(finding(text, lost, analysis, cx));
        }
    }
    findings
}

fn finding(text: &Text<'_>, lost: &Unresolved, analysis: &Analysis, cx: &Context<'_>) -> Option<Finding> {
    let name = &lost.name;
    let column = last_part(name);
    let tables: BTreeSet<String> = maybe_of(lost, analysis).map(|id| cx.head.display_name(id)).collect();
    let places = tables.iter().take(4).map(|t| format!("`{t}`")).collect::<Vec<_>>();
    let meant = nearest(column, lost.candidates.iter().map(String::as_str));
    let (rule, message, help) = match lost.reason {
        Reason::NotInSchema => {
            let wher = match places.len() {
                0 => "no relation in sight has it".to_owned(),
                1 => format!("{} has no such column", places[0]),
                _ if lost.tables.is_empty() => "no relation in sight has it".to_owned(),
                _ => format!("none of {} has it", places.join(", ")),
            };
            let message = format!("column `{name}` does not exist: {wher}{}", hint(meant));
            ("compile/column-not-found", message, "correct the name, or add the column upstream")
        }
        Reason::UnboundAlias => {
            let qualifier = name.rsplit_once('.').map_or(name.as_str(), |(q, _)| q);
            let message = format!("`{qualifier}` names no relation in sight (in `{name}`)");
            ("compile/unknown-alias", message, "correct the alias, or join the relation")
        }
        Reason::Ambiguous => {
            let of = if lost.tables.len() > 1 { format!(": {} have it", places.join(" and ")) } else { String::new() };
            let message = format!("column `{name}` is ambiguous{of}");
            ("compile/ambiguous-column", message, "qualify it with the relation that is meant")
        }
        Reason::ColumnCount => {
            let message = format!("numbers of columns do not fit: {name}");
            ("compile/column-count", message, "give both sides the same columns, in the same order")
        }
        // Not known is not wrong.
        Reason::OpenStar | Reason::Unsupported => return None,
    };
    let message = format!("{message}{}", text.which());
    let mut finding = Finding::new(rule, message, help).at(text.place(&lost.span)).evidence("reference", name.clone());
    if let Some(meant) = meant {
        finding = finding.evidence("did_you_mean", meant);
    }
    Some(finding.evidence("candidates", lost.candidates.iter().take(50).cloned().collect::<Vec<_>>()))
}

/// The wrong references of the base model, in any of its texts.
fn wrong_on_base(change: &Change<'_>, cx: &Context<'_>) -> BTreeSet<(String, Reason)> {
    let texts = change.base.and_then(|base| Text::all(base).ok()).unwrap_or_default();
    let analyses = texts.iter().filter_map(|t| t.analysis(cx.base).ok());
    analyses.flat_map(|a| a.unresolved.iter().map(key).collect::<Vec<_>>()).collect()
}

/// What makes two wrong references the same one.
pub(super) fn key(lost: &Unresolved) -> (String, Reason) {
    (lost.name.to_lowercase(), lost.reason)
}

/// The column of a reference as written, without its quotes.
pub(super) fn last_part(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name).trim_matches(['"', '`', '[', ']'])
}

/// The incremental text repeats most of the full one, and one wrong name is often read several times: the first
/// place in reading order speaks for all.
pub(super) fn once(findings: Vec<Finding>) -> Vec<Finding> {
    let mut kept: Vec<Finding> = Vec::new();
    for finding in findings {
        let plain = |f: &Finding| f.message.trim_end_matches(" (incremental run)").to_owned();
        if !kept.iter().any(|k| k.rule == finding.rule && plain(k) == plain(&finding)) {
            kept.push(finding);
        }
    }
    kept
}
