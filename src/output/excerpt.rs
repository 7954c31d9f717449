//! The lines of a file that a finding points at, with the place underlined.

use super::escape::visible;
use crate::finding::Location;

/// Most lines that an excerpt shows.
const MAX_LINES: u32 = 6;
/// Columns that a tab takes.
const TAB: &str = "    ";

/// One line of an excerpt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its number, from 1.
    pub number: u32,
    /// Its text: tabs spread, control characters made visible, cut to the width.
    pub text: String,
    /// Columns before the underlined part.
    pub indent: usize,
    /// Columns of the underlined part, at least 1.
    pub length: usize,
}

/// An excerpt.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Excerpt {
    /// Its lines.
    pub lines: Vec<Line>,
    /// Lines of the span that are not shown.
    pub more: u32,
}

/// The lines under the location, each cut to `width` columns around the place. `None` when the file has no such line.
pub fn excerpt(source: &str, location: &Location, width: usize) -> Option<Excerpt> {
    let first = location.line.max(1);
    let last = location.end_line.max(first);
    let shown = last.min(first.saturating_add(MAX_LINES - 1));
    let mut lines = Vec::new();
    for (text, number) in source.lines().skip(first as usize - 1).zip(first..=shown) {
        let start = if number == first { location.column.max(1) } else { 1 };
        let end = if number == last { location.end_column.max(1) } else { u32::MAX };
        lines.push(line(text, number, start, end, width.max(20)));
    }
    if lines.is_empty() {
        return None;
    }
    // An end beyond the file is the end of the file.
    let total = u32::try_from(source.lines().count()).unwrap_or(u32::MAX);
    let more = last.min(total).saturating_sub(shown);
    Some(Excerpt { lines, more })
}

fn line(text: &str, number: u32, start: u32, end: u32, width: usize) -> Line {
    let mut shown: Vec<char> = Vec::new();
    let (mut from, mut until) = (None, None);
    let mut code_starts = None;
    for (column, c) in (1u32..).zip(text.chars()) {
        if column == start {
            from = Some(shown.len());
        }
        if column == end {
            until = Some(shown.len());
        }
        if code_starts.is_none() && !c.is_whitespace() {
            code_starts = Some(shown.len());
        }
        match c {
            '\t' => shown.extend(TAB.chars()),
            c => shown.push(visible(c)),
        }
    }
    let mut from = from.unwrap_or(shown.len());
    let until = until.unwrap_or(shown.len());
    // The second and later lines of a span start at their code, not at the margin.
    if start == 1 && end > 1 && until > code_starts.unwrap_or(0) {
        from = from.max(code_starts.unwrap_or(0));
    }
    let length = until.saturating_sub(from).max(1);
    cut(&shown, number, from, length, width)
}

/// Cuts a long line so that the start of the place is seen.
fn cut(shown: &[char], number: u32, from: usize, length: usize, width: usize) -> Line {
    if shown.len() <= width {
        return measured(number, shown, from, length);
    }
    let skip = if from + length.min(width / 2) < width { 0 } else { from.saturating_sub(width / 4) };
    let mut text: Vec<char> = shown.iter().skip(skip).take(width).copied().collect();
    if skip > 0
        && let Some(first) = text.first_mut()
    {
        *first = '…';
    }
    if skip + width < shown.len()
        && let Some(last) = text.last_mut()
    {
        *last = '…';
    }
    let indent = from - skip;
    measured(number, &text, indent, length.min(width.saturating_sub(indent)).max(1))
}

/// From characters to columns.
fn measured(number: u32, text: &[char], from: usize, length: usize) -> Line {
    let columns = |part: &[char]| part.iter().map(|c| width_of(*c)).sum::<usize>();
    let from = from.min(text.len());
    let marked = &text[from..(from + length).min(text.len())];
    let shown = text.iter().collect::<String>().trim_end().to_owned();
    Line { number, text: shown, indent: columns(&text[..from]), length: columns(marked).max(1) }
}

/// Columns that a terminal gives a character, near enough to underline it: East Asian wide characters and emoji take
/// two, combining marks none.
fn width_of(c: char) -> usize {
    match c as u32 {
        0x300..=0x36f => 0,
        0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xfe30..=0xfe6f => 2,
        0xff01..=0xff60 | 0xffe0..=0xffe6 | 0x1f300..=0x1faff | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(line: u32, column: u32, end_line: u32, end_column: u32) -> Location {
        Location { path: "m.sql".into(), line, column, end_line, end_column }
    }

    #[test]
    fn the_place_is_underlined() {
        let found = excerpt("select\n\tsum(price) as cost\nfrom t\n", &at(2, 2, 2, 12), 80).expect("a line");
        assert_eq!(found.lines, [Line { number: 2, text: "    sum(price) as cost".into(), indent: 4, length: 10 }]);
    }

    #[test]
    fn a_place_over_lines_underlines_each() {
        let found = excerpt("a b\n  c d\n  e f\n", &at(1, 3, 3, 4), 80).expect("lines");
        let marks: Vec<_> = found.lines.iter().map(|l| (l.indent, l.length)).collect();
        assert_eq!(marks, [(2, 1), (2, 3), (2, 1)]);
        let long = "x\n".repeat(20);
        assert_eq!(excerpt(&long, &at(1, 1, 15, 2), 80).expect("lines").more, 9);
    }

    #[test]
    fn long_lines_are_cut_around_the_place() {
        let source = format!("{}needle{}", "a".repeat(500), "b".repeat(500));
        let found = excerpt(&source, &at(1, 501, 1, 507), 60).expect("a line");
        let line = &found.lines[0];
        assert_eq!(line.text.chars().count(), 60);
        let marked: String = line.text.chars().skip(line.indent).take(line.length).collect();
        assert_eq!(marked, "needle");
    }

    #[test]
    fn wide_characters_take_two_columns() {
        let found = excerpt("'数据' as 名, x", &at(1, 9, 1, 10), 80).expect("a line");
        assert_eq!((found.lines[0].indent, found.lines[0].length), (10, 2));
    }

    #[test]
    fn places_outside_the_file_do_not_panic() {
        assert_eq!(excerpt("a\n", &at(9, 1, 9, 2), 80), None);
        assert_eq!(excerpt("", &at(1, 1, 1, 1), 80), None);
        for place in [at(0, 0, 0, 0), at(1, 99, 1, 120), at(1, 2, 0, 0), at(1, u32::MAX, u32::MAX, u32::MAX)] {
            assert_eq!(excerpt("abc\ndef\n", &place, 0).map(|e| e.lines.is_empty()), Some(false), "{place:?}");
        }
    }
}
