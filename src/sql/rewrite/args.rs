//! What stands within or right behind the brackets of a call.

use sqlparser::tokenizer::Token;

use super::stream::{Out, Stream, is};

/// `last(x order by y ignore nulls)` is `last(x order by y) ignore nulls`.
pub(super) fn null_treatment(from: &Stream) -> Option<Stream> {
    let mut out = Out::default();
    let mut at = 0;
    while at < from.len() {
        let inside =
            from.is_any(at, &["IGNORE", "RESPECT"]) && from.is(at + 1, "NULLS") && *from.token(at + 2) == Token::RParen;
        if inside {
            out.touch();
            out.keep(from, at + 2);
            out.keep_all(from, at, at + 2);
            at += 3;
        } else {
            out.keep(from, at);
            at += 1;
        }
    }
    out.done()
}

/// `sum(x) filter (x > 0)` is `sum(x) filter (where x > 0)`.
pub(super) fn filter_without_where(from: &Stream) -> Option<Stream> {
    let mut out = Out::default();
    for at in 0..from.len() {
        out.keep(from, at);
        let filter = from.is(at.wrapping_sub(1), "FILTER") && at >= 2 && *from.token(at - 2) == Token::RParen;
        if filter && *from.token(at) == Token::LParen && !from.is(at + 1, "WHERE") {
            out.word("WHERE", from.span(at));
        }
    }
    out.done()
}

/// `values 1, 2` is `values (1), (2)`.
pub(super) fn bare_values(from: &Stream) -> Option<Stream> {
    let mut out = Out::default();
    let mut at = 0;
    while at < from.len() {
        out.keep(from, at);
        at += 1;
        let literal = matches!(from.token(at), Token::SingleQuotedString(_) | Token::Number(..) | Token::Minus);
        if !(from.is(at - 1, "VALUES") && literal) {
            continue;
        }
        loop {
            let end = from.until(at, |at| *from.token(at) == Token::Comma || from.clause(at) || from.is(at, "AS"));
            out.put(Token::LParen, from.span(at));
            out.keep_all(from, at, end);
            out.put(Token::RParen, from.span(end.saturating_sub(1)));
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

/// `trim(leading from x)` trims blanks.
pub(super) fn bare_trim(from: &Stream) -> Option<Stream> {
    let mut out = Out::default();
    for at in 0..from.len() {
        let side = at >= 3
            && is(from.token(at - 3), "TRIM")
            && *from.token(at - 2) == Token::LParen
            && from.is_any(at - 1, &["LEADING", "TRAILING", "BOTH"]);
        if side && from.is(at, "FROM") {
            out.put(Token::SingleQuotedString(" ".to_owned()), from.span(at - 1));
        }
        out.keep(from, at);
    }
    out.done()
}
