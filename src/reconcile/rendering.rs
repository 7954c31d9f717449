//! Values as texts that two engines write alike, so that the fingerprints of both can be compared.
//!
//! Equal texts must mean equal values. Texts of equal values may differ (the first digit of an exponent, say): that costs
//! only that their rows are fetched and compared as values.

use super::grammar::Grammar;
use super::schema::Type;

/// What the values of two columns have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shared {
    /// Text.
    Text,
    /// UUIDs, or one beside text: without case.
    Uuid,
    /// Whole numbers and decimals: all digits, no zero at the end.
    Exact,
    /// Doubles: the shortest digits that are the value.
    Double,
    /// A double beside an exact number: as doubles, as long as these hold every whole number.
    Measure,
    /// Booleans.
    Truth,
    /// Days.
    Date,
    /// Times of a calendar, without zone.
    Moment,
    /// Points in time: microseconds since 1970.
    Instant,
    /// Times of a day.
    Time,
    /// Bytes, in hex.
    Bytes,
}

/// What two types, in DuckDB's words, have in common; `None`: nothing that is written alike.
pub fn shared(reference: &str, candidate: &str) -> Option<Shared> {
    let (l, r) = (Type::of(reference), Type::of(candidate));
    let either = |is: &dyn Fn(Type) -> bool| is(l) || is(r);
    Some(match (l, r) {
        (Type::Float, Type::Float) => Shared::Double,
        _ if l.number() && r.number() && either(&|t| t == Type::Float) => Shared::Measure,
        _ if l.number() && r.number() => Shared::Exact,
        (Type::Text, Type::Text) => Shared::Text,
        (Type::Date, Type::Date) => Shared::Date,
        (Type::Date | Type::Timestamp { .. }, Type::Date | Type::Timestamp { .. }) => Shared::Moment,
        (Type::TimestampTz, Type::TimestampTz) => Shared::Instant,
        _ => match (reference, candidate) {
            ("UUID", "UUID" | "VARCHAR") | ("VARCHAR", "UUID") => Shared::Uuid,
            ("BOOLEAN", "BOOLEAN") => Shared::Truth,
            ("TIME", "TIME") => Shared::Time,
            ("BLOB", "BLOB") => Shared::Bytes,
            _ => return None,
        },
    })
}

impl Shared {
    /// How values are compared, for a reader.
    pub fn told(self) -> &'static str {
        match self {
            Shared::Text => "text",
            Shared::Uuid => "text without case",
            Shared::Exact => "exact number",
            Shared::Double => "double",
            Shared::Measure => "double, and exactly from 2^53 on",
            Shared::Truth => "boolean",
            Shared::Date => "date",
            Shared::Moment => "timestamp without zone",
            Shared::Instant => "microseconds since 1970 in UTC",
            Shared::Time => "time of day",
            Shared::Bytes => "bytes in hex",
        }
    }

    /// The value of `x`, a column of type `name`, as the text that all engines write alike; NULL of NULL.
    pub fn text(self, x: &str, name: &str, grammar: Grammar) -> String {
        let text = grammar.text(x);
        match self {
            Shared::Text | Shared::Time | Shared::Date => text,
            Shared::Uuid => format!("lower({text})"),
            Shared::Exact if matches!(Type::of(name), Type::Integer { .. }) => text,
            Shared::Exact => grammar.without_zeros(&text),
            Shared::Double => double(&grammar.double(x), grammar),
            Shared::Measure => {
                let number = grammar.double(x);
                format!(
                    "case when abs({number}) < 9007199254740992 then {} else 'x' || lower({text}) end",
                    double(&number, grammar)
                )
            }
            Shared::Truth => format!("case when {x} then 'true' when not {x} then 'false' end"),
            Shared::Moment if Type::of(name) == Type::Date => grammar.text(&grammar.moment(x)),
            Shared::Moment => text,
            Shared::Instant => grammar.microseconds(x),
            Shared::Bytes => grammar.hex(x),
        }
    }

    /// What is fetched of `x`: a text or number of which [`Shared::read`] makes the value again, as exact as it was.
    pub fn fetched(self, x: &str, name: &str, grammar: Grammar) -> String {
        match (self, Type::of(name)) {
            (_, Type::Float) => grammar.double(x),
            (Shared::Instant | Shared::Bytes | Shared::Truth, _) => self.text(x, name, grammar),
            _ => grammar.text(x),
        }
    }

    /// What DuckDB makes of a fetched text `x` of a column that was of type `name`.
    pub fn read(self, x: &str, name: &str, decimal: Option<&str>) -> String {
        let to = |data_type: &str| format!("cast({x} as {data_type})");
        match (self, Type::of(name)) {
            (Shared::Text, _) => x.to_owned(),
            (Shared::Uuid, _) => format!("lower({x})"),
            (Shared::Instant, _) => format!(
                "case when {x} in ('infinity', '-infinity') then cast({x} as timestamptz) \
                 else cast(make_timestamp(cast({x} as bigint)) as timestamptz) end"
            ),
            (Shared::Bytes, _) => format!("unhex({x})"),
            (_, Type::Numeric) => to(decimal.unwrap_or("varchar")),
            _ => to(name),
        }
    }
}

/// A double. Engines agree on its digits, but neither on where an exponent starts nor on how it is written.
fn double(x: &str, grammar: Grammar) -> String {
    let text = format!("lower({})", grammar.text(x));
    let exponent = format!("replace(replace(replace({text}, '.0e', 'e'), 'e+', 'e'), 'e-0', 'e-')");
    // Spark starts with exponents at 1e7 and below 1e-3; its decimals show the same digits without.
    let plain = match grammar {
        Grammar::Spark => {
            let digits = grammar.without_zeros(&grammar.text(&format!("cast({x} as decimal(38, 22))")));
            format!("when abs({x}) >= 1e-4 and abs({x}) < 1e15 then {digits}")
        }
        _ => String::new(),
    };
    format!(
        "case when {x} = 0 then '0' {plain} when {text} like '%inf%' then replace({text}, 'inity', '') \
         when {text} like '%e%' then {exponent} else {} end",
        grammar.without_zeros(&text)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{DuckDb, Engine, Limits, Scratch};
    use std::sync::LazyLock;

    static DB: LazyLock<DuckDb> = LazyLock::new(|| Scratch::open(&[], Limits::default()).unwrap().lock().unwrap());

    fn shown(value: &str, name: &str, with: &str) -> String {
        let form = shared(name, with).unwrap().text("x", name, Grammar::DuckDb);
        let sql = format!("select {form} as t from (select cast({value} as {name}) as x) as v");
        DB.query(&sql).unwrap().rows[0][0].to_string()
    }

    #[test]
    fn equal_values_of_different_types_have_one_text() {
        for (value, name, other, wanted) in [
            ("5", "INTEGER", "DECIMAL(10,2)", "5"),
            ("1.50", "DECIMAL(10,2)", "NUMERIC", "1.5"),
            ("100", "DECIMAL(10,2)", "BIGINT", "100"),
            ("-0.0", "DOUBLE", "DOUBLE", "0"),
            ("'nan'", "DOUBLE", "DOUBLE", "nan"),
            ("'-inf'", "DOUBLE", "DOUBLE", "-inf"),
            ("1e22", "DOUBLE", "DOUBLE", "1e22"),
            ("1.5e-7", "DOUBLE", "DOUBLE", "1.5e-7"),
            ("100", "DOUBLE", "DOUBLE", "100"),
            ("0.1", "FLOAT", "DOUBLE", "0.10000000149011612"),
            ("0.25", "DECIMAL(9,2)", "DOUBLE", "0.25"),
            ("9007199254740993", "BIGINT", "DOUBLE", "x9007199254740993"),
            ("true", "BOOLEAN", "BOOLEAN", "true"),
            ("'2026-01-02'", "DATE", "TIMESTAMP", "2026-01-02 00:00:00"),
            ("'1970-01-01 01:00:00+01'", "TIMESTAMP WITH TIME ZONE", "TIMESTAMP WITH TIME ZONE", "0"),
            ("'AB'", "BLOB", "BLOB", "4142"),
            ("null", "DOUBLE", "DOUBLE", "NULL"),
        ] {
            assert_eq!(shown(value, name, other), wanted, "{value} {name} {other}");
        }
        assert_eq!(shared("TIMESTAMP", "TIMESTAMP WITH TIME ZONE"), None);
        assert_eq!(shared("INTEGER[]", "INTEGER[]"), None);
    }
}
