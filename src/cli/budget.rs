//! What can be asked of `budget`.

use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Arguments of `budget`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Example: rowproof budget --repo acme/shop --since 2026-07-01 --until 2026-09-30\n\nReads GITHUB_TOKEN, GITHUB_REPOSITORY, GITHUB_API_URL and GITHUB_GRAPHQL_URL, as Actions sets them. The exit code is 1 when a rate is proved to exceed its budget."
)]
pub struct BudgetArgs {
    /// First day (2026-07-01, in UTC), or moment (2026-07-01T00:00:00Z). Default: that of the quarter in which the period ends.
    #[arg(long, value_name = "DATE", conflicts_with = "quarter")]
    pub since: Option<String>,
    /// Last day (included), or the first moment after the period. Default: today; without --since too, the current quarter.
    #[arg(long, value_name = "DATE", conflicts_with = "quarter")]
    pub until: Option<String>,
    /// A calendar quarter instead: `2026-Q3`, `current` or `previous`.
    #[arg(long, value_name = "QUARTER")]
    pub quarter: Option<String>,
    /// How to print.
    #[arg(long, value_enum, default_value_t = BudgetFormat::Table)]
    pub format: BudgetFormat,
    /// Write a face to a file as well, by its ending: .json, .md, .html, .svg or .txt. May be given several times.
    #[arg(long, value_name = "FILE")]
    pub output: Vec<PathBuf>,
    /// Quarters of the trend, up to that of the period's end; 0 for none.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(0..=40))]
    pub trend: u32,
    /// Protected branch; may be given several times. Default: the default branch.
    #[arg(long, value_name = "BRANCH")]
    pub branch: Vec<String>,
    /// Branch that holds the audit ledger. Default: `rowproof-ledger`, where there is one.
    #[arg(long, value_name = "BRANCH")]
    pub ledger: Option<String>,
    /// Repository, `owner/name` (default: $GITHUB_REPOSITORY).
    #[arg(long, value_name = "OWNER/NAME")]
    pub repo: Option<String>,
    /// Which project of the repository: the key under which its reports are posted.
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
    /// Folder of the project, from the root of the repository (default: found by the policy).
    #[arg(long, value_name = "DIR")]
    pub project_dir: Option<String>,
    /// Policy file here, instead of the one on the protected branch; `base:PATH` names one of that branch.
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// Folder for what was read already (default: in the user's cache folder).
    #[arg(long, value_name = "DIR")]
    pub cache: Option<PathBuf>,
    /// Read everything again.
    #[arg(long)]
    pub fresh: bool,
    /// Make the labels that the count reads, where the repository does not have them.
    #[arg(long)]
    pub labels: bool,
    /// Post the report as an issue, one for each period; it is brought up to date when it is there.
    #[arg(long)]
    pub issue: bool,
}

/// How to print a budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum BudgetFormat {
    /// For a terminal.
    Table,
    /// For GitHub: job summary, issue.
    Markdown,
    /// For programs.
    Json,
    /// One page with the picture, for a browser.
    Html,
    /// The picture of the trend alone.
    Svg,
}
