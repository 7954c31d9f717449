//! The faces of a budget: which renderer, to which file.

use super::super::pull;
use crate::audit::budget::result::Budget;
use crate::cli::BudgetFormat;
use crate::output;
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};

/// Width of a table in a file.
const WIDTH: u16 = 120;

/// One face.
///
/// # Errors
/// A number that JSON cannot say.
pub(super) fn render(budget: &Budget, format: BudgetFormat, width: u16) -> Result<String> {
    Ok(match format {
        BudgetFormat::Table => output::budget::table(budget, width.into()),
        BudgetFormat::Markdown => output::budget::markdown(budget),
        BudgetFormat::Json => output::budget::json(budget)?,
        BudgetFormat::Html => output::budget::html(budget, Some(&pulls(budget))),
        BudgetFormat::Svg => output::budget::svg(budget),
    })
}

/// Checks that each file's ending names a face, before anything is asked of anybody.
///
/// # Errors
/// An ending that names none.
pub(super) fn check(files: &[PathBuf]) -> Result<()> {
    files.iter().try_for_each(|file| format_of(file).map(drop))
}

/// Writes the faces.
///
/// # Errors
/// A file cannot be written.
pub(super) fn write(files: &[PathBuf], budget: &Budget) -> Result<()> {
    for file in files {
        let text = render(budget, format_of(file)?, WIDTH)?;
        std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

fn format_of(file: &Path) -> Result<BudgetFormat> {
    Ok(match file.extension().and_then(|e| e.to_str()) {
        Some("json") => BudgetFormat::Json,
        Some("md") => BudgetFormat::Markdown,
        Some("html") => BudgetFormat::Html,
        Some("svg") => BudgetFormat::Svg,
        Some("txt") => BudgetFormat::Table,
        _ => bail!("{}: the ending tells the format; use .json, .md, .html, .svg or .txt", file.display()),
    })
}

/// Where pull requests are to be seen: on the server of this run, else on github.com.
fn pulls(budget: &Budget) -> String {
    let server = pull::variable("GITHUB_SERVER_URL").unwrap_or_else(|| "https://github.com".to_owned());
    format!("{}/{}/pull/", server.trim_end_matches('/'), budget.repository)
}
