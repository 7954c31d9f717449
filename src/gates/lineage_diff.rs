//! `lineage_diff`: what each output column is made of, and which rows there are, on base and on head.

mod columns;
mod origins;
mod reach;
mod rows;
#[cfg(test)]
mod tests;
mod wording;

use super::texts::{Text, unchanged};
use super::{Change, Checked, Context, Gate, GateSpec, Needs, Rule, options};
use crate::engine::Side;
use crate::finding::{Finding, Severity};
use anyhow::{Result, anyhow};
use columns::Pair;
use schemars::JsonSchema;
use serde::Deserialize;

/// The gate's registration.
pub const SPEC: GateSpec = GateSpec {
    id: "lineage_diff",
    summary: "Per column: added, removed, renamed, re-sourced, computed differently; per model: filter, join, grain",
    help: "Compares what every output column is made of, over base relations with CTEs and aliases inlined, and the \
           clauses that decide which rows there are. Formatting, renamed CTEs and aliases make no difference. Evidence \
           lists the columns, exposures and metrics downstream that the change reaches.",
    needs: Needs::Static,
    rules: RULES,
    build: |value| Ok(Box::new(LineageDiff { _options: options(value)? })),
    options: || schemars::schema_for!(Options),
};

const RULES: &[Rule] = &[
    Rule { id: "lineage_diff/added", what: "A column is new.", help: "Nothing reads it yet; document and test it." },
    Rule {
        id: "lineage_diff/removed",
        what: "A column is gone.",
        help: "Keep it until its readers have moved: models downstream, dashboards, exports.",
    },
    Rule {
        id: "lineage_diff/renamed",
        what: "A column has the value of one that is gone, under a new name.",
        help: "Readers outside the project still ask for the old name.",
    },
    Rule {
        id: "lineage_diff/re-sourced",
        what: "A column has its name from before and its value from another source column.",
        help: "Every reader gets other numbers under the old name. If that is meant, say so in the pull request.",
    },
    Rule {
        id: "lineage_diff/re-routed",
        what: "A column has the same origin by way of another model.",
        help: "Check that the model on the way keeps the same rows.",
    },
    Rule {
        id: "lineage_diff/transformation-changed",
        what: "A column is computed from the same sources in another way.",
        help: "Check that the new expression is the meant one; readers get other values under the old name.",
    },
    Rule {
        id: "lineage_diff/kind-changed",
        what: "A column was a value of a row and is now an aggregate or window value, or the other way round.",
        help: "The column means something else now: give it another name, or restore the old expression.",
    },
    Rule {
        id: "lineage_diff/filter-changed",
        what: "A filter or limit is new, gone or different.",
        help: "Rows appear or disappear for every reader. Check the row counts.",
    },
    Rule {
        id: "lineage_diff/join-changed",
        what: "A join is new, gone, of another kind or on another condition.",
        help: "Rows may multiply or disappear. Check the row counts and the key of the joined side.",
    },
    Rule {
        id: "lineage_diff/grain-changed",
        what: "GROUP BY or DISTINCT changed: a row stands for something else.",
        help: "Every sum downstream changes. Make a new model for a new grain.",
    },
    Rule {
        id: "lineage_diff/union-changed",
        what: "A set operation is new, gone or of another kind.",
        help: "UNION drops duplicates that UNION ALL keeps; a missing arm loses its rows.",
    },
    Rule {
        id: "lineage_diff/rows-changed",
        what: "The rows come from elsewhere, or the same clauses stand in another place.",
        help: "Check the row counts: a filter before an outer join is not the same as one after it.",
    },
    Rule {
        id: "lineage_diff/lineage-lost",
        what: "What a column is made of was known on base and is not any more.",
        help: "Name the columns instead of `*`, or qualify the reference.",
    },
    Rule {
        id: "lineage_diff/order-changed",
        what: "The columns are the same in another order.",
        help: "It matters to readers by position: UNION, INSERT without a column list, CSV exports.",
    },
];

/// Options of `lineage_diff`: there are none.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Options {}

struct LineageDiff {
    _options: Options,
}

impl Gate for LineageDiff {
    fn check(&self, change: &Change<'_>, cx: &Context<'_>) -> Result<Checked> {
        let Some(head) = change.head else { return Ok(removed(change, cx)) };
        if head.csv.is_some() || change.base.is_some_and(|b| b.csv.is_some()) {
            return Ok(columns::of_seed(change, cx));
        }
        let Some(base) = change.base else {
            let analysis = cx.analysis(Side::Head, &head.unique_id)?;
            let count = columns::count(analysis);
            return Ok(Checked::pass(format!("a new model with {count}")).evidence("columns", analysis.outputs.len()));
        };
        let now = cx.analysis(Side::Head, &head.unique_id)?;
        if change.same_output() {
            return Ok(Checked::pass(format!("provably the same output as base: {}", columns::count(now))));
        }
        if unchanged(change, cx.head.project.dialect) {
            return Ok(Checked::pass(format!("the SQL is the same as on base: {}", columns::count(now))));
        }
        let before =
            cx.analysis(Side::Base, &base.unique_id).map_err(|e| anyhow!("nothing to compare with: on base {e}"))?;
        let texts = Text::all(head)?;
        let full = texts.first().ok_or_else(|| anyhow!("no SQL"))?;
        let pair = Pair { base_model: base, head_model: head, base: before, head: now, text: *full, cx };
        let mut findings = pair.compare();
        findings.extend(incremental(change, &texts, cx, &findings)?);
        let changed = findings.iter().filter(|f| f.severity > Severity::Note).count();
        let columns = columns::count(now);
        let summary = match changed {
            0 => format!("{columns}; none of the old ones is made differently"),
            1 => format!("{columns}; 1 difference in what they are made of"),
            n => format!("{columns}; {n} differences in what they are made of"),
        };
        let exposures = reach::exposures(&head.unique_id, cx);
        Ok(Checked::found(summary, findings).evidence("columns", now.outputs.len()).evidence("exposures", exposures))
    }
}

/// Differences of the incremental texts that the full ones do not have.
fn incremental(change: &Change<'_>, texts: &[Text<'_>], cx: &Context<'_>, found: &[Finding]) -> Result<Vec<Finding>> {
    let (Some(base), Some(head)) = (change.base, change.head) else { return Ok(Vec::new()) };
    let base_texts = Text::all(base)?;
    let (before, now) = (base_texts.iter().find(|t| t.incremental), texts.iter().find(|t| t.incremental));
    let (before, now) = match (before, now) {
        (None, None) => return Ok(Vec::new()),
        (Some(before), Some(now)) => (before, now),
        (before, _) => {
            let what = if before.is_some() { "no longer has" } else { "now has" };
            let message = format!("the model {what} a text of its own for incremental runs");
            let help = "check which rows an incremental run reads and replaces";
            let finding = Finding::new("lineage_diff/rows-changed", message, help).severity(Severity::Warning);
            return Ok(vec![finding.at(crate::finding::Location::file(&head.path))]);
        }
    };
    let read = |text: &Text<'_>, bound| {
        text.analysis(bound).map(|a| a.into_owned()).map_err(|e| anyhow!("SQL not parsed (incremental run): {e}"))
    };
    let (base_analysis, head_analysis) = (read(before, cx.base)?, read(now, cx.head)?);
    let pair = Pair { base_model: base, head_model: head, base: &base_analysis, head: &head_analysis, text: *now, cx };
    let mut findings = pair.compare();
    findings.retain(|f| !found.iter().any(|k| k.rule == f.rule && k.column == f.column && k.message == f.message));
    for finding in &mut findings {
        finding.message.push_str(now.which());
    }
    Ok(findings)
}

/// A removed model: exposures that show it lose their data.
fn removed(change: &Change<'_>, cx: &Context<'_>) -> Checked {
    let model = change.model();
    let on_base = cx.base.project.exposures.iter().filter(|(_, ids)| ids.contains(&model.unique_id));
    let lost: Vec<String> =
        on_base.map(|(name, _)| name.clone()).filter(|name| cx.head.project.exposures.contains_key(name)).collect();
    if lost.is_empty() {
        return Checked::pass("removed; no exposure shows it");
    }
    let message = format!("model `{}` is gone, but exposure {} shows it", model.name, lost.join(", "));
    let help = "keep the model until the exposure has moved, or remove the exposure with it";
    let finding = Finding::new("lineage_diff/removed", message, help).evidence("exposures", lost);
    Checked::found("removed while an exposure shows it", vec![finding])
}
