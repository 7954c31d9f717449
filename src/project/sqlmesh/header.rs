//! `MODEL (...)` and `AUDIT (...)`: `key value` pairs between commas.

use crate::project::pieces::{self, PieceKind};
use crate::sql::Dialect;
use std::ops::Range;

/// A header and where it stands in its file.
#[derive(Debug)]
pub(super) struct Header {
    entries: Vec<Entry>,
    /// The whole statement.
    pub(super) range: Range<usize>,
}

#[derive(Debug)]
struct Entry {
    key: String,
    value: String,
    line: u32,
    dialect: Dialect,
}

/// How many entries of a header are read; SQLMesh knows some forty.
const ENTRIES: usize = 200;

/// Whether a text has a model's header, as far as can be told without its dialect.
pub(super) fn has_model(text: &str) -> bool {
    Header::find(text, "MODEL", Dialect::Generic).is_some()
}

impl Header {
    /// The first statement of the text, when it is `KEYWORD (...)`.
    pub(super) fn find(text: &str, keyword: &str, dialect: Dialect) -> Option<Self> {
        let first = pieces::statements(text, dialect).into_iter().next()?;
        Self::of(text, first, keyword, dialect)
    }

    /// The statement at `range`, when it is `KEYWORD (...)`.
    pub(super) fn of(text: &str, range: Range<usize>, keyword: &str, dialect: Dialect) -> Option<Self> {
        let statement = &text[range.clone()];
        let (from, to) = block(statement, keyword, dialect)?;
        let inside = &statement[from..to];
        let entries = pieces::parts(inside, dialect).into_iter().take(ENTRIES).filter_map(|part| {
            let plain = pieces::plain(&inside[part.clone()], dialect);
            let plain = plain.trim();
            let end = plain.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(plain.len());
            let blank = inside[part.clone()].find(plain.get(..end)?).unwrap_or(0);
            Some(Entry {
                key: plain[..end].to_lowercase(),
                value: plain[end..].trim().to_owned(),
                line: pieces::line_of(text, range.start + from + part.start + blank),
                dialect,
            })
        });
        Some(Self { entries: entries.collect(), range })
    }

    /// The value of a key as written, without comments.
    pub(super) fn raw(&self, key: &str) -> Option<&str> {
        self.entries.iter().find(|e| e.key == key).map(|e| e.value.as_str())
    }

    /// The value of a key without its quotes.
    pub(super) fn text(&self, key: &str) -> Option<String> {
        self.raw(key).map(unquoted)
    }

    /// The line of a key.
    pub(super) fn line(&self, key: &str) -> u32 {
        self.entries.iter().find(|e| e.key == key).map_or(0, |e| e.line)
    }

    /// The items of a value in brackets; a value without brackets is its only item.
    pub(super) fn list(&self, key: &str) -> Vec<String> {
        let found = self.entries.iter().find(|e| e.key == key);
        found.map(|entry| items(&entry.value, entry.dialect)).unwrap_or_default()
    }

    /// All keys and values.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries.iter().map(|e| (e.key.as_str(), e.value.as_str()))
    }
}

/// Where the inside of `KEYWORD ( ... )` starts and ends, when that is all that the statement is.
fn block(statement: &str, keyword: &str, dialect: Dialect) -> Option<(usize, usize)> {
    let all = pieces::pieces(statement, dialect);
    let code: Vec<&pieces::Piece> = all.iter().filter(|p| p.kind == PieceKind::Code).collect();
    let first = code.iter().find(|p| !statement[p.range.clone()].trim().is_empty())?;
    let text = &statement[first.range.clone()];
    let word = text.trim_start();
    let rest = word.get(..keyword.len()).filter(|w| w.eq_ignore_ascii_case(keyword)).map(|w| &word[w.len()..])?;
    let open = rest.len() - rest.trim_start().len();
    if !rest.trim_start().starts_with('(') {
        return None;
    }
    let from = first.range.start + (text.len() - word.len()) + keyword.len() + open + 1;
    let mut depth = 1_usize;
    for piece in code {
        for at in piece.range.clone().filter(|at| *at >= from) {
            match statement.as_bytes()[at] {
                b'(' => depth += 1,
                b')' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                // Behind the bracket nothing may follow but comments.
                let rest = pieces::plain(&statement[at + 1..], dialect);
                return rest.trim().is_empty().then_some((from, at));
            }
        }
    }
    None
}

/// The items of `(a, b)` or `[a, b]`, as written.
pub(super) fn items(value: &str, dialect: Dialect) -> Vec<String> {
    let value = value.trim();
    let inside = match (value.chars().next(), value.chars().next_back()) {
        (Some('('), Some(')')) | (Some('['), Some(']')) if value.len() > 1 => &value[1..value.len() - 1],
        _ => value,
    };
    pieces::parts(inside, dialect).into_iter().map(|range| inside[range].to_owned()).collect()
}

/// `name (arguments)`: the name and what stands between the brackets.
pub(super) fn call(value: &str) -> (String, Option<&str>) {
    let value = value.trim();
    match value.split_once('(') {
        Some((name, rest)) => (name.trim().to_owned(), Some(rest.trim_end().strip_suffix(')').unwrap_or(rest))),
        None => (value.to_owned(), None),
    }
}

/// A value without the quotes around it.
pub(super) fn unquoted(value: &str) -> String {
    let value = value.trim();
    let mut chars = value.chars();
    match (chars.next(), chars.next_back()) {
        (Some(open @ ('\'' | '"' | '`')), Some(close)) if open == close => {
            let inside = &value[1..value.len() - 1];
            inside.replace(&format!("{open}{open}"), &open.to_string())
        }
        _ => value.to_owned(),
    }
}

/// The parts of a relation's name as written, without quotes.
pub(super) fn name_parts(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut quote = None;
    for c in name.trim().chars() {
        match (c, quote) {
            ('"' | '`', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            ('.', None) => parts.push(String::new()),
            (c, _) => {
                if let Some(part) = parts.last_mut() {
                    part.push(c);
                }
            }
        }
    }
    parts.iter().map(|part| part.trim().to_owned()).collect()
}

/// What in a text only SQLMesh itself can work out (a macro, a Jinja block), and where.
pub(super) fn construct(text: &str, dialect: Dialect) -> Option<(String, usize)> {
    for piece in pieces::pieces(text, dialect) {
        let part = &text[piece.range.clone()];
        let templated = piece.kind == PieceKind::Code || piece.kind == PieceKind::Name;
        let at = |offset: usize| piece.range.start + offset;
        if let Some(offset) = part.find('@').filter(|_| templated) {
            let tail = &part[offset + 1..];
            let end = tail.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(tail.len());
            return Some((format!("`@{}`", &tail[..end]), at(offset)));
        }
        let jinja = ["{{", "{%", "{#", "JINJA_QUERY_BEGIN", "JINJA_STATEMENT_BEGIN"];
        if piece.kind == PieceKind::Code
            && let upper = part.to_ascii_uppercase()
            && let Some(offset) = jinja.iter().filter_map(|mark| upper.find(mark)).min()
        {
            return Some(("Jinja".to_owned(), at(offset)));
        }
    }
    None
}
