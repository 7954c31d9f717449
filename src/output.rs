//! Faces of a report: pure functions from data to text. They read nothing, leave nothing out without saying so, and
//! make hostile text harmless for their target.

pub mod escape;
pub mod excerpt;
pub mod json;
pub mod markdown;
pub mod overview;
pub mod table;

/// The text of a file that a finding points at, by its path from the repository's root; `None` shows no excerpt.
pub type Sources<'a> = &'a dyn Fn(&str) -> Option<String>;

/// How to show a report on a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableOptions {
    /// Whether to colour.
    pub color: bool,
    /// Columns of the terminal.
    pub width: u16,
    /// Whether to show the evidence of findings and of what passed.
    pub verbose: bool,
}

#[cfg(test)]
mod tests;
