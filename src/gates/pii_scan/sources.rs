//! Tags that a source lost: the changed models that read it say so, since a source has no outcome of its own.

use super::columns::Side;
use crate::finding::{Finding, Severity};
use crate::gates::Context;
use std::collections::BTreeSet;

/// Source columns that were tagged on base, are not on head, and whose value the model reads.
pub(super) fn check(head: &Side<'_>, base: Option<&Side<'_>>, cx: &Context<'_>) -> Vec<Finding> {
    let Some(base) = base else { return Vec::new() };
    let mut findings = Vec::new();
    for id in head.model.depends_on.iter().filter(|id| cx.head.project.sources.contains_key(*id)) {
        let (before, now) = (&base.flow.marks, &head.flow.marks);
        let mut lost: BTreeSet<String> =
            before.tagged_columns(id).into_iter().filter(|c| !now.tagged(id, c)).map(str::to_lowercase).collect();
        if before.whole(id).is_some() && now.whole(id).is_none() && !now.any(id) {
            lost.extend(read_columns(head, id));
        }
        for column in lost {
            let carriers: Vec<&String> =
                head.names.iter().filter(|name| head.sources(name).contains(&(id.clone(), column.clone()))).collect();
            let Some(first) = carriers.first() else { continue };
            let covered = carriers.iter().all(|name| now.tagged(head.id(), name));
            // A column of the model that lost its own tag too is reported as such, once.
            if carriers.iter().any(|name| before.tagged(base.id(), name) && !now.tagged(head.id(), name)) {
                continue;
            }
            findings.push(finding(head, id, &column, first, covered, cx));
        }
    }
    findings
}

fn finding(head: &Side<'_>, id: &str, column: &str, carrier: &str, covered: bool, cx: &Context<'_>) -> Finding {
    let source = format!("{}.{column}", cx.head.display_name(id));
    let message = format!("{source} lost its tag; its value is in `{carrier}`");
    let help = "put the tag back on the source: everything downstream takes it from there";
    let finding = Finding::new("pii_scan/tag-dropped", message, help).column(carrier).evidence("source", source);
    let declared = cx.head.project.sources.get(id).map(|s| {
        let own = s.columns.values().find(|c| c.name.eq_ignore_ascii_case(column));
        own.map_or(&s.place, |c| &c.place).location()
    });
    let finding = finding.at(declared.unwrap_or_else(|| head.place(carrier)));
    if covered { finding.severity(Severity::Warning) } else { finding }
}

fn read_columns(head: &Side<'_>, id: &str) -> BTreeSet<String> {
    let all = head.names.iter().flat_map(|name| head.sources(name));
    all.filter(|(table, _)| table == id).map(|(_, column)| column).collect()
}
