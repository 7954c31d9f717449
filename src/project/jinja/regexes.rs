//! `modules.re`: Python's regular expressions as far as the `regex` crate has them (no look-around, no back-references).

use super::args::Args;
use super::fault::Fault;
use super::values::List;
use minijinja::value::{Object, ObjectRepr, Tuple};
use minijinja::{Error, ErrorKind, State, Value};
use regex::{Regex, RegexBuilder};
use std::sync::Arc;

type Answer = Result<Value, Error>;

/// `re.IGNORECASE` and its like: bits, as in Python.
pub(crate) fn flag(name: &str) -> Option<Value> {
    Some(Value::from(match name {
        "IGNORECASE" | "I" => 2,
        "MULTILINE" | "M" => 8,
        "DOTALL" | "S" => 16,
        _ => return None,
    }))
}

fn compiled(pattern: &str, flags: i64, anchored: &str) -> Result<Regex, Error> {
    let pattern = match anchored {
        "match" => format!("^(?:{pattern})"),
        "fullmatch" => format!("^(?:{pattern})$"),
        _ => pattern.to_owned(),
    };
    RegexBuilder::new(&pattern)
        .case_insensitive(flags & 2 != 0)
        .multi_line(flags & 8 != 0)
        .dot_matches_new_line(flags & 16 != 0)
        .size_limit(1 << 20)
        .build()
        .map_err(|e| Fault::unsupported(format!("regular expression `{pattern}`: {e}").replace('\n', " ")).into())
}

/// `re.<method>(...)`.
pub(crate) fn call(method: &str, args: &Args) -> Answer {
    let pattern = args.text(method, 0, "pattern")?;
    let text = |at: usize| args.text(method, at, "string");
    let flags = |at: usize| args.get(at, "flags").and_then(|v| v.as_i64()).unwrap_or(0);
    match method {
        "match" | "search" | "fullmatch" => {
            let text = text(1)?;
            let regex = compiled(&pattern, flags(2), method)?;
            Ok(regex.captures(&text).map_or_else(|| Value::from(()), |captures| Match::value(&regex, &captures)))
        }
        "findall" => {
            let text = text(1)?;
            let regex = compiled(&pattern, flags(2), method)?;
            let rows = regex.captures_iter(&text).map(|captures| {
                let group = |n: usize| Value::from(captures.get(n).map_or("", |m| m.as_str()));
                match captures.len() {
                    1 => group(0),
                    2 => group(1),
                    n => Value::from(Tuple::from((1..n).map(group).collect::<Vec<_>>())),
                }
            });
            Ok(List::value(rows.collect()))
        }
        "sub" => {
            let (with, text) = (args.text(method, 1, "repl")?, text(2)?);
            let regex = compiled(&pattern, flags(4), method)?;
            // Python writes groups as \1, this crate as ${1}.
            let escaped = with.replace('$', "$$");
            let groups = compiled(r"\\(\d+)", 0, "sub")?.replace_all(&escaped, "$${$1}").into_owned();
            let count = args.get(3, "count").and_then(|v| v.as_usize()).unwrap_or(0);
            Ok(Value::from(regex.replacen(&text, count, groups.as_str()).into_owned()))
        }
        "split" => {
            let text = text(1)?;
            let regex = compiled(&pattern, flags(3), method)?;
            Ok(List::value(regex.split(&text).map(Value::from).collect()))
        }
        "escape" => Ok(Value::from(regex::escape(&pattern))),
        "compile" => Ok(Value::from_object(Pattern { pattern, flags: flags(1) })),
        other => Err(Fault::unsupported(format!("re.{other} is not built in here")).into()),
    }
}

#[derive(Debug)]
struct Pattern {
    pattern: String,
    flags: i64,
}

impl Object for Pattern {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, args: &[Value]) -> Answer {
        let mut args = Args::new(args);
        args.positional.insert(0, Value::from(self.pattern.as_str()));
        args.named.push(("flags".to_owned(), Value::from(self.flags)));
        call(method, &args)
    }
}

#[derive(Debug)]
struct Match {
    groups: Vec<Value>,
    names: Vec<Option<String>>,
    span: (usize, usize),
}

impl Match {
    fn value(regex: &Regex, captures: &regex::Captures<'_>) -> Value {
        let group = |m: Option<regex::Match<'_>>| m.map_or_else(|| Value::from(()), |m| Value::from(m.as_str()));
        let whole = captures.get(0).map_or((0, 0), |m| (m.start(), m.end()));
        Value::from_object(Self {
            groups: captures.iter().map(group).collect(),
            names: regex.capture_names().map(|n| n.map(str::to_owned)).collect(),
            span: whole,
        })
    }
}

impl Object for Match {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, args: &[Value]) -> Answer {
        match method {
            "group" => {
                let key = args.first().cloned().unwrap_or_else(|| Value::from(0));
                let at = match key.as_str() {
                    Some(name) => self.names.iter().position(|n| n.as_deref() == Some(name)),
                    None => key.as_usize(),
                };
                let found = at.and_then(|at| self.groups.get(at)).cloned();
                found.ok_or_else(|| Fault::compiler(format!("the match has no group `{key}`")).into())
            }
            "groups" => Ok(Value::from(Tuple::from(self.groups.iter().skip(1).cloned().collect::<Vec<_>>()))),
            "start" => Ok(Value::from(self.span.0)),
            "end" => Ok(Value::from(self.span.1)),
            _ => Err(Error::from(ErrorKind::UnknownMethod)),
        }
    }
}
