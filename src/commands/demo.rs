//! `rowproof demo`: makes a small pull request with mistakes in it, judges it as `run` would, and shows what was caught.

mod data;
mod files;
mod repository;
mod summary;

use super::{console, faces, run};
use crate::cli::{Cli, DemoArgs, Format, ProjectArgs, RunArgs};
use crate::report::{Report, Verdict};
use anyhow::{Context, Result, bail};
use repository::{MAIN, PULL_REQUEST};
use std::path::{Path, PathBuf};

/// Name of the database file: the one that the tour's `profiles.yml` names.
const DATABASE: &str = "product_analytics.duckdb";

/// Makes the pull request, judges it, prints the report and what each gate caught. The exit code is 0 when the pull
/// request was caught, as it is meant to be.
///
/// # Errors
/// A folder that cannot be used, what git or DuckDB refuses, or a pull request that was not caught.
pub(super) fn demo(cli: &Cli, args: &DemoArgs) -> Result<u8> {
    let place = Place::new(args)?;
    repository::make(place.path())?;
    data::make(&place.path().join(DATABASE))?;

    let ask = |head: &str, gates: &[&str]| {
        // Nothing of the workflow that may run this: its pull request is another one.
        run::judge(cli, &asked(place.path(), head, gates), None)
            .with_context(|| format!("cannot judge {head} against {MAIN}"))
    };
    let (report, sources) = ask(PULL_REQUEST, &[])?;
    console::print(&faces::render(&report, Format::Table, &faces::Look::of(cli), &sources)?)?;
    let mut alone = Vec::new();
    for (branch, words, _) in files::MISTAKES {
        alone.push((*words, ask(branch, &["lineage_diff", "reconcile"])?.0));
    }
    console::print(&summary::text(&report, &alone, place.kept()))?;
    caught(&report)?;
    Ok(0)
}

fn caught(report: &Report) -> Result<()> {
    if matches!(report.verdict, Verdict::Pass | Verdict::Warn) {
        bail!("the demo's pull request was not caught; this is a defect of rowproof, please report it");
    }
    Ok(())
}

/// What a person would type in the folder: `rowproof run --base main --head HEAD`.
fn asked(root: &Path, head: &str, gates: &[&str]) -> RunArgs {
    RunArgs {
        base: Some(MAIN.to_owned()),
        head: Some(head.to_owned()),
        gates: gates.iter().map(|g| (*g).to_owned()).collect(),
        select: Vec::new(),
        format: Format::Table,
        output: Vec::new(),
        exit_zero: false,
        project: ProjectArgs {
            project_dir: Some(root.to_owned()),
            // Never the user's own: the demo is the same on every machine.
            profiles_dir: Some(root.to_owned()),
            ..ProjectArgs::default()
        },
    }
}

/// The demo's folder.
enum Place {
    /// Removed in the end.
    Temporary(tempfile::TempDir),
    /// Kept.
    Kept(PathBuf),
}

impl Place {
    fn new(args: &DemoArgs) -> Result<Self> {
        if let Some(dir) = &args.dir {
            let used = dir.exists() && dir.read_dir().map_or(true, |mut entries| entries.next().is_some());
            if used {
                bail!("{}: exists and is not an empty folder; name a new one", dir.display());
            }
            std::fs::create_dir_all(dir).with_context(|| format!("make {}", dir.display()))?;
            return Ok(Place::Kept(dir.canonicalize()?));
        }
        let temporary =
            tempfile::Builder::new().prefix("rowproof-demo-").tempdir().context("make a temporary folder")?;
        Ok(if args.keep { Place::Kept(temporary.keep()) } else { Place::Temporary(temporary) })
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
