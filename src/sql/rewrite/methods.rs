//! DuckDB's dotted calls: `x.lower().replace('a', 'b')` is `replace(lower(x), 'a', 'b')`.

use std::collections::BTreeMap;

use sqlparser::tokenizer::Token;

use super::stream::{Out, Stream};

/// Schemas whose functions are called with their name.
const SCHEMAS: &[&str] = &["MAIN", "SYSTEM", "PG_CATALOG", "INFORMATION_SCHEMA"];

pub(super) fn calls(from: &Stream) -> Option<Stream> {
    // Where what a dotted call is called on begins, by the bracket that closes the call.
    let mut bases: BTreeMap<usize, usize> = BTreeMap::new();
    // The calls to open before a token, innermost first, by their dots.
    let mut opens: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for dot in 1..from.len() {
        let call = *from.token(dot) == Token::Period
            && matches!(from.token(dot + 1), Token::Word(_))
            && *from.token(dot + 2) == Token::LParen;
        let Some(close) = call.then(|| from.closing(dot + 2)).flatten() else { continue };
        if let Some(start) = base(from, dot, close, &bases) {
            bases.insert(close, start);
            opens.entry(start).or_default().push(dot);
        }
    }
    if opens.is_empty() {
        return None;
    }
    let dots: std::collections::BTreeSet<usize> = opens.values().flatten().copied().collect();
    let mut out = Out::default();
    let mut at = 0;
    while at < from.len() {
        for dot in opens.remove(&at).into_iter().flatten().rev() {
            out.keep(from, dot + 1);
            out.put(Token::LParen, from.span(dot + 2));
        }
        if dots.contains(&at) {
            if from.closing(at + 2) != Some(at + 3) {
                out.put(Token::Comma, from.span(at));
            }
            at += 3;
        } else {
            out.keep(from, at);
            at += 1;
        }
    }
    out.done()
}

/// Where the expression before the dot begins; `None` when it may be a schema.
fn base(from: &Stream, dot: usize, close: usize, bases: &BTreeMap<usize, usize>) -> Option<usize> {
    match from.token(dot - 1) {
        Token::SingleQuotedString(_) => Some(dot - 1),
        // A function of a schema has arguments as a rule.
        Token::Word(_) if close == dot + 3 => {
            let start = path(from, dot - 1);
            (!from.is_any(start, SCHEMAS)).then_some(start)
        }
        Token::RParen | Token::RBracket => {
            if let Some(start) = bases.get(&(dot - 1)) {
                return Some(*start);
            }
            let open = from.opening(dot - 1)?;
            let named = open > 0 && matches!(from.token(open - 1), Token::Word(_)) && !reserved(from, open - 1);
            Some(if named { path(from, open - 1) } else { open })
        }
        _ => None,
    }
}

fn reserved(from: &Stream, at: usize) -> bool {
    from.is_any(
        at,
        &[
            "SELECT", "DISTINCT", "WHERE", "AND", "OR", "NOT", "ON", "BY", "HAVING", "WHEN", "THEN", "ELSE", "IN",
            "FROM", "JOIN", "CASE", "LIKE", "BETWEEN", "QUALIFY", "IS",
        ],
    )
}

/// Where the dotted name begins that ends at `at`.
fn path(from: &Stream, mut at: usize) -> usize {
    while at >= 2 && *from.token(at - 1) == Token::Period && matches!(from.token(at - 2), Token::Word(_)) {
        at -= 2;
    }
    at
}
