//! What can be asked of the commands that speak to GitHub, or of what they leave behind.

use super::TextFormat;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Arguments of `init`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Example: rowproof init --forks")]
pub struct InitArgs {
    /// Folder of the project (default: the current folder, or the only project in the repository).
    #[arg(long, value_name = "DIR")]
    pub project_dir: Option<PathBuf>,
    /// Write the workflows for a repository that takes pull requests from forks.
    #[arg(long)]
    pub forks: bool,
    /// Commit of the action that the workflows use (default: that of the newest release known to this version).
    #[arg(long, value_name = "SHA")]
    pub action_commit: Option<String>,
    /// Overwrite files that are there.
    #[arg(long)]
    pub force: bool,
    /// Ask nothing. Nothing is asked today; for scripts that must go on working.
    #[arg(long)]
    pub yes: bool,
}

/// Arguments of `verdict`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Example: rowproof verdict report.json")]
pub struct VerdictArgs {
    /// The report (JSON).
    #[arg(value_name = "REPORT.json")]
    pub report: PathBuf,
}

/// A pull request, and what it is judged by; shared by the commands that speak to GitHub.
#[derive(Debug, Clone, Args)]
pub struct PullArgs {
    /// Pull request (default: the event's).
    #[arg(long, value_name = "NUMBER")]
    pub pr: Option<u64>,
    /// Repository, `owner/name` (default: $GITHUB_REPOSITORY).
    #[arg(long, value_name = "OWNER/NAME")]
    pub repo: Option<String>,
    /// Tells apart several projects of one repository: each key has a comment and check runs of its own.
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
    /// Folder of the project, from the root of the repository (default: found by the policy).
    #[arg(long, value_name = "DIR")]
    pub project_dir: Option<String>,
    /// Policy file here to judge people by, instead of the base side's; `base:PATH` names one of the base side.
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
}

/// Arguments of `post`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Example: rowproof post report.json\n\nReads GITHUB_TOKEN, GITHUB_REPOSITORY, GITHUB_EVENT_PATH, GITHUB_API_URL and GITHUB_GRAPHQL_URL, as Actions sets them."
)]
pub struct PostArgs {
    /// The report (JSON) that `rowproof run` wrote.
    #[arg(value_name = "REPORT.json")]
    pub report: PathBuf,
    /// When to comment.
    #[arg(long, value_enum, default_value_t = CommentMode::Auto)]
    pub comment: CommentMode,
    /// Which pull request, and by which policy.
    #[command(flatten)]
    pub pull: PullArgs,
}

/// When to comment on the pull request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CommentMode {
    /// When there is something to tell, or a comment of ours to bring up to date.
    Auto,
    /// Always.
    Always,
    /// When a gate failed or could not decide, or a comment of ours is to be brought up to date.
    Failure,
    /// Never.
    Never,
}

/// Arguments of `review`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Example: rowproof review --pr 12 --repo acme/shop")]
pub struct ReviewArgs {
    /// All open pull requests, as on a schedule.
    #[arg(long, conflicts_with = "pr")]
    pub all: bool,
    /// Judge and print only; publish nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// After a merge: append the audit record to the ledger on this branch.
    #[arg(long, value_name = "BRANCH")]
    pub ledger: Option<String>,
    /// How to print.
    #[arg(long, value_enum, default_value_t = TextFormat::Table)]
    pub format: TextFormat,
    /// Which pull request, and by which policy.
    #[command(flatten)]
    pub pull: PullArgs,
}

/// Audit commands.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Check the hash chain of a ledger; names every line that was changed, removed or added.
    #[command(
        after_help = "Example: git show rowproof-ledger:ledger.jsonl > ledger.jsonl && rowproof audit verify ledger.jsonl"
    )]
    Verify {
        /// The ledger, one record a line.
        #[arg(value_name = "LEDGER.jsonl")]
        file: PathBuf,
        /// Hash that the last record must have: shows lines that were cut off at the end.
        #[arg(long, value_name = "HASH")]
        last_hash: Option<String>,
    },
    /// Append records to a ledger on disk.
    #[command(after_help = "Example: rowproof audit append ledger.jsonl record.json")]
    Append {
        /// The ledger; made when it is missing.
        #[arg(value_name = "LEDGER.jsonl")]
        file: PathBuf,
        /// Records (JSON), as the check run holds them.
        #[arg(value_name = "RECORD.json", required = true)]
        records: Vec<PathBuf>,
    },
}
