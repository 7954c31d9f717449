//! Whether two texts say the same, token by token.

use sqlparser::tokenizer::{Token, Whitespace};

use super::Dialect;
use super::parse::{on_big_stack, tokens};

/// Whether the token streams are equal, whitespace and comments aside. Hints (`/*+ ... */`, `--+ ...`) count as text.
/// Texts that do not tokenise are compared exactly, trimmed.
pub fn same_text(a: &str, b: &str, dialect: Dialect) -> bool {
    if a.trim() == b.trim() {
        return true;
    }
    let read = |sql: &str| on_big_stack(|| significant(sql, dialect));
    match (read(a), read(b)) {
        (Ok(a), Ok(b)) => a == b,
        _ => false,
    }
}

fn significant(sql: &str, dialect: Dialect) -> Result<Vec<Token>, super::SqlError> {
    let mut all: Vec<Token> = tokens(sql, dialect.parser_dialect().as_ref())?
        .into_iter()
        .map(|token| token.token)
        .filter(|token| match token {
            Token::Whitespace(Whitespace::MultiLineComment(text)) => is_hint(text),
            Token::Whitespace(Whitespace::SingleLineComment { comment, .. }) => is_hint(comment),
            Token::Whitespace(_) | Token::EOF => false,
            _ => true,
        })
        .collect();
    while all.last() == Some(&Token::SemiColon) {
        all.pop();
    }
    Ok(all)
}

fn is_hint(comment: &str) -> bool {
    comment.trim_start_matches(|c: char| c.is_ascii_alphanumeric()).starts_with('+')
}
