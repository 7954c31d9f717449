//! The plan of head against that of base: joins that only the plan shows, and how much work there is.

use super::joins::{Looked, count, rounded};
use super::plan::{Node, Step};
use super::{Options, finding};
use crate::engine::{Cell, Side};
use crate::finding::{Finding, Location, Severity};
use crate::gates::{Change, Context, Data};
use std::collections::BTreeSet;

/// Rows that the steps of both plans handle, by the engine's estimate.
pub(super) struct Work {
    pub(super) base: Option<f64>,
    pub(super) head: f64,
}

impl Work {
    pub(super) fn text(&self) -> String {
        match self.base {
            Some(base) => format!("about {} -> {} rows of work", count(base), count(self.head)),
            None => format!("about {} rows of work", count(self.head)),
        }
    }
}

/// Products and nested loops of the plan beyond those that the text of the joins shows, and beyond base's: a subquery
/// that is asked for each row, say. It is the estimate that speaks, so they are warnings.
pub(super) fn loops(
    change: &Change<'_>,
    options: &Options,
    base: Option<&Node>,
    head: &Node,
    looked: &Looked,
) -> Vec<Finding> {
    let heavy = |node: &Node| match node.step {
        Step::Product => node.pairs() >= options.cross_join_rows as f64,
        Step::NestedLoop => node.pairs() >= options.nested_loop_rows as f64,
        _ => false,
    };
    let all = |plan: &Node| plan.steps().into_iter().filter(|n| heavy(n)).map(Node::pairs).collect::<Vec<f64>>();
    let (now, before) = (all(head), base.map(all).unwrap_or_default());
    if now.len() <= before.len() || now.len() <= looked.unkeyed {
        return Vec::new();
    }
    let pairs = now.into_iter().fold(0.0, f64::max);
    let text = format!(
        "the engine plans to compare every row with every row, about {} pairs, for something that is written as no join",
        count(pairs)
    );
    let place = Location::file(&*change.model().path);
    vec![finding("explain_plan/nested-loop", text, Severity::Warning).at(place).evidence("estimated_pairs", pairs)]
}

/// Whether head does many times the work of base. The estimate is confirmed by counts: rows of what is read, and pairs that
/// meet in the joins; where these say otherwise there is nothing to tell.
pub(super) fn judge(
    change: &Change<'_>,
    cx: &Context<'_>,
    data: &dyn Data,
    options: &Options,
    work: &Work,
    looked: &Looked,
) -> Option<Finding> {
    let base = work.base?;
    let factor = work.head / base.max(1.0);
    if factor < options.cost_factor || work.head < options.cost_rows as f64 {
        return None;
    }
    let counted = |side: Side, meet: Option<f64>| Some(read_rows(change, cx, data, side)? + meet?);
    let counts = (counted(Side::Base, looked.meet[0]), counted(Side::Head, looked.meet[1]));
    let (severity, note) = match counts {
        (Some(before), Some(now)) if now >= options.cost_factor * before.max(1.0) => {
            (Severity::Error, format!("; counted, {} against {}", count(now), count(before)))
        }
        (Some(_), Some(_)) => return None,
        _ => (Severity::Warning, "; it could not be confirmed by counts".to_owned()),
    };
    let text = format!("{}, {} times as much as on base{note}", work.text(), rounded(factor));
    Some(finding("explain_plan/cost-multiplied", text, severity).at(Location::file(&*change.model().path)))
}

/// Rows of all relations that the model reads.
fn read_rows(change: &Change<'_>, cx: &Context<'_>, data: &dyn Data, side: Side) -> Option<f64> {
    let analysis = cx.analysis(side, &change.unique_id).ok()?;
    let ids: BTreeSet<&str> = analysis.relations.iter().filter(|r| r.known).map(|r| r.id.as_str()).collect();
    let counts =
        ids.into_iter().map(|id| Some(format!("(select count(*) from {} as t)", data.relation(side, id).ok()?)));
    let counts = counts.collect::<Option<Vec<String>>>()?;
    if counts.is_empty() {
        return Some(0.0);
    }
    match data.engine().query(&format!("select {} as n", counts.join(" + "))).ok()?.rows.first()?.first()? {
        Cell::Int(n) => Some(*n as f64),
        Cell::Float(x) => Some(*x),
        _ => None,
    }
}
