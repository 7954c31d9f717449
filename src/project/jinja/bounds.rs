//! Bounds on what one step of a template may make: steps are counted elsewhere, but one step can write a terabyte.

use super::fault::Fault;
use super::job::MAX_TEXT;
use super::values::MAX_ITEMS;
use minijinja::value::{Kwargs, Rest, ValueKind};
use minijinja::{Environment, Error, Output, State, Value};

/// Widest padding or precision of a format.
const MAX_WIDTH: usize = 10_000;

fn too_long() -> Error {
    Fault::limit("a text longer than 16 MiB").into()
}

/// Bytes that one template has printed.
#[derive(Default)]
struct Printed(usize);

/// Prints a value, unless the template has printed too much.
pub(crate) fn formatter(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    let size = size(value).ok_or_else(too_long)?;
    let printed = state.get_or_insert_extension_with(Printed::default);
    printed.0 = printed.0.saturating_add(size);
    if printed.0 > MAX_TEXT {
        return Err(too_long());
    }
    out.write_str(&super::python::text(value)?).map_err(Error::from)
}

/// About how long the text of a value is; `None` beyond the limit.
fn size(value: &Value) -> Option<usize> {
    if let Some(text) = value.as_str() {
        return Some(text.len());
    }
    let mut stack = vec![value.clone()];
    let (mut total, mut items) = (0usize, 0usize);
    while let Some(value) = stack.pop() {
        items += 1;
        total = total.saturating_add(value.as_str().map_or(4, str::len));
        if items > MAX_ITEMS || total > MAX_TEXT {
            return None;
        }
        match value.kind() {
            ValueKind::Seq | ValueKind::Iterable if value.len().is_some() => {
                stack.extend(value.try_iter().ok()?.take(MAX_ITEMS + 1))
            }
            ValueKind::Map => {
                for key in value.try_iter().ok()?.take(MAX_ITEMS + 1) {
                    total = total.saturating_add(key.as_str().map_or(4, str::len));
                    stack.extend(value.get_item(&key).ok());
                }
            }
            _ => {}
        }
    }
    Some(total)
}

/// The width of a padded text, unless it is too wide.
pub(crate) fn width(width: usize) -> Result<usize, Error> {
    if width > MAX_WIDTH {
        Err(Fault::limit(format!("a text padded to more than {MAX_WIDTH}")).into())
    } else {
        Ok(width)
    }
}

/// A format text without a width or precision that would pad forever.
pub(crate) fn format_text(format: &str) -> Result<(), Error> {
    let numbers = format.split(|c: char| !c.is_ascii_digit()).filter(|n| !n.is_empty());
    let wide = |n: &str| n.parse::<usize>().map_or(true, |n| n > MAX_WIDTH);
    let percents = format.contains(['%', '{']);
    if percents && (numbers.clone().any(wide) || format.contains('*')) {
        return Err(Fault::limit(format!("a format wider than {MAX_WIDTH}")).into());
    }
    Ok(())
}

fn replaced(text: &str, old: &str, new: &str) -> Result<(), Error> {
    let count = if old.is_empty() { text.chars().count() + 1 } else { text.matches(old).count() };
    if count.saturating_mul(new.len()).saturating_add(text.len()) > MAX_TEXT {
        return Err(too_long());
    }
    Ok(())
}

fn joined(separator: &str, items: &Value) -> Result<(), Error> {
    let count = items.len().unwrap_or(MAX_ITEMS);
    let own = if items.as_str().is_some() { Some(0) } else { size(items) };
    if count.saturating_mul(separator.len()).saturating_add(own.ok_or_else(too_long)?) > MAX_TEXT {
        return Err(too_long());
    }
    Ok(())
}

/// Refuses a Python method call whose result would be too long.
pub(crate) fn method(value: &Value, method: &str, args: &[Value]) -> Result<(), Error> {
    let Some(text) = value.as_str() else { return Ok(()) };
    let arg = |at: usize| args.get(at).map(ToString::to_string).unwrap_or_default();
    match method {
        "replace" => replaced(text, &arg(0), &arg(1)),
        "join" => args.first().map_or(Ok(()), |items| joined(text, items)),
        "format" => format_text(text),
        _ => Ok(()),
    }
}

/// The first value that fails when it is used, among items or an attribute of theirs: comparing two of those panics.
fn comparable(items: &Value, attribute: Option<&str>) -> Result<(), Error> {
    if items.is_undefined() || items.is_none() || items.as_str().is_some() {
        return Ok(());
    }
    let mut keys = Vec::new();
    for item in items.try_iter()? {
        let mut value = item;
        for part in attribute.unwrap_or_default().split('.').filter(|part| !part.is_empty()) {
            value = value.get_attr(part)?;
        }
        if value.kind() == ValueKind::Invalid {
            // Trying to walk it gives the error that it holds.
            value.try_iter()?;
        }
        keys.push(value);
    }
    // With several attributes, the first that differs decides.
    if attribute.is_some_and(|names| names.contains(',')) { Ok(()) } else { super::order::sortable(&keys) }
}

/// Items that can be walked twice.
fn listed(items: Value) -> Result<Value, Error> {
    if super::lazy::Lazy::is(&items) {
        return Ok(super::values::List::value(items.try_iter()?.collect()));
    }
    Ok(items)
}

/// The filters that compare.
pub(crate) fn comparing(env: &mut Environment<'static>) {
    use minijinja::filters;
    let attribute = |kwargs: &Kwargs| kwargs.get::<Option<String>>("attribute").ok().flatten();
    env.add_filter("sort", move |state: &mut State<'_, '_>, items: Value, kwargs: Kwargs| {
        let items = listed(items)?;
        comparable(&items, attribute(&kwargs).as_deref())?;
        filters::sort(state, items, kwargs)
    });
    env.add_filter("unique", move |state: &mut State<'_, '_>, items: Value, kwargs: Kwargs| {
        let items = listed(items)?;
        comparable(&items, attribute(&kwargs).as_deref())?;
        filters::unique(state, items, kwargs)
    });
    env.add_filter("min", move |state: &mut State<'_, '_>, items: Value, kwargs: Kwargs| {
        let items = listed(items)?;
        comparable(&items, attribute(&kwargs).as_deref())?;
        filters::min(state, items, kwargs)
    });
    env.add_filter("max", move |state: &mut State<'_, '_>, items: Value, kwargs: Kwargs| {
        let items = listed(items)?;
        comparable(&items, attribute(&kwargs).as_deref())?;
        filters::max(state, items, kwargs)
    });
}

/// The filters whose results can be far longer than what they get.
pub(crate) fn filters(env: &mut Environment<'static>) {
    env.add_filter("replace", |text: Value, old: Value, new: Value, count: Option<usize>| {
        let (text, old, new) = (text.to_string(), old.to_string(), new.to_string());
        replaced(&text, &old, &new)?;
        Ok::<Value, Error>(Value::from(text.replacen(&old, &new, count.unwrap_or(usize::MAX))))
    });
    env.add_filter("join", |items: Value, Rest(separator): Rest<Value>, kwargs: Kwargs| {
        let separator = separator.first().cloned();
        let attribute: Option<String> = kwargs.get("attribute")?;
        let named: Option<Value> = kwargs.get("d")?;
        kwargs.assert_all_used()?;
        let separator = separator.or(named).map(|s| s.to_string()).unwrap_or_default();
        if items.is_undefined() {
            return Ok(Value::from(""));
        }
        let items = super::lazy::walked(items)?;
        joined(&separator, &items)?;
        let part = |item: Value| match &attribute {
            Some(name) => item.get_attr(name).and_then(|v| super::python::text(&v)),
            None => super::python::text(&item),
        };
        let parts = match items.as_str() {
            Some(text) => text.chars().map(String::from).collect(),
            None => items.try_iter()?.map(part).collect::<Result<Vec<String>, Error>>()?,
        };
        Ok::<Value, Error>(Value::from(parts.join(&separator)))
    });
    env.add_filter(
        "indent",
        |text: Value, width: Option<usize>, first: Option<bool>, blank: Option<bool>, kwargs: Kwargs| {
            let width = kwargs.get::<Option<usize>>("width")?.or(width).unwrap_or(4);
            let first = kwargs.get::<Option<bool>>("first")?.or(first).unwrap_or(false);
            let blank = kwargs.get::<Option<bool>>("blank")?.or(blank).unwrap_or(false);
            kwargs.assert_all_used()?;
            let text = text.to_string();
            if width.saturating_mul(text.lines().count() + 1).saturating_add(text.len()) > MAX_TEXT {
                return Err(too_long());
            }
            let pad = " ".repeat(width);
            let line = |(at, line): (usize, &str)| {
                if (at == 0 && !first) || (at > 0 && line.is_empty() && !blank) {
                    line.to_owned()
                } else {
                    format!("{pad}{line}")
                }
            };
            Ok::<Value, Error>(Value::from(text.split('\n').enumerate().map(line).collect::<Vec<_>>().join("\n")))
        },
    );
    env.add_filter("format", |text: Value, args: Rest<Value>| {
        format_text(&text.to_string())?;
        let args: Vec<Value> = args.0;
        args.iter().filter(|arg| !arg.is_kwargs()).try_for_each(super::python::alike)?;
        let text = text.to_string();
        minijinja::formatting::format(minijinja::formatting::FormatStyle::Printf, &text, &args).map(Value::from)
    });
}
