//! Gathers what the commands judge: sides from git, the policy, the profile, the database, bound projects.

mod artifacts;
mod database;
mod dbt;
mod packages;
mod policy;
mod profiles;
mod state;
mod warehouse;

use artifacts::{Artifacts, Side};
use database::Database;
use dbt::Dbt;
pub(super) use policy::{POLICY_FILE, PolicyFound, find_policy};
use state::State;

use crate::cli::ProjectArgs;
use crate::engine::Engine;
use crate::files::FileSet;
use crate::git::{Repo, SideTree};
use crate::policy::{EngineName, Policy};
use crate::project::bind::{Analyses, Bound, KnownColumns};
use crate::project::manifest::Manifest;
use crate::project::{self, LoadOptions, Project};
use crate::report::Notice;
use crate::run::store::Store;
use crate::sql::Dialect;
use anyhow::{Context, Result, anyhow};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Both sides of a run, bound, with all that judges them.
pub(super) struct Gathered {
    /// The repository.
    pub repo: Repo,
    /// Trusted side.
    pub base_tree: SideTree,
    /// Judged side.
    pub head_tree: SideTree,
    /// Trusted side, bound.
    pub base: Bound,
    /// Judged side, bound.
    pub head: Bound,
    /// The policy.
    pub policy: PolicyFound,
    /// Where the data is, or why there is none.
    pub database: Result<Store>,
    /// What the reader must know of how these were gathered.
    pub notices: Vec<Notice>,
}

/// The repository of the project.
///
/// # Errors
/// There is none.
pub(super) fn repository(args: &ProjectArgs) -> Result<Repo> {
    Repo::open(&start_dir(args)?)
}

/// Reads, compiles and binds both sides.
///
/// # Errors
/// No repository, unknown revision, no merge base, no project, broken policy: nothing can be judged.
pub(super) fn two_sides(args: &ProjectArgs, base: Option<&str>, head: &str) -> Result<Gathered> {
    let start = start_dir(args)?;
    let repo = Repo::open(&start)?;
    let state = args.state.as_deref().map(State::read).transpose()?;
    let trees = match base_revision(&repo, base).and_then(|base| repo.sides(&base, head)) {
        Ok((base, head)) => (Ok(base), head),
        // Then the artifacts alone say which commit is trusted.
        Err(why) if state.is_some() => (Err(why), repo.side(head)?),
        Err(why) => return Err(why),
    };
    gather(args, &start, repo, trees, state)
}

/// The revision that a pull request goes to: the one asked for, the workflow's, or the repository's default branch.
///
/// # Errors
/// None is asked for and none can be found.
pub(super) fn base_revision(repo: &Repo, asked: Option<&str>) -> Result<String> {
    match asked {
        Some(base) => Ok(base.to_owned()),
        None => match std::env::var("GITHUB_BASE_REF") {
            Ok(branch) if !branch.is_empty() => Ok(branch),
            _ => repo.default_base(),
        },
    }
}

/// The policy that judges the two sides, for commands that need no project.
///
/// # Errors
/// A broken policy.
pub(super) fn policy_of_sides(repo: &Repo, start: &Path, base: &SideTree, head: &SideTree) -> Result<Policy> {
    let args = ProjectArgs::default();
    let hint = project_hint(&args, repo, &start.canonicalize()?, &head.files)?;
    Ok(find_policy(&args, repo, &base.files, &head.files, hint.as_deref(), &mut Vec::new())?.policy)
}

/// Reads, compiles and binds two revisions as they are, without looking for a merge base.
///
/// # Errors
/// As [`two_sides`].
pub(super) fn two_revisions(args: &ProjectArgs, base: &str, head: &str) -> Result<Gathered> {
    let start = start_dir(args)?;
    let repo = Repo::open(&start)?;
    let trees = (Ok(repo.side(base)?), repo.side(head)?);
    gather(args, &start, repo, trees, None)
}

fn gather(
    args: &ProjectArgs,
    start: &Path,
    repo: Repo,
    trees: (Result<SideTree>, SideTree),
    state: Option<State>,
) -> Result<Gathered> {
    let (base_tree, mut head_tree) = trees;
    let mut notices = Vec::new();
    let (mut base_tree, state) = match state {
        Some(state) => state::trusted(args, start, &repo, base_tree, &head_tree, state, &mut notices)?,
        None => (base_tree?, None),
    };
    let hint = project_hint(args, &repo, start, &head_tree.files)?;
    let policy = find_policy(args, &repo, &base_tree.files, &head_tree.files, hint.as_deref(), &mut notices)?;
    let hint = hint.or_else(|| policy.policy.project.path.clone().filter(|p| p != "."));
    let root = project::find_project(&head_tree.files, hint.as_deref())?.root;
    packages::lay_over(&repo, [&mut base_tree, &mut head_tree], &root, &mut notices)?;

    let reader = Reader::new(args, state.as_ref(), &repo, &policy.policy, &root, [&base_tree, &head_tree])?;
    notices.extend(reader.artifacts.notices.iter().cloned());
    let (base_project, head_project) =
        rayon::join(|| reader.load(&base_tree.files, Side::Base), || reader.load(&head_tree.files, Side::Head));
    // A base without a project is an empty one: everything on head is new.
    let head_project = head_project?;
    let base_project = base_or_empty(base_project, &base_tree, &root, &head_project)?;
    notices.extend(
        artifacts::lent(Side::Base, &base_project).into_iter().chain(artifacts::lent(Side::Head, &head_project)),
    );
    let known = [&base_project, &head_project].map(|p| reader.known_columns(p));
    let [base_known, head_known] = known;
    let (externals, of_head) = (reader.database.externals(), reader.database.externals());
    // One side after the other, each in parallel: what both share is read once.
    let analyses = Analyses::default();
    let base = Bound::sharing(base_project, &base_known, externals, &analyses);
    let head = Bound::sharing(head_project, &head_known, of_head, &analyses);
    let called = state.map(|state| state.names()).unwrap_or_default();
    let database = reader.store(&head.project, called);
    Ok(Gathered { repo, base_tree, head_tree, base, head, policy, database, notices })
}

/// Reads, compiles and binds one revision.
///
/// # Errors
/// As [`two_sides`].
pub(super) fn one_side(args: &ProjectArgs, rev: &str) -> Result<Bound> {
    with_reader(args, rev, |reader, files| {
        let project = reader.load(files, Side::Head)?;
        let known = reader.known_columns(&project);
        Ok(Bound::new(project, &known, reader.database.externals()))
    })
}

/// Reads and compiles one revision as `dbt compile` would here and now: what templates ask the database is answered from
/// it as it is, built or not. `beside` is a manifest that the result will be compared with: then templates see its
/// instant as now, and no manifest lends anything.
///
/// # Errors
/// As [`two_sides`].
pub(super) fn compiled_as_dbt(args: &ProjectArgs, rev: &str, beside: Option<&Manifest>) -> Result<Project> {
    with_reader(args, rev, |reader, files| {
        let mut reader = reader.answering_as_dbt()?;
        if let Some(manifest) = beside {
            reader.now = manifest.started_at().unwrap_or(reader.now);
            reader.artifacts.lend_nothing();
            reader.dbt = None;
        }
        reader.load(files, Side::Head)
    })
}

fn with_reader<T>(args: &ProjectArgs, rev: &str, read: impl FnOnce(Reader<'_>, &FileSet) -> Result<T>) -> Result<T> {
    let start = start_dir(args)?;
    let repo = Repo::open(&start)?;
    let mut tree = repo.side(rev)?;
    let mut notices = Vec::new();
    let hint = project_hint(args, &repo, &start, &tree.files)?;
    let policy = find_policy(args, &repo, &tree.files, &tree.files, hint.as_deref(), &mut notices)?;
    let hint = hint.or_else(|| policy.policy.project.path.clone().filter(|p| p != "."));
    let root = project::find_project(&tree.files, hint.as_deref())?.root;
    packages::lay_over(&repo, [&mut tree], &root, &mut notices)?;
    let state = args.state.as_deref().map(State::read).transpose()?;
    read(Reader::new(args, state.as_ref(), &repo, &policy.policy, &root, [&tree, &tree])?, &tree.files)
}

/// Where a relation is that a person names.
pub(super) enum Place {
    /// A DuckDB file, or none: the relation is a file itself, or a query.
    File(Option<PathBuf>),
    /// A warehouse.
    Warehouse(Box<dyn Engine>),
}

/// The place that is called `policy` (the warehouse of the policy), or as a target of the profile is. `drivers` are ADBC
/// drivers by adapter.
///
/// # Errors
/// No project here, no such target, or settings that are missing or do not fit.
pub(super) fn place(name: &str, drivers: &BTreeMap<String, String>) -> Result<Place> {
    let by_policy = name == "policy";
    let args = ProjectArgs {
        target: (!by_policy).then(|| name.to_owned()),
        profiles_dir: std::env::var_os("DBT_PROFILES_DIR").map(Into::into),
        ..ProjectArgs::default()
    };
    with_reader(&args, crate::git::WORKTREE, |reader, _| reader.place(by_policy, drivers))
}

/// The project of the working tree, found but not read.
pub(super) struct Here {
    /// The repository.
    pub repo: Repo,
    /// Folder of the project from the repository's root, `""` for the root.
    pub root: String,
    /// Path of the policy that holds for it, when there is one.
    pub policy: Option<String>,
}

/// Finds the project in `dir`, or in the current folder.
///
/// # Errors
/// No repository, no project, or several.
pub(super) fn here(dir: Option<&Path>) -> Result<Here> {
    let args = ProjectArgs { project_dir: dir.map(Path::to_owned), ..ProjectArgs::default() };
    let start = start_dir(&args)?;
    let repo = Repo::open(&start)?;
    let files = repo.side(crate::git::WORKTREE)?.files;
    let hint = project_hint(&args, &repo, &start, &files)?;
    let root = project::find_project(&files, hint.as_deref())?.root;
    let policy = policy::upward(&files, Some(&root));
    Ok(Here { repo, root, policy })
}

fn start_dir(args: &ProjectArgs) -> Result<PathBuf> {
    match &args.project_dir {
        Some(dir) => dir.canonicalize().with_context(|| format!("--project-dir {}", dir.display())),
        None => std::env::current_dir().context("cannot tell the current folder"),
    }
}

/// The folder to look for the project in: the one asked for, or the nearest one upward that is a project's own.
fn project_hint(args: &ProjectArgs, repo: &Repo, start: &Path, files: &FileSet) -> Result<Option<String>> {
    let here = repo.relative(start).ok_or_else(|| anyhow!("{} is outside the repository", start.display()))?;
    if args.project_dir.is_some() {
        return Ok((!here.is_empty()).then_some(here));
    }
    let mut dir = here.as_str();
    loop {
        if project::kind_at(files, dir).is_some() {
            return Ok((!dir.is_empty()).then(|| dir.to_owned()));
        }
        match dir.rsplit_once('/') {
            Some((parent, _)) => dir = parent,
            None if dir.is_empty() => return Ok(None),
            None => dir = "",
        }
    }
}

fn base_or_empty(project: Result<Project>, tree: &SideTree, root: &str, head: &Project) -> Result<Project> {
    match project {
        Err(_) if project::find_project(&tree.files, (!root.is_empty()).then_some(root)).is_err() => {
            Ok(project::empty(root, head))
        }
        other => other.context("the base side of the project"),
    }
}

/// Reads projects, all sides under the same profile, packages and instant.
struct Reader<'a> {
    args: &'a ProjectArgs,
    policy: &'a Policy,
    repo: &'a Repo,
    root: &'a str,
    target: project::Target,
    profiles: Vec<project::ProfileFile>,
    dialect: Option<Dialect>,
    now: jiff::Timestamp,
    database: Database,
    /// Keys of the profile's target with their secrets: for the warehouse, never for templates.
    connection: Result<BTreeMap<String, String>>,
    artifacts: Artifacts,
    dbt: Option<Dbt>,
}

impl<'a> Reader<'a> {
    fn new(
        args: &'a ProjectArgs,
        state: Option<&State>,
        repo: &'a Repo,
        policy: &'a Policy,
        root: &'a str,
        trees: [&SideTree; 2],
    ) -> Result<Self> {
        let sides = trees.map(|tree| &tree.files);
        let profiles = profiles::read(args, repo, root, sides)?;
        let wanted = args.target.clone().or_else(|| policy.project.target.clone().filter(|t| t != "auto"));
        // Where the base side has the project, it says which profile is used: a pull request does not choose its data.
        let trusted = if project::find_project(sides[0], (!root.is_empty()).then_some(root)).is_ok() { 0 } else { 1 };
        let env: &dyn Fn(&str) -> Option<String> = &environment;
        let target = project::target(sides[trusted], root, &profiles, wanted.as_deref(), env, &policy.env_allow)?;
        let connection = project::connection(sides[trusted], root, &profiles, wanted.as_deref(), env);
        let database = Database::open(args, policy, repo.root(), root, &target)?;
        let dialect = dialect(args, policy)?;
        let artifacts = Artifacts::find(args, state, policy, repo, root, trees)?;
        let dbt = Dbt::new(policy, repo, &target)?;
        let now = jiff::Timestamp::now();
        Ok(Self { dbt, args, policy, repo, root, target, profiles, dialect, now, database, connection, artifacts })
    }

    /// Where the data is: a warehouse that the policy or the profile names, else the embedded database. `called` is what
    /// relations are called there, where that is known otherwise than from the target.
    fn store(self, project: &Project, called: BTreeMap<String, String>) -> Result<Store> {
        warehouse::fits(self.policy, &self.target.adapter)?;
        if self.args.database.is_some() || !warehouse::asked(self.policy, &self.target.adapter) {
            return self.database.scratch.map(Store::from);
        }
        let settings = (&self.policy.warehouse, self.policy.path.as_str());
        let engine = warehouse::open(settings, self.repo, &self.target.adapter, &self.connection?, project.dialect)?;
        Ok(Store::Warehouse { engine, called })
    }

    /// The warehouse that the policy names, or the one of this target alone.
    fn place(self, by_policy: bool, drivers: &BTreeMap<String, String>) -> Result<Place> {
        let adapter = self.target.adapter.as_str();
        let policy = &self.policy.warehouse;
        let connection = self.connection?;
        if by_policy {
            warehouse::fits(self.policy, adapter)?;
        }
        if (by_policy && !warehouse::asked(self.policy, adapter)) || (!by_policy && adapter == "duckdb") {
            let named = policy.database.as_ref().filter(|_| by_policy);
            let folder = self.repo.root().join(self.policy.folder().unwrap_or(self.root));
            let own = self.target.duckdb_path.as_ref().map(|path| self.repo.root().join(self.root).join(path));
            let file = named.map(|file| folder.join(file)).or(own).context("it names no DuckDB file")?;
            return Ok(Place::File(Some(file)));
        }
        let dialect = self.dialect.filter(|_| by_policy).or_else(|| Dialect::from_adapter(adapter));
        let dialect = dialect.with_context(|| format!("nothing says which SQL adapter `{adapter}` speaks"))?;
        let mut settings = policy.clone();
        if !by_policy {
            settings.options.clear();
            settings.command.clear();
            settings.driver = settings.driver.filter(|_| settings.engine != Some(EngineName::Command));
            settings.engine = Some(EngineName::Adbc);
        }
        if let Some(driver) = drivers.get(adapter) {
            settings.driver = Some(driver.clone());
        }
        let engine = warehouse::open((&settings, &self.policy.path), self.repo, adapter, &connection, dialect)?;
        Ok(Place::Warehouse(engine))
    }

    fn answering_as_dbt(mut self) -> Result<Self> {
        self.database =
            self.database.answering_as_dbt(self.args, self.policy, self.repo.root(), self.root, &self.target)?;
        Ok(self)
    }

    /// Reads and compiles a side; what is not compiled then, dbt may be asked for.
    fn load(&self, files: &FileSet, side: Side) -> Result<Project> {
        let project = self.load_with(files, self.artifacts.of(side))?;
        let wanted = Dbt::wanted(&project);
        let Some(dbt) = self.dbt.as_ref().filter(|_| !wanted.is_empty()) else { return Ok(project) };
        let answer = dbt.ask(files, self.root, &self.profiles, &self.target, wanted.clone());
        let mut project = match &answer.manifest {
            Some(manifest) => {
                let mut artifacts = self.artifacts.of(side);
                artifacts.manifests.push(project::Lent { manifest, shown: "what dbt compiled", source: "dbt" });
                self.load_with(files, artifacts)?
            }
            None => project,
        };
        for model in project.models.values_mut().filter(|m| wanted.contains(&m.name)) {
            let failed = answer.failed.get(&model.name).or_else(|| answer.failed.get(""));
            if let (Err(why), Some(failed)) = (&mut model.compiled, failed) {
                why.message += &format!("; {failed}");
            }
        }
        Ok(project)
    }

    fn load_with(&self, files: &FileSet, artifacts: project::Artifacts<'_>) -> Result<Project> {
        project::load(&LoadOptions {
            files,
            root: self.root.to_owned(),
            profiles: self.profiles.clone(),
            target: self.args.target.clone().or_else(|| self.policy.project.target.clone().filter(|t| t != "auto")),
            env: &environment,
            env_allow: self.policy.env_allow.clone(),
            vars: serde_json::Map::new(),
            introspect: Some(&self.database),
            now: self.now,
            dialect: self.dialect,
            artifacts,
        })
    }

    /// Columns of the sources that the database holds, or dbt's catalog lists.
    fn known_columns(&self, project: &Project) -> KnownColumns {
        let columns = |source: &project::Source| {
            let listed = || Some(self.artifacts.catalog()?.relation(&source.unique_id, &source.relation)?.columns);
            self.database.columns_of(&source.relation).or_else(listed)
        };
        project.sources.values().filter_map(|s| Some((s.unique_id.clone(), columns(s)?))).collect()
    }
}

fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn dialect(args: &ProjectArgs, policy: &Policy) -> Result<Option<Dialect>> {
    let name = args.dialect.clone().or_else(|| policy.project.dialect.clone()).filter(|d| d != "auto");
    name.map(|name| {
        Dialect::from_adapter(&name)
            .ok_or_else(|| anyhow!("unknown dialect `{name}`; name it as dbt names the adapter"))
    })
    .transpose()
}
