//! A column's way as a tree of lines: up to sources, down to what is made of it.

use super::{Column, Lineage, Relation};
use crate::output::escape::terminal;
use std::collections::{HashMap, HashSet};

/// A column of the answer: index of the relation and of its column.
type At = (usize, usize);

/// The columns of an answer, to walk over.
pub(super) struct Tree<'a> {
    lineage: &'a Lineage,
    relations: HashMap<&'a str, usize>,
    up: HashMap<At, Vec<(Next<'a>, &'a str)>>,
    down: HashMap<At, Vec<(Next<'a>, &'a str)>>,
}

/// A column of the answer, or one beyond its edge.
#[derive(Clone, Copy)]
enum Next<'a> {
    Known(At),
    Beyond(&'a str, &'a str),
}

impl<'a> Tree<'a> {
    pub(super) fn new(lineage: &'a Lineage) -> Self {
        let relations = lineage.relations.iter().enumerate().map(|(at, r)| (r.id.as_str(), at)).collect();
        let mut columns: HashMap<(&str, String), At> = HashMap::new();
        for (at, relation) in lineage.relations.iter().enumerate() {
            for (c, column) in relation.columns.iter().enumerate() {
                columns.entry((&relation.id, column.name.to_lowercase())).or_insert((at, c));
            }
        }
        let mut tree = Tree { lineage, relations, up: HashMap::new(), down: HashMap::new() };
        for (at, relation) in lineage.relations.iter().enumerate() {
            for (c, column) in relation.columns.iter().enumerate() {
                for source in &column.from {
                    let known = columns.get(&(source.relation.as_str(), source.column.to_lowercase())).copied();
                    if let Some(known) = known {
                        tree.down.entry(known).or_default().push((Next::Known((at, c)), &source.role));
                    }
                    let next = known.map_or(Next::Beyond(&source.name, &source.column), Next::Known);
                    tree.up.entry((at, c)).or_default().push((next, &source.role));
                }
            }
        }
        tree
    }

    /// The column of that name.
    pub(super) fn find(&self, relation: &str, column: &str) -> Option<At> {
        let at = *self.relations.get(relation)?;
        let columns = &self.lineage.relations[at].columns;
        let exact = columns.iter().position(|c| c.name == column);
        Some((at, exact.or_else(|| columns.iter().position(|c| c.name.eq_ignore_ascii_case(column)))?))
    }

    /// One line for a column: name, kind, place.
    pub(super) fn line(&self, (at, c): At) -> String {
        let relation = &self.lineage.relations[at];
        let column = &relation.columns[c];
        let mut parts = vec![format!("{}.{}", terminal(&relation.name), terminal(&column.name))];
        parts.extend(column.kind.as_ref().map(|kind| kind.replace('_', "-")));
        let place = relation.place(column.line);
        if !place.is_empty() {
            parts.push(terminal(&place));
        }
        if column.kind.is_none() {
            parts.push(format!("({})", relation.kind.word()));
        }
        parts.extend(column.status.map(|s| format!("[{}]", s.word())));
        parts.join("  ")
    }

    /// The tree under a column, one line each, without the column itself. What was shown before is not shown again.
    pub(super) fn lines(&self, start: At, upstream: bool) -> Vec<String> {
        let next = if upstream { &self.up } else { &self.down };
        let mut lines = Vec::new();
        let mut shown: HashSet<At> = HashSet::from([start]);
        // (column, its role, indent, whether it is the last of its parent)
        let mut open: Vec<(Next<'_>, &str, String, bool)> = Vec::new();
        push(&mut open, next.get(&start), "");
        while let Some((at, role, indent, last)) = open.pop() {
            let branch = if last { "└─ " } else { "├─ " };
            let role = if role == "value" { String::new() } else { format!("  as {role}") };
            let (text, again) = match at {
                Next::Known(at) => (self.line(at), (!shown.insert(at), next.contains_key(&at))),
                Next::Beyond(relation, column) => {
                    (format!("{}.{}", terminal(relation), terminal(column)), (false, false))
                }
            };
            let above = if again == (true, true) { "  (above)" } else { "" };
            lines.push(format!("{indent}{branch}{text}{role}{above}"));
            if let (Next::Known(at), false) = (at, again.0) {
                lines.extend(
                    self.lost(at, upstream).map(|lost| format!("{indent}{}   ? {lost}", if last { " " } else { "│" })),
                );
                push(&mut open, next.get(&at), &format!("{indent}{}", if last { "   " } else { "│  " }));
            }
        }
        lines
    }

    /// References of a column that lead nowhere.
    pub(super) fn lost(&self, (at, c): At, upstream: bool) -> impl Iterator<Item = String> {
        let (relation, column): (&Relation, &Column) =
            (&self.lineage.relations[at], &self.lineage.relations[at].columns[c]);
        let lost = column.unresolved.iter().filter(move |_| upstream);
        lost.map(|lost| {
            let place = relation.place(lost.line);
            format!("{}: unresolved, {}  {}", terminal(&lost.name), lost.reason.replace('_', " "), terminal(&place))
        })
    }
}

fn push<'t>(
    open: &mut Vec<(Next<'t>, &'t str, String, bool)>,
    children: Option<&Vec<(Next<'t>, &'t str)>>,
    indent: &str,
) {
    let children = children.map(Vec::as_slice).unwrap_or_default();
    for (i, (child, role)) in children.iter().enumerate().rev() {
        open.push((*child, role, indent.to_owned(), i + 1 == children.len()));
    }
}
