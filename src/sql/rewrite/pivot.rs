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

/// Columns turned into columns, over all the others or those of GROUP BY.
fn simple_pivot(from: &Stream, parts: &Parts, out: &mut Out, place: Span) -> bool {
    let on = items(from, parts.on);
    let list = |(first, end): &(usize, usize)| {
        from.is(first + 1, "IN") && *from.token(first + 2) == Token::LParen && from.closing(first + 2) == Some(end - 1)
    };
    let plain = |(first, end): &(usize, usize)| matches!(from.token(*first), Token::Word(_)) && end - first == 1;
    let column = |item: &(usize, usize)| matches!(from.token(item.0), Token::Word(_)) && (plain(item) || list(item));
    let calls = items(from, parts.using);
    let call = |(start, end): &(usize, usize)| {
        let close = from.closing(start + 1).filter(|_| *from.token(start + 1) == Token::LParen);
        matches!(from.token(*start), Token::Word(_))
            && close.is_some_and(|close| close + 1 == *end || (from.is(close + 1, "AS") && close + 3 == *end))
    };
    let groups = items(from, parts.group);
    let known = !on.is_empty() && on.iter().all(column) && calls.iter().all(call) && groups.iter().all(plain);
    // The lists of several columns are left out.
    if !known || calls.is_empty() || (on.len() > 1 && from.has_query(parts.on.0, parts.on.1)) {
        return false;
    }
    out.keep_all(from, parts.source.0, parts.source.1);
    out.word("PIVOT", place);
    out.put(Token::LParen, place);
    out.keep_all(from, parts.using.0, parts.using.1);
    if !groups.is_empty() {
        grouped(from, parts.group, place, out);
    }
    out.word("FOR", place);
    match on.as_slice() {
        [only] if list(only) => out.keep_all(from, only.0, only.1),
        several => {
            // How the values of several columns go together is in the data.
            out.put(Token::LParen, place);
            for (n, (column, _)) in several.iter().enumerate() {
                if n > 0 {
                    out.put(Token::Comma, place);
                }
                out.keep(from, *column);
            }
            out.put(Token::RParen, place);
            out.word("IN", place);
            out.put(Token::LParen, place);
            out.word("ANY", place);
            out.put(Token::RParen, place);
        }
    }
    out.put(Token::RParen, place);
    true
}

/// The columns of GROUP BY, as one more aggregate.
fn grouped(from: &Stream, (start, end): (usize, usize), place: Span, out: &mut Out) {
    out.put(Token::Comma, place);
    out.put(super::marker(super::MARK_GROUPS), place);
    out.put(Token::LParen, place);
    out.keep_all(from, start, end);
    out.put(Token::RParen, place);
}

/// `pivot (sum(x) for c in (...) group by g)`
pub(super) fn groups(from: &Stream) -> Option<Stream> {
    let mut out = Out::default();
    // Where FOR stands, the list of GROUP BY, and the bracket that closes.
    let mut open: Vec<(usize, (usize, usize), usize)> = Vec::new();
    let mut at = 0;
    while at < from.len() {
        if let Some((_, list, _)) = open.last().filter(|one| one.0 == at) {
            grouped(from, *list, from.span(at), &mut out);
        }
        if let Some((_, _, close)) = open.pop_if(|one| one.1.0 == at + 2) {
            at = close;
        }
        let close =
            (from.is(at, "PIVOT") && *from.token(at + 1) == Token::LParen).then(|| from.closing(at + 1)).flatten();
        if let Some(close) = close {
            let column = from.until(at + 2, |at| from.is(at, "FOR"));
            let group = from.until(column, |at| from.are(at, &["GROUP", "BY"]));
            if column < group && group < close {
                open.push((column, (group + 2, close), close));
            }
        }
        out.keep(from, at);
        at += 1;
    }
    out.done()
}

/// Columns turned into rows.
fn simple_unpivot(from: &Stream, parts: &Parts, out: &mut Out) -> bool {
    let (start, end) = parts.using;
    // `name n value v, w`
    let named = end > start + 3 && from.is(start, "NAME") && from.is(start + 2, "VALUE");
    let values = if named { items(from, (start + 3, end)) } else { Vec::new() };
    let columns = items(from, parts.on);
    let word = |(start, end): &(usize, usize)| end - start == 1 && matches!(from.token(*start), Token::Word(_));
    let column = |&(start, end): &(usize, usize)| {
        let end = if end > start + 2 && from.is(end - 2, "AS") { end - 2 } else { end };
        let open = start + usize::from(from.is(start, "COLUMNS"));
        // A query in there would no longer be seen.
        !from.has_query(start, end)
            && (word(&(start, end)) || (*from.token(open) == Token::LParen && from.closing(open) == Some(end - 1)))
    };
    let known = (named || start == end) && values.iter().all(word) && parts.group.0 == parts.group.1;
    if !known || columns.is_empty() || !columns.iter().all(column) {
        return false;
    }
    let place = from.span(parts.on.0);
    out.keep_all(from, parts.source.0, parts.source.1);
    out.word("UNPIVOT", place);
    out.put(Token::LParen, place);
    match values.as_slice() {
        [] => out.word("value", place),
        [(only, _)] => out.keep(from, *only),
        _ => {
            out.put(Token::LParen, place);
            out.keep_all(from, start + 3, end);
            out.put(Token::RParen, place);
        }
    }
    out.word("FOR", place);
    if named {
        out.keep(from, start + 1);
    } else {
        out.word("name", place);
    }
    out.word("IN", place);
    out.put(Token::LParen, place);
    out.keep_all(from, parts.on.0, parts.on.1);
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
