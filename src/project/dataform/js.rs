//! The little of JavaScript that can be read without running it: literals, calls, `+`, `!` and `? :`.

use std::ops::Range;

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Js {
    Text(String),
    Number(String),
    Bool(bool),
    Null,
    List(Vec<Js>),
    Object(Vec<(String, Js)>),
    /// A name with its members, `dataform.projectConfig.vars.x`.
    Path(String),
    Call(String, Vec<Js>),
    /// Texts that follow each other: a template string, or `a + b`.
    Join(Vec<Js>),
    Not(Box<Js>),
    Choice(Box<[Js; 3]>),
    /// What could not be read, in an object whose other values can.
    Other(String),
}

impl Js {
    /// The value of a key of an object.
    pub(super) fn get(&self, key: &str) -> Option<&Js> {
        match self {
            Self::Object(entries) => entries.iter().rev().find(|(k, _)| k == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// A text or number as it is.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Number(text) => Some(text),
            _ => None,
        }
    }

    /// The items of a list; anything else is its only item.
    pub(super) fn items(&self) -> &[Js] {
        match self {
            Self::List(items) => items,
            one => std::slice::from_ref(one),
        }
    }

    /// As JSON; what is no literal is the text of it.
    pub(super) fn to_json(&self) -> serde_json::Value {
        use serde_json::Value;
        match self {
            Self::Text(text) => Value::from(text.as_str()),
            Self::Number(text) => text.parse::<serde_json::Number>().map_or(Value::from(text.as_str()), Value::Number),
            Self::Bool(value) => Value::from(*value),
            Self::Null => Value::Null,
            Self::List(items) => items.iter().map(Js::to_json).collect(),
            Self::Object(entries) => {
                Value::Object(entries.iter().map(|(key, value)| (key.clone(), value.to_json())).collect())
            }
            Self::Other(text) => Value::from(text.as_str()),
            other => Value::from(format!("{other:?}")),
        }
    }
}

/// How deep brackets may nest.
const DEPTH: usize = 40;

/// Reads a whole text as one expression.
pub(super) fn expression(text: &str) -> Option<Js> {
    let mut parser = Parser { text, at: 0, depth: 0 };
    let found = parser.expression()?;
    parser.blank();
    (parser.at == text.len()).then_some(found)
}

/// Reads the inside of an object, values that cannot be read as [`Js::Other`].
pub(super) fn object(inside: &str) -> Option<Js> {
    let mut parser = Parser { text: inside, at: 0, depth: 0 };
    let found = parser.entries()?;
    parser.blank();
    (parser.at == inside.len()).then_some(found)
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    /// Skips blanks and comments.
    fn blank(&mut self) {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start();
            self.at += rest.len() - trimmed.len();
            let rest = self.rest();
            let skip = if rest.starts_with("//") {
                rest.find('\n').unwrap_or(rest.len())
            } else if rest.starts_with("/*") {
                rest.find("*/").map_or(rest.len(), |end| end + 2)
            } else {
                return;
            };
            self.at += skip;
        }
    }

    fn eat(&mut self, mark: &str) -> bool {
        self.blank();
        let found = self.rest().starts_with(mark);
        if found {
            self.at += mark.len();
        }
        found
    }

    fn expression(&mut self) -> Option<Js> {
        self.depth += 1;
        if self.depth > DEPTH {
            return None;
        }
        let mut parts = vec![self.unary()?];
        while self.eat("+") {
            parts.push(self.unary()?);
        }
        let mut found = if parts.len() == 1 { parts.pop()? } else { Js::Join(parts) };
        if self.eat("?") {
            let yes = self.expression()?;
            if !self.eat(":") {
                return None;
            }
            found = Js::Choice(Box::new([found, yes, self.expression()?]));
        }
        self.depth -= 1;
        Some(found)
    }

    fn unary(&mut self) -> Option<Js> {
        let mut not = false;
        let mut any = false;
        while self.eat("!") {
            (not, any) = (!not, true);
        }
        let value = self.primary()?;
        Some(match (any, not) {
            (false, _) => value,
            (true, true) => Js::Not(Box::new(value)),
            (true, false) => Js::Not(Box::new(Js::Not(Box::new(value)))),
        })
    }

    fn primary(&mut self) -> Option<Js> {
        self.blank();
        let first = self.rest().chars().next()?;
        match first {
            '\'' | '"' => self.string(first).map(Js::Text),
            '`' => self.template(),
            '[' => {
                self.at += 1;
                self.list("]").map(Js::List)
            }
            '{' => {
                self.at += 1;
                let found = self.entries()?;
                self.eat("}").then_some(found)
            }
            '(' => {
                self.at += 1;
                let found = self.expression()?;
                self.eat(")").then_some(found)
            }
            '-' | '0'..='9' => {
                let rest = self.rest();
                let end = rest[1..].find(|c: char| !(c.is_ascii_digit() || c == '.')).map_or(rest.len(), |n| n + 1);
                let number = rest[..end].to_owned();
                self.at += end;
                number.parse::<f64>().is_ok().then_some(Js::Number(number))
            }
            _ => self.named(),
        }
    }

    fn word(&mut self) -> Option<String> {
        let rest = self.rest();
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).unwrap_or(rest.len());
        let word = rest[..end].to_owned();
        self.at += end;
        (!word.is_empty()).then_some(word)
    }

    fn named(&mut self) -> Option<Js> {
        let mut path = self.word()?;
        match path.as_str() {
            "true" => return Some(Js::Bool(true)),
            "false" => return Some(Js::Bool(false)),
            "null" | "undefined" => return Some(Js::Null),
            _ => {}
        }
        while self.rest().starts_with('.') {
            self.at += 1;
            path.push('.');
            path.push_str(&self.word()?);
        }
        if !self.eat("(") {
            return Some(Js::Path(path));
        }
        let arguments = self.list(")")?;
        // What is done with the result is not read.
        (!self.rest().starts_with(['.', '[', '('])).then_some(Js::Call(path, arguments))
    }

    /// Items up to `close`, a comma behind the last one allowed.
    fn list(&mut self, close: &str) -> Option<Vec<Js>> {
        let mut items = Vec::new();
        loop {
            if self.eat(close) {
                return Some(items);
            }
            items.push(self.expression()?);
            if !self.eat(",") {
                return self.eat(close).then_some(items);
            }
        }
    }

    /// `key: value` pairs up to a closing brace, which stays, or the end.
    fn entries(&mut self) -> Option<Js> {
        let mut entries = Vec::new();
        loop {
            self.blank();
            if self.rest().is_empty() || self.rest().starts_with('}') {
                return Some(Js::Object(entries));
            }
            let first = self.rest().chars().next()?;
            let key = if matches!(first, '\'' | '"') { self.string(first)? } else { self.word()? };
            if !self.eat(":") {
                return None;
            }
            let (from, depth) = (self.at, self.depth);
            let value = self.expression().filter(|_| {
                self.blank();
                self.rest().is_empty() || self.rest().starts_with([',', '}'])
            });
            self.depth = depth;
            let value = value.unwrap_or_else(|| {
                let range = value_range(self.text, from);
                self.at = range.end;
                Js::Other(self.text[range].trim().to_owned())
            });
            entries.push((key, value));
            if !self.eat(",") {
                self.blank();
                return (self.rest().is_empty() || self.rest().starts_with('}')).then_some(Js::Object(entries));
            }
        }
    }

    fn string(&mut self, quote: char) -> Option<String> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let c = self.rest().chars().next()?;
            self.at += c.len_utf8();
            match c {
                '\n' => return None,
                '\\' => out.push(self.escaped()?),
                c if c == quote => return Some(out),
                c => out.push(c),
            }
        }
    }

    fn escaped(&mut self) -> Option<char> {
        let c = self.rest().chars().next()?;
        self.at += c.len_utf8();
        match c {
            'n' => Some('\n'),
            't' => Some('\t'),
            '\'' | '"' | '\\' | '`' | '$' | '{' | '}' | '/' | '.' | '*' | '-' => Some(c),
            _ => None,
        }
    }

    fn template(&mut self) -> Option<Js> {
        self.at += 1;
        let mut parts = vec![Js::Text(String::new())];
        loop {
            let rest = self.rest();
            let c = rest.chars().next()?;
            if rest.starts_with("${") {
                self.at += 2;
                parts.push(self.expression()?);
                if !self.eat("}") {
                    return None;
                }
                parts.push(Js::Text(String::new()));
                continue;
            }
            self.at += c.len_utf8();
            let c = match c {
                '`' if parts.len() == 1 => return parts.pop(),
                '`' => return Some(Js::Join(parts)),
                '\\' => self.escaped()?,
                c => c,
            };
            if let Some(Js::Text(text)) = parts.last_mut() {
                text.push(c);
            }
        }
    }
}

/// The stretch of a value that cannot be read, up to the comma or bracket behind it.
fn value_range(text: &str, from: usize) -> Range<usize> {
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (from, 0_usize);
    while at < bytes.len() {
        match bytes[at] {
            b'{' => {
                at = super::sqlx::script_end(text, at + 1);
                if at == bytes.len() {
                    break;
                }
            }
            b'[' | b'(' => depth += 1,
            b']' | b')' => depth = depth.saturating_sub(1),
            b',' | b'}' if depth == 0 => break,
            quote @ (b'\'' | b'"' | b'`') => {
                while at + 1 < bytes.len() && bytes[at + 1] != quote {
                    at += if bytes[at + 1] == b'\\' { 2 } else { 1 };
                }
                at = (at + 1).min(bytes.len() - 1);
            }
            _ => {}
        }
        at += 1;
    }
    from..at.min(bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(of: &str) -> Js {
        Js::Text(of.to_owned())
    }

    #[test]
    fn reads_literals_calls_and_templates() {
        let call = |name: &str, arguments: Vec<Js>| Js::Call(name.to_owned(), arguments);
        assert_eq!(expression(" ref('a', \"b\") "), Some(call("ref", vec![text("a"), text("b")])));
        assert_eq!(expression("x.y.z"), Some(Js::Path("x.y.z".to_owned())));
        assert_eq!(
            expression("when(!incremental(), `a ${self()} \\`b\\``)"),
            Some(call(
                "when",
                vec![
                    Js::Not(Box::new(call("incremental", vec![]))),
                    Js::Join(vec![text("a "), call("self", vec![]), text(" `b`")])
                ]
            ))
        );
        for odd in ["f(x => x)", "a.map(f).join()", "a b", "'\\x41'", "`${", "`", "'", "", "(", "a[0]", "a ? b"] {
            assert_eq!(expression(odd), None, "{odd}");
        }
    }

    #[test]
    fn an_object_keeps_what_it_can_read() {
        let read =
            object("type: 'table', // kind\n tags: ['a', \"b\",], n: 1, f: make({a: 1}, '}'), last: true,").unwrap();
        assert_eq!(read.get("type"), Some(&text("table")));
        assert_eq!(read.get("tags").map(|t| t.items().len()), Some(2));
        assert_eq!(read.get("last"), Some(&Js::Bool(true)));
        let odd = object("a: [1].map(x => x), b: {c: d => e, f: 'g'}").unwrap();
        assert_eq!(odd.get("a"), Some(&Js::Other("[1].map(x => x)".to_owned())));
        assert_eq!(odd.get("b").and_then(|b| b.get("f")), Some(&text("g")));
    }

    #[test]
    fn deep_nesting_is_given_up() {
        assert_eq!(expression(&"(".repeat(100_000)), None);
        assert_eq!(expression(&"[".repeat(100_000)), None);
        assert!(object(&"a:{".repeat(20_000)).is_some_and(|read| read.get("a").is_some()));
        assert!(expression(&"!".repeat(100_000)).is_none());
    }
}
