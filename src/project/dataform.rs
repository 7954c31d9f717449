//! Dataform projects: `.sqlx` files with what of JavaScript in them can be read without running it.
//!
//! A query is compiled when every `${...}` in it is one of the plain forms; any other is not compiled, with its line.

mod action;
mod columns;
mod eval;
mod includes;
mod js;
mod script;
mod settings;
mod sqlx;
mod targets;
#[cfg(test)]
mod tests;

pub(super) use settings::settings_file;

use self::action::Action;
use self::script::Script;
use self::settings::Settings;
use self::targets::Targets;
use super::find::relative;
use super::load::{LoadOptions, folder_name};
use super::{Place, Problem, Project, ProjectKind};
use anyhow::Result;
use rayon::prelude::*;

/// Reads a Dataform project.
pub(super) fn load(options: &LoadOptions<'_>) -> Result<Project> {
    let mut problems = Vec::new();
    let settings = Settings::read(options, &mut problems)?;
    let dialect = options.dialect.unwrap_or(settings.dialect);
    let mut project = Project::bare(ProjectKind::Dataform, folder_name(&options.root), &options.root, dialect);
    project.target.adapter = dialect.name().to_owned();
    project.target.schema = settings.schema.clone();
    project.target.database = settings.database.clone().unwrap_or_default();
    let own = options.files.under(&options.root);
    let within: Vec<&str> = own.filter(|path| relative(path, &options.root).starts_with("definitions/")).collect();
    let mut actions = Vec::new();
    let mut scripts = Vec::new();
    let kinds = [".sqlx", ".js", "/actions.yaml"];
    for path in within.iter().copied().filter(|path| kinds.iter().any(|kind| path.ends_with(kind))) {
        match options.files.text(path) {
            Ok(text) if !path.ends_with(".sqlx") => {
                scripts.push(script::read(&settings, &project.name, path, &text.unwrap_or_default()));
            }
            Ok(text) => actions.push(Action::read(&settings, &project.name, path, &text.unwrap_or_default())),
            Err(error) => problems.push(Problem {
                place: Place { path: path.to_owned(), line: 0, column: 0 },
                message: format!("cannot be read: {error:#}"),
                help: "write it as UTF-8".to_owned(),
            }),
        }
    }
    // What these define is not read, so that a name that is not found may be theirs.
    let unread = scripts.iter().any(|script| matches!(script, Script::Unread(_)));
    let mut targets = Targets::of(&settings, &actions, unread);
    for script in scripts {
        match script {
            Script::Sources(sources) => {
                for (target, source) in sources {
                    targets.declare(target, &source.unique_id, &settings);
                    project.sources.insert(source.unique_id.clone(), source);
                }
            }
            Script::Unread(model) => drop(project.models.insert(model.unique_id.clone(), *model)),
        }
    }
    let made: Vec<_> = actions.par_iter().map(|action| action.make(&settings, &targets)).collect();
    for made in made {
        if let Some(model) = made.model {
            if let Some(first) = project.models.get(&model.unique_id) {
                problems.push(Problem {
                    place: Place { path: model.path.clone(), line: 1, column: 0 },
                    message: format!("`{}` is defined twice, first in {}", model.name, first.path),
                    help: "give one of the two another name or schema".to_owned(),
                });
                continue;
            }
            project.models.insert(model.unique_id.clone(), model);
        }
        project.sources.extend(made.source.map(|source| (source.unique_id.clone(), source)));
        project.tests.extend(made.tests.into_iter().map(|test| (test.unique_id.clone(), test)));
        project.hooks.extend(made.hooks);
    }
    project.problems = problems;
    Ok(project)
}
