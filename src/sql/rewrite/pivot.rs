//! DuckDB's PIVOT and UNPIVOT statements, which may stand wherever a query may.

use sqlparser::tokenizer::{Span, Token};

use super::stream::{Out, Stream, text_of};

/// The parts of a statement: token ranges of its source, its ON list, its USING (or INTO) list and its GROUP BY list.
struct Parts {
    source: (usize, usize),
    on: (usize, usize),
    using: (usize, usize),
    group: (usize, usize),
    end: usize,
}

/// `pivot t on c using sum(x)` is `select * from t pivot (sum(x) for c in (any))`, `unpivot t on a, b into name n value v`
/// is `select * from t unpivot (v for n in (a, b))`. What no such form says is a function of the rows that it reads,
/// whose columns nobody knows.
pub(super) fn statements(from: &Stream) -> Option<Stream> {
    let mut out = Out::default();
    let mut at = 0;
    while at < from.len() {
        let starts = at == 0 || matches!(from.before(at), Token::LParen | Token::SemiColon);
        let body = after_ctes(from, at);
        if !(from.is_any(at, &["PIVOT", "PIVOT_WIDER", "UNPIVOT"]) && (starts || body)) {
            out.keep(from, at);
            at += 1;
            continue;
        }
        let unpivot = from.is(at, "UNPIVOT");
        let parts = parts(from, at, unpivot);
        let place = from.span(at);
        out.word("SELECT", place);
        out.put(Token::Mul, place);
        out.word("FROM", place);
        let written =
            if unpivot { simple_unpivot(from, &parts, &mut out) } else { simple_pivot(from, &parts, &mut out, place) };
        if !written && from.has_query(parts.source.1, parts.end) {
            // A query within the lists would no longer be seen.
            return None;
        }
        if !written {
            opaque(from, &parts, &mut out, place, unpivot);
        }
        at = parts.end.max(at + 1);
    }
    out.done()
}

/// `with a as (...) pivot ...`
fn after_ctes(from: &Stream, at: usize) -> bool {
    *from.before(at) == Token::RParen && from.is_any(at, &["PIVOT", "UNPIVOT"]) && *from.token(at + 1) != Token::LParen
}

fn parts(from: &Stream, start: usize, unpivot: bool) -> Parts {
    let tail = |at: usize| from.is_any(at, &["ORDER", "LIMIT", "OFFSET", "UNION", "EXCEPT", "INTERSECT"]);
    let second = if unpivot { "INTO" } else { "USING" };
    let stop = |at: usize| tail(at) || from.is_any(at, &[second, "GROUP"]);
    let source = (start + 1, from.until(start + 1, |at| stop(at) || from.is(at, "ON")));
    let mut end = source.1;
    let mut section = |starts: bool, words: usize| {
        let first = end + words;
        if !starts {
            return (end, end);
        }
        end = from.until(first, stop);
        (first, end)
    };
    let on = section(from.is(source.1, "ON"), 1);
    let using = section(from.is(on.1, second), 1);
    let group = section(from.is(using.1, "GROUP"), 2);
    let last = group.1;
    Parts { source, on, using, group, end: last }
}

/// The ranges between the commas of a list, brackets passed over.
fn items(from: &Stream, (start, end): (usize, usize)) -> Vec<(usize, usize)> {
    let mut all = Vec::new();
    let mut at = start;
    while at < end {
        let stop = from.until(at, |at| *from.token(at) == Token::Comma).min(end);
        if stop > at {
            all.push((at, stop));
        }
        at = stop + 1;
    }
    all
}

/// One column turned into columns, over all the others.
fn simple_pivot(from: &Stream, parts: &Parts, out: &mut Out, place: Span) -> bool {
    let on = items(from, parts.on);
    let [(first, end)] = on.as_slice() else { return false };
    let list =
        from.is(first + 1, "IN") && *from.token(first + 2) == Token::LParen && from.closing(first + 2) == Some(end - 1);
    let column = matches!(from.token(*first), Token::Word(_)) && (end - first == 1 || list);
    let calls = items(from, parts.using);
    let call = |(start, end): &(usize, usize)| {
        let close = from.closing(start + 1).filter(|_| *from.token(start + 1) == Token::LParen);
        matches!(from.token(*start), Token::Word(_))
            && close.is_some_and(|close| close + 1 == *end || (from.is(close + 1, "AS") && close + 3 == *end))
    };
    if !column || calls.is_empty() || !calls.iter().all(call) || parts.group.0 != parts.group.1 {
        return false;
    }
    out.keep_all(from, parts.source.0, parts.source.1);
    out.word("PIVOT", place);
    out.put(Token::LParen, place);
    out.keep_all(from, parts.using.0, parts.using.1);
    out.word("FOR", place);
    out.keep(from, *first);
    if list {
        out.keep_all(from, first + 1, *end);
    } else {
        out.word("IN", place);
        out.put(Token::LParen, place);
        out.word("ANY", place);
        out.put(Token::RParen, place);
    }
    out.put(Token::RParen, place);
    true
}

/// Plain columns turned into rows.
fn simple_unpivot(from: &Stream, parts: &Parts, out: &mut Out) -> bool {
    let (start, end) = parts.using;
    // `name n value v`
    let names = end - start == 4 && from.is(start, "NAME") && from.is(start + 2, "VALUE");
    let columns = items(from, parts.on);
    let plain = |(start, end): &(usize, usize)| end - start == 1 && matches!(from.token(*start), Token::Word(_));
    if !names || columns.is_empty() || !columns.iter().all(plain) {
        return false;
    }
    let place = from.span(start);
    out.keep_all(from, parts.source.0, parts.source.1);
    out.word("UNPIVOT", place);
    out.put(Token::LParen, place);
    out.keep(from, start + 3);
    out.word("FOR", place);
    out.keep(from, start + 1);
    out.word("IN", place);
    out.put(Token::LParen, place);
    for (n, (column, _)) in columns.iter().enumerate() {
        if n > 0 {
            out.put(Token::Comma, place);
        }
        out.keep(from, *column);
    }
    out.put(Token::RParen, place);
    out.put(Token::RParen, place);
    true
}

/// `pivoted_rows((select columns_read(<what is read>) from t), '<as written>')`
fn opaque(from: &Stream, parts: &Parts, out: &mut Out, place: Span, unpivot: bool) {
    out.word(if unpivot { "unpivoted_rows" } else { "pivoted_rows" }, place);
    out.put(Token::LParen, place);
    out.put(Token::LParen, place);
    out.word("SELECT", place);
    let lists = if unpivot { &[parts.on][..] } else { &[parts.on, parts.using, parts.group][..] };
    let read: Vec<_> = lists.iter().flat_map(|list| items(from, *list)).collect();
    // Lists of columns and aliases are no expressions: what they read stays unknown.
    let plain = |(start, end): &(usize, usize)| {
        !from.is(*start, "COLUMNS") && from.until(*start, |at| at >= *end || from.is(at, "AS")) >= *end
    };
    if !read.is_empty() && (!unpivot || read.iter().all(plain)) {
        out.word("columns_read", place);
        out.put(Token::LParen, place);
        for (n, (start, end)) in read.iter().enumerate() {
            if n > 0 {
                out.put(Token::Comma, place);
            }
            // `c in (1, 2)` names the columns to come, as an alias does.
            let rest = from.until(*start, |at| at >= *end || from.is_any(at, &["IN", "AS"])).min(*end);
            out.keep_all(from, *start, rest);
        }
        out.put(Token::RParen, place);
    } else {
        out.put(Token::Mul, place);
    }
    out.word("FROM", place);
    out.keep_all(from, parts.source.0, parts.source.1);
    out.put(Token::RParen, place);
    out.put(Token::Comma, place);
    out.put(Token::SingleQuotedString(text_of(from.range(parts.source.1, parts.end))), place);
    out.put(Token::RParen, place);
}
