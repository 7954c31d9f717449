//! Places in a text.

use serde::Serialize;
use sqlparser::tokenizer::{Location, Span as ParserSpan};

/// A range of a text: 1-based lines and columns (in characters), end exclusive, and byte offsets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Default)]
pub struct Span {
    /// First line, from 1; 0 when the place is not known.
    pub line: u32,
    /// First column, from 1.
    pub column: u32,
    /// Last line.
    pub end_line: u32,
    /// One past the last column.
    pub end_column: u32,
    /// Byte offset of the first byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// Whether the place is known.
    pub fn known(&self) -> bool {
        self.line > 0
    }
}

/// Byte offsets of the lines of a text, to turn the parser's places into ours.
pub(super) struct TextIndex<'a> {
    text: &'a str,
    lines: Vec<usize>,
    ascii: bool,
}

impl<'a> TextIndex<'a> {
    pub(super) fn new(text: &'a str) -> TextIndex<'a> {
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        TextIndex { text, lines, ascii: text.is_ascii() }
    }

    /// The text of a place; empty when the place is not known.
    pub(super) fn slice(&self, span: Span) -> &'a str {
        self.text.get(span.start..span.end).unwrap_or_default()
    }

    /// The place after the last character that is no white space.
    pub(super) fn end(&self) -> Span {
        let end = self.text.trim_end().len();
        let line = self.lines.partition_point(|&start| start <= end);
        let start = self.lines[line - 1];
        let column = self.text[start..end].chars().count() as u32 + 1;
        Span { line: line as u32, column, end_line: line as u32, end_column: column, start: end, end }
    }

    /// Byte offset of a place of the parser, clamped to the text.
    pub(super) fn offset(&self, at: Location) -> usize {
        let Some(&start) = (at.line as usize).checked_sub(1).and_then(|line| self.lines.get(line)) else {
            return self.text.len();
        };
        let column = (at.column as usize).saturating_sub(1);
        if self.ascii {
            return (start + column).min(self.text.len());
        }
        let rest = self.text.get(start..).unwrap_or_default();
        start + rest.char_indices().nth(column).map_or(rest.len(), |(at, _)| at)
    }

    /// Everything from a byte offset on.
    pub(super) fn from(&self, at: usize) -> &'a str {
        self.text.get(at..).unwrap_or_default()
    }

    /// The line of a byte offset.
    pub(super) fn line_of(&self, at: usize) -> u32 {
        self.lines.partition_point(|&start| start <= at) as u32
    }

    /// Where the keywords right before `at` begin: of a set operation, from the place of its operand.
    pub(super) fn operator_before(&self, at: usize) -> usize {
        let before = self.text.get(..at).unwrap_or_default().trim_end_matches(|c: char| c.is_whitespace() || c == '(');
        let words = before.trim_end_matches(|c: char| c.is_alphanumeric() || c == '_');
        let end = words.trim_end();
        let first = end.trim_end_matches(|c: char| c.is_alphanumeric() || c == '_');
        let word = |from: usize, to: usize| self.text.get(from..to).unwrap_or_default().to_ascii_lowercase();
        match word(words.len(), before.len()).as_str() {
            "all" | "distinct" => first.len(),
            _ => words.len(),
        }
    }

    /// Our form of a span of the parser; the default (unknown) span for an empty one.
    pub(super) fn span(&self, span: ParserSpan) -> Span {
        if span.start.line == 0 {
            return Span::default();
        }
        Span {
            line: span.start.line as u32,
            column: span.start.column as u32,
            end_line: span.end.line as u32,
            end_column: span.end.column as u32,
            start: self.offset(span.start),
            end: self.offset(span.end),
        }
    }
}
