//! Reads a report that may have been written by anybody.

use crate::report::{Report, SCHEMA_VERSION, Verdict};
use anyhow::{Context, Result, bail};
use std::io::Read;
use std::path::Path;

/// Largest report, in bytes.
const MAX_REPORT: u64 = 64 * 1024 * 1024;
/// Most findings, outcomes, changes or notices.
const MAX_ITEMS: usize = 100_000;

/// The report in `file`, checked: strict shape, known version, a verdict that its own outcomes bear out.
///
/// # Errors
/// The file cannot be read, is too large, or is no such report.
pub(super) fn report(file: &Path) -> Result<Report> {
    let mut bytes = Vec::new();
    let open = std::fs::File::open(file).with_context(|| format!("cannot read the report {}", file.display()))?;
    open.take(MAX_REPORT + 1)
        .read_to_end(&mut bytes)
        .with_context(|| format!("cannot read the report {}", file.display()))?;
    if bytes.len() as u64 > MAX_REPORT {
        bail!("{}: the report is larger than {} MiB", file.display(), MAX_REPORT >> 20);
    }
    parse(&bytes).with_context(|| format!("{} is no report that can be published", file.display()))
}

fn parse(bytes: &[u8]) -> Result<Report> {
    let report: Report = serde_json::from_slice(bytes)?;
    if report.schema_version != SCHEMA_VERSION {
        bail!("it has schema version {}; this rowproof reads {SCHEMA_VERSION}", report.schema_version);
    }
    let counts = [report.findings.len(), report.outcomes.len(), report.changes.len(), report.notices.len()];
    if counts.iter().any(|c| *c > MAX_ITEMS) {
        bail!("it has more than {MAX_ITEMS} entries of one kind");
    }
    contradiction(&report)?;
    Ok(report)
}

/// A report that says `pass` over outcomes that do not was not written by `run`.
fn contradiction(report: &Report) -> Result<()> {
    use crate::finding::Severity;
    let failed = report.outcomes.iter().any(|o| matches!(o.verdict, Verdict::Fail | Verdict::Error))
        || report.findings.iter().any(|f| f.severity == Severity::Error)
        || report.notices.iter().any(|n| n.severity == Severity::Error);
    match report.verdict {
        Verdict::Skip => bail!("its verdict is `skip`, which no run has"),
        Verdict::Pass | Verdict::Warn if failed => {
            bail!("its verdict is `{}`, but it holds failures or errors", report.verdict.word())
        }
        _ => Ok(()),
    }
}
