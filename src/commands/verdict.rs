//! `rowproof verdict REPORT.json`: what a shell script must know of a report, without a JSON parser of its own.

use crate::report::{Report, SCHEMA_VERSION, Verdict};
use anyhow::{Context, Result, bail};
use std::io::Read;
use std::path::Path;

/// Largest report that is read, in bytes: it may come from a job that is not trusted.
const LIMIT: u64 = 64 << 20;

/// `verdict=pass|warn|fail|error` and `llm-assisted=true|false`, one a line.
///
/// # Errors
/// The file cannot be read, is too large, or is no report of this version.
pub(super) fn verdict(file: &Path) -> Result<String> {
    let report = read(file).with_context(|| format!("{}: not a report that can be read", file.display()))?;
    Ok(format!("verdict={}\nllm-assisted={}\n", report.verdict.word(), report.llm.assisted))
}

fn read(file: &Path) -> Result<Report> {
    let mut text = String::new();
    std::fs::File::open(file)?.take(LIMIT + 1).read_to_string(&mut text)?;
    if text.len() as u64 > LIMIT {
        bail!("it is larger than {} MiB", LIMIT >> 20);
    }
    let report: Report = serde_json::from_str(&text)?;
    if report.schema_version != SCHEMA_VERSION {
        bail!("it has schema version {}; this program reads {SCHEMA_VERSION}", report.schema_version);
    }
    if report.verdict == Verdict::Skip {
        bail!("its verdict is `skip`, which no run has");
    }
    Ok(report)
}
