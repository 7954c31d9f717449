//! The command line: what can be asked, and nothing of how it is answered.

mod budget;
mod github;
mod lineage;

pub use budget::*;
pub use github::*;
pub use lineage::*;

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Decides whether a pull request to a dbt, SQLMesh or Dataform project, or to a folder of SQL files, can be trusted.
#[derive(Debug, Parser)]
#[command(name = "rowproof", version, about, propagate_version = true, arg_required_else_help = true)]
#[command(
    after_help = "Exit codes: 0 passed (warnings included), 1 a gate failed, 2 could not decide or was asked wrongly."
)]
pub struct Cli {
    /// When to colour the output.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    pub color: Color,
    /// Say less: no progress, no evidence of what passed.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say more: evidence of every outcome.
    #[arg(short, long, global = true)]
    pub verbose: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Judge a pull request: what changed between base and head, by the gates of each layer.
    Run(RunArgs),
    /// Print the compiled SQL of models, rendered without dbt or a warehouse.
    Compile(CompileArgs),
    /// Print where each column comes from.
    Lineage(LineageArgs),
    /// Compare two tables, files or queries row by row and column by column.
    Reconcile(ReconcileArgs),
    /// Write the GitHub workflows, and a policy where there is none.
    Init(InitArgs),
    /// Print the verdict of a report that `run` wrote, as `name=value` lines.
    Verdict(VerdictArgs),
    /// Publish a report to its pull request: comment, check run, labels, audit record.
    Post(PostArgs),
    /// Judge the human rules of a pull request: who approved, merge window, no auto-merge.
    Review(ReviewArgs),
    /// Count how much LLM-assisted work was rolled back or let a defect escape, against the policy's budget.
    Budget(BudgetArgs),
    /// Check the ledger of audit records.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Make a small pull request with mistakes in it and judge it.
    Demo(DemoArgs),
    /// Say whether a change was assisted by a language model, by which, and on which evidence.
    Provenance(ProvenanceArgs),
    /// Check or show the policy.
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Answer queries through an ADBC driver, line by line; `run` starts it for itself.
    #[command(hide = true)]
    EngineHost,
    /// List the gates.
    Gates(GatesArgs),
    /// Explain a gate or a rule.
    Explain(ExplainArgs),
}

/// Where the project is and how it is read; shared by the commands that read one.
#[derive(Debug, Clone, Default, Args)]
pub struct ProjectArgs {
    /// Folder of the project (default: the current folder, or the only project in the repository).
    #[arg(long, value_name = "DIR")]
    pub project_dir: Option<PathBuf>,
    /// Folder of profiles.yml (default: $DBT_PROFILES_DIR, the project, ~/.dbt).
    #[arg(long, value_name = "DIR", env = "DBT_PROFILES_DIR")]
    pub profiles_dir: Option<PathBuf>,
    /// Target of the profile (default: the profile's own).
    #[arg(long, value_name = "NAME", env = "DBT_TARGET")]
    pub target: Option<String>,
    /// SQL dialect of a SQL folder, or instead of the one that a SQLMesh or Dataform project names.
    #[arg(long, value_name = "NAME")]
    pub dialect: Option<String>,
    /// DuckDB file with the data (default: the profile's, or the policy's).
    #[arg(long, value_name = "FILE")]
    pub database: Option<PathBuf>,
    /// Policy file to judge by instead of the base side's; `base:PATH` names one of the base side.
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// dbt's manifest, whose SQL stands in for models that are not compiled here and have not changed since.
    #[arg(long, value_name = "FILE")]
    pub manifest: Option<PathBuf>,
    /// The same for the trusted side alone.
    #[arg(long, value_name = "FILE")]
    pub base_manifest: Option<PathBuf>,
    /// The same for the judged side alone.
    #[arg(long, value_name = "FILE")]
    pub head_manifest: Option<PathBuf>,
    /// dbt's catalog: columns of relations that no database at hand has.
    #[arg(long, value_name = "FILE")]
    pub catalog: Option<PathBuf>,
    /// Folder of dbt's artifacts from the run that built production: the trusted side is the commit that they were made
    /// from, at or before the merge base.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["manifest", "base_manifest"])]
    pub state: Option<PathBuf>,
}

/// Arguments of `run`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Example: rowproof run --base main --head worktree")]
pub struct RunArgs {
    /// Revision that the pull request goes to; its merge base with head is the trusted side (default: in GitHub Actions
    /// that of the event, else the default branch).
    #[arg(long, value_name = "REV")]
    pub base: Option<String>,
    /// Revision to judge, or `worktree` for the files as they are now (default: in GitHub Actions that of the event,
    /// else `worktree`).
    #[arg(long, value_name = "REV")]
    pub head: Option<String>,
    /// Gates to run (default: those of each model's layer).
    #[arg(long, value_name = "GATE", value_delimiter = ',')]
    pub gates: Vec<String>,
    /// Models to judge (default: all that changed).
    #[arg(long, value_name = "MODEL", value_delimiter = ',', num_args = 1..)]
    pub select: Vec<String>,
    /// How to print the report.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// Also write the report to FILE, in the format of its ending (.json, .md, .sarif, .xml for JUnit, .txt); may be repeated.
    #[arg(long, value_name = "FILE")]
    pub output: Vec<PathBuf>,
    /// Exit with 0 when a gate failed (never when something could not be decided).
    #[arg(long)]
    pub exit_zero: bool,
    /// Project options.
    #[command(flatten)]
    pub project: ProjectArgs,
}

/// How to print a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For a terminal.
    Table,
    /// For programs.
    Json,
    /// For a pull request comment.
    Markdown,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// JUnit XML, for test reports.
    Junit,
    /// GitHub workflow commands: annotations at the lines of a pull request.
    Github,
}

/// How to print what is no report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TextFormat {
    /// For a terminal.
    Table,
    /// For programs.
    Json,
    /// For a pull request comment.
    Markdown,
}

/// Arguments of `compile`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Example: rowproof compile orders --rev main")]
pub struct CompileArgs {
    /// Models (default: all, those of installed packages too).
    #[arg(value_name = "MODEL")]
    pub models: Vec<String>,
    /// Revision to compile, or `worktree`.
    #[arg(long, value_name = "REV", default_value = "worktree")]
    pub rev: String,
    /// How to print.
    #[arg(long, value_enum, default_value_t = CompileFormat::Sql)]
    pub format: CompileFormat,
    /// Compare every model with what dbt compiled, as its manifest tells (`target/manifest.json` after `dbt compile`).
    #[arg(long, value_name = "MANIFEST")]
    pub verify_against: Option<PathBuf>,
    /// Project options.
    #[command(flatten)]
    pub project: ProjectArgs,
}

/// How to print compiled SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CompileFormat {
    /// The SQL, each model after a comment that names it.
    Sql,
    /// `{"models": {"name": {"unique_id", "path", "sql", "error", "flags", "source"}}}`; `source` is `native`, `manifest` or `dbt`.
    Json,
}

/// Arguments of `reconcile`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Examples:\n  rowproof reconcile --database shop.duckdb --reference trusted.orders --candidate main.orders --key order_id\n  rowproof reconcile --reference trusted.orders --candidate model:orders\n  rowproof reconcile --reference model:orders@main --candidate model:orders\n  rowproof reconcile --reference-warehouse prod --reference analytics.orders --candidate orders.parquet --key order_id"
)]
pub struct ReconcileArgs {
    /// Trusted table (`schema.table` of --database, `FILE.duckdb:schema.table`), file (.csv, .parquet, .json), query, or
    /// `model:NAME[@REV]`: a model of the project here, built for it.
    #[arg(long, value_name = "REL", allow_hyphen_values = true)]
    pub reference: String,
    /// Table, file, query or model to prove.
    #[arg(long, value_name = "REL", allow_hyphen_values = true)]
    pub candidate: String,
    /// Key columns (default: found from the data).
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    pub key: Vec<String>,
    /// Relative tolerance of numeric columns.
    #[arg(long, value_name = "NUMBER", default_value_t = 1e-9)]
    pub tolerance: f64,
    /// Absolute tolerance of numeric columns.
    #[arg(long, value_name = "NUMBER", default_value_t = 0.0)]
    pub absolute_tolerance: f64,
    /// Relative tolerance of one column; may be repeated.
    #[arg(long, value_name = "COLUMN=NUMBER")]
    pub column_tolerance: Vec<String>,
    /// Columns to leave out.
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    pub exclude: Vec<String>,
    /// DuckDB file that holds the tables.
    #[arg(long, value_name = "FILE")]
    pub database: Option<PathBuf>,
    /// Most memory to use, as DuckDB writes it (`1GiB`); what does not fit goes to temporary files.
    #[arg(long, value_name = "SIZE")]
    pub memory: Option<String>,
    /// Where the reference is, when it is no file and not in DuckDB: a target of the project's profile, or `policy` for the
    /// warehouse that the policy names. Two sides in two engines are compared by fingerprints that both compute alike.
    #[arg(long, value_name = "TARGET")]
    pub reference_warehouse: Option<String>,
    /// Where the candidate is.
    #[arg(long, value_name = "TARGET")]
    pub candidate_warehouse: Option<String>,
    /// ADBC driver of an adapter, by name or whole path (default: the policy's, else by its usual name); may be repeated.
    #[arg(long, value_name = "ADAPTER=DRIVER")]
    pub driver: Vec<String>,
    /// How many differing rows to show.
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub sample: usize,
    /// How to print.
    #[arg(long, value_enum, default_value_t = TextFormat::Table)]
    pub format: TextFormat,
}

/// Arguments of `demo`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Example: rowproof demo --keep")]
pub struct DemoArgs {
    /// Keep the folder and say where it is.
    #[arg(long)]
    pub keep: bool,
    /// Make it in this new folder and keep it.
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

/// Arguments of `provenance`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Examples:\n  rowproof provenance --base main\n  git log -1 --format=%B | rowproof provenance --message - --format json"
)]
pub struct ProvenanceArgs {
    /// Revision that the change goes to; the commits since its merge base with head are looked at.
    #[arg(long, value_name = "REV", conflicts_with = "message")]
    pub base: Option<String>,
    /// Revision to look at, or `worktree` for HEAD and the files as they are now.
    #[arg(long, value_name = "REV", default_value = "worktree")]
    pub head: String,
    /// Judge this text as a commit message instead of the repository's commits; `-` reads standard input; may be
    /// repeated.
    #[arg(long, value_name = "FILE")]
    pub message: Vec<PathBuf>,
    /// Body of the pull request (default: of the event, inside GitHub Actions); `-` reads standard input.
    #[arg(long, value_name = "FILE")]
    pub body: Option<PathBuf>,
    /// Title of the pull request.
    #[arg(long, value_name = "TEXT")]
    pub title: Option<String>,
    /// Branch of the pull request.
    #[arg(long, value_name = "NAME")]
    pub branch: Option<String>,
    /// Label of the pull request; may be repeated.
    #[arg(long, value_name = "NAME")]
    pub label: Vec<String>,
    /// Author of the texts of --message.
    #[arg(long, value_name = "\"NAME <ADDRESS>\"", requires = "message")]
    pub author: Option<String>,
    /// Login of the pull request's author.
    #[arg(long, value_name = "LOGIN")]
    pub pr_author: Option<String>,
    /// How to print.
    #[arg(long, value_enum, default_value_t = ProvenanceFormat::Table)]
    pub format: ProvenanceFormat,
}

/// How to print provenance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ProvenanceFormat {
    /// For a terminal.
    Table,
    /// For programs.
    Json,
}

/// Policy commands.
#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// Check a policy file and say everything that is wrong with it.
    #[command(after_help = "Example: rowproof policy check rowproof.yml")]
    Check {
        /// The file (default: rowproof.yml, found upward from the current folder).
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Print the policy in force, with what it extends merged in.
    #[command(after_help = "Example: rowproof policy show")]
    Show {
        /// The file (default: rowproof.yml, found upward; without one, the built-in default).
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Print the JSON Schema of the policy file.
    #[command(after_help = "Example: rowproof policy schema > policy.schema.json")]
    Schema,
}

/// Arguments of `gates`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Example: rowproof gates --format markdown")]
pub struct GatesArgs {
    /// How to print.
    #[arg(long, value_enum, default_value_t = TextFormat::Table)]
    pub format: TextFormat,
}

/// Arguments of `explain`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Example: rowproof explain lineage_diff/re-sourced")]
pub struct ExplainArgs {
    /// A gate (`lineage_diff`) or a rule (`lineage_diff/re-sourced`).
    #[arg(value_name = "RULE")]
    pub name: String,
}
