//! `rowproof demo`: makes a small pull request with mistakes in it, judges it as `run` would, and shows what was caught.

mod data;
mod files;
mod repository;
mod summary;

use crate::report::{Report, Verdict};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};

pub use repository::{MAIN, PULL_REQUEST};

/// Name of the database file: the one that the tour's `profiles.yml` names.
const DATABASE: &str = "product_analytics.duckdb";

/// What to do with the folder.
#[derive(Debug, Clone, Default)]
pub struct DemoOptions {
    /// Keep the temporary folder.
    pub keep: bool,
    /// Make it in this new folder and keep it.
    pub dir: Option<PathBuf>,
}

/// One judgement that the demo asks for.
#[derive(Debug, Clone)]
pub struct Asked<'a> {
    /// Folder of the repository, which is the project's too.
    pub root: &'a Path,
    /// Trusted revision.
    pub base: &'a str,
    /// Judged revision.
    pub head: &'a str,
    /// Gates to run, empty = those of the layers.
    pub gates: &'a [&'a str],
}

/// Judges as `rowproof run` does.
pub type Judge<'a> = &'a dyn Fn(&Asked<'_>) -> Result<Report>;

/// What the demo shows: the report of the pull request, and what to print after it.
#[derive(Debug)]
pub struct Shown {
    /// The pull request's report.
    pub report: Report,
    /// What each gate caught, and where the folder is.
    pub summary: String,
    /// Where the repository was made; gone unless it was to be kept.
    pub root: PathBuf,
}

/// Makes the pull request, judges it, and calls `show` while its files are still there.
///
/// # Errors
/// A folder that cannot be used, what git or DuckDB refuses, or a pull request that was not caught.
pub fn demo(options: &DemoOptions, judge: Judge<'_>, show: &dyn Fn(&Shown) -> Result<()>) -> Result<()> {
    let place = Place::new(options)?;
    repository::make(place.path())?;
    data::make(&place.path().join(DATABASE))?;

    let ask = |head: &str, gates: &[&str]| {
        judge(&Asked { root: place.path(), base: MAIN, head, gates })
            .with_context(|| format!("judge {head} against {MAIN}"))
    };
    let report = ask(PULL_REQUEST, &[])?;
    let mut alone = Vec::new();
    for (branch, words, _) in files::MISTAKES {
        alone.push((*words, ask(branch, &["lineage_diff", "reconcile"])?));
    }
    let summary = summary::text(&report, &alone, place.kept());
    show(&Shown { report: report.clone(), summary, root: place.path().to_owned() })?;

    if matches!(report.verdict, Verdict::Pass | Verdict::Warn) {
        bail!("the demo's pull request was not caught; this is a defect of rowproof, please report it");
    }
    Ok(())
}

/// The demo's folder.
enum Place {
    /// Removed in the end.
    Temporary(tempfile::TempDir),
    /// Kept.
    Kept(PathBuf),
}

impl Place {
    fn new(options: &DemoOptions) -> Result<Self> {
        if let Some(dir) = &options.dir {
            let used = dir.exists() && dir.read_dir().map_or(true, |mut entries| entries.next().is_some());
            if used {
                bail!("{}: exists and is not an empty folder; name a new one", dir.display());
            }
            std::fs::create_dir_all(dir).with_context(|| format!("make {}", dir.display()))?;
            return Ok(Place::Kept(dir.canonicalize()?));
        }
        let temporary =
            tempfile::Builder::new().prefix("rowproof-demo-").tempdir().context("make a temporary folder")?;
        Ok(if options.keep { Place::Kept(temporary.keep()) } else { Place::Temporary(temporary) })
    }

    fn path(&self) -> &Path {
        match self {
            Place::Temporary(dir) => dir.path(),
            Place::Kept(dir) => dir,
        }
    }

    fn kept(&self) -> Option<&Path> {
        match self {
            Place::Temporary(_) => None,
            Place::Kept(dir) => Some(dir),
        }
    }
}

#[cfg(test)]
mod tests;
