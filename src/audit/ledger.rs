//! The ledger: one record a line, each with the hash of the one before it, so that a changed line shows.

use super::record::{GENESIS, Record};
use anyhow::{Result, bail};
use std::collections::BTreeSet;

/// A line that does not hold, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// From 1.
    pub line: usize,
    /// What is wrong with it.
    pub message: String,
}

/// What a whole ledger says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verified {
    /// Records.
    pub records: usize,
    /// Hash of the last one: kept elsewhere, it also shows lines that were cut off at the end.
    pub last_hash: String,
    /// Lines that do not hold, in order.
    pub broken: Vec<Broken>,
}

/// Checks every line: that it is a record, that its hash is that of its content, and that it follows the line before it.
pub fn verify(text: &str) -> Verified {
    let mut verified = Verified { last_hash: GENESIS.to_owned(), ..Verified::default() };
    let mut previous = GENESIS.to_owned();
    let mut seen = BTreeSet::new();
    let lines: Vec<&str> = text.lines().collect();
    for (index, line) in lines.iter().enumerate() {
        let mut tell = |message: String| verified.broken.push(Broken { line: index + 1, message });
        let record: Record = match serde_json::from_str(line) {
            Ok(record) => record,
            Err(error) => {
                tell(format!("is no record: {error}"));
                // The next line is judged by itself: which hash it should name is not known any more.
                previous.clear();
                continue;
            }
        };
        let what = format!("#{} at {}", record.pr, record.head_sha.get(..7).unwrap_or(&record.head_sha));
        if record.digest() != record.hash {
            tell(format!("record of {what} was changed: its content does not have its hash"));
        } else if record.line() != *line {
            tell(format!("record of {what} is not written as it was: white space or order of keys"));
        }
        if !previous.is_empty() && record.prev_hash != previous {
            let message = "does not follow the line before it: a line was removed, added or moved";
            tell(format!("record of {what} {message}"));
        }
        if !seen.insert(record.hash.clone()) {
            tell(format!("record of {what} stands twice"));
        }
        previous.clone_from(&record.hash);
        verified.records += 1;
    }
    if !text.is_empty() && !text.ends_with('\n') {
        let message = "ends without a line break: it was cut off".to_owned();
        verified.broken.push(Broken { line: lines.len(), message });
    }
    if !previous.is_empty() {
        verified.last_hash = previous;
    }
    verified
}

/// The ledger with one more record; `None` when it holds one of the same pull request, head and merge already.
///
/// # Errors
/// A ledger that does not hold is not continued.
pub fn appended(text: &str, record: &Record) -> Result<Option<String>> {
    let verified = verify(text);
    if let Some(broken) = verified.broken.first() {
        bail!("the ledger does not hold, line {} {}; nothing is added to it", broken.line, broken.message);
    }
    let same = |line: &str| {
        serde_json::from_str::<Record>(line).is_ok_and(|r| {
            (&r.repo, r.pr, &r.head_sha, &r.outcome.merge_sha)
                == (&record.repo, record.pr, &record.head_sha, &record.outcome.merge_sha)
        })
    };
    if text.lines().any(same) {
        return Ok(None);
    }
    Ok(Some(format!("{text}{}\n", record.clone().chained(&verified.last_hash).line())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::record::sample;

    fn ledger(count: u64) -> String {
        (1..=count).fold(String::new(), |text, pr| appended(&text, &sample(pr)).expect("holds").expect("grows"))
    }

    fn broken(text: &str) -> Vec<usize> {
        verify(text).broken.into_iter().map(|b| b.line).collect()
    }

    #[test]
    fn a_ledger_grows_and_holds() {
        let text = ledger(5);
        let verified = verify(&text);
        assert_eq!((verified.records, verified.broken), (5, vec![]));
        assert_eq!(appended(&text, &sample(3)).expect("holds"), None);
        assert_eq!(verify("").last_hash, GENESIS);
    }

    #[test]
    fn every_tampering_is_named() {
        let text = ledger(5);
        let lines: Vec<&str> = text.lines().collect();
        let join = |lines: &[&str]| lines.iter().map(|l| format!("{l}\n")).collect::<String>();
        let changed = text.replacen(r#""pr":3"#, r#""pr":9"#, 1);
        assert_eq!(broken(&changed), [3]);
        // Whoever recomputes the hash of the changed line breaks the next.
        let mut record: Record = serde_json::from_str(lines[2]).expect("a record");
        record.pr = 9;
        let forged = record.clone().chained(&record.prev_hash.clone()).line();
        assert_eq!(broken(&join(&[lines[0], lines[1], &forged, lines[3], lines[4]])), [4]);
        assert_eq!(broken(&join(&[lines[0], lines[2], lines[3], lines[4]])), [2]);
        assert_eq!(broken(&join(&[lines[0], lines[2], lines[1], lines[3], lines[4]])), [2, 3, 4]);
        assert_eq!(broken(&join(&[lines[0], lines[1], "{}", lines[3], lines[4]])), [3]);
        assert_eq!(broken(text.trim_end()), [5]);
        assert!(appended(&changed, &sample(6)).is_err());
        assert_ne!(verify(&join(&lines[..4])).last_hash, verify(&text).last_hash);
    }
}
