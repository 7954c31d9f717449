//! `external_models.yaml`: tables that the project reads and does not make.

use crate::project::load::LoadOptions;
use crate::project::sqlmesh::header::name_parts;
use crate::project::sqlmesh::model::relation;
use crate::project::yaml::{self, Node};
use crate::project::{ColumnInfo, Place, Problem, Project, Source};
use std::collections::BTreeSet;

/// Reads one file; its tables become sources.
pub(super) fn read(options: &LoadOptions<'_>, project: &mut Project, path: &str, problems: &mut Vec<Problem>) {
    if !(path.ends_with(".yaml") || path.ends_with(".yml")) {
        return;
    }
    let problem = |line: u32, message: String| Problem {
        place: Place { path: path.to_owned(), line, column: 0 },
        message,
        help: "fix the YAML".to_owned(),
    };
    let text = match options.files.text(path) {
        Ok(text) => text.unwrap_or_default(),
        Err(error) => return problems.push(problem(0, format!("cannot be read: {error:#}"))),
    };
    let root = match yaml::parse_one(&text) {
        Ok(Some(root)) => root,
        Ok(None) => return,
        Err(error) => return problems.push(problem(error.line, format!("cannot be read: {error}"))),
    };
    for item in root.items() {
        let Some(name) = item.get("name").and_then(Node::text) else {
            problems.push(problem(item.line, "an external model has no name".to_owned()));
            continue;
        };
        let source = source(&project.name, &name, item, path);
        project.sources.insert(source.unique_id.clone(), source);
    }
}

fn source(project: &str, name: &str, item: &Node, path: &str) -> Source {
    let parts = name_parts(name);
    let relation = relation(&parts, name);
    let columns = item.get("columns").into_iter().flat_map(Node::entries).map(|(column, kind)| {
        let place = Place { path: path.to_owned(), line: kind.line, column: kind.column };
        let data_type = kind.text().or_else(|| kind.get("type").and_then(Node::text));
        (column.clone(), ColumnInfo { name: column.clone(), data_type, place, ..ColumnInfo::default() })
    });
    Source {
        unique_id: format!("source.{project}.{}", parts.join(".").to_lowercase()),
        source_name: relation.schema.clone(),
        name: relation.identifier.clone(),
        package: project.to_owned(),
        relation,
        meta: Default::default(),
        tags: BTreeSet::new(),
        description: item.get("description").and_then(Node::text).unwrap_or_default(),
        columns: columns.collect(),
        external_location: None,
        place: Place { path: path.to_owned(), line: item.line, column: item.column },
    }
}
