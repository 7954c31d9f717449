//! The lineage for a terminal.

use super::tree::Tree;
use super::{Change, Column, Focus, Lineage, Reached, ReaderKind, Relation, Source, Status};
use crate::output::escape::{clip, terminal};
use crate::output::overview::plural;

/// Characters of one cell line.
const CELL: usize = 90;
/// Names of one list that are shown.
const NAMES: usize = 12;

/// The answer as text: a tree for a column, columns for a model, models for a project, differences for two sides.
/// `width` is that of the terminal.
pub fn table(lineage: &Lineage, width: u16) -> String {
    match &lineage.focus {
        Some(Focus { relation, column: Some(column) }) => tree(lineage, relation, column),
        _ if lineage.base.is_some() => changes(lineage, width),
        Some(Focus { relation, column: None }) => model(lineage, relation, width),
        None => project(lineage, width),
    }
}

fn grid(header: &[&str], width: u16) -> comfy_table::Table {
    let mut grid = comfy_table::Table::new();
    grid.load_preset(comfy_table::presets::UTF8_HORIZONTAL_ONLY);
    grid.set_content_arrangement(comfy_table::ContentArrangement::Dynamic);
    grid.set_width(width);
    grid.set_header(header);
    grid
}

fn tree(lineage: &Lineage, relation: &str, column: &str) -> String {
    let tree = Tree::new(lineage);
    let Some(start) = tree.find(relation, column) else { return String::new() };
    let mut text = format!("{}\n", tree.line(start));
    let (at, c) = start;
    let own = &lineage.relations[at].columns[c];
    if let Some(sql) = &own.sql {
        text.push_str(&format!("  {}\n", clip(&terminal(&sql.split_whitespace().collect::<Vec<_>>().join(" ")), CELL)));
    }
    text.push_str(&of_changes(&own.changes, &lineage.relations[at]));
    for (title, upstream, nothing) in [("made of", true, "no column"), ("read by", false, "no column of the project")] {
        let mut lines: Vec<String> = tree.lost(start, upstream).map(|lost| format!("? {lost}")).collect();
        lines.extend(tree.lines(start, upstream));
        text.push_str(&match lines.is_empty() {
            true => format!("\n{title} {nothing}\n"),
            false => format!("\n{title}\n{}\n", lines.join("\n")),
        });
    }
    for reader in &lineage.readers {
        let what = match reader.kind {
            ReaderKind::Exposure => "shown by exposure",
            ReaderKind::Metric => "counted in metric",
            ReaderKind::Test => "tested by",
        };
        let names: Vec<String> = reader.relations.iter().map(|id| terminal(lineage.name(id))).collect();
        let place = reader.place.as_ref().map(|p| format!("  {}", terminal(p))).unwrap_or_default();
        text.push_str(&format!("{what} {} (reads {}){place}\n", terminal(&reader.name), names.join(", ")));
    }
    text.push_str(&reached(lineage.impact.as_ref()));
    text
}

fn of_changes(changes: &[Change], relation: &Relation) -> String {
    let line = |c: &Change| {
        let rule = c.rule.rsplit('/').next().unwrap_or(&c.rule);
        format!("  {rule}: {}  {}\n", terminal(&c.message), terminal(&relation.place(c.line)))
    };
    changes.iter().map(line).collect()
}

fn source(source: &Source) -> String {
    let role = if source.role == "value" { String::new() } else { format!(" ({})", source.role) };
    let mark = match source.status {
        Some(Status::Removed) => "- ",
        Some(_) => "+ ",
        None => "",
    };
    clip(&format!("{mark}{}.{}{role}", terminal(&source.name), terminal(&source.column)), CELL)
}

fn comes_from(column: &Column) -> String {
    let mut lines: Vec<String> = column.from.iter().map(source).collect();
    lines.extend(
        column
            .unresolved
            .iter()
            .map(|u| format!("? {} ({})", clip(&terminal(&u.name), CELL), u.reason.replace('_', " "))),
    );
    lines.dedup();
    lines.join("\n")
}

fn kind(column: &Column) -> String {
    column.kind.as_deref().unwrap_or_default().replace('_', "-")
}

fn model(lineage: &Lineage, id: &str, width: u16) -> String {
    let Some(relation) = lineage.relations.iter().find(|r| r.id == id) else { return String::new() };
    let mut grid = grid(&["column", "kind", "comes from", "line"], width);
    for column in &relation.columns {
        let line = column.line.map(|line| line.to_string()).unwrap_or_default();
        grid.add_row([terminal(&column.name), kind(column), comes_from(column), line]);
    }
    let about = format!("{} ({})", terminal(&relation.name), relation.kind.word());
    let place = relation.path.as_ref().map(|path| format!("  {}", terminal(path))).unwrap_or_default();
    format!("{about}{place}\n{grid}\n{}", unknown(relation))
}

/// What is not known of a relation.
fn unknown(relation: &Relation) -> String {
    let mut text = String::new();
    if let Some(problem) = &relation.problem {
        text.push_str(&format!("{}: {}\n", terminal(&relation.name), terminal(problem)));
    }
    for open in &relation.open {
        let (name, from) = (terminal(&relation.name), terminal(open));
        text.push_str(&format!("{name}: more columns come through a star over {from}, whose columns are not known\n"));
    }
    text
}

fn project(lineage: &Lineage, width: u16) -> String {
    let mut grid = grid(&["model", "kind", "columns", "reads", "not known"], width);
    for relation in &lineage.relations {
        let reads: Vec<String> = relation.reads.iter().map(|id| terminal(lineage.name(id))).collect();
        let columns = match (relation.column_count, relation.problem.is_some()) {
            (_, true) => "?".to_owned(),
            (n, _) if relation.open.is_empty() => n.to_string(),
            (n, _) => format!("{n}+"),
        };
        let mut lost: Vec<String> = relation.problem.iter().map(|p| clip(&terminal(p), CELL)).collect();
        lost.extend(relation.open.iter().map(|name| format!("star over {}", terminal(name))));
        if relation.unresolved > 0 {
            lost.push(plural(relation.unresolved, "unresolved reference"));
        }
        let reads = clip(&reads.join(", "), CELL * 2);
        grid.add_row([terminal(&relation.name), relation.kind.word().to_owned(), columns, reads, lost.join("\n")]);
    }
    let columns: usize = lineage.relations.iter().map(|r| r.column_count).sum();
    format!("{grid}\n{}, {}\n", plural(lineage.relations.len(), "relation"), plural(columns, "column"))
}

fn changes(lineage: &Lineage, width: u16) -> String {
    let mut grid = grid(&["column", "what", "comes from", "in words"], width);
    let mut count = 0;
    for relation in &lineage.relations {
        let words = |changes: &[Change], line: Option<u32>| {
            let lines = changes.iter().map(|c| terminal(&c.message)).chain([terminal(&relation.place(line))]);
            lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
        };
        if let Some(status) = relation.status.filter(|s| *s != Status::Changed || !relation.changes.is_empty()) {
            let line = relation.changes.first().and_then(|c| c.line);
            let name = format!("{} (rows)", terminal(&relation.name));
            let name = if status == Status::Changed { name } else { terminal(&relation.name) };
            grid.add_row([name, status.word().to_owned(), String::new(), words(&relation.changes, line)]);
            count += 1;
        }
        for column in relation.columns.iter().filter(|c| c.status.is_some()) {
            let name = format!("{}.{}", terminal(&relation.name), terminal(&column.name));
            let what = column.status.map(Status::word).unwrap_or_default().to_owned();
            let from = comes_from(column);
            grid.add_row([name, what, from, words(&column.changes, column.line)]);
            count += 1;
        }
    }
    let unknown: String = lineage.relations.iter().filter(|r| r.status.is_some()).map(unknown).collect();
    if count == 0 {
        return format!("no column is made differently\n{unknown}");
    }
    format!("{grid}\n{unknown}{}", reached(lineage.impact.as_ref()))
}

fn reached(impact: Option<&Reached>) -> String {
    let Some(impact) = impact else { return String::new() };
    let list = |what: &str, names: &[String], how: &str| match names {
        [] => String::new(),
        names => {
            let shown: Vec<String> = names.iter().take(NAMES).map(|n| terminal(n)).collect();
            let more = names.len().saturating_sub(NAMES);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!("reaches {}{how}: {}{more}\n", plural(names.len(), what), shown.join(", "))
        }
    };
    [
        list("column", &impact.columns, ""),
        list("model", &impact.models, ""),
        list("further model", &impact.rows, " by rows only"),
        list("exposure", &impact.exposures, ""),
        list("metric", &impact.metrics, ""),
        list("test", &impact.tests, ""),
    ]
    .concat()
}
