//! The way back from compiled SQL to the template that a person edits.

use super::Model;
use crate::finding::Location;
use crate::sql::{Output, Span};
use similar::{Algorithm, DiffOp, capture_diff_slices};

impl Model {
    /// The place in the template file of a span of the compiled SQL. Unchanged lines map to themselves; in a changed
    /// stretch it is the template line that holds the span's text, else the line as far down the stretch as the span is.
    /// Always a line of the file.
    pub fn locate(&self, span: &Span) -> Location {
        let sql = self.compiled.as_ref().map_or("", |compiled| compiled.sql.as_str());
        locate(self, sql, span)
    }

    /// For many places of the compiled SQL: as [`Model::locate`], matching the two texts once.
    pub fn lines(&self) -> Lines<'_> {
        Lines::new(self, self.compiled.as_ref().map_or("", |compiled| compiled.sql.as_str()))
    }

    /// As [`Model::lines`], for the incremental SQL.
    pub fn incremental_lines(&self) -> Lines<'_> {
        Lines::new(self, self.compiled.as_ref().ok().and_then(|c| c.incremental_sql.as_deref()).unwrap_or(""))
    }

    /// Like [`Model::locate`], for a span of the incremental SQL.
    pub fn locate_incremental(&self, span: &Span) -> Location {
        let sql = self.compiled.as_ref().ok().and_then(|c| c.incremental_sql.as_deref()).unwrap_or("");
        locate(self, sql, span)
    }

    /// The first place of `needle` in the template, as a whole word where it is one; `None` when it is not there.
    pub fn locate_in_raw(&self, needle: &str) -> Option<Location> {
        if needle.is_empty() {
            return None;
        }
        let lines: Vec<&str> = self.raw.lines().collect();
        let found = |whole: bool| {
            lines.iter().enumerate().find_map(|(line, text)| column(text, needle, whole).map(|column| (line, column)))
        };
        let (line, column) = found(true).or_else(|| found(false))?;
        Some(self.place(line, column, needle.chars().count()))
    }

    /// `line` and `column` count from 0, `width` in characters.
    fn place(&self, line: usize, column: usize, width: usize) -> Location {
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let line = number(line) + self.first_line.max(1);
        let column = number(column) + 1;
        Location { path: self.path.clone(), line, column, end_line: line, end_column: column + number(width.max(1)) }
    }
}

fn locate(model: &Model, sql: &str, span: &Span) -> Location {
    Lines::new(model, sql).locate(span)
}

/// The lines of a model's template and of its compiled text, matched once for any number of places.
pub struct Lines<'a> {
    model: &'a Model,
    sql: &'a str,
    raw: Vec<&'a str>,
    compiled: Vec<&'a str>,
    operations: Vec<DiffOp>,
}

impl<'a> Lines<'a> {
    fn new(model: &'a Model, sql: &'a str) -> Self {
        let raw: Vec<&str> = model.raw.lines().map(str::trim_end).collect();
        let compiled: Vec<&str> = sql.lines().map(str::trim_end).collect();
        let operations = capture_diff_slices(Algorithm::Patience, &raw, &compiled);
        Self { model, sql, raw, compiled, operations }
    }

    /// As [`Model::locate`].
    pub fn locate(&self, span: &Span) -> Location {
        let Self { model, sql, raw, compiled, operations } = self;
        if span.line == 0 || sql.is_empty() || model.raw.is_empty() {
            return model.place(0, 0, 1);
        }
        let line = (usize::try_from(span.line).unwrap_or(1) - 1).min(compiled.len().saturating_sub(1));
        let text = sql.get(span.start..span.end).unwrap_or_default();
        let first = text.lines().next().unwrap_or_default().trim();
        let Some(operation) = operations.iter().find(|op| op.new_range().contains(&line)) else {
            return model.place(0, 0, 1);
        };
        let (old, new) = (operation.old_range(), operation.new_range());
        if let DiffOp::Equal { .. } = operation {
            return unchanged(model, old.start + (line - new.start), raw, span);
        }
        // Text that the template does not hold was put in by a call just there: the stretch's first line.
        let stretch = if old.is_empty() { old.start.saturating_sub(1)..(old.start + 1).min(raw.len()) } else { old };
        let holding = stretch.clone().find_map(|at| column(raw[at], first, true).map(|column| (at, column)));
        let name = last_word(first);
        let named = || stretch.clone().find_map(|at| column(raw[at], name, true).map(|column| (at, column)));
        if let Some((at, column)) = holding.or_else(named) {
            return model.place(at, column, first.chars().count());
        }
        let offset = (line - new.start) * stretch.len() / new.len().max(1);
        let at = (stretch.start + offset).min(raw.len().saturating_sub(1));
        let indent = raw.get(at).map_or(0, |text| text.chars().take_while(|c| c.is_whitespace()).count());
        let width = raw.get(at).map_or(1, |text| text.trim().chars().count());
        model.place(at, indent, width)
    }

    /// The place of an output column: its select item, or where the template writes the name when that item does not
    /// (a star in a CTE that a later query renames).
    pub fn of_output(&self, output: &Output) -> Location {
        let item = self.sql.get(output.span.start..output.span.end).unwrap_or_default().to_lowercase();
        let name = output.name.to_lowercase();
        let mut words = item.split(|c: char| !(c.is_alphanumeric() || c == '_'));
        let named = output.span.line > 0 && words.any(|word| word == name);
        let written = if named { None } else { self.model.locate_in_raw(&output.name) };
        match (written, output.span.line) {
            (Some(place), _) => place,
            (None, 0) => Location::file(&self.model.path),
            (None, _) => self.locate(&output.span),
        }
    }
}

/// A span on a line that the template has too.
fn unchanged(model: &Model, at: usize, raw: &[&str], span: &Span) -> Location {
    let column = usize::try_from(span.column.max(1)).unwrap_or(1) - 1;
    let mut place = model.place(at, column, 1);
    if span.end_line == span.line {
        place.end_column = span.end_column.max(place.column + 1);
    } else {
        // A span over several lines ends where its first line does: its other lines may be others in the template.
        let length = raw.get(at).map_or(0, |text| text.chars().count());
        place.end_column = u32::try_from(length + 1).unwrap_or(u32::MAX).max(place.column + 1);
    }
    place
}

/// Column (from 0, in characters) of `needle` in a line.
fn column(line: &str, needle: &str, whole: bool) -> Option<usize> {
    if needle.is_empty() {
        return None;
    }
    let word = |c: Option<char>| c.is_some_and(|c| c == '_' || c.is_alphanumeric());
    let edge = |at: usize, len: usize| {
        let starts = word(needle.chars().next()) && word(line[..at].chars().next_back());
        let ends = word(needle.chars().next_back()) && word(line[at + len..].chars().next());
        !starts && !ends
    };
    let found = line.match_indices(needle).find(|(at, found)| !whole || edge(*at, found.len()))?;
    Some(line[..found.0].chars().count())
}

/// The last identifier of a text (`order_id` of `o.order_id`).
fn last_word(text: &str) -> &str {
    let text = text.trim_end_matches(|c: char| c != '_' && !c.is_alphanumeric());
    let start = text.rfind(|c: char| c != '_' && !c.is_alphanumeric()).map_or(0, |at| at + 1);
    text.get(start..).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use crate::project::{Compiled, Model, NodeKind};
    use crate::sql::Span;

    fn model(raw: &str, sql: &str) -> Model {
        Model {
            unique_id: "model.p.m".into(),
            name: "m".into(),
            package: "p".into(),
            kind: NodeKind::Model,
            path: "models/m.sql".into(),
            raw: raw.into(),
            first_line: 1,
            csv: None,
            config: Default::default(),
            tags: Default::default(),
            meta: Default::default(),
            description: String::new(),
            columns: Default::default(),
            declared_at: None,
            relation: Default::default(),
            compiled: Ok(Compiled { sql: sql.into(), ..Compiled::default() }),
            depends_on: Default::default(),
            macros: Default::default(),
            vars: Default::default(),
            hooks: Vec::new(),
        }
    }

    fn span(sql: &str, text: &str) -> Span {
        let start = sql.find(text).unwrap();
        let before = &sql[..start];
        let line = before.matches('\n').count() as u32 + 1;
        let column = before.rsplit('\n').next().unwrap().chars().count() as u32 + 1;
        let end_column = column + text.chars().count() as u32;
        Span { line, column, end_line: line, end_column, start, end: start + text.len() }
    }

    const RAW: &str =
        "{{ config(x=1) }}\n\nselect\n    a,\n    {{ cents('b') }} as b\nfrom {{ ref('t') }}\nwhere c > 1\n";
    const SQL: &str =
        "select\n    a,\n    round(\n      b / 100,\n      2\n    ) as b\nfrom \"db\".\"s\".\"t\"\nwhere c > 1";

    #[test]
    fn unchanged_lines_map_to_themselves() {
        let place = model(RAW, SQL).locate(&span(SQL, "c > 1"));
        assert_eq!((place.line, place.column, place.end_column), (7, 7, 12));
    }

    #[test]
    fn changed_stretches_map_to_the_line_that_made_them() {
        let model = model(RAW, SQL);
        assert_eq!(model.locate(&span(SQL, "b / 100")).line, 5);
        assert_eq!(model.locate(&span(SQL, "\"db\".\"s\".\"t\"")).line, 6);
    }

    #[test]
    fn every_span_lands_in_the_file() {
        let model = model("{{ x() }}", "select 1\n\n\nfrom a\nwhere b");
        for text in ["select", "from a", "b"] {
            assert_eq!(model.locate(&span("select 1\n\n\nfrom a\nwhere b", text)).line, 1);
        }
        assert_eq!(model.locate(&Span { line: 99, ..Span::default() }).line, 1);
        assert_eq!(model.locate(&Span::default()).line, 1);
    }

    #[test]
    fn finds_words_of_the_template() {
        let place = model(RAW, SQL).locate_in_raw("ref('t')").unwrap();
        assert_eq!((place.line, place.column), (6, 9));
        assert!(model(RAW, SQL).locate_in_raw("nowhere").is_none());
    }
}
