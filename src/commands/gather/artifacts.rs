//! What dbt left of its own runs: manifests and the catalog that the policy or the command line names.

use super::packages::join;
use super::state::State;
use crate::cli::ProjectArgs;
use crate::finding::Severity;
use crate::git::{Repo, SideTree, WORKTREE};
use crate::policy::{Fallback, Policy, Trust};
use crate::project::catalog::Catalog;
use crate::project::manifest::Manifest;
use crate::project::{self, Lent, Project};
use crate::report::Notice;
use anyhow::Result;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Files beside the models that decide what all of them become. A manifest tells nothing of them.
const SHARED: &[&str] = &["dbt_project.yml", "packages.yml", "package-lock.yml", "dependencies.yml", "profiles.yml"];

/// Names of models that a notice lists.
const LISTED: usize = 8;

/// Which side of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// The trusted one.
    Base,
    /// The judged one, or the only one.
    Head,
}

impl Side {
    fn name(self) -> &'static str {
        match self {
            Side::Base => "base",
            Side::Head => "head",
        }
    }
}

/// A manifest and its path as it was named.
struct Named {
    manifest: Manifest,
    shown: String,
}

/// The base side's manifest, and the head side's.
type Pair = (Option<Arc<Named>>, Option<Arc<Named>>);

/// The artifacts of both sides.
pub(super) struct Artifacts {
    base: Option<Arc<Named>>,
    head: Option<Arc<Named>>,
    catalog: Option<Catalog>,
    trusted: bool,
    /// What of them could not be used.
    pub notices: Vec<Notice>,
}

impl Artifacts {
    /// Reads the artifacts that are asked for. One that a person names on the command line must be there; one that the
    /// policy names may be missing, which is told.
    ///
    /// # Errors
    /// A file that does not read.
    pub fn find(
        args: &ProjectArgs,
        state: Option<&State>,
        policy: &Policy,
        repo: &Repo,
        root: &str,
        trees: [&SideTree; 2],
    ) -> Result<Self> {
        let mut finder = Finder { repo, root, policy, trees, state: state.is_some(), notices: Vec::new() };
        let trusted = policy.compile.trust == Trust::Manifest;
        let own = || {
            let named = policy.compile.manifest.as_deref();
            let asked = trusted || policy.compile.falls_back_to(Fallback::Manifest);
            asked.then(|| finder.of_policy(named, "target/manifest.json"))
        };
        let own = own();
        let named = |given: &Option<PathBuf>| given.clone().or_else(|| args.manifest.clone());
        let of_base = args.base_manifest.clone().or_else(|| state.map(|state| state.manifest_path.clone()));
        let (base, head) = match (named(&of_base), named(&args.head_manifest)) {
            // What production was built from is the judged side's too, wherever that has not changed since.
            (Some(base), None) if state.is_some() => finder.shared(&base, true)?,
            (Some(base), Some(head)) if base == head => finder.shared(&base, true)?,
            (None, None) => match own {
                Some(path) => finder.shared(&path, false)?,
                None => (None, None),
            },
            (base, head) => {
                let mut one = |path: Option<PathBuf>| -> Result<Option<Arc<Named>>> {
                    path.map(|path| finder.manifest(&path, true)).transpose().map(Option::flatten)
                };
                (one(base)?, one(head)?)
            }
        };
        let of_state = state.and_then(|state| state.catalog_path.as_ref());
        let catalog = match (args.catalog.as_ref().or(of_state), &policy.compile.catalog) {
            (Some(path), _) => finder.read(path, true, Catalog::read)?.map(|(catalog, _)| catalog),
            (None, Some(path)) => {
                let path = finder.of_policy(Some(path), path);
                finder.read(&path, false, Catalog::read)?.map(|(catalog, _)| catalog)
            }
            (None, None) => None,
        };
        Ok(Self { base, head, catalog, trusted, notices: finder.notices })
    }

    /// What may be used of them to load a side.
    pub fn of(&self, side: Side) -> project::Artifacts<'_> {
        let named = match side {
            Side::Base => &self.base,
            Side::Head => &self.head,
        };
        let lent = named.iter().map(|n| Lent { manifest: &n.manifest, shown: &n.shown, source: "manifest" });
        project::Artifacts { manifests: lent.collect(), catalog: self.catalog.as_ref(), trusted: self.trusted }
    }

    /// Drops the manifests: what is rendered here stands alone.
    pub fn lend_nothing(&mut self) {
        (self.base, self.head, self.trusted) = (None, None, false);
    }

    /// The catalog.
    pub fn catalog(&self) -> Option<&Catalog> {
        self.catalog.as_ref()
    }
}

struct Finder<'a> {
    repo: &'a Repo,
    root: &'a str,
    policy: &'a Policy,
    trees: [&'a SideTree; 2],
    /// Whether the manifest was made from the base side.
    state: bool,
    notices: Vec<Notice>,
}

impl Finder<'_> {
    /// A path of the policy, from its folder; `usual` from the project's where it names none.
    fn of_policy(&self, named: Option<&str>, usual: &str) -> PathBuf {
        match named {
            Some(path) => self.repo.root().join(self.policy.folder().unwrap_or(self.root)).join(path),
            None => self.repo.root().join(self.root).join(usual),
        }
    }

    /// One manifest for both sides: only where all that it tells nothing of is the same on both.
    fn shared(&mut self, path: &Path, must_be: bool) -> Result<Pair> {
        let [base, head] = self.trees.map(|tree| &tree.files);
        let differs = SHARED.iter().find(|f| base.id(&join(self.root, f)) != head.id(&join(self.root, f)));
        let Some(named) = self.manifest(path, must_be)? else { return Ok((None, None)) };
        if let Some(file) = differs {
            if self.state {
                // It is known to be the base side's.
                return Ok((Some(named), None));
            }
            let message = format!(
                "the manifest is not used: {file} differs between the two sides, and a manifest does not tell which of \
                 them it was made from; give each side its own with --base-manifest and --head-manifest"
            );
            self.tell(&named.shown, message);
            return Ok((None, None));
        }
        Ok((Some(Arc::clone(&named)), Some(named)))
    }

    fn manifest(&mut self, path: &Path, must_be: bool) -> Result<Option<Arc<Named>>> {
        let read = self.read(path, must_be, Manifest::read)?;
        Ok(read.map(|(manifest, shown)| Arc::new(Named { manifest, shown })))
    }

    fn read<T>(&mut self, path: &Path, must_be: bool, read: fn(&Path) -> Result<T>) -> Result<Option<(T, String)>> {
        let inside = self.repo.relative(path);
        let shown = inside.clone().unwrap_or_else(|| self.shown(path));
        if !must_be && !path.exists() {
            self.tell(&shown, "the policy names this file, and it is not there; nothing is taken from it".to_owned());
            return Ok(None);
        }
        if let Some(inside) = inside.filter(|inside| !inside.is_empty())
            && self.carried(&inside)?
        {
            let message = "not used: the pull request carries this file, so it could say anything; have the workflow \
                           make it, or take it from the base branch";
            self.tell(&shown, message.to_owned());
            return Ok(None);
        }
        Ok(Some((read(path)?, shown)))
    }

    /// Whether the file comes with the judged commit and is not the base side's own.
    fn carried(&self, path: &str) -> Result<bool> {
        let [base, head] = self.trees;
        let in_commit = head.sha != WORKTREE && head.files.contains(path);
        let tracked = self.repo.tracks(path)? || in_commit;
        Ok(tracked && (head.files.id(path).is_none() || base.files.id(path) != head.files.id(path)))
    }

    /// A path within the repository without the folder that the repository happens to be in.
    fn shown(&self, path: &Path) -> String {
        path.strip_prefix(self.repo.root()).unwrap_or(path).display().to_string()
    }

    fn tell(&mut self, place: &str, message: String) {
        self.notices.push(Notice { severity: Severity::Warning, place: place.to_owned(), message });
    }
}

/// Says which models of a side have SQL that was not rendered here.
pub(super) fn lent(side: Side, project: &Project) -> Vec<Notice> {
    let mut notices = Vec::new();
    for source in ["manifest", "dbt"] {
        let of = |m: &&project::Model| m.compiled.as_ref().ok().and_then(|c| c.lent_by()) == Some(source);
        let names: Vec<&str> = project.models.values().filter(of).map(|m| m.name.as_str()).collect();
        if names.is_empty() {
            continue;
        }
        let listed = names.iter().take(LISTED).copied().collect::<Vec<_>>().join(", ");
        let more = if names.len() > LISTED { format!(" and {} more", names.len() - LISTED) } else { String::new() };
        let message = format!(
            "the SQL of {} models of the {} side is dbt's own ({source}): {listed}{more}",
            names.len(),
            side.name()
        );
        notices.push(Notice { severity: Severity::Note, place: String::new(), message });
    }
    notices
}
