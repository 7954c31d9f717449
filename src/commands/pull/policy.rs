//! The policy of the trusted side of a pull request, found without a checkout.

use super::base::CommitFiles;
use crate::policy::{self, Policy, PolicySource};
use anyhow::{Context, Result, bail};
use std::path::Path;

/// Before a path, names a policy file of the base side.
const BASE_SIDE: &str = "base:";
/// File name of a policy.
const POLICY_FILE: &str = "rowproof.yml";

/// A policy, and the folder of the project that it judges.
pub(in crate::commands) struct Trusted {
    /// The policy.
    pub policy: Policy,
    /// Folder of the project from the repository's root, `""` for the root.
    pub project_root: String,
    /// What a reader must know: a policy named on the command line, or none at all.
    pub note: Option<String>,
}

/// The policy at `base`: the file that a person names (`base:PATH` for one of the base side), else `rowproof.yml` from `folder` upward, else the only one in the
/// repository or the nearest one above the changed files, else the built-in default.
///
/// # Errors
/// It cannot be read, does not hold, or several might be meant.
pub(in crate::commands) fn trusted(
    base: &CommitFiles<'_>,
    named: Option<&Path>,
    folder: Option<&str>,
    changed: &[String],
) -> Result<Trusted> {
    let path = match (named, named.and_then(|n| n.to_str()?.strip_prefix(BASE_SIDE))) {
        (_, Some(path)) => Some(super::folder(path)?),
        (Some(file), None) => return on_disk(base, file, folder),
        (None, None) => match upward(base, folder.unwrap_or(""))? {
            Some(path) => Some(path),
            None if folder.is_some() => None,
            None => elsewhere(base, changed)?,
        },
    };
    let Some(path) = path else {
        let note = "the base side has no policy: the built-in default judges".to_owned();
        let policy = policy::built_in("default")?;
        let project_root = root(base, &policy, folder)?;
        return Ok(Trusted { policy, project_root, note: Some(note) });
    };
    let text = base.text(&path)?.with_context(|| format!("the base side has no policy {path}"))?;
    let read = |other: &str| base.text(other);
    let policy = policy::load(PolicySource { path, text }, &read)?;
    let project_root = root(base, &policy, folder)?;
    Ok(Trusted { policy, project_root, note: None })
}

/// The policy that comes with the program.
///
/// # Errors
/// Never, unless the program is broken.
pub(in crate::commands) fn built_in() -> Result<Policy> {
    policy::built_in("default")
}

fn on_disk(base: &CommitFiles<'_>, file: &Path, folder: Option<&str>) -> Result<Trusted> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read the policy {}", file.display()))?;
    let read = |other: &str| match std::fs::read_to_string(other) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    };
    let path = file.display().to_string();
    let policy = policy::load(PolicySource { path: path.clone(), text }, &read)?;
    let project_root = match folder {
        Some(folder) => folder.to_owned(),
        None => root(base, &policy::built_in("default")?, None)?,
    };
    let note = format!("judged by {path}, named on the command line, not by the base side's policy");
    Ok(Trusted { policy, project_root, note: Some(note) })
}

/// The nearest policy file from `folder` upward.
fn upward(base: &CommitFiles<'_>, folder: &str) -> Result<Option<String>> {
    let mut dir = folder;
    loop {
        let path = if dir.is_empty() { POLICY_FILE.to_owned() } else { format!("{dir}/{POLICY_FILE}") };
        if base.text(&path)?.is_some() {
            return Ok(Some(path));
        }
        match dir.rsplit_once('/') {
            Some((parent, _)) => dir = parent,
            None if dir.is_empty() => return Ok(None),
            None => dir = "",
        }
    }
}

/// A policy that lies in some folder: the only one, or the only one above a changed file.
fn elsewhere(base: &CommitFiles<'_>, changed: &[String]) -> Result<Option<String>> {
    let all = base.named(POLICY_FILE)?;
    let judges = |policy: &String| {
        let folder = policy.strip_suffix(POLICY_FILE).unwrap_or(policy);
        changed.iter().any(|path| path.starts_with(folder))
    };
    let concerned: Vec<&String> = all.iter().filter(|p| judges(p)).collect();
    match (all.as_slice(), concerned.as_slice()) {
        ([], _) => Ok(None),
        ([one], _) => Ok(Some(one.clone())),
        (_, [one]) => Ok(Some((*one).clone())),
        _ => bail!("several policies may be meant ({}); name the project's folder with --project-dir", all.join(", ")),
    }
}

/// The folder of the project: as asked, as the policy says, or that of the one dbt project at or below the policy.
fn root(base: &CommitFiles<'_>, policy: &Policy, folder: Option<&str>) -> Result<String> {
    let home = policy.folder().unwrap_or("").to_owned();
    if let Some(path) = policy.project.path.as_deref() {
        return super::folder(format!("{home}/{path}").trim_start_matches('/'));
    }
    if let Some(folder) = folder {
        return Ok(folder.to_owned());
    }
    // Where files cannot be listed the policy's folder is taken: what its layers then do not match is the strictest.
    let found = base.named("dbt_project.yml").unwrap_or_default();
    let folder_of = |p: &String| p.rsplit_once('/').map_or(String::new(), |(dir, _)| dir.to_owned());
    let projects: Vec<String> = found.iter().map(folder_of).collect();
    let within = |dir: &&String| home.is_empty() || **dir == home || dir.starts_with(&format!("{home}/"));
    let mut below = projects.iter().filter(within);
    match (below.next(), below.next()) {
        (Some(one), None) => Ok(one.clone()),
        _ => Ok(home),
    }
}
