//! Installed packages: committed to the repository, or on disk beside it where git ignores them.

use crate::finding::Severity;
use crate::git::{Repo, SideTree};
use crate::report::Notice;
use anyhow::Result;

/// Lays the installed packages on disk over every side that does not carry its own.
///
/// Both sides then share them; where the sides ask for different packages, the reader is told.
pub(super) fn lay_over<const N: usize>(
    repo: &Repo,
    mut sides: [&mut SideTree; N],
    root: &str,
    notices: &mut Vec<Notice>,
) -> Result<()> {
    let mut shared = false;
    for side in &mut sides {
        let dir = folder(side, root)?;
        let carried = side.files.under(&dir).next().is_some();
        if !carried && repo.root().join(&dir).is_dir() {
            side.files = repo.with_folder(&side.files, &dir)?;
            shared = true;
        }
    }
    let asked = |side: &SideTree| {
        ["packages.yml", "dependencies.yml", "package-lock.yml"]
            .map(|f| side.files.id(&join(root, f)).map(str::to_owned))
    };
    if let ([first, .., last], true) = (sides.as_slice(), shared)
        && asked(first) != asked(last)
    {
        notices.push(Notice {
            severity: Severity::Warning,
            place: join(root, "packages.yml"),
            message:
                "the pull request changes the packages, and both sides were compiled with those installed on disk; \
                      commit dbt_packages or install each side's own to compare them"
                    .to_owned(),
        });
    }
    Ok(())
}

/// The install folder: `packages-install-path` of dbt_project.yml, else `dbt_packages`.
fn folder(side: &SideTree, root: &str) -> Result<String> {
    let text = side.files.text(&join(root, "dbt_project.yml"))?.unwrap_or_default();
    let named =
        text.lines().find_map(|l| l.strip_prefix("packages-install-path:")).map(|v| v.trim().trim_matches(['"', '\'']));
    let plain = named.filter(|p| !p.is_empty() && !p.starts_with('/') && !p.contains("..") && !p.contains("{{"));
    Ok(join(root, plain.unwrap_or("dbt_packages")))
}

pub(super) fn join(root: &str, path: &str) -> String {
    if root.is_empty() { path.to_owned() } else { format!("{root}/{path}") }
}
