//! Faces of a report: pure functions from data to text. They read nothing, leave nothing out without saying so, and
//! make hostile text harmless for their target.

pub mod annotations;
pub mod budget;
pub mod check_run;
pub mod escape;
pub mod excerpt;
pub mod json;
pub mod junit;
pub mod lineage;
pub mod markdown;
mod mermaid;
pub mod overview;
pub mod place;
pub mod reconciliation;
pub mod review;
pub mod rule;
pub mod sarif;
pub mod table;

/// The text of a file that a finding points at, by its path from the repository's root; `None` shows no excerpt.
pub type Sources<'a> = &'a dyn Fn(&str) -> Option<String>;

#[cfg(test)]
mod tests;
