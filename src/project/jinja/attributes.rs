//! `x.name` without a call and `a in b`, which the rewriter makes calls: both mean what they mean in Python.
//!
//! Jinja asks an object for its attribute before it asks for an item, so that `d.items` is the method of the dict, whatever
//! keys it has. A method that is named and not called has no text of its own, so it is refused.

use super::args::Host;
use super::fault::Fault;
use super::lazy::{Lazy, Range};
use super::relation::Relation;
use super::values::List;
use super::{agate, context, graph, modules};
use minijinja::value::ValueKind;
use minijinja::{Error, Value};

const TEXT: &[&str] = &[
    "capitalize",
    "casefold",
    "center",
    "count",
    "encode",
    "endswith",
    "expandtabs",
    "find",
    "format",
    "format_map",
    "index",
    "isalnum",
    "isalpha",
    "isascii",
    "isdecimal",
    "isdigit",
    "isidentifier",
    "islower",
    "isnumeric",
    "isprintable",
    "isspace",
    "istitle",
    "isupper",
    "join",
    "ljust",
    "lower",
    "lstrip",
    "maketrans",
    "partition",
    "removeprefix",
    "removesuffix",
    "replace",
    "rfind",
    "rindex",
    "rjust",
    "rpartition",
    "rsplit",
    "rstrip",
    "split",
    "splitlines",
    "startswith",
    "strip",
    "swapcase",
    "title",
    "translate",
    "upper",
    "zfill",
];
const LIST: &[&str] =
    &["append", "clear", "copy", "count", "extend", "index", "insert", "pop", "remove", "reverse", "sort"];
const TUPLE: &[&str] = &["count", "index"];
const DICT: &[&str] =
    &["clear", "copy", "fromkeys", "get", "items", "keys", "pop", "popitem", "setdefault", "update", "values"];
const NUMBER: &[&str] = &[
    "as_integer_ratio",
    "bit_count",
    "bit_length",
    "conjugate",
    "denominator",
    "from_bytes",
    "fromhex",
    "hex",
    "imag",
    "is_integer",
    "numerator",
    "real",
    "to_bytes",
];
/// Of sets, ranges, dates and what dbt's own objects have.
const OTHER: &[&str] = &[
    "add",
    "astimezone",
    "ctime",
    "date",
    "dict",
    "difference",
    "discard",
    "include",
    "intersection",
    "isdisjoint",
    "isocalendar",
    "isoformat",
    "isoweekday",
    "issubset",
    "issuperset",
    "mapping",
    "max",
    "min",
    "quote",
    "render",
    "resolution",
    "start",
    "step",
    "stop",
    "strftime",
    "symmetric_difference",
    "time",
    "timestamp",
    "timetuple",
    "toordinal",
    "total_seconds",
    "tzname",
    "union",
    "utcoffset",
    "weekday",
];

/// Whether some type of Python's has a method or property `name`, so that the value decides what `x.name` is.
pub(crate) fn is_method(name: &str) -> bool {
    [TEXT, LIST, DICT, NUMBER, OTHER].iter().any(|names| names.contains(&name))
}

/// `value.name`, for a `name` that [`is_method`].
pub(crate) fn attribute(value: &Value, name: &str) -> Result<Value, Error> {
    let named = match value.kind() {
        ValueKind::String => TEXT.contains(&name),
        ValueKind::Number | ValueKind::Bool => NUMBER.contains(&name),
        ValueKind::Seq if agate::is_part(value) => false,
        ValueKind::Seq if value.downcast_object_ref::<Range>().is_some() => true,
        ValueKind::Seq if value.is_tuple() => TUPLE.contains(&name),
        ValueKind::Seq => LIST.contains(&name),
        ValueKind::Iterable => List::is_view(value) || Lazy::is(value),
        ValueKind::Map => is_dict(value) && DICT.contains(&name),
        _ => false,
    };
    let refused = || Fault::unsupported(format!("the method `{name}` is named and not called")).into();
    if named {
        return Err(refused());
    }
    let found = value.get_attr(name)?;
    // What is no plain value has methods here that it does not tell of.
    let object = Relation::is(value) || modules::is_own(value) || agate::is_part(value);
    if object && found.is_undefined() { Err(refused()) } else { Ok(found) }
}

/// Whether a mapping here is a dict in dbt: a namespace, for one, is none.
fn is_dict(value: &Value) -> bool {
    let name = value.as_object().map_or("", minijinja::value::DynObject::type_name);
    value.is_kwargs() || name.contains("::values::Dict") || graph::is_part(value)
}

/// `item in container`.
pub(crate) fn contains(item: &Value, container: &Value) -> Result<bool, Error> {
    if let Some(host) = container.downcast_object_ref::<Host>().filter(|host| host.name == "target") {
        return context::target_has(&host.job, item).map_err(Error::from);
    }
    let wrong = |what: String| Err(Fault::compiler(what).into());
    match container.kind() {
        ValueKind::Undefined => Ok(false),
        ValueKind::String => match (container.as_str(), item.as_str()) {
            (Some(text), Some(part)) => Ok(text.contains(part)),
            _ => wrong(format!("`in` asks a text for a {}", item.kind())),
        },
        ValueKind::Seq | ValueKind::Iterable => {
            for one in container.try_iter()? {
                if one.kind() == ValueKind::Invalid {
                    one.try_iter()?;
                }
                if one == *item {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        ValueKind::Map if Relation::is(container) => {
            Err(Fault::unsupported("`in` of a relation is not built in here").into())
        }
        ValueKind::Map if matches!(item.kind(), ValueKind::Map | ValueKind::Seq) && !item.is_tuple() => {
            wrong(format!("`in` asks a dict for a {}", item.kind()))
        }
        ValueKind::Map => Ok(container.as_object().is_some_and(|object| object.get_value(item).is_some())),
        ValueKind::Plain if super::scope::is_mapping(container) => {
            let found = container.get_item(item)?;
            if found.kind() == ValueKind::Invalid {
                found.try_iter()?;
            }
            Ok(!found.is_undefined())
        }
        ValueKind::Plain => Err(Fault::unsupported("`in` of an object is not built in here").into()),
        ValueKind::Invalid => container.try_iter().map(|_| false),
        kind => wrong(format!("`in` asks a {kind}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::jinja::values::Dict;

    #[test]
    fn a_text_holds_texts_only() {
        assert!(contains(&Value::from("2"), &Value::from("123")).unwrap());
        assert!(contains(&Value::from(1), &Value::from("123")).is_err());
        assert!(contains(&Value::from(1), &Value::from(123)).is_err());
        assert!(!contains(&Value::from(1), &Value::UNDEFINED).unwrap());
    }

    #[test]
    fn a_method_comes_before_a_key() {
        let dict = Dict::value([(Value::from("items"), Value::from(1)), (Value::from("title"), Value::from(2))]);
        assert!(attribute(&dict, "items").is_err());
        assert_eq!(attribute(&dict, "title").unwrap(), Value::from(2));
        assert!(attribute(&Value::from("a"), "title").is_err());
        assert!(attribute(&Value::from("a"), "items").unwrap().is_undefined());
    }
}
