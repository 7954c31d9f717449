//! Files of a commit: from the clone here where it holds the commit (a commit id names its content), else from GitHub.

use super::Site;
use crate::files::FileSet;
use crate::git::Repo;
use crate::github::contents;
use anyhow::{Context, Result};

/// The files of one commit.
pub(in crate::commands) struct CommitFiles<'a> {
    site: &'a Site,
    sha: String,
    local: Option<FileSet>,
}

impl<'a> CommitFiles<'a> {
    /// Those of `sha`.
    pub fn new(site: &'a Site, sha: &str) -> Self {
        let here = std::env::current_dir().ok().and_then(|dir| Repo::open(&dir).ok());
        // Only a whole id: a name would be looked up among the refs of the clone.
        let local = here.filter(|_| crate::github::is_sha(sha)).and_then(|repo| repo.side(sha).ok()).map(|s| s.files);
        Self { site, sha: sha.to_owned(), local }
    }

    /// The bytes of a file, `None` when there is none.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn bytes(&self, path: &str) -> Result<Option<Vec<u8>>> {
        if let Some(files) = &self.local {
            return match files.contains(path) {
                true => Ok(files.text(path)?.map(String::into_bytes)),
                false => Ok(None),
            };
        }
        contents::file(&self.site.client, &self.site.repository, path, &self.sha)
            .with_context(|| format!("cannot read {path} at {}", self.sha))
    }

    /// The text of a file.
    ///
    /// # Errors
    /// It cannot be read, or is not UTF-8.
    pub fn text(&self, path: &str) -> Result<Option<String>> {
        let Some(bytes) = self.bytes(path)? else { return Ok(None) };
        String::from_utf8(bytes).map(Some).with_context(|| format!("{path} at {} is not UTF-8", self.sha))
    }

    /// Paths of all files whose name is `name`.
    ///
    /// # Errors
    /// They cannot be listed.
    pub fn named(&self, name: &str) -> Result<Vec<String>> {
        let is = |p: &str| p == name || p.strip_suffix(name).is_some_and(|rest| rest.ends_with('/'));
        let mut found: Vec<String> = match &self.local {
            Some(files) => files.under("").filter(|p| is(p)).map(str::to_owned).collect(),
            None => {
                let all = contents::paths(&self.site.client, &self.site.repository, &self.sha)
                    .with_context(|| format!("cannot list the files at {}", self.sha))?;
                all.into_iter().filter(|p| is(p)).collect()
            }
        };
        found.retain(|p| !p.split('/').any(|part| part == "dbt_packages" || part == "node_modules"));
        found.sort();
        Ok(found)
    }
}
