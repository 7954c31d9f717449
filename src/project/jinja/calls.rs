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

/// `ref.config`: dbt's own view of the project, of which templates ask for the versions of packages.
pub(crate) struct ProjectConfig {
    job: Arc<Job>,
    /// Whether this is its `dependencies`.
    packages: bool,
}

impl std::fmt::Debug for ProjectConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("<ref.config>")
    }
}

impl ProjectConfig {
    pub(crate) fn value(job: &Arc<Job>) -> Value {
        Value::from_object(Self { job: Arc::clone(job), packages: false })
    }

    fn package(&self, name: &str) -> Option<Value> {
        let version = self.job.world.versions.get(name)?;
        let fields = [("version", version.clone()), ("project_name", Json::from(name))];
        Some(Value::from_object(Fields(fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())))
    }
}

impl minijinja::value::Object for ProjectConfig {
    // The packages are no mapping here: dbt counts its own among them.
    fn repr(self: &Arc<Self>) -> minijinja::value::ObjectRepr {
        minijinja::value::ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let unknown = |key: &str| {
            Some(super::args::poisoned(Fault::unsupported(format!("ref.config.{key} is not built in here"))))
        };
        match key.as_str()? {
            name if self.packages && (name == "dbt" || name.starts_with("dbt_")) => {
                self.package(name).or_else(|| unknown(name))
            }
            name if self.packages => self.package(name),
            "project_name" => Some(Value::from(self.job.world.root.as_str())),
            "dependencies" => Some(Value::from_object(Self { job: Arc::clone(&self.job), packages: true })),
            other => unknown(other),
        }
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, _: &[Value]) -> Answer {
        Err(Fault::unsupported(format!("`{method}` of ref.config is not built in here")).into())
    }
}

/// A config as templates see it: two of them are objects of dbt's, with fields and without a text that could be relied on.
fn told(key: &str, value: &Json) -> Value {
    match value {
        Json::Object(fields) if matches!(key, "contract" | "docs") => Value::from_object(Fields(fields.clone())),
        other => from_json(other),
    }
}

/// An object of dbt's that has fields.
#[derive(Debug)]
struct Fields(Map<String, Json>);

impl minijinja::value::Object for Fields {
    fn repr(self: &Arc<Self>) -> minijinja::value::ObjectRepr {
        minijinja::value::ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.0.get(key.as_str()?).map(from_json)
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, args: &[Value]) -> Answer {
        match (method, args) {
            ("get", [key, rest @ ..]) => {
                let default = || rest.first().cloned().unwrap_or_else(|| Value::from(()));
                Ok(self.get_value(key).unwrap_or_else(default))
            }
            _ => Err(Fault::unsupported(format!("`{method}` of a config is not built in here")).into()),
        }
    }
}

/// `config(...)`, `config.get`, `config.require`.
pub(crate) fn config(job: &Arc<Job>, _: &mut State<'_, '_>, method: &str, args: Args) -> Answer {
    // A field that is not set is none; no default of the caller's changes that.
    let lookup = |key: &str| job.node.config.get(key).map(|value| told(key, value));
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
    // What the root project sets under its own name is not seen by packages, so there is no second look.
    let visible = || world.vars.get(&job.node.package).or_else(|| world.vars.get(&world.root));
    let value = job.overrides.vars.get(&name).or_else(|| visible().and_then(|vars| vars.get(&name)));
    job.seen().vars.insert(name.clone(), value.map(Json::to_string).unwrap_or_default());
    match (method, value) {
        ("has_var", found) => Ok(Value::from(found.is_some())),
        ("", Some(Json::String(text))) if text.contains("{{") || text.contains("{%") => nested(job, state, &name, text),
        ("", Some(value)) => super::exotic::known(job, value),
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
    args.get(1, "default")
        .filter(|default| !default.is_none())
        .ok_or_else(|| refused("is not allowed or not set, and has no default").into())
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

/// The text that `fromjson` and `fromyaml` read, and what they give when it cannot be read.
fn text_of(args: &Args) -> Result<(String, Value), Error> {
    let value = args.get(0, "string").unwrap_or_default();
    let default = args.get(1, "default").unwrap_or_else(|| Value::from(()));
    match value.as_str() {
        Some(text) => Ok((text.to_owned(), default)),
        None => Err(Fault::compiler("only a text can be read as JSON or YAML").into()),
    }
}

/// `fromjson(text, default)`: a text that cannot be read gives the default, as in dbt.
pub(crate) fn from_json_text(args: &Args) -> Answer {
    let (text, default) = text_of(args)?;
    // Python reads what JSON forbids, and numbers of any length.
    let digits = text.split(|c: char| !c.is_ascii_digit()).any(|run| run.len() > 15);
    let odd = digits || ["NaN", "Infinity"].iter().any(|word| text.contains(word));
    match serde_json::from_str::<Json>(&text) {
        Ok(json) if !digits || !fractions(&json) => Ok(from_json(&json)),
        Err(error) if !odd && !error.to_string().contains("out of range") => Ok(default),
        _ => Err(Fault::unsupported("fromjson of such numbers is not built in here").into()),
    }
}

/// Whether a number in `json` was read as a fraction, as whole numbers that are too long are.
fn fractions(json: &Json) -> bool {
    match json {
        Json::Number(number) => number.is_f64(),
        Json::Array(items) => items.iter().any(fractions),
        Json::Object(map) => map.values().any(fractions),
        _ => false,
    }
}

/// `fromyaml(text, default)`.
pub(crate) fn from_yaml_text(job: &Job, args: &Args) -> Answer {
    let (text, default) = text_of(args)?;
    let several = text.trim_start().strip_prefix("---").unwrap_or(&text).contains("---");
    let open = text.contains(['|', '>']) && !text.ends_with('\n');
    if several || open || text.contains('!') {
        return Err(Fault::unsupported("fromyaml of a text with tags, several documents or an open block").into());
    }
    match crate::project::yaml::parse_one(&text) {
        Ok(node) => Ok(node.map_or_else(|| Value::from(()), |node| super::exotic::value(job, &node.marked()))),
        Err(_) => Ok(default),
    }
}

/// `toyaml(value, default)` of what every YAML writer writes alike.
pub(crate) fn to_yaml_text(args: &Args) -> Answer {
    let value = args.get(0, "value").unwrap_or_default();
    // Refuses what has no text in Python either.
    super::python::json(&value, false)?;
    let json = to_json(&value);
    let container = json.is_object() || json.is_array();
    if !container || !args.named.is_empty() || args.positional.len() > 1 || !plain_yaml(&json) {
        return Err(Fault::unsupported("toyaml of such a value is not built in here").into());
    }
    serde_yaml::to_string(&json).map(Value::from).map_err(|e| Fault::unsupported(format!("toyaml: {e}")).into())
}

fn plain_yaml(json: &Json) -> bool {
    let date = |text: &str| {
        text.len() >= 8 && text.as_bytes().get(4) == Some(&b'-') && text.starts_with(|c: char| c.is_ascii_digit())
    };
    let text = |text: &String| {
        text.len() <= 60
            && text.chars().all(|c| matches!(c, ' '..='~'))
            && !date(text)
            && !crate::project::yaml::needs_quotes(&Json::String(text.clone()))
    };
    match json {
        Json::String(value) => text(value),
        Json::Number(number) => number.as_f64().is_some_and(|n| n == 0.0 || (1e-4..1e16).contains(&n.abs())),
        Json::Array(items) => items.iter().all(plain_yaml),
        Json::Object(map) => map.iter().all(|(key, value)| text(key) && plain_yaml(value)),
        _ => true,
    }
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
    Ok(super::lazy::Lazy::value(out))
}

/// `local_md5(text)`: needs MD5, which is not among our dependencies.
pub(crate) fn local_md5(_: &Arc<Job>, _: &mut State<'_, '_>, _: &str, args: Args) -> Answer {
    let value = args.get(0, "value").unwrap_or_default();
    let Some(text) = value.as_str() else { return Err(Fault::compiler("local_md5() takes a text").into()) };
    Ok(Value::from(super::md5::hex(text.as_bytes())))
}
