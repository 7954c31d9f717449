//! Filters and tests where minijinja's own answer otherwise than Jinja's.

use super::fault::Fault;
use super::lazy::{Range, lazy};
use super::{order, python};
use minijinja::value::{Kwargs, Rest, ValueKind};
use minijinja::{Environment, Error, Value};
use std::collections::BTreeMap;

/// Adds them to an environment.
pub(crate) fn add(env: &mut Environment<'static>) {
    env.add_function("range", Range::function);
    env.add_filter("__lazy", lazy);
    env.add_filter("string", |value: Value| -> Result<Value, Error> {
        if value.as_str().is_some() { Ok(value) } else { python::text(&value).map(Value::from) }
    });
    env.add_filter("as_text", |value: Value| python::text(&value).map(Value::from));
    env.add_filter("tojson", super::json::filter);
    for name in ["escape", "e"] {
        env.add_filter(name, |value: Value| -> Result<Value, Error> {
            if value.is_safe() { Ok(value) } else { escaped(&value) }
        });
    }
    env.add_filter("forceescape", |value: Value| escaped(&value));
    env.add_filter("wordcount", |value: Value| -> Result<usize, Error> {
        let text = python::text(&value)?;
        Ok(text.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty()).count())
    });
    env.add_filter("round", round);
    for name in ["attr", "truncate", "xmlattr", "urlize", "wordwrap", "striptags", "filesizeformat"] {
        env.add_filter(name, move |_: Value, _: Rest<Value>| -> Result<Value, Error> {
            Err(Fault::unsupported(format!("filter `{name}` is not built in here")).into())
        });
    }
    env.add_filter("random", |_: Value| -> Result<Value, Error> {
        Err(Fault::volatile("filter `random` gives another value in each run").into())
    });
    for name in ["capitalize", "title"] {
        env.add_filter(name, move |value: Value| -> Result<Value, Error> {
            let text = python::text(&value)?;
            title_case(&text)?;
            let filter = if name == "title" { titled } else { capitalized };
            Ok(Value::from(filter(&text)))
        });
    }
    env.add_filter("groupby", groupby);
    env.add_filter("dictsort", dictsort);
    tests(env);
}

fn tests(env: &mut Environment<'static>) {
    env.add_test("divisibleby", |value: Value, other: Value| -> Result<bool, Error> {
        if f64::try_from(other.clone()).is_ok_and(|n| n == 0.0) {
            return Err(Fault::compiler("division by zero").into());
        }
        Ok(minijinja::tests::is_divisibleby(&value, &other))
    });
    for (name, rest) in [("odd", 1), ("even", 0)] {
        env.add_test(name, move |value: Value| -> Result<bool, Error> {
            let number = f64::try_from(value.clone()).ok().filter(|_| value.as_str().is_none());
            match number {
                Some(number) => Ok(number.rem_euclid(2.0) == f64::from(rest)),
                None => Err(Fault::compiler(format!("`is {name}` of what is no number")).into()),
            }
        });
    }
    env.add_test("in", |item: Value, container: Value| super::attributes::contains(&item, &container));
    env.add_test("sequence", |value: Value| {
        matches!(value.kind(), ValueKind::Seq | ValueKind::String | ValueKind::Map | ValueKind::Undefined)
    });
    env.add_test("iterable", |value: Value| {
        !value.is_none() && (value.is_undefined() || value.as_str().is_some() || value.try_iter().is_ok())
    });
}

fn escaped(value: &Value) -> Result<Value, Error> {
    let codes = [('&', "&amp;"), ('<', "&lt;"), ('>', "&gt;"), ('"', "&#34;"), ('\'', "&#39;")];
    let text = codes.into_iter().fold(python::text(value)?, |text, (from, to)| text.replace(from, to));
    Ok(Value::from_safe_string(text))
}

/// Refuses letters whose title case is neither of the two that this language knows.
pub(crate) fn title_case(text: &str) -> Result<(), Error> {
    let odd = |c: char| !c.is_ascii() && (c.to_uppercase().count() > 1 || ('\u{1c4}'..='\u{1f3}').contains(&c));
    if text.chars().any(odd) {
        return Err(Fault::unsupported("the title case of such a letter is not known here").into());
    }
    Ok(())
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |c| c.to_uppercase().chain(chars.as_str().to_lowercase().chars()).collect())
}

/// Words begin after blanks, dashes and opening brackets.
fn titled(text: &str) -> String {
    let mut out = String::new();
    let begins = |c: char| c.is_whitespace() || matches!(c, '-' | '(' | '{' | '[' | '<');
    for word in text.split_inclusive(begins) {
        out.push_str(&capitalized(word));
    }
    out
}

fn round(value: Value, precision: Option<i32>, method: Option<String>, kwargs: Kwargs) -> Result<Value, Error> {
    let named: Option<String> = kwargs.get("method")?;
    let digits: Option<i32> = kwargs.get("precision")?;
    kwargs.assert_all_used()?;
    let method = named.or(method);
    let digits = digits.or(precision);
    let other = method.as_deref().is_some_and(|method| method != "common");
    // Down and up divide, and what was divided is a float.
    let value = if other && value.is_integer() { Value::from(f64::try_from(value)?) } else { value };
    let options: Vec<(&str, Value)> = Vec::new();
    minijinja::filters::round(value, digits, method.as_deref(), options.into_iter().collect())
}

fn groupby(value: Value, attribute: Option<Value>, kwargs: Kwargs) -> Result<Value, Error> {
    let name: Option<Value> = kwargs.get("attribute")?;
    let Some(name) = attribute.or(name) else { return Err(Fault::compiler("groupby needs an attribute").into()) };
    let Some(name) = name.as_str().map(str::to_owned) else {
        return Err(Fault::unsupported("groupby by a number is not built in here").into());
    };
    let default: Option<Value> = kwargs.get("default")?;
    let sensitive: bool = kwargs.get::<Option<bool>>("case_sensitive")?.unwrap_or(false);
    kwargs.assert_all_used()?;
    let items: Vec<Value> = value.try_iter()?.collect();
    let mut keys = Vec::new();
    for item in &items {
        let mut key = item.clone();
        for part in name.split('.') {
            key = key.get_attr(part)?;
        }
        keys.push(if key.is_undefined() { default.clone().unwrap_or(key) } else { key });
    }
    order::sortable(&keys)?;
    let texts: Vec<&str> = keys.iter().filter_map(Value::as_str).collect();
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    let clash = texts.iter().any(|text| *seen.entry(text.to_lowercase()).or_insert(text) != *text);
    if !sensitive && clash {
        return Err(Fault::unsupported("groupby of texts that differ in their case only is not built in here").into());
    }
    let list = super::values::List::value(items);
    let mut options = vec![("case_sensitive", Value::from(sensitive))];
    options.extend(default.map(|value| ("default", value)));
    minijinja::filters::groupby(list, Some(&name), options.into_iter().collect())
}

fn dictsort(
    value: Value,
    sensitive: Option<bool>,
    by: Option<String>,
    reverse: Option<bool>,
    kwargs: Kwargs,
) -> Result<Value, Error> {
    let sensitive = kwargs.get::<Option<bool>>("case_sensitive")?.or(sensitive).unwrap_or(false);
    let by = kwargs.get::<Option<String>>("by")?.or(by).unwrap_or_else(|| "key".to_owned());
    let reverse = kwargs.get::<Option<bool>>("reverse")?.or(reverse).unwrap_or(false);
    kwargs.assert_all_used()?;
    if value.is_undefined() {
        return Err(Fault::compiler("an undefined value is sorted").into());
    }
    let keys: Vec<Value> = value.try_iter()?.collect();
    let compared = match by.as_str() {
        "key" => keys,
        "value" => keys.iter().map(|key| value.get_item(key)).collect::<Result<Vec<_>, _>>()?,
        _ => return Err(Fault::compiler("dictsort sorts by `key` or `value`").into()),
    };
    order::sortable(&compared)?;
    let options =
        [("by", Value::from(by)), ("case_sensitive", Value::from(sensitive)), ("reverse", Value::from(reverse))];
    minijinja::filters::dictsort(&value, options.into_iter().collect())
}
