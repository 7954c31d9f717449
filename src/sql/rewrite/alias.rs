//! `select total: a + b from o: orders` is `select a + b as total from orders as o`.

use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::stream::{Out, Stream};

#[derive(Clone, Copy, PartialEq)]
enum List {
    Select,
    From,
    No,
}

/// What is open at one level of brackets.
struct Level {
    list: List,
    /// Whether an item may begin here.
    start: bool,
    /// The alias that goes behind the current item.
    alias: Option<TokenWithSpan>,
}

impl Level {
    fn new(list: List) -> Level {
        Level { list, start: list != List::No, alias: None }
    }
}

pub(super) fn prefix_aliases(from: &Stream) -> Option<Stream> {
    let mut out = Out::default();
    let mut levels = vec![Level::new(List::No)];
    let mut at = 0;
    while at < from.len() {
        let inner = levels.len() > 1;
        let Some(level) = levels.last_mut() else { break };
        let token = from.token(at);
        let ends = match level.list {
            List::Select => *token == Token::Comma || from.clause(at),
            List::From => from.ends_relation(at),
            List::No => false,
        };
        if ends || matches!(token, Token::RParen | Token::RBracket | Token::RBrace | Token::SemiColon) {
            flush(level, &mut out);
        }
        if level.start && level.list != List::No && *from.token(at + 1) == Token::Colon && is_name(token) {
            level.alias = from.range(at, at + 1).first().cloned();
            level.start = false;
            at += 2;
            continue;
        }
        match token {
            Token::LParen | Token::LBracket | Token::LBrace => {
                let nested = *token == Token::LParen && level.list == List::From && level.start;
                level.start = false;
                levels.push(Level::new(if nested { List::From } else { List::No }));
            }
            Token::RParen | Token::RBracket | Token::RBrace if inner => {
                levels.pop();
            }
            Token::SemiColon => *level = Level::new(List::No),
            Token::Comma => level.start = level.list != List::No,
            _ if from.is(at, "SELECT") => *level = Level::new(List::Select),
            _ if from.is(at, "FROM") && ends | (level.list == List::No) => *level = Level::new(List::From),
            _ if from.is(at, "JOIN") && level.list == List::From => level.start = true,
            _ if from.clause(at) => *level = Level::new(List::No),
            _ if level.start && level.list == List::Select && from.is_any(at, &["DISTINCT", "ALL"]) => {}
            _ => level.start = false,
        }
        out.keep(from, at);
        at += 1;
    }
    while let Some(mut level) = levels.pop() {
        flush(&mut level, &mut out);
    }
    out.done()
}

fn is_name(token: &Token) -> bool {
    match token {
        Token::Word(word) => word.quote_style.is_none_or(|quote| quote == '"'),
        Token::SingleQuotedString(_) => true,
        _ => false,
    }
}

fn flush(level: &mut Level, out: &mut Out) {
    if let Some(alias) = level.alias.take() {
        out.word("AS", alias.span);
        out.put(alias.token, alias.span);
    }
}
