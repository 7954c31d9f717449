//! The lineage as a Mermaid flowchart, for a page of GitHub: `mermaid` fenced text.

use super::drawing::{Drawing, End, Shape};
use super::{Lineage, Status};
use crate::output::mermaid::label;

/// Most boxes.
const SHAPES: usize = 60;
/// Most lines; the viewer refuses a graph of more than 500.
const LINES: usize = 400;
/// Bytes that the viewer takes, less what closes the graph.
const ROOM: usize = 48_000;

/// The flowchart in its fence.
pub fn mermaid(lineage: &Lineage) -> String {
    let drawing = Drawing::of(lineage, SHAPES);
    let mut text = String::from("```mermaid\nflowchart LR\n");
    let mut left_out = drawing.left_out;
    let mut drawn = vec![false; drawing.shapes.len()];
    for (at, shape) in drawing.shapes.iter().enumerate() {
        let part = box_of(at, shape);
        if text.len() + part.len() > ROOM / 2 {
            left_out += 1;
            continue;
        }
        drawn[at] = true;
        text.push_str(&part);
    }
    let mut lines = 0;
    let mut lines_left_out = 0;
    for line in drawing.lines.iter().filter(|l| drawn[l.from.0] && drawn[l.to.0]) {
        let arrow = match (line.status, line.value) {
            (Some(Status::Removed), _) => "-. was .->",
            (Some(_), _) => "-- new -->",
            (None, true) => "-->",
            (None, false) => "-.->",
        };
        let part = format!("  {} {arrow} {}\n", node(line.from), node(line.to));
        if lines == LINES || text.len() + part.len() > ROOM {
            lines_left_out += 1;
        } else {
            lines += 1;
            text.push_str(&part);
        }
    }
    if left_out + lines_left_out > 0 {
        text.push_str(&format!("  more[\"and {left_out} more, {lines_left_out} lines left out\"]\n"));
    }
    text.push_str(
        "  classDef changed stroke:#d1242f,stroke-width:3px\n  classDef added stroke:#1a7f37,stroke-width:3px\n",
    );
    text.push_str(
        "  classDef removed stroke:#d1242f,stroke-dasharray:4\n  classDef asked stroke:#0969da,stroke-width:3px\n",
    );
    text.push_str("```\n");
    text
}

fn node((shape, row): End) -> String {
    match row {
        Some(row) => format!("c{shape}_{row}"),
        None => format!("n{shape}"),
    }
}

fn box_of(at: usize, shape: &Shape) -> String {
    let status = |status: Option<Status>| status.map(|s| format!(" - {}", s.word())).unwrap_or_default();
    let class = |of: Option<Status>, focus: bool| match of {
        Some(of) => format!(":::{}", of.word()),
        None if focus => ":::asked".to_owned(),
        None => String::new(),
    };
    let title = format!("{}{}", label(&shape.title), status(shape.status));
    if shape.rows.is_empty() {
        let (open, close) = if shape.relation.is_some() { ("[", "]") } else { ("([", "])") };
        return format!("  n{at}{open}\"{title}\"{close}{}\n", class(shape.status, shape.focus));
    }
    let mut text = format!("  subgraph n{at}[\"{title}\"]\n");
    for (row, r) in shape.rows.iter().enumerate() {
        let lost = if r.unresolved { " - unresolved" } else { "" };
        let name = format!("{}{}{lost}", label(&r.name), status(r.status));
        text.push_str(&format!("    c{at}_{row}[\"{name}\"]{}\n", class(r.status, r.focus)));
    }
    if shape.more > 0 {
        text.push_str(&format!("    c{at}_more[\"and {} more\"]\n", shape.more));
    }
    text.push_str("  end\n");
    text
}
