//! YAML values that JSON has no word for, as template values: dates, large numbers, keys that are no texts.

use super::fault::Fault;
use super::job::Job;
use super::modules;
use super::values::{Dict, List, from_json};
use crate::project::yaml::MARK;
use minijinja::Value;
use serde_json::{Map, Value as Json};

/// The template value of a var: what is not known here fails at once.
pub(crate) fn known(job: &Job, json: &Json) -> Result<Value, minijinja::Error> {
    let value = value(job, json);
    if value.kind() == minijinja::value::ValueKind::Invalid {
        super::python::text(&value)?;
    }
    Ok(value)
}

/// The template value of what [`crate::project::yaml::Node::marked`] wrote.
pub(crate) fn value(job: &Job, json: &Json) -> Value {
    match json {
        Json::Array(items) => List::value(items.iter().map(|item| value(job, item)).collect()),
        Json::Object(map) => match map.get(MARK).and_then(Json::as_str) {
            Some(kind) => marked(job, kind, map.get("v").unwrap_or(&Json::Null)),
            None => Dict::value(entries(job, map)),
        },
        other => from_json(other),
    }
}

fn entries(job: &Job, map: &Map<String, Json>) -> Vec<(Value, Value)> {
    map.iter().map(|(key, item)| (Value::from(key.as_str()), value(job, item))).collect()
}

fn marked(job: &Job, kind: &str, inner: &Json) -> Value {
    let text = inner.as_str().unwrap_or_default();
    let refused = |why: &str| super::args::poisoned(Fault::unsupported(why));
    let known = match (kind, inner) {
        ("date", _) => modules::day(text),
        ("moment", _) => modules::moment(text),
        ("int", _) => text.parse::<i128>().ok().map(Value::from),
        ("float", _) => text.parse::<f64>().ok().map(Value::from),
        ("dict", Json::Array(pairs)) => {
            let pair = |pair: &Json| Some((value(job, pair.get(0)?), value(job, pair.get(1)?)));
            pairs.iter().map(pair).collect::<Option<Vec<_>>>().map(Dict::value)
        }
        ("unordered", Json::Object(map)) => {
            // dbt's order is that of the YAML library's version: what depends on it is not compiled.
            job.seen().unordered = true;
            let mut entries = entries(job, map);
            if job.reversed {
                entries.reverse();
            }
            Some(Dict::value(entries))
        }
        _ => None,
    };
    known.unwrap_or_else(|| refused(&format!("the YAML value `{text}` is not built in here")))
}
