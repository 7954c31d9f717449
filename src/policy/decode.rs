//! Reads a [`PolicyFile`] from a marked tree: every error has its place, and one error does not hide the next.

use super::marked::{Kind, Node};
use super::problem::{Mark, Problem, suggestion};
use super::schema::PolicyFile;
use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;
use std::fmt;

/// Problems after which the rest of a file is not read.
const MAX_PROBLEMS: usize = 50;

/// A policy file that was read as far as it is right.
pub struct Decoded {
    /// What could be read.
    pub file: PolicyFile,
    /// The tree it was read from; what could not be read is cut out of it.
    pub tree: Node,
    /// What could not be read.
    pub problems: Vec<Problem>,
}

/// Reads the file, cutting out each entry that does not fit and telling why.
pub fn decode(path: &str, mut tree: Node) -> Decoded {
    let mut problems = Vec::new();
    loop {
        match <PolicyFile as de::Deserialize>::deserialize(NodeDeserializer(&tree)) {
            Ok(file) => return Decoded { file, tree, problems },
            // Each round cuts something, so this ends; the bound keeps a file of nothing but mistakes readable.
            Err(error) if problems.len() >= MAX_PROBLEMS => {
                problems.push(error.problem(path));
                return Decoded { file: PolicyFile::default(), tree, problems };
            }
            Err(error) => {
                let cut = error.cut(&mut tree);
                problems.push(error.problem(path));
                if !cut {
                    return Decoded { file: PolicyFile::default(), tree, problems };
                }
            }
        }
    }
}

/// An error with its place and the way to it (indices of entries and items from the root).
#[derive(Debug)]
struct DecodeError {
    mark: Option<Mark>,
    way: Vec<usize>,
    keys: Vec<String>,
    kind: ErrorKind,
}

#[derive(Debug)]
enum ErrorKind {
    UnknownKey(String, &'static [&'static str]),
    UnknownValue(String, &'static [&'static str]),
    MissingKey(&'static str),
    Other(String),
}

impl DecodeError {
    fn new(kind: ErrorKind) -> Self {
        Self { mark: None, way: Vec::new(), keys: Vec::new(), kind }
    }

    fn at(mut self, mark: Mark) -> Self {
        self.mark.get_or_insert(mark);
        self
    }

    fn under(mut self, index: usize, key: Option<&str>) -> Self {
        self.way.insert(0, index);
        if let Some(key) = key {
            self.keys.insert(0, key.to_owned());
        }
        self
    }

    /// Cuts the offender out, so that the next error shows: an unknown key alone, else the whole entry of its
    /// section, lest the hole be reported as another mistake. False when there is nothing left to cut.
    fn cut(&self, tree: &mut Node) -> bool {
        let way = match self.kind {
            ErrorKind::UnknownKey(..) => &self.way[..],
            _ => &self.way[..self.way.len().min(2)],
        };
        // A required key of the root (`version`): the rest cannot be read without it, so one is supplied.
        if way.is_empty() || (way.len() == 1 && self.keys.first().is_some_and(|k| k == "version")) {
            return supply_version(tree);
        }
        remove(tree, way)
    }

    fn problem(&self, path: &str) -> Problem {
        let place = self.keys.join(".");
        let (message, help) = match &self.kind {
            ErrorKind::UnknownKey(key, known) => (format!("unknown key `{key}`"), suggestion(key, known)),
            ErrorKind::UnknownValue(value, _) if place == "unmatched" => (
                format!("`unmatched: {value}` would let a model escape by living in a new folder"),
                "the only value is `strictest`; add a layer for the models that need less".to_owned(),
            ),
            ErrorKind::UnknownValue(value, known) => {
                (format!("`{place}`: unknown value `{value}`"), suggestion(value, known))
            }
            ErrorKind::MissingKey(key) if place.is_empty() => (format!("`{key}` is missing"), String::new()),
            ErrorKind::MissingKey(key) => (format!("`{key}` is missing in `{place}`"), String::new()),
            ErrorKind::Other(message) if place.is_empty() => (message.clone(), String::new()),
            ErrorKind::Other(message) => (format!("`{place}`: {message}"), String::new()),
        };
        Problem { path: path.to_owned(), mark: self.mark.unwrap_or_default(), message, help }
    }
}

fn supply_version(tree: &mut Node) -> bool {
    let Kind::Map(entries) = &mut tree.kind else { return false };
    let before = entries.len();
    let known = matches!(entries.iter().find(|(k, _)| k.name == "version"), Some((_, n)) if is_u32(n));
    entries.retain(|(k, _)| k.name != "version");
    if known && before != entries.len() {
        return false;
    }
    let mark = Mark::default();
    let key = super::marked::Key { mark, name: "version".to_owned() };
    entries.push((key, Node { mark, kind: Kind::Number(1.into()) }));
    true
}

fn is_u32(node: &Node) -> bool {
    matches!(&node.kind, Kind::Number(n) if n.as_u64().is_some_and(|n| u32::try_from(n).is_ok()))
}

fn remove(node: &mut Node, way: &[usize]) -> bool {
    let Some((first, rest)) = way.split_first() else { return false };
    match &mut node.kind {
        Kind::Map(entries) if *first < entries.len() => {
            if rest.is_empty() || !remove(&mut entries[*first].1, rest) {
                entries.remove(*first);
            }
            true
        }
        Kind::List(items) if *first < items.len() => {
            if rest.is_empty() || !remove(&mut items[*first], rest) {
                items.remove(*first);
            }
            true
        }
        _ => false,
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.kind)
    }
}

impl std::error::Error for DecodeError {}

impl de::Error for DecodeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(ErrorKind::Other(message.to_string()))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::new(ErrorKind::UnknownKey(field.to_owned(), expected))
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::new(ErrorKind::UnknownValue(variant.to_owned(), expected))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(ErrorKind::MissingKey(field))
    }

    fn invalid_type(unexpected: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        let found = match unexpected {
            de::Unexpected::Unit | de::Unexpected::Option => "nothing".to_owned(),
            de::Unexpected::Seq => "a list".to_owned(),
            de::Unexpected::Map => "a mapping".to_owned(),
            de::Unexpected::Str(text) => format!("the text `{text}`"),
            other => other.to_string(),
        };
        let text = expected.to_string();
        let wanted = match text.as_str() {
            "a sequence" => "a list (`[a, b]`)",
            "a map" => "a mapping (`key: value`)",
            t if t.starts_with("struct ") => "a mapping (`key: value`)",
            t => t,
        };
        Self::new(ErrorKind::Other(format!("{wanted} belongs here, found {found}")))
    }
}

#[derive(Clone, Copy)]
struct NodeDeserializer<'a>(&'a Node);

impl<'de, 'a> Deserializer<'de> for NodeDeserializer<'a> {
    type Error = DecodeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        let result = match &self.0.kind {
            Kind::Null => visitor.visit_unit(),
            Kind::Bool(b) => visitor.visit_bool(*b),
            Kind::Number(n) => match (n.as_u64(), n.as_i64(), n.as_f64()) {
                (Some(n), _, _) => visitor.visit_u64(n),
                (_, Some(n), _) => visitor.visit_i64(n),
                (_, _, Some(n)) => visitor.visit_f64(n),
                _ => Err(de::Error::custom("a number out of range")),
            },
            Kind::Text(t) => visitor.visit_str(t),
            Kind::List(items) => visitor.visit_seq(Items { items, next: 0 }),
            Kind::Map(_) => visitor.visit_map(Entries { node: self.0, next: 0 }),
        };
        result.map_err(|e| e.at(self.0.mark))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match &self.0.kind {
            Kind::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        match &self.0.kind {
            Kind::Text(text) => {
                let deserializer: StrDeserializer<'_, DecodeError> = text.as_str().into_deserializer();
                visitor.visit_enum(deserializer)
            }
            _ => Err(de::Error::custom("a word belongs here")),
        }
        .map_err(|e: DecodeError| e.at(self.0.mark))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        visitor.visit_newtype_struct(self).map_err(|e| e.at(self.0.mark))
    }

    /// Derived code would take a list for a struct, by position.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        match &self.0.kind {
            Kind::List(_) => {
                Err(<DecodeError as de::Error>::invalid_type(de::Unexpected::Seq, &visitor).at(self.0.mark))
            }
            _ => self.deserialize_any(visitor),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        seq tuple tuple_struct map identifier ignored_any
    }
}

struct Items<'a> {
    items: &'a [Node],
    next: usize,
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = DecodeError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, DecodeError> {
        let Some(item) = self.items.get(self.next) else { return Ok(None) };
        let index = self.next;
        self.next += 1;
        let value = seed.deserialize(NodeDeserializer(item));
        value.map(Some).map_err(|e| e.at(item.mark).under(index, None))
    }
}

struct Entries<'a> {
    node: &'a Node,
    next: usize,
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = DecodeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, DecodeError> {
        let Some((key, _)) = self.node.entries().get(self.next) else { return Ok(None) };
        let deserializer: StrDeserializer<'_, DecodeError> = key.name.as_str().into_deserializer();
        seed.deserialize(deserializer).map(Some).map_err(|e| e.at(key.mark).under(self.next, None))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, DecodeError> {
        let index = self.next;
        let (key, value) = &self.node.entries()[index];
        self.next += 1;
        seed.deserialize(NodeDeserializer(value)).map_err(|e| e.at(value.mark).under(index, Some(&key.name)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::marked::parse;
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        decode("p.yml", parse(text).expect("YAML")).problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_mistake_is_told_with_its_place() {
        let text = "version: 1\nlayer: []\nlayers:\n  - name: a\n    gate: [parse]\n    match: x\n  - match: [y]\n\
                    budget: {rollback_rate: 5, window: 30d, escape_rat: 1%}\n\
                    suppress: [{rule: a/b, model: m, reason: r, owner: o, expires: soon}]\nunmatched: skip\n\
                    severity: {a/b: eror}\nroles: {x: {users: bob}}\nwarehouse: {engine: snowflake}\n";
        insta::assert_snapshot!(problems(text).join("\n"));
    }

    #[test]
    fn a_missing_or_wrong_version_does_not_hide_the_rest() {
        assert_eq!(problems("layrs: []\n").len(), 2);
        assert_eq!(problems("version: one\nlayrs: []\n").len(), 2);
    }

    #[test]
    fn another_shape_at_the_root_is_one_error() {
        assert_eq!(problems("- version: 1\n").len(), 1);
        assert_eq!(problems("just text\n").len(), 1);
    }
}
