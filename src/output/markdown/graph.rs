//! The changed columns and what they reach, as a Mermaid graph.

use crate::finding::{Finding, Severity};
use crate::output::mermaid::label;
use crate::output::overview::{plural, suppressed, target, worst_first};
use crate::report::Report;
use indexmap::{IndexMap, IndexSet};
use serde_json::Value;
use std::collections::BTreeMap;

/// Most nodes, the one that counts the others aside.
const NODES: usize = 30;
/// Most nodes that are changed columns: the rest is for what they reach.
const CHANGED: usize = 12;
/// Most edges.
const EDGES: usize = 90;
/// Gates whose findings tell where a column comes from and goes to.
const GATES: [&str; 2] = ["lineage_diff", "pii_scan"];

/// The graph under its heading; nothing when the findings tell of no column's way.
pub(super) fn section(report: &Report, room: usize) -> String {
    let graph = Graph::of(report);
    if graph.edges.is_empty() {
        return String::new();
    }
    let text = format!("\n### What the changed columns reach\n\n{}", graph.mermaid());
    // Labels are short: it only fails to fit when the rest of the comment has taken all.
    match text.len() <= room {
        true => text,
        false => format!("\nThe graph of {} is left out here.\n", plural(graph.changed, "changed column")),
    }
}

/// What a node stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    /// A column, or the rows of a model.
    Data,
    /// A dashboard or another exposure.
    Exposure,
    /// A place that reads the column.
    Place,
    /// That nothing is reached.
    Nothing,
}

/// How two nodes are tied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Tie {
    /// On head.
    Now,
    /// On base, and no longer.
    Was,
}

#[derive(Default)]
struct Graph {
    /// Node, and whether it is a changed column.
    nodes: IndexMap<(Kind, String), bool>,
    edges: IndexSet<(usize, usize, Tie)>,
    /// What did not fit, and the nodes that reach it.
    left_out: IndexSet<(Kind, String)>,
    reach_more: IndexSet<usize>,
    changed: usize,
}

impl Graph {
    fn of(report: &Report) -> Self {
        let mut graph = Graph::default();
        let told: Vec<&Finding> = worst_first(report)
            .into_iter()
            .filter(|f| GATES.contains(&f.gate.as_str()) && suppressed(f).is_none())
            .filter(|f| f.column.is_some() || f.severity > Severity::Note)
            .collect();
        let below: BTreeMap<&str, &[String]> =
            report.changes.iter().map(|c| (c.model.as_str(), c.downstream.as_slice())).collect();
        let mut roots = Vec::new();
        let mut labels: IndexSet<String> = IndexSet::new();
        for finding in told {
            let label = match &finding.column {
                Some(_) => target(finding),
                // Row findings reach the models downstream.
                None => format!("{} (rows)", finding.model),
            };
            labels.insert(label.clone());
            roots.push((label, finding));
        }
        graph.changed = labels.len();
        for label in &labels {
            let changed = graph.nodes.values().filter(|c| **c).count();
            if changed < CHANGED {
                graph.nodes.insert((Kind::Data, label.clone()), true);
            } else {
                graph.left_out.insert((Kind::Data, label.clone()));
            }
        }
        for (label, finding) in roots {
            let Some(at) = graph.nodes.get_index_of(&(Kind::Data, label)) else { continue };
            graph.around(at, finding, below.get(finding.model.as_str()).copied().unwrap_or_default());
        }
        graph
    }

    /// What the finding's evidence says of its column's sources and readers.
    fn around(&mut self, at: usize, finding: &Finding, below: &[String]) {
        for (key, tie) in [("now_from", Tie::Now), ("was_from", Tie::Was)] {
            for source in texts(finding, key) {
                self.tie(at, (Kind::Data, source), tie, true);
            }
        }
        if let Some(was) = finding.evidence.get("was").and_then(Value::as_str) {
            self.tie(at, (Kind::Data, format!("{}.{was}", finding.model)), Tie::Was, true);
        }
        for path in finding.evidence.get("paths").and_then(Value::as_array).into_iter().flatten() {
            // The steps from the tagged column to this one: the last before it is where the value comes in.
            let steps: Vec<&str> = path.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            if let Some(from) = steps.iter().rev().find(|step| **step != target(finding)) {
                self.tie(at, (Kind::Data, (*from).to_owned()), Tie::Now, true);
            }
        }
        let now = texts(finding, "downstream");
        let was = texts(finding, "downstream_on_base");
        for (columns, tie) in [(&now, Tie::Now), (&was, Tie::Was)] {
            for column in columns {
                self.tie(at, (Kind::Data, column.clone()), tie, false);
            }
        }
        if now.is_empty() && was.is_empty() {
            for place in texts(finding, "readers") {
                self.tie(at, (Kind::Place, place), Tie::Was, false);
            }
        }
        if finding.column.is_none() {
            for model in below {
                self.tie(at, (Kind::Data, model.clone()), Tie::Now, false);
            }
        }
        let exposures = texts(finding, "exposures");
        // Evidence that was looked for and is empty says something; evidence that is not there does not.
        if now.is_empty() && exposures.is_empty() && finding.evidence.contains_key("downstream") {
            self.tie(at, (Kind::Nothing, "nothing downstream".to_owned()), Tie::Now, false);
        }
        for exposure in exposures {
            self.tie(at, (Kind::Exposure, exposure), Tie::Now, false);
        }
    }

    /// Ties `at` to another node, which comes first when it is a `source`.
    fn tie(&mut self, at: usize, other: (Kind, String), tie: Tie, source: bool) {
        let known = self.nodes.get_index_of(&other);
        if known == Some(at) {
            return;
        }
        if (known.is_none() && self.nodes.len() >= NODES) || self.edges.len() >= EDGES {
            self.reach_more.insert(at);
            if known.is_none() {
                self.left_out.insert(other);
            }
            return;
        }
        let to = known.unwrap_or_else(|| self.nodes.insert_full(other, false).0);
        self.edges.insert(if source { (to, at, tie) } else { (at, to, tie) });
    }

    fn mermaid(&self) -> String {
        let mut text = String::from("```mermaid\nflowchart LR\n");
        for (at, ((kind, name), changed)) in self.nodes.iter().enumerate() {
            let name = label(name);
            let shape = match kind {
                Kind::Data => format!("[\"{name}\"]"),
                Kind::Exposure | Kind::Nothing => format!("([\"{name}\"])"),
                Kind::Place => format!("[/\"{name}\"/]"),
            };
            text.push_str(&format!("  n{at}{shape}{}\n", if *changed { ":::changed" } else { "" }));
        }
        for (from, to, tie) in &self.edges {
            let arrow = match tie {
                Tie::Now => "-->",
                Tie::Was => "-. was .->",
            };
            text.push_str(&format!("  n{from} {arrow} n{to}\n"));
        }
        if !self.left_out.is_empty() || !self.reach_more.is_empty() {
            let words = match self.left_out.len() {
                0 => "more ties".to_owned(),
                count => format!("and {count} more"),
            };
            text.push_str(&format!("  more[\"{words}\"]\n"));
            for at in &self.reach_more {
                text.push_str(&format!("  n{at} --> more\n"));
            }
        }
        text.push_str("  classDef changed stroke:#d1242f,stroke-width:3px\n```\n");
        text
    }
}

/// The texts of an evidence list; anything else of a report is shown with the finding.
fn texts(finding: &Finding, key: &str) -> Vec<String> {
    let values = finding.evidence.get(key).and_then(Value::as_array);
    values.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_that_reaches_nothing_says_so_only_when_that_is_known() {
        let of = |finding: &Finding| {
            let mut graph = Graph::default();
            graph.nodes.insert((Kind::Data, target(finding)), true);
            graph.around(0, finding, &[]);
            graph.mermaid()
        };
        let mut finding = Finding::new("lineage_diff/renamed", "renamed", "").column("b").evidence("was", "a");
        finding.model = "m".into();
        assert!(of(&finding).contains("  n1[\"m.a\"]\n  n1 -. was .-> n0\n"), "{}", of(&finding));
        let known = finding.evidence("downstream", Vec::<String>::new());
        assert!(of(&known).contains("  n2([\"nothing downstream\"])\n"), "{}", of(&known));
        assert!(of(&known).contains("  n0 --> n2\n"));
    }
}
