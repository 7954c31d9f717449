//! dbt's context: what templates can name besides macros.

use super::adapter;
use super::args::{Args, Host};
use super::calls;
use super::fault::Fault;
use super::job::Job;
use super::macros::{CallerFn, Returned};
use super::meter;
use super::modules;
use super::python;
use super::relation::{Quoting, Relation};
use super::values::{Dict, List, mutable};
use crate::project::credentials::{database_keys, is_foreign, schema_keys};
use minijinja::{Error, ErrorKind, State, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Version of dbt whose behaviour is followed; `dbt_version` in templates.
const DBT_VERSION: &str = "1.10.0";

/// Our own functions that the rewriter calls.
pub(crate) fn internal(job: &Arc<Job>, name: &str) -> Option<Value> {
    Some(match name {
        "__l" => Host::value("list", job, |job, _, _, args| {
            job.container()?;
            let items = args.positional.first().cloned().unwrap_or_default();
            meter::whole(&items)?;
            Ok(List::value(items.try_iter()?.collect()))
        }),
        "__d" => Host::value("dict", job, |job, _, _, args| {
            job.container()?;
            let map = args.positional.first().cloned().unwrap_or_default();
            meter::whole(&map)?;
            let entries: Result<Vec<_>, Error> =
                map.try_iter()?.map(|key| Ok((key.clone(), map.get_item(&key)?))).collect();
            let entries = entries?;
            let keys: Vec<Value> = entries.iter().map(|(key, _)| key.clone()).collect();
            super::order::keys(&keys)?;
            Ok(Dict::value(entries))
        }),
        "__c" => Host::value("concat", job, |_, _, _, args| {
            let value = args.positional.first().cloned().unwrap_or_default();
            if value.as_str().is_some() { Ok(value) } else { python::text(&value).map(Value::from) }
        }),
        "__k" => Host::value("compare", job, |_, _, _, args| super::math::compared(&args.positional)),
        "__a" => Host::value("attribute", job, |_, _, _, args| match args.positional.as_slice() {
            [value, name] => super::attributes::attribute(value, name.as_str().unwrap_or_default()),
            _ => Err(Fault::unsupported("an attribute without a value").into()),
        }),
        "__in" => Host::value("in", job, |_, _, _, args| match args.positional.as_slice() {
            [item, container] => super::attributes::contains(item, container).map(Value::from),
            _ => Err(Fault::unsupported("an `in` without a value").into()),
        }),
        "__m" => Host::value("sum", job, |_, _, _, args| super::math::chain(&args.positional)),
        "__i" => Host::value("walk", job, |_, _, _, args| {
            super::lazy::walked(args.positional.first().cloned().unwrap_or_default())
        }),
        "__v" => Host::value("value", job, |job, _, _, args| {
            let value = super::job::bounded(args.positional.first().cloned().unwrap_or_default())?;
            // Naming a node asks for nothing of it; its length would be asking for the whole.
            if super::graph::is_part(&value) {
                return Ok(value);
            }
            if value.len().is_some_and(|len| len > 1_000_000) && value.as_str().is_none() {
                return Err(Fault::limit("a list longer than a million items").into());
            }
            if matches!(value.kind(), minijinja::value::ValueKind::Seq) {
                job.container()?;
            }
            meter::set(&value)?;
            Ok(mutable(value))
        }),
        "__end" => Host::value("end", job, |job, state, _, _| {
            job.burned(state.fuel_levels().map_or(0, |(used, _)| used));
            Ok(Value::from(""))
        }),
        "__t" => Host::value("text", job, |job, _, _, args| {
            job.wrote(args.positional.first().and_then(Value::as_usize).unwrap_or(0))?;
            Ok(Value::from(""))
        }),
        "__unsupported" => Host::value("unsupported", job, |job, _, _, args| {
            let what = args.text("unsupported", 0, "what")?;
            Err(Fault::unsupported(format!("{what} is not built in here for adapter `{}`", job.world.target.adapter))
                .into())
        }),
        "__caller" => Host::value("caller", job, |job, state, _, args| {
            let name = args.text("caller", 0, "name")?;
            let known: Vec<String> = state.known_variables().into_iter().map(|n| n.into_owned()).collect();
            let locals: BTreeMap<String, Value> =
                known.into_iter().filter_map(|n| state.lookup(&n).map(|value| (n, value))).collect();
            Ok(Value::from_object(CallerFn { job: Arc::clone(job), name, locals }))
        }),
        _ => return None,
    })
}

/// A name of dbt's own context.
pub(crate) fn global(job: &Arc<Job>, name: &str) -> Option<Value> {
    let host = |name, function| Some(Host::value(name, job, function));
    let target = &job.world.target;
    match name {
        "ref" => Some(Host::with("ref", job, calls::reference, |job, key| {
            (key == "config").then(|| calls::ProjectConfig::value(job))
        })),
        "source" => host("source", calls::source),
        "config" => host("config", calls::config),
        "var" => host("var", calls::var),
        "env_var" => host("env_var", calls::env_var),
        "builtins" => Some(Dict::value(
            [
                "ref",
                "source",
                "config",
                "var",
                "env_var",
                "return",
                "log",
                "tojson",
                "fromjson",
                "modules",
                "exceptions",
            ]
            .iter()
            .filter_map(|n| global(job, n).map(|value| (Value::from(*n), value))),
        )),
        "this" => Some(calls::this(job)),
        "model" => Some(super::graph::model(job)),
        "target" => Some(target_value(job)),
        "schema" => Some(Value::from(target.schema.as_str())),
        "database" => Some(Value::from(target.database.as_str())),
        "project_name" => Some(Value::from(job.world.root.as_str())),
        "execute" => Some(Value::from(job.execute)),
        "is_incremental" => host("is_incremental", calls::is_incremental),
        "return" => host("return", |job, state, _, args| {
            job.burned(state.fuel_levels().map_or(0, |(used, _)| used));
            let value = args.positional.first().cloned().or_else(|| args.keyword("data"));
            let value = value.unwrap_or_else(|| Value::from(()));
            Err(Error::new(ErrorKind::InvalidOperation, "return outside a macro").with_source(Returned(value)))
        }),
        "exceptions" => host("exceptions", calls::exceptions),
        "log" | "print" | "debug" => host("log", |_, _, _, _| Ok(Value::from(""))),
        "fromjson" | "tojson" | "fromyaml" | "toyaml" | "set" | "set_strict" | "zip" | "zip_strict" | "local_md5"
        | "dict" | "list" => data_function(job, name),
        "modules" => Some(modules::value(job)),
        "run_started_at" => {
            job.flag("volatile:run_started_at");
            Some(modules::run_started_at(job))
        }
        "context" => Some(Value::from_object(super::scope::Names(Arc::clone(job)))),
        "run_query" => host("run_query", adapter::run_query),
        "statement" => host("statement", adapter::statement),
        "load_result" => host("load_result", |job, _, _, args| {
            let name = args.text("load_result", 0, "name")?;
            Ok(job.seen().results.get(&name).cloned().unwrap_or_else(|| Value::from(())))
        }),
        "load_relation" => host("load_relation", adapter::load_relation),
        "adapter" => Some(Host::value("adapter", job, adapter::method)),
        "api" => Some(adapter::api(job)),
        "load_agate_table" => {
            host("load_agate_table", |_, _, _, _| Err(Fault::needs_warehouse("load_agate_table").into()))
        }
        "store_result" | "store_raw_result" | "submit_python_job" => host("store_result", |_, _, _, _| {
            Err(Fault::unsupported("materialization functions are not run here").into())
        }),
        "graph" => Some(Value::from_object(super::graph::Graph(Arc::clone(job)))),
        "should_store_failures" | "should_full_refresh" => host("flag", |_, _, _, _| Ok(Value::from(false))),
        "selected_resources" | "pre_hooks" | "post_hooks" => Some(List::value(Vec::new())),
        "flags" => Some(flags()),
        "invocation_args_dict" => {
            Some(super::args::poisoned(Fault::volatile("`invocation_args_dict` is another in each run")))
        }
        "dbt_metadata_envs" => Some(Dict::value([])),
        "invocation_id" => {
            job.flag("volatile:invocation_id");
            Some(Value::from("00000000-0000-0000-0000-000000000000"))
        }
        "dbt_version" => Some(Value::from(DBT_VERSION)),
        "sql" | "write" | "try_or_compiler_error" => {
            Some(super::args::poisoned(Fault::unsupported(format!("`{name}` is not built in here"))))
        }
        "thread_id" => Some(super::args::poisoned(Fault::volatile("`thread_id` is another in each run"))),
        _ => None,
    }
}

/// `fromjson` and its like.
fn data_function(job: &Arc<Job>, name: &str) -> Option<Value> {
    Some(match name {
        "fromjson" => Host::value("fromjson", job, |_, _, _, args| calls::from_json_text(&args)),
        "fromyaml" => Host::value("fromyaml", job, |job, _, _, args| calls::from_yaml_text(job, &args)),
        "tojson" => Host::value("tojson", job, |_, _, _, args| {
            let sort = args.get(2, "sort_keys").is_some_and(|v| v.is_true());
            let value = args.positional.first().cloned().or_else(|| args.keyword("value"));
            python::json(&value.unwrap_or_default(), sort).map(Value::from)
        }),
        "toyaml" => Host::value("toyaml", job, |_, _, _, args| calls::to_yaml_text(&args)),
        "set" | "set_strict" => Host::value("set", job, calls::set),
        "zip" | "zip_strict" => Host::value("zip", job, calls::zip),
        "local_md5" => Host::value("local_md5", job, calls::local_md5),
        "dict" => Host::value("dict", job, |_, state, _, args| dict(state, args)),
        "list" => Host::value("list", job, |_, _, _, args| {
            Ok(List::value(
                args.get(0, "").map(|v| v.try_iter().map(Iterator::collect)).transpose()?.unwrap_or_default(),
            ))
        }),
        _ => return None,
    })
}

fn dict(_: &mut State<'_, '_>, args: Args) -> Result<Value, Error> {
    let mut entries = Vec::new();
    if let Some(first) = args.positional.first() {
        for key in first.try_iter()? {
            let pair = matches!(first.kind(), minijinja::value::ValueKind::Map);
            entries.push(if pair {
                (key.clone(), first.get_item(&key)?)
            } else {
                (key.get_item_by_index(0)?, key.get_item_by_index(1)?)
            });
        }
    }
    entries.extend(args.named.into_iter().map(|(name, value)| (Value::from(name), value)));
    Ok(Dict::value(entries))
}

/// The profile's target: six fields and what adapters call the same two; anything else is refused when used.
fn target_value(job: &Arc<Job>) -> Value {
    Host::with(
        "target",
        job,
        |job, _, method, args| {
            let known = |key: &str| target_field(job, key);
            match method {
                "get" => {
                    let key = args.text("target.get", 0, "key")?;
                    let none = || args.get(1, "default").unwrap_or_else(|| Value::from(()));
                    match known(&key) {
                        Some(value) => Ok(value),
                        None if is_foreign(&job.world.target.adapter, &key) => Ok(none()),
                        None => Err(hidden(&key).into()),
                    }
                }
                _ => Err(Error::from(ErrorKind::UnknownMethod)),
            }
        },
        |job, key| match (target_field(job, key), key) {
            (Some(value), _) => Some(value),
            (None, "get" | "items" | "keys" | "values") => None,
            (None, _) if is_foreign(&job.world.target.adapter, key) => Some(Value::UNDEFINED),
            (None, _) => Some(super::args::poisoned(hidden(key))),
        },
    )
}

/// Whether `target` has the key `item`.
pub(crate) fn target_has(job: &Arc<Job>, item: &Value) -> Result<bool, Fault> {
    match item.as_str() {
        Some(key) if target_field(job, key).is_some() => Ok(true),
        Some(key) if !is_foreign(&job.world.target.adapter, key) => Err(hidden(key)),
        _ => Ok(false),
    }
}

/// What the profile may well hold, and templates are not shown: it tells of the account.
fn hidden(key: &str) -> Fault {
    Fault::unsupported(format!(
        "target.{key} is not shown to templates (name, schema, database, type, profile_name and threads are)"
    ))
}

fn target_field(job: &Job, key: &str) -> Option<Value> {
    let target = &job.world.target;
    Some(match key {
        "name" | "target_name" => Value::from(target.name.as_str()),
        "type" => Value::from(target.adapter.as_str()),
        "profile_name" => Value::from(target.profile.as_str()),
        "threads" => Value::from(target.threads),
        "schema" => Value::from(target.schema.as_str()),
        "database" => Value::from(target.database.as_str()),
        _ if schema_keys(&target.adapter).contains(&key) => Value::from(target.schema.as_str()),
        _ if database_keys(&target.adapter).contains(&key) => Value::from(target.database.as_str()),
        _ => return None,
    })
}

fn flags() -> Value {
    let off = ["FULL_REFRESH", "STORE_FAILURES", "FAIL_FAST", "EMPTY", "VERSION_CHECK", "PARTIAL_PARSE"];
    let entries = off.iter().map(|name| (Value::from(*name), Value::from(false)));
    Dict::value(entries.chain([(Value::from("WHICH"), Value::from("compile"))]))
}

/// A relation for a resolved entry.
pub(crate) fn relation_value(job: &Job, name: &crate::project::RelationName) -> Value {
    Relation::new(name.clone(), Quoting::of(&job.world.target.adapter)).value()
}
