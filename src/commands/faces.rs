//! The faces of a report: which renderer, with which look.

use super::console;
use crate::cli::{Cli, Format};
use crate::files::FileSet;
use crate::git::Repo;
use crate::output;
use crate::report::Report;
use anyhow::{Context, Result, anyhow};
use std::io::Write;
use std::path::Path;

/// Where excerpts come from: the judged side, the trusted one for what was removed.
pub(super) struct Sources {
    /// Judged side.
    pub head: FileSet,
    /// Trusted side.
    pub base: FileSet,
}

impl Sources {
    /// The text of a file.
    pub fn text(&self, path: &str) -> Option<String> {
        self.head.text(path).ok().flatten().or_else(|| self.base.text(path).ok().flatten())
    }
}

/// No file at all: nothing was checked out.
pub(super) fn no_sources(_: &str) -> Option<String> {
    None
}

/// The files of two commits, where the clone here holds them.
pub(super) fn of_commits(head: &str, base: &str) -> Option<Sources> {
    let repo = Repo::open(&std::env::current_dir().ok()?).ok()?;
    let side = |sha: &str| crate::github::is_sha(sha).then(|| repo.side(sha).ok()).flatten();
    let head = side(head)?.files;
    let base = side(base).map_or_else(|| head.clone(), |s| s.files);
    Some(Sources { head, base })
}

/// Appends to a file that GitHub Actions reads.
///
/// # Errors
/// It cannot be written.
pub(super) fn append(file: &Path, text: &str) -> Result<()> {
    let mut open = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(file)
        .with_context(|| format!("cannot write {}", file.display()))?;
    writeln!(open, "{text}").with_context(|| format!("cannot write {}", file.display()))
}

/// How a text for people looks.
pub(super) struct Look {
    color: bool,
    width: u16,
    verbose: bool,
}

impl Look {
    /// As the command line and the terminal ask.
    pub fn of(cli: &Cli) -> Self {
        Self { color: console::colored(cli), width: console::width(), verbose: cli.verbose }
    }

    /// For files.
    pub fn plain() -> Self {
        Self { color: false, width: 120, verbose: true }
    }
}

/// The text of one face.
pub(super) fn render(report: &Report, format: Format, look: &Look, sources: &Sources) -> Result<String> {
    let lookup = |path: &str| sources.text(path);
    match format {
        Format::Json => output::json::render(report),
        Format::Markdown => Ok(output::markdown::render(report, &lookup)),
        Format::Sarif => output::sarif::render(report),
        Format::Junit => Ok(output::junit::render(report)),
        Format::Github => Ok(output::annotations::render(report)),
        Format::Table => {
            let options = output::table::Options { color: look.color, width: look.width, verbose: look.verbose };
            Ok(output::table::render(report, &lookup, &options))
        }
    }
}

/// The face that a file's ending asks for.
///
/// # Errors
/// An ending that means none.
pub(super) fn format_of(file: &Path) -> Result<Format> {
    if file.file_name().is_some_and(|name| name.to_string_lossy().ends_with(".sarif.json")) {
        return Ok(Format::Sarif);
    }
    match file.extension().and_then(|e| e.to_str()) {
        Some("json") => Ok(Format::Json),
        Some("md") => Ok(Format::Markdown),
        Some("sarif") => Ok(Format::Sarif),
        Some("xml") => Ok(Format::Junit),
        Some("txt") => Ok(Format::Table),
        _ => Err(anyhow!(
            "{}: the ending tells the format; use .json, .md, .sarif, .xml (JUnit) or .txt",
            file.display()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_tell_the_format() {
        let format = |file: &str| format_of(Path::new(file)).ok();
        assert_eq!(format("out/r.json"), Some(Format::Json));
        assert_eq!(format("r.md"), Some(Format::Markdown));
        assert_eq!(format("r.sarif"), Some(Format::Sarif));
        assert_eq!(format("r.sarif.json"), Some(Format::Sarif));
        assert_eq!(format("junit.xml"), Some(Format::Junit));
        assert_eq!(format("r.txt"), Some(Format::Table));
        assert_eq!(format("r"), None);
        assert_eq!(format("r.html"), None);
    }
}
