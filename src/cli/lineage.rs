//! What can be asked of `lineage`.

use super::ProjectArgs;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Arguments of `lineage`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Examples:\n  rowproof lineage orders.order_total\n  rowproof lineage orders --diff --base main --format html > lineage.html\n  rowproof lineage --sql query.sql --schema schema.json --dialect snowflake --format json"
)]
pub struct LineageArgs {
    /// Model, or model and column (default: the whole project, model by model).
    #[arg(value_name = "MODEL[.COLUMN]", conflicts_with = "sql")]
    pub model: Option<String>,
    /// Revision, or `worktree`.
    #[arg(long, value_name = "REV", default_value = "worktree")]
    pub rev: String,
    /// Show what is different between two revisions: columns made differently, and what they reach.
    #[arg(long, conflicts_with = "sql")]
    pub diff: bool,
    /// With --diff: revision to compare with; its merge base with head is taken (default: the default branch).
    #[arg(long, value_name = "REV", requires = "diff")]
    pub base: Option<String>,
    /// With --diff: revision that is compared, or `worktree`.
    #[arg(long, value_name = "REV", requires = "diff", default_value = "worktree")]
    pub head: String,
    /// Only what it is made of.
    #[arg(long, conflicts_with = "sql")]
    pub upstream: bool,
    /// Only what is made of it (with --upstream: both, as without either).
    #[arg(long, conflicts_with = "sql")]
    pub downstream: bool,
    /// Steps to follow each way (default: all).
    #[arg(long, value_name = "N", conflicts_with = "sql")]
    pub depth: Option<usize>,
    /// One SQL file instead of a project; `-` reads standard input.
    #[arg(long, value_name = "FILE")]
    pub sql: Option<PathBuf>,
    /// With --sql: JSON file `{"table": ["column", ...]}` or `{"table": {"column": "type"}}`.
    #[arg(long, value_name = "FILE", requires = "sql")]
    pub schema: Option<PathBuf>,
    /// How to print.
    #[arg(long, value_enum, default_value_t = LineageFormat::Table)]
    pub format: LineageFormat,
    /// Project options (--dialect also names the dialect of --sql).
    #[command(flatten)]
    pub project: ProjectArgs,
}

/// How to print lineage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LineageFormat {
    /// For a terminal.
    Table,
    /// For programs.
    Json,
    /// A Mermaid flowchart, for Markdown pages.
    Mermaid,
    /// A page that opens without a network.
    Html,
}
