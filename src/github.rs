//! GitHub: the only asynchronous and the only networked code. It reads pull requests and publishes what was decided
//! elsewhere; it never decides a verdict, and holds no call that approves, merges, deploys or enables anything.

mod answer;
pub mod check_run;
pub mod client;
pub mod comment;
pub mod contents;
pub mod error;
pub mod event;
mod graphql;
pub mod history;
pub mod issues;
pub mod labels;
pub mod ledger;
pub mod people;
pub mod pull;
pub mod viewer;

pub use client::{Client, Settings};
pub use error::ApiError;
pub use event::Event;
pub use pull::Pull;

/// `owner/name`, checked: only what GitHub allows in such names, so that it can stand in a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository(String);

impl Repository {
    /// Takes `owner/name`.
    ///
    /// # Errors
    /// Anything else.
    pub fn new(text: &str) -> anyhow::Result<Self> {
        let fits = |part: &str| {
            !part.is_empty()
                && part.len() <= 100
                && !part.starts_with('.')
                && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        };
        match text.split_once('/') {
            Some((owner, name)) if fits(owner) && fits(name) => Ok(Self(text.to_owned())),
            _ => anyhow::bail!("`{}` is no repository; write owner/name", text.chars().take(200).collect::<String>()),
        }
    }

    /// `owner/name`.
    pub fn full_name(&self) -> &str {
        &self.0
    }

    /// The owner.
    pub fn owner(&self) -> &str {
        self.0.split('/').next().unwrap_or("")
    }

    /// Path of the API below the repository: `/repos/owner/name/REST`.
    pub fn path(&self, rest: &str) -> String {
        format!("/repos/{}/{rest}", self.0)
    }
}

/// Whether the text is a commit id (SHA-1 or SHA-256).
pub fn is_sha(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// A part of a URL's path or query, with everything but unreserved characters encoded.
pub fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(byte as char),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories_are_checked() {
        assert!(Repository::new("octo-org/my.repo_1").is_ok());
        for wrong in ["", "octo", "octo/", "/x", "a/b/c", "a/../b", "a/..", "a b/c", "a/b?x", "é/b"] {
            assert!(Repository::new(wrong).is_err(), "{wrong}");
        }
        assert_eq!(encoded("a b/c#é"), "a%20b%2Fc%23%C3%A9");
        assert!(is_sha(&"a".repeat(40)) && !is_sha("worktree") && !is_sha(&"g".repeat(40)));
    }
}
