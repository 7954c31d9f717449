//! Splits a template into text, comments and tags, and a tag into tokens: just enough for the block scan and the rewriter.

use super::fault::Fault;
use crate::project::NotCompiledCode;
use std::ops::Range;

/// One piece of a template. Ranges are byte ranges of the template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Literal text; `{% raw %}` contents with their tags too.
    Text(Range<usize>),
    /// `{# ... #}`.
    Comment(Range<usize>),
    /// `{{ ... }}`.
    Print(Tag),
    /// `{% ... %}`.
    Statement(Tag),
}

/// A tag: the whole of it, what is between the delimiters and trim marks, and the trim marks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tag {
    pub(crate) whole: Range<usize>,
    pub(crate) inner: Range<usize>,
    pub(crate) trim_left: bool,
    pub(crate) trim_right: bool,
}

/// Kinds of tokens within a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Space,
    Name,
    Number,
    Text,
    Op,
}

/// A token of a tag: byte range of the template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) range: Range<usize>,
}

/// The line (from 1) of a byte offset.
pub(crate) fn line_of(text: &str, offset: usize) -> u32 {
    let count = text.as_bytes()[..offset.min(text.len())].iter().filter(|b| **b == b'\n').count();
    u32::try_from(count + 1).unwrap_or(u32::MAX)
}

/// A syntax error at a byte offset, with its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SyntaxError {
    pub(crate) message: String,
    pub(crate) offset: usize,
    /// Legal Jinja that is not rendered here, as opposed to text that is no Jinja.
    pub(crate) unsupported: bool,
}

impl SyntaxError {
    pub(crate) fn new(message: impl Into<String>, offset: usize) -> Self {
        Self { message: message.into(), offset, unsupported: false }
    }

    pub(crate) fn unsupported(message: impl Into<String>, offset: usize) -> Self {
        Self { message: message.into(), offset, unsupported: true }
    }

    pub(crate) fn fault(&self) -> Fault {
        if self.unsupported {
            return Fault::unsupported(self.message.clone());
        }
        Fault::new(NotCompiledCode::JinjaSyntax, format!("jinja does not parse: {}", self.message))
    }
}

/// Splits a template. Fails on a tag, comment or string that never ends.
pub(crate) fn pieces(text: &str) -> Result<Vec<Piece>, SyntaxError> {
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    let (mut start, mut at) = (0, 0);
    while at + 1 < bytes.len() {
        if bytes[at] != b'{' || !matches!(bytes[at + 1], b'{' | b'%' | b'#') {
            at += 1;
            continue;
        }
        if start < at {
            out.push(Piece::Text(start..at));
        }
        let end = match bytes[at + 1] {
            b'#' => {
                let end = text[at + 2..].find("#}").map(|n| at + 2 + n + 2);
                let end = end.ok_or_else(|| SyntaxError::new("comment `{#` is never closed", at))?;
                out.push(Piece::Comment(at..end));
                end
            }
            open => {
                let tag = tag(text, at, if open == b'{' { "}}" } else { "%}" })?;
                let mut end = tag.whole.end;
                if open == b'{' {
                    out.push(Piece::Print(tag));
                } else if text[tag.inner.clone()].trim() == "raw" {
                    end = raw_end(text, end).ok_or_else(|| SyntaxError::new("`{% raw %}` is never closed", at))?;
                    out.push(Piece::Text(at..end));
                } else {
                    out.push(Piece::Statement(tag));
                }
                end
            }
        };
        (start, at) = (end, end);
    }
    if start < bytes.len() {
        out.push(Piece::Text(start..bytes.len()));
    }
    Ok(out)
}

/// The end of the `{% endraw %}` tag that closes a raw block opened before `from`.
fn raw_end(text: &str, from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        let open = at + text[at..].find("{%")?;
        let close = open + text[open..].find("%}")? + 2;
        let inner = text[open + 2..close - 2].trim_matches(|c: char| c == '-' || c == '+' || c.is_whitespace());
        if inner == "endraw" {
            return Some(close);
        }
        at = open + 2;
    }
}

/// The tag that starts at `at` and ends at `close`, which is not looked for within strings or brackets.
fn tag(text: &str, at: usize, close: &str) -> Result<Tag, SyntaxError> {
    let bytes = text.as_bytes();
    let trim_left = bytes.get(at + 2) == Some(&b'-');
    let inner_start = at + 2 + usize::from(trim_left || bytes.get(at + 2) == Some(&b'+'));
    let mut pos = inner_start;
    let mut braces = 0usize;
    while pos < bytes.len() {
        if (braces == 0 || close == "%}") && text[pos..].starts_with(close) {
            let trim_right = pos > inner_start && bytes[pos - 1] == b'-';
            let marked = trim_right || (pos > inner_start && bytes[pos - 1] == b'+');
            let inner = inner_start..pos - usize::from(marked);
            return Ok(Tag { whole: at..pos + 2, inner, trim_left, trim_right });
        }
        match bytes[pos] {
            b'\'' | b'"' => pos = string_end(text, pos)?,
            b'{' => (braces, pos) = (braces + 1, pos + 1),
            b'}' => (braces, pos) = (braces.saturating_sub(1), pos + 1),
            _ => pos += text[pos..].chars().next().map_or(1, char::len_utf8),
        }
    }
    Err(SyntaxError::new(format!("tag `{}` is never closed by `{close}`", &text[at..at + 2]), at))
}

/// One past the closing quote of the string that starts at `at`.
fn string_end(text: &str, at: usize) -> Result<usize, SyntaxError> {
    let bytes = text.as_bytes();
    let mut pos = at + 1;
    while pos < bytes.len() {
        match bytes[pos] {
            b'\\' => pos += 2,
            b if b == bytes[at] => return Ok(pos + 1),
            _ => pos += 1,
        }
    }
    Err(SyntaxError::new("string is never closed", at))
}

/// The tokens of `range` of `text` (the inside of a tag). Every byte is in one token.
pub(crate) fn tokens(text: &str, range: Range<usize>) -> Result<Vec<Token>, SyntaxError> {
    let end = range.end;
    let mut out = Vec::new();
    let mut at = range.start;
    while at < end {
        let c = text[at..end].chars().next().unwrap_or(' ');
        let run = |f: fn(char) -> bool| at + text[at..end].find(|c| !f(c)).unwrap_or(end - at);
        let (kind, stop) = if c.is_whitespace() {
            (Kind::Space, run(char::is_whitespace))
        } else if c == '_' || c.is_alphabetic() {
            (Kind::Name, run(|c| c == '_' || c.is_alphanumeric()))
        } else if c.is_ascii_digit() {
            (Kind::Number, number_end(&text[at..end]) + at)
        } else if c == '\'' || c == '"' {
            (Kind::Text, string_end(text, at)?.min(end))
        } else {
            let two = ["==", "!=", "<=", ">=", "//", "**"].iter().any(|op| text[at..end].starts_with(op));
            (Kind::Op, if two { at + 2 } else { at + c.len_utf8() })
        };
        out.push(Token { kind, range: at..stop });
        at = stop;
    }
    Ok(out)
}

/// Length of the number at the start of `text` (`1`, `1.5`, `1_000`, `1e-9`).
fn number_end(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let digit_follows = bytes.get(at + 1).is_some_and(u8::is_ascii_digit);
        let exponent = matches!(bytes[at], b'-' | b'+') && matches!(bytes[at - 1], b'e' | b'E');
        match bytes[at] {
            b if b.is_ascii_alphanumeric() || b == b'_' => at += 1,
            b'.' if digit_follows => at += 1,
            b'-' | b'+' if exponent && digit_follows => at += 1,
            _ => break,
        }
    }
    at.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_tags_strings_and_raw() {
        let text = "a {{ \"}}\" ~ {'x': {}}['x'] }} {%- if x -%}{# c #}{% raw %}{{ no }}{% endraw %}";
        let kinds: Vec<String> =
            pieces(text).unwrap().into_iter().map(|p| format!("{p:?}").chars().take(4).collect()).collect();
        assert_eq!(kinds, ["Text", "Prin", "Text", "Stat", "Comm", "Text"]);
    }

    #[test]
    fn unclosed_things_are_errors_with_a_place() {
        for text in ["{{ x", "{% if", "{# x", "{{ 'x }}", "{% raw %}x"] {
            assert!(pieces(text).is_err(), "{text}");
        }
    }

    #[test]
    fn tokens_cover_every_byte() {
        let text = "x1 + 1.5e-3 // 'a\\'b' [é]";
        let tokens = tokens(text, 0..text.len()).unwrap();
        assert_eq!(tokens.iter().map(|t| &text[t.range.clone()]).collect::<String>(), text);
        assert!(tokens.iter().any(|t| &text[t.range.clone()] == "1.5e-3"));
    }
}
