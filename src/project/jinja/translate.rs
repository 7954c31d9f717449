//! `str.maketrans` and `str.translate` of Python.

use super::args::Args;
use super::fault::Fault;
use super::values::Dict;
use minijinja::value::ValueKind;
use minijinja::{Error, Value};

fn code(c: char) -> Value {
    Value::from(u32::from(c))
}

fn refused(what: &str) -> Error {
    Fault::compiler(what.to_owned()).into()
}

fn texts(args: &Args, at: usize) -> Result<Option<Vec<char>>, Error> {
    match args.positional.get(at) {
        None => Ok(None),
        Some(value) => match value.as_str() {
            Some(text) => Ok(Some(text.chars().collect())),
            None => Err(refused("`maketrans` takes texts, or one dict")),
        },
    }
}

/// `maketrans(dict)`, `maketrans(from, to)`, `maketrans(from, to, without)`.
pub(crate) fn table(args: &Args) -> Result<Value, Error> {
    if let [only] = args.positional.as_slice() {
        if only.kind() != ValueKind::Map {
            return Err(refused("`maketrans` with one argument takes a dict"));
        }
        let mut entries = Vec::new();
        for key in only.try_iter()? {
            let to = only.get_item(&key)?;
            let mut letters = key.as_str().unwrap_or_default().chars();
            entries.push(match (letters.next(), letters.next()) {
                (Some(letter), None) => (code(letter), to),
                _ if key.is_integer() => (key, to),
                _ => return Err(refused("a key of `maketrans` is no single letter")),
            });
        }
        return Ok(Dict::value(entries));
    }
    let (Some(from), Some(to)) = (texts(args, 0)?, texts(args, 1)?) else {
        return Err(refused("`maketrans` takes one to three arguments"));
    };
    if from.len() != to.len() {
        return Err(refused("the first two arguments of `maketrans` are not of one length"));
    }
    let pairs = from.into_iter().zip(to).map(|(from, to)| (code(from), code(to)));
    let without = texts(args, 2)?.unwrap_or_default().into_iter().map(|letter| (code(letter), Value::from(())));
    Ok(Dict::value(pairs.chain(without)))
}

/// `text.translate(table)`.
pub(crate) fn translated(text: &str, args: &Args) -> Result<Value, Error> {
    let Some(table) = args.positional.first().filter(|table| table.kind() == ValueKind::Map) else {
        return Err(Fault::unsupported("`translate` with a table that is no dict is not built in here").into());
    };
    let mut out = String::new();
    for letter in text.chars() {
        let to = table.get_item(&code(letter)).unwrap_or(Value::UNDEFINED);
        match (to.kind(), to.as_str()) {
            (ValueKind::Undefined, _) => out.push(letter),
            (ValueKind::None, _) => {}
            (_, Some(text)) => out += text,
            _ => match to.as_usize().and_then(|n| u32::try_from(n).ok()).and_then(char::from_u32) {
                Some(letter) => out.push(letter),
                None => return Err(refused("`translate` maps a letter to what is none")),
            },
        }
        if out.len() > super::job::MAX_TEXT {
            return Err(Fault::limit("a text that `translate` makes").into());
        }
    }
    Ok(Value::from(out))
}
