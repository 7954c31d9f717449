//! Forms of ClickHouse.

use sqlparser::tokenizer::Token;

use super::misc::is_operand;
use super::stream::{Out, Stream};

/// `a global in (...)`: where it is computed, not what.
pub(super) fn global_in(from: &Stream) -> Option<Stream> {
    let mut out = Out::default();
    for at in 0..from.len() {
        if from.is(at, "GLOBAL") && (from.is(at + 1, "IN") || from.are(at + 1, &["NOT", "IN"])) {
            out.touch();
        } else {
            out.keep(from, at);
        }
    }
    out.done()
}

/// `left asof join` is `asof left join`.
pub(super) fn asof_sides(from: &Stream) -> Option<Stream> {
    let mut out = Out::default();
    let mut at = 0;
    while at < from.len() {
        let swapped = from.is_any(at, &["LEFT", "INNER"]) && from.are(at + 1, &["ASOF", "JOIN"]);
        if swapped {
            out.touch();
            out.keep(from, at + 1);
            out.keep(from, at);
            at += 2;
        } else {
            out.keep(from, at);
            at += 1;
        }
    }
    out.done()
}

/// `t.1`, an element of a tuple, is `t[1]`.
pub(super) fn tuple_elements(from: &Stream) -> Option<Stream> {
    let mut out = Out::default();
    for at in 0..from.len() {
        let position = match from.token(at) {
            Token::Number(text, _) => text.strip_prefix('.').filter(|rest| rest.bytes().all(|b| b.is_ascii_digit())),
            _ => None,
        };
        let touches = at > 0 && from.span(at - 1).end == from.span(at).start && is_operand(from.before(at));
        match position.filter(|_| touches && !matches!(from.before(at), Token::Number(..))) {
            Some(position) => {
                out.put(Token::LBracket, from.span(at));
                out.put(Token::Number(position.to_owned(), false), from.span(at));
                out.put(Token::RBracket, from.span(at));
            }
            None => out.keep(from, at),
        }
    }
    out.done()
}

/// `array join a as x, b as y` is `array join a as x array join beside(b) as y`: rows side by side.
pub(super) fn array_joins(from: &Stream) -> Option<Stream> {
    let mut out = Out::default();
    let mut at = 0;
    while at < from.len() {
        if !from.are(at, &["ARRAY", "JOIN"]) {
            out.keep(from, at);
            at += 1;
            continue;
        }
        let left = from.is(at.wrapping_sub(1), "LEFT");
        let ends = |at: usize| {
            let join = from.is_any(at, &["JOIN", "INNER", "LEFT", "RIGHT", "FULL", "CROSS", "ARRAY", "GLOBAL", "ANY"]);
            join || from.clause(at) || from.is_any(at, &["PREWHERE", "SETTINGS", "FORMAT"])
        };
        out.keep_all(from, at, at + 2);
        at += 2;
        let mut first = true;
        loop {
            let end = from.until(at, |at| *from.token(at) == Token::Comma || ends(at));
            let name = from.until(at, |at| at >= end || from.is(at, "AS"));
            if first {
                out.keep_all(from, at, end);
            } else {
                let place = from.span(at);
                if left {
                    out.word("LEFT", place);
                }
                out.word("ARRAY", place);
                out.word("JOIN", place);
                out.word("beside", place);
                out.put(Token::LParen, place);
                out.keep_all(from, at, name);
                out.put(Token::RParen, place);
                out.keep_all(from, name, end);
            }
            first = false;
            at = end;
            if *from.token(at) != Token::Comma {
                break;
            }
            at += 1;
        }
    }
    out.done()
}

/// `with x + 1 as y`: an expression under a name, written as an entry with a column list that no entry has.
pub(super) fn named_expressions(from: &Stream) -> Option<Stream> {
    let mut out = Out::default();
    let mut at = 0;
    while at < from.len() {
        out.keep(from, at);
        at += 1;
        if !from.is(at - 1, "WITH") || from.is(at, "RECURSIVE") || !starts_query(from, at - 1) {
            continue;
        }
        loop {
            let end = from.until(at, |at| *from.token(at) == Token::Comma || from.is(at, "SELECT"));
            // The name is what stands last, as it stands first in an entry that is a query.
            let named = end >= at + 3 && from.is(end - 2, "AS") && matches!(from.token(end - 1), Token::Word(_));
            if named {
                let place = from.span(at);
                out.keep(from, end - 1);
                out.put(Token::LParen, place);
                out.put(super::marker(super::MARK_EXPRESSION), place);
                out.put(Token::RParen, place);
                out.word("AS", place);
                out.put(Token::LParen, place);
                out.word("SELECT", place);
                out.keep_all(from, at, end - 2);
                out.put(Token::RParen, place);
            } else {
                out.keep_all(from, at, end);
            }
            at = end;
            if *from.token(at) != Token::Comma {
                break;
            }
            out.keep(from, at);
            at += 1;
        }
    }
    out.done()
}

/// Whether the WITH at `at` begins a query (and is none of WITH TOTALS, WITH FILL).
fn starts_query(from: &Stream, at: usize) -> bool {
    let begins = at == 0 || matches!(from.before(at), Token::LParen | Token::SemiColon);
    begins || from.is_any(at - 1, &["AS", "ALL", "DISTINCT", "UNION", "EXCEPT", "INTERSECT"])
}
