//! A pull request to test with.

use crate::history::{Account, Commit, MergedPull, Review, ReviewState};
use jiff::Timestamp;

pub fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

pub fn account(login: &str) -> Account {
    Account { login: login.to_owned(), bot: login.ends_with("[bot]") }
}

pub fn review(login: &str, state: ReviewState, when: &str) -> Review {
    Review { by: Some(account(login)), state, at: at(when), body: String::new() }
}

/// Of `ann`, squashed, with a title and commit ids made of its number.
pub fn pull(number: u64, merged: &str) -> MergedPull {
    let merged_at = at(merged);
    MergedPull {
        number,
        title: format!("Change {number}"),
        body: String::new(),
        author: Some(account("ann")),
        created_at: merged_at,
        merged_at,
        updated_at: merged_at,
        base: "main".to_owned(),
        head_sha: sha(number, 'b'),
        merge_commit: Some(Commit { sha: sha(number, 'a'), message: format!("Change {number} (#{number})") }),
        labels: Vec::new(),
        label_events: Vec::new(),
        draft_events: Vec::new(),
        files: vec![format!("models/marts/m{number}.sql")],
        files_cut: false,
        additions: 3,
        deletions: 1,
        commits: vec![Commit { sha: sha(number, 'b'), message: format!("Change {number}") }],
        reviews: Vec::new(),
        check_text: None,
    }
}

/// A whole commit id.
pub fn sha(number: u64, kind: char) -> String {
    format!("{kind}{number:03}{}", kind.to_string().repeat(36))
}
