//! The environment that templates run in, and the three ways to render: a node, an expression, a macro call.

use super::args::Args;
use super::bounds;
use super::fault::{Fault, fault_of};
use super::job::{Job, MAX_TEXT};
use super::macros::{self, MacroDef};
use super::meter;
use super::python;
use super::relation::Relation;
use super::rewrite::rewrite;
use super::scope::Scope;
use super::tokens::line_of;
use super::values::{List, from_json, mutable};
use crate::project::{NotCompiled, NotCompiledCode, Place};
use minijinja::formatting::{FormatStyle, format};
use minijinja::value::{Rest, ValueKind};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, State, UndefinedBehavior, Value};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// Longest template that is read.
const MAX_TEMPLATE: usize = 2 * 1024 * 1024;

/// An environment without any template: no loader, so no template ever reaches a file.
pub(crate) fn environment() -> Environment<'static> {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Lenient);
    env.set_auto_escape_callback(|_| AutoEscape::None);
    env.set_fuel(Some(super::job::FUEL / 4));
    env.set_debug(false);
    env.set_unknown_method_callback(python_method);
    env.set_formatter(bounds::formatter);
    bounds::filters(&mut env);
    bounds::comparing(&mut env);
    env.add_filter("__mod", |text: Value, args: Rest<Value>| modulo(&text, args.first()));
    for name in ["as_bool", "as_number", "as_native"] {
        env.add_filter(name, |value: Value| value);
    }
    env.add_filter("list", |value: Value| -> Result<Value, Error> { Ok(List::value(listed(&value)?)) });
    env.add_filter("fromjson", |value: Value| -> Result<Value, Error> {
        let json = serde_json::from_str(&value.to_string()).map_err(|e| Fault::compiler(format!("not JSON: {e}")))?;
        Ok(from_json(&json))
    });
    super::filters::add(&mut env);
    for name in ["length", "count"] {
        env.add_filter(name, length);
    }
    env.remove_filter("pprint");
    env.add_filter("int", super::numbers::int);
    env.add_filter("float", super::numbers::float);
    // In dbt a relation is a mapping as well.
    env.add_test("mapping", |value: Value| {
        value.kind() == ValueKind::Map || Relation::is(&value) || super::scope::is_mapping(&value)
    });
    env.add_test("list", |value: Value| value.kind() == ValueKind::Seq && !value.is_tuple());
    env.add_test("callable", |value: Value| {
        value.is_undefined() || value.as_object().is_some() && value.kind() == ValueKind::Plain
    });
    env
}

/// An undefined value has a length of zero; what has none is an error.
fn length(value: &Value) -> Result<Value, Error> {
    if value.is_undefined() { Ok(Value::from(0)) } else { minijinja::filters::length(value).map(Value::from) }
}

fn listed(value: &Value) -> Result<Vec<Value>, Error> {
    if let Some(text) = value.as_str() {
        return Ok(text.chars().map(|c| Value::from(c.to_string())).collect());
    }
    if value.is_undefined() {
        return Ok(Vec::new());
    }
    let items: Vec<Value> = value.try_iter()?.take(1_000_001).collect();
    if items.len() > 1_000_000 {
        return Err(Fault::limit("a list longer than a million items").into());
    }
    Ok(items)
}

/// `'%s-%s' % (a, b)`, and `%` between numbers that looked like it.
fn modulo(text: &Value, operand: Option<&Value>) -> Result<Value, Error> {
    let operand = operand.cloned().unwrap_or_default();
    let Some(format_text) = text.as_str() else {
        return Err(Error::new(ErrorKind::InvalidOperation, "`%` needs a text on its left"));
    };
    bounds::format_text(format_text)?;
    let operand_is_tuple = operand.is_tuple();
    let args = if operand_is_tuple { operand.try_iter()?.collect() } else { vec![operand] };
    // A text that takes no name takes each value once.
    let places = format_text.replace("%%", "").matches('%').count();
    if operand_is_tuple && !format_text.contains("%(") && places != args.len() {
        return Err(Fault::compiler("the format takes another number of values").into());
    }
    for arg in &args {
        python::alike(arg)?;
        // `%(name)s` takes the values of a dict.
        if arg.kind() == ValueKind::Map {
            arg.try_iter()?.try_for_each(|key| python::alike(&arg.get_item(&key)?))?;
        }
    }
    Ok(Value::from(format(FormatStyle::Printf, format_text, &args)?))
}

/// Refuses calls whose arguments Python takes otherwise.
fn plain_text(value: &Value, method: &str, args: &[Value]) -> Result<(), Error> {
    let Some(text) = value.as_str() else { return Ok(()) };
    let markup = |arg: &Value| arg.as_str().is_some_and(|text| text.contains(['<', '>', '&', '\'', '"']));
    if value.is_safe() && args.iter().any(markup) {
        return Err(Fault::unsupported(format!("`{method}` of a text that is marked as safe")).into());
    }
    match method {
        "format" => args.iter().filter(|arg| !arg.is_kwargs()).try_for_each(|arg| {
            if arg.is_none() && text.contains(':') {
                return Err(Fault::compiler("None has no format").into());
            }
            python::alike(arg)
        }),
        "join" => {
            let items = args.first().map(lazy_list).transpose()?.unwrap_or_default();
            match items.iter().all(|item| item.as_str().is_some()) {
                true => Ok(()),
                false => Err(Fault::compiler("join() of what is no text").into()),
            }
        }
        "split" | "rsplit" if args.first().and_then(Value::as_str) == Some("") => {
            Err(Fault::compiler("empty separator").into())
        }
        "startswith" | "endswith" if args.first().is_some_and(|arg| arg.as_str().is_none() && !arg.is_tuple()) => {
            Err(Fault::compiler(format!("{method}() takes a text or a tuple of texts")).into())
        }
        "capitalize" => super::filters::title_case(text),
        _ => Ok(()),
    }
}

/// The items of what `join` gets; a generator is not used up by looking.
fn lazy_list(items: &Value) -> Result<Vec<Value>, Error> {
    if super::lazy::Lazy::is(items) {
        return Err(Fault::unsupported("join() of a generator is not built in here; make a list of it first").into());
    }
    Ok(items.try_iter()?.collect())
}

/// Python methods of texts, lists and dicts: pycompat, and what it lacks.
fn python_method(state: &mut State<'_, '_>, value: &Value, method: &str, args: &[Value]) -> Result<Value, Error> {
    if let Some(result) = value.as_str().and_then(|text| text_method(text, method, args)) {
        return result;
    }
    meter::on_time()?;
    bounds::method(value, method, args)?;
    plain_text(value, method, args)?;
    let result = minijinja_contrib::pycompat::unknown_method_callback(state, value, method, args);
    match result {
        Err(error) if error.kind() == ErrorKind::UnknownMethod => {
            if value.is_undefined() {
                return Err(Error::new(ErrorKind::UndefinedError, format!("`{method}` called on an undefined value")));
            }
            // A function that a dict holds, called by its key.
            if let Some(function) = value
                .get_attr(method)
                .ok()
                .filter(|found| value.kind() == ValueKind::Map && found.as_object().is_some())
            {
                return function.call(state, args);
            }
            Err(Fault::unsupported(format!("{} has no method `{method}` here", value.kind()))
                .needle(format!(".{method}"))
                .into())
        }
        other => other.map(mutable),
    }
}

fn text_method(text: &str, method: &str, args: &[Value]) -> Option<Result<Value, Error>> {
    let args = Args::new(args);
    let first = || args.positional.first().map(ToString::to_string);
    let number = |at: usize| args.positional.get(at).and_then(Value::as_usize);
    Some(Ok(match method {
        "zfill" => {
            let (sign, digits) = text.split_at(usize::from(text.starts_with(['-', '+'])));
            let width = match bounds::width(number(0)?) {
                Ok(width) => width,
                Err(error) => return Some(Err(error)),
            };
            Value::from(format!("{sign}{digits:0>width$}", width = width.saturating_sub(sign.len())))
        }
        "ljust" | "rjust" | "center" => {
            let fill = args.positional.get(1).map_or_else(|| " ".to_owned(), ToString::to_string);
            let fill = match (fill.chars().next(), fill.chars().count()) {
                (Some(fill), 1) => fill,
                _ => return Some(Err(Fault::compiler("the fill character must be one character").into())),
            };
            let width = match bounds::width(number(0)?) {
                Ok(width) => width,
                Err(error) => return Some(Err(error)),
            };
            let missing = width.saturating_sub(text.chars().count());
            let (left, right) = match method {
                "ljust" => (0, missing),
                "rjust" => (missing, 0),
                // The odd blank goes to the left where the width is odd.
                _ => {
                    let left = missing / 2 + (missing & width & 1);
                    (left, missing - left)
                }
            };
            let pad = |n: usize| fill.to_string().repeat(n);
            Value::from(format!("{}{text}{}", pad(left), pad(right)))
        }
        "removeprefix" => Value::from(text.strip_prefix(first()?.as_str()).unwrap_or(text)),
        "removesuffix" => Value::from(text.strip_suffix(first()?.as_str()).unwrap_or(text)),
        "swapcase" => Value::from(
            text.chars()
                .flat_map(|c| {
                    if c.is_uppercase() { c.to_lowercase().collect::<Vec<_>>() } else { c.to_uppercase().collect() }
                })
                .collect::<String>(),
        ),
        "title" => {
            if let Err(error) = super::filters::title_case(text) {
                return Some(Err(error));
            }
            let mut inside = false;
            let letter = |c: char| {
                let first = !std::mem::replace(&mut inside, c.is_alphabetic());
                if first { c.to_uppercase().collect::<String>() } else { c.to_lowercase().collect() }
            };
            Value::from(text.chars().map(letter).collect::<String>())
        }
        "casefold" if text.is_ascii() => Value::from(text.to_lowercase()),
        "casefold" => return Some(Err(Fault::unsupported("casefold() beyond ASCII is not built in here").into())),
        "splitlines" => lines(text, args.get(0, "keepends").is_some_and(|keep| keep.is_true())),
        "index" | "rindex" if args.positional.len() > 1 => {
            return Some(Err(Fault::unsupported(format!("{method}() from a place on is not built in here")).into()));
        }
        "index" | "rindex" => {
            let needle = first()?;
            let at = if method == "index" { text.find(&needle) } else { text.rfind(&needle) };
            return Some(at.map_or_else(
                || Err(Fault::compiler("substring not found").into()),
                |at| Ok(Value::from(text[..at].chars().count())),
            ));
        }
        "rsplit" if args.positional.first().is_some_and(Value::is_none) => {
            return Some(Err(Fault::unsupported("rsplit() at blanks is not built in here").into()));
        }
        "rsplit" => {
            let (separator, max) = (first()?, number(1).map_or(usize::MAX, |n| n.saturating_add(1)));
            let mut parts: Vec<Value> = text.rsplitn(max, &separator).map(Value::from).collect();
            parts.reverse();
            List::value(parts)
        }
        "partition" | "rpartition" => {
            let separator = first()?;
            let split = if method == "partition" { text.split_once(&separator) } else { text.rsplit_once(&separator) };
            let parts = match split {
                Some((a, b)) => [a, &separator, b],
                None if method == "partition" => [text, "", ""],
                None => ["", "", text],
            };
            Value::from(minijinja::value::Tuple::from(parts.iter().map(|p| Value::from(*p)).collect::<Vec<_>>()))
        }
        "maketrans" => return Some(super::translate::table(&args)),
        "translate" => return Some(super::translate::translated(text, &args)),
        _ => return None,
    }))
}

/// `splitlines()`: at all that Python takes for the end of a line.
fn lines(text: &str, keep: bool) -> Value {
    let end = |c: char| {
        matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}')
    };
    let (mut out, mut rest) = (Vec::new(), text);
    while let Some(at) = rest.find(end) {
        let mark = if rest[at..].starts_with("\r\n") { 2 } else { rest[at..].chars().next().map_or(1, char::len_utf8) };
        out.push(Value::from(&rest[..if keep { at + mark } else { at }]));
        rest = &rest[at + mark..];
    }
    if !rest.is_empty() {
        out.push(Value::from(rest));
    }
    List::value(out)
}

/// Renders `range` of the file `text` (the node's template). The line of a failure is a line of the file.
pub(crate) fn node(
    env: &Environment<'static>,
    mut job: Job,
    text: &str,
    range: Range<usize>,
) -> (Arc<Job>, Result<String, NotCompiled>) {
    let path = job.node.path.clone();
    let fail = |fault: Fault, line: u32| {
        let column = fault.needle.as_deref().map_or(0, |needle| column_of(text, line, needle));
        fault.into_not_compiled(Place { path: path.clone(), line, column })
    };
    let first_line = line_of(text, range.start);
    if range.len() > MAX_TEMPLATE {
        return (Arc::new(job), Err(fail(Fault::limit("the file is larger than 2 MiB"), first_line)));
    }
    let name = job.node.unique_id.clone();
    let rewritten = match rewrite(text, &[], range, &name) {
        Ok(rewritten) => rewritten,
        Err(error) => return (Arc::new(job), Err(fail(error.fault(), line_of(text, error.offset)))),
    };
    let _running = meter::start();
    job.callers = rewritten.callers.into_iter().map(|caller| (caller.name.clone(), caller)).collect();
    let job = Arc::new(job);
    let scope = Value::from_object(Scope { job: Arc::clone(&job), locals: BTreeMap::new() });
    let result = env.render_named_str(&name, &rewritten.source, scope);
    let outcome = match result {
        Ok(output) if output.len() > MAX_TEXT => {
            Err(fail(Fault::limit("the rendered text is longer than 16 MiB"), first_line))
        }
        Ok(output) => match job.seen().tainted.take() {
            Some(why) => Err(fail(Fault::needs_graph(why), first_line)),
            None => Ok(output),
        },
        Err(error) => {
            let line = error.line().and_then(|line| u32::try_from(line).ok()).unwrap_or(first_line);
            Err(fail(refined(fault_of(&error), text, line), line))
        }
    };
    (job, outcome)
}

/// Objects of dbt's context, which are no packages.
const CONTEXT: [&str; 10] =
    ["adapter", "api", "builtins", "config", "exceptions", "graph", "model", "modules", "target", "this"];

/// `pkg.name(` on an undefined `pkg` is a macro that does not exist, not just an undefined value.
fn refined(fault: Fault, text: &str, line: u32) -> Fault {
    if fault.code != NotCompiledCode::CompilerError || !fault.message.starts_with("undefined value") {
        return fault;
    }
    let Some(line) = usize::try_from(line).ok().and_then(|n| text.lines().nth(n.saturating_sub(1))) else {
        return fault;
    };
    let call = regex::Regex::new(r"\b([A-Za-z_]\w*)\.([A-Za-z_]\w*)\s*\(").ok().and_then(|regex| {
        let captures: Vec<String> = regex.captures_iter(line).map(|c| format!("{}.{}", &c[1], &c[2])).collect();
        (captures.len() == 1).then(|| captures[0].clone())
    });
    let own = |name: &String| CONTEXT.contains(&name.split('.').next().unwrap_or_default());
    match call.filter(|name| !own(name)) {
        Some(name) => {
            Fault::new(NotCompiledCode::MacroNotFound, format!("`{name}` is no macro of this project or its packages"))
                .named(name.clone())
                .needle(name)
        }
        None => fault,
    }
}

/// Column (from 1, in characters) of the first `needle` as a whole word in a line, 0 when it is not there.
pub(crate) fn column_of(text: &str, line: u32, needle: &str) -> u32 {
    let Some(line) = usize::try_from(line).ok().and_then(|n| text.lines().nth(n.saturating_sub(1))) else { return 0 };
    let word = |c: Option<char>| c.is_some_and(|c| c == '_' || c.is_alphanumeric());
    let found = line
        .match_indices(needle)
        .find(|(at, found)| !word(line[..*at].chars().next_back()) && !word(line[at + found.len()..].chars().next()));
    found.map_or(0, |(at, _)| u32::try_from(line[..at].chars().count() + 1).unwrap_or(0))
}

/// Renders a text that stands in YAML (a config value, a hook) for a node.
pub(crate) fn text(
    env: &Environment<'static>,
    job: Job,
    text: &str,
    place: &Place,
) -> (Arc<Job>, Result<String, NotCompiled>) {
    // Jinja drops the line break at the end of a template.
    let text = text.strip_suffix('\n').unwrap_or(text);
    let (job, result) = node(env, job, text, 0..text.len());
    (job, result.map_err(|e| if e.place.path == place.path { NotCompiled { place: place.clone(), ..e } } else { e }))
}

/// Calls a macro from outside of any template.
pub(crate) fn call(
    env: &Environment<'static>,
    job: &Arc<Job>,
    def: &Arc<MacroDef>,
    args: &[Value],
) -> Result<Value, Fault> {
    let _running = meter::start();
    macros::call(job, def, env, args).map_err(|error| fault_of(&error))
}

/// The value of an expression (`ref('x')`, `{{ var('y') }}`'s inside) for a node.
pub(crate) fn expression(env: &Environment<'static>, job: &Arc<Job>, text: &str) -> Result<Value, Fault> {
    let source = super::rewrite::rewrite_expression(text).map_err(|e| e.fault())?;
    let _running = meter::start();
    let scope = Value::from_object(Scope { job: Arc::clone(job), locals: BTreeMap::new() });
    let compiled = env.compile_expression_owned(source).map_err(|e| fault_of(&e))?;
    compiled.eval(scope).map_err(|e| fault_of(&e))
}
