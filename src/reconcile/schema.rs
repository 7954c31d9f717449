//! Columns of both relations: names, order, types, and the common form in which two types can be compared.

use super::Options;
use super::grammar::Grammar;
use crate::engine::Engine;
use crate::nearest::{hint, nearest};
use anyhow::{Context, Result, bail};
use serde::Serialize;

/// How the columns of the two relations differ.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SchemaDifference {
    /// Columns of the reference that the candidate lacks.
    pub missing: Vec<String>,
    /// Columns that only the candidate has.
    pub unexpected: Vec<String>,
    /// Whether the columns that both have stand in another order.
    pub reordered: bool,
    /// Columns with another type.
    pub types: Vec<TypeChange>,
}

impl SchemaDifference {
    /// Whether it is more than the order or the width of types.
    pub fn matters(&self) -> bool {
        !self.missing.is_empty() || !self.unexpected.is_empty() || self.types.iter().any(|t| !t.compatible)
    }
}

/// A column whose type differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TypeChange {
    /// Column.
    pub column: String,
    /// Its type in the reference.
    pub reference: String,
    /// Its type in the candidate.
    pub candidate: String,
    /// Whether both are of one family (numbers, texts, timestamps of one kind), so that equal values are the same.
    pub compatible: bool,
    /// Whether values could be compared at all.
    pub compared: bool,
}

/// What a column can tell about the rows that have the same in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text or a whole number: rows may share one.
    Label,
    /// A date or time: rows may lie in a range of them.
    Moment,
    /// Anything else.
    Other,
}

/// A column of both relations, and how each side's value is brought into one comparable form.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// Name in the reference.
    pub name: String,
    /// Expression over the reference whose equality is the equality of values.
    pub reference: String,
    /// Expression over the candidate.
    pub candidate: String,
    /// Expressions as DOUBLE, for numbers.
    pub numbers: Option<(String, String)>,
    /// Relative and absolute tolerance, where one holds.
    pub tolerance: Option<(f64, f64)>,
    /// Whether it may be part of a key that is looked for: neither floating-point nor nested.
    pub keyable: bool,
    /// Whether it is an integer column.
    pub integer: bool,
    /// What rows that differ may have in common by it.
    pub kind: Kind,
    /// Whether it holds bytes, which are no text to every engine.
    pub bytes: bool,
}

/// A type, as far as comparing is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Integer {
        digits: u32,
        wide: bool,
    },
    Decimal {
        digits: u32,
        scale: u32,
    },
    /// A decimal of any number of digits.
    Numeric,
    Float,
    Text,
    Date,
    Timestamp {
        nanoseconds: bool,
    },
    TimestampTz,
    Other,
}

impl Type {
    pub(super) fn of(name: &str) -> Type {
        let integer = |digits| Type::Integer { digits, wide: digits > 18 };
        match name {
            "TINYINT" | "UTINYINT" => integer(3),
            "SMALLINT" | "USMALLINT" => integer(5),
            "INTEGER" | "UINTEGER" => integer(10),
            "BIGINT" => Type::Integer { digits: 19, wide: false },
            "UBIGINT" => Type::Integer { digits: 20, wide: true },
            "HUGEINT" => Type::Integer { digits: 39, wide: true },
            "FLOAT" | "DOUBLE" => Type::Float,
            "NUMERIC" => Type::Numeric,
            "VARCHAR" => Type::Text,
            "DATE" => Type::Date,
            "TIMESTAMP" | "TIMESTAMP_S" | "TIMESTAMP_MS" => Type::Timestamp { nanoseconds: false },
            "TIMESTAMP_NS" => Type::Timestamp { nanoseconds: true },
            "TIMESTAMP WITH TIME ZONE" => Type::TimestampTz,
            _ if name.starts_with("ENUM(") && !name.ends_with(']') => Type::Text,
            _ => match decimal(name) {
                Some((digits, scale)) => Type::Decimal { digits, scale },
                None => Type::Other,
            },
        }
    }

    pub(super) fn number(self) -> bool {
        matches!(self, Type::Integer { .. } | Type::Decimal { .. } | Type::Numeric | Type::Float)
    }
}

fn decimal(name: &str) -> Option<(u32, u32)> {
    let (width, scale) = name.strip_prefix("DECIMAL(")?.strip_suffix(')')?.split_once(',')?;
    let (width, scale): (u32, u32) = (width.trim().parse().ok()?, scale.trim().parse().ok()?);
    Some((width.checked_sub(scale)?, scale))
}

/// Names and types of a relation's columns.
///
/// # Errors
/// The engine's message.
pub fn columns(engine: &dyn Engine, relation: &str) -> Result<Vec<(String, String)>> {
    Ok(engine.query(&format!("select * from {relation} as t limit 0"))?.columns)
}

/// Lines the columns of both relations up.
///
/// # Errors
/// An option names a column that is not there, or nothing is left to compare.
pub fn align(
    reference: &[(String, String)],
    candidate: &[(String, String)],
    options: &Options,
    grammar: Grammar,
) -> Result<(SchemaDifference, Vec<Pair>)> {
    known(options, reference, candidate)?;
    let left_out = |name: &str| options.exclude.iter().any(|e| e.eq_ignore_ascii_case(name));
    let mut difference = SchemaDifference::default();
    let mut pairs = Vec::new();
    let mut places = Vec::new();
    for (name, left) in reference.iter().filter(|(name, _)| !left_out(name)) {
        let Some(place) = candidate.iter().position(|(other, _)| other.eq_ignore_ascii_case(name)) else {
            difference.missing.push(name.clone());
            continue;
        };
        places.push(place);
        let (other, right) = &candidate[place];
        let pair = pair(name, left, other, right, options, grammar);
        if left != right {
            difference.types.push(TypeChange {
                column: name.clone(),
                reference: left.clone(),
                candidate: right.clone(),
                compatible: compatible(Type::of(left), Type::of(right)),
                compared: pair.is_some(),
            });
        }
        pairs.extend(pair);
    }
    difference.reordered = !places.is_sorted();
    let extra = candidate.iter().filter(|(name, _)| !left_out(name));
    let extra = extra.filter(|(name, _)| !reference.iter().any(|(other, _)| other.eq_ignore_ascii_case(name)));
    difference.unexpected = extra.map(|(name, _)| name.clone()).collect();
    Ok((difference, pairs))
}

fn compatible(left: Type, right: Type) -> bool {
    match (left, right) {
        // Where the one counts and the other measures, equal values are luck: the next row may have a fraction.
        (Type::Integer { .. }, other) | (other, Type::Integer { .. }) if other.number() => {
            matches!(other, Type::Integer { .. } | Type::Decimal { scale: 0, .. } | Type::Numeric)
        }
        (l, r) if l.number() && r.number() => true,
        (Type::Text, Type::Text) | (Type::Timestamp { .. }, Type::Timestamp { .. }) => true,
        _ => false,
    }
}

fn pair(name: &str, left: &str, other: &str, right: &str, options: &Options, grammar: Grammar) -> Option<Pair> {
    let (l, r) = (grammar.quoted(name), grammar.quoted(other));
    let (lt, rt) = (Type::of(left), Type::of(right));
    let both = |form: &dyn Fn(&str) -> String| (form(&l), form(&r));
    let double = || both(&|x| grammar.double(x));
    let forms = if left == right {
        (l.clone(), r.clone())
    } else {
        match (lt, rt) {
            (Type::Integer { wide: a, .. }, Type::Integer { wide: b, .. }) => {
                both(&|x| if a || b { grammar.wide(x) } else { grammar.integer(x) })
            }
            (Type::Float, Type::Float) => double(),
            (Type::Timestamp { nanoseconds: false }, Type::Timestamp { nanoseconds: false }) => {
                both(&|x| format!("cast({x} as timestamp)"))
            }
            (Type::Date, Type::Timestamp { nanoseconds: false })
            | (Type::Timestamp { nanoseconds: false }, Type::Date) => both(&|x| format!("cast({x} as timestamp)")),
            // Which instant a time without zone means, nobody knows here.
            (Type::TimestampTz, Type::Timestamp { .. } | Type::Date)
            | (Type::Timestamp { .. } | Type::Date, Type::TimestampTz) => {
                return None;
            }
            _ if lt.number() && rt.number() => numbers(&l, lt, &r, rt, grammar),
            _ => both(&|x| grammar.text(x)),
        }
    };
    let named = options.column_tolerance.iter().find(|(column, _)| column.eq_ignore_ascii_case(name));
    let float = lt == Type::Float || rt == Type::Float;
    let tolerance = match named {
        Some((_, relative)) => Some((*relative, options.absolute_tolerance)),
        None if float => Some((options.tolerance, options.absolute_tolerance)),
        None => None,
    };
    let numeric = lt.number() && rt.number();
    Some(Pair {
        name: name.to_owned(),
        reference: forms.0,
        candidate: forms.1,
        numbers: numeric.then(double),
        tolerance: tolerance.filter(|&(relative, absolute)| numeric && (relative > 0.0 || absolute > 0.0)),
        keyable: !float && lt != Type::Other || left == "UUID" || left == "BOOLEAN",
        integer: matches!(lt, Type::Integer { .. }),
        kind: match (lt, rt) {
            (Type::Text, Type::Text) | (Type::Integer { .. }, Type::Integer { .. }) => Kind::Label,
            (Type::Date, Type::Date)
            | (Type::Timestamp { .. }, Type::Timestamp { .. })
            | (Type::TimestampTz, Type::TimestampTz) => Kind::Moment,
            _ => Kind::Other,
        },
        bytes: left == "BLOB" && right == "BLOB",
    })
}

/// Numbers of different kinds in one form whose equality is exact: a decimal wide enough for both, else text.
fn numbers(l: &str, lt: Type, r: &str, rt: Type, grammar: Grammar) -> (String, String) {
    if lt != Type::Float && rt != Type::Float && (lt == Type::Numeric || rt == Type::Numeric) {
        return (grammar.decimal(l, 38, 9), grammar.decimal(r, 38, 9));
    }
    let size = |t: Type| match t {
        Type::Integer { digits, .. } => Some((digits, 0)),
        Type::Decimal { digits, scale } => Some((digits, scale)),
        _ => None,
    };
    if let (Some((ld, ls)), Some((rd, rs))) = (size(lt), size(rt)) {
        let (digits, scale) = (ld.max(rd), ls.max(rs));
        if digits + scale <= 38 {
            let form = |x: &str| grammar.decimal(x, digits + scale, scale);
            return (form(l), form(r));
        }
        let form = |x: &str| grammar.without_zeros(&grammar.text(x));
        return (form(l), form(r));
    }
    (beside_float(l, lt, grammar), beside_float(r, rt, grammar))
}

/// Below 2^53 a double holds every integer; beyond, 9007199254740993 would equal its neighbour.
fn beside_float(x: &str, t: Type, grammar: Grammar) -> String {
    let double = grammar.double(x);
    let whole = match (grammar, t) {
        (Grammar::DuckDb, Type::Float) => {
            format!("case when isfinite({x}) and {x} = trunc({x}) then try_cast({double} as hugeint) end")
        }
        (Grammar::DuckDb, Type::Decimal { scale, .. }) if scale > 0 => {
            format!("case when {x} = trunc({x}) then try_cast(trunc({x}) as hugeint) end")
        }
        // Its cast from double to numeric keeps 15 digits; the text has all of them.
        (Grammar::Postgres, Type::Float) => {
            format!("case when {} then cast(cast({double} as text) as numeric) end", grammar.finite(&double))
        }
        (Grammar::Postgres, Type::Decimal { .. } | Type::Numeric) => {
            format!("case when {x} = trunc({x}) then trunc({x}) end")
        }
        // Its cast from double to decimal keeps 17 digits; the one to bigint keeps all.
        (Grammar::Spark, Type::Float) => {
            let whole = grammar.text(&grammar.integer(&double));
            let wide = grammar.text(&grammar.wide(&double));
            format!("case when abs({double}) < 9.2e18 then {whole} when abs({double}) < 1e37 then {wide} end")
        }
        (Grammar::Spark, Type::Decimal { scale, .. }) if scale > 0 => {
            format!("case when {x} = floor({x}) then {} end", grammar.wide(x))
        }
        (_, Type::Float) => format!("case when abs({double}) < 1e37 then {} end", grammar.wide(x)),
        _ => grammar.wide(x),
    };
    format!(
        "case when abs({double}) >= 9007199254740992 then coalesce({}, {}) else {} end",
        grammar.text(&whole),
        grammar.text(&double),
        grammar.text(&format!("case when {double} = 0 then {} else {double} end", grammar.double("0")))
    )
}

/// Every column that an option names must be there.
fn known(options: &Options, reference: &[(String, String)], candidate: &[(String, String)]) -> Result<()> {
    for (what, value) in [("tolerance", options.tolerance), ("absolute tolerance", options.absolute_tolerance)]
        .into_iter()
        .chain(options.column_tolerance.iter().map(|(column, value)| (column.as_str(), *value)))
    {
        if !value.is_finite() || value < 0.0 {
            bail!("tolerance {value} of {what}: give a number from 0 upwards");
        }
    }
    let named = options.exclude.iter().chain(options.column_tolerance.keys()).chain(options.key.iter().flatten());
    for name in named {
        let has = |side: &[(String, String)]| side.iter().any(|(column, _)| column.eq_ignore_ascii_case(name));
        if !has(reference) && !has(candidate) {
            let near = hint(nearest(name, reference.iter().map(|(column, _)| column.as_str())));
            bail!("neither relation has a column {name}{near}");
        }
    }
    for name in options.key.iter().flatten() {
        if options.exclude.iter().any(|e| e.eq_ignore_ascii_case(name)) {
            bail!("key column {name} is excluded from the comparison; drop it from one of the two");
        }
    }
    if options.key.as_ref().is_some_and(Vec::is_empty) {
        bail!("the key names no column");
    }
    Ok(())
}

/// The pairs of the key columns.
///
/// # Errors
/// A key column is missing on one side.
pub fn key_pairs(pairs: &[Pair], key: &[String]) -> Result<Vec<usize>> {
    key.iter()
        .map(|name| {
            pairs.iter().position(|p| p.name.eq_ignore_ascii_case(name)).with_context(|| {
                format!("key column {name} cannot be compared: both relations must have it, in kindred types")
            })
        })
        .collect()
}
