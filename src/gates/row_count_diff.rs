//! `row_count_diff`: does head have about as many rows as base, and if not, which clause is the cause?

mod cause;
mod percent;
#[cfg(test)]
mod seeded;

use super::{Change, Checked, Context, Data, Gate, GateSpec, Needs, Rule, options};
use crate::engine::{Cell, Side};
use crate::finding::{Finding, Location, Severity};
use crate::reconcile::thousands;
use crate::report::ChangeKind;
use anyhow::{Result, bail};
use cause::{Cause, Effect};
use percent::Percent;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

/// Registration.
pub const SPEC: GateSpec = GateSpec {
    id: "row_count_diff",
    summary: "row count of base against head, with the clause that causes the difference",
    help: "Counts the rows of the model on both sides, built from the same sources, so that any difference is the pull \
           request's. A difference of at least `min_rows` rows is a warning from `warn` and an error from `fail` percent \
           of base; an incremental model may grow by `growth`. Every clause that differs (filters, joins and their kinds, \
           conditions and keys, grouping, DISTINCT, set operations, limits, columns that decide, what is read) is then made \
           alone on base and taken back alone on head, and the rows that each brings or takes are counted: the causes stand \
           in the order of their rows.",
    needs: Needs::Engine,
    rules: RULES,
    build,
    options: || schemars::schema_for!(Options),
};

const RULES: &[Rule] = &[
    Rule {
        id: "row_count_diff/rows-multiplied",
        what: "A join matches keys more than once, so that rows are multiplied.",
        help: "join on a key that is unique on the right side, or bring the right side to one row per key first",
    },
    Rule {
        id: "row_count_diff/rows-lost",
        what: "Head has fewer rows than base, beyond the policy's threshold.",
        help: "check that the rows are meant to go; the cause names the clause that drops them",
    },
    Rule {
        id: "row_count_diff/rows-gained",
        what: "Head has more rows than base, beyond the policy's threshold.",
        help: "check that the rows are meant to come; the cause names the clause that lets them in",
    },
    Rule {
        id: "row_count_diff/emptied",
        what: "The model has no rows on head.",
        help: "look for a condition that no row meets, or a join without a match",
    },
];

/// Options.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// Difference from which it is a warning, in percent of base's rows.
    pub warn: Percent,
    /// Difference from which it is an error, in percent of base's rows.
    pub fail: Percent,
    /// Smaller differences than this many rows are left alone (unless the model lost all its rows).
    pub min_rows: u64,
    /// Growth of an incremental model, in percent of base's rows, that is expected and left alone (default: 0%).
    pub growth: Percent,
}

impl Default for Options {
    fn default() -> Self {
        Self { warn: Percent::of(5.0), fail: Percent::of(10.0), min_rows: 50, growth: Percent::of(0.0) }
    }
}

struct RowCountDiff(Options);

fn build(value: &Value) -> Result<Box<dyn Gate>> {
    let options: Options = options(value)?;
    if options.warn.ratio() > options.fail.ratio() {
        bail!("`warn` is above `fail`; a difference would fail before it warns");
    }
    Ok(Box::new(RowCountDiff(options)))
}

impl Gate for RowCountDiff {
    fn check(&self, change: &Change<'_>, cx: &Context<'_>) -> Result<Checked> {
        if change.kind == ChangeKind::Removed {
            return Ok(Checked::skip("the model was removed"));
        }
        if change.same_output() {
            return Ok(Checked::pass("provably the same rows as base"));
        }
        let data = cx.data()?;
        let (base, head) = counts(change, data)?;
        let Some(base) = base else { return Ok(new_model(change, head)) };
        if base == head {
            let summary = format!("{} rows on both sides", thousands(head));
            return Ok(Checked::pass(summary).evidence("base", base).evidence("head", head));
        }
        let causes = cause::explain(change, cx, data, (base, head));
        let findings = self.judge(change, base, head, &causes);
        Ok(Checked::found(summary(base, head), findings)
            .evidence("base", base)
            .evidence("head", head)
            .evidence("causes", json!(causes.iter().map(|c| c.text.as_str()).collect::<Vec<_>>())))
    }
}

impl RowCountDiff {
    fn judge(&self, change: &Change<'_>, base: u64, head: u64, causes: &[Cause]) -> Vec<Finding> {
        let file = || Location::file(&*change.model().path);
        let why = causes.iter().map(|c| c.text.as_str()).collect::<Vec<_>>().join("; ");
        let place = causes.first().and_then(|c| c.place.clone()).unwrap_or_else(file);
        let message = format!("{}: {why}", summary(base, head));
        if head == 0 {
            let message = format!("{} rows on base, none on head: {why}", thousands(base));
            return vec![finding("row_count_diff/emptied", message, Severity::Error, place, base, head)];
        }
        let difference = base.abs_diff(head);
        let ratio = if base == 0 { f64::INFINITY } else { difference as f64 / base as f64 };
        let severity = match ratio {
            _ if difference < self.0.min_rows => None,
            // What is only added from run to run may grow so much.
            r if head > base && incremental(change) && r <= self.0.growth.ratio() => None,
            r if r >= self.0.fail.ratio() => Some(Severity::Error),
            r if r >= self.0.warn.ratio() => Some(Severity::Warning),
            _ => None,
        };
        if head > base && causes.first().is_some_and(|c| c.effect == Effect::Multiplies) {
            // A proven fan-out is told below the thresholds too: it seldom stays small.
            let severity = severity.unwrap_or(Severity::Warning);
            return vec![finding("row_count_diff/rows-multiplied", message, severity, place, base, head)];
        }
        let Some(severity) = severity else { return Vec::new() };
        let rule = if head > base { "row_count_diff/rows-gained" } else { "row_count_diff/rows-lost" };
        vec![finding(rule, message, severity, place, base, head)]
    }
}

/// Whether the model is incremental on both sides.
fn incremental(change: &Change<'_>) -> bool {
    let is =
        |model: &crate::project::Model| model.config.get("materialized").and_then(Value::as_str) == Some("incremental");
    change.base.is_some_and(is) && change.head.is_some_and(is)
}

fn new_model(change: &Change<'_>, head: u64) -> Checked {
    if head > 0 {
        return Checked::pass(format!("{} rows; new on head", thousands(head))).evidence("head", head);
    }
    let place = Location::file(&*change.model().path);
    let message = "the new model has no rows";
    let finding = finding("row_count_diff/emptied", message.into(), Severity::Warning, place, 0, 0);
    Checked::found("no rows; new on head", vec![finding]).evidence("head", head)
}

/// `61,948 -> 68,142 rows (+10.0%)`.
fn summary(base: u64, head: u64) -> String {
    let sign = if head > base { '+' } else { '-' };
    let percent = match base {
        0 => "from none".to_owned(),
        _ => {
            let percent = base.abs_diff(head) as f64 / base as f64 * 100.0;
            let digits = if percent < 0.1 { 4 } else { 1 };
            format!("{sign}{percent:.digits$}%")
        }
    };
    format!("{} -> {} rows ({percent})", thousands(base), thousands(head))
}

/// Rows on both sides, asked at once.
fn counts(change: &Change<'_>, data: &dyn Data) -> Result<(Option<u64>, u64)> {
    let id = &change.unique_id;
    let one = |side, name: &str| {
        Ok::<_, anyhow::Error>(format!("(select count(*) from {} as t) as {name}", data.relation(side, id)?))
    };
    let head = one(Side::Head, "h")?;
    let base = change.base.map(|_| one(Side::Base, "b")).transpose()?.map(|b| format!(", {b}"));
    let rows = data.engine().query(&format!("select {head}{}", base.unwrap_or_default()))?.rows;
    match rows.first().map(Vec::as_slice) {
        Some([Cell::Int(head)]) => Ok((None, u64::try_from(*head)?)),
        Some([Cell::Int(head), Cell::Int(base)]) => Ok((Some(u64::try_from(*base)?), u64::try_from(*head)?)),
        other => bail!("counts gave {other:?}"),
    }
}

fn finding(rule: &str, message: String, severity: Severity, place: Location, base: u64, head: u64) -> Finding {
    let help = RULES.iter().find(|r| r.id == rule).map_or("", |r| r.help);
    Finding::new(rule, message, help).severity(severity).at(place).evidence("base", base).evidence("head", head)
}

#[cfg(test)]
mod tests;
