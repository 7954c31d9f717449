//! How Python writes values: `str()`, `repr()` and `json.dumps()`. What has no text of its own there (a generator, a
//! function, a set, whose order changes) has none here either: it is refused.

use super::args::is_function;
use super::fault::Fault;
use super::lazy::{Lazy, Range};
use super::modules;
use super::relation::Relation;
use super::values::List;
use minijinja::value::ValueKind;
use minijinja::{Error, Value};
use std::fmt::Write as _;
use std::sync::LazyLock;

/// Lists and dicts within one another that are written.
const MAX_DEPTH: usize = 200;

fn no_text(what: &str) -> Error {
    Fault::unsupported(format!("{what} is printed, which is not built in here")).into()
}

/// `str(value)`; an undefined value is empty, as Jinja prints it.
pub(crate) fn text(value: &Value) -> Result<String, Error> {
    if let Some(text) = value.as_str() {
        return Ok(text.to_owned());
    }
    match value.kind() {
        ValueKind::Undefined => Ok(String::new()),
        ValueKind::None | ValueKind::Bool => Ok(value.to_string()),
        // What became none on the way was a complex number in Python, or a way that nobody goes.
        ValueKind::Number if f64::try_from(value.clone()).is_ok_and(f64::is_nan) => {
            Err(no_text("a number that is none"))
        }
        ValueKind::Number => Ok(number(value)),
        ValueKind::Seq | ValueKind::Map | ValueKind::Iterable => repr(value),
        ValueKind::Plain => plain(value),
        _ => {
            let why = value.to_string();
            let why = why.strip_prefix("<invalid value: invalid operation: ").unwrap_or(&why);
            Err(Fault::unsupported(why.trim_end_matches('>')).into())
        }
    }
}

/// `repr(value)`.
pub(crate) fn repr(value: &Value) -> Result<String, Error> {
    let mut out = String::new();
    written(value, &mut out, 0)?;
    Ok(out)
}

fn written(value: &Value, out: &mut String, depth: usize) -> Result<(), Error> {
    if depth > MAX_DEPTH {
        return Err(Fault::limit(format!("lists or dicts nested deeper than {MAX_DEPTH} are written out")).into());
    }
    match value.kind() {
        ValueKind::Undefined => out.push_str("Undefined"),
        ValueKind::String if value.is_safe() => return Err(no_text("a list with a text that is marked as safe")),
        ValueKind::String => quoted(value.as_str().unwrap_or_default(), out),
        ValueKind::Map => {
            container(value)?;
            out.push('{');
            for (at, key) in value.try_iter()?.enumerate() {
                out.push_str(if at == 0 { "" } else { ", " });
                written(&key, out, depth + 1)?;
                out.push_str(": ");
                written(&value.get_item(&key)?, out, depth + 1)?;
            }
            out.push('}');
        }
        ValueKind::Seq | ValueKind::Iterable => {
            container(value)?;
            if let Some(range) = value.downcast_object_ref::<Range>() {
                out.push_str(&range.repr());
                return Ok(());
            }
            let (open, close) = if value.is_tuple() { ('(', ')') } else { ('[', ']') };
            out.push(open);
            let mut count = 0;
            for item in value.try_iter()? {
                out.push_str(if count == 0 { "" } else { ", " });
                written(&item, out, depth + 1)?;
                count += 1;
            }
            out.push_str(if value.is_tuple() && count == 1 { "," } else { "" });
            out.push(close);
        }
        ValueKind::Plain => match modules::repr(value) {
            Some(text) => out.push_str(&text?),
            None => return Err(no_text("a list or dict with an object in it")),
        },
        _ => out.push_str(&text(value)?),
    }
    Ok(())
}

/// Refuses what looks like a list or dict and is none.
fn container(value: &Value) -> Result<(), Error> {
    if List::is_view(value) || Lazy::is(value) {
        return Err(no_text("a set, a generator, or the keys or values of a dict"));
    }
    let name = value.as_object().map_or("", minijinja::value::DynObject::type_name);
    if ["agate::", "Namespace", "namespace", "loop_object", "Loop", "::filters::"]
        .iter()
        .any(|part| name.contains(part))
    {
        return Err(no_text("an object of dbt or Jinja"));
    }
    if name.contains("::graph::") {
        return Err(Fault::needs_graph("a whole node of `graph` is not built in here").into());
    }
    if name.contains("::scope::") {
        return Err(no_text("`context`"));
    }
    Ok(())
}

/// The text of an object that is no container.
fn plain(value: &Value) -> Result<String, Error> {
    let name = value.as_object().map_or("", minijinja::value::DynObject::type_name);
    let own = Relation::is(value) || modules::is_own(value) || name.contains("jinja::column::");
    // Objects of `graph` spoil the rendering themselves.
    if own || name.contains("::graph::") || name.contains("::agate::") {
        return Ok(value.to_string());
    }
    if is_function(value) {
        return Err(Fault::unsupported("a function is printed and not called, which has no text of its own").into());
    }
    Err(no_text("an object"))
}

/// A number as Python prints it.
pub(crate) fn number(value: &Value) -> String {
    if value.is_integer() {
        return value.to_string();
    }
    let Ok(number) = f64::try_from(value.clone()) else { return value.to_string() };
    if number.is_nan() {
        return "nan".to_owned();
    }
    let size = number.abs();
    if !number.is_finite() || size == 0.0 || (1e-4..1e16).contains(&size) {
        return value.to_string();
    }
    let text = format!("{number:e}");
    let Some((digits, exponent)) = text.split_once('e') else { return text };
    let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |rest| ('-', rest));
    format!("{digits}e{sign}{exponent:0>2}")
}

/// A text in quotes, with what cannot be seen as an escape.
fn quoted(text: &str, out: &mut String) {
    static UNSEEN: LazyLock<Option<regex::Regex>> = LazyLock::new(|| regex::Regex::new(r"[\p{C}\p{Z}]").ok());
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    out.push(quote);
    for c in text.chars() {
        let code = u32::from(c);
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => {
                out.push('\\');
                out.push(c);
            }
            ' '..='~' => out.push(c),
            c => {
                let unseen = UNSEEN.as_ref().is_none_or(|regex| regex.is_match(c.encode_utf8(&mut [0; 4])));
                let _ = match code {
                    _ if !unseen => out.write_char(c),
                    0..=0xff => write!(out, "\\x{code:02x}"),
                    0x100..=0xffff => write!(out, "\\u{code:04x}"),
                    _ => write!(out, "\\U{code:08x}"),
                };
            }
        }
    }
    out.push(quote);
}

/// `json.dumps(value)`: a blank after `,` and `:`, no character beyond ASCII.
pub(crate) fn json(value: &Value, sort: bool) -> Result<String, Error> {
    let mut out = String::new();
    dumped(value, sort, &mut out, 0)?;
    Ok(out)
}

fn dumped(value: &Value, sort: bool, out: &mut String, depth: usize) -> Result<(), Error> {
    let none = || Error::from(Fault::unsupported("what is no JSON in Python is written as JSON"));
    if depth > MAX_DEPTH {
        return Err(Fault::limit(format!("lists or dicts nested deeper than {MAX_DEPTH} are written out")).into());
    }
    match value.kind() {
        ValueKind::None => out.push_str("null"),
        ValueKind::Bool => out.push_str(if value.is_true() { "true" } else { "false" }),
        ValueKind::Number => out.push_str(&json_number(value)),
        ValueKind::String => ascii(value.as_str().unwrap_or_default(), out),
        ValueKind::Map => {
            container(value)?;
            let mut keys: Vec<Value> = value.try_iter()?.collect();
            if sort {
                super::order::sortable(&keys)?;
                keys.sort();
            }
            out.push('{');
            for (at, key) in keys.iter().enumerate() {
                out.push_str(if at == 0 { "" } else { ", " });
                match key.kind() {
                    ValueKind::String => ascii(key.as_str().unwrap_or_default(), out),
                    ValueKind::None => out.push_str("\"null\""),
                    ValueKind::Bool => out.push_str(if key.is_true() { "\"true\"" } else { "\"false\"" }),
                    ValueKind::Number => out.push_str(&format!("\"{}\"", json_number(key))),
                    _ => return Err(none()),
                }
                out.push_str(": ");
                dumped(&value.get_item(key)?, sort, out, depth + 1)?;
            }
            out.push('}');
        }
        ValueKind::Seq | ValueKind::Iterable if value.downcast_object_ref::<Range>().is_none() => {
            container(value)?;
            out.push('[');
            for (at, item) in value.try_iter()?.enumerate() {
                out.push_str(if at == 0 { "" } else { ", " });
                dumped(&item, sort, out, depth + 1)?;
            }
            out.push(']');
        }
        _ => return Err(none()),
    }
    Ok(())
}

fn json_number(value: &Value) -> String {
    match number(value).as_str() {
        "nan" => "NaN".to_owned(),
        "inf" => "Infinity".to_owned(),
        "-inf" => "-Infinity".to_owned(),
        other => other.to_owned(),
    }
}

fn ascii(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(c),
            c => c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}"))),
        }
    }
    out.push('"');
}

/// Refuses what minijinja would write otherwise than Python where one of its own functions writes it.
pub(crate) fn alike(value: &Value) -> Result<(), Error> {
    match value.kind() {
        ValueKind::String | ValueKind::None | ValueKind::Bool => Ok(()),
        ValueKind::Number if value.is_integer() => Ok(()),
        ValueKind::Undefined => Ok(()),
        _ if text(value)? == value.to_string() => Ok(()),
        // minijinja's own formats know floats.
        ValueKind::Number => Ok(()),
        _ => Err(no_text("a list or dict in a format")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_in_python() {
        let list = |items: Vec<Value>| List::value(items);
        let cases = [
            (list(vec![Value::from(1e16), Value::from(1e-5), Value::from(1.0)]), "[1e+16, 1e-05, 1.0]"),
            (list(vec![Value::from("it's"), Value::from("\u{a0}\u{200b}é𝄞")]), "[\"it's\", '\\xa0\\u200bé𝄞']"),
            (list(vec![Value::UNDEFINED, Value::from(())]), "[Undefined, None]"),
            (Value::from(f64::INFINITY), "inf"),
        ];
        for (value, want) in cases {
            assert_eq!(text(&value).unwrap(), want);
        }
        assert!(text(&Lazy::value(vec![])).is_err());
        assert!(text(&List::view(vec![])).is_err());
    }

    #[test]
    fn json_is_that_of_python() {
        let value = List::value(vec![Value::from(1e-7), Value::from("\u{7f}é"), Value::from(i128::MAX)]);
        assert_eq!(
            json(&value, false).unwrap(),
            "[1e-07, \"\\u007f\\u00e9\", 170141183460469231731687303715884105727]"
        );
        assert!(json(&Value::UNDEFINED, false).is_err());
    }
}
