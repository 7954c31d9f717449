//! Plain SQL folders: a file is a model, its stem the relation's name, its first folder the layer; references by parsing.

use super::find::{is_sql, relative};
use super::load::{LoadOptions, folder_name};
use super::pieces;
use super::{
    Compiled, Hook, Model, NotCompiled, NotCompiledCode, Place, Problem, Project, ProjectKind, RelationName, Target,
};
use crate::sql::{self, Dialect, RelationUse, SqlError};
use anyhow::Result;
use rayon::prelude::*;
use regex::{Captures, Regex};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::LazyLock;

/// Finds the base relations that a SQL text names.
type Relations = fn(&str, Dialect) -> Result<Vec<RelationUse>, SqlError>;

/// Reads a folder of SQL files.
pub(crate) fn load(options: &LoadOptions<'_>) -> Result<Project> {
    load_with(options, sql::relations)
}

fn load_with(options: &LoadOptions<'_>, relations: Relations) -> Result<Project> {
    let dialect = options.dialect.unwrap_or_default();
    let folder = folder_name(&options.root);
    let mut problems = Vec::new();
    let mut models: BTreeMap<String, Model> = BTreeMap::new();
    let paths: Vec<&str> = options.files.under(&options.root).filter(|p| is_sql(relative(p, &options.root))).collect();
    for path in paths {
        let model = model(options, folder, path, dialect);
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
    let named = |m: &Model| (m.name.to_lowercase(), (m.relation.schema.to_lowercase(), m.unique_id.clone()));
    let names: Names = models.values().map(named).collect();
    models.par_iter_mut().for_each(|(_, model)| depend(model, &names, dialect, relations));
    let mut project = Project::bare(ProjectKind::Sql, folder, &options.root, dialect);
    project.target =
        Target { adapter: "duckdb".into(), schema: "main".into(), database: "memory".into(), ..Target::default() };
    (project.models, project.problems) = (models, problems);
    Ok(project)
}

fn model(options: &LoadOptions<'_>, folder: &str, path: &str, dialect: Dialect) -> Model {
    let within = relative(path, &options.root);
    let (folders, file) = within.rsplit_once('/').unwrap_or(("", within));
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    // `marts.orders.sql` is `orders` of schema `marts`.
    let (own_schema, name) = stem.rsplit_once('.').unwrap_or(("", stem));
    let (text, read) = match options.files.text(path) {
        Ok(text) => (text.unwrap_or_default(), Ok(())),
        Err(error) => (String::new(), Err(refused(path, 0, format!("{error:#}")))),
    };
    let (body, hooks) = single(&text, path, dialect);
    let (compiled, schema, materialized) = match read {
        Ok(()) => query(&body, name, path),
        Err(error) => (Err(error), String::new(), "view"),
    };
    let schema = if schema.is_empty() { own_schema.to_owned() } else { schema };
    let mut config = Map::from_iter([("materialized".to_owned(), Value::from(materialized))]);
    if let Some(layer) = folders.split('/').next().filter(|layer| !layer.is_empty()) {
        config.insert("layer".to_owned(), layer.into());
    }
    let relation = RelationName {
        database: String::new(),
        rendered: if schema.is_empty() { name.to_owned() } else { format!("{schema}.{name}") },
        schema,
        identifier: name.to_owned(),
    };
    Model { config, relation, compiled, hooks, ..Model::bare(folder, name, path, &text) }
}

/// The text with all but the one statement that defines the model left empty, and the others as hooks. A text of one
/// statement, or one where no single statement defines the model, stays as it is.
fn single<'a>(text: &'a str, path: &str, dialect: Dialect) -> (Cow<'a, str>, Vec<Hook>) {
    let all = pieces::statements(text, dialect);
    // As many as a file may reasonably hold: the place of each is looked for from the start.
    if all.len() < 2 || all.len() > 1000 {
        return (Cow::Borrowed(text), Vec::new());
    }
    let defines = |range: &Range<usize>| {
        let plain = pieces::plain(&text[range.clone()], dialect).trim_start().to_lowercase();
        let word: String = plain.chars().take_while(|c| c.is_alphanumeric() || *c == '(').collect();
        let query = ["select", "with", "from", "values"].contains(&word.trim_end_matches('('));
        query || plain.starts_with('(') || created(&plain).is_some()
    };
    let found: Vec<&Range<usize>> = all.iter().filter(|range| defines(range)).collect();
    let [one] = found[..] else { return (Cow::Borrowed(text), Vec::new()) };
    let hooks = all.iter().filter(|range| *range != one).map(|range| Hook {
        event: if range.start < one.start { "pre-hook" } else { "post-hook" }.to_owned(),
        sql: Ok(text[range.clone()].to_owned()),
        place: Place { path: path.to_owned(), line: pieces::line_of(text, range.start), column: 0 },
    });
    let body = format!("{}{}", blanks(&text[..one.start]), &text[one.clone()]);
    (Cow::Owned(body), hooks.collect())
}

/// Blanks instead of a text: line and column of every word behind it stay what they are.
fn blanks(text: &str) -> String {
    text.chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect()
}

/// The head of a `CREATE TABLE/VIEW x AS` at the start of a text.
fn created(text: &str) -> Option<Captures<'_>> {
    // A pattern of our own that always compiles; were it not so, the text is no definition and is judged as it stands.
    static CREATE: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r#"(?is)^(?:\s|--[^\n]*\n|/\*.*?\*/)*create\s+(?:or\s+(?:replace|alter)\s+)?(?:(?:temp|temporary|transient|secure|recursive)\s+)*(materialized\s+view|view|table)\s+(?:if\s+not\s+exists\s+)?((?:"[^"]+"|`[^`]+`|\[[^\]]+\]|[\w$]+)(?:\s*\.\s*(?:"[^"]+"|`[^`]+`|\[[^\]]+\]|[\w$]+))*)(\s*\([^()]*\))?\s*(?:with\s*\([^()]*\)\s*)?as\b"#).ok()
    });
    CREATE.as_ref()?.captures(text)
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
    let Some(found) = created(text) else {
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
    let sql = format!("{}{}", blanks(&text[..end]), text[end..].trim_end().trim_end_matches(';'));
    (Ok(Compiled { sql, ..Compiled::default() }), schema, materialized)
}

/// Schema, where one is said, and unique id of each model by its name, lower case.
type Names = BTreeMap<String, (String, String)>;

/// Fills `depends_on`. A text that does not parse is the parse gate's to tell: its dependencies stay unknown.
fn depend(model: &mut Model, names: &Names, dialect: Dialect, relations: Relations) {
    let Ok(compiled) = &model.compiled else { return };
    let Ok(used) = relations(&compiled.sql, dialect) else { return };
    let meant = |relation: &RelationUse| {
        let mut parts = relation.parts.iter().rev().map(|part| part.to_lowercase());
        let (schema, id) = names.get(&parts.next()?)?;
        // Two schemas that are both said and differ are two relations.
        let other = parts.next().is_some_and(|said| !schema.is_empty() && said != *schema);
        (!other).then_some(id)
    };
    model.depends_on = used.iter().filter_map(meant).filter(|id| **id != model.unique_id).cloned().collect();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::FileSet;

    fn project(files: &[(&str, &str)]) -> Project {
        let files = FileSet::in_memory(files.iter().map(|(p, t)| (*p, *t)));
        let options = LoadOptions { dialect: Some(Dialect::Postgres), ..LoadOptions::of(&files) };
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
    fn one_statement_is_the_model_and_the_others_are_hooks() {
        let project = project(&[
            ("a.sql", "set x = ';';\ndrop table if exists a;\ncreate table a as\nselect 1 as id;\nanalyze a;\n"),
            ("two.sql", "select 1;\nselect 2"),
            ("marts.b.sql", "select * from raw.a, a, other.b"),
            ("raw.c.sql", "select * from marts.b, shop.b"),
        ]);
        let a = &project.models["model.project.a"];
        let lines: Vec<&str> = a.compiled.as_ref().unwrap().sql.lines().collect();
        assert_eq!((lines.len(), lines[3]), (4, "select 1 as id"));
        let hooks: Vec<_> =
            a.hooks.iter().map(|h| (h.event.as_str(), h.sql.as_deref().unwrap(), h.place.line)).collect();
        let drop = "drop table if exists a";
        assert_eq!(hooks, [("pre-hook", "set x = ';'", 1), ("pre-hook", drop, 2), ("post-hook", "analyze a", 5)]);
        assert_eq!(project.models["model.project.two"].compiled.as_ref().unwrap().sql, "select 1;\nselect 2");
        let b = &project.models["model.project.b"];
        assert_eq!((b.relation.rendered.as_str(), b.depends_on.len()), ("marts.b", 1));
        assert_eq!(project.models["model.project.c"].depends_on.len(), 1);
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
