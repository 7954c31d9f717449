//! Which commit of the action the workflows name.

use anyhow::{Result, bail};

/// The action's repository.
pub(super) const REPOSITORY: &str = "rowproof/rowproof";

/// Commit and version of the newest release when this was built. A release cannot know its own commit, which holds the
/// digests of what was built, so this is set on the main branch after each release (docs/releasing.md). None so far.
const RELEASED: Option<(&str, &str)> = None;

/// A commit of the action.
pub(super) struct Pin {
    commit: String,
    version: Option<&'static str>,
}

impl Pin {
    /// What stands after `uses: `.
    pub(super) fn reference(&self) -> String {
        match self.version {
            Some(version) => format!("{REPOSITORY}@{} # v{version}", self.commit),
            None => format!("{REPOSITORY}@{}", self.commit),
        }
    }

    /// Whether it is a commit, and not the place of one.
    pub(super) fn is_known(&self) -> bool {
        self.commit.chars().any(|c| c != '0')
    }
}

/// The commit asked for, else the newest release's, else forty zeros: a workflow that names no commit fails, and says
/// which line is wrong.
///
/// # Errors
/// What was asked for is no commit id.
pub(super) fn pin(asked: Option<&str>) -> Result<Pin> {
    match (asked, RELEASED) {
        (Some(commit), _) => {
            let hex = commit.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
            if !hex || commit.len() != 40 || commit.bytes().all(|b| b == b'0') {
                bail!(
                    "--action-commit takes the 40 hexadecimal digits of a commit, not {commit:?}; a tag can be moved, a commit cannot"
                );
            }
            Ok(Pin { commit: commit.to_owned(), version: None })
        }
        (None, Some((commit, version))) => Ok(Pin { commit: commit.to_owned(), version: Some(version) }),
        (None, None) => Ok(Pin { commit: "0".repeat(40), version: Some("0.0.0") }),
    }
}
