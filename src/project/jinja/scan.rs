//! Finds the top-level blocks of a file: macros, tests, materializations, snapshots, docs. Files are cut up before anything is rendered.

use super::tokens::{Kind, Piece, SyntaxError, Tag, Token, line_of, pieces, tokens};
use std::ops::Range;

/// A top-level block.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    pub(crate) kind: BlockKind,
    pub(crate) name: String,
    /// Arguments, of macros and tests.
    pub(crate) args: Vec<Arg>,
    /// The block with its tags.
    pub(crate) whole: Range<usize>,
    /// What stands between the tags, trim marks applied.
    pub(crate) body: Range<usize>,
    /// Line of the opening tag.
    pub(crate) line: u32,
}

/// What a block defines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BlockKind {
    Macro,
    Test,
    Materialization,
    Snapshot,
    Docs,
}

/// An argument of a macro, with the text range of its default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Arg {
    pub(crate) name: String,
    pub(crate) default: Option<Range<usize>>,
}

const KINDS: [(&str, &str, BlockKind); 6] = [
    ("macro", "endmacro", BlockKind::Macro),
    ("test", "endtest", BlockKind::Test),
    ("data_test", "enddata_test", BlockKind::Test),
    ("materialization", "endmaterialization", BlockKind::Materialization),
    ("snapshot", "endsnapshot", BlockKind::Snapshot),
    ("docs", "enddocs", BlockKind::Docs),
];

/// All top-level blocks of a file, in order.
pub(crate) fn blocks(text: &str) -> Result<Vec<Block>, SyntaxError> {
    let pieces = pieces(text)?;
    let mut out = Vec::new();
    let mut at = 0;
    while at < pieces.len() {
        let opened = match &pieces[at] {
            Piece::Statement(tag) => {
                let word = first_word(text, tag);
                KINDS.iter().find(|(open, _, _)| *open == word).map(|kind| (tag, kind))
            }
            _ => None,
        };
        let Some((tag, (open, close, kind))) = opened else {
            at += 1;
            continue;
        };
        let end = matching(text, &pieces, at, open, close).ok_or_else(|| {
            SyntaxError::new(format!("`{{% {open} %}}` is never closed by `{{% {close} %}}`"), tag.whole.start)
        })?;
        let Piece::Statement(end_tag) = &pieces[end] else {
            at += 1;
            continue;
        };
        out.push(block(text, *kind, tag, end_tag)?);
        at = end + 1;
    }
    Ok(out)
}

/// The index of the tag that closes the block opened at `at`.
pub(crate) fn matching(text: &str, pieces: &[Piece], at: usize, open: &str, close: &str) -> Option<usize> {
    let mut depth = 0usize;
    for (index, piece) in pieces.iter().enumerate().skip(at) {
        if let Piece::Statement(tag) = piece {
            let word = first_word(text, tag);
            if word == open {
                depth += 1;
            } else if word == close {
                depth -= 1;
                if depth == 0 {
                    return Some(index);
                }
            }
        }
    }
    None
}

/// The first word of a statement tag.
pub(crate) fn first_word<'a>(text: &'a str, tag: &Tag) -> &'a str {
    let inner = text[tag.inner.clone()].trim_start();
    &inner[..inner.find(|c: char| c != '_' && !c.is_alphanumeric()).unwrap_or(inner.len())]
}

/// The range between two tags, without what their trim marks remove.
pub(crate) fn between(text: &str, open: &Tag, close: &Tag) -> Range<usize> {
    let (mut start, mut end) = (open.whole.end, close.whole.start);
    if open.trim_right {
        start += text[start..end].len() - text[start..end].trim_start().len();
    }
    if close.trim_left {
        end = start + text[start..end].trim_end().len();
    }
    start..end
}

fn block(text: &str, kind: BlockKind, tag: &Tag, end: &Tag) -> Result<Block, SyntaxError> {
    let header: Vec<Token> = tokens(text, tag.inner.clone())?.into_iter().filter(|t| t.kind != Kind::Space).collect();
    let name = header
        .get(1)
        .filter(|token| token.kind == Kind::Name)
        .ok_or_else(|| SyntaxError::new("a block has no name", tag.whole.start))?;
    let signature = matches!(kind, BlockKind::Macro | BlockKind::Test);
    Ok(Block {
        kind,
        name: text[name.range.clone()].to_owned(),
        args: if signature { arguments(text, &header[2..], tag.whole.start)? } else { Vec::new() },
        whole: tag.whole.start..end.whole.end,
        body: between(text, tag, end),
        line: line_of(text, tag.whole.start),
    })
}

/// Parses `(a, b=1)`. `header` holds no spaces; no parentheses at all is an empty list.
pub(crate) fn arguments(text: &str, header: &[Token], place: usize) -> Result<Vec<Arg>, SyntaxError> {
    let word = |token: &Token| &text[token.range.clone()];
    if header.is_empty() {
        return Ok(Vec::new());
    }
    if word(&header[0]) != "(" || header.last().map(word) != Some(")") {
        return Err(SyntaxError::new("expected an argument list in parentheses", place));
    }
    let mut args = Vec::new();
    for part in split_commas(text, &header[1..header.len() - 1]) {
        let Some(first) = part.first() else { continue };
        if first.kind != Kind::Name || (part.len() > 1 && (part.len() < 3 || word(&part[1]) != "=")) {
            return Err(SyntaxError::new("expected an argument name", first.range.start));
        }
        let default = part.get(2).map(|from| from.range.start..part[part.len() - 1].range.end);
        args.push(Arg { name: word(first).to_owned(), default });
    }
    Ok(args)
}

/// Splits tokens at commas outside brackets.
pub(crate) fn split_commas<'a>(text: &str, tokens: &'a [Token]) -> Vec<&'a [Token]> {
    let (mut out, mut start, mut depth) = (Vec::new(), 0, 0i32);
    for (index, token) in tokens.iter().enumerate() {
        if token.kind != Kind::Op {
            continue;
        }
        match &text[token.range.clone()] {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            "," if depth == 0 => {
                out.push(&tokens[start..index]);
                start = index + 1;
            }
            _ => {}
        }
    }
    out.push(&tokens[start..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_blocks_with_arguments_and_bodies() {
        let text = "x\n{% macro a(b, c=[1, 2], d='x)') -%}\n body \n{%- endmacro %}\n{% test t(model) %}{% endtest %}";
        let blocks = blocks(text).unwrap();
        assert_eq!(blocks.len(), 2);
        assert_eq!((blocks[0].name.as_str(), blocks[0].line, &text[blocks[0].body.clone()]), ("a", 2, "body"));
        let defaults: Vec<_> = blocks[0].args.iter().map(|a| a.default.clone().map(|r| &text[r])).collect();
        assert_eq!(defaults, [None, Some("[1, 2]"), Some("'x)'")]);
        assert_eq!(blocks[1].kind, BlockKind::Test);
    }

    #[test]
    fn every_builtin_file_is_cut_up() {
        for (path, text) in crate::project::jinja::builtin::FILES {
            assert!(!blocks(text).unwrap_or_else(|e| panic!("{path}: {e:?}")).is_empty(), "{path}");
        }
    }

    #[test]
    fn an_unclosed_macro_is_an_error() {
        assert!(blocks("{% macro a() %} x").unwrap_err().message.contains("endmacro"));
    }
}
