//! Which rows there are: clauses of base against clauses of head, one finding a clause.

use super::columns::Pair;
use super::reach;
use super::wording::{clip, shown_expression, without_blocks};
use crate::finding::{Finding, Location, Severity};
use crate::sql::{Clause, ClauseKind};
use std::collections::BTreeSet;

/// Kinds with their rule, in the order in which they are told, and their word.
const KINDS: &[(ClauseKind, &str, &str)] = &[
    (ClauseKind::Filter, "lineage_diff/filter-changed", "filter"),
    (ClauseKind::Join, "lineage_diff/join-changed", "join"),
    (ClauseKind::Group, "lineage_diff/grain-changed", "grouping"),
    (ClauseKind::Distinct, "lineage_diff/grain-changed", "DISTINCT"),
    (ClauseKind::SetOperation, "lineage_diff/union-changed", "set operation"),
    (ClauseKind::Limit, "lineage_diff/filter-changed", "limit"),
    (ClauseKind::Other, "lineage_diff/rows-changed", "row source"),
];

/// Differences of the row shape. `explained`: whether columns differ already, which can change the shape with them.
pub(super) fn compare(pair: &Pair<'_>, explained: bool) -> Vec<Finding> {
    let same = pair.base.row_shape.is_some() && pair.base.row_shape == pair.head.row_shape;
    if same {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for &(kind, rule, word) in KINDS {
        let (gone, fresh) = difference(kind, pair);
        findings.extend(pairs(gone, fresh).into_iter().map(|(b, n)| finding(pair, rule, word, kind, b, n)));
    }
    if findings.is_empty() && !explained {
        findings.extend(elsewhere(pair));
    }
    findings
}

fn key(clause: &Clause) -> String {
    // A plain DISTINCT is over whatever the columns are: those are compared by themselves.
    match clause.kind {
        ClauseKind::Distinct if !clause.text.to_lowercase().contains("distinct on") => "distinct".to_owned(),
        _ => without_blocks(&clause.text),
    }
}

/// Clauses of one kind that only base has, and that only head has.
fn difference<'a>(kind: ClauseKind, pair: &Pair<'a>) -> (Vec<&'a Clause>, Vec<&'a Clause>) {
    let of = |clauses: &'a [Clause]| clauses.iter().filter(|c| c.kind == kind).collect::<Vec<_>>();
    let (mut gone, mut fresh) = (of(&pair.base.clauses), of(&pair.head.clauses));
    gone.retain(|clause| {
        let twin = fresh.iter().position(|c| key(c) == key(clause));
        twin.map(|at| fresh.remove(at)).is_none()
    });
    (gone, fresh)
}

/// Each clause that is gone with the new one most like it.
fn pairs<'a>(gone: Vec<&'a Clause>, mut fresh: Vec<&'a Clause>) -> Vec<(Option<&'a Clause>, Option<&'a Clause>)> {
    let mut pairs = Vec::new();
    for before in gone {
        let like = |c: &Clause| strsim::normalized_levenshtein(&clip(&c.text, 400), &clip(&before.text, 400));
        let best = (0..fresh.len()).map(|at| (at, like(fresh[at]))).max_by(|a, b| a.1.total_cmp(&b.1));
        let now = best.filter(|(_, score)| *score >= 0.4).map(|(at, _)| fresh.remove(at));
        pairs.push((Some(before), now));
    }
    pairs.extend(fresh.into_iter().map(|now| (None, Some(now))));
    pairs
}

fn finding(
    pair: &Pair<'_>,
    rule: &str,
    word: &str,
    kind: ClauseKind,
    before: Option<&Clause>,
    now: Option<&Clause>,
) -> Finding {
    let text = |c: &Clause| clip(&shown_expression(&c.text, pair.cx), 160);
    let mut message = match (before, now) {
        (Some(before), Some(now)) => {
            let how = if kind == ClauseKind::Filter { strength(&before.text, &now.text) } else { "changed" };
            format!("{word} {how}: {}", pair.clause_words(&before.text, &now.text))
        }
        (Some(before), None) => format!("{word} dropped: `{}`", text(before)),
        (None, Some(now)) => format!("new {word}: `{}`", text(now)),
        (None, None) => format!("{word} changed"),
    };
    let severity = match (kind, before) {
        (ClauseKind::Group | ClauseKind::Distinct | ClauseKind::SetOperation, _) => Severity::Error,
        (ClauseKind::Join, Some(_)) => Severity::Error,
        _ => Severity::Warning,
    };
    let exposures = reach::exposures(&pair.head_model.unique_id, pair.cx);
    let models = pair.cx.head.downstream(&pair.head_model.unique_id).len();
    let metrics = reach::metrics_of_rows(&pair.head_model.unique_id, pair.cx);
    message.push_str(&reach::of_rows(pair.head.outputs.len(), models, exposures.len(), metrics.len()));
    let help = "check that other rows are meant: every model downstream gets them";
    let mut finding = Finding::new(rule, message, help).severity(severity).at(place(pair, before, now));
    for (side, clause) in [("base", before), ("head", now)] {
        if let Some(clause) = clause {
            finding = finding.evidence(side, clip(&shown_expression(&clause.text, pair.cx), 2000));
        }
    }
    finding.evidence("downstream_models", models).evidence("exposures", exposures)
}

/// Whether a filter lets more rows through than before: it has one alternative more, or one less.
fn strength(before: &str, now: &str) -> &'static str {
    let (old, new) = (alternatives(before), alternatives(now));
    match (old.is_subset(&new), new.is_subset(&old)) {
        (true, false) => "weakened",
        (false, true) => "tightened",
        _ => "changed",
    }
}

/// The alternatives of a canonical condition: operands of OR, values of IN.
fn alternatives(text: &str) -> BTreeSet<String> {
    let inner = text.strip_prefix('(').and_then(|t| t.strip_suffix(')')).unwrap_or(text);
    let list = inner.split_once(" in (").filter(|(left, list)| !left.contains(['(', '\'']) && list.ends_with(')'));
    match list {
        Some((left, list)) if !left.ends_with(" not") => {
            let values = apart(&list[..list.len() - 1], ", ");
            values.into_iter().map(|value| equality(left, &value)).collect()
        }
        _ => apart(inner, " or ").into_iter().map(|one| bare(&one)).collect(),
    }
}

/// `status = 'x'` as the canonical text of an equality has it: in text order.
fn equality(left: &str, value: &str) -> String {
    let mut sides = [left, value];
    sides.sort_unstable();
    sides.join(" = ")
}

fn bare(text: &str) -> String {
    text.strip_prefix('(').and_then(|t| t.strip_suffix(')')).unwrap_or(text).to_owned()
}

/// Splits at a separator that stands in no brackets and no text.
fn apart(text: &str, separator: &str) -> Vec<String> {
    let (mut parts, mut from, mut depth, mut quoted) = (Vec::new(), 0, 0i32, false);
    for (at, c) in text.char_indices() {
        match c {
            '\'' => quoted = !quoted,
            '(' | '[' if !quoted => depth += 1,
            ')' | ']' if !quoted => depth -= 1,
            _ if !quoted && depth == 0 && at >= from && text[at..].starts_with(separator) => {
                parts.push(text[from..at].to_owned());
                from = at + separator.len();
            }
            _ => {}
        }
    }
    parts.push(text[from.min(text.len())..].to_owned());
    parts
}

/// The clause on head; for a dropped one the nearest clause of its kind that is left, or the file.
fn place(pair: &Pair<'_>, before: Option<&Clause>, now: Option<&Clause>) -> Location {
    let kind = before.or(now).map(|c| c.kind);
    let left = pair.head.clauses.iter().find(|c| Some(c.kind) == kind);
    match now.or(left).filter(|c| c.span.line > 0) {
        Some(clause) => pair.text.place(&clause.span),
        None => Location::file(&pair.head_model.path),
    }
}

/// The clauses are the same and the rows are not: other relations, or another place.
fn elsewhere(pair: &Pair<'_>) -> Option<Finding> {
    let ids = |uses: &[crate::sql::RelationUse]| uses.iter().map(|r| r.id.clone()).collect::<BTreeSet<_>>();
    let (before, now) = (ids(&pair.base.relations), ids(&pair.head.relations));
    let shown = |all: Vec<&String>| all.iter().map(|id| pair.cx.head.display_name(id)).collect::<Vec<_>>().join(", ");
    let (gone, fresh) = (shown(before.difference(&now).collect()), shown(now.difference(&before).collect()));
    let help = "check the row counts: where a clause stands decides which rows it sees";
    let relation = pair.head.relations.iter().find(|r| !before.contains(&r.id)).or(pair.head.relations.first());
    let at = relation.map_or_else(|| Location::file(&pair.head_model.path), |r| pair.text.place(&r.span));
    let (message, severity) = match (gone.is_empty(), fresh.is_empty()) {
        (false, false) => (format!("the rows now come from {fresh} (was {gone})"), Severity::Error),
        (false, true) => (format!("the rows no longer come from {gone}"), Severity::Error),
        (true, false) => (format!("the rows now come from {fresh} too"), Severity::Warning),
        // Neither side is understood well enough to say more, and no clause that we know of changed.
        _ if pair.base.row_shape.is_none() || pair.head.row_shape.is_none() => (
            "the SQL changed in a way that cannot be followed: whether the rows are the same is not known".to_owned(),
            Severity::Warning,
        ),
        _ => ("the same clauses stand in another place, and select other rows there".to_owned(), Severity::Warning),
    };
    Some(Finding::new("lineage_diff/rows-changed", message, help).severity(severity).at(at))
}
