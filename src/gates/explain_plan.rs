//! `explain_plan`: does the query pair, multiply or scan more rows than it should, judged by its text, its plan and the data?

mod cost;
mod joins;
mod plan;
mod scans;

use super::{Change, Checked, Context, Data, Gate, GateSpec, Needs, Rule, options};
use crate::engine::statement::single_query_in;
use crate::engine::{Cell, Side};
use crate::finding::{Finding, Location, Severity};
use crate::gates::context::not_compiled;
use crate::report::ChangeKind;
use anyhow::{Context as _, Result, anyhow, bail};
use plan::Node;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use std::cell::OnceCell;

/// Registration.
pub const SPEC: GateSpec = GateSpec {
    id: "explain_plan",
    summary: "the plan: Cartesian products, exploding joins, scans of big tables, cost against base",
    help: "Looks at every join of the model's own query: first at its text (relations parted by a comma, a condition that is \
           always true or names one side only), then at the engine's plan, and last at the data: how many rows each side has \
           and how often its keys stand there. The engine's estimate alone never fails a change. Only what is new or worse \
           than on base is told; a new model is judged whole. A cross join that is written as one and pairs fewer than \
           `cross_join_rows` rows (a calendar) is a note.",
    needs: Needs::Engine,
    rules: RULES,
    build,
    options: || schemars::schema_for!(Options),
};

const RULES: &[Rule] = &[
    Rule {
        id: "explain_plan/cartesian-product",
        what: "A join pairs every row with every row.",
        help: "join on a condition that ties both sides; write `cross join` where the product is meant and small",
    },
    Rule {
        id: "explain_plan/nested-loop",
        what: "A join without an equality compares every row with every row.",
        help: "add an equality that both sides share (a day, a bucket), or split an OR into two joins and a UNION",
    },
    Rule {
        id: "explain_plan/exploding-join",
        what: "The keys of a join stand more than once, so that rows are multiplied.",
        help: "join on a key that is unique on one side, or bring that side to one row per key first",
    },
    Rule {
        id: "explain_plan/cost-multiplied",
        what: "The query handles many times the rows that it handled on base.",
        help: "look for a join, a scan or a window that came in, and narrow its rows before it",
    },
    Rule {
        id: "explain_plan/full-scan",
        what: "A table that the policy declares big is read whole.",
        help: "filter it by its time or partition column, as close to the scan as can be",
    },
    Rule {
        id: "explain_plan/missing-partition-filter",
        what: "No condition on the partition column of a big table reaches its scan.",
        help: "compare the bare column with a constant or a bound: a function around it may hide it from the partitions",
    },
    Rule {
        id: "explain_plan/not-asked",
        what: "A join could not be asked for in the data, or the engine gives no plan that can be read here.",
        help: "look at the join yourself: is its key unique on one side?",
    },
];

/// A table that must not be read whole.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BigTable {
    /// A source (`raw.events`), a model or a table of the database, by name.
    pub table: String,
    /// Its time or partition column: a condition on it must reach the scan. Without one, any filter will do.
    #[serde(default)]
    pub partition: Option<String>,
}

/// Options of `explain_plan`.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// Pairs from which a product that nobody wrote as one is an error; fewer are a note (default: 1,000).
    pub accidental_rows: u64,
    /// Pairs from which a written `cross join`, or one with rows that are made up, is an error; fewer are a note
    /// (default: 1,000,000).
    pub cross_join_rows: u64,
    /// Pairs from which a join without an equality is an error (default: 10,000,000).
    pub nested_loop_rows: u64,
    /// How many times as many rows a join may make (default: 2).
    pub explode: f64,
    /// How many times as many rows fail even where the model's own rows do not grow (default: 10).
    pub explode_fail: f64,
    /// Smaller numbers of rows more are left alone (default: 50).
    pub min_rows: u64,
    /// How many times the work of base, in rows that the steps of the plan handle, the query may do (default: 10).
    pub cost_factor: f64,
    /// Work below which its growth is left alone, in rows (default: 100,000).
    pub cost_rows: u64,
    /// Tables that must not be read whole.
    pub big_tables: Vec<BigTable>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            accidental_rows: 1_000,
            cross_join_rows: 1_000_000,
            nested_loop_rows: 10_000_000,
            explode: 2.0,
            explode_fail: 10.0,
            min_rows: 50,
            cost_factor: 10.0,
            cost_rows: 100_000,
            big_tables: Vec::new(),
        }
    }
}

struct ExplainPlan {
    options: Options,
}

fn build(value: &Value) -> Result<Box<dyn Gate>> {
    let options: Options = options(value)?;
    for (name, factor) in
        [("explode", options.explode), ("explode_fail", options.explode_fail), ("cost_factor", options.cost_factor)]
    {
        if !(factor.is_finite() && factor >= 1.0) {
            bail!("`{name}` is a factor of at least 1");
        }
    }
    Ok(Box::new(ExplainPlan { options }))
}

impl Gate for ExplainPlan {
    fn check(&self, change: &Change<'_>, cx: &Context<'_>) -> Result<Checked> {
        let Some(head) = change.head.filter(|_| change.kind != ChangeKind::Removed) else {
            return Ok(Checked::skip("the model was removed"));
        };
        if head.csv.is_some() {
            return Ok(Checked::skip("a seed has no query"));
        }
        if change.same_output() {
            return Ok(Checked::pass("provably the query of base"));
        }
        let data = cx.data()?;
        let now = cx.analysis(Side::Head, &change.unique_id)?;
        let before = change.base.and_then(|_| cx.analysis(Side::Base, &change.unique_id).ok());
        let known = OnceCell::new();
        let grew = || *known.get_or_init(|| grew(change, data));
        let looked = joins::look(change, cx, data, &self.options, (before, now), &grew);
        let mut findings = looked.findings.clone();
        let planned = self.planned(change, cx, data, &looked);
        let (work, more) = match planned {
            Ok(planned) => planned,
            // What is proven already is not kept back because the rest cannot be told.
            Err(_) if findings.iter().any(|f| f.severity == Severity::Error) => (None, Vec::new()),
            Err(error) => return Err(error),
        };
        findings.extend(more);
        let mut summary = match looked.joins {
            0 => "no join".to_owned(),
            1 => "1 join".to_owned(),
            n => format!("{n} joins"),
        };
        if looked.unknown > 0 {
            summary.push_str(&format!(", {} of them could not be asked for in the data", looked.unknown));
        }
        let mut checked = Checked::found(summary, findings).evidence("joins", looked.joins);
        if let Some(work) = work {
            checked.summary.push_str(&format!("; {}", work.text()));
            checked = checked.evidence("estimated_rows", work.head);
            if let Some(base) = work.base {
                checked = checked.evidence("estimated_rows_on_base", base);
            }
        }
        Ok(checked)
    }
}

impl ExplainPlan {
    /// What the plans of both sides say.
    fn planned(
        &self,
        change: &Change<'_>,
        cx: &Context<'_>,
        data: &dyn Data,
        looked: &joins::Looked,
    ) -> Result<(Option<cost::Work>, Vec<Finding>)> {
        if !data.engine().explains() {
            return self.unplanned(change, cx, data, looked);
        }
        let head = plan_of(change, Side::Head, data)?;
        let base = change.base.map(|_| plan_of(change, Side::Base, data)).transpose().context("base")?;
        let mut findings = cost::loops(change, &self.options, base.as_ref(), &head, looked);
        let work = cost::Work { base: base.as_ref().map(Node::work), head: head.work() };
        // A join that is told already is where the work comes from, also where it is meant to be there.
        let told = |f: &Finding| f.severity == Severity::Error || f.rule == "explain_plan/cartesian-product";
        if !looked.findings.iter().any(told) {
            findings.extend(cost::judge(change, cx, data, &self.options, &work, looked));
        }
        findings.extend(scans::look(change, cx, data, &self.options.big_tables, (base.as_ref(), Some(&head)))?);
        Ok((Some(work), findings))
    }

    /// What is left where the engine gives no plan: it would spare big tables that the text does not, and warn of loops
    /// that are written as no join; every join was judged by the data.
    fn unplanned(
        &self,
        change: &Change<'_>,
        cx: &Context<'_>,
        data: &dyn Data,
        looked: &joins::Looked,
    ) -> Result<(Option<cost::Work>, Vec<Finding>)> {
        // What the engine cannot even read was not judged.
        let columns = format!("select * from {} as planned limit 0", data.relation(Side::Head, &change.unique_id)?);
        data.engine().query(&columns).with_context(|| change.model().name.clone())?;
        let mut findings = scans::look(change, cx, data, &self.options.big_tables, (None, None))?;
        let text = format!(
            "plans of {} cannot be read here: judged by the text and the data alone",
            data.engine().dialect().name()
        );
        let place = Location::file(&*change.model().path);
        if looked.joins > 0 {
            findings.push(finding("explain_plan/not-asked", text, Severity::Note).at(place));
        }
        Ok((None, findings))
    }
}

/// The plan of the model's own query: what it reads is there as tables, so that no plan of another model is in it.
fn plan_of(change: &Change<'_>, side: Side, data: &dyn Data) -> Result<Node> {
    let model = if side == Side::Base { change.base } else { change.head };
    let model = model.ok_or_else(|| anyhow!("there is no such model"))?;
    let compiled = model.compiled.as_ref().map_err(|reason| anyhow!("{}", not_compiled(reason)))?;
    let sql = data.rewrite(side, single_query_in(&compiled.sql, data.engine().dialect())?)?;
    plan::of(data.engine(), &sql).with_context(|| model.name.clone())
}

/// How many times as many rows the model has on head; once as many where it is new or cannot be counted.
fn grew(change: &Change<'_>, data: &dyn Data) -> f64 {
    let count = |side| {
        let relation = data.relation(side, &change.unique_id).ok()?;
        match data.engine().query(&format!("select count(*) as n from {relation} as t")).ok()?.rows.first()?.first()? {
            Cell::Int(n) => Some(*n as f64),
            _ => None,
        }
    };
    match change.base.and_then(|_| count(Side::Base)).zip(count(Side::Head)) {
        Some((base, head)) => head / base.max(1.0),
        None => 1.0,
    }
}

fn finding(rule: &str, message: String, severity: Severity) -> Finding {
    Finding::new(rule, message, RULES.iter().find(|r| r.id == rule).map_or("", |r| r.help)).severity(severity)
}

#[cfg(test)]
mod tests;
