//! Text to syntax tree: big stack, depth and length limits, the permissive dialect as second reading.

use std::panic::{AssertUnwindSafe, catch_unwind};

use sqlparser::ast::{Query, Statement, TableAlias, TableAliasColumnDef};
use sqlparser::dialect::{Dialect as ParserDialect, GenericDialect};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Span as ParserSpan, Token, TokenWithSpan, Tokenizer};

use super::prelude::Prelude;
use super::rewrite;
use super::span::TextIndex;
use super::{Dialect, Span, SqlError};

/// Address space for reading one text; only touched pages cost memory.
const STACK_BYTES: usize = 256 << 20;
/// Nesting that the parser follows.
const NESTING: usize = 200;
/// Tokens of one text that can nest: chains of operators do so without brackets, so their number bounds the depth.
const MAX_TOKENS: usize = 75_000;
/// All tokens of one text, with blanks and the literals of long lists: they bound the memory only.
const MAX_ALL_TOKENS: usize = 2_000_000;

/// A text as syntax trees.
pub(super) struct Parsed {
    pub(super) statements: Vec<ParsedStatement>,
    pub(super) tokens: Vec<TokenWithSpan>,
    pub(super) generic: bool,
}

/// One statement and where it stands.
pub(super) struct ParsedStatement {
    pub(super) statement: Statement,
    pub(super) verb: String,
    pub(super) span: ParserSpan,
}

/// Runs `work` where deep trees can be walked and dropped; a panic within it is an error.
///
/// It stays on the caller's thread, and on its stack where that is deep enough, as in [`crate::stack`]: a thread of its
/// own costs more than reading a usual query, a stack of its own a third of it.
pub(super) fn on_big_stack<T>(work: impl FnOnce() -> Result<T, SqlError>) -> Result<T, SqlError> {
    let guarded = || {
        // Nothing of what a panic leaves behind is looked at again.
        catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
            Err(SqlError {
                message: "internal error while reading this SQL; please report the text".to_owned(),
                span: None,
            })
        })
    };
    stacker::maybe_grow(STACK_BYTES / 2, STACK_BYTES, guarded)
}

/// The tokens of a text with their places.
pub(super) fn tokens(sql: &str, dialect: &dyn ParserDialect) -> Result<Vec<TokenWithSpan>, SqlError> {
    let tokens = Tokenizer::new(dialect, sql).tokenize_with_location().map_err(|error| {
        let place = ParserSpan { start: error.location, end: error.location };
        SqlError { message: lower_first(&error.message), span: known(TextIndex::new(sql).span(place)) }
    })?;
    let nesting = tokens.iter().filter(|one| can_nest(&one.token)).count();
    for (count, most) in [(nesting, MAX_TOKENS), (tokens.len(), MAX_ALL_TOKENS)] {
        if count > most {
            let message = format!("the SQL has {count} tokens, more than the {most} that are read");
            return Err(SqlError { message, span: None });
        }
    }
    Ok(tokens)
}

/// Whether a tree can grow deeper by such a token: names, literals and commas only make it wider.
fn can_nest(token: &Token) -> bool {
    match token {
        Token::Word(word) => word.keyword != Keyword::NoKeyword,
        Token::Whitespace(_)
        | Token::Comma
        | Token::Number(..)
        | Token::SingleQuotedString(_)
        | Token::DoubleQuotedString(_) => false,
        _ => true,
    }
}

/// Parses a text; call it within [`on_big_stack`].
///
/// What the dialect reads as it stands is read so. Only for the rest are the tokens of forms that the grammar lacks
/// exchanged for those of a form with the same meaning, and at last the permissive dialect is asked.
pub(super) fn parse(sql: &str, dialect: Dialect) -> Result<Parsed, SqlError> {
    let native = dialect.parser_dialect();
    let mut first: Option<SqlError> = None;
    for (generic, parser) in [(false, native.as_ref()), (true, &GenericDialect {} as &dyn ParserDialect)] {
        let mut tokens = match tokens(sql, parser) {
            Ok(tokens) => tokens,
            Err(error) => {
                first.get_or_insert(error);
                continue;
            }
        };
        // Once the permissive dialect is asked, the dialect's own forms are tried before and after.
        for all in [false, true] {
            let rewritten = if all { rewrite::all(&tokens, dialect) } else { rewrite::always(&tokens, dialect) };
            let read = match rewritten {
                Some(rewritten) => statements(sql, parser, rewritten).1,
                None if all => continue,
                // The usual way: the parser has the tokens and gives them back, as copying them costs a third of parsing.
                None => {
                    let (given_back, read) = statements(sql, parser, tokens);
                    tokens = given_back;
                    read
                }
            };
            match read {
                Ok(statements) => return Ok(Parsed { statements, tokens, generic }),
                // The attempt that came farthest in the dialect knows best what is wrong.
                Err(error) if first.as_ref().is_none_or(|one| !generic && place(one) < place(&error)) => {
                    first = Some(error);
                }
                Err(_) => {}
            }
        }
    }
    Err(first.unwrap_or_else(|| SqlError { message: "the SQL cannot be read".to_owned(), span: None }))
}

fn place(error: &SqlError) -> usize {
    error.span.map_or(0, |span| span.start)
}

/// The names that `create view v (a, b) as ...` gives to the columns of its query.
pub(super) fn view_columns(statements: &[ParsedStatement]) -> Option<TableAlias> {
    let [ParsedStatement { statement: Statement::CreateView(view), .. }] = statements else { return None };
    let columns = view.columns.iter().map(|column| TableAliasColumnDef { name: column.name.clone(), data_type: None });
    let columns: Vec<TableAliasColumnDef> = columns.collect();
    let name = view.name.0.last()?.as_ident()?.clone();
    (!columns.is_empty()).then_some(TableAlias { explicit: true, name, columns, at: None })
}

/// The single query of a text, also within `create table/view ... as`, and what is said before it.
pub(super) fn single_query(mut statements: Vec<ParsedStatement>, sql: &str) -> Result<(Query, Prelude), SqlError> {
    let mut prelude = Prelude::default();
    if statements.len() > 1 && statements[..statements.len() - 1].iter().all(|one| prelude.takes(&one.statement)) {
        statements.drain(..statements.len() - 1);
    }
    if let Some(second) = statements.get(1) {
        let message = format!("{} statements where one query is expected", statements.len());
        return Err(SqlError { message, span: known(TextIndex::new(sql).span(second.span)) });
    }
    let Some(only) = statements.into_iter().next() else {
        return Err(SqlError { message: "no statement in the SQL".to_owned(), span: None });
    };
    let query = match only.statement {
        Statement::Query(query) => Some(*query),
        Statement::CreateView(view) => Some(*view.query),
        Statement::CreateTable(table) => table.query.map(|query| *query),
        _ => None,
    };
    let query = query.ok_or_else(|| SqlError {
        message: format!("a `{}` statement where a query is expected", only.verb),
        span: known(TextIndex::new(sql).span(only.span)),
    })?;
    Ok((query, prelude))
}

/// The statements, and the tokens again.
fn statements(
    sql: &str,
    dialect: &dyn ParserDialect,
    tokens: Vec<TokenWithSpan>,
) -> (Vec<TokenWithSpan>, Result<Vec<ParsedStatement>, SqlError>) {
    let mut parser = Parser::new(dialect).with_recursion_limit(NESTING).with_tokens_with_locations(tokens);
    let read = all_statements(sql, &mut parser);
    (parser.into_tokens(), read)
}

fn all_statements(sql: &str, parser: &mut Parser<'_>) -> Result<Vec<ParsedStatement>, SqlError> {
    let mut statements = Vec::new();
    loop {
        while parser.consume_token(&Token::SemiColon) {}
        let first = parser.peek_token();
        if first.token == Token::EOF {
            return Ok(statements);
        }
        let statement = match parser.parse_statement() {
            Ok(statement) => statement,
            Err(error) => {
                let mut error = parser_error(sql, &error);
                // Some messages name no place: the parser stands at the token that it could not take.
                let here = TextIndex::new(sql);
                error.span = error.span.or_else(|| known(here.span(parser.peek_token().span))).or(Some(here.end()));
                return Err(error);
            }
        };
        let last = parser.get_current_token().span;
        let next = parser.peek_token();
        if !matches!(next.token, Token::SemiColon | Token::EOF) {
            let message = format!("expected the end of the statement, found {}", next.token);
            return Err(SqlError { message, span: known(TextIndex::new(sql).span(next.span)) });
        }
        let verb = first.token.to_string().to_ascii_lowercase();
        let span = ParserSpan { start: first.span.start, end: last.end };
        statements.push(ParsedStatement { statement, verb, span });
    }
}

/// The parser says the place at the end of its message (` at Line: 3, Column: 7`): take it apart.
fn parser_error(sql: &str, error: &ParserError) -> SqlError {
    let text = match error {
        ParserError::RecursionLimitExceeded => {
            return SqlError { message: format!("the SQL nests deeper than {NESTING} levels"), span: None };
        }
        ParserError::TokenizerError(text) | ParserError::ParserError(text) => text,
    };
    let Some((message, place)) = text.rsplit_once(" at Line: ") else {
        // The end of the text has no place in the message.
        let span = text.ends_with("found: EOF").then(|| TextIndex::new(sql).end());
        return SqlError { message: lower_first(text), span };
    };
    let span = place.split_once(", Column: ").and_then(|(line, column)| {
        let at =
            sqlparser::tokenizer::Location { line: line.trim().parse().ok()?, column: column.trim().parse().ok()? };
        known(TextIndex::new(sql).span(ParserSpan { start: at, end: at }))
    });
    SqlError { message: lower_first(message), span }
}

fn known(span: Span) -> Option<Span> {
    span.known().then_some(span)
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_lowercase().chain(chars).collect(),
        None => String::new(),
    }
}

/// The place of a string that stands for a table (`from 'file.csv'`): the tree does not keep it.
pub(super) fn string_table_span(tokens: &[TokenWithSpan], name: &str) -> ParserSpan {
    let mut before: Option<&Token> = None;
    for token in tokens.iter().filter(|token| !matches!(token.token, Token::Whitespace(_))) {
        let in_from = match before {
            Some(Token::Word(word)) => matches!(word.keyword, Keyword::FROM | Keyword::JOIN),
            Some(Token::Comma | Token::LParen) => true,
            _ => false,
        };
        if in_from && matches!(&token.token, Token::SingleQuotedString(text) if text == name) {
            return token.span;
        }
        before = Some(&token.token);
    }
    ParserSpan::empty()
}
