//! Jinja's filter `tojson`, with its levels moved in as Python's `json.dumps` does.

use super::fault::Fault;
use super::job::MAX_TEXT;
use super::python;
use super::values::to_json;
use minijinja::value::{Kwargs, ValueKind};
use minijinja::{Error, ErrorKind, Value};
use serde_json::{Map, Value as Json};

/// The filter `tojson(indent=none)`: keys sorted, and nothing in it that a browser could take for markup.
pub(crate) fn filter(value: Value, indent: Option<Value>, kwargs: Kwargs) -> Result<Value, Error> {
    let named: Option<Value> = kwargs.get("indent")?;
    kwargs.assert_all_used()?;
    let indent = match indent.or(named) {
        None => None,
        Some(none) if none.is_none() => None,
        Some(text) if text.kind() == ValueKind::String => text.as_str().map(str::to_owned),
        // Python takes a width below nothing for nothing.
        Some(width) => match width.as_i64() {
            Some(width) => Some(" ".repeat(super::bounds::width(usize::try_from(width).unwrap_or(0))?)),
            None => return Err(Fault::compiler("the indent of `tojson` is neither a number nor a text").into()),
        },
    };
    // Refuses what has no text in Python either.
    let line = python::json(&value, true)?;
    let text = match indent.as_deref() {
        None => line,
        Some(indent) => Writer { indent }
            .text(&to_json(&value), 0)
            .ok_or_else(|| Error::new(ErrorKind::BadSerialization, "value is no JSON, or too long for one"))?,
    };
    let codes = [('<', "\\u003c"), ('>', "\\u003e"), ('&', "\\u0026"), ('\'', "\\u0027")];
    Ok(Value::from_safe_string(codes.into_iter().fold(text, |text, (from, to)| text.replace(from, to))))
}

struct Writer<'a> {
    /// What a level is moved in by.
    indent: &'a str,
}

impl Writer<'_> {
    fn text(&self, json: &Json, depth: usize) -> Option<String> {
        Some(match json {
            Json::Array(items) => {
                let items: Option<Vec<String>> = items.iter().map(|item| self.text(item, depth + 1)).collect();
                self.block(('[', ']'), &items?, depth)?
            }
            Json::Object(map) => self.block(('{', '}'), &self.entries(map, depth)?, depth)?,
            Json::String(text) => quoted(text)?,
            other => other.to_string(),
        })
    }

    fn entries(&self, map: &Map<String, Json>, depth: usize) -> Option<Vec<String>> {
        let mut entries: Vec<(&String, &Json)> = map.iter().collect();
        entries.sort_by_key(|(key, _)| key.as_str());
        let entry =
            |(key, value): (&String, &Json)| Some(format!("{}: {}", quoted(key)?, self.text(value, depth + 1)?));
        entries.into_iter().map(entry).collect()
    }

    /// `None` where the blanks alone would make a text longer than any that is kept.
    fn block(&self, (open, close): (char, char), items: &[String], depth: usize) -> Option<String> {
        let indent = self.indent;
        if items.is_empty() {
            return Some(format!("{open}{close}"));
        }
        let blanks = indent.len().saturating_mul(depth + 1).saturating_mul(items.len() + 1);
        if blanks > MAX_TEXT {
            return None;
        }
        let line = |depth: usize| format!("\n{}", indent.repeat(depth));
        let inner = line(depth + 1);
        Some(format!("{open}{inner}{}{}{close}", items.join(&format!(",{inner}")), line(depth)))
    }
}

fn quoted(text: &str) -> Option<String> {
    let ascii = serde_json::to_string(text).ok()?;
    Some(ascii.chars().fold(String::new(), |mut out, c| {
        if c.is_ascii() {
            out.push(c);
        } else {
            c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| out += &format!("\\u{unit:04x}"));
        }
        out
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn levels_are_moved_in_and_what_is_empty_stays_on_its_line() {
        let json = json!({"b": {}, "a": [1, {"c": "<é>"}], "d": []});
        let text = |indent| Writer { indent }.text(&json, 0).unwrap();
        let moved =
            "{\n  \"a\": [\n    1,\n    {\n      \"c\": \"<\\u00e9>\"\n    }\n  ],\n  \"b\": {},\n  \"d\": []\n}";
        assert_eq!(text("  "), moved);
    }
}
