//! Joins and unions that the grammar writes in another way or not at all.

use sqlparser::tokenizer::Token;

use super::stream::{Out, Stream};

/// `a asof left join b on c` is `a asof join b match_condition (asof_left(c))`; `a positional join b` is
/// `a full join b on positional()`. The made-up functions keep joins apart that give other rows.
pub(super) fn asof_and_positional(from: &Stream) -> Option<Stream> {
    told_apart(from, true)
}

/// The first of these only.
pub(super) fn asof(from: &Stream) -> Option<Stream> {
    told_apart(from, false)
}

fn told_apart(from: &Stream, positional_too: bool) -> Option<Stream> {
    let mut out = Out::default();
    // The kinds of ASOF joins whose condition is still to come, by the level of brackets.
    let mut waiting: Vec<(usize, String, bool)> = Vec::new();
    let mut closes: Vec<usize> = Vec::new();
    let mut depth = 0usize;
    let mut at = 0;
    while at < from.len() {
        while closes.last() == Some(&at) {
            closes.pop();
            out.put(Token::RParen, from.span(at));
            out.put(Token::RParen, from.span(at));
        }
        match from.token(at) {
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.saturating_sub(1),
            _ => {}
        }
        if positional_too && from.are(at, &["POSITIONAL", "JOIN"]) {
            positional(from, &mut at, &mut out);
            continue;
        }
        if from.is(at, "ASOF") {
            let kind = usize::from(from.is_any(at + 1, &["LEFT", "RIGHT", "FULL", "SEMI", "ANTI", "INNER"]));
            let outer = usize::from(from.is(at + 1 + kind, "OUTER"));
            let join = at + 1 + kind + outer;
            // SEMI and ANTI show no columns of the right side, so they stay what they are.
            let half = from.is_any(at + 1, &["SEMI", "ANTI"]);
            let using = half.then(|| from.until(join + 1, |at| from.ends_relation(at)));
            if from.is(join, "JOIN") && !using.is_some_and(|at| from.is(at, "USING")) {
                let word = if kind == 1 { from.token(at + 1).to_string().to_lowercase() } else { "inner".to_owned() };
                waiting.push((depth, format!("asof_{word}"), half));
                out.keep(from, if half { at + 1 } else { at });
                out.keep(from, join);
                at = join + 1;
                continue;
            }
        }
        let condition = from.is_any(at, &["ON", "USING"]) && waiting.last().is_some_and(|one| one.0 == depth);
        if let Some((_, kind, half)) = condition.then(|| waiting.pop()).flatten() {
            let place = from.span(at);
            if half {
                out.keep(from, at);
            } else {
                out.word("MATCH_CONDITION", place);
            }
            out.put(Token::LParen, place);
            out.word(&kind, place);
            out.put(Token::LParen, place);
            if from.is(at, "USING") {
                out.put(Token::RParen, place);
                out.put(Token::RParen, place);
                out.keep(from, at);
            } else {
                closes.push(from.until(at + 1, |at| from.ends_relation(at)));
            }
            at += 1;
            continue;
        }
        out.keep(from, at);
        at += 1;
    }
    for _ in closes {
        out.put(Token::RParen, from.span(from.len()));
        out.put(Token::RParen, from.span(from.len()));
    }
    out.done()
}

fn positional(from: &Stream, at: &mut usize, out: &mut Out) {
    let place = from.span(*at);
    out.word("FULL", place);
    out.keep(from, *at + 1);
    let end = from.until(*at + 2, |at| from.ends_relation(at));
    out.keep_all(from, *at + 2, end);
    out.word("ON", place);
    out.word("positional", place);
    out.put(Token::LParen, place);
    out.put(Token::RParen, place);
    *at = end;
}

/// `directed` only fixes the order in which the tables are read.
pub(super) fn directed(from: &Stream) -> Option<Stream> {
    let mut out = Out::default();
    for at in 0..from.len() {
        if from.are(at, &["DIRECTED", "JOIN"]) {
            out.touch();
        } else {
            out.keep(from, at);
        }
    }
    out.done()
}

/// ClickHouse's `global any left join`: how many matches are taken, which changes rows and never columns. The word goes
/// into the condition (`on any_matches(a = b)`), so that joins are told apart.
pub(super) fn strictness(from: &Stream) -> Option<Stream> {
    const SIDES: &[&str] = &["LEFT", "RIGHT", "INNER", "FULL", "OUTER", "CROSS"];
    let mut out = Out::default();
    let mut word: Option<usize> = None;
    let mut closes: Vec<usize> = Vec::new();
    for at in 0..from.len() {
        while closes.pop_if(|end| *end == at).is_some() {
            out.put(Token::RParen, from.span(at));
        }
        let next = |n: usize| from.is(at + n, "JOIN") || from.is_any(at + n, SIDES);
        let join = (1..=3).any(|n| from.is(at + n, "JOIN") && (1..n).all(next));
        let global = from.is(at, "GLOBAL") && (1..=4).any(|n| from.is(at + n, "JOIN"));
        if global || (join && from.is_any(at, &["ANY", "ALL"])) {
            out.touch();
            // ALL is what a join is without a word.
            word = word.or(from.is(at, "ANY").then_some(at));
            continue;
        }
        out.keep(from, at);
        if from.is(at, "ON")
            && let Some(kind) = word.take()
        {
            out.word("any_matches", from.span(kind));
            out.put(Token::LParen, from.span(kind));
            const ENDS: &[&str] = &["GLOBAL", "ANY", "ALL", "ARRAY", "PREWHERE", "SETTINGS", "FORMAT"];
            closes.push(from.until(at + 1, |at| from.ends_relation(at) || from.is_any(at, ENDS)));
        }
    }
    for _ in closes {
        out.put(Token::RParen, from.span(from.len()));
    }
    out.done()
}

/// ClickHouse's `using a, b` is `using (a, b)`.
pub(super) fn bare_using(from: &Stream) -> Option<Stream> {
    let mut out = Out::default();
    let mut end = None;
    for at in 0..from.len() {
        out.keep(from, at);
        if from.is(at, "USING") && matches!(from.token(at + 1), Token::Word(_)) {
            let mut last = at + 1;
            while *from.token(last + 1) == Token::Comma && matches!(from.token(last + 2), Token::Word(_)) {
                last += 2;
            }
            out.put(Token::LParen, from.span(at));
            end = Some(last);
        } else if end == Some(at) {
            out.put(Token::RParen, from.span(at));
        }
    }
    out.done()
}

/// ClickHouse's `anti left outer join` is `left anti join`.
pub(super) fn half_joins(from: &Stream) -> Option<Stream> {
    let mut out = Out::default();
    let mut at = 0;
    while at < from.len() {
        let half = from.is_any(at, &["SEMI", "ANTI"]);
        let swapped = half && from.is_any(at + 1, &["LEFT", "RIGHT"]);
        let next = at + 1 + usize::from(swapped);
        let outer = usize::from(from.is(next, "OUTER"));
        if !(half && from.is(next + outer, "JOIN") && (swapped || outer > 0)) {
            out.keep(from, at);
            at += 1;
            continue;
        }
        out.touch();
        if swapped {
            out.keep(from, at + 1);
        }
        out.keep(from, at);
        at = next + outer;
    }
    out.done()
}
