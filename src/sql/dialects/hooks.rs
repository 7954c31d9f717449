//! Expressions that the parser's dialects do not know.

use sqlparser::ast::{
    Array, BinaryOperator, CastKind, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList,
    FunctionArguments, Ident, LambdaFunction, LambdaFunctionParameter, LambdaSyntax, ObjectName, OneOrManyWithParens,
    UnaryOperator,
};
use sqlparser::dialect::{Dialect as ParserDialect, Precedence};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Span, Token};

use super::super::Dialect;
use super::Extended;

/// Binds more tightly than multiplication, less than a cast.
const POWER: u8 = 45;

impl Extended {
    pub(super) fn prefix(&self, parser: &mut Parser) -> Option<Result<Expr, ParserError>> {
        if self.of != Dialect::DuckDb {
            return None;
        }
        match parser.peek_token_ref().token {
            Token::LBracket => Some(list(parser)),
            Token::Minus => {
                // `-2 ** 2` is `(-2) ** 2`.
                parser.next_token();
                Some(unary(parser, UnaryOperator::Minus, POWER))
            }
            Token::AtSign => {
                parser.next_token();
                Some(unary(parser, UnaryOperator::PGAbs, self.prec_value(Precedence::PlusMinus)))
            }
            // `#1`, the first column of FROM, and `*columns(...)`: no names that could be looked up.
            Token::Sharp if matches!(parser.peek_nth_token_ref(1).token, Token::Number(..)) => {
                Some(prefixed(parser, "#"))
            }
            Token::Mul if is_word(&parser.peek_nth_token_ref(1).token, "columns") => Some(prefixed(parser, "*")),
            _ => None,
        }
    }

    pub(super) fn infix(&self, parser: &mut Parser, left: &Expr) -> Option<Result<Expr, ParserError>> {
        match self.of {
            Dialect::DuckDb => {
                let negated = is_word(&parser.peek_token_ref().token, "not");
                let word = parser.peek_nth_token_ref(usize::from(negated));
                let after = parser.peek_nth_token_ref(1 + usize::from(negated));
                if !is_word(&word.token, "in")
                    || matches!(after.token, Token::LParen)
                    || is_word(&after.token, "unnest")
                {
                    return None;
                }
                parser.next_token();
                if negated {
                    parser.next_token();
                }
                let list = parser.parse_subexpr(self.prec_value(Precedence::Between));
                Some(list.map(|list| Expr::InUnnest {
                    expr: Box::new(left.clone()),
                    array_expr: Box::new(list),
                    negated,
                }))
            }
            Dialect::Databricks | Dialect::Hive | Dialect::ClickHouse
                if is_word(&parser.peek_token_ref().token, "div") =>
            {
                parser.next_token();
                let right = parser.parse_subexpr(self.prec_value(Precedence::MulDivModOp));
                Some(right.map(|right| Expr::BinaryOp {
                    left: Box::new(left.clone()),
                    op: BinaryOperator::MyIntegerDivide,
                    right: Box::new(right),
                }))
            }
            Dialect::Databricks if is_try_cast(parser) => {
                parser.next_token();
                parser.next_token();
                Some(parser.parse_data_type().map(|data_type| Expr::Cast {
                    kind: CastKind::TryCast,
                    expr: Box::new(left.clone()),
                    data_type,
                    format: None,
                }))
            }
            _ => None,
        }
    }

    pub(super) fn precedence(&self, parser: &Parser) -> Option<u8> {
        match (&parser.peek_token_ref().token, self.of) {
            (Token::CustomBinaryOperator(name), _) if name == "**" => Some(POWER),
            (Token::Caret, Dialect::DuckDb) => Some(POWER),
            (token, Dialect::Databricks | Dialect::Hive | Dialect::ClickHouse) if is_word(token, "div") => {
                Some(self.prec_value(Precedence::MulDivModOp))
            }
            (_, Dialect::Databricks) if is_try_cast(parser) => Some(self.prec_value(Precedence::DoubleColon)),
            _ => None,
        }
    }
}

fn is_word(token: &Token, word: &str) -> bool {
    matches!(token, Token::Word(one) if one.quote_style.is_none() && one.value.eq_ignore_ascii_case(word))
}

/// `x?::int`
fn is_try_cast(parser: &Parser) -> bool {
    let mark = match &parser.peek_token_ref().token {
        Token::Question => true,
        Token::Placeholder(name) => name == "?",
        _ => false,
    };
    mark && parser.peek_nth_token_ref(1).token == Token::DoubleColon
}

fn unary(parser: &mut Parser, op: UnaryOperator, precedence: u8) -> Result<Expr, ParserError> {
    Ok(Expr::UnaryOp { op, expr: Box::new(parser.parse_subexpr(precedence)?) })
}

fn prefixed(parser: &mut Parser, prefix: &str) -> Result<Expr, ParserError> {
    let sign = parser.next_token();
    let value = Box::new(parser.parse_prefix()?);
    Ok(Expr::Prefixed { prefix: Ident::with_span(sign.span, prefix), value })
}

/// `[a, b]`, or `[x + 1 for x in list if x > 0]`, which is `list_transform(list_filter(list, x -> x > 0), x -> x + 1)`.
fn list(parser: &mut Parser) -> Result<Expr, ParserError> {
    let start = parser.next_token().span;
    let mut elem = Vec::new();
    while !parser.consume_token(&Token::RBracket) {
        elem.push(parser.parse_expr()?);
        if elem.len() == 1 && parser.parse_keyword(Keyword::FOR) {
            let made = comprehension(parser, elem.remove(0), start)?;
            parser.expect_token(&Token::RBracket)?;
            return Ok(made);
        }
        if !parser.consume_token(&Token::Comma) {
            parser.expect_token(&Token::RBracket)?;
            break;
        }
    }
    Ok(Expr::Array(Array { elem, named: false }))
}

fn comprehension(parser: &mut Parser, body: Expr, place: Span) -> Result<Expr, ParserError> {
    let mut names = vec![parser.parse_identifier()?];
    if parser.consume_token(&Token::Comma) {
        names.push(parser.parse_identifier()?);
    }
    parser.expect_keyword(Keyword::IN)?;
    let mut rows = parser.parse_expr()?;
    if parser.parse_keyword(Keyword::IF) {
        rows = call("list_filter", place, vec![rows, lambda(&names, parser.parse_expr()?)]);
    }
    Ok(call("list_transform", place, vec![rows, lambda(&names, body)]))
}

fn lambda(names: &[Ident], body: Expr) -> Expr {
    let mut params: Vec<_> =
        names.iter().map(|name| LambdaFunctionParameter { name: name.clone(), data_type: None }).collect();
    let params = match (params.len(), params.pop()) {
        (1, Some(only)) => OneOrManyWithParens::One(only),
        (_, last) => {
            params.extend(last);
            OneOrManyWithParens::Many(params)
        }
    };
    Expr::Lambda(LambdaFunction { params, body: Box::new(body), syntax: LambdaSyntax::Arrow })
}

fn call(name: &str, place: Span, args: Vec<Expr>) -> Expr {
    let args = args.into_iter().map(|arg| FunctionArg::Unnamed(FunctionArgExpr::Expr(arg))).collect();
    Expr::Function(Function {
        name: ObjectName::from(vec![Ident::with_span(place, name)]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList { duplicate_treatment: None, args, clauses: Vec::new() }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
}
