//! Types with types in them, which the grammar reads in a few dialects only.

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Span, Token, Word};

use super::stream::{Out, Stream, is, text_of};

const NESTED: &[&str] = &[
    "ARRAY",
    "MAP",
    "ROW",
    "OBJECT",
    "STRUCT",
    "TUPLE",
    "NULLABLE",
    "VARIANT",
    "AGGREGATEFUNCTION",
    "LOWCARDINALITY",
    "NESTED",
    "DATETIME64",
    "DATETIME",
    "ENUM8",
    "ENUM16",
    "DECIMAL64",
    "VECTOR",
];

/// `cast(x as array(row(a bigint)))`: the type becomes one name, written as it stands.
pub(super) fn nested(from: &Stream) -> Option<Stream> {
    let mut out = Out::default();
    let mut at = 0;
    // Whether a bracket is that of a cast: elsewhere AS is before an alias, which may have columns in brackets.
    let mut casts = Vec::new();
    while at < from.len() {
        match from.token(at) {
            Token::LParen | Token::LBracket | Token::LBrace => {
                casts.push(from.is_any(at.wrapping_sub(1), &["CAST", "TRY_CAST", "SAFE_CAST"]));
            }
            Token::RParen | Token::RBracket | Token::RBrace => {
                casts.pop();
            }
            _ => {}
        }
        let cast = is(from.before(at), "AS") && casts.last() == Some(&true);
        let typed = cast || *from.before(at) == Token::DoubleColon;
        let end = (typed && from.is_any(at, NESTED)).then(|| type_end(from, at)).flatten();
        let end = end.filter(|&end| !from.has_query(at, end));
        match end {
            Some(end) => {
                let span = Span { start: from.span(at).start, end: from.span(end - 1).end };
                let value = text_of(from.range(at, end));
                out.put(Token::Word(Word { value, quote_style: Some('"'), keyword: Keyword::NoKeyword }), span);
                at = end;
            }
            None => {
                out.keep(from, at);
                at += 1;
            }
        }
    }
    out.done()
}

fn type_end(from: &Stream, at: usize) -> Option<usize> {
    match from.token(at + 1) {
        Token::LParen => Some(from.closing(at + 1)? + 1),
        Token::Lt => from.closing_angle(at + 1),
        _ => None,
    }
}
