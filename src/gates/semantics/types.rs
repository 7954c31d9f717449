//! Types of expressions, as far as declarations, literals, casts and functions tell them.

use super::known::Known;
use crate::sql::outline::{BlockId, Kind, Literal, Node, Origin, Outline};

/// What is told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Integer,
    /// Decimal or floating point.
    Fraction,
    Text,
    Date,
    Timestamp,
    Bool,
}

/// Expressions within expressions that are followed.
const DEEPEST: usize = 40;

/// The type that a name of a type means.
pub(super) fn named(text: &str) -> Option<Type> {
    let text = text.to_lowercase();
    let word = text.split(['(', ' ', '<', '[']).next().unwrap_or_default();
    Some(match word {
        "int" | "integer" | "bigint" | "smallint" | "tinyint" | "int2" | "int4" | "int8" | "int16" | "int32"
        | "int64" | "hugeint" | "ubigint" | "uinteger" | "long" | "byteint" | "serial" | "bigserial" | "short" => {
            Type::Integer
        }
        "number" | "numeric" | "decimal" | "dec" => match text.split_once('(') {
            // NUMBER(38, 0), and NUMERIC(10): whole numbers.
            Some((_, scale)) => match scale.trim_end_matches(')').split_once(',') {
                Some((_, scale)) if scale.trim() == "0" => Type::Integer,
                Some(_) => Type::Fraction,
                None => Type::Integer,
            },
            None if word == "number" => Type::Integer,
            None => Type::Fraction,
        },
        "float" | "double" | "real" | "float4" | "float8" | "float32" | "float64" | "bignumeric" | "money" => {
            Type::Fraction
        }
        "text" | "varchar" | "string" | "char" | "character" | "nvarchar" | "bpchar" | "nchar" => Type::Text,
        "date" | "date32" => Type::Date,
        "timestamp" | "timestamptz" | "timestamp_ntz" | "timestamp_ltz" | "timestamp_tz" | "datetime" | "datetime2"
        | "timestampntz" | "timestampltz" | "datetimeoffset" | "smalldatetime" => Type::Timestamp,
        "bool" | "boolean" => Type::Bool,
        _ => return None,
    })
}

/// The type that a column's name suggests: only moments are told by their names often enough.
pub(super) fn suggested(name: &str) -> Option<Type> {
    let last = name.rsplit('_').next().unwrap_or(name);
    match last {
        "at" | "ts" | "timestamp" | "datetime" | "tstamp" => Some(Type::Timestamp),
        "date" | "day" | "dt" => Some(Type::Date),
        _ => None,
    }
}

/// The type of an expression of a SELECT.
pub(super) fn of(known: &Known<'_>, outline: &Outline, block: BlockId, node: &Node) -> Option<Type> {
    type_of(known, outline, block, node, 0)
}

fn type_of(known: &Known<'_>, outline: &Outline, block: BlockId, node: &Node, depth: usize) -> Option<Type> {
    if depth > DEEPEST {
        return None;
    }
    let next = |node: &Node| type_of(known, outline, block, node, depth + 1);
    match &node.kind {
        Kind::Column { .. } => match outline.origin_of(block, node) {
            Origin::Base(id, column) => known.type_of(id, column).as_deref().and_then(named).or_else(|| {
                let (id, column) = known.chain(id, column).into_iter().next_back()?;
                let made = known.outline(&id)?;
                match made.origin(made.root, &column) {
                    Origin::Expression(block, node) => type_of(known, &made, block, node, depth + 1),
                    _ => None,
                }
            }),
            Origin::Expression(block, node) => type_of(known, outline, block, node, depth + 1),
            Origin::Unknown => None,
        },
        Kind::Literal(literal) => match literal {
            Literal::Number(text) if text.contains(['.', 'e', 'E']) => Some(Type::Fraction),
            Literal::Number(_) => Some(Type::Integer),
            Literal::Text(_) => Some(Type::Text),
            Literal::Typed(of, _) => named(of),
            Literal::Bool(_) => Some(Type::Bool),
            _ => None,
        },
        Kind::Cast { to, .. } => named(to),
        Kind::Case { whens, otherwise, .. } => {
            let results = whens.iter().map(|(_, result)| result).chain(otherwise.as_deref());
            common(results.filter(|r| !matches!(r.kind, Kind::Literal(Literal::Null))).map(next))
        }
        Kind::Unary { operator: "-", inner } => next(inner),
        Kind::Unary { .. } | Kind::IsNull { .. } | Kind::In { .. } | Kind::Between { .. } | Kind::Exists { .. } => {
            Some(Type::Bool)
        }
        Kind::Binary { operator, left, right } => match operator.as_str() {
            "+" | "-" | "*" | "%" => common([next(left), next(right)].into_iter()),
            "||" => Some(Type::Text),
            "and" | "or" | "=" | "<>" | "<" | ">" | "<=" | ">=" => Some(Type::Bool),
            _ => None,
        },
        Kind::Call(call) => {
            let first = || call.args.first().and_then(next);
            match call.name.as_str() {
                "count"
                | "count_if"
                | "countif"
                | "length"
                | "row_number"
                | "rank"
                | "dense_rank"
                | "datediff"
                | "date_diff"
                | "year"
                | "month"
                | "approx_count_distinct" => Some(Type::Integer),
                "sum" | "min" | "max" | "abs" | "any_value" | "first_value" | "last_value" | "lag" | "lead"
                | "nullif" | "mod" => first(),
                "coalesce" | "ifnull" | "nvl" | "greatest" | "least" => common(call.args.iter().map(next)),
                "avg" | "to_double" | "stddev" | "sqrt" | "ln" => Some(Type::Fraction),
                "lower" | "upper" | "trim" | "concat" | "to_char" | "substr" | "left" | "right" => Some(Type::Text),
                "current_date" | "to_date" | "date" => Some(Type::Date),
                "now" | "current_timestamp" | "to_timestamp" | "getdate" | "sysdate" => Some(Type::Timestamp),
                _ => None,
            }
        }
        _ => None,
    }
}

/// The one type of all; whole numbers beside fractions are fractions.
fn common(types: impl Iterator<Item = Option<Type>>) -> Option<Type> {
    let all: Vec<Type> = types.collect::<Option<_>>()?;
    let first = *all.first()?;
    let number = |of: &Type| matches!(of, Type::Integer | Type::Fraction);
    match () {
        () if all.iter().all(|of| *of == first) => Some(first),
        () if all.iter().all(number) => Some(Type::Fraction),
        () => None,
    }
}
