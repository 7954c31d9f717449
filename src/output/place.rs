//! Places in the repository as GitHub and others take them, whatever numbers and paths a report holds.

use crate::finding::Location;

/// The last line or column that is passed on: no file has as many, and no reader chokes on it.
const LAST: u32 = 10_000_000;

/// Whether the path names a file inside the repository: relative, with `/`, nowhere upward.
pub fn inside(path: &str) -> bool {
    let drive = path.as_bytes().get(1) == Some(&b':');
    let odd = |c: char| c.is_control() || c == '\\';
    let step = |part: &str| part.is_empty() || part == "." || part == "..";
    path.len() <= 1024 && !drive && !path.contains(odd) && !path.split('/').any(step)
}

/// Lines from 1, columns from 1 with an exclusive end, as in [`Location`], put right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Region {
    /// First line.
    pub line: u32,
    /// Last line, not before the first.
    pub end_line: u32,
    /// First column and one past the last; `None` for a place that spans nothing (a whole file).
    pub columns: Option<(u32, u32)>,
}

impl Region {
    /// Of a location.
    pub fn of(location: &Location) -> Self {
        let line = location.line.clamp(1, LAST);
        let end_line = location.end_line.clamp(line, LAST);
        let (column, end) = (location.column.clamp(1, LAST), location.end_column.clamp(1, LAST + 1));
        let columns = (end_line > line || end > column).then_some((column, end));
        Self { line, end_line, columns }
    }

    /// First and last column, both included: of a place within one line, the only kind for which GitHub takes columns.
    pub fn within_line(self) -> Option<(u32, u32)> {
        let (column, end) = self.columns?;
        (self.line == self.end_line).then_some((column, end - 1))
    }
}

/// The path and line of `path:line`, or the path alone, when it is inside the repository.
pub fn of_notice(place: &str) -> Option<(&str, u32)> {
    let (path, line) = match place.rsplit_once(':') {
        Some((path, line)) if line.parse::<u32>().is_ok() => (path, line.parse().unwrap_or(1)),
        _ => (place, 1),
    };
    inside(path).then(|| (path, line.clamp(1, LAST)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(line: u32, column: u32, end_line: u32, end_column: u32) -> Location {
        Location { path: "a".into(), line, column, end_line, end_column }
    }

    #[test]
    fn only_paths_inside_the_repository() {
        for good in ["a", "models/a b/ü.sql", ".github/x.yml", "a..b"] {
            assert!(inside(good), "{good}");
        }
        for bad in
            ["", "/a", "a/../b", "..", "./a", "a//b", "a/", "C:/x", "c:x", "a\\b", "a\nb", "https://x/y", "\u{9b}"]
        {
            assert!(!inside(bad), "{bad:?}");
        }
    }

    #[test]
    fn regions_are_put_right() {
        assert_eq!(Region::of(&at(6, 2, 6, 40)).within_line(), Some((2, 39)));
        assert_eq!(Region::of(&Location::file("a")), Region { line: 1, end_line: 1, columns: None });
        assert_eq!(Region::of(&at(2, 5, 3, 2)).within_line(), None);
        assert_eq!(Region::of(&at(0, 0, 0, 0)), Region { line: 1, end_line: 1, columns: None });
        assert_eq!(Region::of(&at(9, 9, 2, 3)), Region { line: 9, end_line: 9, columns: None });
        let most = Region::of(&at(u32::MAX, u32::MAX, u32::MAX, u32::MAX));
        assert_eq!((most.line, most.end_line), (LAST, LAST));
    }

    #[test]
    fn notices_name_lines() {
        assert_eq!(of_notice("rowproof.yml:4"), Some(("rowproof.yml", 4)));
        assert_eq!(of_notice("a b.yml"), Some(("a b.yml", 1)));
        assert_eq!(of_notice(""), None);
        assert_eq!(of_notice("/etc/passwd:1"), None);
    }
}
