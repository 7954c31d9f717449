//! Forms of T-SQL.

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, Word};

use super::stream::{Out, Stream};

/// `select 'name' = x` names a column, as `select [name] = x` does.
pub(super) fn text_aliases(from: &Stream) -> Option<Stream> {
    let mut out = Out::default();
    for at in 0..from.len() {
        let first = *from.before(at) == Token::Comma || from.is_any(at.wrapping_sub(1), &["SELECT", "DISTINCT"]);
        match from.token(at) {
            // T-SQL has no comparison that is a value: behind a comma it can only be a name.
            Token::SingleQuotedString(name) if at > 0 && first && *from.token(at + 1) == Token::Eq => {
                let word = Word { value: name.clone(), quote_style: Some('['), keyword: Keyword::NoKeyword };
                out.put(Token::Word(word), from.span(at));
            }
            _ => out.keep(from, at),
        }
    }
    out.done()
}

/// `inner hash join`: how to join, not what.
pub(super) fn join_hints(from: &Stream) -> Option<Stream> {
    let mut out = Out::default();
    for at in 0..from.len() {
        let hint = from.is_any(at, &["HASH", "LOOP", "MERGE", "REMOTE"]) && from.is(at + 1, "JOIN");
        if hint && from.is_any(at.wrapping_sub(1), &["INNER", "LEFT", "RIGHT", "FULL", "OUTER"]) {
            out.touch();
        } else {
            out.keep(from, at);
        }
    }
    out.done()
}

/// `parse(x as date using 'en-us')` is `cast(parse(x, 'en-us') as date)`.
pub(super) fn parses(from: &Stream) -> Option<Stream> {
    let mut out = Out::default();
    // Calls whose AS is still to come: where it stands, where the type ends and where the bracket closes.
    let mut open: Vec<(usize, usize, usize)> = Vec::new();
    let mut at = 0;
    while at < from.len() {
        if let Some(&(word, end, close)) = open.last().filter(|one| one.0 == at) {
            open.pop();
            if end < close {
                out.put(Token::Comma, from.span(end));
                out.keep_all(from, end + 1, close);
            }
            out.put(Token::RParen, from.span(at));
            out.keep_all(from, word, end);
            at = close;
        }
        let close = (from.is_any(at, &["PARSE", "TRY_PARSE"]) && *from.token(at + 1) == Token::LParen)
            .then(|| from.closing(at + 1))
            .flatten();
        if let Some(close) = close {
            let word = from.until(at + 2, |at| from.is(at, "AS"));
            if word < close {
                let end = from.until(word, |at| from.is(at, "USING")).min(close);
                out.word("CAST", from.span(at));
                out.put(Token::LParen, from.span(at));
                open.push((word, end, close));
            }
        }
        out.keep(from, at);
        at += 1;
    }
    out.done()
}

/// Methods of XML values: `x.value('...', 'int')` is `xml_value(x, '...', 'int')`.
pub(super) fn xml_methods(from: &Stream) -> Option<Stream> {
    const METHODS: &[&str] = &["VALUE", "QUERY", "NODES", "EXIST"];
    let is_call = |dot: usize| {
        *from.token(dot) == Token::Period
            && from.is_any(dot + 1, METHODS)
            && *from.token(dot + 2) == Token::LParen
            && matches!(from.token(dot + 3), Token::SingleQuotedString(_))
    };
    let mut out = Out::default();
    let mut at = 0;
    while at < from.len() {
        let starts = *from.before(at) != Token::Period;
        let mut dot = at + 1;
        while starts
            && matches!(from.token(dot - 1), Token::Word(_))
            && *from.token(dot) == Token::Period
            && !is_call(dot)
        {
            dot += 2;
        }
        if starts && matches!(from.token(dot - 1), Token::Word(_)) && is_call(dot) {
            let name = format!("xml_{}", from.token(dot + 1).to_string().to_lowercase());
            out.word(&name, from.span(dot + 1));
            out.put(Token::LParen, from.span(dot + 2));
            out.keep_all(from, at, dot);
            out.put(Token::Comma, from.span(dot));
            at = dot + 3;
        } else {
            out.keep(from, at);
            at += 1;
        }
    }
    out.done()
}
