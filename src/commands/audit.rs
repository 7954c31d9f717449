//! `rowproof audit`: the ledger of records, checked line by line.

use crate::audit::ledger;
use crate::audit::record::Record;
use crate::output::escape::terminal;
use anyhow::{Context, Result, bail};
use std::path::Path;

/// What the chain says; exit code 1 when a line does not hold.
///
/// # Errors
/// The file cannot be read.
pub(super) fn verify(file: &Path, last_hash: Option<&str>) -> Result<(String, u8)> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read the ledger {}", file.display()))?;
    let verified = ledger::verify(&text);
    let mut out = String::new();
    for broken in &verified.broken {
        out.push_str(&format!("{}:{}: {}\n", file.display(), broken.line, terminal(&broken.message)));
    }
    let mut code = u8::from(!verified.broken.is_empty());
    if let Some(expected) = last_hash.filter(|h| !h.eq_ignore_ascii_case(&verified.last_hash)) {
        let message = "the last record is not the expected one: lines were cut off or added";
        out.push_str(&format!(
            "{}: {message} (expected {}, found {})\n",
            file.display(),
            terminal(expected),
            verified.last_hash
        ));
        code = 1;
    }
    let count = verified.records;
    if code == 0 {
        let records = if count == 1 { "1 record".to_owned() } else { format!("{count} records") };
        out.push_str(&format!("{}: {records}, the chain holds; last hash {}\n", file.display(), verified.last_hash));
    } else {
        out.push_str(&format!("{}: the chain does not hold\n", file.display()));
    }
    Ok((out, code))
}

/// Appends records to a ledger on disk, for teams that keep it elsewhere than on a branch.
///
/// # Errors
/// A record that does not read, or a ledger that does not hold.
pub(super) fn append(file: &Path, records: &[std::path::PathBuf]) -> Result<(String, u8)> {
    let mut text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error).with_context(|| format!("cannot read the ledger {}", file.display())),
    };
    let mut added = 0;
    for path in records {
        let json =
            std::fs::read_to_string(path).with_context(|| format!("cannot read the record {}", path.display()))?;
        let record: Record = serde_json::from_str(&json).with_context(|| format!("{} is no record", path.display()))?;
        if record.digest() != record.hash {
            bail!("{}: the record was changed: its content does not have its hash", path.display());
        }
        if let Some(longer) = ledger::appended(&text, &record)? {
            (text, added) = (longer, added + 1);
        }
    }
    std::fs::write(file, &text).with_context(|| format!("cannot write the ledger {}", file.display()))?;
    Ok((format!("{}: {added} of {} records added\n", file.display(), records.len()), 0))
}
