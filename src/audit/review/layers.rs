//! Which layers a pull request touches, by the paths of its files alone.

use crate::policy::{Layer, Policy};
use std::collections::BTreeMap;

/// A layer that a pull request touches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerAsked {
    /// Its name.
    pub name: String,
    /// Changed files that ask for it, from the repository's root, sorted.
    pub paths: Vec<String>,
    /// It is the layer of what matches none: `Policy::strictest`, which may have no entry of its own.
    pub strictest: bool,
}

impl LayerAsked {
    /// The layer of the policy; a name that the policy does not have is judged as the strictest.
    pub fn layer<'p>(&self, policy: &'p Policy) -> &'p Layer {
        let named = policy.layers.iter().find(|l| !self.strictest && l.name == self.name);
        named.unwrap_or(&policy.strictest)
    }
}

/// Folders of a dbt project in which any file counts.
const FOLDERS: &[&str] = &["macros", "seeds", "snapshots", "tests", "analyses", "models"];
/// Endings of files that a project may compute from, wherever they are.
const ENDINGS: &[&str] = &["sql", "yml", "yaml", "csv", "py", "jinja", "jinja2", "j2"];

/// The layers that the changed files ask for, in the order of the policy. `project_root` is the project's folder from
/// the repository's root (empty = the root); `changed` are all changed paths from the repository's root, both of a
/// file that moved.
///
/// A file that a layer's globs match asks for that layer. Whatever else can change what the project computes, or who
/// judges it, asks for the strictest. Other files (a README, pictures, other projects) ask for nothing.
pub fn layers_of(policy: &Policy, project_root: &str, changed: &[String]) -> Vec<LayerAsked> {
    let root = normal(project_root);
    let judges = Judges::of(policy);
    let mut found: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    // The layer of what matches none is one of them, or one past the last that was made of all.
    let own = |layer: &Layer| layer.name == policy.strictest.name && layer.globs == policy.strictest.globs;
    let strictest = policy.layers.iter().position(own).unwrap_or(policy.layers.len());
    for path in changed {
        let path = normal(path);
        let inside = within(&root, &path);
        let at = if judges.include(&path, &root) {
            Some(strictest)
        } else {
            inside.and_then(|inside| {
                let own = policy.layers.iter().position(|layer| layer.matcher.is_match(inside));
                own.or_else(|| computes(inside).then_some(strictest))
            })
        };
        if let Some(at) = at {
            found.entry(at).or_default().push(path);
        }
    }
    let asked = found.into_iter().map(|(at, mut paths)| {
        paths.sort();
        paths.dedup();
        let layer = policy.layers.get(at).unwrap_or(&policy.strictest);
        LayerAsked { name: layer.name.clone(), paths, strictest: at == strictest }
    });
    asked.collect()
}

/// Whether a file of the project that no layer claims can change what is computed.
fn computes(path: &str) -> bool {
    let lower = path.to_lowercase();
    let name = lower.rsplit('/').next().unwrap_or(&lower);
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    if ENDINGS.contains(&ending) || name == ".gitmodules" {
        return true;
    }
    // Descriptions (`{% docs %}`) count where dbt reads them; a README is for people.
    let readme = name == "readme" || name.starts_with("readme.");
    !readme && lower.split('/').next().is_some_and(|first| first != lower && FOLDERS.contains(&first))
}

/// Files that say who judges and how, wherever they are.
struct Judges {
    files: Vec<String>,
}

impl Judges {
    fn of(policy: &Policy) -> Self {
        let written = policy.origins.values().flatten().map(|o| o.path.as_str());
        let policies = std::iter::once(policy.path.as_str()).chain(written).filter(|p| !p.starts_with("built-in:"));
        let mut files: Vec<String> = policies.map(normal).collect();
        files.extend(calendars(policy).into_values().flatten());
        let data = policy.warehouse.files.values().chain(&policy.warehouse.database);
        files.extend(data.filter_map(|path| from_policy(policy, path)));
        files.sort();
        files.dedup();
        Self { files }
    }

    fn include(&self, path: &str, root: &str) -> bool {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let ours = name == "CODEOWNERS"
            || matches!(name, "rowproof.yml" | "rowproof.yaml" | ".rowproof.yml" | ".rowproof.yaml")
            || within(".github/workflows", path).is_some()
            || within(".github/actions", path).is_some();
        // A profile above the project tells it where its data is; one beside it belongs to another project.
        let profile =
            matches!(name, "profiles.yml" | "profiles.yaml") && (folder == root || within(folder, root).is_some());
        ours || profile || self.files.iter().any(|file| file == path || within(file, path).is_some())
    }
}

/// The calendar file of each window that names one, from the repository's root; `None` when it lies outside.
pub(super) fn calendars(policy: &Policy) -> BTreeMap<String, Option<String>> {
    let named = policy.windows.iter().filter_map(|(name, window)| match &window.holidays {
        Some(crate::policy::holidays::Holidays::Calendar(path)) => Some((name.clone(), from_policy(policy, path))),
        _ => None,
    });
    named.collect()
}

/// A path that counts from the policy's folder, from the repository's root; `None` when it leaves the repository.
fn from_policy(policy: &Policy, path: &str) -> Option<String> {
    if path.starts_with(['/', '~']) || path.contains(['\\', ':']) {
        return None;
    }
    let mut parts: Vec<&str> = policy.folder()?.split('/').filter(|p| !p.is_empty() && *p != ".").collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The path from `folder`, when it is in it.
fn within<'a>(folder: &str, path: &'a str) -> Option<&'a str> {
    if folder.is_empty() {
        return Some(path);
    }
    path.strip_prefix(folder)?.strip_prefix('/')
}

fn normal(path: &str) -> String {
    path.split('/').filter(|part| !part.is_empty() && *part != ".").collect::<Vec<_>>().join("/")
}
