//! SQLMesh projects: `MODEL (...)` headers, the query behind each, audits, seeds and external models.
//!
//! A query is taken as it stands, the interval that a run covers pinned to one day. Whatever SQLMesh would still work out (`@macros`, Jinja, Python) is not compiled.

mod audits;
mod external;
mod header;
mod model;
mod settings;
#[cfg(test)]
mod tests;
mod variables;

pub(super) use settings::is_project;

use self::audits::AuditFile;
use self::settings::Settings;
use super::find::relative;
use super::load::LoadOptions;
use super::{Problem, Project, ProjectKind};
use crate::sql;
use anyhow::Result;
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Reads a SQLMesh project.
pub(super) fn load(options: &LoadOptions<'_>) -> Result<Project> {
    let mut problems = Vec::new();
    let settings = Settings::read(options, &mut problems)?;
    let mut project = Project::bare(ProjectKind::SqlMesh, &settings.name, &options.root, settings.dialect);
    project.target.adapter = settings.dialect.name().to_owned();
    project.target.schema = "main".to_owned();
    project.target.database = "memory".to_owned();
    let within = |folder: &str| -> Vec<&str> {
        let own = options.files.under(&options.root);
        let inside = own.filter(|path| {
            let path = relative(path, &options.root);
            path.starts_with(folder) && !path.split('/').any(|part| part.starts_with('.') || part == "__pycache__")
        });
        inside.collect()
    };
    let paths: Vec<&str> =
        within("models/").into_iter().filter(|p| p.ends_with(".sql") || p.ends_with(".py")).collect();
    let read: Vec<_> = paths.iter().filter_map(|path| model::read(options, &settings, path)).collect();
    let mut declared = Vec::new();
    for found in read {
        declared.push((found.model.unique_id.clone(), found.audits, found.inline, found.depends_on));
        keep(&mut project, found.model, &mut problems);
    }
    for path in within("external_models").into_iter().chain(within("schema.y")) {
        external::read(options, &mut project, path, &mut problems);
    }
    let names = names(&project);
    depend(&mut project, &names, &declared.iter().map(|(id, _, _, names)| (id, names)).collect::<Vec<_>>());
    let mut files: BTreeMap<String, AuditFile> = BTreeMap::new();
    for path in within("audits/").into_iter().filter(|p| p.ends_with(".sql")) {
        for audit in audits::read_file(options, &settings, path, &mut problems) {
            files.insert(audit.name.clone(), audit);
        }
    }
    for (id, uses, inline, _) in &declared {
        let Some(model) = project.models.get(id) else { continue };
        let own = |name: &str| inline.iter().find(|a| a.name == name).or_else(|| files.get(name));
        let tests = audits::tests(model, uses, &own, settings.dialect, options.now);
        project.tests.extend(tests.into_iter().map(|test| (test.unique_id.clone(), test)));
    }
    for audit in files.values().filter(|audit| audit.standalone) {
        let test = audits::standalone(audit, &settings, &names, options.now);
        project.tests.insert(test.unique_id.clone(), test);
    }
    project.hooks = settings.hooks;
    project.problems = problems;
    Ok(project)
}

fn keep(project: &mut Project, model: super::Model, problems: &mut Vec<Problem>) {
    if let Some(first) = project.models.get(&model.unique_id) {
        problems.push(Problem {
            place: super::Place { path: model.path.clone(), line: 1, column: 0 },
            message: format!("model `{}` is defined twice, first in {}", model.name, first.path),
            help: "give one of the two another name".to_owned(),
        });
        return;
    }
    project.models.insert(model.unique_id.clone(), model);
}

/// Relations by schema and name, lower case, with the catalog of each when it says one.
type Names = BTreeMap<String, (Option<String>, String)>;

fn names(project: &Project) -> Names {
    let models = project.models.values().map(|m| (&m.relation, &m.unique_id));
    let sources = project.sources.values().map(|s| (&s.relation, &s.unique_id));
    let mut names = Names::new();
    for (relation, id) in sources.chain(models) {
        let parts = [relation.schema.as_str(), relation.identifier.as_str()];
        let key = parts.iter().filter(|p| !p.is_empty()).map(|p| p.to_lowercase()).collect::<Vec<_>>().join(".");
        let catalog = Some(relation.database.to_lowercase()).filter(|c| !c.is_empty());
        names.insert(key, (catalog, id.clone()));
    }
    names
}

/// The relation that a name as written means. A schema that one of the two leaves out is never guessed.
fn resolve<'a>(names: &'a Names, parts: &[String]) -> Option<&'a String> {
    let lower: Vec<String> = parts.iter().map(|p| p.to_lowercase()).collect();
    let (catalog, key) = match lower.as_slice() {
        [catalog, schema, table] => (Some(catalog), format!("{schema}.{table}")),
        other => (None, other.join(".")),
    };
    let (known, id) = names.get(&key)?;
    match (catalog, known) {
        (Some(written), Some(known)) if written != known => None,
        _ => Some(id),
    }
}

/// Fills `depends_on` from the queries and from what headers say of it.
fn depend(project: &mut Project, names: &Names, declared: &[(&String, &Vec<String>)]) {
    let dialect = project.dialect;
    let declared: BTreeMap<&String, &Vec<String>> = declared.iter().copied().collect();
    project.models.par_iter_mut().for_each(|(id, model)| {
        let used = match &model.compiled {
            Ok(compiled) => sql::relations(&compiled.sql, dialect).unwrap_or_default(),
            Err(_) => Vec::new(),
        };
        let written = declared.get(id).into_iter().flat_map(|names| names.iter());
        let written = written.map(|name| header::name_parts(name));
        let all = used.into_iter().map(|relation| relation.parts).chain(written);
        let found = all.filter_map(|parts| resolve(names, &parts).cloned()).filter(|parent| parent != id);
        model.depends_on = found.collect();
    });
}
