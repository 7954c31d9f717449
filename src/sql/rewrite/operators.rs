//! Operators and window frames that the grammar lacks.

use std::collections::BTreeMap;

use sqlparser::tokenizer::Token;

use super::misc::is_operand;
use super::stream::{Out, Stream};

/// SQLite's `a is b` is `a is not distinct from b`, for any two expressions.
pub(super) fn is_expression(from: &Stream) -> Option<Stream> {
    const TESTS: &[&str] = &["NULL", "TRUE", "FALSE", "DISTINCT", "UNKNOWN", "JSON", "NFC", "NFD", "NFKC", "NFKD"];
    let mut out = Out::default();
    let mut at = 0;
    while at < from.len() {
        out.keep(from, at);
        at += 1;
        if !from.is(at - 1, "IS") {
            continue;
        }
        let negated = from.is(at, "NOT");
        let next = at + usize::from(negated);
        let operand = is_operand(from.token(next)) || matches!(from.token(next), Token::LParen | Token::Minus);
        if !operand || from.is_any(next, TESTS) || from.is(next + 1, "NORMALIZED") {
            continue;
        }
        let place = from.span(at - 1);
        if !negated {
            out.word("NOT", place);
        }
        out.word("DISTINCT", place);
        out.word("FROM", place);
        at = next;
    }
    out.done()
}

/// MySQL's `a mod b` is `a % b`.
pub(super) fn modulo(from: &Stream) -> Option<Stream> {
    let mut out = Out::default();
    for at in 0..from.len() {
        let right = match from.token(at + 1) {
            Token::Word(_) => is_operand(from.token(at + 1)) && !from.clause(at + 1),
            other => is_operand(other) && *other != Token::RParen,
        };
        if from.is(at, "MOD") && at > 0 && is_operand(from.before(at)) && right {
            out.put(Token::Mod, from.span(at));
        } else {
            out.keep(from, at);
        }
    }
    out.done()
}

/// `between symmetric a and b` is `between symmetric(a) and b`: the made-up function keeps it apart.
pub(super) fn symmetric(from: &Stream) -> Option<Stream> {
    let mut out = Out::default();
    let mut close = None;
    for at in 0..from.len() {
        if close == Some(at) {
            out.put(Token::RParen, from.span(at));
        }
        out.keep(from, at);
        // One at a time: within its first bound there is no other.
        let free = close.is_none_or(|close| at >= close);
        if free && at > 0 && from.are(at - 1, &["BETWEEN", "SYMMETRIC"]) {
            out.put(Token::LParen, from.span(at));
            close = Some(from.until(at + 1, |at| from.is(at, "AND")));
        }
    }
    if close == Some(from.len()) {
        out.put(Token::RParen, from.span(from.len()));
    }
    out.done()
}

/// `rows between a and b following exclude ties` is `rows between a and exclude_ties(b) following`.
pub(super) fn frame_exclusions(from: &Stream) -> Option<Stream> {
    // Bounds with their exclusions: where one begins, where its last word stands, and what is left out.
    let mut bounds: BTreeMap<usize, (usize, &str)> = BTreeMap::new();
    for at in 1..from.len() {
        if let Some(what) = exclusion(from, at)
            && let Some(start) = bound(from, at)
        {
            bounds.insert(start, (at, what));
        }
    }
    if bounds.is_empty() {
        return None;
    }
    let mut out = Out::default();
    let mut at = 0;
    while at < from.len() {
        let Some(&(end, what)) = bounds.get(&at) else {
            out.keep(from, at);
            at += 1;
            continue;
        };
        let place = from.span(end);
        let last = end - 1;
        out.word(what, place);
        out.put(Token::LParen, place);
        let one_word = at + 1 == last;
        match (one_word && from.is(at, "CURRENT"), one_word && from.is(at, "UNBOUNDED")) {
            (true, _) => out.put(Token::Number("0".to_owned(), false), place),
            (_, true) => out.put(Token::SingleQuotedString("unbounded".to_owned()), place),
            _ => out.keep_all(from, at, last),
        }
        out.put(Token::RParen, place);
        if from.is(last, "ROW") {
            out.word("FOLLOWING", place);
        } else {
            out.keep(from, last);
        }
        at = from.until(end, |at| *from.token(at) == Token::RParen);
    }
    out.done()
}

/// What the frame leaves out, when its EXCLUDE stands at `at`.
fn exclusion(from: &Stream, at: usize) -> Option<&'static str> {
    let ends = |words: usize| *from.token(at + 1 + words) == Token::RParen;
    let behind_bound = from.is_any(at - 1, &["PRECEDING", "FOLLOWING", "ROW"]);
    if !from.is(at, "EXCLUDE") || !behind_bound {
        return None;
    }
    match () {
        () if from.are(at + 1, &["CURRENT", "ROW"]) && ends(2) => Some("exclude_current_row"),
        () if from.is(at + 1, "TIES") && ends(1) => Some("exclude_ties"),
        () if from.is(at + 1, "GROUP") && ends(1) => Some("exclude_group"),
        () if from.are(at + 1, &["NO", "OTHERS"]) && ends(2) => Some("exclude_no_others"),
        () => None,
    }
}

/// Where the last bound of the frame begins that ends before `end`.
fn bound(from: &Stream, end: usize) -> Option<usize> {
    const LONGEST: usize = 200;
    let mut at = end;
    let least = end.saturating_sub(LONGEST);
    while at > least {
        at -= 1;
        match from.token(at) {
            Token::RParen | Token::RBracket => at = from.opening(at)?,
            Token::LParen | Token::LBracket => return None,
            _ if from.is_any(at, &["AND", "ROWS", "RANGE", "GROUPS"]) => {
                return Some(at + 1).filter(|at| *at < end - 1);
            }
            _ => {}
        }
    }
    None
}

/// Redshift's `approximate count(distinct x)`.
pub(super) fn approximate(from: &Stream) -> Option<Stream> {
    let mut out = Out::default();
    let mut at = 0;
    while at < from.len() {
        let call = from.is_any(at + 1, &["COUNT", "PERCENTILE_DISC"]) && *from.token(at + 2) == Token::LParen;
        if from.is(at, "APPROXIMATE") && call {
            let name = format!("approx_{}", from.token(at + 1).to_string().to_lowercase());
            out.word(&name, from.span(at + 1));
            at += 2;
        } else {
            out.keep(from, at);
            at += 1;
        }
    }
    out.done()
}
