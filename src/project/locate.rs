//! The way back from compiled SQL to the template that a person edits.
//!
//! A line that rendering left alone maps to itself, columns and all. Where rendering changed lines, the template's
//! line is found by the text in question, else by its place within the changed stretch: never a line outside the file.

use super::Model;
use crate::finding::Location;
use crate::sql::Span;
use similar::{DiffOp, TextDiff};
use std::ops::Range;

impl Model {
    /// The place in the template of a span of the compiled SQL.
    pub fn locate(&self, span: &Span) -> Location {
        match &self.compiled {
            Ok(compiled) => self.locate_in(&compiled.sql, span),
            Err(_) => self.at_line(1),
        }
    }

    /// The place in the template of a span of `compiled`, a text that this template rendered to.
    pub fn locate_in(&self, compiled: &str, span: &Span) -> Location {
        if span.line == 0 {
            return self.at_line(1);
        }
        let text = compiled.get(span.start..span.end).unwrap_or_default();
        let compiled_line = (span.line - 1) as usize;
        match stretch(&self.raw, compiled, compiled_line) {
            Stretch::Same(raw_line) => {
                let extra = span.end_line.saturating_sub(span.line);
                let last = self.raw.lines().count().max(1) as u32;
                let line = raw_line as u32 + 1;
                let ends_inside = line + extra <= last && self.same_line(compiled, span.end_line, line + extra);
                let whole = self.width(raw_line) + 1;
                let (end_line, end_column) = if extra == 0 {
                    (line, span.end_column)
                } else if ends_inside {
                    (line + extra, span.end_column)
                } else {
                    (line, whole)
                };
                self.location(line, span.column, end_line, end_column)
            }
            Stretch::Changed { raw, at } => self.search(raw, text, at),
        }
    }

    /// The first place of `needle` in the template, when it stands there.
    pub fn locate_in_raw(&self, needle: &str) -> Option<Location> {
        let start = if needle.is_empty() { None } else { self.raw.find(needle) }?;
        let line = self.raw[..start].matches('\n').count();
        let column = self.raw[..start].rsplit('\n').next().unwrap_or_default().chars().count();
        let first = needle.lines().next().unwrap_or_default();
        Some(self.on_line(line, column, first.chars().count()))
    }

    /// Looks for the text, then for its first word, within the changed lines of the template; else takes the line at
    /// the same place of the stretch.
    fn search(&self, lines: Range<usize>, text: &str, at: usize) -> Location {
        let raw: Vec<&str> = self.raw.lines().collect();
        let inside = lines.start.min(raw.len())..lines.end.min(raw.len());
        let first = text.lines().next().unwrap_or_default().trim();
        let words = text.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|w| w.len() > 1);
        for needle in std::iter::once(first).chain(words).filter(|n| !n.is_empty()) {
            let nearest_first = (inside.start + at.min(inside.len())..inside.end).chain(inside.clone());
            for line in nearest_first {
                if let Some(start) = whole_word(raw[line], needle) {
                    return self.on_line(line, raw[line][..start].chars().count(), needle.chars().count());
                }
            }
        }
        let line = inside.start + at.min(inside.len().saturating_sub(1));
        let line = line.min(raw.len().saturating_sub(1));
        let indent = raw.get(line).map_or(0, |l| l.chars().take_while(|c| c.is_whitespace()).count());
        let width = raw.get(line).map_or(0, |l| l.trim().chars().count());
        self.on_line(line, indent, width)
    }

    fn same_line(&self, compiled: &str, compiled_line: u32, raw_line: u32) -> bool {
        let nth = |text: &str, n: u32| text.lines().nth(n.saturating_sub(1) as usize).map(str::to_owned);
        nth(compiled, compiled_line) == nth(&self.raw, raw_line)
    }

    fn width(&self, line: usize) -> u32 {
        self.raw.lines().nth(line).map_or(0, |l| l.chars().count()) as u32
    }

    fn at_line(&self, line: u32) -> Location {
        self.location(line, 1, line, 1)
    }

    /// `width` characters from `column` (both from 0) on `line` (from 0).
    fn on_line(&self, line: usize, column: usize, width: usize) -> Location {
        let (line, column) = (line as u32 + 1, column as u32 + 1);
        self.location(line, column, line, column + width as u32)
    }

    fn location(&self, line: u32, column: u32, end_line: u32, end_column: u32) -> Location {
        let offset = self.first_line.max(1) - 1;
        Location { path: self.path.clone(), line: line + offset, column, end_line: end_line + offset, end_column }
    }
}

enum Stretch {
    /// The compiled line is this template line (from 0), unchanged.
    Same(usize),
    /// The compiled line stands `at` lines into a stretch that these template lines rendered to.
    Changed { raw: Range<usize>, at: usize },
}

fn stretch(raw: &str, compiled: &str, line: usize) -> Stretch {
    let diff = TextDiff::from_lines(raw, compiled);
    let mut last = 0..0;
    for op in diff.ops() {
        let (old, new) = (op.old_range(), op.new_range());
        if let DiffOp::Equal { .. } = op {
            if new.contains(&line) {
                return Stretch::Same(old.start + (line - new.start));
            }
        } else if new.contains(&line) {
            // Lines that rendering only added belong to the line before them.
            let raw = if old.is_empty() { old.start.saturating_sub(1)..old.start.max(1) } else { old };
            return Stretch::Changed { raw, at: line - new.start };
        }
        last = op.old_range();
    }
    Stretch::Changed { raw: last, at: 0 }
}

/// Where `needle` stands in `line`, not as a part of a longer word.
fn whole_word(line: &str, needle: &str) -> Option<usize> {
    let word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let edge = |c: Option<char>| !word(c);
    line.match_indices(needle)
        .find(|(start, found)| {
            let before = line[..*start].chars().next_back();
            let after = line[start + found.len()..].chars().next();
            (edge(before) || !word(found.chars().next())) && (edge(after) || !word(found.chars().next_back()))
        })
        .map(|(start, _)| start)
}

#[cfg(test)]
mod tests;
