//! YAML as a tree in which every key and value knows its line and column; hostile text is refused, not expanded.

use super::problem::Mark;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value};
use serde_saphyr::Spanned;
use std::fmt;

/// Bytes of a policy file beyond which it is refused.
const MAX_BYTES: usize = 1 << 20;

/// A value and its place.
#[derive(Debug, Clone)]
pub struct Node {
    /// Where it starts.
    pub mark: Mark,
    /// The value.
    pub kind: Kind,
}

/// A YAML value.
#[derive(Debug, Clone)]
pub enum Kind {
    /// `null`, `~` or nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A text.
    Text(String),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping, in the order of the text.
    Map(Vec<(Key, Node)>),
}

/// A key and its place.
#[derive(Debug, Clone)]
pub struct Key {
    /// Where it starts.
    pub mark: Mark,
    /// The key.
    pub name: String,
}

impl Node {
    /// The value under `key` of a mapping.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|(_, node)| node)
    }

    /// The key and the value under `key` of a mapping.
    pub fn entry(&self, key: &str) -> Option<(&Key, &Node)> {
        match &self.kind {
            Kind::Map(entries) => entries.iter().find(|(k, _)| k.name == key).map(|(k, n)| (k, n)),
            _ => None,
        }
    }

    /// The n-th value of a sequence.
    pub fn item(&self, index: usize) -> Option<&Node> {
        match &self.kind {
            Kind::List(items) => items.get(index),
            _ => None,
        }
    }

    /// The entries of a mapping; none of anything else.
    pub fn entries(&self) -> &[(Key, Node)] {
        match &self.kind {
            Kind::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The value without its places.
    pub fn to_json(&self) -> Value {
        match &self.kind {
            Kind::Null => Value::Null,
            Kind::Bool(b) => Value::Bool(*b),
            Kind::Number(n) => Value::Number(n.clone()),
            Kind::Text(t) => Value::String(t.clone()),
            Kind::List(items) => Value::Array(items.iter().map(Node::to_json).collect()),
            Kind::Map(entries) => Value::Object(entries.iter().map(|(k, n)| (k.name.clone(), n.to_json())).collect()),
        }
    }
}

/// Reads one YAML document.
///
/// # Errors
/// What is no YAML, a key twice, or a text that is too big, too deep or expands too far; with the place if known.
pub fn parse(text: &str) -> Result<Node, (Mark, String)> {
    if text.len() > MAX_BYTES {
        return Err((Mark::default(), format!("the file has {} bytes; a policy has at most {MAX_BYTES}", text.len())));
    }
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: 32,
            max_nodes: 50_000,
            max_events: 200_000,
            max_aliases: 1_000,
            max_anchors: 1_000,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: 20_000,
            max_replay_stack_depth: 16,
        },
        strict_booleans: true,
        with_snippet: false,
    };
    match serde_saphyr::from_str_with_options::<Spanned<Node>>(text, options) {
        Ok(spanned) => Ok(placed(spanned)),
        Err(error) => {
            let mark = error.location().map_or(Mark::default(), |l| mark_of(&l));
            Err((mark, without_place(&error.to_string())))
        }
    }
}

/// The parser appends the place to its message; we show it in front.
fn without_place(message: &str) -> String {
    let first = message.lines().next().unwrap_or(message);
    match first.rfind(" at line ") {
        Some(at) => first[..at].to_owned(),
        None => first.to_owned(),
    }
}

fn mark_of(location: &serde_saphyr::Location) -> Mark {
    let narrow = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
    Mark { line: narrow(location.line()), column: narrow(location.column()) }
}

fn placed(spanned: Spanned<Node>) -> Node {
    Node { mark: mark_of(&spanned.referenced), ..spanned.value }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(unplaced(Kind::Null))
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(unplaced(Kind::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        Node::deserialize(deserializer)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(unplaced(Kind::Bool(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(unplaced(Kind::Number(value.into())))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(unplaced(Kind::Number(value.into())))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Node, E> {
        match Number::from_f64(value) {
            Some(number) => Ok(unplaced(Kind::Number(number))),
            None => Err(E::custom("a number must be finite")),
        }
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(unplaced(Kind::Text(value.to_owned())))
    }

    fn visit_string<E>(self, value: String) -> Result<Node, E> {
        Ok(unplaced(Kind::Text(value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element::<Spanned<Node>>()? {
            items.push(placed(item));
        }
        Ok(unplaced(Kind::List(items)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = access.next_key::<Spanned<String>>()? {
            let value = access.next_value::<Spanned<Node>>()?;
            entries.push((Key { mark: mark_of(&key.referenced), name: key.value }, placed(value)));
        }
        Ok(unplaced(Kind::Map(entries)))
    }
}

fn unplaced(kind: Kind) -> Node {
    Node { mark: Mark::default(), kind }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_values_know_their_places() {
        let node = parse("a: 1\nb:\n  - {c: 5%, d: [x, 'y']}\n  - ~\n").expect("valid");
        let (key, list) = node.entry("b").expect("b");
        assert_eq!(key.mark, Mark { line: 2, column: 1 });
        let inner = list.item(0).and_then(|m| m.entry("d")).expect("d");
        assert_eq!(inner.0.mark, Mark { line: 3, column: 13 });
        assert_eq!(inner.1.item(1).expect("y").mark, Mark { line: 3, column: 20 });
        assert_eq!(node.to_json(), serde_json::json!({"a": 1, "b": [{"c": "5%", "d": ["x", "y"]}, null]}));
    }

    #[test]
    fn scalars_are_not_guessed_into_something_else() {
        let node = parse("day: 2027-03-01\nword: on\nsmall: 1e-9\nhours: 09:00-16:00\n").expect("valid");
        assert_eq!(
            node.to_json(),
            serde_json::json!({"day": "2027-03-01", "word": "on", "small": 1e-9, "hours": "09:00-16:00"})
        );
    }

    #[test]
    fn broken_yaml_is_an_error_with_its_line() {
        let (mark, message) = parse("a: 1\nb: [1, 2\nc: 3\n").expect_err("unclosed");
        assert!(mark.line >= 2, "{mark:?} {message}");
        assert!(!message.contains("line "), "{message}");
        let (mark, message) = parse("a: 1\nb: 2\na: 3\n").expect_err("a key twice");
        assert_eq!(mark.line, 3);
        assert!(message.contains("duplicate"), "{message}");
    }

    #[test]
    fn bombs_are_refused_quickly() {
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
        for i in 1..20 {
            let previous = format!("*a{}", i - 1);
            bomb.push_str(&format!("a{i}: &a{i} [{}]\n", [previous.as_str(); 9].join(", ")));
        }
        assert!(parse(&bomb).is_err());
        assert!(parse(&"[".repeat(100_000)).is_err());
        assert!(parse(&"- ".repeat(100_000)).is_err());
        assert!(parse(&"x".repeat(MAX_BYTES + 1)).is_err());
        assert!(parse("a: &a [*a]\n").is_err());
    }
}
