//! The context functions of every model: ref, source, config, var, env_var, is_incremental, exceptions, data conversions.

use super::args::Args;
use super::context::relation_value;
use super::fault::Fault;
use super::job::Job;
use super::meter;
use super::rewrite::rewrite;
use super::scope::Scope;
use super::values::{List, from_json, to_json};
use crate::project::{NotCompiledCode, RelationName};
use minijinja::value::{Tuple, ValueKind};
use minijinja::{Error, State, Value};
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;
use std::sync::Arc;

type Answer = Result<Value, Error>;

/// `ref('model')`, `ref('package', 'model')`, `ref('model', v=1)`.
pub(crate) fn reference(job: &Arc<Job>, _: &mut State<'_, '_>, _: &str, args: Args) -> Answer {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let names: Option<Vec<String>> = args.positional.iter().map(text).collect();
    let (package, name) = match names.as_deref() {
        Some([name]) => (None, name.clone()),
        Some([package, name]) => (Some(package.clone()), name.clone()),
        _ => return Err(Fault::compiler("ref() takes one or two names").needle("ref(").into()),
    };
    let version = args.keyword("v").or_else(|| args.keyword("version")).filter(|v| !v.is_none()).map(|v| v.to_string());
    let Some(index) = job.world.index.get().filter(|_| job.execute) else {
        return Ok(this(job));
    };
    let entry = index.node(package.as_deref(), &name, version.as_deref(), &job.node.package, &job.world.root)?;
    let mut seen = job.seen();
    seen.depends_on.insert(entry.unique_id.clone());
    if entry.ephemeral && !seen.ephemeral.contains(&entry.unique_id) {
        seen.ephemeral.push(entry.unique_id.clone());
    }
    drop(seen);
    Ok(relation_value(job, &entry.relation))
}

/// `source('source', 'table')`.
pub(crate) fn source(job: &Arc<Job>, _: &mut State<'_, '_>, _: &str, args: Args) -> Answer {
    let [source, table] = args.positional.as_slice() else {
        return Err(Fault::compiler("source() takes a source and a table").needle("source(").into());
    };
    let (Some(source), Some(table)) = (source.as_str(), table.as_str()) else {
        return Err(Fault::compiler("source() takes two texts").needle("source(").into());
    };
    let Some(index) = job.world.index.get().filter(|_| job.execute) else {
        return Ok(this(job));
    };
    let entry = index.source(source, table, &job.node.package, &job.world.root)?;
    job.seen().depends_on.insert(entry.unique_id.clone());
    Ok(relation_value(job, &entry.relation))
}

/// `this`: the node's own relation; before it is known, its name.
pub(crate) fn this(job: &Job) -> Value {
    match &job.node.relation {
        Some(name) => relation_value(job, name),
        None => {
            let target = &job.world.target;
            let name = RelationName {
                database: target.database.clone(),
                schema: target.schema.clone(),
                identifier: job.node.name.clone(),
                rendered: String::new(),
            };
            relation_value(job, &name)
        }
    }
}

/// `config(...)`, `config.get`, `config.require`.
pub(crate) fn config(job: &Arc<Job>, _: &mut State<'_, '_>, method: &str, args: Args) -> Answer {
    // A field that is not set is none; no default of the caller's changes that.
    let lookup = |key: &str| job.node.config.get(key).map(from_json);
    match method {
        // dbt answers nothing before all configs are read.
        "get" | "meta_get" | "require" | "meta_require" if !job.execute => Ok(Value::from("")),
        "" => {
            let mut given = Map::new();
            for arg in &args.positional {
                match to_json(arg) {
                    Json::Object(map) => given.extend(map),
                    _ => {
                        return Err(Fault::compiler("config() takes keyword arguments or one dict")
                            .needle("config(")
                            .into());
                    }
                }
            }
            given.extend(args.named.iter().map(|(name, value)| (name.clone(), to_json(value))));
            let given = Json::Object(given);
            meter::keeps(given.to_string().len())?;
            job.seen().configs.extend(given.as_object().cloned());
            Ok(Value::from(""))
        }
        "get" | "meta_get" => {
            let key = args.text("config.get", 0, "name")?;
            let found = if method == "get" {
                lookup(&key)
            } else {
                job.node.config.get("meta").and_then(|meta| meta.get(&key)).map(from_json)
            };
            let default = || args.get(1, "default").unwrap_or_else(|| Value::from(()));
            Ok(found.unwrap_or_else(default))
        }
        "require" | "meta_require" => {
            let key = args.text("config.require", 0, "name")?;
            match lookup(&key) {
                Some(value) => Ok(value),
                None => Err(Fault::compiler(format!("required config `{key}` is not set")).into()),
            }
        }
        "set" => {
            let key = args.text("config.set", 0, "name")?;
            job.seen().configs.push(Map::from_iter([(key, to_json(&args.get(1, "value").unwrap_or_default()))]));
            Ok(Value::from(""))
        }
        "persist_relation_docs" | "persist_column_docs" => Ok(Value::from(false)),
        other => Err(Fault::unsupported(format!("config.{other} is not built in here")).into()),
    }
}

/// `var('name', default)` and `var.has_var('name')`.
pub(crate) fn var(job: &Arc<Job>, state: &mut State<'_, '_>, method: &str, args: Args) -> Answer {
    let name = args.text("var", 0, "name")?;
    let world = &job.world;
    let own = job.overrides.vars.get(&name);
    let value = own.or_else(|| {
        [job.node.package.as_str(), world.root.as_str()]
            .iter()
            .find_map(|package| world.vars.get(*package).and_then(|vars| vars.get(&name)))
    });
    job.seen().vars.insert(name.clone(), value.map(Json::to_string).unwrap_or_default());
    match (method, value) {
        ("has_var", found) => Ok(Value::from(found.is_some())),
        ("", Some(Json::String(text))) if text.contains("{{") || text.contains("{%") => nested(job, state, &name, text),
        ("", Some(value)) => Ok(from_json(value)),
        ("", None) if args.positional.len() > 1 || args.keyword("default").is_some() => {
            Ok(args.positional.get(1).cloned().or_else(|| args.keyword("default")).unwrap_or_default())
        }
        ("", None) => {
            let message = format!("var('{name}') has no value and no default; set it under `vars:` in dbt_project.yml");
            Err(Fault::new(NotCompiledCode::VarNotSet, message).named(&name).needle(name).into())
        }
        _ => Err(Fault::unsupported(format!("var.{method} is not built in here")).into()),
    }
}

/// A var that holds Jinja: rendered with the context of its reader.
fn nested(job: &Arc<Job>, state: &mut State<'_, '_>, name: &str, text: &str) -> Answer {
    let fail = |what: String| Fault::unsupported(format!("var('{name}') holds Jinja that cannot be rendered: {what}"));
    let source = rewrite(text, &[], 0..text.len(), "var").map_err(|e| fail(e.message))?;
    if !source.callers.is_empty() {
        return Err(fail("it has a call block".to_owned()).into());
    }
    job.enter()?;
    let scope = Value::from_object(Scope { job: Arc::clone(job), locals: BTreeMap::new() });
    let text = state.env().render_named_str(name, &source.source, scope);
    job.leave();
    Ok(Value::from(text?))
}

/// `env_var('NAME', default)`: only allowed names are ever read.
pub(crate) fn env_var(job: &Arc<Job>, _: &mut State<'_, '_>, _: &str, args: Args) -> Answer {
    let name = args.text("env_var", 0, "name")?;
    let refused = |why: &str| {
        Fault::new(NotCompiledCode::EnvNotAllowed, format!("env_var('{name}') {why}")).named(&name).needle(&name)
    };
    if let Some(value) = job.overrides.env.get(&name) {
        return Ok(Value::from(value.as_str()));
    }
    if name.starts_with("DBT_ENV_SECRET") {
        return Err(refused("is a secret, which templates may not read").into());
    }
    if let Some(value) = job.world.env.get(&name) {
        return Ok(Value::from(value.as_str()));
    }
    args.get(1, "default").ok_or_else(|| refused("is not allowed or not set, and has no default").into())
}

/// `is_incremental()`: as the rendering was asked to answer.
pub(crate) fn is_incremental(job: &Arc<Job>, _: &mut State<'_, '_>, _: &str, _: Args) -> Answer {
    job.seen().asked_incremental = true;
    Ok(Value::from(job.incremental))
}

/// `exceptions.*`: raising is the project's own error, warning is nothing.
pub(crate) fn exceptions(_: &Arc<Job>, _: &mut State<'_, '_>, method: &str, args: Args) -> Answer {
    if method.starts_with("warn") {
        return Ok(Value::from(""));
    }
    let text =
        args.positional.first().or(args.named.first().map(|(_, v)| v)).map(ToString::to_string).unwrap_or_default();
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(300).collect();
    Err(Fault::compiler(format!("the project raised: {line}")).into())
}

/// `fromjson(text, default)` and its like: a text that cannot be read gives the default, as in dbt.
pub(crate) fn from_text(args: &Args, read: impl Fn(&str) -> anyhow::Result<Json>) -> Answer {
    let text = args.get(0, "string").map(|v| v.to_string()).unwrap_or_default();
    match read(&text) {
        Ok(json) => Ok(from_json(&json)),
        Err(_) => Ok(args.get(1, "default").unwrap_or_else(|| Value::from(()))),
    }
}

/// `tojson(value, default)` and its like.
pub(crate) fn to_text(args: &Args, write: impl Fn(&Json, bool) -> Option<String>) -> Answer {
    let sort = args.get(2, "sort_keys").is_some_and(|v| v.is_true());
    let json = to_json(&args.get(0, "value").unwrap_or_default());
    Ok(write(&json, sort).map_or_else(|| args.get(1, "default").unwrap_or_default(), Value::from))
}

/// JSON as Python's `json.dumps` writes it: a blank after `,` and `:`, no character beyond ASCII.
pub(crate) fn python_json(json: &Json, sort: bool) -> Option<String> {
    Some(match json {
        Json::Array(items) => {
            let items: Option<Vec<String>> = items.iter().map(|item| python_json(item, sort)).collect();
            format!("[{}]", items?.join(", "))
        }
        Json::Object(map) => {
            let mut entries: Vec<(&String, &Json)> = map.iter().collect();
            if sort {
                entries.sort_by_key(|(key, _)| key.as_str());
            }
            let write =
                |(key, value): (&String, &Json)| Some(format!("{}: {}", quoted(key)?, python_json(value, sort)?));
            format!("{{{}}}", entries.into_iter().map(write).collect::<Option<Vec<_>>>()?.join(", "))
        }
        Json::String(text) => quoted(text)?,
        other => other.to_string(),
    })
}

fn quoted(text: &str) -> Option<String> {
    let ascii = serde_json::to_string(text).ok()?;
    Some(ascii.chars().fold(String::new(), |mut out, c| {
        if c.is_ascii() {
            out.push(c);
        } else {
            c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| out += &format!("\\u{unit:04x}"));
        }
        out
    }))
}

/// `set(values)`: unique values. Python's order of texts is another in each run: what depends on it is not compiled.
pub(crate) fn set(job: &Arc<Job>, _: &mut State<'_, '_>, _: &str, args: Args) -> Answer {
    let Some(values) = args.get(0, "value").filter(|v| v.kind() != ValueKind::None) else {
        return Ok(List::value(Vec::new()));
    };
    let mut items: Vec<Value> = values.try_iter()?.collect();
    items.sort();
    items.dedup();
    if items.len() > 1 {
        job.seen().unordered = true;
    }
    if job.reversed {
        items.reverse();
    }
    Ok(List::view(items))
}

/// `zip(a, b, ...)`: a list of tuples.
pub(crate) fn zip(_: &Arc<Job>, _: &mut State<'_, '_>, _: &str, args: Args) -> Answer {
    let mut iters = args.positional.iter().map(Value::try_iter).collect::<Result<Vec<_>, _>>()?;
    let mut out = Vec::new();
    while !iters.is_empty() {
        match iters.iter_mut().map(Iterator::next).collect::<Option<Vec<Value>>>() {
            Some(row) => out.push(Value::from(Tuple::from(row))),
            None => break,
        }
    }
    Ok(List::view(out))
}

/// `local_md5(text)`: needs MD5, which is not among our dependencies.
pub(crate) fn local_md5(_: &Arc<Job>, _: &mut State<'_, '_>, _: &str, args: Args) -> Answer {
    let text = args.text("local_md5", 0, "value")?;
    Ok(Value::from(super::md5::hex(text.as_bytes())))
}
