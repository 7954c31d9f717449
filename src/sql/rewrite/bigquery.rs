//! BigQuery's own forms.

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Location, Span, Token, TokenWithSpan, Word};

use super::stream::{Out, Stream, is, text_of};

/// `array<struct<k string>>[...]` is `cast([...] as array<struct<k string>>)`.
pub(super) fn typed_arrays(from: &Stream) -> Option<Stream> {
    let mut out = Out::default();
    // Where a value ends and the type that it has.
    let mut open: Vec<(usize, std::ops::Range<usize>)> = Vec::new();
    let mut at = 0;
    while at < from.len() {
        let typed = from.is(at, "ARRAY").then(|| from.closing_angle(at + 1)).flatten();
        match typed.and_then(|end| Some((end, from.closing(end).filter(|_| *from.token(end) == Token::LBracket)?))) {
            Some((start, close)) => {
                out.word("CAST", from.span(at));
                out.put(Token::LParen, from.span(at));
                open.push((close, at..start));
                out.keep(from, start);
                at = start + 1;
                continue;
            }
            None => out.keep(from, at),
        }
        while let Some((_, kind)) = open.pop_if(|one| one.0 == at) {
            out.word("AS", from.span(kind.start));
            out.keep_all(from, kind.start, kind.end);
            out.put(Token::RParen, from.span(at));
        }
        at += 1;
    }
    out.done()
}

/// `ml.predict(model m, table t)`: a model is no relation, a table is all its rows.
pub(super) fn relation_arguments(from: &Stream) -> Option<Stream> {
    let mut out = Out::default();
    let mut at = 0;
    while at < from.len() {
        let argument = matches!(from.before(at), Token::LParen | Token::Comma)
            && from.is_any(at, &["TABLE", "MODEL"])
            && matches!(from.token(at + 1), Token::Word(_));
        let mut end = at + 2;
        while argument && *from.token(end) == Token::Period {
            end += 2;
        }
        if !argument || !matches!(from.token(end), Token::Comma | Token::RParen) {
            out.keep(from, at);
            at += 1;
            continue;
        }
        let place = from.span(at);
        if from.is(at, "TABLE") {
            out.put(Token::LParen, place);
            out.word("SELECT", place);
            out.put(Token::Mul, place);
            out.word("FROM", place);
            out.keep_all(from, at + 1, end);
            out.put(Token::RParen, place);
        } else {
            let span = Span { start: place.start, end: from.span(end - 1).end };
            out.put(Token::SingleQuotedString(text_of(from.range(at, end))), span);
        }
        at = end;
    }
    out.done()
}

/// `safe.substr(...)`: where the function's name is a keyword, the grammar reads no call.
pub(super) fn safe_functions(from: &Stream) -> Option<Stream> {
    let mut out = Out::default();
    let mut at = 0;
    while at < from.len() {
        match from.token(at + 2) {
            Token::Word(name)
                if from.is(at, "SAFE")
                    && *from.token(at + 1) == Token::Period
                    && *from.token(at + 3) == Token::LParen =>
            {
                let span = Span { start: from.span(at).start, end: from.span(at + 2).end };
                let value = format!("safe.{}", name.value);
                out.put(Token::Word(Word { value, quote_style: None, keyword: Keyword::NoKeyword }), span);
                at += 3;
            }
            _ => {
                out.keep(from, at);
                at += 1;
            }
        }
    }
    out.done()
}

/// `cast(x as string format ('yyyy'))`
pub(super) fn formats(from: &Stream) -> Option<Stream> {
    let mut out = Out::default();
    let mut at = 0;
    while at < from.len() {
        let bracketed = is(from.before(at), "FORMAT")
            && *from.token(at) == Token::LParen
            && matches!(from.token(at + 1), Token::SingleQuotedString(_) | Token::DoubleQuotedString(_))
            && *from.token(at + 2) == Token::RParen;
        if bracketed {
            out.touch();
            out.keep(from, at + 1);
            at += 3;
        } else {
            out.keep(from, at);
            at += 1;
        }
    }
    out.done()
}

/// `unpivot (v for n in (a as 1, b as 'two', c three))`: the grammar takes names only, after AS.
pub(super) fn unpivot_names(from: &Stream) -> Option<Stream> {
    let mut out = Out::default();
    let mut end = 0;
    for at in 0..from.len() {
        if from.is(at, "UNPIVOT") {
            let nulls = if from.is(at + 2, "NULLS") { 2 } else { 0 };
            end = from.closing(at + 1 + nulls).unwrap_or(0).max(end);
        }
        let named = at < end && is(from.before(at), "AS");
        match from.token(at) {
            Token::Number(text, _) if named => out.put(Token::make_word(text, Some('"')), from.span(at)),
            Token::SingleQuotedString(text) if named => out.put(Token::make_word(text, Some('"')), from.span(at)),
            Token::Word(word)
                if at < end
                    && matches!(from.before(at), Token::Word(one) if one.keyword == Keyword::NoKeyword)
                    && matches!(from.token(at + 1), Token::Comma | Token::RParen)
                    && word.keyword == Keyword::NoKeyword =>
            {
                out.word("AS", from.span(at));
                out.keep(from, at);
            }
            _ => out.keep(from, at),
        }
    }
    out.done()
}

/// `from t as a for system_time as of x` is `from t for system_time as of x as a`.
pub(super) fn versions(from: &Stream) -> Option<Stream> {
    let mut out = Out::default();
    let mut at = 0;
    while at < from.len() {
        let as_word = usize::from(from.is(at, "AS"));
        let version = at + as_word + 1;
        let named = at > 0
            && matches!(from.token(version - 1), Token::Word(_))
            && matches!(from.before(at), Token::Word(one) if one.keyword == Keyword::NoKeyword || one.quote_style.is_some())
            && from.are(version, &["FOR", "SYSTEM_TIME", "AS", "OF"]);
        if named {
            let end = from.until(version + 4, |at| from.ends_relation(at));
            out.touch();
            out.keep_all(from, version, end);
            out.keep_all(from, at, version);
            at = end;
        } else {
            out.keep(from, at);
            at += 1;
        }
    }
    out.done()
}

/// `from my-project.set-1.table-2c`: a name may have dashes and digits that the grammar does not take.
pub(super) fn dashed_names(from: &Stream) -> Option<Stream> {
    let mut out = Out::default();
    let mut at = 0;
    while at < from.len() {
        let starts = from.is_any(at.wrapping_sub(1), &["FROM", "JOIN"]) && matches!(from.token(at), Token::Word(_));
        let mut end = at + 1;
        while starts
            && end < from.len()
            && from.span(end - 1).end == from.span(end).start
            && matches!(from.token(end), Token::Word(_) | Token::Number(..) | Token::Minus | Token::Period)
        {
            end += 1;
        }
        let unquoted = |one: &TokenWithSpan| !matches!(&one.token, Token::Word(word) if word.quote_style.is_some());
        let tokens = from.range(at, end);
        if !starts || !tokens.iter().any(|one| one.token == Token::Minus) || !tokens.iter().all(unquoted) {
            out.keep(from, at);
            at += 1;
            continue;
        }
        dashed(&mut out, tokens);
        at = end;
    }
    out.done()
}

fn dashed(out: &mut Out, tokens: &[TokenWithSpan]) {
    let Some(first) = tokens.first() else { return };
    let text: String = tokens.iter().map(|one| one.token.to_string()).collect();
    let mut column = first.span.start.column;
    for (n, part) in text.split('.').enumerate() {
        let at = |column| Location { line: first.span.start.line, column };
        if n > 0 {
            out.put(Token::Period, Span { start: at(column), end: at(column + 1) });
            column += 1;
        }
        let end = column + part.chars().count() as u64;
        let word = Word { value: part.to_owned(), quote_style: Some('`'), keyword: Keyword::NoKeyword };
        out.put(Token::Word(word), Span { start: at(column), end: at(end) });
        column = end;
    }
}
