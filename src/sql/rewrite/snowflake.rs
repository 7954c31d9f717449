//! Forms of Snowflake, some of which others have too.

use sqlparser::tokenizer::Token;

use super::stream::{Out, Stream};

/// `{*}` and `{t.* exclude a}` are `object_construct(*)` and `object_construct(t.* exclude a)`.
pub(super) fn star_objects(from: &Stream) -> Option<Stream> {
    let mut out = Out::default();
    let mut closes = Vec::new();
    for at in 0..from.len() {
        if closes.pop_if(|end| *end == at).is_some() {
            out.put(Token::RParen, from.span(at));
            continue;
        }
        let star = *from.token(at + 1) == Token::Mul
            || (matches!(from.token(at + 1), Token::Word(_))
                && *from.token(at + 2) == Token::Period
                && *from.token(at + 3) == Token::Mul);
        match from.closing(at).filter(|_| *from.token(at) == Token::LBrace && star) {
            Some(end) => {
                out.word("object_construct", from.span(at));
                out.put(Token::LParen, from.span(at));
                closes.push(end);
            }
            None => out.keep(from, at),
        }
    }
    out.done()
}

/// `prior label` in a select list is `prior(label)`.
pub(super) fn prior(from: &Stream) -> Option<Stream> {
    let mut out = Out::default();
    let mut at = 0;
    while at < from.len() {
        out.keep(from, at);
        at += 1;
        if !(from.is(at - 1, "PRIOR") && matches!(from.token(at), Token::Word(_))) {
            continue;
        }
        let mut end = at + 1;
        while *from.token(end) == Token::Period && matches!(from.token(end + 1), Token::Word(_)) {
            end += 2;
        }
        if *from.token(end) != Token::LParen {
            out.put(Token::LParen, from.span(at));
            out.keep_all(from, at, end);
            out.put(Token::RParen, from.span(at));
            at = end;
        }
    }
    out.done()
}

/// `final last(a.x)` of MATCH_RECOGNIZE: of which rows of the match, not of which column.
pub(super) fn match_modes(from: &Stream) -> Option<Stream> {
    let mut out = Out::default();
    let mut end = 0;
    for at in 0..from.len() {
        if from.is(at, "MATCH_RECOGNIZE") && *from.token(at + 1) == Token::LParen {
            end = from.closing(at + 1).unwrap_or(end);
        }
        let call = matches!(from.token(at + 1), Token::Word(_)) && *from.token(at + 2) == Token::LParen;
        if at < end && call && from.is_any(at, &["FINAL", "RUNNING"]) {
            out.touch();
        } else {
            out.keep(from, at);
        }
    }
    out.done()
}

/// Spark's `struct(*)`, where the grammar expects values: the same under a name that it takes for a function.
pub(super) fn star_structs(from: &Stream) -> Option<Stream> {
    let mut out = Out::default();
    for at in 0..from.len() {
        let star = *from.token(at + 2) == Token::Mul
            || (matches!(from.token(at + 2), Token::Word(_))
                && *from.token(at + 3) == Token::Period
                && *from.token(at + 4) == Token::Mul);
        if from.is(at, "STRUCT") && *from.token(at + 1) == Token::LParen && star {
            out.word("struct_of", from.span(at));
        } else {
            out.keep(from, at);
        }
    }
    out.done()
}
