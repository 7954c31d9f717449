//! Lenient YAML with places: duplicate keys are accepted (the last wins, as in PyYAML), every node knows its line.

mod marked;
mod plain;

pub(crate) use marked::{MARK, scope};

use anyhow::Result;
use indexmap::IndexMap;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use serde_saphyr::{DuplicateKeyPolicy, Spanned};

/// One YAML node and where it stands (line and column from 1, 0 when not known).
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    pub(crate) line: u32,
    pub(crate) column: u32,
    /// Bytes of the text that it was read from.
    bytes: (usize, usize),
    /// What JSON has no word for.
    exotic: Option<plain::Exotic>,
    /// The key of this node in its mapping, where it is no text: what it is and where it stands.
    key: Option<Box<Key>>,
}

/// A key of a mapping.
#[derive(Debug, Clone)]
struct Key {
    value: Value,
    exotic: Option<plain::Exotic>,
    bytes: (usize, usize),
}

/// What a YAML node is.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Scalar(Value),
    Seq(Vec<Node>),
    Map(IndexMap<String, Node>),
}

impl Node {
    /// The value under `key`, when this is a mapping that has it.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        match &self.kind {
            Kind::Map(map) => map.get(key),
            _ => None,
        }
    }

    /// The entries of a mapping; nothing for other nodes.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&String, &Node)> {
        match &self.kind {
            Kind::Map(map) => Some(map.iter()),
            _ => None,
        }
        .into_iter()
        .flatten()
    }

    /// The items of a sequence; nothing for other nodes.
    pub(crate) fn items(&self) -> &[Node] {
        match &self.kind {
            Kind::Seq(items) => items,
            _ => &[],
        }
    }

    /// The text of a string scalar.
    pub(crate) fn as_str(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    /// The text of any scalar but null: numbers and booleans as YAML writes them.
    pub(crate) fn text(&self) -> Option<String> {
        match &self.kind {
            Kind::Scalar(Value::String(text)) => Some(text.clone()),
            Kind::Scalar(Value::Null) | Kind::Seq(_) | Kind::Map(_) => None,
            Kind::Scalar(other) => Some(other.to_string()),
        }
    }

    /// The whole node as plain JSON.
    pub(crate) fn to_json(&self) -> Value {
        match &self.kind {
            Kind::Scalar(value) => value.clone(),
            Kind::Seq(items) => Value::Array(items.iter().map(Node::to_json).collect()),
            Kind::Map(map) => Value::Object(map.iter().map(|(k, v)| (k.clone(), v.to_json())).collect()),
        }
    }

    /// A mapping as plain JSON; empty for other nodes.
    pub(crate) fn to_map(&self) -> Map<String, Value> {
        match self.to_json() {
            Value::Object(map) => map,
            _ => Map::new(),
        }
    }
}

/// Why a YAML text could not be read, and where (0 = not known).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct YamlError {
    pub(crate) message: String,
    pub(crate) line: u32,
    pub(crate) column: u32,
}

/// All documents of a text. An empty text has none.
pub(crate) fn parse(text: &str) -> Result<Vec<Node>, YamlError> {
    // Without `strict_booleans`, a column named `y` or `n` becomes a boolean (PyYAML keeps it a string).
    // One file often describes a column once and names it in a hundred models: how many aliases one anchor has says
    // nothing; what they expand to stays bounded.
    let options = serde_saphyr::options! {
        duplicate_keys: DuplicateKeyPolicy::LastWins,
        strict_booleans: true,
        budget: serde_saphyr::budget! { enforce_alias_anchor_ratio: false },
        non_finite_float_policy: serde_saphyr::NonFiniteFloatPolicy::PassThrough,
    };
    // Jinja in unquoted scalars and tabs in comments are common; a byte order mark is legal but not everywhere accepted.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut nodes = serde_saphyr::from_multiple_with_options::<Node>(text, options).map_err(|error| {
        let place = error.location();
        let full = error.without_snippet().to_string();
        let message = full.lines().next().unwrap_or("cannot be read").to_owned();
        let number =
            |f: fn(&serde_saphyr::Location) -> u64| place.as_ref().map_or(0, |l| u32::try_from(f(l)).unwrap_or(0));
        YamlError { message, line: number(|l| l.line()), column: number(|l| l.column()) }
    })?;
    nodes.iter_mut().for_each(|node| as_python_reads(node, text));
    Ok(nodes)
}

/// Gives plain scalars the values that PyYAML gives them.
fn as_python_reads(node: &mut Node, text: &str) {
    match &mut node.kind {
        Kind::Seq(items) => items.iter_mut().for_each(|item| as_python_reads(item, text)),
        Kind::Map(map) => map.values_mut().for_each(|value| {
            if let Some(key) = &mut value.key
                && let Some(raw) = plain_text(&key.value, key.bytes, text)
            {
                (key.value, key.exotic) = (plain::resolve(raw), plain::exotic(raw));
            }
            as_python_reads(value, text);
        }),
        Kind::Scalar(value) => {
            if let Some(raw) = plain_text(value, node.bytes, text) {
                *value = plain::resolve(raw);
                node.exotic = plain::exotic(raw);
            }
        }
    }
}

/// The text of a scalar that stands without quotes and tags, when Python may read it otherwise than the parser.
fn plain_text<'a>(value: &Value, bytes: (usize, usize), text: &'a str) -> Option<&'a str> {
    let raw = text.get(bytes.0..bytes.1).unwrap_or_default();
    let number = |raw: &str| raw.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.'));
    // A quoted, tagged or folded text is not what it was read from.
    let plain = match value {
        Value::String(read) => raw == read || (matches!(read.as_str(), "inf" | "-inf" | "NaN") && number(raw)),
        Value::Number(_) => number(raw),
        _ => false,
    };
    (plain && !tagged(&text[..bytes.0])).then_some(raw)
}

/// The only document of a text, `None` when it is empty.
pub(crate) fn parse_one(text: &str) -> Result<Option<Node>, YamlError> {
    Ok(parse(text)?.into_iter().find(|node| !matches!(node.kind, Kind::Scalar(Value::Null))))
}

/// Whether a text in `value` would be read as something else where it stands without quotes.
pub(crate) fn needs_quotes(value: &Value) -> bool {
    match value {
        Value::String(text) => !plain::resolve(text).is_string(),
        Value::Array(items) => items.iter().any(needs_quotes),
        Value::Object(map) => map.iter().any(|(key, value)| !plain::resolve(key).is_string() || needs_quotes(value)),
        _ => false,
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Kind>::deserialize(deserializer)?;
        let number = |n: u64| u32::try_from(n).unwrap_or(0);
        Ok(Self {
            line: number(spanned.referenced.line()),
            column: number(spanned.referenced.column()),
            bytes: bytes(&spanned.defined).unwrap_or_default(),
            kind: spanned.value,
            exotic: None,
            key: None,
        })
    }
}

/// Whether what ends here is a tag such as `!!str`, which says what the next scalar is.
fn tagged(before: &str) -> bool {
    let last = before.trim_end_matches(' ').rsplit(|c: char| c.is_whitespace() || matches!(c, ',' | '[' | '{')).next();
    last.is_some_and(|word| word.starts_with('!'))
}

fn bytes(location: &serde_saphyr::Location) -> Option<(usize, usize)> {
    let span = location.span();
    let start = usize::try_from(span.byte_offset()?).ok()?;
    Some((start, start.checked_add(usize::try_from(span.byte_len()?).ok()?)?))
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(KindVisitor)
    }
}

struct KindVisitor;

impl<'de> Visitor<'de> for KindVisitor {
    type Value = Kind;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("any YAML value")
    }

    fn visit_bool<E>(self, v: bool) -> Result<Kind, E> {
        Ok(Kind::Scalar(Value::Bool(v)))
    }

    fn visit_i64<E>(self, v: i64) -> Result<Kind, E> {
        Ok(Kind::Scalar(Value::from(v)))
    }

    fn visit_u64<E>(self, v: u64) -> Result<Kind, E> {
        Ok(Kind::Scalar(Value::from(v)))
    }

    fn visit_f64<E>(self, v: f64) -> Result<Kind, E> {
        Ok(Kind::Scalar(Number::from_f64(v).map_or_else(|| Value::String(v.to_string()), Value::Number)))
    }

    fn visit_str<E>(self, v: &str) -> Result<Kind, E> {
        Ok(Kind::Scalar(Value::String(v.to_owned())))
    }

    fn visit_unit<E>(self) -> Result<Kind, E> {
        Ok(Kind::Scalar(Value::Null))
    }

    fn visit_none<E>(self) -> Result<Kind, E> {
        Ok(Kind::Scalar(Value::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Kind, D::Error> {
        Kind::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Kind, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element::<Node>()? {
            items.push(item);
        }
        Ok(Kind::Seq(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Kind, A::Error> {
        let mut map = IndexMap::new();
        while let Some((key, mut value)) = access.next_entry::<Node, Node>()? {
            let name = key.text().unwrap_or_else(|| key.to_json().to_string());
            let scalar = match key.kind {
                Kind::Scalar(scalar) => scalar,
                _ => Value::Null,
            };
            value.key = Some(Box::new(Key { value: scalar, exotic: None, bytes: key.bytes }));
            map.insert(name, value);
        }
        Ok(Kind::Map(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_last_of_duplicate_keys_and_the_lines() {
        let docs = parse("a: 1\nb:\n  - name: x\n  - name: y\na: 2\n").unwrap();
        assert_eq!(docs[0].to_json(), serde_json::json!({"b": [{"name": "x"}, {"name": "y"}], "a": 2}));
        let names: Vec<_> = docs[0].get("b").unwrap().items().iter().map(|n| n.get("name").unwrap().line).collect();
        assert_eq!(names, [3, 4]);
    }

    #[test]
    fn reads_several_documents_anchors_and_scalars() {
        let docs = parse("---\nx: &a {k: 1.5, n: ~, t: true}\ny: *a\n---\n- 1\n- 'two'\n").unwrap();
        assert_eq!(docs[0].get("y").unwrap().to_json(), serde_json::json!({"k": 1.5, "n": null, "t": true}));
        assert_eq!(docs[1].to_json(), serde_json::json!([1, "two"]));
        assert!(parse_one("").unwrap().is_none());
    }

    #[test]
    fn plain_scalars_are_those_of_pyyaml_and_others_stay() {
        let docs =
            parse("é: [yes, 'yes', \"010\", 010, !!str 12, 1:30, {a: off}]\nb: |\n  yes\nc: >-\n  no\n").unwrap();
        let want = serde_json::json!({"é": [true, "yes", "010", 8, "12", 90, {"a": false}], "b": "yes\n", "c": "no"});
        assert_eq!(docs[0].to_json(), want);
    }

    #[test]
    fn an_anchor_may_have_many_aliases_and_an_explosion_is_refused() {
        let many = format!("a: &a {{x: on}}\nb: [{}*a]\n", "*a, ".repeat(3000));
        let docs = parse(&many).unwrap();
        assert_eq!(docs[0].get("b").unwrap().items().len(), 3001);
        assert_eq!(docs[0].get("b").unwrap().items()[3000].to_json(), serde_json::json!({"x": true}));
        let mut bomb = "a0: &a0 [x]\n".to_owned();
        for n in 1..12 {
            bomb += &format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 10].join(", "));
        }
        assert!(parse(&bomb).is_err());
    }

    #[test]
    fn an_error_has_its_line() {
        let error = parse("a: 1\nb: [1, 2\nc: 3\n").unwrap_err();
        assert!(error.line >= 2, "{error:?}");
    }
}
