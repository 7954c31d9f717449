//! Places in project files, and the way from compiled text back to the template.

use crate::finding::Location;

/// A place in a project file: path from the repository's root; line and column from 1, 0 when not known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Place {
    /// Path from the repository's root.
    pub path: String,
    /// Line, 0 = the file as a whole.
    pub line: u32,
    /// Column.
    pub column: u32,
}

impl Place {
    /// The place as a location one character wide.
    pub fn location(&self) -> Location {
        let (line, column) = (self.line.max(1), self.column.max(1));
        Location { path: self.path.clone(), line, column, end_line: line, end_column: column + 1 }
    }
}
