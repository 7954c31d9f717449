//! DuckDB's samples: `tablesample reservoir(20%)`, `using sample 10 percent (bernoulli)`.

use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::stream::{Out, Stream, text_of};

/// A sample as written.
struct Sample {
    method: Option<TokenWithSpan>,
    count: TokenWithSpan,
    percent: bool,
    seed: Option<TokenWithSpan>,
    end: usize,
}

/// `tablesample <sample>` in the order that the grammar knows.
pub(super) fn table_samples(from: &Stream) -> Option<Stream> {
    let mut out = Out::default();
    let mut at = 0;
    while at < from.len() {
        out.keep(from, at);
        at += 1;
        if !from.is(at - 1, "TABLESAMPLE") {
            continue;
        }
        let Some(sample) = sample(from, at) else { continue };
        let place = sample.count.span;
        if let Some(method) = &sample.method {
            // The grammar has no word for a reservoir; ROW is what it comes nearest to.
            let reservoir = method.token.to_string().eq_ignore_ascii_case("reservoir");
            let word = if reservoir { Token::make_keyword("ROW") } else { method.token.clone() };
            out.put(word, method.span);
        }
        out.put(Token::LParen, place);
        out.put(sample.count.token, place);
        out.word(if sample.percent { "PERCENT" } else { "ROWS" }, place);
        out.put(Token::RParen, place);
        if let Some(seed) = sample.seed {
            out.word("REPEATABLE", seed.span);
            out.put(Token::LParen, seed.span);
            out.put(seed.token, seed.span);
            out.put(Token::RParen, seed.span);
        }
        at = sample.end;
    }
    out.done()
}

/// `using sample ...` thins the rows of the whole select: a condition that no two readings answer alike.
pub(super) fn query_samples(from: &Stream) -> Option<Stream> {
    // For each level of brackets where the condition would go, once ORDER BY or LIMIT came.
    let mut tails: Vec<(Option<usize>, bool)> = vec![(None, false)];
    let mut inserts: Vec<(usize, usize, Sample)> = Vec::new();
    for at in 0..from.len() {
        let inner = tails.len() > 1;
        let Some(level) = tails.last_mut() else { break };
        match from.token(at) {
            Token::LParen | Token::LBracket | Token::LBrace => tails.push((None, false)),
            Token::RParen | Token::RBracket | Token::RBrace if inner => {
                tails.pop();
            }
            _ if from.is_any(at, &["SELECT", "UNION", "EXCEPT", "INTERSECT"]) => *level = (None, false),
            _ if from.is(at, "QUALIFY") => level.1 = true,
            _ if from.is_any(at, &["ORDER", "LIMIT", "OFFSET"]) => {
                level.0.get_or_insert(at);
            }
            _ if from.are(at, &["USING", "SAMPLE"]) => {
                // Beside a condition on windows there is no place for it.
                if let Some(sample) = sample(from, at + 2).filter(|_| !level.1) {
                    inserts.push((level.0.unwrap_or(at), at, sample));
                }
            }
            _ => {}
        }
    }
    if inserts.is_empty() {
        return None;
    }
    inserts.sort_by_key(|one| one.0);
    let mut out = Out::default();
    let mut skip: std::collections::BTreeMap<usize, usize> =
        inserts.iter().map(|(_, at, sample)| (*at, sample.end)).collect();
    let mut inserts = inserts.into_iter().peekable();
    let mut at = 0;
    while at < from.len() {
        while let Some((_, written, sample)) = inserts.next_if(|one| one.0 == at) {
            condition(&mut out, from, written, &sample);
        }
        match skip.remove(&at) {
            Some(end) => at = end.max(at + 1),
            None => {
                out.keep(from, at);
                at += 1;
            }
        }
    }
    out.done()
}

/// `qualify using_sample(random(), '10 %')`
fn condition(out: &mut Out, from: &Stream, written: usize, sample: &Sample) {
    let place = from.span(written + 1);
    out.word("QUALIFY", from.span(written));
    out.word("using_sample", place);
    out.put(Token::LParen, place);
    out.word("random", place);
    out.put(Token::LParen, place);
    out.put(Token::RParen, place);
    out.put(Token::Comma, place);
    out.put(Token::SingleQuotedString(text_of(from.range(written + 2, sample.end))), sample.count.span);
    out.put(Token::RParen, place);
}

/// `10%`, `10 percent (bernoulli, 3)`, `reservoir(50 rows) repeatable (100)`.
fn sample(from: &Stream, start: usize) -> Option<Sample> {
    let mut at = start;
    let mut method = None;
    if matches!(from.token(at), Token::Word(_)) {
        method = from.range(at, at + 1).first().cloned();
        at += 1;
    }
    let bracket = *from.token(at) == Token::LParen;
    at += usize::from(bracket);
    let count = from.range(at, at + 1).first().filter(|one| matches!(one.token, Token::Number(..)))?.clone();
    at += 1;
    let percent = *from.token(at) == Token::Mod || from.is(at, "PERCENT");
    at += usize::from(percent || from.is(at, "ROWS"));
    if bracket {
        if *from.token(at) != Token::RParen {
            return None;
        }
        at += 1;
    }
    let mut seed = None;
    if from.is(at, "REPEATABLE") && *from.token(at + 3) == Token::RParen {
        seed = from.range(at + 2, at + 3).first().cloned();
        at += 4;
    } else if method.is_none() && *from.token(at) == Token::LParen && matches!(from.token(at + 1), Token::Word(_)) {
        method = from.range(at + 1, at + 2).first().cloned();
        if *from.token(at + 2) == Token::Comma {
            seed = from.range(at + 3, at + 4).first().cloned();
        }
        let words = if seed.is_some() { 4 } else { 2 };
        if *from.token(at + words) != Token::RParen {
            return None;
        }
        at += words + 1;
    }
    Some(Sample { method, count, percent, seed, end: at })
}
