//! Which audit record speaks for a pull request, where several do.

use super::result::Disagreement;
use crate::audit::record::Record;
use crate::history::History;
use std::collections::BTreeMap;

/// Records as they were found.
#[derive(Debug, Default)]
pub struct Records {
    /// Those of the ledger, in its order. That it holds was checked before.
    pub ledger: Vec<Record>,
    /// Those of check runs at the head, by pull request.
    pub checks: BTreeMap<u64, Record>,
    /// Pull requests whose check run holds a record that was changed, or that does not read.
    pub broken: Vec<u64>,
}

/// One record for each pull request that has any. The ledger's counts before the check run's; of several in the ledger (one
/// for each project of a repository, say) the last of this very merge, and one that tells of a language model before one that
/// does not.
pub fn chosen(history: &History, records: Records) -> (BTreeMap<u64, Record>, Vec<Disagreement>) {
    let (mut found, mut differ) = (BTreeMap::<u64, Record>::new(), Vec::new());
    let mut tell = |number, detail: &str| {
        differ.push(Disagreement { number, about: "record".to_owned(), detail: detail.to_owned() });
    };
    for record in records.ledger {
        let Some(pull) = history.pulls.get(&record.pr) else { continue };
        let merge = pull.merge_commit.as_ref().map(|c| c.sha.as_str());
        let other =
            record.outcome.merge_sha.is_some() && merge.is_some() && record.outcome.merge_sha.as_deref() != merge;
        if !record.repo.eq_ignore_ascii_case(&history.repository) {
            tell(
                record.pr,
                "the ledger has a record of that number of another repository, or of this one under another name; it does not count",
            );
            continue;
        }
        if other {
            tell(record.pr, "the ledger has a record of another merge of it; it does not count");
            continue;
        }
        match found.get(&record.pr) {
            Some(before) if before.assisted.is_empty() != record.assisted.is_empty() => {
                tell(
                    record.pr,
                    "the ledger has records of it that disagree on a language model; the one that tells of one counts",
                );
                if before.assisted.is_empty() {
                    found.insert(record.pr, record);
                }
            }
            _ => drop(found.insert(record.pr, record)),
        }
    }
    for (number, record) in records.checks {
        let Some(pull) = history.pulls.get(&number) else { continue };
        let same = record.pr == number
            && record.repo.eq_ignore_ascii_case(&history.repository)
            && record.head_sha == pull.head_sha;
        if !same {
            tell(number, "the record in its check run is that of another commit; it does not count");
            continue;
        }
        match found.get(&number) {
            Some(ledger)
                if ledger.assisted.is_empty() != record.assisted.is_empty() && !record.policy_sha.is_empty() =>
            {
                tell(number, "ledger and check run disagree on a language model; the ledger counts");
            }
            Some(_) => {}
            None => drop(found.insert(number, record)),
        }
    }
    for number in records.broken {
        tell(number, "the record in its check run was changed, or does not read; it does not count");
    }
    (found, differ)
}
