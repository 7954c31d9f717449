//! The answer in words.

use super::{Confidence, Mark, Provenance};
use std::collections::{BTreeMap, BTreeSet};

/// Marks that a report lists; the rest is counted.
const LISTED: usize = 20;

/// One sentence.
pub(super) fn sentence(of: &Provenance) -> String {
    if !of.assisted {
        let hints: Vec<String> = of.marks.iter().map(|m| format!("{} `{}`", m.source, m.text)).collect();
        return match hints.as_slice() {
            [] => "no sign of a language model; absence proves nothing".to_owned(),
            hints => format!("only a hint of a language model ({}), which proves nothing", hints.join(", ")),
        };
    }
    let by = tools(of);
    match (of.assisted_commits, of.commits) {
        (0, _) => format!("the change was assisted by {by}"),
        (1, 1) => format!("the commit was assisted by {by}"),
        (1, all) => format!("at least 1 of {all} commits was assisted by {by}"),
        (some, all) => format!("at least {some} of {all} commits were assisted by {by}"),
    }
}

/// `claude-code (Claude Opus 4.6) and copilot`.
fn tools(of: &Provenance) -> String {
    let mut by: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for mark in of.marks.iter().filter(|m| m.confidence > Confidence::Hint) {
        let models = by.entry(mark.tool.as_deref().unwrap_or("")).or_default();
        models.extend(mark.model.as_deref());
    }
    if by.len() > 1 {
        by.remove("");
    }
    let named = |(tool, models): (&str, BTreeSet<&str>)| {
        let tool = if tool.is_empty() { "a language model" } else { tool };
        match models.len() {
            0 => tool.to_owned(),
            _ => format!("{tool} ({})", models.into_iter().collect::<Vec<_>>().join(", ")),
        }
    };
    let named: Vec<String> = by.into_iter().map(named).collect();
    match named.as_slice() {
        [all @ .., last] if !all.is_empty() => format!("{} and {last}", all.join(", ")),
        _ => named.concat(),
    }
}

/// One line a mark: where, what, the line itself.
pub(super) fn evidence(of: &Provenance) -> Vec<String> {
    let mut lines: Vec<String> = of.marks.iter().take(LISTED).map(line).collect();
    if of.marks.len() > LISTED {
        lines.push(format!("and {} more", of.marks.len() - LISTED));
    }
    lines
}

fn line(mark: &Mark) -> String {
    let tool = mark.tool.as_deref().unwrap_or("a language model");
    let model = mark.model.as_deref().map_or(String::new(), |m| format!(" ({m})"));
    let hint = if mark.confidence == Confidence::Hint { ", a hint only" } else { "" };
    format!("{}: {tool}{model}{hint}: {}", mark.source, mark.text)
}
