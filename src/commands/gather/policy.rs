//! The policy in force: the base side's, the built-in default, or the file that a person names.

use super::packages::join;
use crate::cli::ProjectArgs;
use crate::files::FileSet;
use crate::finding::Severity;
use crate::git::Repo;
use crate::policy::{self, Policy, PolicySource};
use crate::report::Notice;
use anyhow::{Context, Result, bail};

/// File name of a policy.
pub(in crate::commands) const POLICY_FILE: &str = "rowproof.yml";

/// What `--policy` begins with to name a file of the base side, which a pull request cannot change.
const BASE_SIDE: &str = "base:";

/// A policy and where it came from.
pub(in crate::commands) struct PolicyFound {
    /// The policy.
    pub policy: Policy,
    /// `base`, `built-in` or `override`.
    pub side: &'static str,
}

/// Finds the policy: `--policy` (a file, or `base:PATH` of the base side), else `rowproof.yml` on the base side from the
/// project's folder upward, else the default.
///
/// # Errors
/// The policy does not hold: file, line and what to do.
pub(in crate::commands) fn find_policy(
    args: &ProjectArgs,
    repo: &Repo,
    base: &FileSet,
    head: &FileSet,
    hint: Option<&str>,
    notices: &mut Vec<Notice>,
) -> Result<PolicyFound> {
    let mut note = |place: &str, message: &str| {
        notices.push(Notice { severity: Severity::Note, place: place.to_owned(), message: message.to_owned() });
    };
    let trusted = args.policy.as_deref().and_then(|file| file.to_str()?.strip_prefix(BASE_SIDE));
    if let (None, Some(file)) = (trusted, &args.policy) {
        let text =
            std::fs::read_to_string(file).with_context(|| format!("cannot read the policy {}", file.display()))?;
        let path = repo.relative(file).unwrap_or_else(|| file.display().to_string());
        note(&path, "judged by the policy named on the command line, not by the base side's");
        let root = repo.root().to_path_buf();
        let read = move |other: &str| match std::fs::read_to_string(root.join(other)) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        };
        return Ok(PolicyFound { policy: policy::load(PolicySource { path, text }, &read)?, side: "override" });
    }
    let of = |files: &FileSet| match trusted {
        Some(path) => files.contains(path).then(|| path.to_owned()),
        None => upward(files, hint),
    };
    if let Some(path) = of(base) {
        let text = base.text(&path)?.unwrap_or_default();
        let folder = path.rsplit_once('/').map_or("", |(dir, _)| dir).to_owned();
        let policy =
            policy::load(PolicySource { path: path.clone(), text }, &|other| base.text(&join(&folder, other)))?;
        if base.id(&path) != head.id(&path) {
            note(
                &path,
                "the pull request changes the policy; the base side's judges it, the new one takes effect after the merge",
            );
        }
        return Ok(PolicyFound { policy, side: "base" });
    }
    if let Some(path) = of(head) {
        note(
            &path,
            "the base side has no policy yet: the built-in default judges, this file takes effect after the merge",
        );
    }
    if let Some(path) = trusted {
        bail!("neither side has a policy {path}; name it from the root of the repository");
    }
    Ok(PolicyFound { policy: policy::built_in("default")?, side: "built-in" })
}

/// The nearest policy file from the project's folder upward.
pub(super) fn upward(files: &FileSet, hint: Option<&str>) -> Option<String> {
    let mut dir = hint.unwrap_or("");
    loop {
        let path = join(dir, POLICY_FILE);
        if files.contains(&path) {
            return Some(path);
        }
        if dir.is_empty() {
            return None;
        }
        dir = dir.rsplit_once('/').map_or("", |(parent, _)| parent);
    }
}
