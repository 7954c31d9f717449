//! Loads a dbt project: files, configs (first pass), names, compiled SQL (second pass).

use super::lent::Lender;
use super::names::Naming;
use super::nodes::{self, Draft};
use super::profile::{self, ProfileFile};
use super::project_file::{self, PackageFile};
use super::properties::{self, Properties};
use super::{assemble, ephemeral, settle};
use crate::files::FileSet;
use crate::project::catalog::Catalog;
use crate::project::jinja::job::{Question, World};
use crate::project::jinja::macros::{BUILTIN, Macros};
use crate::project::jinja::told::Told;
use crate::project::jinja::{builtin, render};
use crate::project::{
    Artifacts, Compiled, NotCompiled, NotCompiledCode, Place, Problem, Project, RelationName, Source,
};
use crate::sql::Dialect;
use anyhow::Result;
use minijinja::Environment;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, OnceLock};

/// [`crate::project::LoadOptions`] without its references to functions.
pub(crate) struct Input<'a> {
    pub(crate) files: &'a FileSet,
    pub(crate) root: String,
    pub(crate) profiles: Vec<ProfileFile>,
    pub(crate) target: Option<String>,
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) vars: Map<String, Value>,
    pub(crate) now: jiff::Timestamp,
    pub(crate) dialect: Option<Dialect>,
    pub(crate) ask: Option<Sender<Question>>,
    pub(crate) artifacts: Artifacts<'a>,
}

/// A project whose configs and names are settled; nodes can be rendered.
pub(crate) struct Loaded<'a> {
    pub(crate) files: &'a FileSet,
    pub(crate) root: PackageFile,
    /// The root project and its packages, by name.
    pub(crate) packages: BTreeMap<String, PackageFile>,
    pub(crate) world: Arc<World>,
    pub(crate) env: Environment<'static>,
    pub(crate) properties: Properties,
    pub(crate) drafts: Vec<Settled>,
    pub(crate) sources: Vec<Source>,
    pub(crate) problems: Vec<Problem>,
    /// Ephemeral models by unique id.
    pub(crate) ephemeral: BTreeMap<String, Ephemeral>,
    pub(crate) dialect: Dialect,
    pub(crate) lender: Lender<'a>,
    pub(crate) catalog: Option<&'a Catalog>,
}

/// An ephemeral model: its own SQL (or why there is none) and the ephemeral models that it reads.
pub(crate) struct Ephemeral {
    pub(crate) name: String,
    pub(crate) compiled: Result<Compiled, NotCompiled>,
    pub(crate) reads: Vec<String>,
}

/// A node with its config and name.
pub(crate) struct Settled {
    pub(crate) draft: Draft,
    pub(crate) relation: RelationName,
    /// Macros that the first pass called: those of config blocks count too.
    pub(crate) macros: BTreeMap<String, String>,
}

impl Loaded<'_> {
    pub(crate) fn naming(&self) -> Naming<'_> {
        Naming { world: &self.world, env: &self.env, packages: &self.packages }
    }

    /// `sql` with the ephemeral models that it reads in front; what their texts rest on joins `flags`.
    pub(crate) fn with_ephemeral(
        &self,
        sql: &str,
        used: &[String],
        flags: &mut BTreeSet<String>,
        place: &Place,
    ) -> Result<String, NotCompiled> {
        let mut ctes = Vec::new();
        let mut open = Vec::new();
        for id in used {
            self.collect(id, &mut ctes, &mut open, place)?;
        }
        for (id, _, _) in &ctes {
            let parent = self.ephemeral.get(id).and_then(|parent| parent.compiled.as_ref().ok());
            flags.extend(parent.into_iter().flat_map(|compiled| compiled.flags.iter().cloned()));
        }
        let list: Vec<(String, String)> = ctes.into_iter().map(|(_, name, sql)| (name, sql)).collect();
        ephemeral::inject(sql, &list).map_err(|why| NotCompiled {
            code: NotCompiledCode::Unsupported,
            message: format!(
                "it reads an ephemeral model, and {why}: where dbt puts that model's SQL is not known here"
            ),
            name: None,
            place: place.clone(),
        })
    }

    fn collect(
        &self,
        id: &str,
        ctes: &mut Vec<(String, String, String)>,
        open: &mut Vec<String>,
        place: &Place,
    ) -> Result<(), NotCompiled> {
        if ctes.iter().any(|(done, _, _)| done == id) {
            return Ok(());
        }
        let refused =
            |message: String, code| NotCompiled { code, message, name: Some(id.to_owned()), place: place.clone() };
        if open.iter().any(|o| o == id) {
            return Err(refused(format!("ephemeral model `{id}` reads itself"), NotCompiledCode::CompilerError));
        }
        let Some(Ephemeral { name, compiled, reads }) = self.ephemeral.get(id) else {
            return Err(refused(format!("ephemeral model `{id}` has no SQL"), NotCompiledCode::Upstream));
        };
        let compiled = compiled.as_ref().map_err(|error| {
            let message = format!("ephemeral model `{id}` is not compiled: {}", error.message);
            refused(message, NotCompiledCode::Upstream)
        })?;
        open.push(id.to_owned());
        for parent in reads {
            self.collect(parent, ctes, open, place)?;
        }
        open.pop();
        ctes.push((id.to_owned(), ephemeral::cte_name(name), compiled.sql.clone()));
        Ok(())
    }
}

/// Reads and compiles the project.
pub(crate) fn load(input: Input<'_>) -> Result<Project> {
    let dialect = input.dialect;
    let loaded = settle(input)?;
    let mut project = assemble::project(loaded);
    if let Some(dialect) = dialect {
        project.dialect = dialect;
    }
    Ok(project)
}

fn settle(input: Input<'_>) -> Result<Loaded<'_>> {
    let files = input.files;
    let root = project_file::read(files, &input.root)?;
    let (installed, mut problems) = project_file::installed(files, &root);
    let (requested, more) = project_file::requested(files, &input.root);
    problems.extend(more);
    let mut packages: BTreeMap<String, PackageFile> = installed.into_iter().map(|p| (p.name.clone(), p)).collect();
    packages.insert(root.name.clone(), root.clone());
    let missing: BTreeSet<String> =
        requested.into_iter().filter(|name| !is_installed(name, &packages, &root)).collect();
    let (target, more) = profile::target(&input.profiles, root.profile.as_deref(), input.target.as_deref(), &|name| {
        input.env.get(name).cloned()
    });
    problems.extend(more);
    let mut macros = read_macros(files, &packages, &mut problems);
    let mut env = render::environment();
    problems.extend(macros.compile(&mut env));
    let dialect = crate::project::load::dialect_of(&target.adapter);
    let world = Arc::new(World {
        root: root.name.clone(),
        macros,
        target,
        vars: vars(&root, &packages, &input.vars),
        env: input.env,
        dispatch: root.dispatch.clone(),
        packages: packages.keys().cloned().collect(),
        versions: packages.values().map(|package| (package.name.clone(), package.version.clone())).collect(),
        missing_packages: missing,
        now: input.now,
        ask: input.ask.map(Mutex::new),
        told: Told::default(),
        graph: OnceLock::new(),
        index: OnceLock::new(),
    });
    render_trees(&world, &env, &mut packages, &mut problems);
    let mut properties = Properties::default();
    packages.values().for_each(|package| properties::read(files, package, &mut properties));
    render_source_names(&Naming { world: &world, env: &env, packages: &packages }, &mut properties);
    problems.append(&mut properties.problems);
    let found: Vec<Draft> = packages.values().flat_map(|p| nodes::find(files, p, &properties, &mut problems)).collect();
    let mut loaded = Loaded {
        files,
        root,
        packages,
        world,
        env,
        properties,
        drafts: Vec::new(),
        sources: Vec::new(),
        problems,
        ephemeral: BTreeMap::new(),
        dialect,
        lender: Lender::default(),
        catalog: input.artifacts.catalog,
    };
    settle::index(&mut loaded, found);
    loaded.lender = Lender::new(&loaded, &input.artifacts);
    let _ = loaded.world.graph.set(super::graph::gather(&loaded));
    Ok(loaded)
}

/// Whether a requested package is there: by its name, or its folder under another name (`dbt-utils` holds `dbt_utils`).
fn is_installed(name: &str, packages: &BTreeMap<String, PackageFile>, root: &PackageFile) -> bool {
    let folder = |p: &PackageFile| p.root.rsplit('/').next().unwrap_or_default().replace('-', "_");
    packages.values().any(|p| p.root != root.root && (p.name == name || folder(p) == name || name.ends_with(&p.name)))
}

fn read_macros(files: &FileSet, packages: &BTreeMap<String, PackageFile>, problems: &mut Vec<Problem>) -> Macros {
    let mut macros = Macros::default();
    for (path, text) in builtin::FILES {
        if let Err(problem) = macros.read(BUILTIN, path, text) {
            problems.push(problem);
        }
    }
    for package in packages.values() {
        let generic = package.test_paths.iter().map(|path| format!("{path}/generic"));
        let folders: BTreeSet<String> = package.macro_paths.iter().cloned().chain(generic).collect();
        // A snapshot or model file never defines macros for others.
        let paths: BTreeSet<&str> =
            folders.iter().flat_map(|f| files.under(f)).filter(|p| p.ends_with(".sql")).collect();
        for path in paths {
            let outcome = match files.text(path) {
                Ok(text) => macros.read(&package.name, path, &text.unwrap_or_default()),
                Err(error) => Err(Problem {
                    place: Place { path: path.to_owned(), line: 0, column: 0 },
                    message: format!("{error:#}"),
                    help: "no macro of this file can be called".to_owned(),
                }),
            };
            problems.extend(outcome.err());
        }
    }
    macros
}

/// Whose vars the Jinja of a project file sees: those of the command line alone. No package has this name.
const PROJECT_FILE: &str = "";

/// Vars as each package sees them: its own, then the root project's, then the root's word for that package, then the
/// command line's.
fn vars(
    root: &PackageFile,
    packages: &BTreeMap<String, PackageFile>,
    given: &Map<String, Value>,
) -> BTreeMap<String, Map<String, Value>> {
    let scope =
        |file: &PackageFile, package: &str| file.vars.get(package).map(crate::project::yaml::scope).unwrap_or_default();
    // A package's block stays a var of its own name: dbt answers `var('package')` with the whole block.
    let of = |package: &PackageFile| {
        let mut vars = package.vars.clone();
        vars.extend(scope(package, &package.name));
        vars.extend(root.vars.clone());
        vars.extend(scope(root, &package.name));
        vars.extend(given.clone());
        vars
    };
    let own = packages.values().map(|package| (package.name.clone(), of(package)));
    own.chain([(PROJECT_FILE.to_owned(), given.clone())]).collect()
}

/// Renders the Jinja in the names of sources and their tables. What fails is a problem and leaves the name as it is.
fn render_source_names(naming: &Naming<'_>, properties: &mut Properties) {
    for table in &mut properties.sources {
        for name in [&mut table.source_name, &mut table.name] {
            match naming.text(name, &table.package, &table.place) {
                Ok(rendered) => *name = rendered,
                Err(error) => properties.problems.push(Problem {
                    place: table.place.clone(),
                    message: format!("the name of the source cannot be rendered: {}", error.message),
                    help: "fix the Jinja; until then nothing finds the source".to_owned(),
                }),
            }
        }
    }
}

/// Renders the Jinja in config trees. What fails is a problem and leaves the value out.
fn render_trees(
    world: &Arc<World>,
    env: &Environment<'static>,
    packages: &mut BTreeMap<String, PackageFile>,
    problems: &mut Vec<Problem>,
) {
    let mut trees = BTreeMap::new();
    let naming = Naming { world, env, packages };
    for package in packages.values() {
        let place = Place { path: package.path.clone(), line: 0, column: 0 };
        for (kind, tree) in &package.configs {
            let Value::Object(tree) = tree else { continue };
            match naming.rendered(tree, PROJECT_FILE, &place) {
                Ok(rendered) => drop(trees.insert((package.name.clone(), kind.clone()), Value::Object(rendered))),
                Err(error) => problems.push(Problem {
                    place: Place { line: package.node.get(kind).map_or(0, |n| n.line), ..place.clone() },
                    message: format!("configs of `{kind}` cannot be rendered: {}", error.message),
                    help: "fix the Jinja in dbt_project.yml; these configs are not applied".to_owned(),
                }),
            }
        }
    }
    for ((package, kind), tree) in trees {
        if let Some(package) = packages.get_mut(&package) {
            package.configs.insert(kind, tree);
        }
    }
}
