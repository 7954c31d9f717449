//! Files beside the models that decide what many of them become.

use super::Inputs;
use crate::files::FileSet;
use crate::project::{Project, ProjectKind};
use std::collections::{BTreeMap, BTreeSet};

/// Whether such a file differs between the sides. It decides for models that are not compiled: what they would have
/// been compiled from is then not the same.
pub(super) fn differ(inputs: &Inputs<'_>) -> bool {
    let projects = [&inputs.base.project, &inputs.head.project];
    let own: BTreeSet<&str> = projects.into_iter().flat_map(files_of_nodes).collect();
    let shared = |files: &FileSet| -> BTreeMap<String, String> {
        files
            .under(&inputs.head.project.root)
            .filter(|path| !own.contains(path) && decides(inputs.head.project.kind, path, files))
            .filter_map(|path| Some((path.to_owned(), files.id(path)?.to_owned())))
            .collect()
    };
    shared(&inputs.base_tree.files) != shared(&inputs.head_tree.files)
}

/// Files that are a model or a test themselves.
fn files_of_nodes(project: &Project) -> impl Iterator<Item = &str> {
    let tests = project.tests.values().map(|test| test.place.path.as_str()).filter(|path| path.ends_with(".sql"));
    project.models.values().map(|model| model.path.as_str()).chain(tests)
}

fn decides(kind: ProjectKind, path: &str, files: &FileSet) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    match kind {
        ProjectKind::Dbt => {
            let names = ["dbt_project.yml", "packages.yml", "package-lock.yml", "dependencies.yml", "profiles.yml"];
            names.contains(&name)
                || path.contains("macros/")
                || path.contains("dbt_packages/")
                // Macros may stand in any folder that the project names.
                || (name.ends_with(".sql") && holds_macros(path, files))
        }
        ProjectKind::SqlMesh => {
            ["config.yaml", "config.yml"].contains(&name) || name.ends_with(".py") || path.contains("macros/")
        }
        ProjectKind::Dataform => {
            ["workflow_settings.yaml", "dataform.json", "package.json"].contains(&name) || name.ends_with(".js")
        }
        ProjectKind::Sql => false,
    }
}

/// A file that cannot be read may hold some.
fn holds_macros(path: &str, files: &FileSet) -> bool {
    files.text(path).map_or(true, |text| text.is_some_and(|text| text.contains("{%") && text.contains("macro")))
}
