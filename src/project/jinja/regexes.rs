//! `modules.re`: Python's regular expressions as far as the `regex` crate has them (no look-around, no back-references).

use super::args::Args;
use super::fault::Fault;
use super::values::List;
use minijinja::value::{Object, ObjectRepr, Tuple};
use minijinja::{Error, ErrorKind, State, Value};
use regex::{Regex, RegexBuilder};
use std::sync::Arc;

type Answer = Result<Value, Error>;

/// `re.IGNORECASE` and its like: bits, as in Python, that print as no number does.
#[derive(Debug)]
struct Flag(i64);

impl Object for Flag {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }
}

/// The flag `name` of `re`.
pub(crate) fn flag(name: &str) -> Option<Value> {
    Some(Value::from_object(Flag(match name {
        "IGNORECASE" | "I" => 2,
        "MULTILINE" | "M" => 8,
        "DOTALL" | "S" => 16,
        _ => return None,
    })))
}

/// The number of a flag, which sums are made with; other values as they are.
pub(crate) fn number(value: &Value) -> Value {
    value.downcast_object_ref::<Flag>().map_or_else(|| value.clone(), |flag| Value::from(flag.0))
}

/// Refuses what the two engines read otherwise, or what only one of them reads.
fn alike(pattern: &str) -> Result<(), Error> {
    let refuse = |what: &str| {
        Err(Fault::unsupported(format!("regular expression `{pattern}`: {what} is not built in here")).into())
    };
    let chars: Vec<char> = pattern.chars().collect();
    let (mut at, mut class) = (0, false);
    let next = |at: usize| chars.get(at + 1).copied();
    while let Some(c) = chars.get(at).copied() {
        match (c, next(at)) {
            ('\\', Some(escaped)) => {
                let known =
                    "dDsSwWbBAntrfv".contains(escaped) || (!escaped.is_alphanumeric() && !"<>".contains(escaped));
                let hex = escaped == 'x' && next(at + 1).is_some_and(|c| c.is_ascii_hexdigit());
                if !(known || hex) || (class && matches!(escaped, 'b' | 'B' | 'A')) {
                    return refuse(&format!("`\\{escaped}`"));
                }
                at += 1;
            }
            ('[', _) if class => return refuse("`[` in a class"),
            ('[', Some(second)) => {
                class = true;
                at += usize::from(second == '^');
                // A bracket that comes first stands for itself.
                at += usize::from(chars.get(at + 1) == Some(&']'));
            }
            (']', _) => class = false,
            ('&' | '-' | '~' | '|', Some(second)) if class && c == second => return refuse("an operation of classes"),
            ('+' | '*' | '?' | '}', Some('+')) if !class => return refuse("a possessive repetition"),
            ('{', Some(',')) if !class => return refuse("a repetition without a minimum"),
            ('(', Some('?')) if !class => {
                let kind: String = chars[at + 2..].iter().take(2).collect();
                let flags = |kind: &str| kind.starts_with([':', 'i', 's', 'm', 'x']) || kind == "P<";
                if !flags(&kind) {
                    return refuse(&format!("`(?{kind}`"));
                }
            }
            _ => {}
        }
        at += 1;
    }
    Ok(())
}

/// Refuses texts at the end of which `$` means two places in Python, and walks over places without a character, which
/// the two engines count otherwise.
fn walks(regex: &Regex, pattern: &str, flags: i64, text: &str, every: bool) -> Result<(), Error> {
    let refuse = |what: &str| Err(Fault::unsupported(format!("regular expression `{pattern}`: {what}")).into());
    if pattern.contains('$') && text.ends_with('\n') && flags & 8 == 0 {
        return refuse("`$` before the line break at the end of a text is not built in here");
    }
    if every && (regex.is_match("") || regex.find_iter(text).any(|m| m.is_empty())) {
        return refuse("matches without a character are not built in here");
    }
    Ok(())
}

fn compiled(pattern: &str, flags: i64, anchored: &str) -> Result<Regex, Error> {
    alike(pattern)?;
    if flags & !(2 | 8 | 16) != 0 {
        return Err(
            Fault::unsupported("other flags than IGNORECASE, MULTILINE and DOTALL are not built in here").into()
        );
    }
    let pattern = match anchored {
        "match" => format!(r"\A(?:{pattern})"),
        "fullmatch" => format!(r"\A(?:{pattern})\z"),
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
    let flags = |at: usize| args.get(at, "flags").and_then(|v| number(&v).as_i64()).unwrap_or(0);
    match method {
        "match" | "search" | "fullmatch" => {
            let text = text(1)?;
            let regex = compiled(&pattern, flags(2), method)?;
            walks(&regex, &pattern, flags(2), &text, false)?;
            Ok(regex.captures(&text).map_or_else(|| Value::from(()), |found| Match::value(&regex, &found, &text)))
        }
        "findall" => {
            let text = text(1)?;
            let regex = compiled(&pattern, flags(2), method)?;
            walks(&regex, &pattern, flags(2), &text, true)?;
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
            walks(&regex, &pattern, flags(4), &text, true)?;
            let parts = template(&with, &regex)?;
            let count = args.get(3, "count").and_then(|v| v.as_usize()).unwrap_or(0);
            let filled = |found: &regex::Captures<'_>| {
                let part = |part: &Part| match part {
                    Part::Text(text) => text.clone(),
                    Part::Group(at) => found.get(*at).map_or_else(String::new, |m| m.as_str().to_owned()),
                };
                parts.iter().map(part).collect::<String>()
            };
            super::job::bounded(Value::from(regex.replacen(&text, count, filled).into_owned()))
        }
        "split" => {
            let text = text(1)?;
            let regex = compiled(&pattern, flags(3), method)?;
            walks(&regex, &pattern, flags(3), &text, true)?;
            let max = args.get(2, "maxsplit").and_then(|v| v.as_usize()).filter(|n| *n > 0).unwrap_or(usize::MAX);
            let (mut out, mut from) = (Vec::new(), 0);
            for found in regex.captures_iter(&text).take(max) {
                let Some(whole) = found.get(0) else { continue };
                out.push(Value::from(&text[from..whole.start()]));
                out.extend(
                    found.iter().skip(1).map(|g| g.map_or_else(|| Value::from(()), |g| Value::from(g.as_str()))),
                );
                from = whole.end();
            }
            out.push(Value::from(&text[from..]));
            Ok(List::value(out))
        }
        "escape" => {
            let special = |c: char| "()[]{}?*+-|^$\\.&~# \t\n\r\u{b}\u{c}".contains(c);
            let escape = |c: char| if special(c) { format!("\\{c}") } else { c.to_string() };
            Ok(Value::from(pattern.chars().map(escape).collect::<String>()))
        }
        "compile" => Ok(Value::from_object(Pattern { pattern, flags: flags(1) })),
        other => Err(Fault::unsupported(format!("re.{other} is not built in here")).into()),
    }
}

/// A piece of what matches are replaced with.
#[derive(Debug)]
enum Part {
    Text(String),
    Group(usize),
}

/// The pieces of a replacement text: `\1`, `\g<name>`, `\n` and plain text.
fn template(with: &str, regex: &Regex) -> Result<Vec<Part>, Error> {
    let group = |name: &str| {
        let named = regex.capture_names().position(|n| n == Some(name));
        let at = name.parse().ok().or(named).filter(|at| *at < regex.captures_len());
        at.map(Part::Group)
            .ok_or_else(|| Error::from(Fault::compiler(format!("`{with}` names no group of the expression"))))
    };
    let odd = || Error::from(Fault::unsupported(format!("the replacement `{with}` is not built in here")));
    let (mut parts, mut chars) = (Vec::new(), with.chars().peekable());
    while let Some(c) = chars.next() {
        let text = match (c, chars.peek().copied()) {
            ('\\', Some(next)) => {
                chars.next();
                match next {
                    'n' => '\n'.to_string(),
                    't' => '\t'.to_string(),
                    'r' => '\r'.to_string(),
                    '\\' => next.to_string(),
                    'g' => {
                        let name: String = chars.by_ref().skip(1).take_while(|c| *c != '>').collect();
                        parts.push(group(&name)?);
                        continue;
                    }
                    '1'..='9' => {
                        let mut name = next.to_string();
                        name.extend(chars.next_if(char::is_ascii_digit));
                        if chars.peek().is_some_and(char::is_ascii_digit) {
                            return Err(odd());
                        }
                        parts.push(group(&name)?);
                        continue;
                    }
                    letter if letter.is_alphanumeric() => return Err(odd()),
                    other => format!("\\{other}"),
                }
            }
            ('\\', None) => return Err(odd()),
            _ => c.to_string(),
        };
        parts.push(Part::Text(text));
    }
    Ok(parts)
}

/// An attribute that Python's object may have and ours does not tell.
fn untold(what: &str, key: &str) -> Value {
    super::args::poisoned(Fault::unsupported(format!("{what}.{key} is not built in here")))
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

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match key.as_str()? {
            "pattern" => Some(Value::from(self.pattern.as_str())),
            other => Some(untold("pattern", other)),
        }
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
    fn value(regex: &Regex, captures: &regex::Captures<'_>, text: &str) -> Value {
        // Python counts characters.
        let count = |at: usize| text[..at].chars().count();
        let group = |m: Option<regex::Match<'_>>| m.map_or_else(|| Value::from(()), |m| Value::from(m.as_str()));
        let whole = captures.get(0).map_or((0, 0), |m| (count(m.start()), count(m.end())));
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

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match key.as_str() {
            Some(key) => Some(untold("match", key)),
            None => self.groups.get(key.as_usize()?).cloned(),
        }
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, args: &[Value]) -> Answer {
        match method {
            _ if args.len() > usize::from(method == "group") => {
                Err(Fault::unsupported(format!("match.{method} with such arguments is not built in here")).into())
            }
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
