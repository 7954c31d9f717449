//! Set operations that match columns by name: what the grammar has no words for goes into a mark on the second operand.

use sqlparser::tokenizer::{Span, Token};

use super::stream::{Out, Stream};

/// An operator in the tokens, and what it says about columns.
struct Operator {
    /// Where UNION, INTERSECT or EXCEPT stands, behind FULL, LEFT or INNER.
    word: usize,
    /// Behind ALL or DISTINCT.
    quantified: usize,
    /// Behind the whole operator.
    end: usize,
    mark: Option<&'static str>,
    /// Tokens of the list of columns.
    list: Option<(usize, usize)>,
}

/// `a left union all by name on (x) b` is `a union all by name (with <mark>(x) as (select 1) b)`.
pub(super) fn variants(from: &Stream) -> Option<Stream> {
    let mut out = Out::default();
    // Operands whose bracket is still to close.
    let mut closes: Vec<usize> = Vec::new();
    let mut at = 0;
    while at <= from.len() {
        while closes.pop_if(|end| *end == at).is_some() {
            out.put(Token::RParen, from.span(at));
        }
        if at == from.len() {
            break;
        }
        let Some(found) = operator(from, at) else {
            out.keep(from, at);
            at += 1;
            continue;
        };
        let place = from.span(found.word);
        out.keep_all(from, found.word, found.quantified);
        out.word("BY", place);
        out.word("NAME", place);
        if found.mark.is_some() || found.list.is_some() {
            open_operand(from, &found, place, &mut out);
            closes.push(operand_end(from, found.end));
        }
        at = found.end;
    }
    out.done()
}

fn operator(from: &Stream, at: usize) -> Option<Operator> {
    let mode = from.is_any(at, &["FULL", "LEFT", "INNER"]);
    let outer = mode && from.is(at + 1, "OUTER");
    let word = at + usize::from(mode) + usize::from(outer);
    if !from.is_any(word, &["UNION", "INTERSECT", "EXCEPT"]) {
        return None;
    }
    let quantified = word + 1 + usize::from(from.is_any(word + 1, &["ALL", "DISTINCT"]));
    let strict = from.is(quantified, "STRICT");
    let kind = quantified + usize::from(strict);
    let (corresponding, behind) = match () {
        () if from.is(kind, "CORRESPONDING") => (true, kind + 1),
        () if from.are(kind, &["BY", "NAME"]) => (false, kind + 2),
        () => return None,
    };
    let list = from.is(behind, if corresponding { "BY" } else { "ON" }) && *from.token(behind + 1) == Token::LParen;
    let close = list.then(|| from.closing(behind + 1)).flatten();
    if !(mode || strict || corresponding || close.is_some()) {
        return None;
    }
    let mark = match () {
        () if from.is(at, "FULL") => None,
        () if from.is(at, "LEFT") => Some(super::MARK_LEFT_COLUMNS),
        () if from.is(at, "INNER") => Some(super::MARK_COMMON_COLUMNS),
        () if corresponding && !strict && close.is_none() => Some(super::MARK_COMMON_COLUMNS),
        () => None,
    };
    let end = close.map_or(behind, |close| close + 1);
    Some(Operator { word, quantified, end, mark, list: close.map(|close| (behind + 2, close)) })
}

fn open_operand(from: &Stream, found: &Operator, place: Span, out: &mut Out) {
    out.put(Token::LParen, place);
    out.word("WITH", place);
    out.put(super::marker(found.mark.unwrap_or(super::MARK_LISTED_COLUMNS)), place);
    if let Some((start, end)) = found.list {
        out.put(Token::LParen, place);
        out.keep_all(from, start, end);
        out.put(Token::RParen, place);
    }
    out.word("AS", place);
    out.put(Token::LParen, place);
    out.word("SELECT", place);
    out.put(Token::Number("1".to_owned(), false), place);
    out.put(Token::RParen, place);
}

/// Where the operand ends that begins at `at`.
fn operand_end(from: &Stream, at: usize) -> usize {
    from.until(at, |at| {
        let set = |at: usize| from.is_any(at, &["UNION", "INTERSECT", "EXCEPT"]);
        let prefixed =
            from.is_any(at, &["FULL", "LEFT", "INNER"]) && (set(at + 1) || (from.is(at + 1, "OUTER") && set(at + 2)));
        // `* except (a)` is no operator.
        let except = from.is(at, "EXCEPT") && *from.token(at + 1) == Token::LParen;
        (set(at) && !except) || prefixed || from.is_any(at, &["ORDER", "LIMIT"])
    })
}
