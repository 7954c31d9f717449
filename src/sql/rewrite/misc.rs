//! Small forms of single dialects.

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, Word};

use super::stream::{Out, Stream, is};

/// Whether an operand ends with this token.
pub(super) fn is_operand(token: &Token) -> bool {
    match token {
        Token::Word(word) => {
            word.quote_style.is_some()
                || !["SELECT", "DISTINCT", "ALL", "BY", "WHEN", "THEN", "ELSE", "AND", "OR", "NOT"]
                    .iter()
                    .any(|reserved| word.value.eq_ignore_ascii_case(reserved))
        }
        Token::Number(..) | Token::SingleQuotedString(_) | Token::RParen | Token::RBracket | Token::RBrace => true,
        Token::Placeholder(_) => true,
        _ => false,
    }
}

/// `a ** b`: the tokenizer knows two stars.
pub(super) fn power(from: &Stream) -> Option<Stream> {
    let mut out = Out::default();
    let mut at = 0;
    while at < from.len() {
        let stars = *from.token(at) == Token::Mul && *from.token(at + 1) == Token::Mul;
        if stars && from.span(at).end == from.span(at + 1).start && is_operand(from.before(at)) {
            out.put(Token::CustomBinaryOperator("**".to_owned()), from.span(at));
            at += 2;
        } else {
            out.keep(from, at);
            at += 1;
        }
    }
    out.done()
}

/// `(from t)` within a query is `(select * from t)`, and `(from t select x where y)` is `(select x from t where y)`.
pub(super) fn from_first_subqueries(from: &Stream) -> Option<Stream> {
    let mut out = Out::default();
    // Where a FROM clause began that came before its SELECT, and where it ends.
    let mut moved: Vec<(usize, usize, usize)> = Vec::new();
    let mut at = 0;
    while at <= from.len() {
        if let Some((start, end, _)) = moved.pop_if(|one| one.2 == at) {
            out.keep_all(from, start, end);
        }
        if at == from.len() {
            break;
        }
        if from.is(at, "FROM") && *from.before(at) == Token::LParen {
            let select = from.until(at + 1, |at| from.is(at, "SELECT"));
            // Brackets within the clause would be read past.
            let plain = !(at..select).any(|at| matches!(from.token(at), Token::LParen));
            if !from.is(select, "SELECT") {
                out.word("SELECT", from.span(at));
                out.put(Token::Mul, from.span(at));
            } else if plain {
                moved.push((at, select, from.until(select + 1, |at| from.clause(at))));
                out.touch();
                at = select;
            }
        }
        out.keep(from, at);
        at += 1;
    }
    out.done()
}

/// `* like 'a%'` is `columns(c -> c like 'a%')`.
pub(super) fn star_filters(from: &Stream) -> Option<Stream> {
    let mut out = Out::default();
    let mut at = 0;
    while at < from.len() {
        let star = *from.token(at) == Token::Mul && !is_operand(from.before(at));
        let negated = usize::from(from.is(at + 1, "NOT"));
        let similar = from.are(at + 1 + negated, &["SIMILAR", "TO"]);
        let operator = at + 1 + negated;
        let filter = similar
            || from.is_any(operator, &["LIKE", "GLOB"])
            || (negated > 0 && from.is(operator, "ILIKE"))
            || is_like_sign(from.token(operator));
        if !(star && filter) {
            out.keep(from, at);
            at += 1;
            continue;
        }
        let (place, end) =
            (from.span(at), from.until(operator, |at| *from.token(at) == Token::Comma || from.clause(at)));
        out.word("columns", place);
        out.put(Token::LParen, place);
        out.word("c", place);
        out.put(Token::Arrow, place);
        // `~~~` is GLOB, two tokens for the tokenizer, and the parser has no such operator.
        let sign = *from.token(operator) == Token::DoubleTilde && *from.token(operator + 1) == Token::Tilde;
        if sign || from.is(operator, "GLOB") {
            out.word(if negated > 0 { "not_glob" } else { "glob" }, from.span(operator));
            out.put(Token::LParen, place);
            out.word("c", place);
            out.put(Token::Comma, place);
            out.keep_all(from, operator + 1 + usize::from(sign), end);
            out.put(Token::RParen, place);
        } else {
            out.word("c", place);
            out.keep_all(from, at + 1, end);
        }
        out.put(Token::RParen, place);
        at = end;
    }
    out.done()
}

/// `coalesce(*columns(...))`: all the columns as arguments of one call.
pub(super) fn unpacked_columns(from: &Stream) -> Option<Stream> {
    let mut out = Out::default();
    let mut close = Vec::new();
    for at in 0..from.len() {
        let list = (*from.token(at) == Token::Mul && from.is(at + 1, "COLUMNS") && !is_operand(from.before(at)))
            .then(|| from.closing(at + 2))
            .flatten();
        match list {
            Some(end) => {
                out.word("unpack", from.span(at));
                out.put(Token::LParen, from.span(at));
                close.push(end);
            }
            None => out.keep(from, at),
        }
        while close.pop_if(|end| *end == at).is_some() {
            out.put(Token::RParen, from.span(at));
        }
    }
    out.done()
}

/// `option (merge join)` at the end says how to run a query, not what it gives.
pub(super) fn options(from: &Stream) -> Option<Stream> {
    let mut out = Out::default();
    let mut at = 0;
    while at < from.len() {
        let end = from.closing(at + 1).filter(|_| from.is(at, "OPTION") && *from.token(at + 1) == Token::LParen);
        let last = |end: &usize| matches!(from.token(*end + 1), Token::EOF | Token::SemiColon | Token::RParen);
        match end.filter(|end| last(end) && !from.has_query(at, *end)) {
            Some(end) => {
                out.touch();
                at = end + 1;
            }
            None => {
                out.keep(from, at);
                at += 1;
            }
        }
    }
    out.done()
}

fn is_like_sign(token: &Token) -> bool {
    matches!(
        token,
        Token::DoubleTilde
            | Token::DoubleTildeAsterisk
            | Token::ExclamationMarkDoubleTilde
            | Token::ExclamationMarkDoubleTildeAsterisk
    )
}

/// `limit 10%` is `limit percent(10)`.
pub(super) fn limit_percent(from: &Stream) -> Option<Stream> {
    let mut out = Out::default();
    let mut at = 0;
    while at < from.len() {
        let percent = *from.token(at + 1) == Token::Mod || from.is(at + 1, "PERCENT");
        if is(from.before(at), "LIMIT") && percent && matches!(from.token(at), Token::Number(..)) {
            let place = from.span(at);
            out.word("percent", place);
            out.put(Token::LParen, place);
            out.keep(from, at);
            out.put(Token::RParen, place);
            at += 2;
        } else {
            out.keep(from, at);
            at += 1;
        }
    }
    out.done()
}

/// `${catalog}` of a notebook or pipeline is a name like another.
pub(super) fn variables(from: &Stream) -> Option<Stream> {
    let mut out = Out::default();
    let mut at = 0;
    while at < from.len() {
        let dollar = match from.token(at) {
            Token::Placeholder(name) => name == "$",
            Token::Char('$') => true,
            _ => false,
        };
        let close = (dollar && *from.token(at + 1) == Token::LBrace).then(|| from.closing(at + 1)).flatten();
        match (close, from.token(at + 2)) {
            (Some(close), Token::Word(name)) if close == at + 3 => {
                let mut span = from.span(at);
                span.end = from.span(close).end;
                let value = format!("${{{}}}", name.value);
                out.put(Token::Word(Word { value, quote_style: None, keyword: Keyword::NoKeyword }), span);
                at = close + 1;
            }
            _ => {
                out.keep(from, at);
                at += 1;
            }
        }
    }
    out.done()
}
