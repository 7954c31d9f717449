//! `semantics`: SQL that parses, runs and gives the wrong number.

mod aggregates;
mod dates;
mod divisions;
mod fan_out;
mod joins;
mod known;
mod logic;
mod nature;
mod nulls;
mod numbers;
mod order;
mod pair;
mod rows;
mod rules;
#[cfg(test)]
mod tests;
mod types;

use super::texts::Text;
use super::{Change, Checked, Context, Gate, GateSpec, Needs, options};
use crate::finding::{Finding, Severity};
use crate::sql::Span;
use crate::sql::outline::{BlockId, Node, Outline, Select, outline, text};
use anyhow::{Result, anyhow, bail};
use known::{Facts, Known};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeSet;

/// The gate's registration.
pub const SPEC: GateSpec = GateSpec {
    id: "semantics",
    summary: "SQL that runs and is wrong: fan-out, ratios summed, NULL handling, integer division, lost filters",
    help: "Reads the query of base and of head, with what the project declares of its columns: keys (unique tests, \
           constraints, `meta.primary_key`), `not_null`, types, and what may be summed (`meta.aggregation`: sum, ratio, \
           average, percentile, count_distinct, none; `non_additive_dimension`; measures of semantic models). What base \
           has too is told as a note; rules that can be right on purpose look at what is new only.",
    needs: Needs::Static,
    rules: rules::RULES,
    build: |value| {
        Ok(Box::new(Semantics { _options: options(value)?, base: Facts::default(), head: Facts::default() }))
    },
    options: || schemars::schema_for!(Options),
};

/// Options of `semantics`: there are none.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Options {}

struct Semantics {
    _options: Options,
    base: Facts,
    head: Facts,
}

/// Expressions of one query that are looked at: rules set some of them against each other.
const LARGEST: usize = 40_000;

/// Findings of one text and severity that are told; what is beyond them is more of the same.
const MOST: usize = 200;

/// Rules whose findings are right on purpose in some models: they fail a change that brings them in, and warn of a new model.
const MEANT_AT_TIMES: &[&str] = &[
    "outer-join-made-inner",
    "closed-window",
    "join-condition-partial",
    "integer-division",
    "null-as-zero-in-average",
];

/// One defect in one text, before it is compared with base.
#[derive(Debug, Clone)]
struct Defect {
    /// Rule without the gate's name.
    rule: &'static str,
    severity: Severity,
    message: String,
    help: String,
    span: Span,
    /// Right on purpose so often that only what is new is told.
    only_new: bool,
    /// Of a new model nobody can tell whether it is meant.
    doubtful: bool,
    column: Option<String>,
}

impl Defect {
    fn new(rule: &'static str, span: Span, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            rule,
            severity: Severity::Error,
            message: message.into(),
            help: help.into(),
            span,
            only_new: false,
            doubtful: MEANT_AT_TIMES.contains(&rule),
            column: None,
        }
    }

    /// It does not fail a change by itself.
    fn warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }

    /// It fails a change that brings it in, and warns of a new model.
    fn doubtful(mut self) -> Self {
        self.doubtful = true;
        self
    }

    fn without_base(&mut self) {
        if self.severity == Severity::Error && self.doubtful {
            self.severity = Severity::Warning;
        }
    }

    /// It is worth knowing, no more.
    fn note(mut self) -> Self {
        self.severity = Severity::Note;
        self
    }

    /// It is told only where base does not have it.
    fn only_new(mut self) -> Self {
        self.only_new = true;
        self
    }

    fn of_column(mut self, column: &str) -> Self {
        self.column = Some(column.to_owned());
        self
    }
}

/// One query with what is known of what it reads.
struct Reading<'a> {
    outline: Outline,
    known: &'a Known<'a>,
    /// Keys that the project declares for this very model.
    own_keys: Vec<known::Key>,
}

impl Reading<'_> {
    fn text(&self, select: &Select, node: &Node) -> String {
        text(select, node)
    }

    /// SELECTs with the number of their block.
    fn selects(&self) -> impl Iterator<Item = (BlockId, &Select)> {
        self.outline.selects()
    }

    /// Everything that the rules over one text find, in reading order.
    fn defects(&self) -> Vec<Defect> {
        let mut found = Vec::new();
        for (block, select) in self.selects() {
            fan_out::look(self, block, select, &mut found);
            joins::look(self, block, select, &mut found);
            aggregates::look(self, block, select, &mut found);
            nulls::look(self, block, select, &mut found);
            dates::look(self, block, select, &mut found);
            numbers::look(self, block, select, &mut found);
            divisions::look(self, block, select, &mut found);
            logic::look(self, block, select, &mut found);
            order::look(self, block, select, &mut found);
        }
        found.sort_by(|a, b| (a.span.start, a.rule, &a.message).cmp(&(b.span.start, b.rule, &b.message)));
        // A CTE that is read twice, or an alias that is named again, says the same twice.
        let mut seen = BTreeSet::new();
        found.retain(|defect| seen.insert((defect.rule, defect.message.clone(), defect.span.start)));
        found
    }
}

impl Gate for Semantics {
    fn check(&self, change: &Change<'_>, cx: &Context<'_>) -> Result<Checked> {
        let Some(head) = change.head else { return Ok(Checked::skip("the model was removed")) };
        if head.csv.is_some() {
            return Ok(Checked::skip("a seed has no SQL"));
        }
        let (on_base, on_head) = (Known::new(cx.base, &self.base), Known::new(cx.head, &self.head));
        let base_texts = match change.base {
            Some(base) if base.csv.is_none() => {
                Text::all(base).map_err(|error| anyhow!("nothing to compare with: on base {error}"))?
            }
            _ => Vec::new(),
        };
        let mut findings: Vec<Finding> = Vec::new();
        for now in Text::all(head)? {
            let reading = read(&now, &on_head)?;
            let before = base_texts.iter().find(|text| text.incremental == now.incremental);
            let before = before.map(|text| read(text, &on_base)).transpose();
            let before = before.map_err(|error| anyhow!("nothing to compare with: on base {error}"))?;
            let old = before.as_ref().map(Reading::defects).unwrap_or_default();
            let mut defects = worse(reading.defects(), old, change.base.is_some() && change.same_output());
            // Only what is weighed already may be cut: what base has too must not push out what is new.
            let mut told = [0usize; 3];
            defects.retain(|defect| {
                let count = &mut told[defect.severity as usize];
                *count += 1;
                *count <= MOST
            });
            if change.base.is_none() {
                defects.iter_mut().for_each(Defect::without_base);
            }
            if let Some(before) = &before
                && !change.same_output()
            {
                defects.extend(pair::look(before, &reading));
            }
            for defect in defects {
                let finding = finding(&defect, &now);
                let known = |f: &Finding| f.rule == finding.rule && without_place(f) == without_place(&finding);
                if !findings.iter().any(known) {
                    findings.push(finding);
                }
            }
        }
        let (errors, warnings) = (count(&findings, Severity::Error), count(&findings, Severity::Warning));
        let summary = match errors + warnings {
            0 => "nothing that changes what the numbers mean".to_owned(),
            1 => "1 place where the numbers may be wrong".to_owned(),
            n => format!("{n} places where the numbers may be wrong"),
        };
        Ok(Checked::found(summary, findings))
    }
}

fn count(findings: &[Finding], severity: Severity) -> usize {
    findings.iter().filter(|finding| finding.severity == severity).count()
}

fn without_place(finding: &Finding) -> (&str, Option<&str>) {
    (finding.message.trim_end_matches(" (incremental run)"), finding.column.as_deref())
}

fn read<'a>(text: &Text<'_>, known: &'a Known<'a>) -> Result<Reading<'a>> {
    let outline = outline(text.sql, known.bound.project.dialect, known.bound)
        .map_err(|error| anyhow!("SQL not parsed{}: {error}", text.which()))?;
    let size: usize =
        outline.selects().flat_map(|(_, select)| select.expressions()).map(|(_, node)| node.all().len()).sum();
    if size > LARGEST {
        bail!("the query has {size} expressions, more than the {LARGEST} that are looked at; split the model");
    }
    let own_keys = known.declared_keys(&text.model.unique_id).to_vec();
    Ok(Reading { outline, known, own_keys })
}

/// What head has and base has not; of the rest what is an error stays as a note. Where both sides are proved to give the
/// same output, base has all of it, under whatever names.
fn worse(now: Vec<Defect>, before: Vec<Defect>, same_output: bool) -> Vec<Defect> {
    let mut left: Vec<(&'static str, String)> = before.into_iter().map(|d| (d.rule, d.message)).collect();
    let mut found = Vec::new();
    for mut defect in now {
        let old = left.iter().position(|(rule, message)| *rule == defect.rule && *message == defect.message);
        match old {
            None if !same_output => found.push(defect),
            at => {
                if let Some(at) = at {
                    left.swap_remove(at);
                }
                if !defect.only_new && defect.severity == Severity::Error {
                    defect.severity = Severity::Note;
                    defect.message.push_str(" (on base too)");
                    found.push(defect);
                }
            }
        }
    }
    found
}

fn finding(defect: &Defect, text: &Text<'_>) -> Finding {
    let rule = format!("semantics/{}", defect.rule);
    let message = format!("{}{}", defect.message, text.which());
    let finding = Finding::new(&rule, message, &defect.help).severity(defect.severity).at(text.place(&defect.span));
    match &defect.column {
        Some(column) => finding.column(column),
        None => finding,
    }
}
