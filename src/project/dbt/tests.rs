//! Data tests: read from properties YAML, compiled through the test macros of dbt, the project and its packages.

use super::config::{layers, merge, truth};
use super::load::Loaded;
use super::properties::Patch;
use crate::files::content_id;
use crate::project::jinja::fault::Fault;
use crate::project::jinja::index::Entry;
use crate::project::jinja::job::{Job, NodeInfo};
use crate::project::jinja::macros::{BUILTIN, MacroDef, kwargs};
use crate::project::jinja::relation::{Quoting, Relation};
use crate::project::jinja::render;
use crate::project::jinja::values::{Dict, List, from_json};
use crate::project::yaml::{Kind, Node};
use crate::project::{Compiled, DataTest, NotCompiled, NotCompiledCode, Place, Problem, TestKind};
use minijinja::Value as Template;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Keys of a test entry that configure it rather than being arguments.
const CONFIG: [&str; 13] = [
    "severity",
    "where",
    "limit",
    "warn_if",
    "error_if",
    "fail_calc",
    "store_failures",
    "store_failures_as",
    "enabled",
    "tags",
    "meta",
    "database",
    "schema",
];

/// A test as YAML declares it, attached to one node or source.
#[derive(Debug, Clone)]
pub(crate) struct Declared {
    pub(crate) test: String,
    pub(crate) custom_name: Option<String>,
    pub(crate) args: Map<String, Value>,
    pub(crate) config: Map<String, Value>,
    pub(crate) column: Option<String>,
    pub(crate) quote_column: bool,
    pub(crate) place: Place,
    pub(crate) package: String,
    pub(crate) fqn: Vec<String>,
    pub(crate) target: Entry,
    pub(crate) target_name: String,
}

/// The tests that a patch declares for the node that `target` is; a version of a model has its own, and those of the
/// model's columns that it includes.
pub(crate) fn declared(
    patch: &Patch,
    target: &Entry,
    target_name: &str,
    version: Option<&str>,
    problems: &mut Vec<Problem>,
) -> Vec<Declared> {
    let mut out = Vec::new();
    let mut take = |holder: &Node, column: Option<&str>, quote: bool| {
        for key in ["tests", "data_tests"] {
            for item in holder.get(key).map(Node::items).unwrap_or_default() {
                let place = Place { path: patch.place.path.clone(), line: item.line, column: item.column };
                match entry(item) {
                    Some((test, args, config, custom_name)) => out.push(Declared {
                        test,
                        custom_name,
                        args,
                        config,
                        column: column.map(str::to_owned),
                        quote_column: quote,
                        place,
                        package: patch.package.clone(),
                        fqn: [vec![patch.package.clone()], patch.folders.clone()].concat(),
                        target: target.clone(),
                        target_name: target_name.to_owned(),
                    }),
                    None => problems.push(Problem {
                        place,
                        message: format!("a test of `{target_name}` is neither a name nor a name with arguments"),
                        help: "write `- unique` or `- accepted_values: {arguments: {values: [...]}}`".to_owned(),
                    }),
                }
            }
        }
    };
    let versions = patch.node.get("versions").map(Node::items).unwrap_or_default();
    let own =
        versions.iter().find(|node| version.is_some() && node.get("v").and_then(Node::text).as_deref() == version);
    let own_tests = own.filter(|node| ["tests", "data_tests"].iter().any(|key| node.get(key).is_some()));
    take(own_tests.unwrap_or(&patch.node), None, false);
    let of = |node: &'_ Node| node.get("columns").map(|columns| columns.items().to_vec());
    let own_columns = own.and_then(of);
    let shared = of(&patch.node).unwrap_or_default();
    let named = |column: &Node| column.get("name").and_then(Node::text);
    let included = |column: &Node| own_columns.as_ref().is_none_or(|own| includes(own, named(column).as_deref()));
    let all = shared.iter().filter(|column| included(column)).chain(own_columns.iter().flatten());
    for column in all.filter(|column| column.get("name").is_some()) {
        let name = named(column);
        let quote = column.get("quote").is_some_and(|q| truth(Some(&q.to_json()), false));
        take(column, name.as_deref(), quote);
    }
    out
}

/// Whether a version's list of columns takes over a column of the model: it is included, and not written anew.
fn includes(own: &[Node], name: Option<&str>) -> bool {
    let Some(name) = name else { return false };
    let anew = own.iter().any(|column| column.get("name").and_then(Node::text).as_deref() == Some(name));
    let by = |column: &Node| {
        let Some(include) = column.get("include") else { return false };
        let all = matches!(include.as_str(), Some("all" | "*"));
        let listed = |node: &Node| super::project_file::strings(node).iter().any(|one| one == name);
        (all || listed(include)) && !column.get("exclude").is_some_and(listed)
    };
    !anew && own.iter().any(by)
}

type Entry4 = (String, Map<String, Value>, Map<String, Value>, Option<String>);

/// Test name, arguments, config, custom name.
fn entry(item: &Node) -> Option<Entry4> {
    if let Some(name) = item.as_str() {
        return Some((name.to_owned(), Map::new(), Map::new(), None));
    }
    let Kind::Map(map) = &item.kind else { return None };
    // `- unique: {...}`, or `- test_name: unique` with everything beside it.
    let (test, body, beside) = match map.get("test_name").and_then(Node::text) {
        Some(test) => (test, item.to_map(), Map::new()),
        None => {
            let (name, body) = map.iter().next()?;
            let rest = map.iter().skip(1).map(|(key, node)| (key.clone(), node.to_json())).collect();
            (name.clone(), body.to_map(), rest)
        }
    };
    let (mut args, mut config, mut custom_name) = (Map::new(), Map::new(), None);
    for (key, value) in body.into_iter().chain(beside) {
        match (key.as_str(), value) {
            ("arguments", Value::Object(more)) => args.extend(more),
            ("config", Value::Object(more)) => merge(&mut config, &more),
            ("name", Value::String(name)) => custom_name = Some(name),
            ("test_name" | "description", _) => {}
            (name, value) if CONFIG.contains(&name) => merge(&mut config, &Map::from_iter([(key, value)])),
            (_, value) => drop(args.insert(key, value)),
        }
    }
    Some((test, args, config, custom_name))
}

/// Compiles one declared test. `None`: it is switched off.
pub(crate) fn compile(loaded: &Loaded<'_>, declared: &Declared) -> Option<DataTest> {
    let name = declared.custom_name.clone().unwrap_or_else(|| short_name(declared));
    let hash = content_id(json!([declared.args, declared.config.get("where"), declared.column]).to_string().as_bytes());
    let plain = declared.test.replace('.', "_");
    let column = declared.column.as_deref().map(|c| format!("_{c}")).unwrap_or_default();
    let unique_id = match &declared.custom_name {
        Some(name) => format!("test.{}.{name}.{}", declared.package, &hash[..10]),
        None => format!("test.{}.{plain}_{}{column}.{}", declared.package, declared.target_name, &hash[..10]),
    };
    let mut config = Map::from_iter([("severity".to_owned(), Value::from("ERROR"))]);
    let tree = loaded.packages.get(&declared.package).and_then(|p| p.configs.get("data_tests"));
    layers(tree, &declared.fqn).iter().for_each(|layer| merge(&mut config, layer));
    let rendered = loaded.naming().rendered(&declared.config, &declared.package, &declared.place);
    let (compiled, depends_on, macros) = match rendered {
        Ok(own) => {
            merge(&mut config, &own);
            if !truth(config.get("enabled"), true) {
                return None;
            }
            let (compiled, seen) = sql(loaded, declared, &unique_id, &config);
            // What the macro's own `config()` says goes before the project's, and the YAML's before it.
            merge(&mut config, &seen.told.into_iter().filter(|(key, _)| !own.contains_key(key)).collect());
            (compiled, seen.depends_on, seen.macros)
        }
        Err(error) => (Err(error), BTreeSet::from([declared.target.unique_id.clone()]), BTreeMap::new()),
    };
    Some(DataTest {
        unique_id,
        name,
        kind: TestKind::Generic { name: declared.test.clone(), kwargs: declared.args.clone() },
        attached: Some(declared.target.unique_id.clone()),
        column: declared.column.clone(),
        compiled,
        config,
        depends_on,
        macros,
        place: declared.place.clone(),
    })
}

fn short_name(declared: &Declared) -> String {
    format!("{}({})", declared.test, declared.column.as_deref().unwrap_or(&declared.target_name))
}

/// What was seen while a test was rendered.
struct TestSeen {
    depends_on: BTreeSet<String>,
    macros: BTreeMap<String, String>,
    /// What the macro's own `config()` says.
    told: Map<String, Value>,
}

fn sql(
    loaded: &Loaded<'_>,
    declared: &Declared,
    unique_id: &str,
    config: &Map<String, Value>,
) -> (Result<Compiled, NotCompiled>, TestSeen) {
    let mut all = config.clone();
    let relation = Relation::new(declared.target.relation.clone(), Quoting::of(&loaded.world.target.adapter));
    all.entry("materialized").or_insert_with(|| "test".into());
    let node = NodeInfo {
        unique_id: unique_id.to_owned(),
        name: short_name(declared),
        package: declared.package.clone(),
        path: declared.place.path.clone(),
        config: all.clone(),
        relation: None,
        json: json!({"unique_id": unique_id, "name": short_name(declared), "resource_type": "test", "config": all,
            "column_name": declared.column, "package_name": declared.package}),
    };
    let job = Arc::new(Job::new(&loaded.world, node, true));
    job.seen().depends_on.insert(declared.target.unique_id.clone());
    if declared.target.ephemeral {
        job.seen().ephemeral.push(declared.target.unique_id.clone());
    }
    let result = call(loaded, declared, &job, relation, config);
    let seen = job.seen();
    let (depends_on, mut flags) = (seen.depends_on.clone(), seen.flags.clone());
    let told: Map<String, Value> = seen.configs.iter().flatten().map(|(k, v)| (k.clone(), v.clone())).collect();
    let limit = config.get("limit").or(told.get("limit")).and_then(Value::as_i64);
    let compiled = result
        .map_err(|fault| fault.into_not_compiled(declared.place.clone()))
        .and_then(|text| loaded.with_ephemeral(text.trim(), &seen.ephemeral, &mut flags, &declared.place))
        .map(|text| match limit {
            Some(limit) => format!("{text}\nlimit {limit}"),
            None => text,
        })
        .map(|sql| Compiled { sql, incremental_sql: None, flags });
    (compiled, TestSeen { depends_on, macros: seen.macros.clone(), told })
}

fn call(
    loaded: &Loaded<'_>,
    declared: &Declared,
    job: &Arc<Job>,
    relation: Relation,
    config: &Map<String, Value>,
) -> Result<String, Fault> {
    let def = find(loaded, declared)?;
    let quoting = Quoting::of(&loaded.world.target.adapter);
    let model = match config.get("where").and_then(Value::as_str).filter(|w| !w.trim().is_empty()) {
        // A project may write the subquery in its own way.
        Some(_)
            if let Some(own) = loaded.world.macros.own(&declared.package, &loaded.world.root, "get_where_subquery") =>
        {
            render::call(&loaded.env, job, own, &[relation.value()])?
        }
        Some(filter) => {
            Template::from(format!("(select * from {} where {filter}) dbt_subquery", relation.full_name().rendered))
        }
        None => relation.value(),
    };
    let mut args = vec![("model".to_owned(), model)];
    if let Some(column) = &declared.column {
        let column = if declared.quote_column { quoting.quoted(column) } else { column.clone() };
        args.push(("column_name".to_owned(), Template::from(column)));
    }
    for (name, value) in &declared.args {
        args.push((name.clone(), argument(loaded, job, value)?));
    }
    let value = render::call(&loaded.env, job, &def, &[kwargs(args)])?;
    Ok(value.to_string())
}

/// The macro of a test.
fn find(loaded: &Loaded<'_>, declared: &Declared) -> Result<Arc<MacroDef>, Fault> {
    let macros = &loaded.world.macros;
    let (package, test) = declared.test.rsplit_once('.').map_or((None, declared.test.as_str()), |(p, t)| (Some(p), t));
    let name = format!("test_{test}");
    let found = match package {
        Some(package) => macros.get(package, &name),
        None => macros.own(&declared.package, &loaded.world.root, &name).or_else(|| macros.get(BUILTIN, &name)),
    };
    found.cloned().ok_or_else(|| match package {
        Some(package) if loaded.world.missing_packages.contains(package) => Fault::new(
            NotCompiledCode::Packages,
            format!(
                "test `{}` is of a package that is not installed; run `dbt deps` and keep dbt_packages/",
                declared.test
            ),
        )
        .named(package),
        _ => {
            let message = format!("test `{}` is no test of this project or its packages", declared.test);
            Fault::new(NotCompiledCode::MacroNotFound, message).named(declared.test.clone())
        }
    })
}

/// An argument as dbt passes it: `ref(...)` and `{{ ... }}` are evaluated, other texts stay.
fn argument(loaded: &Loaded<'_>, job: &Arc<Job>, value: &Value) -> Result<Template, Fault> {
    Ok(match value {
        Value::String(text) => {
            let trimmed = text.trim();
            let function = ["ref", "source", "var", "env_var"].iter().any(|f| {
                trimmed.strip_prefix(f).is_some_and(|rest| rest.trim_start().starts_with('(') && rest.ends_with(')'))
            });
            let inside = trimmed.strip_prefix("{{").and_then(|t| t.strip_suffix("}}")).filter(|t| !t.contains("{{"));
            if function {
                render::expression(&loaded.env, job, trimmed)?
            } else if let Some(inside) = inside {
                render::expression(&loaded.env, job, inside.trim())?
            } else if text.contains("{{") || text.contains("{%") {
                let own = Job::new(&loaded.world, job.node.clone(), true);
                let (own, text) = render::node(&loaded.env, own, text, 0..text.len());
                let told = own.seen();
                job.seen().depends_on.extend(told.depends_on.iter().cloned());
                let text = text.map_err(|e| Fault {
                    code: e.code,
                    message: e.message,
                    name: e.name,
                    needle: None,
                    place: None,
                })?;
                Template::from(text)
            } else {
                Template::from(text.as_str())
            }
        }
        Value::Array(items) => {
            List::value(items.iter().map(|item| argument(loaded, job, item)).collect::<Result<_, _>>()?)
        }
        Value::Object(map) => {
            let entries: Result<Vec<_>, Fault> = map
                .iter()
                .map(|(key, value)| Ok((Template::from(key.as_str()), argument(loaded, job, value)?)))
                .collect();
            Dict::value(entries?)
        }
        other => from_json(other),
    })
}
