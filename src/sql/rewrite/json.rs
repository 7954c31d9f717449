//! The clauses within the calls of the SQL standard's JSON functions.

use sqlparser::tokenizer::{Span, Token};

use super::misc::is_operand;
use super::stream::{Out, Stream, text_of};

const CALLS: &[&str] = &["JSON_QUERY", "JSON_VALUE", "JSON_EXISTS", "JSON_OBJECT", "JSON_ARRAY"];
const CLAUSES: &[&str] = &[
    "FORMAT",
    "WITH",
    "WITHOUT",
    "RETURNING",
    "KEEP",
    "OMIT",
    "NULL",
    "ERROR",
    "EMPTY",
    "ABSENT",
    "TRUE",
    "FALSE",
    "UNKNOWN",
    "ON",
    "CONDITIONAL",
    "UNCONDITIONAL",
];

/// `json_query(x, 'lax $.a' omit quotes)` is `json_query(x, 'lax $.a', 'omit quotes')`: the clause stays, as an argument.
pub(super) fn clauses(from: &Stream) -> Option<Stream> {
    let mut out = Out::default();
    let mut ends: Vec<usize> = Vec::new();
    let mut at = 0;
    while at < from.len() {
        if *from.token(at) == Token::LParen && from.is_any(at.wrapping_sub(1), CALLS) {
            ends.extend(from.closing(at));
            out.keep(from, at);
            at += 1;
            continue;
        }
        ends.pop_if(|end| *end == at);
        let Some(&end) = ends.last() else {
            out.keep(from, at);
            at += 1;
            continue;
        };
        at = inside(from, at, end, &mut out);
    }
    out.done()
}

/// One step within the brackets of a call: an argument's token, or a whole clause.
fn inside(from: &Stream, at: usize, end: usize, out: &mut Out) -> usize {
    if let Some(close) = from.closing(at).filter(|_| !from.is_any(at.wrapping_sub(1), CALLS)) {
        out.keep_all(from, at, close + 1);
        return close + 1;
    }
    let behind = is_operand(from.before(at));
    match from.token(at) {
        Token::Colon => out.put(Token::Comma, from.span(at)),
        _ if behind && from.is_any(at, &["PASSING", "DEFAULT", "VALUE"]) => out.put(Token::Comma, from.span(at)),
        _ if behind && from.is_any(at, CLAUSES) => {
            let last = from.until(at, |at| *from.token(at) == Token::Comma || from.is_any(at, &["DEFAULT", "PASSING"]));
            let last = last.clamp(at + 1, end);
            if from.has_query(at, last) {
                out.keep(from, at);
                return at + 1;
            }
            let span = Span { start: from.span(at).start, end: from.span(last - 1).end };
            out.put(Token::Comma, from.span(at));
            out.put(Token::SingleQuotedString(text_of(from.range(at, last))), span);
            return last;
        }
        // The name of a value that is passed.
        _ if behind && from.is(at, "AS") && matches!(from.token(at + 1), Token::Word(_)) => {
            out.touch();
            return at + 2;
        }
        _ => out.keep(from, at),
    }
    at + 1
}
