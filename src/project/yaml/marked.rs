//! The JSON of a YAML text with what JSON has no word for: dates, large numbers, keys that are no texts, mappings whose
//! order is not known. Each is an object with the key [`MARK`], which no mapping of a file can have.

use super::plain::Exotic;
use super::{Key, Kind, Node};
use indexmap::IndexMap;
use serde_json::{Map, Value, json};

/// The key that tells such an object.
pub(crate) const MARK: &str = "\0";

impl Node {
    /// The whole node as JSON, what it has no word for marked.
    pub(crate) fn marked(&self) -> Value {
        match &self.kind {
            Kind::Scalar(value) => scalar(value, self.exotic.as_ref()),
            Kind::Seq(items) => Value::Array(items.iter().map(Node::marked).collect()),
            Kind::Map(map) if map.contains_key(MARK) => mark("unknown", "a key that no text has".into()),
            Kind::Map(map) => mapping(map),
        }
    }

    /// The entries of a mapping, marked one by one; none for other nodes.
    pub(crate) fn marked_entries(&self) -> Map<String, Value> {
        self.entries().filter(|(key, _)| *key != MARK).map(|(key, node)| (key.clone(), node.marked())).collect()
    }
}

fn mark(kind: &str, value: Value) -> Value {
    json!({ MARK: kind, "v": value })
}

fn scalar(value: &Value, exotic: Option<&Exotic>) -> Value {
    match exotic {
        None => value.clone(),
        Some(Exotic::Date(text)) => mark("date", text.as_str().into()),
        Some(Exotic::Moment(text)) => mark("moment", text.as_str().into()),
        Some(Exotic::Integer(text)) => mark("int", text.as_str().into()),
        Some(Exotic::Float(text)) => mark("float", text.as_str().into()),
    }
}

fn mapping(map: &IndexMap<String, Node>) -> Value {
    let plain = |key: &Key| key.exotic.is_none() && key.value.is_string();
    let texts = map.values().all(|node| node.key.as_deref().is_none_or(plain));
    // What a merge (`<<`) brought in stands behind the own keys here, and was read from an earlier place.
    let places = || map.values().filter_map(|node| node.key.as_deref()).map(|key| key.bytes.0);
    let merged = places().zip(places().skip(1)).any(|(a, b)| b < a);
    if !texts {
        let key = |name: &String, node: &Node| match node.key.as_deref() {
            Some(key) if !plain(key) => scalar(&key.value, key.exotic.as_ref()),
            _ => Value::String(name.clone()),
        };
        let pairs = map.iter().map(|(name, node)| json!([key(name, node), node.marked()])).collect();
        return mark(if merged { "unknown" } else { "dict" }, Value::Array(pairs));
    }
    let entries: Map<String, Value> = map.iter().map(|(name, node)| (name.clone(), node.marked())).collect();
    if merged { mark("unordered", Value::Object(entries)) } else { Value::Object(entries) }
}

/// The entries of a marked mapping by their names, for whoever asks for names only.
pub(crate) fn scope(value: &Value) -> Map<String, Value> {
    let Value::Object(map) = value else { return Map::new() };
    match (map.get(MARK).and_then(Value::as_str), map.get("v")) {
        (Some("unordered"), Some(Value::Object(inner))) => inner.clone(),
        (Some("dict"), Some(Value::Array(pairs))) => {
            let pair = |pair: &Value| Some((pair.get(0)?.as_str()?.to_owned(), pair.get(1)?.clone()));
            pairs.iter().filter_map(pair).collect()
        }
        (Some(_), _) => Map::new(),
        (None, _) => map.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    fn read(text: &str) -> Value {
        parse(text).unwrap()[0].marked()
    }

    #[test]
    fn what_json_has_no_word_for_is_marked() {
        assert_eq!(
            read("a: 2020-01-05\nb: '2020-01-05'\n"),
            json!({"a": {MARK: "date", "v": "2020-01-05"}, "b": "2020-01-05"})
        );
        assert_eq!(read("a: {1: x, y: 2}\n"), json!({"a": {MARK: "dict", "v": [[1, "x"], ["y", 2]]}}));
        assert_eq!(read("a: 9223372036854775808\n"), json!({"a": {MARK: "int", "v": "9223372036854775808"}}));
        assert_eq!(read("a: -.inf\n"), json!({"a": {MARK: "float", "v": "-inf"}}));
        assert_eq!(read("a: [{'1': x}]\n"), json!({"a": [{"1": "x"}]}));
    }

    #[test]
    fn a_merge_has_no_order_that_is_known() {
        let value = read("b: &b {x: 1, y: 2}\nc: {y: 3, <<: *b}\n");
        assert_eq!(value["c"][MARK], "unordered");
        assert_eq!(scope(&value["c"]), json!({"y": 3, "x": 1}).as_object().unwrap().clone());
        assert_eq!(value["b"], json!({"x": 1, "y": 2}));
    }

    #[test]
    fn no_text_can_forge_a_mark() {
        let value = read("a: {\"\\0\": date, v: \"2020-01-01\"}\n");
        assert_eq!(value["a"][MARK], "unknown");
    }
}
