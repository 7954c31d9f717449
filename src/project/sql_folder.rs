//! Plain SQL folders: a file is a model, its stem the relation's name, its first folder the layer; references by parsing.

use super::find::{is_sql, relative};
use super::load::LoadOptions;
use super::{
    Compiled, Model, NodeKind, NotCompiled, NotCompiledCode, Place, Problem, Project, ProjectKind, RelationName, Target,
};
use crate::sql::{self, Dialect, RelationUse, SqlError};
use anyhow::Result;
use rayon::prelude::*;
use regex::Regex;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Finds the base relations that a SQL text names.
type Relations = fn(&str, Dialect) -> Result<Vec<RelationUse>, SqlError>;

/// Reads a folder of SQL files.
pub(crate) fn load(options: &LoadOptions<'_>) -> Result<Project> {
    load_with(options, sql::relations)
}

fn load_with(options: &LoadOptions<'_>, relations: Relations) -> Result<Project> {
    let dialect = options.dialect.unwrap_or_default();
    let folder = options.root.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or("project");
    let mut problems = Vec::new();
    let mut models: BTreeMap<String, Model> = BTreeMap::new();
    let paths: Vec<&str> = options.files.under(&options.root).filter(|p| is_sql(relative(p, &options.root))).collect();
    for path in paths {
        let model = model(options, folder, path);
        if let Some(first) = models.get(&model.unique_id) {
            problems.push(Problem {
                place: Place { path: path.to_owned(), line: 1, column: 1 },
                message: format!("`{}` is defined twice, first in {}", model.name, first.path),
                help: "rename one of the two files: the file's name is the relation's name".to_owned(),
            });
            continue;
        }
        models.insert(model.unique_id.clone(), model);
    }
    let names: BTreeMap<String, String> =
        models.values().map(|m| (m.name.to_lowercase(), m.unique_id.clone())).collect();
    models.par_iter_mut().for_each(|(_, model)| depend(model, &names, dialect, relations));
    Ok(Project {
        kind: ProjectKind::Sql,
        name: folder.to_owned(),
        root: options.root.clone(),
        dialect,
        target: Target {
            adapter: "duckdb".into(),
            schema: "main".into(),
            database: "memory".into(),
            ..Target::default()
        },
        models,
        sources: BTreeMap::new(),
        tests: BTreeMap::new(),
        unit_tests: BTreeMap::new(),
        exposures: BTreeMap::new(),
        naming_macros: BTreeMap::new(),
        semantic_models: BTreeMap::new(),
        metrics: BTreeMap::new(),
        problems,
        hooks: Vec::new(),
    })
}

fn model(options: &LoadOptions<'_>, folder: &str, path: &str) -> Model {
    let within = relative(path, &options.root);
    let (folders, file) = within.rsplit_once('/').unwrap_or(("", within));
    let name = file.rsplit_once('.').map_or(file, |(stem, _)| stem).to_owned();
    let (text, read) = match options.files.text(path) {
        Ok(text) => (text.unwrap_or_default(), Ok(())),
        Err(error) => (String::new(), Err(refused(path, 0, format!("{error:#}")))),
    };
    let (compiled, schema, materialized) = match read {
        Ok(()) => query(&text, &name, path),
        Err(error) => (Err(error), String::new(), "view"),
    };
    let mut config = Map::from_iter([("materialized".to_owned(), Value::from(materialized))]);
    if let Some(layer) = folders.split('/').next().filter(|layer| !layer.is_empty()) {
        config.insert("layer".to_owned(), layer.into());
    }
    Model {
        unique_id: format!("model.{folder}.{name}"),
        package: folder.to_owned(),
        kind: NodeKind::Model,
        path: path.to_owned(),
        raw: text.into(),
        first_line: 1,
        csv: None,
        config,
        tags: BTreeSet::new(),
        meta: Map::new(),
        description: String::new(),
        columns: indexmap::IndexMap::new(),
        declared_at: None,
        relation: RelationName {
            database: String::new(),
            rendered: if schema.is_empty() { name.clone() } else { format!("{schema}.{name}") },
            schema,
            identifier: name.clone(),
        },
        compiled,
        depends_on: BTreeSet::new(),
        macros: BTreeMap::new(),
        vars: BTreeMap::new(),
        hooks: Vec::new(),
        name,
    }
}

fn refused(path: &str, line: u32, message: String) -> NotCompiled {
    NotCompiled {
        code: NotCompiledCode::Unsupported,
        message,
        name: None,
        place: Place { path: path.to_owned(), line, column: 0 },
    }
}

/// The query of a file, its schema and whether it makes a table or a view: a bare query, or the one that
/// `CREATE TABLE/VIEW x AS` holds, with the lines before it left empty so that places stay the same.
fn query(text: &str, name: &str, path: &str) -> (Result<Compiled, NotCompiled>, String, &'static str) {
    let create = r#"(?is)^(?:\s|--[^\n]*\n|/\*.*?\*/)*create\s+(?:or\s+(?:replace|alter)\s+)?(?:(?:temp|temporary|transient|secure|recursive)\s+)*(materialized\s+view|view|table)\s+(?:if\s+not\s+exists\s+)?((?:"[^"]+"|`[^`]+`|\[[^\]]+\]|[\w$]+)(?:\s*\.\s*(?:"[^"]+"|`[^`]+`|\[[^\]]+\]|[\w$]+))*)(\s*\([^()]*\))?\s*(?:with\s*\([^()]*\)\s*)?as\b"#;
    // A pattern of our own that always compiles; were it not so, the file is refused rather than misread.
    let Ok(regex) = Regex::new(create) else {
        return (Err(refused(path, 1, "cannot be looked at".to_owned())), String::new(), "view");
    };
    let Some(found) = regex.captures(text) else {
        let sql = text.trim_end().trim_end_matches(';').to_owned();
        return (Ok(Compiled { sql, ..Compiled::default() }), String::new(), "view");
    };
    let materialized = if found[1].eq_ignore_ascii_case("table") { "table" } else { "view" };
    let parts: Vec<String> =
        found[2].split('.').map(|p| p.trim().trim_matches(['"', '`', '[', ']']).to_owned()).collect();
    let schema = if parts.len() > 1 { parts[parts.len() - 2].clone() } else { String::new() };
    let made = parts.last().map(String::as_str).unwrap_or_default();
    if !made.eq_ignore_ascii_case(name) {
        let message = format!("the file makes `{made}`, but is named `{name}`; give both one name");
        return (
            Err(NotCompiled { code: NotCompiledCode::CompilerError, ..refused(path, 1, message) }),
            schema,
            materialized,
        );
    }
    if found.get(3).is_some() {
        let message = "a column list after the name is not read; name the columns in the query".to_owned();
        return (Err(refused(path, 1, message)), schema, materialized);
    }
    let end = found.get(0).map_or(0, |m| m.end());
    // Blanks instead of the statement's head: line and column of every word stay what they are in the file.
    let blank: String = text[..end].chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect();
    let sql = format!("{blank}{}", text[end..].trim_end().trim_end_matches(';'));
    (Ok(Compiled { sql, ..Compiled::default() }), schema, materialized)
}

/// Fills `depends_on`. A text that does not parse is the parse gate's to tell: its dependencies stay unknown.
fn depend(model: &mut Model, names: &BTreeMap<String, String>, dialect: Dialect, relations: Relations) {
    let Ok(compiled) = &model.compiled else { return };
    let Ok(used) = relations(&compiled.sql, dialect) else { return };
    let last = |relation: &RelationUse| relation.parts.last().map(|part| part.to_lowercase());
    let ids = used.iter().filter_map(last).filter_map(|name| names.get(&name)).filter(|id| **id != model.unique_id);
    model.depends_on = ids.cloned().collect();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::FileSet;

    fn project(files: &[(&str, &str)]) -> Project {
        let files = FileSet::in_memory(files.iter().map(|(p, t)| (*p, *t)));
        let options = LoadOptions {
            files: &files,
            root: String::new(),
            profiles: Vec::new(),
            target: None,
            env: &|_| None,
            env_allow: Vec::new(),
            vars: Map::new(),
            introspect: None,
            now: jiff::Timestamp::UNIX_EPOCH,
            dialect: Some(Dialect::Postgres),
            artifacts: Default::default(),
        };
        super::load(&options).unwrap()
    }

    #[test]
    fn files_are_models_and_references_are_dependencies() {
        let project = project(&[
            ("staging/stg_orders.sql", "select * from raw.orders;\n"),
            (
                "marts/orders.sql",
                "-- the mart\ncreate or replace table marts.orders as\nselect id from stg_orders join public.customers c using (id)\n",
            ),
            ("staging/customers.sql", "select 1 as id"),
            ("tests/check.sql", "select 1"),
            (".hidden/x.sql", "select 1"),
        ]);
        let ids: Vec<&str> = project.models.keys().map(String::as_str).collect();
        assert_eq!(ids, ["model.project.customers", "model.project.orders", "model.project.stg_orders"]);
        let orders = &project.models["model.project.orders"];
        let deps: Vec<&str> = orders.depends_on.iter().map(String::as_str).collect();
        assert_eq!(deps, ["model.project.customers", "model.project.stg_orders"]);
        assert_eq!((orders.materialized(), orders.relation.schema.as_str()), ("table", "marts"));
        let sql = &orders.compiled.as_ref().unwrap().sql;
        assert_eq!(sql.lines().nth(2), Some("select id from stg_orders join public.customers c using (id)"));
        assert!(sql.lines().take(2).all(|line| line.trim().is_empty()), "{sql}");
    }

    #[test]
    fn a_file_that_makes_another_relation_is_refused() {
        let project = project(&[("a.sql", "create view b as select 1")]);
        let error = project.models["model.project.a"].compiled.clone().unwrap_err();
        assert_eq!(error.code, NotCompiledCode::CompilerError);
        assert!(error.message.contains("`b`"), "{}", error.message);
    }

    #[test]
    fn the_same_stem_twice_is_a_problem() {
        let project = project(&[("a/x.sql", "select 1"), ("b/x.sql", "select 2")]);
        assert_eq!((project.models.len(), project.problems.len()), (1, 1));
    }
}
