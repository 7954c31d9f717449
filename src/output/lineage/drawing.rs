//! The picture that Mermaid and the page draw: boxes with rows, and lines between them.

use super::{Lineage, ReaderKind, Relation, Status};
use std::collections::{BTreeSet, HashMap, VecDeque};

/// Most columns that one box shows.
const ROWS: usize = 40;

/// One relation, exposure or metric.
#[derive(Debug, Clone)]
pub(super) struct Shape {
    /// Index in [`Lineage::relations`]; none for an exposure or metric.
    pub(super) relation: Option<usize>,
    pub(super) title: String,
    /// `model`, `source`, `exposure`, ...
    pub(super) kind: &'static str,
    pub(super) status: Option<Status>,
    pub(super) focus: bool,
    pub(super) rows: Vec<Row>,
    /// Columns that did not fit.
    pub(super) more: usize,
    /// What stands under the title where no columns are shown.
    pub(super) note: String,
}

/// One column.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) status: Option<Status>,
    pub(super) unresolved: bool,
    pub(super) focus: bool,
    /// Index in the relation's columns.
    pub(super) column: usize,
}

/// An end of a line: a shape, and one of its rows.
pub(super) type End = (usize, Option<usize>);

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) from: End,
    pub(super) to: End,
    /// Whether the value flows, or only decides, partitions or orders.
    pub(super) value: bool,
    pub(super) status: Option<Status>,
}

/// The picture.
#[derive(Debug, Default)]
pub(super) struct Drawing {
    pub(super) shapes: Vec<Shape>,
    pub(super) lines: Vec<Line>,
    /// Relations, exposures and metrics that did not fit.
    pub(super) left_out: usize,
}

impl Drawing {
    /// At most `most` shapes: those nearest to what was asked for.
    pub(super) fn of(lineage: &Lineage, most: usize) -> Self {
        let relations = lineage.relations.iter().enumerate().map(|(at, relation)| shape(lineage, at, relation));
        let mut shapes: Vec<Shape> = relations.collect();
        let mut lines = lines(lineage, &shapes);
        for reader in lineage.readers.iter().filter(|r| r.kind != ReaderKind::Test) {
            let at = shapes.len();
            shapes.push(Shape {
                relation: None,
                title: reader.name.clone(),
                kind: reader.kind.word(),
                status: None,
                focus: false,
                rows: Vec::new(),
                more: 0,
                note: reader.kind.word().to_owned(),
            });
            let shown = |id: &String| lineage.relations.iter().position(|r| r.id == *id);
            for from in reader.relations.iter().filter_map(shown) {
                lines.push(Line { from: (from, None), to: (at, None), value: true, status: None });
            }
        }
        let mut drawing = Drawing { shapes, lines, left_out: 0 };
        drawing.keep(most);
        drawing
    }

    /// Keeps the shapes nearest to the focus, or to what changed; the first ones where there is neither.
    fn keep(&mut self, most: usize) {
        if self.shapes.len() <= most {
            return;
        }
        let mut beside: Vec<Vec<usize>> = vec![Vec::new(); self.shapes.len()];
        for line in &self.lines {
            beside[line.from.0].push(line.to.0);
            beside[line.to.0].push(line.from.0);
        }
        let wanted = |s: &Shape| s.focus || s.status.is_some();
        let starts = (0..self.shapes.len()).filter(|&at| wanted(&self.shapes[at]));
        let mut open: VecDeque<usize> = starts.collect();
        let mut rest = 0..self.shapes.len();
        let mut kept = BTreeSet::new();
        while kept.len() < most
            && let Some(at) = open.pop_front().or_else(|| rest.next())
        {
            if kept.insert(at) {
                open.extend(&beside[at]);
            }
        }
        let numbers: HashMap<usize, usize> = kept.iter().enumerate().map(|(new, &old)| (old, new)).collect();
        self.left_out = self.shapes.len() - kept.len();
        let mut at = 0;
        self.shapes.retain(|_| {
            at += 1;
            kept.contains(&(at - 1))
        });
        self.lines.retain_mut(|line| match (numbers.get(&line.from.0), numbers.get(&line.to.0)) {
            (Some(&from), Some(&to)) => {
                (line.from.0, line.to.0) = (from, to);
                true
            }
            _ => false,
        });
    }
}

fn shape(lineage: &Lineage, at: usize, relation: &Relation) -> Shape {
    let focus = lineage.focus.as_ref().filter(|f| f.relation == relation.id);
    let columns = if lineage.by_model() { &[][..] } else { &relation.columns[..] };
    let row = |(column, c): (usize, &super::Column)| Row {
        name: c.name.clone(),
        status: c.status,
        unresolved: !c.unresolved.is_empty() || c.kind.as_deref() == Some("unknown"),
        focus: focus.is_some_and(|f| f.column.as_ref().is_some_and(|name| name.eq_ignore_ascii_case(&c.name))),
        column,
    };
    // Changed columns are shown before those that would fill the box.
    let mut rows: Vec<Row> = columns.iter().enumerate().map(row).collect();
    rows.sort_by_key(|r| (!r.focus && r.status.is_none(), r.column));
    let more = rows.len().saturating_sub(ROWS);
    rows.truncate(ROWS);
    rows.sort_by_key(|r| r.column);
    let count = match relation.column_count {
        _ if relation.problem.is_some() => "columns not known".to_owned(),
        1 => "1 column".to_owned(),
        n => format!("{n} columns"),
    };
    let lost = match relation.unresolved {
        _ if !relation.open.is_empty() => ", more behind a star".to_owned(),
        0 => String::new(),
        n => format!(", {n} unresolved"),
    };
    Shape {
        relation: Some(at),
        title: relation.name.clone(),
        kind: relation.kind.word(),
        status: relation.status,
        focus: focus.is_some(),
        more,
        note: format!("{}, {count}{lost}", relation.kind.word()),
        rows,
    }
}

/// Lines between columns, and one between relations where no columns are tied.
fn lines(lineage: &Lineage, shapes: &[Shape]) -> Vec<Line> {
    let ids: HashMap<&str, usize> = lineage.relations.iter().enumerate().map(|(at, r)| (r.id.as_str(), at)).collect();
    let mut rows: HashMap<(usize, String), usize> = HashMap::new();
    for (at, shape) in shapes.iter().enumerate() {
        for (row, r) in shape.rows.iter().enumerate() {
            rows.entry((at, r.name.to_lowercase())).or_insert(row);
        }
    }
    let (mut lines, mut known, mut tied) = (Vec::new(), HashMap::new(), BTreeSet::new());
    for (at, relation) in lineage.relations.iter().enumerate() {
        for (row, r) in shapes[at].rows.iter().enumerate() {
            for source in &relation.columns[r.column].from {
                let Some(&from) = ids.get(source.relation.as_str()) else { continue };
                let Some(&source_row) = rows.get(&(from, source.column.to_lowercase())) else { continue };
                tied.insert((from, at));
                let value = source.role == "value";
                let line = Line { from: (from, Some(source_row)), to: (at, Some(row)), value, status: source.status };
                // One line for one pair of columns: the value's, and one that is on both sides, win.
                let place = *known.entry((line.from, line.to)).or_insert(lines.len());
                match lines.get_mut(place) {
                    None => lines.push(line),
                    Some(old) => {
                        let same = old.status == line.status;
                        old.status = if same { old.status } else { None };
                        old.value |= value;
                    }
                }
            }
        }
        for read in &relation.reads {
            if let Some(&from) = ids.get(read.as_str())
                && !tied.contains(&(from, at))
            {
                lines.push(Line { from: (from, None), to: (at, None), value: lineage.by_model(), status: None });
            }
        }
    }
    lines
}
